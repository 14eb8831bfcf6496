"""What a guard, a condition on indices alone, multiplies need not exist where the guard is 0."""

import numpy as np
import pytest

import tcgrad

SPECS = {
    "energy of charges": """
dims: {N: 5, K: 2}
inputs: {x: [N, K]}
equations: ["f = sum[i,j]([i != j]/sqrt(sum[k]((x[i,k] - x[j,k])^2)))"]
""",
    "energy with weights": """
dims: {N: 4}
inputs: {x: [N], a: [N, N]}
equations: ["f = sum[i,j]([i != j]*a[i,j]*log(abs(x[i] - x[j]))/(x[i] - x[j])^2)"]
wrt: [x]
""",
    "rows": """
dims: {N: 4}
inputs: {x: [N], v: [N]}
equations: ["y[i] = sum[j]([j < i]*v[j]/(x[i] - x[j])^2)"]
""",
    "between two guards": """
dims: {N: 5}
inputs: {x: [N]}
equations: ["f = sum[i,j]([i < j]*[j < N - 1]/(x[j] - x[i]))"]
""",
    "an index as a number": """
dims: {N: 5}
inputs: {x: [N]}
equations: ["y[i] = [i > 0]*x[i]^2/i"]
""",
    "a guard without indices, beside sizes": """
dims: {N: 4}
inputs: {x: [N], k: {shape: [], dtype: int, sample: {integers: [0, 3]}}}
equations: ["y[i] = [k == 2]*x[i]^2/sqrt(N)"]
""",
    "a box that no read says": """
dims: {A: 2, C: 5, L: 11}
inputs: {x: [C], z: [C, L]}
indices: {i: A, m: A}
equations: ["y[m] = (m^2 - 1)*z[m+i,2*i+m]*x[2*m+i]", "f = sum[e](sin(y[e]))"]
""",
    "neighbours in a low-dimensional map": """
dims: {N: 5, K: 2}
inputs: {y: [N, K], p: {shape: [N, N], sample: positive, symmetric: true}}
equations:
  - w[i,j] = 1/(1 + sum[k]((y[i,k] - y[j,k])^2))
  - z = sum[i,j]([i != j]*w[i,j])
  - q[i,j] = w[i,j]/z
  - f = -sum[i,j]([i != j]*p[i,j]*log(q[i,j]))
""",
}


@pytest.mark.parametrize("name", SPECS)
def test_modules_are_right(name):
    result = tcgrad.loads(SPECS[name]).check(trials=1)
    assert result.ok, str(result)


def test_charges_by_hand():
    x = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    module = tcgrad.loads(SPECS["energy of charges"]).compile()
    value, (gradient,) = module.value_and_grad(x)
    assert value == pytest.approx(2 * (1 / 5 + 1 / 10 + 1 / 5))
    force = np.array([3.0, 4.0]) / 5 * (1 / 25 + 1 / 100)
    np.testing.assert_allclose(gradient, [2 * force, [0, 0], -2 * force], atol=1e-15)


def test_a_delta_beside_a_quotient_that_is_not_there_is_kept():
    """``[j < i]/(x[i] - x[j])`` is written over no denominator that is 0 where the delta of the other term is 1."""
    derived = str(tcgrad.loads(SPECS["rows"]).derive())
    assert "∂y[i]/∂x[p] = 2·(v[p]·[p < i]/(1[p]·x[i] - 1[i]·x[p])³ - v[j]·[j < i]·δ[i,p]/(" in derived


def test_only_what_may_not_exist_is_chosen():
    source = tcgrad.loads("dims: {N: 4}\ninputs: {x: [N], r: []}\nequations: ['y[i] = [i > 0]*sin(x[i])/r']\n").emit()
    assert "np.where" not in source
