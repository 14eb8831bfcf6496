"""The derivation of a program: every Jacobian and every gradient that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from tcgrad.calculus.closed.forms import ClosedForms
from tcgrad.calculus.closed.hessians import closed_hessians
from tcgrad.calculus.derivation import Backpropagation, Derivation, Hessian, Jacobian
from tcgrad.calculus.lines.compact import compact
from tcgrad.calculus.passes.backprop import Adjoint, Pullback
from tcgrad.calculus.program.recognise import recognised
from tcgrad.calculus.refused.long_products import require_short_products
from tcgrad.calculus.refused.magnitude import require_floats
from tcgrad.calculus.refused.partials import require_partials
from tcgrad.calculus.rules.indices import Positions
from tcgrad.calculus.shown.gradients import GradientLines
from tcgrad.calculus.shown.printed import Printed
from tcgrad.calculus.shown.readable import Readable
from tcgrad.calculus.shown.scalar import Scalar
from tcgrad.calculus.trace import Listener, unheard
from tcgrad.composed import composed
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.program import Define, Intrinsic, Program, Statement
from tcgrad.ir.tensors import Tensor, gradient_of, total_gradient_of
from tcgrad.records import replace
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.shown.present import Presentation

_Block = TypeVar("_Block", Jacobian, Hessian)


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
    readable = Readable(program, made.known, Printed(program, made.known, made.presentation))
    lines = GradientLines(made.backward, sources, readable)
    gradients = tuple(map(lines.gradient, sources))
    closed = ClosedForms(made.worked, made.known, tell)
    scalar = program.lone_scalar
    own = list(map(Scalar(scalar, closed, readable, lines).both, gradients)) if scalar in targets else []
    jacobians = tuple(
        own[place][0] if target is scalar else _readable(closed.jacobian(target, source), readable)
        for target in targets
        for place, source in enumerate(sources)
    )
    blocks = closed_hessians(made.worked, targets, sources) if hessian else ()
    hessians = tuple(_readable(block, readable) for block in blocks)
    require_floats(program, _formulas((*jacobians, *hessians)))
    alone = tuple(map(lines.alone, [gradient for _, gradient in own] or gradients))
    known = made.worked, made.backward, made.known, made.presentation
    return Derivation(program, *known, jacobians, alone, hessians)


def backpropagated(
    program: Program, sources: tuple[Tensor, ...] | None = None, tell: Listener = unheard
) -> Backpropagation:
    """The gradients of ``sources``, which are those of the program's choice unless they are given.

    Raises:
        TcgradError: where a function on the way has no derivative, or for a product of very many factors.
    """
    sources = program.wrt if sources is None else sources
    require_partials(program, sources)
    require_short_products(program)
    worked = recognised(program)
    known = Facts(worked.statements)
    backward = backpropagate(worked, sources, known, tell)
    require_floats(program, (*program.statements, *backward))
    return Backpropagation(program, worked, backward, known, Presentation(program.statements))


def _readable(block: _Block, readable: Readable) -> _Block:
    if block.define is None:
        return block
    define, assumed = readable.define(block.define)
    return replace(block, define=define, assumed=assumed)


def _formulas(blocks: Iterable[Jacobian | Hessian]) -> list[Define]:
    """Those of the Jacobians and Hessians that have one."""
    return [block.define for block in blocks if block.define is not None]


def backpropagate(
    program: Program, sources: tuple[Tensor, ...], known: Facts, tell: Listener = unheard
) -> tuple[Statement, ...]:
    """The gradients of the intermediates on the way and of ``sources``, which come last, given those of the outputs."""
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


def _all_names(program: Program) -> set[str]:
    return {tensor.name for tensor in (*program.tensors, *program.constants)}


def _inputs(program: Program, names: Sequence[str] | None) -> tuple[Tensor, ...]:
    if names is None:
        return program.wrt
    return _tensors_named(names, program.real_inputs, "real-valued input")


def _targets(program: Program, names: Sequence[str] | None) -> tuple[Tensor, ...]:
    if names is None:
        return program.outputs
    return _tensors_named(names, program.defined, "tensor that an equation defines")


def _tensors_named(names: Sequence[str], among: Iterable[Tensor], what: str) -> tuple[Tensor, ...]:
    """Each of them once, in the order in which they are named first."""
    return tuple(dict.fromkeys(_tensor_named(name, among, what) for name in names))


def _tensor_named(name: str, among: Iterable[Tensor], what: str) -> Tensor:
    for tensor in among:
        if tensor.name == composed(name):
            return tensor
    choices = ", ".join(tensor.name for tensor in among if tensor.name.isidentifier())
    raise TcgradError((Diagnostic("TC403", f"`{name}` is not a {what}", help=f"choose among {choices}"),))
