"""What brackets leave a box of is worked out in the box, and put in its place; so is what deltas put at numbers."""

import re

import numpy as np
import pytest
from emit_tools import Emitted, assert_close, check_at_sizes, check_everything, spec

EQUATIONS = {
    "total variation": ["f = sum[i,j](sqrt((u[i+1,j] - u[i,j])^2 + (u[i,j+1] - u[i,j])^2 + 0.01))"],
    "smoothed slopes": ["f = sum[i,j](log(1 + exp(u[i+1,j] - u[i,j])))"],
    "five points": ["r[i,j] = u[i+2,j+1] + u[i,j+1] + u[i+1,j+2] + u[i+1,j] - 4*u[i+1,j+1]", "f = sum[i,j](r[i,j]^4)"],
    "with a weight": ["f = sum[i,j](w[i,j]*exp(-(u[i+1,j] - u[i,j])^2)*w[i+1,j])"],
    "a quotient": ["f = sum[i,j](w[i,j]/(1 + u[i+1,j]^2 + u[i,j+1]^2))"],
    "a column alone": ["f = sum[i](tanh(u[i+1,0]*u[i,0]))"],
    "no scalar": ["y[i,j] = tanh(u[i+1,j]*u[i,j] - w[i,j])/(2 + u[i,j]^2)"],
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_values_and_derivatives_are_right(name):
    check_everything(Emitted(spec(["u: [H, W]", "w: [H, W]"], EQUATIONS[name], dims="{H: 4, W: 3}")), tolerance=1e-6)


@pytest.mark.parametrize("name", EQUATIONS)
@pytest.mark.parametrize("sizes", [{"H": 3, "W": 5}, {"H": 5, "W": 4}])
def test_other_sizes_are_as_right(name, sizes):
    text = spec(["u: [H, W]", "w: [H, W]"], EQUATIONS[name], dims="{H: 4, W: 3}")
    own = Emitted(text.replace("{H: 4, W: 3}", f"{{H: {sizes['H']}, W: {sizes['W']}}}"))
    inputs = own.inputs()
    (value,) = own.plain(inputs)
    upstream = np.ones_like(value)
    made, gradients = Emitted(text).module.value_and_grad(*inputs.values(), upstream)
    assert_close(made, value, 1e-12)
    for found, wanted in zip(gradients, own.module.value_and_grad(*inputs.values(), upstream)[1], strict=True):
        assert_close(found, wanted, 1e-12)


@pytest.mark.parametrize("name", ["total variation", "smoothed slopes"])
def test_nothing_is_padded_or_chosen(name):
    source = Emitted(spec(["u: [H, W]"], EQUATIONS[name], dims="{H: 4, W: 3}")).source
    backward = source.split("def backward")[1].split("def ")[0]
    assert "pad(" not in backward
    assert "where(" not in backward


def test_a_step_pads_what_it_reads_alone():
    step = "u[t,i] = u[t-1,i] + c[i]*tanh(u[t-1,i+1] - 2*u[t-1,i] + u[t-1,i-1])*[1 <= i]*[i < N - 1]"
    equations = ["u[0,i] = v[i]", step, "f = sum[i](u[T-1,i]^2)"]
    made = Emitted(spec(["v: [N]", "c: [N]"], equations, dims="{T: 4, N: 5}", indices="{t: T}", outputs="[f]"))
    forward = made.source.split("def forward_saved")[1].split("def ")[0]
    assert "_pad(u[t - 1]" in forward
    assert "_pad(u," not in forward
    check_everything(made, tolerance=1e-6)


def test_gradients_of_differences_are_added_in_slices():
    equations = ["v[t,a] = p[t+1,a] - p[t,a]", "f = sum[t,a](v[t,a]^4)"]
    made = Emitted(spec(["p: [T, 3]"], equations, dims="{T: 5}", outputs="[f]"))
    backward = made.source.split("def backward")[1].split("def ")[0]
    assert "pad(" not in backward
    assert "arange(" not in backward
    check_everything(made, tolerance=1e-6)


# what reads beyond its tensor are factors of by themselves -> how it is added to what is there
FACTORS = {
    "steps": (
        ["u[0,i] = v[i]", "u[t,i] = u[t-1,i] + 0.1*([i >= 1]*u[t-1,i-1] + [i < N - 1]*u[t-1,i+1] - 2*u[t-1,i])"],
        ["t1[1:] += u[t - 1, : N - 1]", "t1[: N - 1] += u[t - 1, 1:]"],
    ),
    "a sum of products": (["u[t,i] = v[i]*s[t] + [i >= 1]*v[i-1]*s[t]^2"], ["u[:, 1:] += "]),
}


@pytest.mark.parametrize("name", FACTORS)
def test_reads_that_are_factors_are_added_in_slices_as_well(name):
    equations, lines = FACTORS[name]
    made = Emitted(spec(["v: [N]", "s: [T]"], equations, dims="{T: 4, N: 9}", indices="{t: T, i: N}", outputs="[u]"))
    functions = made.source.split("def forward_saved")[1].split("def jvp")[0]
    assert "N + 1" not in functions
    assert "pad(" not in functions
    assert [line for line in lines if line not in functions] == []
    check_everything(made, tolerance=1e-6)


# equations -> what stands in the code between forward_saved and jvp, and what does not
AT_NUMBERS = {
    "a factor of what stands at numbers": (
        ["y[n,k] = t[n]*(a[n,1]*delta[k,0] + a[n,0]*delta[k,1]) - s[n]*(a[n,0]*delta[k,0] - a[n,1]*delta[k,1])"],
        ["y[:, 0] = t * a[:, 1] - s * a[:, 0]", "y[:, 1] = t * a[:, 0] + s * a[:, 1]"],
    ),
    "at other numbers": (
        ["y[n,k] = (t[n]*delta[k,1] + s[n]*delta[k,0])*(a[n,1]*delta[k,0] + t[n]*delta[k,2] + a[n,k]^2)"],
        ["y[:, 1] = t * ", "y[:, 0] = s * "],
    ),
    "at no number that both have": (
        ["y[n,k] = (t[n]*delta[k,1] + s[n]*delta[k,0])*(t[n]*delta[k,2] + s[n]*delta[k,3])"],
        [],
    ),
}


@pytest.mark.parametrize("name", AT_NUMBERS)
def test_what_stands_at_numbers_is_multiplied_where_it_stands(name):
    equations, lines = AT_NUMBERS[name]
    emitted = Emitted(spec(["t: [N]", "s: [N]", "a: [N, 4]"], equations, dims="{N: 3}", indices="{k: 4}"))
    functions = emitted.source.partition("def forward_saved")[2].partition("def jvp")[0]
    assert [line for line in lines if line not in functions] == []
    assert not re.search(r"\d == \d", functions)
    check_everything(emitted)


# An equation, and the lines that fill what it defines.
FILLED = {
    "side by side": (
        "y[i] = b*delta[i,0] + x[i-1]*[i >= 1]",
        ["y = np.empty(N, dtype)", "y[0] = b", "y[1:] = x"],
    ),
    "with a gap": (
        "y[i] = b*delta[i,0] + z[i-2]*[i >= 2]",
        ["y = np.zeros(N, dtype)", "y[0] = b", "y[2:] = z"],
    ),
    "over each other": (
        "y[i] = b*delta[i,1] + x[i-1]*[i >= 1]",
        ["t1 = np.zeros(N + 1, dtype)", "t1[1] = b", "t1[1:N] += x"],
    ),
}


@pytest.mark.parametrize("name", FILLED)
def test_blocks_are_assigned_where_nothing_is(name):
    equation, lines = FILLED[name]
    made = Emitted(spec(["b: []", "x: [N-1]", "z: [N-2]"], [equation], dims="{N: 7}", indices="{i: N}"))
    assert [line for line in lines if f"    {line}" not in made.source.splitlines()] == []
    check_everything(made)


def test_blocks_of_a_step_are_written_to_its_row():
    step = "u[t,i] = b*delta[i,0] + sin(u[t-1,i-1])*[i >= 1]"
    made = Emitted(spec(["x: [N]", "b: []"], ["u[-1,i] = x[i]^2", step], dims="{N: 5, T: 3}", indices="{t: T, i: N}"))
    lines = [line.strip() for line in made.source.splitlines()]
    assert "u_all[t + 1, 0] = b" in lines
    assert "u_all[t + 1, 1:] = np.sin(u_all[t, : N - 1])" in lines
    check_everything(made)


STEPS_BY_DIMS = ["y[i] = x[(M-1)*i]*c[0]", "y[i,j] = x[(M-1)*i + j]*c[j]", "y[i,j] = x[M*N-1-(M-1)*i]^2*c[j]"]


@pytest.mark.parametrize("equation", STEPS_BY_DIMS)
def test_steps_that_some_sizes_make_0_are_no_slices(equation):
    inputs = ["x: [M*N]", "c: [M]", "n: [N]"]
    text = spec(inputs, [equation], dims="{M: 3, N: 4}", indices="{i: N, j: M}")
    check_at_sizes(text, [{"M": 1, "N": 4}, {"M": 2, "N": 3}])
