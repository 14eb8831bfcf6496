"""Elementwise products, powers and masks of matrices in the form in which they read best: flat, scalars in front.

Each function returns a value equal to the plain node over its operands; shapes must fit, nothing checks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from tcgrad.notation.matrix.nodes import (
    Fold,
    Hadamard,
    Matrix,
    Number,
    Power,
    Scale,
    Side,
    Sum,
    Symbol,
    Transpose,
    Triangle,
    Zeros,
)
from tcgrad.notation.matrix.scaling import apart, ordered, scalars_apart, scaled, zeros
from tcgrad.notation.matrix.shape import common_shape, is_mask, is_ones, is_scalar
from tcgrad.notation.matrix.transpose import transpose


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


def triangle(side: Side, matrix: Matrix, offset: int) -> Matrix:
    """One side of a matrix, with scalars in front."""
    scale, body = apart(matrix)
    return scaled(Triangle(side, body, offset), (scale,))
