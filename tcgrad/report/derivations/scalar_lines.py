"""The gradients of a scalar line by line, through those of intermediates, where that is shorter than closed forms."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from tcgrad.calculus.derivation import Derivation, Gradient, Jacobian
from tcgrad.calculus.passes.jacobians import from_gradients
from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import replace_components, tensors_read
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.shown.polish import polish
from tcgrad.simplify.shown.present import Presentation

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
    finals = {gradient.statements[-1] for gradient in gradients}
    made = dict(_presented(defines, finals, derivation, scalar))
    whole = sum(cost(jacobian.define.body) for jacobian in closed if jacobian.define is not None)
    if len(closed) == len(gradients) and whole <= _MUCH * sum(cost(line.body) for line in made.values()):
        return None
    ways = [(g, [made[s] for s in g.statements if isinstance(s, Define) and s in made]) for g in gradients]
    forms = {jacobian.wrt: jacobian for jacobian in closed}
    return tuple(_with_closed_form(gradient, lines, forms.get(gradient.wrt)) for gradient, lines in ways)


def _with_closed_form(
    gradient: Gradient, lines: Sequence[Define], form: Jacobian | None
) -> tuple[Gradient, tuple[Statement, ...]]:
    """A gradient's lines, or its closed form where that alone is no longer than the last of several."""
    if len(lines) > 1 and form and form.define and cost(form.define.body) <= cost(lines[-1].body):
        return replace(gradient, assumed=form.assumed), (form.define,)
    return gradient, tuple(lines)


def _presented(
    defines: Sequence[Define], finals: Collection[Statement], derivation: Derivation, scalar: Tensor
) -> Iterator[tuple[Define, Define]]:
    """Each line as it is shown; one that is another name for a tensor is put into those that read it."""
    shown = Presentation(derivation.program.statements)
    named: dict[Tensor, Define] = {}

    def without_names(read: Component) -> Expr:
        line = named.get(read.tensor)
        return read if line is None else instantiate(line.free, line.body, read.indices)

    for define, line in zip(defines, from_gradients(defines, scalar), strict=True):
        read = not named.keys().isdisjoint(tensors_read(line.body))
        body = simplify(replace_components(line.body, without_names)) if read else line.body
        if isinstance(body, Component) and define not in finals:
            named[line.tensor] = replace(line, body=body)
        else:
            yield define, replace(line, body=polish(shown.present(body)))
