"""Putting the body of a function in the place of its call."""

from __future__ import annotations

from collections.abc import Mapping

from tcgrad.errors import Span
from tcgrad.ir.nodes import Expr
from tcgrad.ir.templates import filled_in
from tcgrad.ir.traversal import children, size
from tcgrad.language.symbols import Symbols, UserFunction

SIZE_LIMIT = 20_000
"""How many nodes an expression may have once its functions are inlined."""

HEIGHT_LIMIT = 200
"""How deep it may then be nested."""


def inline(function: UserFunction, arguments: tuple[Expr, ...], span: Span, symbols: Symbols) -> Expr:
    """The body with the arguments in the place of the parameters.

    Raises:
        Refused: after TC316, if the result is beyond all measure.
    """
    actual = dict(zip(function.parameters, arguments, strict=True))
    grown = size(function.body) * max(1, sum(size(argument) for argument in arguments))
    result = filled_in(function.body, actual) if grown < SIZE_LIMIT or _fits(function.body, actual) else None
    if result is None or height(result) > HEIGHT_LIMIT:
        message = f"the formula grows too large when the functions in `{function.name}` are written out"
        help_ = "define intermediate tensors in equations instead of nesting functions"
        raise symbols.refuse("TC316", message, span, help_)
    return result


def _fits(body: Expr, actual: Mapping[Expr, Expr]) -> bool:
    """Whether the body with its parameters replaced stays within the limit."""
    total, waiting = 0, [body]
    while waiting:
        node = waiting.pop()
        total += size(actual[node]) if node in actual else 1
        if total > SIZE_LIMIT:
            return False
        waiting.extend(() if node in actual else children(node))
    return True


def height(expr: Expr) -> int:
    """The number of nodes on the longest way down; far down it is not counted exactly."""
    level, depth = [expr], 0
    while level and depth <= HEIGHT_LIMIT:
        level = list({id(part): part for node in level for part in children(node)}.values())
        depth += 1
    return depth
