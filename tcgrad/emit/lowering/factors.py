"""Expressions taken apart for the array program: the factors of products, and what may stand among them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from fractions import Fraction

from tcgrad.emit.graph.distances import is_short
from tcgrad.emit.lowering.structure import UNIT
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.gaps import Gaps
from tcgrad.ir.guards import is_guard
from tcgrad.ir.indices import Index, Integer
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
from tcgrad.ir.substitution import rename_binder, substitute
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import factors_of, free_indices
from tcgrad.records import dataclass
from tcgrad.simplify.powers import split_coefficient


@dataclass
class Factors:
    """A product taken apart."""

    coefficient: Fraction = UNIT
    factors: list[tuple[Expr, bool]] = field(default_factory=list)  # with whether it divides
    deltas: list[Delta] = field(default_factory=list)
    summed: list[Index] = field(default_factory=list)

    @staticmethod
    def of(expr: Expr, distributes: Callable[[Add], bool], gaps: Gaps) -> Factors:
        """Take a product with its sums apart; ``distributes`` tells of which sums of terms the sum goes inside."""
        parts = Factors()
        parts._take(expr, False, distributes, gaps)
        return parts

    def _take(self, expr: Expr, inverted: bool, distributes: Callable[[Add], bool], gaps: Gaps) -> None:
        match expr:
            case Const(value) if value or not inverted:
                self.coefficient *= 1 / value if inverted else value
            case Mul():
                for factor in expr.factors:
                    self._take(factor, inverted, distributes, gaps)
            case Pow(base, Const(exponent)) if exponent in (1, -1):
                self._take(base, inverted ^ (exponent < 0), distributes, gaps)
            case Pow(base, Const(exponent)) if exponent < 0:
                self._take(Pow(base, Const(-exponent)), not inverted, distributes, gaps)
            case Delta() if not inverted:
                self.deltas.append(expr)
            case Where() if not inverted and (masked := as_masked_product(expr, gaps)) is not None:
                self._take(masked, inverted, distributes, gaps)
            case IndexSum() if not inverted and (not isinstance(expr.body, Add) or distributes(expr.body)):
                if any(index in self.summed for index in expr.indices):
                    expr = rename_binder(expr)
                self.summed.extend(expr.indices)
                self._take(expr.body, inverted, distributes, gaps)
            case _:
                self.factors.append((expr, inverted))


def is_contraction(term: Expr) -> bool:
    """Whether a term is a product of at least two arrays, or a sum already."""
    match term:
        case IndexSum():
            return True
        case Mul():
            return sum(bool(free_indices(factor)) for factor in term.factors) > 1
        case _:
            return False


def separable_sum(parts: Factors, result: Sequence[Index] = ()) -> int | None:
    """The place of a factor that is a sum, larger than all that it is made of, over an index that is summed.

    None where several have the same indices, or the same that are kept, as in a quadratic form: a product of
    differences, multiplied out, loses its digits. So does ``w[i,j] (x[j] - x[i])``, which is 0 at ``i = j`` however
    large ``w`` is there; that is multiplied out only where the array of all differences is larger than ``w`` and than
    an array with the axes ``result``.
    """
    found: list[tuple[int, set[Index]]] = []
    for place, (factor, inverted) in enumerate(parts.factors):
        if isinstance(factor, Add) and not inverted and not is_guard(factor):
            axes = set(free_indices(factor))
            if axes.isdisjoint(parts.summed) or not _is_larger(factor, axes, parts):
                continue
            if weighted_places(parts, factor) is None or not _is_as_large(factor, axes, parts, result):
                found.append((place, axes.difference(parts.summed)))
    alone = [place for place, kept in found if sum(kept == other for _, other in found) == 1]
    return alone[0] if alone else None


def _is_larger(total: Add, axes: set[Index], parts: Factors) -> bool:
    """Whether a sum is larger than all that it is made of; if sums are that themselves, than all factors, too."""
    pieces = [piece for term in total.terms for piece in factors_of(term)]
    if all(set(free_indices(piece)) < axes for piece in pieces):
        return True
    if any(axes.issubset(free_indices(other)) for other, _ in parts.factors if other is not total):
        return False
    return all(axes.intersection(free_indices(piece)) < axes for piece in _innermost(total))


def _places_apart(total: Expr) -> tuple[Index, Index] | None:
    """The indices of the places of which a sum is the difference, in an order of theirs: ``i`` and ``j`` of
    ``x[j,k] - x[i,k]``.
    """
    if not isinstance(total, Add) or len(total.terms) != 2:
        return None
    (number, first), (other, then) = map(split_coefficient, total.terms)
    own, theirs = (set(free_indices(term)) for term in (first, then))
    if number + other or len(own - theirs) != 1 or len(theirs - own) != 1:
        return None
    ((here,), (there,)) = own - theirs, theirs - own
    if substitute(first, {here: there.expr}) != then:
        return None
    return (here, there) if here.serial < there.serial else (there, here)


def weighted_places(parts: Factors, total: Expr) -> tuple[Index, Index] | None:
    """The places of a difference that other factors than inputs have both, which may be large where these are one."""
    places = _places_apart(total)
    if places is None:
        return None
    others = [factor for factor, _ in parts.factors if factor is not total and set(places) <= {*free_indices(factor)}]
    are_made = any(not isinstance(other, Component) or other.tensor.role is not Role.INPUT for other in others)
    return places if are_made else None


def _is_as_large(total: Add, axes: set[Index], parts: Factors, result: Sequence[Index]) -> bool:
    """Whether an array of a sum is hardly larger than another factor, or than the result."""
    beyond = [axes.difference(free_indices(other)) for other, _ in parts.factors if other is not total]
    if any(all(is_short(index.size) for index in indices) for indices in beyond):
        return True
    return not Counter(index.size for index in axes) - Counter(index.size for index in result)


def _innermost(expr: Expr) -> Iterator[Expr]:
    """What a sum is made of, sums in it taken apart as well."""
    match expr:
        case Add(parts) | Mul(parts):
            for part in parts:
                yield from _innermost(part)
        case IndexSum(_, body):
            yield from _innermost(body)
        case _:
            yield expr


def squares_as_products(parts: Factors) -> list[tuple[Expr, bool]]:
    """The factors with ``u^2`` as two factors ``u`` where it alone is summed over an index: dot products."""
    return [single for k in range(len(parts.factors)) for single in _square_apart(parts, k)]


def _square_apart(parts: Factors, k: int) -> list[tuple[Expr, bool]]:
    factor, inverted = parts.factors[k]
    match factor:
        case Pow(base, Const(exponent)) if exponent == 2 and not inverted:
            others = {i for n, (other, _) in enumerate(parts.factors) if n != k for i in free_indices(other)}
            if any(index in parts.summed and index not in others for index in free_indices(base)):
                return [(base, False), (base, False)]
    return [(factor, inverted)]


def under_guards(factors: list[tuple[Expr, bool]], gaps: Gaps, *, masks_stay: bool = False) -> list[tuple[Expr, bool]]:
    """The factors with those that need not exist where a guard is 0 chosen by it; see `Gaps.chosen`."""
    above = [Pow(factor, MINUS_ONE) if inverted else factor for factor, inverted in factors]
    chosen = gaps.chosen(above, masks_stay=masks_stay)
    if chosen is above:
        return factors
    given = {id(made): pair for made, pair in zip(above, factors, strict=True)}
    return [given.get(id(factor), (factor, False)) for factor in chosen]


def without_unused(expr: IndexReduce, unused: tuple[Index, ...]) -> Expr:
    """A reduction over indices that do not occur in the body, without them."""
    rest = tuple(index for index in expr.indices if index not in unused)
    inner = IndexReduce(expr.kind, rest, expr.body) if rest else expr.body
    count = IndexValue(math.prod((index.size for index in unused), start=Integer.of(1)))
    match expr.kind:
        case "max" | "min":
            return inner
        case "prod":
            return Pow(inner, count)
        case "logsumexp":
            return Add((inner, Call(FUNCTIONS["log"], (count,))))


def as_masked_product(where: Where, gaps: Gaps) -> Expr | None:
    """``where(condition, u, 0)`` as ``[condition]*u``, if ``u`` is a number wherever it is computed."""
    match where:
        case Where(condition, then, Const(Fraction(numerator=0))) if not gaps.may_be_undefined(then):
            return Mul((condition, then))
        case Where(Iverson() as condition, Const(Fraction(numerator=0)), other) if not gaps.may_be_undefined(other):
            return Mul((condition.opposite, other))
        case _:
            return None
