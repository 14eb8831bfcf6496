"""Roots and powers of what is 0 by an index alone: they do not move there, and have the derivative 0."""

import numpy as np
import pytest
from test_put_back import put_back

import tcgrad
from tcgrad.functions import FUNCTIONS

EQUATIONS = [
    "y[i] = sqrt(i*x[i])",
    "y[i] = cbrt(i*x[i])*z[i]",
    "y[i] = (x[i]*i^2)^0.3",
    "y[i] = log(1 + sqrt(i*x[i]))",
    "y[i,j] = sqrt((i - j)^2*x[i]*z[j])",
    "y[i,j] = cbrt((i - j)*x[i])",
    "y = sum[i](sqrt(i*x[i]))",
    "y = sum[i](sqrt(i*x[i]))^2",
    "y = sum[i,j](((i - j)^2*x[i])^0.75*z[j])",
    "y = sum[i](cbrt((N - 1 - i)*x[i]*z[i]))",
    "y[i] = (i//2)^x[i]",
    "y = sum[i]((i//2)^x[i])",
    "y[i] = (i*z[i])^x[i]",
    "y = sum[i,j](([i < j]*z[i])^(x[j] + 1))",
    # what a root is of has a name
    "u[i] = i*x[i]; y[i] = sqrt(u[i])",
    "u[i] = i*x[i]; v[i,j] = u[i]*z[j]; y = sum[i,j](sqrt(v[i,j]))",
    "u[i] = i*x[i]; v[j,i] = u[i]*z[j]^2; y = sum[i,j](v[i,j]^x[i])",
    "u[i,j] = [i < j]*x[i]; y[i,j] = sqrt(u[i,j])",
    "u[i] = i*x[i] + i^2*z[i]; y = sum[i](cbrt(u[i]))",
    "u[i] = N - 1 - i; y = sum[i](sqrt(u[i]*x[i])*z[i])",
    "u[i] = [i < 2]*x[i]*z[i]; y = sum[i](sqrt(u[i]))",
    "u[i] = tanh(i*x[i]); y[i] = sqrt(u[N-1-i])",
    # the same position twice
    "y[i,j] = sqrt((x[i] - x[j])^2)",
    "y = sum[i,j](abs(x[i] - x[j])^1.5)",
    "y = sum[i,j](((x[i] - x[j])^2)^0.75)",
    "y = sum[i,j](abs(x[i]*z[i] - x[j]*z[j])^z[i])",
    "y[i] = cbrt(x[i] - x[N-1-i])",
    "y = sum[i,j](sqrt((x[i] - x[j])^2 + (i - j)^2*z[i]))",
    "d[i,j] = (x[i] - x[j])^2 + (z[i] - z[j])^2; r[i,j] = sqrt(d[i,j]); y = sum[i,j](r[i,j]*z[i])",
    "d[i,j] = sqrt(sum[k]((x[i]*z[k] - x[j]*z[k])^2)); y = sum[i,j](d[i,j]^2)",
]


def spec(equations):
    inputs = "{x: {shape: [N], sample: positive}, z: {shape: [N], sample: positive}}"
    lines = equations.split("; ")
    return f"dims: {{N: 3}}\ninputs: {inputs}\nindices: {{i: N, j: N}}\nequations: {lines}\n"


@pytest.mark.parametrize("equation", EQUATIONS)
def test_derivatives(equation):
    result = tcgrad.loads(spec(equation)).check(trials=1)
    assert result.ok


@pytest.mark.parametrize("equation", EQUATIONS)
def test_what_is_printed_is_read_back(equation):
    assert all(each.proved for each in put_back(spec(equation)))


def test_the_table_tells_which_functions_are_0_at_0():
    names = [name for name, row in FUNCTIONS.items() if row.arity == 1]
    lines = [f"y_{name} = {name}(x)" for name in names]
    outputs = [f"y_{name}" for name in names]
    with np.errstate(all="ignore"):
        values = tcgrad.loads(f"inputs: {{x: []}}\nequations: {lines}\noutputs: {outputs}\n").compile().forward(0.0)
    assert [name for name, value in zip(names, values, strict=True) if value == 0] == [
        name for name in names if FUNCTIONS[name].is_zero_at_zero
    ]


def test_values():
    x, z = np.array([2.0, 3, 5]), np.ones(3)
    module = tcgrad.loads(spec(EQUATIONS[0])).compile()
    wanted = np.diag([0, 0.5 / np.sqrt(3), 1 / np.sqrt(10)])
    np.testing.assert_allclose(module.jacobian(x, z)["y", "x"], wanted)
    np.testing.assert_allclose(module.jvp(x, z, z, z), wanted.sum(axis=1))


def test_distances_of_points_to_themselves_do_not_move():
    spec = "dims: {N: 3, K: 2}\ninputs: {x: [N, K]}\nequations:\n"
    spec += " - d[i,j] = sqrt(sum[k]((x[i,k] - x[j,k])^2))\n - y = sum[i,j](d[i,j])\n"
    x = np.array([[0.0, 0], [3, 4], [0, 8]])
    module = tcgrad.loads(spec).compile()
    wanted = np.array([[-1.2, -3.6], [2.4, 0], [-1.2, 3.6]])  # twice the sum of the unit vectors from the others
    for found in (module.jacobian(x)["y", "x"], module.value_and_grad(x)[1][0]):
        np.testing.assert_allclose(found, wanted, atol=1e-15)


def test_elements_that_are_read_at_one_position_do_not_move():
    spec = "dims: {N: 4, V: 3}\ninputs: {x: [V], k: {shape: [N], dtype: int}}\n"
    spec += "equations: ['y = sum[i,j](sqrt((x[k[i]] - x[k[j]])^2))']\n"
    module = tcgrad.loads(spec).compile()
    x, k = np.array([1.0, 4, 2]), np.array([0, 2, 0, 1])
    np.testing.assert_allclose(module.jacobian(x, k)["y", "x"], [-8, 6, 2])


def test_what_is_never_0_has_no_condition():
    shown = tcgrad.loads(spec("y[i] = sqrt((i + 1)*x[i])")).derive().as_dict()
    assert shown["gradients"][0]["index"] == ["dl/dx[p] = (p + 1)*dl/dy[p]/(2*y[p])"]
