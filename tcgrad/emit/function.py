"""One emitted function: its body, and the head that reads sizes and checks shapes for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field

from tcgrad.emit.code.layout import bracketed, refusal_lines, unpacked
from tcgrad.emit.code.names import Scope
from tcgrad.emit.code.numpy_code import Printer
from tcgrad.emit.code.schedule import Body, Wanted
from tcgrad.emit.code.size_code import Used
from tcgrad.emit.code.text import Level
from tcgrad.emit.graph.arrays import Kind, Node
from tcgrad.emit.graph.uses import calculated_integers
from tcgrad.emit.graph.whole_numbers import WholeNumbers
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.emit.sizes.shapes import Array, Reading, readings
from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.program import Fit
from tcgrad.ir.ranges import never_negative
from tcgrad.ir.sizes import dims_in
from tcgrad.records import dataclass, replace

_ONE = Integer.of(1)


@dataclass(frozen=True)
class Naming:
    """What every function of a module calls by the same name.

    dims: the name of each dim; those in ``fixed`` are module constants, no input's shape shows them.
    sizes: what the dims are that the spec defines by others.
    """

    dims: Mapping[Dim, str]
    fixed: Collection[Dim]
    constants: Mapping[Node, str]
    sizes: Mapping[Dim, Integer]


@dataclass(frozen=True)
class Check:
    """An argument whose shape must be one that is known otherwise: sizes, or the shape of another argument."""

    name: str
    shape: tuple[Integer, ...]
    like: str | None = None


@dataclass(frozen=True)
class Length:
    """A tensor's number of positions along its recurrence, and the least for which its derivatives hold; where it is
    less, they hold for that number alone.
    """

    name: str
    length: Integer
    least: int

    @property
    def is_short(self) -> bool:
        return self.length.value < self.least

    @property
    def facts(self) -> tuple[Integer, ...]:
        """What is at least 0 where the derivatives hold."""
        if not self.is_short:
            return (self.length - self.least,)
        return self.length - self.length.value, Integer.of(self.length.value) - self.length


@dataclass
class FunctionWriter:
    """Writes the statements of one function.

    fitting: what is known of sizes.
    arrays: the arrays whose shapes may be read, in the order in which they are asked.
    upstream: those whose shapes are given by the others, and read only where these do not show a dim.
    typed: the names of the arguments that together decide the dtype.
    integers: the arguments that are integers, with their names; ``calculated`` are those that are reckoned with.
    saved: arrays that hold no integers, for an earlier function has seen to it.
    floats: the arrays that must not hold any, with their names.
    lengths: what recurrences must be long enough for.
    ranges: sizes that are at least 0 where the indices run over the ranges of the code.
    fits: sizes that are at least 0 where the equations can be read.
    """

    naming: Naming
    scope: Scope
    names: dict[Node, str]
    fitting: Fitting
    arrays: list[Array] = field(default_factory=list)
    upstream: list[Array] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    integers: Mapping[Node, str] = field(default_factory=dict)
    calculated: set[Node] = field(default_factory=set)
    saved: Collection[Node] = ()
    floats: dict[Node, str] = field(default_factory=dict)
    lengths: list[Length] = field(default_factory=list)
    ranges: Sequence[Integer] = ()
    fits: Sequence[Fit] = ()
    used: Used = field(default_factory=Used)
    body: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        naming = self.naming
        self.printer = Printer(
            self.names,
            naming.constants,
            naming.dims.__getitem__,
            self.used,
            sizes=naming.sizes,
            fitting=self.fitting,
        )

    def compute(self, wanted: Sequence[Wanted], results: Sequence[Node], extra: Collection[Node] = ()) -> list[str]:
        """Write what the results need; their code."""
        self.calculate((*results, *extra))
        given = {node: name for node, name in self.names.items() if node.kind is Kind.FLOAT}
        body = Body(self.printer, self.scope)
        body.compute(wanted, results, extra)
        self.body += body.lines
        self._ask_for_floats(given)
        for length in self.lengths:
            if length.is_short:
                self.printer.size(length.length)  # what holds at this one alone need not go by it
        return [self.printer.expression(node).code for node in results]

    def _ask_for_floats(self, given: Mapping[Node, str]) -> None:
        """Let what is given hold floats where what is made of it must not hold integers."""
        while more := list(WholeNumbers({*self.saved, *self.floats}).sources(self.used.no_integers, given)):
            self.floats |= {node: given[node] for node in more}

    def calculate(self, results: Iterable[Node]) -> None:
        """Let the integers that the results reckon with be wide enough."""
        if self.integers:
            self.calculated.update(calculated_integers(results))

    def missing_dims(self) -> list[Dim]:
        """The dims that the code uses and none of the arrays shows, and those that a check asks for in vain."""
        wanted = self._local_dims()
        found = readings(wanted, self.arrays)
        checked = self._dims_of(self._needed_checks())
        shown = readings(checked, self.arrays, self.upstream)
        return [*(dim for dim in wanted if dim not in found), *(dim for dim in checked if dim not in shown)]

    def is_open(self, check: Check) -> bool:
        """Whether a shape is read, at least in part, off the very arrays that should have it."""
        dims = [dim for size in check.shape for dim in dims_in(size) if dim not in self.naming.fixed]
        return not readings(dims, self.arrays).keys() >= set(dims)

    def head(self) -> list[str]:
        """The statements before the body."""
        checks = self._needed_checks()
        check_lines = list(map(self._check_line, checks))
        check_lines += [line for fit in self.fits for line in self._fit_lines(fit)]
        check_lines += [line for size in self.ranges for line in self._range_lines(size, "the ranges of indices take")]
        check_lines += [line for length in self._used_lengths() for line in self._length_lines(length)]
        lines = [*self._all_sizes_lines(checks), *check_lines, *self._integer_lines(), *self._float_lines()]
        if self.used.dtype:
            lines += bracketed("dtype = np.result_type(", [*self.typed, "1.0"], ")", 4)
        return lines

    def _integer_lines(self) -> list[str]:
        """Integers that are reckoned with, in a type that holds what comes of it."""
        names = [name for node, name in self.integers.items() if node in self.calculated]
        if names:
            self.used.helpers["wide"] = None
        return [f"{name} = _wide({name})" for name in names]

    def _float_lines(self) -> list[str]:
        """Integers that the body cannot do with, as floats."""
        if self.floats:
            self.used.helpers["floating"] = None
        return [f"{name} = _floating({name})" for name in self.floats.values()]

    def _size_lines(self, told: Collection[Dim] = ()) -> list[str]:
        """The sizes that the spec defines by others, those that are used and have not been told."""
        return [
            f"{self.naming.dims[dim]} = {self.printer.expression_of(size).code}"
            for dim, size in self.naming.sizes.items()
            if dim in self.used.sizes and dim not in told
        ]

    def _local_dims(self) -> list[Dim]:
        return [dim for dim in self.used.dims if dim not in self.naming.fixed]

    def _dims_of(self, checks: Sequence[Check]) -> list[Dim]:
        """The dims that checks compare sizes with."""
        dims = [dim for check in checks if check.like is None for size in check.shape for dim in dims_in(size)]
        return [dim for dim in dims if dim not in self.naming.fixed]

    def _needed_checks(self) -> list[Check]:
        whole = self._whole_readings()
        needed = [check for check in self.checks if check.like is not None or check.name not in whole]
        return list(map(self._with_like, needed))

    def _with_like(self, check: Check) -> Check:
        """A shape as that of an array that is known to have it, where nothing else needs its sizes."""
        dims = [] if check.like is not None else [dim for size in check.shape for dim in dims_in(size)]
        if not dims or not self.used.dims.keys().isdisjoint(dims):
            return check
        asked = {own.name for own in self.checks}
        alike = (array.name for array in self.arrays if array.shape == check.shape and array.name not in asked)
        name = next(alike, None)
        return check if name is None else replace(check, like=f"{name}.shape")

    def _check_line(self, check: Check) -> str:
        self.used.helpers["check_shape"] = None
        shape = check.like or self.printer.shape(check.shape)
        return f'_check_shape("{check.name}", {check.name}, {shape})'

    def _used_lengths(self) -> list[Length]:
        """The lengths that the body goes by: where it does not, no recurrence is left in it."""
        known = {*self.used.dims, *self.used.sizes, *self.naming.fixed}
        return [length for length in self.lengths if known.issuperset(dims_in(length.length))]

    def _length_lines(self, length: Length) -> list[str]:
        if all(map(never_negative, length.facts)):
            return []
        code = self.printer.size(length.length).code
        if not length.is_short:
            words = f"{length.name} takes {length.least} positions along its recurrence"
            return refusal_lines(f"{code} < {length.least}", words, f"not {{{code}}}")
        own = length.length.value
        words = f"{length.name} takes {own} position{'s' * (own > 1)} along its recurrence"
        return refusal_lines(f"{code} != {own}", words, f"not {{{code}}}")

    def _fit_lines(self, fit: Fit) -> list[str]:
        least = fit.length - fit.bound
        if fit.axis is None:
            return self._empty_lines(fit)
        if not set(dims_in(fit.length)).isdisjoint(dims_in(least)):
            return self._range_lines(fit.bound, f"{fit.name} is read along axis {fit.axis} beyond its end: that takes")
        self.used.helpers["check_length"] = None
        sizes = ", ".join(self.printer.size(size).code for size in (fit.length, least))
        return [f'_check_length("{fit.name}", {fit.axis}, {sizes})']

    def _empty_lines(self, fit: Fit) -> list[str]:
        code = self.printer.size(fit.length).code
        return refusal_lines(
            f"{code} < 1", f"the range of the index {fit.name} is empty: its size {code} is {{{code}}}"
        )

    def _range_lines(self, size: Integer, words: str) -> list[str]:
        parts = [Integer.collect((m, c * sign) for m, c in size.terms if c * sign > 0) for sign in (1, -1)]
        large, small = (self.printer.size(part).code for part in parts)
        values = [f"{{{code}}}" for part, code in zip(parts, (large, small), strict=True) if dims_in(part)]
        wrong, right = f"{large} < {small}", f"{large} >= {small}"
        if not dims_in(parts[0]):  # what is compared with a number stands before it
            wrong, right = f"{small} > {large}", f"{small} <= {large}"
        return refusal_lines(wrong, f"{words} {right}", f"not {' and '.join(values)}")

    def _whole_readings(self) -> set[str]:
        """The arrays whose every axis gives a dim that no earlier one gives: there is nothing to check."""
        dims = [dim for check in self.checks for size in check.shape for dim in dims_in(size)]
        arrays = [*self.arrays, *self.upstream]
        found = readings(dims, self.arrays, self.upstream)
        count = {array.name: 0 for array in arrays}
        for reading in found.values():
            if reading.dim not in self.naming.fixed and reading.factor == _ONE:
                count[reading.array.name] += 1
        return {array.name for array in arrays if array.shape and count[array.name] == len(array.shape)}

    def _all_sizes_lines(self, checks: Sequence[Check]) -> list[str]:
        """What reads dims off shapes, and the sizes that the spec defines by these, each before it is needed."""
        found = readings([*self._local_dims(), *self._dims_of(checks)], self.arrays, self.upstream)
        plain: dict[str, list[Reading]] = {}
        for reading in found.values():
            if reading.is_plain:
                plain.setdefault(reading.array.name, []).append(reading)
        solved: list[str] = []
        told: dict[Dim, None] = {}
        for reading in found.values():
            if not reading.is_plain:
                used, self.used.sizes = self.used.sizes, {}
                line = self._reading_line(reading)
                solved += [*self._size_lines(told), line]
                told |= self.used.sizes
                self.used.sizes |= used
        opened = {check.name for check in self.checks} - {check.name for check in checks}
        opened |= {reading.array.name for reading in found.values()} & {check.name for check in self.checks}
        opened |= set(plain)
        unpacking = [
            self._unpacking(array, plain.get(array.name, ()))
            for array in (*self.arrays, *self.upstream)
            if array.shape and array.name in opened
        ]
        return [*unpacking, *solved, *self._size_lines(told)]

    def _unpacking(self, array: Array, group: Collection[Reading]) -> str:
        """All axes of an array at once, which tells a wrong number of them too; that alone where none is asked for."""
        if not group:
            self.used.helpers["check_axes"] = None
            return f'_check_axes("{array.name}", {array.name}, {len(array.shape)})'
        names = ["_"] * len(array.shape)
        for reading in group:
            names[reading.axis] = self.naming.dims[reading.dim]
        return f"{unpacked(names)} = {array.name}.shape"

    def _reading_line(self, reading: Reading) -> str:
        """``H = x.shape[1] + K - 1``: the shape gives ``offset + factor*dim``."""
        length = f"{reading.array.name}.shape[{reading.axis}]"
        name, factor = self.naming.dims[reading.dim], reading.factor.as_number
        if factor == -1:
            return f"{name} = {self.printer.size(reading.offset).code} - {length}"
        offset = self.printer.size(Integer.of(0) - reading.offset).code
        code = f"{length} - {offset[1:]}" if offset.startswith("-") else f"{length} + {offset}"
        code = code if reading.offset.terms else length
        if factor == 1:
            return f"{name} = {code}"
        divisor = self.printer.size(reading.factor).at(Level.UNARY)
        return f"{name} = ({code}) // {divisor}" if reading.offset.terms else f"{name} = {code} // {divisor}"
