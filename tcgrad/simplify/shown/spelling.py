"""Components as an author writes them: inverses by the names that they have, symmetric tensors in reading order."""

from __future__ import annotations

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Component, Expr, Iverson
from tcgrad.ir.program import Define, Intrinsic, Program
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import map_children, replace_components, tensors_read
from tcgrad.records import replace
from tcgrad.simplify import simplify


class Spelling:
    """Knows which intermediates of a program are other names of inverses and determinants.

    Outputs are not: ``det(X) inv(X)`` is read more easily than ``f inv(X)``.
    """

    def __init__(self, program: Program) -> None:
        stated = {statement.tensor for statement in program.statements if isinstance(statement, Intrinsic)}
        self._names: dict[Tensor, tuple[Define, Component]] = {}
        for statement in program.statements if stated else ():
            if isinstance(statement, Define) and statement.tensor not in program.outputs:
                body = simplify(statement.body)
                if isinstance(body, Component) and body.tensor in stated and _is_renaming(statement, body):
                    self._names.setdefault(body.tensor, (statement, body))

    def name(self, expr: Expr) -> Expr:
        """The same value by the names of intermediates, simplified; the very same where none has one."""
        named = replace_components(expr, self._named) if self._names else expr
        return expr if named is expr else simplify(named)

    def _named(self, read: Component) -> Component:
        known = self._names.get(read.tensor)
        if known is None:
            return read
        define, body = known
        at = {position.as_index: own for position, own in zip(body.indices, read.indices, strict=True)}
        tensor = replace(define.tensor, symmetric=define.tensor.symmetric or read.tensor.symmetric)
        return Component(tensor, tuple(at[index] for index in define.free))


def _is_renaming(define: Define, body: Component) -> bool:
    positions = [position.as_index for position in body.indices]
    return set(positions) == set(define.free) and len(positions) == len(define.free)


def in_reading_order(expr: Expr, free: tuple[Index, ...]) -> Expr:
    """The same value over ``free`` indices, of which the last of several comes last in a symmetric tensor's
    positions, the others first: ``A[p,j] x[j]``, ``x[p,j] A[j,q]``.

    What is compared stays as it stands: a symmetric inverse is so but for rounding, by which no element attains a
    maximum.
    """
    if not any(tensor.symmetric for tensor in tensors_read(expr)):
        return expr
    rank = {index: place for place, index in enumerate(free)}
    if len(free) > 1:
        rank[free[-1]] = len(free) + 1

    def arranged(part: Expr) -> Expr:
        if isinstance(part, Iverson):
            return part
        if not isinstance(part, Component):
            return map_children(part, arranged)
        if not part.tensor.symmetric or part.tensor.order < 2:
            return part
        *lead, row, column = part.indices
        first, second = [len(free) if k is None else rank.get(k, len(free)) for k in (row.as_index, column.as_index)]
        return Component(part.tensor, (*lead, column, row)) if second < first else part

    return arranged(expr)
