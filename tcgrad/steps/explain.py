"""The steps of a whole derivation, put together from what it tells on its way."""

from __future__ import annotations

from dataclasses import replace

from tcgrad.calculus.derivation import Derivation, Gradient
from tcgrad.calculus.derive import derive
from tcgrad.calculus.trace import Event
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import gradient_of
from tcgrad.records import dataclass
from tcgrad.steps.adjoints import Adjoints
from tcgrad.steps.chains import Chain, Step, chain, component
from tcgrad.steps.jacobians import by_jacobian, jacobian_chains
from tcgrad.steps.local import Writer
from tcgrad.steps.rules import assumed, insert


@dataclass(frozen=True)
class Explained:
    """A derivation and its steps.

    jacobians, gradients: for each of the derivation's all chains that lead to its formula, which is the last line of
        the last one; none for a Jacobian without a closed form.
    through: the same for each gradient through those of intermediates.
    """

    derivation: Derivation
    jacobians: tuple[tuple[Chain, ...], ...]
    gradients: tuple[tuple[Chain, ...], ...]
    through: tuple[tuple[Chain, ...], ...]

    @property
    def line_by_line(self) -> Explained:
        """The same with each gradient through those of intermediates."""
        return replace(self, derivation=self.derivation.line_by_line, gradients=self.through)


def explain(derivation: Derivation) -> Explained:
    """Derive the same once more, listening."""
    of = tuple(dict.fromkeys(jacobian.of.name for jacobian in derivation.jacobians))
    wrt = tuple(dict.fromkeys(gradient.wrt.name for gradient in derivation.gradients))
    events: list[Event] = []
    heard = derive(derivation.program, of=of, wrt=wrt, tell=events.append)
    writer = Writer(heard.worked)
    by_lines = heard.line_by_line.gradients
    lines = tuple(line for gradient in by_lines for line in gradient.statements)
    granted = {gradient_of(gradient.wrt): assumed(gradient.assumed) for gradient in by_lines}
    adjoints = Adjoints(writer, events, lines, granted)
    jacobians = tuple(tuple(jacobian_chains(jacobian, events, writer, adjoints)) for jacobian in heard.jacobians)
    through = tuple(tuple(adjoints.chains(gradient.wrt)) for gradient in by_lines)
    scalar = heard.program.lone_scalar
    own = {each.wrt: chains for each, chains in zip(heard.jacobians, jacobians, strict=True) if each.of == scalar}

    def alone(gradient: Gradient, chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
        if gradient.through is None:
            return chains
        if scalar is not None and gradient.wrt in own:
            return (*own[gradient.wrt], by_jacobian(gradient, scalar))
        return (*chains, _put_together(gradient, gradient.through))

    return Explained(
        replace(heard, hessians=derivation.hessians),
        jacobians,
        tuple(map(alone, heard.gradients, through)),
        through,
    )


def _put_together(gradient: Gradient, line_by_line: Gradient) -> Chain:
    """The one line of a gradient, once more, with the lines before it in it."""
    (line,) = (each for each in gradient.statements if isinstance(each, Define))
    before = (each.tensor for each in line_by_line.statements[:-1] if isinstance(each, Define))
    return chain(component(line.tensor, line.free), [Step((insert(*before),), line.body)])
