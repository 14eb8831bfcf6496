"""The gradients of a scalar line by line, through those of intermediates, where that is shorter than closed forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tcgrad.calculus.derivation import Derivation, Gradient, Jacobian
from tcgrad.calculus.jacobians import from_gradients
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.simplify.cost import cost
from tcgrad.simplify.polish import polish
from tcgrad.simplify.present import Presentation

_MUCH = 1.15  # so many times the size of the lines is too long for closed forms

Lines = tuple[tuple[Gradient, tuple[Statement, ...]], ...]


def scalar_lines(derivation: Derivation, scalar: Tensor, closed: Sequence[Jacobian]) -> Lines | None:
    """``df/ds[i] = ...`` and then ``df/dx[j]`` by it, for each input; None where the closed forms serve better.

    closed: the Jacobians of the scalar that have a closed form.
    """
    gradients = derivation.gradients
    statements = list(dict.fromkeys(s for gradient in gradients for s in gradient.statements))
    defines = [statement for statement in statements if isinstance(statement, Define)]
    if len(defines) < len(statements) or len(defines) == len(gradients):
        return None
    made = dict(zip(defines, _presented(defines, derivation, scalar), strict=True))
    whole = sum(cost(jacobian.define.body) for jacobian in closed if jacobian.define is not None)
    if len(closed) == len(gradients) and whole <= _MUCH * sum(cost(line.body) for line in made.values()):
        return None
    return tuple((g, tuple(made[s] for s in g.statements if isinstance(s, Define))) for g in gradients)


def _presented(defines: Sequence[Define], derivation: Derivation, scalar: Tensor) -> Iterator[Define]:
    shown = Presentation(derivation.program.statements)
    for line in from_gradients(defines, scalar):
        yield replace(line, body=polish(shown.present(line.body)))
