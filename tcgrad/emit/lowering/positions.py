"""Index positions: integer expressions as arrays, and tensors read at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tcgrad.emit.graph.arrays import Axes, Kind, Node, Value
from tcgrad.emit.graph.elementwise import elementwise
from tcgrad.emit.graph.indexing import array_numbers, axes_of_indexed, indexed_axes
from tcgrad.emit.graph.operations import Clip, Integral, Pad, Plus, Slice, Take, TakeOne, Times, Window
from tcgrad.emit.graph.values import Builder
from tcgrad.emit.sizes.axis_reads import AxisRead, digits_in_order, is_size, is_sliced, known_indices
from tcgrad.emit.sizes.overhangs import at_least, overhang
from tcgrad.ir.indices import Atom, Gather, Index, Integer, Monomial, Quotient, Remainder
from tcgrad.ir.ranges import never_negative

_ZERO, _BACK = Integer.of(0), Integer.of(-1)


class Positions:
    """Builds integer arrays; ``read`` gives the array of an integer tensor that is used as an index.

    bounds: what brackets say is at least 0, of positions that integer tensors decide; None if zeros are around.
    """

    def __init__(self, build: Builder, read: Callable[[Gather], Value]) -> None:
        self._build = build
        self._read = read
        self.bounds: frozenset[Integer] | None = frozenset()
        self._filler = 0

    @contextmanager
    def guarded(self, bounds: frozenset[Integer] | None) -> Iterator[None]:
        """Reads at which these are at least 0 as well, as brackets say; None if zeros are around."""
        before = self.bounds
        self.bounds = None if bounds is None or before is None else before | bounds
        try:
            yield
        finally:
            self.bounds = before

    @contextmanager
    def dividing(self) -> Iterator[None]:
        """Reads by which something is divided: around them stand ones, so that nothing is undefined because of them."""
        self._filler = 1
        try:
            yield
        finally:
            self._filler = 0

    @property
    def around(self) -> tuple[frozenset[Integer] | None, int]:
        """What a read depends on beside its positions."""
        return self.bounds, self._filler

    @property
    def _pad(self) -> int:
        """What stands around a tensor; no value of it counts unless the tensor has zeros there."""
        return 0 if self.bounds is None else self._filler

    def is_loose(self, position: Integer, size: Integer) -> bool:
        """Whether a position that integer tensors decide may be outside, where there are zeros."""
        if not position.gathers:
            return False
        if self.bounds is None or not self.bounds.isdisjoint({position, size - 1 - position}):
            return True
        own = set(known_indices(position))
        return any(not own.isdisjoint(known_indices(bound)) for bound in self.bounds)

    def place(self, position: Integer, size: Integer, start: Integer = _ZERO, *, loose: bool = False) -> Value:
        """A position, behind ``start``, as integers; one that may be outside is clipped to -1 and the size."""
        if not loose and not self.is_loose(position, size):
            return self.integer(position + start)
        clipped = self._combined(Clip(), [self.integer(position), self.integer(size)])
        return self._combined(Plus((1, 1)), [clipped, self.integer(start)]) if start.terms else clipped

    def integer(self, integer: Integer, hint: Axes = ()) -> Value:
        """An integer expression as an integer array over its indices, or as a Python integer.

        hint: the order in which its axes, and the terms that have them, are wanted.
        """
        if is_size(integer):
            return Value(self._build.size(integer))
        parts = [(self._monomial(monomial, abs(c)), 1 if c > 0 else -1) for monomial, c in integer.terms]
        if len(parts) == 1 and parts[0][1] == 1:
            return parts[0][0]
        if hint:
            place = {index: k for k, index in enumerate(hint)}
            parts.sort(key=lambda part: min([place.get(index, -1) for index in part[0].axes], default=len(hint)))
        return self._combined(Plus(tuple(sign for _, sign in parts)), [value for value, _ in parts], hint)

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

    def _combined(self, operation: Plus | Times | Integral | Clip, values: Sequence[Value], hint: Axes = ()) -> Value:
        return elementwise(self._build, operation, values, hint, Kind.INT)

    def whole(self, value: Value, positions: Sequence[Integer]) -> Value | None:
        """An array read along all of its axes, or their diagonals; None where some position is anything else."""
        plain = [position.as_index for position in positions]
        whole = [index for index, size in zip(plain, value.node.shape, strict=True) if index and index.size == size]
        return self._build.diagonal(value.node, whole) if len(whole) == len(positions) else None

    def read(self, value: Value, positions: Sequence[Integer]) -> Value:
        """An array read at one position per axis; its own axes only say how long each is.

        Where a position can leave the array there are zeros: the tensor has them around it, or a guard is 0 there.
        """
        whole = self.whole(value, positions)
        if whole is not None:
            return whole
        node, positions = self._padded(value.node, positions)
        if not all(is_sliced(position, self._build.fitting) for position in positions):
            return self._taken(node, positions)
        node = self._build.picked(node, [p if not p.indices else None for p in positions])
        node, positions = self._reshaped(node, [position for position in positions if position.indices])
        reads = [AxisRead.of(position) for position in positions if position.indices]
        windows = [(axis, index) for axis, read in enumerate(reads) for index in read.others]
        for axis, index in windows:
            node = self._window(node, axis, reads[axis], index)
        for axis, read in enumerate(reads):
            node = self._sliced_both_ways(node, axis, read.start, read.longest, read)
        for k, (axis, index) in enumerate(windows, start=len(reads)):
            node = self._sliced_both_ways(node, k, _ZERO, index, reads[axis])
        return self._build.diagonal(node, [*(read.longest for read in reads), *(index for _, index in windows)])

    def _reshaped(self, node: Node, positions: list[Integer]) -> tuple[Node, list[Integer]]:
        """Axes that are read at ``W*i + j``, one element after the other, as two axes ``i`` and ``j``."""
        shape: list[Integer] = []
        digits: list[Integer] = []
        for axis, (position, size) in enumerate(zip(positions, node.shape, strict=True)):
            own = digits_in_order(position)
            if own is not None and self._build.fitting.never_negative(size - own.start - own.length):
                node = self._part(node, axis, own.start, own.length)
                shape += [index.size for index in own.indices]
                digits += [index.expr for index in own.indices]
            else:
                shape.append(size)
                digits.append(position)
        if len(digits) == len(positions):
            return node, positions
        return self._build.reshaped(node, tuple(shape)), digits

    def _part(self, node: Node, axis: int, start: Integer, length: Integer) -> Node:
        """Elements of an axis that stand side by side; the node itself where they are all, at all sizes that fit."""
        is_whole = not start.terms and self._build.fitting.never_negative(length - node.shape[axis])
        return node if is_whole else self.sliced(node, axis, start, Integer.of(1), length)

    def _padded(self, node: Node, positions: Sequence[Integer]) -> tuple[Node, list[Integer]]:
        """The array with zeros around it where a position can leave it, and the positions in that."""
        widths = []
        for position, size in zip(positions, node.shape, strict=True):
            low, high = overhang(position, size, self._build.fitting)
            widths.append((at_least(low, self._build.fitting), at_least(high, self._build.fitting)))
        padded = self._build.padded(node, widths, self._pad)
        if padded is node:
            return node, list(positions)
        return padded, [position + before for position, (before, _) in zip(positions, widths, strict=True)]

    def _sliced_both_ways(self, node: Node, axis: int, start: Integer, index: Index, read: AxisRead) -> Node:
        """One axis at ``start + step*index``, then backward if that is how the index runs."""
        node = self.sliced(node, axis, start, read.steps[index], index.size)
        return node if index not in read.flipped else self.sliced(node, axis, index.size - 1, _BACK, index.size)

    def _window(self, node: Node, axis: int, read: AxisRead, index: Index) -> Node:
        step = read.steps[index]
        length = step * (index.size - 1) + 1
        if step.as_number != 1 and not never_negative(length):  # of no positions the window is empty, not shorter
            node = self._longer(node, axis, step - 1)
            length = step * index.size
        rest = node.shape[axis] - length + 1
        if not self._build.fitting.never_negative(rest - 1):  # no step at some sizes, and NumPy has no empty windows
            missing = read.steps[read.longest]
            node = self._longer(node, axis, missing)
            rest = rest + missing
        shape = (*node.shape[:axis], rest, *node.shape[axis + 1 :], length)
        return self._build.graph.make(Window(axis, length), (node,), shape, node.kind)

    def _longer(self, node: Node, axis: int, by: Integer) -> Node:
        """An array with some more elements at the end of an axis, which are not read."""
        pad, inner = Pad(((_ZERO, _ZERO),) * len(node.shape)), node
        if isinstance(node.operation, Pad):
            pad, (inner,) = node.operation, node.arguments
        widths = [(low, high + by if other == axis else high) for other, (low, high) in enumerate(pad.widths)]
        return self._build.padded(inner, widths, pad.filler)

    def sliced(self, node: Node, axis: int, start: Integer, step: Integer, length: Integer) -> Node:
        """``length`` elements along an axis; the node itself where that is all of them in order."""
        if not start.terms and step.as_number == 1 and node.shape[axis] == length:
            return node
        shape = (*node.shape[:axis], length, *node.shape[axis + 1 :])
        return self._build.graph.make(Slice(axis, start, step), (node,), shape, node.kind)

    def _taken(self, node: Node, positions: Sequence[Integer]) -> Value:
        """Advanced indexing, where a position is not affine; positions that share an index with one join in."""
        chosen = indexed_axes(positions, node.shape)
        arrays = [
            self.place(position, size)
            for position, size, is_chosen in zip(positions, node.shape, chosen, strict=True)
            if is_chosen
        ]
        node = self._with_zeros_behind(node, positions)
        common = self._build.combined_axes(arrays, ())
        nodes = tuple(self._build.aligned(array, common) for array in arrays)
        axes = axes_of_indexed(positions, chosen, common)
        operation = (Take if common else TakeOne)(array_numbers(chosen))
        shape = tuple(index.size for index in axes)
        return Value(self._build.graph.make(operation, (node, *nodes), shape, node.kind), axes)

    def _with_zeros_behind(self, node: Node, positions: Sequence[Integer]) -> Node:
        """The array with a zero at the end of each axis that a position may leave; -1 is the end, too."""
        places = zip(positions, node.shape, strict=True)
        widths = [(_ZERO, Integer.of(int(self.is_loose(position, size)))) for position, size in places]
        return self._build.padded(node, widths, self._pad)
