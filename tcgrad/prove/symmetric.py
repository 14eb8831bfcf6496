"""Inverses of tensors that are symmetric by their definition are symmetric too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tcgrad.ir.nodes import MINUS_ONE, ZERO, Add, Component, Expr, Mul
from tcgrad.ir.program import Define
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import replace_components
from tcgrad.prove.unfold import unfold
from tcgrad.simplify import simplify
from tcgrad.simplify.expand import TooLargeError, expand


def mark_symmetric_inverses(expr: Expr, definitions: Mapping[Tensor, Define]) -> Expr:
    """The expression with the inverses of symmetric definitions declared symmetric."""
    operands = {f"inv({tensor.name})": define for tensor, define in definitions.items()}
    known: dict[str, bool] = {}

    def marked(read: Component) -> Component:
        name = read.tensor.name
        if name not in operands:
            return read
        if name not in known:
            known[name] = is_symmetric(operands[name], definitions)
        return Component(replace(read.tensor, symmetric=True), read.indices) if known[name] else read

    return replace_components(expr, marked)


def is_symmetric(define: Define, definitions: Mapping[Tensor, Define]) -> bool:
    """Whether a definition is seen to be the same with its last two indices exchanged."""
    *lead, row, column = (index.expr for index in define.free)
    turned = instantiate(define.free, define.body, (*lead, column, row))
    try:
        difference = simplify(unfold(Add((define.body, Mul((MINUS_ONE, turned)))), definitions))
        return expand(difference) == ZERO
    except TooLargeError:
        return False
