"""Functions inside of the steps of recurrences: the backward pass reads their values, and works out none again."""

import numpy as np
import pytest
from emit_tools import Emitted, check_everything, spec

import tcgrad

LSTM = [
    "h[-1,j] = h0[j]",
    "c[-1,j] = c0[j]",
    "c[t,j] = sigmoid(x[t,j] + sum[k](u[j,k]*h[t-1,k]))*c[t-1,j] + sigmoid(x[t,j] - b[j])*tanh(v[j,k]*h[t-1,k])",
    "h[t,j] = sigmoid(sum[k](w[j,k]*h[t-1,k]))*tanh(c[t,j])",
    "f = sum[j](h[T-1,j]^2)",
]
GRU = [
    "h[-1,j] = h0[j]",
    "h[t,j] = sigmoid(x[t,j])*h[t-1,j] + (1 - sigmoid(x[t,j]))*tanh(sum[k](u[j,k]*sigmoid(h[t-1,k])*h[t-1,k]))",
]
DECAY = ["h[-1,j] = 0*b[j]", "h[t,j] = exp(-x[t,j]^2*exp(b[j]))*h[t-1,j] + x[t,j]"]
FROM_0 = ["h[0,j] = h0[j]", "h[t,j] = tanh(u[j,k]*h[t-1,k])*b[j] + x[t,j]"]
FORWARD = ["h[0,j] = h0[j]", "h[t,j] = x[t,j] + logsumexp[k](h[t-1,k] + u[k,j])"]
SOFT_MINIMA = [
    "c[-1,j] = c0[j]",
    "h[t,j] = -b[j]*logsumexp[k]((c[t-1,k] - u[j,k])/b[j])",
    "c[t,j] = x[t,j] - logsumexp[k](h[t,k] - u[k,j])",
]
STEPS = {"LSTM": LSTM, "forward": FORWARD, "soft minima": SOFT_MINIMA, "GRU": GRU, "decay": DECAY, "from 0": FROM_0}
INPUTS = ["p: [N]", "x: [T, N]", "u: [N, N]", "v: [N, N]", "w: [N, N]", "b: [N]", "h0: [N]", "c0: [N]"]


def emitted(equations, **sizes):
    inputs = [line for line in INPUTS if any(f"{line.split(':')[0]}[" in equation for equation in equations)]
    return Emitted(spec(inputs, equations, dims="{T: 4, N: 3}", indices="{t: T, j: N, k: N}"), sizes=sizes)


@pytest.mark.parametrize("name", STEPS)
def test_the_backward_pass_works_out_no_activation_again(name):
    backward = emitted(STEPS[name]).source.split("def backward")[1].split("\ndef ")[0]
    code = "".join(line for line in backward.splitlines() if "#" not in line)
    assert "if T" not in code
    assert not any(call in code for call in ("_sigmoid(", "np.tanh(", "np.log(", "_largest("))


ARGUMENTS = {
    "relu": ["h[-1,j] = h0[j]", "h[t,j] = relu(u[j,k]*h[t-1,k] + x[t,j])"],
    "a part": ["h[0,j] = h0[j]", "h[t,j] = h[t-1,j] + silu(sum[k](u[j,k]*h[t-1,k]) + x[t,j])*b[j]"],
    "of two arguments": ["h[-1,j] = h0[j]", "h[t,j] = max(u[j,k]*h[t-1,k], 0.1*h[t-1,j]) + x[t,j]"],
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_backward_pass_works_out_no_argument_again(name):
    backward = emitted(ARGUMENTS[name]).source.split("def backward")[1].split("\ndef ")[0]
    assert "u.T" not in backward
    assert "if T" not in backward


@pytest.mark.parametrize("equations", [*STEPS.values(), *ARGUMENTS.values()], ids=[*STEPS, *ARGUMENTS])
@pytest.mark.parametrize("length", [2, 5])
def test_derivatives_by_activations_with_names_are_right(equations, length):
    check_everything(emitted(equations, T=length, N=3))


LEFT = {
    "under a condition": ["h[-1] = a", "h[t] = h[t-1] + where(t >= 2, tanh(x[t-2]*h[t-1]), 0)"],
    "beside a bracket": ["h[-1] = a", "h[t] = h[t-1] + [t >= 2]*tanh(x[t-2]*h[t-1])"],
    "in a logarithm": ["h[-1] = a", "h[t] = log(exp(h[t-1]) + exp(x[t]))"],
    "a sum in a logarithm": ["h[-1] = a", "h[t] = x[t] + log(sum[v]([v <= t]*exp(h[t-1] + x[v])))"],
    "in a quotient": ["h[-1] = a", "h[t] = exp(h[t-1])/(exp(h[t-1]) + exp(x[t]))"],
    "of no step": ["h[-1] = a", "h[t] = h[t-1]*tanh(a) + x[t]"],
    "by itself": ["h[-1] = a", "h[t] = tanh(h[t-1] + x[t])"],
}


@pytest.mark.parametrize("name", LEFT)
def test_what_may_be_undefined_or_overflow_by_itself_stays_in_its_step(name):
    made = Emitted(spec(["x: [T]", "a: []"], LEFT[name], dims="{T: 5}", indices="{t: T}"))
    assert not any(line.strip().startswith(("# tanh_h", "# exp_h", "# pre_h")) for line in made.source.splitlines())
    check_everything(made)


def test_an_adjoint_that_is_another_one_has_no_array():
    backward = emitted(FORWARD).source.split("def backward")[1].split("\ndef ")[0]
    assert "dlogsumexp_h" not in backward
    assert "for t in range(T - 2, -1, -1):" in backward


def test_a_name_that_is_taken_gets_a_number():
    equations = ["h[-1] = tanh_h*tanh_h2", "h[t] = 2*tanh(h[t-1]) + tanh(x[t])"]
    text = spec(["x: [T]", "tanh_h: []"], equations, dims="{T: 3}", constants="{tanh_h2: 0.5}")
    source = tcgrad.loads(text).emit()
    assert {"    # tanh_h3[t] = tanh(h[t-1])", "    # tanh_h4[t] = tanh(x[t])"} <= set(source.splitlines())


# Functions of what formulas write in another way, and what is called where the backward pass would do it again.
WRITTEN_OTHERWISE = {
    "scaled distances": ["y[i] = sum[j](exp(-0.5*sum[k](((u[i,k] - v[j,k])/p[k])^2))*h0[j])"],
    "bumps": ["y[t] = sum[k](c0[k]*exp(-((x[t,k] - h0[k])/p[k])^2/2)) + x[t,0]"],
    "a mixture": ["y[t,k] = b[k]*tanh((x[t,k]*h0[k])^3) + sigmoid((x[t,k]*c0[k])^2)*h0[k]"],
}


@pytest.mark.parametrize("name", WRITTEN_OTHERWISE)
def test_values_of_functions_are_kept_however_formulas_write_them(name):
    made = emitted(WRITTEN_OTHERWISE[name])
    backward = made.source.split("def backward")[1].split("\ndef ")[0]
    assert not any(call in backward for call in ("np.exp(", "np.tanh(", "_sigmoid("))
    check_everything(made)


def test_a_softmax_of_what_formulas_write_in_another_way_does_not_overflow():
    text = spec(["x: [N]", "s: []"], ["y[i] = exp((x[i]/s)^2)/sum[k](exp((x[k]/s)^2))*x[i]"], dims="{N: 3}")
    x = np.array([1.0, 30.0, -40.0])
    _, gradients = tcgrad.loads(text).compile().value_and_grad(x, np.float64(1), np.ones(3))
    assert all(np.isfinite(gradient).all() for gradient in gradients)
