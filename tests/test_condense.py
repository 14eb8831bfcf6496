"""Shorter ways to write sums of products that are found by trying, as gradients show them."""

from __future__ import annotations

import pytest

import tcgrad

HEAD = "dims: {N: 5, K: 3}\ninputs: {x: [N, K], y: [N], w: [K], c: [], u: [], a: []}\n"

# the equation, the input, and its gradient
SHOWN = [
    # what is the same for all n stands outside of a mean over n
    ("f = mean[n](exp(u)*y[n] + u^2)", "u", "df/du = 2*u + exp(u)*1[n]*y[n]/N"),
    ("f = sum[n]((y[n] - u)^2 + c*u^2)/N", "u", "df/du = 2*(u*(c + 1) - 1[n]*y[n]/N)"),
    (
        "f = mean[n]((y[n] - w[k]*x[n,k])^2 + c*w[k]*w[k])",
        "w",
        "df/dw[p] = 2*(c*w[p] - x[n,p]*(y[n] - w[k]*x[n,k])/N)",
    ),
    # where nothing divides by the size it stays in the sum
    ("f = sum[n](exp(u*y[n]) + u^2)", "u", "df/du = 1[n]*(2*u + y[n]*exp(u*y[n]))"),
    # a sum that stands to a power beside its own terms is taken out
    ("f = (u - c)^2/2 - (u - c)^4/4", "u", "df/du = (1 - (u - c)^2)*(u - c)"),
    ("f = a*u + (u + c)^3 + 3*c*u + 3*u^2/2", "u", "df/du = a + 3*(c + u + 1)*(u + c)"),
    # of two divisors that are multiples of each other one is left
    ("f = a*u/(1 + u/c)", "u", "df/du = a/(1 + u/c)^2"),
    ("f = a*exp(u)/(c + exp(u)/a)", "u", "df/du = c*f/(c + exp(u)/a)"),
]


@pytest.mark.parametrize(("equation", "wrt", "line"), SHOWN)
def test_shown(equation: str, wrt: str, line: str) -> None:
    function = tcgrad.loads(f"{HEAD}equations: ['{equation}']\nwrt: [{wrt}]\n")
    (jacobian,) = function.derive().as_dict()["jacobians"]
    assert jacobian["index"] == line
    assert function.check(trials=1).ok
