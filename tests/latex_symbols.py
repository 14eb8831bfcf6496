"""What the signs of index notation in LaTeX stand for: functions, and names as they are recognised."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from scipy import special

Key = tuple[str, str]  # a letter or a word, and what marks it

GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
GREEK = dict(zip("αβγδϵζηθικλμνξπρστυϕχψωΓΔΘΛΞΠΣΥΦΨΩ", GREEK_NAMES.split(), strict=True))
GREEK |= {"φ": "phi", "ε": "varepsilon", "ℓ": "ell", "ħ": "hbar"}
LETTERS = frozenset(GREEK.values())
ACCENTS = {
    "grave": "\u0300", "acute": "\u0301", "hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "breve": "\u0306",
    "dot": "\u0307", "ddot": "\u0308", "mathring": "\u030a", "check": "\u030c", "vec": "\u20d7",
}  # fmt: skip
CALLS = {
    "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "arcsin": np.arcsin, "arccos": np.arccos, "arctan": np.arctan, "max": max, "min": min,
    "arsinh": np.arcsinh, "arcosh": np.arccosh, "artanh": np.arctanh, "sigmoid": special.expit, "erf": special.erf,
    "softplus": lambda a: np.logaddexp(0, a), "relu": lambda a: max(a, 0), "silu": lambda a: a * special.expit(a),
    "gelu": lambda a: a * special.ndtr(a), "elu": lambda a: a if a > 0 else math.expm1(a), "erfc": special.erfc,
    "gelu_{tanh}": lambda a: a * special.expit(2 * math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)),
    "sign": np.sign, "atan2": np.arctan2, "leaky_relu": lambda a, slope: a if a > 0 else slope * a, "clip": np.clip,
}  # fmt: skip
FOLDS = {
    "max": max, "min": min, "prod": math.prod,
    "logsumexp": lambda values: special.logsumexp([float(value) for value in values]),
}  # fmt: skip
RELATIONS = {"=": "==", r"\le": "<=", r"\ge": ">=", r"\ne": "!=", "<": "<", ">": ">"}

_TOKEN = re.compile(r"\\(?:left|right)\s*(?:\\[a-zA-Z]+|.)|\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\S")
_SPACES = (r"\,", r"\quad", "\\ ")
_LETTER = rf"(?:{'|'.join(sorted(GREEK.values(), key=len, reverse=True))}|[^\W\d_][{''.join(ACCENTS.values())}]*)"


def pieces_of(text: str) -> list[str]:
    return [piece for piece in _TOKEN.findall(text) if piece not in _SPACES]


def spelling(name: str) -> Key:
    """How a name is recognised: a letter with what marks it, or a word."""
    plain = {"eps": "varepsilon"}.get(name, unicodedata.normalize("NFD", name))
    plain = "".join(GREEK.get(char, char) for char in plain)
    found = re.fullmatch(rf"({_LETTER})_?(\d+)|({_LETTER})_([^\W_]+)", plain)
    return (found[1] or found[3], found[2] or found[4]) if found else (plain, "")


def sign_of(places: Iterable[int]) -> int:
    """The permutation symbol."""
    return math.prod((one < other) - (one > other) for one, other in combinations(places, 2))


def mark(pieces: Sequence[str]) -> str:
    """What a group above or below a letter marks it with."""
    return "".join(piece for piece in pieces if piece not in (r"\mathrm", "(", ")", "{", "}"))


def split(pieces: Sequence[str]) -> list[list[str]]:
    """What stands between the commas that are in no braces or parentheses."""
    parts: list[list[str]] = [[]]
    depth = 0
    for piece in pieces:
        depth += 1 if piece == "{" or piece.startswith(r"\left") else 0
        depth -= 1 if piece == "}" or piece.startswith(r"\right") else 0
        if piece == "," and not depth:
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts
