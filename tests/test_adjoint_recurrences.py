"""Gradients through recurrences as the literature writes them: the adjoint recurrence, and what comes of it."""

import pytest
from emit_tools import Emitted, check_everything, spec

import tcgrad

# Inputs, equations, and lines of the gradients.
PRINTED = {
    "soft minimum over time": (
        "d: [T], g: {shape: [], sample: positive}",
        ["r[0] = d[0]", "r[t] = d[t] - g*log(1 + exp(-r[t-1]/g))"],
        ["dl/dr_total[t] = dl/dr[t] + dl/dr_total[t+1]*sigmoid(-r[t]/g)", "dl/dd[p] = dl/dr_total[p]"],
    ),
    "variance of a Kalman filter": (
        "q: [T], r: [], p0: []",
        ["p[-1] = p0", "p[t] = (p[t-1] + q[t])*r/(p[t-1] + q[t] + r)"],
        ["dl/dp_total[t] = dl/dp[t] + dl/dp_total[t+1]*(r/(p[t] + q[t+1] + r))^2"],
    ),
    # a gradient of `inv(P)` has no name in the language
    "likelihood of a state space model": (
        "F: [N, N], P0: {shape: [N, N], sample: spd}, x: [T, N]",
        [
            "P[-1,i,j] = P0[i,j]",
            "P[t,i,j] = F[i,k]*P[t-1,k,l]*F[j,l] + delta[i,j]",
            "f = x[t,i]*inv(P)[t,i,j]*x[t,j] + 1[t]*logdet(P)[t]",
        ],
        [
            (
                "dl/dP[t,i,j] = dl/df*(inv(P)[t,j,i] - x[t,u]*inv(P)[t,j,u]*x[t,v]*inv(P)[t,v,i])"
                " + dl/dP[t+1,k,m]*F[k,i]*F[m,j]"
            ),
            "dl/dP0[p,q] = dl/dP[0,i,j]*F[i,p]*F[j,q]",
        ],
    ),
    "a logarithm beside what may be far larger": (
        "x: [T, N], a0: []",
        ["a[-1] = a0", "a[t] = a[t-1]*(1 - a[t-1]) + logsumexp[k](x[t,k])"],
        ["dl/dx[p,q] = dl/da_total[p]*exp(x[p,q] - 1[q]*logsumexp[k](x[p,k]))"],
    ),
    "a logarithm beside a score": (
        "b: [T, N], w: [N, N], a0: [N]",
        ["a[-1,j] = a0[j]", "a[t,j] = b[t,j] + logsumexp[k](a[t-1,k] + w[k,j])"],
        [
            (
                "dl/da_total[t,j] = dl/da[t,j]"
                " + dl/da_total[t+1,k]*exp(1[j]*b[t+1,k] + 1[t]*w[j,k] + 1[k]*a[t,j] - 1[j]*a[t+1,k])"
            )
        ],
    ),
    "heat equation on a ring": (
        "u0: [N], r: [], s: [T]",
        ["u[-1,i] = u0[i]", "u[t,i] = s[t] + u[t-1,i] + r*(u[t-1,(i+1)%N] - 2*u[t-1,i] + u[t-1,(i-1)%N])"],
        [
            (
                "dl/du_total[t,i] = dl/du[t,i] + dl/du_total[t+1,i]"
                " + r*(dl/du_total[t+1,(i-1)%N] + dl/du_total[t+1,(i+1)%N] - 2*dl/du_total[t+1,i])"
            ),
        ],
    ),
    "returns from behind": (
        "r: [T], g: []",
        ["G[0] = r[T-1]", "G[s] = r[T-1-s] + g*G[s-1]"],
        ["dl/dr[p] = dl/dG_total[T-p-1]", "dl/dg = dl/dG_total[s+1]*G[s]"],
    ),
    "Horner's rule": (
        "a: [T], x: []",
        ["y[0] = a[T-1]", "y[i] = y[i-1]*x + a[T-1-i]", "f = y[T-1]"],
        ["dl/da[p] = dl/dy[T-p-1]", "dl/dx = dl/dy[i+1]*y[i]"],
    ),
    "a network in depth": (
        "x0: [N], W: [T, N, N]",
        ["x[-1,i] = x0[i]", "x[t,i] = x[t-1,i] + W[t,i,j]*x[t-1,j]"],
        ["dl/dW[p,q,r] = dl/dx_total[p,q]*(x0[r]*delta[p,0] + x[p-1,r]*[p >= 1])"],
    ),
    "a delta rule with a gate": (
        "k: [T, N], v: [T], b: [T]",
        ["S[-1,i] = 0", "S[t,i] = S[t-1,i] + sigmoid(b[t])*(v[t] - S[t-1,m]*k[t,m])*k[t,i]"],
        [
            ("dl/db[p] = sigmoid(b[p])*(v[p] - k[p,m]*S[p-1,m]*[p >= 1])*(1 - sigmoid(b[p]))*dl/dS_total[p,i]*k[p,i]"),
        ],
    ),
    "a delta rule with a gate for rows": (
        "k: [T, N], v: [T, T], b: [T]",
        [
            "S[-1,i,j] = 0",
            "S[t,i,j] = S[t-1,i,j] + sigmoid(b[t])*(v[t,j] - S[t-1,m,j]*k[t,m])*k[t,i]",
        ],
        [
            (
                "dl/db[p] = sigmoid(b[p])*(1 - sigmoid(b[p]))*dl/dS_total[p,i,j]*k[p,i]"
                "*(v[p,j] - k[p,m]*S[p-1,m,j]*[p >= 1])"
            ),
        ],
    ),
    "a minimal gated recurrent unit": (
        "c: [T], z: [T], h0: []",
        ["h[-1] = h0", "h[t] = (1 - z[t])*h[t-1] + z[t]*where(c[t] >= 0, c[t] + 1/2, sigmoid(c[t]))"],
        ["dl/dz[p] = dl/dh_total[p]*(where(c[p] >= 0, c[p] + 1/2, sigmoid(c[p])) - h0*delta[p,0] - h[p-1]*[p >= 1])"],
    ),
    "terms that are alike at the first position alone": (
        "x: [T], a: [T]",
        ["h[0] = x[0]*a[0]", "h[t] = h[t-1] + (x[t] + x[0])*a[t]"],
        ["dl/da[p] = dl/dh_total[p]*(x[p]*[p >= 1] + x[0])"],
    ),
    "a network of less depth than there are weights for": (
        "x0: [N], W: [L, N, N]",
        ["x[-1,i] = x0[i]", "x[t,i] = x[t-1,i] + W[t,i,j]*x[t-1,j]"],
        ["dl/dW[p,q,r] = dl/dx_total[p,q]*(x0[r]*delta[p,0] + x[p-1,r]*[p >= 1])*[p < T]"],
    ),
}


def function_of(name):
    inputs, equations, _ = PRINTED[name]
    dims, indices = "{N: 3, T: 4, L: 6}", "{t: T}"
    text = f"dims: {dims}\ninputs: {{{inputs}}}\nindices: {indices}\nequations: {equations}\n"
    return tcgrad.loads(text, name)


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed(name):
    lines = [line for g in function_of(name).derive().as_dict()["gradients"] for line in g["index"]]
    assert [line for line in PRINTED[name][-1] if line not in lines] == []


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed_is_true(name):
    assert function_of(name).check(trials=1).ok


# An expectation over all positions, under a guard.
GUARDED = [
    ("m[t] = (1 - a)*m[t-1] + a*x[t]", "dl/da = sum[t]([t >= 1]*dl/dm_total[t]*(x[t] - m[t-1]))"),
    ("m[t] = exp(a)*m[t-1]*x[t]", "dl/da = sum[t]([1 <= t]*dl/dm_total[t]*m[t])"),
]


@pytest.mark.parametrize(("step", "expected"), GUARDED)
def test_a_sum_over_steps_is_proved(step, expected):
    text = f"dims: {{T: 4}}\ninputs: {{x: [T], a: []}}\nequations: ['m[0] = x[0]', '{step}']\nexpect: ['{expected}']\n"
    (result,) = [each for each in tcgrad.loads(text).check(trials=1).results if each.kind == "expect"]
    assert result.proved


# What stands in base cases and in steps, and the line of its gradient over all positions.
STARTED = {
    "two steps back": (["u[0] = x[0]", "u[1] = x[1]", "u[t] = a*u[t-1] + sin(u[t-2]) + x[t]"], "dl/dx[p] = dl/du[p]"),
    "not in part": (
        ["u[0] = x[0]", "u[t] = u[t-1]*x[t]"],
        "dl/dx[p] = dl/du[p]*u[p-1]*[p >= 1] + dl/du[0]*delta[p,0]",
    ),
}


@pytest.mark.parametrize("name", STARTED)
def test_emitted_gradients_join_base_cases_and_steps(name):
    equations, line = STARTED[name]
    emitted = Emitted(spec(["x: [T]", "a: []"], [*equations, "f = u[t]*u[t]"], dims="{T: 5}", indices="{t: T}"))
    assert f"    # {line}" in emitted.source.splitlines()
    check_everything(emitted)
