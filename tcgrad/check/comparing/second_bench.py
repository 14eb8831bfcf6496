"""What every comparison of second derivatives at one sample needs: the reference, the module's results, the bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

import numpy as np

from tcgrad.calculus import gradient_of
from tcgrad.check.comparing.bench import Bench
from tcgrad.check.evaluated.emitted import Module, ModuleError
from tcgrad.check.evaluated.formulas import Equations, Formulas
from tcgrad.check.evaluated.paths import up_to
from tcgrad.check.evaluated.tangents import Tangents, no_directions
from tcgrad.check.judging.usual import left_of, usual_curvature
from tcgrad.check.reference.second import SecondReference
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import Tensor, jacobian_of
from tcgrad.records import cached_property, dataclass

# Hessians of more elements are not asked of the module.
_LARGEST_DENSE = 2**20


@dataclass
class SecondBench:
    """One sample of a program with one scalar output, the module, and the reference for its second derivatives."""

    bench: Bench
    module: Module
    known: SecondReference
    _products: dict[tuple[str, int], Mapping[str, Array]] = field(default_factory=dict)

    @property
    def of(self) -> str:
        return self.bench.outputs[0].name

    @cached_property
    def is_dense(self) -> bool:
        """Whether the module is asked for the whole Hessian."""
        return sum(self.size(tensor) for tensor in self.bench.wrt) ** 2 <= _LARGEST_DENSE

    @property
    def is_by_element(self) -> bool:
        """Whether the Hessian is compared element by element."""
        return self.is_dense and self.known.is_full

    def size(self, tensor: Tensor) -> int:
        return self.bench.sample.value(tensor.name).size

    def shape(self, *tensors: Tensor) -> tuple[int, ...]:
        return tuple(length for tensor in tensors for length in self.bench.sample.value(tensor.name).shape)

    def block(self, first: Tensor, second: Tensor) -> Array:
        """A block of the module's Hessian.

        Raises:
            ModuleError: if there is none, or it has another shape.
        """
        found, shape = self.module.hessian(first.name, second.name), self.shape(first, second)
        if found.shape != shape:
            raise ModuleError(f"the Hessian by {first.name} and {second.name} has shape {found.shape}, not {shape}")
        return found

    def matrix(self, first: Tensor, second: Tensor) -> Array:
        """The same in the reference's type, with one axis for each input."""
        dtype = self.bench.sample.forward.context.dtype
        return self.block(first, second).astype(dtype).reshape(self.size(first), self.size(second))

    def product(self, first: Tensor, second: Tensor, number: int) -> Array:
        """What the module's ``hvp`` returns for ``first`` along one of the directions of ``second``, as one axis.

        Raises:
            ModuleError: if it has another shape than the input.
        """
        if (second.name, number) not in self._products:
            direction = self.known.directions(second.name)[number]
            self._products[second.name, number] = self.module.hvp(self.bench.moving(second, direction))
        found = self._products[second.name, number][first.name]
        if found.shape != self.shape(first):
            raise ModuleError(f"the product for {first.name} has shape {found.shape}, not {self.shape(first)}")
        return found.reshape(-1)

    def block_bound(self, first: Tensor, second: Tensor) -> Array:
        """How far rounding may move a block of the Hessian, element by element."""
        by_element = self._bound(first, second)[: self.size(second)]
        return np.asarray(np.moveaxis(by_element, 0, -1).reshape(self.shape(first, second)))

    def emitted_bound(self, first: Tensor, second: Tensor) -> Array:
        """The same for the statements that the module works out, which are written with what is at hand there."""
        block = jacobian_of(gradient_of(first), second)
        bound = self._formulas.bound(up_to(self.bench.paths.second_blocks, block), block)
        sample = self.bench.sample
        least = left_of(sample, usual_curvature(sample, self.of, first.name, second.name))
        return self.bench.coarsened(np.maximum(bound, bound.dtype.type(least)))

    def products_bound(self, first: Tensor, second: Tensor) -> Array:
        """How far it may move the products with directions: an axis of directions, then one of elements."""
        number = len(self.known.directions(second.name))
        return self._bound(first, second)[-number:].reshape(number, -1)

    def _bound(self, first: Tensor, second: Tensor) -> Array:
        return self._bounds[second.name][gradient_of(first).name] * self.bench.coarse

    @cached_property
    def _equations(self) -> Equations:
        """Those that the gradients are computed by, at the sample."""
        return Equations(self.bench.paths.gradients, self.bench.sample.extended(self.bench.paths.backward))

    @cached_property
    def _formulas(self) -> Formulas:
        """A place to work out what the blocks share once."""
        return Formulas(self._equations, {})

    @cached_property
    def _bounds(self) -> Mapping[str, Mapping[str, Array]]:
        """Bounds on the gradients' tangents: by the name of the second input, then by that of the gradient.

        The axis in front is that of the elements of the second input, if all are compared, then of its directions.
        """
        paths, directions = self.bench.paths, no_directions(self._equations.sample)
        for tensor in self.bench.wrt:
            along = self.known.directions(tensor.name)
            if self.is_by_element:
                basis = np.eye(self.size(tensor), dtype=along.dtype).reshape(-1, *along.shape[1:])
                along = np.concatenate([basis, along])
            directions.add(tensor.name, {tensor.name: along})
        return Tangents(self._equations, paths.second_tangents).bounds(directions, paths.gradients.outputs)
