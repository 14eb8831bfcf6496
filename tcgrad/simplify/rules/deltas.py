"""Contracting deltas: ``sum_k delta(k, e) f(k) = f(e)``, with the guard that ``e`` is in the range of ``k``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tcgrad.ir.indices import Index, Integer, Quotient, Remainder
from tcgrad.ir.nodes import MIRRORED, ONE, ZERO, ComparisonOperator, Const, Delta, Expr, IndexValue, Iverson
from tcgrad.ir.ranges import is_negative, is_nonnegative, reduced, split_multiples
from tcgrad.records import dataclass

# Of ``r - p``, compared with 0, as ``p`` compared with ``r`` or ``r + 1``.
_TURNED: Mapping[ComparisonOperator, tuple[ComparisonOperator, int]] = {
    "<": (">=", 1),
    ">=": ("<", 1),
    ">": ("<", 0),
    "<=": (">=", 0),
    "==": ("==", 0),
    "!=": ("!=", 0),
}


@dataclass(frozen=True)
class Solution:
    """Deltas solved for ``index``: its value, and the factors that take the place of the deltas.

    digits: new indices in the value, to be summed over.
    """

    index: Index
    value: Integer
    deltas: tuple[Delta, ...]
    kept: tuple[Expr, ...]
    divided: bool = False
    digits: tuple[Index, ...] = ()

    @property
    def cost(self) -> tuple[bool, int, int, int, int]:
        """Smaller is nicer: no division, no new index, few guards, the longest sum gone, a short value."""
        guards = sum(not isinstance(factor, Delta) for factor in self.kept)
        return self.divided, len(self.digits), guards, -self.index.size.value, len(self.value.terms)


def solve(delta: Delta, index: Index) -> Solution | None:
    """Solve ``left = right`` for an index that occurs linearly, else None.

    With ``c*k + r = 0``: a unit coefficient gives ``k = -r/c`` exactly; a stride gives ``k = (-r/c) // |c|`` under the
    guard that the division leaves no remainder. Where the rest holds an index that runs through the stride, as in
    ``W*i + j = p`` with ``j < W``, it is ``i = p // W`` and ``j = p % W``. Where it goes round, as ``(k + r) % N = p``
    does with ``k < N``, it is ``k = (p - r) % N``.
    """
    for side, other in ((delta.left, delta.right), (delta.right, delta.left)):
        if side.as_index is index and index not in other.indices:
            return _solved(delta, index, other)
        turned = _round(delta, index, side, other)
        if turned is not None:
            return turned
    difference = delta.left - delta.right
    coefficient = difference.coefficient(index)
    if coefficient is None or not coefficient.terms:
        return None
    rest = difference - coefficient * index.expr
    if coefficient.terms[0][1] < 0:
        coefficient, rest = -coefficient, -rest
    if coefficient.as_number == 1:
        return _solved(delta, index, -rest)
    if not is_nonnegative(coefficient - Integer.of(1)):
        return None
    return _divided(delta, index, coefficient, rest)


def _solved(delta: Delta, index: Index, value: Integer) -> Solution | None:
    value = reduced(value)
    guards = range_guards(value, index.size)
    return None if guards is None else Solution(index, value, (delta,), guards)


def _round(delta: Delta, index: Index, side: Integer, other: Integer) -> Solution | None:
    """``(c*k + r) % N = e`` for ``c`` of 1 or -1, where ``k`` takes every value once: ``k = c*(e - r) % N``"""
    match side.terms:
        case ((((Remainder(dividend=dividend, divisor=divisor)),), 1),) if index not in other.indices:
            coefficient = dividend.coefficient(index)
            sign = None if coefficient is None else coefficient.as_number
            if sign not in (1, -1) or index.size != divisor:
                return None
            value = reduced(((other - dividend + index.expr * sign) * sign) % divisor)
            inside = range_guards(other, divisor)
            return None if inside is None else Solution(index, value, (delta,), inside, divided=True)
    return None


def _divided(delta: Delta, index: Index, stride: Integer, rest: Integer) -> Solution | None:
    """``stride*k + rest = 0``; of ``2*k + 1 = p`` it is ``k = p // 2`` under the guard ``p % 2 = 1``."""
    digit = next((k for k in rest.indices if k.size == stride and _is_unit(rest, k)), None)
    if digit is None:
        target, over, steps = _without_constant(-rest, stride)
        exact = iverson("==", target % stride, over)
    else:
        target, steps = digit.expr - rest, Integer.of(0)
        exact = simplify_delta(Delta(digit.expr, target % stride))
    guards = range_guards(target + stride * steps, stride * index.size)
    if guards is None or exact == ZERO:
        return None
    value = target // stride + steps
    return Solution(index, value, (delta,), (*_unless_true(exact), *guards), divided=digit is None)


def _without_constant(target: Integer, stride: Integer) -> tuple[Integer, Integer, Integer]:
    """``t + c`` as ``t``, what is left over of it by a whole division, and the steps that the quotient is further on.

    ``(p - 1) % 2 = 0`` is ``p % 2 = 1``, and there ``(p - 1) // 2`` is ``p // 2``.
    """
    number = stride.as_number
    if number is None:
        return target, Integer.of(0), Integer.of(0)
    over = -target.constant % number
    return target - target.constant, Integer.of(over), Integer.of((target.constant + over) // number)


def _is_unit(rest: Integer, index: Index) -> bool:
    coefficient = rest.coefficient(index)
    return coefficient is not None and coefficient.as_number == 1


def solve_digits(deltas: Sequence[Delta], index: Index) -> Solution | None:
    """``k // W = p`` and ``k % W = q`` solved together: ``k = W*p + q``.

    The former alone leaves the low digit open: ``k = W*p + a``, to be summed over ``a``, where that stays in the range
    of ``k``. Where it may not, the delta says more in fewer words than the guards of two indices would.
    """
    quotients, remainders = {}, {}
    for delta in deltas:
        for side, other in ((delta.left, delta.right), (delta.right, delta.left)):
            if index in other.indices:  # of k // W = k nothing is solved
                continue
            match side.terms:
                case ((((Quotient() as atom),), 1),) if atom.dividend.as_index is index:
                    quotients[atom.divisor] = delta, other
                case ((((Remainder() as atom),), 1),) if atom.dividend.as_index is index:
                    remainders[atom.divisor] = delta, other
    for divisor, (quotient, high) in quotients.items():
        if divisor in remainders:
            remainder, low = remainders[divisor]
            value = divisor * high + low
            inside, whole = range_guards(low, divisor), range_guards(value, index.size)
            if inside is not None and whole is not None:
                return Solution(index, value, (quotient, remainder), (*inside, *whole))
    for divisor, (quotient, high) in quotients.items():
        low_digit = Index(index.name, divisor)
        value = divisor * high + low_digit.expr
        if range_guards(value, index.size) == ():
            return Solution(index, value, (quotient,), (), digits=(low_digit,))
    return None


def range_guards(value: Integer, size: Integer) -> tuple[Expr, ...] | None:
    """The Iverson brackets for ``0 <= value < size`` that the ranges do not imply; None: it never holds."""
    plain = value.as_index
    if plain is not None and plain.size == size:
        return ()
    digits = _digit_guard(value, size)
    if digits is not None:
        return _unless_true(digits)
    low = iverson(*with_index_alone(">=", value, Integer.of(0)))
    high = iverson(*with_index_alone("<", value, size))
    return None if ZERO in (low, high) else (*_unless_true(low), *_unless_true(high))


def _digit_guard(value: Integer, size: Integer) -> Expr | None:
    """``0 <= r - W*k < W`` as ``k = r // W``; None where the value has no such part."""
    whole, rest = split_multiples(value, size)
    if not whole.indices or is_nonnegative(value):
        return None
    below = Integer.collect(term for term in whole.terms if term[1] < 0)
    return simplify_delta(Delta(-below, reduced(rest // size) + (whole - below)))


def with_index_alone(
    operator: ComparisonOperator, left: Integer, right: Integer
) -> tuple[ComparisonOperator, Integer, Integer]:
    """A comparison of one shifted index as one with the index: ``p - 1 >= 0`` is ``p >= 1``, ``N - p - 2 >= 0`` is
    ``p < N - 1``; any other as it is.
    """
    difference = left - right
    index = difference.indices[0] if len(difference.indices) == 1 else None
    if index is not None and _is_unit(difference, index):
        return operator, index.expr, index.expr - difference
    if index is not None and _is_unit(-difference, index):
        turned, more = _TURNED[operator]
        return turned, index.expr, difference + index.expr + more
    return operator, left, right


def _unless_true(guard: Expr) -> tuple[Expr, ...]:
    return () if guard == ONE else (guard,)


def iverson(operator: ComparisonOperator, left: Integer, right: Integer) -> Expr:
    """The Iverson bracket of two integer expressions; a constant where the ranges decide it."""
    operator, left, right = _without_quotient(operator, reduced(left), reduced(right))
    difference = left - right
    match operator:
        case "<=" | ">=" | "<" | ">":
            slack = {"<=": -difference, ">=": difference, "<": -difference - 1, ">": difference - 1}[operator]
            if is_nonnegative(slack):
                return ONE
            return ZERO if is_negative(slack) else Iverson(operator, IndexValue(left), IndexValue(right))
        case "==" | "!=":
            if difference.as_number == 0:
                return ONE if operator == "==" else ZERO
            if is_negative(difference) or is_negative(-difference):
                return ZERO if operator == "==" else ONE
            return Iverson(operator, IndexValue(left), IndexValue(right))
        case _:
            raise ValueError(operator)


def _without_quotient(
    operator: ComparisonOperator, left: Integer, right: Integer
) -> tuple[ComparisonOperator, Integer, Integer]:
    """``e//W < n`` is ``e < W*n``, and so on for the other inequalities; a size stays as it is."""
    match left.terms:
        case ((((Quotient() as atom),), 1),) if not atom.dividend.indices:
            pass
        case ((((Quotient() as atom),), 1),) if operator in ("<", ">="):
            return operator, atom.dividend, atom.divisor * right
        case ((((Quotient() as atom),), 1),) if operator in ("<=", ">"):
            return "<" if operator == "<=" else ">=", atom.dividend, atom.divisor * (right + 1)
    match right.terms:
        case ((((Quotient() as atom),), 1),) if operator not in ("==", "!=") and atom.dividend.indices:
            return _without_quotient(MIRRORED[operator], right, left)
    return operator, left, right


def simplify_delta(delta: Delta) -> Expr:
    """1 or 0 where the two sides are always or never equal, else the delta with its sides in order.

    ``delta(q, p-1)`` is ``delta(p, q+1)``, ``delta(p-1, q+1)`` is ``delta(p, q+2)``, and ``delta(p+1, q+1)`` is
    ``delta(p, q)``.
    """
    sides = delta.left, delta.right
    if delta.left.as_index is None or delta.right.as_index is None or delta.left == delta.right:
        sides = _shifted_up(*_shifted_alike(reduced(delta.left), reduced(delta.right)))
        decided = iverson("==", *sides)
        if isinstance(decided, Const):
            return decided
    left, right = sorted(sides, key=_side_order)
    return Delta(left, right)


def _shifted_alike(left: Integer, right: Integer) -> tuple[Integer, Integer]:
    """Two sides that are an index each with something added, as an index and the other with the difference added."""
    difference = left - right
    for index in difference.indices:
        other = index.expr - difference
        if other.as_index is not None or (_is_shifted(left) and _is_shifted(right) and _is_shifted(other)):
            return index.expr, other
    return left, right


def _is_shifted(side: Integer) -> bool:
    """Whether it is an index with something added."""
    return side.as_index is None and len(side.indices) == 1 and _is_unit(side, side.indices[0])


def _shifted_up(left: Integer, right: Integer) -> tuple[Integer, Integer]:
    """Two sides of which one is an index and the other an index less something, so that something is added to one.

    Of indices that go round it is ``delta(q, (p-1) % N)`` that is ``delta(p, (q+1) % N)``.
    """
    for plain, other in ((left, right), (right, left)):
        index = other.indices[0] if len(other.indices) == 1 else None
        if plain.as_index is None or index is None:
            continue
        round_ = _remainder_of(other)
        goes_round = round_ is not None and round_.divisor == index.size == plain.as_index.size
        shifted = round_.dividend if round_ is not None and goes_round else other
        less = index.expr - shifted
        if _is_unit(shifted, index) and less.terms and not less.indices and not less.gathers and is_nonnegative(less):
            return index.expr, (plain + less) % index.size if goes_round else plain + less
    return left, right


def _remainder_of(value: Integer) -> Remainder | None:
    match value.terms:
        case (((Remainder() as atom,), 1),):
            return atom
        case _:
            return None


def _side_order(side: Integer) -> tuple[int, int, int]:
    """Plain indices first, in the order they were made, literals last."""
    plain = side.as_index
    first = min((index.serial for index in side.indices), default=0)
    return (0, plain.serial, 0) if plain else (1 if side.indices else 2, first, side.as_number or 0)
