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

Work = Callable[[Expr, Sequence[Fact]], Expr]


class _Done(NamedTuple):
    """What was worked out for an expression of an outline, and what was asked on the way."""

    outline: Outline
    result: Expr
    asked: tuple[Question, ...]


class Alike:
    """Remembers what was worked out for an expression, for all that are alike.

    work: what is done to an expression; it may look at the facts that it is given, and ask the ``totals``.
    """

    def __init__(self, work: Work, totals: Totals) -> None:
        self._work = work
        self._totals = totals
        self._results: dict[Hashable, _Done] = {}

    def __call__(self, expr: Expr, facts: Sequence[Fact]) -> Expr:
        """What comes of the work."""
        own = outline((expr,), [fact.outline for fact in facts])
        if own is None:
            return self._work(expr, facts)
        done = self._results.get(own.key)
        renaming = self._renaming(done, own) if done is not None else None
        if done is not None and renaming is not None:
            return renaming.rename(done.result)
        made = self._results[own.key] = self._done(own, expr, facts)
        return made.result

    def _done(self, own: Outline, expr: Expr, facts: Sequence[Fact]) -> _Done:
        before = len(self._totals.asked)
        result = self._work(expr, facts)
        return _Done(own, result, tuple(self._totals.asked[before:]))

    def _renaming(self, done: _Done, own: Outline) -> Renaming | None:
        """What makes what was done anew, if whatever was asked of the totals has the same answers as then.

        It is asked again, for the answers hang on more definitions than the facts.
        """
        renaming = Renaming(done.outline, own)
        asked = [(renaming.rename(whole), answer) for whole, answer in done.asked]
        if any(self._totals.value(whole) != answer for whole, answer in asked):
            return None
        self._totals.asked += asked
        return renaming


class Fruitless(Alike):
    """Remembers for which expressions the work led to nothing, for all that are alike whatever their order."""

    def __call__(self, expr: Expr, facts: Sequence[Fact]) -> Expr:
        """What comes of the work: the very expression where that is nothing."""
        own = outline((expr,), [fact.outline for fact in facts])
        if own is None:
            return self._work(expr, facts)
        done = self._results.get(own.looks)
        if done is not None and self._renaming(done, own) is not None:
            return expr
        made = self._done(own, expr, facts)
        if made.result is expr:
            self._results[own.looks] = made
        return made.result
