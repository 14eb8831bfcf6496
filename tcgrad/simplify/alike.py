"""Work on expressions done once for all that differ in the names of tensors and indices alone.

The layers of a network are the same equations over other tensors, and so are their derivatives. What was worked out
for one expression is, with tensors and indices replaced, what would be worked out for every other one of its outline.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property

from tcgrad.ir.nodes import Expr
from tcgrad.ir.traversal import free_indices, size, tensors_read
from tcgrad.records import dataclass
from tcgrad.simplify.fact import Fact
from tcgrad.simplify.outline import Outline, Renaming, outline
from tcgrad.simplify.totals import Question, Totals

Work = Callable[[Expr, Sequence[Fact]], Expr]


@dataclass
class _Case:
    """An expression with the facts that may be looked at, what came of it, and what was asked on the way."""

    expr: Expr
    facts: Sequence[Fact]
    result: Expr
    asked: Sequence[Question] = ()

    @cached_property
    def outline(self) -> Outline | None:
        return outline((self.expr,), [fact.outline for fact in self.facts])

    @property
    def glance(self) -> Hashable:
        """What is quickly told, and equal for all that have one outline."""
        expr = self.expr
        return size(expr), len(tensors_read(expr)), len(free_indices(expr)), len(self.facts)


class Alike:
    """Remembers what was worked out for an expression, for all that are alike.

    Outlines take some work, and are made only where there are two expressions that are equal at a glance.

    work: what is done to an expression; it may look at the facts that it is given, and ask the ``totals``.
    """

    def __init__(self, work: Work, totals: Totals) -> None:
        self._work = work
        self._totals = totals
        self._glanced: dict[Hashable, list[_Case]] = {}
        self._known: dict[Hashable, _Case] = {}

    def __call__(self, expr: Expr, facts: Sequence[Fact]) -> Expr:
        """What comes of the work."""
        own = _Case(expr, facts, expr)
        known = self._looked_up(own)
        renaming = self._renaming(known, own) if known is not None else None
        if known is not None and renaming is not None:
            return self._again(known, own, renaming)
        before = len(self._totals.asked)
        own.result = self._work(expr, facts)
        own.asked = self._totals.asked[before:]
        self._keep(own)
        return own.result

    def _looked_up(self, own: _Case) -> _Case | None:
        """A case that is alike; None if there is none."""
        glanced = self._glanced.get(own.glance)
        if glanced is None:
            return None
        while glanced:
            case = glanced.pop(0)
            if case.outline is not None:
                self._known[self._key(case.outline)] = case
        return None if own.outline is None else self._known.get(self._key(own.outline))

    def _keep(self, own: _Case) -> None:
        self._glanced.setdefault(own.glance, []).append(own)

    def _key(self, own: Outline) -> Hashable:
        return own.key

    def _again(self, known: _Case, own: _Case, renaming: Renaming) -> Expr:
        del own
        return renaming.rename(known.result)

    def _renaming(self, known: _Case, own: _Case) -> Renaming | None:
        """What makes of one case the other, if whatever was asked of the totals has the same answers.

        It is asked again, for the answers hang on more definitions than the facts.
        """
        if known.outline is None or own.outline is None:
            return None
        renaming = Renaming(known.outline, own.outline)
        asked = [(renaming.rename(whole), answer) for whole, answer in known.asked]
        if any(self._totals.value(whole) != answer for whole, answer in asked):
            return None
        self._totals.asked += asked
        return renaming


class Fruitless(Alike):
    """Remembers for which expressions the work led to nothing, for all that are alike whatever their order.

    What comes of such work is the very expression.
    """

    def _keep(self, own: _Case) -> None:
        if own.result is own.expr:
            super()._keep(own)

    def _key(self, own: Outline) -> Hashable:
        return own.looks

    def _again(self, known: _Case, own: _Case, renaming: Renaming) -> Expr:
        del known, renaming
        return own.expr
