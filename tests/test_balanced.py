"""Second derivatives by one input: one sees that they commute, and no term is lost."""

from __future__ import annotations

import pytest

import tcgrad
from tcgrad.notation.index import print_statement

SHOWN = [
    (
        ["n = sqrt(u[i]*u[i])", "m = sqrt(v[i]*v[i])", "c = u[i]*v[i]/(n*m)"],
        "d2c/du[p]du[q] = (c*(3*u[p]*u[q]/n^2 - delta[p,q]) - (u[p]*v[q] + u[q]*v[p])/(m*n))/n^2",
    ),
    (["n = sqrt(u[i]*u[i])"], "d2n/du[p]du[q] = (delta[p,q] - u[p]*u[q]/n^2)/n"),
    (["f = (u[i]*v[i])*(u[j]*w[j])"], "d2f/du[p]du[q] = v[p]*w[q] + v[q]*w[p]"),
    (["f = u[i]*A[i,j]*u[j]"], "d2f/du[p]du[q] = A[p,q] + A[q,p]"),
    (["f = sum[i](u[i]^3)"], "d2f/du[p]du[q] = 6*u[p]*delta[p,q]"),
]


@pytest.mark.parametrize(("equations", "line"), SHOWN)
def test_shown(equations: list[str], line: str) -> None:
    text = f"dims: {{N: 3}}\ninputs: {{u: [N], v: [N], w: [N], A: [N, N]}}\nequations: {equations}\nwrt: [u]\n"
    function = tcgrad.loads(text)
    (hessian,) = function.derive(hessian=True).hessians
    assert hessian.define is not None
    assert list(print_statement(hessian.define)) == [line]
    assert function.check(trials=1).ok
