"""Products taken apart, and their sums settled: where the summation convention reads them back.

A sum is left to the convention wherever it is read back at that place, or at a place that gives the same value because
everything between is linear. A dummy that would be left with one occurrence gets a one-tensor, ``1[k]*exp(x[k])``; a
range that is wider in the reads than it is gets a guard, ``[k < n]``, and one that nothing tells a factor that does,
``x[k]^0``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Add, Component, Const, Expr, IndexSum, Iverson, Mul, Pow
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, free_indices
from tcgrad.notation.layout.extents import (
    range_is_implied,
    range_is_seen,
    ranging_factor,
    ranging_factors,
    stands_alone,
)
from tcgrad.notation.layout.factors import Factors, by_holder, guard
from tcgrad.notation.layout.trees import Ones
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Summing:
    """How sums are written.

    explicit: each is named, as ``sum[k](...)``.
    fixed: the indices to whose names the spec gives their ranges.
    arrays: the tensors that may be read to give an index its range.
    is_parsed: whether the language's rules must give each index its range; people read it off a condition as well.
    limits: whether the signs of reductions tell the ranges that nothing else does.
    """

    explicit: bool
    fixed: frozenset[Index]
    arrays: tuple[Tensor, ...]
    is_parsed: bool
    limits: bool

    def collect(self, expr: Expr) -> Factors:
        factors = Factors()
        self.gather(expr, factors)
        return factors

    def gather(self, expr: Expr, into: Factors) -> None:
        """Take a product apart into what stands above and below the bar."""
        match expr:
            case Const(value):
                into.coefficient *= value
            case Mul(parts):
                for part in parts:
                    self.gather(part, into)
            case IndexSum(indices, body) if self.explicit:
                used = tuple(index for index in indices if index in free_indices(body))
                into.sums.extend(index for index in indices if index not in used)
                into.above.append(IndexSum(used, body)) if used else self.gather(body, into)
            case IndexSum(indices, body):
                into.sums.extend(indices)
                self.gather(body, into)
            case Pow(base, Const(value)) if value < 0 and ZERO not in factors_of(base):
                into.below = into.below or Factors()
                self.gather(base if value == -1 else Pow(base, Const(-value)), into.below)
            case _:
                into.above.append(expr)

    def settle(self, factors: Factors) -> None:
        """Make sure that each dummy is summed over this product, over its own range."""
        single: list[Index] = []
        for index, later in in_turn(factors.sums):
            holders = factors.holders(index)
            if not holders:
                factors.multiply_by_size(index.size)
            elif not self.is_summed_here(index, factors, holders, later):
                for factor in self.guards(index, factors.parts, later):
                    factors.insert(factor)
                if _is_one_factor(factors.holders(index)):
                    single.append(index)
        for together in by_holder(single, factors):
            factors.insert(Ones(together))

    def is_implied(self, index: Index, parts: Iterable[Expr], later: Sequence[Index]) -> bool | None:
        """Whether the reads give an index its range; for people, who see the sign of a sum, the shortest of them.

        later: the indices of the same sum whose ranges are settled after this one's.
        """
        if index in self.fixed:
            return True
        unknown = [other for other in later if other not in self.fixed]
        return range_is_implied(index, parts, unknown, smallest=self.explicit and not self.is_parsed)

    def guards(self, index: Index, parts: Sequence[Expr], later: Sequence[Index]) -> tuple[Expr, ...]:
        """The factors that keep an index to its range: none where the reads do, a guard where one allows more."""
        if self.is_implied(index, parts, later):
            return ()
        needs_read = self.is_parsed and not stands_alone(index, parts)
        told = ranging_factors(index, self.arrays) if needs_read else ()
        return told or (guard(index),)

    def is_summed_here(
        self, index: Index, factors: Factors, holders: Sequence[Expr | Ones | Factors], later: Sequence[Index]
    ) -> bool:
        """Whether the convention sums the index over this product, or at places inside that give the same value."""
        match holders:
            case [Component() as read]:
                repeated = sum(index in position.indices for position in read.indices) > 1
                return repeated and bool(self.is_implied(index, [read], later))
            case [Add() as inner]:
                within = map(self.collect, flat_terms(inner))
                return all(self.is_summed_here(index, term, term.holders(index), later) for term in within)
            case [_, _, *_] if not _is_one_factor(holders):
                return bool(self.is_implied(index, factors.parts, later))
            case _:
                return False

    def named(self, expr: IndexSum) -> tuple[tuple[Index, ...], Expr]:
        """The indices and the body of a sum that has a sign, with those that it is a sum of."""
        indices, body = expr.indices, expr.body
        while isinstance(body, IndexSum):
            indices, body = indices + body.indices, body.body
        if self.limits:
            return indices, body
        guards = [factor for index, later in in_turn(indices) for factor in self.guards(index, (body,), later)]
        return indices, Mul((*guards, body)) if guards else body

    def limited(self, indices: Sequence[Index], body: Expr) -> tuple[Index, ...]:
        """The indices of a reduction whose ranges its sign has to tell."""
        return tuple(index for index in indices if not range_is_seen(index, (body,))) if self.limits else ()

    def kept_in_range(self, indices: Sequence[Index], body: Expr) -> Expr:
        """The body of a reduction that no guard may change, its indices kept to their ranges by reads."""
        if self.limits:
            return body
        untold = [index for index, later in in_turn(indices) if not self.is_implied(index, (body,), later)]
        told = [ranging_factor(index, self.arrays, narrows=stands_alone(index, (body,))) for index in untold]
        factors = [factor for factor in told if factor]
        return Mul((*factors, body)) if factors else body


def in_turn(indices: Sequence[Index]) -> Iterable[tuple[Index, Sequence[Index]]]:
    """Each index with those after it."""
    return ((index, indices[place:]) for place, index in enumerate(indices, 1))


def flat_terms(expr: Expr) -> Iterable[Expr]:
    if isinstance(expr, Add):
        for term in expr.terms:
            yield from flat_terms(term)
    else:
        yield expr


def _is_one_factor(holders: Sequence[Expr | Ones | Factors]) -> bool:
    """Whether no more than one factor is written: brackets are joined to a chain."""
    return len(holders) < 2 or all(isinstance(holder, Iverson) for holder in holders)
