"""Ties: points at which branches meet, where the language says what the derivative is."""

from __future__ import annotations

from math import prod

from tcgrad.check.program.allowed import why_branches_are_rounded, why_not_complex, why_not_exact
from tcgrad.check.program.cost import forward_cost
from tcgrad.ir.program import Program

# The number of the first sample at ties, after all trials.
TIED = 2**20

# Points at which branches meet that are compared at, at most.
TIED_SAMPLES = 3

# The number of the first sample where conditions compare equal numbers, after those at ties.
BORDERS = TIED + 2 * TIED_SAMPLES

# Multiplications that are done in exact arithmetic, for all inputs together.
_LARGEST = 2**13


def why_no_ties(program: Program) -> str:
    """Why derivatives cannot be compared at the ties of a program that has some; empty if they can."""
    return why_not_exact_at_ties(program) and (
        why_not_complex(program, kinks=True) or why_branches_are_rounded(program)
    )


def why_not_exact_at_ties(program: Program) -> str:
    """Why the derivatives there are not worked out in exact arithmetic; empty if they are."""
    reason = why_not_exact(program, kinks=True)
    if reason:
        return reason
    elements = sum(prod(length.value for length in tensor.shape) for tensor in program.wrt)
    return "" if elements * forward_cost(program).operations <= _LARGEST else "exact arithmetic would take too long"
