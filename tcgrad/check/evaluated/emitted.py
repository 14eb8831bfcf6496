"""The functions of the emitted module, called on a sample in the type that is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from types import ModuleType
from typing import Any

import numpy as np

from tcgrad.check.precision import type_name
from tcgrad.check.sampling.samples import Sample
from tcgrad.evaluate import Array
from tcgrad.evaluate.arrays.overflow import noticing, overflows_first, quietly
from tcgrad.ir.tensors import Tensor
from tcgrad.records import cached_property, dataclass


class ModuleError(Exception):
    """The emitted module did not do what it should; the message says what it did."""


class StateError(ModuleError):
    """What is returned depends on earlier calls, whatever the arguments are."""


@dataclass(frozen=True)
class Module:
    """The functions of an emitted module, called on a sample in the type that is checked.

    calls: the names of the functions called so far; wrote: those that changed an array that they were given.
    overflowed: those in which a number on the way was too large for the type.
    """

    module: ModuleType
    sample: Sample
    calls: list[str] = field(default_factory=list)
    wrote: list[str] = field(default_factory=list)
    overflowed: set[str] = field(default_factory=set)

    def forward(self) -> dict[str, Array]:
        return self._outputs(self._call("forward", *self.sample.inputs()))

    def forward_saved(self) -> dict[str, Array]:
        """The outputs, without what is saved."""
        return self._outputs(self._call("forward_saved", *self.sample.inputs())[0])

    def backward(self, upstream: Mapping[str, Array]) -> dict[str, Array]:
        """The gradient of every ``wrt`` input."""
        _, saved = self._call("forward_saved", *self.sample.inputs())
        arguments = [self.sample.narrow(array) for array in upstream.values()]
        return self._named(self.sample.program.wrt, tuple(self._call("backward", saved, *arguments)))

    def jvp(self, tangents: Mapping[str, Array]) -> dict[str, Array]:
        """The tangents of the outputs along the given directions of all ``wrt`` inputs."""
        directions = [self.sample.narrow(tangents[tensor.name]) for tensor in self.sample.program.wrt]
        return self._outputs(self._call("jvp", *self.sample.inputs(), *directions))

    def value_and_grad(self, upstream: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
        """The outputs, and the gradient of every ``wrt`` input; without ``upstream`` those by default."""
        arguments = [self.sample.narrow(array) for array in upstream.values()]
        outputs, gradients = self._call("value_and_grad", *self.sample.inputs(), *arguments)
        return self._outputs(outputs), self._named(self.sample.program.wrt, tuple(gradients))

    def hessian(self, first: str, second: str) -> Array:
        if (first, second) not in self._hessians:
            raise ModuleError(f"hessian returns nothing by {first} and {second}")
        return self._checked(self._hessians[first, second])

    def hvp(self, directions: Mapping[str, Array]) -> dict[str, Array]:
        """The Hessian times the given directions of all ``wrt`` inputs, for each of them."""
        wrt = self.sample.program.wrt
        arguments = [self.sample.narrow(directions[tensor.name]) for tensor in wrt]
        returned = self._call("hvp", *self.sample.inputs(), *arguments)
        return self._named(wrt, returned if len(wrt) > 1 or isinstance(returned, tuple) else (returned,))

    @cached_property
    def _hessians(self) -> Mapping[tuple[str, str], Any]:
        found: Mapping[tuple[str, str], Any] = self._call("hessian", *self.sample.inputs())
        return found

    def jacobian(self, of: str, wrt: str) -> Array:
        if (of, wrt) not in self._jacobians:
            raise ModuleError(f"jacobian returns nothing for {of} by {wrt}")
        return self._checked(self._jacobians[of, wrt])

    @cached_property
    def _jacobians(self) -> Mapping[tuple[str, str], Any]:
        found: Mapping[tuple[str, str], Any] = self._call("jacobian", *self.sample.inputs())
        return found

    def _outputs(self, returned: Any) -> dict[str, Array]:
        outputs = self.sample.program.outputs
        return self._named(outputs, returned if len(outputs) > 1 else (returned,))

    def _named(self, tensors: Sequence[Tensor], returned: Sequence[Any]) -> dict[str, Array]:
        if len(returned) != len(tensors):
            raise ModuleError(f"returns {len(returned)} arrays, not {len(tensors)}")
        return {tensor.name: self._checked(array) for tensor, array in zip(tensors, returned, strict=True)}

    def _checked(self, returned: Any) -> Array:
        try:
            array = np.asarray(returned)
        except ValueError as error:  # nested in another way than an array is
            raise ModuleError(f"returns no array: {error}") from error
        if array.dtype != self.sample.dtype:
            raise ModuleError(f"returns {type_name(array.dtype)} for inputs of {type_name(self.sample.dtype)}")
        return array

    def _call(self, name: str, *arguments: Any) -> Any:
        self.calls.append(name)
        before = [np.array(argument) for argument in arguments if isinstance(argument, np.ndarray)]
        function: Callable[..., Any] = getattr(self.module, name)
        try:
            with noticing() as noticed, quietly():
                result = function(*arguments)
        except Exception as error:
            raise ModuleError(f"{name} raised {type(error).__name__}: {error}") from error
        if "overflow" in noticed or self._overflows_unguarded(name, result, arguments):
            self.overflowed.add(name)
        after = [argument for argument in arguments if isinstance(argument, np.ndarray)]
        if not all(same_bits(a, b) for a, b in zip(before, after, strict=True)):
            self.wrote.extend([name] if name not in self.wrote else [])
            raise ModuleError(f"{name} wrote to its inputs")
        return result

    def _overflows_unguarded(self, name: str, result: Any, arguments: Sequence[Any]) -> bool:
        """Whether a function whose overflows are not told, as those of branches that are not taken, returns one."""
        unguarded = getattr(getattr(self.module, name), "__wrapped__", None)
        if unguarded is None or _is_finite(result):
            return False
        return overflows_first(lambda: unguarded(*arguments))


def _is_finite(returned: Any) -> bool:
    """Whether all numbers in the arrays that a function returns are finite; what is not floating is."""
    match returned:
        case Mapping():
            return all(map(_is_finite, returned.values()))
        case tuple():
            return all(map(_is_finite, returned))
        case _:
            array = np.asarray(returned)
            return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def same_bits(first: Array, second: Array) -> bool:
    """Whether two arrays are the same in type, shape and every entry, signs of zeros included."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    if first.tobytes() == second.tobytes():
        return True  # else bytes that are padding may differ, and those of numbers that are not any
    if first.dtype.kind != "f":
        return np.array_equal(first, second)
    same = np.array_equal(first, second, equal_nan=True) and np.array_equal(np.signbit(first), np.signbit(second))
    return bool(same)
