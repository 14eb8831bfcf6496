"""Quotients and logarithms of small values of erfc, by functions that do not underflow: ``erfcx`` and ``log_ndtr``."""

from __future__ import annotations

from math import inf

from tcgrad.functions import FUNCTIONS, Function
from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Call, Const, Expr, Mul, Pow, const
from tcgrad.ir.traversal import children, factors_of, map_children, product_of, sorts_in
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import as_number_power, is_call
from tcgrad.simplify.powers import power, split_coefficient


def _of_scipy(name: str, derivative: str) -> Function:
    latex = rf"\operatorname{{{{{name}}}}}\left({{0}}\right)"
    return Function(name, ("a",), (derivative,), f"{name}({{0}})", latex, ((-inf, inf),), scipy=name)


_ERFCX = _of_scipy("erfcx", "2*a*y - 2/sqrt(pi)")
_LOG_NDTR = _of_scipy("log_ndtr", "exp(-a^2/2 - y)/sqrt(2*pi)")
_ROOT_OF_2 = Pow(const(2), Const(ONE.value / 2))


def with_tail_areas(expr: Expr) -> Expr:
    """The expression with every such quotient and logarithm by its function; the very same if there is none."""
    if "erfc" not in sorts_in(expr):
        return expr
    made = map_children(expr, with_tail_areas)
    match made:
        case Mul(factors):
            return _scaled(factors) or made
        case Call(function, (argument,)) if function.name == "log":
            return _logarithm(argument) or made
        case _:
            return made


def _scaled(factors: tuple[Expr, ...]) -> Expr | None:
    """``exp(u^2) erfc(u) = erfcx(u)`` and ``exp(-u^2)/erfc(u) = 1/erfcx(u)``; None of a product without either."""
    for place, factor in enumerate(factors):
        base, number = as_number_power(factor)
        if not isinstance(base, Call) or not is_call(base, "erfc") or abs(number) != 1:
            continue
        square = power(base.arguments[0], const(2))
        for n, other in enumerate(factors):
            if is_call(other, "exp") and simplify(Add((*children(other), Mul((Const(-number), square))))) == ZERO:
                scaled = power(Call(_ERFCX, base.arguments), Const(number))
                return product_of([scaled if k == place else each for k, each in enumerate(factors) if k != n])
    return None


def _logarithm(argument: Expr) -> Expr | None:
    """``log(c erfc(u)) = log_ndtr(-sqrt(2) u) + log(2 c)``; None of other logarithms."""
    number, rest = split_coefficient(simplify(argument))
    if not isinstance(rest, Call) or not is_call(rest, "erfc") or number <= 0:
        return None
    area = Call(_LOG_NDTR, (simplify(Mul((MINUS_ONE, _ROOT_OF_2, *factors_of(rest.arguments[0])))),))
    return area if number * 2 == 1 else Add((area, Call(FUNCTIONS["log"], (Const(2 * number),))))
