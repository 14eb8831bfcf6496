"""Definitions unfolded: an expression in the inputs and the upstream gradients alone."""

from __future__ import annotations

from collections.abc import Mapping

from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import instantiate, replace_components, size
from tcgrad.simplify import simplify
from tcgrad.simplify.expand import TooLargeError

_LARGEST = 5_000  # nodes


def unfold(expr: Expr, definitions: Mapping[Tensor, Define]) -> Expr:
    """Replace every component of a defined tensor by its definition, as often as there is one.

    Raises:
        TooLargeError: if the result grows too large.
    """
    return _Unfolding(definitions).unfold(expr)


class _Unfolding:
    """Each definition is unfolded once, however often it is read."""

    def __init__(self, definitions: Mapping[Tensor, Define]) -> None:
        self.definitions = definitions
        self.bodies: dict[Tensor, Expr] = {}

    def unfold(self, expr: Expr) -> Expr:
        unfolded = replace_components(expr, self._replace)
        if size(unfolded) > _LARGEST:
            raise TooLargeError
        return unfolded

    def _replace(self, read: Component) -> Expr:
        define = self.definitions.get(read.tensor)
        if define is None:
            return read
        if read.tensor not in self.bodies:
            self.bodies[read.tensor] = simplify(self.unfold(define.body))
        return instantiate(define.free, self.bodies[read.tensor], read.indices)
