"""What is divided by its own length: its squares add up to 1, in whatever way that is written; else to no number."""

from __future__ import annotations

import pytest

import tcgrad
from tcgrad.notation.index import print_statement

HEAD = "dims: {N: 3, B: 2}\ninputs: {x: [B, N], w: [N], t: [B], a: []}\nwrt: [t]\n"
SCALAR = "y = t[b]*sum[i](u[b,i]^2)"

# definitions of u, and whether its squares add up to 1 over its last axis
CASES = [
    (("n[b] = sqrt(x[b,i]*x[b,i])", "u[b,i] = x[b,i]/n[b]"), True),
    (("u[b,i] = x[b,i]/sqrt(x[b,k]*x[b,k])",), True),
    (("r[b] = 1/sqrt(sum[i](x[b,i]^2))", "u[b,i] = x[b,i]*r[b]"), True),
    (("q[b] = x[b,i]*x[b,i]", "n[b] = sqrt(q[b])", "u[b,i] = -x[b,i]/n[b]"), True),
    (("d[b,i] = x[b,i] - w[i]", "n[b] = sqrt(d[b,i]*d[b,i])", "u[b,i] = d[b,i]/n[b]"), True),
    (("n[b] = sqrt(x[b,i]*x[b,i] + a)", "u[b,i] = x[b,i]/n[b]"), False),
    (("n[b] = sqrt(x[b,i]*x[b,i])", "u[b,i] = x[b,i]/n[0]"), False),
    (("n[i] = sqrt(x[b,i]*x[b,i])", "u[b,i] = x[b,i]/n[i]"), False),
    (("n[b] = x[b,i]*x[b,i]", "u[b,i] = x[b,i]/n[b]"), False),
    (("n[b] = sqrt(sum[i](x[b,i]*x[b,i]*w[i]))", "u[b,i] = x[b,i]/n[b]"), False),
    (("n[b] = sqrt(sum[i](x[b,i+1]^2))", "u[b,i] = x[b,i]/n[b]"), False),
    (("n[b] = sum[i](abs(x[b,i]))", "u[b,i] = x[b,i]/n[b]"), False),
]


@pytest.mark.parametrize(("definitions", "is_unit"), CASES)
def test_squares_of_what_is_divided_by_its_length(definitions: tuple[str, ...], is_unit: bool) -> None:
    function = tcgrad.loads(f"{HEAD}equations: {[*definitions, SCALAR]}\n")
    (gradient,) = function.derivation.gradients
    (line,) = print_statement(gradient.statements[-1])
    assert (line == "dl/dt[p] = 1[p]*dl/dy") == is_unit
    assert function.check(trials=1).ok


def test_squares_of_deviations_by_their_mean_add_up_to_the_size() -> None:
    deviations = ("m = sum[i](w[i])/N", "v = sum[i]((w[i] - m)^2)/N", "s = sqrt(v)", "z[i] = (w[i] - m)/s")
    text = HEAD.replace("[t]", "[a]") + f"equations: {[*deviations, 'y = a*sum[i](z[i]^2)']}\n"
    (gradient,) = tcgrad.loads(text).derivation.gradients
    assert list(print_statement(gradient.statements[-1])) == ["dl/da = N*dl/dy"]
