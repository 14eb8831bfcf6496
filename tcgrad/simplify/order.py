"""The order in which factors and terms are written: fixed by what they are, never by where they came from."""

from __future__ import annotations

from fractions import Fraction

from tcgrad.ir.nodes import Add, Call, Component, Const, Delta, Expr, IndexSum, IndexValue, Iverson, Mul, Pow
from tcgrad.ir.tensors import Role
from tcgrad.simplify.canonical import Labels, key

_ROLE_RANKS = {
    Role.CONSTANT: 0,
    Role.GRADIENT: 1,
    Role.TANGENT: 1,
    Role.INPUT: 2,
    Role.DEFINED: 3,
    Role.JACOBIAN: 3,
    Role.HESSIAN: 3,
    Role.LEVI_CIVITA: 8,
}


def _rank(expr: Expr) -> int:
    match expr:
        case Const() | IndexValue():
            return 0
        case Component():
            return _ROLE_RANKS[expr.tensor.role]
        case Pow():
            return _rank(expr.base)
        case Call():
            return 4
        case Add():
            return 5
        case IndexSum():
            return 7
        case Delta():
            return 9
        case Iverson():
            return 10
        case _:
            return 6


def factor_order(expr: Expr, labels: Labels) -> tuple[int, str]:
    """Numbers, upstream gradients, components, functions, sums of terms, sums over indices, deltas, brackets."""
    return _rank(expr), key(expr, labels)


def term_order(term: tuple[Fraction, Expr]) -> tuple[bool, bool, int, str]:
    """Positive terms before negative ones, numbers last among them."""
    coefficient, rest = term
    lead = lead_order(rest)
    return coefficient < 0, lead[0] == 0, *lead


def lead_order(rest: Expr) -> tuple[int, str]:
    """The order of terms whatever their sign: numbers, then by what the first factor is that is no number."""
    factors = rest.factors if isinstance(rest, Mul) else (rest,)
    return next((rank for rank in map(_rank, factors) if rank), 0), "*".join(key(factor) for factor in factors)
