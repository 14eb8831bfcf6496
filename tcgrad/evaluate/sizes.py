"""Sizes under other values of the dims than those they were made with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tcgrad.ir.indices import Atom, Dim, Integer, map_inside


@lru_cache(maxsize=2**14)
def resized_value(size: Integer, sizes: tuple[tuple[str, int], ...]) -> int:
    """The number that ``size`` is with the dims replaced by those numbers; it is asked for again and again."""
    return resized(size, dict(sizes)).value


def resized(size: Integer, sizes: Mapping[str, int]) -> Integer:
    """``size`` with the dims that ``sizes`` names replaced by those numbers."""

    def changed(atom: Atom) -> Integer:
        if isinstance(atom, Dim):
            return Integer.of(sizes.get(atom.name, atom.value))
        return map_inside(atom, lambda inner: resized(inner, sizes))

    return size.map_atoms(changed)
