"""The terms of formulas by their values at samples: at one element, and whether two terms are the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

import numpy as np

from tcgrad.check.evaluated.formulas import Formulas
from tcgrad.evaluate import Array
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Define, Statement
from tcgrad.records import dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key

# Terms that are further apart, in proportion to the largest entry, are so by no rounding.
_FAR = 2.0**-16


@dataclass(frozen=True)
class TermValues:
    """What terms over the free indices of a formula are at some samples.

    formula: whose terms they are, or of what they are compared with.
    before: the statements that define what they read.
    places: the samples. worst, position: the sample and the element at which a term is shown.
    """

    formula: Define
    before: Sequence[Statement]
    places: Sequence[Formulas]
    worst: Formulas
    position: tuple[int, ...]
    _terms: dict[Expr, tuple[Statement, ...]] = field(default_factory=dict)

    def shown(self, term: Expr) -> float:
        """The value at the element that is furthest off."""
        return float(self.worst.value(self._statements(simplify(term)))[self.position])

    def are_same(self, first: Expr, second: Expr) -> bool:
        """Whether two terms are written alike, or equal up to rounding at every sample and not 0 at all of them."""
        terms = simplify(first), simplify(second)
        if key(terms[0]) == key(terms[1]):
            return True
        one, other = map(self._statements, terms)
        are_close = all(_are_close(place, one, other) for place in self.places)
        return are_close and any(place.value(one).any() for place in self.places)

    def _statements(self, term: Expr) -> tuple[Statement, ...]:
        """Those that end in the definition of a term, always the same ones."""
        if term not in self._terms:
            tensor = replace(self.formula.tensor, name=f"term {len(self._terms)}")
            self._terms[term] = (*self.before, Define(tensor, self.formula.free, term))
        return self._terms[term]


def _are_close(place: Formulas, one: Sequence[Statement], other: Sequence[Statement]) -> bool:
    """Whether two formulas are equal up to rounding at a sample."""
    first, second = place.value(one), place.value(other)
    apart = np.abs(first - second)
    if not _largest(apart) <= _FAR * max(_largest(first), _largest(second)):
        return False
    return bool((apart <= place.bound(one) + place.bound(other)).all())


def _largest(array: Array) -> float:
    return float(np.abs(array).max(initial=0))
