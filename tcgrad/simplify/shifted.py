"""Quotients of exponentials, as softmax, as one exponential whose exponent is never large."""

from __future__ import annotations

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import MINUS_ONE, Add, Call, Expr, IndexReduce, IndexSum, Mul, Pow
from tcgrad.ir.traversal import map_children


def shifted(expr: Expr) -> Expr:
    """``exp(u)/(sum_k exp(v))`` as ``exp(u - logsumexp_k v)``, wherever it stands in an expression."""
    whole = map_children(expr, shifted)
    if not isinstance(whole, Mul):
        return whole
    factors = list(whole.factors)
    for total in [factor for factor in factors if isinstance(factor, Pow)]:
        logarithm = _logarithm(total)
        exponential = next((each for each in factors if isinstance(each, Call) and _is_exp(each)), None)
        if logarithm is not None and isinstance(exponential, Call):
            factors.remove(total)
            exponent = Add((exponential.arguments[0], Mul((MINUS_ONE, logarithm))))
            factors[factors.index(exponential)] = Call(FUNCTIONS["exp"], (exponent,))
    return Mul(tuple(factors)) if len(factors) > 1 else factors[0]


def _logarithm(divisor: Pow) -> Expr | None:
    """``logsumexp_k v`` where the power is ``1/(sum_k exp(v))``."""
    match divisor:
        case Pow(base=IndexSum(indices=indices, body=Call() as body)) if divisor.exponent == MINUS_ONE and _is_exp(
            body
        ):
            return IndexReduce("logsumexp", indices, body.arguments[0])
    return None


def _is_exp(call: Call) -> bool:
    return call.function.name == "exp"
