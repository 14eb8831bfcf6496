"""What branches or integers make 0, or hold at the end of a domain, rests there: its derivative is 0, whatever is
beside it."""

import numpy as np
import pytest
from test_put_back import put_back

import tcgrad

INPUTS = """
  x: [N]
  z: {shape: [N], sample: positive}
  p: {shape: [], sample: {uniform: [1.5, 2.5]}}
  k: {shape: [N], dtype: int, sample: {integers: [0, 2]}}
  on: {shape: [N], dtype: bool}
  q: {shape: [N], outside: 0}
"""
EQUATIONS = [
    "y = sum[i](sqrt(relu(x[i])))",
    "y = sum[i](relu(x[i])^p)",
    "y[i] = relu(x[i])^z[i]",
    "y[i] = sqrt(max(x[i], 0)*z[i])",
    "y = sum[i](cbrt(min(x[i], 0)*z[i]))",
    "y[i] = sqrt(relu(1 - x[i]^2))",
    "y[i] = where(x[i] > 0, x[i], 0)^0.3",
    "y = sum[i](sqrt(x[i]*[x[i] > 0]))",
    "y[i] = clip(x[i], 0, 1/2)^p",
    # at the end of a domain
    "y[i] = acos(clip(x[i], -1, 1))",
    "y = sum[i](asin(clip(2*x[i], -1, 1))*z[i])",
    "y[i] = acosh(max(x[i], 1))",
    "y = sum[i](sqrt(1 - clip(x[i], -1, 1)^2))",
    "y[i] = [x[i] > 0]*log(x[i])*z[i]",
    # what a root is of has a name
    "r[i] = relu(x[i]); y[i] = sqrt(r[i])",
    "r[i] = relu(x[i]); y = sum[i](r[i]^p)",
    "r[i] = max(x[i], 0)*z[i]; y = sum[i](r[i]^1.5)",
    "u[i,j] = relu(x[i] - x[j]); y = sum[i,j](sqrt(u[i,j])*z[j])",
    "u[i] = [x[i] > 0]*log(x[i]); y[i] = [i > 0]*u[i-1]",
    # around which there are zeros
    "y[i] = [q[i-1] >= 0]*log(q[i-1]^2 + z[i])",
    "y = sum[i]([q[i-1] > 0]*sqrt(q[i-1]))",
    # integers
    "y[i] = sqrt(on[i]*z[i])",
    "y = sum[i]((k[i]*z[i])^p)",
    "m[i] = k[i]*z[i]; y = sum[i](sqrt(m[i]))",
    "y[i] = sqrt(sum[j](on[i]*on[j]*z[j]))",
]
RECURRENCES = [
    "h[-1] = 1; h[i] = relu(h[i-1] - x[i])^0.5 + 0.1",
    "h[-1] = 0; h[i] = sqrt(relu(x[i]))*0.5 + h[i-1]*k[i]",
]


def spec(equations):
    return f"dims: {{N: 3}}\nindices: {{i: N}}\ninputs: {INPUTS}\nequations: {equations.split('; ')}\n"


@pytest.mark.parametrize("equations", [*EQUATIONS, *RECURRENCES])
def test_derivatives(equations):
    result = tcgrad.loads(spec(equations)).check(trials=2)
    assert not any(each.status == "fail" for each in result.results)


@pytest.mark.parametrize("equations", EQUATIONS)
def test_what_is_printed_is_read_back(equations):
    assert all(each.proved for each in put_back(spec(equations)))


@pytest.mark.parametrize(
    ("equation", "wanted"),
    [
        ("sqrt(relu(x[i]))", [0, 0.25, 0]),
        ("acos(clip(x[i] - 4, -1, 1))", [0, -1, 0]),
        ("relu(x[i])^(x[i]^2/8)", [0, 8 + 16 * np.log(4), 0]),
        ("(k[i]*(x[i] + 2))^0.5", [0, 0.5 / 6**0.5, 0]),
        ("[x[i] > 3]*log(x[i])", [0, 0.25, 0]),
        ("relu(x[i])*sqrt(relu(x[i]))^0.5", [0, 1.25 * np.sqrt(2), 0]),
    ],
)
def test_values(equation, wanted):
    text = f"inputs: {{x: [3], k: {{shape: [3], dtype: int}}}}\nequations: ['y[i] = {equation}']\n"
    arguments = np.array([-1.0, 4, -2]), np.array([0, 1, 0])
    module = tcgrad.loads(text).compile()
    outputs, (dx,) = module.value_and_grad(*arguments, np.ones(3))
    assert np.isfinite(outputs).all()
    np.testing.assert_allclose(dx, wanted)
    np.testing.assert_allclose(module.jvp(*arguments, np.ones(3)), wanted)
    np.testing.assert_allclose(module.jacobian(*arguments)["y", "x"], np.diag(wanted))


def test_second_derivatives():
    module = tcgrad.loads("inputs: {x: [3]}\nequations: ['y = sqrt(sum[i](relu(x[i])^1.5))']\n").compile()
    x = np.array([-1.0, -4, -2])
    assert module.forward(x) == 0
    assert not module.value_and_grad(x)[1][0].any()
    assert not module.hessian(x)["x", "x"].any()
    assert not module.hvp(x, np.ones(3))[0].any()


def test_second_derivatives_through_the_elements_of_an_extreme():
    module = tcgrad.loads("inputs: {x: [3]}\nequations: ['y = max[p](sqrt(relu(x[p])^3))']\n").compile()
    assert not module.hessian(np.array([-1.0, -4, -2]))["x", "x"].any()
