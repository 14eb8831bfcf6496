"""What holds at all sizes that fit a program, not only at those of its spec."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.inequalities import undivided
from tcgrad.ir.nodes import IndexValue
from tcgrad.ir.ranges import bounds, never_negative
from tcgrad.ir.sizes import dims_in
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import tensors_read
from tcgrad.records import dataclass

Overhang = tuple[Integer | None, Integer | None]  # below 0 and beyond a size


@dataclass(eq=False)
class Fitting:
    """Decides by integers of which the program says that they are at least 0.

    sizes: those without indices. reads: the others, their indices replaced as by `_unnamed`.
    compared: the integer tensors that conditions keep in their places. What any other decides is read inside.
    places: where the program reads what integer tensors decide, with the size of the axis.
    overhangs: how far positions are known to go beyond axes.
    """

    sizes: tuple[Integer, ...]
    reads: frozenset[Integer]
    compared: frozenset[Tensor]
    places: tuple[tuple[Integer, Integer], ...]
    overhangs: dict[tuple[Integer, Integer], Overhang] = field(default_factory=dict)
    _known: dict[Integer, bool] = field(default_factory=dict)

    @staticmethod
    def of(
        facts: Iterable[Integer], compared: Iterable[Tensor] = (), places: Iterable[tuple[Integer, Integer]] = ()
    ) -> Fitting:
        """What follows from these being at least 0 for all values of their indices."""
        facts = tuple(facts)
        sizes = _strongest(undivided(fact) for fact in facts if not fact.indices)
        reads = frozenset(_unnamed(fact) for fact in facts if fact.indices)
        return Fitting(
            tuple(size for size in sizes if not never_negative(size)),
            reads,
            frozenset(compared),
            tuple((place, size) for place, size in dict.fromkeys(places) if place.gathers),
        )

    def assuming(self, *sizes: Integer) -> Fitting:
        """What follows where these are at least 0 as well."""
        return Fitting((*self.sizes, *sizes), self.reads, self.compared, self.places)

    def is_read(self, integer: Integer) -> bool:
        """Whether the program says of this very expression that it is at least 0, for any indices of these sizes."""
        return bool(self.reads) and _unnamed(integer) in self.reads

    def may_leave(self, place: Integer, size: Integer) -> bool:
        """Whether what integer tensors decide may be outside of an axis, for all that the program says.

        It is inside if the program reads such an axis there, or both before and behind, by the same integers; but
        not where a condition says whether it does.
        """
        if not place.gathers:
            return False
        is_read = any(size == axis and _is_between(place, position) for position, axis in self.places)
        return not is_read or not self.compared.isdisjoint(tensors_read(IndexValue(place)))

    def never_negative(self, size: Integer) -> bool:
        """Whether a size is at least 0: it is a sum of at most two known ones and of what no dims make negative."""
        if size not in self._known:
            self._known[size] = any(
                never_negative(each) or self._follows(each) for each in dict.fromkeys((size, undivided(size)))
            )
        return self._known[size]

    def _follows(self, size: Integer) -> bool:
        facts = [known for known in self.sizes if _loop_variables(known) <= _loop_variables(size)]
        rests = [size - fact for fact in facts]
        return any(map(never_negative, rests)) or any(
            never_negative(rest - fact) for k, rest in enumerate(rests) for fact in facts[k:]
        )


def _strongest(facts: Iterable[Integer]) -> list[Integer]:
    """Of facts that differ by a number the one that says most: ``N - 3`` of ``N``, ``N - 1`` and ``N - 3``."""
    least: dict[Integer, Integer] = {}
    for fact in facts:
        rest = fact - fact.constant
        least[rest] = min(least.get(rest, fact), fact, key=_constant)
    return list(least.values())


def _constant(fact: Integer) -> int:
    return fact.constant


def _loop_variables(size: Integer) -> set[Dim]:
    """The variables of loops: what is known of one holds within its loop alone, which may have no step at all."""
    return {dim for dim in dims_in(size) if not dim.least}


def _is_between(place: Integer, position: Integer) -> bool:
    """Whether the same integers decide both, and the rest of the place is in the range of the other's."""
    (decided, rest), (same, other) = _parted(place), _parted(position)
    inner, outer = bounds(rest), bounds(other)
    if inner is None or outer is None or _unnamed(decided) != _unnamed(same):
        return False
    return never_negative(inner[0] - outer[0]) and never_negative(outer[1] - inner[1])


def _parted(integer: Integer) -> tuple[Integer, Integer]:
    """The terms that integer tensors decide, and the others."""
    decided = Integer.collect(term for term in integer.terms if Integer((term,)).gathers)
    return decided, integer - decided


def _unnamed(integer: Integer) -> Integer:
    """The expression over indices that are told apart by their sizes and by their order alone."""
    places = {index: Dim(f"{place} of {index.size}", 0, 0) for place, index in enumerate(integer.indices)}
    return integer.substitute({index: Integer.of(place) for index, place in places.items()})
