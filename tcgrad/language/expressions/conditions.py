"""Conditions: Iverson brackets, `where`, and what they say about the indices in them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from typing import cast

from tcgrad.ir.indices import Integer
from tcgrad.ir.inequalities import normalise
from tcgrad.ir.nodes import OPPOSITES, Expr, IndexValue, Where
from tcgrad.ir.nodes import Iverson as IversonNode
from tcgrad.language.expressions.building import multiply
from tcgrad.language.expressions.components import ComponentReader
from tcgrad.language.expressions.counting import miscounted
from tcgrad.language.expressions.occurrences import parts
from tcgrad.language.integers import read_integer
from tcgrad.language.ranges.slots import NO_GUARDS, Guards
from tcgrad.language.symbols import Refused
from tcgrad.language.syntax import (
    Call,
    Comparison,
    Expression,
    Group,
    Iverson,
    Name,
    Number,
    Power,
    Product,
    Reduction,
    Subscript,
)
from tcgrad.spec.limits import MAX_DIM


class ConditionReader(ComponentReader):
    """Comparisons of any values; those of integers alone also guard the reads beside them."""

    def read_comparison(self, node: Comparison) -> Expr:
        """A chain: the product of its comparisons."""
        if self._compares_positions(node.operands):
            values = [cast("Expr", IndexValue(self.position(operand))) for operand in node.operands]
        else:
            values = [self.terms(operand) for operand in node.operands]
        pairs = zip(node.operators, pairwise(values), strict=True)
        return multiply(IversonNode(o, left, right) for o, (left, right) in pairs)

    def _compares_positions(self, operands: Sequence[Expression]) -> bool:
        """Whether all are integers, one of them of more than numbers: indices, dims, elements of integer tensors."""
        return all(self.is_integer(operand, gathers=True) for operand in operands) and any(
            not isinstance(leaf, Number) for operand in operands for leaf in _leaves(operand)
        )

    def is_integer(self, node: Expression, *, gathers: bool = False) -> bool:
        """Whether ``node`` is made of integers, dims and indices in scope alone, so that it is a position as well.

        gathers: integer tensors too.
        """
        match node:
            case Number():
                return node.value.denominator == 1 and abs(node.value) <= MAX_DIM
            case Name() if gathers and self._is_integer_tensor(node.name):
                return not self.symbols.tensors[node.name].order and node.name not in self.scope
            case Name():
                return node.name in self.symbols.dims or (node.name in self.scope and not self._is_ambiguous(node.name))
            case Subscript():
                return gathers and self._is_integer_tensor(node.name)
            case Product() if any(operator == "/" for operator, _ in node.factors) or self._multiplies_indices(node):
                return False
            case Power() | Call() | Reduction() | Iverson() | Comparison():
                return False
        inner = parts(node)
        return bool(inner) and all(self.is_integer(part, gathers=gathers) for part in inner)

    def _multiplies_indices(self, node: Product) -> bool:
        """Whether two factors vary: no position is such a product, but a number is."""
        return sum(any(map(self._varies, _leaves(factor))) for _, factor in node.factors) > 1

    def _varies(self, leaf: Expression) -> bool:
        return isinstance(leaf, Subscript) or (isinstance(leaf, Name) and leaf.name not in self.symbols.dims)

    def _is_integer_tensor(self, name: str) -> bool:
        return name in self.symbols.tensors and self.symbols.tensors[name].dtype == "int" and name not in self.local

    def _is_ambiguous(self, name: str) -> bool:
        return name in self.symbols.tensors or name in self.local

    def guards_of(self, node: Expression | None) -> Guards:
        """What holds where the condition ``node`` does, as far as it is about indices."""
        match node:
            case Group():
                return self.guards_of(node.body)
            case Iverson():
                return self.guards_of(node.condition)
            case Product():
                return reduce(Guards.and_, (self.guards_of(factor) for _, factor in node.factors))
            case Comparison() if all(self.is_integer(operand) for operand in node.operands):
                values = [read_integer(operand, self) for operand in node.operands]
                pairs = zip(node.operators, pairwise(values), strict=True)
                return reduce(Guards.and_, (_guards(operator, b - a) for operator, (a, b) in pairs))
        return NO_GUARDS

    def read_where(self, node: Call) -> Expr:
        if len(node.arguments) != 3:
            if self.symbols.report.has_unclear(node.span):
                raise Refused
            message = miscounted("where", 3, len(node.arguments), "argument", "arguments")
            raise self.symbols.refuse("TC315", message, node.span, "write `where(x > 0, a, b)`")
        condition, then, otherwise = node.arguments
        return Where(
            self._condition(condition),
            self._guarded(self.guards_of(condition), then),
            self._guarded(self.guards_of(_opposite(condition)), otherwise),
        )

    def _condition(self, node: Expression) -> Expr:
        match node:
            case Comparison():
                return self.read_comparison(node)
            case Group():
                return self._condition(node.body)
            case Iverson():
                return self.read_comparison(node.condition)
            case Product() if all(isinstance(f, Iverson | Group) and o == "*" for o, f in node.factors):
                return multiply(self._condition(factor) for _, factor in node.factors)
        text = self.symbols.text(node.span)
        help_ = f"write `{text} != 0`" if len(text) < 40 else "write `x != 0`"
        raise self.symbols.refuse("TC324", "the first argument of `where` is a comparison", node.span, help_)

    def _guarded(self, guards: Guards, node: Expression) -> Expr:
        before = self.guards
        self.guards = before.and_(guards)
        value = self.terms(node)
        self.guards = before
        return value


def _leaves(node: Expression) -> list[Expression]:
    inner = parts(node)
    return [leaf for part in inner for leaf in _leaves(part)] if inner else [node]


def _guards(operator: str, gap: Integer) -> Guards:
    """What ``left operator right`` says about ``gap``, which is ``right - left``."""
    match operator:
        case "<":
            return Guards((normalise(gap - 1),))
        case "<=":
            return Guards((normalise(gap),))
        case ">":
            return Guards((normalise(-gap - 1),))
        case ">=":
            return Guards((normalise(-gap),))
        case "==":
            return Guards((normalise(gap), normalise(-gap)))
    return Guards((), (gap,))


def _opposite(node: Expression) -> Comparison | None:
    """The condition that holds where a single comparison does not; None for anything else."""
    match node:
        case Group():
            return _opposite(node.body)
        case Iverson():
            return _opposite(node.condition)
        case Comparison(operands=operands, operators=(operator,)):
            return Comparison(operands, (OPPOSITES[operator],), node.span)
    return None
