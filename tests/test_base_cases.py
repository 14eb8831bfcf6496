"""Base cases wherever they stand: in the middle, and made of other base cases."""

from __future__ import annotations

import numpy as np
import pytest
from emit_tools import Emitted, check_everything, spec

import tcgrad
from tcgrad.errors import TcgradError

# the inputs, the equations, the outputs, and the first output's value by plain Python
FUNCTIONS = {
    "in the middle": (
        ["x: [5]"],
        ["h[3] = x[0]", "h[-1] = 1", "h[t] = h[t-1]*x[t]"],
        "[h]",
        lambda x: [x[0], x[0] * x[1], x[0] * x[1] * x[2], x[0], x[0] * x[4]],
    ),
    "at the end": (
        ["x: [3]"],
        ["h[2] = x[0]", "h[-1] = 1", "h[t] = h[t-1]*x[t]"],
        "[h]",
        lambda x: [x[0], x[0] * x[1], x[0]],
    ),
    "in the middle, two steps back": (
        ["x: [6]"],
        ["h[4] = x[0]^2", "h[-2] = 1", "h[-1] = x[1]", "h[t] = h[t-1]*x[t] + h[t-2]"],
        "[h]",
        None,
    ),
    "in the middle, of one of two": (
        ["x: [6]"],
        ["a[-1] = 1", "b[2] = x[0]", "b[-1] = 0", "a[t] = a[t-1]*x[t] + b[t-1]", "b[t] = b[t-1] + a[t]*x[t]"],
        "[a, b]",
        None,
    ),
    "of the one before": (
        ["x: [4]"],
        ["h[0] = x[0]", "h[1] = h[0]*x[1]", "h[t] = h[t-1]*x[t] + h[t-2]"],
        "[h]",
        lambda x: [x[0], x[0] * x[1], x[0] * x[1] * x[2] + x[0], (x[0] * x[1] * x[2] + x[0]) * x[3] + x[0] * x[1]],
    ),
    "of the one before the start": (
        ["x: [3]"],
        ["h[-1] = x[0]", "h[0] = h[-1]*x[1]", "h[t] = h[t-1]*x[t]"],
        "[h]",
        lambda x: [x[0] * x[1], x[0] * x[1] ** 2, x[0] * x[1] ** 2 * x[2]],
    ),
    "steps that read none before": (
        ["x: [5]"],
        ["h[0] = x[1]", "h[t] = x[t]*x[t-1]"],
        "[h]",
        lambda x: [x[1], x[1] * x[0], x[2] * x[1], x[3] * x[2], x[4] * x[3]],
    ),
    "steps that read none before, behind two": (
        ["x: [4]", "s: []"],
        ["h[0] = 0", "h[1] = s^2", "h[t] = s*x[t]^2"],
        "[h]",
        lambda x, s: [0, s**2, s * x[2] ** 2, s * x[3] ** 2],
    ),
    "a chain of matrices": (
        ["x: [6, 3]", "w: [3, 3]"],
        [
            "h[-1,j] = x[0,j]^2",
            "h[0,j] = w[j,k]*h[-1,k]",
            "h[1,j] = h[0,j]*h[-1,j]",
            "h[t,j] = tanh(w[j,k]*h[t-1,k] + h[t-2,j]*x[t,j])",
        ],
        "[h]",
        None,
    ),
    "of each other's": (
        ["x: [5]"],
        [
            "a[-1] = x[0]",
            "b[0] = a[-1]*x[1]",
            "a[0] = a[-1]*x[2]",
            "b[1] = b[0]*a[0]",
            "a[t] = a[t-1]*x[t] + b[t-1]",
            "b[t] = b[t-1]*b[t-2] + a[t]",
        ],
        "[a, b]",
        None,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives(name: str) -> None:
    inputs, equations, outputs, reference = FUNCTIONS[name]
    emitted = Emitted(spec(inputs, equations, outputs=outputs))
    check_everything(emitted)
    if reference is not None:
        given = emitted.inputs()
        np.testing.assert_allclose(emitted.module.forward(*given.values()), reference(**given))


@pytest.mark.parametrize("step", ["h[0] + x[t]", "h[t-1]*h[0]", "h[t-1]*h[-1]"])
def test_a_step_reads_no_fixed_position(step: str) -> None:
    text = spec(["x: [5]"], ["h[-1] = 1", "h[0] = x[0]", f"h[t] = {step}"])
    with pytest.raises(TcgradError) as caught:
        tcgrad.loads(text)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TC320"
    assert "is fixed, and its steps read a constant number of steps back" in diagnostic.message
    assert diagnostic.help == "give the value of that base case a name of its own, and read that"


@pytest.mark.parametrize("step", ["h[t-1]*x[t]", "h[t-1] + x[t]*x[t-1]", "h[t-1]*sin(x[T-t]) + x[T-1-t]*a"])
def test_a_base_case_alone_and_more_steps(step: str) -> None:
    """A recurrence has no step where its base case is all of it, and takes its arrays there as at other sizes."""
    text = spec(["x: [T]", "a: []"], ["h[0] = a^2*x[0]", f"h[t] = {step}"], dims="{T: 1}", indices="{t: T}")
    alone, longer = Emitted(text), Emitted(text, {"T": 4})
    check_everything(alone)
    longer.module = alone.module
    check_everything(longer)


@pytest.mark.parametrize("stride", [2, 3, 4])
def test_windows_of_no_steps(stride: int) -> None:
    """What is read in strides by each step is a window of no elements where there is no step, of any array."""
    inputs = ["a: {shape: [M, M], outside: 0}", "b: {shape: [T], outside: 0}"]
    equations = [
        "h[-1] = 0*a[0,0]",
        f"h[t] = h[t-1] + (1 + t)*a[k-1,{stride}*t-k+3]^2*b[{stride}*t-k+5]",
        "f = sum[e](h[e])",
    ]
    text = spec(inputs, equations, dims="{T: 4, K: 5, M: 3}", indices="{t: T, k: K}")
    module = Emitted(text).module
    for steps in (1, 2, 4):
        emitted = Emitted(text, {"T": steps})
        emitted.module = module
        check_everything(emitted)


def test_what_steps_read_must_be_there_without_a_step_too() -> None:
    equations = ["h[0] = a", "h[t] = h[t-1] + v[t]*x[t+2]"]
    inputs = ["x: [L]", "v: [T]", "a: []"]
    check_everything(Emitted(spec(inputs, equations, dims="{T: 1, L: 3}", indices="{t: T}")))
    with pytest.raises(TcgradError) as caught:
        tcgrad.loads(spec(inputs, equations, dims="{T: 1, L: 2}", indices="{t: T}")).derive()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TC310"
    reason = "`t+2` can leave, but axis 0 of `x` has positions 0 to 1 (t takes no value at these sizes)"
    assert diagnostic.message == reason


def test_factors_that_are_taken_out_of_some_terms_only_come_apart_beside_others_once():
    """The first step has another factor than the later ones, and both are read with the first element."""
    weight = "exp(w[t]*w[0])/sum[r](exp(w[r]*w[0]))"
    result = tcgrad.loads(f"inputs: {{w: [4]}}\nequations: ['y[-1] = 1', 'y[t] = 0.9*y[t-1]*{weight}']\n").check()
    assert [each.message for each in result.results if each.status not in ("pass", "skip")] == []
    assert {each.kind for each in result.results} >= {"gradient", "jacobian", "jvp"}


LATER = {  # equations in which `s` is an index, and what one of them is called
    "summed": ["h[-1,j] = a[j]", "h[i,j] = h[i-1,j] + w[i,j] + w[s,s]", "s[i,j] = sum[n](w[j,n]*h[n,i])"],
    "free": ["h[-1,s] = a[s]", "h[i,s] = h[i-1,s]*(s + 1) + w[i,s]", "s[i,j] = sum[n](w[j,n]*h[n,i])"],
    "stepped along": ["h[-1] = a[0]", "h[s] = h[s-1]*s + w[s,0]", "s = sum[n](w[0,n]*h[n])"],
}


@pytest.mark.parametrize("name", LATER)
def test_an_index_called_as_a_later_tensor_makes_that_no_part_of_the_recurrence(name: str) -> None:
    equations = LATER[name]
    renamed = [equations[0], equations[1], equations[2].replace("s", "last", 1)]
    values = []
    for written in (equations, renamed):
        emitted = Emitted(spec(["a: [3]", "w: [3, 3]"], written))
        values.append(emitted.module.forward(*emitted.inputs().values()))
    np.testing.assert_array_equal(*values)
