"""Recurrences in which the positions that lack readers at the end meet those that read base cases at the start."""

import numpy as np
import pytest
from emit_tools import Emitted, check_everything, spec
from share import share

import tcgrad

# The equation of the steps, and the base cases, their positions to be moved together.
STEPS = {
    "y[t] = a*y[t-1] + sin(y[t-3])*x[t]": ["x[0]*a", "a^2", "sin(x[0])"],
    "y[t] = tanh(y[t-1]*a)*y[t-2] + x[t]": ["x[0]*a", "a^2"],
    "y[t] = y[t-3]*a + x[T-1-t]": ["a", "1", "x[0]^2"],
    "y[t] = y[t-1]^2 + y[t-2]*y[t-4]*x[t]": ["x[0]*a", "a^2", "0.5", "a"],
}
CASES = [
    (step, length, before)
    for step, bases in STEPS.items()
    for length in (1, 2, 3, 4)
    for before in range(len(bases) + 1)
    if len(bases) - before <= length
]


def text_of(step, length, before, *, whole=True):
    """``before``: how many of the base cases are before the start."""
    bases = [f"y[{position - before}] = {base}" for position, base in enumerate(STEPS[step])]
    equations = [*bases, step, *(["f = sum[s](y[s]^3*x[s])"] if whole else [])]
    return spec(["x: [T]", "a: []"], equations, dims=f"{{T: {length}}}", indices="{t: T}")


@pytest.mark.parametrize(("step", "length", "before"), share(CASES, 5))
def test_derivatives_of_short_recurrences(step, length, before):
    for whole in (True, False):
        text = text_of(step, length, before, whole=whole)
        check_everything(Emitted(text))
        derived = tcgrad.loads(text).derive()
        derived.as_dict(steps=True)
        assert tcgrad.loads(text).check(trials=1).ok


@pytest.mark.parametrize("length", share((2, 1, 3), 3))
def test_recurrences_of_each_other_that_are_short(length):
    equations = ["a[-1,i] = x[0,i]", "b[-2,i] = 1[i]*w", "b[-1,i] = 0", "a[t,i] = a[t-1,(i+1)%N]*x[t,i] + b[t-2,i]*w"]
    equations += ["b[t,i] = tanh(b[t-1,i]) + a[t,i]^2", "f = sum[t,i](a[t,i]*b[t,i])"]
    text = spec(["x: [T, N]", "w: []"], equations, dims=f"{{T: {length}, N: 2}}", indices="{t: T}")
    check_everything(Emitted(text))
    assert tcgrad.loads(text).check(trials=1).ok


def test_each_position_has_an_equation_of_its_own():
    function = tcgrad.loads(text_of("y[t] = tanh(y[t-1]*a)*y[t-2] + x[t]", 2, 2))
    (gradient, _) = function.derive().as_dict()["gradients"]
    assert [line.partition(" = ")[0] for line in gradient["index"]] == ["dl/dy[1]", "dl/dy[0]", "dl/dx[p]"]


def test_the_module_is_for_that_length_alone():
    """Values need no derivatives, and are there at others."""
    module = tcgrad.loads(text_of("y[t] = tanh(y[t-1]*a)*y[t-2] + x[t]", 1, 2)).compile()
    with pytest.raises(ValueError, match="y takes 1 position along its recurrence, not 5"):
        module.value_and_grad(np.ones(5), 1.0)
    assert np.ndim(module.forward(np.ones(5), 1.0)) == 0


@pytest.mark.parametrize("reads", ["h[j,m]*h[2*j,k]", "h[j,m]*h[3*j,k]", "h[2*j,m]*h[3*j,k]^2"])
def test_rows_that_are_read_in_strides_at_a_length_of_1(reads):
    """No window is left then, and strides are longer than the array."""
    equations = ["h[0,m] = x[m]", "h[j,m] = tanh(h[j-1,m]) + b[j]", f"f = sum[j,k,m]({reads})"]
    check_everything(Emitted(spec(["x: [N]", "b: [C]"], equations, dims="{C: 1, N: 2}")))


ALONE = {
    "one": ["h[-2,j] = a[j]", "h[-1,j] = a[j]^2", "h[t,j] = tanh(h[t-1,j]*h[t-2,j] + x[t,j])"],
    "two of each other": [
        *("h[-2,j] = a[j]", "h[-1,j] = a[j]^2", "c[-1,j] = a[j]"),
        "h[t,j] = tanh(h[t-1,j]*c[t-1,j] + h[t-2,j] + x[t,j])",
        "c[t,j] = c[t-1,j]*h[t,j]*x[t,j] + h[t,k]*w[j,k]",
    ],
    "read where it is": ["y[-2] = a[0]", "y[-1] = a[1]", "y[t] = y[t-2]*y[t-1] + x[t,1]", "h[j] = y[0]*a[j]"],
}


@pytest.mark.parametrize("name", ALONE)
def test_at_one_position_no_recurrence_is_left(name):
    """Gradients are plain equations then, and are read as such."""
    inputs = ["x: [T, H]", "a: [H]", "w: [H, H]"]
    text = spec(inputs, ALONE[name], dims="{T: 1, H: 2}", outputs="[h, c]" if len(ALONE[name]) > 4 else "[h]")
    check_everything(Emitted(text))
    lines = [gradient["index"] for gradient in tcgrad.loads(text).derive().as_dict()["gradients"]]
    assert {len(gradient) for gradient in lines} == {1}
    expected = "".join(f"  - {line}\n" for (line,) in lines)
    assert tcgrad.loads(f"{text}expect:\n{expected}").check(trials=1).ok


def test_a_short_recurrence_that_no_derivative_goes_through():
    equations = ["h[-2] = a", "h[-1] = a^2", "h[t] = h[t-1]*h[t-2]", "f = sum[t](h[t]*x[t])"]
    text = spec(["x: [T]", "a: []"], equations, dims="{T: 1}", indices="{t: T}", wrt="[x]")
    alone, longer = Emitted(text), Emitted(text, {"T": 4})
    longer.module = alone.module
    check_everything(longer)


# Positions that stand apart at the end of one adjoint, and at the start of another.
JOINT = [
    "y[-2] = x[0]*a",
    "y[-1] = a^2",
    "h[t] = tanh(y[t-1]*a)",
    "y[t] = h[t]*y[t-2] + x[t]",
    "f = sum[s](y[s]^2*x[s])",
]


@pytest.mark.parametrize(("written", "used"), [(2, 5), (3, 3), (3, 6), (6, 3), (4, 2)])
def test_second_derivatives_of_joint_recurrences_hold_at_any_length(written, used):
    text = spec(["x: [T]", "a: []"], JOINT, dims=f"{{T: {written}}}", indices="{t: T}")
    emitted = Emitted(text, sizes={"T": used})
    check_everything(emitted)
    x, a = emitted.inputs().values()
    step = 1e-5

    def gradients(a):
        return emitted.module.value_and_grad(x, a)[1]

    after, before = gradients(a + step), gradients(a - step)
    along = emitted.module.hvp(x, a, np.zeros(used), np.float64(1))
    for found, high, low in zip(along, after, before, strict=True):
        np.testing.assert_allclose(found, (high - low) / (2 * step), rtol=1e-6, atol=1e-7)
