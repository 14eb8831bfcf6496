"""The gradients of inputs out of the backward pass, as they are read: all together, or each by itself."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.calculus.derivation import Gradient
from tcgrad.calculus.lines.compact import put_in
from tcgrad.calculus.program.dependence import Lines
from tcgrad.calculus.shown.readable import Readable
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor, gradient_of
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost

_MOST_LINES, _LONGEST = 6, 40  # lines of a gradient, and what they cost to read, that are tried as one


class GradientLines:
    """The lines of a backward pass: the gradients of intermediates and, each the last of its own, of ``sources``."""

    def __init__(self, backward: Sequence[Statement], sources: Sequence[Tensor], readable: Readable) -> None:
        settled = readable.lines(backward, {gradient_of(source) for source in sources})
        self._lines = Lines(settled)
        self._shown = dict(zip(settled, map(readable.printed.statement, settled), strict=True))
        self._readable = readable

    def gradient(self, source: Tensor) -> Gradient:
        """Through the gradients of intermediates, which other gradients may be made from as well."""
        own = self._lines.used_for(gradient_of(source))
        return Gradient(source, tuple(self._shown[line] for line in own), self._readable.taken_for_granted(own))

    def alone(self, gradient: Gradient) -> Gradient:
        """A gradient in one line where that is shorter."""
        lines = self._lines.used_for(gradient_of(gradient.wrt))
        if gradient.through or not 1 < len(lines) <= _MOST_LINES or gradient.cost > _LONGEST:
            return gradient
        *before, last = [line for line in lines if isinstance(line, Define)]
        if len(before) + 1 < len(lines):
            return gradient
        line = self._readable.printed.define(replace(last, body=simplify(_with_lines(last.body, before))))
        if cost(line.body) >= gradient.cost:
            return gradient
        return Gradient(gradient.wrt, (line,), gradient.assumed, through=gradient)


def _with_lines(body: Expr, lines: Sequence[Define]) -> Expr:
    """A right side with those that it reads put into it."""
    whole: dict[Tensor, Define] = {}
    for line in lines:
        whole[line.tensor] = replace(line, body=put_in(line.body, whole))
    return put_in(body, whole)
