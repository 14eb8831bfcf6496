"""Roots of what is 0 by an index alone: they do not move there, and have the derivative 0."""

import numpy as np
import pytest
from test_put_back import put_back

import tcgrad

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
]


def spec(equation):
    inputs = "{x: {shape: [N], sample: positive}, z: {shape: [N], sample: positive}}"
    return f"dims: {{N: 3}}\ninputs: {inputs}\nindices: {{i: N, j: N}}\nequations: ['{equation}']\n"


@pytest.mark.parametrize("equation", EQUATIONS)
def test_derivatives(equation):
    result = tcgrad.loads(spec(equation)).check(trials=1)
    assert result.ok


@pytest.mark.parametrize("equation", EQUATIONS)
def test_what_is_printed_is_read_back(equation):
    assert all(each.proved for each in put_back(spec(equation)))


def test_values():
    x, z = np.array([2.0, 3, 5]), np.ones(3)
    module = tcgrad.loads(spec(EQUATIONS[0])).compile()
    wanted = np.diag([0, 0.5 / np.sqrt(3), 1 / np.sqrt(10)])
    np.testing.assert_allclose(module.jacobian(x, z)["y", "x"], wanted)
    np.testing.assert_allclose(module.jvp(x, z, z, z), wanted.sum(axis=1))


def test_what_is_never_0_has_no_condition():
    shown = tcgrad.loads(spec("y[i] = sqrt((i + 1)*x[i])")).derive().as_dict()
    assert shown["gradients"][0]["index"] == ["dl/dx[p] = dl/dy[p]*(p + 1)/(2*y[p])"]
