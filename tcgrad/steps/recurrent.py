"""The steps through a recurrence: its equations differentiated, and the adjoint recurrence that runs back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from tcgrad.calculus.recurrences.tangent import named_value
from tcgrad.calculus.rules.differentiate import differentiate, times, total
from tcgrad.calculus.trace import Reading, Returned, Stepped, Unrolled
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import ZERO, Component, Expr, IndexSum
from tcgrad.ir.program import Recurrence
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Tensor, jacobian_of
from tcgrad.ir.traversal import tensors_read
from tcgrad.records import dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.tidy import tidy
from tcgrad.steps.chains import Chain, Step, chain
from tcgrad.steps.local import Writer
from tcgrad.steps.own import Own
from tcgrad.steps.rules import CONTRACT, definition, insert, unread
from tcgrad.steps.rulewise import Rulewise


@dataclass(frozen=True)
class Equation:
    """An equation of a recurrence, and its derivative by a component that it reads."""

    writer: Writer
    event: Stepped

    @cached_property
    def symbol(self) -> Tensor:
        return symbol(self.writer, self.event.statement, self.event.of.tensor, self.event.by.tensor)

    @cached_property
    def raw(self) -> Expr:
        return differentiate(self.event.body, self.event.seed)

    @cached_property
    def result(self) -> Expr:
        if self.event.result is not None:
            return self.event.result
        return named_value(simplify(self.raw), self.event.of, self.event.body)

    @property
    def is_step(self) -> bool:
        """Whether it is the step itself, not the equation at one position."""
        return self.event.result is not None

    def chain(self) -> Chain:
        return chain(Component(self.symbol, (*self.event.of.indices, *self.event.by.indices)), self._steps())

    def _steps(self) -> Iterator[Step]:
        event = self.event
        rule = definition(event.of.tensor, fixed=self.symbol.about[2:], base=not self.is_step)
        own = Own(event.of, event.body)
        yield from self.writer.equation(event.body, rule, Rulewise(event.by, event.seed, own))
        yield from self.writer.simplified(self.raw, self.result, own)


def symbol(writer: Writer, statement: Recurrence, of: Tensor, wrt: Tensor) -> Tensor:
    """``∂u/∂x`` of the equations of ``u`` in a recurrence, what else they read and depends on ``x`` held fixed."""
    place = statement.tensors.index(of)
    cases = (*statement.bases[place], statement.steps[place])
    read = dict.fromkeys(tensor for case in cases for tensor in tensors_read(case.body))
    return jacobian_of(of, wrt, fixed=writer.fixed(read, wrt))


@dataclass(frozen=True)
class UnrolledPart:
    """What the equations of one tensor of a recurrence contribute to the adjoint of a tensor that they read."""

    writer: Writer
    event: Unrolled
    equations: tuple[Equation, ...]

    @property
    def symbol(self) -> Tensor:
        return symbol(self.writer, self.event.statement, self.event.of.tensor, self.event.wrt)

    @property
    def upstream(self) -> Expr:
        return self.event.upstream

    @property
    def whole(self) -> Expr:
        """The sum over all equations, derivatives by their symbols."""
        read = Component(self.symbol, (*self.event.of.indices, *(index.expr for index in self.event.at)))
        return IndexSum(self.event.free, times(self.event.upstream, read))

    @property
    def raw(self) -> Expr:
        return total(list(self.event.parts))

    @property
    def beside(self) -> Expr:
        """The same: the upstream gradient restricts nothing."""
        return self.raw

    def chains(self) -> Iterator[Chain]:
        for equation in self.equations:
            if equation.raw != ZERO:
                yield equation.chain()


@dataclass(frozen=True)
class Outside:
    """What comes to an adjoint from behind a recurrence: with derivatives by their symbols, and with their values."""

    whole: list[Expr]
    raw: list[Expr]
    symbols: list[Tensor]


@dataclass(frozen=True)
class AdjointRecurrence:
    """The equations of the adjoint of one tensor of a recurrence.

    outside: what comes from behind, at given positions.
    equations: the steps that read the tensor.
    shown: the step from an equation's right side to what is shown of it in the end, if it is.
    """

    writer: Writer
    events: Sequence[Returned]
    outside: Callable[[tuple[Integer, ...]], Outside]
    equations: Sequence[Equation]
    shown: Callable[[Component, Expr], Iterator[Step]]

    def chains(self) -> Iterator[Chain]:
        for equation in self.equations:
            yield equation.chain()
        for event in self.events:
            yield chain(event.adjoint, self._steps(event))

    def _steps(self, event: Returned) -> Iterator[Step]:
        behind = self.outside(event.component.indices)
        whole, raw, symbols = list(behind.whole), list(behind.raw), list(behind.symbols)
        for reading in event.readings:
            derivative = symbol(self.writer, event.statement, reading.of.tensor, event.component.tensor)
            symbols.append(derivative)
            whole.append(_summed(reading, Component(derivative, (*reading.of.indices, *event.component.indices))))
            if self._is_step(event):
                raw.append(_summed(reading, self._derivative(reading, event)))
        first = tidy(total(whole))
        last = () if event.readings else (unread(event.component),)
        yield Step((self.writer.chain_rule(first), *last), first)
        rule = insert(*dict.fromkeys(symbols))
        if self._is_step(event):
            yield Step((rule,), tidy(total(raw)))
            yield from self.writer.simplified(total(raw), event.body)
        yield Step((rule, CONTRACT), event.body)
        yield from self.shown(event.adjoint, event.body)

    def _is_step(self, event: Returned) -> bool:
        """Whether an equation is that of all positions, not of a first or last one."""
        axes = dict(zip(event.statement.tensors, event.statement.axes, strict=True))
        return event.component.indices[axes[event.component.tensor]].as_index is not None

    def _derivative(self, reading: Reading, event: Returned) -> Expr:
        """The derivative of the step that a reading stands for, where the reading is."""
        axes = dict(zip(event.statement.tensors, event.statement.axes, strict=True))
        for equation in self.equations:
            of, by = equation.event.of, equation.event.by
            axis = axes[of.tensor]
            step = of.indices[axis]
            if of.tensor == reading.of.tensor and (step - by.indices[axes[by.tensor]]).as_number == reading.lag:
                return substitute(equation.result, dict.fromkeys(step.indices, reading.of.indices[axis]))
        raise ValueError("a reading that no equation was told of")


def _summed(reading: Reading, inner: Expr) -> Expr:
    product = times(reading.upstream, inner)
    return IndexSum(reading.summed, product) if reading.summed and product != ZERO else product
