"""A derivation as people lay it out: one left side, and below each other the lines that it is equal to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Component, Delta, Expr
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import tensors_read, walk
from tcgrad.records import dataclass
from tcgrad.simplify import contract_deltas, simplify
from tcgrad.simplify.canonical import key
from tcgrad.simplify.tidy import tidy
from tcgrad.steps.rules import COLLECT, CONTRACT, SIMPLIFY, Rule, definition


@dataclass(frozen=True)
class Step:
    """A line of a derivation, and why it is equal to the line before it or, of the first, to the left side."""

    rules: tuple[Rule, ...]
    expr: Expr


@dataclass(frozen=True)
class Chain:
    """``left = steps[0] = steps[1] = ...``; ``free`` are the indices of the left side."""

    left: Component
    free: tuple[Index, ...]
    steps: tuple[Step, ...]

    @property
    def result(self) -> Expr:
        return self.steps[-1].expr


def chain(tensor: Tensor, free: tuple[Index, ...], steps: Iterable[Step]) -> Chain:
    """The steps below each other; of lines that differ in the order of factors and terms alone the last one stays."""
    kept: list[Step] = []
    for step in steps:
        if kept and key(tidy(kept[-1].expr)) == key(tidy(step.expr)):
            kept[-1] = replace(kept[-1], expr=step.expr)
        else:
            kept.append(step)
    return Chain(Component(tensor, tuple(index.expr for index in free)), free, tuple(kept))


def simplified(raw: Expr, final: Expr) -> Iterator[Step]:
    """From a derivative as the rules make it to the ``final`` form, by the passes that made that."""
    contracted, collected = contract_deltas(raw), simplify(raw)
    yield Step((CONTRACT if _deltas(contracted) < _deltas(raw) else SIMPLIFY,), contracted)
    yield Step((COLLECT,), collected)
    yield Step((_recognised(collected, final),), final)


def _deltas(expr: Expr) -> int:
    return sum(isinstance(part, Delta) for part in walk(expr))


def _recognised(before: Expr, after: Expr) -> Rule:
    """What stands for its definition in a line that it did not stand in before; else what was written out."""
    old = [tensor for tensor in tensors_read(before) if tensor.role is Role.DEFINED]
    new = [tensor for tensor in tensors_read(after) if tensor.role is Role.DEFINED and tensor not in old]
    return definition(*(new or old)) if new or old else COLLECT
