"""Elementwise functions as NumPy alone has them."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.functions import Function
from tcgrad.notation.numpy_pieces import ATOM, SUM, Piece, atom, within


def template_of(function: Function) -> str | None:
    """The call, ``{0}``, ``{1}`` standing for the arguments; None where SciPy or code of our own is needed."""
    plain = bool(function.numpy) and function.scipy is None and function.helper is None
    return function.numpy if plain else function.inline


def applied(function: Function, arguments: Sequence[Piece]) -> Piece:
    """A function that has a template, of arguments."""
    template = template_of(function) or ""
    if template == function.numpy:
        return atom(template, *(piece.text for piece in arguments))
    return Piece(template.format(*(within(piece, ATOM) for piece in arguments)), SUM)
