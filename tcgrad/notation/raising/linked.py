"""Jacobians of batches: what holds between one element of a batch and the same element of another.

Where a delta of an index of the numerator and one of the denominator is a factor of every term, a batch runs through:
``dy[b,i]/dx[p,q] = w[i,q]*delta[b,p]`` is ``dy[b]/dx[p] = δ[b,p] W``. The element's own Jacobian is raised as any
other is, with the batch index held.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import ONE, ZERO, Add, Delta, Expr, IndexSum, Mul
from tcgrad.ir.program import Define
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import rebuild
from tcgrad.notation.matrix.negation import settled
from tcgrad.notation.matrix.nodes import Kron, Vec, VecOrder
from tcgrad.notation.matrix.tree import length, parts
from tcgrad.notation.raising.batches import MOST_HELD, spans
from tcgrad.notation.raising.expressions import Raising
from tcgrad.notation.raising.form import Layout, MatrixForm, matrix_sides
from tcgrad.notation.raising.gathers import positions_in, reads_in
from tcgrad.notation.raising.jacobians import Vectorising
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.records import dataclass

_MOST_TRIALS = 16

Held = tuple[Index, Index | None]  # a row index with the column index that is linked to it, or one index alone


@dataclass(frozen=True)
class LinkedBatches:
    """Raises the Jacobian, or the block of a Hessian, that a definition states, batch element by batch element.

    names: for the free and bound indices of the definition.
    """

    raising: Raising
    define: Define
    names: Mapping[Index, str]
    vec: VecOrder

    def raised(self, most_held: int = MOST_HELD) -> MatrixForm | None:
        """The form with the fewest indices held of those with matrices at most on either side; None without one.

        Where a matrix is a vector there, ``diag(vec(A)) (I ⊗ B)``, one more that is linked is held if that is shorter.
        """
        for held in self._choices(most_held)[:_MOST_TRIALS]:
            form = self._with(held)
            if form is not None:
                return self._with_more_held(held, form, most_held)
        return None

    def _with_more_held(self, held: Sequence[Held], form: MatrixForm, most_held: int) -> MatrixForm:
        """A form, or that of vectors in place of the matrices on both sides."""
        linked = self._linked()[: len(held) + 1]
        if (
            not {Vec, Kron} <= set(map(type, parts(form.matrix)))
            or len(linked) > most_held
            or list(held) != linked[:-1]
        ):
            return form
        further = self._with(linked) if self._fits(linked) else None
        return form if further is None or length(further.matrix) >= length(form.matrix) else further

    def by_rows(self) -> MatrixForm | None:
        """Of a matrix by a matrix: the form for each pair of their rows, if these alone are linked."""
        linked = self._linked()
        leading = (self.define.free[0], self._columns[0])
        return self._with(linked) if linked == [leading] and self._fits(linked) else None

    @property
    def _split(self) -> int:
        return matrix_sides(self.define.tensor)[0].order

    @property
    def _columns(self) -> tuple[Index, ...]:
        return self.define.free[self._split :]

    def _linked(self) -> list[Held]:
        """The row indices with a delta in every term that makes a column index equal to them."""
        rows, columns = self.define.free[: self._split], list(self._columns)
        found: list[Held] = []
        for row in rows:
            partner = next((column for column in columns if _links(self.define.body, row, column)), None)
            if partner is not None:
                columns.remove(partner)
                found.append((row, partner))
        return found

    def _choices(self, most_held: int) -> list[list[Held]]:
        """What may be held, so that both sides have two axes at most: few axes first, then leading and linked ones."""
        linked = self._linked()
        taken = {index for pair in linked for index in pair}
        parts = [*linked, *((index, None) for index in self.define.free if index not in taken)]
        choices = (list(held) for n in range(1, most_held + 1) for held in itertools.combinations(parts, n))
        return sorted(filter(self._fits, choices), key=lambda held: (len(held), sum(map(self._depth, held))))

    def _depth(self, held: Held) -> int:
        """How far from the front what is held lies; of an index alone also that the others do not vanish."""
        index, partner = held
        rows = self.define.free[: self._split]
        side = rows if index in rows else self._columns
        return 2 * side.index(index) + (partner is None)

    def _fits(self, held: Sequence[Held]) -> bool:
        gone = {index for pair in held for index in pair}
        reads = list(reads_in(self.define.body))
        positions = positions_in(self.define.body)
        sides = (self.define.free[: self._split], self._columns)
        if any(position.as_index is None and not gone.isdisjoint(position.indices) for position in positions):
            return False
        if not all(spans(index, read) for index in gone if index is not None for read in reads):
            return False
        return all(sum(index not in gone for index in side) <= 2 for side in sides) and all(
            sum(position.as_index not in gone for position in read.indices) <= 2 for read in reads
        )

    def _with(self, held: Sequence[Held]) -> MatrixForm | None:
        """The form with these indices held."""
        body = self.define.body
        at: dict[Index, Integer] = {}
        for index, partner in held:
            name = Integer.of(Dim(self.names.get(index, index.name), 0))
            at[index] = name
            if partner is not None:
                body = substitute(_without_link(body, index, partner), {partner: name})
                at[partner] = Integer.of(Dim(self.names.get(partner, partner.name), 0))
            body = substitute(body, {index: name})
        rows = tuple(index for index in self.define.free[: self._split] if index not in at)
        columns = tuple(index for index in self._columns if index not in at)
        layout: Layout = "full" if len(rows) + len(columns) <= 2 else "vec"
        vectorising = Vectorising(self.raising, rows, columns, self.vec)
        raised = self.raising.over(body, (*rows, *columns)) if layout == "full" else vectorising(body)
        if isinstance(raised, Refusal):
            return None
        batch = tuple(at.get(index) for index in self.define.free)
        linked = tuple((at[index], at[partner]) for index, partner in held if partner is not None)
        return MatrixForm(self.define.tensor, settled(raised), layout, batch, linked, self.vec)


def _links(expr: Expr, row: Index, column: Index) -> bool:
    """Whether an expression is 0 wherever the two indices differ, as deltas in it show."""
    match expr:
        case Delta(left=left, right=right):
            return {left.as_index, right.as_index} == {row, column}
        case Mul(factors=factors):
            return any(_links(factor, row, column) for factor in factors)
        case Add(terms=terms):
            return all(_links(term, row, column) for term in terms)
        case IndexSum(body=body):
            return _links(body, row, column)
        case _:
            return expr == ZERO


def _without_link(expr: Expr, row: Index, column: Index) -> Expr:
    """The same without one such delta in each term."""
    match expr:
        case Delta():
            return ONE
        case Mul(factors=factors):
            place = next(n for n, factor in enumerate(factors) if _links(factor, row, column))
            return Mul((*factors[:place], _without_link(factors[place], row, column), *factors[place + 1 :]))
        case Add(terms=terms):
            return Add(tuple(_without_link(term, row, column) for term in terms))
        case IndexSum(body=body):
            return rebuild(expr, (_without_link(body, row, column),))
        case _:
            return expr
