"""Work on expressions done once for all that differ in the names of tensors and indices alone.

The layers of a network are the same equations over other tensors, and so are their derivatives. What was worked out
for one expression is, with tensors and indices replaced, what would be worked out for every other one of its outline.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from operator import is_

from tcgrad.ir.nodes import Expr
from tcgrad.ir.traversal import size, tensors_read
from tcgrad.records import cached_property, dataclass
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.facts.totals import Question, Totals
from tcgrad.simplify.outline import Outline, Renaming, outline

Exprs = tuple[Expr, ...]


@dataclass
class _Case:
    """Expressions with the facts that may be looked at, what came of them, and what was asked on the way."""

    exprs: Exprs
    facts: Sequence[Fact]
    results: Exprs
    asked: Sequence[Question] = ()

    @cached_property
    def outline(self) -> Outline | None:
        return outline(self.exprs, [fact.outline for fact in self.facts])

    @cached_property
    def glance(self) -> Hashable:
        """What is quickly told, and equal for all that have one outline."""
        told = [(size(expr), *[tensor.role for tensor in tensors_read(expr)]) for expr in self.exprs]
        return *told, len(self.facts)


class Alike:
    """Remembers what was worked out for expressions, for all that are alike.

    Outlines take some work, and are made only where there are two cases that are equal at a glance.
    """

    def __init__(self, totals: Totals) -> None:
        self._totals = totals
        self._glanced: dict[Hashable, list[_Case]] = {}
        self._known: dict[Hashable, _Case] = {}

    def done(self, exprs: Exprs, facts: Sequence[Fact], work: Callable[[], Exprs]) -> Exprs:
        """What comes of the work.

        work: hangs on nothing but the expressions, the facts and what it asks the totals.
        """
        own = _Case(exprs, facts, exprs)
        known = self._looked_up(own)
        renaming = self._renaming(known, own) if known is not None else None
        if known is not None and renaming is not None:
            return self._again(known, own, renaming)
        before = len(self._totals.asked)
        own.results = work()
        own.asked = self._totals.asked[before:]
        self._keep(own)
        return own.results

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

    def _again(self, known: _Case, own: _Case, renaming: Renaming) -> Exprs:
        """What came of the known case, by other names; what was left as it is stays the very expression here, too."""
        made = dict(zip(map(id, known.exprs), own.exprs, strict=True))
        for result in known.results:
            if id(result) not in made:
                made[id(result)] = renaming.rename(result)
        return tuple([made[id(result)] for result in known.results])

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

    What comes of such work are the very expressions.
    """

    def _keep(self, own: _Case) -> None:
        if all(map(is_, own.results, own.exprs)):
            super()._keep(own)

    def _key(self, own: Outline) -> Hashable:
        return own.looks

    def _again(self, known: _Case, own: _Case, renaming: Renaming) -> Exprs:
        del known, renaming
        return own.exprs
