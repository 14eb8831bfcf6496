"""Names for places, with the spec's own index names beside the positions, and for numbers of things."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.ir.nodes import Component
from tcgrad.ir.program import Define, Program, Recurrence, bodies
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import walk


def axis_names(program: Program, tensor: Tensor) -> tuple[str, ...]:
    """What the spec calls the tensor's axes where it is defined, else where it is first read; numbers otherwise."""
    for statement in program.statements:
        match statement:
            case Define(tensor=defined, free=free) if defined == tensor:
                return tuple(index.name for index in free)
            case Recurrence(tensors=tensors, steps=steps) if tensor in tensors:
                return tuple(index.name for index in steps[tensors.index(tensor)].free)
            case _:
                continue
    best: tuple[str, ...] = ("",) * tensor.order
    for statement in program.statements:
        for body in bodies(statement):
            for node in walk(body):
                if isinstance(node, Component) and node.tensor == tensor:
                    indices = [position.as_index for position in node.indices]
                    names = tuple("" if index is None else index.name for index in indices)
                    best = max(best, names, key=lambda candidate: sum(map(bool, candidate)))
    return best


def place(tensor: Tensor, names: Sequence[str], position: Sequence[int]) -> str:
    """An element such as ``x[b=0, h=2]``, given the names of the axes; of a scalar its name."""
    if not position:
        return tensor.name
    return f"{tensor.name}[{', '.join(f'{n}={p}' if n else str(p) for n, p in zip(names, position, strict=True))}]"


def unravel(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The position of an element by its place among all of them."""
    backwards = []
    for size in reversed(shape):
        flat, place_here = divmod(flat, size)
        backwards.append(place_here)
    return tuple(reversed(backwards))


def counted(number: int, what: str) -> str:
    """``1 element``, ``2 elements``"""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
