"""Which tensors a tensor depends on, and which statements lie between two tensors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement, defined_tensors
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
            cases = [*(case for base in statement.bases for case in base), *statement.steps]
            return tuple(dict.fromkeys(tensor for case in cases for tensor in tensors_read(case.body)))


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
        self._places = {tensor: n for n, line in enumerate(statements) for tensor in defined_tensors(line)}

    def used_for(self, tensor: Tensor) -> tuple[Statement, ...]:
        """The statements that the value of a tensor needs, in order, its own at the end."""
        last = self._places[tensor]
        used, waiting = {last}, [last]
        while waiting:
            near = (self._places.get(read) for read in reads(self._statements[waiting.pop()]))
            new = {place for place in near if place is not None} - used
            used |= new
            waiting += new
        return (*(self._statements[place] for place in sorted(used - {last})), self._statements[last])
