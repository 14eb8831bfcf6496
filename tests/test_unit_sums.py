"""Targets made of targets: what adds up to 1 because its parts do, and what does not."""

from __future__ import annotations

import pytest

import tcgrad
from tcgrad.notation.index import print_statement

HEAD = "dims: {N: 3, K: 4}\nconstants: {a: 0.25}\ninputs: {z: [N, K], t: T, u: T, v: [N, K]}\n"
SIMPLEX = "{shape: [N, K], sample: simplex}"
LOSS = ("p[n,k] = exp(z[n,k])/sum[j](exp(z[n,j]))", "l = -s[n,k]*log(p[n,k])")

# the definitions of s, and the inputs whose sums are taken for granted; none where s does not add up to 1
CASES = [
    (("s[n,k] = (1 - a)*t[n,k] + a/K",), ["t"]),
    (("s[n,k] = a*t[n,k] + (1 - a)*u[n,k]",), ["t", "u"]),
    (("r[n,k] = (t[n,k] + u[n,k])/2", "s[n,k] = (2*r[n,k] + t[n,k])/3"), ["t", "u"]),
    (("s[n,k] = (1 - a)*t[n,k]",), []),
    (("s[n,k] = a*t[n,k] + (1 - a)*v[n,k]",), []),
    (("s[n,k] = t[n,k]^2",), []),
    (("s[n,k] = t[0,k] + t[n,k] - u[n,0]/K",), []),
]


@pytest.mark.parametrize(("definitions", "given"), CASES)
def test_sums_of_targets(definitions: tuple[str, ...], given: list[str]) -> None:
    spec = HEAD.replace("T", SIMPLEX) + f"equations: {[*definitions, *LOSS]}\nwrt: [z]\n"
    (gradient,) = tcgrad.loads(spec).derivation.gradients
    (line,) = print_statement(gradient.statements[-1])
    assert (line == "dl/dz[p,q] = dl/dl*(p[p,q] - s[p,q])") == bool(given)
    assert [each.tensor.name for each in gradient.assumed] == given
