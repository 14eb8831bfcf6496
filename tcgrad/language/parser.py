"""Precedence parser: from the text of an equation to its syntax tree."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, cast

from tcgrad.errors import Located, Report
from tcgrad.functions import FUNCTIONS
from tcgrad.language.cursor import StopParsing
from tcgrad.language.elsewhere import HOW_TO_WRITE, WORDS
from tcgrad.language.lexer import Token
from tcgrad.language.operands import OperandParser
from tcgrad.language.syntax import (
    Call,
    Equation,
    Expression,
    Gradient,
    Iverson,
    Jacobian,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Subscript,
    Sum,
)
from tcgrad.operators import COMPARISONS

Target = Name | Subscript | Gradient | Jacobian
ProductOperator = Literal["*", "/", "//", "%"]


def parse_equation(text: Located, report: Report, *, tensors: Collection[str] | None = None) -> Equation | None:
    """``NAME[indices] = expression``, or None after an error that leaves no meaning.

    tensors: the names for which ``dl/dNAME[...]`` and ``dNAME[...]/dNAME[...]`` are derivatives (in an
        expectation); None reads every ``/`` as a division.

    A mistake whose meaning is plain (``2x``, ``y(i) = ``, a character such as ``≤``) is reported, and reading goes on.
    """
    parser = _Parser(text, report, tensors)
    try:
        return parser.equation() if parser.is_readable else None
    except StopParsing:
        return None


def parse_expression(text: Located, report: Report) -> Expression | None:
    """An expression alone, as a dim or the body of a function is; None after an error that leaves no meaning."""
    parser = _Parser(text, report, None)
    try:
        return parser.alone() if parser.is_readable else None
    except StopParsing:
        return None


class _Parser(OperandParser):
    """Operators over operands, one method per level of the operator table."""

    def alone(self) -> Expression:
        body = self.expression()
        self._nothing_left()
        return body

    def equation(self) -> Equation:
        target = self._target()
        if self.take().kind == "==":
            span = self.span(self.tokens[self.at - 1])
            self.report_error("TC204", "`==` compares; an equation is written with `=`", span, "write `=`")
        body = self.expression()
        self._nothing_left()
        return Equation(target, body, self.text.whole)

    def _target(self) -> Target:
        start = self.token
        if start.kind == "end":
            raise self.failure(
                "TC204", "an equation is missing here", self.text.whole, "write NAME[indices] = expression"
            )
        if not any(token.kind in {"=", "=="} for token in self.tokens):
            short = self.text.text.strip() if len(self.text.text) < 60 and "\n" not in self.text.text else "..."
            message, help_ = "an equation needs a left side and `=`", f"write NAME[indices] = {short}"
            raise self.failure("TC204", message, self.text.whole, help_)
        node = self.named(in_target=True) if start.kind == "name" else None
        if self.kind in {"=", "=="}:
            match node:
                case Name() | Subscript() | Gradient() | Jacobian():
                    return node
                case Call(positions=None):
                    return self._component_meant(node, start)
        while self.kind not in {"=", "==", "end"}:
            self.take()
        help_ = "write NAME[i,j] = ..., and bring everything else to the right"
        raise self.failure(
            "TC204", "the left side of an equation is one tensor with its indices", self.since(start), help_
        )

    def _component_meant(self, call: Call, start: Token) -> Subscript:
        """``y(i)`` on the left, read as ``y[i]``."""
        inner = self.source(start).removeprefix(call.name).strip()[1:-1]
        message = "the indices of a tensor stand in square brackets"
        self.report_error("TC208", message, call.span, f"write `{call.name}[{inner}]`")
        return Subscript(call.name, call.name_span, call.arguments, call.span)

    def _nothing_left(self) -> None:
        """Report what stands behind a complete expression."""
        token = self.token
        span = self.span(token)
        if token.kind == "end":
            return
        if token.kind in {")", "]", "}"}:
            raise self.failure("TC203", f"`{token.text}` closes nothing", span, f"take out the `{token.text}`")
        if token.kind == "=":
            help_ = "write one equation a line, and `==` for a comparison: [a == b]"
            raise self.failure("TC204", "an equation has one `=`", span, help_)
        if token.kind in COMPARISONS:
            raise self.failure(
                "TC210", "a comparison is written in an Iverson bracket", span, "write `[a > b]`, which is 1 or 0"
            )
        raise self.failure("TC205", f"`{token.text}` is not expected here", span)

    def expression(self) -> Expression:
        start = self.token
        terms = [self._first_term()]
        while self.kind in {"+", "-"}:
            sign = -1 if self.take().kind == "-" else 1
            terms.append((sign, self._product()))
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        return Sum(tuple(terms), self.since(start))

    def _first_term(self) -> tuple[int, Expression]:
        """A term with the sign before it; a minus before ``//`` or ``%`` belongs to the first factor instead."""
        self.accept("+")
        start = self.at
        if not self.accept("-"):
            return 1, self._product()
        term = self._product()
        if isinstance(term, Product) and any(operator in {"//", "%"} for operator, _ in term.factors):
            (_, first), *rest = term.factors
            span = self.text.span(self.tokens[start].start, self.tokens[start].end).to(first.span)
            return 1, Product((("*", Negative(first, span)), *rest), span.to(term.span))
        return -1, term

    def _product(self) -> Expression:
        start = self.token
        factors: list[tuple[ProductOperator, Expression]] = [("*", self._unary())]
        before = start
        while True:
            if self.kind in {"*", "/", "//", "%"}:
                operator = cast("ProductOperator", self.take().kind)
                before = self.token
                factors.append((operator, self._unary()))
            elif self.kind in {"name", "number", "(", "["}:
                token = self.token
                factors.append(("*", self._factor_without_operator(before, factors[-1][1])))
                before = token
            else:
                break
        return Product(tuple(factors), self.since(start)) if len(factors) > 1 else factors[0][1]

    def _factor_without_operator(self, start: Token, left: Expression) -> Expression:
        """``2x`` is read as ``2*x``, and reported; ``start`` is where ``left``, the factor before, begins."""
        token, before = self.token, self.source(start)
        if token.text in WORDS:
            raise self.failure(
                "TC202", f"`{token.text}` is not an operator here", self.span(token), HOW_TO_WRITE[token.text]
            )
        factor = self._unary()
        after = self.source(token)
        span = left.span.to(factor.span)
        if isinstance(left, Name) and left.name in FUNCTIONS:
            message = f"the argument of `{left.name}` stands in parentheses"
            raise self.failure("TC202", message, span, f"write `{left.name}({after})`")
        if isinstance(left, Number) and isinstance(factor, Iverson) and left.value == 1:
            before = ""
        help_ = (
            f"write `{before}*{after}`".replace("`*", "`")
            if len(before) + len(after) < 80
            else "write `*` between them"
        )
        message = "an operator is missing between these two: multiplication is always written"
        self.report_error("TC202", message, span, help_)
        return factor

    def _unary(self) -> Expression:
        signs: list[Token] = []
        while self.kind == "-":
            signs.append(self.take())
        if self.kind == "+":
            raise self.failure(
                "TC205", "a plus sign stands between two terms only", self.span(self.token), "take out the `+`"
            )
        self.enter(len(signs))
        node = self._power()
        self.leave(len(signs))
        for sign in reversed(signs):
            node = Negative(node, self.span(sign).to(node.span))
        return node

    def _power(self) -> Expression:
        base = self.operand()
        if self.kind not in {"^", "**"}:
            return base
        self.take()
        self.enter()
        exponent = self._unary()
        self.leave()
        return Power(base, exponent, base.span.to(exponent.span))
