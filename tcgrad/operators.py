"""How tightly forms bind, for every printer, and the names and signs of the language."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Precedence(IntEnum):
    """How tightly a form binds, from loosest to tightest.

    An operand needs parentheses where it binds less tightly than the place it stands in.
    """

    COMPARISON = 0
    SUM = 1
    PRODUCT = 2
    UNARY = 3
    POWER = 4
    ATOM = 5


OPERATORS: Final = ("+", "-", "*", "/", "//", "%", "^", "**")

COMPARISONS: Final = ("==", "!=", "<=", ">=", "<", ">")

SUBSCRIPT: Final = ("[", "_{")  # what opens one
CLOSING: Final = {"(": ")", "[": "]", "{": "}", "_{": "}"}

REDUCTIONS: Final = ("sum", "mean", "prod", "max", "min", "logsumexp")

INTRINSICS: Final = ("inv", "det", "logdet")

INDEX_LETTERS: Final = "ijkmnpqrstuvwxyzabcdefgh"
"""What indices are called where nothing names them, in order; ``l`` is the scalar of gradients."""

FRESH_LETTERS: Final = INDEX_LETTERS[2:] + INDEX_LETTERS[:2]
"""The same for one more beside others, which are likely to be ``i`` and ``j``."""

ONE: Final = "1"
DELTA: Final = "delta"
LEVI_CIVITA: Final = "levi_civita"

ALIASES: Final = {"δ": DELTA, "ε": LEVI_CIVITA}
"""Other spellings of built-in tensors, for names that a spec does not declare itself."""

FORMS: Final = (DELTA, LEVI_CIVITA, *REDUCTIONS, "where", *INTRINSICS, "pi")
"""The names of the language's own forms; with the functions of the table they are reserved."""
