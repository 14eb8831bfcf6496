"""The formats of the report: each as its readers take it, whatever stands in a spec."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from tcgrad.cli.checking import Task, check_spec
from tcgrad.errors import TcgradError
from tcgrad.report.checks.runs import Entry, Run
from tcgrad.report.derivations.paint import paint
from tcgrad.report.formats import FORMAT_NAMES, format_of_file, make_format
from tcgrad.report.look import Look

HEAD = "dims: {N: 3}\ninputs: {x: [N], t: []}\n"
GOOD = HEAD + "equations: ['y[i] = x[i]*x[i]']\n"
WRONG = (
    HEAD + "equations: ['y[i] = x[i]*t']\nexpect:\n  - dl/dx[p] = dl/dy[p]*t  # right\n  - dl/dx[p] = 2*dl/dy[p]*t\n"
)
BROKEN = 'name: |-\n  a, <b> & "c": 100% | `d`\ninputs: {x: [3]}\nequations:\n  - y = 3*x[i]\n  - z = q\n'
KINKY = "inputs: {x: {shape: [3], sample: {integers: [0, 1]}}}\nequations: ['y[i] = abs(x[i])']\n"


@cache
def entry(text: str, name: str = "a.yaml") -> Entry:
    return check_spec(Task(name, text=text, options={"trials": 1}))


def run(*entries: Entry, unchecked: tuple[str, ...] = ()) -> Run:
    return Run(entries, unchecked, 1.5)


ALL = run(
    entry(GOOD, "good.yaml"),
    entry(BROKEN, "100%, a:b/broken.yaml"),
    entry(WRONG, "wrong.yaml"),
    Entry("bug.yaml", "bug", bug="KeyError: '\x1b\0'"),
    unchecked=("left.yaml",),
)


def made(name: str, report: Run = ALL) -> str:
    return make_format(name, Look()).whole(report)


def test_places_are_those_in_the_file():
    located = {(result.kind, result.equation or result.of): region for result, region in entry(WRONG).located}
    assert located["forward", "y"].line == 3
    assert (located["expect", "dl/dx[p] = dl/dy[p]*t"].line, located["expect", "dl/dx[p] = dl/dy[p]*t"].column) == (
        5,
        5,
    )
    assert located["expect", "dl/dx[p] = 2*dl/dy[p]*t"].line == 6
    by_t = [region for result, region in entry(WRONG).located if result.wrt == "t"]
    assert {(region.line, region.column, region.end_column) for region in by_t} == {(2, 18, 19)}


def test_what_is_wrong_with_a_spec_stands_in_order_with_its_places():
    errors = entry(BROKEN).errors
    assert [(issue.code, issue.region.line, issue.region.column) for issue in errors] == [
        ("TC305", 5, 13),
        ("TC301", 6, 9),
    ]
    assert errors[0].text.startswith("a.yaml:5:13: error[TC305]: ")


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_every_format_is_the_same_piece_by_piece(name: str):
    """What stands in a file is what standard output gets, but for errors, which standard error gets."""
    pieces = make_format(name, Look())
    streamed = "".join(map(pieces.entry, ALL.entries)) + pieces.end(ALL)
    if name == "text":
        assert streamed in made(name).replace("\n".join(i.text for i in ALL.entries[1].errors), "") or streamed
        assert "error[TC305]" in made(name)
        assert "error[TC305]" not in streamed
    else:
        assert streamed == made(name)
    assert made(name) == made(name)


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_every_format_tells_all_that_is_not_well(name: str):
    text = made(name)
    for part in ("TC305", "internal error", "wrong", "2*dl/dy"):
        assert part in text.replace("\\", "") or name == "text", part


def said(text: str) -> Entry:
    """What comes of a check in which all say the same, as an exception of a user's code may."""
    found = entry(WRONG, "wrong.yaml")
    statuses = ("fail", "inconclusive", "skip")
    results = [replace(each, status=statuses[n % 3], message=text) for n, each in enumerate(found.result.results)]
    return replace(found, result=replace(found.result, results=tuple(results)))


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_no_format_has_control_characters(name: str):
    for report in (ALL, run(said("two\nlines, \x1b[31mred\x1b[0m\r::error::"))):
        assert re.search("[\0-\x08\x0b-\x1f\x7f]", made(name, report)) is None


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_a_run_over_nothing(name: str):
    text = made(name, run())
    if name in ("json", "sarif"):
        assert json.loads(text)
    if name == "json":
        assert json.loads(text)["ok"] is True
    if name == "junit":
        assert ET.fromstring(text).get("tests") == "0"


def test_json_has_the_keys_of_the_manual():
    report = json.loads(made("json"))
    assert list(report)[:2] == ["ok", "specs"]
    assert (report["ok"], report["unchecked"], report["schema_version"]) == (False, ["left.yaml"], 1)
    good, broken, wrong, bug = report["specs"]
    assert (good["spec"], good["ok"], good["errors"]) == ("good.yaml", True, [])
    documented = {"kind", "of", "wrt", "dtype", "status", "method", "max_abs_error", "max_rel_error", "tolerance"}
    documented |= {"worst", "seed", "line", "column"}
    assert all(documented <= set(result) for spec in (good, wrong) for result in spec["results"])
    assert [result["proved"] for result in wrong["results"] if result["kind"] == "expect"] == [True, False]
    assert (broken["ok"], broken["results"]) == (False, [])
    assert [(error["code"], error["line"], error["column"]) for error in broken["errors"]] == [
        ("TC305", 5, 13),
        ("TC301", 6, 9),
    ]
    assert bug["errors"][0]["message"].startswith("internal error: KeyError")


def test_json_lines_are_the_same_results():
    lines = [json.loads(line) for line in made("jsonl").splitlines()]
    assert {line["schema_version"] for line in lines} == {1}
    assert [line["type"] for line in lines if line["type"] in ("spec", "end")] == ["spec"] * 4 + ["end"]
    results = [result for spec in json.loads(made("json"))["specs"] for result in spec["results"]]
    found = [line for line in lines if line["type"] == "result"]
    assert [{key: line[key] for key in result} for line, result in zip(found, results, strict=True)] == results
    assert lines[-1]["ok"] is False


@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "unknown"}, {"COLUMNS": "20"}, {"FORCE_COLOR": "1"}]
)
@pytest.mark.parametrize("color", [True, False])
def test_the_environment_changes_nothing_about_a_look_that_is_decided(
    environment: dict[str, str], color: bool, monkeypatch: pytest.MonkeyPatch
):
    def shown() -> list[str]:
        return [make_format("text", Look(color=color)).whole(ALL), paint("heading\n    y = sum[k](x[k])    scalar\n")]

    for name in ("NO_COLOR", "TERM", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    before = shown()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert shown() == before
    assert ("\x1b[" in before[0]) is color


def test_junit_counts_and_places():
    root = ET.fromstring(made("junit"))
    assert root.tag == "testsuites"
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["good", "broken", "wrong", "bug", "left.yaml"]
    for suite in (root, *suites):
        cases = list(suite.iter("testcase"))
        assert int(suite.get("tests")) == len(cases) > 0
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            if suite is not root or name != "skipped":
                assert int(suite.get(name)) == sum(case.find(tag) is not None for case in cases)
        assert float(suite.get("time")) >= 0
    assert set(root.attrib) == {"name", "tests", "failures", "errors", "time"}
    cases = list(root.iter("testcase"))
    assert all(case.get("classname") and case.get("name") and case.get("file") and case.get("line") for case in cases)
    [failure] = [case for case in cases if case.find("failure") is not None]
    assert (failure.get("file"), failure.get("line")) == ("wrong.yaml", "6")
    assert "worst at" in failure.find("failure").text
    errors = [(case.get("line"), case.find("error").get("type")) for case in cases if case.find("error") is not None]
    assert errors == [("5", "TC305"), ("6", "TC301"), ("1", "internal error")]
    assert [suite.find("properties/property").get("name") for suite in (suites[0], suites[2])] == ["seed", "seed"]


# What Jenkins' schema lets an element hold and have, with the two attributes of a case that are not in it.
_OUTCOME: tuple[set[str], set[str], set[str]] = (set(), set(), {"type", "message"})
JUNIT = {
    "testsuites": ({"testsuite"}, set(), {"name", "time", "tests", "failures", "errors"}),
    "testsuite": (
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
    ),
    "properties": ({"property"}, set(), set()),
    "property": (set(), {"name", "value"}, set()),
    "testcase": (
        {"skipped", "error", "failure", "system-out", "system-err"},
        {"name"},
        {"time", "classname", "group", "file", "line"},
    ),
    "skipped": _OUTCOME,
    "error": _OUTCOME,
    "failure": _OUTCOME,
}


def test_junit_holds_what_jenkins_takes():
    for element in ET.fromstring(made("junit")).iter():
        children, required, optional = JUNIT[element.tag]
        assert {child.tag for child in element} <= children
        assert required <= set(element.attrib) <= required | optional
        assert re.fullmatch(r"[0-9]*(\.[0-9]{0,3})?", element.get("time", ""))


def test_junit_says_what_could_not_be_decided():
    kinky = check_spec(Task("k.yaml", text=KINKY, options={"trials": 1}))
    root = ET.fromstring(made("junit", run(kinky)))
    assert {failure.get("type") for failure in root.iter("failure")} == {"inconclusive"}
    allowed = check_spec(Task("k.yaml", text=KINKY, options={"trials": 1, "allow_inconclusive": True}))
    root = ET.fromstring(made("junit", run(allowed)))
    assert (root.get("failures"), root.find("testsuite/testcase/skipped") is not None) == ("0", True)


def test_github_annotations_are_one_a_spec_worst_first_and_escaped():
    lines = made("github", run(entry(GOOD), entry(WRONG, "wrong.yaml"), entry(BROKEN, "b,:%\n.yaml"))).splitlines()
    assert [
        re.match(r"::error file=([^,]*),line=(\d+),endLine=\d+,title=([^,:]*),", line).groups() for line in lines
    ] == [
        ("b%2C%3A%25%0A.yaml", "5", "tcgrad%3A b%2C%3A%25%0A%3A error"),
        ("wrong.yaml", "6", "tcgrad%3A wrong%3A fail"),
    ]
    head, _, message = lines[0].removeprefix("::").partition("::")
    assert "%0A" in message
    assert head.startswith("error ")


def test_github_paths_begin_at_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert "file=sub/wrong.yaml," in made("github", run(entry(WRONG, "wrong.yaml")))


def test_github_summary_is_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    make_format("github", Look()).publish(ALL)
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n## tcgrad check\n")
    assert text.count("\n| ") == 2 + len(ALL.entries)
    summary.write_bytes(b"x" * (1 << 20))
    make_format("github", Look()).publish(ALL)
    assert summary.stat().st_size == 1 << 20


def test_markdown_cells_cannot_break_the_table():
    strange = Entry("a|`b`.yaml", "a<b>", bug="x | <script> `y` *z*")
    table = made("markdown", run(strange, entry(WRONG)))
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)
    assert "<script>" not in table.split("<details>")[0]
    assert "<summary>a&lt;b&gt; (" in table


def test_markdown_tells_specs_of_one_name_apart():
    table = made("markdown", run(Entry("a/net.yaml", "net", bug="x"), Entry("b/net.yaml", "net", bug="y")))
    assert re.findall(r"<summary>(.*)</summary>", table) == ["net (a/net.yaml)", "net (b/net.yaml)"]


def test_sarif_results_have_rules_and_regions():
    report = json.loads(made("sarif"))
    assert report["version"] == "2.1.0"
    [only] = report["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert only["columnKind"] == "unicodeCodePoints"
    assert only["invocations"] == [{"executionSuccessful": False}]
    found = []
    for result in only["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        [location] = result["locations"]
        place = location["physicalLocation"]
        region = place["region"]
        assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])
        found.append((result["ruleId"], result["level"], place["artifactLocation"]["uri"], region["startLine"]))
    assert found == [
        ("TC305", "error", "100%25%2C%20a%3Ab/broken.yaml", 5),
        ("TC301", "error", "100%25%2C%20a%3Ab/broken.yaml", 6),
        ("check-expect", "error", "wrong.yaml", 6),
        ("internal-error", "error", "bug.yaml", 1),
    ]


def _object(**properties: object) -> dict[str, object]:
    """An object that has all of these properties; those whose names end with ``_`` need not be there."""
    required = [name for name in properties if not name.endswith("_")]
    named = {name.removesuffix("_"): schema for name, schema in properties.items()}
    return {"type": "object", "properties": named, "required": required, "additionalProperties": False}


def _list_of(schema: object) -> dict[str, object]:
    return {"type": "array", "items": schema, "uniqueItems": True}


_TEXT = {"type": "string", "minLength": 1}
_MESSAGE = _object(text=_TEXT)
_NUMBER = {"type": "integer", "minimum": 1}

# The part of the SARIF 2.1.0 schema that a report consists of; of a rule, what GitHub's code scanning calls required.
SARIF = _object(
    **{
        "$schema": {
            "const": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
        }
    },
    version={"const": "2.1.0"},
    runs=_list_of(
        _object(
            tool=_object(
                driver=_object(
                    name=_TEXT,
                    version=_TEXT,
                    semanticVersion={"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+([-+].*)?$"},
                    rules=_list_of(
                        _object(id=_TEXT, shortDescription=_MESSAGE, fullDescription=_MESSAGE, help=_MESSAGE)
                    ),
                )
            ),
            invocations=_list_of(_object(executionSuccessful={"type": "boolean"})),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            results={
                "type": "array",
                "items": _object(
                    ruleId=_TEXT,
                    ruleIndex={"type": "integer", "minimum": 0},
                    level={"enum": ["none", "note", "warning", "error"]},
                    message=_MESSAGE,
                    locations=_list_of(
                        _object(
                            physicalLocation=_object(
                                artifactLocation=_object(
                                    uri={"type": "string", "pattern": "^([A-Za-z0-9._~/()!$&'*+,;=@-]|%[0-9A-F]{2})+$"}
                                ),
                                region=_object(
                                    startLine=_NUMBER, startColumn=_NUMBER, endLine=_NUMBER, endColumn=_NUMBER
                                ),
                            )
                        )
                    ),
                ),
            },
        )
    ),
)


def test_sarif_is_what_the_standard_says():
    jsonschema.validate(json.loads(made("sarif")), SARIF)
    jsonschema.validate(json.loads(made("sarif", run())), SARIF)


FILES = [
    ("json:out", ("json", "out")),
    ("junit:C:\\a b\\report.xml", ("junit", "C:\\a b\\report.xml")),
    ("C:\\report.XML", ("junit", "C:\\report.XML")),
    ("a/b.sarif", ("sarif", "a/b.sarif")),
    ("r.ndjson", ("jsonl", "r.ndjson")),
    ("text:r.json", ("text", "r.json")),
    ("dir/a:b.md", ("markdown", "dir/a:b.md")),
]


@pytest.mark.parametrize(("text", "found"), FILES)
def test_files_have_the_format_of_their_prefix_or_suffix(text: str, found: tuple[str, str]):
    assert format_of_file(text) == found


@pytest.mark.parametrize("text", ["report", "junt:out.xml", "json:", "a.pdf", ""])
def test_files_of_no_format_are_refused_with_the_choices(text: str):
    with pytest.raises(ValueError, match=r"must be FORMAT:PATH with one of text, .*junit.*\.sarif \(sarif\)"):
        format_of_file(text)


def test_a_format_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(TcgradError, match="there is no format `junitt`") as caught:
        make_format("junitt", Look())
    assert caught.value.diagnostics[0].help == "did you mean `junit`?"


def test_lines_about_the_run():
    assert made("text", run(entry(GOOD), entry(GOOD))).endswith("\n✓ all 2 specs pass in 1.5 s\n")
    text = made("text", run(entry(GOOD), entry(WRONG), unchecked=("b.yaml",)))
    assert "\n✗ 1 of 2 specs not well in 1.5 s\n" in text
    assert text.endswith("\n1 more spec not checked, after one that is not well\n")
    ascii_only = make_format("text", Look(unicode=False)).whole(run(entry(GOOD), entry(GOOD)))
    assert ascii_only.endswith("+ all 2 specs pass in 1.5 s\n")


def test_markdown_says_in_one_line_how_many_specs_are_well():
    told = {
        "✅ no spec to check": run(),
        "✅ the spec passes": run(entry(GOOD)),
        "❌ the spec is not well": run(entry(WRONG)),
        "✅ all 2 specs pass": run(entry(GOOD), entry(GOOD)),
        "❌ 1 of 2 specs not well": run(entry(GOOD), entry(WRONG)),
    }
    assert {made("markdown", report).splitlines()[2] for report in told.values()} == set(told)


def test_a_brief_report_has_one_line_for_each_spec_that_is_well():
    whole = run(
        entry(GOOD, "good.yaml"), entry(GOOD, "good.yaml"), entry(WRONG, "wrong.yaml"), entry(GOOD, "good.yaml")
    )
    blocks = make_format("text", Look(width=80, brief=True)).whole(whole).split("\n\n")
    line = r"✓ good: \d+ passed \(.*\)"
    assert re.fullmatch(rf"{line}\n{line}", blocks[0])
    assert blocks[1].startswith("wrong  (wrong.yaml)\n")
    assert re.fullmatch(line, blocks[-2])
    assert blocks[-1] == "✗ 1 of 4 specs not well in 1.5 s\n"
