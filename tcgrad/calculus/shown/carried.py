"""What steps of recurrences sum up, by the names of what they lead to: of ``a[t] = b[t] + logsumexp_k(a[t-1,k] + ...)``
the logsumexp is ``a[t] - b[t]``.

For people alone: where ``b`` is minus infinity the difference is not a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tcgrad.ir.nodes import MINUS_ONE, Add, Component, Const, Expr, IndexReduce, Mul
from tcgrad.ir.program import Case, Recurrence, Statement
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import map_children, terms_of, walk
from tcgrad.records import dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.matching import Match, matches
from tcgrad.simplify.powers import split_coefficient


@dataclass(frozen=True)
class _Step:
    """A step of a recurrence whose right side is a logsumexp, or has one as a term.

    axis: the one that is stepped along. first: the first position that has no base case.
    """

    tensor: Tensor
    case: Case
    axis: int
    first: int
    term: IndexReduce

    def name(self, node: IndexReduce) -> Expr | None:
        """What the step tells of a logsumexp; None of any other than its own."""
        found = next(matches(self.term, node, Match(frozenset(self.case.free))), None)
        positions = [found.value(index) for index in self.case.free] if found else [None]
        at = tuple(position for position in positions if position is not None)
        if len(at) < len(positions) or not is_nonnegative(at[self.axis] - self.first):
            return None
        others = [term for term in terms_of(simplify(self.case.body)) if term != self.term]
        less = (Mul((MINUS_ONE, instantiate(self.case.free, other, at))) for other in others)
        return Add((Component(self.tensor, at), *less)) if others else Component(self.tensor, at)


class Carried:
    """Knows the steps of the recurrences among some statements."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._steps = [step for each in statements if isinstance(each, Recurrence) for step in _steps(each)]

    def named(self, expr: Expr) -> Expr:
        """The expression with what steps sum up by its names, simplified; the very same where there is none."""
        if not self._steps or not any(_is_logsumexp(part) for part in walk(expr)):
            return expr
        made = self._named(expr)
        return expr if made is expr else simplify(made)

    def _named(self, expr: Expr) -> Expr:
        if isinstance(expr, IndexReduce) and _is_logsumexp(expr):
            for step in self._steps:
                if (found := step.name(expr)) is not None:
                    return found
        return map_children(expr, self._named)


def _steps(recurrence: Recurrence) -> Iterator[_Step]:
    if recurrence.downward:
        return
    cases = zip(recurrence.tensors, recurrence.axes, recurrence.bases, recurrence.steps, strict=True)
    for tensor, axis, bases, step in cases:
        starts = [base.at.as_number for base in bases]
        terms = terms_of(simplify(step.body))
        for term in terms:
            is_beside_plain = all(term is other or _is_plain(other) for other in terms)
            if isinstance(term, IndexReduce) and _is_logsumexp(term) and is_beside_plain and None not in starts:
                yield _Step(tensor, step, axis, 1 + max(start for start in starts if start is not None), term)


def _is_plain(term: Expr) -> bool:
    """Whether a term is a number or a multiple of a component: of a longer one, such as ``a[t-1]^2``, the difference
    might be all rounding error.
    """
    return isinstance(split_coefficient(term)[1], Component | Const)


def _is_logsumexp(part: Expr) -> bool:
    return isinstance(part, IndexReduce) and part.kind == "logsumexp"
