"""What a check will cost, worked out from the sizes before anything is allocated."""

from __future__ import annotations

from math import prod

from tcgrad.check.domains import bodies
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Expr, IndexReduce, IndexSum
from tcgrad.ir.program import Intrinsic, Program, defined_tensors
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, free_indices
from tcgrad.records import dataclass

_LARGEST_MEMORY = 4 * 2**30
_LARGEST_WORK = 2**37
_ARRAYS = 8  # values, their wide copies, draws of rounding, differences


@dataclass(frozen=True)
class Cost:
    """Of one forward evaluation: the elements of all tensors, and the passes through innermost loops."""

    elements: int
    operations: int


def forward_cost(program: Program) -> Cost:
    tensors = [item.tensor for item in program.inputs]
    tensors += [tensor for statement in program.statements for tensor in defined_tensors(statement)]
    elements = sum(count(tensor) for tensor in tensors)
    operations = sum(_operations(body) for statement in program.statements for body in bodies(statement))
    for statement in program.statements:
        if isinstance(statement, Intrinsic):
            operations += count(statement.operand) * statement.operand.shape[-1].value
    return Cost(elements, operations)


def count(tensor: Tensor) -> int:
    """The number of elements."""
    return prod(size.value for size in tensor.shape)


def _operations(expr: Expr) -> int:
    """The largest loop nest within the expression."""
    indices: set[Index] = set(free_indices(expr))
    if isinstance(expr, IndexSum | IndexReduce):
        indices |= set(expr.indices) | set(free_indices(expr.body))
    own = prod(index.size.value for index in indices)
    return max(own, *(_operations(part) for part in children(expr)), 0)


def refuse_impossible(program: Program) -> None:
    """Raise an error that says how much memory or work a check would take, if that is more than can be had.

    Raises:
        TcgradError: with code TC502.
    """
    cost = forward_cost(program)
    needed = _ARRAYS * 8 * cost.elements
    if needed > _LARGEST_MEMORY:
        _refuse(program, f"needs about {_bytes(needed)} of memory for {cost.elements:.3g} elements of its tensors")
    if cost.operations > _LARGEST_WORK:
        _refuse(program, f"needs about {cost.operations:.2g} operations for one evaluation")


def _refuse(program: Program, what: str) -> None:
    message = f"checking {program.name} at the sizes of its spec {what}"
    source = program.spec.source
    raise TcgradError((Diagnostic("TC502", message, help="check it at smaller sizes: lower its `dims`"),), source)


def _bytes(number: int) -> str:
    size = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} TiB"
