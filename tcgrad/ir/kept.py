"""What is known of a node and holds as well of one that was made of it by replacing indices or tensors."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.ir.nodes import Expr

# What does not go by the tensors and indices that stand there, or not by the indices alone.
WHATEVER_STANDS_THERE = (
    "known_size",
    "known_cost",
    "known_sign",
    "known_root",
    "known_lone_sum",
    "known_sorts",
)
WHATEVER_THE_INDICES = (*WHATEVER_STANDS_THERE, "known_shape", "known_shapes")


def keep(made: Expr, expr: Expr, names: Sequence[str]) -> Expr:
    """The node that was made of another one, with what is known of that under some names."""
    known, own = expr.__dict__, made.__dict__
    for name in names:
        if name in known:
            own[name] = known[name]
    return made
