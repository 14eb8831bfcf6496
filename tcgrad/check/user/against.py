"""A user's own forward and backward: called on samples, and judged like everything else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import field
from functools import partial
from typing import Any

import numpy as np

from tcgrad.check.evaluated.emitted import ModuleError, StateError, same_bits
from tcgrad.check.sampling.points import Point
from tcgrad.check.user.errors import describe, is_refused_call
from tcgrad.check.user.frameworks import NUMPY, Framework
from tcgrad.check.user.otherwise import Otherwise, is_near, nudged, with_gaps
from tcgrad.check.user.returned import Returned
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass, replace

# The shapes and types of arguments.
_Kind = tuple[tuple[tuple[int, ...], np.dtype[Any]], ...]


@dataclass(frozen=True)
class _Arguments:
    """Arrays that hold ``values``, and what a function is given for each."""

    values: Sequence[Array]
    arrays: Sequence[Array]
    handed: Sequence[Any]


_Call = Callable[[_Arguments], dict[str, Array]]


@dataclass(frozen=True)
class UserFunction:
    """A function of the user's own, by the name that messages call it.

    is_named: whether that is ``MODULE:FUNCTION``, by which a command finds it as well.
    anew: makes one that was never called, of a module that is run once more, if that can be done.
    """

    name: str
    function: Callable[..., Any]
    framework: Framework = NUMPY
    is_named: bool = True
    anew: Callable[[], Callable[..., Any] | None] | None = None
    _kept: dict[_Kind, _Arguments] = field(default_factory=dict, compare=False)

    def results(self, sample: Point, more: Sequence[Array], tensors: Sequence[Tensor], what: str) -> dict[str, Array]:
        """What the function returns for a sample's inputs and ``more`` arrays: an array for each of ``tensors``.

        Raises:
            ModuleError: if it raises an exception, writes to its arguments, hands them back, or returns something else
                than one array of the right type for each tensor.
            StateError: if it returns something else when it is called again, with new arrays or with such as held
                other values before, or the same memory again.
        """
        given = [*map(sample.narrow, (*sample.values, *more))]
        call: _Call = partial(self._call, sample, tensors, what)
        first, again = call(self._new(given)), call(self._used(given))
        for name, array in first.items():
            if not same_bits(array, again[name]):
                fresh = call(self._new(given))[name]
                told = "when it is called again"
                if same_bits(array, fresh):
                    told = "for arrays that held other values before"
                raise StateError(f"{self.name} returns something else {told}")
            if array.flags.writeable and np.may_share_memory(array, again[name]):
                raise StateError(f"{self.name} returns the same memory for {name} when it is called again")
        return first

    def unlike(
        self, sample: Point, more: Sequence[Array], tensors: Sequence[Tensor], what: str, found: Mapping[str, Array],
        *, coarse: float,
    ) -> dict[str, Otherwise]:  # fmt: skip
        """What is wrong with results ``found`` that are right, by tensors: they are others where arguments lie
        otherwise in memory, or, of gradients, than the negative where ``more``, those of the outputs, are negated.

        coarse: by how much their rounding is coarser than that of the inputs' type.
        """
        given = [*map(sample.narrow, (*sample.values, *more))]
        call: _Call = partial(self._call, sample, tensors, what)
        unit = coarse * float(np.finfo(sample.dtype).eps)
        wrong = self._unlike_signs(call, given, len(more), found, unit) if more else {}
        return wrong | self._unlike_contiguous(call, given, found, unit)

    def _unlike_contiguous(
        self, call: _Call, given: Sequence[Array], right: Mapping[str, Array], unit: float
    ) -> dict[str, Otherwise]:
        """What reads memory must mind its strides, or refuse them."""
        try:
            found = call(self._new(given, with_gaps))
            if all(is_near(found[name], array, unit) for name, array in right.items()):
                return {}
            beside = call(self._new([nudged(array, unit) for array in given]))
        except ModuleError:
            return {}
        told = f"{self.name} returns something else where its arguments are not contiguous"
        wrong = [name for name, array in right.items() if not is_near(found[name], array, unit, beside[name])]
        return {name: Otherwise(told, found[name]) for name in wrong}

    def _unlike_signs(
        self, call: _Call, given: Sequence[Array], upstream: int, right: Mapping[str, Array], unit: float
    ) -> dict[str, Otherwise]:
        """A gradient is linear in those of the outputs, the last arguments, unless it was kept for the others alone."""
        try:
            found = call(self._new([*given[:-upstream], *(-array for array in given[-upstream:])]))
        except ModuleError as error:
            return dict.fromkeys(right, Otherwise(str(error)))
        wrong = {}
        for name, array in right.items():
            if not is_near(found[name], -array, unit):
                told = "the same" if same_bits(found[name], array) else "something else than the negative"
                where = "where the gradients of the outputs have the other sign"
                wrong[name] = Otherwise(f"{self.name} returns {told} {where}", -found[name])
        return wrong

    def at_first(
        self, sample: Point, more: Sequence[Array], tensors: Sequence[Tensor], what: str
    ) -> dict[str, Array] | None:
        """What the function returns where it is called for the first time, if that can be seen."""
        function = self.anew and self.anew()
        if function is None:
            return None
        with suppress(ModuleError):
            return replace(self, function=function).results(sample, more, tensors, what)
        return None

    def _new(self, values: Sequence[Array], laid_out: Callable[[Array], Array] = np.array) -> _Arguments:
        """Arguments of their own; ``laid_out`` makes a copy of an array, in some order of memory."""
        arrays = [laid_out(array) for array in values]
        return _Arguments(values, arrays, [self._handed(array) for array in arrays])

    def _used(self, given: Sequence[Array]) -> _Arguments:
        """The memory of an earlier call, which has been given these values; a framework's tensor there is new, for the
        other may have kept a gradient.
        """
        if not self.framework.is_view:
            return self._new(given)
        kind = _kind_of(given)
        if kind not in self._kept:
            self._kept[kind] = self._new(given)
        arrays = self._kept[kind].arrays
        for array, value in zip(arrays, given, strict=True):
            array[...] = value
        return _Arguments(given, arrays, [self._handed(array) for array in arrays])

    def _call(self, sample: Point, tensors: Sequence[Tensor], what: str, arguments: _Arguments) -> dict[str, Array]:
        try:
            with np.errstate(all="ignore"), output_on_stderr():
                returned = self.function(*arguments.handed)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # what test frameworks and other languages raise is no Exception
            beside = _called_with(sample, len(arguments.handed)) if is_refused_call(error) else ""
            raise ModuleError(f"{self.name} raised {describe(error)}{beside}") from error
        if not all(same_bits(a, b) for a, b in zip(arguments.arrays, arguments.values, strict=True)):
            raise ModuleError(f"{self.name} wrote to its arguments")
        found = Returned(self.name, self.framework, sample, tensors).arrays(returned, what)
        if not sample.sizes:
            self._refuse_views(sample, found, arguments.arrays)
        return found

    def _handed(self, argument: Array) -> Any:
        if argument.dtype == np.longdouble and not self.framework.has_longdouble:
            raise ModuleError(f"{self.framework.name} takes no longdouble")
        return self.framework.hand(argument)

    def _refuse_views(self, sample: Point, found: Mapping[str, Array], arguments: Sequence[Array]) -> None:
        """Who works on a result in place must not change an input with it. At other sizes than the spec's own nobody
        does, and a reshape that copies elsewhere makes a view where axes have length 1.
        """
        for item, argument in zip(sample.program.inputs, arguments, strict=False):
            for name, array in found.items():
                if np.may_share_memory(array, argument):
                    raise ModuleError(f"{self.name} returns a view of its argument {item.tensor.name} for {name}")


def _called_with(sample: Point, count: int) -> str:
    """The arguments of a call in words: the inputs, then, if there are more, the gradients of the outputs."""
    inputs = [item.tensor.name for item in sample.program.inputs]
    gradients = [f"d{output.name}" for output in sample.program.outputs]
    return f"; it is called with ({', '.join([*inputs, *gradients][:count])})"


@dataclass(frozen=True)
class UserCode:
    """The functions of the user's own that are checked: a backward, a forward, or both."""

    backward: UserFunction | None = None
    forward: UserFunction | None = None
    framework: str = "numpy"

    def gradients(self, sample: Point, upstream: Mapping[str, Array]) -> dict[str, Array]:
        """The gradient of each ``wrt`` input, given those of the outputs."""
        if self.backward is None:
            raise ModuleError("there is no backward to call")
        return self.backward.results(sample, list(upstream.values()), sample.program.wrt, "gradient")

    def outputs(self, sample: Point) -> dict[str, Array]:
        if self.forward is None:
            raise ModuleError("there is no forward to call")
        return self.forward.results(sample, (), sample.program.outputs, "output")

    def unlike_gradients(
        self, sample: Point, upstream: Mapping[str, Array], found: Mapping[str, Array], coarse: float = 1.0
    ) -> dict[str, Otherwise]:
        """What is wrong with gradients that are right, by their inputs, where arguments are otherwise.

        coarse: by how much their rounding is coarser than that of the inputs' type.
        """
        if self.backward is None:
            return {}
        more = list(upstream.values())
        return self.backward.unlike(sample, more, sample.program.wrt, "gradient", found, coarse=coarse)

    def unlike_outputs(self, sample: Point, found: Mapping[str, Array], coarse: float) -> dict[str, Otherwise]:
        """The same of outputs."""
        if self.forward is None:
            return {}
        return self.forward.unlike(sample, (), sample.program.outputs, "output", found, coarse=coarse)

    def gradients_at_first(self, sample: Point, upstream: Mapping[str, Array]) -> dict[str, Array] | None:
        """What a backward that was never called returns, if there is one."""
        if self.backward is None:
            return None
        return self.backward.at_first(sample, list(upstream.values()), sample.program.wrt, "gradient")

    def outputs_at_first(self, sample: Point) -> dict[str, Array] | None:
        """What a forward that was never called returns, if there is one."""
        if self.forward is None:
            return None
        return self.forward.at_first(sample, (), sample.program.outputs, "output")

    @property
    def is_named(self) -> bool:
        """Whether a command can name them all."""
        return all(function is None or function.is_named for function in (self.backward, self.forward))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of results about them."""
        named = (("against", self.backward), ("against_forward", self.forward))
        return tuple(kind for kind, function in named if function is not None)

    def words(self) -> list[str]:
        """The options of the command that check the same functions."""
        words = ["--against", self.backward.name] if self.backward else []
        words += ["--against-forward", self.forward.name] if self.forward else []
        return words + (["--against-framework", self.framework] if words and self.framework != "numpy" else [])


def _kind_of(given: Sequence[Array]) -> _Kind:
    return tuple((array.shape, array.dtype) for array in given)


@contextmanager
def output_on_stderr() -> Iterator[None]:
    """What the user's code prints must not get between the lines of a report."""
    with redirect_stdout(sys.stderr):
        yield
