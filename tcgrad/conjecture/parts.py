"""The parts of an expression that may have a shorter name, and the expression with another one in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from tcgrad.ir.nodes import Add, Call, Const, Expr, IndexReduce, IndexSum, Mul, Pow
from tcgrad.ir.traversal import factors_of, map_children, product_of, terms_of, walk
from tcgrad.records import dataclass

_MOST_JOINED = 5  # terms or factors of which every choice is looked at


@dataclass(frozen=True)
class Part:
    """Some terms of a sum, or factors of a product: of ``whole`` the children at ``places``."""

    whole: Expr
    places: tuple[int, ...]

    @property
    def expr(self) -> Expr:
        parts = [_parts_of(self.whole)[place] for place in self.places]
        return Add(tuple(parts)) if isinstance(self.whole, Add) and len(parts) > 1 else product_of(parts)

    def replaced(self, expr: Expr, other: Expr) -> Expr:
        """An expression with another one in place of the part; not simplified."""
        if expr is self.whole:
            rest = [part for place, part in enumerate(_parts_of(expr)) if place not in self.places]
            return Add((other, *rest)) if isinstance(self.whole, Add) else Mul((other, *rest))
        return map_children(expr, lambda part: self.replaced(part, other))


def parts_of(expr: Expr, is_open: Callable[[Expr], bool]) -> Iterator[Part]:
    """The parts of an expression all of whose factors and terms are open.

    is_open: whether what stands there may have to do with anything else.
    """
    seen: set[int] = set()
    for node in walk(expr):
        if id(node) in seen or isinstance(node, Const):
            continue
        seen.add(id(node))
        match node:
            case Add() | Mul():
                places = [place for place, part in enumerate(_parts_of(node)) if is_open(part)]
                least = 2 if isinstance(node, Add) else 1
                for count in range(least, len(places) + 1) if len(places) <= _MOST_JOINED else ():
                    yield from (Part(node, chosen) for chosen in combinations(places, count))
            case IndexSum() | IndexReduce() | Call() | Pow() if is_open(node):
                yield Part(node, (0,))


def _parts_of(whole: Expr) -> tuple[Expr, ...]:
    return terms_of(whole) if isinstance(whole, Add) else factors_of(whole)
