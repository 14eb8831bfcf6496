"""The last touch before an expression is shown: sums and differences the way round that the spec writes them.

``(t - y)^2`` and ``(y - t)^2``, ``v + eps`` and ``eps + v`` are one to the simplifier. What stands in the spec is shown
as it stands there; any other difference takes up the minus sign in front of it. Where ``r = relu(u)``, ``[u > 0]`` is
``[r > 0]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Add, Call, Component, Const, Expr, Iverson
from tcgrad.ir.program import Define, Statement, nodes_in
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, free_indices, map_children, replace_components, tensors_read, terms_of, walk
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import canonical_labels, key
from tcgrad.simplify.facts.alike import Alike
from tcgrad.simplify.facts.totals import Totals
from tcgrad.simplify.matching import Match, matches
from tcgrad.simplify.powers import flattened, negated, split_coefficient
from tcgrad.simplify.shapes import shape
from tcgrad.simplify.shown.orientation import with_fewest_signs
from tcgrad.simplify.signs import is_positive_with


class Presentation:
    """Knows the sums that stand in some statements, and the order of their terms."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._known: dict[str, list[str]] = {}
        self._forms: set[frozenset[int]] = set()
        self._logarithms: set[int] = set()
        self._places: dict[Integer, Integer] = {}
        self._presented: dict[int, tuple[Expr, Expr]] = {}
        self._alike = Alike(Totals(()))
        self._rectified: list[tuple[Define, Expr]] = []
        self._told: list[tuple[Expr, tuple[Expr, ...]]] = []  # by the statements, with the parts of them that tell it
        self._reading: dict[Tensor | None, list[int]] = {}  # the places in it, by the first tensor that is read there
        for statement in statements:
            for part in nodes_in(statement):
                whole = simplify(part) if isinstance(part, Add) else part
                if isinstance(part, Add) and isinstance(whole, Add):
                    looks = self._looks(whole)
                    written = [looks(simplify(term)) for term in children(flattened(part))]
                    self._known.setdefault(looks(whole), written)
                    self._forms.add(_forms(whole))
                    self._note(whole, part)
                elif isinstance(part, Call) and part.function.name == "log":
                    logarithm = simplify(part)
                    self._logarithms.add(shape(logarithm))
                    self._note(logarithm, part)
            if isinstance(statement, Define):
                own = Component(statement.tensor, tuple([index.expr for index in statement.free]))
                for argument in _rectified_by(statement.body):
                    self._rectified.append((statement, argument))
                    self._note(argument, own, argument)

    def oriented(self, lines: Iterable[Statement]) -> tuple[Statement, ...]:
        """Lines with no more done to them than to turn differences the way round that the spec has them."""
        return tuple(
            replace(line, body=self.present(line.body)) if isinstance(line, Define) else line for line in lines
        )

    def present(self, expr: Expr) -> Expr:
        """The same value, written for the eye; not simplified any more."""
        known = self._presented.get(id(expr))
        if known is None:  # with the expression itself, so that no other one gets its id
            named = self._with_rectified_named(expr) if self._rectified else expr
            known = self._presented[id(expr)] = expr, with_fewest_signs(named, self)
        return known[1]

    def polished(self, expr: Expr, polish: Callable[[Expr], Expr]) -> Expr:
        """An expression presented, polished and presented once more; worked out once for all that are alike."""
        own, whole = self._alike.done((expr, *self._about(expr)), (), lambda: self._worked_out(expr, polish))
        self._presented[id(expr)] = expr, own
        return whole

    def _worked_out(self, expr: Expr, polish: Callable[[Expr], Expr]) -> tuple[Expr, Expr]:
        own = self.present(expr)
        made = polish(own)
        return own, own if made is own else self.present(made)

    def _note(self, told: Expr, *parts: Expr) -> None:
        first = next(iter(tensors_read(told)), None)
        self._reading.setdefault(first, []).append(len(self._told))
        self._told.append((told, parts))

    def _about(self, expr: Expr) -> tuple[Expr, ...]:
        """What the statements tell of how an expression is presented: what reads nothing but what it reads."""
        read = tensors_read(expr)
        near = sorted(place for first in (None, *read) for place in self._reading.get(first, ()))
        told = [self._told[place] for place in near]
        return tuple([part for whole, parts in told if set(tensors_read(whole)).issubset(read) for part in parts])

    def _with_rectified_named(self, expr: Expr) -> Expr:
        match map_children(expr, self._with_rectified_named):
            case Iverson(operator=">", left=left, right=Const(value=value) as zero) if not value:
                return Iverson(">", self._named(left) or left, zero)
            case whole:
                return whole

    def _named(self, argument: Expr) -> Expr | None:
        """What the spec calls ``relu(argument)``, or a leaky one: it is positive where the argument is."""
        for define, body in self._rectified:
            found = next(matches(body, argument, Match(frozenset(define.free))), None)
            positions = [found.value(index) for index in define.free] if found else [None]
            settled = tuple(position for position in positions if position is not None)
            if len(settled) == len(define.free) == len(positions):
                return Component(define.tensor, settled)
        return None

    def orders(self, base: Add) -> dict[int, list[int]]:
        """The places that the spec gives the terms of a sum, or of its negative, by the sign; where it writes them."""
        found: dict[int, list[int]] = {}
        if _forms(base) in self._forms:
            for sign, terms in ((1, base.terms), (-1, tuple(map(negated, base.terms)))):
                looks = self._looks(Add(terms))
                written = self._known.get(looks(Add(terms)))
                if written is not None:
                    places = {name: place for place, name in enumerate(written)}
                    found[sign] = [places.get(looks(term), len(places)) for term in terms]
        return found

    def writes_logarithm(self, call: Call) -> bool:
        """Whether the spec has such a logarithm itself."""
        return shape(call) in self._logarithms

    def _looks(self, base: Expr) -> Callable[[Expr], str]:
        """Texts of the terms of a sum, and of itself: ``x[2*i+k] - m[i]`` of the spec is ``x[p] - m[p//2]`` in a
        derivative, and any position is as good as an index. Where a tensor is read at several it counts how far they
        are apart: ``x[i+1] - x[i]`` is ``x[p] - x[p-1]``.
        """
        reads = list(dict.fromkeys(part for part in walk(base) if isinstance(part, Component)))
        if len({read.tensor for read in reads}) == len(reads):
            seen = self._anywhere
        else:
            shifts = _to_the_lowest(reads)
            seen = partial(substitute, mapping=shifts) if shifts else lambda expr: expr
        whole = seen(base)
        labels = canonical_labels(free_indices(whole), terms_of(whole), sized=False)
        return lambda part: key(seen(part), labels)

    def _anywhere(self, expr: Expr) -> Expr:
        return replace_components(expr, lambda read: Component(read.tensor, tuple(map(self._place, read.indices))))

    def _place(self, position: Integer) -> Integer:
        if position.as_index is not None:
            return position
        if position not in self._places:
            self._places[position] = Index("i", Integer.of(1)).expr
        return self._places[position]


def _to_the_lowest(reads: Iterable[Component]) -> dict[Index, Integer]:
    """For indices that stand by themselves but for a number what makes the least such number 0."""
    positions = [position for read in reads for position in read.indices]
    least: dict[Index, int] = {}
    for position in positions:
        for index in position.indices[:1]:
            number = (position - index.expr).as_number
            if number is not None:
                least[index] = min(number, least.get(index, number))
    return {index: index.expr - number for index, number in least.items() if number}


def _forms(base: Add) -> frozenset[int]:
    """What the terms of a sum look like whatever their numbers."""
    return frozenset([shape(split_coefficient(term)[1]) for term in base.terms])


def _rectified_by(body: Expr) -> tuple[Expr, ...]:
    """What a definition is positive with, if that has no name of its own: it is the relu of it, or a leaky one."""
    if not isinstance(body, Call) or not is_positive_with(body):
        return ()
    argument = simplify(body.arguments[0])
    return () if isinstance(argument, Component) else (argument,)
