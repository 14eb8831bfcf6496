"""Walking and rebuilding expressions: children, free indices, kinds of nodes, reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from operator import attrgetter, is_
from typing import TypeVar, assert_never

from tcgrad.ir.indices import Gather, Index, Integer, Quotient, Remainder
from tcgrad.ir.nodes import (
    ONE,
    Add,
    Call,
    Component,
    Const,
    Delta,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.tensors import Tensor

_Item = TypeVar("_Item")
BINDERS = (IndexSum, IndexReduce)

children: Callable[[Expr], tuple[Expr, ...]] = attrgetter("children")  # the expressions directly inside, in order


def terms_of(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum; of anything else itself."""
    return expr.terms if type(expr) is Add else (expr,)


def factors_of(expr: Expr) -> tuple[Expr, ...]:
    """The factors of a product; of anything else itself."""
    return expr.factors if type(expr) is Mul else (expr,)


def flat_factors(expr: Expr) -> list[Expr]:
    """The factors of a product, those of the products among them in their place; of anything else itself."""
    if type(expr) is not Mul:
        return [expr]
    if Mul not in map(type, expr.factors):
        return list(expr.factors)
    return [part for factor in expr.factors for part in flat_factors(factor)]


def as_one_sum(product: Expr) -> tuple[list[Index], list[Expr]]:
    """The indices of the sums that are factors of a product, and all its factors, those in the sums too."""
    bound, factors = list[Index](), list[Expr]()
    for factor in flat_factors(product):
        if isinstance(factor, IndexSum):
            inner, parts = as_one_sum(factor.body)
            bound += [*factor.indices, *inner]
            factors += parts
        else:
            factors.append(factor)
    return bound, factors


def product_of(factors: Sequence[Expr]) -> Expr:
    """What `factors_of` takes apart: one factor is itself, and no factor is 1."""
    match factors:
        case (factor,):
            return factor
        case ():
            return ONE
        case _:
            return Mul(tuple(factors))


def rebuild(expr: Expr, parts: tuple[Expr, ...]) -> Expr:
    """The same node over other children, in the order of `children`."""
    match expr:
        case Mul():
            return Mul(parts)
        case Add():
            return Add(parts)
        case Pow():
            return Pow(*parts)
        case Call():
            return Call(expr.function, parts)
        case Const() | Component() | Delta() | IndexValue():
            return expr
        case Iverson():
            return Iverson(expr.operator, *parts)
        case Where():
            return Where(*parts)
        case IndexSum():
            return IndexSum(expr.indices, *parts)
        case IndexReduce():
            return IndexReduce(expr.kind, expr.indices, *parts)
        case _:
            assert_never(expr)


def map_children(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The same node with each child changed; itself, where none is."""
    parts = children(expr)
    if not parts:
        return expr
    made = tuple(map(change, parts))
    return expr if all(map(is_, parts, made)) else rebuild(expr, made)


def integers(expr: Expr) -> tuple[Integer, ...]:
    """The integer expressions that stand directly in a node."""
    match expr:
        case Component():
            return expr.indices
        case Delta():
            return expr.left, expr.right
        case IndexValue():
            return (expr.value,)
        case _:
            return ()


def bound_indices(expr: Expr) -> tuple[Index, ...]:
    """The indices that this very node binds."""
    return expr.indices if isinstance(expr, BINDERS) else ()


def map_integers(expr: Expr, change: Callable[[Integer], Integer]) -> Expr:
    """The same leaf with each of its integer expressions changed."""
    match expr:
        case Component():
            return Component(expr.tensor, tuple(map(change, expr.indices)))
        case Delta():
            return Delta(change(expr.left), change(expr.right))
        case IndexValue():
            return IndexValue(change(expr.value))
        case _:
            return expr


def free_indices(expr: Expr) -> tuple[Index, ...]:
    """The indices that occur unbound, each once, in the order of occurrence. Kept on the node once known."""
    known = expr.known_free
    if known is None:
        match expr:
            case Component():
                inside = _united([position.indices for position in expr.indices])
            case Delta() | IndexValue():
                inside = _united([integer.indices for integer in integers(expr)])
            case IndexSum() | IndexReduce():
                inside = tuple([index for index in free_indices(expr.body) if index not in expr.indices])
            case _:
                inside = _united(map(free_indices, children(expr)))
        known = expr.__dict__["known_free"] = inside
    return known


def indices_within(expr: Expr) -> tuple[Index, ...]:
    """The indices that occur at any depth, bound or not, each once. Kept on the node once known."""
    known = expr.known_within
    if known is None:
        own = expr.indices if isinstance(expr, BINDERS) else ()
        known = expr.__dict__["known_within"] = _united([free_indices(expr), own, *map(indices_within, children(expr))])
    return known


def _united(parts: Iterable[tuple[_Item, ...]]) -> tuple[_Item, ...]:
    """All that occurs in the parts, each once, in the order of occurrence; the parts themselves have no repetitions."""
    match list(filter(None, parts)):
        case []:
            return ()
        case [only]:
            return only
        case filled:
            return tuple(dict.fromkeys(chain.from_iterable(filled)))


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node, parents before children."""
    waiting = [expr]
    while waiting:
        node = waiting[-1]
        waiting[-1:] = children(node)[::-1]
        yield node


def size(expr: Expr) -> int:
    """The number of nodes."""
    known = expr.known_size
    if known is None:
        known = expr.__dict__["known_size"] = 1 + sum(map(size, children(expr)))
    return known


def sorts_in(expr: Expr) -> frozenset[type | str]:
    """What kinds of nodes occur at any depth: their types, and the names of the functions. Kept on the node once known.

    Most of what may be done to an expression is for some of these alone.
    """
    known = expr.known_sorts
    if known is None:
        own: tuple[type | str, ...] = (type(expr), expr.function.name) if type(expr) is Call else (type(expr),)
        known = expr.__dict__["known_sorts"] = frozenset(own).union(*map(sorts_in, children(expr)))
    return known


def tensors_read(expr: Expr) -> tuple[Tensor, ...]:
    """The tensors that are read, as values or inside index positions, each once, in the order of occurrence."""
    known = expr.known_tensors
    if known is None:
        match expr:
            case Component():
                inside = _tensors_inside(expr.indices)
                known = _united([(expr.tensor,), *inside]) if inside else (expr.tensor,)
            case Delta() | IndexValue():
                known = _united(_tensors_inside(integers(expr)))
            case _:
                known = _united(map(tensors_read, children(expr)))
        expr.__dict__["known_tensors"] = known
    return known


def terms_reading(total: Add, tensors: Iterable[Tensor]) -> list[Expr]:
    """The terms of a sum that read one of some tensors, in order. Which they are is kept, for sums of many terms."""
    known = total.known_readers
    if known is None:
        known = total.__dict__["known_readers"] = {}
        for place, term in enumerate(total.terms):
            for tensor in tensors_read(term):
                known.setdefault(tensor, []).append(place)
    places = sorted({place for tensor in tensors for place in known.get(tensor, ())})
    return [total.terms[place] for place in places]


def _tensors_inside(positions: Iterable[Integer]) -> list[tuple[Tensor, ...]]:
    """The tensors that each of the positions reads but for plain indices, which read none."""
    return [tuple(dict.fromkeys(_gathered(position))) for position in positions if position.as_index is None]


def _gathered(integer: Integer) -> Iterator[Tensor]:
    for atom in integer.atoms:
        match atom:
            case Gather():
                yield atom.tensor
                for position in atom.indices:
                    yield from _gathered(position)
            case Quotient() | Remainder():
                yield from _gathered(atom.dividend)


def replace_components(expr: Expr, replace: Callable[[Component], Expr]) -> Expr:
    """Replace each component read by what ``replace`` makes of it (itself, to keep it)."""
    if isinstance(expr, Component):
        return replace(expr)
    return map_children(expr, partial(replace_components, replace=replace))
