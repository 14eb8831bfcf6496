"""How long recurrences must be for their derivatives: the positions that are special at either end must not meet."""

from __future__ import annotations

from collections.abc import Iterator

from tcgrad.calculus.adjoints import Adjoints
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import ZERO
from tcgrad.ir.program import Program, Recurrence
from tcgrad.ir.tensors import Tensor


def least_lengths(program: Program) -> Iterator[tuple[Tensor, Integer, int]]:
    """A tensor of each recurrence, its length along it, and the least for which derivatives hold."""
    for statement in program.statements:
        if isinstance(statement, Recurrence):
            adjoints = Adjoints(statement, lambda tensor: tensor, lambda _tensor, _positions: ZERO)
            tensor = statement.tensors[0]
            yield tensor, adjoints.steps.length(tensor), adjoints.least_length


def require_long_enough(program: Program) -> None:
    """Refuse recurrences that are too short for their derivatives.

    Raises:
        TcgradError: naming the length and the least one.
    """
    for tensor, length, least in least_lengths(program):
        if length.value < least:
            span = next(s.span for s in program.statements if isinstance(s, Recurrence) and tensor in s.tensors)
            message = f"`{tensor.name}` has {length.value} positions along its recurrence"
            help_ = f"its derivatives take {least}: positions at its end and at its start are treated by themselves"
            raise TcgradError((Diagnostic("TC407", message, span, help_),), program.spec.source)
