"""Other ways to write a sum of terms, or a product with sums, that are tried because they may be shorter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import permutations

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Call, Const, Expr, IndexSum, IndexValue, Iverson, Mul, Pow
from tcgrad.ir.traversal import children, factors_of, free_indices, product_of
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import abs_of, is_call
from tcgrad.simplify.powers import has_power, negated, split_coefficient
from tcgrad.simplify.shapes import are_equal
from tcgrad.simplify.shorter.spread import opened


def with_one_bracket(expr: Add) -> Iterator[Expr]:
    """``a [c] + b [not c] = (a - b) [c] + b``, multiplied out, for each two brackets that are opposite."""
    brackets = {part: None for term in expr.terms for part in factors_of(term) if isinstance(part, Iverson)}
    for one, other in permutations(brackets, 2):
        if are_equal(one.opposite, other):
            terms: list[Expr] = []
            for term in expr.terms:
                rest = product_of([factor for factor in factors_of(term) if factor != other])
                turned = [rest, negated(simplify(Mul((rest, one))))] if other in factors_of(term) else [term]
                terms += [part for whole in turned for part in opened(whole) or [whole]]
            yield Add(tuple(terms))


def with_signs_apart(expr: Add) -> Iterator[Expr]:
    """``a sign(u) + b abs(u) = a sign(u) + b u sign(u)``, of which the sign can be taken out."""
    calls = [part for term in expr.terms for part in factors_of(term) if isinstance(part, Call)]
    signs = [part for part in calls if is_call(part, "sign")]
    for sign in dict.fromkeys(signs):
        magnitude = abs_of(*children(sign))
        if any(part == magnitude for term in expr.terms for part in factors_of(term)):
            signed = Mul((*children(sign), sign))
            changed = [[signed if part == magnitude else part for part in factors_of(term)] for term in expr.terms]
            yield Add(tuple(map(product_of, changed)))


def with_sums_together(expr: Add) -> Iterator[Expr]:
    """``x - (x - c)^3 - c = (x - c) (1 - (x - c)^2)``, for each sum the terms of which are scattered."""
    for base, number in scattered(expr):
        own = {rest for _, rest in map(split_coefficient, base.terms)}
        left = [term for term in expr.terms if split_coefficient(term)[1] not in own]
        inside = [term for term in left if has_power(term, base)]
        if not inside:
            continue
        lower = [simplify(Mul((ONE, term, Pow(base, MINUS_ONE)))) for term in inside]
        yield Add((ZERO, Mul((base, Add((Const(number), *lower)))), *(term for term in left if term not in inside)))


def scattered(expr: Add) -> list[tuple[Add, Fraction]]:
    """The sums of which a power is a factor of a term and that, times some number, are terms of the whole themselves;
    with that number.
    """
    bases = [part.base for term in expr.terms for part in factors_of(term) if isinstance(part, Pow)]
    powers = dict.fromkeys(base for base in bases if isinstance(base, Add))
    numbers = {rest: number for number, rest in map(split_coefficient, expr.terms)} if powers else {}
    found: list[tuple[Add, Fraction]] = []
    for base in powers:
        ratios = {numbers.get(rest, Fraction(0)) / number for number, rest in map(split_coefficient, base.terms)}
        if len(ratios) == 1 and ratios != {Fraction(0)}:
            found.append((base, ratios.pop()))
    return found


def with_idle_terms_out(expr: Mul) -> Iterator[Expr]:
    """``sum_n (a[n] + b)/N = sum_n a[n]/N + b``, where the sum is over all of ``N``."""
    counts = [part for part in expr.factors if isinstance(part, Pow) and isinstance(part.base, IndexValue)]
    for factor in expr.factors if counts else ():
        match factor:
            case IndexSum((index,), Add(terms)):
                count = Pow(IndexValue(index.size), MINUS_ONE)
                idle = [term for term in terms if is_idle(term, (index,))]
                kept = [term for term in terms if term not in idle]
                if idle and kept and count in counts:
                    rest = [part for part in expr.factors if part not in (factor, count)]
                    varying = IndexSum((index,), simplify(Add((ZERO, *kept))))
                    yield Mul((ONE, *rest, Add((Mul((count, varying)), *idle))))
            case _:
                pass


def is_idle(term: Expr, indices: Sequence[Index]) -> bool:
    """Whether a term of a sum is the same for all values of the indices."""
    return set(indices).isdisjoint(free_indices(term))
