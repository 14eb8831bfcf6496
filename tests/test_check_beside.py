"""Branches that another number decides than the right one: wrong between the two, where random inputs seldom are."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from share import share

from tcgrad.api import loads
from tcgrad.check import check
from tcgrad.check.sampling.beside import BESIDE, draw_beside
from tcgrad.check.sampling.sampler import sampler
from tcgrad.check.user.against import UserCode, UserFunction


def triplet(a, p, n, dl, margin=0.5):
    """The backward of the triplet loss."""
    apart = ((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1)
    each = 2 * dl * (apart + a.dtype.type(margin) > 0)[:, None].astype(a.dtype)
    return each * (n - p), each * (p - a), each * (a - n)


def huber(x, dl, end=1.0):
    return dl * np.where(np.abs(x) <= end, x, np.sign(x))


def smooth(x, dy, least=1e-6):
    """Of the logarithm of what is at least a small number."""
    return dy * (x > least) / np.maximum(x, x.dtype.type(1e-6))


def swish(x, dy, end=3.0):
    """Of x min(max(x + 3, 0), 6)/6."""
    return dy * np.where(x < -3, 0, np.where(x <= end, (2 * x + 3) / 6, 1)).astype(x.dtype)


def gated(x, z, dy, above=1.0):
    """Of z where exp(x) is above 1, else of its square: two functions that do not meet."""
    open_ = np.exp(x) > above
    return 0 * x, dy * np.where(open_, 1, 2 * z)


def surrogate(x, a, dl, above=1.2, below=0.8):
    """Of the sum of the smaller of two products with a - 1, of x and of x within bounds: which of these is felt depends
    on its sign, and within them the two are equal."""
    sign = a - 1
    left = ((x > x.dtype.type(above)) & (sign > 0)) | ((x < x.dtype.type(below)) & (sign < 0))
    return dl * (sign * ~left).astype(x.dtype)


def recurrent(x, dh, least=0.3):
    """Of a sum that is no less than a number after each step."""
    held, kept = x.dtype.type(0), []
    for step in x:
        kept.append(held + step >= x.dtype.type(least))
        held = max(held + step, x.dtype.type(0.3))
    dx, back = np.zeros_like(x), x.dtype.type(0)
    for t in reversed(range(len(x))):
        dx[t] = back = (back + dh[t]) * kept[t]
    return dx


# The inputs, the equations, the right backward, and such as decide by another number.
THRESHOLDS = {
    "a margin": (
        "{a: [N, 3], p: [N, 3], n: [N, 3]}",
        ["d[b] = sum[k]((a[b,k] - p[b,k])^2 - (a[b,k] - n[b,k])^2)", "l = sum[b](relu(d[b] + 0.5))"],
        triplet,
        [partial(triplet, margin=0), partial(triplet, margin=0.45)],
    ),
    "a narrow band": (
        "{x: [N]}",
        ["l = sum[i](where(abs(x[i]) <= 1, 0.5*x[i]^2, abs(x[i]) - 0.5))"],
        huber,
        [partial(huber, end=0.99), partial(huber, end=1.01)],
    ),
    "a tiny number": ("{x: [N]}", ["y[i] = log(max(x[i], 1.0e-6))"], smooth, [partial(smooth, least=0)]),
    "a number that random inputs seldom reach": (
        "{x: [N]}",
        ["y[i] = x[i]*clip(x[i] + 3, 0, 6)/6"],
        swish,
        [partial(swish, end=np.inf)],
    ),
    "branches that do not meet": (
        "{x: [N], z: [N]}",
        ["y[i] = where(exp(x[i]) > 1, z[i], z[i]^2)"],
        gated,
        [partial(gated, above=0.999), partial(gated, above=1.001)],
    ),
    "bounds that most elements do not feel": (
        "{x: {shape: [N], sample: {uniform: [0.5, 1.5]}}, a: {shape: [N], dtype: int}}",
        ["l = sum[i](min(x[i]*(a[i] - 1), clip(x[i], 0.8, 1.2)*(a[i] - 1)))"],
        surrogate,
        [partial(surrogate, above=1.201), partial(surrogate, below=0.799)],
    ),
    "a recurrence": (
        "{x: [N]}",
        ["h[-1] = 0", "h[t] = max(h[t-1] + x[t], 0.3)"],
        recurrent,
        [partial(recurrent, least=0.301), partial(recurrent, least=0.299)],
    ),
}


def made(name):
    inputs, equations, *_ = THRESHOLDS[name]
    return loads(f"dims: {{N: 4}}\ninputs: {inputs}\nequations: {equations}")


def results_of(name, backward, **options):
    function = made(name)
    user = UserCode(UserFunction("user:backward", backward))
    return check(function.program, derivation=function.derivation, against=user, only="against", **options)


@pytest.mark.parametrize("method", ["auto", "directional"])
@pytest.mark.parametrize("seed", share(range(4), 2))
@pytest.mark.parametrize("name", THRESHOLDS)
def test_a_branch_that_another_number_decides_is_wrong(name, seed, method):
    _, _, right, wrong = THRESHOLDS[name]
    assert results_of(name, right, seed=seed, method=method).ok
    for backward in wrong:
        assert not results_of(name, backward, seed=seed, method=method).ok


@pytest.mark.parametrize("dtype", ["float16", "float32", "longdouble"])
@pytest.mark.parametrize("name", THRESHOLDS)
def test_it_is_so_in_every_precision_that_tells_the_numbers_apart(name, dtype):
    _, _, right, (*_, wrong) = THRESHOLDS[name]
    assert results_of(name, right, dtype=dtype).ok
    if dtype == "longdouble" or (dtype == "float32" and name != "a tiny number"):
        assert not results_of(name, wrong, dtype=dtype).ok


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", THRESHOLDS)
def test_what_is_derived_and_emitted_is_right_there(name, dtype):
    assert made(name).check(dtype=dtype).ok


def test_it_is_said_that_all_else_is_right():
    options = {"seed": 1, "trials": 1, "sizes": "own"}
    (found,) = results_of("a tiny number", partial(smooth, least=0), **options).results
    assert found.message.startswith("right elsewhere, wrong next to another branch")
    assert "complex step next to another branch" in found.method
    (found,) = results_of("a tiny number", lambda x, dy: 2 * smooth(x, dy), **options).results
    assert found.message == "is 2 times the right value"


@pytest.mark.parametrize("bound", ["0", "0.29", "0.31"])
def test_an_expectation_with_another_number_is_wrong(bound):
    text = "dims: {N: 3}\ninputs: {x: [N]}\nequations: ['y[i] = exp(max(x[i], 0.3))']\n"
    for number, status in (("0.3", "pass"), (bound, "fail")):
        formula = f"dy[i]/dx[p] = delta[i,p]*y[i]*[x[p] >= {number}]"
        (found,) = loads(f"{text}expect: ['{formula}']\n").check(only="expect").results
        assert found.status == status


def beside(text, dtype="float64", seed=0):
    function = loads(text)
    return list(draw_beside(sampler(function.program), np.dtype(dtype), (seed, 0, BESIDE)))


@pytest.mark.parametrize(("dtype", "near"), [("float64", 1e-6), ("float32", 1e-3), ("float16", 0.3)])
def test_points_are_near_and_on_either_side(dtype, near):
    samples = beside("dims: {N: 3}\ninputs: {x: [N]}\nequations: ['y[i] = relu(x[i] - 0.7)']\n", dtype)
    lower, upper = (sample.value("x") - 0.7 for sample in samples)
    changed = (lower > 0) != (upper > 0)
    assert changed.sum() == 1
    assert (np.abs(lower - upper)[changed] < near).all()


def test_inputs_are_what_they_are_declared_to_be():
    text = (
        "dims: {N: 3}\ninputs: {x: {shape: [N], sample: {uniform: [0.6, 0.8]}}, t: {shape: [N], dtype: int},"
        " s: {shape: [N, N], symmetric: true}}\nequations: ['y[i] = relu(x[i] - 0.7)*s[i,t[i]]']\n"
    )
    samples = beside(text)
    assert samples
    for sample in samples:
        assert (abs(sample.value("x") - 0.7) <= 0.1).all()
        assert sample.value("t").dtype == np.int64
        assert np.array_equal(sample.value("s"), sample.value("s").T)


def test_each_decision_has_points_of_its_own():
    text = "dims: {N: 2}\ninputs: {x: [N]}\nequations: ['y[i] = relu(x[i]) + abs(x[i] - 20) + max(x[i], -2)']\n"
    samples = beside(text)
    met = {end for sample in samples for end in (0, 20, -2) if (abs(sample.value("x") - end) < 1e-5).any()}
    assert (len(samples), met) == (6, {0, 20, -2})


@pytest.mark.parametrize("equation", ["y[i] = tanh(x[i])", "y[i] = 1/x[i]", "y[i] = relu(x[i]^2 + 1)"])
def test_where_no_branch_ends_there_are_none(equation):
    assert not beside(f"dims: {{N: 3}}\ninputs: {{x: [N]}}\nequations: ['{equation}']\n")
