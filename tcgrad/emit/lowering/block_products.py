"""Products of blocks: one term of each factor, with the deltas among them solved."""

from __future__ import annotations

from contextlib import nullcontext
from fractions import Fraction

from tcgrad.emit.graph.arrays import Axes, Kind, Node, Value
from tcgrad.emit.graph.built import Operand
from tcgrad.emit.graph.elementwise import elementwise
from tcgrad.emit.graph.operations import Compare, Number
from tcgrad.emit.lowering.assemble import loops
from tcgrad.emit.lowering.factors import Factors
from tcgrad.emit.lowering.positions import Positions
from tcgrad.emit.lowering.products import Products
from tcgrad.emit.lowering.structure import UNIT, Term
from tcgrad.emit.sizes.axis_reads import is_affine
from tcgrad.emit.sizes.equalities import Equalities
from tcgrad.ir.guards import range_slacks
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import ComparisonOperator

_ZERO = Integer.of(0)


class BlockProducts:
    """Multiplies blocks, which are read at the positions that deltas make of their indices."""

    def __init__(self, products: Products, positions: Positions) -> None:
        self._products = products
        self._build = products.build
        self._positions = positions

    def multiply(self, parts: Factors, factors: list[tuple[Term, bool]], hint: Axes) -> Term:
        """The product of one term of each factor, with the deltas solved.

        parts: what else is in the product; its own factors stand lowered in ``factors``, with whether they divide.
        """
        coefficient = parts.coefficient
        for term, inverted in factors:
            if term.coefficient is not UNIT:
                coefficient *= 1 / term.coefficient if inverted else term.coefficient
        used = {index for term, _ in factors for index in term.value.axes}
        if not parts.deltas and not any(term.equal for term, _ in factors):
            operands = [Operand(term.value, inverted) for term, inverted in factors if not _is_one(term.value.node)]
            result = self._products.product(coefficient, operands, tuple(parts.summed), hint)
            return Term(result.coefficient, result.value)
        equalities = Equalities(self._build.fitting, hint, parts.summed, used)
        sides = [(delta.left, delta.right) for delta in parts.deltas]
        sides += [(index.expr, other) for term, _ in factors for index, other in term.equal]
        unsolved = [pair for pair in sides if not equalities.unite(*pair)]
        if any((equalities.resolve(a) - equalities.resolve(b)).as_number for a, b in unsolved):
            return Term(Fraction(0), Value(self._build.number(1)))
        looked_up = equalities.looked_up()
        with self._positions.guarded(range_slacks(*looked_up)):
            operands = [
                Operand(self._reread(term.value, equalities, inverted), inverted)
                for term, inverted in factors
                if not _is_one(term.value.node)
            ]
            masks = [self._mask(equalities.resolve(a), "==", equalities.resolve(b)) for a, b in unsolved]
            for index, value in looked_up:
                if index in parts.summed:
                    masks += [self._mask(value, ">=", _ZERO), self._mask(value, "<", index.size)]
            operands += map(Operand, masks)
        pairs = equalities.pairs()
        held = {index for _, other in pairs for index in other.indices}
        left = [index for index in parts.summed if not equalities.is_solved(index)]
        loose = tuple(index for index in left if index in held)
        summed = tuple(index for index in left if index not in held)
        places = [equalities.resolve(index.expr) for index in hint]
        compound = [place for place in places if place.as_index is None]
        looped = loops(places) if compound and all(map(is_affine, compound)) else ()  # there are loops over no others
        wanted = dict.fromkeys((*looped, *(index for place in places for index in place.indices)))
        result = self._products.product(coefficient, operands, summed, tuple(wanted))
        return Term(result.coefficient, result.value, pairs, loose)

    def _reread(self, value: Value, equalities: Equalities, inverted: bool) -> Value:
        """A value at the positions that its indices equal; ``inverted``: something is divided by it."""
        positions = [equalities.resolve(index.expr) for index in value.axes]
        if all(position.as_index is index for position, index in zip(positions, value.axes, strict=True)):
            return value
        with self._positions.dividing() if inverted else nullcontext():
            return self._positions.read(value, positions)

    def _mask(self, left: Integer, operator: ComparisonOperator, right: Integer) -> Value:
        """1 where two integer expressions compare so, else 0."""
        sides = self._positions.integer(left), self._positions.integer(right)
        return elementwise(self._build, Compare(operator), sides, (), Kind.BOOL)


def _is_one(node: Node) -> bool:
    return isinstance(node.operation, Number) and node.operation.value == 1
