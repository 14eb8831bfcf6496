"""Names that would be spelt alike, or like a sign: formulas tell them apart."""

from __future__ import annotations

import pytest

import tcgrad

# inputs, equations, formulas in LaTeX, and what no formula has
LATEX = [
    ("x: [N], x1: []", "y[i] = x[1]*x1*x[i]", [r"y_{i} &= x_{1} x^{(1)} x_{i}"], ["x_{1} x_{1}"]),
    ("h: [N], h0: [N]", "y[i] = h[0]*h0[i]", [r"\frac{\partial y}{\partial h^{(0)}} &= h_{0} I"], []),
    ("A: [N, N], A1: [N, N]", "y[i,k] = A1[j,i]*A[j,k]", [r"\left(A^{(1)}\right)^\top"], [r"A_{1}"]),
    ("x: [], x1: []", "y = x1*x", [r"y &= x_{1} x"], []),
    ("γ: [], gamma: []", "y = γ*gamma^2", [r"y &= \gamma \, \mathrm{gamma}^{2}"], []),
    ("gamma: [], γ: [N]", "y[i] = γ[i]*gamma", [r"y_{i} &= \gamma_{i} \, \mathrm{gamma}"], []),
    ("x1: [], x_1: []", "y = x1 + 2*x_1", [r"y &= x_{1} + 2 \, \mathrm{x\_1}"], []),
    ("ε: [N, N, N]", "y[i] = ε[i,j,k]*levi_civita[i,j,k]", [r"\varepsilon_{ijk} \epsilon_{ijk}"], []),
    ("eps: []", "y[i] = eps*levi_civita[i,j,k]*levi_civita[i,j,k]", [r"\sum_{jk} \varepsilon \varepsilon_{ijk}"], []),
    ("e: []", "y = e^2*expm1(e)", [r"e^{2} \left(\exp\left(e\right) - 1\right)"], []),
    ("psi: []", "y = digamma(psi)*psi", [r"\operatorname{digamma}\left(\psi\right) \psi"], []),
    ("x: []", "y = digamma(x)*x", [r"\psi\left(x\right) x"], []),
    ("l: [N]", "y[i] = l[i]^2", [r"\frac{\partial \mathcal{L}}{\partial l_{p}} &= 2 "], [r"\partial l}{"]),
    ("N1: [N, N]", "y = N1[i,i]*N", [r"\frac{\partial y}{\partial N_{1}} &= N I"], []),
]


@pytest.mark.parametrize(("inputs", "equation", "formulas", "others"), LATEX)
def test_latex(inputs: str, equation: str, formulas: list[str], others: list[str]) -> None:
    spec = f"dims: {{N: 3}}\ninputs: {{{inputs}}}\nindices: {{i: N}}\nequations: ['{equation}']\n"
    report = tcgrad.loads(spec).derive().report("latex")
    for formula in formulas:
        assert formula in report
    for other in others:
        assert other not in report


def test_bold_letters_and_words() -> None:
    spec = "dims: {N: 3}\ninputs: {γ: [N], gamma: [N], h: [N], h0: [N]}\n"
    spec += "equations: ['y[i] = γ[i]*gamma[i]*h[0]*h0[i]']\n"
    report = tcgrad.loads(spec).derive().report("latex", latex_style="tensors")
    assert r"\boldsymbol{\gamma}_{i} \, \mathbf{gamma}_{i} \, \mathbf{h}_{0} \mathbf{h}^{(0)}_{i}" in report


SCALAR = "dims: {T: 4}\ninputs: {x: [T], a: []}\nequations:\n  - h[-1] = 0\n  - h[t] = tanh(a*h[t-1] + x[t])\n"


def test_the_scalar_downstream_beside_an_output_of_its_name() -> None:
    function = tcgrad.loads(SCALAR + "  - l = 1[t]*h[t]^2\n")
    text = function.derive().report()
    assert "Gradients, given ∂ℒ/∂l\n    ∂ℒ/∂h[T-1] = 2·∂ℒ/∂l·h[T-1] " in text
    assert "∂l/∂h" not in text
    assert "    dl/dh[T-1] = 2*dl/dl*h[T-1] " in function.derive().report(unicode=False)
    assert "∂l/∂h[T-1]" in tcgrad.loads(SCALAR + "  - f = 1[t]*h[t]^2\n").derive().report()


def test_values_at_a_point_and_a_notebook_call_it_so_too() -> None:
    derived = tcgrad.loads("inputs: {l: [2]}\nequations: ['y[i] = l[i]^2']\n").derive()
    assert "\n    ∂ℒ/∂l = [" in derived.report(at=derived.at({"l": [1, 2], "dy": [1, 1]})).partition("At the point")[2]
    assert r"\frac{\partial \mathcal{L}}{\partial l_{p}} &= " in derived._repr_latex_()


def test_gradients_of_a_scalar_that_is_called_l() -> None:
    text = tcgrad.loads("inputs: {x: []}\nequations: ['l = x^2']\n").derive().report()
    assert "Gradients of the scalar l\n    ∂l/∂x = 2·x " in text


def test_signs_that_only_unicode_has() -> None:
    spec = "inputs: {ε: [3, 3, 3]}\nequations: ['y[i] = ε[i,j,k]*levi_civita[i,j,k]']\n"
    assert "Σ[j,k](ε[i,j,k]·levi_civita[i,j,k])" in str(tcgrad.loads(spec))
    assert r"\varepsilon_{ijk} \epsilon_{ijk}" in tcgrad.loads(spec)._repr_latex_()


def test_gradients_that_several_paths_add_up_to_by_their_own_names() -> None:
    spec = SCALAR.replace("h[", "h1[") + "outputs: [h1]\n"
    report = tcgrad.loads(spec).derive().report("latex")
    assert r"\partial h^{(1), \mathrm{total}}_{t}} &= \frac{\partial l}{\partial h^{(1)}_{t}}" in report


# equations, and the LaTeX of the last one
CASES = [
    ("y[i] = where(x[i] > 0, x[i], 1)*c*x[i]", r"c x_{i} \begin{cases} x_{i} & \text{if }"),
    ("y[i] = where(x[i] > 0, x[i], 1)*sum[j](a[i,j])", r"\text{otherwise} \end{cases}\right) \sum_{j} a_{ij}"),
    ("y[i] = where(x[i] > 0, x[i], 1)*where(x[i] > 1, 2, 1)", r"\end{cases}\right) \begin{cases} 2"),
    ("y[i] = where(x[i] > 0, x[i], 1)*c*x[i]/2", r"\frac{c x_{i}}{2} \begin{cases} x_{i}"),
]


@pytest.mark.parametrize(("equation", "latex"), CASES)
def test_nothing_stands_behind_cases(equation: str, latex: str) -> None:
    spec = f"dims: {{N: 3}}\ninputs: {{x: [N], a: [N, N], c: []}}\nequations: ['{equation}']\n"
    assert latex in tcgrad.loads(spec)._repr_latex_()


# What is declared, an equation, and its right side in LaTeX.
LIMITS = [
    ("k: K", "y[i] = sum[k](x[2*i+k])", r"\sum_{0 \le k < K} x_{2 i+k}"),
    ("j: N, k: K", "y[i] = sum[j,k](x[2*i+k]*b[j,i])", r"\sum_{j,\, 0 \le k < K} x_{2 i+k} b_{ji}"),
    ("k: K, m: K", "y[i] = max[k,m](x[2*i+k]*x[i+m])", r"\max_{0 \le k, m < K} \left(x_{2 i+k} x_{i+m}\right)"),
    ("k: K", "y[i] = c*sum[k](x[k])*1[i]", r"\sum_{0 \le k < K} x_{k}"),
    ("k: K", "y[i] = sum[k](k^2)*c*1[i]", r"\sum_{0 \le k < K} k^{2}"),
    ("k: M", "y[i] = 1[i]*sum[k](x[k])", r"\sum_{k} x_{k}"),
    ("k: K", "y[i] = sum[k](x[i+k]*w[k])", r"\sum_{k} x_{i+k} w_{k}"),
    ("i: N", "y[i] = 1[i]*sum[k](x[k+1] - x[k])", r"\sum_{k} \left(x_{k+1} - x_{k}\right)"),
    ("k: K", "y[i] = prod[k](x[i+k])", r"\prod_{0 \le k < K} \left(x_{i+k}\right)"),
]


@pytest.mark.parametrize(("ranges", "equation", "latex"), LIMITS)
def test_ranges_that_nothing_else_tells_stand_below_the_sign(ranges: str, equation: str, latex: str) -> None:
    spec = "dims: {N: 3, K: 2, M: 7}\ninputs: {x: [M], b: [N, N], w: [K], c: []}\n"
    spec += f"indices: {{{', '.join(dict.fromkeys(['i: N', *ranges.split(', ')]))}}}\nequations: ['{equation}']\n"
    assert latex in tcgrad.loads(spec)._repr_latex_()
