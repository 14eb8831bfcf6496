"""What a product of deltas says: some indices equal expressions of others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.emit.sizes.overhangs import stays_inside
from tcgrad.ir.indices import Index, Integer

Pairs = tuple[tuple[Index, Integer], ...]


class Equalities:
    """Deltas solved one after the other, each for one index; the solutions hold no solved index."""

    def __init__(
        self, fitting: Fitting, preferred: Sequence[Index], summed: Collection[Index], used: Collection[Index]
    ) -> None:
        """Of two indices that are equal a summed one goes first, then the one that ``preferred`` names later.

        used: the indices that arrays are read at; one of these equals only what stays in its range.
        """
        self._fitting = fitting
        self._preferred = {index: k for k, index in enumerate(preferred)}
        self._summed = frozenset(summed)
        self._used = frozenset(used)
        self._values: dict[Index, Integer] = {}

    def resolve(self, integer: Integer) -> Integer:
        """An expression with every solved index replaced."""
        return integer.substitute(self._values) if self._values else integer

    def unite(self, left: Integer, right: Integer) -> bool:
        """Take ``left = right`` up; False, and nothing happens, where it cannot be solved for one index."""
        left, right = self.resolve(left), self.resolve(right)
        if left == right:
            return True
        solutions = [pair for pair in _solutions(left, right) if self._may_equal(*pair)]
        if not solutions:
            return False
        index, value = max(solutions, key=lambda solution: self._rank(solution[0]))
        if self._values:
            self._values = {known: old.substitute({index: value}) for known, old in self._values.items()}
        self._values[index] = value
        return True

    def _may_equal(self, index: Index, value: Integer) -> bool:
        other = value.as_index
        if other is not None and other is not index and other.size == index.size:
            return True
        if index in value.indices:
            return False
        return stays_inside(value, index.size, self._fitting) or (index not in self._summed and index not in self._used)

    def _rank(self, index: Index) -> tuple[bool, int, int]:
        return index in self._summed, self._preferred.get(index, len(self._preferred)), index.serial

    def is_solved(self, index: Index) -> bool:
        """Whether an index equals an expression of others."""
        return index in self._values

    def looked_up(self) -> Pairs:
        """The solutions that integer tensors decide, if these may be outside of the range of the index."""
        solved = self._values.items()
        return tuple((index, value) for index, value in solved if self._fitting.may_leave(value, index.size))

    def pairs(self) -> Pairs:
        """The solutions for indices that are not summed, in order."""
        free = (pair for pair in self._values.items() if pair[0] not in self._summed)
        return tuple(sorted(free, key=lambda pair: pair[0].serial))


def _solutions(left: Integer, right: Integer) -> Iterator[tuple[Index, Integer]]:
    """``left = right`` solved for each index that occurs with the coefficient 1 or -1 in their difference.

    Of what integer tensors decide only that is known to be inside which is an index as it stands.
    """
    first, second = left.as_index, right.as_index
    if first is not None and second is not None:
        yield first, right
        yield second, left
        return
    difference = left - right
    for index in difference.indices:
        coefficient = difference.coefficient(index)
        sign = None if coefficient is None else coefficient.as_number
        if sign in (1, -1):
            value = (difference - index.expr * sign) * -sign
            if value in (left, right) or not value.gathers:
                yield index, value
