"""The steps of a Jacobian in closed form: from the equation next to the input on to the output's.

That of a scalar may have come out of its gradient, where following the equations forward grows too long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.calculus.derivation import Gradient, Jacobian
from tcgrad.calculus.program.dependence import depending_on, needed_for
from tcgrad.calculus.rules.differentiate import times
from tcgrad.calculus.trace import Differentiated, Event
from tcgrad.ir.nodes import ZERO, Expr
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Tensor, gradient_of, jacobian_of
from tcgrad.steps.adjoints import Adjoints
from tcgrad.steps.chains import Chain, Step, chain, component
from tcgrad.steps.local import Writer
from tcgrad.steps.rules import UPSTREAM, Rule, assumed, by_gradient, independent, insert


def jacobian_chains(jacobian: Jacobian, events: Sequence[Event], writer: Writer, adjoints: Adjoints) -> Iterator[Chain]:
    """A chain for each tensor between the two, and the one asked for.

    adjoints: of the same derivation.
    """
    define, of, wrt = jacobian.define, jacobian.of, jacobian.wrt
    if define is None:
        return
    at = define.free[of.order :]
    own = {e.statement.tensor: e for e in events if isinstance(e, Differentiated) and e.wrt == wrt and e.at == at}
    if of not in own and of in depending_on(writer.program, [wrt]):
        yield from adjoints.chains(wrt)
        given = Step((by_gradient(of), *assumed(jacobian.assumed)), define.body)
        yield chain(component(define.tensor, define.free), [given])
        return
    needed = needed_for(writer.program, [of])
    for tensor, event in own.items():
        if tensor in needed and tensor != of:
            yield _chain(event, writer.shown.present(event.body), writer)
    if of in own:
        yield _chain(own[of], define.body, writer, assumed(jacobian.assumed))
    else:
        yield chain(component(define.tensor, define.free), [Step((independent(of, wrt),), ZERO)])


def by_jacobian(gradient: Gradient, scalar: Tensor) -> Chain:
    """The gradient of a lone scalar that is its derivative times what is given: one line."""
    (define,) = (each for each in gradient.statements if isinstance(each, Define))
    derivative = component(jacobian_of(scalar, gradient.wrt), define.free)
    given = component(gradient_of(scalar), ())
    steps = [Step((UPSTREAM,), times(given, derivative)), Step((insert(derivative.tensor),), define.body)]
    return chain(component(define.tensor, define.free), steps)


def _chain(event: Differentiated, final: Expr, writer: Writer, why: tuple[Rule, ...] = ()) -> Chain:
    def steps() -> Iterator[Step]:
        of, by = component(event.statement.tensor, event.free), component(event.wrt, event.at)
        yield from writer.differentiated(event.statement, of, by, event.seed)
        yield from writer.simplified(event.raw, event.body, writer.own(event.statement, of))
        yield Step((), final, why)

    return chain(component(jacobian_of(event.statement.tensor, event.wrt), (*event.free, *event.at)), steps())
