"""The steps of gradients: the adjoint of each tensor on the way back, from those of the tensors that read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import cached_property

from tcgrad.calculus.dependence import depending_on, reads
from tcgrad.calculus.differentiate import times, total
from tcgrad.calculus.trace import Collected, Contributed, Event, Inserted
from tcgrad.ir.nodes import ZERO, Component, Expr, IndexSum
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Role, Tensor, gradient_of, jacobian_of
from tcgrad.ir.traversal import tensors_read
from tcgrad.records import dataclass
from tcgrad.simplify.tidy import tidy
from tcgrad.steps.chains import Chain, Step, chain
from tcgrad.steps.local import Writer
from tcgrad.steps.rules import CHAIN, UPSTREAM, insert


@dataclass
class Adjoints:
    """The chains of all adjoints that were heard of; each is made once.

    backward: the lines of the gradients as they are shown in the end.
    """

    writer: Writer
    events: Sequence[Event]
    backward: Sequence[Statement]
    _made: dict[Tensor, tuple[Chain, ...]] = field(default_factory=dict)

    @cached_property
    def final(self) -> dict[Tensor, Expr]:
        return {statement.tensor: statement.body for statement in self.backward if isinstance(statement, Define)}

    @cached_property
    def collected(self) -> dict[Tensor, Collected]:
        """What each adjoint is made from, in the order in which they are."""
        return {event.define.tensor: event for event in self.events if isinstance(event, Collected)}

    @cached_property
    def parts(self) -> dict[Tensor, list[Contributed]]:
        """By each tensor what the statements that read it contribute."""
        found: dict[Tensor, list[Contributed]] = {}
        for event in self.events:
            if isinstance(event, Contributed):
                found.setdefault(event.wrt, []).append(event)
        return found

    @cached_property
    def inserted(self) -> dict[Tensor, list[Inserted]]:
        """By each adjoint what is put into its line."""
        found: dict[Tensor, list[Inserted]] = {}
        for event in self.events:
            if isinstance(event, Inserted):
                found.setdefault(event.user.tensor, []).append(event)
        return found

    def chains(self, wrt: Tensor) -> Iterator[Chain]:
        """The adjoints on the way from the outputs to a tensor, and its own at the end."""
        wanted = {gradient_of(wrt)}
        for adjoint in reversed(self.collected):
            if adjoint in wanted:
                parts = self.parts.get(self.collected[adjoint].tensor, [])
                wanted.update(tensor for part in parts for tensor in tensors_read(part.upstream))
        for adjoint in self.collected:
            if adjoint in wanted:
                yield from self._chains(adjoint)

    def _chains(self, adjoint: Tensor) -> tuple[Chain, ...]:
        """The derivatives of the statements that read a tensor, and its adjoint made from them."""
        if adjoint not in self._made:
            event = self.collected[adjoint]
            parts = [_Part(self.writer, part) for part in self.parts.get(event.tensor, [])]
            own = chain(adjoint, event.define.free, self._steps(event, parts))
            self._made[adjoint] = (*(part.chain() for part in parts), own)
        return self._made[adjoint]

    def _steps(self, event: Collected, parts: list[_Part]) -> Iterator[Step]:
        """The chain rule, with the derivatives put in, simplified; then adjoints put in, simplified."""
        given = [] if event.given is None else [event.given]
        whole = tidy(total([*given, *(part.product(part.read) for part in parts)]))
        raw = tidy(total([*given, *(part.product(part.final) for part in parts)]))
        yield Step((UPSTREAM if self._reads_given(whole) else CHAIN,), whole)
        yield Step((insert(*(part.symbol for part in parts)),), raw)
        yield from self.writer.simplified(raw, event.define.body)
        for put_in in self.inserted.get(event.define.tensor, []):
            yield from self.writer.presented([Step((insert(put_in.line.tensor),), tidy(put_in.raw))])
            yield from self.writer.simplified(put_in.raw, put_in.define.body)
        if event.define.tensor in self.final:
            yield Step((), self.final[event.define.tensor])

    def _reads_given(self, expr: Expr) -> bool:
        """Whether one of the gradients that are given stands in an expression."""
        outputs = self.writer.program.outputs
        return any(tensor.role is Role.GRADIENT and tensor.about[0] in outputs for tensor in tensors_read(expr))


@dataclass(frozen=True)
class _Part:
    """One statement's contribution to an adjoint."""

    writer: Writer
    event: Contributed

    @cached_property
    def fixed(self) -> tuple[Tensor, ...]:
        """What the statement reads besides that depends on the tensor too, and is held fixed here."""
        moving = depending_on(self.writer.program, [self.event.wrt])
        return tuple(tensor for tensor in reads(self.event.statement) if tensor in moving and tensor != self.event.wrt)

    @cached_property
    def symbol(self) -> Tensor:
        return jacobian_of(self.event.statement.tensor, self.event.wrt, fixed=self.fixed)

    @cached_property
    def body(self) -> Expr:
        return self.writer.known.fold(self.event.raw)

    @cached_property
    def final(self) -> Expr:
        return self.writer.shown.present(self.body)

    @property
    def read(self) -> Component:
        """The derivative by its symbol."""
        return Component(self.symbol, tuple(index.expr for index in (*self.event.free, *self.event.at)))

    def product(self, inner: Expr) -> Expr:
        """What it contributes where the derivative is ``inner``."""
        product = times(self.event.upstream, inner)
        return IndexSum(self.event.free, product) if self.event.free and product != ZERO else product

    def chain(self) -> Chain:
        """The derivative of the statement's right side."""
        return chain(self.symbol, (*self.event.free, *self.event.at), self._steps())

    def _steps(self) -> Iterator[Step]:
        event = self.event
        of = Component(event.statement.tensor, tuple(index.expr for index in event.free))
        by = Component(event.wrt, tuple(index.expr for index in event.at))
        yield from self.writer.differentiated(event.statement, of, by, event.seed, self.fixed)
        yield from self.writer.simplified(event.raw, self.body)
        yield Step((), self.final)
