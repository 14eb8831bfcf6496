"""Lines that are as long in those that read them as they are by themselves: putting them in cannot pay.

Nothing comes together with what stands around it where neither reads what the other reads, no definition is made of
both, there are no deltas or conditions, and numbers stand on one side alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.ir.nodes import Component, Const, Delta, Expr, IndexReduce, IndexSum, IndexValue, Iverson, Where
from tcgrad.ir.program import Define
from tcgrad.ir.traversal import factors_of, free_indices, sorts_in, tensors_read, walk
from tcgrad.simplify.cost import cost
from tcgrad.simplify.facts.totals import may_be_decided
from tcgrad.simplify.folding.fold import Facts

_CONDITIONS = frozenset({Delta, Iverson, Where, IndexReduce})
_NUMBERS = frozenset({Const, IndexValue})


def is_repeated_in_full(line: Define, users: Sequence[Define], known: Facts) -> bool:
    """Whether the lines that read another one, with it put into them, are longer than they and it are now."""
    sums = sum(isinstance(factor, IndexSum) for factor in factors_of(line.body))  # each may become one with another
    more = cost(line.body) - 1 - sums
    return len(users) * more > cost(line.body) and all(_stays_apart(line, user, known) for user in users)


def _stays_apart(line: Define, user: Define, known: Facts) -> bool:
    """Whether a line that is put into one that reads it once stands there as it is, and so does what is around it."""
    own, around = line.body, user.body
    theirs = set(tensors_read(around)) - {line.tensor}
    return (
        theirs.isdisjoint(tensors_read(own))
        and sum(type(part) is Component and part.tensor == line.tensor for part in walk(around)) == 1
        and all(map(_CONDITIONS.isdisjoint, map(sorts_in, (own, around))))
        and not all(map(_holds_number, (own, around)))
        and set(line.free).issubset(free_indices(own))
        and not may_be_decided(around)
        and not known.read_both(tensors_read(own), theirs)
    )


def _holds_number(expr: Expr) -> bool:
    """Whether a number other than 1 and -1, or a size, occurs at any depth."""
    return any(type(part) in _NUMBERS and cost(part) for part in walk(expr))
