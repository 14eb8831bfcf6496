"""Chains of comparisons, and comparisons as other languages write them."""

from __future__ import annotations

from typing import cast

from tcgrad.ir.nodes import ComparisonOperator
from tcgrad.language.parsing.lexer import Token
from tcgrad.language.parsing.subscripts import SubscriptParser
from tcgrad.language.syntax import Comparison, Expression
from tcgrad.operators import COMPARISONS

_ELSEWHERE: dict[str, ComparisonOperator] = {
    "=>": ">=",
    "=<": "<=",
    "<>": "!=",
    "===": "==",
    "!==": "!=",
}


class ComparisonParser(SubscriptParser):
    """Expressions that are compared."""

    def comparison(self) -> Expression:
        """A chain of comparisons; an expression alone where there is none."""
        return self.compared(self.token, self.expression())

    def compared(self, start: Token, first: Expression) -> Expression:
        """The chain of comparisons that begins with ``first``, which begins at ``start``."""
        operands, operators = [first], list[ComparisonOperator]()
        while self.kind in COMPARISONS or self.kind == "=":
            operators.append(self._operator())
            operands.append(self.expression())
        return Comparison(tuple(operands), tuple(operators), self.since(start)) if operators else operands[0]

    def _operator(self) -> ComparisonOperator:
        """The operator that is next; one that other languages write otherwise is reported."""
        token = self.take()
        both = token.kind + self.kind if self.token.start == token.end else token.kind
        if both in _ELSEWHERE:
            self.take()
            meant = _ELSEWHERE[both]
            self.report_error("TC210", f"`{both}` does not compare here", self.since(token), f"write `{meant}`")
            return meant
        if token.kind == "=":
            message = "`=` defines; a comparison is written with `==`"
            self.report_error("TC210", message, self.span(token), "write `==`")
            return "=="
        return cast("ComparisonOperator", token.kind)
