"""Simplification of one node whose children are simplified: one named rule for each kind."""

from __future__ import annotations

from fractions import Fraction
from operator import attrgetter, is_
from typing import assert_never

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import (
    HOLDS,
    ONE,
    ZERO,
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
from tcgrad.ir.ranges import is_negative, is_nonnegative, reduced
from tcgrad.ir.traversal import factors_of, free_indices, map_integers, product_of
from tcgrad.ir.whole import as_integer
from tcgrad.simplify.monomials import UNIT, Monomial, Policy, monomials, unbound
from tcgrad.simplify.order import Term
from tcgrad.simplify.powers import add_of, exponential_without_logarithms, negated, scaled, sign, split_coefficient
from tcgrad.simplify.rules.brackets import brackets_joined
from tcgrad.simplify.rules.choices import choices_added
from tcgrad.simplify.rules.common import take_out
from tcgrad.simplify.rules.contract import assemble, contract
from tcgrad.simplify.rules.deltas import iverson, simplify_delta
from tcgrad.simplify.rules.joining import choices_joined, divisor_cancelled, signs_joined
from tcgrad.simplify.rules.permutations import holds_symbol, is_antisymmetric, symbols_sorted
from tcgrad.simplify.rules.piecewise import simplify_where
from tcgrad.simplify.rules.pythagorean import squares_merged
from tcgrad.simplify.rules.unit_shares import shares_summed
from tcgrad.simplify.rules.weights import complement_of
from tcgrad.simplify.rules.whole_sums import as_one_integer, terms_of_integer
from tcgrad.simplify.shapes import names

_divides = attrgetter("divides")


def simplify_node(expr: Expr, policy: Policy) -> Expr:
    """The simplest form of a node over simplified children; the policy is for what a rule makes anew."""
    match expr:
        case Const():
            return expr
        case Component():
            if expr.tensor.zero_outside and any(map(_is_outside, expr.indices, expr.tensor.shape)):
                return ZERO
            return map_integers(expr, reduced) if any(map(_divides, expr.indices)) else expr
        case Call():
            return _call(expr, policy)
        case IndexSum() if is_antisymmetric(expr):
            return ZERO
        case IndexValue() | Mul() | Pow() | IndexSum():
            return _product(expr, policy)
        case Delta():
            return simplify_delta(expr)
        case Iverson():
            return _iverson(expr)
        case Add():
            return _sum(expr, policy)
        case Where():
            return simplify_where(expr, policy)
        case IndexReduce():
            return _reduction(expr, policy)
        case _:
            assert_never(expr)


def _is_outside(position: Integer, size: Integer) -> bool:
    """Whether a position is outside of a tensor, whatever its size and the values of indices."""
    return is_negative(position) or is_nonnegative(position - size)


def _call(expr: Call, policy: Policy) -> Expr:
    """``exp(0) = 1``, ``log(1) = 0``, ``exp(log(u)) = u``, ``log(exp(u)) = u``, ``sin(-u) = -sin(u)``,
    ``exp(u - log(N)) = exp(u)/N``, and ``f(0) = 0`` of an odd function and of ``abs``.
    """
    match expr.function.name, expr.arguments:
        case "exp", (Const(value=0),):
            return ONE
        case "log", (Const(value=1),):
            return ZERO
        case name, (Const(value=0),) if expr.function.parity < 0 or name == "abs":
            return ZERO
        case ("exp", (Call() as inner,)) if inner.function.name == "log":
            return inner.arguments[0]
        case ("log", (Call() as inner,)) if inner.function.name == "exp":
            return inner.arguments[0]
        case "exp", (Add(),):
            apart = exponential_without_logarithms(expr)
            return policy.simplify(apart) if apart is not None else expr
        case _, (argument,) if expr.function.parity and sign(argument) < 0:
            turned = Call(expr.function, (negated(argument),))
            return turned if expr.function.parity > 0 else scaled(-UNIT, turned)
        case _:
            return expr


def _product(expr: Expr, policy: Policy) -> Expr:
    """A product, power or sum over indices: deltas contracted, powers merged, sums split."""
    given = [part for part in monomials(expr, policy) if part.coefficient is UNIT or part.coefficient]
    parts = [done for part in given for done in contract(part, policy)]
    written = [_written(part, policy) for part in parts]
    if len(written) == 1:
        return _joined(written[0], policy)
    return _sum(Add(tuple(written)), policy) if written else ZERO


def _written(part: Monomial, policy: Policy) -> Expr:
    left = shares_summed(part)
    return assemble(part, policy) if left is None else policy.simplify(unbound(left))


def _joined(made: Expr, policy: Policy) -> Expr:
    """An expression with those factors joined, if it is a product, that stand for less together."""
    if not isinstance(made, Mul):
        return made
    joined = choices_joined(made)
    if joined is made and policy.collects:
        joined = divisor_cancelled(signs_joined(made))
    return made if joined is made else policy.simplify(joined)


def _sum(expr: Add, policy: Policy) -> Expr:
    """Like terms collected, up to the names of bound indices, integers added up, and common factors taken out."""
    terms = brackets_joined(like_terms_collected(expr))
    if len(terms) > 1:
        terms = _roots_merged(terms, policy)
    if len(terms) > 1 and any(map(holds_symbol, expr.terms)):
        terms = _symbols_merged(terms, policy)
    if not terms:
        return ZERO
    chosen = squares_merged(choices_added(terms), policy.simplify)
    if chosen is not terms:
        return policy.simplify(Add((ZERO, *(scaled(*term) for term in chosen))))
    if len(terms) == 1:
        return scaled(*terms[0])
    if not policy.collects:
        return add_of(terms)
    integer = as_one_integer(terms)
    if integer is not None:
        return policy.simplify(IndexValue(integer))
    common, rests = take_out(terms)
    return policy.simplify(Mul((*common, add_of(rests)))) if common else add_of(terms)


def _roots_merged(terms: list[Term], policy: Policy) -> list[Term]:
    """``2^(1/2) a - 2^(-1/2) a = 2^(-1/2) a``: like terms but for powers of a number."""
    above = [_with_roots_above(term) for term in terms]
    if all(map(is_, above, terms)):
        return terms
    merged = like_terms_collected(Add(tuple(scaled(*term) for term in above)))
    if len(merged) == len(terms):
        return terms
    return [split_coefficient(policy.simplify(scaled(*term))) for term in merged]


def _with_roots_above(term: Term) -> Term:
    """``2^(-1/2) a`` as ``1/2 2^(1/2) a``"""
    coefficient, rest = term
    for place, factor in enumerate(factors_of(rest)):
        match factor:
            case Pow(base=Const(value=base), exponent=Const(value=n)) if base > 0 > n and n.denominator != 1:
                whole = -(n.numerator // n.denominator)
                root = Pow(factor.base, Const(n + whole))
                factors = factors_of(rest)
                rest = product_of((*factors[:place], root, *factors[place + 1 :]))
                return _with_roots_above((coefficient / base**whole, rest))
            case _:
                pass
    return term


def _symbols_merged(terms: list[Term], policy: Policy) -> list[Term]:
    """``v[k] eps[i,p,k] + u[k] eps[i,k,p]`` by one order of positions, if terms are alike then or have it in common."""
    turned = Add(tuple(policy.simplify(symbols_sorted(scaled(*term))) for term in terms))
    found = like_terms_collected(turned)
    return found if len(found) < len(terms) or len(take_out(found)[0]) > len(take_out(terms)[0]) else terms


def like_terms_collected(expr: Add) -> list[Term]:
    """The terms of a sum whose terms are simplified, sums among them opened, of integers too, like ones merged."""
    merged: dict[int | str, Term] = {}
    flat = _flat_terms(expr, UNIT)
    for name, (coefficient, rest) in zip(names([rest for _, rest in flat]), flat, strict=True):
        if name in merged:
            before, first = merged[name]
            merged[name] = before + coefficient, first
        else:
            merged[name] = coefficient, rest
    return [term for term in merged.values() if term[0] is UNIT or term[0]]


def _flat_terms(expr: Expr, coefficient: Fraction) -> list[Term]:
    factor, rest = split_coefficient(expr)
    whole = factor if coefficient is UNIT else coefficient * factor
    match rest:
        case Add():
            return [term for part in rest.terms for term in _flat_terms(part, whole)]
        case IndexValue(value=Integer(terms=(_, _, *_))):
            return [(whole * n, part) for n, part in terms_of_integer(rest.value)]
        case _:
            return [(whole, rest)]


def _iverson(expr: Iverson) -> Expr:
    """Decided where both sides are numbers, or integers whose ranges decide; ``[[c][d] != 0] = [c][d]``, and
    ``[1 - delta(a, b) != 0] = [a != b]``.
    """
    left, right = as_integer(expr.left), as_integer(expr.right)
    if left is not None and right is not None:
        return iverson(expr.operator, left, right)
    if isinstance(expr.left, Const) and isinstance(expr.right, Const):
        return ONE if HOLDS[expr.operator](expr.left.value, expr.right.value) else ZERO
    if expr.operator != "!=" or expr.right != ZERO:
        return expr
    if all(isinstance(each, Iverson | Delta) for each in factors_of(expr.left)):
        return expr.left
    delta = complement_of(expr.left)
    return expr if delta is None else iverson("!=", delta.left, delta.right)


def _reduction(expr: IndexReduce, policy: Policy) -> Expr:
    """An index that does not occur repeats the value: ``max`` is the value, ``prod`` its power."""
    used = tuple(index for index in expr.indices if index in free_indices(expr.body))
    idle = [index for index in expr.indices if index not in used]
    if not idle:
        return expr
    count = Mul(tuple(IndexValue(index.size) for index in idle))
    kept = IndexReduce(expr.kind, used, expr.body) if used else expr.body
    match expr.kind:
        case "max" | "min":
            return kept
        case "prod":
            return policy.simplify(Pow(kept, count))
        case "logsumexp":
            return policy.simplify(Add((kept, Call(FUNCTIONS["log"], (count,)))))
