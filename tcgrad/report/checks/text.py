"""The ``check`` report as text: a table for people at a terminal, and the same plain and whole where it is piped."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from tcgrad.check.judging.results import CheckResult, Evidence, Place, Result, Status, TermResult
from tcgrad.report.checks.table import table
from tcgrad.report.diagnostics import escape
from tcgrad.report.look import MARGIN, Look, color_of, emphasis, render_verdict

SAID: dict[Status, str] = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive", "skip": "skipped"}

# So many results that could not be decided are named beside their reason.
_FEW = 4

# Kinds that have a line instead of a row of numbers.
_IN_WORDS = ("expect", "self_test")


def render_text(result: CheckResult, *, unicode: bool = True, color: bool = False, width: int | None = None) -> str:
    """The report on one spec: a heading, a row for each thing compared, the details of what is not well, a verdict.

    unicode: False: nothing but ASCII. color: with terminal escapes.
    width: on a terminal its columns; None: lines are never cut or wrapped, whatever their length.
    """
    look = Look(unicode, color, width)
    rows = [each for each in result.results if each.kind not in _IN_WORDS]
    top = [look.painted(f"{result.name}  ({escape(result.spec)})", "bold"), *table(rows, look)]
    for kind in _IN_WORDS:
        top += [line for each in result.results if each.kind == kind for line in _in_words(each, look)]
    top += [line for note in result.notes for line in look.paragraph(f"{MARGIN}note: {note}")]
    failures = [list(_details(each, look)) for each in result.results if each.status == "fail"]
    blocks = [top, *failures, _undecided(result, look), [*_repeat(result), render_summary(result, look)]]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def render_details(result: Result, *, unicode: bool = True) -> str:
    """What is wrong with one result, where, and what stands there, in plain text."""
    return textwrap.dedent("\n".join(_details(result, Look(unicode))))


def _in_words(result: Result, look: Look) -> list[str]:
    name = f"expect {result.equation}" if result.equation else _what(result)
    line = f"{MARGIN}{look.sign(result.status)}{MARGIN}{name}: {escape(result.message)}"
    return look.paragraph(line, emphasis(result.status))


def _undecided(result: CheckResult, look: Look) -> list[str]:
    """Why something could not be decided, once for each reason."""
    reasons: dict[str, list[Result]] = {}
    for each in result.results:
        if each.status == "inconclusive":
            reasons.setdefault(each.message, []).append(each)
    sign = look.sign("inconclusive")
    texts = [f"{MARGIN}{sign} {_named(found)}: {escape(reason)}" for reason, found in reasons.items()]
    return [line for text in texts for line in look.paragraph(text, color_of("inconclusive"))]


def _named(found: Sequence[Result]) -> str:
    """What they are about; of many, which have their rows anyway, only the first."""
    named = found if len(found) <= _FEW else found[: _FEW - 1]
    more = len(found) - len(named)
    return "; ".join([*map(_what, named), *([f"{more} more"] if more else [])])


def _what(result: Result) -> str:
    """What a result is about, in words."""
    if result.mistake:
        return f"self-test {result.mistake}, {result.dtype}"
    wrt = f" by {result.wrt}" if result.wrt else ""
    return result.equation or f"{result.kind} of {result.of}{wrt}, {result.subject} {result.dtype}"


def _details(result: Result, look: Look) -> Iterator[str]:
    """What is wrong, where, and what stands there."""
    reason = f": {escape(result.message)}" if result.message else ""
    yield from look.paragraph(f"{MARGIN}{look.sign(result.status)} {_what(result)}{reason}", color_of(result.status))
    for fact in _facts(result):
        yield from look.paragraph(fact)


def _facts(result: Result) -> Iterator[str]:
    """The lines below what is wrong, of any length."""
    if result.formula:
        yield f"{MARGIN * 2}derived:   {result.formula}"
    place = result.worst
    if place is None:
        return
    found, reference = _sides(result)
    yield f"{MARGIN * 2}worst at   {_where(place)}"
    yield f"{MARGIN * 2}{found:<11}{place.found!r}"
    yield f"{MARGIN * 2}{reference:<11}{place.reference!r}"
    yield f"{MARGIN * 2}off by     {abs(place.found - place.reference):.3e}, allowed {place.tolerance:.3e}"
    if result.evidence is not None:
        yield from _evidence(result.evidence)
    yield from _beside(result.terms)


def _where(place: Place) -> str:
    sample = f"sample {place.sample} of {place.samples}" if place.samples else ""
    return ", ".join(filter(None, (place.text, sample, f"with {place.sizes}" if place.sizes else "")))


def _beside(terms: Sequence[TermResult]) -> Iterator[str]:
    """The terms of a wrong formula beside those of the derived one, with their values at the worst element."""
    if terms:
        yield f"{MARGIN * 2}term by term, with the values there:"
    for term in terms:
        sides = [(term.kind, term.expected, term.expected_value), ("derived", term.derived, term.derived_value)]
        if term.kind == "missing":
            sides = [(term.kind, term.derived, term.derived_value)]
        for said, text, value in sides if term.kind == "differs" else sides[:1]:
            yield f"{MARGIN * 3}{said:<9}{text}  ({value:.6g})"
        if term.because:
            yield f"{MARGIN * 3}{'':<9}{term.because}"


def _evidence(evidence: Evidence) -> Iterator[str]:
    """The next worst elements, and how many elements are off by how many tolerances."""
    for place in evidence.worst[1:]:
        yield f"{MARGIN * 2}also at    {place.text}: {place.found:.9g} instead of {place.reference:.9g}"
    bins = [(f"up to {label}" if label != "more" else "beyond", count) for label, count in evidence.histogram if count]
    told = [f"{count} {label}" for label, count in bins]
    yield f"{MARGIN * 2}elements   by error over tolerance: {', '.join(told)}"


def _sides(result: Result) -> tuple[str, str]:
    """What the two values of a comparison are called."""
    if result.kind == "expect":
        return "expected", "derived"
    return {"module": "emitted", "user": "yours"}.get(result.subject, "derived"), "reference"


def _repeat(result: CheckResult) -> list[str]:
    """The command that repeats what is not well, once for each that differs."""
    commands = dict.fromkeys(each.repeat for each in result.results if each.repeat)
    return [f"{MARGIN}repeat with: {escape(command)}" for command in commands]


def render_counts(result: CheckResult) -> str:
    """How many results there are of each status, as in ``9 passed, 1 skipped``."""
    counts = Counter(each.status for each in result.results)
    told = [f"{counts[status]} {words}" for status, words in SAID.items() if counts[status]]
    return ", ".join(told) or "nothing compared"


def render_summary(result: CheckResult, look: Look) -> str:
    """The verdict on one spec, and what it has cost, in one line."""
    has_failed = any(each.status == "fail" for each in result.results)
    status: Status = "pass" if result.ok else "fail" if has_failed else "inconclusive"
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(each.seed for each in result.results))
    cost = f"{result.evaluations} evaluations, {result.seconds:.2f} s, seed {seeds}"
    return render_verdict(status, f"{result.name}: {render_counts(result)} ({cost})", look)
