"""Expressions without names: tensors and indices replaced by numbers, to tell what differs in names alone."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from itertools import count
from typing import NamedTuple, get_args

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.kept import WHATEVER_STANDS_THERE, keep
from tcgrad.ir.nodes import (
    Call,
    Component,
    Const,
    Delta,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    ReductionKind,
)
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import children, indices_within, integers, map_integers, rebuild
from tcgrad.simplify.canonical import tensor_text

# What work on an expression may write beside the names of tensors, and order by: the starts of keys.
_WORDS = sorted(
    [*(f"{name}(" for name in (*FUNCTIONS, "where")), *(f"{kind}{{" for kind in get_args(ReductionKind)), "Σ{", "δ["]
)

_WHATEVER_THE_NAMES = (*WHATEVER_STANDS_THERE, "is_simplified")  # of tensors and indices in the same order


class Outline(NamedTuple):
    """An expression without names.

    looks: equal for two expressions exactly if replacing tensors and indices turns one into the other.
    order: how these are ordered, by which factors and terms are.
    tensors, indices: what was replaced, in the order of the numbers.
    """

    looks: Hashable
    order: Hashable
    tensors: tuple[Tensor, ...]
    indices: tuple[Index, ...]

    @property
    def key(self) -> Hashable:
        """Equal exactly if one expression with tensors and indices replaced is the other, its factors in order."""
        return self.looks, self.order


class _Writer:
    """Writes an expression down with numbers for tensors and indices, given in the order in which they are met."""

    def __init__(self) -> None:
        self.tensors: dict[Tensor, int] = defaultdict(count().__next__)
        self.indices: dict[Index, int] = defaultdict(count().__next__)
        self.functions: dict[str, None] = {}
        self.said: list[Hashable] = []
        self.orders: list[Hashable] = []

    def write(self, expr: Expr) -> None:
        said = self.said
        match expr:
            case Component(tensor, positions):
                said += ("Component", self.tensors[tensor])
                self._write_positions(positions)
                return
            case Const(value):
                said += ("Const", *value.as_integer_ratio())  # these are compared faster
                return
            case Delta() | IndexValue():
                said.append(type(expr).__name__)
                self._write_positions(integers(expr))
                return
            case Call(function):
                said += ("Call", function.name)
                self.functions[function.name] = None
            case IndexSum(indices):
                said += ("IndexSum", tuple([self.indices[index] for index in indices]))
            case IndexReduce(kind, indices):
                said += (kind, tuple([self.indices[index] for index in indices]))
            case Iverson(operator):
                said += ("Iverson", operator)
            case _:
                said.append(type(expr).__name__)
        parts = children(expr)
        said.append(len(parts))
        for part in parts:
            self.write(part)

    def _write_positions(self, positions: tuple[Integer, ...]) -> None:
        indices = self.indices
        self.said += [
            self._position(position) if (plain := position.as_index) is None else indices[plain]
            for position in positions
        ]

    def _position(self, position: Integer) -> Hashable:
        return tuple([(coefficient, *map(self._atom, monomial)) for monomial, coefficient in position.terms])

    def _atom(self, atom: object) -> Hashable:
        match atom:
            case Dim():
                return atom
            case Index():
                return self.indices[atom]
            case _:
                raise _IrregularError

    def about(self, definition: Outline) -> None:
        """A definition that may be used, by its own outline and the numbers of its tensors."""
        self.said.append(definition.looks)
        self.orders.append(definition.order)
        self.said += [self.tensors[tensor] for tensor in definition.tensors]

    def outline(self, alike: Collection[Role]) -> Outline:
        tensors, indices = tuple(self.tensors), tuple(self.indices)
        texts = [f"{tensor_text(tensor)}[" for tensor in tensors] + [f"{name}(" for name in self.functions]
        serials = [index.serial for index in indices]
        looks = (
            *self.said,
            *[
                (t.shape, None if t.role in alike else t.role, t.dtype, t.symmetric, t.zero_outside, t.value)
                for t in tensors
            ],
            *[(index.name, index.size) for index in indices],
        )
        order = (
            *self.orders,
            *sorted(range(len(texts)), key=texts.__getitem__),
            *[bisect(_WORDS, text) for text in texts],
            *sorted(range(len(indices)), key=serials.__getitem__),
        )
        return Outline(looks, order, tensors, indices)


class _IrregularError(Exception):
    """A position holds more than sums of multiples of indices."""


def outline(
    exprs: Sequence[Expr], definitions: Sequence[Outline] = (), *, alike: Collection[Role] = ()
) -> Outline | None:
    """One outline of several expressions; None where a position is not linear in its indices.

    definitions: what is known of the tensors, and to be the same for expressions that are alike.
    alike: roles of tensors that make no difference; to the order of factors they do.
    """
    writer = _Writer()
    try:
        for expr in exprs:
            writer.write(expr)
    except _IrregularError:
        return None
    for definition in definitions:
        writer.about(definition)
    return writer.outline(alike)


class Renaming:
    """Replaces tensors and indices in a simplified expression by others that stand in the same order."""

    def __init__(self, old: Outline, new: Outline) -> None:
        self._tensors = dict(zip(old.tensors, new.tensors, strict=True))
        self._indices = dict(zip(old.indices, new.indices, strict=True))
        self._positions = {own: to.expr for own, to in self._indices.items()}

    def rename(self, expr: Expr) -> Expr:
        for index in sorted(indices_within(expr), key=lambda index: index.serial):
            if index not in self._indices:
                self._indices[index] = fresh = index.fresh()
                self._positions[index] = fresh.expr
        return self._renamed(expr)

    def _renamed(self, expr: Expr) -> Expr:
        made: Expr
        match expr:
            case Const():
                return expr
            case Component(tensor, positions):
                made = Component(self._tensors.get(tensor, tensor), tuple(map(self._position, positions)))
                made.__dict__["is_simplified"] = expr.is_simplified
                return made  # all else is told as quickly as carried over
            case IndexSum():
                made = IndexSum(tuple([self._indices[index] for index in expr.indices]), self._renamed(expr.body))
            case IndexReduce():
                own = tuple([self._indices[index] for index in expr.indices])
                made = IndexReduce(expr.kind, own, self._renamed(expr.body))
            case _:
                made = map_integers(expr, self._position)
                parts = children(expr)
                made = rebuild(expr, tuple(map(self._renamed, parts))) if parts else made
        keep(made, expr, _WHATEVER_THE_NAMES)
        if expr.known_free is not None:
            made.__dict__["known_free"] = tuple(map(self._indices.__getitem__, expr.known_free))
        if expr.known_tensors is not None:
            made.__dict__["known_tensors"] = tuple(map(self._tensors.get, expr.known_tensors, expr.known_tensors))
        return made

    def _position(self, position: Integer) -> Integer:
        plain = position.as_index
        return position.substitute(self._positions) if plain is None else self._positions[plain]
