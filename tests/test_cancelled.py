"""Divisors that cancel: at points where they are 0 the derivatives are numbers, in formulas and in code."""

import numpy as np
import pytest

import tcgrad

SMOOTH = {
    "Matern 3/2": ("k[i,j] = (1 + r[i,j])*exp(-r[i,j])", "{x: [N, D]}", "(x[i,d] - x[j,d])^2"),
    "Matern 5/2": (
        "k[i,j] = (1 + r[i,j] + r[i,j]^2/3)*exp(-r[i,j])",
        "{x: [N, D], l: {shape: [D], sample: positive}}",
        "5*((x[i,d] - x[j,d])/l[d])^2",
    ),
    "cube": ("k[i,j] = r[i,j]^3", "{x: [N, D]}", "(x[i,d] - x[j,d])^2"),
    "square": ("k[i,j] = r[i,j]^2 - 2*r[i,j]^4", "{x: [N, D]}", "(x[i,d] - x[j,d])^2"),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_smooth_function_of_a_distance_has_derivatives_where_it_is_0(name):
    equation, inputs, square = SMOOTH[name]
    text = f"dims: {{N: 4, D: 2}}\ninputs: {inputs}\nequations:\n  - r[i,j] = sqrt(sum[d]({square}))\n  - {equation}\n"
    function = tcgrad.loads(f"{text}outputs: [k]\n")
    assert function.check(trials=1).ok
    module, random = function.compile(), np.random.default_rng(0)
    points = [random.uniform(0.5, 1, [size.value for size in item.tensor.shape]) for item in function.program.inputs]
    dk = random.normal(size=(4, 4))
    _, gradients = module.value_and_grad(*points, dk)
    tangents = [random.normal(size=each.shape) for each in points]
    assert all(np.isfinite(array).all() for array in (*module.jacobian(*points).values(), *gradients))
    along = module.jvp(*points, *tangents)
    assert np.isclose((dk * along).sum(), sum((g * t).sum() for g, t in zip(gradients, tangents, strict=True)))


def test_a_divisor_that_is_a_factor_of_every_term_cancels():
    text = "inputs: {x: [3], r: [3]}\nequations: ['y[i] = x[i]*(r[i]^2 + r[i]*x[i])/r[i]']\n"
    shown = tcgrad.loads(text).derive(wrt=["r"]).as_dict()
    assert shown["gradients"][0]["index"] == ["dl/dr[p] = dl/dy[p]*x[p]"]


def test_digits_of_differences_are_kept():
    text = "dims: {N: 4, D: 3}\ninputs: {x: [N, D]}\nequations: ['y[i,j] = 1[d]*(x[i,d] - x[j,d])^2']\n"
    module, random = tcgrad.loads(text).compile(), np.random.default_rng(0)
    x, dx = random.normal(size=(2, 4, 3))
    far = 2.0**20
    near = np.round(x * 2**20) / 2**20
    np.testing.assert_allclose(module.jvp(near + far, dx), module.jvp(near, dx), rtol=1e-13, atol=1e-13)


def test_a_divisor_in_a_term_cancels_with_a_factor_beside_the_sum():
    """``p (log(p) + 1 - 2/p)``, where several sums are multiplied."""
    text = "inputs: {x: [3, 5], y: {shape: [3], dtype: int, sample: {integers: [0, 5]}}}\nequations:\n"
    text += "  - 'p[n] = exp(x[n,y[n]])/sum[d](exp(x[n,d]))'\n  - 'o[n] = (2 - p[n])*log(p[n])'\n"
    (line,) = tcgrad.loads(text).derive().as_dict()["gradients"][0]["index"]
    softmax = "exp(x[p,q])/(1[d]*exp(x[p,d]))"
    assert line == f"dl/dx[p,q] = dl/do[p]*(2 - p[p]*(log(p[p]) + 1))*(delta[q,y[p]] - {softmax})"


@pytest.mark.parametrize("named", ["q[n,y[n]]", "p[n]", "q[n,2]"])
def test_a_share_that_underflows_cancels_where_it_is_looked_up(named):
    """Of ``x[q] (x[r] - delta(q,r))`` it is the row that is looked up which cancels, by its own name and by another."""
    made = tcgrad.loads(
        "dims: {N: 3, D: 4}\ninputs: {x: [N, D], y: {shape: [N], dtype: int}}\nequations:\n"
        "  - q[n,d] = exp(x[n,d])/sum[e](exp(x[n,e]))\n  - p[n] = q[n,y[n]]\n"
        f"  - L = -sum[n]((1 - {named})^2*log({named}))\n"
    )
    assert made.check(trials=1).ok
    module, random = made.compile(), np.random.default_rng(0)
    x, dx = 2000 * random.normal(size=(3, 4)), random.normal(size=(3, 4))
    y = np.array([2, 2, 2]) if named == "q[n,2]" else np.array([0, 3, 2])
    u = x - x.max(axis=1, keepdims=True)
    q = np.exp(u) / np.exp(u).sum(axis=1, keepdims=True)
    log = (u - np.log(np.exp(u).sum(axis=1, keepdims=True)))[np.arange(3), y]
    p = q[np.arange(3), y]
    assert (p == 0).any()
    wanted = ((1 - p * (2 * log + 1)) * (1 - p))[:, None] * (q - np.eye(4)[y])
    np.testing.assert_allclose(module.value_and_grad(x, y)[1][0], wanted, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(module.jvp(x, y, dx), (wanted * dx).sum(), rtol=1e-12)


def test_a_divisor_cancels_however_large_what_it_multiplies_is():
    text = (
        "dims: {N: 3, D: 4}\ninputs: {x: [N, D], y: {shape: [N], dtype: int, sample: {integers: [0, D]}}}\nequations:\n"
    )
    text += "  - 'p[n] = exp(x[n,y[n]])/sum[d](exp(x[n,d]))'\n  - 'o[n] = -(1 - p[n])^2*log(p[n])'\n"
    text += "  - 'w[i,j] = [j != N-1]*tanh(o[i]*o[j])'\n"
    made = tcgrad.loads(text)
    (line,) = made.derive(wrt=["x"]).as_dict()["gradients"][0]["index"]
    assert "1/p[" not in line
    assert made.check(trials=1).ok
    random = np.random.default_rng(0)
    x, dw = 1000 * random.normal(size=(3, 4)), random.normal(size=(3, 3))
    assert np.isfinite(made.compile().value_and_grad(x, np.array([0, 1, 2]), dw)[1][0]).all()


FRACTIONS = {
    "inputs": ["l = sum[n](y[n]*log(p[n]) + (1 - y[n])*log(1 - p[n]))"],
    "counts": ["l = sum[n](y[n]*log(p[n]) + (c[n] - y[n])*log(1 - p[n]))"],
    "what is clipped": ["q[n] = clip(p[n], 0, 1)", "l = sum[n](y[n]*log(q[n]) + (1 - y[n])*log(1 - q[n]))"],
    "what has a name": ["q[n] = p[n]*c[n]^2", "l = sum[n](y[n]*log(q[n]) + (1 - y[n])*log(1 - q[n]))"],
}


@pytest.mark.parametrize("name", FRACTIONS)
def test_what_a_numerator_takes_away_is_not_divided_by(name):
    """``y/p - (1 - y)/(1 - p)`` at ``y = 1`` is ``1/p``, and its derivative ``-1/p^2``, however near 1 ``p`` is."""
    text = f"inputs: {{p: [3], y: [3], c: [3]}}\nequations: {FRACTIONS[name]}\noutputs: [l]\nwrt: [p]\n"
    module, near = tcgrad.loads(text).compile(), np.array([1e-4, 1e-6, 1e-3])
    for dtype, accuracy in ((np.float32, 1e-6), (np.float64, 1e-14)):
        p, ones = (1 - near).astype(dtype), np.ones(3, dtype)
        _, (gradient,) = module.value_and_grad(p, ones, ones)
        np.testing.assert_allclose(gradient, 1 / p, rtol=accuracy)
        (curved,) = module.hvp(p, ones, ones, ones)
        np.testing.assert_allclose(curved, -1 / p**2, rtol=accuracy)
