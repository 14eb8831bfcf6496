"""Where expressions are 0 whatever the inputs are: ``i*x[i]`` at ``i = 0``, ``x[i] - x[j]`` at ``i = j``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import combinations

from tcgrad.ir.guards import is_structural, slack_of
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import (
    MINUS_ONE,
    ZERO,
    Add,
    Call,
    ComparisonOperator,
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
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Sign, Support
from tcgrad.ir.traversal import factors_of, free_indices, replace_components, walk
from tcgrad.ir.whole import as_integer

Conditions = tuple[Expr, ...]

_MOST = 6  # components among which two are looked for that may be one


def conditions_of(expr: Expr) -> Conditions:
    """Conditions on the indices: where one of them does not hold, the expression is 0 whatever the inputs are."""
    match expr:
        case Delta() | Iverson():
            return (expr,) if is_structural(expr) and free_indices(expr) else ()
        case IndexValue(value):
            return () if not value.indices or is_nonnegative(value - 1) else (_compared("!=", value),)
        case Component(tensor, positions):
            return _read(tensor.support, positions)
        case Mul():
            return _united(map(conditions_of, expr.factors))
        case Pow(base, Const(value=n)) if n > 0:
            return conditions_of(base)
        case Call(function, (argument,)) if function.is_zero_at_zero:
            return conditions_of(argument)
        case IndexSum(indices=bound) | IndexReduce(kind="max" | "min" | "prod", indices=bound):
            found = conditions_of(expr.body)
            return tuple(each for each in found if not set(free_indices(each)).intersection(bound))
        case Where(condition, then, Const(value=0)):
            return _united(map(conditions_of, (condition, then)))
        case Where(_, then, otherwise):
            return _common([conditions_of(then), conditions_of(otherwise)])
        case Add():
            return _of_sum(expr)
        case _:
            return ()


def support_of(free: tuple[Index, ...], body: Expr) -> Support:
    """What is kept of the conditions of a tensor that is defined by ``tensor[free] = body``."""
    found = list[tuple[Sign, Integer]]()
    for each in conditions_of(body):
        match each:
            case Delta(left, right):
                found.append(("==", left - right))
            case Iverson("!=", left, right) if (value := as_integer(Add((left, Mul((MINUS_ONE, right)))))) is not None:
                found.append(("!=", value))
            case Iverson() if (slack := slack_of(each)) is not None:
                found.append((">=", slack))
    return (free, tuple(found)) if found else ((), ())


def _read(support: Support, positions: tuple[Integer, ...]) -> Conditions:
    free, comparisons = support
    if not comparisons:
        return ()
    at = dict(zip(free, positions, strict=True))
    moved = [(sign, value.substitute(at)) for sign, value in comparisons]
    return tuple(_compared(sign, value) for sign, value in moved if value.indices)


def _compared(sign: Sign, value: Integer) -> Expr:
    """``[i != j]`` of ``i - j``, and ``[i < j]`` of ``j - i - 1 >= 0``"""
    if sign == "!=":
        return _sides(sign, _leading(value))
    return _sides(">", value + 1) if sign == ">=" and value.constant < 0 else _sides(sign, value)


def _sides(operator: ComparisonOperator, value: Integer) -> Expr:
    """A comparison of a number with 0, what is taken off on the other side."""
    above = Integer(tuple(term for term in value.terms if term[1] > 0))
    return Iverson(operator, IndexValue(above), IndexValue(above - value))


def _of_sum(expr: Add) -> Conditions:
    if is_structural(expr):
        value = as_integer(expr)
        if value is not None:
            return conditions_of(IndexValue(value))
        return (Iverson("!=", expr, ZERO),) if free_indices(expr) else ()
    return _common(map(conditions_of, expr.terms)) or tuple(_where_reads_differ(expr))


def _where_reads_differ(expr: Add) -> Iterator[Expr]:
    """``[i != j]`` of ``x[i] - x[j]``"""
    reads = tuple(dict.fromkeys(node for node in walk(expr) if isinstance(node, Component) and node.indices))
    for one, other in combinations(reads, 2) if len(reads) <= _MOST else ():
        pairs = zip(one.indices, other.indices, strict=True) if one.tensor == other.tensor else ()
        gaps = dict.fromkeys(_leading(left - right) for left, right in pairs if left != right)
        if len(gaps) != 1:
            continue
        (gap,) = gaps
        if set(gap.indices).issubset(free_indices(expr)) and _is_zero(_where_one(expr, one, other, gap)):
            yield _compared("!=", gap)


def _where_one(expr: Expr, one: Component, other: Component, gap: Integer) -> Expr:
    """The expression where a gap is 0, by which the positions of two components differ."""
    for index in gap.indices:
        coefficient = gap.coefficient(index)
        number = coefficient.as_number if coefficient is not None else None
        if number in (1, -1):
            return substitute(expr, {index: index.expr - gap * number})
    return replace_components(expr, lambda read: other if read == one else read)


def _is_zero(expr: Expr) -> bool:
    """Whether an expression is 0 as it is written, up to the order of factors."""
    match expr:
        case Const(value):
            return value == 0
        case IndexValue(value):
            return not value.terms
        case Add(terms):
            return not any(_coefficients(terms).values())
        case Mul(factors):
            return any(map(_is_zero, factors))
        case Pow(base, Const(value=n)) if n > 0:
            return _is_zero(base)
        case Call(function, (argument,)) if function.is_zero_at_zero:
            return _is_zero(argument)
        case IndexSum():
            return _is_zero(expr.body)
        case _:
            return False


def _coefficients(terms: Iterable[Expr]) -> dict[frozenset[tuple[Expr, int]], Fraction]:
    """By which number each product of a sum is multiplied in it."""
    found: dict[frozenset[tuple[Expr, int]], Fraction] = {}
    for term in terms:
        if _is_zero(term):
            continue
        coefficient, rest = Fraction(1), list[Expr]()
        for factor in factors_of(term):
            if isinstance(factor, Const):
                coefficient *= factor.value
            else:
                rest.append(factor)
        product = frozenset(Counter(rest).items())
        found[product] = found.get(product, Fraction(0)) + coefficient
    return found


def _leading(value: Integer) -> Integer:
    """The number or its opposite, the first coefficient positive."""
    return value if value.terms[0][1] > 0 else -value


def _united(parts: Iterable[Conditions]) -> Conditions:
    return tuple(dict.fromkeys(each for part in parts for each in part))


def _common(parts: Iterable[Conditions]) -> Conditions:
    first, *others = parts
    return tuple(each for each in first if all(each in other for other in others))
