"""LaTeX by components and by tensors, sums on request, vectorisation either way; all of it goes through pdflatex."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from matrix_tools import program_from
from test_matrix_cookbook import rows

import tcgrad
from tcgrad.api import Derived
from tcgrad.calculus import derive
from tcgrad.language.elaborate import elaborate
from tcgrad.locate import gallery_specs
from tcgrad.notation.spelling.latex_tensors import latex_of_tensors
from tcgrad.notation.spelling.latex_text import latex_text
from tcgrad.report.derivations.json_object import render_json
from tcgrad.report.derivations.latex import render_latex
from tcgrad.report.derivations.styles import Writing
from tcgrad.spec.loader import read_spec

LAYER = """\
dims: {N: 3, M: 2}
inputs: {w: [N, M], x: [M]}
equations: ['y[i] = w[i,j]*x[j]']
"""

# declarations, a tensor among them, its LaTeX with and without positions
LETTERS = [
    ("x: [2]", "x", r"\mathbf{x}_{i}", r"\mathbf{x}"),
    ("a: [2, 2]", "a", r"\mathbf{A}_{ij}", r"\mathbf{A}"),
    ("a: [2, 2], A: [2, 2]", "a", r"\mathbf{a}_{ij}", r"\mathbf{a}"),
    ("a: [2, 2], A: [2]", "a", r"\mathbf{A}_{ij}", r"\mathbf{A}"),
    ("a: [2, 2], A: [2]", "A", r"\mathbf{A}_{i}", r"\mathbf{A}"),
    ("t: [2, 2, 2]", "t", r"\mathcal{T}_{ijk}", r"\mathcal{T}"),
    ("T: [2, 2, 2], t: [2, 2, 2]", "t", r"\mathbf{t}_{ijk}", r"\mathbf{t}"),
    ("s: []", "s", "s", "s"),
    ("w1: [2, 2]", "w1", r"\mathbf{W}^{(1)}_{ij}", r"\mathbf{W}_{1}"),
    ("theta: [2]", "theta", r"\boldsymbol{\theta}_{i}", r"\boldsymbol{\theta}"),
    ("sigma: [2, 2]", "sigma", r"\boldsymbol{\Sigma}_{ij}", r"\boldsymbol{\Sigma}"),
    ("beta: [2, 2]", "beta", r"\boldsymbol{\beta}_{ij}", r"\boldsymbol{\beta}"),
    ("weights: [2, 2]", "weights", r"\mathbf{weights}_{ij}", r"\mathbf{weights}"),
    ("γ: [2]", "γ", r"\boldsymbol{\gamma}_{i}", r"\boldsymbol{\gamma}"),
    ("γ: [2, 2]", "γ", r"\boldsymbol{\Gamma}_{ij}", r"\boldsymbol{\Gamma}"),
    ("γ: [2, 2], Γ: [2, 2]", "γ", r"\boldsymbol{\gamma}_{ij}", r"\boldsymbol{\gamma}"),
    ("γ_1: [2, 2], Γ_1: [2, 2]", "γ_1", r"\boldsymbol{\gamma}^{(1)}_{ij}", r"\boldsymbol{\gamma}_{1}"),
    ("σ2: [2, 2]", "σ2", r"\boldsymbol{\Sigma}^{(2)}_{ij}", r"\boldsymbol{\Sigma}_{2}"),
    ("ŷ: [2]", "ŷ", r"\boldsymbol{\hat{y}}_{i}", r"\boldsymbol{\hat{y}}"),
    ("μ̂: []", "μ̂", r"\hat{\mu}", r"\hat{\mu}"),
    ("ε: []", "ε", r"\varepsilon", r"\varepsilon"),
    ("Δx: [2]", "Δx", r"\mathbf{{\Delta}x}_{i}", r"\mathbf{{\Delta}x}"),
    ("y_true: [2]", "y_true", r"\mathbf{y}^{\mathrm{true}}_{i}", r"\mathbf{y}_{\mathrm{true}}"),
]


@pytest.mark.parametrize(("inputs", "name", "component", "whole"), LETTERS)
def test_tensors_by_their_order(inputs: str, name: str, component: str, whole: str) -> None:
    program = elaborate(read_spec(f"inputs: {{{inputs}, z_: []}}\nequations: ['z = z_']\n", "spec"))
    tensor = next(item.tensor for item in program.inputs if item.tensor.name == name)
    syntax = latex_of_tensors(program)
    assert syntax.tensor(tensor, "ijk"[: tensor.order]) == component
    assert syntax.tensor(tensor, ()) == whole


def test_components_and_tensors() -> None:
    derived = tcgrad.loads(LAYER).derive(wrt=["w"])
    components = derived.report("latex", notations=["matrix"])
    tensors = derived.report("latex", notations=["matrix"], latex_style="tensors")
    assert r"\frac{\partial l}{\partial w} &= \frac{\partial l}{\partial y} x^\top" in components
    assert (
        r"\frac{\partial l}{\partial \mathbf{W}} &= \frac{\partial l}{\partial \mathbf{y}} \mathbf{x}^\top" in tensors
    )
    assert r"&= \mathbf{I} \otimes \mathbf{x}^\top" in tensors
    assert r"\mathbf{y}_{i} &= \sum_{j} \mathbf{W}_{ij} \mathbf{x}_{j}" in tensors


def test_inverses_show_the_order_of_their_operand() -> None:
    text = "inputs: {a: [2, 2], b: [2]}\nequations: ['y[i] = inv(a)[i,j]*b[j]', 'f = logdet(a)']\noutputs: [y, f]\n"
    latex = tcgrad.loads(text).derive().report("latex", latex_style="tensors")
    assert r"\left(\mathbf{A}^{-1}\right)_{ij}" in latex
    assert r"\log\det\left(\mathbf{A}\right)" in latex


def test_sums_are_named_on_request() -> None:
    derived = tcgrad.loads(LAYER).derive(wrt=["x"])
    assert "    ∂l/∂x[p] = ∂l/∂y[i]·w[i,p] " in derived.report(notations=["index"])
    assert "    ∂l/∂x[p] = Σ[i](∂l/∂y[i]·w[i,p]) " in derived.report(notations=["index"], sums=True)
    assert "    dl/dx[p] = sum[i](dl/dy[i]*w[i,p]) " in derived.report(notations=["index"], sums=True, unicode=False)


def test_the_vectorisation_is_stated_and_chosen() -> None:
    derived = tcgrad.loads(LAYER).derive(wrt=["w"])
    by_row, by_column = derived.report(), derived.report(vec="column")
    assert "    ∂y/∂vec(w)    = I ⊗ xᵀ " in by_row
    assert "    ∂y/∂vec(w)    = xᵀ ⊗ I " in by_column
    assert "\n\n    Here vec writes a matrix as one column, row after row.\n\nGradients" in by_row
    assert "\n\n    Here vec writes a matrix as one column, column after column.\n\nGradients" in by_column
    assert "vec" not in tcgrad.loads(LAYER).derive(wrt=["x"]).report()


@pytest.mark.parametrize("vec", ["row", "column"])
def test_the_layout_in_json_is_that_of_the_numpy_form(vec: str) -> None:
    text = "dims: {N: 3, M: 2, K: 4}\ninputs: {w: [N, M], x: [M, K]}\nequations: ['y[i,j] = w[i,k]*x[k,j]']\n"
    derivation = tcgrad.loads(text).derivation
    rng = np.random.default_rng(0)
    values = {"w": rng.normal(size=(3, 2)), "x": rng.normal(size=(2, 4)), "N": 3, "M": 2, "K": 4, "np": np}
    full = {
        "w": np.einsum("qj,ip->ijpq", values["x"], np.eye(3)), "x": np.einsum("ip,jq->ijpq", values["w"], np.eye(4)),
    }  # fmt: skip
    order = {"row": "C", "column": "F"}[vec]
    for entry in render_json(derivation, writing=Writing(vec=vec))["jacobians"]:
        assert entry["matrix"]["layout"] == {"row": "vec", "column": "vec_column"}[vec]
        found = eval(entry["matrix"]["numpy"], values)  # noqa: S307 - text that the tool made
        np.testing.assert_allclose(found, full[entry["wrt"]].reshape(found.shape, order=order))


def document(reports: Iterable[str]) -> str:
    head = "\\documentclass{article}\n\\usepackage{amsmath,amssymb}\n\\begin{document}\n"
    return head + "\n".join(reports) + "\\end{document}\n"


def compile_document(source: str, folder: Path) -> list[float]:
    """By how many points each line of the document that is too wide is so."""
    (folder / "all.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-draftmode", "all.tex"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    log = (folder / "all.log").read_text(encoding="utf-8", errors="replace")
    return [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", log)]


needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="TeX is not installed")
A_LETTER = 5.0  # points: what nobody sees beside a margin
EVERY = ["index", "matrix", "einstein", "einsum"]


def gallery_reports(styles: list[str], notations: list[str], *, hessians: bool = False) -> Iterator[str]:
    """Every spec in one style, turn by turn."""
    for number, path in enumerate(gallery_specs()):
        program = tcgrad.load(path).program
        twice = hessians and any(not output.order for output in program.outputs)
        writing = Writing(latex_style=styles[number % len(styles)])
        yield render_latex(derive(program, hessian=twice), notations=notations, writing=writing)


@needs_tex
def test_the_gallery_goes_through_latex_and_fits_on_its_pages(tmp_path: Path) -> None:
    source = document(gallery_reports(["components", "tensors"], ["index", "matrix"]))
    assert max(compile_document(source, tmp_path), default=0) < A_LETTER


@needs_tex
@pytest.mark.long
@pytest.mark.parametrize("style", ["components", "tensors"])
def test_the_whole_gallery_goes_through_latex_in_either_style(style: str, tmp_path: Path) -> None:
    compile_document(document(gallery_reports([style], EVERY, hessians=True)), tmp_path)


@needs_tex
def test_the_tables_of_matrix_identities_go_through_latex(tmp_path: Path) -> None:
    programs = dict.fromkeys((row.inputs, row.equations) for row in rows())
    reports = [render_latex(derive(program_from(*pair)), writing=Writing(latex_style="tensors")) for pair in programs]
    assert max(compile_document(document(reports), tmp_path), default=0) < A_LETTER


MARKS = ["_true", "_0", "2", "_α", "\N{COMBINING CIRCUMFLEX ACCENT}_max", "é"]


@needs_tex
@pytest.mark.parametrize("style", ["components", "tensors"])
def test_names_with_marks_and_accents_go_through_latex_everywhere(style: str, tmp_path: Path) -> None:
    reports = []
    for number, row in enumerate(rows()):
        mark = MARKS[number % len(MARKS)]
        names = "|".join(re.findall(r"(\w+):", row.inputs))
        inputs = re.sub(rf"\b({names}):", rf"\g<1>{mark}:", row.inputs)
        marked = re.sub(rf"(?<![\w,[])({names})\b(?!\()", rf"\g<1>{mark}", row.equations)
        program = program_from(inputs, marked)
        derived = Derived(derive(program, hessian=not program.outputs[0].order))
        reports.append(derived.report("latex", notations=[*EVERY], latex_style=style))
    compile_document(document(reports), tmp_path)


PROSE = [
    ("50% of a_b", r"50\% of a\_b"),
    ("Σ = L Lᵀ", r"\ensuremath{\Sigma} = L L\ensuremath{^{T}}"),
    ("é ŷ ß “x” – ½", "é ŷ ß “x” – ½"),
    (
        "θ̂ ấ x⁻₁",
        r"\ensuremath{\hat{\theta}} \ensuremath{\acute{\hat{a}}} x\ensuremath{^{-}}\ensuremath{_{1}}",
    ),
    ("∂y ≤ ∞", r"\ensuremath{\partial}y \ensuremath{\le} \ensuremath{\infty}"),
]


@pytest.mark.parametrize(("text", "latex"), PROSE)
def test_prose(text: str, latex: str) -> None:
    assert latex_text(text) == latex


@needs_tex
def test_prose_goes_through_latex(tmp_path: Path) -> None:
    compile_document(document(rf"\paragraph{{{latex}}} {latex} \texttt{{{latex}}}" for _, latex in PROSE), tmp_path)


def test_sizes_that_are_multiplied_are_told_apart() -> None:
    text = "dims: {N: 4}\ninputs: {x: [2, N]}\nequations: ['y[i,j] = x[i,j]^2']\n"
    report = tcgrad.loads(text).derive().report("latex", notations=["matrix"])
    assert r"[2 \cdot N, 2 \cdot N] = [8, 8]" in report


def test_the_unit_matrix_beside_a_tensor_of_its_name() -> None:
    spec = "dims: {N: 3}\ninputs: {x: [N], I: [N, N]}\nequations: ['y[i] = I[i,j]*x[j] + x[i]']\nwrt: [x]\n"
    text = tcgrad.loads(spec).derive().report("latex", latex_style="tensors")
    assert r"\mathbf{I} + \mathbf{I}_{N}" in text
