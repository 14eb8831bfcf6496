"""Spellings of numbers, names and functions."""

from fractions import Fraction

import pytest

import tcgrad
from tcgrad.functions import FUNCTIONS, abstract, abstract_derivative
from tcgrad.notation.index import print_statement
from tcgrad.notation.spelling.latex_names import escape, latex_function, latex_name, latex_positions
from tcgrad.notation.spelling.syntaxes import LATEX, decimal


@pytest.mark.parametrize(
    ("value", "text", "latex"),
    [
        ("0", "0", "0"),
        ("7", "7", "7"),
        ("0.1", "0.1", "0.1"),
        ("2.5", "2.5", "2.5"),
        ("0.044715", "0.044715", "0.044715"),
        ("0.0001", "0.0001", "0.0001"),
        ("0.00001", "1e-05", "10^{-5}"),
        ("0.0000125", "1.25e-05", r"1.25 \cdot 10^{-5}"),
        ("1e-12", "1e-12", "10^{-12}"),
        ("100000", "100000", "100000"),
    ],
)
def test_decimals(value: str, text: str, latex: str) -> None:
    assert decimal(Fraction(value)) == text
    assert Fraction(text) == Fraction(value)
    assert LATEX.number(Fraction(value)) == latex


@pytest.mark.parametrize(
    ("name", "positions", "latex"),
    [
        ("x", "ij", "x_{ij}"),
        ("x", "", "x"),
        ("gamma", "h", r"\gamma_{h}"),
        ("eps", "", r"\varepsilon"),
        ("logits", "b", r"\mathrm{logits}_{b}"),
        ("W1", "ij", "W^{(1)}_{ij}"),
        ("b1", "", "b_{1}"),
        ("x_12", "i", "x^{(12)}_{i}"),
        ("y_true", "i", r"y^{\mathrm{true}}_{i}"),
        ("beta_hat", "", r"\beta_{\mathrm{hat}}"),
        ("y_é", "i", r"y^{\mathrm{\acute{e}}}_{i}"),
        ("y_α", "", r"y_{\mathrm{{\alpha}}}"),
        ("my_name", "i", r"\mathrm{my\_name}_{i}"),
        ("x1_2", "i", r"\mathrm{x1\_2}_{i}"),
        ("inv(A)", "ij", r"\left(A^{-1}\right)_{ij}"),
        ("det(A)", "", r"\det\left(A\right)"),
        ("logdet(A1)", "b", r"\log\det\left(A_{1}\right)_{b}"),
        ("levi_civita", "ijk", r"\varepsilon_{ijk}"),
        ("é", "i", r"\acute{e}_{i}"),
        ("ñu", "i", r"\mathrm{\tilde{n}u}_{i}"),
        ("ж", "i", "ж_{i}"),
        ("å", "i", r"\mathring{a}_{i}"),
        ("ø_1", "i", r"\text{ø}^{(1)}_{i}"),
        ("straße", "i", r"\mathrm{stra\text{ß}e}_{i}"),
        ("ħ", "i", r"\hbar_{i}"),
        ("ħx", "i", r"\mathrm{{\hbar}x}_{i}"),
    ],
)
def test_latex_names(name: str, positions: str, latex: str) -> None:
    assert latex_name(name, tuple(positions)) == latex


def test_latex_positions_that_are_no_letters_stand_between_commas() -> None:
    assert latex_positions(("i", "j+1")) == "i, j+1"
    assert latex_positions((r"\alpha", "i")) == r"\alpha i"
    assert latex_positions(("0", "j")) == "0j"


def test_latex_escapes() -> None:
    assert escape("50% of a_b {x} \\ ~ ^ & # $") == (
        r"50\% of a\_b \{x\} \textbackslash{} \textasciitilde{} \textasciicircum{} \& \# \$"
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_name_in_latex(name: str) -> None:
    function = FUNCTIONS[name]
    arguments = [f"x_{{{number}}}" for number, _ in enumerate(function.parameters)]
    text = latex_function(function, arguments)
    assert all(argument in text for argument in arguments)
    assert text.count("{") == text.count("}")


def test_latex_functions() -> None:
    f, g = abstract("f", 1), abstract("blend", 2)
    assert latex_function(FUNCTIONS["exp"], ["x"]) == r"\exp\left(x\right)"
    assert latex_function(f, ["x"]) == r"f\left(x\right)"
    assert latex_function(abstract_derivative(abstract_derivative(f, 0), 0), ["x"]) == r"f''\left(x\right)"
    assert latex_function(abstract_derivative(g, 1), ["x", "y"]) == r"\operatorname{blend}'_{2}\left(x, y\right)"
    assert latex_function(abstract("sigma", 1), ["z"]) == r"\sigma\left(z\right)"


LATEX_PRODUCTS = [
    ("y[i] = 2*f(x[i])*s/N", r"\frac{2 f\left(x_{i}\right) s}{N}"),
    ("y[i] = 2*x[i]*(x[i]/N + 1)/N", r"\frac{2 x_{i}}{N} \left(\frac{x_{i}}{N} + 1\right)"),
    ("y[i] = (x[i]/N + 1)/s", r"\frac{1}{s} \left(\frac{x_{i}}{N} + 1\right)"),
    ("y[i] = exp(x[i]/s)*x[i]/N", r"\frac{x_{i}}{N} \exp\left(\frac{x_{i}}{s}\right)"),
    ("y[i] = 2*size*x[i]*size", r"2 \, \mathrm{size} \, x_{i} \, \mathrm{size}"),
    ("y[i,j] = 2*1[i]*x[j]", r"2 \, \mathbf{1}_{i} x_{j}"),
    ("y[i] = 3*2^x[i]", r"3 \cdot 2^{x_{i}}"),
    ("y[i] = 3*x[i]*2^s", r"3 x_{i} 2^{s}"),
    ("y[i] = x[i]/(3^s*2^s)", r"\frac{x_{i}}{3^{s} \cdot 2^{s}}"),
    ("y = max[i](x[i])*s", r"s \max_{i} \left(x_{i}\right)"),
    ("y = max[i](x[i])^2*s", r"\left(\max_{i} \left(x_{i}\right)\right)^{2} s"),
    ("y = min[i](x[i])*max[i](x[i])", r"\left(\min_{i} \left(x_{i}\right)\right) \max_{j} \left(x_{j}\right)"),
    ("y = prod[i](x[i])*s - s", r"s \prod_{i} \left(x_{i}\right) - s"),
    ("y[i] = x[i]*(i%2)", r"x_{i} \left(i \bmod 2\right)"),
    ("y[i] = x[i]*(2*(i%2) - 1)", r"x_{i} \left(2 \left(i \bmod 2\right) - 1\right)"),
    ("y[i] = x[(i+1)%N]*(1 + i%2)", r"x_{\left(i+1\right) \bmod N} \left(1 + \left(i \bmod 2\right)\right)"),
    ("y = lgamma(s)^2", r"\left(\log\Gamma\left(s\right)\right)^{2}"),
]


@pytest.mark.parametrize(("equation", "right"), LATEX_PRODUCTS)
def test_what_is_high_stands_beside_a_bar_and_words_apart(equation: str, right: str) -> None:
    text = "dims: {N: 3}\ninputs: {x: [N], a: [N, N], s: [], size: []}\nindices: {i: N}\nfunctions: {'f(z)': null}\n"
    program = tcgrad.loads(f"{text}equations: ['{equation}']").program
    assert print_statement(program.statements[-1], LATEX, explicit=True)[0].partition(" = ")[2] == right
