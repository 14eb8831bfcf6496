"""Identities of scalar functions, decided by SymPy: ``sin(2 x) = 2 sin(x) cos(x)``, ``log(x^2) = 2 log(x)`` for x > 0.

Components and sums over indices are symbols to it; expressions are built node by node, and no text is ever parsed.
SymPy is imported only here, and only when all else has left a question open: it costs more than all of tcgrad's start.
"""

from __future__ import annotations

from typing import Any

from tcgrad.ir.nodes import Add, Call, Component, Const, Expr, Mul, Pow
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import size, walk
from tcgrad.simplify.canonical import key

_LARGEST = 80  # nodes; simplification takes long on larger expressions
_DIGITS = 40
_POINTS = 3

# The names of functions that SymPy calls otherwise; a name that it does not know stands for itself.
_NAMES = {
    "abs": "Abs",
    "ceil": "ceiling",
    "lgamma": "loggamma",
    "max": "Max",
    "min": "Min",
    "sign": "sign",
}
_KNOWN = frozenset({
    "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
    "erf", "erfc", "digamma", "polygamma", "floor", "atan2", *_NAMES,
})  # fmt: skip


def vanishes_by_sympy(expr: Expr) -> bool:
    """Whether SymPy shows that an expression is 0 for all real values of its components."""
    if size(expr) > _LARGEST or not any(isinstance(part, Call | Pow) for part in walk(expr)):
        return False
    import sympy

    built = _Builder(sympy)
    whole = built.build(expr)
    return built.is_zero_somewhere(whole) and _simplifies_to_zero(sympy, whole)


def _simplifies_to_zero(sympy: Any, whole: Any) -> bool:
    """Whether SymPy's simplification ends in 0. Its own mistakes show nothing: of ``sign(x/y - 1) - sign(x - y)`` it
    asks a truth value for its left side.
    """
    try:
        return bool(sympy.simplify(whole) == 0)
    except (ArithmeticError, AttributeError, LookupError, NotImplementedError, RecursionError, TypeError, ValueError):
        return False


class _Builder:
    """Builds SymPy expressions; everything but scalar algebra becomes a symbol."""

    def __init__(self, sympy: Any) -> None:
        self.sympy = sympy
        self.symbols: dict[str, Any] = {}

    def build(self, expr: Expr) -> Any:
        match expr:
            case Const():
                return self.sympy.Rational(expr.value.numerator, expr.value.denominator)
            case Component() if expr.tensor.role is Role.CONSTANT and expr.tensor.value is None:
                return self.sympy.pi
            case Add():
                return self.sympy.Add(*map(self.build, expr.terms))
            case Mul():
                return self.sympy.Mul(*map(self.build, expr.factors))
            case Pow():
                return self.sympy.Pow(self.build(expr.base), self.build(expr.exponent))
            case Call() if expr.function.name in _KNOWN:
                name = expr.function.name
                return getattr(self.sympy, _NAMES.get(name, name))(*map(self.build, expr.arguments))
            case _:
                return self.symbols.setdefault(key(expr), self.sympy.Symbol(f"t{len(self.symbols)}", real=True))

    def is_zero_somewhere(self, whole: Any) -> bool:
        """Whether the value is 0 to many digits at a few points: what is not need not be simplified."""
        for point in range(_POINTS):
            values = {
                symbol: self.sympy.Rational(3 + 2 * place + point, 7 + place)
                for place, symbol in enumerate(self.symbols.values())
            }
            value = whole.evalf(_DIGITS, subs=values)
            if not value.is_number or abs(value) > self.sympy.Float(10) ** (-_DIGITS // 2):
                return False
        return True
