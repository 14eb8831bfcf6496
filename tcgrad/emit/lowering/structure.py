"""Values with structure: sums of blocks that are non-zero only where some of their indices equal others.

A Jacobian such as ``delta[i,p]*a[q,j]`` stays the block ``a`` and the fact ``p = i`` through all that is computed
with it; the zeros are written down once, when a whole array is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import partial

from tcgrad.emit.graph.arrays import Axes, Kind, Node, Value
from tcgrad.emit.graph.common_operands import Scaled, are_turned, collected
from tcgrad.emit.graph.journal import Labels, SumKey
from tcgrad.emit.graph.memory_order import unturned
from tcgrad.emit.graph.operations import Broadcast, Full, Number
from tcgrad.emit.graph.values import Builder
from tcgrad.emit.sizes.equalities import Pairs
from tcgrad.ir.indices import Index
from tcgrad.records import dataclass

UNIT = Fraction(1)  # most coefficients are this one itself


@dataclass(frozen=True)
class Term:
    """``coefficient * value`` where every equality holds, else 0, summed over ``loose``.

    equal: pairs (index, what it equals), sorted; the value's axes hold no index that stands first in one.
    loose: summed indices that stand in an equality: their sum is where values meet in one position.
    """

    coefficient: Fraction
    value: Value
    equal: Pairs = ()
    loose: Axes = ()

    @property
    def is_diagonal(self) -> bool:
        """Whether the equalities are of plain indices, with each other or with numbers."""
        return all(other.as_index is not None or not other.indices for _, other in self.equal) and not self.loose


@dataclass(frozen=True)
class Structured:
    """The sum of its terms; no two have the same equalities."""

    terms: tuple[Term, ...]

    @property
    def plain(self) -> Term | None:
        """The one term, if there is no structure."""
        return self.terms[0] if len(self.terms) == 1 and not self.terms[0].equal else None

    @property
    def is_zero(self) -> bool:
        """Whether nothing is left of it."""
        return not any(term.coefficient for term in self.terms)

    @property
    def is_diagonal(self) -> bool:
        """Whether no structure is more than a diagonal."""
        return all(term.is_diagonal for term in self.terms)

    @property
    def axes_of_all(self) -> Axes | None:
        """The axes of a term that has all indices and no equalities, if there are others beside it."""
        if len(self.terms) == 1:
            return None
        order = len(self.indices)
        return next((t.value.axes for t in self.terms if not t.equal and len(t.value.axes) == order), None)

    @property
    def indices(self) -> dict[Index, None]:
        """Those on which it depends, each once."""
        found: dict[Index, None] = {}
        for term in self.terms:
            own = (*term.value.axes, *(i for index, other in term.equal for i in (index, *other.indices)))
            found.update(dict.fromkeys(index for index in own if index not in term.loose))
        return found


def added(build: Builder, terms: Iterable[Term], hint: Axes) -> Structured:
    """The sum of terms: those with the same equalities become one."""
    terms = list(terms)
    if len(terms) == 1 and terms[0].coefficient is UNIT:
        return Structured((terms[0],))
    groups: dict[Pairs, list[Term]] = {}
    for term in terms:
        groups.setdefault(term.equal, []).append(term)
    merged = [_merge(build, group, hint) for group in groups.values()]
    kept = tuple(term for term in merged if term.coefficient)
    return Structured(kept or (Term(Fraction(0), Value(build.number(1))),))


def _merge(build: Builder, terms: list[Term], hint: Axes) -> Term:
    first = terms[0]
    added_up: dict[tuple[int, Axes], tuple[Fraction, Value]] = {}
    for term in terms:
        same = term.value.node.serial, term.value.axes
        before = added_up.get(same)
        added_up[same] = term.coefficient if before is None else before[0] + term.coefficient, term.value
    parts = [part for part in added_up.values() if part[0]] or [(Fraction(0), first.value)]
    sign, value = parts[0] if len(parts) == 1 else plus(build, parts, hint)
    return Term(sign, value, first.equal, first.loose)


def plus(build: Builder, terms: Sequence[Scaled], hint: Axes) -> Scaled:
    """The elementwise sum, with its sign; one built before, under whatever indices and signs, is found again."""
    if are_turned(terms):
        terms = [(coefficient, unturned(value)) for coefficient, value in terms]
    if all(coefficient.numerator < 0 for coefficient, _ in terms):
        sign, value = plus(build, [(-coefficient, value) for coefficient, value in terms], hint)
        return -sign, value
    ordered, key, labels = _sorted(terms)
    for sign, wanted in ((UNIT, key), (-UNIT, _negated(key))):
        known = build.known_sum(wanted, ordered)
        if known is not None:
            return sign, _renamed(known, labels)
    sign, value = _built_sum(build, terms, hint)
    key = key if sign > 0 else _negated(key)
    build.keep_sum(key, ordered, value.node, tuple([labels[index] for index in value.axes]))
    return sign, value


def sum_at_hand(build: Builder, terms: Sequence[Scaled]) -> Value | None:
    """The elementwise sum, or its opposite, if it was built before."""
    ordered, key, labels = _sorted(terms)
    known = build.known_sum(key, ordered) or build.known_sum(_negated(key), ordered)
    return None if known is None else _renamed(known, labels)


def _renamed(known: tuple[Node, Labels], labels: Mapping[Index, int]) -> Value:
    index_of = {label: index for index, label in labels.items()}
    return Value(known[0], tuple([index_of[label] for label in known[1]]))


def _sorted(terms: Sequence[Scaled]) -> tuple[Sequence[Scaled], SumKey, dict[Index, int]]:
    ordered = sorted(terms, key=lambda term: (term[1].node.serial, _size(term[0])))
    return ordered, *_sum_key(ordered)


def _sum_key(ordered: Sequence[tuple[Fraction, Value]]) -> tuple[SumKey, dict[Index, int]]:
    """The terms up to the names of their indices."""
    labels: dict[Index, int] = {}
    parts = []
    for coefficient, value in ordered:
        own = tuple([labels.setdefault(index, len(labels)) for index in value.axes])
        parts.append((*coefficient.as_integer_ratio(), value.node.serial, own))
    return tuple(parts), labels


def _negated(key: SumKey) -> SumKey:
    return tuple([(-numerator, denominator, serial, own) for numerator, denominator, serial, own in key])


def _built_sum(build: Builder, terms: Sequence[Scaled], hint: Axes) -> Scaled:
    """The sum, with its sign; terms that broadcast alike are added before they are broadcast."""
    terms = collected(build, terms, partial(plus, build))
    if len(terms) == 1:
        ((coefficient, value),) = terms
        return (UNIT if coefficient > 0 else -UNIT), Value(scaled(build, abs(coefficient), value.node), value.axes)
    axes = build.combined_axes((value for _, value in terms), hint)
    groups: dict[frozenset[Index], list[tuple[Fraction, Value]]] = {}
    for term in terms:
        groups.setdefault(frozenset(term[1].axes), []).append(term)
    if len(groups) > 1 and any(len(group) > 1 for key, group in groups.items() if len(key) < len(axes)):
        small = [_presummed(build, group, len(axes), hint) for group in groups.values()]
        terms = [term for group in small for term in group]
    nodes = [build.aligned(Value(scaled(build, _size(c), value.node), value.axes), axes) for c, value in terms]
    return UNIT, Value(build.plus(nodes, [1 if c.numerator > 0 else -1 for c, _ in terms]), axes)


def _size(coefficient: Fraction) -> Fraction:
    return UNIT if coefficient is UNIT else abs(coefficient)


def _presummed(
    build: Builder, group: list[tuple[Fraction, Value]], rank: int, hint: Axes
) -> list[tuple[Fraction, Value]]:
    if len(group) == 1 or len(group[0][1].axes) == rank:
        return group
    return [plus(build, group, hint)]


def scaled(build: Builder, coefficient: Fraction, node: Node) -> Node:
    """A multiple of a node."""
    if coefficient is UNIT or coefficient == 1:
        return node
    if isinstance(node.operation, Number) and node.operation.value is not None:
        return build.number(coefficient * node.operation.value)
    return build.times([build.number(coefficient), node])


def finished(build: Builder, term: Term) -> Value:
    """A term without equalities as one value."""
    return Value(scaled(build, term.coefficient, term.value.node), term.value.axes)


def materialised(build: Builder, value: Value, free: Axes) -> Node:
    """The value as an array with all the axes ``free``, in that order."""
    shape = tuple(index.size for index in free)
    node = build.aligned(Value(build.as_float(value.node), value.axes), free)
    if len(value.axes) == len(free) and node.kind is not Kind.SCALAR:
        return node
    return build.graph.make(Broadcast() if value.axes else Full(), (node,), shape)
