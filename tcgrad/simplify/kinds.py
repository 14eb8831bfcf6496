"""Expressions told apart by numbers: those that differ in the names of tensors and indices alone have the same one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Component
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import children
from tcgrad.simplify.outline import outline

_ALIKE = (Role.INPUT, Role.DEFINED)  # they are read in the same way


class Likeness(NamedTuple):
    """The number of a kind, and the tensors and indices in which those of the kind differ."""

    kind: int
    tensors: tuple[Tensor, ...]
    indices: tuple[Index, ...]


class Kinds:
    """The kinds of definitions that have been met."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def shared(self, statements: Sequence[Statement]) -> list[Likeness | None]:
        """For each statement its kind, if it is a definition and another one of them is of that kind, too."""
        sketches = [_sketch(each) if isinstance(each, Define) else None for each in statements]
        count = Counter(sketches)
        kinds = [
            self.of(each) if isinstance(each, Define) and count[sketch] > 1 else None
            for each, sketch in zip(statements, sketches, strict=True)
        ]
        met = Counter(own.kind for own in kinds if own is not None)
        return [own if own is not None and met[own.kind] > 1 else None for own in kinds]

    def of(self, define: Define) -> Likeness | None:
        """The kind of a definition by both of its sides; its own tensor comes first. None if it is of no kind."""
        left = Component(define.tensor, tuple([index.expr for index in define.free]))
        own = outline((left, define.body), alike=_ALIKE)
        if own is None:
            return None
        return Likeness(self._numbers.setdefault(own.key, len(self._numbers)), own.tensors, own.indices)


def _sketch(define: Define) -> Hashable:
    """What is the same for all definitions of a kind, and soon told."""
    parts = tuple([(type(part), len(children(part))) for part in children(define.body)])
    return define.tensor.role, len(define.free), type(define.body), parts
