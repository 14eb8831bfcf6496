"""Deltas of shifted positions: one form for both ways round, no guards that they imply, reads at plain positions."""

import pytest
from test_put_back import put_back

import tcgrad

HEAD = "dims: {N: 5, M: 2}\ninputs: {x: [N], a: [N], b: [N-1]}\n"

# Equations, and their Jacobian by x.
JACOBIANS = [
    (["y[i] = x[i+1] - x[i]"], "dy[i]/dx[p] = delta[p,i+1] - [i == p]"),
    (["y[i] = sum[j](delta[j,i-1]*x[j])"], "dy[i]/dx[p] = delta[i,p+1]"),
    (["y[i] = sum[j](delta[i,j+1]*a[j]*x[j])"], "dy[i]/dx[p] = a[p]*delta[i,p+1]"),
    (["y[i] = sum[j](delta[j,i+1]*[i < N-1]*b[i]*x[j])"], "dy[i]/dx[p] = b[i]*delta[p,i+1]*[i < N - 1]"),
    (["y[i] = x[(i-1)%N]"], "dy[i]/dx[p] = delta[i,(p+1)%N]"),
]


@pytest.mark.parametrize(("equations", "line"), JACOBIANS)
def test_jacobian(equations, line):
    ranges = "" if equations[0] == JACOBIANS[0][0][0] else "indices: {i: N}\n"
    text = f"{HEAD}equations: {equations}\n{ranges}wrt: [x]\n"
    function = tcgrad.loads(text)
    (jacobian,) = function.derive().as_dict()["jacobians"]
    assert jacobian["index"] == line
    assert function.check(trials=1).ok
    assert all(each.proved for each in put_back(text))


# Sums over what is looked up, in which something stands that rows that nothing looks up do not have.
ROWS_WITHOUT = [
    "sum[e](delta[t[e],n]*exp(s[e])/z[t[e]]*x[e,0]*w[0])",
    "sum[e](delta[t[e],n]*log(z[t[e]])*s[e]*w[0])",
    "sum[e](delta[t[e],n]*s[e])*w[0] + sum[e](delta[t[e],n]*s[e]/z[t[e]])",
]


@pytest.mark.parametrize("body", ROWS_WITHOUT)
def test_what_rows_without_readers_lack_stays_beside_the_delta(body):
    text = (
        "dims: {N: 5, E: 3}\nindices: {n: N}\nwrt: [w]\ninputs:\n  x: [E, 2]\n  w: [2]\n"
        "  t: {shape: [E], dtype: int, sample: {integers: [0, N]}}\nequations:\n"
        f"  - 's[e] = tanh(x[e,f]*w[f])'\n  - 'z[n] = exp(s[e])*delta[t[e],n]'\n  - 'o[n] = {body}'\n"
    )
    assert tcgrad.loads(text).check(dtype=["float64"], trials=1).ok
