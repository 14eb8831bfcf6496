"""A monomial without its contractible deltas and its idle sums, and written back as an expression."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain
from math import prod

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ONE, ZERO, Add, Component, Const, Delta, Expr, IndexSum, IndexValue, Iverson, Mul
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.traversal import free_indices, product_of, walk
from tcgrad.simplify.canonical import Labels, canonical_labels
from tcgrad.simplify.monomials import UNIT, Monomial, Policy, monomials, size_powers
from tcgrad.simplify.order import in_order
from tcgrad.simplify.powers import merge_powers, power, scaled_sum
from tcgrad.simplify.rules.deltas import Solution, simplify_delta, solve, solve_digits
from tcgrad.simplify.rules.guarding import guards_kept
from tcgrad.simplify.rules.implied import implied_guards
from tcgrad.simplify.rules.permutations import is_antisymmetric
from tcgrad.simplify.rules.power_sums import closed_sum
from tcgrad.simplify.rules.remainders import whole_division


def contract(part: Monomial, policy: Policy) -> list[Monomial]:
    """``sum_k delta(k, e) f(k) = f(e)`` for every bound index that a delta fixes; then idle sums become sizes.

    Terminates because each step removes a bound index, or puts an earlier index in the place of a later one. The
    result is a sum, for a contraction can open a bracket.
    """
    part = _with_digits_fixed(part)
    deltas = [base for base, exponent in part.powers if type(base) is Delta and _is_positive(exponent)]
    if not deltas:
        return [_sizes_for_idle(part)]
    dividing = _dividing(deltas)
    exact = _with_whole_division(part, dividing) if dividing else None
    if exact is not None:
        return contract(exact, policy)
    solution = _best_solution(part.bound, deltas, dividing)
    if solution is not None:
        bound = (*(index for index in part.bound if index is not solution.index), *solution.digits)
        others = tuple(item for item in part.powers if item[0] not in solution.deltas)
        mapping = {solution.index: solution.value}
        kept = () if _is_read_at(solution, others) else solution.kept
        return _substituted(part._replace(bound=bound), mapping, kept, others, policy)
    aligned = _alignment(part, deltas)
    if aligned is not None:
        delta, renaming = aligned
        others = tuple(item for item in part.powers if item[0] is not delta)
        return _substituted(part, renaming, (delta,), others, policy)
    return [_sizes_for_idle(_without_implied_guards(_with_digits_joined(part, dividing)))]


def _is_read_at(solution: Solution, powers: Sequence[tuple[Expr, Expr]]) -> bool:
    """Whether a factor is read at an element of an integer tensor that an index is: that is in its range then."""
    return solution.value.as_gather is not None and any(
        position == solution.value and size == solution.index.size
        for base, _ in powers
        if isinstance(base, Component) and not base.tensor.zero_outside
        for position, size in zip(base.indices, base.tensor.shape, strict=True)
    )


def _with_digits_fixed(part: Monomial) -> Monomial:
    """``sum_k [k == 1] f(k)`` with a delta for the bracket, which fixes a bound index alone."""
    brackets = [base for base, _ in part.powers if type(base) is Iverson] if part.bound else ()
    fixed: dict[Expr, Expr] = {base: delta for base in brackets if (delta := _fixing(base, part.bound)) is not None}
    return part._replace(powers=tuple((fixed.get(base, base), e) for base, e in part.powers)) if fixed else part


def _fixing(bracket: Iverson, bound: Sequence[Index]) -> Delta | None:
    match bracket:
        case Iverson("==", IndexValue(left), IndexValue(right)) if right.as_number is not None:
            return Delta(left, right) if left.as_index in bound else None
        case Iverson("==", IndexValue(left), Const(value)) if value.denominator == 1:
            return Delta(left, Integer.of(value.numerator)) if left.as_index in bound else None
        case _:
            return None


def _substituted(
    part: Monomial,
    mapping: dict[Index, Integer],
    kept: tuple[Expr, ...],
    changed: tuple[tuple[Expr, Expr], ...],
    policy: Policy,
) -> list[Monomial]:
    """The monomial with indices replaced in the ``changed`` powers, beside the ``kept`` factors; contracted on."""
    factors = [policy.substitute(power(base, exponent), mapping) for base, exponent in changed]
    opened = monomials(Mul((Const(part.coefficient), *kept, *factors)), policy, frozenset(part.bound))
    return [
        done
        for piece in opened
        if piece.coefficient
        for done in contract(piece._replace(bound=part.bound + piece.bound), policy)
    ]


def _is_positive(exponent: Expr) -> bool:
    return exponent is ONE or (isinstance(exponent, Const) and exponent.value.numerator > 0)


def _with_whole_division(part: Monomial, dividing: Sequence[Delta]) -> Monomial | None:
    """``delta(p, e//W) [e%W = r] f`` as ``delta(e, W*p + r) f``; None where no bracket tells a remainder, or one does
    that reads in ``f`` need: they may come to stand before the delta.
    """
    guards = [base for base, exponent in part.powers if type(base) in {Iverson, Delta} and _is_positive(exponent)]
    for delta in dividing:
        found = whole_division(delta, guards)
        if found is None:
            continue
        made, guard = found
        rest = tuple(item for item in part.powers if item[0] is not delta and item[0] is not guard)
        is_solved = any(solve(made, index) for index in free_indices(made) if index in part.bound)
        if is_solved or not guards_kept([guard], [power(*item) for item in rest]):
            return _without_implied_guards(part._replace(powers=(*rest, (simplify_delta(made), ONE))))
    return None


def _best_solution(bound: Sequence[Index], deltas: Sequence[Delta], dividing: Sequence[Delta]) -> Solution | None:
    if not bound:
        return None
    inside = list(map(free_indices, deltas))
    found = [solve(delta, index) for delta, own in zip(deltas, inside, strict=True) for index in bound if index in own]
    found += [solve_digits(dividing, index) for index in bound if dividing and any(index in own for own in inside)]
    return min((solution for solution in found if solution), key=lambda solution: solution.cost, default=None)


def _dividing(deltas: Sequence[Delta]) -> list[Delta]:
    """Those with a quotient or a remainder: by no others are digits settled."""
    return [delta for delta in deltas if delta.left.divides or delta.right.divides]


def _alignment(part: Monomial, deltas: Sequence[Delta]) -> tuple[Delta, dict[Index, Integer]] | None:
    """``delta(i, p) f(p) = delta(i, p) f(i)``: such a delta, and for an index an earlier one, or a position.

    ``delta(p, q+1) x[p-1] = delta(p, q+1) x[q]``
    """
    for delta in deltas:
        for index, other in ((delta.right.as_index, delta.left), (delta.left.as_index, delta.right)):
            if index is None:
                continue
            beside = [side for b, e in part.powers if b is not delta for side in (b, e) if index in free_indices(side)]
            may = _can_replace(index, other, is_later=index is delta.right.as_index)
            if beside and (may or _makes_plain(index, other, beside)):
                return delta, {index: other}
    return None


def _makes_plain(index: Index, other: Integer, exprs: Sequence[Expr]) -> bool:
    """Whether every read at a position with an index in it is at a plain one, inside, with ``other`` in its place."""
    if other.as_index is not None or len(other.indices) != 1:
        return False
    positions = [
        (position.substitute({index: other}).as_index, size)
        for expr in exprs
        for read in walk(expr)
        if isinstance(read, Component)
        for position, size in zip(read.indices, read.tensor.shape, strict=True)
        if index in position.indices
    ]
    return bool(positions) and all(plain is not None and is_nonnegative(size - plain.size) for plain, size in positions)


def _can_replace(index: Index, other: Integer, *, is_later: bool) -> bool:
    """Whether what an index equals takes its place: not where it could be what the index cannot, and read outside."""
    if other.as_index is not None:
        size = other.as_index.size
        return is_later if size == index.size else is_nonnegative(index.size - size)
    return not other.indices and (other.gathers or 0 <= other.value < index.size.value)


def _with_digits_joined(part: Monomial, dividing: Sequence[Delta]) -> Monomial:
    """``delta(p, k//W) delta(q, k%W) = delta(k, W*p + q)`` where nothing is summed."""
    inside = dict.fromkeys(index for delta in dividing for index in free_indices(delta))
    for index in inside if len(dividing) > 1 else ():
        solution = solve_digits(dividing, index)
        if solution and not solution.digits and not solution.kept:
            others = tuple(item for item in part.powers if item[0] not in solution.deltas)
            return part._replace(powers=(*others, (simplify_delta(Delta(index.expr, solution.value)), ONE)))
    return part


def _without_implied_guards(part: Monomial) -> Monomial:
    """Without guards that the deltas say again, but for those that reads beside them need."""
    if not any(type(base) is Iverson for base, _ in part.powers):
        return part
    factors = [power(base, exponent) for base, exponent in part.powers]
    implied = implied_guards(factors)
    if not implied:
        return part
    needed = guards_kept(factors, [factor for factor in factors if factor not in implied])
    gone = [factor for factor in implied if factor not in needed]
    return part._replace(powers=tuple(item for item in part.powers if item[0] not in gone)) if gone else part


def _sizes_for_idle(part: Monomial) -> Monomial:
    """``sum_k f = N f`` where ``k`` does not occur."""
    if not part.bound:
        return part
    used = set[Index]().union(*[free_indices(side) for power in part.powers for side in power if side is not ONE])
    if used.issuperset(part.bound):
        return part
    idle = [size_powers(index.size) for index in part.bound if index not in used]
    coefficient = prod((size.coefficient for size in idle), start=part.coefficient)
    powers = (*part.powers, *(power for size in idle for power in size.powers))
    return Monomial(coefficient, tuple(index for index in part.bound if index in used), powers)


def assemble(part: Monomial, policy: Policy) -> Expr:
    """A monomial as an expression: each sum around the factors that it connects, factors in order."""
    factors_before = len(part.powers)
    part = merge_powers(part, policy)
    if part.coefficient is not UNIT and not part.coefficient:
        return ZERO
    if part.bound:
        if len(part.powers) < factors_before:  # what cancelled may have been all that held an index
            part = _sizes_for_idle(part)
        part = _split_sums(part, policy)
        if any(exponent is ONE and is_antisymmetric(base) for base, exponent in part.powers):
            return ZERO
    factors = [base if exponent is ONE else power(base, exponent) for base, exponent in part.powers]
    return _scaled_product(part.coefficient, in_order(factors))


def _scaled_product(coefficient: Fraction, factors: list[Expr]) -> Expr:
    if factors and (coefficient is UNIT or coefficient == 1):
        return product_of(factors)
    if len(factors) == 1 and isinstance(factors[0], Add) and coefficient == -1:
        return scaled_sum(factors[0], coefficient)
    return product_of([Const(coefficient), *factors])


def _split_sums(part: Monomial, policy: Policy) -> Monomial:
    """Sums over indices that no factor connects are products of sums; those of numbers alone are worked out.

    The powers of the monomial are merged, and so are those of the result: only what is made can be equal to another.
    """
    outside: list[tuple[Expr, Expr]] = []
    groups: list[tuple[list[Index], list[Expr]]] = []
    for base, exponent in part.powers:
        factor = power(base, exponent)
        touched = [k for k in free_indices(factor) if k in part.bound]
        if not touched:
            outside.append((base, exponent))
            continue
        joined = [group for group in groups if not set(touched).isdisjoint(group[0])]
        groups = [group for group in groups if group not in joined]
        indices = dict.fromkeys(chain(*[own for own, _ in joined], touched))
        groups.append((list(indices), [*chain.from_iterable([own for _, own in joined]), factor]))
    closed = [closed_sum(indices, factors) for indices, factors in groups]
    coefficient = prod((whole.coefficient for whole in closed if whole), start=part.coefficient)
    sums = [
        whole.powers if whole else ((_index_sum(indices, factors), ONE),)
        for whole, (indices, factors) in zip(closed, groups, strict=True)
    ]
    split = Monomial(coefficient, (), (*outside, *(power for powers in sums for power in powers)))
    is_single = closed == [None] and IndexSum not in [type(base) for base, _ in outside]
    return split if is_single else merge_powers(split, policy)


def _index_sum(indices: list[Index], factors: list[Expr]) -> IndexSum:
    def labels() -> Labels:
        return canonical_labels(indices, factors)

    ordered = in_order(factors, labels)
    seen = dict.fromkeys(k for factor in ordered for k in free_indices(factor) if k in indices)
    return IndexSum(tuple(seen), product_of(ordered))
