"""What the NumPy texts of a matrix and of the elements of a batch have in common."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from tcgrad.ir.indices import Integer
from tcgrad.notation.as_numpy.functions import template_of
from tcgrad.notation.as_numpy.names import code_size
from tcgrad.notation.as_numpy.pieces import ATOM, Piece, atom, number, quotient
from tcgrad.notation.matrix.nodes import (
    Apply,
    Choose,
    Commutation,
    Compare,
    Hadamard,
    MatMul,
    Matrix,
    Ones,
    Power,
    Scale,
    Sum,
    Transpose,
    Triangle,
    Zeros,
)
from tcgrad.notation.matrix.shape import is_ones, is_scalar, shape
from tcgrad.notation.matrix.signs import split_number
from tcgrad.notation.matrix.sizes import branches


def is_spelt(matrix: Matrix) -> bool:
    """Whether every function in it has values: an abstract one has none."""
    own = not isinstance(matrix, Apply) or template_of(matrix.function) is not None
    return own and all(map(is_spelt, matrix.operands))


def _spans(matrix: Matrix) -> tuple[bool, bool]:
    """Whether the loose text has rows, and whether it has columns."""
    chosen = branches(matrix)
    if chosen is not None:
        spans = [(False, False) if part is None or is_scalar(part) else _spans(part) for part in chosen[1:]]
        return all(rows for rows, _ in spans), all(columns for _, columns in spans)
    match matrix:
        case Ones() | Zeros():
            return False, False
        case Transpose() if None in shape(matrix):
            rows, columns = _spans(matrix.operand)
            return columns, rows
        case MatMul():
            return not isinstance(matrix.factors[0], Ones), not is_ones(matrix.factors[-1])
        case Scale(body=body) if body is not None:
            return _spans(body)
        case Hadamard() | Sum() | Power() | Apply() | Compare() | Choose():
            spans = [_spans(part) for part in matrix.operands if not is_scalar(part)]
            return any(rows for rows, _ in spans), any(columns for _, columns in spans)
        case _:
            return True, True


def covers(matrix: Matrix) -> bool:
    """Whether the loose text has every axis of the matrix."""
    return all(spanned or axis is None for spanned, axis in zip(_spans(matrix), shape(matrix), strict=True))


def commutation(matrix: Commutation) -> Piece:
    """The text of the permutation."""
    sizes = (matrix.rows, matrix.columns) if matrix.order == "row" else (matrix.columns, matrix.rows)
    rows, columns, area = (code_size(size) for size in (*sizes, matrix.rows * matrix.columns))
    blocks = f"np.eye({area}).reshape({rows}, {columns}, {area})"
    return Piece(f"{blocks}.swapaxes(0, 1).reshape({area}, {area})", ATOM)


def triangle(matrix: Triangle, write: Callable[[Matrix], Piece]) -> Piece:
    """The lower or the upper triangle of what is written."""
    offset = [str(matrix.offset)] if matrix.offset else []
    if not is_ones(matrix.operand):
        return atom(f"np.{matrix.side}({{0}})", ", ".join([write(matrix.operand).text, *offset]))
    rows, columns = (code_size(axis) for axis in shape(matrix) if axis is not None)
    if matrix.side == "triu":
        return atom("np.triu({0})", ", ".join([f"np.ones(({rows}, {columns}))", *offset]))
    sizes = [rows] if rows == columns and not offset else [rows, columns]
    return atom("np.tri({0})", ", ".join([*sizes, *offset]))


def off_diagonal(size: Integer, piece: Piece) -> Piece:
    """0 on the diagonal, and what a text says elsewhere."""
    return atom("np.where(np.eye({0}), 0, {1})", code_size(size), piece.text)


def scaled_piece(scale: Scale, write: Callable[[Matrix], Piece], body: Piece | None) -> Piece:
    """What a scale that is not negative makes of a body, which may be another one than its own; None: of no more."""
    times, divisor = split_number(scale.coefficient)
    above = [*([number(times)] if times != 1 else []), *map(write, scale.factors), *([] if body is None else [body])]
    below = [*([number(Fraction(divisor))] if divisor != 1 else []), *map(write, scale.divisors)]
    return above[0] if len(above) == 1 and not below else quotient(above, below)
