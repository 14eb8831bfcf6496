"""Whether multiplying out may pay: a look from far at the terms, before anything is simplified."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Component, Const, Delta, Expr, IndexSum, IndexValue, Iverson
from tcgrad.ir.traversal import as_one_sum, flat_factors, free_indices, tensors_read
from tcgrad.simplify.cost import cost
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.facts.factored import Factor, powers_in, summed_in
from tcgrad.simplify.order import Term
from tcgrad.simplify.powers import as_power
from tcgrad.simplify.shapes import shape

_MOST_UNLIKE_TERMS = 4  # where no two terms look alike


def is_promising(
    terms: Sequence[Expr],
    facts: Sequence[Fact],
    may_add_up: Callable[[Expr], bool],
    *,
    squares: bool,
) -> bool:
    """Whether terms may be alike or of one case, factors or numbers may cancel, or a definition may be found in a term.

    facts: the definitions that may have instances in them.
    may_add_up: whether what one factor adds up to may be a number.
    squares: whether squares have been multiplied out, so that there are more terms.
    """
    factored = list(map(flat_factors, terms))
    powers = [_without_sizes_that_cancel(powers_in(factors)) for factors in factored]
    bags = [sorted([(shape(base), shape(exponent)) for base, exponent in own]) for own in powers]
    if _some_are_alike(bags, powers) or _some_share_a_bracket(powers):
        return True
    if len(bags) > _MOST_UNLIKE_TERMS and not squares:
        return False
    if any(map(_has_numbers, factored)) or any(map(_may_cancel, powers)):
        return True
    held = [{base for base, _ in bag} for bag in bags]
    if any(fact.bases <= bases for fact in facts for bases in held):
        return True
    inside_of = [list(summed_in(factors)) for factors in factored]
    sums = [inside for own in inside_of for inside in own]
    if any(not inside or (len(inside) == 1 and may_add_up(inside[0])) for inside in sums):
        return True
    known = [shapes for fact in facts for shapes in fact.summed]
    if not known:
        return False
    if any(_may_divide(*term, facts) for term in zip(powers, inside_of, strict=True)):
        return True
    # What stands in every term is not shorter for a name in some of them: the others have it as it is.
    everywhere = set[int].intersection(*[set(map(id, as_one_sum(term)[1])) for term in terms])
    apart = [inside for inside in sums if not everywhere.issuperset(map(id, inside))]
    return any(shapes.issuperset(map(shape, inside)) for shapes in known for inside in apart)


def inert_factors(factors: Sequence[Expr], opened: Sequence[Expr], facts: Sequence[Fact]) -> tuple[Expr, ...]:
    """The factors of a product that stay what they are, whatever becomes of the others.

    opened: the terms of the product multiplied out.
    facts: the definitions that can have instances in it.
    """
    named = frozenset[int]().union(*[fact.bases for fact in facts])
    read = Counter(chain.from_iterable(map(tensors_read, factors)))

    def is_inert(factor: Expr) -> bool:
        base, _ = as_power(factor)
        match base:
            case Const():
                return not any(map(_has_numbers, map(flat_factors, opened)))
            case IndexValue(value=value):
                return not value.indices and not any(map(_has_idle_sum, opened))
            case Component(tensor=tensor):
                gathered = tensors_read(base)[1:]
                return read[tensor] == 1 and not gathered and shape(base) not in named
            case _:
                return isinstance(base, Delta)

    return tuple(filter(is_inert, factors))


def _some_are_alike(bags: Sequence[Sequence[tuple[int, int]]], powers: Sequence[Sequence[Factor]]) -> bool:
    """Whether two products have factors of the same shapes, and those of the same indices."""
    if len(set(map(tuple, bags))) == len(bags):
        return False
    found = Counter(map(tuple, bags))
    like = [own for bag, own in zip(bags, powers, strict=True) if found[tuple(bag)] > 1]
    has_delta = any(isinstance(base, Delta) for own in like for base, _ in own)
    return has_delta or len(set(map(_inside, like))) < len(like)


def _without_sizes_that_cancel(powers: list[Factor]) -> list[Factor]:
    """The powers of a product but for sizes that it is both multiplied and divided by: ``N p/N`` is like ``p``."""
    sizes = [base for base, _ in powers if isinstance(base, IndexValue)]
    for base in sizes if len(sizes) > 1 else ():
        pair = [(base, ONE), (base, MINUS_ONE)]
        if all(part in powers for part in pair):
            powers = [part for part in powers if part not in pair]
    return powers


def _some_share_a_bracket(powers: Sequence[Sequence[Factor]]) -> bool:
    """Whether some terms hold in one case and the others in others: cases stand apart."""
    brackets = [base for own in powers for base, _ in own if type(base) is Iverson]
    return any(1 < count < len(powers) for count in Counter(brackets).values()) if brackets else False


def _inside(powers: Sequence[Factor]) -> frozenset[tuple[int, frozenset[Index]]]:
    return frozenset([(shape(base), frozenset(free_indices(base))) for base, _ in powers])


def _has_idle_sum(term: Expr) -> bool:
    """Whether an index of a sum in a product does not occur in it: such a sum is a size."""
    return any(
        any(index not in free_indices(factor.body) for index in factor.indices) or _has_idle_sum(factor.body)
        for factor in flat_factors(term)
        if isinstance(factor, IndexSum)
    )


def _may_cancel(powers: Sequence[Factor]) -> bool:
    """Whether a base stands to powers that are not all whole and of one sign: others get no shorter when merged."""
    signs: dict[int, int] = {}
    for base, exponent in powers:
        own, sign = shape(base), _sign(exponent)
        if own in signs and (sign == 0 or signs[own] != sign):
            return True
        signs[own] = sign
    return False


def _may_divide(powers: Sequence[Factor], sums: Sequence[Sequence[Expr]], facts: Sequence[Fact]) -> bool:
    """Whether a product has a sum that may be what a definition names, and a power of that: ``1/d sum_j w = 1``."""
    read = {base.tensor for base, _ in powers if isinstance(base, Component)}
    known = [shapes for fact in facts if fact.tensor in read for shapes in fact.summed]
    return any(shapes.issuperset(map(shape, inside)) for shapes in known for inside in sums)


def _sign(exponent: Expr) -> int:
    """That of a whole number, else 0."""
    if not isinstance(exponent, Const) or exponent.value.denominator != 1:
        return 0
    return 1 if exponent.value.numerator > 0 else -1


def _has_numbers(factors: Sequence[Expr]) -> bool:
    numbers = [factor.value for factor in factors if type(factor) is Const]
    return len(numbers) > 1 and sum(abs(number) != 1 for number in numbers) > 1


def least_cost(terms: Sequence[Term]) -> int:
    """What a sum of unlike terms costs at least, whatever is taken out of them: every factor stands in it somewhere.

    It is 0 where a sum may still be opened, for what is in it may cancel.
    """
    least: dict[int, int] = {}
    for _, rest in terms:
        own: Counter[int] = Counter()
        for base, exponent in _bases(rest):
            if isinstance(base, Add) and _sign(exponent) >= 0:
                return 0
            own[shape(base)] += (1 if isinstance(base, IndexSum) else cost(base)) + cost(exponent)
        least.update((name, most) for name, most in own.items() if most > least.get(name, 0))
    return sum(least.values()) + max((cost(Const(number)) for number, _ in terms), default=0)


def _bases(term: Expr) -> Iterator[Factor]:
    """The powers of a product, those in its sums too."""
    for base, exponent in powers_in(flat_factors(term)):
        yield base, exponent
        if isinstance(base, IndexSum):
            yield from _bases(base.body)
