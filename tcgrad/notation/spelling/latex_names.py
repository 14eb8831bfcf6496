"""Names, subscripts and function calls as LaTeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from functools import reduce
from typing import NamedTuple

from tcgrad.functions import Function

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
_GREEK = frozenset(_GREEK_NAMES.split())
CAPITAL_GREEK = frozenset(name for name in _GREEK if name[0].isupper())
_GREEK_LETTERS = dict(zip("αβγδϵζηθικλμνξπρστυϕχψωΓΔΘΛΞΠΣΥΦΨΩ", _GREEK_NAMES.split(), strict=True))
_GREEK_LETTERS |= {"φ": "phi", "ε": "eps"}
_OTHER = {"eps": r"\varepsilon", "levi_civita": r"\varepsilon", "ℓ": r"\ell", "ħ": r"\hbar"}
_ACCENTS = {
    "\u0300": r"\grave", "\u0301": r"\acute", "\u0302": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar",
    "\u0306": r"\breve", "\u0307": r"\dot", "\u0308": r"\ddot", "\u030a": r"\mathring", "\u030c": r"\check",
    "\u20d7": r"\vec",
}  # fmt: skip
_INTRINSIC = re.compile(r"(inv|det|logdet)\((.*)\)")
_LAST_EUROPEAN = "ſ"  # of the letters that plain LaTeX has in text
CHARACTER = re.compile(rf".[{''.join(_ACCENTS)}]*", re.DOTALL)  # with the accents that are written behind it
_MARKED = re.compile(rf"([^\W\d_]+?[{''.join(_ACCENTS)}]*)_?(\d+|(?<=_)[^\W_]+)")
_SPECIAL = re.compile(r"[#$%&_{}\\~^]")


class Stem(NamedTuple):
    """The letter or word of a tensor's name, to be dressed as what it is.

    name: the whole name. order: the number of the tensor's axes. text: the letter or word alone.
    latex: the same in LaTeX, undressed.
    """

    name: str
    order: int
    text: str
    latex: str
    is_letter: bool


Dress = Callable[[Stem], str]


class Spelling(NamedTuple):
    """How names are written.

    dress: how the letter of a tensor shows its order.
    words: the names that are written as words, whatever letter they are of.
    above: those whose number stands above without subscripts, too, as below it would be a position.
    """

    dress: Dress = lambda stem: stem.latex
    words: frozenset[str] = frozenset()
    above: frozenset[str] = frozenset()


USUAL = Spelling()


def latex_name(name: str, positions: Sequence[str], order: int = 0, spelling: Spelling = USUAL, also: str = "") -> str:
    """A name with its subscripts: ``W1`` at i, j is ``W^{(1)}_{ij}``, ``gamma`` is ``\\gamma``.

    What marks a name stands above its subscripts; without any it is one, lest it be read as an exponent.

    order: that of the tensor that is named.
    also: what marks it besides.
    """
    intrinsic = _INTRINSIC.fullmatch(name)
    if intrinsic:
        kind, operand = intrinsic[1], intrinsic[2]
        return _intrinsic(kind, latex_name(operand, (), order if kind == "inv" else order + 2, spelling), positions)
    text, mark = (name, "") if name in spelling.words else _parts(spelt(name))
    is_letter = _is_letter(text) and name not in spelling.words
    letter = _letter_or_word(text) if is_letter else rf"\mathrm{{{latex_word(text)}}}"
    stem = spelling.dress(Stem(spelt(name), order, text, letter, is_letter))
    subscript = latex_positions(positions)
    marks = [part if part.isdecimal() else rf"\mathrm{{{latex_word(part)}}}" for part in (mark, also) if part]
    if marks and not subscript and name not in spelling.above:
        return f"{stem}_{{{', '.join(marks)}}}"
    if marks:
        stem += f"^{{{', '.join(f'({part})' if part.isdecimal() else part for part in marks)}}}"
    return f"{stem}_{{{subscript}}}" if subscript else stem


def letter_and_mark(name: str) -> tuple[str, str]:
    """What a name is recognised by: its letter or word in LaTeX, and what marks it."""
    text, mark = _parts(spelt(name))
    return _letter_or_word(text), mark


def spelt(name: str) -> str:
    """A name with its Greek letter by name, as LaTeX has it: ``gamma_1`` for ``γ_1``."""
    letter = _GREEK_LETTERS.get(name[:1])
    return letter + name[1:] if letter and _parts(name)[0] == name[0] else name


def _parts(name: str) -> tuple[str, str]:
    """A name's letter and what is written after it, ``("y", "true")`` of ``y_true``; a word stays whole."""
    marked = _MARKED.fullmatch(name)
    return (marked[1], marked[2]) if marked and _is_letter(marked[1]) else (name, "")


def _is_letter(name: str) -> bool:
    return len(name) == 1 or name in _GREEK or name in _OTHER or _accented(name) is not None


def _accented(name: str) -> str | None:
    """A letter with accents in LaTeX, ``\\hat{y}`` for ``ŷ``; None for all else."""
    letter, *accents = list(unicodedata.normalize("NFD", name))
    if not accents or not _ACCENTS.keys() >= set(accents):
        return None
    return reduce(lambda inner, accent: f"{_ACCENTS[accent]}{{{inner}}}", accents, _letter_or_word(spelt(letter)))


def _letter_or_word(name: str) -> str:
    if name in _GREEK:
        return rf"\{name}"
    if name in _OTHER:
        return _OTHER[name]
    return _accented(name) or (_plain(name) if len(name) == 1 else rf"\mathrm{{{latex_word(name)}}}")


def _plain(char: str) -> str:
    """A letter without accents; one that mathematics does not have, as it stands in text."""
    other = _OTHER.get(char)
    return f"{{{other}}}" if other else rf"\text{{{char}}}" if "\x7f" < char <= _LAST_EUROPEAN else escape(char)


def latex_word(text: str) -> str:
    """The letters of a word for mathematics, where those that plain LaTeX does not know have commands."""
    return "".join(_accented(char) or _greek(char) or _plain(char) for char in CHARACTER.findall(text))


def _greek(char: str) -> str:
    name = _GREEK_LETTERS.get(char)
    return f"{{{_letter_or_word(name)}}}" if name else ""


def latex_letter(char: str) -> str | None:
    """A letter that only mathematics has, Greek or with accents that European alphabets lack; None for all else."""
    name = _GREEK_LETTERS.get(char)
    european = len(char) == 1 and char <= _LAST_EUROPEAN
    return _letter_or_word(name) if name else None if european else _accented(char)


def escape(text: str) -> str:
    """Text with the characters that LaTeX gives a meaning made harmless."""
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], "\\" + found[0]), text)


_ESCAPES = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def _intrinsic(kind: str, inner: str, positions: Sequence[str]) -> str:
    if kind == "inv":
        whole = rf"\left({inner}^{{-1}}\right)"
    else:
        whole = (r"\log" if kind == "logdet" else "") + rf"\det\left({inner}\right)"
    subscript = latex_positions(positions)
    return f"{whole}_{{{subscript}}}" if subscript else whole


_WORD = r"\\math(?:rm\{|bf\{(?=\w\w))"
_WORD_FIRST = re.compile(_WORD)
_WORD_LAST = re.compile(_WORD + r"(?:[^{}]|\{[^{}]*\})*\}(_\{[^{}]*\})?(\^\{[^{}]*\})?$")


def latex_between(left: str, right: str) -> str:
    """What stands between two factors: a dot between numbers and powers of numbers, a thin space beside a word, and
    between a number and the one-tensor.
    """
    if left[:1].isdigit() and right[:1].isdigit():
        return r" \cdot "
    is_word = _WORD_FIRST.match(right) is not None or _WORD_LAST.search(left) is not None
    is_number = left[-1:].isdigit() and right.startswith(r"\mathbf{1}")
    return r" \, " if is_word or is_number else " "


def latex_positions(positions: Sequence[str]) -> str:
    """Subscripts: letters side by side, anything longer between commas."""
    simple = all(len(position) == 1 or position.lstrip("\\") in _GREEK for position in positions)
    return (
        (" " if any(p.startswith("\\") for p in positions) else "").join(positions) if simple else ", ".join(positions)
    )


def latex_function(function: Function, arguments: Sequence[str], words: Collection[str] = ()) -> str:
    """A function applied to its arguments; one that is among ``words`` by its name, not by its letter."""
    if function.name in words:
        return rf"\operatorname{{{latex_word(function.name)}}}\left({', '.join(arguments)}\right)"
    if not function.is_abstract:
        return function.latex.format(*arguments)
    base, prime, numbers = function.name.partition("'")
    numbers = numbers.lstrip("'")
    primes = "'" * function.name.count("'") if prime else ""
    base = spelt(base)
    head = _letter_or_word(base) if _is_letter(base) else rf"\operatorname{{{latex_word(base)}}}"
    subscript = f"_{{{numbers}}}" if numbers else ""
    return rf"{head}{primes}{subscript}\left({', '.join(arguments)}\right)"
