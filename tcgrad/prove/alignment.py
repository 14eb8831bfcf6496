"""Two formulas set beside each other: which terms are the same, which differ in what, which have no partner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import permutations, product
from math import factorial, inf
from operator import itemgetter
from typing import Literal, NamedTuple

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Add, Call, Component, Expr, Mul
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import children, size
from tcgrad.prove.terms import Term, divisions
from tcgrad.simplify.canonical import key

Kind = Literal["same", "sign", "coefficient", "indices", "factors", "missing", "extra"]

_PER_NODE = 0.1  # of what is in one formula alone: what differs in little is told by that
_PER_TERM = 0.01  # of two alignments that tell as much, the one of fewer terms
_PER_NUMBER = 0.3  # for a number that differs beside other factors
_PER_SUM = 0.6  # for a factor that is a sum: its terms would tell more
_PER_UNFOLDING = 0.5  # the author's own names are kept where that tells as much
_MOST_RENAMINGS = 120
_MOST_COMPARED = 200  # pairs of terms; where there are more, only the same are told from the others

Same = Callable[[Expr, Expr], bool]


class Pair(NamedTuple):
    """A term of the given formula and one of the right one, written over the same bound indices.

    given: None: the term is missing. right: None: the term is one too many.
    only_given, only_right: the factors that the other one lacks.
    """

    kind: Kind
    given: Term | None
    right: Term | None
    only_given: tuple[Expr, ...] = ()
    only_right: tuple[Expr, ...] = ()


def align(sides: Iterable[tuple[Expr, Expr]], are_same: Same) -> tuple[Pair, ...]:
    """The terms of two expressions over the same free indices in pairs, in the order of the first one's.

    Taken apart in the way that leaves least to tell.

    sides: the two, as they are written first, then with more and more definitions unfolded; taken as long as they may
        leave less to tell.
    are_same: whether two terms are equal.
    """
    best: tuple[float, tuple[Pair, ...]] = inf, ()
    for unfoldings, (given, right) in enumerate(sides):
        least = unfoldings * _PER_UNFOLDING + 1  # at least one pair differs
        if least >= best[0]:
            break
        for own, other in product(list(divisions(given)), list(divisions(right))):
            if least + _PER_TERM * max(len(own), len(other)) < best[0]:
                pairs = _pairs(own, other, are_same)
                told = unfoldings * _PER_UNFOLDING + sum(_difference(pair) + _PER_TERM for pair in pairs)
                best = min(best, (told, pairs), key=itemgetter(0))
    return best[1]


def _difference(pair: Pair) -> float:
    """How much there is to tell of a pair."""
    if pair.kind == "same":
        return 0
    if pair.given is None or pair.right is None:
        return 1 + _PER_NODE * sum(size(factor) for term in (pair.given, pair.right) if term for factor in term.factors)
    alone = (*pair.only_given, *pair.only_right)
    numbers = _PER_NUMBER if alone and abs(pair.given.coefficient) != abs(pair.right.coefficient) else 0
    sums = _PER_SUM * sum(isinstance(factor, Add) for factor in alone)
    return 1 + _PER_NODE * sum(map(size, alone)) + sums + numbers


def _pairs(given: Sequence[Term], right: Sequence[Term], are_same: Same) -> tuple[Pair, ...]:
    found: dict[int, Pair] = {}
    written = [term.expr for term in right]
    open_right = list(range(len(right)))
    for place, term in enumerate(given):
        own = term.expr
        partner = next((other for other in open_right if are_same(own, written[other])), None)
        if partner is not None:
            found[place] = Pair("same", term, right[partner])
            open_right.remove(partner)
    compared = (len(given) - len(found)) * len(open_right) <= _MOST_COMPARED
    tried = [
        (_difference(pair), place, partner, pair)
        for place in range(len(given))
        if place not in found
        for partner in (open_right if compared else ())
        for pair in [_compare(given[place], right[partner])]
        if pair is not None
    ]
    for _, place, partner, pair in sorted(tried, key=lambda each: each[:3]):
        if place not in found and partner in open_right:
            found[place] = pair
            open_right.remove(partner)
    extra = [found.get(place, Pair("extra", term, None)) for place, term in enumerate(given)]
    return (*extra, *(Pair("missing", None, right[place]) for place in open_right))


def _compare(given: Term, right: Term) -> Pair | None:
    """The two as a pair, the right one's bound indices renamed to fit; None if they have too little in common."""
    candidates = [_beside(given, renamed) for renamed in _renamed(right, given.bound)]
    best = min(candidates, key=lambda pair: len(pair.only_given) + len(pair.only_right))
    if not best.only_given and not best.only_right:
        opposite = given.coefficient == -right.coefficient
        return best._replace(kind="sign" if opposite else "coefficient")
    if Counter(map(_skeleton, best.only_given)) == Counter(map(_skeleton, best.only_right)):
        return best._replace(kind="indices")
    common = len(given.factors) - len(best.only_given)
    return best if common and 2 * common >= min(len(given.factors), len(right.factors)) else None


def _beside(given: Term, right: Term) -> Pair:
    own, other = Counter(map(key, given.factors)), Counter(map(key, right.factors))
    return Pair("factors", given, right, _beyond(given.factors, other), _beyond(right.factors, own))


def _beyond(factors: Sequence[Expr], others: Counter[str]) -> tuple[Expr, ...]:
    """The factors that are not among the others."""
    left, found = Counter(others), list[Expr]()
    for factor in factors:
        if left[key(factor)]:
            left[key(factor)] -= 1
        else:
            found.append(factor)
    return tuple(found)


def _renamed(term: Term, bound: tuple[Index, ...]) -> Iterator[Term]:
    """The term with its bound indices called by those of another term, in every way that suits their sizes."""
    yield term
    if factorial(max(len(term.bound), len(bound))) > _MOST_RENAMINGS:
        return
    if len(term.bound) >= len(bound):
        namings = [list(zip(chosen, bound, strict=True)) for chosen in permutations(term.bound, len(bound))]
    else:
        namings = [list(zip(term.bound, names, strict=True)) for names in permutations(bound, len(term.bound))]
    for naming in namings:
        names = {old: new for old, new in naming if old.size == new.size}
        mapping = {old: new.expr for old, new in names.items()}
        factors = tuple(substitute(factor, mapping) for factor in term.factors)
        yield Term(term.coefficient, tuple(names.get(index, index) for index in term.bound), factors)


def _skeleton(factor: Expr) -> str:
    """What a factor is but for its indices."""
    match factor:
        case Component():
            return factor.tensor.name
        case Call():
            own = factor.function.name
        case Mul():
            own = "*"
        case _:
            own = type(factor).__name__
    return f"{own}({','.join(sorted(map(_skeleton, children(factor))))})"
