"""Index positions: integer expressions as arrays, and tensors read at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tcgrad.emit.arrays import Integral, Kind, Node, Plus, Slice, Take, Times, Value
from tcgrad.emit.values import Builder
from tcgrad.ir.indices import Atom, Gather, Index, Integer, Monomial, Quotient, Remainder

Axes = tuple[Index, ...]
_ZERO = Integer.of(0)


class Positions:
    """Builds integer arrays; ``whole`` gives the array of an integer tensor that is used as an index."""

    def __init__(self, build: Builder, read: Callable[[Gather], Value]) -> None:
        self._build = build
        self._read = read

    def integer(self, integer: Integer) -> Value:
        """An integer expression as an integer array over its indices, or as a Python integer."""
        if is_size(integer):
            return Value(self._build.size(integer))
        parts = [(self._monomial(monomial, abs(c)), 1 if c > 0 else -1) for monomial, c in integer.terms]
        if len(parts) == 1 and parts[0][1] == 1:
            return parts[0][0]
        return self._combined(Plus(tuple(sign for _, sign in parts)), [value for value, _ in parts])

    def _monomial(self, monomial: Monomial, coefficient: int) -> Value:
        factors = [self._atom(atom) for atom in monomial]
        if coefficient != 1 or not factors:
            factors.insert(0, Value(self._build.number(coefficient)))
        return factors[0] if len(factors) == 1 else self._combined(Times(len(factors)), factors)

    def _atom(self, atom: Atom) -> Value:
        match atom:
            case Index():
                return self._build.arange(atom)
            case Quotient():
                return self._combined(Integral("//"), [self.integer(atom.dividend), self.integer(atom.divisor)])
            case Remainder():
                return self._combined(Integral("%"), [self.integer(atom.dividend), self.integer(atom.divisor)])
            case Gather():
                return self._read(atom)
            case _:
                return Value(self._build.size(Integer.of(atom)))

    def _combined(self, operation: Plus | Times | Integral, values: Sequence[Value]) -> Value:
        axes = self._build.combined_axes(values, ())
        nodes = tuple(self._build.aligned(value, axes) for value in values)
        static = all(node.kind is Kind.SCALAR for node in nodes)
        shape = tuple(index.size for index in axes)
        return Value(self._build.graph.make(operation, nodes, shape, Kind.SCALAR if static else Kind.INT), axes)

    def read(self, value: Value, positions: Sequence[Integer]) -> Value:
        """An array read at one position per axis (the value's own axes only say how long each is)."""
        plain = [position.as_index for position in positions]
        inside = {i for p, index in zip(positions, plain, strict=True) if index is None for i in p.indices}
        if any(not is_size(p) for p, index in zip(positions, plain, strict=True) if index is None):
            return self._taken(value, positions, inside)
        node = self._build.picked(
            value.node, [p if index is None else None for p, index in zip(positions, plain, strict=True)]
        )
        axes = [index for index in plain if index is not None]
        for axis, index in enumerate(axes):
            node = self._shortened(node, axis, index)
        return self._build.diagonal(node, axes)

    def _shortened(self, node: Node, axis: int, index: Index) -> Node:
        """The first elements along an axis that is longer than the index's range."""
        if node.shape[axis] == index.size:
            return node
        shape = (*node.shape[:axis], index.size, *node.shape[axis + 1 :])
        return self._build.graph.make(Slice(axis, _ZERO, 1), (node,), shape, node.kind)

    def _taken(self, value: Value, positions: Sequence[Integer], inside: set[Index]) -> Value:
        """Advanced indexing, where a position is no plain index; those that share an index with one join in."""
        chosen = [p.as_index is None or p.as_index in inside for p in positions]
        arrays = [self.integer(p) for p, is_chosen in zip(positions, chosen, strict=True) if is_chosen]
        common = self._build.combined_axes(arrays, ())
        nodes = tuple(self._build.aligned(array, common) for array in arrays)
        places = tuple(sum(chosen[:k]) if is_chosen else None for k, is_chosen in enumerate(chosen))
        first = chosen.index(True)
        front = not all(chosen[first : first + sum(chosen)])
        kept = [p.as_index for p, is_chosen in zip(positions, chosen, strict=True) if not is_chosen]
        kept_axes = [index for index in kept if index is not None]
        cut = 0 if front else first
        axes = [*kept_axes[:cut], *common, *kept_axes[cut:]]
        sizes = [value.node.shape[k] for k, is_chosen in enumerate(chosen) if not is_chosen]
        shape = (*sizes[:cut], *(index.size for index in common), *sizes[cut:])
        node = self._build.graph.make(Take(places, front), (value.node, *nodes), tuple(shape), value.node.kind)
        for axis, index in enumerate(axes):
            node = self._shortened(node, axis, index)
        return self._build.diagonal(node, axes)


def is_size(integer: Integer) -> bool:
    """Whether neither an index nor a gather occurs."""
    return not integer.indices and not any(isinstance(atom, Gather) for m, _ in integer.terms for atom in m)
