"""Elementwise functions as one expression has them that knows NumPy by its name ``np``, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.functions import Function
from tcgrad.notation.as_numpy.pieces import ATOM, SUM, Piece, atom, within

_SCIPY = '__import__("scipy.special").special'  # an expression imports for itself: no name but `np` is bound for it


def is_of_numpy(function: Function) -> bool:
    """Whether NumPy alone can evaluate it."""
    return function.scipy is None and template_of(function) is not None


def template_of(function: Function) -> str | None:
    """The call, ``{0}``, ``{1}`` standing for the arguments; None for an abstract function."""
    template = function.numpy if _is_one_call(function) else function.inline
    if template is None or function.scipy is None:
        return template
    return template.replace(f"{function.scipy}(", f"{_SCIPY}.{function.scipy}(")


def applied(function: Function, arguments: Sequence[Piece]) -> Piece:
    """A function that has a template, of arguments."""
    template = template_of(function) or ""
    if _is_one_call(function):
        return atom(template, *(piece.text for piece in arguments))
    return Piece(template.format(*(within(piece, ATOM) for piece in arguments)), SUM)


def _is_one_call(function: Function) -> bool:
    return bool(function.numpy) and function.helper is None
