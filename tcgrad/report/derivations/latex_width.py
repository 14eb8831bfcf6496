"""How wide a formula in LaTeX is on the page, about: in small letters of Computer Modern, which are half an em."""

from __future__ import annotations

import re
from typing import Final

TOKEN: Final = re.compile(r"\\(?:left|right)(?:\\[A-Za-z]+|.)|\\[A-Za-z]+|\\.|.", re.DOTALL)

_WIDE = {r"\operatorname": 0.5, r"\quad": 2, r"\sum": 2.6, r"\prod": 2.4, r"\frac": 0.5, r"\sqrt": 1.7, r"\mathbf": 0.3}
PRODUCTS = (r"\odot", r"\oslash", r"\otimes")  # the operators that stand between the factors of matrix notation
_SPACED = {"+", "-", "<", ">", "=", r"\le", r"\ge", r"\ne", r"\cdot", *PRODUCTS, r"\bmod"}
_NARROW = {" ", "&", r"\boldsymbol", r"\mathcal", r"\mathrm", r"\text", r"\texttt", r"\left.", r"\right."}
_OPERATOR = 2.2  # with the space around it
_CAPITAL = 1.45
_BRACKET = 1.1
_SMALL = 0.75  # how wide an index is beside a letter on the line


def width(text: str) -> float:
    """How many letters wide a text is about, as it is typeset."""
    return _Measure(TOKEN.findall(text)).until("")


class _Measure:
    """Reads tokens from the left."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens[::-1]

    def until(self, end: str) -> float:
        """The width of what stands before a token, which is read too."""
        total = 0.0
        while self._tokens:
            token = self._tokens.pop()
            if token == end:
                break
            total += self._token(token)
        return total

    def _token(self, token: str) -> float:
        match token:
            case "{":
                return self.until("}")
            case "_" | "^":
                return _SMALL * self._group()
            case r"\frac":
                return _WIDE[token] + max(self._group(), self._group())
            case r"\begin" | r"\end":
                self._group()
                return 1
            case _:
                return _own(token)

    def _group(self) -> float:
        while self._tokens and self._tokens[-1] == " ":
            self._tokens.pop()
        return self._token(self._tokens.pop()) if self._tokens else 0


def _own(token: str) -> float:
    if token in _NARROW:
        return 0
    if token in _SPACED:
        return _OPERATOR
    if token.startswith((r"\left", r"\right")):
        return _BRACKET
    return _WIDE.get(token, _CAPITAL if token.isupper() else 1)
