"""Matrix notation as one NumPy expression: vectors are 1-D, ones are broadcast, diagonal matrices scale.

A text is *loose* where NumPy's broadcasting will fill the axes that it lacks: there ``v 1ᵀ`` is ``v[:, None]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import assert_never

from tcgrad.notation.as_numpy.chains import Chains
from tcgrad.notation.as_numpy.common import commutation, covers, is_spelt, off_diagonal, scaled_piece, triangle
from tcgrad.notation.as_numpy.distances import Distances, split_distances
from tcgrad.notation.as_numpy.functions import applied
from tcgrad.notation.as_numpy.names import code_name, code_size, subscript
from tcgrad.notation.as_numpy.pieces import (
    ATOM,
    CHAIN,
    POWER,
    UNARY,
    Piece,
    added,
    as_number,
    atom,
    negative,
    number,
    quotient,
    size,
    within,
)
from tcgrad.notation.matrix.masks import split_mask
from tcgrad.notation.matrix.nodes import (
    Apply,
    BatchDelta,
    BatchSum,
    Choose,
    Commutation,
    Compare,
    CrossMatrix,
    DiagMatrix,
    DiagVector,
    Fold,
    FoldKind,
    Hadamard,
    Identity,
    Inverse,
    Kron,
    MatMul,
    Matrix,
    Number,
    OneHot,
    Ones,
    Power,
    Scale,
    Size,
    Sum,
    Symbol,
    Transpose,
    Triangle,
    Unit,
    Vec,
    Zeros,
)
from tcgrad.notation.matrix.scaling import scaled
from tcgrad.notation.matrix.shape import is_ones, is_scalar, shape
from tcgrad.notation.matrix.signs import split_sign
from tcgrad.notation.matrix.sizes import branches

_FOLDS: dict[FoldKind, str] = {
    "tr": "np.trace({0})",
    "det": "np.linalg.det({0})",
    "logdet": "np.linalg.slogdet({0})[1]",
    "norm": "np.linalg.norm({0})",
    "max": "np.max({0})",
    "min": "np.min({0})",
    "prod": "np.prod({0})",
    "logsumexp": "np.logaddexp.reduce({0}, axis=None)",
}


def numpy_text(matrix: Matrix) -> str | None:
    """The expression, or None where a function in it cannot be written with NumPy alone."""
    return _full(matrix).text if is_spelt(matrix) else None


def _full(matrix: Matrix) -> Piece:
    """The text of the whole array."""
    return _show(matrix, full=not covers(matrix))


def _loose(matrix: Matrix) -> Piece:
    return _show(matrix, full=False)


def _show(matrix: Matrix, *, full: bool) -> Piece:
    """The text; ``full`` where axes have to be made that the loose text lacks."""
    chosen = branches(matrix)
    if chosen is not None:
        condition, *either = chosen
        texts = [_branch(part, matrix, full=full) for part in either]
        return atom("({0} if {1} else {2})", texts[0], _condition(condition, " and "), texts[1])
    match matrix:
        case Number():
            return number(matrix.value)
        case Size():
            return size(matrix.value)
        case Symbol():
            return as_number(matrix.tensor, code_name(matrix.tensor) + subscript(matrix.at))
        case Ones():
            return atom("np.ones({0})", code_size(matrix.size)) if full else Piece("1", ATOM)
        case Unit():
            return atom("np.eye({0})[{1}]", code_size(matrix.size), code_size(matrix.position))
        case Zeros():
            return atom("np.zeros({0})", _shape_code(matrix)) if full else Piece("0", ATOM)
        case Identity():
            return atom("np.eye({0})", code_size(matrix.size))
        case Commutation():
            return commutation(matrix)
        case BatchSum() | BatchDelta():
            raise TypeError("what is said of slices is written by the batched writer")
        case Transpose() if None in shape(matrix):
            return _show(matrix.operand, full=full)
        case Transpose():
            return Piece(within(_full(matrix.operand), ATOM) + ".T", ATOM)
        case Inverse(operand=DiagMatrix(vector=vector)):
            return atom("np.diag({0})", f"1 / {within(_full(vector), UNARY)}")
        case Inverse():
            return atom("np.linalg.inv({0})", _full(matrix.operand).text)
        case MatMul():
            return _CHAINS.product(matrix, spread=full)
        case Hadamard():
            return _hadamard(matrix, full=full)
        case Kron():
            return atom("np.kron({0}, {1})", _kron_operand(matrix.left), _kron_operand(matrix.right))
        case Scale():
            return _scale(matrix, full=full)
        case Sum():
            return _sum(matrix, full=full)
        case Power():
            return _power(matrix, full=full)
        case Apply():
            return applied(matrix.function, _elementwise(matrix.arguments, full=full))
        case Compare():
            left, right = _elementwise((matrix.left, matrix.right), full=full)
            return atom("np.where({0} {1} {2}, 1, 0)", left.text, matrix.operator, right.text)
        case Choose():
            _, then, otherwise = _elementwise((matrix.condition, matrix.then, matrix.otherwise), full=full)
            return atom("np.where({0}, {1}, {2})", _condition(matrix.condition), then.text, otherwise.text)
        case Fold(kind="tr", operand=MatMul(factors=(left, Transpose(operand=right)))):
            return atom("np.sum({0} * {1})", *(within(_full(part), UNARY) for part in (left, right)))
        case Fold():
            return atom(_FOLDS[matrix.kind], _full(matrix.operand).text)
        case DiagMatrix():
            return atom("np.diag({0})", _full(matrix.vector).text)
        case DiagVector():
            return atom("np.diag({0})", _full(matrix.matrix).text)
        case Triangle():
            return triangle(matrix, _full)
        case CrossMatrix():
            return atom("np.cross(np.eye(3), {0})", _full(matrix.vector).text)
        case OneHot():
            return atom("np.eye({0})[{1}]", code_size(matrix.size), _full(matrix.places).text)
        case Vec():
            by_column = '"F"' if matrix.order == "column" else ""
            return Piece(f"{within(_full(matrix.operand), ATOM)}.ravel({by_column})", ATOM)
        case _:
            assert_never(matrix)


def _branch(part: Matrix | None, matrix: Matrix, *, full: bool) -> str:
    """The text of what a choice is in one case; None: 0."""
    if not full or is_scalar(matrix):
        return "0" if part is None else _loose(part).text
    if part is None or part == Number(Fraction(0)):
        return f"np.zeros({_shape_code(matrix)})"
    return f"np.full({_shape_code(matrix)}, {_loose(part).text})" if is_scalar(part) else _full(part).text


def _shape_code(matrix: Matrix) -> str:
    """The shape as the argument of an array maker."""
    sizes = [code_size(axis) for axis in shape(matrix) if axis is not None]
    return sizes[0] if len(sizes) == 1 else f"({', '.join(sizes)})"


def _kron_operand(matrix: Matrix) -> str:
    piece = _full(matrix)
    rows, columns = shape(matrix)
    return f"{within(piece, ATOM)}[:, None]" if rows is not None and columns is None else piece.text


def _elementwise(parts: Sequence[Matrix], *, full: bool) -> list[Piece]:
    """Operands that are broadcast together; if all the axes are needed, the first that is no scalar makes them."""
    maker = next((part for part in parts if not is_scalar(part)), None) if full else None
    return [_full(part) if part is maker else _loose(part) for part in parts]


def _hadamard(matrix: Hadamard, *, full: bool) -> Piece:
    """``a * b / c``; a comparison is a mask there, behind a factor that is a number."""
    masked = split_mask(matrix)
    if masked is not None:
        return off_diagonal(masked[0], _hadamard(masked[1], full=False))
    numbers = [factor for factor in matrix.factors if not isinstance(factor, Compare)]
    comparisons = [factor for factor in matrix.factors if isinstance(factor, Compare)]
    if full or not numbers:
        pieces = _elementwise(matrix.operands, full=full)
        above, below = pieces[: len(matrix.factors)], pieces[len(matrix.factors) :]
    else:
        above, below = [*map(_loose, numbers), *map(_mask, comparisons)], [*map(_loose, matrix.divisors)]
    return quotient(above, below)


def _mask(matrix: Compare) -> Piece:
    left, right = _loose(matrix.left), _loose(matrix.right)
    return Piece(f"({left.text} {matrix.operator} {right.text})", ATOM)


def _condition(matrix: Matrix, together: str = " & ") -> str:
    """A comparison, several of them ``together`` all of which must hold, or any number that is not 0."""
    match matrix:
        case Compare():
            return _mask(matrix).text[1:-1]
        case Hadamard(factors=factors, divisors=()) if all(isinstance(factor, Compare) for factor in factors):
            return together.join(_mask(factor).text for factor in factors if isinstance(factor, Compare))
        case _:
            return _loose(matrix).text


def _sum(matrix: Sum, *, full: bool) -> Piece:
    distances, others = split_distances(matrix)
    terms, signs = zip(*map(split_sign, others), strict=True) if others else ((), ())
    signed = list(zip(_elementwise(terms, full=full and distances is None), signs, strict=True))
    if distances is not None:
        signed.insert(0, (_distances(distances), distances.negated))
    return added(signed)


def _distances(distances: Distances) -> Piece:
    one, other = (within(_full(rows), ATOM) for rows in (distances.one, distances.other))
    squares = f"({one}[:, None] {'+' if distances.sign > 0 else '-'} {other}) ** 2"
    if distances.weights is None:
        body = atom("np.sum({0}, axis=2)", squares)
    else:
        body = Piece(f"{squares} @ {within(_full(distances.weights), POWER)}", CHAIN)
    return scaled_piece(distances.scale, _loose, body)


def _scale(matrix: Scale, *, full: bool) -> Piece:
    """``2 * s * (A @ x) / n``; of ones alone ``np.full``."""
    positive, negated = split_sign(matrix)
    if matrix.body is not None and is_ones(matrix.body) and full:
        value = _loose(scaled(None, matrix.factors, matrix.divisors, matrix.coefficient))
        return atom("np.full({0}, {1})", _shape_code(matrix), value.text)
    if negated:
        return negative(_show(positive, full=full))
    plain = matrix.body is None or is_ones(matrix.body)
    body = None if matrix.body is None or plain else _scaled_body(matrix.body, full=full, masks=bool(matrix.factors))
    return scaled_piece(matrix, _loose, body)


def _scaled_body(body: Matrix, *, full: bool, masks: bool) -> Piece:
    return _mask(body) if isinstance(body, Compare) and masks and not full else _show(body, full=full)


def _power(matrix: Power, *, full: bool) -> Piece:
    match matrix.base, matrix.exponent:
        case Fold(kind="norm", operand=operand), Number(value=value) if value == 2:
            inner = _full(operand)
            if None in shape(operand) and inner.text.isidentifier():
                return Piece(f"{inner.text} @ {inner.text}", CHAIN)
            return atom("np.sum({0} ** 2)", within(inner, ATOM))
        case inside, Number(value=value) if value == Fraction(1, 2):
            return atom("np.sqrt({0})", _show(inside, full=full).text)
    base, exponent = _elementwise((matrix.base, matrix.exponent), full=full)
    return Piece(f"{within(base, ATOM)} ** {within(exponent, ATOM)}", POWER)


_CHAINS = Chains(_full)
