"""The derivative of a lone scalar, once as its Jacobian and once as the gradient: each written as short as either."""

from __future__ import annotations

from dataclasses import replace

from tcgrad.calculus.closed import ClosedForms
from tcgrad.calculus.derivation import Gradient, Jacobian
from tcgrad.calculus.differentiate import times
from tcgrad.calculus.jacobians import from_gradients
from tcgrad.calculus.readable import Readable
from tcgrad.calculus.trace import unheard
from tcgrad.ir.nodes import Add, Component, Expr, IndexSum
from tcgrad.ir.program import Define, Program
from tcgrad.ir.tensors import Tensor, gradient_of
from tcgrad.ir.traversal import factors_of, substitute, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost

_SHORT = 16  # what a gradient costs to read that is not differentiated once more, to see whether that is shorter


def lone_scalar(program: Program) -> Tensor | None:
    """The only output, if that is a scalar: its Jacobian is the gradient up to what is given."""
    match program.outputs:
        case (output,) if not output.order:
            return output
        case _:
            return None


def both_of_scalar(
    of: Tensor, gradient: Gradient, closed: ClosedForms, readable: Readable
) -> tuple[Jacobian, Gradient]:
    """The Jacobian of a lone scalar by an input, and the gradient: each by the other where that is shorter.

    gradient: through those of intermediates, as they come out of the equations one by one.

    Raises:
        TcgradError: where a function on the way has no derivative.
    """
    line, wrt = _lone_line(gradient), gradient.wrt
    shown = None if line is None else readable.shown(next(from_gradients([line], of)))
    is_short = line is not None and _is_short(line)
    if shown and is_short and closed.tell is unheard:
        return Jacobian(of, wrt, shown, assumed=gradient.assumed), gradient
    made = closed.jacobian(of, wrt)
    if made.define is None:
        return (Jacobian(of, wrt, shown, assumed=gradient.assumed) if shown else made), gradient
    settled = readable.settled(made.define, closely=shown is None)
    define = readable.shown(settled)
    if shown and (is_short or cost(shown.body) < cost(define.body)):
        positions = {old: new.expr for old, new in zip(shown.free, define.free, strict=True)}
        define = replace(define, body=substitute(shown.body, positions))
        return Jacobian(of, wrt, define, assumed=gradient.assumed), gradient
    assumed = readable.taken_for_granted((settled,))
    if 1 + cost(define.body) < gradient.cost:
        product = simplify(times(Component(gradient_of(of), ()), settled.body))
        short = readable.shown(Define(gradient_of(wrt), settled.free, product))
        gradient = Gradient(wrt, (short,), assumed, through=gradient)
    return Jacobian(of, wrt, define, assumed=assumed), gradient


def _lone_line(gradient: Gradient) -> Define | None:
    match gradient.statements:
        case (Define() as line,):
            return line
        case _:
            return None


def _is_short(line: Define) -> bool:
    """Whether there is no need to see if the Jacobian is shorter; one sum in the place of two may make it so."""
    return cost(line.body) <= _SHORT and not any(_adds_sums(part) for part in walk(line.body))


def _adds_sums(expr: Expr) -> bool:
    return isinstance(expr, Add) and any(isinstance(f, IndexSum) for term in expr.terms for f in factors_of(term))
