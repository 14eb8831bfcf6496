"""What a check will cost, worked out from the sizes before anything is allocated."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from tcgrad.errors import Diagnostic, Span, TcgradError
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import IndexReduce, IndexSum
from tcgrad.ir.program import Intrinsic, Program, bodies, defined_tensors
from tcgrad.ir.sizes import count
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import free_indices, walk
from tcgrad.records import dataclass

_LARGEST_MEMORY = 4 * 2**30
_LARGEST_WORK = 2**37
_ARRAYS = 8  # values, their wide copies, draws of rounding, differences


@dataclass(frozen=True)
class Cost:
    """Of one forward evaluation: the elements of all tensors, or of the longest range if it has more, and the passes
    through innermost loops.
    """

    elements: int
    operations: int


def forward_cost(program: Program) -> Cost:
    elements, operations = sum([count(tensor.shape) for tensor in program.tensors]), 0
    for body in (body for statement in program.statements for body in bodies(statement)):
        binders = [part for part in walk(body) if isinstance(part, IndexSum | IndexReduce)]
        elements = max([elements, *(index.size.value for binder in binders for index in binder.indices)])
        operations += max([_loops(free_indices(body)), *map(_own_loops, binders)])
    for statement in program.statements:
        if isinstance(statement, Intrinsic):
            operations += count(statement.operand.shape) * statement.operand.shape[-1].value
    return Cost(elements, operations)


def _own_loops(binder: IndexSum | IndexReduce) -> int:
    """The passes through the loops over what a sum binds and what is free in it: no part has more but sums inside."""
    return _loops(dict.fromkeys((*binder.indices, *free_indices(binder.body))))


def _loops(indices: Iterable[Index]) -> int:
    return prod([index.size.value for index in indices])


def refuse_impossible(program: Program, cost: Cost) -> None:
    """Raise an error that says how much memory or work a check would take, if that is more than can be had.

    Raises:
        TcgradError: with code TC502.
    """
    _refuse_beyond(program, "checking", cost, _ARRAYS * 8 * cost.elements)


def refuse_impossible_values(program: Program, derivatives: Iterable[Tensor]) -> None:
    """The same for the values of ``derivatives`` at one point.

    Raises:
        TcgradError: with code TC502.
    """
    cost = forward_cost(program)
    elements = cost.elements + sum(count(tensor.shape) for tensor in derivatives)
    _refuse_beyond(program, "evaluating", Cost(elements, cost.operations), 2 * 8 * elements)


def _refuse_beyond(program: Program, doing: str, cost: Cost, needed: int) -> None:
    """Refuse what takes ``needed`` bytes, or more operations than anybody waits for."""
    if needed > _LARGEST_MEMORY:
        what = f"needs about {_bytes(needed)} of memory for {cost.elements:.3g} elements"
    elif cost.operations > _LARGEST_WORK:
        what = f"needs about {cost.operations:.2g} operations for one evaluation"
    else:
        return
    message = f"{doing} {program.name} at the sizes of its spec {what}"
    help_ = "take smaller sizes: lower its `dims`"
    raise TcgradError((Diagnostic("TC502", message, _largest(program), help_),), program.spec.source)


def _largest(program: Program) -> Span | None:
    """Where the largest tensor is declared or defined."""
    places = {item.tensor: program.spec.inputs[item.tensor.name].name.whole for item in program.inputs}
    for statement in program.statements:
        places |= {tensor: statement.span for tensor in defined_tensors(statement) if statement.span is not None}
    return places[max(places, key=lambda tensor: count(tensor.shape))] if places else None


def _bytes(number: int) -> str:
    size = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} TiB"
