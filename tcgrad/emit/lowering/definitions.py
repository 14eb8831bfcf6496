"""What statements have defined, and reads of it: the values of tensors, arguments among them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from functools import partial
from weakref import proxy

from tcgrad.emit.graph.arrays import Axes, Kind, Node, Value
from tcgrad.emit.graph.operations import Leaf, LeviCivita, MinusInfinity, Number
from tcgrad.emit.graph.values import Builder
from tcgrad.emit.lowering.assemble import assembled, dense
from tcgrad.emit.lowering.positions import Positions
from tcgrad.emit.lowering.structure import UNIT, Structured, Term, finished, materialised
from tcgrad.emit.sizes.equalities import Equalities
from tcgrad.ir.gaps import Gaps
from tcgrad.ir.indices import Gather, Index, Integer
from tcgrad.ir.nodes import Component
from tcgrad.ir.tensors import MINUS_INFINITY, Role, Tensor
from tcgrad.records import dataclass


@dataclass(frozen=True, eq=False)
class Definition:
    """What a tensor is over the indices ``free``.

    has_zeros_around: whether it, or something that it is a derivative of or by, is 0 outside of its range.
    """

    free: Axes
    value: Structured
    has_zeros_around: bool

    @property
    def nodes(self) -> list[Node]:
        return [term.value.node for term in self.value.terms]

    @property
    def pattern(self) -> Hashable | None:
        """The value without its arrays and the names of its indices; None where it is more than diagonal."""
        place: dict[Index | None, int] = {index: k for k, index in enumerate(self.free)}
        parts: list[Hashable] = []
        for term in self.value.terms:
            pairs = [(place.get(index), place.get(other.as_index)) for index, other in term.equal]
            axes = [place.get(index) for index in term.value.axes]
            if term.loose or None in axes or any(None in pair for pair in pairs):
                return None
            parts.append((*term.coefficient.as_integer_ratio(), *pairs, *axes))
        return tuple(parts)


class Definitions:
    """The values of tensors by name; one that no statement defines is an argument of the emitted function."""

    def __init__(self, build: Builder) -> None:
        self.build = build
        # By reference they would hold each other, and all that is emitted would wait until garbage is searched for.
        self.positions = Positions(build, partial(Definitions._gathered, proxy(self)))
        self.gaps = Gaps(padded=True)
        self._defined: dict[Hashable, Definition] = {}

    def keep(self, tensor: Tensor, free: Axes, value: Structured) -> None:
        """Remember what a tensor is over the indices ``free``."""
        self._defined[_name(tensor)] = Definition(free, value, has_zeros_around(tensor))

    def assign(self, tensor: Tensor, node: Node) -> None:
        """Let a node be the value of a tensor."""
        free = tuple(Index("i", size) for size in tensor.shape)
        self.keep(tensor, free, plain(Value(node, free)))

    def whole(self, tensor: Tensor) -> Node:
        """The array of a tensor that was lowered before or is an argument, in full shape."""
        definition = self.definition(tensor)
        free, structured = definition.free, definition.value
        if structured.plain is None:
            with self.around(tensor):
                return assembled(self.build, self.positions, structured, free)
        return materialised(self.build, finished(self.build, structured.plain), free)

    def definition(self, tensor: Tensor) -> Definition:
        """What a tensor was defined as; itself, if it is an argument."""
        known = self._defined.get(_name(tensor))
        if known is None:
            self.assign(tensor, self.leaf(tensor))
            known = self._defined[_name(tensor)]
        return known

    def leaf(self, tensor: Tensor) -> Node:
        """The node of a tensor that no statement defines."""
        make = self.build.graph.make
        if tensor.role is Role.LEVI_CIVITA:
            return make(LeviCivita(tensor.order), (), tensor.shape, Kind.INT)
        if tensor == MINUS_INFINITY:
            return make(MinusInfinity(), (), (), Kind.SCALAR)
        if tensor.role is Role.CONSTANT and tensor.value is None:
            return make(Number(None), (), (), Kind.SCALAR)
        kind = {"real": Kind.FLOAT, "int": Kind.INT, "bool": Kind.BOOL}[tensor.dtype]
        return make(Leaf(tensor), (), tensor.shape, Kind.SCALAR if tensor.role is Role.CONSTANT else kind)

    def is_structured(self, tensor: Tensor) -> bool:
        known = self._defined.get(_name(tensor))
        return known is not None and known.value.plain is None

    def held(self, tensor: Tensor) -> list[int]:
        """The axes along which the array of a tensor has entries; along the others it is the same everywhere."""
        known = self._defined.get(_name(tensor))
        if known is None:
            return list(range(tensor.order))
        own = known.value.indices
        return [axis for axis, index in enumerate(known.free) if index in own]

    def dense(self, structured: Structured, hint: Axes) -> Value:
        return dense(self.build, self.positions, structured, hint)

    def read(self, component: Component, hint: Axes = ()) -> Structured:
        """A component of a tensor; ``hint``: of two indices that are equal the one named later there goes."""
        definition = self.definition(component.tensor)
        free, structured = definition.free, definition.value
        if structured.plain is None:
            actual = [position.as_index for position in component.indices]
            whole = all(index is not None and index.size == f.size for index, f in zip(actual, free, strict=True))
            if whole and structured.is_diagonal:
                renaming = dict(zip(free, component.indices, strict=True))
                renamed = [self._renamed(term, renaming, hint) for term in structured.terms]
                if None not in renamed:
                    return Structured(tuple(term for term in renamed if term is not None))
            with self.around(component.tensor):
                structured = plain(self.dense(structured, free))
        value = structured.terms[0].value
        own: Sequence[Integer] = component.indices
        if value.axes != free:
            positions = dict(zip(free, own, strict=True))
            own = [positions[index] for index in value.axes]
        found = self.positions.whole(value, own)
        if found is not None:
            return plain(found)
        with self.around(component.tensor):
            return plain(self.positions.read(value, own))

    def around(self, tensor: Tensor) -> AbstractContextManager[None]:
        """Let positions leave a tensor with zeros around it, or the axes of such a tensor in its derivatives."""
        return self.positions.guarded(None) if has_zeros_around(tensor) else nullcontext()

    def _renamed(self, term: Term, renaming: Mapping[Index, Integer], hint: Axes) -> Term | None:
        """A term under other names for its indices, some of which may be the same.

        Of one index that would equal two numbers it is 0; None where sizes decide whether these are the same.
        """
        equalities = Equalities(self.build.fitting, hint, (), ())
        sides = [(renaming[index], other.substitute(renaming)) for index, other in term.equal]
        apart = [equalities.resolve(a) - equalities.resolve(b) for a, b in sides if not equalities.unite(a, b)]
        if any(difference.as_number for difference in apart):
            return Term(Fraction(0), Value(self.build.number(1)))
        if apart:
            return None
        positions = [equalities.resolve(renaming[index]) for index in term.value.axes]
        return Term(term.coefficient, self.positions.read(term.value, positions), equalities.pairs())

    def _gathered(self, gather: Gather) -> Value:
        return finished(self.build, self.read(Component(gather.tensor, gather.indices)).terms[0])


def _name(tensor: Tensor) -> Hashable:
    """What a tensor is remembered by; permutation symbols of all orders have one name."""
    return tensor.role, tensor.name, tensor.order


def has_zeros_around(tensor: Tensor) -> bool:
    """Whether it, or something that it is a derivative of or by, is 0 outside of its range."""
    return tensor.zero_outside or any(map(has_zeros_around, tensor.about))


def plain(value: Value) -> Structured:
    """A value without structure."""
    return Structured((Term(UNIT, value),))
