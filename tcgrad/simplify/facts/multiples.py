"""Multiples of what is defined: where ``y = x^n/d`` is known and ``x`` is no zero, ``x^(n - 1)/d`` is ``y/x``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Const, Expr, IndexSum, Mul, Pow
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, free_indices, map_children, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.matching import Match, matches
from tcgrad.simplify.powers import as_power
from tcgrad.simplify.shapes import shape
from tcgrad.simplify.signs import is_positive


class Multiples:
    """The definitions that are products of powers of what is positive.

    positive: tensors that are positive.
    """

    def __init__(self, facts: Iterable[Fact], positive: Collection[Tensor]) -> None:
        self._known = [(fact, lead) for fact in facts for lead in _lead(fact) if is_positive(fact.body, positive)]

    def written(self, expr: Expr) -> Iterator[Expr]:
        """A simplified expression by multiples of one definition each, where it has any; simplified."""
        held = {shape(as_power(part)[0]) for part in walk(expr)} if self._known else set[int]()
        for fact, lead in self._known:
            if shape(lead) in held:
                made = _by_multiples(expr, fact, lead)
                if made is not expr:
                    yield simplify(made)


def _lead(fact: Fact) -> tuple[Expr, ...]:
    """The base of a power, other than a plain factor or divisor, that settles all indices."""
    powers = [as_power(factor) for factor in fact.factors]
    if len(powers) < 2 or all(exponent in (ONE, MINUS_ONE) for _, exponent in powers):
        return ()
    free = set(fact.free)
    leads = [base for base, exponent in powers if free <= set(free_indices(base)) and exponent != ONE]
    return tuple(leads[:1])


def _by_multiples(expr: Expr, fact: Fact, lead: Expr) -> Expr:
    """Every product with a power of the lead times ``y/(x^n/d)``, which is 1."""
    for factor in factors_of(expr) if isinstance(expr, Mul | Pow) else ():
        base, _ = as_power(factor)
        for match in matches(lead, base, Match(fact.free_set)) if shape(lead) == shape(base) else ():
            component = fact.component(match)
            if component is not None:
                below = factors_of(instantiate(fact.free, fact.body, component.indices))
                parts = (Const(fact.coefficient), *below)
                return Mul((expr, fact.named(component), *(Pow(part, MINUS_ONE) for part in parts)))
    if not isinstance(expr, Mul | Add | IndexSum):
        return expr
    return map_children(expr, lambda part: _by_multiples(part, fact, lead))
