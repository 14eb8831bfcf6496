"""Precedence parser: from the text of an equation to its syntax tree."""

from __future__ import annotations

import re
from collections.abc import Collection

from tcgrad.errors import SHOWN, Located, Report
from tcgrad.functions import FUNCTIONS
from tcgrad.language.parsing.cursor import StopParsing, What
from tcgrad.language.parsing.lexer import Token
from tcgrad.language.parsing.operands import GOES_ON
from tcgrad.language.parsing.products import ProductParser
from tcgrad.language.syntax import (
    Call,
    Comparison,
    Equation,
    Expression,
    Gradient,
    Iverson,
    Jacobian,
    Name,
    Negative,
    Product,
    Subscript,
    Sum,
    Target,
)
from tcgrad.operators import CLOSING, COMPARISONS, OPERATORS, SUBSCRIPT
from tcgrad.spec.names import RESERVED

_DERIVATIVE = re.compile(r"\s*d\w+\s*(\[[^]]*\])?\s*/\s*d\w")

DERIVATIVE_MEANT = "write `dy[i]/dx[p] = ...` for a Jacobian, `dl/dx[p] = ...` for a gradient"
"""What is said of the left side of an expectation that is no derivative."""


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


def parse_target(text: Located, report: Report) -> Target:
    """The left side of an equation that can be read."""
    end = text.text.index("=") + 1
    return _Parser(Located(text.text[:end], text.offsets[: end + 1]), report, None).target()


def parse_expression(text: Located, report: Report, what: What = "body") -> Expression | None:
    """An expression alone, as a size or the body of a function is; None after an error that leaves no meaning."""
    parser = _Parser(text, report, None, what)
    try:
        return parser.alone() if parser.is_readable else None
    except StopParsing:
        return None


class _Parser(ProductParser):
    """Operators over operands, one method per level of the operator table."""

    def alone(self) -> Expression:
        return self._whole()

    def equation(self) -> Equation:
        target = self.target()
        if self.take().kind == "==":
            span = self.span(self.tokens[self.at - 1])
            self.report_error("TC204", "`==` compares; an equation is written with `=`", span, "write `=`")
        self._refuse_second()
        body = self._whole()
        return Equation(target, lambda: body, self.text.whole, self.text.text)

    def _refuse_second(self) -> None:
        """Report an ``=`` outside of brackets on the right side: two equations are not told apart."""
        depth = 0
        for token in self.tokens[self.at :]:
            depth += (token.kind in CLOSING) - (token.kind in CLOSING.values())
            if token.kind == "=" and depth == 0:
                help_ = "write one equation a line, and `==` for a comparison: [a == b]"
                if self._begins_on_a_line_before(token):
                    help_ = "begin a block of equations, one a line, with `|`"
                raise self.failure("TC204", "an equation has one `=`", self.span(token), help_)

    def _begins_on_a_line_before(self, token: Token) -> bool:
        """Whether the text begins on another line of the source than a token; YAML folds lines into one."""
        source = self.report.source
        start, end = self.text.offsets[0], self.text.offsets[token.start]
        return source is not None and source.position(start)[0] < source.position(end)[0]

    def _whole(self) -> Expression:
        """An expression with nothing behind it; a comparison is reported and read as an Iverson bracket."""
        start = self.token
        body = self.expression()
        if self.kind in COMPARISONS and isinstance(found := self.compared(start, body), Comparison):
            shown = self.source(start)
            help_ = f"write `[{shown}]`, which is 1 or 0" if len(shown) < SHOWN else "write `[...]` around it"
            if self.what == "size":
                help_ = "a size is made of integers and dims with + - * // %"
            self.report_error("TC210", "a comparison is written in an Iverson bracket", found.span, help_)
            if self.kind == "]":
                raise StopParsing
            body = Iverson(found, found.span)
        self._nothing_left()
        return body

    def target(self) -> Target:
        start = self.token
        if start.kind == "end":
            raise self.failure(
                "TC204", "an equation is missing here", self.text.whole, "write NAME[indices] = expression"
            )
        if not any(token.kind in {"=", "=="} for token in self.tokens):
            whole = self.between(0, len(self.text.text))
            short = whole if len(whole) < SHOWN else "..."
            message, help_ = "an equation needs a left side and `=`", f"write NAME[indices] = {short}"
            if start.kind in OPERATORS:
                help_ = GOES_ON
            elif (arrow := re.search("<-|->|=>", self.text.text)) is not None:
                help_ = f"write `=` for `{arrow[0]}`"
            elif (gap := self._gap_behind_name()) and short != "...":
                help_ = f"write `{self.between(0, gap)} = {self.between(gap, len(self.text.text))}`"
            raise self.failure("TC204", message, self.text.whole, self._offer(help_))
        node = self.named(in_target=True) if start.kind == "name" else None
        if self.kind in {"=", "=="}:
            match node:
                case Name() | Subscript() | Gradient() | Jacobian():
                    return node
                case Call(positions=None) if node.name not in FUNCTIONS:
                    return self._component_meant(node, start)
        if self.kind in OPERATORS and self.peek().kind == "=" and self.token.end == self.peek().start:
            operator, _ = self.take(), self.take()
            message = f"`{operator.kind}=` changes a value, and a tensor keeps the one that it is given"
            said = self._offer("write `=`, and give the new value a name of its own")
            raise self.failure("TC204", message, self.since(operator), said)
        while self.kind not in {"=", "==", "end"}:
            self.take()
        help_ = "write NAME[i,j] = ..., and bring everything else to the right"
        if _DERIVATIVE.match(self.text.text):
            help_ = "a derivative that is to be proved stands under `expect:`"
        if start.kind == "-":
            name = self.source(start).lstrip("-").strip()
            help_ = f"write a blank behind the dash of a list, and no sign before `{name}`"
        raise self.failure(
            "TC204",
            "the left side of an equation is one tensor with its indices",
            self.since(start),
            self._offer(help_),
        )

    def _gap_behind_name(self) -> int:
        """Where the tensor ends that the text begins with, if another operand follows it with nothing between; 0."""
        last = self.token
        if last.kind == "name" and self.peek().kind in SUBSCRIPT:
            last = self.tokens[self.closing_of(self.at + 1)]
        behind = self.tokens[min(self.tokens.index(last) + 1, len(self.tokens) - 1)]
        begins = self.token.kind == "name" and self.token.text not in RESERVED
        return last.end if begins and behind.kind in {"name", "number", "("} else 0

    def _offer(self, help_: str) -> str:
        """What is said of a left side that is none: ``help_`` in an equation."""
        return help_ if self.tensors is None else DERIVATIVE_MEANT

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
            message = f"a {self.what} has no `=`"
            raise self.failure("TC204", message, span, "write what stands behind the `=` alone")
        help_ = self._without_comma() if token.kind == "," else None
        raise self.failure("TC205", f"`{token.text}` is not expected here", span, help_)

    def _without_comma(self) -> str | None:
        """How to write ``1,5``, and an equation that ends with a comma."""
        before, after = self.tokens[self.at - 1], self.peek()
        if after.kind == "end":
            return "take out the `,`"
        is_decimal = before.kind == after.kind == "number" and before.end + 1 == after.start and before.text.isdecimal()
        return f"write `{before.text}.{after.text}`" if is_decimal else None

    def expression(self) -> Expression:
        start = self.token
        terms = [self._first_term()]
        while self.kind in {"+", "-"}:
            sign = -1 if self.take().kind == "-" else 1
            terms.append((sign, self.product()))
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        return Sum(tuple(terms), self.since(start))

    def _first_term(self) -> tuple[int, Expression]:
        """A term with the sign before it; a minus before ``//`` or ``%`` belongs to the first factor instead."""
        self.accept("+")
        start = self.at
        if not self.accept("-"):
            return 1, self.product()
        term = self.product()
        if isinstance(term, Product) and any(operator in {"//", "%"} for operator, _ in term.factors):
            (_, first), *rest = term.factors
            span = self.text.span(self.tokens[start].start, self.tokens[start].end).to(first.span)
            return 1, Product((("*", Negative(first, span)), *rest), span.to(term.span))
        return -1, term
