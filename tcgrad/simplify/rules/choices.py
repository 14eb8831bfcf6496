"""Choices as they are read most easily.

Those with 0 as brackets: ``where(c, a f, 0) = a where(c, f, 0)``, and ``[c] a`` where nothing but ``a`` is chosen; that
holds for every ``a`` that has a value, and a number of its size, whether the condition holds or not. Others with what
is there in either case before them, ``where(c, a f, a g) = a where(c, f, g)``; and opposite brackets as one choice,
``a [c] + b [not c] = where(c, a, b)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.guards import is_mask
from tcgrad.ir.nodes import ONE, ZERO, Add, Call, Const, Expr, Iverson, Mul, Pow, Where
from tcgrad.ir.traversal import factors_of, map_children, product_of, tensors_read, walk
from tcgrad.simplify.cost import cost
from tcgrad.simplify.monomials import holds_delta
from tcgrad.simplify.order import Term
from tcgrad.simplify.powers import as_power, scaled, split_coefficient
from tcgrad.simplify.rules.brackets import brackets_joined
from tcgrad.simplify.rules.common import take_out
from tcgrad.simplify.rules.guarding import may_be_outside
from tcgrad.simplify.shapes import are_equal

_FEWEST = 2  # choices that may be one


def with_factors_out(expr: Expr, is_certain: Callable[[Expr], bool]) -> Expr:
    """The expression with the certain factors of what is chosen, or is 0, before the choice; to be simplified.

    is_certain: whether an expression has a value everywhere that does not overflow.
    """
    made = map_children(expr, lambda part: with_factors_out(part, is_certain))
    match made:
        case Where(condition=condition, then=then, otherwise=otherwise) if otherwise == ZERO:
            return _factors_out(condition, then, is_certain)
        case Where(condition=Iverson() as condition, then=then, otherwise=otherwise) if then == ZERO:
            return _factors_out(condition.opposite, otherwise, is_certain)
        case _:
            return made


def _factors_out(condition: Expr, chosen: Expr, is_certain: Callable[[Expr], bool]) -> Expr:
    certain = [factor for factor in factors_of(chosen) if is_certain(factor)]
    if len(certain) < len(factors_of(chosen)):  # a bracket keeps reads beside it inside, a choice does not
        certain = [factor for factor in certain if not may_be_outside(factor)]
    left = [factor for factor in factors_of(chosen) if factor not in certain]
    rest = Where(condition, product_of(left), ZERO) if left else condition
    return Mul((ONE, *certain, rest))


def without_implied(expr: Expr, implies: Callable[[Expr, Expr], bool]) -> Expr:
    """The expression without the comparisons of values that hold wherever what they multiply is not 0.

    implies: whether an expression is 0 wherever a condition does not hold.
    """
    made = map_children(expr, lambda part: without_implied(part, implies))
    factors = list(factors_of(made))
    for condition in [factor for factor in factors if isinstance(factor, Iverson) and not is_mask(factor)]:
        others = [factor for factor in factors if factor is not condition]
        if others and implies(product_of(others), condition):
            factors = others
    return made if len(factors) == len(factors_of(made)) else product_of(factors)


def with_extremes(expr: Expr) -> Expr:
    """``where(a >= b, f(max(a,b)), 0)`` for ``where(a >= b, f(a), 0)``, and ``[a >= b] f(max(a,b))`` for
    ``[a >= b] f(a)``: the larger of the two may be what is known by a name. The very same where
    nothing is compared but with 0.
    """
    if not any(isinstance(part, Iverson) and _extreme(part) is not None for part in walk(expr)):
        return expr
    made = map_children(expr, with_extremes)
    match made:
        case Where(condition=Iverson() as condition, then=then, otherwise=otherwise):
            chosen = _with_extreme(then, condition), _with_extreme(otherwise, condition.opposite)
            return made if chosen == (then, otherwise) else Where(condition, *chosen)
        case Mul(factors=factors):
            for condition in (factor for factor in factors if isinstance(factor, Iverson)):
                factors = tuple([part if part is condition else _with_extreme(part, condition) for part in factors])
            return made if factors == made.factors else Mul(factors)
        case _:
            return made


def _with_extreme(expr: Expr, condition: Iverson) -> Expr:
    """An expression with the larger of two as that where a condition says that it is, or the smaller."""
    extreme = _extreme(condition)
    if extreme is None:
        return expr
    base, exponent = as_power(condition.left)

    def written(part: Expr) -> Expr:
        if isinstance(part, Iverson) or (isinstance(part, Call) and part.function is extreme.function):
            return part
        found, own = as_power(part)
        if found == base and isinstance(own, Const) and isinstance(exponent, Const):
            times = own.value / exponent.value
            return Pow(extreme, Const(times)) if times.denominator == 1 else part
        return map_children(part, written)

    return written(expr)


def _extreme(condition: Iverson) -> Call | None:
    """The larger or smaller of two that are compared, the first where the condition holds; None for a sign."""
    kind = {">": "max", ">=": "max", "<": "min", "<=": "min"}.get(condition.operator)
    if kind is None or ZERO in (condition.left, condition.right) or not tensors_read(condition.left):
        return None
    return Call(FUNCTIONS[kind], (condition.left, condition.right))


def choices_added(terms: list[Term]) -> list[Term]:
    """The terms of a sum, those that are choices on one condition as one; the very same if there are none.

    ``where(c, a, b) + where(c, d, e) = where(c, a + d, b + e)``; the choice to be simplified.
    """
    if Where not in {type(rest) for _, rest in terms}:
        return terms
    groups: list[list[tuple[Fraction, Where]]] = []
    for number, rest in terms:
        if isinstance(rest, Where):
            own = next((group for group in groups if are_equal(group[0][1].condition, rest.condition)), None)
            if own is None:
                groups.append([(number, rest)])
            else:
                own.append((number, rest))
    choices = _cases_joined(list(map(_one_choice, groups)))
    others = [term for term in terms if not isinstance(term[1], Where)]
    return terms if len(others) + len(choices) == len(terms) else [*others, *choices]


def _cases_joined(choices: list[Term]) -> list[Term]:
    """``where(i < j, a, 0) + where(i > j, a, 0) = where(i != j, a, 0)``"""
    for one, other in combinations(choices, 2):
        whole = _either(one, other)
        if whole is not None:
            return _cases_joined([*(term for term in choices if term not in (one, other)), whole])
    return choices


def _either(one: Term, other: Term) -> Term | None:
    """The same chosen in two cases that exclude each other, if one bracket or none says when."""
    match one, other:
        case (
            (number, Where(condition, then, Const(value=0))),
            (beside, Where(against, chosen, Const(value=0))),
        ) if number == beside and are_equal(then, chosen):
            cases = brackets_joined([(Fraction(1), condition), (Fraction(1), against)])
            if len(cases) == 1:
                (_, condition), *_ = cases
                return number, then if condition == ONE else Where(condition, then, ZERO)
    return None


def _one_choice(group: list[tuple[Fraction, Where]]) -> Term:
    if len(group) < _FEWEST:
        return group[0]
    then = [Mul((Const(number), choice.then)) for number, choice in group]
    otherwise = [Mul((Const(number), choice.otherwise)) for number, choice in group]
    return Fraction(1), Where(group[0][1].condition, _sum(then), _sum(otherwise))


def with_choices_joined(expr: Expr) -> Expr:
    """A simplified expression with opposite brackets as choices, and what stands in both branches of one before it,
    where that is shorter; to be simplified.
    """
    made = map_children(expr, with_choices_joined)
    match made:
        case Add():
            return min((made, *_chosen(made)), key=cost)
        case Where():
            return min((made, _with_common_out(made)), key=cost)
        case _:
            return made


def _chosen(expr: Add) -> Iterator[Expr]:
    """``a [c] + b [not c] = where(c, a, b)`` for each two brackets that are opposite."""
    brackets = dict.fromkeys(part for term in expr.terms for part in factors_of(term) if isinstance(part, Iverson))
    for one, other in combinations(brackets, 2):
        if are_equal(one.opposite, other):
            then, otherwise = _beside(expr, one), _beside(expr, other)
            rest = [term for term in expr.terms if one not in factors_of(term) and other not in factors_of(term)]
            if not any(map(holds_delta, (*then, *otherwise))):
                chosen = _with_common_out(Where(one, _sum(then), _sum(otherwise)))
                yield _sum([chosen, *rest])


def _sum(terms: Sequence[Expr]) -> Expr:
    return Add(tuple(terms)) if len(terms) > 1 else terms[0]


def _beside(expr: Add, bracket: Iverson) -> list[Expr]:
    """What stands beside a bracket in the terms of a sum."""
    factors = [factors_of(term) for term in expr.terms if bracket in factors_of(term)]
    return [product_of([part for part in own if part != bracket]) for own in factors]


def _with_common_out(choice: Where) -> Expr:
    """``where(c, a f, a g) = a where(c, f, g)``"""
    if ZERO in (choice.then, choice.otherwise):
        return choice
    common, (own, other) = take_out([split_coefficient(choice.then), split_coefficient(choice.otherwise)])
    if not common:
        return choice
    return Mul((*common, Where(choice.condition, scaled(*own), scaled(*other))))
