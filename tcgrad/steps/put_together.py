"""The step from a gradient line by line to the same in one line."""

from __future__ import annotations

from tcgrad.calculus.derivation import Gradient
from tcgrad.ir.program import Define
from tcgrad.steps.chains import Chain, Step, chain, component
from tcgrad.steps.rules import insert


def put_together(gradient: Gradient, line_by_line: Gradient) -> Chain:
    """The one line of a gradient, once more, with the lines before it in it."""
    (line,) = (each for each in gradient.statements if isinstance(each, Define))
    before = (each.tensor for each in line_by_line.statements[:-1] if isinstance(each, Define))
    return chain(component(line.tensor, line.free), [Step((insert(*before),), line.body)])
