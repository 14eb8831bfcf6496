"""Which definitions are the same with their last two indices exchanged, or turn their sign, and what a formula becomes
by knowing it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import MINUS_ONE, ZERO, Add, Component, Delta, Expr, IndexSum, Iverson, Mul, Where
from tcgrad.ir.program import Define, Intrinsic, Statement
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, map_children, replace_components, walk
from tcgrad.ir.whole import is_whole
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import canonical_labels, key
from tcgrad.simplify.rules.permutations import holds_symbol


def is_mirrored(define: Define) -> bool:
    """Whether a definition is seen to be the same with its last two indices exchanged."""
    if len(define.free) < 2 or define.free[-1].size != define.free[-2].size:
        return False
    body = simplify(define.body)
    *lead, row, column = define.free
    if _is_one_sided(body, row, column) or any(map(_is_decided_by_rounding, walk(body))):
        return False
    positions = (*(index.expr for index in lead), column.expr, row.expr)
    return key(simplify(instantiate(define.free, body, positions))) == key(body)


def is_skew(define: Define) -> bool:
    """Whether a definition is seen to turn its sign with its last two indices exchanged: a difference, or a symbol."""
    if len(define.free) < 2 or define.free[-1].size != define.free[-2].size:
        return False
    body = simplify(define.body)
    if not any(isinstance(factor, Add) for factor in factors_of(body)) and not holds_symbol(body):
        return False
    *lead, row, column = define.free
    positions = (*(index.expr for index in lead), column.expr, row.expr)
    return simplify(Add((body, instantiate(define.free, body, positions)))) == ZERO


def with_skew_in_order(expr: Expr, free: Sequence[Index], skew: Collection[Tensor]) -> Expr:
    """``F[j,i]`` as ``-F[i,j]`` where ``F`` turns its sign so: free indices come first, in their order, then those that
    are summed over, in canonical order. To be simplified; the very same where nothing changes.
    """
    return _in_order(expr, {index: f"{place:04d}" for place, index in enumerate(free)}, skew)


def _in_order(expr: Expr, places: Mapping[Index, str], skew: Collection[Tensor]) -> Expr:
    match expr:
        case Component(tensor=tensor, indices=(*lead, row, column)) if tensor in skew:
            first, second = (places.get(index, "") if (index := at.as_index) else "~" for at in (row, column))
            return expr if first <= second else Mul((MINUS_ONE, Component(tensor, (*lead, column, row))))
        case IndexSum(indices=indices, body=body):
            # Whichever way round something is read, its positions are told by what else is read at them.
            marked = [part for factor in factors_of(body) for part in _marks(factor, skew)]
            labels = {index: f"a{label}" for index, label in canonical_labels(indices, marked).items()}
            return map_children(expr, lambda part: _in_order(part, {**places, **labels}, skew))
        case _:
            return map_children(expr, lambda part: _in_order(part, places, skew))


def _marks(factor: Expr, skew: Collection[Tensor]) -> tuple[Expr, ...]:
    if not isinstance(factor, Component) or factor.tensor not in skew:
        return (factor,)
    return tuple(Component(factor.tensor, (position,)) for position in factor.indices)


def _is_one_sided(body: Expr, row: Index, column: Index) -> bool:
    """Whether a tensor is read once, with one of the indices, or with both while it is not symmetric.

    With the indices exchanged it is read at another place, and nowhere at this one. Where a delta or a condition may
    say that the indices are equal, one of them is as good as the other.
    """
    parts = list(walk(body))
    reads = [part for part in parts if isinstance(part, Component)]
    count = Counter(read.tensor for read in reads)
    are_apart = not any(isinstance(part, Delta | Iverson | Where) for part in parts)
    for read in reads:
        if count[read.tensor] == 1:
            held = {row, column}.intersection(position.as_index for position in read.indices)
            if (len(held) == 2 and not read.tensor.symmetric) or (len(held) == 1 and are_apart):
                return True
    return False


def _is_decided_by_rounding(part: Expr) -> bool:
    """Whether it asks if real numbers are equal: of two elements that are, rounding lets one attain an extreme."""
    return (
        isinstance(part, Iverson)
        and part.operator in ("==", "!=")
        and not (is_whole(part.left) and is_whole(part.right))
    )


def marked(body: Expr, symmetric: Mapping[Tensor, Tensor]) -> Expr:
    """The expression with some tensors replaced by the same ones known to be symmetric."""
    if not symmetric:
        return body
    return replace_components(
        body, lambda read: Component(symmetric[read.tensor], read.indices) if read.tensor in symmetric else read
    )


def symmetric_with(tensors: Collection[Tensor], statements: Iterable[Statement]) -> tuple[str, ...]:
    """The names of the tensors that are symmetric if these are, inverses among them that no statement defines."""
    known = {tensor: replace(tensor, symmetric=True) for tensor in tensors}
    for statement in statements:
        match statement:
            case Define(tensor=tensor) if tensor.order > 1 and not tensor.symmetric:
                made = replace(statement, body=marked(statement.body, known))
                if is_mirrored(made):
                    known[tensor] = replace(tensor, symmetric=True)
            case Intrinsic(tensor=tensor, kind="inv", operand=operand) if operand in known:
                known[tensor] = replace(tensor, symmetric=True)
            case _:
                pass
    inverses = [f"inv({each.name})" for each in known]
    return (*(each.name for each in known if each not in tensors), *inverses)


def unmarked(body: Expr, symmetric: Collection[Tensor]) -> Expr:
    """The expression with tensors known to be symmetric replaced by the same ones of which that is not said."""

    def plain(read: Component) -> Component:
        if read.tensor not in symmetric:
            return read
        return Component(replace(read.tensor, symmetric=False), read.indices)

    return replace_components(body, plain)
