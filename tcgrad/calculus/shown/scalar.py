"""The derivative of a lone scalar, once as its Jacobian and once as the gradient: each written as short as either."""

from __future__ import annotations

from tcgrad.calculus.closed.forms import ClosedForms
from tcgrad.calculus.derivation import Gradient, Jacobian
from tcgrad.calculus.passes.jacobians import from_gradients
from tcgrad.calculus.rules.differentiate import times
from tcgrad.calculus.shown.gradients import GradientLines
from tcgrad.calculus.shown.readable import Readable
from tcgrad.calculus.trace import unheard
from tcgrad.ir.nodes import Add, Component, Expr, IndexSum
from tcgrad.ir.program import Define, Intrinsic
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Tensor, gradient_of
from tcgrad.ir.traversal import factors_of, walk
from tcgrad.records import cached_property, dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost

_SHORT = 16  # what a gradient costs to read that is not differentiated once more, to see whether that is shorter


@dataclass(frozen=True)
class Scalar:
    """Writes the derivatives of a lone scalar ``of``."""

    of: Tensor
    closed: ClosedForms
    readable: Readable
    lines: GradientLines

    def both(self, gradient: Gradient) -> tuple[Jacobian, Gradient]:
        """The Jacobian by an input, and the input's gradient: each by the other where that is shorter.

        gradient: through those of intermediates, as they come out of the equations one by one.
        """
        match gradient.statements:
            case (Define() as line,):
                return self._with_line(gradient, line)
            case _:
                made, shorter = self._with_closed_form(self.closed.jacobian(self.of, gradient.wrt), gradient)
                return self._with_lines_in_one(made, shorter, gradient)

    def _with_lines_in_one(self, made: Jacobian, shorter: Gradient, gradient: Gradient) -> tuple[Jacobian, Gradient]:
        """The same by the lines of the ``gradient`` in one, if that is shorter than what was ``made``: then they are no
        longer together, either.
        """
        if made.define is None or gradient.cost > cost(made.define.body):
            return made, shorter
        joined = self.lines.alone(gradient)
        match joined.statements:
            case (Define() as line,) if cost(line.body) <= cost(made.define.body):
                shown = self.readable.printed.define(next(from_gradients([line], self.of)))
                return replace(made, define=_with_body_of(made.define, shown), assumed=joined.assumed), joined
            case _:
                return made, shorter

    def _with_line(self, gradient: Gradient, line: Define) -> tuple[Jacobian, Gradient]:
        """The same if the gradient is one line."""
        shown = self.readable.printed.define(next(from_gradients([line], self.of)))
        by_line = Jacobian(self.of, gradient.wrt, shown, assumed=gradient.assumed)
        is_short = self._is_straight and _is_short(line)
        if is_short and self.closed.tell is unheard:
            return by_line, gradient
        made = self.closed.jacobian(self.of, gradient.wrt)
        if made.define is None:
            return by_line, gradient
        if not is_short:
            jacobian, shorter = self._with_closed_form(made, gradient, closely=False)
            if jacobian.define and cost(jacobian.define.body) <= cost(shown.body):
                return jacobian, shorter
        return replace(by_line, define=_with_body_of(made.define, shown)), gradient

    @cached_property
    def _is_straight(self) -> bool:
        """Whether the closed form has no index names of its own: those of inverses are the ones that equations have."""
        return not any(isinstance(statement, Intrinsic) for statement in self.closed.program.statements)

    def _with_closed_form(
        self, jacobian: Jacobian, gradient: Gradient, *, closely: bool = True
    ) -> tuple[Jacobian, Gradient]:
        if jacobian.define is None:
            return jacobian, gradient
        settled = self.readable.settled(jacobian.define, closely=closely)
        define, assumed = self.readable.printed.define(settled), self.readable.taken_for_granted((settled,))
        if 1 + cost(define.body) < gradient.cost:
            product = simplify(times(Component(gradient_of(self.of), ()), settled.body))
            line = self.readable.printed.define(Define(gradient_of(gradient.wrt), settled.free, product))
            gradient = Gradient(gradient.wrt, (line,), assumed, through=gradient)
        return replace(jacobian, define=define, assumed=assumed), gradient


def _with_body_of(define: Define, other: Define) -> Define:
    """A definition by the right side of another one, over its own indices."""
    positions = {old: new.expr for old, new in zip(other.free, define.free, strict=True)}
    return replace(define, body=substitute(other.body, positions))


def _is_short(line: Define) -> bool:
    """Whether there is no need to see if the Jacobian is shorter; one sum in the place of two may make it so."""
    return cost(line.body) <= _SHORT and not any(_adds_sums(part) for part in walk(line.body))


def _adds_sums(expr: Expr) -> bool:
    return isinstance(expr, Add) and any(isinstance(f, IndexSum) for term in expr.terms for f in factors_of(term))
