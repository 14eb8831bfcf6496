"""Jacobians of or by matrices as matrices: both sides vectorised, deltas as Kronecker products.

Rows stand for the indices of the numerator, columns for those of the denominator. Vectorised row after row, the entry
of ``i, j`` and ``p, q`` lies in row ``i*n + j`` and column ``p*t + q``, so that ``d vec(X A) / d vec(X) = I ⊗ Aᵀ``.
Column after column is the same with the indices of each side in the other order: ``Aᵀ ⊗ I``.
"""

from __future__ import annotations

from tcgrad.ir.nodes import Add, Expr
from tcgrad.notation.matrix.nodes import Matrix, VecOrder
from tcgrad.notation.matrix.sums import add
from tcgrad.notation.raising.blocks import Block
from tcgrad.notation.raising.expressions import MOST_TERMS, Axes, Raising, all_or_refusal, too_many_terms
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.notation.raising.terms import expansion, flatten, multiplied_out, resolve_between
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Vectorising:
    """Raises an expression to the matrix with ``rows``, one or two indices, down and ``columns`` across."""

    raising: Raising
    rows: Axes
    columns: Axes
    order: VecOrder

    def __call__(self, expr: Expr) -> Matrix | Refusal:
        if isinstance(expr, Add):
            return self._sum(expr.terms)
        term = flatten(expr)
        if expansion(term) > MOST_TERMS:
            return Refusal(too_many_terms(term))
        addends = multiplied_out(term)
        if addends is not None:
            return self._sum(addends)
        term = resolve_between(term, self.rows, self.columns)
        network = self.raising.network(term, hub=True)
        if isinstance(network, Refusal):
            return network
        turned = self.order == "column"
        rows, columns = (axes[::-1] if turned else axes for axes in (self.rows, self.columns))
        raised = Block(network, term, rows, columns, self.order).raised()
        return raised if isinstance(raised, Refusal) else network.scale(raised)

    def _sum(self, terms: tuple[Expr, ...]) -> Matrix | Refusal:
        parts = all_or_refusal(map(self, terms))
        return parts if isinstance(parts, Refusal) else add(parts)
