"""Second derivatives at one sample: the module's Hessian and its products with directions.

Their reference are differences (or complex steps) of the gradient's plainly evaluated formulas, which are compared with
those of the equations in rows of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from tcgrad.calculus import Derivation, gradient_of
from tcgrad.calculus.jacobians import stepwise_jacobian
from tcgrad.calculus.second import gradient_program, has_hessian
from tcgrad.calculus.tangents import push_forward
from tcgrad.calculus.unconstrained import unconstrained
from tcgrad.check.bench import Bench
from tcgrad.check.emitted import Module, ModuleError
from tcgrad.check.formulas import Formulas
from tcgrad.check.forward import evaluate_forward
from tcgrad.check.paths import up_to
from tcgrad.check.references import Known, Reference, reference
from tcgrad.check.rounding import forward_bounds
from tcgrad.check.samples import Sample
from tcgrad.check.wrong import Locate
from tcgrad.evaluate import Array
from tcgrad.ir.program import Program, Statement
from tcgrad.ir.tensors import Tensor, tangent_of
from tcgrad.records import dataclass

# Hessians of more elements are not asked of the module.
_LARGEST_DENSE = 2**20


def compare_second(bench: Bench) -> None:
    """The Hessian, its symmetry, and its products with directions, if the module has them."""
    if bench.module is not None and has_hessian(bench.paths.program):
        _Second(bench, bench.module, gradient_program(unconstrained(bench.paths.program))).compare()


@dataclass(frozen=True)
class _Second:
    """A bench and the program of its gradients at the spec's own sizes."""

    bench: Bench
    module: Module
    program: Program

    def compare(self) -> None:
        whole = self._elements <= _LARGEST_DENSE
        bounds = {}
        for second in self.program.wrt:
            known = reference(self._sample, second, self.bench.options)
            for first in self.program.wrt:
                if whole and known.is_full:
                    bounds[first, second] = self._block(known, first, second)
                self._products(known, first, second)
        if len(bounds) == len(self.bench.wrt) ** 2:
            self._symmetry(bounds)

    @property
    def _elements(self) -> int:
        return int(sum(self.bench.sample.value(tensor.name).size for tensor in self.bench.wrt) ** 2)

    @property
    def _of(self) -> str:
        return self.bench.outputs[0].name

    @cached_property
    def _sample(self) -> Sample:
        """The same point, with the gradients as outputs."""
        sample = self.bench.sample
        program = gradient_program(unconstrained(sample.program))
        inputs = {item.tensor.name: sample.value(item.tensor.name) for item in program.inputs}
        dtype = sample.forward.context.dtype
        forward = evaluate_forward(program.statements, inputs, dtype, functions=sample.functions)
        moved, bounds, in_doubt = forward_bounds(forward, sample.rounding)
        return replace(sample, program=program, forward=forward, moved=moved, bounds=bounds, in_doubt=in_doubt)

    def _formulas(self, given: dict[str, Array]) -> Formulas:
        return Formulas(Derivation(self.program, self.program, (), (), ()), self._sample, given)

    @cached_property
    def _plain(self) -> Formulas:
        return self._formulas({})

    def _block(self, known: Reference, first: Tensor, second: Tensor) -> Array:
        """One block of the Hessian -> the bound on its error."""
        bench, gradient = self.bench, gradient_of(first)
        bound = self._plain.bound(stepwise_jacobian(self.program, gradient, second)) * bench.coarse
        bench.add(
            bench.tallies.row("hessian", "module", self._of, first.name),
            lambda: self._checked(first, second),
            bound=bound,
            known=_first_second(known.jacobian(gradient), bound.shape),
            method=_method(known),
            locate=self._place(first, second),
            part=second.name,
        )
        return bound

    def _checked(self, first: Tensor, second: Tensor) -> Array:
        found = self.module.hessian(first.name, second.name)
        shape = self.bench.sample.value(first.name).shape + self.bench.sample.value(second.name).shape
        if found.shape != shape:
            raise ModuleError(f"the Hessian by {first.name} and {second.name} has shape {found.shape}, not {shape}")
        return found

    def _products(self, known: Reference, first: Tensor, second: Tensor) -> None:
        """Products with directions of one input."""
        bench, gradient = self.bench, gradient_of(first)
        tangents = known.tangent(gradient)
        for number, direction in enumerate(known.directions):
            moving = {t.name: bench.sample.value(t.name) * 0 for t in bench.wrt} | {second.name: direction}
            given = {tangent_of(tensor).name: moving[tensor.name] for tensor in bench.wrt}
            statements = up_to(self._tangents, tangent_of(gradient))
            value = tangents.value[number]
            bound = self._formulas(given).bound(statements) if statements else np.zeros_like(value)
            bench.add(
                bench.tallies.row("hvp", "module", self._of, first.name),
                partial(self._product, first, moving),
                bound=bound * bench.coarse,
                known=Known(value, tangents.error[number]),
                method=_method(known),
                locate=lambda flat: bench.element(first, flat),
                part=second.name,
            )

    def _product(self, first: Tensor, moving: Mapping[str, Array]) -> Array:
        return self.module.hvp(moving)[first.name]

    @cached_property
    def _tangents(self) -> tuple[Statement, ...]:
        return push_forward(self.program)

    def _symmetry(self, bounds: dict[tuple[Tensor, Tensor], Array]) -> None:
        """Second derivatives do not depend on the order in which they are taken."""
        bench = self.bench
        for (first, second), bound in bounds.items():
            order = bench.sample.value(second.name).ndim
            try:
                other = _turned(self._checked(second, first), order)
            except ModuleError:
                continue  # told where the block is compared
            mirrored = _turned(bounds[second, first], order)
            bench.add(
                bench.tallies.row("hessian_symmetry", "module", self._of, first.name),
                partial(self._checked, first, second),
                bound=bound,
                known=Known(other.astype(bound.dtype), mirrored),
                method="the block with its inputs exchanged",
                locate=self._place(first, second),
                part=second.name,
            )

    def _place(self, first: Tensor, second: Tensor) -> Locate:
        """Places in a block, the axes of ``first`` before those of ``second``."""
        bench = self.bench
        each = max(1, bench.sample.value(second.name).size)

        def locate(flat: int) -> tuple[tuple[int, ...], str]:
            row, column = bench.element(first, flat // each), bench.element(second, flat % each)
            return row[0] + column[0], f"{self._of} by {row[1]} by {column[1]}"

        return locate


def _method(known: Reference) -> str:
    return f"{known.method} of the gradient"


def _first_second(known: Known, shape: tuple[int, ...]) -> Known:
    """A block whose first axis is that of the second input's elements, as the module has it."""
    turned = (np.moveaxis(array, 0, -1).reshape(shape) for array in (known.value, known.error))
    return Known(*turned)


def _turned(block: Array, order: int) -> Array:
    """A block with the axes of its inputs exchanged; the first has ``order`` of them."""
    return np.transpose(block, (*range(order, block.ndim), *range(order)))
