"""Names, subscripts and function calls as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tcgrad.functions import Function

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
_GREEK = frozenset(_GREEK_NAMES.split())
_OTHER = {"eps": r"\varepsilon", "levi_civita": r"\varepsilon"}
_INTRINSIC = re.compile(r"(inv|det|logdet)\((.*)\)")
_MARKED = re.compile(r"([^\W\d_]+?)_?(\d+|(?<=_)[^\W_]+)")
_SPECIAL = re.compile(r"[#$%&_{}\\~^]")


def latex_name(name: str, positions: Sequence[str]) -> str:
    """A name with its subscripts: ``W1`` at i, j is ``W^{(1)}_{ij}``, ``gamma`` is ``\\gamma``."""
    intrinsic = _INTRINSIC.fullmatch(name)
    if intrinsic:
        return _intrinsic(intrinsic[1], intrinsic[2], positions)
    stem, mark = _parts(name)
    subscript = latex_positions(positions)
    if mark.isdecimal() and not subscript:
        return f"{stem}_{{{mark}}}"
    if mark:
        stem += f"^{{({mark})}}" if mark.isdecimal() else rf"^{{\mathrm{{{mark}}}}}"
    return f"{stem}_{{{subscript}}}" if subscript else stem


def _parts(name: str) -> tuple[str, str]:
    """A name's letter and what is written after it, ``("y", "true")`` of ``y_true``; a word stays whole."""
    marked = _MARKED.fullmatch(name)
    if marked and _is_letter(marked[1]):
        return _plain(marked[1]), marked[2]
    return _plain(name), ""


def _is_letter(name: str) -> bool:
    return len(name) == 1 or name in _GREEK or name in _OTHER


def _plain(name: str) -> str:
    if name in _GREEK:
        return rf"\{name}"
    if name in _OTHER:
        return _OTHER[name]
    return name if len(name) == 1 else rf"\mathrm{{{escape(name)}}}"


def escape(text: str) -> str:
    """Text with the characters that LaTeX gives a meaning made harmless."""
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], "\\" + found[0]), text)


_ESCAPES = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def _intrinsic(kind: str, operand: str, positions: Sequence[str]) -> str:
    inner = latex_name(operand, ())
    if kind == "inv":
        whole = rf"\left({inner}^{{-1}}\right)"
    else:
        whole = (r"\log" if kind == "logdet" else "") + rf"\det\left({inner}\right)"
    subscript = latex_positions(positions)
    return f"{whole}_{{{subscript}}}" if subscript else whole


def latex_positions(positions: Sequence[str]) -> str:
    """Subscripts: letters side by side, anything longer between commas."""
    simple = all(len(position) == 1 or position.lstrip("\\") in _GREEK for position in positions)
    return (
        (" " if any(p.startswith("\\") for p in positions) else "").join(positions) if simple else ", ".join(positions)
    )


def latex_function(function: Function, arguments: Sequence[str]) -> str:
    """A function applied to its arguments."""
    if not function.is_abstract:
        return function.latex.format(*arguments)
    base, prime, numbers = function.name.partition("'")
    numbers = numbers.lstrip("'")
    primes = "'" * function.name.count("'") if prime else ""
    head = _plain(base) if _is_letter(base) else rf"\operatorname{{{escape(base)}}}"
    subscript = f"_{{{numbers}}}" if numbers else ""
    return rf"{head}{primes}{subscript}\left({', '.join(arguments)}\right)"
