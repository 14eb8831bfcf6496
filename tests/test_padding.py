"""Tangents of what lies outside of a padded tensor: nothing moves there, whatever derivative stands beside it."""

import numpy as np
import pytest
from emit_tools import Emitted, check_everything

import tcgrad

# The body and the derivative of it by the component; all have no derivative at 0.
ROOTS = {
    "sqrt({})": lambda x: 0.5 / np.sqrt(x),
    "{}^0.3": lambda x: 0.3 * x**-0.7,
    "cbrt({})": lambda x: 1 / (3 * np.cbrt(x) ** 2),
    "sqrt(abs({}))": lambda x: 0.5 / np.sqrt(x),
    "log(1 + sqrt({}))": lambda x: 0.5 / (np.sqrt(x) + x),
    "sqrt(3*{})*w[i]": lambda x: np.array([2.0, 0.5, 1.5, 1.0]) * np.sqrt(0.75 / x),
    "sqrt(sinh({}))": lambda x: np.cosh(x) / (2 * np.sqrt(np.sinh(x))),
}
POSITIONS = {
    "i-1": [None, 0, 1, 2],
    "i+2": [2, 3, None, None],
    "2*i-3": [None, None, 1, 3],
    "3-2*i": [3, 1, None, None],
}
X, W, V = np.array([0.5, 2.0, 1.2, 0.1]), np.array([2.0, 0.5, 1.5, 1.0]), np.array([1.0, -2.0, 0.7, 3.0])


def module(lines):
    inputs = "{x: {shape: [N], outside: 0, sample: positive}, w: [N]}"
    text = f"dims: {{N: 4}}\ninputs: {inputs}\nindices: {{i: N}}\n{lines}"
    return tcgrad.loads(text).compile()


@pytest.mark.parametrize("body", ROOTS)
@pytest.mark.parametrize("position", POSITIONS)
def test_tangents(body, position):
    at = POSITIONS[position]
    inside = [n for n, place in enumerate(at) if place is not None]
    places = [at[n] for n in inside]
    jacobian = np.zeros((4, 4))
    with np.errstate(all="ignore"):
        jacobian[inside, places] = ROOTS[body](np.array([1.0 if p is None else X[p] for p in at]))[inside]
    read = module(f"equations: ['y[i] = {body.format(f'x[{position}]')}']\n")
    np.testing.assert_allclose(read.jacobian(X, W)["y", "x"], jacobian)
    np.testing.assert_allclose(read.jvp(X, W, V, np.zeros(4)), jacobian @ V)


@pytest.mark.parametrize("body", ROOTS)
def test_second_derivatives(body):
    """Along the gradient of a sum: its Hessian is that of the components that are read, one by one."""
    summed = module(f"equations: ['y[i] = {body.format('x[i-1]')}', 'f = w[i]*y[i]']\noutputs: [f]\n")
    along = summed.hvp(X, W, V, np.zeros(4))
    hessian = summed.hessian(X, W)
    np.testing.assert_allclose(along[0], hessian["x", "x"] @ V)
    np.testing.assert_allclose(along[1], hessian["w", "x"] @ V)
    assert np.all(np.isfinite(along))


def test_what_is_not_0_outside_has_no_guard():
    source = tcgrad.loads(
        "inputs: {x: {shape: [4], outside: 0}}\nindices: {i: 4}\nequations: ['y[i] = log(1 + x[i-1]^2)']\n"
    ).emit()
    jvp = source[source.index("def jvp") : source.index("def jacobian")]
    assert "np.where" not in jvp.split('"""', 2)[2].rsplit("@", 1)[0]


def test_a_delta_of_indices_with_the_same_added_is_one_of_the_indices():
    text = (
        "dims: {N: 4}\ninputs: {x: {shape: [N], outside: 0}, w: [N]}\nindices: {i: N}\n"
        "equations: ['y[i] = exp(x[i-1])', 'f = w[i]*y[i]^2']\n"
    )
    block = tcgrad.loads(text).derive(hessian=True).as_dict()["hessians"][0]
    assert block["index"] == "d2f/dx[p]dx[q] = 4*w[p+1]*y[p+1]^2*delta[p,q]*[p < N - 1]"


@pytest.mark.parametrize("size", ["(Q + 1)//2", "Q - 1", "2*Q"])
def test_sizes_that_the_spec_defines_are_told_before_what_is_solved_by_them(size):
    """The length of x is known from what is padded by such a size alone."""
    text = f"dims: {{Q: 3, N: 4, W: {size}}}\ninputs: {{w: [Q], x: {{shape: [N], outside: 0}}, v: [W]}}\n"
    made = Emitted(f"{text}equations: ['l = sum[i](x[i+2]*v[i])*sum[i](w[i]^2)']\n")
    assert "N = t" in made.source
    check_everything(made)
