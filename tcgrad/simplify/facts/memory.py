"""What became of expressions, with what was asked of the totals on the way: it is asked again with every answer."""

from __future__ import annotations

from collections.abc import Callable

from tcgrad.ir.nodes import Expr
from tcgrad.simplify.facts.totals import Question, Totals


class Memory:
    """What one kind of work made of expressions; what comes out stays what it is."""

    def __init__(self, totals: Totals) -> None:
        self._asked = totals.asked
        self._known: dict[Expr, tuple[Expr, tuple[Question, ...]]] = {}

    def get(self, expr: Expr) -> Expr | None:
        """What an expression became, if it was worked on."""
        found = self._known.get(expr)
        if found is None:
            return None
        self._asked += found[1]
        return found[0]

    def put(self, expr: Expr, work: Callable[[Expr], Expr]) -> Expr:
        """Work on an expression."""
        before = len(self._asked)
        made = work(expr)
        asked = tuple(self._asked[before:])
        self._known[expr] = made, asked
        self._known.setdefault(made, (made, asked))
        return made
