"""The steps of gradients: the adjoint of each tensor on the way back, from those of the tensors that read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property

from tcgrad.calculus.program.dependence import reads
from tcgrad.calculus.rules.differentiate import times, total
from tcgrad.calculus.trace import Collected, Contributed, Event, Inserted, Returned, Stepped, Unrolled
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import ZERO, Component, Expr, IndexSum
from tcgrad.ir.program import Define, Intrinsic, Recurrence, Statement
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Tensor, gradient_of, jacobian_of
from tcgrad.ir.traversal import tensors_read
from tcgrad.records import dataclass
from tcgrad.simplify.tidy import tidy
from tcgrad.steps.chains import Chain, Step, chain, component
from tcgrad.steps.local import Writer
from tcgrad.steps.recurrent import AdjointRecurrence, Equation, Outside, UnrolledPart
from tcgrad.steps.rules import CONTRACT, RESTRICT, Rule, insert, unreached


@dataclass
class Adjoints:
    """The chains of all adjoints that were heard of; each is made once.

    lines: the gradients as they are shown in the end.
    assumed: what the last lines of some of them take for granted.
    """

    writer: Writer
    events: Sequence[Event]
    lines: Sequence[Statement]
    assumed: Mapping[Tensor, tuple[Rule, ...]]
    _made: dict[Tensor, tuple[Chain, ...]] = field(default_factory=dict)

    @cached_property
    def final(self) -> dict[Tensor, Expr]:
        return {statement.tensor: statement.body for statement in self.lines if isinstance(statement, Define)}

    @cached_property
    def nameless(self) -> set[Tensor]:
        """The gradients of inverses and determinants, which are shown in the lines that read them alone."""
        return {gradient_of(each.tensor) for each in self.writer.program.statements if isinstance(each, Intrinsic)}

    @cached_property
    def final_cases(self) -> dict[Component, Expr]:
        """The same for the equations of adjoint recurrences."""
        recurrences = (line for line in self.lines if isinstance(line, Recurrence))
        return {Component(tensor, at): body for line in recurrences for tensor, at, body in line.equations()}

    @cached_property
    def adjoints(self) -> dict[Tensor, Collected | list[Returned]]:
        """What each adjoint is made from, in the order in which they are; of a recurrence the step comes first."""
        found: dict[Tensor, Collected | list[Returned]] = {}
        for event in self.events:
            match event:
                case Collected():
                    found[event.define.tensor] = event
                case Returned():
                    equations = found.setdefault(event.adjoint.tensor, [])
                    if isinstance(equations, list):
                        equations.append(event)
        return found

    @cached_property
    def parts(self) -> dict[Tensor, list[_Part | UnrolledPart]]:
        """By each tensor what those that read it contribute to its adjoint."""
        found: dict[Tensor, list[_Part | UnrolledPart]] = {}
        for event in self.events:
            match event:
                case Contributed():
                    found.setdefault(event.wrt, []).append(_Part(self.writer, event))
                case Unrolled() if event.parts:
                    equations = tuple(e for e in self._equations(event.wrt) if e.event.of.tensor == event.of.tensor)
                    found.setdefault(event.wrt, []).append(UnrolledPart(self.writer, event, equations))
        return found

    def _equations(self, wrt: Tensor) -> list[Equation]:
        """The equations of recurrences that were differentiated by a tensor."""
        return [Equation(self.writer, e) for e in self.events if isinstance(e, Stepped) and e.by.tensor == wrt]

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
        for adjoint in reversed(self.adjoints):
            if adjoint in wanted:
                wanted.update(self._needed(adjoint))
        for adjoint in self.adjoints:
            if adjoint in wanted:
                yield from self._chains(adjoint)

    def _needed(self, adjoint: Tensor) -> Iterator[Tensor]:
        """The adjoints that an adjoint is made from, and those that its last line reads."""
        event = self.adjoints[adjoint]
        if isinstance(event, list):
            yield from (reading.upstream.tensor for equation in event for reading in equation.readings)
        for part in self.parts.get(_differentiated(event), []):
            yield from tensors_read(part.upstream)
        if adjoint in self.final:
            yield from tensors_read(self.final[adjoint])

    def _chains(self, adjoint: Tensor) -> tuple[Chain, ...]:
        """The derivatives of the statements that read a tensor, and its adjoint made from them."""
        if adjoint not in self._made:
            event = self.adjoints[adjoint]
            parts = self.parts.get(_differentiated(event), [])
            before = tuple(chain for part in parts for chain in part.chains())
            if isinstance(event, Collected):
                own = [chain(component(adjoint, event.define.free), self._steps(event, parts))]
            else:
                own = list(self._recurrence(event).chains())
            self._made[adjoint] = (*before, *own)
        return self._made[adjoint]

    def _recurrence(self, events: list[Returned]) -> AdjointRecurrence:
        of = _differentiated(events)
        equations = [equation for equation in self._equations(of) if of in equation.event.statement.tensors]
        return AdjointRecurrence(self.writer, events, lambda at: self._outside(of, at), equations, self._shown_case)

    def _shown_case(self, adjoint: Component, body: Expr) -> Iterator[Step]:
        if adjoint in self.final_cases:
            yield self._shown(body, self.final_cases[adjoint])

    def _outside(self, tensor: Tensor, positions: tuple[Integer, ...]) -> Outside:
        """What statements outside contribute to an adjoint, at positions; the gradient that is given comes first."""
        given: list[Expr] = []
        if tensor in self.writer.program.outputs:
            given.append(Component(gradient_of(tensor), positions))
        result = Outside(list(given), list(given), [])
        for part in self.parts.get(tensor, []):
            mapping = dict(zip(part.event.at, positions, strict=True))
            result.whole.append(substitute(part.whole, mapping))
            result.raw.append(substitute(part.beside, mapping))
            result.symbols.append(part.symbol)
        return result

    def _steps(self, event: Collected, parts: Sequence[_Part | UnrolledPart]) -> Iterator[Step]:
        """The chain rule, with the derivatives put in, simplified; then adjoints put in, simplified."""
        given = [] if event.given is None else [event.given]
        if not given and not parts:
            yield Step((unreached(event.tensor),), ZERO)
            return
        whole = tidy(total([*given, *(part.whole for part in parts)]))
        raw = tidy(total([*given, *(part.raw for part in parts)]))
        yield Step((self.writer.chain_rule(whole),), whole)
        contracted = any(isinstance(part, UnrolledPart) for part in parts)
        yield Step((insert(*(part.symbol for part in parts)), *((CONTRACT,) if contracted else ())), raw)
        beside = tidy(total([*given, *(part.beside for part in parts)]))
        if beside != raw:
            yield Step((RESTRICT,), beside)
        yield from self.writer.simplified(beside, event.define.body)
        inserted = self.inserted.get(event.define.tensor, [])
        for put_in in inserted:
            yield from self.writer.presented([Step((insert(put_in.line.tensor),), tidy(put_in.raw))])
            yield from self.writer.simplified(put_in.raw, put_in.define.body)
        if event.define.tensor in self.final:
            settled = inserted[-1].define if inserted else event.define
            granted = self.assumed.get(event.define.tensor, ())
            yield self._shown(settled.body, self.final[event.define.tensor], granted)

    def _shown(self, body: Expr, final: Expr, given: tuple[Rule, ...] = ()) -> Step:
        """A line as it is shown in the end, with the gradients in it that have no line of their own."""
        read = tensors_read(final)
        gone = [tensor for tensor in tensors_read(body) if tensor in self.nameless and tensor not in read]
        return Step((insert(*gone), *given), final) if gone else Step((), final, given)


def _differentiated(event: Collected | list[Returned]) -> Tensor:
    """The tensor that an adjoint is the adjoint of."""
    return event.tensor if isinstance(event, Collected) else event[0].component.tensor


@dataclass(frozen=True)
class _Part:
    """One statement's contribution to an adjoint."""

    writer: Writer
    event: Contributed

    @cached_property
    def symbol(self) -> Tensor:
        fixed = self.writer.fixed(reads(self.event.statement), self.event.wrt)
        return jacobian_of(self.event.statement.tensor, self.event.wrt, fixed=fixed)

    @property
    def upstream(self) -> Expr:
        return self.event.upstream

    @cached_property
    def body(self) -> Expr:
        return self.writer.known.fold(self.event.raw)

    @cached_property
    def final(self) -> Expr:
        return self.writer.shown.present(self.body)

    @property
    def left(self) -> Component:
        """The derivative by its symbol."""
        return component(self.symbol, (*self.event.free, *self.event.at))

    @property
    def whole(self) -> Expr:
        """What is contributed, the derivative by its symbol."""
        return self._summed(self.left)

    @property
    def raw(self) -> Expr:
        """The same with the derivative's value."""
        return self._summed(self.final)

    @property
    def beside(self) -> Expr:
        """The same, where the upstream gradient may be something else than 0."""
        event = self.event
        if event.beside == event.raw:
            return self.raw
        return self._summed(self.writer.shown.present(self.writer.known.fold(event.beside)))

    def _summed(self, inner: Expr) -> Expr:
        product = times(self.event.upstream, inner)
        return IndexSum(self.event.free, product) if self.event.free and product != ZERO else product

    def chains(self) -> Iterator[Chain]:
        """The derivative of the statement's right side."""
        yield chain(self.left, self._steps())

    def _steps(self) -> Iterator[Step]:
        event = self.event
        of, by = component(event.statement.tensor, event.free), component(event.wrt, event.at)
        yield from self.writer.differentiated(event.statement, of, by, event.seed, self.symbol.about[2:])
        yield from self.writer.simplified(event.raw, self.body, self.writer.own(event.statement, of))
        yield Step((), self.final)
