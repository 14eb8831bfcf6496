"""Indices that are read digit by digit: ``k//W`` and ``k%W`` become indices of their own, and arrays are reshaped.

With ``k = W*i + j`` a definition over ``k`` is one over ``i`` and ``j``, in the same order in memory, if W divides the
size of ``k`` whatever the dims are for which the code is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.ir.indices import Atom, Index, Integer, Quotient, Remainder, map_inside
from tcgrad.ir.nodes import Delta, Expr, IndexReduce, IndexSum, IndexValue, Iverson
from tcgrad.ir.program import Define
from tcgrad.ir.ranges import split_multiples
from tcgrad.ir.traversal import children, integers, map_integers, rebuild, walk
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Digits:
    """``index = divisor*high + low``."""

    index: Index
    divisor: Integer
    high: Index
    low: Index


def by_digits(define: Define, fitting: Fitting) -> tuple[Define, list[Digits]]:
    """A definition over the digits of its indices, and those of its free ones that were split, one after the other."""
    free, body = define.free, define.body
    found: list[Digits] = []
    while (digits := _splittable(body, fitting)) is not None:
        body = _split(body, digits)
        if digits.index in free:
            at = free.index(digits.index)
            free = (*free[:at], digits.high, digits.low, *free[at + 1 :])
            found.append(digits)
    return (define if body is define.body else Define(define.tensor, free, body, define.span)), found


def _splittable(body: Expr, fitting: Fitting) -> Digits | None:
    """An index that occurs divided, if one size divides all that it is divided by, and its own size."""
    divisors: dict[Index, dict[Integer, None]] = {}
    for atom in _divisions(body):
        index = atom.dividend.as_index
        if index is not None:
            divisors.setdefault(index, {})[atom.divisor] = None
    for index, sizes in divisors.items():
        for divisor in sizes:
            if all(not split_multiples(size, divisor)[1].terms for size in sizes):
                high = _high_size(index.size, divisor, fitting)
                if high is not None:
                    return Digits(index, divisor, Index(index.name, high), Index(index.name, divisor))
    return None


def _high_size(size: Integer, divisor: Integer, fitting: Fitting) -> Integer | None:
    """A size divided by what it is a multiple of at all dims that fit; None if it need not be one."""
    whole, rest = split_multiples(size, divisor)
    if not rest.terms:
        return whole
    whole = size // divisor
    return whole if fitting.never_negative(divisor * whole - size) else None


def _divisions(expr: Expr) -> Iterator[Quotient | Remainder]:
    for node in walk(expr):
        for integer in integers(node):
            if integer.as_index is None:
                yield from _divisions_in(integer)


def _divisions_in(integer: Integer) -> Iterator[Quotient | Remainder]:
    for atom in integer.atoms:
        if isinstance(atom, Quotient | Remainder):
            yield atom
            yield from _divisions_in(atom.dividend)


def _split(expr: Expr, digits: Digits) -> Expr:
    """The expression over the digits of one index."""
    if isinstance(expr, IndexSum | IndexReduce) and digits.index in expr.indices:
        indices = tuple(i for index in expr.indices for i in _digits_or_self(index, digits))
        return replace(expr, indices=indices, body=_split(expr.body, digits))
    if integers(expr):
        return map_integers(expr, lambda integer: _split_integer(integer, digits))
    made = rebuild(expr, tuple(_split(part, digits) for part in children(expr)))
    match made:
        case Iverson("==", IndexValue(value=left), IndexValue(value=right)) if left.as_index is digits.low:
            return Delta(left, right)  # so that what stands in one place of the digit is put there
        case _:
            return made


def _digits_or_self(index: Index, digits: Digits) -> tuple[Index, ...]:
    return (digits.high, digits.low) if index is digits.index else (index,)


def _split_integer(integer: Integer, digits: Digits) -> Integer:
    if digits.index not in integer.indices:
        return integer
    return integer.map_atoms(lambda atom: _split_atom(atom, digits))


def _split_atom(atom: Atom, digits: Digits) -> Integer:
    match atom:
        case Index() if atom is digits.index:
            return digits.high.expr * digits.divisor + digits.low.expr
        case Quotient() if atom.dividend.as_index is digits.index:
            return digits.high.expr // split_multiples(atom.divisor, digits.divisor)[0]
        case Remainder() if atom.dividend.as_index is digits.index:
            factor = split_multiples(atom.divisor, digits.divisor)[0]
            high = Integer.of(0) if factor.as_number == 1 else digits.high.expr % factor
            return high * digits.divisor + digits.low.expr
        case _:
            return map_inside(atom, lambda inner: _split_integer(inner, digits))
