"""Equations that are written alike but for the names of tensors: of all but the first the right side is parsed only
where it is asked for. There is nothing to report about it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable

from tcgrad.errors import Located, Report
from tcgrad.language.parsing.parser import parse_equation, parse_target
from tcgrad.language.syntax import Equation, Expression
from tcgrad.spec.names import RESERVED

NAME = re.compile(r"(?<![\w.])([A-Za-z_]\w*)")  # not the exponent of a number


class ParsedAlike:
    """Parses equations, as `parse_equation` does.

    tensors: the names that may stand for each other.
    """

    def __init__(self, tensors: Collection[str], report: Report) -> None:
        self._tensors = set(tensors) - RESERVED
        self._report = report
        self._known: set[Hashable] = set()

    def parse(self, text: Located) -> Equation | None:
        """The equation; None after an error that leaves no meaning."""
        wording = self._wording(text.text)
        if wording in self._known:
            return Equation(parse_target(text, self._report), lambda: self._right_side(text), text.whole, text.text)
        before = len(self._report.diagnostics)
        made = parse_equation(text, self._report)
        if len(self._report.diagnostics) == before:
            self._known.add(wording)
        return made

    def _right_side(self, text: Located) -> Expression:
        made = parse_equation(text, self._report)
        assert made is not None  # noqa: S101 - one that is written alike was parsed
        return made.body

    def _wording(self, text: str) -> Hashable:
        """Equal for texts that differ in the names of tensors alone; those of other letters stand for themselves."""
        if not text.isascii():
            return text
        pieces = NAME.split(text)
        numbers: dict[str, int] = {}
        told = [numbers.setdefault(name, len(numbers)) if name in self._tensors else name for name in pieces[1::2]]
        return tuple(pieces[::2]), tuple(told)
