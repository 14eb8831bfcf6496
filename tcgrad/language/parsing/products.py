"""Products of an expression, and what is said where the operator between two factors is missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, cast

from tcgrad.errors import SHOWN
from tcgrad.functions import FUNCTIONS
from tcgrad.language.elsewhere import HOW_TO_WRITE, INFIX, SIGNS, WORDS, help_on, indices_meant
from tcgrad.language.parsing.cursor import ERROR_LIMIT, StopParsing
from tcgrad.language.parsing.lexer import Token
from tcgrad.language.parsing.operands import OperandParser
from tcgrad.language.syntax import Expression, Group, Iverson, Name, Negative, Number, Power, Product, Subscript
from tcgrad.operators import INTRINSICS, REDUCTIONS

ProductOperator = Literal["*", "/", "//", "%"]


class _Gap(NamedTuple):
    """Two factors with nothing between: ``left`` from ``start``, ``right`` from ``token`` to ``end``."""

    start: Token
    left: Expression
    token: Token
    right: Expression
    end: Token


class ProductParser(OperandParser):
    """Everything that binds tighter than a sum."""

    def product(self) -> Expression:
        """Factors and what stands between them."""
        start = before = self.token
        factors: list[tuple[ProductOperator, Expression]] = [("*", self._unary())]
        gaps: list[_Gap] = []
        while True:
            operator: ProductOperator = "*"
            if self.kind in {"*", "/", "//", "%"}:
                operator = cast("ProductOperator", self.take().kind)
                before = self.token
                factors.append((operator, self._unary()))
            elif self.kind in {"name", "number", "(", "["}:
                left, token = factors[-1][1], self.token
                right = self._factor_without_operator(before, left)
                gaps.append(_Gap(before, left, token, right, self.tokens[self.at - 1]))
                factors.append(("*", right))
                before = token
                if len(gaps) == ERROR_LIMIT:
                    break
            else:
                break
        if gaps:
            self._report_gaps(gaps)
        if len(gaps) == ERROR_LIMIT:
            raise StopParsing
        return Product(tuple(factors), self.since(start)) if len(factors) > 1 else factors[0][1]

    def _factor_without_operator(self, start: Token, left: Expression) -> Expression:
        """What stands behind a factor with nothing between; ``start`` is where ``left``, that factor, begins.

        Raises:
            StopParsing: after an error, unless a product is plainly meant.
        """
        token, before = self.token, self.source(start)
        for word, span in ((token.text, self.span(token)), (before, left.span)):
            if word in WORDS:
                raise self.failure("TC202", f"`{word}` is not an operator here", span, HOW_TO_WRITE[word])
        factor = self._unary()
        function = left.base if isinstance(left, Power) else left
        if isinstance(function, Name):
            self._argument_meant(start, before.removeprefix(function.name), token, factor)
        return factor

    def _argument_meant(self, start: Token, power: str, token: Token, argument: Expression) -> None:
        """Report ``sin x``, ``sin^2(x)`` and ``sum x[i]*y[i]``.

        start: the name of the function; its ``argument``, which begins with ``token``, has been read last.
        """
        name, is_group = start.text, isinstance(argument, Group)
        reduction = SIGNS.get(name.partition("_")[0], name.partition("_")[0])
        sums = reduction in REDUCTIONS and not power
        while sums and not is_group and self.kind in {"*", "/"}:
            self.take()
            self._unary()
        inner = self.source(token)[1:-1] if is_group else self.source(token)
        if sums:
            index = indices_meant(name.partition("_")[2], inner)
            if not index:
                last = self.tokens[self.at - 1]
                index, inner = self.reduced(start, *((token.end, last.start) if is_group else (token.start, last.end)))
            help_ = f"write `{reduction}[{index}]({inner if len(inner) < SHOWN else '...'})`"
            raise self.failure("TC209", f"`{name}` needs the index that it runs over", self.since(start), help_)
        if name in FUNCTIONS or (name in INTRINSICS and not power):
            while not is_group and self.kind in {"name", "number", "("} and self.follows_directly:  # sin 2x
                before = self.token
                self._unary()
                inner += f"*{self.source(before)}"
            help_ = f"write `{name}({inner}){power}`"
            raise self.failure("TC202", f"the argument of `{name}` stands in parentheses", self.since(start), help_)

    def _report_gaps(self, gaps: list[_Gap]) -> None:
        """Report the operators that are missing in one product, ``2x`` say, with the product as it should be."""
        self._refuse_operators_elsewhere(gaps)
        first, last = gaps[0], gaps[-1]
        starts = [first.start.start, *(gap.token.start for gap in gaps)]
        ends = [*(gap.token.start for gap in gaps), last.end.end]
        texts = list(map(self.between, starts, ends))
        has_one = isinstance(first.left, Number) and first.left.value == 1
        if len(gaps) == 1 and has_one and isinstance(first.right, Iverson):
            del texts[0]
        shown = "*".join(texts)
        message = "an operator is missing between these: multiplication is always written"
        help_ = f"write `{shown}`" if len(shown) < 80 else "write `*` between them"
        if isinstance(first.left, Subscript) and first.left.name in INTRINSICS and isinstance(first.right, Group):
            help_ = f"write `{first.left.name}{texts[1]}{texts[0].removeprefix(first.left.name)}`"
        elif isinstance(first.left, Subscript) and first.left.name in SIGNS:
            kind = SIGNS[first.left.name]
            body = texts[1] if len(gaps) == 1 and isinstance(first.right, Group) else "(...)"
            help_ = f"write `{kind}{texts[0].removeprefix(first.left.name)}{body}` for a {kind}, or `{shown}`"
        elif isinstance(first.left, Subscript) and isinstance(first.right, Group) and len(first.left.name) > 1:
            offer = help_on(first.left.name, REDUCTIONS)
            if offer:
                message, help_ = f"an operator is missing between these: `{first.left.name}` is no reduction", offer
        span = first.left.span.to(last.right.span)
        if self.what == "size":
            raise self.failure("TC202", message, span, f"{help_}, or a comma between two sizes")
        self.report_error("TC202", message, span, help_)

    def _refuse_operators_elsewhere(self, gaps: Sequence[_Gap]) -> None:
        """``a mod b`` and the like, where a word stands between two factors without any operator."""
        for gap, following in pairwise(gaps):
            word = gap.token.text
            if following.left is gap.right and isinstance(gap.right, Name) and word in INFIX:
                help_ = HOW_TO_WRITE.get(word, "write `where(x > 0, a, b)`")
                raise self.failure("TC202", f"`{word}` is not an operator here", self.span(gap.token), help_)

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
