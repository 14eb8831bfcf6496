"""What equals its transpose is not turned in emitted code, and only that."""

import numpy as np
import pytest
from emit_tools import Emitted, spec

# Matrices of i and j, and whether they are seen to be symmetric.
MATRICES = {
    "exp(-(x[i] - x[j])^2)": True,
    "exp(x[i]*x[j])/(1 + x[i]^2*x[j]^2)": True,
    "sqrt(1 + abs(x[i] - x[j]))": True,
    "(x[i] + x[j])*exp(x[i]*x[j])": True,
    "(x[i] - x[j])^3": False,
    "exp(x[i] - x[j])": False,
    "(x[i] - x[j])*(x[i] + x[j])": False,
    "exp(-(x[i] - z[j])^2)": False,
    "exp(x[i]*x[j])*z[j]": False,
    "exp(x[i]*x[j])/z[i]": False,
}


@pytest.mark.parametrize("matrix", MATRICES)
def test_matrices_that_equal_their_transposes_are_not_turned(matrix):
    turned = matrix.replace("[i]", "[?]").replace("[j]", "[i]").replace("[?]", "[j]")
    right = [f"K[i,j] = {matrix}", f"y[i,j] = K[i,j]*W[i,j] + sin(W[i,j])*({turned})"]
    made = Emitted(spec(["x: [N]", "z: [N]", "W: [N, N]"], right, dims="{N: 5}"))
    forward = made.source.split("def forward_saved")[1].split("def ")[0]
    assert (".T" not in forward) == MATRICES[matrix]
    inputs = made.inputs()
    own = _value(matrix, inputs["x"], inputs["z"])
    wanted = own * inputs["W"] + np.sin(inputs["W"]) * own.T
    np.testing.assert_allclose(made.module.forward(**inputs), wanted, rtol=1e-12)


def _value(matrix, x, z):
    names = {"exp": np.exp, "sqrt": np.sqrt, "abs": np.abs, "max": np.maximum}
    text = matrix.replace("x[i]", "x[:, None]").replace("x[j]", "x").replace("z[i]", "z[:, None]").replace("z[j]", "z")
    return eval(text.replace("^", "**"), names, {"x": x, "z": z})  # noqa: S307 - it stands above


def test_a_kernel_with_noise_and_its_inverse_are_not_turned():
    kernel = ["K[i,j] = exp(-(x[i] - x[j])^2) + s^2*delta[i,j]", "l = y[i]*inv(K)[i,j]*y[j] + logdet(K)"]
    source = Emitted(spec(["x: [N]", "s: []", "y: [N]"], kernel, dims="{N: 5}")).source
    backward = source.split("def backward")[1].split("def ")[0]
    assert ".T" not in backward
    assert backward.count("inv_K") == 2  # what is saved, and the derivative of the determinant


def test_blocks_beside_the_diagonal_are_turned():
    right = ["K[i,j] = exp(-(x[i] - x[j])^2) + [i == 0]*x[j]", "y[i,j] = K[i,j]*W[i,j] + sin(W[i,j])*K[j,i]"]
    made = Emitted(spec(["x: [N]", "W: [N, N]"], right, dims="{N: 5}"))
    inputs = made.inputs()
    x, weights = inputs["x"], inputs["W"]
    own = np.exp(-((x[:, None] - x) ** 2)) + np.eye(5)[0][:, None] * x
    np.testing.assert_allclose(made.module.forward(**inputs), own * weights + np.sin(weights) * own.T, rtol=1e-12)
