"""Differences the way round that they are read: as the spec has them, and else without minus signs in front."""

from __future__ import annotations

import pytest

import tcgrad
from tcgrad.notation.index import print_statement

HEAD = "dims: {N: 3}\ninputs: {a: [N], b: [N], c: [N], g: [N, N]}\nfunctions: {'f(z)': null}\n"

# equations, and the gradient of the first input that they read
SHOWN = [
    (["y[i] = (b[i] - a[i])^2"], "dl/da[p] = -2*dl/dy[p]*(b[p] - a[p])"),
    (["y[i] = b[i]*c[i] - a[i]*f(b[i] - c[i])"], "dl/da[p] = -dl/dy[p]*f(b[p] - c[p])"),
    (
        ["y[i] = g[i,j]*a[j]", "e = logsumexp[i](y[i]) - b[i]*y[i]"],
        "dl/da[p] = g[i,p]*(dl/dy[i] + dl/de*(exp(y[i] - logsumexp[j](y[j])) - b[i]))",
    ),
    (["y[k] = a[k//2]*(2 + b[k//3]^2)"], "dl/da[p] = dl/dy[k+2*p]*(2 + b[(k+2*p)//3]^2)"),
    (
        ["y[i] = max(clip(a[i], 1 - b[i], 1 + b[i])*c[i], a[i])"],
        (
            "dl/da[p] = dl/dy[p]*where(c[p]*clip(a[p], 1 - b[p], 1 + b[p]) >= a[p],"
            " c[p]*[1 - b[p] <= a[p] <= 1 + b[p]], 1)"
        ),
    ),
    (
        ["y[i] = (a[i+1] - a[i])^2"],
        "dl/da[p] = 2*(-dl/dy[p]*(a[p+1] - a[p])*[p < N - 1] + dl/dy[p-1]*(a[p] - a[p-1])*[p >= 1])",
    ),
    (
        ["y[i] = exp(a[i])/(1[k]*exp(a[k]))", "e = sum[i](y[i]*log(y[i]/b[i]))"],
        "dl/da[p] = y[p]*(dl/dy[p] + dl/de*(log(y[p]/b[p]) - e) - dl/dy[i]*y[i])",
    ),
]


@pytest.mark.parametrize(("equations", "gradient"), SHOWN)
def test_shown(equations: list[str], gradient: str) -> None:
    outputs = "[y, e]" if len(equations) > 1 else "[y]"
    text = f"{HEAD}equations: {equations}\noutputs: {outputs}\nwrt: [a]\n"
    (found,) = tcgrad.loads(text).derivation.gradients
    assert list(print_statement(found.statements[-1])) == [gradient]
