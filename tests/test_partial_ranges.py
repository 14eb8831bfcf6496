"""What is assumed of a whole axis does not hold of a part of it: indices that run over less than the axis they read."""

import pytest

import tcgrad

SPECS = {
    "a part of a simplex": """
dims: {N: 5}
indices: {i: 2}
inputs: {p: {shape: [N], sample: simplex}, x: []}
equations: ["y = sum[i](p[i])*x"]
""",
    "a part of rows that are one-hot": """
dims: {B: 3, N: 5}
indices: {i: 2}
inputs: {p: {shape: [B, N], sample: one_hot}, x: [B]}
equations: ["y[b] = sum[i](p[b,i])*x[b]^2"]
""",
    "a factor left out of a product that does not have it": """
dims: {N: 5}
indices: {j: 2}
inputs: {x: {shape: [N], sample: positive}, u: [N]}
equations: ["y[p] = u[p]*prod[j](where(j == p, 1, x[j]))"]
""",
    "the product of a part": """
dims: {N: 5}
indices: {j: 3}
inputs: {x: {shape: [N], sample: positive}}
equations: ["y = prod[j](x[j])"]
""",
}


@pytest.mark.parametrize("name", SPECS)
def test_derivatives_are_right(name):
    result = tcgrad.loads(SPECS[name]).check(trials=1)
    assert result.ok, str(result)
