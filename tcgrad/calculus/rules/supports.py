"""Where tensors can be something else than 0, and the chain rule for what need not exist elsewhere.

An adjoint that is ``[i != j]`` times something is 0 on the diagonal, and so is its product with ``1/(x[i] - x[j])``:
there the product has a value only because the condition is written beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import product

from tcgrad.calculus.rules.differentiate import times
from tcgrad.ir.gaps import Gap, Gaps
from tcgrad.ir.guards import is_guard, is_mask
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Add, Component, Const, Delta, Expr, IndexSum, Iverson, Mul, Pow, Where
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.substitution import instantiate, substitute
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, free_indices, product_of, sorts_in, tensors_read
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key

Conditions = tuple[Expr, ...]
Alternatives = tuple[Conditions, ...]

_ALWAYS: Alternatives = ((),)
_MOST = 8  # alternatives that are told apart
_CONDITIONS = frozenset({Delta, Iverson, Where})


class Supports:
    """Where the tensors of the statements that it has learned are not 0.

    That is told by alternatives, each a product of deltas and comparisons: where none of them holds, there is a 0.
    """

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._known: dict[Tensor, tuple[tuple[Index, ...], Alternatives]] = {}
        self._gaps = Gaps()
        for statement in statements:
            self._gaps.learn(statement)
            if isinstance(statement, Define):
                self.learn(statement)

    def learn(self, define: Define) -> None:
        """Note where a tensor is 0."""
        found = self.of(define.body)
        if () not in found:
            self._known[define.tensor] = define.free, found

    def of(self, expr: Expr) -> Alternatives:
        """The alternatives for an expression."""
        if _CONDITIONS.isdisjoint(sorts_in(expr)) and self._known.keys().isdisjoint(tensors_read(expr)):
            return _ALWAYS
        match expr:
            case Delta() | Iverson():
                return ((expr,),)
            case Add() if is_guard(expr):
                return ((Iverson("!=", expr, ZERO),),)
            case Add():
                return _few(_distinct(each for term in expr.terms for each in self.of(term)))
            case Mul():
                return self._of_product(expr.factors)
            case Pow(base=base, exponent=Const(value=n)) if n > 0:
                return self.of(base)
            case Where(condition=condition, then=then, otherwise=Const(value=0)):
                return self._of_product((*factors_of(condition), then))
            case Where(Iverson() as condition, Const(value=0), otherwise):
                return self._of_product((condition.opposite, otherwise))
            case IndexSum(indices=summed):
                return _distinct(_without_indices(each, summed) for each in self.of(expr.body))
            case Component() if expr.tensor in self._known:
                free, known = self._known[expr.tensor]
                return tuple(tuple(instantiate(free, part, expr.indices) for part in each) for each in known)
            case _:
                return _ALWAYS

    def _of_product(self, factors: Iterable[Expr]) -> Alternatives:
        found = _ALWAYS
        for factor in factors:
            own = self.of(factor)
            if own is not _ALWAYS:
                found = _few(_distinct(_united(pair) for pair in product(found, own)))
        return tuple(map(_aligned, found))

    def implies(self, expr: Expr, condition: Expr) -> bool:
        """Whether a condition is known to hold wherever an expression is something else than 0."""
        match condition:
            case Iverson("!=", Add(terms), Const(value=0)):
                asked = [set(map(key, factors_of(term))) for term in terms]
            case _:
                asked = [{key(condition)}]
        known = [set(map(key, each)) for each in self.of(expr)]
        return all(any(parts <= each for parts in asked) for each in known)

    def is_everywhere(self, upstream: Expr) -> bool:
        """Whether nothing is known of where an expression is 0, so that nothing stands `beside` it."""
        return () in self.of(upstream)

    def beside(self, upstream: Expr, inner: Expr) -> Expr:
        """``inner`` where ``upstream`` may be something else than 0, if it need not exist elsewhere."""
        alternatives = self.of(upstream)
        if () in alternatives:
            return inner
        simple = simplify(inner)  # ``u^(2 - 1)`` has a value everywhere
        needed = _united(_asked(alternatives, gap) for gap in self._gaps.of(simple))
        large = _united(_asked(alternatives, gap) for gap in self._gaps.of(simple, growing=True))
        chosen = [each for each in large if not is_mask(each)]
        # A mask also stands beside the condition of a choice, which may read what it guards.
        made = Where(product_of(chosen), inner, ZERO) if chosen else inner
        return times(*(each for each in needed if is_mask(each)), made)


def _asked(alternatives: Alternatives, gap: Gap) -> Conditions:
    """What has to hold of the indices of a gap for one of the alternatives to hold."""
    parts = _distinct(tuple(each for each in part if gap.issuperset(free_indices(each))) for part in alternatives)
    common = _common(parts)
    rest = [_except(part, common) for part in parts]
    return common if () in rest else (*common, Iverson("!=", Add(tuple(map(product_of, rest))), ZERO))


def _few(alternatives: Alternatives) -> Alternatives:
    """The alternatives, or what all have in common where they are many."""
    return alternatives if len(alternatives) <= _MOST else (_common(alternatives),)


def _common(parts: Alternatives) -> Conditions:
    shared = set.intersection(*(set(map(key, part)) for part in parts))
    return tuple(each for each in parts[0] if key(each) in shared)


def _except(part: Conditions, common: Conditions) -> Conditions:
    names = set(map(key, common))
    return tuple(each for each in part if key(each) not in names)


def _without_indices(part: Conditions, indices: Collection[Index]) -> Conditions:
    return tuple(each for each in part if not any(index in indices for index in free_indices(each)))


def _united(parts: Iterable[Conditions]) -> Conditions:
    return tuple({key(each): each for part in parts for each in part}.values())


def _distinct(parts: Iterable[Conditions]) -> Alternatives:
    return tuple({frozenset(map(key, part)): part for part in parts}.values())


def _aligned(conditions: Conditions) -> Conditions:
    """``delta[p,i]*[p < j]`` as ``delta[p,i]*[p < j]*[i < j]``."""
    found = conditions
    for each in conditions:
        left, right = (each.left.as_index, each.right.as_index) if isinstance(each, Delta) else (None, None)
        if left is not None and right is not None:
            turned = ({left: right.expr}, {right: left.expr})
            moved = [substitute(other, mapping) for other in found if other is not each for mapping in turned]
            found = _united([found, tuple(moved)])
    return found
