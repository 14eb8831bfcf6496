"""A run of the checker over several specs, as data that every format of the report reads and processes exchange."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tcgrad.errors import Diagnostic, Severity, Source, Span
from tcgrad.records import dataclass
from tcgrad.report.diagnostics import in_order, render_all

if TYPE_CHECKING:
    from tcgrad.check.judging.results import CheckResult, Result, Status


@dataclass(frozen=True)
class Region:
    """A place in a file; lines and columns count from 1, and the end column is the one behind the last character."""

    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


START = Region()


@dataclass(frozen=True)
class Issue:
    """What is wrong with a spec itself; ``text`` is the whole message with the source line and the help."""

    code: str
    severity: Severity
    message: str
    help: str | None
    region: Region
    text: str


@dataclass(frozen=True)
class Entry:
    """What came of one spec: the results with the place of each in the file, or why there are none.

    errors: what is wrong with the spec. warnings: what is right and may not be meant.
    bug, traceback: the exception where tcgrad itself is wrong.
    """

    spec: str
    name: str
    result: CheckResult | None = None
    regions: tuple[Region, ...] = ()
    errors: tuple[Issue, ...] = ()
    warnings: tuple[Issue, ...] = ()
    bug: str = ""
    traceback: str = ""

    @property
    def ok(self) -> bool:
        return self.result is not None and self.result.ok and not self.bug

    @property
    def located(self) -> tuple[tuple[Result, Region], ...]:
        """Every result with its place."""
        return tuple(zip(self.result.results, self.regions, strict=True)) if self.result else ()

    @property
    def not_well(self) -> tuple[tuple[Result, Region], ...]:
        """What does not let the spec pass, the worst first."""
        return tuple(sorted(filter(self._is_bad, self.located), key=lambda pair: _badness(pair[0])))

    def _is_bad(self, pair: tuple[Result, Region]) -> bool:
        return self.result is not None and not pair[0].is_ok(self.result.allow_inconclusive)

    @property
    def verdict(self) -> str:
        """``pass``, ``fail``, ``inconclusive`` or ``error``."""
        if self.result is None or self.bug:
            return "error"
        if self.result.ok:
            return "pass"
        return "fail" if any(each.status == "fail" for each in self.result.results) else "inconclusive"


@dataclass(frozen=True)
class Linted(Entry):
    """A spec that was looked at and not checked."""

    @property
    def ok(self) -> bool:
        return not self.errors

    @property
    def verdict(self) -> str:
        return "pass" if self.ok else "error"


@dataclass(frozen=True)
class Run:
    """All that was checked, in the order of the command line, and how long it took.

    unchecked: what was left out after a failure.
    """

    entries: tuple[Entry, ...]
    unchecked: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return all(entry.ok for entry in self.entries)


_VERDICTS: tuple[Status, ...] = ("fail", "inconclusive", "skip", "pass")


def _badness(result: Result) -> tuple[int, float]:
    """Failures before what could not be decided; of these the largest in proportion to its tolerance first."""
    error, allowed = result.max_rel_error, result.tolerance
    excess = float("inf") if error is None or not allowed else abs(error) / allowed
    return _VERDICTS.index(result.status), -excess


def issues(diagnostics: Iterable[Diagnostic], source: Source | None) -> tuple[Issue, ...]:
    """Diagnostics in the order of their places, each with its place worked out and its text rendered."""
    return tuple(_issue(diagnostic, source) for diagnostic in in_order(diagnostics))


def _issue(diagnostic: Diagnostic, source: Source | None) -> Issue:
    place = region(source, diagnostic.span)
    text = render_all([diagnostic], source)
    return Issue(diagnostic.code, diagnostic.severity, diagnostic.message, diagnostic.help, place, text)


def region(source: Source | None, span: Span | None) -> Region:
    """Where a span is; without one the start of the file."""
    if source is None or span is None:
        return START
    return Region(*source.position(span.start), *source.position(max(span.end, span.start)))
