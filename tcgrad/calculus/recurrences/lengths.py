"""For which lengths of recurrences the derivatives of a program hold: special positions at either end must not meet."""

from __future__ import annotations

from collections.abc import Iterator

from tcgrad.calculus.program.dependence import depending_on, needed_for
from tcgrad.calculus.recurrences.adjoint import Adjoints
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import ZERO
from tcgrad.ir.program import Program, Recurrence
from tcgrad.ir.tensors import Tensor


def least_lengths(program: Program) -> Iterator[tuple[Tensor, Integer, int]]:
    """The last tensor of each recurrence that derivatives go through, its length along it, and the least from which on
    these are alike.
    """
    on_path = depending_on(program, program.wrt) & needed_for(program, program.outputs)
    for statement in program.statements:
        if isinstance(statement, Recurrence) and not on_path.isdisjoint(statement.tensors):
            adjoints = Adjoints(statement, lambda tensor: tensor, lambda _tensor, _positions: ZERO)
            tensor = statement.tensors[-1]
            yield tensor, adjoints.steps.length(tensor), adjoints.least_length


def are_alike(program: Program, other: Program) -> bool:
    """Whether the derivatives of a program hold at the other's sizes: its recurrences are as short, or long as well."""
    pairs = zip(least_lengths(program), least_lengths(other), strict=True)
    return all(
        own.value == length.value if own.value < least else length.value >= least
        for (_, own, least), (_, length, _) in pairs
    )
