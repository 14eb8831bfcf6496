"""``u^v log(u)``, the derivative of a power by its exponent, where ``u`` is 0: for ``v > 0`` it is 0, as ``u^v`` is.

As it stands it is 0 times minus infinity. The power may have a name; its logarithm may be a factor, or stand in a
sum beside it, or be squared, as in the second derivative.
"""

from __future__ import annotations

from collections.abc import Iterable

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Add, Call, Component, Const, Expr, IndexSum, Iverson, Mul, Pow
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import free_indices, map_children, walk
from tcgrad.records import replace
from tcgrad.simplify.canonical import key
from tcgrad.simplify.signs import is_positive

_LOG = FUNCTIONS["log"]


class PowersOfZero:
    """Learns which definitions are powers, and lets logarithms beside them be those of 1 where their bases are 0."""

    def __init__(self, statements: Iterable[Statement] = ()) -> None:
        self._named: dict[Tensor, tuple[tuple[Index, ...], tuple[Expr, ...]]] = {}
        for statement in statements:
            if isinstance(statement, Define):
                self.learn(statement)

    def learn(self, define: Define) -> None:
        """Remember a definition, or a derivative, that has such a power as a factor."""
        if bases := self._bases(define.body):
            self._named[define.tensor] = define.free, bases

    def define(self, define: Define) -> Define:
        """A derivative that is finite where powers are 0; what the program defines, or has no logarithm, as it is."""
        if define.tensor.role is Role.DEFINED or not any(map(_is_logarithm, walk(define.body))):
            return define
        return replace(define, body=self._within(define.body, frozenset()))

    def _within(self, expr: Expr, bases: frozenset[str]) -> Expr:
        """``bases``: the keys of those whose powers multiply the expression."""
        match expr:
            case Mul():
                bases |= set(map(key, self._bases(expr)))
                return map_children(expr, lambda part: self._within(part, bases))
            case Add() | IndexSum():
                return map_children(expr, lambda part: self._within(part, bases))
            case Pow(base, Const(value)) if value > 0:
                return Pow(self._within(base, bases), expr.exponent)
            case Call(function, (argument,)) if function is _LOG and key(argument) in bases:
                return Call(_LOG, (Add((argument, Iverson("==", argument, ZERO))),))
        return map_children(expr, lambda part: self._within(part, frozenset()))

    def _bases(self, expr: Expr) -> tuple[Expr, ...]:
        """What may be 0 and is raised to an exponent that is no number, in a factor of an expression."""
        match expr:
            case Mul(factors):
                return tuple(base for factor in factors for base in self._bases(factor))
            case Add(terms):
                first, *others = [{key(base): base for base in self._bases(term)} for term in terms]
                return tuple(base for name, base in first.items() if all(name in other for other in others))
            case Pow(base, exponent) if not isinstance(exponent, Const) and not is_positive(base, ()):
                return (base,)
            case Pow(base, Const(value)) if value > 0:
                return self._bases(base)
            case IndexSum(indices, body):
                return tuple(base for base in self._bases(body) if set(indices).isdisjoint(free_indices(base)))
            case Component(tensor, positions) if tensor in self._named:
                free, bases = self._named[tensor]
                return tuple(instantiate(free, base, positions) for base in bases)
        return ()


def _is_logarithm(part: Expr) -> bool:
    return type(part) is Call and part.function is _LOG
