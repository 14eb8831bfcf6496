"""Which tensors a statement reads, which a tensor depends on, and which statements its value needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement, bodies, defined_tensors
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import tensors_read


def reads(statement: Statement) -> tuple[Tensor, ...]:
    """The tensors that a statement reads, each once."""
    match statement:
        case Define():
            return tensors_read(statement.body)
        case Intrinsic():
            return (statement.operand,)
        case Recurrence():
            return tuple(dict.fromkeys([tensor for body in bodies(statement) for tensor in tensors_read(body)]))


def readers(statements: Sequence[Statement]) -> dict[Tensor, list[int]]:
    """For each tensor the places of the statements that read it, in order."""
    found: dict[Tensor, list[int]] = {}
    for place, statement in enumerate(statements):
        for tensor in reads(statement):
            found.setdefault(tensor, []).append(place)
    return found


def depending_on(program: Program, sources: Iterable[Tensor]) -> set[Tensor]:
    """The tensors whose value depends on one of ``sources``, those included."""
    found = set(sources)
    for statement in program.statements:
        if any(tensor in found for tensor in reads(statement)):
            found.update(defined_tensors(statement))
    return found


def needed_for(program: Program, targets: Iterable[Tensor]) -> set[Tensor]:
    """The tensors that the value of one of ``targets`` depends on, those included."""
    found = set(targets)
    for statement in reversed(program.statements):
        if any(tensor in found for tensor in defined_tensors(statement)):
            found.update(reads(statement))
    return found


class Lines:
    """Statements, by what they define.

    statements: in order; those that define a tensor stand before those that read it.
    """

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        self._places: dict[Tensor, int] = {}
        self._used: list[int] = []  # for each statement a bit for each that it needs, itself among them
        for place, statement in enumerate(statements):
            used = 1 << place
            for tensor in reads(statement):
                if tensor in self._places:
                    used |= self._used[self._places[tensor]]
            self._used.append(used)
            self._places.update(dict.fromkeys(defined_tensors(statement), place))

    def used_for(self, tensor: Tensor) -> tuple[Statement, ...]:
        """The statements that the value of a tensor needs, in order, its own at the end."""
        used = self._used[self._places[tensor]]
        return tuple([statement for place, statement in enumerate(self._statements) if used >> place & 1])
