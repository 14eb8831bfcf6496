"""The factors of a product as powers, and by the sums that hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.ir.nodes import Const, Expr, IndexSum
from tcgrad.ir.traversal import as_one_sum, free_indices
from tcgrad.simplify.powers import as_power

Factor = tuple[Expr, Expr]  # base and exponent


def powers_in(factors: Sequence[Expr]) -> list[Factor]:
    """The factors of a product, none of them a product, but for numbers."""
    return [power for power in map(as_power, factors) if not isinstance(power[0], Const)]


def summed_in(factors: Sequence[Expr]) -> Iterator[list[Expr]]:
    """For each index that is summed in a product the factors that hold it, sums in sums as one sum."""
    for factor in factors:
        if isinstance(factor, IndexSum):
            bound, inside = as_one_sum(factor)
            for index in bound:
                yield [part for part in inside if index in free_indices(part)]
