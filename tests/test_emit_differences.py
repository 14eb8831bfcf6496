"""Products of differences in emitted code: multiplied out, they would lose the digits that the differences keep."""

import numpy as np
import pytest
from emit_tools import Emitted, as_list, spec

ROTATION = np.linalg.qr(np.random.default_rng(1).normal(size=(7, 5)))[0]
SHIFTED = np.eye(5, k=-1)

# Equations by which outputs are nearly 0 where the input `w` is nearly the array beside them.
NEARLY = {
    "L = sum[i,j]((w[m,i]*w[m,j] - delta[i,j])^2)": ROTATION,
    "L = sum[j]((w[m,0]*w[m,j] - delta[0,j])^2)": ROTATION,
    "L[i] = sum[j]((w[m,i]*w[m,j] - delta[i,j])^2)": ROTATION,
    "L = log(sum[i,j]((w[m,i]*w[m,j] - delta[i,j])^2))": ROTATION,
    "L = sum[i,j]((w[m,i]*w[m,j] - delta[i,j])*(w[m,j]*w[m,i] - delta[j,i])*v[i])": ROTATION,
    "L[i,k] = sum[j]((w[i,j] - delta[i,j])*(delta[j,k] - w[j,k]))": np.eye(5),
    "L = sum[i,j]((w[i,j] - delta[i,j] - delta[i,j+1])^2*v[i])": np.eye(5) + SHIFTED,
    "L = sum[i,j]((delta[i,j+1] - w[i,j])^2)": SHIFTED,
    "L = sum[i,j]((w[i,j] - v[j]*delta[i,j])^2)": np.eye(5),
    "L = sum[i,j]((w[i,j] - delta[j,y[i]])^2)": np.eye(5)[[2, 0, 0, 4, 1]],
    "L = sum[i,j]((sum[k](w[i,k]*delta[k,j]) - delta[j,y[i]])^2)": np.eye(5)[[2, 0, 0, 4, 1]],
}


@pytest.mark.parametrize("equation", NEARLY)
def test_products_of_differences_keep_their_digits(equation):
    near = NEARLY[equation]
    inputs = [f"w: {list(near.shape)}", "v: [5]", "y: {shape: [5], dtype: int}"]
    emitted = Emitted(spec(inputs, [equation], outputs="[L]"))
    w = (near + 1e-4 * np.random.default_rng(0).normal(size=near.shape)).astype(np.float32)
    given = {"w": w, "v": np.ones(5, np.float32), "y": np.array([2, 0, 0, 4, 1])}
    (wanted,) = emitted.plain(given)
    (got,) = as_list(emitted.module.forward(*given.values()), 1)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-2 * np.max(np.abs(wanted)))


def test_an_array_and_a_diagonal_are_multiplied_by_others_one_by_one():
    emitted = Emitted(spec(["a: [N, N]", "b: [N, N]"], ["c[i,k] = (a[i,j] - delta[i,j])*b[j,k]"], dims="{N: 4}"))
    assert "c = a @ b - b" in emitted.source


def test_one_difference_is_one_array_however_often_it_is_read():
    emitted = Emitted(spec(["a: [N, N]"], ["c[i,k] = (a[i,j] - delta[i,j])*(a[j,k] - delta[j,k])"], dims="{N: 4}"))
    forward = emitted.source[emitted.source.index("def forward_saved") :]
    assert forward.index("c = t1 @ t1") < forward.index("def backward")


# Weights that are large where a difference is 0, at both lengths of rows: those known to be short, and others.
SOFTENED = {
    "rows of three": ("[N, 3]", "a[i,k] = m[j]*(x[j,k] - x[i,k])/(sum[d]((x[j,d] - x[i,d])^2) + 0.01)^1.5"),
    "rows": ("[N, D]", "a[i,k] = m[j]*(x[j,k] - x[i,k])/(sum[d]((x[j,d] - x[i,d])^2) + 0.01)^1.5"),
    "numbers": ("[N]", "a[i] = m[j]*(x[j] - x[i])/((x[j] - x[i])^2 + 0.01)^1.5"),
    "of functions": ("[N, D]", "a[i,k] = m[j]*(sin(x[j,k]) - sin(x[i,k]))/(sum[d]((x[j,d] - x[i,d])^2) + 0.01)^1.5"),
}


@pytest.mark.parametrize("name", SOFTENED)
def test_what_a_difference_takes_away_is_not_added(name):
    shape, equation = SOFTENED[name]
    emitted = Emitted(spec([f"x: {shape}", "m: [N]"], [equation], dims="{N: 5, D: 3}"))
    random = np.random.default_rng(0)
    x = (10 * random.normal(size=(5, 3) if "," in shape else 5)).astype(np.float32)
    given = {"x": x, "m": np.ones(5, np.float32)}
    (wanted,) = emitted.plain(given)
    got = emitted.module.forward(*given.values())
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-6 * np.max(np.abs(wanted)))
    along = emitted.module.jvp(*given.values(), x, np.zeros(5, np.float32))
    exact = {name: array.astype(np.longdouble) for name, array in given.items()}
    wanted = emitted.module.jvp(*exact.values(), exact["x"], np.zeros(5, np.longdouble))
    np.testing.assert_allclose(along, wanted, rtol=0, atol=1e-5 * np.max(np.abs(wanted)))


def test_weights_that_are_given_multiply_matrices():
    emitted = Emitted(spec(["x: [N, D]", "w: [N, N]"], ["a[i,k] = w[i,j]*(x[j,k] - x[i,k])"], dims="{N: 4, D: 2}"))
    assert "w @ x" in emitted.source
