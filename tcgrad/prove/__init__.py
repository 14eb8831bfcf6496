"""Proving two formulas equal: by normal form, with definitions unfolded.

Two formulas that are not proved equal may still be equal: samples tell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from tcgrad.ir.nodes import MINUS_ONE, Add, Expr, Mul
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import substitute
from tcgrad.prove.denominators import vanishes
from tcgrad.prove.normal import normalise
from tcgrad.prove.rewrite import rewrite
from tcgrad.prove.scalar import vanishes_by_sympy
from tcgrad.prove.symmetric import mark_symmetric_inverses
from tcgrad.prove.unfold import unfold
from tcgrad.simplify import simplify
from tcgrad.simplify.assume import assume_unit_sums
from tcgrad.simplify.expand import TooLargeError, expand

__all__ = ["prove_equal"]


def prove_equal(
    left: Define, right: Define, statements: Iterable[Statement] = (), unit_sums: Collection[Tensor] = ()
) -> bool:
    """Whether two definitions of one tensor have the same normal form.

    statements: the definitions of intermediates, and of gradients of intermediates, that may be unfolded.
    unit_sums: the inputs whose last axis is declared to sum to 1.
    """
    positions = {old: new.expr for old, new in zip(right.free, left.free, strict=True)}
    difference = Add((left.body, Mul((MINUS_ONE, substitute(right.body, positions)))))
    definitions = {s.tensor: s for s in statements if isinstance(s, Define) and s.tensor != left.tensor}

    def unfolded() -> Expr:
        return simplify(mark_symmetric_inverses(unfold(difference, definitions), definitions))

    attempts: tuple[Callable[[], Expr], ...] = (
        lambda: simplify(difference),
        unfolded,
        lambda: simplify(rewrite(unfolded())),
        lambda: simplify(normalise(simplify(rewrite(unfolded())))),
        lambda: assume_unit_sums(expand(unfolded()), unit_sums),
    )
    return any(_holds(attempt, vanishes) for attempt in attempts) or _holds(
        lambda: expand(unfolded()), vanishes_by_sympy
    )


def _holds(attempt: Callable[[], Expr], is_zero: Callable[[Expr], bool]) -> bool:
    """Whether an attempt ends in 0; no, if working it out grows too large."""
    try:
        return is_zero(attempt())
    except TooLargeError:
        return False
