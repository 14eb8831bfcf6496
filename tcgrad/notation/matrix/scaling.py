"""Scalar factors in front of matrices, signs and the order of terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

from tcgrad.notation.matrix.nodes import (
    SCALAR,
    MatMul,
    Matrix,
    Number,
    Power,
    Scale,
    Shape,
    Size,
    Symbol,
    Transpose,
    Zeros,
)
from tcgrad.notation.matrix.shape import is_ones, is_scalar, shape
from tcgrad.notation.matrix.signs import split_sign
from tcgrad.notation.matrix.transpose import transposes
from tcgrad.records import replace


def scaled(
    body: Matrix | None, factors: Iterable[Matrix] = (), divisors: Iterable[Matrix] = (), by: Fraction = Fraction(1)
) -> Matrix:
    """``by * factors * body / divisors`` with the numbers worked out and scalars of scalars flattened."""
    above, below = list(factors), list(divisors)
    if not above and not below and by == 1 and body is not None and not isinstance(body, Scale):
        return body
    if body is not None and (is_scalar(body) or isinstance(body, Scale)):
        above.append(body)
        body = None
    over: list[Matrix] = []
    under: list[Matrix] = []
    coefficient = by
    for part, up in [*((part, True) for part in above), *((part, False) for part in below)]:
        match part:
            case Number(value=value) if up or value:
                coefficient = coefficient * value if up else coefficient / value
            case Scale() if up or part.coefficient:
                coefficient = coefficient * part.coefficient if up else coefficient / part.coefficient
                (over if up else under).extend(part.factors)
                (under if up else over).extend(part.divisors)
                body = part.body if body is None else body
            case _:
                (over if up else under).append(part)
    return _scale(coefficient, over, under, body)


def _scale(coefficient: Fraction, over: Sequence[Matrix], under: Sequence[Matrix], body: Matrix | None) -> Matrix:
    if not coefficient or isinstance(body, Zeros):
        return zeros(SCALAR if body is None else shape(body))
    factors, divisors = _cancelled(over, under) if over or under else ((), ())
    if body is None and not factors and not divisors:
        return Number(coefficient)
    if coefficient == 1 and not divisors:
        if body is None and len(factors) == 1:
            return factors[0]
        if body is not None and not factors:
            return body
    return Scale(coefficient, factors, divisors, body)


def _cancelled(over: Sequence[Matrix], under: Sequence[Matrix]) -> tuple[tuple[Matrix, ...], tuple[Matrix, ...]]:
    """Repeated factors as powers, and sizes that stand above and below taken out."""
    above, below = counted(over), counted(under)
    for size in [factor for factor in above if isinstance(factor, Size)]:
        common = min(above[size], below[size])
        above[size] -= common
        below[size] -= common
    return powers(above), powers(below)


def counted(factors: Iterable[Matrix]) -> Counter[Matrix]:
    """How often each factor stands in a product, ``n^2`` as ``n`` twice."""
    counts: Counter[Matrix] = Counter()
    for factor in factors:
        match factor:
            case Power(base=base, exponent=Number(value=n)) if n.denominator == 1 and n > 0:
                counts[base] += n.numerator
            case _:
                counts[factor] += 1
    return counts


def powers(counts: Counter[Matrix]) -> tuple[Matrix, ...]:
    """Factors that occur so and so often, each once."""
    return tuple(f if count == 1 else Power(f, Number(Fraction(count))) for f, count in counts.items() if count)


def ordered(terms: Iterable[Matrix]) -> tuple[Matrix, ...]:
    """The terms of a sum, one with a plus first, products before names, repeated scalars and transposes last."""
    listed = _by_leading_powers(list(terms))
    products = any(isinstance(unscaled(term).body, MatMul) for term in listed)
    return tuple(sorted(listed, key=lambda term: _reading_order(term, products=products)))


def _by_leading_powers(terms: list[Matrix]) -> list[Matrix]:
    """``A X² + X A X + X² A``: products of the same factors, by how often one that is repeated stands in front."""
    bodies = [unscaled(term).body for term in terms]
    chains = [body.factors for body in bodies if isinstance(body, MatMul)]
    if len(chains) < max(len(terms), 3) or any(Counter(chain) != Counter(chains[0]) for chain in chains):
        return terms
    ((power, often),) = Counter(chains[0]).most_common(1)
    leading = [next((n for n, factor in enumerate(chain) if factor != power), len(chain)) for chain in chains]
    order = sorted(range(len(terms)), key=leading.__getitem__) if often > 1 else range(len(terms))
    return [terms[place] for place in order]


def _reading_order(term: Matrix, *, products: bool) -> tuple[bool, bool, bool, int]:
    positive, minus = split_sign(term)
    repeated = isinstance(positive, Scale) and positive.body is not None and is_ones(positive.body)
    body = unscaled(positive).body
    is_name = isinstance(body.operand if isinstance(body, Transpose) else body, Symbol)
    return minus, repeated, products and is_name, transposes(positive)


def unscaled(matrix: Matrix) -> Scale:
    """The same with its scalar factors apart: of a plain matrix a `Scale` by 1."""
    if isinstance(matrix, Scale):
        return matrix
    if isinstance(matrix, Number):
        return Scale(matrix.value)
    return Scale(Fraction(1), (matrix,)) if is_scalar(matrix) else Scale(Fraction(1), body=matrix)


def scalars_apart(matrices: Iterable[Matrix]) -> tuple[list[Matrix], list[Matrix]]:
    """The scalars among some matrices and in front of them, and what they scale."""
    scalars: list[Matrix] = []
    bodies: list[Matrix] = []
    for matrix in matrices:
        if isinstance(matrix, Scale) and matrix.body is not None:
            scalars.append(replace(matrix, body=None))
            bodies.append(matrix.body)
        else:
            (scalars if is_scalar(matrix) else bodies).append(matrix)
    return scalars, bodies


def apart(matrix: Matrix) -> tuple[Scale, Matrix]:
    """The scalar factors of a vector or a matrix, and the rest."""
    match matrix:
        case Scale(body=body) if body is not None:
            return replace(matrix, body=None), body
        case _:
            return Scale(Fraction(1)), matrix


def zeros(of: Shape) -> Matrix:
    return Number(Fraction(0)) if of == SCALAR else Zeros(*of)
