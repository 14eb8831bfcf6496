"""Equations that differ in the names of tensors alone: laid out once, and printed for each with its own names."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Tensor
from tcgrad.notation.index import print_define
from tcgrad.notation.spelling.syntaxes import ASCII, Syntax
from tcgrad.records import replace
from tcgrad.simplify.kinds import Likeness

_MARK = "\0"  # no name holds it


class _Wording(NamedTuple):
    """The text of an equation: every second piece is the number of a read, which is a tensor at some positions."""

    pieces: tuple[str, ...]
    reads: tuple[tuple[int, tuple[str, ...]], ...]

    def with_tensors(self, tensors: tuple[Tensor, ...], syntax: Syntax) -> str:
        texts = [syntax.tensor(tensors[number], positions) for number, positions in self.reads]
        return "".join([texts[int(piece)] if n % 2 else piece for n, piece in enumerate(self.pieces)])


class PrintedAlike:
    """Prints definitions as `print_define` does, and remembers how those of a kind are worded."""

    def __init__(self, syntax: Syntax = ASCII) -> None:
        self._syntax = syntax
        self._known: dict[Hashable, _Wording] = {}
        self._stems: dict[int, set[str]] = {}  # of the names of indices, which are the same in all of a kind

    def define(self, define: Define, own: Likeness) -> str:
        """One equation; ``own``: the kind that it is of."""
        key = own.kind, self._told_by_names(own)
        wording = self._known.get(key)
        if wording is None:
            wording = self._known[key] = self._worded(define, own)
        return wording.with_tensors(own.tensors, self._syntax)

    def _worded(self, define: Define, own: Likeness) -> _Wording:
        reads: list[tuple[int, tuple[str, ...]]] = []

        def marked(tensor: Tensor, positions: Sequence[str]) -> str:
            reads.append((own.tensors.index(tensor), tuple(positions)))
            return f"{_MARK}{len(reads) - 1}{_MARK}"

        text = print_define(define, replace(self._syntax, tensor=marked))
        return _Wording(tuple(text.split(_MARK)), tuple(reads))

    def _told_by_names(self, own: Likeness) -> Hashable:
        """What names decide: which ones are left for indices, and whether a quotient looks like a derivative."""
        stems = self._stems.get(own.kind)
        if stems is None:
            stems = self._stems[own.kind] = {_stem(index.name) for index in own.indices}
        names = [tensor.name for tensor in own.tensors]
        for_indices = [name for name in names if len(name) == 1 or _stem(name) in stems]
        return tuple(for_indices), tuple([name.startswith(self._syntax.differential) for name in names])


def _stem(name: str) -> str:
    return name.rstrip("0123456789_") or name
