"""What sizes, and other integer expressions, are made of and come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from tcgrad.ir.indices import Atom, Dim, Gather, Integer, Monomial, Quotient, Remainder, map_inside


def count(shape: Iterable[Integer]) -> int:
    """The number of elements of an array of this shape, by the dims' own values."""
    return prod([size.value for size in shape])


def dims_in(integer: Integer) -> list[Dim]:
    """The dims that occur in an integer expression, at any depth."""
    found: dict[Dim, None] = {}
    for atom in integer.atoms:
        match atom:
            case Dim():
                found[atom] = None
            case Quotient() | Remainder():
                found.update(dict.fromkeys((*dims_in(atom.dividend), *dims_in(atom.divisor))))
            case Gather():
                found.update(dict.fromkeys(dim for position in atom.indices for dim in dims_in(position)))
            case _:
                continue
    return list(found)


def is_division(monomial: Monomial) -> bool:
    """Whether a monomial is one quotient or remainder and nothing else."""
    return len(monomial) == 1 and isinstance(monomial[0], Quotient | Remainder)


def with_dims(integer: Integer, values: Mapping[Dim, Integer]) -> Integer:
    """An integer expression with sizes in the place of some dims, at any depth."""

    def changed(atom: Atom) -> Integer:
        if isinstance(atom, Dim):
            return values.get(atom, Integer.of(atom))
        return map_inside(atom, lambda inner: with_dims(inner, values))

    return integer.map_atoms(changed)
