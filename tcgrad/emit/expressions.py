"""From expressions to the array program: products along contraction paths, everything else elementwise."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from typing import assert_never, cast

from tcgrad.emit.arrays import Axes, Kind, Value
from tcgrad.emit.block_products import BlockProducts
from tcgrad.emit.built import Operand
from tcgrad.emit.definitions import Definitions, plain
from tcgrad.emit.elementwise import elementwise
from tcgrad.emit.equalities import Equalities
from tcgrad.emit.exponentials import logsumexp, share
from tcgrad.emit.factors import (
    Factors,
    as_masked_product,
    is_contraction,
    separable_sum,
    squares_as_products,
    under_guards,
    without_unused,
)
from tcgrad.emit.gates import with_gate
from tcgrad.emit.operations import Apply, Compare, Power, Select
from tcgrad.emit.products import Products
from tcgrad.emit.recover import deltas_as_masks, scattered
from tcgrad.emit.reductions import reduced
from tcgrad.emit.structure import UNIT, Structured, Term, added
from tcgrad.ir.guards import branches_of, slacks_of
from tcgrad.ir.indices import Index
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
    ReductionKind,
    Where,
)
from tcgrad.ir.traversal import free_indices, mentions_delta, tensors_read
from tcgrad.simplify.attained import Attained, attained

_OPPOSITE: dict[ReductionKind, ReductionKind] = {"max": "min", "min": "max"}


class Expressions:
    """Lowers expressions over tensors that are defined already."""

    def __init__(self, definitions: Definitions) -> None:
        self.build = definitions.build
        self.products = Products(definitions.build)
        self._definitions = definitions
        self._blocks = BlockProducts(self.products, definitions.positions)
        self._positions = definitions.positions
        self._gaps = definitions.gaps
        self._known: dict[Hashable, Structured] = {}  # what may stand in one statement many times

    def statement(self, body: Expr, free: Axes) -> Structured:
        """The right side of a statement as a sum of blocks."""
        self.forget()
        return self.lower(body, free)

    def forget(self) -> None:
        """Lower everything anew from here on: another statement begins, or a tensor has another value."""
        self._known = {}

    def dense(self, expr: Expr, hint: Axes) -> Value:
        """An expression as one value; ``hint``: the order in which its axes are wanted if that costs nothing."""
        return self._definitions.dense(self.lower(expr, hint), hint)

    def lower(self, expr: Expr, hint: Axes) -> Structured:
        """An expression as a sum of blocks."""
        match expr:
            case Const():
                return Structured((Term(expr.value, Value(self.build.number(1))),))
            case Component():
                return self._once((expr, self._positions.around), lambda: self._definitions.read(expr, hint))
            case Add():
                terms = [term for part in expr.terms for term in self.lower(part, hint).terms]
                return added(self.build, terms, hint)
            case IndexSum(indices, Add() as body):
                return self._sum_of_terms(indices, body, hint)
            case Mul() | IndexSum() | Delta():
                return self._product(expr, hint)
            case Where() if (masked := as_masked_product(expr, self._gaps)) is not None:
                return self._product(masked, hint)
            case Pow(exponent=Const(value)) if value < 0 or value == 1:
                return self._product(expr, hint)
            case Pow():
                return self._power(expr, hint)
            case Call():
                return self._once((expr, hint, self._positions.around), lambda: plain(self._call(expr, hint)))
            case Iverson() if (asked := attained(expr)) is not None:
                return plain(self._attains(asked, hint))
            case Iverson():
                left, right = self._comparable(expr.left, hint), self._comparable(expr.right, hint)
                return plain(elementwise(self.build, Compare(expr.operator), (left, right), hint, Kind.BOOL))
            case IndexValue():
                return plain(self._positions.integer(expr.value))
            case Where():
                return plain(self._where(expr, hint))
            case IndexReduce():
                return self._reduce(expr, hint)
            case _:
                assert_never(expr)

    def _sum_of_terms(self, indices: Axes, body: Add, hint: Axes) -> Structured:
        if not self._distributes(body):
            inside = _inside(hint, indices)
            whole = self.lower(body, inside)
            term = whole.plain or Term(UNIT, self._definitions.dense(whole, inside))
            total = self.products.product(term.coefficient, [Operand(term.value)], indices, hint)
            return Structured((Term(total.coefficient, total.value),))
        parts = [self.lower(IndexSum(indices, part), hint) for part in body.terms]
        return added(self.build, [term for part in parts for term in part.terms], hint)

    def _distributes(self, body: Add) -> bool:
        """Whether the sum of each term by itself is cheaper than the sum of the whole: all are contractions."""
        if all(is_contraction(term) for term in body.terms):
            return True
        return any(map(self._definitions.is_structured, tensors_read(body))) or mentions_delta(body)

    # Products

    def _product(self, expr: Expr, hint: Axes) -> Structured:
        parts = Factors.of(expr, self._distributes, self._gaps)
        wide = separable_sum(parts)
        if wide is not None:
            return self._multiplied_out(parts, wide, hint)
        masks = deltas_as_masks(parts.factors, parts.deltas, parts.summed, self._gaps)
        parts.deltas = [delta for delta in parts.deltas if delta not in masks]
        parts.factors += [(mask, False) for mask in masks.values()]
        # Zeros around what is read can stand for a guard: what else needs it is chosen before.
        factors = under_guards(parts.factors, self._gaps, masks_stay=True)
        apart = scattered(factors, parts.deltas, parts.summed, self.build.fitting, self._definitions.held)
        if apart is None:
            return self._combined(parts, hint)
        inner = Factors(UNIT, apart.factors, apart.deltas, apart.summed)
        with self._positions.guarded(apart.bounds):
            if not apart.outside:
                return self._combined(replace(inner, coefficient=parts.coefficient), hint)
            value = self._definitions.dense(self._combined(inner, hint), hint)
        with self._positions.guarded(slacks_of(factor for factor, _ in factors)):
            return self._combined(Factors(parts.coefficient, apart.outside), hint, plain(value))

    def _multiplied_out(self, parts: Factors, place: int, hint: Axes) -> Structured:
        """The product for each term of a factor, added up.

        Terms with more of the indices that are summed come first: what they multiply before they sum, others just sum.
        """
        others = [Pow(factor, MINUS_ONE) if inverted else factor for factor, inverted in parts.factors]
        wide = cast("Add", others.pop(place))
        rest = (Const(parts.coefficient), *parts.deltas, *others)
        held = [len({*parts.summed}.intersection(free_indices(term))) for term in wide.terms]
        products: dict[int, Structured] = {}
        for number in sorted(range(len(held)), key=held.__getitem__, reverse=True):
            products[number] = self._product(IndexSum(tuple(parts.summed), Mul((*rest, wide.terms[number]))), hint)
        return added(self.build, [term for number in range(len(held)) for term in products[number].terms], hint)

    def _combined(self, parts: Factors, hint: Axes, *more: Structured) -> Structured:
        """The product of the factors, and of values that are at hand already."""
        if parts.summed:
            parts.factors = squares_as_products(parts)
        self._sum_terms_apart(parts)
        inner = _inside(self._beside_equals(hint, parts) if parts.deltas else hint, parts.summed)
        guards = [factor for factor, _ in parts.factors if isinstance(factor, Iverson)]
        parts.factors = under_guards(parts.factors, self._gaps)
        with self._positions.guarded(slacks_of(guards)) if guards else nullcontext():
            lowered = [*more, *(self._factor(factor, inverted, inner) for factor, inverted in parts.factors)]
            choices = itertools.product(*(structured.terms for structured in lowered))
            inverted = [*(False for _ in more), *(divides for _, divides in parts.factors)]
            terms = [self._blocks.multiply(parts, list(zip(choice, inverted, strict=True)), hint) for choice in choices]
        return added(self.build, terms, hint)

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
        key = expr, inverted, hint, self._positions.bounds
        return self._once(key, lambda: self._lowered_factor(expr, inverted, hint))

    def _once(self, key: Hashable, lowered: Callable[[], Structured]) -> Structured:
        """What is lowered in one statement again and again, as in derivatives of long products."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = lowered()
        return known

    def _lowered_factor(self, expr: Expr, inverted: bool, hint: Axes) -> Structured:
        read = expr.base if isinstance(expr, Pow) else expr
        with self._positions.dividing() if inverted and isinstance(read, Component) else nullcontext():
            structured = self.lower(expr, hint)
        if structured.plain or (structured.is_diagonal and not inverted):
            return structured
        return plain(self._definitions.dense(structured, hint))

    # Elementwise

    def _floating(self, expr: Expr, hint: Axes) -> Value:
        return self._as_float(self.dense(expr, hint))

    def _as_float(self, value: Value) -> Value:
        return Value(self.build.as_float(value.node), value.axes)

    def _comparable(self, expr: Expr, hint: Axes) -> Value:
        """Integers are compared as integers, whatever the dtype of the inputs."""
        return self._positions.integer(expr.value, hint) if isinstance(expr, IndexValue) else self.dense(expr, hint)

    def _attains(self, asked: Attained, hint: Axes) -> Value:
        """The very numbers that an extreme is taken of compared with it, then read where the element stands."""
        if not asked.is_at_its_place:
            sides = self._floating(asked.element, hint), self.dense(asked.extreme, hint)
            return elementwise(self.build, Compare("=="), sides, hint, Kind.BOOL)
        elements = self._floating(asked.extreme.body, _inside(hint, asked.extreme.indices))
        extreme = self.dense(asked.extreme, hint)
        truth = elementwise(self.build, Compare("=="), (elements, extreme), elements.axes, Kind.BOOL)
        return self._positions.read(truth, [asked.positions.get(index, index.expr) for index in truth.axes])

    def _power(self, expr: Pow, hint: Axes) -> Structured:
        """``(-a)^2`` is ``a^2``, so that ``a`` is computed as it is elsewhere."""
        if not isinstance(expr.exponent, Const) or expr.exponent.value <= 0:
            sides = self._floating(expr.base, hint), self._floating(expr.exponent, hint)
            return plain(elementwise(self.build, Power(), sides, hint))
        exponent = expr.exponent.value
        base = self.lower(expr.base, hint)
        if (turned := base.plain) and turned.coefficient == -1 and exponent.denominator == 1:
            power = self._power_of(turned.value, exponent)
            return Structured((Term(Fraction((-1) ** exponent.numerator), power),))
        return plain(self._power_of(self._definitions.dense(base, hint), exponent))

    def _power_of(self, base: Value, exponent: Fraction) -> Value:
        return Value(self.build.power(base.node, exponent), base.axes)

    def _call(self, expr: Call, hint: Axes) -> Value:
        gated = with_gate(expr)
        if gated is not None:
            return self.dense(gated, hint)
        arguments = [self._floating(argument, hint) for argument in expr.arguments]
        known = share(self.build, arguments[0].node) if expr.function.name == "exp" else None
        if known is not None:
            return Value(known, arguments[0].axes)
        return elementwise(self.build, Apply(expr.function), arguments, hint)

    def _where(self, expr: Where, hint: Axes) -> Value:
        condition = self.dense(expr.condition, hint)
        if condition.node.kind is not Kind.BOOL:
            sides = condition, Value(self.build.number(0))
            condition = elementwise(self.build, Compare("!="), sides, hint, Kind.BOOL)
        branches = []
        for branch, slacks in branches_of(expr):
            with self._positions.guarded(slacks):
                branches.append(self._floating(branch, hint))
        guarded = any(map(self._gaps.may_be_undefined, (expr.then, expr.otherwise)))
        return elementwise(self.build, Select(guarded), (condition, *branches), hint)

    def _reduce(self, expr: IndexReduce, hint: Axes) -> Structured:
        used = free_indices(expr.body)
        unused = tuple(index for index in expr.indices if index not in used)
        if unused:
            return self.lower(without_unused(expr, unused), hint)
        sign, kind, body = self._reduced(expr, _inside(hint, expr.indices))
        # What is read may be the same along an axis, and then has none.
        same = tuple(index for index in expr.indices if index not in body.axes)
        if same:
            return self.lower(without_unused(expr, same), hint)
        gone = tuple(k for k, index in enumerate(body.axes) if index in expr.indices)
        kept = tuple(index for index in body.axes if index not in expr.indices)
        if expr.kind == "logsumexp":
            return plain(Value(logsumexp(self.build, body.node, gone), kept))
        return Structured((Term(sign, Value(reduced(self.build, kind, body.node, gone), kept)),))

    def _reduced(self, expr: IndexReduce, hint: Axes) -> tuple[Fraction, ReductionKind, Value]:
        """A sign, and what a reduction is of what, for ``max(-a)`` is ``-min(a)``."""
        body = self.lower(expr.body, hint)
        if (turned := body.plain) and turned.coefficient == -1 and expr.kind in _OPPOSITE:
            return turned.coefficient, _OPPOSITE[expr.kind], self._as_float(turned.value)
        return UNIT, expr.kind, self._as_float(self._definitions.dense(body, hint))


def _inside(hint: Axes, bound: Sequence[Index]) -> Axes:
    """The axes within a binder, each once: what is bound may be the index of another binder around it, too."""
    return (*(index for index in hint if index not in bound), *bound)
