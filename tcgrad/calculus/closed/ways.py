"""The ways from one tensor to another, by the statements between them: a closed form has a term for each.

Ways that differ in what they lead through element by element come together: ``d(x + tanh(a x)) = (1 + a (1 - ...)) dx``
is one term. Where a tensor is summed over, as in ``x[i] + w[i,j] x[j]``, what was one term before stays apart; two such
terms are alike if the same was summed with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from tcgrad.ir.nodes import Add, Component, Const, IndexSum, IndexValue, Mul
from tcgrad.ir.program import Define, Intrinsic
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import free_indices, sorts_in, walk
from tcgrad.records import dataclass

_LINEAR = frozenset({Component, Const, IndexValue, Mul, Add, IndexSum})  # in what is read once

_Way = tuple[str, ...]  # what was summed with on it, sorted


@dataclass
class Ways:
    """Counts ways through the statements of one program."""

    _read: dict[Tensor, set[tuple[Tensor, str | None]]] = field(default_factory=dict)

    def first_beyond(
        self, most: int, wrt: Tensor, statements: Iterable[Define | Intrinsic]
    ) -> Define | Intrinsic | None:
        """The first of the statements to whose tensor more than ``most`` ways lead from ``wrt``; None if there is none.

        statements: in their order, all that lie between.
        """
        known: dict[Tensor, set[_Way]] = {wrt: {()}}
        for statement in statements:
            if statement.tensor not in self._read:
                self._read[statement.tensor] = _readings(statement)
            found: set[_Way] = set()
            for tensor, beside in self._read[statement.tensor]:
                ways = known.get(tensor, set())
                found |= ways if beside is None else {tuple(sorted((*way, beside))) for way in ways}
            if len(found) > most:
                return statement
            known[statement.tensor] = found
        return None


def _readings(statement: Define | Intrinsic) -> set[tuple[Tensor, str | None]]:
    """What a statement reads, and for what it sums over the names of what it is summed with: of ``tanh(w[i,j] x[j])``
    all of it.
    """
    whole = statement.tensor.name
    if isinstance(statement, Intrinsic):
        return {(statement.operand, whole)}
    reads = [part for part in walk(statement.body) if type(part) is Component]
    names = [read.tensor.name for read in reads]
    is_linear = len(set(names)) == len(names) and sorts_in(statement.body) <= _LINEAR
    found = set[tuple[Tensor, str | None]]()
    for read in reads:
        others = [name for name in names if name != read.tensor.name] if is_linear else [whole, read.tensor.name]
        is_summed = not set(free_indices(read)).issubset(statement.free)
        found.add((read.tensor, " ".join(others) if is_summed else None))
    return found
