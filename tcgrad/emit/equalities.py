"""What a product of deltas says: some indices equal expressions of others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tcgrad.emit.fitting import Fitting
from tcgrad.ir.indices import Atom, Dim, Index, Integer, Quotient, Remainder
from tcgrad.ir.inequalities import normalise
from tcgrad.ir.ranges import bounds, least_undivided

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
        if index not in self._summed and (value.gathers or index not in self._used):
            return True
        return stays_inside(value, index.size, self._fitting) and not self._fitting.may_be_outside(value, index.size)

    def _rank(self, index: Index) -> tuple[bool, int, int]:
        return index in self._summed, self._preferred.get(index, len(self._preferred)), index.serial

    def is_solved(self, index: Index) -> bool:
        """Whether an index equals an expression of others."""
        return index in self._values

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


def stays_inside(value: Integer, size: Integer, fitting: Fitting) -> bool:
    """Whether an expression stays from 0 to ``size``, at all sizes that fit."""
    low, high = overhang(value, size, fitting)
    return low is None and high is None


def overhang(value: Integer, size: Integer, fitting: Fitting) -> tuple[Integer | None, Integer | None]:
    """How far an expression can go below 0 and beyond ``size``; None where it does not, at any sizes that fit."""
    found = _bounds(value)
    if found is None:
        return None, None
    low = None if _is_never_negative(value, fitting) else _beyond(found[0], fitting)
    high = None if _is_never_negative(size - 1 - value, fitting) else _beyond(size - 1 - found[1], fitting)
    return low, high


def _is_never_negative(value: Integer, fitting: Fitting) -> bool:
    """Whether the program says so of an expression with indices, or of its least value."""
    if fitting.is_read(value):
        return True
    solved = normalise(value)
    least = _bounds(solved) if solved is not value else None
    return least is not None and fitting.never_negative(least[0])


def _beyond(room: Integer, fitting: Fitting) -> Integer | None:
    """How much is missing where there may be less room than none; None where that cannot be."""
    least = least_undivided(room)
    return None if fitting.never_negative(room) or fitting.never_negative(least) else -least


def _bounds(value: Integer) -> tuple[Integer, Integer] | None:
    """The smallest and the largest value; None if not known, as for the components of an integer tensor."""
    low = high = Integer.of(0)
    for monomial, coefficient in value.terms:
        moving = [atom for atom in monomial if not isinstance(atom, Dim)]
        inner = _atom_bounds(moving[0]) if len(moving) == 1 else bounds(Integer.collect([(monomial, 1)]))
        if inner is None:
            return None
        still = tuple(atom for atom in monomial if isinstance(atom, Dim)) if len(moving) == 1 else ()
        ends = [end * Integer.collect([(still, coefficient)]) for end in inner]
        low, high = low + ends[coefficient < 0], high + ends[coefficient > 0]
    return low, high


def _atom_bounds(atom: Atom) -> tuple[Integer, Integer] | None:
    if isinstance(atom, Quotient):
        inner = _bounds(atom.dividend)
        return inner and (inner[0] // atom.divisor, inner[1] // atom.divisor)
    return bounds(Integer.of(atom))


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
