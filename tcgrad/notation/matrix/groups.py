"""Which terms of a sum are to be written as one, because they begin or end alike."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.notation.matrix.common import Word, chain_of
from tcgrad.notation.matrix.nodes import Commutation, Hadamard, Matrix, Scale
from tcgrad.notation.matrix.shape import shape

FEWEST_PARTED = 4  # terms that are parted into groups


def group_of_some(terms: Sequence[Scale]) -> list[Scale]:
    """Some of three terms or more that have scalars and a vector at the end in common, or a commutation; else none."""
    groups: dict[tuple[object, ...], list[Scale]] = {}
    for term in terms:
        chain = chain_of(term)
        if chain and (shape(chain[-1])[1] is None or isinstance(chain[-1], Commutation)):
            groups.setdefault((abs(term.coefficient), term.factors, term.divisors, chain[-1]), []).append(term)
    return next((alike for alike in groups.values() if 1 < len(alike) < len(terms)), [])


def elementwise_alike(terms: Sequence[Scale]) -> dict[int, tuple[Matrix, Hadamard]]:
    """Some terms that are elementwise products and quotients by the same scalars and of the same factors and divisors
    but for one factor; else none.

    -> by the place of each that one, and the others, which may be divisors alone.
    """
    groups: dict[tuple[Word, Word, Hadamard], dict[int, tuple[Matrix, Hadamard]]] = {}
    for place, term in enumerate(terms):
        factors, divisors = (term.body.factors, term.body.divisors) if isinstance(term.body, Hadamard) else ((), ())
        for n, own in enumerate(factors):
            others = Hadamard((*factors[:n], *factors[n + 1 :]), divisors)
            groups.setdefault((term.factors, term.divisors, others), {})[place] = own, others
    return next((alike for alike in groups.values() if len(alike) > 1), {})


def groups_of_all(terms: Sequence[Scale]) -> list[list[Scale]]:
    """All of the terms in two groups or more of at least two, each with a factor in common; none where there are none.

    They begin alike, ``A (B + C) + D (E + F)``, or end alike, or have one matrix that stands once in each, in front in
    some and behind in others: ``(A + B) G + G (C + D)``.
    """
    chains = [chain_of(term) for term in terms]
    if len(terms) < FEWEST_PARTED or not all(chains):
        return []
    ways = [_by_end(terms, chains, 0), _by_end(terms, chains, -1), _by_either_end(terms, chains)]
    return min(filter(None, ways), key=len, default=[])


def _by_end(terms: Sequence[Scale], chains: Sequence[Word], end: int) -> list[list[Scale]]:
    groups: dict[Matrix, list[Scale]] = {}
    for term, chain in zip(terms, chains, strict=True):
        groups.setdefault(chain[end], []).append(term)
    return list(groups.values()) if len(groups) > 1 and all(len(own) > 1 for own in groups.values()) else []


def _by_either_end(terms: Sequence[Scale], chains: Sequence[Word]) -> list[list[Scale]]:
    for name in chains[0][0], chains[0][-1]:
        if all(chain.count(name) == 1 for chain in chains):
            leads, trails = (
                [term for term, chain in zip(terms, chains, strict=True) if chain[end] == name] for end in (0, -1)
            )
            if len(leads) > 1 and len(trails) > 1 and len(leads) + len(trails) == len(terms):
                return [trails, leads]
    return []
