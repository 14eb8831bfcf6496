"""Functions that have no derivative by one of their arguments: it must not move with what is differentiated by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tcgrad.calculus.program.dependence import depending_on
from tcgrad.calculus.rules.differentiate import differentiate
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.nodes import ONE, ZERO, Call, Expr
from tcgrad.ir.program import Program, bodies
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import tensors_read, walk


def require_partials(program: Program, sources: Iterable[Tensor]) -> None:
    """Refuse a function that has no derivative by an argument that moves with ``sources``.

    Raises:
        TcgradError: with the place of the equation.
    """
    moving = depending_on(program, sources)
    for statement in program.statements:
        for call, place in (found for body in bodies(statement) for found in _without_derivative(body)):
            if _moves(call.arguments[place], moving):
                name = next(tensor.name for tensor in tensors_read(call.arguments[place]) if tensor in moving)
                message = f"`{call.function.name}` has no derivative by its argument {place + 1}, which holds `{name}`"
                help_ = f"let it be a number, or `{name}` be nothing that is differentiated by"
                raise TcgradError((Diagnostic("TC401", message, statement.span, help_),), program.spec.source)


def _without_derivative(body: Expr) -> Iterator[tuple[Call, int]]:
    """The calls of such functions with the argument's place, those inside of arguments first."""
    for node in reversed(list(walk(body))):
        if isinstance(node, Call) and None in node.function.partials:
            yield node, node.function.partials.index(None)


def _moves(argument: Expr, moving: set[Tensor]) -> bool:
    """Whether it has a derivative other than 0; that of ``floor(x)`` has none."""
    return differentiate(argument, lambda read: ONE if read.tensor in moving else ZERO) != ZERO
