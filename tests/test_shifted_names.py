"""What an equation defines keeps its name where it is read one place on, under the bracket by which it is there."""

import pytest
from emit_tools import Emitted, check_everything, spec

import tcgrad
from tcgrad.notation.index import print_define

# r[i], with i from 0 to N-2, and the derivative of the sum of all r in terms of r.
FORMULAS = {
    "exp(u[i+1]*u[i])": "u[p-1]*r[p-1]*[p >= 1] + u[p+1]*r[p]*[p < N - 1]",
    "exp(u[i+1] - u[i])": "r[p-1]*[p >= 1] - r[p]*[p < N - 1]",
    "sqrt(u[i+1]^2 + u[i]^2 + 1)": "u[p]*([p < N - 1]/r[p] + [p >= 1]/r[p-1])",
    "sqrt((u[i] - u[i+1])^2 + 1)": "(u[p] - u[p+1])*[p < N - 1]/r[p] - (u[p-1] - u[p])*[p >= 1]/r[p-1]",
    "exp(-(u[i+1] - u[i])^4)": "4*(r[p]*(u[p+1] - u[p])^3*[p < N - 1] - r[p-1]*(u[p] - u[p-1])^3*[p >= 1])",
}


def _spec(right):
    return spec(["u: [N]"], [f"r[i] = {right}", "l = sum[i](r[i])"], dims="{N: 6}", outputs="[l]")


@pytest.mark.parametrize("right", FORMULAS)
def test_what_is_read_one_place_on_keeps_its_name(right):
    (jacobian,) = tcgrad.loads(_spec(right)).derive().jacobians
    assert print_define(jacobian.define) == f"dl/du[p] = {FORMULAS[right]}"


@pytest.mark.parametrize("right", FORMULAS)
def test_emitted_code_reads_it_too(right):
    made = Emitted(_spec(right))
    backward = made.source.split("def backward")[1].split("def ")[0]
    assert "np.exp(" not in backward
    assert "np.sqrt(" not in backward
    check_everything(made, tolerance=1e-6)
