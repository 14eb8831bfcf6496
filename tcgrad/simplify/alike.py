"""Work on expressions done once for all that differ in the names of tensors and indices alone.

The layers of a network are the same equations over other tensors, and so are their derivatives. What was worked out
for one expression is, with tensors and indices replaced, what would be worked out for every other one of its outline.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from tcgrad.ir.nodes import Expr
from tcgrad.simplify.fact import Fact
from tcgrad.simplify.outline import Outline, Renaming, outline
from tcgrad.simplify.totals import Question, Totals


class _Done(NamedTuple):
    """What was worked out for an expression of an outline, and what was asked on the way."""

    outline: Outline
    result: Expr
    asked: tuple[Question, ...]


class Alike:
    """Remembers what was worked out for an expression, for all that are alike.

    work: what is done to an expression; it may look at the facts that it is given, and ask the ``totals``.
    """

    def __init__(self, work: Callable[[Expr, Sequence[Fact]], Expr], totals: Totals) -> None:
        self._work = work
        self._totals = totals
        self._results: dict[Hashable, _Done] = {}

    def __call__(self, expr: Expr, facts: Sequence[Fact]) -> Expr:
        """What comes of the work.

        Whatever was asked of the totals for the first of its like is asked again, for the answers hang on more
        definitions than the facts.
        """
        own = outline((expr,), [fact.outline for fact in facts])
        if own is None:
            return self._work(expr, facts)
        done = self._results.get(own.key)
        if done is not None:
            renaming = Renaming(done.outline, own)
            if all(self._totals.value(renaming.rename(whole)) == answer for whole, answer in done.asked):
                return renaming.rename(done.result)
        before = len(self._totals.asked)
        result = self._work(expr, facts)
        self._results[own.key] = _Done(own, result, tuple(self._totals.asked[before:]))
        return result
