"""Minus signs taken into sums, where these read as well with their terms the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tcgrad.notation.matrix.building import cross_matrix, product
from tcgrad.notation.matrix.crosses import split_crossing
from tcgrad.notation.matrix.nodes import (
    DiagMatrix,
    Hadamard,
    Identity,
    Kron,
    MatMul,
    Matrix,
    Number,
    Scale,
    Sum,
    Transpose,
)
from tcgrad.notation.matrix.scaling import ordered, scaled, unscaled
from tcgrad.notation.matrix.shape import is_ones
from tcgrad.notation.matrix.signs import split_sign
from tcgrad.notation.matrix.transpose import transpose, transposes
from tcgrad.notation.matrix.tree import parts
from tcgrad.records import replace


def settled(matrix: Matrix) -> Matrix:
    """An expression that stands alone, with the minus in front and the transpose around it taken into sums."""
    matrix = _transposed_inside(matrix)
    if not isinstance(matrix, Scale) or matrix.coefficient > 0:
        return matrix
    turned = None if matrix.body is None else negated(matrix.body) or _partly_negated(matrix.body)
    if turned is not None:
        return scaled(turned, matrix.factors, matrix.divisors, -matrix.coefficient)
    for place, factor in enumerate(matrix.factors):
        turned = negated(factor)
        if turned is not None:
            factors = (*matrix.factors[:place], turned, *matrix.factors[place + 1 :])
            return scaled(matrix.body, factors, matrix.divisors, -matrix.coefficient)
    return matrix


def _transposed_inside(matrix: Matrix) -> Matrix:
    """``A + x yᵀ`` for ``(Aᵀ + y xᵀ)ᵀ``, a sum that stands alone."""
    own = unscaled(matrix)
    if not isinstance(own.body, Transpose) or not isinstance(own.body.operand, Sum):
        return matrix
    inside = Sum(ordered(map(transpose, own.body.operand.terms)))
    fewer = transposes(inside) < transposes(own.body)
    return scaled(inside, (replace(own, body=None),)) if fewer else matrix


def negated(matrix: Matrix) -> Matrix | None:
    """Minus the matrix, where a sum in it takes the sign as readily: ``A x - b`` for ``b - A x``; else None."""
    match matrix:
        case Scale(coefficient=c, body=body) if body is not None:
            turned = body if c < 0 else negated(body)
            return None if turned is None else scaled(turned, matrix.factors, matrix.divisors, abs(c))
        case Sum():
            turns = [negated(term) for term in matrix.terms]
            if None not in turns:
                return Sum(ordered(turn for turn in turns if turn is not None))
            return None if _keeps_sign(matrix) else Sum(ordered(scaled(t, by=Fraction(-1)) for t in matrix.terms))
        case Transpose():
            turned = negated(matrix.operand)
            return None if turned is None else transpose(turned)
        case DiagMatrix():
            turned = negated(matrix.vector)
            return None if turned is None else DiagMatrix(turned)
        case Kron():
            left, right = negated(matrix.left), negated(matrix.right)
            return Kron(left, matrix.right) if left is not None else None if right is None else Kron(matrix.left, right)
        case MatMul() if (swapped := _swapped(matrix)) is not None:
            return swapped
        case MatMul() | Hadamard():
            for place, factor in enumerate(matrix.factors):
                turned = None if _is_paired(factor, matrix.factors) else negated(factor)
                if turned is not None:
                    return replace(matrix, factors=(*matrix.factors[:place], turned, *matrix.factors[place + 1 :]))
    return None


def _swapped(matrix: MatMul) -> Matrix | None:
    """``w × v`` for minus ``v × w``, and within a longer product; None where nothing is crossed."""
    found = split_crossing(matrix.factors)
    if found is None:
        return None
    before, (left, *right), behind = found
    return product(*before, cross_matrix(product(*right)), *left.operands, *behind)


def _is_paired(factor: Matrix, factors: Sequence[Matrix]) -> bool:
    """Whether a factor stands in a product twice, or beside its transpose: ``-(x - y) (x - y)ᵀ``, ``-(A - B)²``."""
    turned = transpose(factor) if isinstance(factor, Sum | Transpose) else factor
    return factors.count(factor) > 1 or (turned != factor and turned in factors)


def _partly_negated(matrix: Matrix) -> Matrix | None:
    """Minus a sum of which one term takes the sign as readily: ``A (b - c) - d`` for ``A (c - b) + d``; else None."""
    terms = matrix.terms if isinstance(matrix, Sum) else ()
    turned = next(((place, turn) for place, term in enumerate(terms) if (turn := negated(term)) is not None), None)
    if turned is None:
        return None
    place, turn = turned
    rest = (scaled(term, by=Fraction(-1)) for term in (*terms[:place], *terms[place + 1 :]))
    return Sum(ordered((turn, *rest)))


def _keeps_sign(matrix: Sum) -> bool:
    """Whether most terms are positive, or a constant is, as in ``1 - y``."""
    signs = [split_sign(term) for term in matrix.terms]
    constant = any(_is_constant(term) for term, minus in signs if not minus)
    return constant or 2 * sum(minus for _, minus in signs) < len(signs)


def lifted(term: Scale) -> Scale:
    """``-(I - A) ⊗ B`` for ``(A - I) ⊗ B``."""
    turned = None if term.body is None else negated(term.body)
    fewer = turned is not None and term.body is not None and _lowered(turned) < _lowered(term.body)
    return replace(term, coefficient=-term.coefficient, body=turned) if fewer else term


def _lowered(matrix: Matrix) -> int:
    """How many sums inside have a constant that is taken off, as ``y - 1``."""
    sums = (part for part in parts(matrix) if isinstance(part, Sum))
    signs = ([minus for term, minus in map(split_sign, each.terms) if _is_constant(term)] for each in sums)
    return sum(bool(own) and all(own) for own in signs)


def _is_constant(term: Matrix) -> bool:
    return isinstance(term, Number | Identity) or is_ones(term)
