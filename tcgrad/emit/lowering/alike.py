"""Statements that differ in the names of tensors and indices alone: lowered once, then done again for all the others.

The layers of a network are the same equations over other tensors, and so are the lines of their derivatives. What is
made of one of them is, over other arrays, what would be made of every other one, if all that was asked on the way has
the same answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from itertools import count
from typing import NamedTuple

from tcgrad.emit.graph.arrays import Node, Value
from tcgrad.emit.graph.built import Built
from tcgrad.emit.graph.journal import Journal, Nodes
from tcgrad.emit.lowering.definitions import Definitions, has_zeros_around
from tcgrad.emit.lowering.profiles import Profiles
from tcgrad.emit.lowering.replay import Replay, numbers_taken
from tcgrad.emit.lowering.structure import Structured, Term
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Delta, Expr, Iverson, Where
from tcgrad.ir.program import Define
from tcgrad.ir.traversal import sorts_in
from tcgrad.simplify.kinds import Likeness
from tcgrad.simplify.poles import without_poles

_GUARDS = (Delta, Iverson, Where)


class _Given(NamedTuple):
    """What a statement starts from.

    key: equal for statements of which the same is made if they get the same answers.
    nodes: the arrays that it can see.
    """

    key: Hashable
    nodes: Nodes
    indices: tuple[Index, ...]


class _Done(NamedTuple):
    """What was made of a statement; ``numbers`` are the nodes that stand for themselves in every other."""

    given: _Given
    numbers: Nodes
    journal: Journal
    result: Structured


class Alike:
    """Remembers what was made of statements, for all that are alike."""

    def __init__(self, definitions: Definitions) -> None:
        self._build = definitions.build
        self._definitions = definitions
        self._profiles = Profiles(self._build.inverses)
        self._done: dict[Hashable, _Done] = {}

    def lowered(self, define: Define, own: Likeness, built: Built, work: Callable[[Define], Structured]) -> Structured:
        """What ``work`` makes of a statement, with the products that were built before.

        own: the kind that it is of.
        """
        given = self._given(own)
        if given is None:
            return work(define)
        self._build.graph.begin()  # what it is given was there before it
        done = self._done.get(given.key)
        result = self._again(done, given, built) if done is not None else None
        return self._noted(define, given, work) if result is None else result

    def _noted(self, define: Define, given: _Given, work: Callable[[Define], Structured]) -> Structured:
        if _has_guards(define.body):
            return work(define)
        journal = self._build.graph.noting()
        try:
            result = work(define)
        finally:
            self._build.graph.journal = None
        nodes = tuple([term.value.node for term in result.terms])
        numbers = numbers_taken(journal, given.nodes, nodes, self._profiles)
        if numbers is not None and _indices(result).issubset(given.indices):
            self._done[given.key] = _Done(given, numbers, journal, result)
        return result

    def _again(self, done: _Done, given: _Given, built: Built) -> Structured | None:
        """The same over other arrays; None if something that was asked has another answer now."""
        nodes = [*zip(done.given.nodes, given.nodes, strict=True), *zip(done.numbers, done.numbers, strict=True)]
        replay = Replay(self._build, built, self._profiles, nodes)
        if not all(map(replay.again, done.journal.entries)):
            return None
        indices = dict(zip(done.given.indices, given.indices, strict=True))
        return Structured(tuple([_renamed(term, replay, indices) for term in done.result.terms]))

    def _given(self, own: Likeness) -> _Given | None:
        """None where more decides what is made of a statement than what the arrays are."""
        if has_zeros_around(own.tensors[0]):
            return None
        seen: dict[Node, int] = defaultdict(count().__next__)
        key: list[Hashable] = [own.kind, self._build.fitting]
        for tensor in own.tensors[1:]:
            profile = self._profiles.of_definition(self._definitions.definition(tensor))
            if profile is None:
                return None
            key.append(profile.kind)
            key += map(seen.__getitem__, profile.nodes)
        return _Given(tuple(key), tuple(seen), own.indices)


def _has_guards(body: Expr) -> bool:
    """Whether what is made of an expression hangs on where something is defined."""
    return not sorts_in(body).isdisjoint(_GUARDS) or without_poles(body) is not body


def _indices(structured: Structured) -> set[Index]:
    found = [(term.value.axes, term.loose, *((a, *b.indices) for a, b in term.equal)) for term in structured.terms]
    return {index for parts in found for part in parts for index in part}


def _renamed(term: Term, replay: Replay, indices: Mapping[Index, Index]) -> Term:
    positions = {old: new.expr for old, new in indices.items()}
    equal = tuple([(indices[index], other.substitute(positions)) for index, other in term.equal])
    axes = tuple([indices[index] for index in term.value.axes])
    value = Value(replay.nodes[term.value.node], axes)
    return Term(term.coefficient, value, equal, tuple([indices[index] for index in term.loose]))
