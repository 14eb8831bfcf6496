"""A single letter for every index of a definition, as groups of indices and ``einsum`` want them."""

from __future__ import annotations

from string import ascii_letters

from tcgrad.ir.indices import Index
from tcgrad.ir.program import Define
from tcgrad.notation.naming import Surroundings, name_indices


def letters_of(define: Define, surroundings: Surroundings) -> dict[Index, str] | None:
    """The index's own name where that is a letter from a to z, else a letter that no index has; None if they run out.

    The body binds every index once.
    """
    names = name_indices(define.free, define.body, surroundings)
    taken = {name for name in names.values() if name in ascii_letters}
    others = [letter for letter in ascii_letters if letter not in taken]
    longer = list(dict.fromkeys(name for name in names.values() if name not in ascii_letters))
    if len(longer) > len(others):
        return None
    renamed = dict(zip(longer, others, strict=False))
    return {index: renamed.get(name, name) for index, name in names.items()}
