"""What a check finds out: one result for each thing compared, with all that a report needs to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["pass", "fail", "inconclusive", "skip"]
Subject = Literal["formula", "module", "user", "checker"]
Outcome = Literal["caught", "escaped", "undecided", "not applicable"]


@dataclass(frozen=True)
class Place:
    """The element where found and reference are furthest apart, and what stands there.

    position: the element's position in the result, as the output's axes, then the input's.
    text: the same in the spec's own index names, such as ``y[i=0, j=2] by x[p=1, q=0]``.
    sizes: the sizes of the dims at which it happened, if they are not the spec's own.
    sample, samples: which of how many samples it was, counted from 1; 0 where that is not told.
    """

    position: tuple[int, ...]
    text: str
    found: float
    reference: float
    tolerance: float
    sizes: str = ""
    sample: int = 0
    samples: int = 0


@dataclass(frozen=True)
class Evidence:
    """What more there is to say of a failure.

    worst: the elements that are furthest off in proportion to their tolerances, the worst one first.
    histogram: how many elements have an error of up to so many times their tolerance.
    """

    worst: tuple[Place, ...] = ()
    histogram: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class TermResult:
    """A term of a formula that is wrong, of the derived one, or of both.

    kind: ``same``, ``differs``, ``missing`` (from the given formula) or ``extra`` (the derived one has none like it).
    expected, derived: the term on either side, where there is one.
    because: what makes the two differ, in words.
    expected_value, derived_value: at the element where the formulas are furthest apart.
    """

    kind: Literal["same", "differs", "missing", "extra"]
    expected: str | None
    derived: str | None
    because: str = ""
    expected_value: float | None = None
    derived_value: float | None = None


@dataclass(frozen=True)
class Planted:
    """What came of a mistake planted in one derivative.

    reason: the comparisons that caught it, or why none did.
    """

    kind: str
    subject: Subject
    of: str
    wrt: str | None
    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class Result:
    """The verdict on one derivative (or value) of one subject, over all samples.

    kind: what is compared: ``forward``, ``jacobian``, ``gradient``, ``value_and_grad``, ``jvp``, ``hessian``, ``hvp``;
        ``dot_product`` (jvp against backward), ``hessian_symmetry``, ``repeatability`` (the same bits when called
        again), ``inputs`` (left untouched); ``against`` and ``against_forward`` (a user's own); ``expect``;
        ``self_test`` (whether a planted mistake is caught).
    max_abs_error, max_rel_error: the largest difference, and the largest one in proportion to the largest entry.
    tolerance: what the largest error was allowed to be; of a failure, what was allowed at the worst element.
    evidence: of a failure, its worst elements and how the errors are spread.
    proved: of an expectation, whether the two sides have the same normal form.
    formula: of an expectation that is wrong, the derived formula in the index names of the expectation.
    terms: of an expectation that is wrong, its terms beside those of the derived formula.
    mistake, planted: of a self-test, the mistake, and what came of it in every derivative.
    """

    kind: str
    subject: Subject
    of: str
    wrt: str | None
    dtype: str
    status: Status
    method: str
    elements: int = 0
    max_abs_error: float | None = None
    max_rel_error: float | None = None
    tolerance: float | None = None
    worst: Place | None = None
    evidence: Evidence | None = None
    seed: int = 0
    message: str = ""
    seconds: float = 0.0
    evaluations: int = 0
    proved: bool | None = None
    formula: str | None = None
    terms: tuple[TermResult, ...] = ()
    equation: str | None = None
    mistake: str | None = None
    planted: tuple[Planted, ...] = ()
    repeat: str | None = None

    def is_ok(self, allow_inconclusive: bool) -> bool:
        return self.status in ("pass", "skip") or (allow_inconclusive and self.status == "inconclusive")


@dataclass(frozen=True)
class CheckResult:
    """The results of one spec, in the order in which they were worked out.

    notes: what a reader of the report should know about all of them, such as tolerances of his own.
    """

    spec: str
    name: str
    results: tuple[Result, ...]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    evaluations: int = 0
    allow_inconclusive: bool = False

    @property
    def ok(self) -> bool:
        """True if nothing failed, everything could be decided, and something was compared."""
        compared = any(result.status != "skip" for result in self.results)
        return compared and all(result.is_ok(self.allow_inconclusive) for result in self.results)
