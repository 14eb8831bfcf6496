"""One index position taken apart: where it starts, how it steps, and whether it is a size or digits."""

from __future__ import annotations

from collections.abc import Iterator

from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.ir.indices import Index, Integer, Quotient, Remainder
from tcgrad.records import dataclass

_LONG = 16


def by_length(index: Index) -> tuple[bool, int]:
    """How indices are ordered by length: one whose size is a number, unless that is large, is shorter than one of dims,
    which may grow.
    """
    return index.size.as_number is None or index.size.value > _LONG, index.size.value


@dataclass(frozen=True)
class AxisRead:
    """An affine position: where it starts, and its steps, all of them forward.

    flipped: the indices that run backward; their steps are turned round and the start is at their other end.
    """

    start: Integer
    steps: dict[Index, Integer]
    flipped: tuple[Index, ...]

    @staticmethod
    def of(position: Integer) -> AxisRead:
        """The position taken apart."""
        start, steps = affine_parts(position)
        flipped = tuple(index for index, step in steps.items() if step.value < 0)
        for index in flipped:
            start = start + steps[index] * (index.size - 1)
            steps[index] = -steps[index]
        return AxisRead(start, steps, flipped)

    @property
    def longest(self) -> Index:
        """The index that stays on the axis; a window is opened for each of the others."""
        return max(self.steps, key=by_length)

    @property
    def others(self) -> tuple[Index, ...]:
        longest = self.longest
        return tuple(index for index in self.steps if index is not longest)


@dataclass(frozen=True)
class InOrder:
    """The positions ``start``, ``start + 1`` and so on, ``length`` of them: ``start + (W*i + j)*V + ...``

    indices: ``i, j, ...``, the one that moves fastest last.
    """

    start: Integer
    length: Integer
    indices: tuple[Index, ...]


def digits_in_order(position: Integer) -> InOrder | None:
    """How a position takes values one after the other as its indices run, the last one fastest; None if it does not."""
    if not is_affine(position):
        return None
    start, steps = affine_parts(position)
    order = sorted(steps, key=lambda index: -steps[index].value)
    length = Integer.of(1)
    for index in reversed(order):
        if steps[index] != length:
            return None
        length = length * index.size
    return InOrder(start, length, tuple(order)) if len(order) > 1 else None


def is_size(integer: Integer) -> bool:
    """Whether neither an index nor a component of an integer tensor occurs."""
    return not integer.indices and not integer.gathers


def is_sliced(position: Integer, fitting: Fitting) -> bool:
    """Whether slices and windows can read it: at all sizes that fit each index steps in one direction."""
    if not is_affine(position):
        return False
    return all(
        fitting.never_negative((step if step.value > 0 else -step) - 1) for step in affine_parts(position)[1].values()
    )


def known_indices(integer: Integer) -> Iterator[Index]:
    """The indices that occur outside of the brackets of integer tensors."""
    for atom in integer.atoms:
        match atom:
            case Index():
                yield atom
            case Quotient() | Remainder():
                yield from known_indices(atom.dividend)


def is_affine(integer: Integer) -> bool:
    """Whether it is a size plus sizes times plain indices."""
    return not integer.gathers and all(
        sum(isinstance(atom, Index) for atom in monomial) <= 1
        and all(isinstance(atom, Index) or not Integer.of(atom).indices for atom in monomial)
        for monomial, _ in integer.terms
    )


def affine_parts(integer: Integer) -> tuple[Integer, dict[Index, Integer]]:
    """The constant and the coefficient of each index of an affine expression."""
    constant = Integer.collect((m, c) for m, c in integer.terms if not any(isinstance(a, Index) for a in m))
    steps: dict[Index, Integer] = {}
    for monomial, coefficient in integer.terms:
        for atom in monomial:
            if isinstance(atom, Index):
                rest = tuple(other for other in monomial if other is not atom)
                steps[atom] = steps.get(atom, Integer.of(0)) + Integer.collect([(rest, coefficient)])
    return constant, steps
