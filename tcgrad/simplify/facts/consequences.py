"""What a definition says besides what it defines: of products with its component, of what it is the logarithm of, of
what it is but for sizes under a root, or with the positions of a permutation symbol in another order.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, permutations

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import ZERO, Add, Call, Component, Const, Expr, IndexReduce, IndexSum, Iverson, Mul, Pow, Where
from tcgrad.ir.traversal import factors_of, free_indices, product_of, replace_components, tensors_read, walk
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import call, opposite
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.rules.permutations import holds_symbol, is_symbol
from tcgrad.simplify.signs import is_never_negative

_MOST_POSITIONS = 3  # of a symbol that is turned: of four there are 24 orders


def consequences(fact: Fact) -> Iterator[Fact]:
    """What follows from a definition that is one function of something, or holds a root of a mean.

    Of a softplus that is long, ``s = log(1 + exp(u))``, ``sigmoid(u) = 1 - exp(-s)``, which keeps its digits as
    ``-expm1(-s)``.
    """
    if (summed := _without_counts(fact)) is not None:
        yield summed
    if holds_symbol(fact.body):
        yield from _with_symbol_turned(fact)
    for condition in _conditions(fact):
        yield _beside(replace(fact, coefficient=Fraction(1)), condition, fact.own)
    match fact.body:
        case Call(function=function, arguments=(argument, *rest)) if fact.coefficient == 1:
            match function.name, rest:
                case "relu", _:
                    yield _beside(fact, Iverson(">", argument, ZERO), fact.own)
                case "max", (Const(value=0),):
                    yield _beside(fact, Iverson(">=", argument, ZERO), fact.own)
                case "max", (other,) if argument == ZERO:
                    yield _beside(fact, Iverson("<", ZERO, other), fact.own)
                case "min", (Const(value=0),):
                    yield _beside(fact, Iverson("<=", argument, ZERO), fact.own)
                case "min", (other,) if argument == ZERO:
                    yield _beside(fact, Iverson(">", ZERO, other), fact.own)
                case "abs", _:
                    yield _beside(fact, Call(FUNCTIONS["sign"], (argument,)), argument)
                case "softplus", _ if any(isinstance(part, IndexReduce) for part in walk(argument)):
                    less = Call(FUNCTIONS["expm1"], (opposite(fact.own),))
                    yield replace(fact, body=call("sigmoid", argument), meaning=opposite(less))
                case "log", _ if _is_of_exponentials(argument):
                    yield replace(fact, body=argument, meaning=Call(FUNCTIONS["exp"], (fact.own,)))
                case _:
                    pass
        case _:
            pass


def _conditions(fact: Fact) -> Iterator[Iverson]:
    """The brackets without which the component is 0."""
    for factor in fact.factors:
        match factor:
            case Iverson():
                yield factor
            case Where(condition=condition, otherwise=Const(value=0)):
                yield from (part for part in factors_of(condition) if isinstance(part, Iverson))
            case _:
                pass


def _beside(fact: Fact, factor: Expr, meaning: Expr) -> Fact:
    """``r [u > 0] = r`` for ``r = relu(u)``, as for ``r = f [u > 0]``, and ``a sign(u) = u`` for ``a = abs(u)``."""
    return replace(fact, body=simplify(Mul((fact.own, factor))), meaning=meaning)


def _without_counts(fact: Fact) -> Fact | None:
    """``x s^(-1/2) = n^(-1/2) y`` for ``y = x (s/n)^(-1/2)``."""
    factors: list[Expr] = []
    counts: list[Expr] = []
    for factor in fact.factors:
        match factor:
            case Pow(base=Mul() as base, exponent=Const(value=value) as exponent) if value.denominator > 1:
                own = [part for part in base.factors if _is_count(part)]
                factors.append(Pow(product_of([part for part in base.factors if part not in own]), exponent))
                counts += [Pow(part, Const(-value)) for part in own]
            case _:
                factors.append(factor)
    if not counts or len(factors) < 2:
        return None
    return replace(fact, body=simplify(Mul(tuple(factors))), meaning=simplify(Mul((*counts, fact.own))))


def _with_symbol_turned(fact: Fact) -> Iterator[Fact]:
    """``sum_jk eps[j,i,k] a[j] b[k] = -n[i]`` for ``n[i] = sum_jk eps[i,j,k] a[j] b[k]``."""
    (symbol, *others) = [part for part in walk(fact.body) if isinstance(part, Component) and is_symbol(part)]
    if others or len(symbol.indices) > _MOST_POSITIONS:
        return
    for order in list(permutations(range(len(symbol.indices))))[1:]:
        turned = Component(symbol.tensor, tuple(symbol.indices[place] for place in order))
        sign = -1 if sum(one > other for one, other in combinations(order, 2)) % 2 else 1
        yield replace(fact, body=_with_symbol(fact.body, turned), coefficient=sign * fact.coefficient)


def _with_symbol(body: Expr, symbol: Component) -> Expr:
    return simplify(replace_components(body, lambda read: symbol if is_symbol(read) else read))


def _is_count(part: Expr) -> bool:
    """A number or size that is not negative; of one that is 0 the whole has no value."""
    return not tensors_read(part) and not free_indices(part) and is_never_negative(part)


def _is_of_exponentials(argument: Expr) -> bool:
    """Where ``s = log(sum_k m exp(z))`` is known, the sum is ``exp(s)``, and so for ``log(1 + sum_k exp(z))``.

    Without ``m`` and 1 it is a logsumexp, of which other things are known.
    """
    match argument:
        case IndexSum(body=body):
            return not _is_exponential(body) and _has_exponential(body)
        case Add(terms=terms):
            sums = (factor for term in terms for factor in factors_of(term) if isinstance(factor, IndexSum))
            return any(_has_exponential(whole.body) for whole in sums)
        case _:
            return False


def _has_exponential(product: Expr) -> bool:
    """Whether an exponential is a factor, or chosen in one against 0."""
    for factor in factors_of(product):
        match factor:
            case Where(then=then, otherwise=otherwise) if ZERO in (then, otherwise):
                found = _has_exponential(otherwise if then == ZERO else then)
            case _:
                found = _is_exponential(factor)
        if found:
            return True
    return False


def _is_exponential(part: Expr) -> bool:
    return isinstance(part, Call) and part.function.name == "exp"
