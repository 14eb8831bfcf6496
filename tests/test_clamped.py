"""What is kept at 0 by a rectifier, a maximum or a bracket has the derivative 0 there, however steep what is made of it
is at 0.
"""

import numpy as np
import pytest

import tcgrad

# Functions of x[i] that are constant where x is not above 0, but have no finite derivative by what is clamped there.
CLAMPED = [
    "sqrt(relu(x[i]))",
    "relu(x[i])^0.3",
    "relu(x[i])^1.5",
    "cbrt(relu(x[i]))",
    "sqrt(max(x[i], 0))",
    "sqrt(max(0, x[i]))",
    "sqrt(clip(x[i], 0, 9))",
    "sqrt(where(x[i] > 0, x[i], 0))",
    "where(x[i] > 0, sqrt(x[i]), 0)",
    "sqrt([x[i] > 0]*x[i])",
    "[x[i] > 0]*sqrt(x[i])",
    "exp(-1/relu(x[i]))",
    "atan(1/relu(x[i]))",
    "[x[i] > 0]*x[i]*log(x[i])",
]


def loaded(body):
    return tcgrad.loads(f"inputs: {{x: [4], w: [4]}}\nequations: ['f = sum[i](w[i]*{body})']\n")


@pytest.mark.parametrize("body", CLAMPED)
def test_derivatives_are_0_where_nothing_moves(body):
    module = loaded(body).compile()
    x, w = np.array([-1.0, 0.7, -0.2, 2.0]), np.array([0.5, -1.2, 0.3, 0.8])
    with np.errstate(divide="ignore"):  # 1/relu(x)
        _, (dx, dw) = module.value_and_grad(x, w)
        second, along = module.hessian(x, w), module.hvp(x, w, np.ones(4), np.zeros(4))
    assert np.isfinite(dx).all()
    assert np.isfinite(dw).all()
    assert np.array_equal(dx != 0, x > 0)
    assert all(np.isfinite(block).all() for block in second.values())
    assert np.array_equal(np.diag(second["x", "x"]) != 0, x > 0)
    np.testing.assert_allclose(along[0], second["x", "x"].sum(axis=1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("body", [body for body in CLAMPED if body != "atan(1/relu(x[i]))"])  # infinite on the way
def test_formulas_and_code_are_right_at_random_inputs(body, dtype):
    checked = loaded(body).check(dtype=dtype)
    assert checked.ok, str(checked)


@pytest.mark.parametrize("body", ["acos(clip(x[i], -1, 1))", "asin(max(-1, min(x[i], 1)))", "acosh(max(x[i], 1))"])
def test_what_is_clamped_to_the_end_of_a_domain_is_compared(body):
    """Nothing is rounded in a maximum, so that simulated errors do not leave the domain."""
    assert loaded(body).check().ok
    assert loaded(body).check(dtype="float32").ok


def test_what_a_bracket_leaves_out_need_not_exist():
    made = tcgrad.loads(
        "inputs: {x: [3], z: [3]}\nequations: ['y[i] = [x[i] > z[i]]*log(x[i] - z[i])/(x[i] - z[i])']\n"
    )
    x, z = np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.5])
    np.testing.assert_allclose(made.compile().forward(x, z), [0, 0, 2 * np.log(0.5)])
    assert made.check().ok


def test_a_share_of_the_largest_is_a_mask_and_no_choice():
    """How many attain the largest is never 0 where one does: code divides by it as it is."""
    source = str(tcgrad.loads("inputs: {x: [N, M]}\ndims: {N: 3, M: 4}\nequations: ['y[i] = max[j](x[i,j])']\n").emit())
    assert "np.where" not in source
