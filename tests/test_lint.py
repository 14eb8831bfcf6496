"""Warnings about specs: what is warned of, where, and what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tcgrad
from tcgrad.cli.run import run
from tcgrad.lint import lint
from tcgrad.locate import gallery_specs

HEAD = "dims: {N: 4, M: 3}\ninputs: {x: [N], w: [M]}\n"
BOTH = "equations: ['y[i,j] = x[i]*w[j]']\n"

# A spec, and code, line and column of its warnings with a part of each message.
WARNED = [
    (HEAD + BOTH, []),
    ("dims: {N: 4}\ninputs: {x: [N], t: []}\nequations: ['y[i] = 2*x[i]']\n", [("TC701", 2, 18, "the input `t`")]),
    ("inputs: {x: [4], t: []}\nequations:\n  - z = t^2\n  - y[i] = 2*x[i]\n",
     [("TC701", 1, 18, "the input `t`"), ("TC705", 3, 5, "no output depends on `z`")]),
    ("constants: {x1: 2, x2: 3}\n" + HEAD + "equations: ['y[i,j] = x1*x[i]*w[j]']\n", [("TC702", 1, 20, "`x2`")]),
    ("constants: {c: 2}\n" + HEAD + BOTH + "expect: ['dl/dx[p] = dl/dy[p,j]*w[j]*c/2']\n", []),
    ("dims: {K: 2, N: K + 2}\ninputs: {x: [N]}\nequations: ['y[i] = 2*x[i]']\n", []),
    ("dims: {K: 2, N: 4}\ninputs: {x: [N]}\nequations: ['y[i] = 2*x[i]']\n", [("TC703", 1, 8, "the dim `K`")]),
    ("dims: {K: 2, N: 4}\ninputs: {x: [N]}\nequations: ['y[i,j] = x[i]']\nindices: {j: K}\n", []),
    ("dims: {K: 2, N: 4}\ninputs: {x: [N]}\nequations: ['y[i] = K*x[i]']\n", []),
    ("inputs: {x: [4]}\nindices: {i: 4, k: 5}\nequations: ['y[i] = 2*x[i]']\n", [("TC709", 2, 17, "the index `k`")]),
    ("inputs: {x: [4]}\nindices: {p: 4}\nequations: ['y = x[i]*x[i]']\nexpect: ['dy/dx[p] = 2*x[p]']\n", []),
    ('functions: {"f(z)": "z^2", "g(z)": "f(z)", "h(z)": null}\n' + HEAD + "equations: ['y[i,j] = g(x[i])*w[j]']\n",
     [("TC704", 1, 45, "the function `h`")]),
    ("inputs: {x: [4]}\nequations: |\n  z[i] = 2*x[i]\n  y[i] = x[i]^2\n", [("TC705", 3, 3, "depends on `z`")]),
    ("inputs: {A: {shape: [3, 3], sample: spd}}\nequations: ['y = inv(A)[i,i]']\n", []),
    ("inputs: {x: [4], k: {shape: [4], dtype: int}}\noutputs: [y, z]\nequations:\n  - y = x[0]\n  - z[i] = 2*k[i]\n",
     [("TC706", 5, 5, "the output `z` depends on no input of `wrt`")]),
    ("dims: {N: 4, M: 4}\ninputs: {a: [N, M], b: [N, M]}\nequations: ['y = a[i,j]*b[i,j]']\n",
     [("TC707", 2, 17, "`N` and `M` are both 4")]),
    ("dims: {N: 4}\ninputs: {x: [N]}\nequations: ['y[i] = where(i == N-1, x[0], x[i+1])']\n",
     [("TC710", 3, 14, "`i == N - 1` never holds: `i` runs from 0 to `N - 2`")]),
    ("dims: {N: 4}\ninputs: {x: [N]}\nequations: ['y[i] = where(i >= 0, x[i], 0)']\n",
     [("TC710", 3, 14, "`i >= 0` always holds")]),
    ("inputs: {x: [4]}\nequations: ['y = sum[i,j]([i > j + 3]*x[i]*x[j])']\n", [("TC710", 2, 14, "`j` runs from 0")]),
    ("dims: {N: 4}\ninputs: {x: [N]}\nequations: ['y[i] = [0 <= i < 3]*x[i]']\n", []),
    ("inputs: {x: [4], k: {shape: [4], dtype: int}}\nequations: ['y[i] = where(k[i] == 3, x[i], 0)']\n", []),
    ("dims: {N: 4}\ninputs: {a: [N, N]}\nequations: ['y[i] = a[i,j]*1[j]']\n", []),
    ("dims: {N: 2}\ninputs: {a: [N + 1, 3]}\nequations: ['y = a[i,j]*a[i,j]']\n", [("TC707", 2, 21, "`N + 1` and")]),
    ("dims: {B: 1}\ninputs: {a: [B, 3]}\nequations: ['y = a[i,j]*a[i,j]']\n", [("TC708", 1, 11, "the dim `B` is 1")]),
    ("dims: {P: 1}\ninputs: {a: {shape: [3], outside: 0}}\nequations: ['y[i] = a[i-P]']\nindices: {i: 3}\n", []),
    ("inputs: {x: [4], y: [4]}\nequations: ['a = exp(x[i]*x[i])*exp(y[i]*y[i])']\n", [("TC313", 2, 18, "`i` is")]),
    ("inputs: {x: [4], y: [4], b: []}\nequations:\n  - h[-1] = b\n  - h[t] = h[t-1]*x[t]\n  - r = h[3]*sum[i](y[i])\n",
     []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found"), WARNED)
def test_warnings(text: str, found: list[tuple[str, int, int, str]]):
    function = tcgrad.loads(text, "t.yaml")
    warnings = lint(function.program)
    assert [(w.code, *function.spec.source.position(w.span.start)) for w in warnings] == [row[:3] for row in found]
    assert all(row[3] in warning.message for row, warning in zip(found, warnings, strict=True))
    assert all(warning.severity == "warning" for warning in warnings)


def test_the_gallery_has_nothing_unused():
    codes = {path.stem: {each.code for each in lint(tcgrad.load(path).program)} for path in gallery_specs()}
    assert {name: found - {"TC707", "TC708"} for name, found in codes.items() if found - {"TC707", "TC708"}} == {}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.yaml").write_text(HEAD + BOTH)
    (tmp_path / "b.yaml").write_text("constants: {c: 2}\n" + HEAD + BOTH)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_report_is_on_standard_output_and_the_status_is_asked_for(capsys: pytest.CaptureFixture[str]):
    assert run(["lint", "."]) == 0
    output, errors = capsys.readouterr()
    assert output.startswith("b.yaml:1:13: warning[TC702]: nothing uses the constant `c`\nconstants: {c: 2}\n")
    assert output.endswith("1 warning about 2 specs\n")
    assert errors == ""
    assert run(["lint", ".", "--error-on-warning"]) == 1
    assert run(["lint", "a.yaml", "--error-on-warning"]) == 0


def test_errors_are_errors(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "c.yaml").write_text("inputs: {x: [3]}\nequations: ['y = 3*x[i]']\n")
    assert run(["lint", ".", "--format", "json"]) == 2
    output, errors = capsys.readouterr()
    assert errors.startswith("c.yaml:2:22: error[TC305]: ")
    report = json.loads(output)
    assert [(spec["spec"], spec["ok"]) for spec in report["specs"]] == [
        ("a.yaml", True),
        ("b.yaml", True),
        ("c.yaml", False),
    ]
    assert [[w["code"] for w in spec["warnings"]] for spec in report["specs"]] == [[], ["TC702"], []]
    assert run(["lint", "a.yaml", "c.yaml"]) == 2
    assert capsys.readouterr().out.endswith("no warnings about 1 spec, 1 spec is wrong\n")


@pytest.mark.usefixtures("folder")
def test_formats_for_pipelines(capsys: pytest.CaptureFixture[str]):
    assert run(["lint", ".", "--format", "github"]) == 0
    assert capsys.readouterr().out.startswith("::warning file=b.yaml,line=1,")
    assert run(["lint", ".", "--format", "sarif"]) == 0
    [result] = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("TC702", "warning")


AMBIGUOUS = "inputs: {x: [4], y: [4]}\nequations: ['a = exp(x[i]*x[i])*exp(y[i]*y[i])']\n"


@pytest.mark.parametrize("command", ["derive", "emit", "check"])
def test_other_commands_warn_of_what_can_be_read_in_two_ways(tmp_path: Path, command: str, capsys):
    (tmp_path / "a.yaml").write_text(AMBIGUOUS)
    assert run([command, str(tmp_path / "a.yaml")]) == 0
    output, errors = capsys.readouterr()
    assert f"{tmp_path / 'a.yaml'}:2:18: warning[TC313]: `i` is summed over the whole" in errors
    assert "sum[i](...)" in errors
    assert "TC313" not in output
