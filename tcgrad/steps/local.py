"""The derivative of one equation by one of the tensors that it reads, a rule a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from tcgrad.calculus.program.dependence import depending_on
from tcgrad.calculus.rules.differentiate import Seed
from tcgrad.calculus.rules.intrinsics import intrinsic_derivative, read_beside
from tcgrad.ir.derivative import derivative
from tcgrad.ir.nodes import ZERO, Component, Expr
from tcgrad.ir.program import Define, Intrinsic, Program
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import tensors_read
from tcgrad.records import dataclass
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.shown.present import Presentation
from tcgrad.simplify.tidy import tidy
from tcgrad.steps.chains import Step, simplified
from tcgrad.steps.own import Own
from tcgrad.steps.rules import CHAIN, FLAT, INTRINSICS, UPSTREAM, Rule, definition
from tcgrad.steps.rulewise import Rulewise


@dataclass(frozen=True)
class Writer:
    """What every line about a program is written with."""

    program: Program

    @cached_property
    def shown(self) -> Presentation:
        return Presentation(self.program.statements)

    @cached_property
    def known(self) -> Facts:
        return Facts(self.program.statements)

    def fixed(self, read: Iterable[Tensor], wrt: Tensor) -> tuple[Tensor, ...]:
        """What an equation reads besides ``wrt`` that depends on it too: held fixed in its derivative by that alone."""
        moving = depending_on(self.program, [wrt])
        return tuple(tensor for tensor in read if tensor in moving and tensor != wrt)

    def chain_rule(self, expr: Expr) -> Rule:
        """The chain rule, which has a name of its own where one of the gradients that are given stands in it."""
        given = any(t.role is Role.GRADIENT and t.about[0] in self.program.outputs for t in tensors_read(expr))
        return UPSTREAM if given else CHAIN

    def presented(self, steps: Iterable[Step]) -> Iterator[Step]:
        """The steps with sums and differences the way round that the spec writes them."""
        for step in steps:
            yield replace(step, expr=self.shown.present(step.expr))

    def simplified(self, raw: Expr, final: Expr, own: Own | None = None) -> Iterator[Step]:
        """From a derivative as the rules make it to the ``final`` form.

        own: the equation that was differentiated, if that is one.
        """
        return self.presented(simplified(raw if own is None else own.named(tidy(raw)), final))

    def own(self, statement: Define | Intrinsic, of: Component) -> Own | None:
        """``of`` by the statement's right side, over the statement's own indices."""
        return Own(of, statement.body) if isinstance(statement, Define) else None

    def differentiated(
        self, statement: Define | Intrinsic, of: Component, by: Component, seed: Seed, fixed: tuple[Tensor, ...] = ()
    ) -> Iterator[Step]:
        """The derivative of a statement's right side by ``by`` where the left side is ``of``, without a bracket left.

        fixed: what the right side reads besides and is not moved, although it depends on ``by`` too.
        """
        own = self.own(statement, of)
        rulewise = Rulewise(by, seed, own)
        if isinstance(statement, Define):
            yield from self.equation(statement.body, definition(statement.tensor, fixed=fixed), rulewise)
            return
        beside = read_beside(self.program, statement)
        start = intrinsic_derivative(
            statement, beside, of.indices, lambda e: rulewise.operator(Component(statement.operand, e))
        )
        yield Step((INTRINSICS[statement.kind],), tidy(start))
        yield from self.presented(rulewise.steps(tidy(start)))

    def equation(self, body: Expr, rule: Rule, rulewise: Rulewise) -> Iterator[Step]:
        """The same of an equation's right side; ``rule`` says which equation it is."""
        start = rulewise.operator(body)
        if start == ZERO:
            yield Step((rule,), derivative(tidy(body), rulewise.by))
            yield Step((FLAT,), ZERO)
            return
        yield Step((rule,), start)
        yield from self.presented(rulewise.steps(start))
