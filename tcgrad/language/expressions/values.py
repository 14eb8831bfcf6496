"""The value of an operand: bare names, and reductions over indices."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import Component, Expr, IndexReduce, IndexValue
from tcgrad.language.expressions.building import mean, total
from tcgrad.language.expressions.calls import CallReader
from tcgrad.language.expressions.occurrences import is_index_in_position
from tcgrad.language.ranges.slots import Slot
from tcgrad.language.symbols import PI
from tcgrad.language.syntax import Expression, Name, Reduction
from tcgrad.operators import REDUCTIONS


class ValueReader(CallReader):
    """Operands, each with all the indices that occur in it in scope or bound inside."""

    def bind(self, names: Sequence[str], node: Expression) -> dict[str, Slot]:
        """New slots for dummies that are summed at ``node``."""
        return {name: self.problem.slot(name, node.span, self.symbols.indices.get(name)) for name in names}

    def read_name(self, node: Name) -> Expr:
        """A bare name: a parameter, an index, a dim, a scalar, a constant or pi."""
        name, symbols = node.name, self.symbols
        if name in self.local:
            return self.local[name]
        if name in self.names:
            return self._index_value(node)
        if name in symbols.dims:
            return IndexValue(symbols.dims[name])
        if name == PI.name:
            return Component(PI)
        if name in symbols.tensors:
            tensor = symbols.tensors[name]
            if tensor.order:
                raise self.wrong_order(tensor, name, (), node.span)
            return Component(tensor)
        if name == "where":
            raise symbols.refuse("TC315", "`where` needs its arguments", node.span, "write `where(x > 0, a, b)`")
        if name in symbols.functions or name in REDUCTIONS:
            example = f"{name}[i](...)" if name in REDUCTIONS and name not in FUNCTIONS else f"{name}(...)"
            raise symbols.refuse("TC315", f"`{name}` needs its arguments", node.span, f"write `{example}`")
        if name in symbols.broken or name in symbols.later:
            symbols.tensor(name, node.span)
        raise symbols.unknown_alone(name, node.span)

    def _index_value(self, node: Name) -> Expr:
        name, symbols = node.name, self.symbols
        if name in symbols.tensors:
            tensor = symbols.tensors[name]
            if tensor.order:
                help_ = f"write `{name}[...]` for a component of the tensor, or give the index another name"
                raise self.two_meanings(node, "a tensor", help_)
            raise self.two_meanings(node, "a scalar")
        if name in symbols.dims:
            raise self.two_meanings(node, "a dim")
        if name not in self.scope:
            raise self.single(node)
        value = self.scope[name].index.expr
        self.problem.mentions.append((node.span, value, True))
        return IndexValue(value)

    def read_reduction(self, node: Reduction) -> Expr:
        """``sum[i](body)`` and its like: the indices are bound in the body alone."""
        slots = self._reduced(node)
        before = self.enter(slots)
        body = self.terms(node.body)
        self.scope = before
        indices = [slot.index for slot in slots.values()]
        match node.kind:
            case "sum":
                return total(indices, body)
            case "mean":
                return mean(indices, [slot.extent for slot in slots.values()], body)
            case kind:
                return IndexReduce(kind, tuple(indices), body)

    def _reduced(self, node: Reduction) -> dict[str, Slot]:
        slots: dict[str, Slot] = {}
        for index in node.indices:
            name = index.name
            if name in self.symbols.dims or not is_index_in_position(name, self.symbols):
                raise self.two_meanings(index, "a dim" if name in self.symbols.dims else "an integer scalar")
            if name in slots:
                raise self.symbols.refuse("TC307", f"`{name}` is bound twice", index.span, "name each index once")
            if name in self.scope:
                raise self.in_use(node, index, self.scope[name].span)
            slots[name] = self.problem.slot(name, index.span, self.symbols.indices.get(name))
        return slots
