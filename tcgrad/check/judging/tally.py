"""The results of one row of the report, gathered over all samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from math import inf
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.judging.results import Evidence, Place, Result, Status, Subject
from tcgrad.check.judging.verdict import Comparison
from tcgrad.records import dataclass

Key = tuple[str, Subject, str, str | None]

# Under this key, which is no name, goes what the reference for second derivatives takes.
SECOND = "second derivatives"


@dataclass
class Tally:
    """What is known of one row so far.

    seen: for the elements at the spec's own sizes, whether each was compared at some sample; for each of the parts
        of which the row may consist.
    """

    kind: str
    subject: Subject
    of: str
    wrt: str | None
    dtype: str
    comparisons: list[Comparison] = field(default_factory=list)
    worst: Place | None = None
    worst_rank: float = -1.0
    evidence: Evidence | None = None
    methods: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seen: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    seconds: float = 0.0
    evaluations: int = 0
    skipped: str = ""
    kink: str = ""

    @property
    def key(self) -> Key:
        return self.kind, self.subject, self.of, self.wrt

    def add(self, comparison: Comparison, method: str, place: Callable[[Comparison], Place | None]) -> None:
        """Take one comparison in; ``place`` names its worst element if that is the worst so far."""
        is_told = not (comparison.elsewhere and self._failures(at_home=True))
        self.comparisons.append(comparison)
        if method not in self.methods:
            self.methods.append(method)
        if is_told and comparison.status == "fail" and comparison.worst is None:
            self.worst, self.worst_rank = None, inf
        elif is_told and comparison.rank > self.worst_rank and comparison.worst is not None:
            found = place(comparison)
            if self.evidence is None or not comparison.elsewhere:
                self.worst, self.worst_rank = found, comparison.rank
        message = comparison.message
        if message and message not in self.notes:
            self.notes.append(message)

    def explain(self, evidence: Evidence) -> None:
        """Keep what there is to say of a failure, if it is the worst one so far."""
        if self.evidence is None or (self.worst is not None and self.worst in evidence.worst):
            self.evidence = evidence

    def skip(self, reason: str) -> None:
        """There is nothing to compare, for this reason."""
        self.skipped = reason

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time spent on this row."""
        started = perf_counter()
        yield
        self.seconds += perf_counter() - started

    def see(self, known: NDArray[np.bool_], part: str) -> None:
        before = self.seen.get(part)
        self.seen[part] = known if before is None or before.shape != known.shape else before | known

    def result(self, seed: int, repeat: Callable[[], str | None]) -> Result:
        """repeat: makes the command that does it again, if there is one, which a pass does not need."""
        status, message = self._verdict()
        compared = self._telling(status)
        return Result(
            kind=self.kind,
            subject=self.subject,
            of=self.of,
            wrt=self.wrt,
            dtype=self.dtype,
            status=status,
            method=", ".join(self.methods),
            elements=sum(c.elements for c in compared),
            max_abs_error=max((c.max_abs_error for c in compared), default=None),
            max_rel_error=max((c.max_rel_error for c in compared), default=None),
            tolerance=self._tolerance(status),
            worst=self.worst,
            evidence=self.evidence if status == "fail" else None,
            seed=seed,
            message=message,
            seconds=self.seconds,
            evaluations=self.evaluations,
            repeat=repeat() if status in ("fail", "inconclusive") else None,
        )

    def _telling(self, status: Status) -> list[Comparison]:
        """The comparisons that the figures are those of: of a pass, what has decided it."""
        return [c for c in self.comparisons if c.elements and c.status in (status, "pass")]

    def _tolerance(self, status: Status) -> float | None:
        """What the worst element of a failure was allowed; of a pass, what the largest error was allowed."""
        if status == "fail":
            return self.worst.tolerance if self.worst else None
        compared = self._telling(status)
        return max(compared, key=lambda c: c.max_abs_error).tolerance_at_largest if compared else None

    def is_unexplained(self, at_home: bool) -> bool:
        """Whether nothing is said yet of failures: of those at the spec's own sizes, if there are any or one there is
        to be told.
        """
        own = self._failures(at_home=True)
        return not any(c.message for c in own) if at_home else not own and not any(c.message for c in self._failures())

    def _failures(self, *, at_home: bool = False) -> list[Comparison]:
        """The comparisons that fail, only those at the spec's own sizes if it is to be ``at_home``."""
        return [c for c in self.comparisons if c.status == "fail" and not (at_home and c.elsewhere)]

    @property
    def is_failed(self) -> bool:
        return self._verdict()[0] == "fail"

    @property
    def is_zero(self) -> bool:
        """Whether all that was compared with is 0, as far as is known."""
        return not any(each.is_nonzero for each in self.comparisons)

    @property
    def is_undecided(self) -> bool:
        return self._verdict()[0] == "inconclusive"

    def _verdict(self) -> tuple[Status, str]:
        """A failure anywhere is a failure; a pass needs one sample that decides, and every element compared."""
        if self.skipped and not self.comparisons:
            return "skip", self.skipped
        failures = self._failures(at_home=True) or self._failures()
        if failures:
            message = next((c.message for c in failures if c.message), "")
            return "fail", ": ".join(filter(None, (self._where_alone(failures), message)))
        if not any(c.status == "pass" and not c.where for c in self.comparisons):
            return "inconclusive", self.kink or "; ".join(self.notes) or "nothing was compared"
        left = sum(int(np.count_nonzero(~seen)) for seen in self.seen.values())
        if left:
            size = sum(seen.size for seen in self.seen.values())
            parts = (f"{left} of {size} elements could not be compared", self.kink)
            return "inconclusive", "; ".join(filter(None, parts))
        return "pass", ""

    def _where_alone(self, failures: Sequence[Comparison]) -> str:
        """Where branches meet, if nothing is wrong anywhere else; else empty."""
        passes = any(each.status == "pass" and not each.where for each in self.comparisons)
        if not passes or not all(each.where for each in failures):
            return ""
        return f"right elsewhere, wrong {' and '.join(dict.fromkeys(each.where for each in failures))}"


@dataclass
class Tallies:
    """The rows of one spec and type, in the order in which they are first asked for.

    untied: why nothing was compared at ties, if there may be any.
    """

    dtype: str
    rows: dict[Key, Tally] = field(default_factory=dict)
    untied: str = ""
    _references: dict[str, int] = field(default_factory=dict)
    _kinks: dict[tuple[str, str], str] = field(default_factory=dict)

    def row(self, kind: str, subject: Subject, of: str, wrt: str | None) -> Tally:
        return self.rows.setdefault((kind, subject, of, wrt), Tally(kind, subject, of, wrt, self.dtype))

    def spent(self, key: str, evaluations: int) -> None:
        """Evaluations that the reference for an input took, or `SECOND`; all of its rows are told of them."""
        self._references[key] = self._references.get(key, 0) + evaluations

    def note_kink(self, of: str, wrt: str, text: str) -> None:
        """Remember a kink, for rows that could not be decided."""
        self._kinks.setdefault((of, wrt), text)

    @property
    def are_decided(self) -> bool:
        return not any(tally.is_undecided for tally in self.rows.values())

    def are_failed(self, kinds: Sequence[str]) -> bool:
        """Whether any row of these kinds is."""
        return any(tally.is_failed for tally in self.rows.values() if tally.kind in kinds)

    @property
    def evaluations(self) -> int:
        return sum(self._references.values())

    def results(self, seed: int, repeat: Callable[[], str | None]) -> list[Result]:
        for tally in self.rows.values():
            kinks = (self._kinks.get((of, tally.wrt or "")) for of in tally.of.split(", "))
            tally.kink = next(filter(None, kinks), "")
            tally.evaluations = self._references.get(_reference(tally), 0)
        return [tally.result(seed, repeat) for tally in self.rows.values()]


def _reference(tally: Tally) -> str:
    """The key of the reference that a row was compared with."""
    return SECOND if tally.kind in ("hessian", "hvp") else tally.wrt or ""
