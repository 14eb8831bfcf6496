"""Comparisons that do not hold where a clip leaves a value as it is: ``[clip(u, lo, hi) < u] [lo <= u] [u <= hi] = 0``.

That is told by what both sides are then, read as it stands, so that rounding does not make it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tcgrad.ir.nodes import ZERO, Call, Component, Expr, Iverson, Mul
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import (
    map_children,
    replace_components,
    size,
    tensors_read,
    walk,
)
from tcgrad.records import cached_property, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.shapes import are_equal

_LARGEST = 200  # nodes of an expression in which definitions are put in

Conditions = tuple[Iverson, ...]


class Clipped:
    """What the clips in the definitions of some statements exclude."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._definitions = [statement for statement in statements if isinstance(statement, Define)]

    def without_excluded(self, expr: Expr) -> Expr:
        """An expression without what its conditions exclude, simplified; the very same if there is nothing of it."""
        made = self._left(expr) if self._is_any else expr
        return expr if made is expr else simplify(made)

    @cached_property
    def _is_any(self) -> bool:
        return any(is_call(part, "clip") for define in self._definitions for part in walk(define.body))

    @cached_property
    def _known(self) -> Mapping[Tensor, Define]:
        """The definitions, with those before them in the place of names."""
        known: dict[Tensor, Define] = {}
        for define in self._definitions:
            known[define.tensor] = replace(define, body=_put_in(define.body, known))
        return known

    def _left(self, expr: Expr) -> Expr:
        made = map_children(expr, self._left)
        is_excluded = isinstance(made, Mul) and self._is_excluded(_conditions_among(made.factors))
        return ZERO if is_excluded else made

    def _is_excluded(self, conditions: Conditions) -> bool:
        """Whether one of some conditions compares two values strictly that are the same where the others hold."""
        return len(conditions) > 1 and any(
            self._are_same(one, [other for other in conditions if other is not one])
            for one in conditions
            if one.operator in ("<", ">", "!=")
        )

    def _are_same(self, strict: Iverson, others: list[Iverson]) -> bool:
        made = self._as_defined(strict)
        clips = [part for part in walk(made) if isinstance(part, Call) and is_call(part, "clip")]
        bounds = list(map(self._as_defined, others)) if clips else []
        whole = [clip for clip in clips if _holds(bounds, clip, 1) and _holds(bounds, clip, 2)]
        if not whole:
            return False

        def unclipped(part: Expr) -> Expr:
            return part.arguments[0] if isinstance(part, Call) and part in whole else map_children(part, unclipped)

        return isinstance(made, Iverson) and are_equal(unclipped(made.left), unclipped(made.right))

    def _as_defined(self, expr: Expr) -> Expr:
        return _put_in(expr, self._known)


def _put_in(expr: Expr, known: Mapping[Tensor, Define]) -> Expr:
    """An expression with definitions in the place of names, as they stand; the very same where it is too large then, as
    squares of squares are.
    """
    reads = [part for part in walk(expr) if isinstance(part, Component) and part.tensor in known]
    if size(expr) + sum(size(known[read.tensor].body) for read in reads) > _LARGEST:
        return expr

    def put_in(read: Component) -> Expr:
        define = known.get(read.tensor)
        return instantiate(define.free, define.body, read.indices) if define else read

    return replace_components(expr, put_in)


def _holds(bounds: Iterable[Expr], clip: Call, place: int) -> bool:
    """Whether one of the two bounds of a clip is among some conditions."""
    value, bound = (simplify(clip.arguments[n]) for n in (0, place))
    wanted = Iverson("<=", bound, value) if place == 1 else Iverson("<=", value, bound)
    return any(are_equal(simplify(each), wanted) for each in bounds)


def _conditions_among(factors: Iterable[Expr]) -> Conditions:
    """The comparisons of values among factors."""
    return tuple([factor for factor in factors if isinstance(factor, Iverson) and tensors_read(factor)])
