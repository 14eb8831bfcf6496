"""The one naming pass of emitted code: spec names where Python allows them, each name once in its scope."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

_RESERVED = frozenset(
    {
        *keyword.kwlist,
        *dir(builtins),
        "_",
        "np",
        "math",
        "special",
        "dtype",
        "saved",
        "forward",
        "forward_saved",
        "backward",
        "value_and_grad",
        "jvp",
        "jacobian",
        "hessian",
        "hvp",
    }
)


class Scope:
    """The names of a module or of one of its functions; those of the scope around it are taken too."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {*_RESERVED, *taken}
        self._numbers: dict[str, int] = {}  # for each stem a number below which none is free

    def inner(self) -> Scope:
        """A scope inside this one."""
        return Scope(self._taken)

    def claim(self, wanted: str) -> str:
        """A free identifier: the one wanted, or that with an underscore and, if need be, a number; ``inv_a`` for
        ``inv(a)``.

        Python reads identifiers in their NFKC form, so that form is the one that is compared and written.
        """
        name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", wanted)).rstrip("_" if "(" in wanted else "")
        if name in self._taken:
            name = name if name.endswith("_") else f"{name}_"
        number = 2
        candidate = name
        while candidate in self._taken:
            candidate = f"{name}{number}"
            number += 1
        self._taken.add(candidate)
        return candidate

    def reserve(self, names: Iterable[str]) -> None:
        """Take names that are in use already."""
        self._taken.update(names)

    def numbered(self, stem: str) -> str:
        """The first free name of ``stem``, ``stem2``, ...; for temporaries, a lone letter always with its number."""
        number = self._numbers.get(stem, 1)
        while (name := stem if number == 1 and len(stem) > 1 else f"{stem}{number}") in self._taken:
            number += 1
        self._numbers[stem] = number
        self._taken.add(name)
        return name
