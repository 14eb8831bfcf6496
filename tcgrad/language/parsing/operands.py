"""The operands of an expression: numbers, names, components, calls, reductions, brackets."""

from __future__ import annotations

import re

from tcgrad.errors import Span
from tcgrad.functions import FUNCTIONS
from tcgrad.language.elsewhere import HOW_TO_WRITE
from tcgrad.language.parsing.cursor import CALLED, StopParsing
from tcgrad.language.parsing.lexer import SIZE_ALONE, Token
from tcgrad.language.parsing.reductions import ReductionParser
from tcgrad.language.syntax import (
    Call,
    Comparison,
    Expression,
    Group,
    Iverson,
    Name,
    Number,
    Subscript,
)
from tcgrad.operators import INTRINSICS, ONE, OPERATORS, REDUCTIONS, SUBSCRIPT
from tcgrad.spec.names import nearest, suggest
from tcgrad.spec.numbers import BOUNDS, exact_value

GOES_ON = "an equation continues on the next line inside an open bracket"
"""What is said where a line ends or begins with an operator."""

_POWERS = {"**": "^"}
_DIGITS = re.compile(r"0[xob][0-9a-f]+\Z|[0-9]+_[0-9_]*\Z", re.IGNORECASE)
_SUFFIXED = re.compile(r"[0-9.]+(?:\.|e[-+]?)[0-9]*[fFL]\Z")  # of C, which has none behind 2


class OperandParser(ReductionParser):
    """Everything that binds tighter than any operator."""

    def operand(self) -> Expression:
        match self.kind:
            case "number":
                return self._number()
            case "name":
                return self.named()
            case "(":
                return self._group()
            case "[":
                return self._iverson()
        raise self.failure("TC205", self._missing_operand(), self.span(self.token), self._help_on_operand())

    def named(self, *, in_target: bool = False) -> Expression:
        """What begins with a name; ``in_target``: on the left of an equation, where there is no division."""
        token = self.take()
        if self.kind == "(":
            return self._call(token)
        if self._indices_in_braces(token):
            help_ = f"write `{token.text}[{','.join(self.parts(self.token))}]`"
            self.report_error("TC208", "indices stand in square brackets", self.span(self.token), help_)
            if self.tokens[self.closing_of(self.at)].kind == "]":
                self.tokens[self.at] = self.token._replace(kind="[")
        elif self.kind not in SUBSCRIPT:
            return self.derivative(token, Name(token.text, self.span(token)), in_target=in_target)
        if token.text in REDUCTIONS:
            return self.reduction(token)
        if token.text == "where":
            message = "the arguments of `where` stand in parentheses"
            raise self.failure("TC208", message, self.span(self.token), "write `where(x > 0, a, b)`")
        node = Subscript(token.text, self.span(token), self.positions(token), self.since(token))
        return self.derivative(token, node, in_target=in_target)

    def _indices_in_braces(self, name: Token) -> bool:
        """Whether ``{i,j}`` follows, behind what is no function.

        Raises:
            StopParsing: after TC202 for ``exp{x}``.
        """
        if self.kind == "{" and name.text in CALLED:
            help_ = f"write `{name.text}({', '.join(self.parts(self.token))})`"
            message = f"the argument of `{name.text}` stands in parentheses"
            raise self.failure("TC202", message, self.span(self.token), help_)
        if self.kind != "{":
            return False
        inside = self.tokens[self.at + 1 : self.closing_of(self.at)]
        return bool(inside) and all(token.kind in {"name", "number", ","} for token in inside)

    def _missing_operand(self) -> str:
        if self.kind != "end":
            return f"an expression is expected before {self.describe()}"
        if not self.at:
            return f"the {self.what} is empty"
        return f"the {self.what} ends after `{self.tokens[self.at - 1].text}`, where an expression is expected"

    def _help_on_operand(self) -> str | None:
        if self.kind == "{":
            return self.bounds_in_braces() or "write parentheses `( )` for grouping"
        if self.kind == "<" and not self.is_nested:
            return "write an inner product with its indices: a[i]*b[i]"
        before = self.tokens[self.at - 1].kind if self.at else ""
        if before in OPERATORS and self.kind in OPERATORS:
            before, after = (_POWERS.get(operator, operator) for operator in (before, self.kind))
            return f"write `{before}` once" if before == after else f"write `{before}` or `{after}`, not both"
        if self.kind == "end" and self.at and self.what == "equation":
            return GOES_ON
        return None

    def _number(self) -> Expression:
        token = self.take()
        span = self.span(token)
        if self.opens_positions:
            return self._one(token)
        if self._continues_number(token):
            end = self.take().end
            message = f"`{self.text.text[token.start : end]}` is not a number"
            is_range = self.what == "size" and token.text.endswith(".")
            help_ = SIZE_ALONE if is_range else "numbers are written as 1000, 0.5 or 1e-3"
            if _SUFFIXED.match(self.source(token)):
                help_ = f"write `{token.text}`, or `{token.text}*{self.source(token)[-1]}` for a product"
            raise self.failure("TC206", message, self.since(token), help_)
        if token.text == ONE and (indices := self._indices_behind()):
            message = "the indices of the one-tensor stand in square brackets"
            self.report_error("TC208", message, self.since(token), f"write `{ONE}[{','.join(indices)}]`")
            return Subscript(ONE, span, tuple(Name(name, span) for name in indices), self.since(token))
        value = exact_value(token.text)
        if value is None:
            raise self.failure("TC206", f"a number is {BOUNDS}", span)
        return Number(value, token.text, span)

    def _indices_behind(self) -> list[str]:
        """The indices in ``1_ij``, ``1(i,j)`` and ``1{i,j}``, stepping over them; none where something else follows."""
        end, names = self.at, list[str]()
        if self.follows_directly and self.kind == "name" and self.token.text.startswith("_"):
            names = list(self.token.text[1:])
        elif self.follows_directly and self.kind in {"(", "{"}:
            end, names = self.closing_of(self.at), self.parts(self.token)
        if names and self.tokens[end].kind in {"name", ")", "}"} and all(map(str.isidentifier, names)):
            self.at = end + 1
            return names
        return []

    def _continues_number(self, number: Token) -> bool:
        """Whether what follows was meant as part of the number: ``1_000``, ``0x10``, ``1.2.3``, ``1.0f``."""
        after, written = self.token, number.text + self.token.text
        if after.start != number.end:
            return False
        return after.kind == "number" or (
            after.kind == "name" and any(pattern.match(written) for pattern in (_DIGITS, _SUFFIXED))
        )

    def _one(self, token: Token) -> Subscript:
        """A one-tensor ``1[i,j]``."""
        node = Subscript(ONE, self.span(token), self.positions(token), self.since(token))
        if token.text != ONE:
            brackets = self.source(token).removeprefix(token.text)
            message = f"`{token.text}` is a number and has no indices; only the one-tensor is written `1[...]`"
            self.report_error("TC208", message, node.span, f"write `{token.text}*1{brackets}`")
        return node

    def _group(self) -> Expression:
        opening = self.take()
        self.enter()
        body = self.comparison()
        self._refuse_comma(opening, body)
        self.close(opening)
        self.leave()
        span = self.since(opening)
        if isinstance(body, Comparison):
            inner = self.source(opening)[1:-1].strip()
            raise self.failure("TC210", "a comparison is written in an Iverson bracket", span, f"write `[{inner}]`")
        if self.opens_positions:
            help_ = "define it first: `t[i,j] = ...`, then read `t[...]`"
            raise self.failure("TC208", "an expression in parentheses has no components", self.span(self.token), help_)
        return Group(body, span)

    def _iverson(self) -> Expression:
        opening = self.take()
        self.enter()
        condition = self.comparison()
        self._refuse_comma(opening, condition)
        self.close(opening)
        self.leave()
        if isinstance(condition, Comparison):
            return Iverson(condition, self.since(opening))
        if self.report.has_unclear(condition.span):
            raise StopParsing
        help_ = f"write `{self.source(opening)[1:-1].strip()} > 0` in the bracket, or parentheses `( )` for grouping"
        message = "an Iverson bracket holds a comparison, as in `[i <= j]`"
        raise self.failure("TC210", message, self.since(opening), help_)

    def _refuse_comma(self, opening: Token, first: Expression) -> None:
        """``[a, b]`` and ``(a, b)``, which are lists elsewhere, and ``[i > 0, i < n]``."""
        if self.kind != ",":
            return
        span = self.span(self.token)
        if isinstance(first, Comparison):
            raise self.failure(
                "TC210", "an Iverson bracket holds one comparison, or one chain", span, HOW_TO_WRITE["and"]
            )
        help_ = "write a list of numbers as a sum: `a*delta[i,0] + b*delta[i,1]`, with `i` on the left"
        if opening.kind == "[":
            help_ += "; a component begins with the name of its tensor"
        raise self.failure("TC205", "brackets around an expression hold a single one", span, help_)

    def _call(self, name: Token) -> Call:
        opening = self.take()
        self.enter()
        arguments = self.items(opening, name)
        self.leave()
        span = self.since(name)
        if name.text in REDUCTIONS and (len(arguments) == 1 or name.text not in FUNCTIONS):
            self.refuse_without_index(name, arguments)
        for number, argument in enumerate(arguments):
            if isinstance(argument, Comparison) and (number > 0 or nearest(name.text, ("where",)) is None):
                self.report_error(
                    "TC210", "a comparison is written in an Iverson bracket", argument.span, "write `[...]` around it"
                )
        bracket = self.token
        positions = self.positions(name) if self.opens_positions else None
        if positions is not None and name.text not in INTRINSICS:
            self._refuse_positions(name, span, arguments, self.source(bracket))
        return Call(name.text, self.span(name), arguments, positions, self.since(name))

    def argument(self, function: Token) -> Expression:
        """An argument of a call, which may be a comparison; ``axis=0`` is reported."""
        start = self.token
        first = self.expression()
        if self.kind != "=" or not isinstance(first, Name) or function.text == "where":
            return self.compared(start, first)
        message = f"`{first.name}` names an argument, and arguments are told apart by their places"
        help_ = f"take out the `{first.name} =`"
        if function.text in REDUCTIONS:
            index, _ = self.reduced(function, function.end, function.end)
            help_ = f"name the index instead of an axis: `{function.text}[{index}](...)`"
        raise self.failure("TC205", message, first.span.to(self.span(self.token)), help_)

    def _refuse_positions(self, name: Token, call: Span, arguments: tuple[Expression, ...], brackets: str) -> None:
        """``exp(x)[i]``, and ``eye(N)[i,j]`` of what has a form of its own here."""
        message = f"the value of `{name.text}(...)` is a number and has no components"
        shown = ", ".join(f"{each.name}{brackets}" if isinstance(each, Name) else "..." for each in arguments)
        near = suggest(name.text, INTRINSICS) if name.text not in FUNCTIONS else None
        help_ = HOW_TO_WRITE.get(name.text) or near or f"index the arguments: `{name.text}({shown})`"
        raise self.failure("TC208", message, call, help_)
