"""From the text of an equation to tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple, cast

from tcgrad.composed import composed
from tcgrad.errors import Diagnostic, Located, Report
from tcgrad.language.elsewhere import HOW_TO_WRITE

UNREADABLE = "unreadable"


class Token(NamedTuple):
    """``kind`` is ``name``, ``number``, ``end`` or the symbol itself; ``start`` and ``end`` count in the text.

    A name stands in its composed form.
    """

    kind: str
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    r"""
      (?P<skip>   \s+ | \#[^\n]* )
    | (?P<number> (?:[0-9]+\.?[0-9]*|\.[0-9]+) (?:[eE][+-]?[0-9]+)? )
    | (?P<name>   (?!_\{) (?: [^\W\d]\w*?(?=_\{) | [^\W\d]\w* ) (?:'+[0-9]*)? )
    | (?P<symbol> _\{ | \*\* | // | == | != | <= | >= | [-+*/%^()\[\]{},<>=] )
    | (?P<other>  . )
    """,
    re.VERBOSE | re.DOTALL,
)

_COMMENT = re.compile(r"#[^\r\n]*")
_PRIMES = re.compile(r"'+[0-9]*")

_SPELLINGS = {
    "·": "*",
    "\u0387": "*",
    "⋅": "*",
    "×": "*",
    "∗": "*",
    "∙": "*",
    "•": "*",
    "✕": "*",
    "÷": "/",
    "∕": "/",
    "⁄": "/",
    "−": "-",
    "–": "-",
    "—": "-",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
}

_BEFORE_OPERAND = ("[", "(", ",", "=", "+", "-", "*", "/", "^")
_SIGNS = frozenset("+-*/%^()[]{},<>=")

_HINTS = {
    "@": "write a matrix product with indices: a[i,k]*b[k,j]",
    ":=": "write `=`",
    ":": "write an index for every axis, as in x[i,j]",
    ".": "write functions by their names alone, as in exp(x), and a transpose by its indices: a[j,i]",
    ".T": "write a transpose by its indices: a[j,i]",
    "\\": "write names without a backslash: delta[i,j], sum[i](...), exp(x)",
    "|": "write abs(x) for |x|, and a product of Iverson brackets for a condition",
    "&": "write both conditions as a product of Iverson brackets: [a < b]*[b < c]",
    "!": "write != for 'not equal', the opposite comparison for 'not', and exp(lgamma(n + 1)) for a factorial",
    ";": "write one equation a line",
    **dict.fromkeys("~¬", "write the opposite comparison, or 1 - [a < b]"),
    "∂": "write dy[i]/dx[p]",
    "∑": "write sum[i](...)",
    "∏": "write prod[i](...)",
    "√": "write sqrt(x)",
    "∛": "write cbrt(x)",
    "∇": "write dl/dx[p] for a gradient",
    "⊙": "write a product of components with the same indices: a[i]*b[i]",
    "∘": "write a product of components with the same indices: a[i]*b[i]",
    "⊗": "write a product of components: a[i]*b[j]",
    "‖": "write sqrt(x[i]*x[i]) for the norm of x",
    "∥": "write sqrt(x[i]*x[i]) for the norm of x",
    "½": "write 1/2",
    "¼": "write 1/4",
    "¾": "write 3/4",
    "⁻": "write ^-1, and inv(A)[i,j] for the inverse of a matrix",
    "$": "write equations as plain text, without $",
    "∈": "write a range as an Iverson bracket: [0 <= i < 3]",
    **dict.fromkeys("⟨⟩〈〉", "write an inner product with its indices: a[i]*b[i]"),
    "→": "write one equation a line, as NAME[indices] = expression",
    "←": "write `=`",
    "≔": "write `=`",
    "≡": "write `=`, or a comparison such as [a == b]",
    "≈": "write `=`, or a comparison such as [a == b]",
    **dict.fromkeys(("…", ".."), "write all indices out, and sums as sum[i](...)"),
    **dict.fromkeys('"“”„‘’`', "write names without quotes"),
    "∞": "write a large number: there is no infinity in an equation",
    "×": "write the letter `x`",
    "?": "write where(x > 0, a, b)",
    "'": "a prime stands directly behind the name of an abstract function: f'(x)",
    "ᵀ": "write a transpose by its indices: a[j,i]",
    **{power: f"write ^{digit}" for digit, power in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}

_BETWEEN = {";": "write `,`", "..": _HINTS[":"]}  # inside brackets
SIZE_ALONE = "write the size alone: indices count from 0"
_IN_SIZES = {";": "write a comma between two sizes", **dict.fromkeys((":", "."), SIZE_ALONE)}
_OUTSIDE = {":=": _HINTS[":="], ":": "write where(x > 0, a, b) for a choice"}

_COMMANDS = {
    "frac": "write a quotient as a/b",
    "sum": _HINTS["∑"],
    "prod": _HINTS["∏"],
    "sqrt": _HINTS["√"],
    "partial": _HINTS["∂"],
    "nabla": _HINTS["∇"],
    "odot": _HINTS["⊙"],
    "otimes": _HINTS["⊗"],
    "infty": _HINTS["∞"],
    **dict.fromkeys(["dfrac", "tfrac"], "write a quotient as a/b"),
    **dict.fromkeys(["cdot", "times"], "write `*`"),
    **dict.fromkeys(["le", "leq"], "write `<=`"),
    **dict.fromkeys(["ge", "geq"], "write `>=`"),
    **dict.fromkeys(["ne", "neq"], "write `!=`"),
    **dict.fromkeys(["top", "intercal"], _HINTS["ᵀ"]),
    **dict.fromkeys(["ldots", "cdots", "dots"], _HINTS["…"]),
}  # of LaTeX

_COMMAND = re.compile(r"\\([A-Za-z]+)")
_METHOD = re.compile(r"(?:\.\w+)*\.(\w+)")  # the end of ``np.linalg.norm``
_CALLED = re.compile(r"(\w+)\s*\(\s*\Z")  # the function whose first argument is next
_LAMBDA = re.compile(r"(?:[^=]*=)?\s*lambda\s")


def tokenize(text: Located, report: Report, *, is_size: bool = False) -> list[Token]:
    """The tokens of an equation, or of a size, an ``end`` token last.

    A character that belongs to none is reported (TC201). Where it is another spelling of an operator, that stands for
    it; else there is no telling what was meant, and the tokens end with one of the kind `UNREADABLE`.
    """
    tokens: list[Token] = []
    at, length = 0, len(text.text)
    for kind, found in _pieces(text.text):
        end = at + len(found)
        if kind == "other":
            tokens.append(_stray(text, report, at, found, is_size=is_size))
            if tokens[-1].kind == UNREADABLE:
                return tokens
        elif kind != "skip":
            name = found if found.isascii() else composed(found)
            tokens.append(Token(found if kind == "symbol" else kind, name, at, end))
        at = end
    tokens.append(Token("end", "", length, length))
    return tokens


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """The pieces of a text one after the other, each with its kind."""
    if text.isascii():
        yield from ((cast("str", match.lastgroup), match[0]) for match in _TOKEN.finditer(text))
        return
    at = 0
    while at < len(text):
        kind, found = _next(text, at)
        yield kind, found
        at += len(found)


def _next(text: str, at: int) -> tuple[str, str]:
    """The kind and the text of what begins at ``at``."""
    match = cast("re.Match[str]", _TOKEN.match(text, at))
    kind, found = cast("str", match.lastgroup), match.group()
    after = text[match.end() : match.end() + 1]
    plain = kind != "name" or (found.isascii() and after.isascii())
    return (kind, found) if plain else _identifier(text, at)


def _identifier(text: str, at: int) -> tuple[str, str]:
    """The Unicode identifier at ``at`` with its primes, or one character as no token.

    Word characters are neither all that go on an identifier (combining marks do) nor do they all (superscripts do not).
    """
    if not text[at].isidentifier():
        return "other", text[at]
    end = at + 1
    while end < len(text) and _goes_on(text[end]) and not text.startswith("_{", end):
        end += 1
    primes = _PRIMES.match(text, end)
    return "name", text[at : primes.end() if primes else end]


def _goes_on(char: str) -> bool:
    return f"a{char}".isidentifier() and char not in _SPELLINGS


def _stray(text: Located, report: Report, at: int, char: str, *, is_size: bool) -> Token:
    """Report a character that belongs to no token; the token that was plainly meant by it, or else the end."""
    spelling = _SPELLINGS.get(char) or _narrow(char)
    if char == "×" and text.text[:at].rstrip()[-1:] in _BEFORE_OPERAND:
        spelling = None  # the letter was meant
    shown = char if char.isprintable() else f"U+{ord(char):04X}"
    help_ = f"write `{spelling}`" if spelling else _hint(text.text, at, is_size=is_size)
    span = text.span(at, at + 1)
    report.add(Diagnostic("TC201", f"the character `{shown}` has no meaning here", span, help_))
    return Token(spelling or UNREADABLE, spelling or "", at, at + 1)


def _hint(text: str, at: int, *, is_size: bool) -> str | None:
    """How to write what the character at a place begins elsewhere."""
    signs = (text[at : at + 2], text[at])
    before, after = text[:at], text[at + 1 :]
    hints = [*map(_IN_SIZES.get, signs)] if is_size else []
    match text[at]:
        case "\\":
            command = _COMMAND.match(text, at)
            hints.append(_COMMANDS.get(command[1]) if command else None)
        case ".":
            method = _METHOD.match(text, at)
            hints.append(HOW_TO_WRITE.get(method[1]) if method else _dot(after))
        case ":" if _LAMBDA.match(text):
            hints.append(HOW_TO_WRITE["return"])
        case ":" if "=" not in text and not _is_in_brackets(before):
            hints.append(_HINTS[":="])
        case ";" if not after.strip():
            hints.append("take out the `;`")
        case "'" | '"':
            called = _CALLED.search(before)
            hints.append(HOW_TO_WRITE.get(called[1]) if called else None)
            hints.append(_HINTS["ᵀ"] if text[at] == "'" and before.rstrip().endswith(("]", ")")) else None)
            hints.append(_HINTS['"'] if before.rstrip()[-1:] in _BEFORE_OPERAND else None)
        case char if (digit := unicodedata.decimal(char, None)) is not None:
            hints.append(f"write `{digit}`")
        case char if unicodedata.category(char) == "Cf":
            hints.append("take it out: it cannot be seen")
    hints += map((_BETWEEN if _is_in_brackets(before) else _OUTSIDE).get, signs)
    return next(filter(None, (*hints, *map(_HINTS.get, signs))), None)


def _dot(after: str) -> str | None:
    """What is said of a dot that ends an equation, stands by itself, or is before an operator or a parenthesis."""
    if not after.strip():
        return "take out the `.`"
    if after[0].isspace():
        return "write `*`"
    return "take out the `.`: every operation is one of numbers" if after[0] in "+-*/^(" else None


def _is_in_brackets(before: str) -> bool:
    """Whether a bracket is open behind a text."""
    return sum(before.count(sign) for sign in "([") > sum(before.count(sign) for sign in ")]")


def respelled(text: str) -> str:
    """A part of an equation as it is read, for help that shows a correction.

    On one line, without comments, and with operators as this language writes them.
    """
    line = " ".join(_COMMENT.sub("", text).split())
    return line if line.isascii() else "".join(_SPELLINGS.get(char) or _narrow(char) or char for char in line)


def _narrow(char: str) -> str | None:
    """The sign that a full-width or small one, as East Asian keyboards give it, is a form of."""
    width, _, _ = unicodedata.decomposition(char).partition(" ")
    narrow = unicodedata.normalize("NFKC", char)
    return narrow if width in {"<wide>", "<small>"} and narrow in _SIGNS else None
