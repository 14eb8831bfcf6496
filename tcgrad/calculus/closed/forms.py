"""Jacobians in closed form, for people: the definitions between two tensors multiplied out."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import islice

from tcgrad.calculus.closed.ways import Ways
from tcgrad.calculus.derivation import Jacobian
from tcgrad.calculus.program.dependence import needed_for, readers, reads
from tcgrad.calculus.rules.differentiate import as_it_is, component_derivative, differentiate
from tcgrad.calculus.rules.indices import new_indices, own_indices
from tcgrad.calculus.rules.intrinsics import intrinsic_derivative, read_beside
from tcgrad.calculus.trace import Differentiated, Listener, unheard
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Component, Expr
from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement, defined_tensors
from tcgrad.ir.tensors import Tensor, jacobian_of
from tcgrad.ir.traversal import size
from tcgrad.records import cached_property, dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.renaming import instantiated

LARGEST = 100  # nodes of a closed form that people read: a few lines
LARGEST_SECOND = 200  # of a block of a Hessian, which has twice as many terms as the gradient or more
_MOST_STATEMENTS = 24  # between two tensors whose closed form is worth trying
_RAW = 1.5  # how many times as many nodes one may have that is worth simplifying
_MOST_WAYS = 16  # that stay apart: each is a sum of a product, of some seven nodes or more
_LONG = 8  # statements, behind which it is worth while to see first whether they alone make it too long


@dataclass
class ClosedForms:
    """The closed forms of one program.

    known: the definitions that are recognised in the results.
    tell: is told of each statement's derivative on the way.
    largest: how many nodes they may have.
    """

    program: Program
    known: Facts
    tell: Listener = unheard
    largest: int = LARGEST
    _needed: dict[Tensor, set[Tensor]] = field(default_factory=dict)
    _farthest: dict[Tensor, dict[Tensor, int]] = field(default_factory=dict)
    _tried: dict[tuple[Tensor, Tensor], str] = field(default_factory=dict)
    ways: Ways = field(default_factory=Ways)

    @cached_property
    def _readers(self) -> dict[Tensor, list[int]]:
        return readers(self.program.statements)

    def jacobian(self, of: Tensor, wrt: Tensor) -> Jacobian:
        """``dOF/dWRT`` over inputs, intermediates and outputs; a reason instead of a formula where it grows large."""
        if of not in self._needed:
            self._needed[of] = needed_for(self.program, [of])
            self._farthest[of] = self._distances(of)
        is_far = self._farthest[of].get(wrt, 0) > _MOST_STATEMENTS
        between = [] if is_far else list(islice(self._between(wrt, self._needed[of]), _MOST_STATEMENTS + 1))
        if any(isinstance(statement, Recurrence) for statement in between):
            return Jacobian(of, wrt, None, f"{of.name} depends on {wrt.name} through a recurrence")
        if is_far or len(between) > _MOST_STATEMENTS:
            reason = f"more than {_MOST_STATEMENTS} equations lie between {wrt.name} and {of.name}"
            return Jacobian(of, wrt, None, reason)
        path = _Path(self, wrt, self.tell)
        reason = self._too_long(of, wrt, between) or path.follow(between, of)
        if reason:
            return Jacobian(of, wrt, None, reason)
        free, body = path.bodies.get(of) or (own_indices(self.program, of, wrt.order), ZERO)
        return Jacobian(of, wrt, Define(jacobian_of(of, wrt), (*free, *path.at), body))

    def _distances(self, of: Tensor) -> dict[Tensor, int]:
        """The statements on the longest way to ``of`` from each tensor that it needs: there are at least so many."""
        found = {of: 0}
        for statement in reversed(self.program.statements):
            far = max((found[tensor] for tensor in defined_tensors(statement) if tensor in found), default=None)
            if far is not None:
                found.update((tensor, max(far + 1, found.get(tensor, 0))) for tensor in reads(statement))
        return found

    def _too_long(self, of: Tensor, wrt: Tensor, between: Sequence[Statement]) -> str:
        """Why there is no closed form by a tensor through which all depends on ``wrt``: that by ``wrt`` is longer."""
        place = _bottleneck(wrt, between)
        if place is None:
            return ""
        (bottleneck,) = defined_tensors(between[place])
        if (of, bottleneck) not in self._tried:
            path = _Path(self, bottleneck, unheard)
            self._tried[of, bottleneck] = path.follow(between[place + 1 :], of)
        return self._tried[of, bottleneck]

    def _between(self, wrt: Tensor, needed: set[Tensor]) -> Iterator[Statement]:
        """The statements that depend on ``wrt`` and define a needed tensor, in order."""
        waiting = list(self._readers.get(wrt, ()))
        last = -1
        while waiting:
            place = heapq.heappop(waiting)
            statement = self.program.statements[place]
            if place == last or not any(tensor in needed for tensor in defined_tensors(statement)):
                continue
            last = place
            yield statement
            for tensor in defined_tensors(statement):
                for reader in self._readers.get(tensor, ()):
                    if reader != place:
                        heapq.heappush(waiting, reader)


def _bottleneck(wrt: Tensor, between: Sequence[Statement]) -> int | None:
    """The place of the last statement, with many behind it, through which all that follows depends on ``wrt``."""
    places = {wrt: -1} | {tensor: place for place, s in enumerate(between) for tensor in defined_tensors(s)}
    last_reader = dict.fromkeys(range(-1, len(between)), -1)
    for place, statement in enumerate(between):
        last_reader.update((places[tensor], place) for tensor in reads(statement) if tensor in places)
    found, last = None, last_reader[-1]
    for place in range(len(between) - _LONG):
        if last == place:
            found = place
        last = max(last, last_reader[place])
    return found


class _Path:
    """The derivatives by ``wrt`` of the tensors that depend on it, one statement after the other."""

    def __init__(self, forms: ClosedForms, wrt: Tensor, tell: Listener) -> None:
        self.program = forms.program
        self.known = forms.known
        self.largest = forms.largest
        self.ways = forms.ways
        self.wrt = wrt
        self.tell = tell
        self.at = new_indices(wrt)
        self.own = component_derivative(wrt, self.at)
        self.bodies: dict[Tensor, tuple[tuple[Index, ...], Expr]] = {}

    def follow(self, statements: Sequence[Statement], of: Tensor) -> str:
        """Go along statements up to the one that defines ``of`` -> why that has no readable derivative, or nothing."""
        plain = [statement for statement in statements if not isinstance(statement, Recurrence)]
        long = self.ways.first_beyond(_MOST_WAYS, self.wrt, plain)
        for statement in plain if long is None else ():
            if not self.extend(statement, last=of in defined_tensors(statement)):
                long = statement
                break
        return f"the closed form through {long.tensor.name} has more than {self.largest} parts" if long else ""

    def extend(self, statement: Define | Intrinsic, *, last: bool) -> bool:
        """Add the derivative of a statement's tensor; False if it is too large.

        last: whether it is the one that is asked for, which is made as short as can be.
        """
        free, raw = self._differentiated(statement)
        if size(raw) > _RAW * self.largest:
            return False
        body = self.known.fold(raw) if last else self.known.settle(raw)
        self.bodies[statement.tensor] = free, body
        self.tell(Differentiated(statement, self.wrt, free, self.at, self._derivative, raw, body))
        return size(body) <= self.largest

    def _derivative(self, read: Component) -> Expr:
        if read.tensor in self.bodies:
            return instantiated(*self.bodies[read.tensor], read.indices, simplify)
        return self.own(read)

    def _differentiated(self, statement: Define | Intrinsic) -> tuple[tuple[Index, ...], Expr]:
        """The free indices of a statement and the derivative of its right side; for a listener as the rules make it."""
        if isinstance(statement, Define):
            slope = self.known.slope if self.tell is unheard else as_it_is
            return statement.free, differentiate(statement.body, self._derivative, {*self.bodies, self.wrt}, slope)
        beside = read_beside(self.program, statement)
        free = new_indices(statement.tensor, len(self.at))
        positions = tuple(index.expr for index in free)
        return free, intrinsic_derivative(
            statement, beside, positions, lambda e: self._derivative(Component(statement.operand, e))
        )
