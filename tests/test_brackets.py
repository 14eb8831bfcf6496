"""Brackets and choices that stand for less together, as an author would write them."""

import numpy as np
import pytest
from test_put_back import put_back

import tcgrad

# The equation, and the gradient of u.
PRINTED = {
    "opposite conditions": ("L = mean[i](max(t[i]*u[i], (t[i]-1)*u[i]))", "t", "dl/dt[p] = dl/dL*u[p]/N"),
    "less and greater": (
        "L = sum[i,j]([i < j]*u[i]*u[j])",
        "u",
        "dl/du[p] = dl/dL*u[j]*[j != p]",
    ),
    "a choice of numbers": (
        "L = sum[i](where(i > 0, -u[i], 0) + where(i < N-1, -u[i], 0))",
        "u",
        "dl/du[p] = -dl/dL*([p < N - 1] + [p > 0])",
    ),
    "max with 0": ("L = sum[i](max(0, u[i])^2)", "u", "dl/du[p] = 2*dl/dL*max(0, u[p])"),
    "max with 0, turned": ("L = sum[i](max(u[i], 0)^2)", "u", "dl/du[p] = 2*dl/dL*max(u[p], 0)"),
    "a choice before what is chosen": (
        "y[i] = where(t[i] > 0, exp(u[i])*t[i], 0)",
        "t",
        "dl/dt[p] = dl/dy[p]*where(t[p] > 0, exp(u[p]), 0)",
    ),
    "a choice in either case": (
        "L = sum[i,j](where(i < j, u[i]*u[j]/(i + j), 0))",
        "u",
        "dl/du[p] = dl/dL*1[j]*where(j != p, u[j]/(1[p]*j + 1[j]*p), 0)",
    ),
    "every residue": ("y[i] = (u[2*i] + u[2*i+1])/2", "u", "dl/du[p] = dl/dy[p//2]*[p < 2*(N//2)]/2"),
    "half a size": ("y[i] = where(i < N//2, 2*u[i], u[i]^2)", "u", "dl/du[p] = dl/dy[p]*where(p < N//2, 2, 2*u[p])"),
}


def spec(equation):
    return f"dims: {{N: 5}}\ninputs: {{u: [N], t: [N]}}\nequations: ['{equation}']\n"


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed(name):
    equation, wrt, line = PRINTED[name]
    text = spec(equation)
    function = tcgrad.loads(text)
    (gradient,) = (g for g in function.derive().as_dict()["gradients"] if g["wrt"] == wrt)
    assert gradient["index"] == [line]
    assert function.check(trials=1).ok
    assert all(each.proved for each in put_back(text))


LEAKY = """
inputs: {x: [4], w: [4]}
equations:
  - e[i] = leaky_relu(x[i]*w[i], 0.2)
  - y[i] = e[i]^2
"""


def test_what_is_positive_where_a_leaky_relu_is():
    gradient = tcgrad.loads(LEAKY).derive().as_dict()["gradients"][0]
    assert gradient["index"] == ["dl/dx[p] = 2*dl/dy[p]*w[p]*e[p]*where(e[p] > 0, 1, 0.2)"]
    assert all(each.proved for each in put_back(LEAKY))


def test_what_is_outside_of_a_tensor_is_left_out():
    text = (
        "dims: {T: 5}\ninputs: {x: {shape: [T], outside: 0}, a: [], b: [], c: []}\nequations:\n"
        " - y[-1] = 0\n - y[t] = b*x[t] + c*x[t-1] - a*y[t-1]\n"
    )
    gradient = next(g for g in tcgrad.loads(text).derive().as_dict()["gradients"] if g["wrt"] == "c")
    assert gradient["index"][-1] == "dl/dc = dl/dy_total[t+1]*x[t]"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("i*j > 2", lambda i, j: i * j > 2),
        ("i*i - 2*j > 1", lambda i, j: i**2 - 2 * j > 1),
        ("0 <= i*(j - 2) < N", lambda i, j: (i * (j - 2) >= 0) & (i * (j - 2) < 5)),
        ("k[i]*j == i", lambda i, j: np.array([0, 2, 1, 1, 2])[i] * j == i),
    ],
)
def test_products_of_indices_are_compared_as_numbers(condition, holds):
    text = (
        "dims: {N: 5}\ninputs: {u: [N], t: [N], k: {shape: [N], dtype: int}}\n"
        f"equations: ['y[i,j] = [{condition}]*u[i]*t[j]']\n"
    )
    function = tcgrad.loads(text)
    u, t = np.arange(1.0, 6), np.linspace(0.5, 1, 5)
    y = function.compile().forward(u, t, np.array([0, 2, 1, 1, 2]))
    np.testing.assert_array_equal(y, np.outer(u, t) * holds(*np.indices((5, 5))))
    assert function.check(trials=1).ok


@pytest.mark.parametrize(
    "equation",
    [
        "y[i,j] = where(1 <= 2*i != j, u[i], t[j])",
        "y[i,j] = where(0 < u[i] != t[j], u[i]^2, t[j]*u[j])",
        "y[i,j] = where(i != j != 2, u[i]*t[j], sum[k](t[k]^2))",
        "y[i,j] = [[1 <= 2*i != j] == 1]*u[i] + where([i < j]*[u[i] > 0] != 0, t[i], 0)",
    ],
)
def test_choices_by_chains_are_read_back(equation):
    assert all(
        each.proved for each in put_back(spec(equation).replace("equations", "indices: {i: N, j: N}\nequations"))
    )
