"""Building matrix expressions in the form in which they read best: flat, scalars in front, few transposes.

Each function returns a value equal to the plain node over its operands; shapes must fit, nothing checks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby

from tcgrad.notation.matrix import (
    SCALAR,
    Axis,
    CrossMatrix,
    DiagMatrix,
    DiagVector,
    Fold,
    Hadamard,
    Identity,
    Inverse,
    Kron,
    MatMul,
    Matrix,
    Number,
    Ones,
    Power,
    Scale,
    Shape,
    Side,
    Size,
    Sum,
    Symbol,
    Transpose,
    Triangle,
    Vec,
    Zeros,
)
from tcgrad.notation.matrix_crosses import crossing
from tcgrad.notation.matrix_scaling import apart, ordered, scalars_apart, scaled, zeros
from tcgrad.notation.matrix_shape import common_shape, is_mask, is_ones, is_scalar, shape
from tcgrad.notation.matrix_transpose import shorter, transpose, transposes
from tcgrad.records import replace

ONE = Number(Fraction(1))
TWO = Number(Fraction(2))


def product(*matrices: Matrix) -> Matrix:
    """The matrix product, flat, with the scalars in front and without identities."""
    scalars, bodies = scalars_apart(matrices)
    chain = [factor for body in bodies for factor in (body.factors if isinstance(body, MatMul) else (body,))]
    kept = _without_inverses([factor for factor in chain if not isinstance(factor, Identity)])
    if chain and not kept:
        return scaled(_identity_over(chain[0]), scalars)
    if any(isinstance(factor, Zeros) for factor in kept):
        return zeros((shape(kept[0])[0], shape(kept[-1])[1]))
    pieces = [_readable_scalar(_chained(_with_row_crossed(piece))) for piece in outer_pieces(kept)]
    scalars += [piece for piece in pieces if is_scalar(piece)]
    return scaled(_chained([piece for piece in pieces if not is_scalar(piece)]), scalars)


def _identity_over(matrix: Matrix) -> Matrix:
    """The identity with the rows of a square matrix."""
    rows, _ = shape(matrix)
    return matrix if rows is None else Identity(rows)


def _without_inverses(chain: Sequence[Matrix]) -> list[Matrix]:
    """The chain without neighbours that are inverse to each other, and with ``v`` for ``diag(v) 1``."""
    kept: list[Matrix] = []
    for factor in chain:
        match kept[-1:], factor:
            case [last], _ if _are_inverse(last, factor):
                kept.pop()
            case [DiagMatrix(vector=vector)], Ones():
                kept[-1] = vector
            case [Transpose(operand=Ones())], DiagMatrix(vector=vector):
                kept[-1] = transpose(vector)
            case _:
                kept.append(factor)
    return kept


def _are_inverse(left: Matrix, right: Matrix) -> bool:
    """Whether one is the inverse of the other, both transposed or not."""
    match left, right:
        case Transpose(operand=first), Transpose(operand=second):
            return _are_inverse(second, first)
        case (Inverse(operand=operand), other) | (other, Inverse(operand=operand)):
            return operand == other
        case _:
            return False


def outer_pieces(chain: Sequence[Matrix]) -> list[list[Matrix]]:
    """The chain cut between a column and the row that follows it."""
    pieces: list[list[Matrix]] = [[]]
    for factor in chain:
        if pieces[-1] and shape(factor)[0] is None:
            pieces.append([])
        pieces[-1].append(factor)
    return pieces


def _with_row_crossed(piece: Sequence[Matrix]) -> Sequence[Matrix]:
    """``(v × w)ᵀ`` for ``vᵀ [w]×`` in front, where it is not ``vᵀ (w × x)``."""
    match piece:
        case [Transpose(operand=row), CrossMatrix(vector=vector), *rest] if (
            shape(row)[1] is None and crossing(piece[1:]) is None
        ):
            return [Transpose(_chained((CrossMatrix(row), vector))), *rest]
        case _:
            return piece


def _chained(chain: Sequence[Matrix]) -> Matrix:
    flat = [factor for part in chain for factor in (part.factors if isinstance(part, MatMul) else (part,))]
    return ONE if not flat else flat[0] if len(flat) == 1 else MatMul(tuple(flat))


def _readable_scalar(chain: Matrix) -> Matrix:
    """A product that is a scalar equals its transpose: the one with fewer transposes; ``1ᵀ 1`` is a size."""
    if not isinstance(chain, MatMul) or shape(chain) != SCALAR:
        return chain
    match chain.factors:
        case Transpose(operand=Ones(size=size)), Ones():
            return Size(size)
    return shorter(chain, transpose(chain))


def hadamard(factors: Iterable[Matrix], divisors: Iterable[Matrix] = ()) -> Matrix:
    """The elementwise product and quotient of equal shapes and scalars, flat, without factors of ones."""
    above, over = scalars_apart(factors)
    below, under = scalars_apart(divisors)
    return scaled(_elementwise(over, under) if over or under else None, above, below)


def _elementwise(over: Sequence[Matrix], under: Sequence[Matrix]) -> Matrix:
    above: list[Matrix] = []
    below: list[Matrix] = []
    for part, up in [*((part, True) for part in over), *((part, False) for part in under)]:
        if isinstance(part, Hadamard):
            (above if up else below).extend(part.factors)
            (below if up else above).extend(part.divisors)
        else:
            (above if up else below).append(part)
    if any(isinstance(part, Zeros) for part in above):
        return zeros(common_shape([*above, *below]))
    mask = next((part for part in above if isinstance(part, Triangle) and is_mask(part)), None)
    if mask is not None and len(above) + len(below) > 1:
        above.remove(mask)
        return triangle(mask.side, hadamard(above, below), mask.offset)
    sums = (part for part in above if isinstance(part, Sum))
    masks = next((part for part in sums if all(is_mask(apart(term)[1]) for term in part.terms)), None)
    if masks is not None and below:  # where all of them are 0, there need not be what they divide
        above.remove(masks)
        return Sum(ordered(hadamard((*above, term), below) for term in masks.terms))
    factors = _merged([part for part in above if not is_ones(part)])
    divisors = _merged([part for part in below if not is_ones(part)])
    if not factors and not divisors:
        return above[0] if above else below[0]
    return factors[0] if len(factors) == 1 and not divisors else Hadamard(tuple(factors), tuple(divisors))


def _merged(parts: Sequence[Matrix]) -> list[Matrix]:
    """``x^⊙3 ⊙ x ⊙ x`` is ``x^⊙5``, and ``√x ⊙ √x`` is ``x``; a square stays a product."""
    alike: dict[Matrix, list[Matrix]] = {}
    for part in parts:
        alike.setdefault(_counted(part)[0], []).append(part)
    merged: list[Matrix] = []
    for base, same in alike.items():
        times = sum((_counted(part)[1] for part in same), start=Fraction(0))
        if len(same) == 1:
            merged += same
        else:
            merged += [base] * int(times) if times in (1, 2) else [power(base, Number(times))]
    return merged


def _counted(part: Matrix) -> tuple[Matrix, Fraction]:
    """A base and how often it is multiplied by itself."""
    match part:
        case Power(base=base, exponent=Number(value=n)) if n > 0:
            return base, n
        case _:
            return part, Fraction(1)


def kronecker(left: Matrix, right: Matrix) -> Matrix:
    """``left ⊗ right`` with scalars in front; of two identities the identity."""
    (first, a), (second, b) = apart(left), apart(right)
    whole = Kron(a, b)
    rows, _ = shape(whole)
    if isinstance(a, Identity) and isinstance(b, Identity) and rows is not None:
        return scaled(Identity(rows), (first, second))
    return scaled(whole, (first, second))


def diagonal_matrix(vector: Matrix) -> Matrix:
    """``diag(vector)``; of a vector of reciprocals the inverse of the diagonal matrix."""
    match vector:
        case Ones():
            return Identity(vector.size)
        case Scale(body=body) if body is not None:
            return scaled(diagonal_matrix(body), (replace(vector, body=None),))
        case Hadamard(factors=()):
            return Inverse(DiagMatrix(hadamard(vector.divisors)))
        case Vec(operand=Hadamard(factors=(), divisors=divisors)):
            return Inverse(DiagMatrix(replace(vector, operand=hadamard(divisors))))
        case DiagVector(matrix=DiagMatrix() as matrix):
            return matrix
        case _:
            return DiagMatrix(vector)


def cross_matrix(vector: Matrix) -> Matrix:
    """The matrix whose product with w is ``vector × w``, with scalars in front."""
    scale, body = apart(vector)
    return scaled(CrossMatrix(body), (scale,))


def triangle(side: Side, matrix: Matrix, offset: int) -> Matrix:
    """One side of a matrix, with scalars in front."""
    scale, body = apart(matrix)
    return scaled(Triangle(side, body, offset), (scale,))


def power(base: Matrix, exponent: Matrix) -> Matrix:
    """``base`` to the ``exponent``, element by element; of a negative one a quotient, a name's square is a product."""
    if not isinstance(exponent, Number):
        return Power(base, exponent)
    n = exponent.value
    match base:
        case _ if n == 1:
            return base
        case Power(base=base_of, exponent=Number(value=m)) if _may_merge(base_of, m, n):
            return power(base_of, Number(m * n))
        case Number(value=value) if n.denominator == 1 and (value or n > 0) and abs(n) < 64:
            return Number(value ** int(n))
        case _ if n < 0:
            inverse = power(base, Number(-n))
            return scaled(None, (), (inverse,)) if is_scalar(base) else hadamard((), (inverse,))
        case Scale(coefficient=coefficient, divisors=(), body=None) if (
            n == Fraction(1, 2) and coefficient == 1 and all(map(_is_squared_norm, base.factors))
        ):
            return scaled(None, (power(factor, exponent) for factor in base.factors))
        case Symbol() | Transpose(operand=Symbol()) if n == 2 and not is_scalar(base):
            return Hadamard((base, base))
        case _:
            return Power(base, exponent)


def _is_squared_norm(matrix: Matrix) -> bool:
    match matrix:
        case Power(base=Fold(kind="norm"), exponent=Number(value=n)):
            return n == 2
        case _:
            return False


def _may_merge(base: Matrix, inner: Fraction, outer: Fraction) -> bool:
    """Whether ``(base^inner)^outer`` is ``base^(inner*outer)`` for every sign of the base."""
    return (isinstance(base, Fold) and base.kind == "norm") or (inner.denominator == 1 and outer.denominator == 1)


def squared_norm(operand: Matrix) -> Matrix:
    """``‖operand‖²``, the sum of the squares of the elements."""
    return Power(Fold("norm", operand.operand if isinstance(operand, Transpose) else operand), TWO)


def square_root_of(matrix: Matrix) -> Matrix | None:
    """The x of an elementwise square of x, else None."""
    match matrix:
        case Hadamard(factors=factors, divisors=divisors):
            over, under = _halved(factors), _halved(divisors)
            return None if over is None or under is None else hadamard(over, under)
        case Power(exponent=Number(value=n)) if n == 2 and not is_scalar(matrix):
            return matrix.base
        case Transpose():
            root = square_root_of(matrix.operand)
            return None if root is None else transpose(root)
        case _:
            return None


def _halved(parts: Sequence[Matrix]) -> list[Matrix] | None:
    """The square roots of an elementwise product's factors, if each is there an even number of times; else None."""
    counts: dict[Matrix, Fraction] = {}
    for base, times in map(_counted, parts):
        counts[base] = counts.get(base, Fraction(0)) + times
    if any(times % 2 for times in counts.values()):
        return None
    return [power(base, Number(times / 2)) for base, times in counts.items()]


def trace(matrix: Matrix) -> Matrix:
    """``tr(matrix)``; a product is turned round its cycle, or transposed, to where there is least to read.

    That of an outer product is the inner one: ``tr(A x yᵀ)`` is ``yᵀ A x``.
    """
    scale, body = apart(matrix)
    if isinstance(body, MatMul):
        chain = body.factors
        rows = [k for k, factor in enumerate(chain) if shape(factor)[0] is None]
        if rows:
            return scaled(None, (scale, product(*chain[rows[0] :], *chain[: rows[0]])))
        turns = [chain[k:] + chain[:k] for k in range(len(chain))]
        body = min([t for turn in turns for t in (MatMul(turn), transpose(MatMul(turn)))], key=_to_read)
    return scaled(None, (scale, Size(body.size) if isinstance(body, Identity) else Fold("tr", body)))


def _to_read(chain: Matrix) -> tuple[int, int]:
    """The transposes in a product, then the powers that it is a product of."""
    factors = chain.factors if isinstance(chain, MatMul) else ()
    return transposes(chain), sum(1 for _ in groupby(factors))


def filled(matrix: Matrix, to: Shape) -> Matrix:
    """The matrix repeated along the axes of ``to`` that it lacks, by ones."""
    rows, columns = to
    own = shape(matrix)
    if own[0] is None and rows is not None:
        matrix = scaled(Ones(rows), (matrix,)) if own[1] is None else product(Ones(rows), matrix)
        own = shape(matrix)
    if own[1] is None and columns is not None:
        matrix = product(matrix, Transpose(Ones(columns)))
    return matrix


def same_axis(left: Axis, right: Axis) -> bool:
    """Whether two axes have the same size under the spec's dims."""
    return left == right or (left is not None and right is not None and left.value == right.value)
