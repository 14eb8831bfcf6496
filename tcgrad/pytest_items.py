"""Specs as pytest sees them: a file, in it a test for each output, each output by an input, and each expectation."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import tcgrad
from tcgrad.check.judging.results import Result
from tcgrad.cli.checking import Task, check_spec
from tcgrad.errors import Source, TcgradError
from tcgrad.ir.program import Program
from tcgrad.records import dataclass, replace
from tcgrad.report.checks.places import output_region
from tcgrad.report.checks.runs import Entry, Region, region
from tcgrad.report.diagnostics import render_all, render_diagnostics
from tcgrad.report.formats.words import details, headline, reason, title
from tcgrad.settings import load_settings
from tcgrad.spec.check_options import CHECK_OPTIONS

_SETTINGS = pytest.StashKey[dict[str, Any]]()


class SpecFile(pytest.File):
    """One spec. It is checked when the first of its tests runs, and once."""

    def collect(self) -> Iterator[SpecItem]:
        """A test for each thing to compare, so far as equations tell.

        Raises:
            TcgradError: for what is wrong with the spec, or with the settings.
        """
        for subject, place in self.subjects.items():
            # Given as a text it is taken apart, brackets and all, as the one that pytest keeps of a failure.
            nodeid = f"{self.nodeid}::{subject.name}"
            yield SpecItem.from_parent(self, name=subject.name, nodeid=nodeid, subject=subject, place=place)

    @cached_property
    def subjects(self) -> dict[Subject, Region]:
        """What there is to test, with its place."""
        program = tcgrad.load(self.path, strict=self._settings.get("strict")).program
        self._warn(program)
        return dict(_told_apart(_subjects(program)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any, **__: Any) -> Any:
        if isinstance(excinfo.value, TcgradError):
            return render_diagnostics(self._named(excinfo.value))
        if isinstance(excinfo.value, pytest.PytestCollectionWarning):  # where warnings are to be errors
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    @cached_property
    def entry(self) -> Entry:
        """What comes of the check."""
        options = {name: self._settings.get(name) for name in CHECK_OPTIONS}
        return check_spec(Task(self.shown, self._settings.get("strict"), None, options))

    @cached_property
    def outcomes(self) -> dict[Subject, list[tuple[Result, Region]]]:
        """The results that each test stands for; every result has a test."""
        found: dict[Subject, list[tuple[Result, Region]]] = {subject: [] for subject in self.subjects}
        expected = (subject for subject in found if subject.kind == "expect")
        for result, place in self.entry.located:
            subject = next(expected) if result.kind == "expect" else _subject_of(result, tuple(found))
            found[subject].append((result, place))
        return found

    @cached_property
    def shown(self) -> str:
        """The path as it is seen from where pytest was started."""
        try:
            return os.path.relpath(self.path, self.config.invocation_params.dir)
        except ValueError:  # on another drive
            return str(self.path)

    @property
    def _settings(self) -> dict[str, Any]:
        """The settings of the project and the environment, read once."""
        if _SETTINGS not in self.config.stash:
            self.config.stash[_SETTINGS] = load_settings(self.config.rootpath)
        return self.config.stash[_SETTINGS]

    def _named(self, error: TcgradError) -> TcgradError:
        """An error under the name that the file is shown by."""
        if error.source is None or error.source.name != str(self.path):
            return error
        return TcgradError(error.diagnostics, Source(self.shown, error.source.text))

    def _warn(self, program: Program) -> None:
        """Hand the warnings about the equations on to pytest, each at its line."""
        source = program.spec.source
        for warning in program.warnings:
            text = render_all([warning], Source(self.shown, source.text))
            line = region(source, warning.span).line
            warnings.warn_explicit(text, pytest.PytestCollectionWarning, str(self.path), line)


@dataclass(frozen=True)
class Subject:
    """What a test is about: an output, an output by an input, a gradient given all outputs, or an expectation."""

    name: str
    kind: str
    of: str = ""
    wrt: str = ""


class SpecItem(pytest.Item):
    """One test of a spec."""

    parent: SpecFile

    def __init__(self, *, subject: Subject, place: Region, **given: Any) -> None:
        super().__init__(**given)
        self.subject = subject
        self.place = place

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.place.line - 1, self.name

    def runtest(self) -> None:
        """Judge the results.

        Raises:
            CheckFailedError: if there is one that is not well, or none.
        """
        entry = self.parent.entry
        if entry.result is None:
            raise CheckFailedError(headline(entry), entry.traceback or "\n".join(issue.text for issue in entry.errors))
        results = [result for result, _ in self.parent.outcomes[self.subject]] or _about_all(entry)
        self.user_properties += [("seed", seed) for seed in dict.fromkeys(result.seed for result in results)]
        bad = [result for result in results if not result.is_ok(entry.result.allow_inconclusive)]
        if bad or not results:
            raise CheckFailedError(_message(bad), details(*bad) or "nothing was compared")
        if all(result.status == "skip" for result in results):
            told = "; ".join(dict.fromkeys(reason(result) for result in results))
            raise pytest.skip.Exception(told, _use_item_location=True)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any, **__: Any) -> Any:
        if isinstance(excinfo.value, CheckFailedError):
            return FailureText(excinfo.value, self.parent.shown, self.place.line)
        return super().repr_failure(excinfo)


class CheckFailedError(Exception):
    """A test that failed: in a line, and in full."""

    def __init__(self, message: str, text: str) -> None:
        super().__init__(message)
        self.message = message
        self.text = text


@dataclass(frozen=True)
class FailureText:
    """What pytest shows of a failure: no traceback, for no code of the user's has run."""

    failure: CheckFailedError
    path: str
    lineno: int

    @property
    def message(self) -> str:
        return self.failure.message

    @property
    def reprcrash(self) -> FailureText:
        """Where pytest looks for the line that it repeats in its summary."""
        return self

    def toterminal(self, terminal: Any) -> None:
        terminal.line(str(self))

    def __str__(self) -> str:
        return f"{self.failure.text}\n\n{self.path}:{self.lineno}: {self.message}"


def _subjects(program: Program) -> Iterator[tuple[Subject, Region]]:
    """What there is to test, with the place of each: the equation of an output, the declaration of an input."""
    outputs = [tensor.name for tensor in program.outputs]
    source, inputs = program.spec.source, program.spec.inputs
    for of in outputs:
        yield Subject(of, "output", of), output_region(program, of)
    for wrt in (tensor.name for tensor in program.wrt):
        place = region(source, inputs[wrt].name.whole)
        for of in outputs:
            yield Subject(f"d{of}/d{wrt}", "derivative", of, wrt), place
        if len(outputs) > 1:
            yield Subject(f"dl/d{wrt}", "derivative", ", ".join(outputs), wrt), place
    for text in program.spec.expect:
        left = text.text.partition("=")[0]
        yield Subject(f"expect {' '.join(left.split())}", "expect"), region(source, text.whole)


def _told_apart(subjects: Iterable[tuple[Subject, Region]]) -> Iterator[tuple[Subject, Region]]:
    """The same with a number behind the first word of a name that has been there.

    It is not at the end, for what begins with a bracket pytest takes for parameters, up to there.
    """
    seen: Counter[str] = Counter()
    for subject, place in subjects:
        seen[subject.name] += 1
        word, *rest = subject.name.split(" ", 1)
        number = [f"({seen[subject.name]})"] if seen[subject.name] > 1 else []
        yield replace(subject, name=" ".join([word, *number, *rest])), place


def _subject_of(result: Result, subjects: Sequence[Subject]) -> Subject:
    """The test that a result belongs to: the one that is most like it."""

    def likeness(subject: Subject) -> tuple[bool, bool, bool]:
        return (
            (subject.of, subject.wrt) == (result.of, result.wrt or ""),
            bool(subject.wrt) and subject.wrt in (result.wrt or "").split(", "),
            bool(subject.of) and subject.of in result.of.split(", "),
        )

    return max((subject for subject in subjects if subject.kind != "expect"), key=likeness)


def _about_all(entry: Entry) -> list[Result]:
    """What is said of a spec as a whole, where nothing is said of one derivative: why nothing could be compared."""
    return [result for result, _ in entry.located if result.wrt is None and result.status in ("skip", "inconclusive")]


def _message(bad: Sequence[Result]) -> str:
    if not bad:
        return "nothing was compared"
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    return f"{title(bad[0])}: {reason(bad[0])}{more}"
