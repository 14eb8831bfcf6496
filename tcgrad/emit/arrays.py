"""The array program: what stands between the IR and the text of NumPy code.

Nodes are positional: they know axes by number, not indices. A `Graph` keeps one node for each operation on the same
arguments, so that what the forward and the backward pass share is one node, computed once.
"""

from __future__ import annotations

import functools
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from tcgrad.emit.filling import Assemble, Buffer, Carried, Scan, Scatter
from tcgrad.emit.operations import (
    VIEWS,
    Broadcast,
    Cast,
    Full,
    Leaf,
    LeviCivita,
    Operation,
    Plus,
    Reshape,
    Slice,
    Times,
    Transpose,
)
from tcgrad.ir.indices import Index, Integer
from tcgrad.records import dataclass

if TYPE_CHECKING:
    from tcgrad.emit.journal import Journal


class Kind(Enum):
    """What a value is made of; it decides where a cast is needed to stay in the inputs' dtype."""

    __hash__ = object.__hash__  # quick

    FLOAT = "float"  # of the inputs' dtype
    INT = "int"  # of a dtype of its own, mostly of integers
    BOOL = "bool"
    SCALAR = "scalar"  # a Python number, which takes the dtype of what it meets


@dataclass(frozen=True, eq=False)
class Node:
    """One array: an operation on others.

    serial: orders the nodes of a graph as they were made.
    sources: what decides the dtype, as bits: the arguments of the emitted function that the node is computed from.
    base: the array whose memory this one shares: itself, if it is no view.
    owner: the array whose memory this one may share: a reshaped array is a view too, unless its axes were turned.
    """

    operation: Operation
    arguments: tuple[Node, ...]
    shape: tuple[Integer, ...]
    kind: Kind
    serial: int
    sources: int
    is_view: bool = field(init=False)
    base: Node = field(init=False)
    owner: Node = field(init=False)

    def __repr__(self) -> str:
        return f"%{self.serial} = {self.operation}({', '.join(f'%{a.serial}' for a in self.arguments)})"

    def __post_init__(self) -> None:
        known = vars(self)
        known["is_view"] = is_view = isinstance(self.operation, VIEWS)
        is_shared = is_view or (
            isinstance(self.operation, Reshape) and not isinstance(self.arguments[0].operation, Transpose)
        )
        known["base"] = self.arguments[0].base if is_view else self
        known["owner"] = self.arguments[0].owner if is_shared else self

    @property
    def is_static(self) -> bool:
        """A scalar made of literals and sizes alone."""
        return self.kind is Kind.SCALAR


@dataclass(frozen=True)
class Value:
    """A node whose k-th axis stands for the index ``axes[k]``."""

    node: Node
    axes: tuple[Index, ...] = ()


# Arrays in the dtype that all real inputs have together.
_OF_COMMON_DTYPE = (Assemble, Broadcast, Buffer, Carried, Cast, Full, Scan, Scatter)


@dataclass
class Graph:
    """The nodes of one emitted module.

    journal: where what is made is noted, while a statement is lowered.
    """

    journal: Journal | None = None
    _known: dict[object, Node] = field(default_factory=dict)

    def make(
        self, operation: Operation, arguments: tuple[Node, ...], shape: tuple[Integer, ...], kind: Kind = Kind.FLOAT
    ) -> Node:
        """The node of an operation: the one already there, if the same was made before."""
        key = _key(operation, arguments, shape)
        node = self._known.get(key)
        if node is None:
            serial = len(self._known)
            sources = functools.reduce(int.__or__, (argument.sources for argument in arguments), 0)
            if kind is Kind.FLOAT and isinstance(operation, Leaf):
                sources |= 2 << serial
            elif kind is Kind.FLOAT and isinstance(operation, _OF_COMMON_DTYPE):
                sources |= 1
            node = self._known[key] = Node(operation, arguments, shape, kind, serial, sources)
        if self.journal is not None:
            self.journal.made(operation, arguments, shape, kind, node)
        return node


def _key(operation: Operation, arguments: tuple[Node, ...], shape: tuple[Integer, ...]) -> object:
    serials = tuple(argument.serial for argument in arguments)
    match operation:
        case Plus():
            return Plus, tuple(sorted(zip(serials, operation.signs, strict=True)))
        case Times():
            cut = operation.numerators
            return Times, tuple(sorted(serials[:cut])), tuple(sorted(serials[cut:]))
        case Leaf():
            return Leaf, operation.tensor.role, operation.tensor.name
        case Reshape() | Full() | Broadcast() | Assemble() | Scatter() | Slice() | LeviCivita():
            return operation, serials, shape
        case _:
            return operation, serials
