"""Fewer and shorter lines: an adjoint is put into the lines that use it where the whole gets no longer by it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from tcgrad.calculus.dependence import reads
from tcgrad.calculus.trace import Inserted, Listener, unheard
from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import replace_components, size, tensors_read, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.fold import Facts
from tcgrad.simplify.renaming import instantiated

_MOST_USERS = 3
_LARGEST = 250  # nodes of a line that is worth trying
_SHORT = 10  # the cost of a line that is worth repeating


def compact(
    statements: Sequence[Statement],
    kept: Collection[Tensor],
    unwanted: Collection[Tensor],
    known: Facts,
    tell: Listener = unheard,
) -> tuple[Statement, ...]:
    """The statements with some definitions substituted into later ones.

    kept: tensors whose definitions all stay.
    unwanted: tensors whose definitions go wherever that is possible, shorter or not.
    tell: is told of each definition that is put into a line.

    Each definition is tried once, in order, so that the cost stays linear in the number of statements.
    """
    lines: list[Statement | None] = list(statements)
    users = _users(statements)
    for place, line in enumerate(lines):
        if not isinstance(line, Define) or line.tensor in kept or size(line.body) > _LARGEST:
            continue
        reading = [n for n in users.get(line.tensor, ()) if isinstance(lines[n], Define)]
        if len(reading) != len(users.get(line.tensor, ())) or not 0 < len(reading) <= _MOST_USERS:
            continue
        old = [user for n in reading if isinstance(user := lines[n], Define)]
        if any(size(user.body) > _LARGEST for user in old) or not (line.tensor in unwanted or _is_promising(line, old)):
            continue
        raw = [_put_in(user, line) for user in old]
        new = [replace(user, body=known.fold(body)) for user, body in zip(old, raw, strict=True)]
        shorter = sum(cost(user.body) for user in new) <= cost(line.body) + sum(cost(user.body) for user in old)
        if shorter or line.tensor in unwanted:
            lines[place] = None
            for n, user, body, made in zip(reading, old, raw, new, strict=True):
                lines[n] = made
                tell(Inserted(user, line, body, made))
            _reassign(users, line, place, new, reading)
    return tuple(line for line in lines if line is not None)


def _is_promising(line: Define, users: Sequence[Define]) -> bool:
    """Whether a definition is read once, or is so short that repeating it may pay."""
    reads_of = sum(isinstance(part, Component) and part.tensor == line.tensor for u in users for part in walk(u.body))
    return reads_of == 1 or cost(line.body) <= _SHORT


def _users(statements: Sequence[Statement]) -> dict[Tensor, list[int]]:
    """For each tensor the places of the statements that read it."""
    users: dict[Tensor, list[int]] = {}
    for place, statement in enumerate(statements):
        for tensor in reads(statement):
            users.setdefault(tensor, []).append(place)
    return users


def _reassign(
    users: dict[Tensor, list[int]], line: Define, place: int, new: Sequence[Define], reading: Sequence[int]
) -> None:
    """The substituted line reads nothing any more; the lines that it went to read what they now hold."""
    for tensor in tensors_read(line.body):
        users[tensor] = [n for n in users[tensor] if n != place]
    for user, n in zip(new, reading, strict=True):
        for tensor in tensors_read(user.body):
            users[tensor] = sorted({*users.get(tensor, ()), n})


def _put_in(user: Define, line: Define) -> Expr:
    """A line with another one's right side wherever it reads what that defines."""

    def put_in(read: Component) -> Expr:
        if read.tensor != line.tensor:
            return read
        return instantiated(line.free, line.body, read.indices, simplify)

    return replace_components(user.body, put_in)
