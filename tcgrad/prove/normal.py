"""Normal forms that are for proofs alone: nobody would write a formula so.

Every rule is an identity of what stands there, whatever its size; simplified before and after.
"""

from __future__ import annotations

from fractions import Fraction

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import (
    MINUS_ONE,
    MIRRORED,
    ONE,
    ZERO,
    Add,
    Call,
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
from tcgrad.ir.reads import as_position
from tcgrad.ir.substitution import rename_binder, substitute
from tcgrad.ir.traversal import children, factors_of, rebuild, sorts_in, terms_of
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.canonical import key
from tcgrad.simplify.expand import expand
from tcgrad.simplify.order import first_term
from tcgrad.simplify.powers import as_power, negated, split_coefficient
from tcgrad.simplify.rules.deltas import iverson
from tcgrad.simplify.rules.implied import implied_guards
from tcgrad.simplify.rules.permutations import product_sorted
from tcgrad.simplify.shorter.denominators import joined
from tcgrad.simplify.shown.lookups import with_looked_up
from tcgrad.simplify.signs import is_positive_with

_MINUS = Fraction(-1)
_MOST_FRACTIONS = 4  # in one another


def normalise(expr: Expr) -> Expr:
    """Branches by brackets, comparisons with 0, guards by ranges, exponentials of one term, even and odd functions of
    one sign.
    """
    made = rebuild(expr, tuple(normalise(part) for part in children(expr)))
    match made:
        case Where(condition=condition, then=then, otherwise=otherwise):
            return Add((Mul((condition, then)), otherwise, Mul((MINUS_ONE, condition, otherwise))))
        case Iverson():
            return _bracket(made)
        case IndexReduce(kind="logsumexp", indices=indices, body=body):
            return Call(FUNCTIONS["log"], (IndexSum(indices, _exponential(body)),))
        case Call(function=function, arguments=(argument,)):
            if function.name == "exp":
                return _exponential(argument)
            if function.name == "log":
                return _logarithm(made, argument)
            return _signed(made, argument) if function.parity else made
        case Call(function=function, arguments=(argument, low, high)) if function.name == "clip":
            return _signed_clip(argument, high) if simplify(negated(low)) == simplify(high) else made
        case Delta():
            return _delta(made)
        case Mul():
            return with_looked_up(_aligned(made), in_brackets=True)
        case IndexSum():
            short = _without_squares(_without_guards(made))
            return IndexSum(short.indices, product_sorted(short.body, short.indices))
        case _:
            return made


def _bracket(expr: Iverson) -> Expr:
    """A comparison of numbers by ``[d > 0]`` or ``[d == 0]``, ``[relu(d) > 0]`` too; equal integers by a delta, others
    with a number on the right, if on one side.
    """
    match expr:
        case Iverson(">", Call() as call, Const(value=0)) if is_positive_with(call):
            return _bracket(Iverson(">", call.arguments[0], ZERO))
    left, right = _integer(expr.left), _integer(expr.right)
    if left is not None and right is not None:
        if expr.operator in ("==", "!="):
            return _unless(_delta(Delta(left, right)), expr.operator == "!=")
        if left.as_number is not None:
            return iverson(MIRRORED[expr.operator], right, left)
        return iverson(expr.operator, left, right)
    difference = expand(Add((expr.left, Mul((MINUS_ONE, expr.right)))))
    turned = expand(Mul((MINUS_ONE, difference)))
    match expr.operator:
        case ">" | "<=":
            return _unless(Iverson(">", difference, ZERO), expr.operator == "<=")
        case "<" | ">=":
            return _unless(Iverson(">", turned, ZERO), expr.operator == ">=")
        case _:
            sides = difference if _sign(difference) > 0 else turned
            return _unless(Iverson("==", sides, ZERO), expr.operator == "!=")


def _delta(expr: Delta) -> Delta:
    """``delta(q, p-1)`` as ``delta(p, q+1)``: solved for the index that was made first."""
    difference = expr.left - expr.right
    for index in sorted(difference.indices, key=lambda index: index.serial):
        coefficient = difference.coefficient(index)
        if coefficient is not None and coefficient.as_number in (1, -1):
            return Delta(index.expr, index.expr - difference * coefficient)
    return expr


def _aligned(expr: Mul) -> Mul:
    """``delta(p, q+1) f(p) = delta(p, q+1) f(q+1)``, without the guards that the deltas say again."""
    implied = implied_guards(expr.factors)
    factors = [factor for factor in expr.factors if factor not in implied]
    for place, factor in enumerate(factors):
        index = factor.left.as_index if isinstance(factor, Delta) else None
        if isinstance(factor, Delta) and index is not None and factor.right.as_index is None:
            solved = {index: factor.right}
            factors = [old if n == place else substitute(old, solved) for n, old in enumerate(factors)]
    return Mul((ONE, *factors)) if len(factors) < 2 else Mul(tuple(factors))


def _unless(bracket: Expr, negated: bool) -> Expr:
    return Add((ONE, Mul((MINUS_ONE, bracket)))) if negated else bracket


def _integer(expr: Expr) -> Integer | None:
    """The integer expression that stands there as a number, an integer tensor's component too; else None."""
    match expr:
        case Const(value=value) if value.denominator == 1:
            return Integer.of(value.numerator)
        case _:
            return as_position(expr)


def _exponential(argument: Expr) -> Expr:
    """``exp(2*a - c*log(b))`` as ``exp(a)^2 * b^-c``."""
    factors: list[Expr] = []
    for term in terms_of(expand(argument) if "log" in sorts_in(argument) else argument):
        coefficient, rest = split_coefficient(simplify(term))
        parts = factors_of(rest)
        log = next((part for part in parts if is_call(part, "log")), None)
        if log is None:
            factors.append(Pow(Call(FUNCTIONS["exp"], (rest,)), Const(coefficient)))
            continue
        (inside,) = children(log)
        base, exponent = as_power(inside)
        if exponent != MINUS_ONE:
            base, exponent = inside, ONE
        times = (part for part in parts if part is not log)
        factors.append(Pow(base, simplify(Mul((Const(coefficient), exponent, *times)))))
    return Mul(tuple(factors))


def _logarithm(call: Call, argument: Expr) -> Expr:
    """``log(exp(u) b/a)`` as ``u - log(a/b)``, or the other way round: one of them for both. ``c/a - 1`` is such a
    fraction.
    """
    for _ in range(_MOST_FRACTIONS):
        whole = joined(argument)
        if whole is None:
            break
        argument = simplify(whole)
    powers = [as_power(factor) for factor in factors_of(argument)]
    exponents = [Mul((exponent, *children(base))) for base, exponent in powers if is_call(base, "exp")]
    ratio = simplify(Mul((ONE, *(Pow(base, exponent) for base, exponent in powers if not is_call(base, "exp")))))
    inverse = simplify(Pow(ratio, MINUS_ONE))
    logarithm = (
        Mul((MINUS_ONE, Call(call.function, (inverse,))))
        if key(inverse) < key(ratio)
        else Call(call.function, (ratio,))
    )
    return Add((*exponents, logarithm)) if exponents else logarithm


def _signed(call: Call, argument: Expr) -> Expr:
    """``f(-a)`` as ``-f(a)`` or ``f(a)``."""
    if _sign(argument) > 0:
        return call
    turned = Call(call.function, (expand(Mul((MINUS_ONE, argument))),))
    return Mul((MINUS_ONE, turned)) if call.function.parity < 0 else turned


def _signed_clip(argument: Expr, bound: Expr) -> Expr:
    """``clip(-u, -c, c)`` as ``-clip(u, -c, c)``."""
    is_turned = _sign(argument) < 0
    own = expand(negated(argument)) if is_turned else argument
    clipped = Call(FUNCTIONS["clip"], (own, negated(bound), bound))
    return Mul((MINUS_ONE, clipped)) if is_turned else clipped


def _sign(expr: Expr) -> Fraction:
    """A number that turns its sign with the expression."""
    terms = terms_of(expr)
    return first_term(map(split_coefficient, terms))[0]


def _without_guards(whole: IndexSum) -> IndexSum:
    """``sum_i [i < n] a[i]`` over ``n`` alone and ``sum_i [i >= n] a[i]`` as ``sum_j a[j+n]``, where that is no longer
    than it was.
    """
    for factor in factors_of(whole.body):
        match factor:
            case Iverson("<" | ">=", IndexValue(value=left), IndexValue(value=right)) if not right.indices:
                index = left.as_index
                if index is None or index not in whole.indices or not 0 < right.value <= index.size.value:
                    continue
                start, size = (Integer.of(0), right) if factor.operator == "<" else (right, index.size - right)
                if not size.value:
                    continue
                shorter = Index(index.name, size)
                others = tuple(part for part in factors_of(whole.body) if part is not factor)
                body = substitute(Mul((ONE, *others)), {index: shorter.expr + start})
                kept = tuple(shorter if each is index else each for each in whole.indices)
                return _without_guards(IndexSum(kept, body))
            case _:
                pass
    return whole


def _without_squares(whole: IndexSum) -> IndexSum:
    """``sum_i c[i] (sum_j a[i,j])^2 = sum_ijk c[i] a[i,j] a[i,k]``"""
    factors = list(factors_of(whole.body))
    inner: list[Index] = []
    for place, factor in enumerate(factors):
        match factor:
            case Pow(base=IndexSum() as base, exponent=Const(value=n)) if n == 2:
                copies = rename_binder(base), rename_binder(base)
                factors[place] = Mul(tuple(copy.body for copy in copies))
                inner += [index for copy in copies for index in copy.indices]
            case _:
                pass
    return IndexSum((*whole.indices, *inner), Mul((ONE, *factors))) if inner else whole
