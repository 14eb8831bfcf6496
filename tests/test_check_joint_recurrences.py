"""Recurrences of several tensors: each is checked by its own values and bounds, not by those of another one."""

import pytest

import tcgrad

OSCILLATOR = """
dims: {T: 4}
constants: {h: 0.1}
inputs: {u0: [], v0: [], a: [T]}
equations:
  - u[-1] = u0
  - v[-1] = v0
  - u[t] = u[t-1] + h*v[t-1]*a[t]
  - v[t] = v[t-1] - h*u[t-1]
outputs: [u, v]
"""
OF_U = "dl/du[t] + sum[k]([k == t+1]*(dl/du_total[k] - h*dl/dv_total[k]))"
OF_V = "dl/dv[t] + sum[k]([k == t+1]*(dl/dv_total[k] + h*a[k]*dl/du_total[k]))"

EXPECTED = [
    (f"dl/du_total[t] = {OF_U}", "pass"),
    (f"dl/dv_total[t] = {OF_V}", "pass"),
    (f"dl/du_total[t] = {OF_V}", "fail"),
    (f"dl/dv_total[t] = {OF_U}", "fail"),
]


@pytest.mark.parametrize(("line", "status"), EXPECTED)
def test_expectations_about_each_adjoint(line, status):
    function = tcgrad.loads(f"{OSCILLATOR}expect: ['{line}']\n")
    (result,) = (each for each in function.check(trials=1).results if each.kind == "expect")
    assert result.status == status


PREDATORS = """
dims: {T: 3}
constants: {h: 0.1}
inputs: {u0: [], v0: [], a: [], b: []}
equations:
  - u[-1] = u0
  - v[-1] = v0
  - u[t] = u[t-1] + h*u[t-1]*(a - b*v[t-1])
  - v[t] = v[t-1] + h*v[t-1]*(u[t-1] - 1)
indices: {t: T}
outputs: [u, v]
"""


@pytest.mark.parametrize("text", [OSCILLATOR, PREDATORS])
def test_what_is_right_passes(text):
    assert tcgrad.loads(text).check(trials=2).ok
