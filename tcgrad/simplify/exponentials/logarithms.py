"""Logarithms that have a name: softplus, logsumexp, and what is written apart lest it overflows."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import ZERO, Add, Call, Const, Expr, IndexReduce, IndexSum, IndexValue, Mul, Pow
from tcgrad.ir.traversal import children, factors_of, free_indices, product_of, terms_of
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import abs_of, as_number_power, call, is_call, minus, opposite, two_exponents
from tcgrad.simplify.canonical import key
from tcgrad.simplify.powers import power, split_coefficient
from tcgrad.simplify.signs import is_positive_number


def log_named(argument: Expr) -> Expr | None:
    """
    ``log(exp(u) + exp(v)) = u + softplus(v - u)``; ``log(sigmoid(u)) = -softplus(-u)``;
    ``log(1 - sigmoid(u)) = -softplus(u)``; ``log(exp(u)/v) = u - log(v)``;
    ``log(sum_k c exp(u)) = log(c) + logsumexp_k(u)``, and so of products of such sums;
    ``log(1 + sum_j exp(u) sum_k exp(v)) = softplus(logsumexp_j(u) + logsumexp_k(v))``.
    """
    pair = two_exponents(argument)
    if pair is not None:
        first, second = pair if pair[0] == ZERO else pair[::-1]
        return _and_softplus(first, second)
    if (of_sigmoid := log_of_sigmoid(argument)) is not None:
        return of_sigmoid
    match argument:
        case Add(terms=(Const(value=1), term)) | Add(terms=(term, Const(value=1))):
            _, rest = split_coefficient(term)
            if [n for _, n in _sums_of_exponentials(rest)[0]] != [1] and (named := _log_of_sum(term)) is not None:
                return call("softplus", named)
    return _log_of_exponential(argument) or _log_of_sum(argument)


def log_of_sigmoid(argument: Expr) -> Expr | None:
    """``log(sigmoid(u)) = -softplus(-u)``, ``log(1 - sigmoid(u)) = -softplus(u)``; None of any other argument."""
    match argument:
        case Call(arguments=(inner,)) if is_call(argument, "sigmoid"):
            return opposite(call("softplus", opposite(inner)))
        case Add(terms=(Const(value=1), term)) | Add(terms=(term, Const(value=1))):
            number, rest = split_coefficient(term)
            if number == -1 and isinstance(rest, Call) and is_call(rest, "sigmoid"):
                return opposite(call("softplus", rest.arguments[0]))
    return None


def _and_softplus(less: Expr, more: Expr) -> Expr:
    """``u + softplus(v - u)``, and ``softplus(v)`` where ``u`` is 0."""
    return call("softplus", more) if less == ZERO else Add((less, call("softplus", minus(more, less))))


def _log_of_exponential(argument: Expr) -> Expr | None:
    powers = list(map(as_number_power, argument.factors)) if isinstance(argument, Mul) else []
    terms = [Mul((Const(n), *children(base))) for base, n in powers if is_call(base, "exp")]
    if not terms:
        return None
    match [power(base, Const(n)) for base, n in powers if not is_call(base, "exp")]:
        case [Pow(base=base, exponent=Const(value=-1))]:
            return Add((*terms, opposite(Call(FUNCTIONS["log"], (base,)))))
        case rest:
            return Add((*terms, Call(FUNCTIONS["log"], (product_of(rest),))))


def _log_of_sum(argument: Expr) -> Expr | None:
    sums, rest = _sums_of_exponentials(argument)
    if not sums or not all(_is_count(base) for base, _ in rest):
        return None
    terms = [Mul((Const(n), term)) for total, n in sums for term in _logsumexp(total)]
    counts = [Mul((Const(n), Call(FUNCTIONS["log"], (base,)))) for base, n in rest]
    return simplify(Add((ZERO, *terms, *counts)))


def _sums_of_exponentials(product: Expr) -> tuple[list[tuple[IndexSum, Fraction]], list[tuple[Expr, Fraction]]]:
    """The sums of exponentials that differ along it, and the rest of a product, with the powers of each."""
    sums, rest = [], []
    for base, n in map(as_number_power, factors_of(product)):
        if (
            isinstance(base, IndexSum)
            and is_call(base.body, "exp")
            and set(base.indices) & set(free_indices(base.body))
        ):
            sums.append((base, n))
        else:
            rest.append((base, n))
    return sums, rest


def _logsumexp(total: IndexSum) -> tuple[Expr, ...]:
    """The terms of the logarithm of a sum of exponentials: what does not change along it stands outside."""
    (exponent,) = children(total.body)
    terms = terms_of(exponent)
    outside = [term for term in terms if not any(index in free_indices(term) for index in total.indices)]
    inside = [term for term in terms if term not in outside]
    return IndexReduce("logsumexp", total.indices, simplify(Add((ZERO, *inside)))), *outside


def as_exponential(product: Expr) -> Expr | None:
    """``exp(u - logsumexp_k(u))`` for ``exp(u)/sum_k exp(u)``; None for any other product."""
    sums, rest = _sums_of_exponentials(product) if isinstance(product, Mul) else ([], [])
    match sums, rest:
        case [(total, above)], [(Call(function=function, arguments=(exponent,)), below)] if (
            function.name == "exp" and above == -1 and below == 1
        ):
            return Call(function, (simplify(Add((exponent, *map(opposite, _logsumexp(total))))),))
        case _:
            return None


def _is_count(base: Expr) -> bool:
    """A positive number or a size."""
    return isinstance(base, Const | IndexValue) and is_positive_number(base)


def softplus_apart(terms: tuple[Expr, ...]) -> Expr | None:
    """``relu(u) + softplus(-abs(u)) = softplus(u)``, as it is written lest it overflows, and so
    ``max(u,v) + softplus(-abs(u - v)) = v + softplus(u - v)``.
    """
    parted = list(map(split_coefficient, terms))
    for place, (number, rest) in enumerate(parted):
        below = _magnitude_below(rest)
        if below is None:
            continue
        for other, (beside, part) in enumerate(parted):
            for u, v in _larger(number / beside, part):
                if key(simplify(abs_of(minus(u, v)))) == key(below):
                    named = Mul((Const(number), _and_softplus(v, u)))
                    return Add((named, *(term for n, term in enumerate(terms) if n not in (place, other))))
    return None


def _magnitude_below(term: Expr) -> Expr | None:
    """``abs(u)`` where the term is ``softplus(-abs(u))``."""
    match term:
        case Call(function=function, arguments=(argument,)) if function.name == "softplus":
            number, rest = split_coefficient(argument)
            return rest if number == -1 and is_call(rest, "abs") else None
        case _:
            return None


def _larger(ratio: Fraction, part: Expr) -> Iterator[tuple[Expr, Expr]]:
    """``u`` and ``v`` where ``part/ratio`` is the larger of the two."""
    match part:
        case Call(function=function, arguments=(argument,)) if function.name == "relu" and ratio == 1:
            yield argument, ZERO
        case Call(function=function, arguments=(one, other)) if function.name == "max" and ratio == 1:
            yield one, other
        case Call(function=function, arguments=(one, other)) if function.name == "min" and ratio == -1:
            yield opposite(one), opposite(other)
        case _:
            pass
