"""An equation that is met again in its own derivative: for ``y = tanh(u)``, ``1 - tanh(u)^2`` is ``1 - y^2``."""

from __future__ import annotations

from functools import cached_property

from tcgrad.ir.derivative import is_derivative
from tcgrad.ir.nodes import Call, Component, Const, Expr, IndexReduce, Iverson, Pow
from tcgrad.ir.traversal import children, rebuild
from tcgrad.records import dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key
from tcgrad.simplify.facts.attained import attained
from tcgrad.simplify.tidy import tidy


@dataclass(frozen=True)
class Own:
    """``value = body``, an equation that is used if its right side is a function or a root of something."""

    value: Component
    body: Expr

    def named(self, expr: Expr) -> Expr:
        """The same with the right side and its powers by their names.

        What stands to be differentiated is left as it is, and so is what tells which elements attain an extreme.
        """
        return self._named(expr) if self._is_used else expr

    @cached_property
    def _whole(self) -> Expr:
        return simplify(tidy(self.body))

    @cached_property
    def _is_used(self) -> bool:
        match self._whole:
            case Pow(exponent=Const(value=n)):
                return n.denominator != 1
            case whole:
                return isinstance(whole, Call | IndexReduce | Pow)

    def _named(self, expr: Expr) -> Expr:
        if is_derivative(expr) or (isinstance(expr, Iverson) and attained(expr) is not None):
            return expr
        if type(expr) is type(self._whole) and key(simplify(expr)) == key(self._whole):
            return self.value
        match self._whole, expr:
            case Pow(own, Const(value=n)), Pow(base, Const(value=m)) if (m / n).denominator == 1:
                if key(simplify(base)) == key(own):
                    return Pow(self.value, Const(m / n))
        parts = children(expr)
        return rebuild(expr, tuple(map(self._named, parts))) if parts else expr
