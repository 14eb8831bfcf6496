"""The names of derivatives, ``dl/dx[p]`` and ``dy[i]/dx[p]``, told from divisions."""

from __future__ import annotations

import re
from collections.abc import Collection

from tcgrad.errors import Located, Report
from tcgrad.language.parsing.comparisons import ComparisonParser
from tcgrad.language.parsing.cursor import What
from tcgrad.language.parsing.lexer import Token
from tcgrad.language.syntax import Expression, Gradient, Jacobian, Name, Subscript
from tcgrad.operators import SUBSCRIPT
from tcgrad.spec.names import suggest

_OF_L = re.compile("[dl∂]+'*", re.IGNORECASE)


class DerivativeParser(ComparisonParser):
    """Names of derivatives.

    tensors: the names of which there are derivatives; None where every ``/`` is a division.
    """

    def __init__(self, text: Located, report: Report, tensors: Collection[str] | None, what: What = "equation") -> None:
        super().__init__(text, report, what)
        self.tensors = tensors

    def derivative(self, start: Token, node: Name | Subscript, *, in_target: bool) -> Expression:
        """``node`` with the ``/dWRT[...]`` behind it, where the two together name a derivative."""
        name = self.peek().text
        if self.tensors is None or self.kind != "/":
            return node
        if not self._is_derivative(node, name, in_target=in_target):
            self._refuse_misspelt(node, start)
            return node
        self.take()
        token = self.take()
        of, wrt = node.name[1:], name[1:]
        positions = self.positions(token) if self.kind in SUBSCRIPT else ()
        if of == "l" and isinstance(node, Name):
            return Gradient(wrt, positions, self.since(start))
        return Jacobian(of, node.positions if isinstance(node, Subscript) else (), wrt, positions, self.since(start))

    def _refuse_misspelt(self, node: Name | Subscript, start: Token) -> None:
        """Report ``dll/dy`` and ``dl/DY``, where ``dl/dy`` is a gradient."""
        known, wrt = self.tensors or (), self.peek()
        if not isinstance(node, Name) or wrt.kind != "name" or {node.name, f"d{node.name}"} & {*known}:
            return
        if wrt.text[1:] in known and wrt.text[:1] == "d" and _OF_L.fullmatch(node.name):
            help_ = f"did you mean `dl/{wrt.text}`?"
        elif node.name == "dl":
            help_ = (
                suggest(f"dl/{wrt.text}", sorted(f"dl/d{name}" for name in known)) or "a gradient is `dl/dNAME[...]`"
            )
        else:
            return
        span = self.text.span(start.start, wrt.end)
        raise self.failure("TC332", f"`{self.between(start.start, wrt.end)}` is no gradient", span, help_)

    def _is_derivative(self, node: Name | Subscript, denominator: str, *, in_target: bool) -> bool:
        """Whether ``node/denominator`` is ``dl/dWRT`` or ``dOF/dWRT``.

        On the left every ``dA/dB`` is one, and an unknown tensor is found later; on the right both must be
        tensors, so that a division of a tensor ``dl`` by one called ``dx`` is one where no ``x`` exists.
        """
        if not (node.name[:1] == "d" == denominator[:1] and len(node.name) > 1 and len(denominator) > 1):
            return False
        known = self.tensors or ()
        is_gradient = node.name == "dl" and isinstance(node, Name)
        if in_target or (is_gradient and "dl" not in known and denominator not in known):
            return True
        return (is_gradient or node.name[1:] in known) and denominator[1:] in known
