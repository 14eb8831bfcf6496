"""Derivatives at a point that the user gives: right there, whatever the declarations say of other points."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tcgrad
from tcgrad.errors import TcgradError


def at(spec, **values):
    return tcgrad.loads(spec).derive().at(values)


SHARES = """
dims: {N: 3}
inputs: {x: {shape: [N], sample: simplex}}
equations: ["w[i] = x[i]/(1[k]*x[k])", "y = w[i]*w[i]"]
outputs: [w, y]
"""


def test_what_declarations_let_formulas_assume_need_not_hold_at_the_point():
    x = np.array([1.0, 2.0, 3.0])
    found = at(SHARES, x=x.tolist(), dw=[1.0, 0.0, 0.0], dy=0.0)
    expected = np.eye(3) / 6 - x[:, None] / 36
    (jacobian,) = [value for tensor, value in found.jacobians.items() if tensor.name == "dw/dx"]
    np.testing.assert_allclose(jacobian, expected, atol=1e-15)
    (gradient,) = found.gradients.values()
    np.testing.assert_allclose(gradient, expected[0], atol=1e-15)


@pytest.mark.parametrize("function", ["det(S)", "logdet(S)^2"])
def test_inverses_that_derivatives_bring_in(function):
    s = np.array([[3.0, 2.0], [1.0, 4.0]])
    found = at(f'inputs: {{S: [2, 2]}}\nequations: ["d = {function}"]', S=s.tolist())
    (jacobian,) = found.jacobians.values()
    outer = np.linalg.det(s) if function == "det(S)" else 2 * np.log(np.linalg.det(s))
    np.testing.assert_allclose(jacobian, outer * np.linalg.inv(s).T, rtol=1e-14)


@pytest.mark.parametrize("rank", [2, 1])
def test_inverses_of_the_factors_of_products(rank):
    a, x = np.array([[3.0, 2.0], [1.0, 4.0]]), np.array([[1.0, 2.0], [2.0, 5.0 if rank == 2 else 4.0]])
    equations = "['y[i,j] = a[i,k]*x[k,j]', 'd = det(y)']"
    found = at(f"inputs: {{a: [2, 2], x: [2, 2]}}\nwrt: [x]\nequations: {equations}", a=a.tolist(), x=x.tolist())
    (jacobian,) = found.jacobians.values()
    cofactors = np.array([[x[1, 1], -x[1, 0]], [-x[0, 1], x[0, 0]]])
    np.testing.assert_allclose(jacobian, 10 * cofactors, rtol=1e-13)


# An equation whose exponentials are too large or too small at x, and what it comes to there.
LARGE = [
    ("y[i] = exp(x[i])/(1[k]*exp(x[k]))", [1000, 1000, -1000], [0.5, 0.5, 0],
     [[0.25, -0.25, 0], [-0.25, 0.25, 0], [0] * 3]),
    ("y[i] = exp(x[i])*[i <= 1]/(sum[k](exp(x[k])*[k <= 1]))", [1000, 1000, 5000], [0.5, 0.5, 0],
     [[0.25, -0.25, 0], [-0.25, 0.25, 0], [0, 0, 0]]),
    ("y[i] = 2*exp(3*x[i])*x[i]/(1[k]*exp(3*x[k]))", [1000, -1000, 1000], [1000, 0, 1000],
     [[1501, 0, -1500], [0] * 3, [-1500, 0, 1501]]),
    ("y[i] = 1/(1 + exp(-x[i]))", [1000, 0, -1000], [1, 0.5, 0], np.diag([0, 0.25, 0])),
    ("y[i] = log(1 + exp(x[i]))", [1000, -1000, 2000], [1000, 0, 2000], np.diag([1, 0, 1])),
    ("y = log(1[k]*exp(x[k]))", [1000, -1000, 0], 1000, [1, 0, 0]),
    ("y[i] = (exp(x[i]) - exp(-x[i]))/(exp(x[i]) + exp(-x[i]))", [1000, 0, -1000], [1, 0, -1], np.diag([0, 1, 0])),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "x", "value", "jacobian"), LARGE)
def test_exponentials_that_are_too_large(equation, x, value, jacobian):
    found = at(f"inputs: {{x: [3]}}\nequations: ['{equation}']", x=x)
    np.testing.assert_allclose(*found.outputs.values(), value, rtol=1e-12)
    np.testing.assert_allclose(*found.jacobians.values(), jacobian, rtol=1e-12)


def test_zeros_have_no_sign():
    (value,) = at("inputs: {x: []}\nequations: ['y = -x']", x=0.0).outputs.values()
    assert not np.signbit(value)


INTEGERS = """
inputs:
  E: [3]
  t: {shape: [2], dtype: int, sample: {integers: [0, 3]}}
  b: {shape: [2], dtype: bool}
  S: {shape: [2, 2], symmetric: true}
functions: {"f(z)": null}
equations: ["z[i] = S[i,i]*E[t[i]]*b[i]"]
"""
GOOD = {"E": [1.0, 2.0, 3.0], "t": [0, 2], "b": [True, False], "S": [[1.0, 2.0], [2.0, 3.0]]}


def test_integers_and_truth_values():
    (z,) = at(INTEGERS, **GOOD).outputs.values()
    np.testing.assert_array_equal(z, [1.0, 0.0])


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("t", [1.7, 1], "`t` is int, and the point has a fraction in it"),
        ("t", [0, 5], "`t` is given from 0 to 5, but what it indexes is read inside for 0 to 2 alone"),
        ("t", [-1, 0], "`t` is given from -1 to 0, but what it indexes is read inside for 0 to 2 alone"),
        ("t", [True, 0], "the value of `t` is not a tensor of numbers"),
        ("b", [0.5, 0], "`b` is bool, and the point has a fraction in it"),
        ("t", [10**20, 1], "`t` is int, and the point has a number above 9007199254740992 in magnitude in it"),
        ("t", [float("inf"), 1], "`t` is int, and the point has a fraction in it"),
        ("b", [2, 0], "`b` is bool, and the point has another number than 0 and 1 in it"),
        ("E", [True, 1.0, 2.0], "the value of `E` is not a tensor of numbers"),
        ("S", [[1.0, 2.0], [3.0, 4.0]], "`S` is declared symmetric, and its value is not"),
    ],
)
def test_values_that_an_input_cannot_have(name, value, told):
    with pytest.raises(TcgradError) as caught:
        at(INTEGERS, **{**GOOD, name: value})
    assert [each.message for each in caught.value.diagnostics] == [told]


def test_powers_of_zero_in_recurrences():
    """``h[1,a] = (2^a + 1) x^(a^2)``: the derivative of ``z^a`` is 0 for ``a = 0``, and that of ``z^1`` is 1."""
    equations = ["h[-1,a] = 1[a]*x", "y[-1,a] = 1[a]*x", "y[t,a] = h[t-1,a]^a", "h[t,a] = y[t,a] + y[t-1,a]^a"]
    text = f"inputs: {{x: [], c: [3]}}\nindices: {{t: 2, a: 3}}\nequations: {[*equations, 'f = h[1,a]*c[a]']}\n"
    found = at(text, x=0.0, c=[2.0, 3.0, 4.0])
    for values in (found.jacobians, found.gradients):
        by_x, by_c = values.values()
        np.testing.assert_allclose(by_x, 9.0)
        np.testing.assert_allclose(by_c, [2.0, 0.0, 0.0])


def test_lines_of_arrays_begin_in_one_column_and_end_without_blanks():
    derived = tcgrad.loads('inputs: {x: [2]}\nequations: ["y[i,j] = -x[i]*x[j]"]').derive()
    text = derived.report(unicode=False, at=derived.at({"x": [1, 2]}))
    assert text.endswith("""
    dy/dx = [[[-2,  0],
              [-2, -1]],

             [[-2, -1],
              [ 0, -4]]]
""")


def test_values_that_are_not_finite_are_text_in_json():
    derived = tcgrad.loads('inputs: {x: [], z: []}\nequations: ["y = log(x) - z"]').derive()
    values = json.loads(derived.report("json", at=derived.at({"x": 0, "z": 1})), parse_constant=pytest.fail)["at"]
    assert values["outputs"] == {"y": "-inf"}
    assert values["jacobians"] == {"dy/dx": "inf", "dy/dz": -1.0}
    assert values["matrix"] == [["inf", -1.0]]
