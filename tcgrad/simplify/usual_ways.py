"""Which way round sums are usual whatever it costs: ``1 - u`` beside ``u``, and one sum alike in all its places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tcgrad.ir.nodes import Add, Const, Expr, Mul
from tcgrad.simplify.powers import as_power, split_coefficient
from tcgrad.simplify.shapes import shape

# The terms of a sum, or what they look like, and whether with a plus; each with how often it is there.
_Signed = frozenset[tuple[tuple[Expr | int, bool], int]]


def complements(expr: Mul) -> Iterator[tuple[int, int]]:
    """The factors ``1 - u^n`` and ``u^n - 1`` beside a power of ``u``, by id the sign that makes them ``1 - u^n``."""
    for factor in expr.factors:
        match factor:
            case Add(terms=(Const(value=value), other)) | Add(terms=(other, Const(value=value))) if abs(value) == 1:
                number, rest = split_coefficient(other)
                base, exponent = as_power(rest)
                is_complement = number == -value and isinstance(exponent, Const) and exponent.value > 0
                if is_complement and any(as_power(part)[0] == base for part in expr.factors):
                    yield id(factor), 1 if value > 0 else -1
            case _:
                pass


def repeated_sums(sums: Sequence[Add]) -> Iterator[dict[int, int]]:
    """The sums that are the same up to indices and their sign, if there are several: by id +1 or -1.

    Those that indices alone tell from their negative, as ``x[i] - x[j]``, are the same with the same indices.
    """
    mixed = [base for base in sums if is_difference(base)]
    groups: dict[_Signed, dict[int, int]] = {}
    for base in mixed if len(mixed) > 1 else ():
        pairs = [(rest, number.numerator > 0) for number, rest in map(split_coefficient, base.terms)]
        own, opposite = _both_ways([(shape(rest), is_plus) for rest, is_plus in pairs])
        if own == opposite:
            own, opposite = _both_ways(pairs)
        if opposite in groups:
            groups[opposite][id(base)] = -1
        else:
            groups.setdefault(own, {})[id(base)] = 1
    return (group for group in groups.values() if len(group) > 1)


def _both_ways(signed: Iterable[tuple[Expr | int, bool]]) -> tuple[_Signed, _Signed]:
    """Terms with their signs, and with the opposite ones; each with how often it is there."""
    counts = Counter(signed).items()
    opposite = (((term, not is_plus), count) for (term, is_plus), count in counts)
    return frozenset(counts), frozenset(opposite)


def is_difference(base: Add) -> bool:
    """Whether a minus stands before a term."""
    return any(map(is_negative, base.terms))


def is_negative(term: Expr) -> bool:
    number = term.factors[0] if type(term) is Mul else term
    return type(number) is Const and number.value.numerator < 0
