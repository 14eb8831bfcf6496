"""Ties: at a kink the language fixes the derivative, and a backward that has another one there fails."""

from __future__ import annotations

import numpy as np
import pytest

from tcgrad.api import loads
from tcgrad.check import check
from tcgrad.check.against import UserCode, UserFunction
from tcgrad.functions import FUNCTIONS

SPECS = {
    "relu": "inputs: {x: [N]}\nequations: ['y[i] = relu(x[i])']",
    "abs": "inputs: {x: [N]}\nequations: ['y[i] = abs(x[i])']",
    "max": "inputs: {x: [N], z: [N]}\nequations: ['y[i] = max(x[i], z[i])']",
    "min": "inputs: {x: [N], z: [N]}\nequations: ['y[i] = min(x[i], z[i])']",
    "largest": "inputs: {x: [N, N]}\nequations: ['y[i] = max[j](x[i,j])']",
    "smallest": "inputs: {x: [N, N]}\nequations: ['y[i] = min[j](x[i,j])']",
    "layer": "inputs: {x: [N, N], w: [N]}\nequations: ['y[i] = relu(x[i,j]*w[j])']",
    "leaky": "inputs: {x: [N]}\nequations: ['y[i] = leaky_relu(x[i], 0.25)']",
}


def shared(x, y, dy):
    """The gradient of the largest or smallest entries of rows, shared equally by those that attain it."""
    hit = x == y[:, None]
    return dy[:, None] * hit / hit.sum(1, keepdims=True)


def first_only(x, y, dy):
    hit = x == y[:, None]
    return dy[:, None] * (hit & (np.cumsum(hit, 1) == 1))


RIGHT = {
    "relu": lambda x, dy: dy * (x > 0),
    "abs": lambda x, dy: dy * np.sign(x),
    "max": lambda x, z, dy: (dy * (x >= z), dy * (x < z)),
    "min": lambda x, z, dy: (dy * (x <= z), dy * (x > z)),
    "largest": lambda x, dy: shared(x, x.max(1), dy),
    "smallest": lambda x, dy: shared(x, x.min(1), dy),
    "layer": lambda x, w, dy: (np.outer(dy * (x @ w > 0), w), (dy * (x @ w > 0)) @ x),
    "leaky": lambda x, dy: dy * np.where(x > 0, 1, 0.25),
}
WRONG = {
    "relu": lambda x, dy: dy * (x >= 0),
    "abs": lambda x, dy: dy * np.where(x >= 0, 1, -1),
    "max": lambda x, z, dy: (dy * (x > z), dy * (x <= z)),
    "min": lambda x, z, dy: (dy * ((x < z) + (x == z) / 2), dy * ((x > z) + (x == z) / 2)),
    "largest": lambda x, dy: first_only(x, x.max(1), dy),
    "smallest": lambda x, dy: first_only(x, x.min(1), dy),
    "layer": lambda x, w, dy: (np.outer(dy * (x @ w >= 0), w), (dy * (x @ w >= 0)) @ x),
    "leaky": lambda x, dy: dy * np.where(x >= 0, 1, 0.25),
}


def checked(name, backward, dtype, seed):
    made = loads(f"dims: {{N: 4}}\n{SPECS[name]}\n", f"{name}.yaml")

    def typed(*arguments):
        found = backward(*arguments)
        kind = arguments[0].dtype
        return tuple(np.asarray(g, kind) for g in found) if isinstance(found, tuple) else np.asarray(found, kind)

    code = UserCode(UserFunction("backward", typed))
    return check(made.program, derivation=made.derivation, against=code, dtype=dtype, seed=seed)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
@pytest.mark.parametrize("name", SPECS)
def test_a_backward_that_is_wrong_at_ties_alone_fails(name, dtype):
    right = checked(name, RIGHT[name], dtype, 1)
    assert right.ok
    assert not right.notes
    wrong = checked(name, WRONG[name], dtype, 1)
    failures = [r for r in wrong.results if r.status == "fail"]
    assert {(r.kind, r.subject) for r in failures} == {("against", "user")}
    assert all("exact at ties" in r.method for r in failures)


@pytest.mark.parametrize("seed", range(2, 4))
@pytest.mark.parametrize("name", SPECS)
def test_it_does_whatever_the_seed(name, seed):
    assert checked(name, RIGHT[name], "float64", seed).ok
    assert not checked(name, WRONG[name], "float64", seed).ok


NOTED = [
    ("y[i] = tanh(relu(x[i]))", "tanh is not rational"),
    ("y = logsumexp[i](abs(x[i]))", "logsumexp is not rational"),
    ("y[i] = relu(x[i] + 0.3)", "no tie was met"),
    ("y[i] = relu((x[i]^20)^20)", "exact numbers would grow too long"),
]


@pytest.mark.parametrize(("equation", "reason"), NOTED)
def test_where_ties_are_not_compared_the_report_says_so(equation, reason):
    result = loads(f"dims: {{N: 3}}\ninputs: {{x: [N]}}\nequations: ['{equation}']\n").check(trials=1)
    assert f"nothing is compared where branches meet: {reason}" in result.notes


def test_a_large_function_is_not_compared_at_ties():
    result = loads("dims: {N: 200}\ninputs: {x: [N]}\nequations: ['y[i] = relu(x[i])*x[j]*x[j]']\n").check(trials=1)
    assert "nothing is compared where branches meet: exact arithmetic would take too long" in result.notes


@pytest.mark.parametrize("equation", ["y[i] = x[i]*x[i]", "y[i] = floor(x[i])*x[i]", "y[i] = exp(x[i])*[x[i] > 0]"])
def test_where_there_is_no_kink_nothing_is_said(equation):
    result = loads(f"dims: {{N: 3}}\ninputs: {{x: [N]}}\nequations: ['{equation}']\n").check(trials=1)
    assert not any("branches meet" in note for note in result.notes)
    assert not any("ties" in r.method for r in result.results)


def test_ties_respect_what_inputs_are_declared_to_be():
    text = """
dims: {N: 3}
inputs: {x: {shape: [N], sample: positive}, z: {shape: [N], sample: {uniform: [1, 3]}}, k: {shape: [N], dtype: int}}
equations: ['y[i] = max(1/x[i], z[i])*k[i]']
"""
    for seed in range(4):
        assert loads(text).check(seed=seed).ok


@pytest.mark.parametrize("name", sorted(name for name, row in FUNCTIONS.items() if row.is_rational))
def test_functions_with_kinks_are_compared_of_scalars_too(name):
    arguments = ["x", "-abs(w)", "abs(v)"] if name == "clip" else ["x", "w"][: FUNCTIONS[name].arity]
    text = f"inputs: {{x: [], w: [], v: []}}\nequations: ['y = {name}({', '.join(arguments)})*x']\n"
    assert loads(text).check(trials=1).ok


NEAR_TIES = {
    "brackets": "[x[i] > w[i]]*sin(x[i])*w[i] + where(x[i] < w[i], x[i]^3, w[i])",
    "largest": "max(x[i], w[i])*w[i] + sum[j](max[k](x[j]*1[k] + 0*w[k]))*x[i]",
}


@pytest.mark.parametrize("name", NEAR_TIES)
@pytest.mark.parametrize("seed", range(4))
def test_inputs_that_are_nearly_equal_are_told_apart(name, seed):
    """Inputs are exact in the type that is checked: no rounding makes them equal."""
    inputs = "{x: {shape: [N], sample: {uniform: [1, 1.02]}}, w: {shape: [N], sample: {uniform: [1, 1.02]}}}"
    made = loads(f"dims: {{N: 5}}\ninputs: {inputs}\nequations: ['y[i] = {NEAR_TIES[name]}']", name)
    result = check(made.program, dtype=("float16",), seed=seed)
    assert [r.message for r in result.results if r.status == "fail"] == []


@pytest.mark.parametrize("function", ["leaky_relu(x[i], 0.1)", "leaky_relu(x[i], c)", "clip(x[i], -c, 3*c)"])
def test_numbers_that_are_near_to_whole_ones_stay_what_they_are(function):
    """Where inputs are whole, so that ties are met, slopes and bounds need not be."""
    text = f"inputs: {{x: [4]}}\nconstants: {{c: 0.1}}\nindices: {{q: 6}}\nequations: ['y[i] = prod[q]({function})']"
    for seed in range(6):
        result = check(loads(text, "numbers").program, dtype=("float16",), seed=seed)
        assert [r.message for r in result.results if r.status == "fail"] == []


EXPECTED = {
    "dy[i]/dx[p] = delta[i,p]*[x[i] > 0]": True,
    "dy[i]/dx[p] = delta[i,p]*[x[i] >= 0]": False,
    "dy[i]/dx[p] = delta[i,p]*(sign(x[i]) + 1)/2": False,
    "dg/dz[p] = [z[p] == g]/(1[k]*[z[k] == g])": True,
    "dg/dz[p] = [z[p] == max[k](z[k])]": False,
    "da[i]/dx[p] = delta[i,p]*x[i]/(abs(x[i]) + [x[i] == 0])": True,
    "da[i]/dx[p] = delta[i,p]*(2*[x[i] > 0] - 1)": False,
    "db[i]/dx[p] = delta[i,p]*[x[i] >= z[i]]": True,
    "db[i]/dx[p] = delta[i,p]*[x[i] > z[i]]": False,
}


@pytest.mark.parametrize("formula", EXPECTED)
def test_an_expectation_that_is_wrong_where_branches_meet_is_wrong(formula):
    text = (
        "dims: {N: 3}\ninputs: {x: [N], z: [N]}\nequations: ['y[i] = relu(x[i])', 'g = max[i](z[i])', "
        f"'a[i] = abs(x[i])', 'b[i] = max(x[i], z[i])']\noutputs: [y, g, a, b]\nexpect: ['{formula}']\n"
    )
    (result,) = loads(text).check(only="expect").results
    assert (result.status == "pass") is EXPECTED[formula], result.message


@pytest.mark.parametrize("reduction", ["max", "min"])
@pytest.mark.parametrize("body", ["sign(x[n]*x[n])", "floor(x[n]/9)", "ceil(x[n])*[x[n] > 0]"])
def test_the_extreme_of_whole_numbers_does_not_vary(reduction, body):
    made = loads(f"dims: {{N: 3}}\ninputs: {{x: [N], u: []}}\nequations: ['y = {reduction}[n]({body})']\n")
    assert made.check(trials=1).ok
