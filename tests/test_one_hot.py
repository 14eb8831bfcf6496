"""Rows that are 1 at one place and 0 elsewhere, in proofs: what stands beside a component has its value there."""

from __future__ import annotations

import pytest

import tcgrad
from tcgrad.notation.index import print_statement

SPEC = """
dims: {{N: 4, M: 3}}
inputs: {{z: [M, N], w: [M], y: {{shape: [M, N], sample: {sample}}}}}
equations:
  - p[m,i] = exp(z[m,i])/sum[k](exp(z[m,k]))
  - s[m] = p[m,i]*y[m,i]
  - f = {loss}
wrt: [z]
expect: ['df/dz[m,i] = {expected}']
"""

# losses of the probability of the right class, and their gradients by logits
LOSSES = [
    ("-sum[m](log(1 - s[m]))", "s[m]*(y[m,i] - p[m,i])/(1 - s[m])"),
    ("-sum[m](w[m]*s[m])", "w[m]*s[m]*(p[m,i] - y[m,i])"),
    ("-sum[m]((1 - s[m])^2*log(s[m]))", "(1 - s[m])*(1 - s[m] - 2*s[m]*log(s[m]))*(p[m,i] - y[m,i])"),
    ("-sum[m](sum[i](y[m,i]*log(p[m,i])) - s[m])", "(1 - s[m])*(p[m,i] - y[m,i])"),
]


def told(sample: str, loss: str, expected: str) -> str:
    function = tcgrad.loads(SPEC.format(sample=sample, loss=loss, expected=expected))
    (result,) = (each for each in function.check(trials=1).results if each.kind == "expect")
    return result.message


@pytest.mark.parametrize(("loss", "expected"), LOSSES)
def test_proved_for_one_hot_rows(loss: str, expected: str) -> None:
    given = "sum[j](y[i,j]) = 1, y[i,j]*y[i,k] = y[i,j]*delta[j,k]"
    assert told("one_hot", loss, expected) == f"proved, given that {given}"


@pytest.mark.parametrize(("loss", "expected"), LOSSES)
def test_wrong_for_others(loss: str, expected: str) -> None:
    assert told("simplex", loss, expected) == "wrong"


def test_rows_are_kept_apart() -> None:
    """Another row of the targets says nothing about this one."""
    assert told("one_hot", "sum[m](s[m]*y[0,1])", "y[0,1]*s[m]*(y[m,i] - p[m,i])").startswith("proved")
    assert told("one_hot", "sum[m](s[m]*y[0,1])", "delta[m,0]*s[m]*(y[m,i] - p[m,i])") == "wrong"


# a function of what the rows select of the probabilities, and its gradient as it is printed
SHOWN = [
    ("sum[m](-log(s[m]) + w[m]*(1 - s[m]))", "df/dz[p,q] = (p[p,q] - y[p,q])*(w[p]*s[p] + 1)"),
    ("-sum[m](s[m]^3)/3", "df/dz[p,q] = s[p]^3*(p[p,q] - y[p,q])"),
    ("sum[m](w[m]*sqrt(s[m]))", "df/dz[p,q] = w[p]*sqrt(s[p])*(y[p,q] - p[p,q])/2"),
]


def shown(sample: str, loss: str) -> tuple[str, set[str]]:
    function = tcgrad.loads(SPEC.format(sample=sample, loss=loss, expected="0*z[m,i]"))
    (jacobian,) = function.derivation.jacobians
    (line,) = print_statement(jacobian.define)
    return line, {each.kind for each in jacobian.assumed}


@pytest.mark.parametrize(("loss", "line"), SHOWN)
def test_what_is_selected_stands_before_the_difference(loss: str, line: str) -> None:
    assert shown("one_hot", loss) == (line, {"one hot"})


@pytest.mark.parametrize(("loss", "line"), SHOWN)
def test_but_not_for_others(loss: str, line: str) -> None:
    made, given = shown("simplex", loss)
    assert made != line
    assert not given


REPEATED = [
    "((x[i]*delta[i,j] + z[j]*delta[i,y[j]])*w[i,y[j]]*(z[i] + x[j])*w[y[i],j]*w[i,i])^2",
    "(delta[i,y[j]]*w[i,y[j]]*w[y[i],j])^2*(z[i] + x[j])^2/(w[i,i] + 9)^2",
    "delta[i,y[j]]*sqrt(N*pi)*w[i,y[j]]^2*w[y[i],j]*w[i,i]*sqrt(N)",
]


@pytest.mark.parametrize("summand", REPEATED)
def test_factors_that_become_alike_where_rows_are_looked_up_are_all_there(summand):
    inputs = "{x: [N], z: [N], w: [N, N], y: {shape: [N], dtype: int}}"
    function = tcgrad.loads(f"dims: {{N: 3}}\ninputs: {inputs}\nequations: ['f = sum[i,j]({summand})']\nwrt: [w]\n")
    results = [one for seed in range(4) for one in function.check(only=("jacobian", "gradient"), seed=seed).results]
    assert {one.status for one in results} == {"pass"}
