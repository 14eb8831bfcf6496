"""Positions that go round: the gradient reads where the position came from, without a delta under a sum."""

import pytest
from test_put_back import put_back

import tcgrad

PERIODIC = {
    "a shift": ("y[i] = u[(i+1)%N] - u[i]", "i: N"),
    "a shift back": ("y[i] = u[(i-2)%N]*u[i]", "i: N"),
    "by another index": ("y[i,j] = u[(i+j)%N]*v[j]", "i: N, j: M"),
    "turned round": ("y[i] = u[(3-i)%N]*u[i]", "i: N"),
    "by a size": ("y[i] = u[(i+M)%N]^2", "i: N"),
    "a sum": ("y = sum[i]((u[(i+1)%N] - 2*u[i] + u[(i-1)%N])^2)", "i: N"),
    "once more": ("y[i] = u[((i+1)%N+2)%N]*u[(i-1)%N]", "i: N"),
}


@pytest.mark.parametrize("name", PERIODIC)
def test_gradients_go_round(name):
    equation, ranges = PERIODIC[name]
    text = f"dims: {{N: 5, M: 3}}\ninputs: {{u: [N], v: [M]}}\nindices: {{{ranges}}}\nequations: ['{equation}']\n"
    text += "wrt: [u]\n"
    function = tcgrad.loads(text)
    (gradient,) = function.derive().as_dict()["gradients"]
    assert "delta" not in gradient["index"][-1]
    assert function.check(trials=1).ok
    assert all(each.status == "pass" for each in put_back(text))
