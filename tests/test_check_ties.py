"""Ties: at a kink the language fixes the derivative, and a backward that has another one there fails."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pytest
from share import share

from tcgrad.api import loads
from tcgrad.check import check
from tcgrad.check.forward import evaluate_forward
from tcgrad.check.reference.complex_step import ComplexSteps
from tcgrad.check.reference.directions import Elements
from tcgrad.check.user.against import UserCode, UserFunction
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


@cache
def small(name):
    return loads(f"dims: {{N: 4}}\n{SPECS[name]}\n", f"{name}.yaml")


def checked(made, backward, dtype, seed, *, only=("against",)):
    def typed(*arguments):
        found = backward(*arguments)
        kind = arguments[0].dtype
        return tuple(np.asarray(g, kind) for g in found) if isinstance(found, tuple) else np.asarray(found, kind)

    code = UserCode(UserFunction("backward", typed))
    return check(made.program, derivation=made.derivation, against=code, dtype=dtype, seed=seed, only=only)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
@pytest.mark.parametrize("name", SPECS)
def test_a_backward_that_is_wrong_at_ties_alone_fails(name, dtype):
    right = checked(small(name), RIGHT[name], dtype, 1)
    assert right.ok
    assert not right.notes
    wrong = checked(small(name), WRONG[name], dtype, 1, only=None if dtype == "float64" else ("against",))
    failures = [r for r in wrong.results if r.status == "fail"]
    assert {(r.kind, r.subject) for r in failures} == {("against", "user")}
    assert all("exact at ties" in r.method for r in failures)


@pytest.mark.parametrize("seed", range(2, 4))
@pytest.mark.parametrize("name", SPECS)
def test_it_does_whatever_the_seed(name, seed):
    assert checked(small(name), RIGHT[name], "float64", seed).ok
    assert not checked(small(name), WRONG[name], "float64", seed).ok


RANGES = [
    # where inputs are, how often z and what number stand where the rectifier begins
    ("{uniform: [0, 1]}", 1, 0),
    ("{uniform: [1, 2]}", 1, 0),
    ("{uniform: [0.1, 0.4]}", 1, 0),
    ("{uniform: [-3, 1000]}", 1, 0),
    ("normal", 0, 0.5),
    ("normal", 1, 0.25),
    ("positive", 0, 0.75),
]


@pytest.mark.parametrize(
    ("sample", "times", "number", "dtype"),
    [
        *((*each, dtype) for each in RANGES for dtype in ("float32", "float64")),
        *((*each, "float16") for each in RANGES if "1000" not in each[0]),  # there rounding exceeds the distances
    ],
)
def test_ties_are_met_in_narrow_and_wide_ranges_and_beside_fractions(sample, times, number, dtype):
    inputs = f"{{x: {{shape: [N], sample: {sample}}}, z: {{shape: [N], sample: {sample}}}}}"
    made = loads(
        f"dims: {{N: 8}}\ninputs: {inputs}\nwrt: [x]\nequations: ['y[i] = relu(x[i] - {times}*z[i] - {number})']"
    )
    assert checked(made, lambda x, z, dy: dy * (x > times * z + number), dtype, 1).ok
    assert not checked(made, lambda x, z, dy: dy * (x >= times * z + number), dtype, 1).ok


def overlap(a, v, b, w, dy, *, ends=np.less_equal, starts=np.greater_equal):
    """The backward of the product of two intervals' overlaps, of which the derivatives at ties are as given."""
    width = np.maximum(np.minimum(a + v, b + w) - np.maximum(a, b), 0)
    each = np.where(width > 0, dy[:, None] * width[:, ::-1], 0)
    first, late = ends(a + v, b + w), starts(a, b)
    return each * first - each * late, each * first, each * ~first - each * ~late, each * ~first


def largest(x, z, w, dy, *, inner=np.greater_equal):
    """Of three, the latter two compared first."""
    first, second = x >= np.maximum(z, w), inner(z, w)
    return dy * first, dy * (~first & second), dy * (~first & ~second)


def pooled_pairs(x, w, dy, *, first=np.greater_equal, on=np.greater):
    """Of a rectifier after the larger of every two of a convolution's outputs."""
    windows = np.lib.stride_tricks.sliding_window_view(x, len(w))
    each, paired = np.zeros(len(windows), x.dtype), 2 * len(dy)
    pairs = (windows[:paired] @ w).reshape(-1, 2)
    left = first(pairs[:, 0], pairs[:, 1])
    each[:paired] = (np.stack([left, ~left], 1) * (dy * on(pairs.max(1), 0))[:, None]).reshape(-1)
    return np.convolve(each, w), each @ windows


def mean_distance(x, c, dy, *, beyond=np.greater_equal):
    """Of the mean distances of each row from its centre, those up to a half taken for a half."""
    apart = x - c[:, None]
    each = (beyond(abs(apart).mean(1), 0.5) * dy / x.shape[1])[:, None] * np.sign(apart)
    return each, -each.sum(1)


def banded(x, w, dy, *, above=np.greater_equal, below=np.less_equal):
    """Of a layer whose outputs are cut off at a half on either side."""
    z = x @ w
    each = dy * above(z, -0.5) * below(z, 0.5)
    return np.outer(each, w), each @ x


BETWEEN = "{shape: [N, 2], sample: {uniform: [0, 1]}}"
BEYOND = "{shape: [N, 2], sample: {uniform: [1, 2]}}"
SEVERAL = {
    # functions of several kinks: the inputs, the equation, the backward, and such as are wrong at one of the kinks
    "overlaps": (
        f"{{a: {BETWEEN}, v: {BEYOND}, b: {BETWEEN}, w: {BEYOND}}}",
        ["o[i,k] = relu(min(a[i,k] + v[i,k], b[i,k] + w[i,k]) - max(a[i,k], b[i,k]))", "y[i] = o[i,0]*o[i,1]"],
        overlap,
        [partial(overlap, ends=np.less), partial(overlap, starts=np.greater)],
    ),
    "a band": (
        "{x: [N]}",
        ["y[i] = clip(x[i], -1, 1)"],
        lambda x, dy: dy * (abs(x) <= 1),
        [lambda x, dy: dy * ((x > -1) & (x <= 1)), lambda x, dy: dy * ((x >= -1) & (x < 1))],
    ),
    "a fraction": (
        "{x: [N]}",
        ["y[i] = relu(x[i]) + 3*relu(x[i] - 0.5)"],
        lambda x, dy: dy * (1 * (x > 0) + 3 * (x > 0.5)),
        [lambda x, dy: dy * (1 * (x >= 0) + 3 * (x > 0.5)), lambda x, dy: dy * (1 * (x > 0) + 3 * (x >= 0.5))],
    ),
    "a fraction of a mean": (
        "{x: [N, 2], c: [N]}",
        ["d[b] = mean[n](abs(x[b,n] - c[b]))", "y[b] = max(d[b], 0.5)"],
        mean_distance,
        [partial(mean_distance, beyond=np.greater)],
    ),
    "a narrow band": (
        "{x: [N, 3], w: [3]}",
        ["y[i] = clip(x[i,j]*w[j], -0.5, 0.5)"],
        banded,
        [partial(banded, above=np.greater), partial(banded, below=np.less)],
    ),
    # a single number meets one at a time
    "two numbers": (
        "{x: []}",
        ["y = relu(x) + 3*relu(x - 1)"],
        lambda x, dy: dy * (1 * (x > 0) + 3 * (x > 1)),
        [lambda x, dy: dy * (1 * (x >= 0) + 3 * (x > 1)), lambda x, dy: dy * (1 * (x > 0) + 3 * (x >= 1))],
    ),
    # the outputs do not feel every tie
    "the largest of three": (
        "{x: [N], z: [N], w: [N]}",
        ["y[i] = max(x[i], max(z[i], w[i]))"],
        largest,
        [partial(largest, inner=np.greater)],
    ),
    "a rectified pool": (
        '{x: ["N + 2"], w: [3]}',
        ["c[i] = x[i+k]*w[k]", "p[i] = max(c[2*i], c[2*i+1])", "y[i] = relu(p[i])"],
        pooled_pairs,
        [partial(pooled_pairs, first=np.greater), partial(pooled_pairs, on=np.greater_equal)],
    ),
}


@pytest.mark.parametrize("method", ["auto", "directional"])
@pytest.mark.parametrize("seed", share(range(6), 6))
@pytest.mark.parametrize("name", SEVERAL)
def test_ties_are_met_at_each_of_several_kinks(name, seed, method):
    inputs, equations, right, wrong = SEVERAL[name]
    made = loads(f"dims: {{N: 6}}\ninputs: {inputs}\nequations: {equations}")
    for backward, ok in [(right, True), *((each, False) for each in wrong)]:
        user = UserCode(UserFunction("user:backward", backward))
        options = {"only": ("against",), "seed": seed, "method": method}
        assert check(made.program, derivation=made.derivation, against=user, **options).ok is ok


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["max", "min"])
@pytest.mark.parametrize(("shape", "left", "indices"), [("[N]", "y", "j"), ("[3, N]", "y[i]", "i,j")])
def test_more_than_two_elements_may_be_the_largest(shape, left, indices, kind, dtype):
    made = loads(f"dims: {{N: 5}}\ninputs: {{x: {shape}}}\nequations: ['{left} = {kind}[j](x[{indices}])']")

    def backward(x, dy, *, shared=None):
        extreme = x.max(-1, keepdims=True) if kind == "max" else x.min(-1, keepdims=True)
        attained = x == extreme
        if shared:
            attained &= attained.cumsum(-1) <= shared
        return dy[..., None] * attained / attained.sum(-1, keepdims=True, dtype=x.dtype)

    for seed in range(5):
        assert checked(made, backward, dtype, seed).ok
        found = checked(made, partial(backward, shared=2), dtype, seed)
        assert "wrong at ties" in next(each.message for each in found.results if each.status == "fail")


NOTED = [
    ("y[i] = lgamma(relu(x[i]) + 2)", "lgamma is not evaluated on complex numbers"),
    ("y[i] = relu(exp(x[i]) - 1)", "rounding decides which branch is taken: exp is not rational"),
    ("y[i] = relu(x[i] + 1/3)", "no tie was met"),
]


@pytest.mark.parametrize(("equation", "reason"), NOTED)
def test_where_ties_are_not_compared_the_report_says_so(equation, reason):
    result = loads(f"dims: {{N: 3}}\ninputs: {{x: [N]}}\nequations: ['{equation}']\n").check(trials=1)
    assert f"nothing is compared where branches meet: {reason}" in result.notes


def test_a_branch_that_rounded_numbers_decide_is_found_through_tensors():
    text = "inputs: {x: [3]}\nequations: ['e[i] = exp(x[i])', 'f[i] = e[i]*x[i]', 'y[i] = relu(f[i])']\n"
    notes = loads(text).check(trials=1).notes
    assert "nothing is compared where branches meet: rounding decides which branch is taken: f is not rational" in notes


def pooled(x, dy):
    """Shared equally by the elements of each window of two rows and two columns that attain the largest value."""
    windows = x.reshape(len(x) // 2, 2, -1, 2)
    hit = windows == windows.max((1, 3), keepdims=True)
    return (dy[:, None, :, None] * hit / hit.sum((1, 3), keepdims=True)).reshape(x.shape)


def pooled_whole(x, dy):
    windows = x.reshape(len(x) // 2, 2, -1, 2)
    hit = windows == windows.max((1, 3), keepdims=True)
    return (dy[:, None, :, None] * hit).reshape(x.shape)


def classified(x, w, dl, relu=np.greater):
    """Of the sum of the log-probabilities after a layer with relu."""
    z = x @ w
    a = np.maximum(z, 0)
    e = np.exp(a - a.max(1, keepdims=True))
    dz = dl * (1 - z.shape[1] * e / e.sum(1, keepdims=True)) * relu(z, 0)
    return dz @ w.T, x.T @ dz


POOL = "inputs: {x: [2*N, 2*N]}\nindices: {p: 2, q: 2, i: N, j: N}\nequations: ['y[i,j] = max[p,q](x[2*i+p,2*j+q])']"
LAYER = (
    "inputs: {x: [2*N, N], w: [N, N]}\nequations: ['a[i,j] = relu(x[i,k]*w[k,j])', 'l = a[i,j]*1[i,j] -"
    " N*1[i]*logsumexp[k](a[i,k])']"
)

# Programs of whose derivatives at ties exact arithmetic says nothing: a right backward, and one that is wrong there.
INEXACT = {
    "largest of windows": (POOL, pooled, pooled_whole),
    "relu before logsumexp": (LAYER, classified, partial(classified, relu=np.greater_equal)),
    "abs in tanh": (
        "inputs: {x: [N]}\nequations: ['y[i] = tanh(abs(x[i]))']",
        lambda x, dy: dy * np.sign(x) / np.cosh(x) ** 2,
        lambda x, dy: dy * np.where(x >= 0, 1, -1) / np.cosh(x) ** 2,
    ),
    "elu of abs": (
        "inputs: {x: [N]}\nequations: ['y[i] = elu(abs(x[i]) - 1)']",
        lambda x, dy: dy * np.sign(x) * np.exp(np.minimum(abs(x) - 1, 0)),
        lambda x, dy: dy * np.where(x >= 0, 1, -1) * np.exp(np.minimum(abs(x) - 1, 0)),
    ),
    "max in a recurrence": (
        "inputs: {x: [N]}\nequations: ['h[-1] = 0', 'h[t] = max(h[t-1], x[t])', 'y = exp(h[N-1])']",
        lambda x, dy: dy * np.exp(max(0, x.max())) * _last_larger(x, np.greater),
        lambda x, dy: dy * np.exp(max(0, x.max())) * _last_larger(x, np.greater_equal),
    ),
}


def _last_larger(x, beats):
    """1 where the largest so far is replaced for the last time."""
    held, found = 0, np.zeros(len(x))
    for t, value in enumerate(x):
        if beats(value, held):
            held, found = value, 0 * found
            found[t] = 1
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble"])
@pytest.mark.parametrize("name", INEXACT)
def test_ties_are_compared_where_exact_arithmetic_does_not_tell(name, dtype):
    text, right, wrong = INEXACT[name]
    made = loads(f"dims: {{N: 5}}\n{text}\n", f"{name}.yaml")
    assert checked(made, right, dtype, 1).ok
    result = checked(made, wrong, dtype, 1, only=None if dtype == "float64" else ("against",))
    failures = [r for r in result.results if r.status == "fail"]
    assert {(r.kind, r.subject) for r in failures} == {("against", "user")}
    assert all("complex step at ties" in r.method for r in failures)


def test_a_large_function_is_compared_at_ties_along_directions():
    made = loads("dims: {N: 400}\ninputs: {x: [N]}\nequations: ['y[i] = relu(x[i])*x[j]*x[j]']\n", "large.yaml")

    def backward(x, dy, larger=np.greater):
        return dy * larger(x, 0) * (x @ x) + 2 * x * (dy @ np.maximum(x, 0))

    assert checked(made, backward, "float64", 1).ok
    wrong = checked(made, partial(backward, larger=np.greater_equal), "float64", 1)
    assert any("complex step at ties" in r.method for r in wrong.results if r.status == "fail")


@pytest.mark.parametrize(
    "equation",
    ["y[i] = (x[i]^2)^0.75*relu(x[i])", "y[i] = (x[i]^2)^0.75 + abs(x[i])", "y[i] = relu(x[i])*sqrt(x[i]^2)"],
)
def test_where_a_root_ends_at_a_tie_nothing_fails(equation):
    for seed in range(6):
        result = loads(f"inputs: {{x: [6]}}\nequations: ['{equation}']\n").check(seed=seed)
        assert [r.message for r in result.results if r.status == "fail"] == []


@pytest.mark.parametrize("equation", ["y[i] = x[i]*x[i]", "y[i] = floor(x[i])*x[i]", "y[i] = exp(x[i])*[x[i] > 0]"])
def test_where_there_is_no_kink_nothing_is_said(equation):
    result = loads(f"dims: {{N: 3}}\ninputs: {{x: [N]}}\nequations: ['{equation}']\n").check(trials=1)
    assert not any("branches meet" in note for note in result.notes)
    assert not any("ties" in r.method for r in result.results)


# Equations with conditions, the slope on both sides and at the border, and such as are wrong at the border alone.
BORDERS = {
    "a kink": ("where(x[i] >= 0, 2*x[i], -x[i])", lambda x: np.where(x >= 0, 2, -1), lambda x: np.where(x > 0, 2, -1)),
    "a bracket": ("[x[i] > 1]*x[i]^2", lambda x: 2 * x * (x > 1), lambda x: 2 * x * (x >= 1)),
    "no kink": (
        "where(abs(x[i]) <= 1.5, 0.5*x[i]^2, 1.5*abs(x[i]) - 1.125)",
        lambda x: np.clip(x, -1.5, 1.5),
        lambda x: np.where(np.abs(x) == 1.5, 0, np.clip(x, -1.5, 1.5)),
    ),
    "a hole": (
        "where(x[i] == 0, 1, sin(x[i])/x[i])",
        lambda x: np.where(x == 0, 0, (np.cos(x) - np.sin(x) / np.where(x == 0, 1, x)) / np.where(x == 0, 1, x)),
        lambda x: np.where(x == 0, 1, (np.cos(x) - np.sin(x) / np.where(x == 0, 1, x)) / np.where(x == 0, 1, x)),
    ),
    "the end of a domain": (
        "where(x[i] > 0, x[i]*log(x[i]), 0)",
        lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)) + 1, 0),
        lambda x: np.where(x >= 0, np.log(np.where(x > 0, x, 1)) + 1, 0),
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BORDERS)
def test_a_backward_that_is_wrong_where_conditions_compare_equal_numbers_fails(name, dtype):
    expression, right, wrong = BORDERS[name]
    made = loads(f"dims: {{N: 5}}\ninputs: {{x: [N]}}\nequations: ['y[i] = {expression}']\n", name)
    assert checked(made, lambda x, dy: dy * right(x), dtype, 1).ok
    assert not checked(made, lambda x, dy: dy * wrong(x), dtype, 1).ok


def test_other_numbers_that_are_equal_hide_no_wrong_comparison():
    equation = "l = sum[i,j]([t[i] > t[j]]*log(1 + exp(s[j] - s[i])))"
    made = loads(f"inputs: {{s: [5], t: [5]}}\nwrt: [s]\nequations: ['{equation}']\n", "ranked")

    def backward(s, t, dl, above=np.greater):
        each = above(t[:, None], t) / (1 + np.exp(s[:, None] - s))
        return dl * (each.sum(0) - each.sum(1))

    for seed in (22, 39, 53, 59):
        assert checked(made, backward, "float64", seed).ok
        assert not checked(made, partial(backward, above=np.greater_equal), "float64", seed).ok


def test_rows_that_are_0_are_compared_where_a_condition_leaves_them_out():
    equations = ["s[b] = x[b,i]*x[b,i]", "y[b] = where(s[b] > 0, sqrt(s[b]), 0)"]
    made = loads(f"inputs: {{x: [3, 3]}}\nequations: {equations}\n", "norms")

    def backward(x, dy, at_zero=0.0):
        norm = np.sqrt((x * x).sum(1, keepdims=True))
        return dy[:, None] * np.where(norm > 0, x / np.where(norm > 0, norm, 1), at_zero)

    for seed in range(3):
        assert checked(made, backward, "float64", seed).ok
        assert not checked(made, partial(backward, at_zero=1), "float64", seed).ok


@pytest.mark.parametrize("wrong", [0, 2])
def test_what_a_domain_leaves_to_another_branch_is_compared_too(wrong):
    made = loads("dims: {N: 4}\ninputs: {x: [N]}\nequations: ['y[i] = where(x[i] > 0, log(x[i]), x[i])']\n")

    def backward(x, dy, other=1.0):
        return dy * np.where(x > 0, 1 / np.where(x > 0, x, 1), other)

    assert checked(made, backward, "float64", 1).ok
    assert not checked(made, partial(backward, other=wrong), "float64", 1).ok


# Functions without a kink, as they are written lest they overflow, and their slopes.
STABLE = {
    "y[i] = max(z[i], 0) + log(1 + exp(-abs(z[i])))": "sigmoid(z[p])",
    "y[i] = max(z[i], 0) - z[i]*t[i] + log(1 + exp(-abs(z[i])))": "sigmoid(z[p]) - t[p]",
    "y[i] = relu(z[i]) - z[i]*t[i] + log1p(exp(-abs(z[i])))": "sigmoid(z[p]) - t[p]",
    "y[i] = min(z[i], 0) - log1p(exp(-abs(z[i])))": "sigmoid(-z[p])",
    "y[i] = max(z[i], t[i]) + log(1 + exp(-abs(z[i] - t[i])))": "sigmoid(z[p] - t[p])",
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("equation", STABLE)
def test_kinks_that_cancel_in_what_has_a_name_are_none(equation, dtype):
    """Where they meet the function has a derivative, which is not what those of its parts add up to."""
    entry = f"dl/dz[p] = dl/dy[p]*({STABLE[equation]})"
    made = loads(f"inputs: {{z: [4], t: [4]}}\nequations: ['{equation}']\nexpect: ['{entry}']\n")
    for seed in range(3):
        assert made.check(dtype=dtype, seed=seed).ok


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


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("slope", ["[x >= 0] + 3*[x > 1]", "[x > 0] + 3*[x >= 1]"])
def test_an_expectation_that_is_wrong_at_either_kink_is_wrong(slope, seed):
    text = f"inputs: {{x: []}}\nequations: ['y = relu(x) + 3*relu(x - 1)']\nexpect: ['dl/dx = dl/dy*({slope})']\n"
    (result,) = loads(text).check(only="expect", seed=seed).results
    assert result.status == "fail"


@pytest.mark.parametrize(
    ("value", "slope"), [("lgamma(relu(x[i]) + 2)", "digamma(relu(x[i]) + 2)"), ("f(relu(x[i]))", "f'(relu(x[i]))")]
)
@pytest.mark.parametrize(("mask", "ok"), [("[x[i] > 0]", True), ("[x[i] >= 0]", False)])
def test_expectations_at_ties_of_what_has_no_complex_values(value, slope, mask, ok):
    text = (
        f'dims: {{N: 5}}\ninputs: {{x: [N]}}\nfunctions: {{"f(z)": null}}\nequations: ["y[i] = {value}"]\n'
        f'expect: ["dl/dx[i] = dl/dy[i]*{slope}*{mask}"]\n'
    )
    (result,) = loads(text).check(only="expect").results
    assert (result.status == "pass") is ok


@pytest.mark.parametrize("reduction", ["max", "min"])
@pytest.mark.parametrize("body", ["sign(x[n]*x[n])", "floor(x[n]/9)", "ceil(x[n])*[x[n] > 0]"])
def test_the_extreme_of_whole_numbers_does_not_vary(reduction, body):
    made = loads(f"dims: {{N: 3}}\ninputs: {{x: [N], u: []}}\nequations: ['y = {reduction}[n]({body})']\n")
    assert made.check(trials=1).ok


@pytest.mark.parametrize("dtype", ["float64", "longdouble"])
def test_the_square_of_a_complex_step_breaks_no_tie(dtype):
    """Of ``x0*x0`` and ``x0*x1`` at (0, 1) both are 0, and a step ``ih`` of ``x0`` makes the first of them ``-h^2``."""
    program = loads("inputs: {x: [2]}\nequations: ['y = min[i](x[0]*x[i])']").program
    kind = np.dtype(dtype)
    forward = evaluate_forward(program.statements, {"x": np.array([0, 1], kind)}, kind)
    steps = ComplexSteps(forward, ["y"], np.random.default_rng(0), grid=0.5)
    found = steps.along("x", Elements(np.arange(2), (2,), kind))
    np.testing.assert_allclose(found.values["y"], [0.5, 0])
