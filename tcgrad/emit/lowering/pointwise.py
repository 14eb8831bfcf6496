"""What is no product, as arrays: functions, powers, comparisons, choices and reductions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction

from tcgrad.emit.graph.arrays import Axes, Kind, Value
from tcgrad.emit.graph.elementwise import elementwise
from tcgrad.emit.graph.exponentials import logsumexp, share
from tcgrad.emit.graph.operations import Apply, Compare, Power, ProductsOfOthers, Select
from tcgrad.emit.graph.reductions import reduced
from tcgrad.emit.lowering.definitions import Definitions, plain
from tcgrad.emit.lowering.factors import without_unused
from tcgrad.emit.lowering.structure import UNIT, Structured, Term
from tcgrad.ir.guards import branches_of
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import (
    ONE,
    Call,
    Const,
    Expr,
    IndexReduce,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    ReductionKind,
    Where,
)
from tcgrad.ir.traversal import free_indices
from tcgrad.language.rows import written_out
from tcgrad.simplify.facts.attained import Attained

_OPPOSITE: dict[ReductionKind, ReductionKind] = {"max": "min", "min": "max"}


class Pointwise(ABC):
    """Lowers expressions that are made of others element by element, and reductions."""

    def __init__(self, definitions: Definitions) -> None:
        self.build = definitions.build
        self.definitions = definitions
        self.positions = definitions.positions
        self.gaps = definitions.gaps

    @abstractmethod
    def lower(self, expr: Expr, hint: Axes) -> Structured:
        """An expression as a sum of blocks; ``hint``: the order in which its axes are wanted if that costs nothing."""

    def dense(self, expr: Expr, hint: Axes) -> Value:
        """An expression as one value; ``hint``: the order in which its axes are wanted if that costs nothing."""
        return self.definitions.dense(self.lower(expr, hint), hint)

    def _floating(self, expr: Expr, hint: Axes) -> Value:
        return self._as_float(self.dense(expr, hint))

    def _as_float(self, value: Value) -> Value:
        return Value(self.build.as_float(value.node), value.axes)

    def comparison(self, expr: Iverson, hint: Axes) -> Value:
        """A bracket, as truth values."""
        sides = self._comparable(expr.left, hint), self._comparable(expr.right, hint)
        operation = Compare(expr.operator)
        axes = self.build.combined_axes(sides, hint)
        if len(axes) > 1 and self._is_known(operation, sides, axes[::-1]):
            axes = axes[::-1]
        return elementwise(self.build, operation, sides, axes, Kind.BOOL)

    def _is_known(self, operation: Compare, sides: Sequence[Value], axes: Axes) -> bool:
        """Whether the same was compared before, with its axes in this order."""
        nodes = tuple([self.build.aligned(side, axes) for side in sides])
        return self.build.graph.holds(operation, nodes, tuple([index.size for index in axes]), Kind.BOOL)

    def _comparable(self, expr: Expr, hint: Axes) -> Value:
        """Integers are compared as integers, whatever the dtype of the inputs."""
        return self.positions.integer(expr.value, hint) if isinstance(expr, IndexValue) else self.dense(expr, hint)

    def attains(self, asked: Attained, hint: Axes) -> Value:
        """The very numbers that an extreme is taken of compared with it, then read where the element stands."""
        if not asked.is_at_its_place:
            sides = self._floating(asked.element, hint), self.dense(asked.extreme, hint)
            return elementwise(self.build, Compare("=="), sides, hint, Kind.BOOL)
        elements = self._floating(asked.extreme.body, axes_within(hint, asked.extreme.indices))
        extreme = self.dense(asked.extreme, hint)
        truth = elementwise(self.build, Compare("=="), (elements, extreme), elements.axes, Kind.BOOL)
        return self.positions.read(truth, [asked.positions.get(index, index.expr) for index in truth.axes])

    def power(self, expr: Pow, hint: Axes) -> Structured:
        """``(-a)^2`` is ``a^2``, so that ``a`` is computed as it is elsewhere."""
        if not isinstance(expr.exponent, Const) or expr.exponent.value <= 0:
            sides = self._floating(expr.base, hint), self._floating(expr.exponent, hint)
            return plain(elementwise(self.build, Power(), sides, hint))
        exponent = expr.exponent.value
        base = self.lower(expr.base, hint)
        if (turned := base.plain) and turned.coefficient == -1 and exponent.denominator == 1:
            power = self._power_of(turned.value, exponent)
            return Structured((Term(Fraction((-1) ** exponent.numerator), power),))
        return plain(self._power_of(self.definitions.dense(base, hint), exponent))

    def _power_of(self, base: Value, exponent: Fraction) -> Value:
        return Value(self.build.power(base.node, exponent), base.axes)

    def call(self, expr: Call, hint: Axes) -> Value:
        """A function of each element: ``silu(u)`` as ``u sigmoid(u)``, for its derivative needs the gate, too; ``exp``
        of a logarithm of a sum from what that was made of.
        """
        if expr.function.gate is not None:
            return self.dense(Mul((*expr.arguments, written_out(expr.function.gate, expr))), hint)
        arguments = [self._floating(argument, hint) for argument in expr.arguments]
        known = share(self.build, arguments[0].node) if expr.function.name == "exp" else None
        if known is not None:
            return Value(known, arguments[0].axes)
        return elementwise(self.build, Apply(expr.function), arguments, hint)

    def where(self, expr: Where, hint: Axes) -> Value:
        """What is chosen element by element, each branch read where its condition holds."""
        condition = self.dense(expr.condition, hint)
        if condition.node.kind is not Kind.BOOL:
            sides = condition, Value(self.build.number(0))
            condition = elementwise(self.build, Compare("!="), sides, hint, Kind.BOOL)
        branches = []
        for branch, slacks in branches_of(expr):
            with self.positions.guarded(slacks):
                branches.append(self._floating(branch, hint))
        guarded = any(map(self.gaps.may_be_undefined, (expr.then, expr.otherwise)))
        return elementwise(self.build, Select(guarded), (condition, *branches), hint)

    def reduce(self, expr: IndexReduce, hint: Axes) -> Structured:
        """A reduction over some axes, those apart along which all that is reduced is the same."""
        used = free_indices(expr.body)
        unused = tuple(index for index in expr.indices if index not in used)
        if unused:
            return self.lower(without_unused(expr, unused), hint)
        others = self._products_of_others(expr, hint)
        if others is not None:
            return plain(others)
        sign, kind, body = self._reduced(expr, axes_within(hint, expr.indices))
        # What is read may be the same along an axis, and then has none.
        same = tuple(index for index in expr.indices if index not in body.axes)
        if same:
            return self.lower(without_unused(expr, same), hint)
        gone = tuple(k for k, index in enumerate(body.axes) if index in expr.indices)
        kept = tuple(index for index in body.axes if index not in expr.indices)
        if expr.kind == "logsumexp":
            return plain(Value(logsumexp(self.build, body.node, gone), kept))
        return Structured((Term(sign, Value(reduced(self.build, kind, body.node, gone), kept)),))

    def _products_of_others(self, expr: IndexReduce, hint: Axes) -> Value | None:
        """A product that leaves out the factor at another index, for all values of that at once; None for others."""
        match expr:
            case IndexReduce("prod", (own,), Where(Iverson("==", IndexValue(left), IndexValue(right)), then, factor)):
                place = left.as_index if right == own.expr else right.as_index if left == own.expr else None
                if place is None or then != ONE or place.size != own.size or place in free_indices(factor):
                    return None
                factors = self._floating(factor, tuple(own if index is place else index for index in hint))
                if own not in factors.axes:
                    return None
                operation = ProductsOfOthers(factors.axes.index(own))
                node = self.build.graph.make(operation, (factors.node,), factors.node.shape)
                return Value(node, tuple(place if index is own else index for index in factors.axes))
        return None

    def _reduced(self, expr: IndexReduce, hint: Axes) -> tuple[Fraction, ReductionKind, Value]:
        """A sign, and what a reduction is of what, for ``max(-a)`` is ``-min(a)``."""
        body = self.lower(expr.body, hint)
        if (turned := body.plain) and turned.coefficient == -1 and expr.kind in _OPPOSITE:
            return turned.coefficient, _OPPOSITE[expr.kind], self._as_float(turned.value)
        return UNIT, expr.kind, self._as_float(self.definitions.dense(body, hint))


def axes_within(hint: Axes, bound: Sequence[Index]) -> Axes:
    """The axes within a binder, each once: what is bound may be the index of another binder around it, too."""
    return (*(index for index in hint if index not in bound), *bound)
