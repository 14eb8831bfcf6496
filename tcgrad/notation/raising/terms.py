"""Products taken apart for raising: nested sums and products flat, deltas resolved, additions multiplied out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import prod

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, Add, Component, Const, Delta, Expr, IndexSum, Mul, Pow, const
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import free_indices, product_of, terms_of, walk
from tcgrad.notation.matrix.building import same_axis
from tcgrad.notation.raising.gathers import one_hot_at
from tcgrad.notation.raising.reads import is_fixed, is_scalar_read
from tcgrad.records import dataclass, replace
from tcgrad.simplify.powers import power
from tcgrad.simplify.rules.permutations import is_symbol
from tcgrad.simplify.rules.weights import stays_whole


@dataclass(frozen=True)
class Operand:
    """One factor of a product, or one divisor."""

    expr: Expr
    divides: bool = False


@dataclass(frozen=True)
class Term:
    """``Σ_summed Π operands``; ``equal`` are pairs of free indices that deltas make one: the second is gone."""

    summed: tuple[Index, ...]
    operands: tuple[Operand, ...]
    equal: tuple[tuple[Index, Index], ...] = ()


def flatten(expr: Expr) -> Term:
    """The product that an expression is, with sums of factors drawn in front: all bound indices differ."""
    summed: dict[Index, None] = {}
    operands = tuple(_flat_operands(expr, summed, divides=False))
    return Term(tuple(summed), operands)


def _flat_operands(expr: Expr, summed: dict[Index, None], *, divides: bool) -> Iterable[Operand]:
    match expr:
        case Mul():
            for factor in expr.factors:
                yield from _flat_operands(factor, summed, divides=divides)
        case IndexSum() if not divides:
            taken = [index for index in expr.indices if index in summed]
            fresh = {index: index.fresh() for index in taken}
            summed.update(dict.fromkeys(fresh.get(index, index) for index in expr.indices))
            body = substitute(expr.body, {old: new.expr for old, new in fresh.items()})
            yield from _flat_operands(body, summed, divides=False)
        case Pow(base=Mul(factors=factors), exponent=Const(value=n)) if n.denominator == 1:
            for factor in factors:
                yield from _flat_operands(Pow(factor, expr.exponent), summed, divides=divides)
        case Pow(base=Pow(base=base, exponent=Const(value=m)), exponent=Const(value=n)) if (
            m.denominator == n.denominator == 1
        ):
            yield from _flat_operands(power(base, Const(m * n)), summed, divides=divides)
        case Pow(base=Add() as base, exponent=Const(value=n)) if n == 2 and not divides and len(free_indices(base)) > 2:
            yield Operand(base)
            yield Operand(base)
        case Pow(base=base, exponent=Const(value=n)) if n < 0:
            inverse = base if n == -1 else Pow(base, const(-n))
            yield from _flat_operands(inverse, summed, divides=not divides)
        case _:
            yield Operand(expr, divides)


def as_expr(term: Term) -> Expr:
    """The expression that a term without equalities stands for."""
    factors = tuple(Pow(o.expr, MINUS_ONE) if o.divides else o.expr for o in term.operands)
    body = product_of(factors)
    return IndexSum(term.summed, body) if term.summed else body


def resolve_deltas(term: Term) -> Term:
    """Every delta of two plain indices of one size is used: one of the two indices is replaced by the other."""
    for operand in term.operands:
        if not operand.divides and joins(operand.expr):
            return resolve_deltas(_used(term, operand))
    return term


def resolve_between(term: Term, rows: Sequence[Index], columns: Sequence[Index]) -> Term:
    """Every delta is used that is of a summed index, or of a row and a column.

    Of indices that are all equal, each row is paired with a column; what ties the two of one side besides stays.
    """
    for operand in term.operands:
        if not operand.divides and joins(operand.expr) and set(free_indices(operand.expr)) & set(term.summed):
            return resolve_between(_used(term, operand), rows, columns)
    deltas = [operand for operand in term.operands if not operand.divides and joins(operand.expr)]
    rest = tuple(operand for operand in term.operands if operand not in deltas)
    pairs: list[tuple[Index, Index]] = []
    ties: list[Operand] = []
    for equal in _classes(operand.expr for operand in deltas):
        sides = [index for index in rows if index in equal], [index for index in columns if index in equal]
        pairs += zip(*sides, strict=False)
        tied = next((side for side in sides if len(side) > 1), [])
        ties += [Operand(Delta(one.expr, other.expr)) for one, other in pairwise(tied)]
    term = replace(term, operands=(*rest, *ties))
    for row, column in pairs:
        term = _identify(term, row, column)
    return term


def _classes(deltas: Iterable[Expr]) -> list[set[Index]]:
    """The indices that deltas make equal."""
    classes: list[set[Index]] = []
    for delta in deltas:
        ends = set(free_indices(delta))
        near = [own for own in classes if own & ends]
        classes = [own for own in classes if own not in near] + [ends.union(*near)]
    return classes


def _used(term: Term, delta: Operand) -> Term:
    """The term without one of its deltas, whose indices are one."""
    rest = tuple(operand for operand in term.operands if operand is not delta)
    return _identify(replace(term, operands=rest), *free_indices(delta.expr))


def joins(expr: Expr) -> bool:
    """Whether an expression is a delta of two plain indices of one size."""
    if not isinstance(expr, Delta) or expr.left.as_index is None or expr.right.as_index is None:
        return False
    return same_axis(expr.left.as_index.size, expr.right.as_index.size)


def _identify(term: Term, kept: Index, gone: Index | None = None) -> Term:
    """Let two indices be one; a summed one goes first. Of ``delta[i,i]`` there is only ``kept``."""
    if gone is None:
        return term
    if kept in term.summed:
        kept, gone = gone, kept
    operands = tuple(replace(o, expr=substitute(o.expr, {gone: kept.expr})) for o in term.operands)
    if gone in term.summed:
        return replace(term, operands=operands, summed=tuple(k for k in term.summed if k is not gone))
    return replace(term, operands=operands, equal=(*term.equal, (kept, gone)))


def multiplied_out(term: Term) -> tuple[Expr, ...] | None:
    """The term as a sum of terms without additions that have to be taken apart; None if it has none of those."""
    for place, operand in enumerate(term.operands):
        if isinstance(operand.expr, Add) and not operand.divides and _hinders(operand.expr, term):
            parts = [_with_operand(term, place, part) for part in operand.expr.terms]
            return tuple(addend for part in parts for addend in multiplied_out(flatten(part)) or (part,))
    return None


def expansion(term: Term) -> int:
    """How many products there are once every addition that has to be is multiplied out."""
    additions = [o.expr for o in term.operands if isinstance(o.expr, Add) and not o.divides and _hinders(o.expr, term)]
    return prod(len(addition.terms) for addition in additions)


def _hinders(addition: Add, term: Term) -> bool:
    alone = any(_is_alone(index, term) for index in term.summed if index in free_indices(addition))
    high = len(free_indices(addition)) > 2
    special = _is_weighted(addition, term) or _is_of_vectors(addition, term) or _is_crossed(addition, term)
    return alone or high or special or _holds_deltas(addition, term)


def _holds_deltas(addition: Add, term: Term) -> bool:
    """Whether deltas in it have to be resolved: not where it leaves something out of functions of two indices."""
    beside = (operand.expr for operand in term.operands)
    return any(map(_has_delta, addition.terms)) and not stays_whole(addition, beside)


def _is_weighted(addition: Add, term: Term) -> bool:
    """``(diag(a) V + diag(b) W)ᵀ g``, to be written ``Vᵀ (a ⊙ g) + Wᵀ (b ⊙ g)``: matrices weighted along a sum."""
    free = free_indices(addition)
    for index in term.summed if len(free) == 2 else ():
        around = [free_indices(operand.expr) for operand in term.operands if operand.expr is not addition]
        if index in free and all(axes == (index,) for axes in around if index in axes):
            parts = [[free_indices(operand.expr) for operand in flatten(part).operands] for part in addition.terms]
            return any((index,) in axes and any(len(own) == 2 for own in axes) for axes in parts)
    return False


def _is_of_vectors(addition: Add, term: Term) -> bool:
    """``W (x 1ᵀ - 1 xᵀ)`` summed, to be written ``x ⊙ (W 1) - W x``: vectors along two axes beside names alone."""
    free = free_indices(addition)
    if len(free) != 2 or not any(index in free for index in term.summed):
        return False
    others = [operand.expr for operand in term.operands if operand.expr is not addition and not operand.divides]
    around = [other for other in others if len(free_indices(other)) == 2]
    vectors = all(len(free_indices(part)) < 2 for part in addition.terms)
    return vectors and all(isinstance(part, Component) for other in around for part in terms_of(other))


def _is_crossed(addition: Add, term: Term) -> bool:
    """``ε_ijk (a_i c_k + b_i x_k)``, two cross products; ``([u]× + u vᵀ) w``, to be written ``u × w + (vᵀ w) u``."""
    free = set(free_indices(addition))
    symbols = [operand.expr for operand in term.operands if is_symbol(operand.expr)]
    if any(len(free.intersection(free_indices(symbol))) > 1 for symbol in symbols):
        return True
    if len(free) != 2 or not any(is_symbol(part) for part in walk(addition)):
        return False
    around = [set(free_indices(operand.expr)) for operand in term.operands if operand.expr is not addition]
    return any(index in free and all(axes == {index} for axes in around if index in axes) for index in term.summed)


def _is_alone(index: Index, term: Term) -> bool:
    """Whether one operand alone has the index."""
    return sum(index in free_indices(operand.expr) for operand in term.operands) == 1


def _has_delta(expr: Expr) -> bool:
    """Whether a delta stands in a term that has to be resolved."""
    deltas = (operand.expr for operand in flatten(expr).operands if isinstance(operand.expr, Delta))
    return any(unit_at(delta) is None and one_hot_at(delta) is None for delta in deltas)


def unit_at(expr: Delta) -> tuple[Index, Integer] | None:
    """The index and the position of a delta that is a component of a unit vector; None for any other."""
    for axis, position in ((expr.left, expr.right), (expr.right, expr.left)):
        index = axis.as_index
        inside = is_fixed(position) and 0 <= position.value < index.size.value if index is not None else False
        if index is not None and (inside or is_scalar_read(position)):
            return index, position
    return None


def _with_operand(term: Term, place: int, expr: Expr) -> Expr:
    operands: Sequence[Operand] = (*term.operands[:place], Operand(expr), *term.operands[place + 1 :])
    return as_expr(replace(term, operands=tuple(operands)))
