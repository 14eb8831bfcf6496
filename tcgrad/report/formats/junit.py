"""The report as JUnit XML: a suite for each spec, a case for each result.

There is no standard. This is Jenkins' schema (junit-10.xsd of its xunit plugin) with the ``file`` and ``line`` of a
case that GitLab and pytest have besides.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tcgrad.check.judging.results import Result
from tcgrad.report.checks.runs import Entry, Region, Run
from tcgrad.report.formats.format import Format
from tcgrad.report.formats.words import details, headline, reason, seeds, title, uri

_FOREIGN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OUTCOMES = ("failure", "error", "skipped")


class Junit(Format):
    """An error of a spec is an error of a case of its own; what could not be decided is a failure."""

    def end(self, run: Run) -> str:
        root = Element("testsuites", name="tcgrad")
        for entry in run.entries:
            root.append(_suite(entry))
        for spec in run.unchecked:
            suite = SubElement(root, "testsuite", name=spec)
            _outcome(_case(suite, "check", spec, Region(), 0), "skipped", "not checked, after a failure", "")
            _count(suite, 0)
        _count(root, sum(entry.result.seconds for entry in run.entries if entry.result))
        del root.attrib["skipped"]  # Jenkins' schema has it for suites only
        indent(root)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(entry: Entry) -> Element:
    suite = Element("testsuite", name=_legal(entry.name), file=_legal(uri(entry.spec)))
    if seeds(entry):
        SubElement(SubElement(suite, "properties"), "property", name="seed", value=seeds(entry))
    for result, region in entry.located:
        case = _case(suite, title(result), entry.spec, region, result.seconds)
        _judge(case, result, entry)
    for issue in entry.errors:
        text = f"{issue.code}: {issue.message}"
        _outcome(_case(suite, f"spec {issue.code}", entry.spec, issue.region, 0), "error", text, issue.text, issue.code)
    if entry.bug:
        _outcome(_case(suite, "check", entry.spec, Region(), 0), "error", headline(entry), "", "internal error")
    if not len(suite.findall("testcase")):
        _outcome(_case(suite, "check", entry.spec, Region(), 0), "failure", "nothing was compared", "", "inconclusive")
    _count(suite, entry.result.seconds if entry.result else 0)
    return suite


def _judge(case: Element, result: Result, entry: Entry) -> None:
    if entry.result is not None and not result.is_ok(entry.result.allow_inconclusive):
        _outcome(case, "failure", reason(result), details(result), result.status)
    elif result.status != "pass":
        _outcome(case, "skipped", reason(result), "")


def _case(suite: Element, name: str, spec: str, region: Region, seconds: float) -> Element:
    return SubElement(
        suite, "testcase", classname=_legal(uri(spec)), name=_legal(name), file=_legal(uri(spec)),
        line=str(region.line), time=_time(seconds),
    )  # fmt: skip


def _outcome(case: Element, tag: str, message: str, text: str, kind: str = "") -> None:
    made = SubElement(case, tag, message=_legal(message))
    if kind:
        made.set("type", kind)
    made.text = _legal(text) or None


def _count(element: Element, seconds: float) -> None:
    """The attributes of a suite that count its cases, those of a root all of them."""
    cases = list(element.iter("testcase"))
    failed, wrong, skipped = (sum(case.find(tag) is not None for case in cases) for tag in _OUTCOMES)
    numbers = {"tests": len(cases), "failures": failed, "errors": wrong, "skipped": skipped}
    element.attrib |= {name: str(number) for name, number in numbers.items()} | {"time": _time(seconds)}


def _time(seconds: float) -> str:
    """Jenkins takes three digits after the point, and no more."""
    return f"{seconds:.3f}"


def _legal(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold, not even as references."""
    return _FOREIGN.sub("\N{REPLACEMENT CHARACTER}", text)
