"""The derivation of a program: every Jacobian and every gradient that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from tcgrad.calculus.backprop import Adjoint, Positions, Pullback
from tcgrad.calculus.closed import ClosedForms
from tcgrad.calculus.compact import compact
from tcgrad.calculus.dependence import Lines
from tcgrad.calculus.derivation import Backpropagation, Derivation, Gradient, Hessian, Jacobian
from tcgrad.calculus.factors import require_short_products
from tcgrad.calculus.hessians import closed_hessians
from tcgrad.calculus.jacobians import from_gradients
from tcgrad.calculus.lengths import require_long_enough
from tcgrad.calculus.magnitude import defines, require_floats
from tcgrad.calculus.readable import Readable
from tcgrad.calculus.recognise import recognised
from tcgrad.calculus.trace import Listener, unheard
from tcgrad.composed import composed
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.program import Define, Intrinsic, Program, Statement
from tcgrad.ir.tensors import Tensor, gradient_of, total_gradient_of
from tcgrad.ir.traversal import substitute
from tcgrad.simplify.cost import cost
from tcgrad.simplify.fold import Facts
from tcgrad.simplify.present import Presentation

_Block = TypeVar("_Block", Jacobian, Hessian)

_SHORT = 16  # what a gradient costs to read whose scalar is not differentiated once more to see if that is shorter


def derive(
    program: Program,
    *,
    of: Sequence[str] | None = None,
    wrt: Sequence[str] | None = None,
    hessian: bool = False,
    given: Backpropagation | None = None,
    tell: Listener = unheard,
) -> Derivation:
    """Jacobians of the outputs ``of`` by the inputs ``wrt``, and the gradients of these inputs.

    of: names of outputs or intermediates; None: the program's outputs. Gradients always come from the outputs.
    wrt: names of real-valued inputs; None: the program's own choice.
    hessian: also the Hessians of the scalars among ``of``.
    given: the gradients of the program's own choice, if they are worked out already.
    tell: is told of the way to each formula.

    Raises:
        TcgradError: for an unknown name, where a function on the way has no derivative or a recurrence is too short,
            for a product of very many factors, or if Hessians are asked for and nothing is a scalar.
    """
    sources = _inputs(program, wrt)
    targets = _targets(program, of)
    made = given or backpropagated(program, sources, tell)
    readable = Readable(program, made.known, made.presentation)
    gradients = {gradient.wrt: gradient for gradient in _gradients(sources, made.backward, readable)}
    closed = ClosedForms(made.worked, made.known, tell)
    jacobians = tuple(
        _jacobian(target, gradients[source], closed, readable) for target in targets for source in sources
    )
    blocks = closed_hessians(made.worked, targets, sources) if hessian else ()
    hessians = tuple(_readable(block, readable) for block in blocks)
    require_floats(program, (*defines(jacobians), *defines(hessians)))
    known = made.worked, made.backward, made.known, made.presentation
    return Derivation(program, *known, jacobians, tuple(gradients.values()), hessians)


def backpropagated(
    program: Program, sources: tuple[Tensor, ...] | None = None, tell: Listener = unheard
) -> Backpropagation:
    """The gradients of ``sources``, which are those of the program's choice unless they are given.

    Raises:
        TcgradError: where a function on the way has no derivative or a recurrence is too short, or for a product of
            very many factors.
    """
    require_long_enough(program)
    require_short_products(program)
    worked = recognised(program)
    known = Facts(worked.statements)
    backward = backpropagate(worked, program.wrt if sources is None else sources, known, tell)
    require_floats(program, (*program.statements, *backward))
    return Backpropagation(program, worked, backward, known, Presentation(program.statements))


def _jacobian(of: Tensor, gradient: Gradient, closed: ClosedForms, readable: Readable) -> Jacobian:
    """A Jacobian as it is read: that of a lone scalar by the gradient, where that is a short formula, shorter than the
    closed form, or the only one.
    """
    wrt, line = gradient.wrt, _own_line(of, gradient, closed.program)
    if line is None:
        return _readable(closed.jacobian(of, wrt), readable)
    shown = readable.shown(next(from_gradients([line], of)))
    is_short = cost(line.body) <= _SHORT
    if is_short and closed.tell is unheard:
        return Jacobian(of, wrt, shown, assumed=gradient.assumed)
    made = closed.jacobian(of, wrt)
    if made.define is None:
        return Jacobian(of, wrt, shown, assumed=gradient.assumed)
    if not is_short:
        define, assumed = readable.define(made.define, closely=False)
        if cost(define.body) <= cost(shown.body):
            return replace(made, define=define, assumed=assumed)
    positions = {old: new.expr for old, new in zip(shown.free, made.define.free, strict=True)}
    define = replace(made.define, body=substitute(shown.body, positions))
    return replace(made, define=define, assumed=gradient.assumed)


def _own_line(of: Tensor, gradient: Gradient, program: Program) -> Define | None:
    """The gradient's line that is the Jacobian too, up to what is given: the only one of the only output, a scalar."""
    if program.outputs != (of,) or of.order:
        return None
    match gradient.statements:
        case (Define() as line,):
            return line
        case _:
            return None


def _readable(block: _Block, readable: Readable) -> _Block:
    if block.define is None:
        return block
    define, assumed = readable.define(block.define)
    return replace(block, define=define, assumed=assumed)


def backpropagate(
    program: Program, sources: tuple[Tensor, ...], known: Facts, tell: Listener = unheard
) -> tuple[Statement, ...]:
    """The gradients of the intermediates on the way and of ``sources``, which come last, given those of the outputs.

    Raises:
        TcgradError: where a function on the way has no derivative.
    """
    starts: dict[Tensor, Adjoint] = {output: _upstream(output) for output in program.outputs}
    taken = _all_names(program)

    def whole(output: Tensor) -> Tensor:
        return total_gradient_of(output, taken)

    statements = tuple(Pullback(program, starts, sources, gradient_of, whole, known, tell=tell).run())
    unnamed = [gradient_of(s.tensor) for s in program.statements if isinstance(s, Intrinsic)]
    unwanted = [*map(whole, program.outputs), *unnamed]
    return compact(statements, {gradient_of(source) for source in sources}, unwanted, known, tell)


def _upstream(output: Tensor) -> Adjoint:
    def at(positions: Positions) -> Expr:
        return Component(gradient_of(output), positions)

    return at


def _gradients(
    sources: tuple[Tensor, ...], backward: tuple[Statement, ...], readable: Readable
) -> tuple[Gradient, ...]:
    lines = Lines(readable.lines(backward, {gradient_of(source) for source in sources}))
    used = {source: lines.used_for(gradient_of(source)) for source in sources}
    return tuple(Gradient(source, own, readable.taken_for_granted(own)) for source, own in used.items())


def _all_names(program: Program) -> set[str]:
    return {tensor.name for tensor in (*program.tensors, *program.constants)}


def _inputs(program: Program, names: Sequence[str] | None) -> tuple[Tensor, ...]:
    if names is None:
        return program.wrt
    real = [item.tensor for item in program.inputs if item.tensor.is_real]
    return tuple(_tensor_named(name, real, "real-valued input") for name in names)


def _targets(program: Program, names: Sequence[str] | None) -> tuple[Tensor, ...]:
    if names is None:
        return program.outputs
    return tuple(_tensor_named(name, program.defined, "tensor that an equation defines") for name in names)


def _tensor_named(name: str, among: Iterable[Tensor], what: str) -> Tensor:
    for tensor in among:
        if tensor.name == composed(name):
            return tensor
    choices = ", ".join(tensor.name for tensor in among if tensor.name.isidentifier())
    raise TcgradError((Diagnostic("TC403", f"{name} is not a {what}", help=f"choose among {choices}"),))
