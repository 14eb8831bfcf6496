"""Reductions, ``sum[i,j](body)``, and what is said of those that are written as other notations have them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from tcgrad.errors import SHOWN
from tcgrad.functions import FUNCTIONS
from tcgrad.language.parsing.derivative_names import DerivativeParser
from tcgrad.language.parsing.lexer import UNREADABLE, Token, respelled
from tcgrad.language.syntax import Comparison, Expression, Name, Reduction, ReductionKind
from tcgrad.operators import CLOSING, COMPARISONS, FRESH_LETTERS, INDEX_LETTERS, REDUCTIONS

_OPENING_TERM = ("name", "number", "(")
_BEHIND_TERM = ("+", "-", ",", "=", *COMPARISONS)
_BEHIND_ALL = ("end", UNREADABLE)
_BOUNDING = ("=", *COMPARISONS)
_WHOLE_RANGE = "an index runs over its whole range"
_SUMMED = {**{name: name for name in REDUCTIONS}, "product": "prod"}


class ReductionParser(DerivativeParser):
    """Reductions over named indices."""

    def reduction(self, kind: Token) -> Reduction:
        """``sum[i,j](body)``, behind ``kind``."""
        bracket = self.token
        self._refuse_bounds(kind)
        positions = self.positions(kind)
        indices = tuple(node for node in positions if isinstance(node, Name))
        if len(indices) < len(positions):
            shown = self.source(bracket)
            message = f"`{kind.text}{shown}` names the indices that it runs over, and nothing else"
            raise self.failure("TC209", message, self.since(bracket), self._body_in_brackets(kind, bracket))
        opening = self.token
        if self.kind == "=":
            message = f"`{kind.text}` is a name of the language and cannot name a tensor"
            raise self.failure("TC302", message, self.span(kind), f"choose another name, such as `{kind.text}_`")
        if not self.accept("("):
            shown = self.source(kind)
            help_ = f"write `{shown}({self._rest_of_term()})`"
            raise self.failure("TC209", f"parentheses are missing behind `{shown}`", self.span(opening), help_)
        head = self.source(kind)
        self.enter()
        start = self.token
        body = self.compared(start, self.expression())
        if isinstance(body, Comparison):
            help_ = f"write `{head}[{self.source(start)}])`"
            raise self.failure("TC210", "a comparison is written in an Iverson bracket", body.span, help_)
        if self.kind == ",":
            help_ = f"write `{head}{kind.text}(...))`" if kind.text in FUNCTIONS else f"write `{head}...)` for each"
            raise self.failure("TC209", f"`{head}...)` is of one expression", self.span(self.token), help_)
        self.close(opening)
        self.leave()
        return Reduction(cast("ReductionKind", kind.text), indices, body, self.since(kind))

    def _refuse_bounds(self, kind: Token) -> None:
        """``sum[i < 2](x[i])``, ``sum[i=0..2](x[i])`` and ``sum[i in 0..2](x[i])``, as other notations bound a sum."""
        end = self.closing_of(self.at)
        inside = self.tokens[self.at + 1 : end]
        if all(token.kind not in _BOUNDING and token.text != "in" for token in inside):
            return
        index = next((token.text for token in inside if token.kind == "name" and token.text != "in"), "i")
        bounds = [token.kind for token in inside if token.kind in _BOUNDING or token.kind == ","]
        condition = self.between(inside[0].start, inside[-1].end) if {*bounds} <= {*COMPARISONS} else ""
        if not condition or len(condition) > SHOWN or "in" in (token.text for token in inside):
            condition = f"0 <= {index} < 3"
        message = f"`{kind.text}[...]` names the indices that it runs over, and nothing else"
        help_ = f"{_WHOLE_RANGE}; for a smaller one write `{kind.text}[{index}]([{condition}]*...)`"
        raise self.failure("TC209", message, self.text.span(self.token.start, self.tokens[end].end), help_)

    def _body_in_brackets(self, kind: Token, bracket: Token) -> str:
        """How to write ``sum[j, x[j]]``."""
        *names, body = self.parts(bracket)
        fits = names and all(map(str.isidentifier, names)) and len(body) < SHOWN
        return f"write `{kind.text}[{','.join(names)}]({body})`" if fits else f"write `{kind.text}[i](...)`"

    def bounds_in_braces(self) -> str | None:
        """How to write ``Sum[x[i], {i, 1, n}]``, at the brace; None where that is not what is read."""
        opened: list[int] = []
        for at, token in enumerate(self.tokens[: self.at]):
            if token.kind in CLOSING:
                opened.append(at)
            elif token.kind in CLOSING.values() and opened:
                opened.pop()
        owner = self.tokens[opened[-1] - 1] if opened and opened[-1] else None
        kind = _SUMMED.get(owner.text.lower()) if owner is not None else None
        if kind is None or self.peek().kind != "name":
            return None
        body = self.parts(self.tokens[opened[-1]])[0]
        if "{" in body:
            return None
        shown = body if len(body) < SHOWN else "..."
        return f"write `{kind}[{self.peek().text}]({shown})`: {_WHOLE_RANGE}"

    def refuse_without_index(self, name: Token, arguments: tuple[Expression, ...]) -> None:
        """``sum(x[i])``, without the index."""
        opening = self.tokens[self.tokens.index(name) + 1]
        index, inner = self.reduced(name, opening.end, self.tokens[self.at - 1].start)
        written = self.between(opening.end, self.tokens[self.at - 1].start)
        match arguments:
            case (Name(), *_) if self.kind == "(" and (names := _names(arguments)):  # sum(i)(x[i])
                behind = self.tokens[self.closing_of(self.at)]
                index, inner = ",".join(names), self.between(self.token.end, behind.start)
            case (_, Name(), *_) if names := _names(arguments[1:]):  # sum(x[i,j], i, j)
                index, inner = ",".join(names), written.rsplit(",", len(names))[0]
            case (Name(), *_, _) if names := _names(arguments[:-1]):  # sum(i, j, x[i,j])
                index, inner = ",".join(names), written.split(",", len(names))[-1].strip()
            case (Name(),):
                inner += f"[{index}]"
            case () | (_, _, *_):
                inner = "..."
        message = f"`{name.text}` needs the index that it runs over"
        help_ = f"write `{name.text}[{index}]({inner if len(inner) < SHOWN else '...'})`"
        raise self.failure("TC209", message, self.since(name), help_)

    def reduced(self, start: Token, begin: int, end: int) -> tuple[str, str]:
        """The indices that a reduction from ``start`` to here is meant to run over, and its body, for help.

        begin, end: where the body stands. Where all of its indices are in use outside, the last one has a new name.
        """
        place = self.tokens.index(start)
        found = _in_brackets(self.tokens[place : self.at])
        outside = {token.text for token in _in_brackets([*self.tokens[:place], *self.tokens[self.at :]])}
        own = dict.fromkeys(token.text for token in found if token.text not in outside)
        if own:
            return ",".join(own), self.between(begin, end).rstrip(", ")
        names = {token.text for token in self.tokens}
        letters = FRESH_LETTERS if found else INDEX_LETTERS
        fresh = next((letter for letter in letters if letter not in names), f"{letters[0]}2")
        body, at = "", begin
        for token in found:
            if token.text == found[-1].text:
                body, at = f"{body}{self.text.text[at : token.start]}{fresh}", token.end
        return fresh, respelled(body + self.text.text[at:end]).rstrip(", ")

    def _rest_of_term(self) -> str:
        """The text from here to the end of the term, for help; dots where that is nothing, or long."""
        if self.kind not in _OPENING_TERM:
            return "..."
        depth, last = 0, self.token
        for token in self.tokens[self.at :]:
            depth += (token.kind in CLOSING) - (token.kind in CLOSING.values())
            if depth < 0 or token.kind in _BEHIND_ALL or (not depth and token.kind in _BEHIND_TERM):
                break
            last = token
        inner = self.between(self.token.start, last.end)
        return inner if len(inner) < SHOWN and depth <= 0 else "..."


def _names(nodes: Iterable[Expression]) -> list[str]:
    """What is named, where all are names alone."""
    found = [node.name if isinstance(node, Name) else "" for node in nodes]
    return found if all(found) else []


def _in_brackets(tokens: Iterable[Token]) -> list[Token]:
    """The names that stand directly in square brackets."""
    found: list[Token] = []
    open_brackets: list[str] = []
    for token in tokens:
        if token.kind in CLOSING:
            open_brackets.append(token.kind)
        elif token.kind in CLOSING.values() and open_brackets:
            open_brackets.pop()
        elif token.kind == "name" and open_brackets[-1:] == ["["]:
            found.append(token)
    return found
