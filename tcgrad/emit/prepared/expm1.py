"""``a exp(u) - a`` as ``a expm1(u)`` in logarithms and divisors, where it matters how much is left of a difference.

Of ``1 - exp(-v)`` nothing is left where ``v`` is below half a unit of rounding, though it is ``v`` there.
"""

from __future__ import annotations

from collections.abc import Collection

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import Add, Call, Const, Expr, Mul, Pow
from tcgrad.ir.traversal import children, factors_of, map_children, product_of, sorts_in, terms_of, walk
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.powers import negated

_EXPM1 = FUNCTIONS["expm1"]


def with_expm1(expr: Expr) -> Expr:
    """The expression with every such difference as one function, and elsewhere those of the same exponents; the very
    same if there is none.
    """
    if "exp" not in sorts_in(expr):
        return expr
    made = _inside(expr, is_all=False)
    if made is expr:
        return expr
    exponents = {children(part)[0] for part in walk(made) if is_call(part, "expm1")}
    return _everywhere(made, exponents)


def _everywhere(expr: Expr, exponents: Collection[Expr]) -> Expr:
    return _joined(map_children(expr, lambda part: _everywhere(part, exponents)), exponents)


def _inside(expr: Expr, *, is_all: bool) -> Expr:
    """is_all: whether what is asked for is the logarithm of the expression, or what it divides."""
    match expr:
        case Pow(base, Const(value) as exponent):
            made = _inside(base, is_all=is_all or value < 0)
            return expr if made is base else Pow(made, exponent)
        case Mul():
            return map_children(expr, lambda factor: _inside(factor, is_all=is_all))
        case Add() if is_all:
            return _joined(map_children(expr, lambda part: _inside(part, is_all=False)))
        case _:
            return map_children(expr, lambda part: _inside(part, is_all=is_call(expr, "log")))


def _joined(total: Expr, exponents: Collection[Expr] | None = None) -> Expr:
    """A sum with the first such difference in it as one function; any other expression as it is.

    exponents: those that it may have; None for any.
    """
    for place, term in enumerate(total.terms if isinstance(total, Add) else ()):
        factors = factors_of(term)
        for factor in factors:
            if not is_call(factor, "exp") or (exponents is not None and children(factor)[0] not in exponents):
                continue
            beside = product_of([each for each in factors if each is not factor])
            others = [other for n, other in enumerate(terms_of(total)) if n != place]
            if negated(beside) in others:
                others.remove(negated(beside))
                less = product_of([beside, Call(_EXPM1, children(factor))])
                return Add((*others, less)) if others else less
    return total
