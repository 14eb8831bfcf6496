"""Values with structure: sums of blocks that are non-zero only where some of their indices are equal.

A Jacobian such as ``delta[i,p]*a[q,j]`` stays the block ``a`` and the fact ``p = i`` through all that is computed
with it; the zeros are written down once, when a whole array is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tcgrad.emit.arrays import Assemble, Broadcast, Full, Kind, Node, Number, Value
from tcgrad.emit.values import Builder
from tcgrad.ir.indices import Index

Axes = tuple[Index, ...]
Equalities = tuple[tuple[Index, Index], ...]


@dataclass(frozen=True)
class Term:
    """``coefficient * value`` where every equality holds, else 0.

    equal: pairs (index, the index that it equals), sorted; the value's axes hold no index that stands first in one.
    """

    coefficient: Fraction
    value: Value
    equal: Equalities = ()


@dataclass(frozen=True)
class Structured:
    """The sum of its terms; no two have the same equalities."""

    terms: tuple[Term, ...]

    @property
    def plain(self) -> Term | None:
        """The one term, if there is no structure."""
        return self.terms[0] if len(self.terms) == 1 and not self.terms[0].equal else None


class Classes:
    """Classes of equal indices, each with one that stands for all."""

    def __init__(self, preferred: Sequence[Index], avoided: Sequence[Index]) -> None:
        """The first of the preferred indices in a class stands for it, else the first made; an avoided one never
        stands for one that is not.
        """
        self._parent: dict[Index, Index] = {}
        self._preferred = {index: k for k, index in enumerate(preferred)}
        self._avoided = frozenset(avoided)

    def find(self, index: Index) -> Index:
        """The index that stands for the class of this one."""
        while index in self._parent:
            index = self._parent[index]
        return index

    def unite(self, left: Index, right: Index) -> None:
        left, right = self.find(left), self.find(right)
        if left is not right:
            keep, drop = sorted((left, right), key=self._rank)
            self._parent[drop] = keep

    def _rank(self, index: Index) -> tuple[bool, int, int]:
        return index in self._avoided, self._preferred.get(index, len(self._preferred)), index.serial

    def equalities(self) -> Equalities:
        """What holds between the indices that are not avoided."""
        pairs = ((index, self.find(index)) for index in self._parent if index not in self._avoided)
        return tuple(sorted(pairs, key=lambda pair: pair[0].serial))


def renamed(build: Builder, value: Value, mapping: Mapping[Index, Index]) -> Value:
    """The value with other indices; a diagonal where two axes get the same."""
    if not mapping:
        return value
    return build.diagonal(value.node, [mapping.get(index, index) for index in value.axes])


def added(build: Builder, terms: Iterable[Term], hint: Axes) -> Structured:
    """The sum of terms: those with the same equalities become one."""
    groups: dict[Equalities, list[Term]] = {}
    for term in terms:
        groups.setdefault(term.equal, []).append(term)
    merged = [_merge(build, group, hint) for group in groups.values()]
    kept = tuple(term for term in merged if term.coefficient)
    return Structured(kept or (Term(Fraction(0), Value(build.number(1))),))


def _merge(build: Builder, terms: list[Term], hint: Axes) -> Term:
    terms = [term for term in terms if term.coefficient] or terms[:1]
    if len(terms) == 1:
        return terms[0]
    sign, value = plus(build, [(term.coefficient, term.value) for term in terms], hint)
    return Term(sign, value, terms[0].equal)


def plus(build: Builder, terms: Sequence[tuple[Fraction, Value]], hint: Axes) -> tuple[Fraction, Value]:
    """The elementwise sum, with its sign; terms that broadcast alike are added before they are broadcast."""
    axes = build.combined_axes((value for _, value in terms), hint)
    groups: dict[frozenset[Index], list[tuple[Fraction, Value]]] = {}
    for term in terms:
        groups.setdefault(frozenset(term[1].axes), []).append(term)
    if len(groups) > 1 and any(len(group) > 1 for key, group in groups.items() if len(key) < len(axes)):
        small = [_presummed(build, group, len(axes), hint) for group in groups.values()]
        terms = [term for group in small for term in group]
    nodes = [build.aligned(Value(scaled(build, abs(c), value.node), value.axes), axes) for c, value in terms]
    signs = [1 if c > 0 else -1 for c, _ in terms]
    negated = build.known_sum(nodes, [-sign for sign in signs])
    if negated is not None:
        return Fraction(-1), Value(negated, axes)
    return Fraction(1), Value(build.plus(nodes, signs), axes)


def _presummed(
    build: Builder, group: list[tuple[Fraction, Value]], rank: int, hint: Axes
) -> list[tuple[Fraction, Value]]:
    if len(group) == 1 or len(group[0][1].axes) == rank:
        return group
    return [plus(build, group, hint)]


def scaled(build: Builder, coefficient: Fraction, node: Node) -> Node:
    """A multiple of a node."""
    if coefficient == 1:
        return node
    if isinstance(node.operation, Number) and node.operation.value is not None:
        return build.number(coefficient * node.operation.value)
    return build.times([build.number(coefficient), node])


def finished(build: Builder, term: Term) -> Value:
    """A term without equalities as one value."""
    return Value(scaled(build, term.coefficient, term.value.node), term.value.axes)


def dense(build: Builder, structured: Structured, free: Axes) -> Value:
    """One value, with zeros where the structure has them; ``free`` gives the order of its axes then."""
    if structured.plain is not None:
        return finished(build, structured.plain)
    used = {
        index for term in structured.terms for index in (*term.value.axes, *(i for pair in term.equal for i in pair))
    }
    axes = tuple(index for index in free if index in used) + tuple(
        sorted(used - set(free), key=lambda index: index.serial)
    )
    return Value(assembled(build, structured, axes), axes)


def assembled(build: Builder, structured: Structured, axes: Axes) -> Node:
    """The array with these axes, zeros written out."""
    blocks, patterns = [], []
    for term in structured.terms:
        of = dict(term.equal)
        representatives = [of.get(index, index) for index in axes]
        distinct = tuple(dict.fromkeys(representatives))
        blocks.append(build.aligned(finished(build, term), distinct))
        patterns.append(tuple(distinct.index(index) for index in representatives))
    shape = tuple(index.size for index in axes)
    return build.graph.make(Assemble(tuple(patterns)), tuple(blocks), shape)


def materialised(build: Builder, value: Value, free: Axes) -> Node:
    """The value as an array with all the axes ``free``, in that order."""
    shape = tuple(index.size for index in free)
    node = build.aligned(Value(build.as_float(value.node), value.axes), free)
    if len(value.axes) == len(free) and node.kind is not Kind.SCALAR:
        return node
    return build.graph.make(Broadcast() if value.axes else Full(), (node,), shape)
