"""Derivations step by step in every format."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import tcgrad

MATMUL = """\
matmul: The product of two matrices.

Read as
    y[i,j] = Σ[k](x[i,k]·a[k,j])    [N, M] = [3, 5]

Jacobians
    ∂y[i,j]/∂x[p,q] = ∂(x[i,k]·a[k,j])/∂x[p,q]    definition of y
                    = ∂x[i,k]/∂x[p,q]·a[k,j]      constant factor rule
                    = δ[i,p]·δ[k,q]·a[k,j]        ∂x[i,k]/∂x[p,q] = δ[i,p]·δ[k,q]
                    = a[q,j]·δ[i,p]               contract δ
    ∂vec(y)/∂vec(x) = I ⊗ aᵀ                      matrix notation
    ∂y[i]/∂x[p]     = δ[i,p] aᵀ                   matrix notation

    ∂y[i,j]/∂a[p,q] = ∂(x[i,k]·a[k,j])/∂a[p,q]    definition of y
                    = x[i,k]·∂a[k,j]/∂a[p,q]      constant factor rule
                    = x[i,k]·δ[k,p]·δ[j,q]        ∂a[k,j]/∂a[p,q] = δ[k,p]·δ[j,q]
                    = x[i,p]·δ[j,q]               contract δ
    ∂vec(y)/∂vec(a) = x ⊗ I                       matrix notation

    Here vec writes a matrix as one column, row after row.

Gradients, given ∂l/∂y [N, M] = [3, 5]
    ∂l/∂x[p,q] = ∂l/∂y[i,j]·∂y[i,j]/∂x[p,q]    chain rule with the upstream gradient
               = ∂l/∂y[i,j]·a[q,j]·δ[i,p]      insert ∂y/∂x
               = ∂l/∂y[p,j]·a[q,j]             contract δ
    ∂l/∂x      = ∂l/∂y aᵀ                      matrix notation

    ∂l/∂a[p,q] = ∂l/∂y[i,j]·∂y[i,j]/∂a[p,q]    chain rule with the upstream gradient
               = ∂l/∂y[i,j]·x[i,p]·δ[j,q]      insert ∂y/∂a
               = ∂l/∂y[i,q]·x[i,p]             contract δ
    ∂l/∂a      = xᵀ ∂l/∂y                      matrix notation
"""

LINE_BY_LINE = """\
dims: {N: 3}
inputs: {x: [N], A: [N, N], b: [N]}
equations:
  - u[i] = tanh(A[i,j]*x[j])
  - v[i] = sin(A[i,j]*u[j]) + u[i]^2
  - f = v[i]*exp(A[i,j]*v[j])*b[i]
"""

SOFTMAX = """\
Jacobians
∂y[i]/∂x[p] = ∂(exp(x[i])/(1[k]·exp(x[k])))/∂x[p] | definition of y
= ∂exp(x[i])/∂x[p]/(1[k]·exp(x[k])) - exp(x[i])·∂(1[k]·exp(x[k]))/∂x[p]/(1[m]·exp(x[m]))² | quotient rule
= exp(x[i])·∂x[i]/∂x[p]/(1[k]·exp(x[k])) - exp(x[i])·exp(x[k])·∂x[k]/∂x[p]/(1[m]·exp(x[m]))² | chain rule
= exp(x[i])·δ[i,p]/(1[k]·exp(x[k])) - exp(x[i])·exp(x[k])·δ[k,p]/(1[m]·exp(x[m]))² | ∂x[i]/∂x[p] = δ[i,p]
= exp(x[i])·δ[i,p]/(1[k]·exp(x[k])) - exp(x[i])·exp(x[p])/(1[k]·exp(x[k]))² | contract δ
= exp(x[i])·(δ[i,p] - 1[i]·exp(x[p])/(1[k]·exp(x[k])))/(1[m]·exp(x[m])) | take out the common factor
= y[i]·(δ[i,p] - 1[i]·y[p]) | definition of y
∂y/∂x = diag(y) - y yᵀ | matrix notation

Gradients, given ∂l/∂y [N] = [5]
∂l/∂x[p] = ∂l/∂y[i]·∂y[i]/∂x[p] | chain rule with the upstream gradient
= ∂l/∂y[i]·y[i]·(δ[i,p] - 1[i]·y[p]) | insert ∂y/∂x
= ∂l/∂y[p]·y[p] - y[p]·∂l/∂y[i]·y[i] | contract δ
= y[p]·(∂l/∂y[p] - ∂l/∂y[i]·y[i]) | take out the common factor
∂l/∂x = y ⊙ (∂l/∂y - (yᵀ ∂l/∂y) 1) | matrix notation
"""

QUOTIENT_RULE = """\
Jacobians
∂y/∂x | [M, N, M, N, M, N] = [2, 3, 2, 3, 2, 3]

∂u[a,b]/∂x[p,q] = ∂sin(x[a,b])/∂x[p,q] | definition of u
= cos(x[a,b])·∂x[a,b]/∂x[p,q] | chain rule
= cos(x[a,b])·δ[a,p]·δ[b,q] | ∂x[a,b]/∂x[p,q] = δ[a,p]·δ[b,q]

∂v[c,d]/∂x[p,q] = ∂(1 + x[c,d]²)/∂x[p,q] | definition of v
= 2·x[c,d]·∂x[c,d]/∂x[p,q] | power rule
= 2·x[c,d]·δ[c,p]·δ[d,q] | ∂x[c,d]/∂x[p,q] = δ[c,p]·δ[d,q]

∂y[a,b,c,d]/∂x[p,q] = ∂(u[a,b]/v[c,d])/∂x[p,q] | definition of y
= ∂u[a,b]/∂x[p,q]/v[c,d] - u[a,b]·∂v[c,d]/∂x[p,q]/v[c,d]² | quotient rule
= cos(x[a,b])·δ[a,p]·δ[b,q]/v[c,d] - 2·x[c,d]·u[a,b]·δ[c,p]·δ[d,q]/v[c,d]² | insert ∂u/∂x and ∂v/∂x
"""

LAYER_NORM = """\
∂l/∂m[p] = ∂l/∂y[b,h]·∂y[b,h]/∂m[p]|v + ∂l/∂v[b]·∂v[b]/∂m[p] | chain rule with the upstream gradient
= -∂l/∂y[b,h]·gamma[h]·δ[b,p]/√(v[b] + eps) | insert ∂y/∂m|v and ∂v/∂m
= -∂l/∂y[p,h]·gamma[h]/√(v[p] + eps) | contract δ

∂y[b,h]/∂x[p,q]|m,v = ∂((x[b,h] - 1[h]·m[b])·gamma[h]/√(v[b] + eps) + 1[b]·beta[h])/∂x[p,q] | \
definition of y, m and v held fixed
= ∂x[b,h]/∂x[p,q]·gamma[h]/√(v[b] + eps) | sum rule, constant factor rule
= gamma[h]·δ[b,p]·δ[h,q]/√(v[b] + eps) | ∂x[b,h]/∂x[p,q] = δ[b,p]·δ[h,q]

∂v[b]/∂x[p,q]|m = ∂(1[h]·(x[b,h] - 1[h]·m[b])²/H)/∂x[p,q] | definition of v, m held fixed
= 2·(x[b,h] - 1[h]·m[b])·∂(x[b,h] - 1[h]·m[b])/∂x[p,q]/H | power rule
= 2·(x[b,h] - 1[h]·m[b])·∂x[b,h]/∂x[p,q]/H | sum rule
= 2·(x[b,h] - 1[h]·m[b])·δ[b,p]·δ[h,q]/H | ∂x[b,h]/∂x[p,q] = δ[b,p]·δ[h,q]
= 2·(x[b,q] - 1[q]·m[b])·δ[b,p]/H | contract δ

∂l/∂x[p,q] = ∂l/∂y[b,h]·∂y[b,h]/∂x[p,q]|m,v + ∂l/∂v[b]·∂v[b]/∂x[p,q]|m + ∂l/∂m[b]·∂m[b]/∂x[p,q] | \
chain rule with the upstream gradient
"""


def steps(name: str, **options: object) -> str:
    return tcgrad.load(f"gallery:{name}").derive().report(steps=True, **options)


def ruled(report: str) -> str:
    """The lines without their alignment, the rules behind a bar."""
    lines = (re.sub(r"(?<=\S) {4,}(?=[^ =])", " | ", line.strip()) for line in report.splitlines())
    return "\n".join(re.sub(r" +", " ", line) for line in lines)


def test_the_derivation_of_a_matrix_product() -> None:
    assert steps("matmul") == MATMUL


@pytest.mark.parametrize(
    ("name", "lines"), [("softmax", SOFTMAX), ("quotient_rule", QUOTIENT_RULE), ("layer_norm", LAYER_NORM)]
)
def test_the_derivation_of(name: str, lines: str) -> None:
    assert lines.rstrip("\n") in ruled(steps(name))


def test_no_line_is_told_twice() -> None:
    for name in ("layer_norm", "attention", "two_linear"):
        lefts = re.findall(r"^ {4}(\S.*?) = ", steps(name, notations=["index"]), flags=re.MULTILINE)
        read = len(tcgrad.load(f"gallery:{name}").program.statements)
        assert len(set(lefts[read:])) == len(lefts[read:])


def test_a_formula_told_on_the_way_to_another_stands_in_its_place_without_steps() -> None:
    text = "inputs: {x: [3], w: [3, 3]}\nequations: ['y[i] = w[i,k]*x[k]', 'z[i] = y[i]^2']\noutputs: [z, y]\n"
    report = ruled(tcgrad.loads(text).derive(wrt=["x"]).report(steps=True))
    assert "∂y[i]/∂x[p] = w[i,p] | as above\n∂y/∂x = w | matrix notation\n\nGradients" in report
    assert report.count("∂y[i]/∂x[p] = ∂(w[i,k]·x[k])/∂x[p] | definition of y") == 1


def test_plain_text_is_plain() -> None:
    report = steps("matmul", unicode=False)
    assert report.isascii()
    assert "= dx[i,k]/dx[p,q]*a[k,j]          constant factor rule" in report
    assert "= a[q,j]*delta[i,p]               contract delta" in report


def test_colours_change_no_character() -> None:
    plain, painted = (steps("softmax", color=color) for color in (False, True))
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == plain


def test_json() -> None:
    data = json.loads(steps("attention", output_format="json"))
    for entry in (*data["jacobians"], *data["gradients"]):
        assert all(list(step) == ["rule", "text", "latex"] for step in entry["steps"])
        index = [step for step in entry["steps"] if step["rule"] != "matrix notation"]
        last = entry["index"] if isinstance(entry["index"], str) else entry["index"][-1]
        assert index[-1]["text"] == last
    first = data["jacobians"][0]["steps"][0]
    assert first["rule"] == "definition of s"
    assert first["text"] == "ds[i,j]/dq[p,q] = d(q[i,d]*k[j,d]/sqrt(D))/dq[p,q]"
    assert first["latex"].startswith(r"\frac{\partial s_{ij}}{\partial q_{pq}} = \frac{\partial}{\partial q_{pq}} ")


def test_json_has_steps_only_where_they_are_asked_for() -> None:
    plain = tcgrad.load("gallery:matmul").derive().as_dict()
    assert not any("steps" in entry for entry in (*plain["jacobians"], *plain["gradients"]))
    explained = tcgrad.load("gallery:matmul").derive().as_dict(steps=True)
    for entry in (*explained["jacobians"], *explained["gradients"]):
        assert entry.pop("steps")
    assert explained == plain


def test_spelling_is_chosen_as_elsewhere() -> None:
    assert "= Σ[k](∂x[i,k]/∂x[p,q]·a[k,j])    constant factor rule" in steps("matmul", sums=True)
    typeset = steps("matmul", output_format="latex", latex_style="tensors")
    assert r"&& \text{insert }\frac{\partial \mathbf{Y}}{\partial \mathbf{X}} \\" in typeset
    assert "∂vec(y)/∂vec(x) = aᵀ ⊗ I" in steps("matmul", vec="column")


def test_markdown() -> None:
    report = steps("matmul", output_format="markdown")
    assert "### `∂l/∂x`, shape `[N, K] = [3, 4]`\n\n```math\n\\begin{aligned}\n\\frac{\\partial l}" in report
    assert r" &= \sum_{k} \frac{\partial x_{ik}}{\partial x_{pq}} a_{kj} && \text{constant factor rule} \\" in report


def test_markdown_of_a_scalar_whose_formulas_without_steps_go_line_by_line() -> None:
    derived = tcgrad.loads(LINE_BY_LINE).derive()
    for with_steps in (False, True):
        report = derived.report("markdown", steps=with_steps)
        assert {"### `∂f/∂x`, shape `[N] = [3]`", "### `∂f/∂b`, shape `[N] = [3]`"} <= set(report.splitlines())


def test_what_has_no_closed_form_has_a_reason() -> None:
    report = steps("rnn")
    assert "    no closed form: loss depends on w through a recurrence\n" in report
    assert "chain rule, no later step reads h[T-1,n,j]\n" in report


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="TeX is not installed")
def test_latex_compiles(tmp_path: Path) -> None:
    names = ("softmax", "quotient_rule", "layer_norm", "rnn", "inverse", "max_pool", "huber", "conv2d", "hmm")
    body = "\n".join(steps(name, output_format="latex") for name in names)
    assert body.count(r"\begin{align*}") == body.count(r"\end{align*}") > 40
    source = "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}\n" + body + "\\end{document}\n"
    (tmp_path / "report.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]


def test_a_page_may_end_within_a_long_derivation() -> None:
    together, apart = [], []
    for name in ("softmax", "layer_norm", "rnn", "attention", "hmm"):
        report = steps(name, output_format="latex")
        display = r"(\\begingroup\\allowdisplaybreaks\n)?\\begin{align\*}(.*?)\\end"
        for group, lines in re.findall(display, report, re.DOTALL):
            (apart if group else together).append(lines.count("\n"))
        assert report.count(r"\begingroup") == report.count(r"\endgroup")
    assert max(together) < 14 < min(apart)


def test_the_same_bytes_under_any_hash_seed() -> None:
    script = "import sys, tcgrad\nfor n in sys.argv[1:]: print(tcgrad.load('gallery:' + n).derive().report(steps=True))"
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script, "rnn"],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "4242")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 5000


UPDATE = """\
dims: {N: 3, M: 2}
inputs: {C: [N, M], R: [M, M], z: [M], H: [M, N], x: [N]}
equations:
  - K[i,j] = C[i,k]*inv(R)[k,j]
  - r[i] = z[i] - H[i,k]*x[k]
  - y[i] = x[i] + K[i,j]*r[j]
wrt: [R, z, x]
"""
DEVIATIONS = """\
dims: {N: 5}
inputs: {x: [N], g: [N]}
equations:
  - m = mean[i](x[i])
  - v = mean[i]((x[i] - m)^2)
  - y[i] = g[i]*(x[i] - m)/sqrt(v + 1)
"""
TANH = "inputs: {x: [3]}\nequations: ['t[i] = tanh(x[i])', 'f[i] = log(1 + t[i])']\n"
GAUSSIAN = """\
inputs: {k: {shape: [3, 3], symmetric: true}, y: [3]}
equations: ['a[i] = inv(k)[i,j]*y[j]', 'f = -y[i]*a[i]/2']
wrt: [y]
"""
COVARIANCE = """\
inputs: {p: [2, 2], x: [2]}
indices: {t: 3}
equations: ['P[-1,i,j] = p[i,j]', 'P[t,i,j] = 2*P[t-1,i,j] + delta[i,j]', 'f = x[i]*inv(P)[0,i,j]*x[j]']
wrt: [p]
"""
QUADRATIC = """\
inputs: {k: {shape: [3, 3], symmetric: true}, y: [3]}
equations: ['f = y[i]*k[i,j]*y[j]']
wrt: [y]
"""
CLASSES = """\
dims: {N: 4, K: 3}
inputs: {x: [N, K], b: [K], t: {shape: [N], dtype: int, sample: {integers: [0, K]}}}
equations: ['z[n,k] = x[n,k] + b[k]', 'p[n,k] = exp(z[n,k])/(1[j]*exp(z[n,j]))', 'f = -1[n]*log(p[n,t[n]])/N']
wrt: [b]
"""
NAMED = [
    (UPDATE, "= -∂l/∂r[p]·R⁻¹[q,s]·r[s] | insert ∂l/∂r"),
    (DEVIATIONS, "- (x[p] - m)·∂l/∂y[i]·y[i]/(N·(v + 1)) | collect like terms"),
    (TANH, "= (1 - t[i])·δ[i,p] | collect like terms"),
    (GAUSSIAN, "= -a[p] | definition of a"),
    (COVARIANCE, "·δ[t,0] | insert ∂l/∂P⁻¹"),
    (QUADRATIC, "= 2·k[p,i]·y[i] | contract δ, collect like terms, k is symmetric"),
    (CLASSES, "- 1[n]·δ[p,t[n]]/N | cancel common factors"),
]


@pytest.mark.parametrize(("text", "line"), NAMED)
def test_a_line_is_named_by_what_has_changed_in_it(text: str, line: str) -> None:
    """Not by the definitions of all that stands there; a gradient that was worked out before is inserted."""
    report = ruled(tcgrad.loads(text).derive().report(steps=True, notations=["index"]))
    assert any(told.endswith(line) for told in report.splitlines())


def test_a_common_factor_is_taken_out_in_one_line() -> None:
    rules = [line.split(" | ")[-1] for line in ruled(tcgrad.loads(CLASSES).derive().report(steps=True)).splitlines()]
    assert "take out the common factor" in rules
    assert not any(before == after == "take out the common factor" for before, after in pairwise(rules))


def test_rules_are_one_text_in_latex() -> None:
    report = tcgrad.loads(TANH).derive().report("latex", steps=True)
    assert r"\text{chain rule, definition of }t" in report


def test_no_line_leads_back_to_an_earlier_one() -> None:
    report = ruled(tcgrad.loads(UPDATE).derive().report(steps=True, notations=["index"]))
    for passage in report.split("\n\n"):
        lines = [line.split(" | ")[0].split(" = ")[-1].removeprefix("= ") for line in passage.splitlines()]
        assert len(set(lines)) == len(lines), passage
