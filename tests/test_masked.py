"""What is 0 outside of brackets is not multiplied by them once more, unless they leave something else out."""

import pytest
from emit_tools import Emitted, check_everything, spec

import tcgrad
from tcgrad.calculus.derive import derive
from tcgrad.notation.index import print_define
from tcgrad.steps import explain

# r[i,j] and what is summed of it, and the derivative of the sum of all.
MASKED = {
    "(x[i,j] - t[i,j])*[j < i]": ("r[i,j]^2", "2*r[p,q]"),
    "-3*(x[i,j] - t[i,j])*[j < i]": ("r[i,j]^4", "-12*r[p,q]^3"),
    "(x[i,j] - t[i,j])*[j != y[i]]": ("r[i,j]^2", "2*r[p,q]"),
    "x[i,j]*[x[i,j] > t[i,j]]": ("r[i,j]^2", "2*r[p,q]"),
    "where(j < i, sin(x[i,j]), 0)": ("r[i,j]^2", "2*r[p,q]*cos(x[p,q])"),
    "relu(x[i,j] - x[i,y[i]] + 1)*[j != y[i]]": ("r[i,j]^2", "2*(r[p,q] - 1[j]*r[p,j]*delta[q,y[p]])"),
}

# There is nothing to be read, or nothing to be divided by, where the bracket does not hold.
KEPT = {
    "(x[i,j+1] - x[i,j])*[j < N - 1]": ("r[i,j]*x[i,j+1]", "[q < N - 1]"),
    "x[i,j]*[i != j]": ("r[i,j]^2*[i != j]/(u[i] - u[j])", "[p != q]"),
}


def _spec(right, summed):
    summed = f"sum[i,j]({summed})" if "N - 1" not in right else f"sum[i,j](where(j < N - 1, {summed}, 0))"
    inputs = ["x: [N, N]", "t: [N, N]", "u: [N]", "y: {shape: [N], dtype: int}"]
    return spec(inputs, [f"r[i,j] = {right}", f"l = {summed}"], dims="{N: 5}", outputs="[l]", wrt="[x]")


@pytest.mark.parametrize("right", MASKED)
def test_what_is_0_outside_of_brackets_is_not_multiplied_by_them(right):
    summed, derivative = MASKED[right]
    text = _spec(right, summed)
    (jacobian,) = tcgrad.loads(text).derive().jacobians
    assert print_define(jacobian.define) == f"dl/dx[p,q] = {derivative}"
    check_everything(Emitted(text), tolerance=1e-6)


@pytest.mark.parametrize("right", KEPT)
def test_a_bracket_that_is_needed_stays(right):
    summed, bracket = KEPT[right]
    text = _spec(right, summed)
    (jacobian,) = tcgrad.loads(text).derive().jacobians
    assert bracket in print_define(jacobian.define)
    check_everything(Emitted(text), tolerance=1e-5)


@pytest.mark.parametrize("weight", ["(2 + delta[i,y[j]])", "([i < j] - [j < i])", "(3*[i < j] + [j <= i])"])
def test_numbers_that_are_made_of_brackets_are_multiplied_once(weight):
    inputs = ["z: [N]", "w: [N, N]", "y: {shape: [N], dtype: int}"]
    equations = [f"o[i,j] = z[j]*{weight}/(1 + w[i,j]^2)", "l = sum[i,j](o[i,j]*z[i])"]
    assert tcgrad.loads(spec(inputs, equations, dims="{N: 5}", outputs="[l]", wrt="[w]")).check(seed=0).ok


FUNCTIONS = {  # of masked inputs, with their gradients
    "sin([i > 0]*x[i])": "dl/dy[p]*cos(x[p])*[p > 0]",
    "sin((1 - delta[i,0])*x[i])": "dl/dy[p]*cos(x[p])*(1 - delta[p,0])",
    "tanh((1 - [i < 2])*x[i]^3)": "3*dl/dy[p]*x[p]^2*(1 - y[p]^2)*[p >= 2]",
    "relu([x[i] > 1]*x[i] - 2)^2": "2*dl/dy[p]*relu(x[p] - 2)*[x[p] > 1]",
    # only the mask may give it a value
    "log(2 + (1 - [i < 2])*x[i])": "dl/dy[p]*[p >= 2]/(2 + x[p]*[p >= 2])",
    "exp((1 - delta[i,0])*x[i]) + x[i]": "dl/dy[p]*(exp(x[p]*(1 - delta[p,0]))*(1 - delta[p,0]) + 1)",
    "1[i]*sin(sum[j]([j <= i]*x[j]))": "dl/dy[j]*cos(x[k]*[k <= j])*[i <= j]",
}


@pytest.mark.parametrize("right", FUNCTIONS)
def test_what_a_mask_multiplies_is_written_where_it_is_1(right):
    """But not in a sum over an index of the mask."""
    head = "dims: {N: 4}\ninputs: {x: {shape: [N], sample: positive}}\nindices: {i: N, j: N}\n"
    made = tcgrad.loads(f"{head}equations: ['y[i] = {right}']\n")
    assert made.derive().as_dict()["gradients"][0]["index"][-1].split(" = ", 1)[1] == FUNCTIONS[right]
    assert made.check(trials=1).ok


def test_the_step_by_which_it_is_is_called_so():
    program = tcgrad.loads("inputs: {x: [4]}\nequations: ['y[i] = sin((1 - delta[i,0])*x[i])']\n").program
    (chains,) = explain(derive(program)).jacobians
    assert [rule.words for rule in chains[-1].steps[-1].rules] == ["what a mask multiplies counts where it is 1"]
