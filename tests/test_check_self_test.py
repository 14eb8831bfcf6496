"""The self-test: every mistake that can be made in a derivative is planted and caught, or said not to be there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tcgrad.api import load, loads
from tcgrad.check.judging.verdict import Comparison, Expected
from tcgrad.check.mistakes.kinds import MISTAKES
from tcgrad.cli.run import run

SPECS = {
    "matmul": "dims: {I: 4, K: 4, J: 4}\ninputs: {x: [I, K], a: [K, J]}\nequations: ['y[i,j] = c*x[i,k]*a[k,j]']",
    "norm": "dims: {I: 3, K: 4}\ninputs: {x: [I, K]}\nequations:\n - m[i] = mean[k](x[i,k])\n"
    " - y[i,k] = c*(x[i,k] - m[i])/sqrt(mean[j]((x[i,j] - m[i])^2) + 1)",
    "quadratic": "dims: {N: 3}\ninputs: {x: [N], a: [N, N]}\nequations: ['y = c*(x[i]*a[i,j]*x[j] + x[i]*x[i])']",
    "vector": "dims: {N: 3}\ninputs: {x: [N]}\nequations: ['y[i] = c*x[i]^3']",
    "scalar": "inputs: {x: []}\nequations: ['y = c*sin(x)']",
    "hidden": "dims: {N: 3}\ninputs: {x: [N]}\nequations: ['y = c*x[i]*x[i]', 'z[i] = c*relu(x[i])']\noutputs: [y, z]",
}
EVERYWHERE = {"off by 1e-9", "off by 1e-6", "off by 1e-3", "scaled by 1e-6", "factor 2", "factor 1/2", "sign", "zero",
              "NaN", "one NaN", "one element", "another shape"}  # fmt: skip
CAUGHT = {
    "matmul": EVERYWHERE | {"elements swapped", "index off by one", "transposed", "mean for sum", "factor transposed",
                            "sum missing", "gradients exchanged"},
    "norm": EVERYWHERE | {"elements swapped", "index off by one", "transposed", "mean for sum", "term missing",
                          "sign of a term", "sum missing"},
    "quadratic": EVERYWHERE | {"elements swapped", "index off by one", "transposed", "mean for sum", "term missing",
                               "sign of a term", "gradients exchanged"},
    "vector": EVERYWHERE | {"elements swapped", "index off by one", "sum missing"},
    "scalar": EVERYWHERE,
}  # fmt: skip


def self_tested(name, scale="1", **options):
    text = f"constants: {{c: {scale}}}\n{SPECS[name]}\n"
    result = loads(text, f"{name}.yaml").check(self_test=True, trials=1, **options)
    return result, {each.mistake: each for each in result.results if each.kind == "self_test"}


@pytest.mark.parametrize("scale", ["1.0e-6", "1", "1.0e+6"])
@pytest.mark.parametrize("name", CAUGHT)
def test_every_mistake_that_there_can_be_is_caught(name, scale):
    result, mistakes = self_tested(name, scale)
    assert result.ok
    assert [*mistakes] == [mistake.name for mistake in MISTAKES]
    assert {name for name, each in mistakes.items() if each.status == "pass"} == CAUGHT[name]
    assert {name for name, each in mistakes.items() if each.status == "skip"} == set(mistakes) - CAUGHT[name]


def test_it_is_said_where_each_is_caught_and_by_what():
    _, mistakes = self_tested("matmul")
    places = [(p.kind, p.subject, p.of, p.wrt, p.outcome) for p in mistakes["transposed"].planted]
    assert places == [
        (kind, subject, "y", wrt, "caught")
        for wrt in ("x", "a")
        for kind, subject in (("jacobian", "formula"), ("jacobian", "module"), ("jvp", "module"),
                              ("gradient", "formula"), ("gradient", "module"), ("value_and_grad", "module"))
    ]  # fmt: skip
    # At the spec's own sizes the matrices are square, at others they are not.
    reasons = {p.kind: p.reason for p in mistakes["transposed"].planted}
    assert (reasons["gradient"], reasons["jacobian"]) == ("element by element, shape", "shape")
    assert {p.reason for p in mistakes["NaN"].planted} == {"is not finite where the reference is"}
    assert {p.reason for p in mistakes["another shape"].planted} == {"shape"}
    assert mistakes["sign"].message == (
        "caught in 12 of 12: gradient (formula, module), jacobian (formula, module), jvp (module), "
        "value_and_grad (module)"
    )


def test_what_cannot_be_is_not_counted_as_caught():
    _, mistakes = self_tested("scalar")
    assert {p.reason for p in mistakes["transposed"].planted} == {"there are no two axes to exchange"}
    assert {p.reason for p in mistakes["term missing"].planted} == {"no formula here is a sum of terms"}
    assert {p.outcome for p in mistakes["transposed"].planted} == {"not applicable"}
    made = loads("dims: {N: 3}\ninputs: {x: [N]}\nequations: ['y[i] = 2*x[i]']\n").check(self_test=True)
    symmetric = {p.kind: p.reason for r in made.results if r.mistake == "transposed" for p in r.planted}
    assert symmetric["jacobian"] == "the values are the same"


def test_a_derivative_that_is_0_has_no_sign_and_no_size():
    text = "dims: {N: 3}\ninputs: {x: [N], z: [N]}\nequations: ['y[i] = x[i]^2 + 0*floor(z[i])']\n"
    result = loads(text).check(self_test=True)
    by_z = {r.mistake: {p.outcome for p in r.planted if p.wrt == "z"} for r in result.results if r.mistake}
    assert by_z["sign"] == by_z["factor 2"] == by_z["zero"] == {"not applicable"}
    assert by_z["NaN"] == by_z["one element"] == {"caught"}


@pytest.mark.parametrize(("dtype", "hidden"), [
    ("float16", {"off by 1e-9", "off by 1e-6", "off by 1e-3"}), ("float32", {"off by 1e-9"}),
    ("float64", set()), ("longdouble", set()),
])  # fmt: skip
def test_what_rounding_may_do_as_well_is_not_counted_as_caught(dtype, hidden):
    result, mistakes = self_tested("matmul", dtype=dtype)
    assert result.ok
    told = {name for name, each in mistakes.items() if {p.reason for p in each.planted} == {"rounding may do as much"}}
    assert told == hidden
    assert {name for name, each in mistakes.items() if each.status == "skip" and name in EVERYWHERE} == hidden


@pytest.mark.parametrize(
    ("name", "seed"),
    [("huber", None), ("gaussian_log_likelihood", None), ("weighted_sum", None), ("weighted_sum", 22)],
)
def test_a_mistake_of_the_size_of_two_roundings_may_be_hidden(name: str, seed: int | None):
    """What is found may be off by one on this side of the right value, and with the mistake on the other."""
    result = load(f"gallery:{name}").check(dtype=["float32"], seed=seed, self_test=True)
    assert {each.status for each in result.results if each.mistake} <= {"pass", "skip"}


def test_a_mistake_in_one_of_many_elements_is_caught_along_directions():
    text = "dims: {N: 3000}\ninputs: {x: [N], w: [N]}\nequations: ['y = w[i]*sin(x[i])']\n"
    result = loads(text).check(self_test=True, trials=1)
    assert result.ok
    planted = {(p.kind, p.reason) for r in result.results if r.mistake == "one element" for p in r.planted}
    assert {reason for kind, reason in planted if kind == "gradient"} == {"along random directions, element by element"}


def test_too_large_a_tolerance_lets_mistakes_escape_and_that_is_a_failure():
    result, mistakes = self_tested("vector", rtol=1e-4)
    assert not result.ok
    escaped = {name for name, each in mistakes.items() if each.status == "fail"}
    assert escaped == {"off by 1e-9", "off by 1e-6"}
    assert mistakes["off by 1e-6"].message.startswith("escaped in 6 of 6: ")
    assert "--self-test" in mistakes["off by 1e-6"].repeat


def test_a_check_that_passes_everything_fails_its_self_test(monkeypatch):
    def blind(_, found):
        return Comparison("pass", found.size)

    monkeypatch.setattr(Expected, "judge", blind)
    _, mistakes = self_tested("matmul")
    escaped = {name for name, each in mistakes.items() if each.status == "fail"}
    assert escaped >= CAUGHT["matmul"] - {"gradients exchanged"}  # those have other shapes at other sizes


def test_a_check_that_decides_nothing_leaves_its_self_test_undecided():
    text = "inputs: {x: {shape: [3], sample: {integers: [0, 1]}}}\nequations: ['y[i] = abs(x[i])']\n"
    result = loads(text).check(self_test=True, trials=1)
    assert {r.status for r in result.results if r.mistake == "sign"} <= {"inconclusive", "skip"}
    assert not result.ok


def test_mistakes_are_planted_in_a_backward_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    (tmp_path / "spec.yaml").write_text("dims: {N: 3}\ninputs: {x: [N]}\nequations: ['y[i] = x[i]^3']\n")
    (tmp_path / "mine.py").write_text("right = lambda x, dy: 3*x**2*dy\nwrong = lambda x, dy: -3*x**2*dy\n")
    monkeypatch.chdir(tmp_path)
    arguments = ["check", "spec.yaml", "--self-test", "--format", "json", "--against"]
    assert run([*arguments, "mine:right"]) == 0
    [spec] = json.loads(capsys.readouterr().out)["specs"]
    planted = [p for r in spec["results"] if r["kind"] == "self_test" for p in r["planted"] if p["kind"] == "against"]
    assert {p["outcome"] for p in planted} == {"caught", "not applicable"}
    assert run([*arguments, "mine:wrong"]) == 1
    [spec] = json.loads(capsys.readouterr().out)["specs"]
    planted = [p for r in spec["results"] if r["kind"] == "self_test" for p in r["planted"] if p["kind"] == "against"]
    assert {p["reason"] for p in planted} == {"it fails without a mistake planted in it"}


FORMATS = {
    "text": "✓  self-test sign, float64: caught in 6 of 6: gradient (formula, module)",
    "junit": 'name="self_test of sign, float64"',
    "jsonl": '"mistake": "sign"',
    "markdown": "25 passed, 6 skipped",
    "sarif": '"results": []',
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_formats_tell_of_it(name, tmp_path: Path, capsys):
    path = tmp_path / "spec.yaml"
    path.write_text("dims: {N: 3}\ninputs: {x: [N]}\nequations: ['y[i] = x[i]^3']\n")
    assert run(["check", str(path), "--self-test", "--format", name]) == 0
    assert FORMATS[name] in capsys.readouterr().out


def test_escapes_are_told_in_every_format(tmp_path: Path, capsys):
    path = tmp_path / "spec.yaml"
    path.write_text("dims: {N: 3}\ninputs: {x: [N]}\nequations: ['y[i] = x[i]^3']\n")
    for name in ("text", "junit", "github", "sarif", "markdown"):
        assert run(["check", str(path), "--self-test", "--rtol", "0.01", "--format", name]) == 1
        told = capsys.readouterr().out
        assert "off by 1e-3, float64" in told or "off by 1e-9, float64" in told, name
        assert "escaped in 6 of 6" in told, name


def test_without_being_asked_for_nothing_is_planted():
    result = loads(f"constants: {{c: 1}}\n{SPECS['vector']}\n").check()
    assert not any(r.kind == "self_test" for r in result.results)
    asked = loads(f"constants: {{c: 1}}\n{SPECS['vector']}\ncheck: {{self_test: true}}\n").check()
    assert any(r.kind == "self_test" for r in asked.results)
