"""What equals its transpose is not turned in emitted code, and only that."""

import pytest
from emit_tools import Emitted, assert_close, check_everything, spec

# Matrices of i and j, and whether they are seen to be symmetric; None where another way is taken than turning.
MATRICES = {
    "exp(-(x[i] - x[j])^2)": True,
    "exp(x[i]*x[j])/(1 + x[i]^2*x[j]^2)": True,
    "sqrt(1 + abs(x[i] - x[j]))": True,
    "(x[i] + x[j])*exp(x[i]*x[j])": True,
    "max(x[i], x[j])*[i != j]/(1 + (x[i] - x[j])^2)": True,
    "(x[i] - x[j])^3": False,
    "exp(x[i] - x[j])": False,
    "(x[i] - x[j])*(x[i] + x[j])": False,
    "exp(-(x[i] - z[j])^2)": False,
    "exp(x[i]*x[j])*z[j]": False,
    "exp(x[i]*x[j])/z[i]": False,
    "exp(x[i]*x[j])*[i <= j]": None,
    "min(x[i], z[j])": None,
    "exp(-(x[i] - x[j])^2) + [i == 0]*x[j]": None,
    "[x[i] - x[j] == x[0] - x[1]]*exp(x[i]*x[j])": None,
}


@pytest.mark.parametrize("matrix", MATRICES)
def test_matrices_that_equal_their_transposes_are_not_turned(matrix):
    turned = matrix.replace("[i]", "[?]").replace("[j]", "[i]").replace("[?]", "[j]")
    turned = turned.replace("[i <= j]", "[j <= i]").replace("[i == 0]", "[j == 0]")
    right = [f"K[i,j] = {matrix}", f"y[i,j] = K[i,j]*W[i,j] + sin(W[i,j])*({turned})"]
    made = Emitted(spec(["x: [N]", "z: [N]", "W: [N, N]"], right, dims="{N: 5}"))
    forward = made.source.split("def forward_saved")[1].split("def ")[0]
    if MATRICES[matrix] is not None:
        assert (".T" not in forward) == MATRICES[matrix]
    inputs = made.inputs()
    (wanted,) = made.plain(inputs)
    assert_close(made.module.forward(**inputs), wanted, 1e-12)


def test_a_kernel_with_noise_and_its_inverse_are_not_turned():
    kernel = ["K[i,j] = exp(-(x[i] - x[j])^2) + s^2*delta[i,j]", "l = y[i]*inv(K)[i,j]*y[j] + logdet(K)"]
    made = Emitted(spec(["x: [N]", "s: []", "y: [N]"], kernel, dims="{N: 4}"))
    backward = made.source.split("def backward")[1].split("def ")[0]
    assert ".T" not in backward
    assert backward.count("inv_K") == 2  # what is saved, and the derivative of the determinant
    check_everything(made, tolerance=1e-5)
