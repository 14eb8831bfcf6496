"""Expressions told apart by numbers: those that differ in the names of tensors and indices alone have the same one."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Component
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Tensor
from tcgrad.simplify.outline import outline


class Likeness(NamedTuple):
    """The number of a kind, and the tensors and indices in which those of the kind differ."""

    kind: int
    tensors: tuple[Tensor, ...]
    indices: tuple[Index, ...]


class Kinds:
    """The kinds of definitions that have been met."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def of(self, define: Define) -> Likeness | None:
        """The kind of a definition by both of its sides; its own tensor comes first. None if it is of no kind."""
        left = Component(define.tensor, tuple([index.expr for index in define.free]))
        own = outline((left, define.body))
        if own is None:
            return None
        return Likeness(self._numbers.setdefault(own.key, len(self._numbers)), own.tensors, own.indices)
