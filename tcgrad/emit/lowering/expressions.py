"""From expressions to the array program: products along contraction paths, everything else elementwise."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import assert_never, cast

from tcgrad.emit.graph.arrays import Axes, Value
from tcgrad.emit.graph.built import Operand
from tcgrad.emit.lowering.block_products import BlockProducts
from tcgrad.emit.lowering.boxes import boxed
from tcgrad.emit.lowering.definitions import Definitions, plain
from tcgrad.emit.lowering.factors import (
    Factors,
    as_masked_product,
    is_contraction,
    separable_sum,
    squares_as_products,
    under_guards,
    weighted_places,
)
from tcgrad.emit.lowering.kernels import over_kernels
from tcgrad.emit.lowering.pointwise import Pointwise, axes_within
from tcgrad.emit.lowering.products import Products
from tcgrad.emit.lowering.recover import deltas_as_masks, scattered
from tcgrad.emit.lowering.structure import UNIT, Structured, Term, added, finished, sum_at_hand
from tcgrad.emit.sizes.equalities import Equalities
from tcgrad.ir.guards import slacks_of
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import (
    MINUS_ONE,
    Add,
    Call,
    Component,
    Const,
    Delta,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.traversal import free_indices, sorts_in, tensors_read
from tcgrad.ir.whole import as_integer
from tcgrad.simplify.facts.attained import attained
from tcgrad.simplify.powers import split_coefficient


class Expressions(Pointwise):
    """Lowers expressions over tensors that are defined already."""

    def __init__(self, definitions: Definitions) -> None:
        super().__init__(definitions)
        self.products = Products(definitions.build)
        self._blocks = BlockProducts(self.products, definitions.positions)
        self._known: dict[Hashable, Structured] = {}  # what may stand in one statement many times

    def statement(self, body: Expr, free: Axes) -> Structured:
        """The right side of a statement as a sum of blocks."""
        self.forget()
        return self.lower(body, free)

    def forget(self) -> None:
        """Lower everything anew from here on: another statement begins, or a tensor has another value."""
        self._known = {}

    def lower(self, expr: Expr, hint: Axes) -> Structured:
        """An expression as a sum of blocks."""
        match expr:
            case Const():
                return Structured((Term(expr.value, Value(self.build.number(1))),))
            case Component():
                return self._once((expr, self.positions.around), lambda: self.definitions.read(expr, hint))
            case Add():
                terms = [term for part in _with_one_position(expr.terms) for term in self.lower(part, hint).terms]
                return added(self.build, terms, hint)
            case IndexSum(indices, Add() as body):
                return self._sum_of_terms(indices, body, hint)
            case Mul() | IndexSum() | Delta():
                return self._product(expr, hint)
            case Where() if (masked := as_masked_product(expr, self.gaps)) is not None:
                return self._product(masked, hint)
            case Pow(exponent=Const(value)) if value < 0 or value == 1:
                return self._product(expr, hint)
            case Pow():
                return self.power(expr, hint)
            case Call():
                return self._once((expr, hint, self.positions.around), lambda: plain(self.call(expr, hint)))
            case Iverson() if (asked := attained(expr)) is not None:
                return plain(self.attains(asked, hint))
            case Iverson():
                return plain(self.comparison(expr, hint))
            case IndexValue():
                return plain(self.positions.integer(expr.value))
            case Where():
                return plain(self.where(expr, hint))
            case IndexReduce():
                return self.reduce(expr, hint)
            case _:
                assert_never(expr)

    def _sum_of_terms(self, indices: Axes, body: Add, hint: Axes) -> Structured:
        if not self._distributes(body):
            inside = axes_within(hint, indices)
            whole = self.lower(body, inside)
            term = whole.plain or Term(UNIT, self.definitions.dense(whole, inside))
            total = self.products.product(term.coefficient, [Operand(term.value)], indices, hint)
            return Structured((Term(total.coefficient, total.value),))
        parts = [self.lower(IndexSum(indices, part), hint) for part in body.terms]
        return added(self.build, [term for part in parts for term in part.terms], hint)

    def _distributes(self, body: Add) -> bool:
        """Whether the sum of each term by itself is cheaper than the sum of the whole: all are contractions."""
        if all(is_contraction(term) for term in body.terms):
            return True
        return any(map(self.definitions.is_structured, tensors_read(body))) or Delta in sorts_in(body)

    def _product(self, expr: Expr, hint: Axes) -> Structured:
        return self._multiplied(Factors.of(expr, self._distributes, self.gaps), hint)

    def _multiplied(self, parts: Factors, hint: Axes) -> Structured:
        """A product that is taken apart."""
        box = boxed(parts, self.build.fitting)
        if box is not None:
            return self._multiplied(box, hint)
        windows = over_kernels(parts, self.build.fitting)
        if windows is not None:
            return self._multiplied(windows, hint)
        wide = separable_sum(parts, hint)
        if wide is not None and not self._is_met(parts, wide, hint):
            return self._multiplied_out(parts, wide, hint)
        masks = deltas_as_masks(parts.factors, parts.deltas, parts.summed, self.gaps)
        parts.deltas = [delta for delta in parts.deltas if delta not in masks]
        parts.factors += [(mask, False) for mask in masks.values()]
        # Zeros around what is read can stand for a guard: what else needs it is chosen before.
        factors = under_guards(parts.factors, self.gaps, masks_stay=True)
        apart = scattered(factors, parts.deltas, parts.summed, self.build.fitting, self.definitions.held)
        if apart is None:
            return self._combined(parts, hint)
        inner = Factors(UNIT, apart.factors, apart.deltas, apart.summed)
        with self.positions.guarded(apart.bounds):
            if not apart.outside:
                return self._combined(replace(inner, coefficient=parts.coefficient), hint)
            values = self._combined(inner, hint)
            if values.is_zero:
                return values
            value = self.definitions.dense(values, hint)
        with self.positions.guarded(slacks_of(factor for factor, _ in factors)):
            return self._combined(Factors(parts.coefficient, apart.outside), hint, plain(value))

    def _multiplied_out(self, parts: Factors, place: int, hint: Axes) -> Structured:
        """The product for each term of a factor, added up.

        Terms with more of the indices that are summed come first: what they multiply before they sum, others just sum.
        """
        others = [Pow(factor, MINUS_ONE) if inverted else factor for factor, inverted in parts.factors]
        wide = cast("Add", others.pop(place))
        places = weighted_places(parts, wide)
        if places is not None:
            others.append(Iverson("!=", *(IndexValue(index.expr) for index in places)))
        rest = (Const(parts.coefficient), *parts.deltas, *others)
        held = [len({*parts.summed}.intersection(free_indices(term))) for term in wide.terms]
        products: dict[int, Structured] = {}
        for number in sorted(range(len(held)), key=held.__getitem__, reverse=True):
            products[number] = self._product(IndexSum(tuple(parts.summed), Mul((*rest, wide.terms[number]))), hint)
        return added(self.build, [term for number in range(len(held)) for term in products[number].terms], hint)

    def _is_met(self, parts: Factors, place: int, hint: Axes) -> bool:
        """Whether a factor that is a sum of arrays was multiplied by others before, which is less to do then."""
        terms = [split_coefficient(term) for term in cast("Add", parts.factors[place][0]).terms]
        if not all(isinstance(read, Component) for _, read in terms):
            return False
        inner = axes_within(hint, parts.summed)
        known = sum_at_hand(self.build, [(number, self.dense(read, inner)) for number, read in terms])
        if known is None:
            return False
        others = [Operand(self.dense(read, inner), under) for read, under in parts.factors if type(read) is Component]
        return any(mask & 1 for mask in self.products.built.sets_known([Operand(known), *others]))

    def _combined(self, parts: Factors, hint: Axes, *more: Structured) -> Structured:
        """The product of the factors, and of values that are at hand already."""
        if any(index.size.as_number == 0 for index in parts.summed):
            return added(self.build, (), hint)
        if parts.summed:
            parts.factors = squares_as_products(parts)
        self._sum_terms_apart(parts)
        inner = axes_within(self._beside_equals(hint, parts) if parts.deltas else hint, parts.summed)
        guards = [factor for factor, _ in parts.factors if isinstance(factor, Iverson)]
        parts.factors = under_guards(parts.factors, self.gaps)
        with self.positions.guarded(slacks_of(guards)) if guards else nullcontext():
            lowered = [*more, *(self._factor(factor, inverted, inner) for factor, inverted in parts.factors)]
            lowered = self._with_differences_whole(lowered)
            choices = itertools.product(*(structured.terms for structured in lowered))
            inverted = [*(False for _ in more), *(divides for _, divides in parts.factors)]
            terms = [self._blocks.multiply(parts, list(zip(choice, inverted, strict=True)), hint) for choice in choices]
        return added(self.build, terms, hint)

    def _with_differences_whole(self, factors: list[Structured]) -> list[Structured]:
        """The factors, of which several that are ``a[i,j] - delta[i,j]`` are one array each.

        Multiplied out, ``(a - 1)^2`` loses its digits near 1, as any product of differences does.
        """
        wide = [factor.axes_of_all for factor in factors]
        if len(factors) - wide.count(None) < 2:
            return factors
        return [
            factor if axes is None else plain(self.definitions.dense(factor, axes))
            for factor, axes in zip(factors, wide, strict=True)
        ]

    def _beside_equals(self, hint: Axes, parts: Factors) -> Axes:
        """The order of axes that is wanted of the factors: an index stands beside the one that it equals."""
        equalities = Equalities(self.build.fitting, hint, parts.summed, hint)
        for delta in parts.deltas:
            equalities.unite(delta.left, delta.right)
        place = {index.expr: k for k, index in enumerate(hint)}
        return tuple(sorted(hint, key=lambda own: place.get(equalities.resolve(own.expr), place[own.expr])))

    def _sum_terms_apart(self, parts: Factors) -> None:
        """``sum_k a*(b_k*c_k + d_k*e_k)``: the sum goes to the terms, where nothing else depends on its indices."""
        for k, (factor, inverted) in enumerate(parts.factors):
            if inverted or not isinstance(factor, Add) or not self._distributes(factor):
                continue
            others = {i for n, (other, _) in enumerate(parts.factors) if n != k for i in free_indices(other)}
            others.update(index for delta in parts.deltas for index in free_indices(delta))
            inside = free_indices(factor)
            own = tuple(index for index in parts.summed if index in inside and index not in others)
            if own:
                parts.factors[k] = IndexSum(own, factor), False
                parts.summed = [index for index in parts.summed if index not in own]

    def _factor(self, expr: Expr, inverted: bool, hint: Axes) -> Structured:
        """A factor that has a value by itself; a sum that is one in many terms."""
        if not isinstance(expr, Add):
            return self._lowered_factor(expr, inverted, hint)
        key = expr, inverted, hint, self.positions.bounds
        return self._once(key, lambda: self._lowered_factor(expr, inverted, hint))

    def _once(self, key: Hashable, lowered: Callable[[], Structured]) -> Structured:
        """What is lowered in one statement again and again, as in derivatives of long products."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = lowered()
        return known

    def _lowered_factor(self, expr: Expr, inverted: bool, hint: Axes) -> Structured:
        read = expr.base if isinstance(expr, Pow) else expr
        with self.positions.dividing() if inverted and isinstance(read, Component) else nullcontext():
            structured = self.lower(expr, hint)
        if inverted and structured.plain and not structured.plain.coefficient:
            return plain(finished(self.build, structured.plain))  # no coefficient is 1/0: it is NumPy's, inf or nan
        if structured.plain or (structured.is_diagonal and not inverted):
            return structured
        return plain(self.definitions.dense(structured, hint))


def _with_one_position(terms: Sequence[Expr]) -> Sequence[Expr]:
    """The terms, of which a position along an axis and what is added to it are one: of ``x[p] + p + 1 - N`` the whole
    numbers are added up first, and no digit of ``x`` is lost to ``p`` where little is left of both.
    """
    whole = [as_integer(term) for term in terms]
    found = [integer for integer in whole if integer is not None]
    if not 1 < len(found) < len(terms) or len({index for each in found for index in each.indices}) != 1:
        return terms
    others = [term for term, integer in zip(terms, whole, strict=True) if integer is None]
    return [*others, IndexValue(sum(found, start=Integer.of(0)))]
