"""Softmax of large numbers: quotients of exponentials are emitted without overflow."""

import numpy as np
import pytest
from scipy import special

import tcgrad

HEAD = "inputs: {x: [4, 5], z: [5]}\nequations:\n"
CAUSAL = np.tri(4, 5, dtype=bool)


def masked(x, mask):
    return special.softmax(np.where(mask, x, -np.inf), axis=-1)


# equations -> what the last one is of the 4 x 5 matrix x
SOFTMAX = {
    "y[i,j] = exp(x[i,j])/(1[k]*exp(x[i,k]))": lambda x, _: special.softmax(x, axis=1),
    "y[i,j] = exp(x[i,j])/sum[k](exp(x[k,j]))": lambda x, _: special.softmax(x, axis=0),
    "y[i,j] = exp(x[i,j])/(1[k,m]*exp(x[k,m]))": lambda x, _: special.softmax(x),
    "y[i,j] = 2*exp(-3*x[i,j])*z[j]/(1[k]*exp(-3*x[i,k]))": lambda x, z: 2 * z * special.softmax(-3 * x, axis=1),
    "y[i] = exp(x[i,j])*z[j]/(1[k]*exp(x[i,k]))": lambda x, z: special.softmax(x, axis=1) @ z,
    "y[i,j] = [j <= i]*exp(x[i,j])/sum[k]([k <= i]*exp(x[i,k]))": lambda x, _: masked(x, CAUSAL),
    "y[i,j] = where(j <= i, exp(x[i,j]), 0)/sum[k](where(k <= i, exp(x[i,k]), 0))": lambda x, _: masked(x, CAUSAL),
    "y[i,j] = [z[j] > 0]*exp(x[i,j])/sum[k]([z[k] > 0]*exp(x[i,k]))": lambda x, z: masked(x, z > 0),
    "y[i,j] = [j < 2]*exp(x[i,j])/(1[k]*exp(x[i,k]))": lambda x, _: (np.arange(5) < 2) * special.softmax(x, axis=1),
}


@pytest.mark.parametrize("equation", SOFTMAX)
@pytest.mark.parametrize("scale", [1, 1e4])
def test_softmax_of_any_size(equation, scale):
    rng = np.random.default_rng(0)
    x, z = scale * rng.normal(size=(4, 5)), rng.normal(size=5)
    function = tcgrad.loads(f"{HEAD}  - {equation}\n")
    with np.errstate(all="raise", under="ignore"):
        got = function.compile().forward(x, z)
    np.testing.assert_allclose(got, SOFTMAX[equation](x, z), rtol=1e-12, atol=1e-300)


# A quotient of exponentials that is not softmax overflows where it must, and only there.
OTHERS = {
    "y[i,j] = exp(x[i,j])/(1[k]*exp(2*x[i,k]))": lambda x, _: np.exp(x) / np.exp(2 * x).sum(axis=1, keepdims=True),
    "y[i,j] = exp(x[i,j])/sum[k]([k <= i]*exp(x[i,k]))": lambda x, _: (
        np.exp(x) / (CAUSAL * np.exp(x)).sum(axis=1, keepdims=True)
    ),
    "y[i] = 1/(1[k]*exp(x[i,k]))": lambda x, _: 1 / np.exp(x).sum(axis=1),
}


@pytest.mark.parametrize("equation", OTHERS)
def test_other_quotients_keep_their_value(equation):
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(4, 5)), rng.normal(size=5)
    got = tcgrad.loads(f"{HEAD}  - {equation}\n").compile().forward(x, z)
    np.testing.assert_allclose(got, OTHERS[equation](x, z), rtol=1e-12)
