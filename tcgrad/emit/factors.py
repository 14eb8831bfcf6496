"""Expressions taken apart for the array program: the factors of products, and what may stand among them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import field
from fractions import Fraction

from tcgrad.emit.structure import UNIT
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.guards import is_guard
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import (
    MINUS_ONE,
    ZERO,
    Add,
    Call,
    ComparisonOperator,
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
from tcgrad.ir.traversal import children, factors_of, free_indices, product_of, rename_binder, tensors_read, walk
from tcgrad.records import dataclass


@dataclass
class Factors:
    """A product taken apart."""

    coefficient: Fraction = UNIT
    factors: list[tuple[Expr, bool]] = field(default_factory=list)  # with whether it divides
    deltas: list[Delta] = field(default_factory=list)
    summed: list[Index] = field(default_factory=list)

    @staticmethod
    def of(expr: Expr, distributes: Callable[[Add], bool]) -> Factors:
        """Take a product with its sums apart; ``distributes`` tells of which sums of terms the sum goes inside."""
        parts = Factors()
        parts._take(expr, False, distributes)
        return parts

    def _take(self, expr: Expr, inverted: bool, distributes: Callable[[Add], bool]) -> None:
        match expr:
            case Const(value) if value or not inverted:
                self.coefficient *= 1 / value if inverted else value
            case Mul():
                for factor in expr.factors:
                    self._take(factor, inverted, distributes)
            case Pow(base, Const(exponent)) if exponent in (1, -1):
                self._take(base, inverted ^ (exponent < 0), distributes)
            case Pow(base, Const(exponent)) if exponent < 0:
                self._take(Pow(base, Const(-exponent)), not inverted, distributes)
            case Delta() if not inverted:
                self.deltas.append(expr)
            case Where() if not inverted and (masked := as_masked_product(expr)) is not None:
                self._take(masked, inverted, distributes)
            case IndexSum() if not inverted and (not isinstance(expr.body, Add) or distributes(expr.body)):
                if any(index in self.summed for index in expr.indices):
                    expr = rename_binder(expr)
                self.summed.extend(expr.indices)
                self._take(expr.body, inverted, distributes)
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


def separable_sum(parts: Factors) -> int | None:
    """The place of a factor that is a sum, larger than all that it is made of, over an index that is summed."""
    for place, (factor, inverted) in enumerate(parts.factors):
        if isinstance(factor, Add) and not inverted:
            axes = set(free_indices(factor))
            pieces = [piece for term in factor.terms for piece in factors_of(term)]
            if not axes.isdisjoint(parts.summed) and all(set(free_indices(piece)) < axes for piece in pieces):
                return place
    return None


def squares_as_products(parts: Factors) -> list[tuple[Expr, bool]]:
    """The factors with ``u^2`` as two factors ``u`` where all of ``u`` is summed: that is a dot product."""
    return [single for k in range(len(parts.factors)) for single in _square_apart(parts, k)]


def _square_apart(parts: Factors, k: int) -> list[tuple[Expr, bool]]:
    factor, inverted = parts.factors[k]
    match factor:
        case Pow(base, Const(exponent)) if exponent == 2 and not inverted:
            others = {i for n, (other, _) in enumerate(parts.factors) if n != k for i in free_indices(other)}
            own = free_indices(base)
            if own and all(index in parts.summed and index not in others for index in own):
                return [(base, False), (base, False)]
    return [(factor, inverted)]


def under_guards(factors: list[tuple[Expr, bool]]) -> list[tuple[Expr, bool]]:
    """The factors with those that need not exist where a guard is 0 chosen by it, and so that guard left out.

    What lacks an index of the guard has to exist for another value of that index.
    """
    guards = [factor for factor, inverted in factors if not inverted and is_guard(factor) and free_indices(factor)]
    chosen: dict[tuple[Expr, ...], list[Expr]] = {}
    kept: list[tuple[Expr, bool]] = []
    for factor, inverted in factors if guards else ():
        whole = Pow(factor, MINUS_ONE) if inverted else factor
        gaps = [set(free_indices(node)) for node in walk(whole) if _has_gaps(node)]
        over = tuple(guard for guard in guards if any(gap.issuperset(free_indices(guard)) for gap in gaps))
        if over:
            chosen.setdefault(over, []).append(whole)
        else:
            kept.append((factor, inverted))
    if not chosen:
        return factors
    held = [guard for over in chosen for guard in over]
    made = [(Where(product_of(over), product_of(parts), ZERO), False) for over, parts in chosen.items()]
    return [*(pair for pair in kept if not any(pair[0] is guard for guard in held)), *made]


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


def has_delta(expr: Expr) -> bool:
    """Whether a delta occurs; kept on the node once known."""
    known = expr.known_delta
    if known is None:
        known = vars(expr)["known_delta"] = isinstance(expr, Delta) or any(map(has_delta, children(expr)))
    return known


def as_masked_product(where: Where) -> Expr | None:
    """``where(condition, u, 0)`` as ``[condition]*u``, if ``u`` is a number wherever it is computed."""
    match where:
        case Where(condition, then, Const(Fraction(numerator=0))) if not may_be_undefined(then):
            return Mul((condition, then))
        case Where(Iverson(operator, left, right), Const(Fraction(numerator=0)), otherwise) if not may_be_undefined(
            otherwise
        ):
            return Mul((Iverson(_OPPOSITE[operator], left, right), otherwise))
        case _:
            return None


_OPPOSITE: dict[ComparisonOperator, ComparisonOperator] = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
}


def may_be_undefined(expr: Expr) -> bool:
    """Whether an expression can be NaN or infinite for finite arguments."""
    return any(_is_partial(node) or _grows(node) for node in walk(expr))


def _is_partial(expr: Expr) -> bool:
    match expr:
        case Pow() if not tensors_read(expr) and not free_indices(expr):  # of sizes and numbers alone
            return False
        case _:
            return _has_gaps(expr)


def _has_gaps(expr: Expr) -> bool:
    """Whether a node has no value for some arguments."""
    match expr:
        case Pow(exponent=Const(value)):
            return value < 0 or value.denominator != 1
        case Pow():
            return True
        case Call():
            return expr.function.domain != ((-math.inf, math.inf),) * expr.function.arity
        case _:
            return False


def _grows(expr: Expr) -> bool:
    """Whether a node can overflow for arguments that are not large."""
    return isinstance(expr, Call) and expr.function.name in _GROWING


_GROWING = ("exp", "expm1", "sinh", "cosh")
