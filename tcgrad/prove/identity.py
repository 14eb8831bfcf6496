"""A text that equal expressions have in common, as far as definitions unfolded and sums multiplied out can tell."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Define, Statement
from tcgrad.prove.rewrite import rewrite
from tcgrad.prove.symmetric import mark_symmetric_inverses
from tcgrad.prove.unfold import unfold
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key
from tcgrad.simplify.expand import TooLargeError, expand


def identity(expr: Expr, statements: Sequence[Statement]) -> str:
    """The text of the normal form of an expression; that of the expression itself if the form grows too large.

    statements: the definitions that are unfolded.
    """
    definitions = {s.tensor: s for s in statements if isinstance(s, Define)}
    try:
        whole = mark_symmetric_inverses(unfold(expr, definitions), definitions)
        return key(expand(rewrite(simplify(whole))))
    except TooLargeError:
        return key(simplify(expr))
