"""Hessians in reports: their section, the line about transposes, the table of scalars, and JSON."""

from __future__ import annotations

import json

import tcgrad
from tcgrad.report.derivations.json_object import json_text

QUADRATIC = """\
dims: {N: 3}
inputs: {x: [N], a: [N, N]}
equations: ['f = x[i]*a[i,j]*x[j]']
"""
SCALARS = "inputs: {x: [], y: []}\nequations: ['f = x^2*y']\n"


def report(text: str, **options: object) -> str:
    return tcgrad.loads(text).derive(hessian=True).report(**options)  # type: ignore[arg-type]


def test_text() -> None:
    _, _, section = report(QUADRATIC).partition("\nHessian of f\n")
    assert (
        section
        == """\
    ∂²f/∂x[p]∂x[q] = a[p,q] + a[q,p]    [N, N] = [3, 3]
    ∂²f/∂x∂xᵀ      = a + aᵀ             [N, N] = [3, 3]

    ∂²f/∂x[p]∂a[q,r] = x[q]·δ[p,r] + x[r]·δ[p,q]    [N, N, N] = [3, 3, 3]
    ∂²f/∂x∂vec(a)ᵀ   = xᵀ ⊗ I + I ⊗ xᵀ              [N, N·N] = [3, 9]

    ∂²f/∂a[p,q]∂a[r,s] = 0    [N, N, N, N] = [3, 3, 3, 3]

    A block of two inputs stands once: that of the same two the other way round is its transpose.
    Here vec writes a matrix as one column, row after row.
"""
    )


def test_text_in_ascii() -> None:
    text = report(QUADRATIC, unicode=False)
    assert text.isascii()
    assert "    d2f/dx[p]dx[q] = a[p,q] + a[q,p]    [N, N] = [3, 3]\n" in text
    assert "    d2f/dxdvec(a)^T  = x^T (x) I + I (x) x^T " in text


def test_scalars_make_one_matrix() -> None:
    assert report(SCALARS).endswith(
        """\
Hessian of f
    ∂²f/∂x²  = 2·y    scalar
    ∂²f/∂x∂y = 2·x    scalar
    ∂²f/∂y²  = 0      scalar

    A block of two inputs stands once: that of the same two the other way round is its transpose.

The Hessian as one matrix
    ∂²f/∂(x, y)² = [2·y  2·x]
                   [2·x  0  ]
"""
    )


def test_latex_and_markdown() -> None:
    latex, markdown = report(SCALARS, output_format="latex"), report(QUADRATIC, output_format="markdown")
    assert "\\frac{\\partial^2 f}{\\partial x^2} &= 2 y && \\text{scalar} \\\\\n" in latex
    assert "\\frac{\\partial^2 f}{\\partial x \\, \\partial y} &= 2 x" in latex
    assert r"\frac{\partial^2 f}{\partial (x, y)^2} &= \begin{bmatrix} 2 y & 2 x \\ 2 x & 0 \end{bmatrix}" in latex
    assert "## Hessian of `f`\n\n### `∂²f/∂x∂x`, shape `[N, N] = [3, 3]`\n" in markdown
    assert r"\frac{\partial^2 f}{\partial x \, \partial x^\top} = a + a^\top" in markdown


def test_json() -> None:
    data = tcgrad.loads(QUADRATIC).derive(hessian=True).as_dict()
    assert json.loads(json_text(data)) == data
    assert list(data) == ["name", "outputs", "jacobians", "gradients", "hessians"]
    assert [entry["wrt"] for entry in data["hessians"]] == [["x", "x"], ["x", "a"], ["a", "a"]]
    assert data["hessians"][0] == {
        "of": "f",
        "wrt": ["x", "x"],
        "indices": ["p", "q"],
        "shape": [3, 3],
        "index": "d2f/dx[p]dx[q] = a[p,q] + a[q,p]",
        "latex": r"\frac{\partial^2 f}{\partial x_{p} \, \partial x_{q}} = a_{pq} + a_{qp}",
        "matrix": {"text": "a + aᵀ", "latex": r"a + a^\top", "numpy": "a + a.T", "layout": "full"},
        "reason": None,
    }
    assert data["hessians"][1]["matrix"]["layout"] == "vec"
    assert "hessians" not in tcgrad.loads(QUADRATIC).derive().as_dict()


def test_a_missing_closed_form_has_its_reason() -> None:
    equations = "['h[-1] = 1', 'h[t] = w*h[t-1]', 'f = sum[t](h[t])']"
    text = f"dims: {{T: 4}}\ninputs: {{w: []}}\nindices: {{t: T}}\nequations: {equations}\n"
    assert "    ∂²f/∂w²    scalar\n    no closed form: f depends on w through a recurrence\n" in report(text)
    (entry,) = tcgrad.loads(text).derive(hessian=True).as_dict()["hessians"]
    assert (entry["index"], entry["reason"]) == (None, "f depends on w through a recurrence")
    assert list(entry) == ["of", "wrt", "indices", "shape", "index", "reason", "latex", "matrix"]


def test_what_stands_beside_a_scalar_is_not_transposed():
    """``d2f/dtdA`` has the shape of ``A``; a transposed name would say the opposite."""
    text = "inputs: {t: [], A: [4, 3], x: [4], y: [3]}\nequations: ['f = exp(t)*x[i]*A[i,j]*y[j]']\n"
    printed = tcgrad.loads(text).derive(wrt=["t", "A", "y"], hessian=True).report()
    assert "∂²f/∂t∂A      = exp(t) x yᵀ" in printed
    assert "∂²f/∂t∂y    = exp(t) Aᵀ x" in printed
    assert "∂²f/∂vec(A)∂yᵀ   = exp(t) (x ⊗ I)" in printed
