"""Reading sizes off the shapes of the arrays at hand, and checking that the arrays fit together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.sizes import dims_in
from tcgrad.records import dataclass

_ZERO, _ONE = Integer.of(0), Integer.of(1)


@dataclass(frozen=True)
class Array:
    """An array under its name in the code, with the shape that the spec gives it."""

    name: str
    shape: tuple[Integer, ...]


@dataclass(frozen=True)
class Reading:
    """How a dim is read: ``(shape of array[axis] - offset) // factor``."""

    dim: Dim
    array: Array
    axis: int
    offset: Integer = _ZERO
    factor: Integer = _ONE

    @property
    def is_plain(self) -> bool:
        """Whether the axis is as long as the dim."""
        return not self.offset.terms and self.factor == _ONE


def readings(dims: Iterable[Dim], arrays: Sequence[Array], last: Sequence[Array] = ()) -> dict[Dim, Reading]:
    """How to read each dim that can be read, in an order in which what a reading needs is read before it.

    An axis whose size is linear in one dim that is not yet known gives that dim.

    last: arrays that are asked for what the others do not show.
    """
    wanted = set(dims)
    found: dict[Dim, Reading] = {}
    _read(wanted, arrays, found)
    if last and not found.keys() >= wanted:
        _read(wanted, [*arrays, *last], found)
    return _only(wanted, found)


def _read(wanted: set[Dim], arrays: Sequence[Array], found: dict[Dim, Reading]) -> None:
    """Add how dims can be read to those that are found."""
    for array in arrays:
        if found.keys() >= wanted:
            return
        for axis, size in enumerate(array.shape):
            dim = _plain_dim(size)
            if dim is not None and dim not in found:
                found[dim] = Reading(dim, array, axis)
    while not found.keys() >= wanted and _solve_one(arrays, found):
        pass


def _plain_dim(size: Integer) -> Dim | None:
    if len(size.terms) == 1:
        (monomial, coefficient), *_ = size.terms
        if coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], Dim):
            return monomial[0]
    return None


def _solve_one(arrays: Sequence[Array], found: dict[Dim, Reading]) -> bool:
    for array in arrays:
        for axis, size in enumerate(array.shape):
            unknown = [dim for dim in dims_in(size) if dim not in found]
            if len(unknown) == 1 and _solve(array, axis, unknown[0], found):
                return True
    return False


def _solve(array: Array, axis: int, dim: Dim, found: dict[Dim, Reading]) -> bool:
    size = array.shape[axis]
    inside = [(monomial, c) for monomial, c in size.terms if dim in monomial]
    rest = Integer.collect((monomial, c) for monomial, c in size.terms if dim not in monomial)
    factor = Integer.collect((tuple(atom for atom in m if atom != dim), c) for m, c in inside)
    once = all(m.count(dim) == 1 for m, _ in inside)
    if not factor.terms or not once or dim in (*dims_in(rest), *dims_in(factor)):
        return False
    found[dim] = Reading(dim, array, axis, rest, factor)
    return True


def _only(wanted: set[Dim], found: dict[Dim, Reading]) -> dict[Dim, Reading]:
    """The readings of the wanted dims and of those that they need."""
    needed = set(wanted)
    for reading in reversed(list(found.values())):
        if reading.dim in needed:
            needed.update((*dims_in(reading.offset), *dims_in(reading.factor)))
    return {dim: reading for dim, reading in found.items() if dim in needed}
