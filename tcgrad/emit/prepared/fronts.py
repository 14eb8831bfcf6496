"""What a recurrence begins with, read in front of all that follows, where the loop has written it.

An adjoint reads ``c[t-1,b]`` of ``c[-1,b] = c0[b]``, and has an equation of its own for position 0, with ``c0[b]``. Of
the array that holds both, what its step reads is there at 0, too; and so is what a sum over the steps reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import NamedTuple

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Add, Component, Expr, IndexSum
from tcgrad.ir.program import Case, Define, Recurrence
from tcgrad.ir.substitution import instantiate, substitute
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import as_one_sum, integers, product_of, replace_components, tensors_read, walk
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key


class Front(NamedTuple):
    """What stands before position 0 of a tensor: base cases, and the array that begins ``shift`` positions earlier."""

    tensor: Tensor
    axis: int
    bases: tuple[Case, ...]
    array: Tensor
    shift: int


class Fronts:
    """Knows what stands before position 0, and lets the steps of other recurrences read it."""

    def __init__(self) -> None:
        self._known: dict[Tensor, Front] = {}
        self._by_array: dict[Tensor, Front] = {}

    def learn(self, front: Front) -> None:
        """Remember what stands before position 0 of a tensor."""
        self._known[front.tensor] = self._by_array[front.array] = front

    def continued(self, recurrence: Recurrence) -> Recurrence:
        """The recurrence without base cases that say what the steps do, which read what stands before position 0."""
        if not self._known or recurrence.written_out:
            return recurrence
        steps = tuple(map(self._reading_in_front, recurrence.steps))
        own: dict[Integer, list[bool]] = {}
        for step, cases in zip(steps, recurrence.bases, strict=True):
            for case in cases:
                if case.at.as_number is not None and case.at.value >= 0:
                    own.setdefault(case.at, []).append(self._is_step(step, case))
        said = {place for place, held in own.items() if all(held)}
        if not said:
            return recurrence
        bases = tuple(tuple(case for case in cases if case.at not in said) for cases in recurrence.bases)
        return replace(recurrence, bases=bases, steps=steps)

    def joined(self, define: Define) -> Define:
        """The definition with one sum for one that begins behind the first positions and what those add beside it:
        ``sum_t a[t+1] h[t] + a[0] h0`` is the sum of ``a[t]`` times what stands ``t`` positions into the array.
        """
        if not isinstance(define.body, Add) or self._known.keys().isdisjoint(tensors_read(define.body)):
            return define
        terms = list(define.body.terms)
        for term in define.body.terms:
            for whole, firsts in self._begun_earlier(term):
                left = _without(terms, [term, *firsts])
                if left is not None:
                    terms = [*left, whole]
                    break
        return define if len(terms) == len(define.body.terms) else replace(define, body=_sum(terms))

    def _begun_earlier(self, term: Expr) -> Iterator[tuple[Expr, list[Expr]]]:
        """A sum with more positions in front, as many as there may be first, and what these add to it."""
        indices, factors = as_one_sum(term)
        body = product_of(factors)
        most = max((self._known[read].shift for read in tensors_read(term) if read in self._known), default=0)
        for index, more in product(indices, range(most, 0, -1)):
            at = Index(index.name, index.size + more)
            moved = substitute(body, {index: at.expr - more})
            if all(self._is_there(read, at) for read in walk(moved)):
                others = tuple(other for other in indices if other is not index)
                whole = replace_components(moved, partial(self._in_front, at))
                firsts = [replace_components(substitute(whole, {at: Integer.of(p)}), self._begun) for p in range(more)]
                yield IndexSum((at, *others), whole), [IndexSum(others, e) if others else e for e in firsts]

    def _is_there(self, node: Expr, at: Index) -> bool:
        """Whether all that is read at an index or before it is in the tensor, or in the array that begins earlier."""
        if not isinstance(node, Component):
            return not any(at in integer.indices for integer in integers(node))
        front = self._known.get(node.tensor)
        offsets = [(place - at.expr).as_number if at in place.indices else 0 for place in node.indices]
        least = [-front.shift if front and axis == front.axis else 0 for axis in range(len(offsets))]
        return all(offset is not None and offset >= low for offset, low in zip(offsets, least, strict=True))

    def _in_front(self, at: Index, read: Component) -> Component:
        """A component of the array that begins earlier, where that is read at an index or around it."""
        front = self._known.get(read.tensor)
        if front is None or at not in read.indices[front.axis].indices:
            return read
        before, place, after = _parted(read.indices, front.axis)
        return Component(front.array, (*before, place + front.shift, *after))

    def _is_step(self, step: Case, case: Case) -> bool:
        """Whether a base case is the step, which reads in front, at its position."""
        others = iter(case.free)
        positions = [case.at if index is step.position else next(others).expr for index in step.free]
        body = replace_components(instantiate(step.free, step.body, tuple(positions)), self._begun)
        return key(simplify(body)) == key(simplify(case.body))

    def _begun(self, read: Component) -> Expr:
        """What is read of an array with a front: the tensor behind it, or its base case before position 0."""
        front = self._by_array.get(read.tensor)
        if front is None:
            return read
        before, place, after = _parted(read.indices, front.axis)
        at = place - front.shift
        base = next((base for base in front.bases if base.at == at), None)
        if base is None:
            return Component(front.tensor, (*before, at, *after))
        return instantiate(base.free, base.body, (*before, *after))

    def _reading_in_front(self, step: Case) -> Case:
        def moved(read: Component) -> Component:
            front = self._known.get(read.tensor)
            if front is None or not isinstance(step.position, Index):
                return read
            before, at, after = _parted(read.indices, front.axis)
            back = (step.position.expr - at).as_number
            if back is None or not 0 < back <= front.shift:
                return read
            return Component(front.array, (*before, at + front.shift, *after))

        return replace(step, body=replace_components(step.body, moved))


def _without(terms: list[Expr], gone: list[Expr]) -> list[Expr] | None:
    """The terms but for some, if they are all there."""
    left = {key(simplify(term)): term for term in terms}
    for term in gone:
        if left.pop(key(simplify(term)), None) is None:
            return None
    return list(left.values())


def _sum(terms: list[Expr]) -> Expr:
    return Add(tuple(terms)) if len(terms) > 1 else terms[0]


def _parted(positions: tuple[Integer, ...], axis: int) -> tuple[tuple[Integer, ...], Integer, tuple[Integer, ...]]:
    return positions[:axis], positions[axis], positions[axis + 1 :]
