"""Putting the indices with their ranges into expressions that were built before the ranges were known."""

from __future__ import annotations

from collections.abc import Mapping

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Component, Expr, IndexReduce, IndexSum
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, integers, map_integers, rebuild
from tcgrad.language.ranges.solve import RangeSolution


class Resolver:
    """Replaces provisional indices by final ones, and provisional tensors likewise.

    Every binder gets indices of its own, though the argument of a function may stand in several places.
    """

    def __init__(self, solution: RangeSolution, tensors: Mapping[Tensor, Tensor] | None = None) -> None:
        self._values = dict(solution.values)
        self._indices = solution.indices
        self._tensors = tensors or {}
        self._used: set[Index] = set()

    def resolve(self, expr: Expr) -> Expr:
        bound: tuple[Index, ...] = ()
        if isinstance(expr, IndexSum | IndexReduce):
            bound = tuple([self._bind(index) for index in expr.indices])
        parts = children(expr)
        if parts:
            expr = rebuild(expr, tuple([self.resolve(part) for part in parts]))
        elif integers(expr):
            expr = map_integers(expr, lambda integer: integer.substitute(self._values))
        match expr:
            case Component() if expr.tensor in self._tensors:
                return Component(self._tensors[expr.tensor], expr.indices)
            case IndexSum():
                return IndexSum(bound, expr.body)
            case IndexReduce():
                return IndexReduce(expr.kind, bound, expr.body)
        return expr

    def _bind(self, provisional: Index) -> Index:
        """The final index of a binder, a new one if the same binder was met before."""
        final = self._indices[provisional]
        if provisional not in self._used:
            self._used.add(provisional)
            return final
        fresh = final.fresh()
        value = self._values[provisional]
        previous = next(index for index in value.indices if index.size is final.size)
        self._values[provisional] = value.substitute({previous: fresh.expr})
        return fresh
