"""The pytest plugin: which specs are collected, as which tests, and how they fail."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tcgrad.cli.checking import Task, check_spec

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
# Where the package is installed pytest finds the plugin by itself.
PLUGIN = [] if entry_points(group="pytest11", name="tcgrad") else ["-p", "tcgrad.pytest_plugin"]
GOOD = "dims: {N: 3}\ninputs:\n  x: [N]\n  t: []\nequations:\n  - y[i] = x[i]*t\n"
WRONG = GOOD + "expect:\n  - dl/dt = dl/dy[i]*x[i]\n  - dl/dx[p] = 2*dl/dy[p]*t\n"
BROKEN = "inputs: {x: [3]}\nequations:\n  - y = 3*x[i]\n"
TWO = "inputs: {x: []}\nequations: ['f = x^2', 'g = x^3']\noutputs: [f, g]\n"
ABSTRACT = "inputs: {x: [3]}\nfunctions: {'f(z)': null}\nequations: ['y[i] = f(x[i])']\n"
KINKY = "inputs: {x: {shape: [3], sample: {integers: [0, 1]}}}\nequations: ['y[i] = abs(x[i])']\n"


@pytest.fixture(scope="module", autouse=True)
def _loaded():
    """NumPy and its like, which are imported once in a process: pytester forgets what its runs have imported."""
    for text in (WRONG, ABSTRACT):
        check_spec(Task("a.yaml", text=text))
    importlib.import_module("tcgrad.pytest_items")


@pytest.fixture
def specs(pytester: pytest.Pytester):
    """Write specs, given by name, and run pytest."""

    def run(*arguments: str, _process: bool = False, **texts: str) -> pytest.RunResult:
        for name, text in texts.items():
            (pytester.path / f"{name}.tcgrad.yaml").write_text(text, encoding="utf-8")
        call = pytester.runpytest_subprocess if _process else pytester.runpytest_inprocess
        return call(*PLUGIN, *arguments)

    return run


def ids(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line and "tcgrad.yaml" in line]


COLLECTED = [
    (GOOD, ["y", "dy/dx", "dy/dt"]),
    (WRONG, ["y", "dy/dx", "dy/dt", "expect dl/dt", "expect dl/dx[p]"]),
    (TWO, ["f", "g", "df/dx", "dg/dx", "dl/dx"]),
    (GOOD + "expect: ['dl/dt = dl/dy[i]*x[i]', 'dl/dt = x[i]*dl/dy[i]']\n",
     ["y", "dy/dx", "dy/dt", "expect dl/dt", "expect (2) dl/dt"]),
    (TWO.replace("f", "l"), ["l", "g", "dl/dx", "dg/dx", "dl/dx (2)"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "names"), COLLECTED)
def test_a_spec_has_a_test_for_each_output_and_input(specs, text: str, names: list[str]):
    assert ids(specs("--collect-only", "-q", a=text)) == [f"a.tcgrad.yaml::{name}" for name in names]


def test_what_is_right_passes(specs):
    specs(a=GOOD, b=TWO).assert_outcomes(passed=8)


def test_a_failure_is_told_at_its_line_without_a_traceback(specs):
    result = specs("-ra", a=WRONG)
    result.assert_outcomes(passed=4, failed=1)
    text = result.stdout.str()
    assert "__ expect dl/dx[p] __" in text
    assert re.search(
        r"^a\.tcgrad\.yaml:9: expect dl/dx\[p\] = 2\*dl/dy\[p\]\*t: wrong, .* is allowed, in 2.*: the number 2 .* 1$",
        text,
        re.MULTILINE,
    )
    assert re.search(r"^FAILED a\.tcgrad\.yaml::expect dl/dx\[p\] - expect dl/dx", text, re.MULTILINE)
    assert re.search(r"^ +derived: +dl/dx\[p\] = dl/dy\[p\]\*t$", text, re.MULTILINE)
    assert "\nrepeat with: tcgrad check a.tcgrad.yaml --dtype float64 " in text
    for word in ("Traceback", "runtest", "pytest_items", "CheckFailedError", "def "):
        assert word not in text


def test_expectations_of_one_derivative_are_judged_each_by_itself(specs, pytester: pytest.Pytester):
    equal = "  - dl/dx[p] = dl/dy[p]*t\n  - dl/dx[p] = 2*dl/dy[p]*t\n  - dl/dx[p] = t*dl/dy[p]\n"
    result = specs("-ra", "--junitxml=out.xml", a=f"{GOOD}expect:\n{equal}")
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["FAILED a.tcgrad.yaml::expect (2) dl/dx[[]p] - expect dl/dx*= 2*"])
    names = [case.get("name") for case in ET.parse(pytester.path / "out.xml").getroot().iter("testcase")]
    assert names[3:] == ["expect dl/dx[p]", "expect (2) dl/dx[p]", "expect (3) dl/dx[p]"]
    specs("a.tcgrad.yaml::expect (3) dl/dx[p]").assert_outcomes(passed=1)


def test_places_are_seen_from_where_pytest_was_started(
    specs, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    specs("--collect-only", a=WRONG, b=BROKEN)
    pytester.makeini("[pytest]")
    below = pytester.mkdir("below")
    monkeypatch.chdir(below)
    text = specs("..", "--continue-on-collection-errors").stdout.str()
    assert "\n../a.tcgrad.yaml:9: expect dl/dx[p] = 2*dl/dy[p]*t: wrong" in text
    assert "\nrepeat with: tcgrad check ../a.tcgrad.yaml " in text
    assert "\n../b.tcgrad.yaml:3:13: error[TC305]" in text


def test_warnings_are_told_once_at_their_lines(specs):
    text = "inputs: {x: [3], y: [3]}\nequations:\n  - a = exp(x[i]*x[i])*exp(y[i]*y[i])\n"
    result = specs(a=text)
    result.assert_outcomes(passed=3, warnings=1)
    result.stdout.fnmatch_lines(["*a.tcgrad.yaml:3: PytestCollectionWarning: a.tcgrad.yaml:3:9: warning[[]TC313]*"])
    result = specs("-W", "error")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["a.tcgrad.yaml:3:9: warning[[]TC313]*"])
    assert "Traceback" not in result.stdout.str()
    assert "pytest_items" not in result.stdout.str()


def test_a_broken_spec_is_told_at_its_line(specs):
    result = specs(a=BROKEN, b=GOOD)
    result.assert_outcomes(errors=1)
    text = result.stdout.str()
    assert "\na.tcgrad.yaml:3:13: error[TC305]: `i` occurs only once" in text
    assert "Traceback" not in text
    assert "raise " not in text


def test_tests_are_chosen_by_name(specs):
    result = specs("-k", "dy/dx or dl", "-v", a=WRONG)
    result.assert_outcomes(passed=2, failed=1, deselected=2)
    specs("a.tcgrad.yaml::dy/dx").assert_outcomes(passed=1)


def test_only_what_failed_runs_again_where_that_is_asked_for(specs):
    specs(a=WRONG, b=GOOD)
    again = specs("--lf", "-rf")
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(
        ["run-last-failure: rerun previous 1 failure*", "FAILED a.tcgrad.yaml::expect dl/dx[[]p[]] *"]
    )


def test_what_cannot_be_compared_is_skipped_or_fails(specs):
    result = specs("-ra", a=ABSTRACT, b=KINKY)
    result.assert_outcomes(passed=2, skipped=1, failed=1)
    result.stdout.fnmatch_lines(["SKIPPED [[]1] a.tcgrad.yaml:3: no module is emitted: f is abstract, without code"])
    result.stdout.fnmatch_lines(["FAILED b.tcgrad.yaml::dy/dx - jacobian*"])


def test_junit_xml_has_the_failure(specs, pytester: pytest.Pytester):
    specs("--junitxml=out.xml", a=WRONG)
    cases = {case.get("name"): case for case in ET.parse(pytester.path / "out.xml").getroot().iter("testcase")}
    assert list(cases) == ["y", "dy/dx", "dy/dt", "expect dl/dt", "expect dl/dx[p]"]
    failure = cases["expect dl/dx[p]"].find("failure")
    assert failure.get("message").startswith("expect dl/dx[p] = 2*dl/dy[p]*t: wrong")
    assert "worst at" in failure.text
    assert cases["y"].find("properties/property").get("name") == "seed"


def test_tests_are_shared_among_processes(specs):
    pytest.importorskip("xdist")
    result = specs("-n", "2", "-ra", a=WRONG, b=GOOD, _process=True)
    result.assert_outcomes(passed=7, failed=1)
    result.stdout.fnmatch_lines(["a.tcgrad.yaml:9: expect dl/dx*"])


def test_patterns_choose_the_specs(specs, pytester: pytest.Pytester):
    for name in ("sub/deep/a.yaml", "sub/b.yaml", "c.yaml", "d.spec"):
        (pytester.path / name).parent.mkdir(parents=True, exist_ok=True)
        (pytester.path / name).write_text(GOOD)
    assert specs("--collect-only", "-q").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    pytester.makeini("[pytest]\ntcgrad_specs = sub/*.yaml *.spec\n")
    found = {line.partition("::")[0] for line in specs("--collect-only", "-q").outlines if "::" in line}
    assert found == {"sub/deep/a.yaml", "sub/b.yaml", "d.spec"}


def test_settings_of_the_project_are_used(specs, pytester: pytest.Pytester):
    pytester.makepyprojecttoml("[tool.tcgrad]\nseed = 7\nallow-inconclusive = true\n")
    specs("--junitxml=out.xml", a=KINKY).assert_outcomes(passed=2)
    properties = ET.parse(pytester.path / "out.xml").getroot().iter("property")
    assert {each.get("value") for each in properties} == {"7"}
    pytester.makepyprojecttoml("[tool.tcgrad]\nsede = 7\n")
    result = specs(a=GOOD)
    result.assert_outcomes(errors=1)
    assert "\npyproject.toml:2:1: error[TC610]: `[tool.tcgrad]` has no key `sede`" in result.stdout.str()
    assert "pytest_items" not in result.stdout.str()


def test_a_bug_is_a_failure(specs, monkeypatch: pytest.MonkeyPatch):
    def check(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("tcgrad.check.check", check)
    result = specs(a=GOOD)
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["a.tcgrad.yaml:6: internal error: ZeroDivisionError: oh"])


def test_nothing_is_imported_where_there_is_no_spec(pytester: pytest.Pytester):
    pytester.makepyfile(
        "import sys\n"
        "def test_it():\n"
        "    assert 'tcgrad.pytest_plugin' in sys.modules\n"
        "    found = {name for name in sys.modules if name.partition('.')[0] in ('tcgrad', 'numpy', 'typer')}\n"
        "    assert found == {'tcgrad', 'tcgrad.pytest_plugin'}\n"
    )
    pytester.runpytest_subprocess(*PLUGIN, "-p", "no:hypothesispytest", "-p", "no:jaxtyping").assert_outcomes(passed=1)


def test_an_installed_package_brings_the_plugin():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [(name, module)] = project["entry-points"]["pytest11"].items()
    assert (name, importlib.import_module(module).__name__) == ("tcgrad", "tcgrad.pytest_plugin")
    assert [requirement for requirement in project["dependencies"] if "pytest" in requirement] == []


def test_pytest_is_no_dependency():
    code = "import sys; sys.modules['pytest'] = None; import tcgrad.api, tcgrad.cli.app, tcgrad.check"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
