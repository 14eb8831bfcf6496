"""``1 - delta(a, b)``, which leaves pairs that are equal out: kept together beside functions, and exactly 0 there."""

from __future__ import annotations

import numpy as np
import pytest
from emit_tools import Emitted, check_everything

import tcgrad

SPEC = """
dims: {{N: 5}}
inputs: {{x: [N], z: [N], s: [N, N], y: {{shape: [N], dtype: int}}}}
equations: ['{equation}']
wrt: [{wrt}]
"""
CONTRASTIVE = "L = sum[i](log(sum[k]((1 - delta[i,k])*exp(s[i,k])))) - s[i,y[i]]*1[i]"
NEIGHBOURS = "P[i,j] = (1 - delta[i,j])*exp(-(x[i] - x[j])^2)/sum[k]((1 - delta[i,k])*exp(-(x[i] - x[k])^2))"  # of SNE

GRADIENTS = {  # by function and input, as papers have them
    (CONTRASTIVE, "s"): "dl/dL*(exp(s[p,q])*(1 - delta[p,q])/(exp(s[p,k])*(1 - delta[p,k])) - delta[q,y[p]])",
    (NEIGHBOURS, "x"): "2*(1[p]*x[j] - 1[j]*x[p])"
    "*(dl/dP[j,p]*P[j,p] + P[p,j]*(dl/dP[p,j] - 1[j]*dl/dP[p,k]*P[p,k]) - P[j,p]*dl/dP[j,k]*P[j,k])",
    # what is looked up stays, whatever stands beside it
    ("o[j] = (1 - delta[i,y[j]])*x[i]*s[j,i]", "x"): "dl/do[j]*s[j,p]*(1 - delta[p,y[j]])",
    ("L = sum[i,j]((1 - delta[i,y[j]])*(z[j] + x[i])^2)", "x"): "2*dl/dL*(1 - delta[p,y[j]])*(1[p]*z[j] + 1[j]*x[p])",
    ("o[j] = (1 - delta[i,y[j]])*x[i]^2", "x"): "2*x[p]*dl/do[j]*(1 - delta[p,y[j]])",
    # of a fixed position it is shorter, and one number less
    ("L = (1 - delta[i,2])*x[i]^2", "x"): "2*dl/dL*x[p]*(1 - delta[p,2])",
    ("o[i] = (1 - delta[j,N-1])*s[i,j]*x[j]", "x"): "(1 - delta[p,N-1])*dl/do[i]*s[i,p]",
    ("L = log((1 - delta[j,0])*exp(z[j]))", "z"): "dl/dL*exp(z[p] - L)*(1 - delta[p,0])",
    # what leaves out does so once
    ("o[i] = (1 - delta[i,0])^2*exp(x[i])", "x"): "dl/do[p]*o[p]",
    ("o[i,j] = (1 - delta[i,j])^3*x[i]^2*exp(s[i,j])", "x"): "2*x[p]*dl/do[p,j]*exp(s[p,j])*(1 - delta[j,p])",
    ("o[i] = (1 - [i < 3])^2*x[i]*z[i]", "x"): "dl/do[p]*z[p]*[p >= 3]",
    # so do other weights
    ("o[i] = (2 - delta[i,j])*exp(s[i,j])", "s"): "dl/do[p]*exp(s[p,q])*(2 - delta[p,q])",
    ("L = (i - delta[i,y[j]])^2*softplus(s[i,j])", "s"): "dl/dL*sigmoid(s[p,q])*(1[q]*p - delta[p,y[q]])^2",
    ("L = sum[i,j]((1 + delta[i,j])*abs(x[i] - x[j]))", "x"): "2*dl/dL*1[j]*sign(1[j]*x[p] - 1[p]*x[j])",
    # what products leave out is as short, and fewer numbers
    ("L = (1 - delta[i,j])*s[i,j]*x[i]*x[j]", "x"): "dl/dL*(x[j]*(s[p,j] + s[j,p]) - 2*s[p,p]*x[p])",
    ("o[i] = (1 - delta[i,j])*x[j]", "x"): "1[i]*dl/do[i] - dl/do[p]",
    # what is 0 where the two are equal need not be left out
    ("L = sum[i,j]((1 - delta[i,j])/(1 + (x[i] - x[j])^2))", "x"): "4*dl/dL*(1[p]*x[j] - 1[j]*x[p])"
    "/(1 + (1[p]*x[j] - 1[j]*x[p])^2)^2",
    ("L = sum[i,j]((1 - delta[i,j])*log(abs(x[i] - x[j]) + delta[i,j]))", "x"): "2*dl/dL*sign(1[j]*x[p] - 1[p]*x[j])"
    "/(abs(1[j]*x[p] - 1[p]*x[j]) + delta[j,p])",
}


def gradient(equation: str, wrt: str) -> str:
    (found,) = tcgrad.loads(SPEC.format(equation=equation, wrt=wrt)).derive().as_dict()["gradients"]
    return found["index"][-1].split(" = ", 1)[1]


@pytest.mark.parametrize(("equation", "wrt"), GRADIENTS)
def test_gradients(equation: str, wrt: str) -> None:
    assert gradient(equation, wrt) == GRADIENTS[equation, wrt]


def test_matrix_form() -> None:
    found = tcgrad.loads(SPEC.format(equation="o[i] = (1 - delta[i,j])*exp(s[i,j])*x[j]", wrt="x")).derive()
    assert "(exp(s) ⊙ (1 1ᵀ - I))ᵀ ∂l/∂o" in str(found)


@pytest.mark.parametrize("equation", [CONTRASTIVE, NEIGHBOURS])
def test_what_is_left_out_takes_no_digits_with_it(equation: str) -> None:
    """The very numbers of the spec with brackets, in float32 as well, however large what is left out is."""
    bracketed = equation.replace("1 - delta[i,k]", "[i != k]").replace("1 - delta[i,j]", "[i != j]")
    random = np.random.default_rng(0)
    dy = () if "L =" in equation else (random.normal(size=(5, 5)),)
    for dtype in (np.float32, np.float64):
        s = (random.normal(size=(5, 5)) + 60 * np.eye(5)).astype(dtype)
        x = np.array([0, 9, 18.5, 27, 36.5], dtype)  # far apart: beside the nearest one there is nothing
        found, wanted = (
            tcgrad.loads(SPEC.format(equation=each, wrt="x, s"))
            .compile()
            .value_and_grad(x, x, s, np.arange(5), *[given.astype(dtype) for given in dy])
            for each in (equation, bracketed)
        )
        for own, other in zip((found[0], *found[1]), (wanted[0], *wanted[1]), strict=True):
            assert own.dtype == dtype
            np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize(
    "equation",
    [
        "o[i] = sum[j]((1 - delta[i,0])^2*exp(-(x[i] - x[j])^2)*s[i,j])",
        "o[i] = sum[j]((1 - delta[j,N-1])*exp(s[i,j])*x[j]^2*z[i])",
    ],
)
def test_derivatives_are_0_at_a_position_that_is_left_out(equation: str) -> None:
    emitted = Emitted(SPEC.format(equation=equation, wrt="x, s"))
    check_everything(emitted)
    random = np.random.default_rng(0)
    x, z, s = (random.normal(size=shape).astype(np.float32) for shape in (5, 5, (5, 5)))
    by_s = emitted.module.jacobian(x, z, s, np.arange(5))["o", "s"]
    assert not (by_s[0] if "delta[i,0]" in equation else by_s[..., -1]).any()
    checked = tcgrad.loads(emitted.text)
    assert all(checked.check(dtype="float32", seed=seed).ok for seed in range(3))


def test_derivatives_are_0_where_something_is_left_out() -> None:
    emitted = Emitted(
        "dims: {N: 5}\ninputs: {x: [N], z: [N], w: [N, N], y: {shape: [N], dtype: int}}\n"
        "equations: ['o[j,i] = (1 - delta[i,y[j]])/(1 + (x[i]*z[j] + w[i,m]*x[m])^2)']\n"
    )
    check_everything(emitted)
    random = np.random.default_rng(0)
    y = np.array([3, 0, 0, 4, 1])
    x, z, w = (random.normal(size=shape).astype(np.float32) for shape in (5, 5, (5, 5)))
    for derivative in emitted.module.jacobian(x, z, w, y).values():
        assert not derivative[np.arange(5), y].any()
    checked = tcgrad.loads(emitted.text)
    assert all(checked.check(dtype=dtype, seed=seed).ok for dtype in ("float32", "float64") for seed in range(3))


def test_what_is_not_a_number_is_on_neither_side_of_a_comparison() -> None:
    """``1 - [z > 0]`` is 1 there, and ``[z <= 0]`` would be 0; of positions one is the other."""
    module = tcgrad.loads("inputs: {x: [3], z: [3]}\nequations: ['y[i] = (1 - [z[i] > 0])*x[i]']\n").compile()
    x, z = np.array([2.0, 3.0, 4.0]), np.array([1.0, -1.0, np.nan])
    np.testing.assert_array_equal(module.forward(x, z), [0, 3, 4])
    np.testing.assert_array_equal(module.value_and_grad(x, z, np.ones(3))[1][0], [0, 1, 1])


def test_what_another_mask_leaves_out_already_is_left_out_once() -> None:
    """Where a product with one of the terms of ``1 - delta[j,0]`` is 0, in sums that are looked through for twins."""
    made = tcgrad.loads(
        "dims: {N: 4}\ninputs: {s: [N, N], e: ['2*N']}\n"
        "equations: ['o[i] = sum[j,k]((1 - delta[j,N-1])*[j >= 1]*(1 - delta[j,0])*e[i+j]*exp(s[j,k]))']\nwrt: [e]\n"
    )
    (found,) = made.derive().as_dict()["gradients"]
    wanted = "dl/do[p-j]*1[k]*exp(s[j,k])*(1 - delta[j,N-1])*[0 <= p - j < N + 1]*[j >= 1]"
    assert found["index"][-1] == f"dl/de[p] = {wanted}"
    assert made.check(trials=1).ok
