"""A product taken apart for layout: what stands above and below the fraction bar, and what is summed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from fractions import Fraction

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Expr, IndexValue, Iverson
from tcgrad.ir.traversal import free_indices
from tcgrad.notation.layout.trees import Ones
from tcgrad.records import dataclass

UNIT = Fraction(1)


@dataclass
class Factors:
    """The factors of one product, with what stands above and below the fraction bar."""

    coefficient: Fraction = UNIT
    above: list[Expr | Ones] = field(default_factory=list)
    below: Factors | None = None
    sums: list[Index] = field(default_factory=list)

    def holders(self, index: Index) -> list[Expr | Ones | Factors]:
        """The factors in which an index occurs; the whole denominator is one factor."""
        found: list[Expr | Ones | Factors] = [item for item in self.above if index in free_of(item)]
        if self.below is not None and self.below.holders(index):
            found.append(self.below)
        return found

    def place(self, index: Index) -> int:
        """The place of the first factor above the bar in which an index occurs; the end if it is below."""
        return next((n for n, item in enumerate(self.above) if index in free_of(item)), len(self.above))

    @property
    def parts(self) -> list[Expr]:
        """The expressions among the factors."""
        below = [] if self.below is None else self.below.parts
        return [item for item in self.above if not isinstance(item, Ones)] + below

    def multiply_by_size(self, size: Integer) -> None:
        if size.as_number is not None:
            self.coefficient *= size.as_number
        else:
            self.above.insert(0, IndexValue(size))

    def insert(self, item: Expr | Ones) -> None:
        """Put a factor before the first one that shares an index with it."""
        shared = set(free_of(item))
        places = (n for n, other in enumerate(self.above) if shared.intersection(free_of(other)))
        self.above.insert(next(places, 0 if self.below else len(self.above)), item)


def free_of(item: Expr | Ones) -> tuple[Index, ...]:
    return item.indices if isinstance(item, Ones) else free_indices(item)


def by_holder(indices: Sequence[Index], factors: Factors) -> Iterator[tuple[Index, ...]]:
    """The indices in groups of those that stand in the same factor."""
    places = {index: factors.place(index) for index in indices}
    for place in dict.fromkeys(places.values()):
        yield tuple(index for index in indices if places[index] == place)


def guard(index: Index) -> Expr:
    return Iverson("<", IndexValue(index.expr), IndexValue(index.size))
