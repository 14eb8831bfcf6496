"""What a definition says besides what it defines: of products with its component, of what it is the logarithm of."""

from __future__ import annotations

from collections.abc import Iterator

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import ZERO, Add, Call, Const, Expr, IndexSum, Iverson, Mul, Where
from tcgrad.ir.traversal import factors_of
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.fact import Fact


def consequences(fact: Fact) -> Iterator[Fact]:
    """What follows from a definition that is one function of something."""
    match fact.body:
        case Call(function=function, arguments=(argument, *rest)) if fact.coefficient == 1:
            match function.name, rest:
                case "relu", _:
                    yield _beside(fact, Iverson(">", argument, ZERO), fact.own)
                case "max", (Const(value=0),):
                    yield _beside(fact, Iverson(">=", argument, ZERO), fact.own)
                case "max", (other,) if argument == ZERO:
                    yield _beside(fact, Iverson("<", ZERO, other), fact.own)
                case "abs", _:
                    yield _beside(fact, Call(FUNCTIONS["sign"], (argument,)), argument)
                case "log", _ if _is_of_exponentials(argument):
                    yield replace(fact, body=argument, meaning=Call(FUNCTIONS["exp"], (fact.own,)))
                case _:
                    pass
        case _:
            pass


def _beside(fact: Fact, factor: Expr, meaning: Expr) -> Fact:
    """``r [u > 0] = r`` for ``r = relu(u)``, ``a sign(u) = u`` for ``a = abs(u)``."""
    return replace(fact, body=simplify(Mul((fact.own, factor))), meaning=meaning)


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
