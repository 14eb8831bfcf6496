"""The arrays of the array program, which stands between the IR and the text of NumPy code.

Nodes are positional: they know axes by number, not indices.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import ClassVar

from tcgrad.ir.indices import Index, Integer
from tcgrad.records import dataclass

Axes = tuple[Index, ...]  # what the axes of an array stand for


class Kind(Enum):
    """What a value is made of; it decides where a cast is needed to stay in the inputs' dtype."""

    __hash__ = object.__hash__  # quick

    FLOAT = "float"  # of the inputs' dtype
    INT = "int"  # of a dtype of its own, mostly of integers
    BOOL = "bool"
    SCALAR = "scalar"  # a Python number, which takes the dtype of what it meets


class Operation:
    """What a node does with its arguments, and what every node has to know of that.

    is_view: it reads the memory of its argument in another way.
    is_view_in_order: the same, unless the axes of its argument were turned.
    is_view_at_numbers: the same of its first argument, unless another one is an array, if of order 0, and no number.
    turns_axes: what it is that turns them.
    is_looked_into: something else is made of its arrays than of others: a sum divided by the size is a mean.
    has_common_dtype: its arrays are in the dtype that all real inputs have together.
    """

    is_view: ClassVar[bool] = False
    is_view_in_order: ClassVar[bool] = False
    is_view_at_numbers: ClassVar[bool] = False
    turns_axes: ClassVar[bool] = False
    is_looked_into: ClassVar[bool] = False
    has_common_dtype: ClassVar[bool] = False


@dataclass(frozen=True, eq=False)
class Form:
    """What an array is but for those that it is made of: one object for all that have the same, in a graph.

    stem: what tells it from other arrays that are made of the same ones.
    """

    operation: Operation
    shape: tuple[Integer, ...]
    kind: Kind
    stem: int


@dataclass(frozen=True, eq=False)
class Node:
    """One array: an operation on others.

    serial: orders the nodes of a graph as they were made.
    sources: what decides the dtype, as bits: the arguments of the emitted function that the node is computed from.
    """

    form: Form
    arguments: tuple[Node, ...]
    serial: int
    sources: int
    operation: Operation = field(init=False)
    shape: tuple[Integer, ...] = field(init=False)
    kind: Kind = field(init=False)
    is_view: bool = field(init=False)

    def __repr__(self) -> str:
        return f"%{self.serial} = {self.operation}({', '.join(f'%{a.serial}' for a in self.arguments)})"

    def __post_init__(self) -> None:
        own, form = self.__dict__, self.form
        own["operation"], own["shape"], own["kind"] = form.operation, form.shape, form.kind
        own["is_view"] = form.operation.is_view

    @property
    def base(self) -> Node:
        """The array whose memory this one shares: itself, if it is no view."""
        return self.arguments[0].base if self.is_view else self

    @property
    def owner(self) -> Node:
        """The array whose memory this one may share."""
        return self.arguments[0].owner if self.may_be_view else self

    @property
    def may_be_view(self) -> bool:
        """Whether it may share memory: a reshaped array may be a view too, of turned axes of size 1."""
        return self.is_view or self.operation.is_view_in_order or self.operation.is_view_at_numbers

    @property
    def is_static(self) -> bool:
        """A scalar made of literals and sizes alone."""
        return self.kind is Kind.SCALAR


@dataclass(frozen=True)
class Value:
    """A node whose k-th axis stands for the index ``axes[k]``."""

    node: Node
    axes: Axes = ()
