"""What a step of a recurrence can have computed before the loop, for all positions at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import field

from tcgrad.emit.lowering.factors import Factors, separable_sum
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Add, Component, Const, Delta, Expr, IndexSum, IndexValue, Mul
from tcgrad.ir.program import Define
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import (
    children,
    factors_of,
    free_indices,
    integers,
    product_of,
    rebuild,
    tensors_read,
    terms_of,
    walk,
)
from tcgrad.records import dataclass


@dataclass
class Hoisting:
    """Takes the parts of a step that read no carried tensor out of it, as definitions over all positions of a loop.

    step: the index that the recurrence runs along; the loop has ``length`` positions from ``low`` on, of ``whole``.
    prefix: what the names of the new tensors begin with.
    """

    step: Index
    carried: Collection[Tensor]
    low: Integer
    length: Integer
    whole: Integer
    prefix: str
    definitions: list[Define] = field(default_factory=list)

    def without_independent(self, expr: Expr) -> Expr:
        """The expression over components of what was taken out."""
        if self._is_independent(expr):
            return self._defined(expr)
        match expr:
            case Add(terms):
                still, moving = self._parted(terms)
                groups = [[term for term in still if _is_scattered(term) == apart] for apart in (False, True)]
                return Add((*(self._defined(_joined(Add, group)) for group in groups if group), *moving))
            case Mul(factors):
                still, moving = self._parted(factors)
                return Mul((*(self._defined(_joined(Mul, group)) for group in _of_the_same_indices(still)), *moving))
            case IndexSum(indices, Add(terms)) if any(map(self._is_independent, terms)):
                still = [term for term in terms if self._is_independent(term)]
                moving = [term for term in terms if not self._is_independent(term)]
                parts = (IndexSum(indices, _joined(Add, still)), IndexSum(indices, _joined(Add, moving)))
                return self.without_independent(Add(parts))
            case IndexSum(indices, Mul(factors)) if (place := self._wide(factors, indices)) is not None:
                others = _joined(Mul, [*factors[:place], *factors[place + 1 :]])
                return IndexSum(indices, Mul((self.without_independent(others), self._in_pieces(factors[place]))))
            case _:
                return rebuild(expr, tuple(self.without_independent(part) for part in children(expr)))

    def _wide(self, factors: Sequence[Expr], summed: Sequence[Index]) -> int | None:
        """The place of a factor that would be larger, for all positions, than all that it is made of."""
        place = separable_sum(Factors(factors=[(factor, False) for factor in factors], summed=list(summed)))
        return place if place is not None and self._is_independent(factors[place]) else None

    def _in_pieces(self, total: Expr) -> Expr:
        """A sum of products over components of what each is made of."""
        return Add(tuple([self._factors_of(term, set(free_indices(total))) for term in terms_of(total)]))

    def _factors_of(self, term: Expr, axes: Collection[Index]) -> Expr:
        """A product over components of its factors, of a sum that has all the ``axes`` over those of what is summed."""
        parts: list[Expr] = []
        for group in _of_the_same_indices(factors_of(term)):
            match group:
                case [IndexSum(indices, body) as total] if set(free_indices(total)).issuperset(axes):
                    parts.append(IndexSum(indices, self._factors_of(body, axes)))
                case _:
                    parts.append(self._defined(_joined(Mul, group)))
        return product_of(parts)

    def _is_independent(self, expr: Expr) -> bool:
        return not any(tensor in self.carried for tensor in tensors_read(expr))

    def _parted(self, parts: Sequence[Expr]) -> tuple[list[Expr], list[Expr]]:
        """The independent parts, and the others with what is independent taken out of them."""
        still = [part for part in parts if self._is_independent(part)]
        return still, [self.without_independent(part) for part in parts if not self._is_independent(part)]

    def _defined(self, expr: Expr) -> Expr:
        """A component of a new tensor that holds the expression for all positions; leaves stay as they are.

        Where values are put at positions that an integer tensor tells, all of the axis are theirs.
        """
        if self.step not in free_indices(expr) or isinstance(expr, Component | Const | IndexValue | Delta):
            return expr
        others = tuple(index for index in free_indices(expr) if index is not self.step)
        low, length = (Integer.of(0), self.whole) if _is_scattered(expr) else (self.low, self.length)
        position = Index(self.step.name, length)
        free = (position, *others)
        tensor = Tensor(f"{self.prefix}: {len(self.definitions)}", tuple(i.size for i in free), Role.DEFINED)
        self.definitions.append(Define(tensor, free, substitute(expr, {self.step: position.expr + low})))
        return Component(tensor, (self.step.expr - low, *(index.expr for index in others)))


def _is_scattered(expr: Expr) -> bool:
    """Whether some position at which it is not 0 is known at run time only."""
    return any(isinstance(node, Delta) and any(integer.gathers for integer in integers(node)) for node in walk(expr))


def _joined(make: type[Add | Mul], parts: list[Expr]) -> Expr:
    return parts[0] if len(parts) == 1 else make(tuple(parts))


def _of_the_same_indices(factors: Sequence[Expr]) -> list[list[Expr]]:
    """Factors that may be multiplied before the loop: a product over other indices could be larger than they are."""
    groups: dict[frozenset[Index], list[Expr]] = {}
    for factor in factors:
        groups.setdefault(frozenset(free_indices(factor)), []).append(factor)
    return list(groups.values())
