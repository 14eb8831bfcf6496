"""What a report on a derivation says, before any format: headings, formulas in each notation, reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from tcgrad.records import dataclass
from tcgrad.report.derivations.notations import Formula, Written
from tcgrad.report.derivations.passages import Passage


@dataclass(frozen=True)
class Entry:
    """One derivative: its symbol, its shape and its formulas, notation by notation.

    reason: why it has no closed form at all; then ``written`` is empty.
    steps: how the formulas follow from the equations, if that is asked for; ``written`` is in them.
    given: what the formulas take for granted.
    """

    symbol: str
    shape: str
    written: tuple[Written, ...]
    reason: str | None = None
    steps: tuple[Passage, ...] = ()
    given: str = ""

    @property
    def formulas(self) -> tuple[Formula, ...]:
        return tuple(formula for written in self.written for formula in written.formulas)

    @property
    def is_vectorised(self) -> bool:
        return any(written.vectorised for written in self.written) or any(step.vectorised for step in self.steps)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What there is to say about notations that there are not."""
        return tuple(remark for written in self.written for remark in written.remarks)


def _is_short(entry: Entry) -> bool:
    return len(entry.formulas) == 1 and not entry.remarks and not entry.given


def blocks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Entries in the blocks that they are set in: each alone, but neighbours of one formula each together."""
    for is_short, group in groupby(entries, key=_is_short):
        if is_short:
            yield list(group)
        else:
            yield from ([entry] for entry in group)


@dataclass(frozen=True)
class Table:
    """The Jacobian of scalars by scalars as one matrix, of the symbols ``of`` by the symbols ``wrt``.

    twice: it is the Hessian of the one scalar ``of``.
    """

    of: tuple[str, ...]
    wrt: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    twice: bool = False

    @property
    def above(self) -> str:
        """What is differentiated, as a vector if that is more than one."""
        return _vector(self.of)

    @property
    def below(self) -> str:
        """The same of that by which it is."""
        return _vector(self.wrt)


def _vector(symbols: Sequence[str]) -> str:
    return symbols[0] if len(symbols) == 1 else f"({', '.join(symbols)})"


@dataclass(frozen=True)
class Blocks:
    """The second derivatives of a scalar: a block for each pair of inputs, each pair once.

    notes: sentences that belong to the formulas.
    table: all of them as one matrix, where every input is a scalar.
    """

    of: str
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    table: Table | None


@dataclass(frozen=True)
class Content:
    """A report, in the order in which it is read.

    scalar: the output's symbol where it is the only one and a scalar: then ``gradients`` are its own, in closed form
        or by those of intermediates, and ``jacobians`` hold only those of other tensors.
    upstream: symbol and shape of each gradient that ``gradients`` are given in terms of.
    hessians: the second derivatives that were asked for, scalar by scalar.
    jacobian_notes: sentences that belong to the formulas of ``jacobians``.
    """

    name: str
    doc: str
    reading: tuple[Formula, ...]
    jacobians: tuple[Entry, ...]
    table: Table | None
    gradients: tuple[Entry, ...]
    upstream: tuple[tuple[str, str], ...]
    scalar: str | None
    hessians: tuple[Blocks, ...] = ()
    jacobian_notes: tuple[str, ...] = ()
