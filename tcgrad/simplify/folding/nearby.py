"""The few facts that matter for one expression, and the expression written with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tcgrad.ir.nodes import Add, Expr, IndexSum
from tcgrad.ir.traversal import map_children, tensors_read
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.facts.holding import shapes_in
from tcgrad.simplify.facts.instances import with_components
from tcgrad.simplify.facts.memory import Memory
from tcgrad.simplify.facts.totals import Totals
from tcgrad.simplify.facts.undefined import bases_of_roots, reads_needed
from tcgrad.simplify.folding.centring import holds_mean, recentred
from tcgrad.simplify.folding.idioms import recognise
from tcgrad.simplify.shorter.condense import Condensing


class Nearby:
    """Writes definitions into one expression.

    facts: later definitions first, for they stand for more.
    multiply_out: multiplies an expression out, with the same facts.
    condensed: what has been condensed by all facts that there are.
    """

    def __init__(
        self, facts: Sequence[Fact], totals: Totals, multiply_out: Callable[[Expr], Expr], condensed: Memory
    ) -> None:
        self._facts = facts
        self._of_signed = [fact for fact in facts if fact.of_signed]
        self._totals = totals
        self.multiply_out = multiply_out
        self._known = condensed

    def fold(self, expr: Expr) -> Expr:
        """The same value, with instances of the facts written as components, as short as can be found."""
        made = self._condensed(expr)
        rooted = self._with_roots_taken(made)
        return made if rooted is made else min(made, self._condensed(rooted), key=cost)

    def _condensed(self, expr: Expr) -> Expr:
        return Condensing(self, self._known).condense(self.settle(expr))

    def _with_roots_taken(self, expr: Expr) -> Expr:
        """Where ``y = a/sqrt(v)`` is known, ``b/sqrt(v) - a c/v`` is ``(b - y c)/sqrt(v)``, and ``y a^2/v`` is ``y^3``:
        the root has a value.
        """
        near = [fact for fact in self.about(expr) if fact.of_signed] if self._of_signed else []
        rooted = frozenset(bases_of_roots(expr)) if near else frozenset[Expr]()
        for read in reads_needed(expr) if near else ():
            rooted |= {base for fact in near if fact.tensor == read.tensor for base in bases_of_roots(fact.at(read))}
        return with_components(expr, tuple([replace(fact, rooted=rooted) for fact in near])) if rooted else expr

    def settle(self, expr: Expr) -> Expr:
        """The same value, with idioms and instances of the facts by their names; simplified."""
        decided = self._totals.decide(simplify(recognise(simplify(expr))))
        named = self.name_instances(decided)
        return named if named is decided else self._totals.decide(named)  # the parts of a whole have a name now

    def centred(self, expr: Expr) -> Expr:
        """A settled expression with its sums relative to a mean that has a name, where that is shorter."""
        made = map_children(expr, self.centred) if holds_mean(expr) else expr
        whole = expr if made is expr else self.settle(made)
        if isinstance(whole, IndexSum):
            for candidate in map(self.settle, recentred(whole)):
                if cost(candidate) < cost(whole):
                    return candidate
        return whole

    def name_instances(self, expr: Expr) -> Expr:
        """A simplified expression with the instances of the facts by their names; simplified."""
        tried: tuple[Fact, ...] = ()
        near = self.about(expr)
        while any(fact not in tried for fact in near):
            made = with_components(expr, near)
            if made is expr:
                break
            expr, tried = simplify(made), near
            near = self.about(expr)
        return expr

    def about(self, expr: Expr) -> tuple[Fact, ...]:
        """The facts that can have instances in ``expr``."""
        read = set(tensors_read(expr))
        near = [fact for fact in self._facts if fact.tensors <= read]
        held = shapes_in(expr) if near else frozenset[int]()
        return tuple([fact for fact in near if fact.shapes <= held])

    def sums(self, expr: Expr) -> list[Add]:
        """The sums of terms among the factors of the facts that read nothing but what ``expr`` reads."""
        read = set(tensors_read(expr))
        return [known for fact in self._facts if fact.tensors <= read for known in fact.sums]

    def may_add_up(self, factor: Expr) -> bool:
        """Whether what one factor adds up to may be a number."""
        return self._totals.is_candidate(factor)
