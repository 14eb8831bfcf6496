"""Parts of statements as tensors with names of their own."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.errors import Span
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.program import Define, Program
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import free_indices


def defined(
    expr: Expr, name: str, taken: set[str], span: Span | None, axes: Sequence[Index] | None = None
) -> tuple[Define, Component]:
    """The definition of a tensor that is an expression, and the component that stands for it.

    name: what it is called, with a number behind it if that is ``taken``; what it is called is taken then.
    axes: the free indices of the expression, in the order of the tensor's axes.
    """
    free = free_indices(expr) if axes is None else axes
    tensor = Tensor(_unused(name, taken), tuple(index.size for index in free), Role.DEFINED)
    own = tuple(index.fresh() for index in free)
    body = substitute(expr, {old: new.expr for old, new in zip(free, own, strict=True)})
    return Define(tensor, own, body, span), Component(tensor, tuple(index.expr for index in free))


def names_taken(program: Program) -> set[str]:
    """What something is called in a program."""
    tensors = (*program.tensors, *program.constants)
    return {tensor.name for tensor in tensors} | {dim.name for dim in program.dims}


def _unused(name: str, taken: set[str]) -> str:
    chosen, number = name, 2
    while chosen in taken:
        chosen, number = f"{name}{number}", number + 1
    taken.add(chosen)
    return chosen
