"""What a definition by a choice says where its condition decides it.

Where ``y = where(c, x, a (exp(x) - 1))`` is known, ``where(c, 1, a exp(x))`` is ``where(c, 1, y + a)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tcgrad.ir.nodes import MINUS_ONE, ZERO, Add, Component, Const, Expr, Iverson, Mul, Where
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.traversal import children, map_children, walk
from tcgrad.records import dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import call, is_call
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.facts.instances import with_components
from tcgrad.simplify.facts.solution import Solution, is_plain
from tcgrad.simplify.matching import Match, matches


@dataclass(frozen=True)
class Chosen:
    """A part of what a definition is where a condition holds, or where it does not.

    holds: which of the two.
    solution: the part.
    """

    condition: Expr
    holds: bool
    solution: Solution

    def written(self, expr: Expr) -> Expr:
        """An expression with the instances of the part in such branches replaced; the very same if there are none."""
        made = map_children(expr, self.written)
        if not isinstance(made, Where):
            return made
        branch = made.then if self.holds else made.otherwise
        for match in matches(self.condition, made.condition, Match(self.solution.part.free_set)):
            own = self._at(match)
            written = branch if own is None else with_components(branch, (own,))
            if written is not branch:
                then, otherwise = (written, made.otherwise) if self.holds else (made.then, written)
                return Where(made.condition, then, otherwise)
        return made

    def _at(self, match: Match) -> Fact | None:
        """The part as a fact where the condition is an instance of the definition's."""
        fact = self.solution.fact
        component = fact.component(match)
        if component is None:
            return None
        body = instantiate(fact.free, fact.body, component.indices)
        return replace(fact, free=(), body=body, meaning=fact.named(component))


def chosen(whole: Fact, solutions: Callable[[Fact], Iterator[Solution]]) -> Iterator[Chosen]:
    """What a definition, a choice times what is plain, says of its branches.

    solutions: what a definition says of its parts.
    """
    factors = list(map(_as_choice, whole.factors))
    choices = [factor for factor in factors if isinstance(factor, Where)]
    rest = [factor for factor in factors if not isinstance(factor, Where)]
    if len(choices) == 1 and all(map(is_plain, rest)):
        (choice,) = choices
        for holds, branch in ((True, choice.then), (False, choice.otherwise)):
            if not isinstance(branch, Component | Const):
                body = simplify(Mul((Const(whole.coefficient), *rest, branch)))
                for solution in solutions(Fact.of(whole.tensor, whole.free, body, ())):
                    if not solution.beside:
                        yield Chosen(choice.condition, holds, solution)


def _as_choice(factor: Expr) -> Expr:
    """``elu(u) = where(u > 0, u, exp(u) - 1)``; anything else as it is."""
    if not is_call(factor, "elu"):
        return factor
    (argument,) = children(factor)
    return Where(Iverson(">", argument, ZERO), argument, Add((call("exp", argument), MINUS_ONE)))


def holds_choice(expr: Expr) -> bool:
    """Whether there is a choice at any depth."""
    return any(isinstance(part, Where) for part in walk(expr))
