"""What stands in the brackets of a component: positions, in square brackets or in braces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction

from tcgrad.errors import SHOWN
from tcgrad.functions import FUNCTIONS
from tcgrad.language.elsewhere import INFIX, WORDS
from tcgrad.language.parsing.cursor import Cursor
from tcgrad.language.parsing.lexer import Token
from tcgrad.language.syntax import Expression, Name, Number
from tcgrad.operators import CLOSING, COMPARISONS, REDUCTIONS, SUBSCRIPT

_ONE_PAIR = "a component has one pair of brackets"
_OPERATORS_ELSEWHERE = frozenset((*WORDS, *INFIX))


class SubscriptParser(Cursor, ABC):
    """Lists of expressions in brackets."""

    @abstractmethod
    def expression(self) -> Expression:
        """A sum of products: everything but a comparison."""

    @abstractmethod
    def argument(self, function: Token) -> Expression:
        """An argument of a function: a chain of comparisons, or an expression."""

    @property
    def opens_positions(self) -> bool:
        """Whether a bracket opens here that could be that of a component."""
        return self.kind in SUBSCRIPT and not self._begins_iverson()

    def _begins_iverson(self) -> bool:
        """Whether the bracket that opens here holds a comparison."""
        depth = 0
        for token in self.tokens[self.at :]:
            depth += (token.kind in {"(", "[", "_{"}) - (token.kind in {")", "]", "}"})
            if depth == 0:
                return False
            if depth == 1 and token.kind in COMPARISONS:
                return True
        return False

    def positions(self, owner: Token) -> tuple[Expression, ...]:
        """``[a, b]`` or ``_{ab}``, behind ``owner``."""
        opening = self.take()
        if opening.kind == "_{" and (letters := self._letters()) is not None:
            return letters
        if self.kind == "[":
            self._refuse_double(owner, opening)
        self.enter()
        positions = self.items(opening)
        self.leave()
        if not positions:
            before = self.between(owner.start, opening.start)
            help_ = f"write `{owner.text}[i]`" if owner.text in REDUCTIONS else f"write `{before}`"
            raise self.failure("TC208", "the brackets are empty; a scalar has none", self.since(opening), help_)
        if self.opens_positions:
            before, second = self.source(owner)[:-1].rstrip(), self.token
            further = ",".join(self._further_positions())
            shown = further if len(further) < SHOWN and "=" not in further else "..."
            help_ = f"write all indices in one pair of brackets: `{before},{shown}]`"
            raise self.failure("TC208", _ONE_PAIR, self.span(second), help_)
        return positions

    def _refuse_double(self, owner: Token, opening: Token) -> None:
        """``x[[i,j]]``, as Mathematica has it, and ``x[[i]``, at the second bracket."""
        if self.opens_positions:
            end = self.closing_of(self.at)
            last = self.tokens[end + (self.tokens[min(end + 1, len(self.tokens) - 1)].kind == "]")]
            help_ = f"write `{owner.text}[{','.join(self.parts(self.token))}]`"
            raise self.failure("TC208", _ONE_PAIR, self.text.span(opening.start, last.end), help_)

    def _further_positions(self) -> Iterator[str]:
        """The texts in ``[j][k]``, stepping over them."""
        while self.opens_positions:
            yield from self.parts(self.token)
            self.at = min(self.closing_of(self.at) + 1, len(self.tokens) - 1)

    def items(self, opening: Token, function: Token | None = None) -> tuple[Expression, ...]:
        """Expressions separated by commas, up to the bracket that closes ``opening``; or a function's arguments."""
        items: list[Expression] = []
        closing = CLOSING[opening.kind]
        while self.kind != closing:
            if function is None:
                items += self._indices_without_commas()
            items.append(self.argument(function) if function else self.expression())
            if not self.accept(","):
                break
        self.close(opening)
        return tuple(items)

    def _indices_without_commas(self) -> list[Expression]:
        """All but the last of the indices in ``[i j]``, reported, and read as if commas stood between them."""
        end = self.at
        while self.tokens[end].kind == "name" and self.tokens[end + 1].kind in {"name", "number"}:
            end += 1
        run = self.tokens[self.at : end + 1]
        if len(run) == 1 or any(token.text in _OPERATORS_ELSEWHERE or token.text in FUNCTIONS for token in run):
            return []
        help_ = f"write `{','.join(token.text for token in run)}`"
        span = self.text.span(run[0].start, run[-1].end)
        self.report_error("TC202", "indices are separated by commas", span, help_)
        self.at = end
        return [Name(token.text, self.span(token)) for token in run[:-1]]

    def _letters(self) -> tuple[Expression, ...] | None:
        """``ij}`` as ``i, j``; None where commas or operators stand between the braces."""
        end = self.at
        while self.tokens[end].kind in {"name", "number"}:
            end += 1
        if self.tokens[end].kind != "}" or end == self.at:
            return None
        positions = [node for token in self.tokens[self.at : end] for node in self._split(token)]
        self.at = end + 1
        return tuple(positions)

    def _split(self, token: Token) -> list[Expression]:
        """The letters and digits of a subscript in braces; a name with an underscore stays whole."""
        if "_" in token.text or "'" in token.text:
            return [Name(token.text, self.span(token))]
        nodes: list[Expression] = []
        for offset, char in enumerate(token.text):
            span = self.text.span(token.start + offset, token.start + offset + 1)
            if char.isascii() and char.isdigit():
                nodes.append(Number(Fraction(char), char, span))
            elif char.isidentifier():
                nodes.append(Name(char, span))
            else:
                raise self.failure("TC208", f"`{char}` is no index", span, "separate the indices by commas: A[i,j]")
        return nodes
