"""A user's backward that is wrong for peculiar elements alone: for zeros, for equal, tiny, subnormal or large ones."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tcgrad.api import loads
from tcgrad.check import check
from tcgrad.check.user.against import UserCode, UserFunction


def product(x, w, dy):
    return dy @ w.T, x.T @ dy


def rectified(x, w, dy):
    a = np.maximum(x @ w, 0)
    return product(x, w, 2 * dy * a)


def softmax(x, dy):
    e = np.exp(x - x.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    return p * (dy - (dy * p).sum(1, keepdims=True))


def normalised(x, dy, *, in_one_pass=False):
    """Of a layer norm; in one pass the variance is a difference, and its digits cancel."""
    mean = x.mean(1, keepdims=True)
    variance = (x * x).mean(1, keepdims=True) - mean**2 if in_one_pass else ((x - mean) ** 2).mean(1, keepdims=True)
    scale = 1 / np.sqrt(variance + x.dtype.type(1e-5))
    z = (x - mean) * scale
    return scale * (dy - dy.mean(1, keepdims=True) - z * (dy * z).mean(1, keepdims=True))


def multiplied(x, dy):
    return dy * np.array([np.prod(np.delete(x, i)) for i in range(len(x))])


# The inputs, the equations, and a right backward.
FUNCTIONS = {
    "tanh": ("{x: [N]}", ["y[i] = tanh(x[i])"], lambda x, dy: dy * (1 - np.tanh(x) ** 2)),
    "one number": ("{x: []}", ["y = sin(x)"], lambda x, dy: dy * np.cos(x)),
    "product": ("{x: [N, 3], w: [3, N]}", ["y[i,j] = x[i,k]*w[k,j]"], product),
    "smooth where branches meet": ("{x: [N, 3], w: [3, 2]}", ["y[i,j] = relu(x[i,k]*w[k,j])^2"], rectified),
    "softmax": ("{x: [N, 3]}", ["y[i,j] = exp(x[i,j])/(1[k]*exp(x[i,k]))"], softmax),
    "layer norm": (
        "{x: [N, 4]}",
        ["m[i] = 1[k]*x[i,k]/4", "v[i] = 1[k]*(x[i,k] - m[i])^2/4", "y[i,j] = (x[i,j] - m[i])/sqrt(v[i] + 1e-5)"],
        normalised,
    ),
}


def equals(x):
    """How many elements are equal to each."""
    return (x.reshape(-1, 1) == x.reshape(-1)).sum(1).reshape(x.shape)


# Which elements a slip is at, what the derivative is there, and where a report says that it is wrong.
SLIPS = {
    "0": (lambda x: x == 0, 3.0, "where elements are 0"),
    "0 over 0": (lambda x: x == 0, np.nan, "where elements are 0"),
    "below 1e-3": (lambda x: (x != 0) & (np.abs(x) < 1e-3), 3.0, "where elements are tiny"),
    "subnormal": (lambda x: (x != 0) & (np.abs(x) < np.finfo(x.dtype).tiny), 3.0, "where elements are subnormal"),
    "above 10": (lambda x: x > 10, np.nan, "where elements are large"),
    "below -10": (lambda x: x < -10, 3.0, "where elements are large"),
    "above 100": (lambda x: x > 100, np.nan, "where elements are very large"),
    "below -100": (lambda x: x < -100, 3.0, "where elements are very large"),
    "equal": (lambda x: (x != 0) & (equals(x) > 1), 3.0, "where elements are equal"),
}


def slipped(right, at, value, *arguments):
    """The gradients, that of the first input with another value where some of its elements are peculiar."""
    found = right(*arguments)
    first, *others = found if isinstance(found, tuple) else (found,)
    return (np.where(at(arguments[0]), arguments[0].dtype.type(value), first), *others)


def results(text, backward, **options):
    made = loads(f"dims: {{N: 4}}\n{text}")
    user = UserCode(UserFunction("user:backward", backward))
    return check(made.program, derivation=made.derivation, against=user, only="against", **options)


def text_of(name):
    inputs, equations, _ = FUNCTIONS[name]
    return f"inputs: {inputs}\nequations: {equations}"


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_backward_that_is_wrong_for_peculiar_elements_alone_fails(name, slip):
    at, value, where = SLIPS[slip]
    if slip == "equal" and name == "one number":
        pytest.skip("one number is equal to no other")
    found = results(text_of(name), partial(slipped, FUNCTIONS[name][2], at, value)).results[0]
    assert found.status == "fail"
    assert found.message.startswith(f"right elsewhere, wrong {where}")
    assert where in found.method


@pytest.mark.parametrize("method", ["auto", "directional"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(2))
def test_it_does_whatever_the_type_the_method_and_the_seed(dtype, method, seed):
    options = {"dtype": dtype, "method": method, "seed": seed}
    for at, value, _ in SLIPS.values():
        assert not results(text_of("product"), partial(slipped, product, at, value), **options).ok
    assert results(text_of("product"), product, **options).ok


@pytest.mark.parametrize("slip", ["0", "below 1e-3", "subnormal"])
def test_gradients_of_outputs_do_not_hide_what_is_peculiar(slip):
    """As they would that are 0 or tiny at the same places."""
    at, _, where = SLIPS[slip]
    for seed in range(10):
        found = results(text_of("tanh"), lambda x, dy: dy * (1 + at(x) - np.tanh(x) ** 2), seed=seed).results[0]
        assert where in found.message


# Right backwards of functions that have kinks, poles and steep ends among these elements, or that are written such that
# more is rounded there than in the derived formulas.
RIGHT = {
    "kinks": (
        "{x: [N], z: [N]}",
        "abs(x[i]) + max(x[i], z[i])",
        lambda x, z, dy: (dy * (np.sign(x) + (x >= z)), dy * (x < z)),
    ),
    "a jump": ("{x: [N], z: [N]}", "sign(x[i])*z[i]", lambda x, _, dy: (0 * x, dy * np.sign(x))),
    "a pole": ("{x: [N]}", "sin(x[i])/x[i]", lambda x, dy: dy * (np.cos(x) / x - np.sin(x) / x**2)),
    "a root": (
        "{x: [N], z: [N]}",
        "sqrt(x[i]^2 + z[i]^2)",
        lambda x, z, dy: (dy * x / np.sqrt(x * x + z * z), dy * z / np.sqrt(x * x + z * z)),
    ),
    "a root of a square": ("{x: [N]}", "(x[i]^2)^0.75", lambda x, dy: 1.5 * dy * np.sign(x) * np.sqrt(np.abs(x))),
    "a piece": ("{x: [N]}", "where(x[i] == 0, 1, sin(x[i])/x[i])", lambda x, dy: dy * (np.cos(x) - np.sin(x) / x) / x),
    "an exponential": ("{x: [N]}", "exp(x[i])/(1 + exp(x[i]))", lambda x, dy: dy * np.exp(x) / (1 + np.exp(x)) ** 2),
    "a sigmoid": ("{x: [N]}", "sigmoid(x[i])", lambda x, dy: dy / (1 + np.exp(-x)) / (1 + np.exp(x))),
    "a softplus": ("{x: [N]}", "softplus(x[i])", lambda x, dy: dy / (1 + np.exp(-x))),
    "a logarithm": (
        "{x: {shape: [N], sample: positive}, z: {shape: [N], sample: {uniform: [-1, 1]}}}",
        "log(x[i]) + atanh(z[i])",
        lambda x, z, dy: (dy / x, dy / (1 - z * z)),
    ),
    "a product of all": ("{x: [N]}", "prod[k](x[k])*x[i]", lambda x, dy: dy * np.prod(x) + multiplied(x, dy @ x)),
    "a variance in one pass": (
        "{x: [N, 2]}",
        "(x[i,0] - x[i,1])/sqrt((x[i,0] - x[i,1])^2/4 + 1e-5)/2",
        lambda x, dy: normalised(x, np.stack([dy, 0 * dy], 1), in_one_pass=True),
    ),
}


# Right backwards that multiply more large numbers than formulas that say the same.
OF_LARGE = {
    "x[i]^3/(1 + x[i]^2)": lambda x, dy: dy * (x**4 + 3 * x * x) / (1 + x * x) ** 2,
    "sqrt(x[i]^2 + 1)": lambda x, dy: dy * x / np.sqrt(x * x + 1),
    "x[i]^2/(1 + x[i]^2)": lambda x, dy: 2 * x * dy / (1 + x**4 + 2 * x * x),
}


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("body", OF_LARGE)
def test_coarse_types_have_room_for_products_of_large_elements(body, dtype):
    for seed in range(4):
        text = f"inputs: {{x: [N]}}\nequations: ['y[i] = {body}']"
        found = results(text, OF_LARGE[body], dtype=dtype, seed=seed).results
        assert [(each.status, each.message) for each in found if each.status != "pass"] == []


@pytest.mark.parametrize("name", RIGHT)
def test_a_backward_that_is_right_passes(name):
    inputs, body, backward = RIGHT[name]
    for seed in range(4):
        found = results(f"inputs: {inputs}\nequations: ['y[i] = {body}']", backward, seed=seed).results
        assert [(each.status, each.message) for each in found if each.status != "pass"] == []


def test_elements_of_two_inputs_that_are_equal():
    def backward(x, z, dy, *, divided=False):
        apart = x - z
        each = 2 * dy * (apart**2 / apart if divided else apart)
        return each, -each

    text = "inputs: {x: [N], z: [N]}\nequations: ['y[i] = (x[i] - z[i])^2']"
    assert results(text, backward).ok
    found = results(text, partial(backward, divided=True)).results[0]
    assert "where elements of two inputs are equal: is not finite where the reference is" in found.message


def soft(x, dy, *, least=-np.inf):
    """Of a softmax that takes scores below some number for minus infinity, if others are left."""
    left = (x >= least) | (x.max(1, keepdims=True) < least)
    return softmax(np.where(left, x, -np.inf).astype(x.dtype), dy)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("dtype", "least"), [("float64", -8), ("float64", -3), ("float32", -3)])
def test_scores_far_below_the_others_count_nevertheless(dtype, least, seed):
    """Beside one that is as far above 0 nothing would be seen of them."""
    assert results(text_of("softmax"), soft, dtype=dtype, seed=seed).ok
    found = results(text_of("softmax"), partial(soft, least=least), dtype=dtype, seed=seed).results[0]
    assert found.status == "fail"


OF_UPSTREAM = {
    "divided by": (lambda dy: dy * dy / dy, "where elements are 0"),
    "kept away from 0": (lambda dy: np.where(np.abs(dy) < 1e-6, 1e-6, dy), "where elements are 0"),
    "clipped": (lambda dy: np.clip(dy, -6, 6), "where elements are large"),
}


@pytest.mark.parametrize("slip", OF_UPSTREAM)
@pytest.mark.parametrize("body", ["relu(x[i])", "x[j]*x[j]*x[i]"])
def test_gradients_of_outputs_have_peculiar_elements_too(body, slip):
    """Even where no input may have any, as zeros that a rectifier has a kink at."""

    def backward(x, dy, *, change=lambda dy: dy):
        dy = change(dy)
        return dy * (x > 0) if "relu" in body else dy * (x @ x) + 2 * x * (dy @ x)

    change, where = OF_UPSTREAM[slip]
    text = f"inputs: {{x: [N]}}\nequations: ['y[i] = {body}']"
    assert results(text, backward).ok
    found = results(text, partial(backward, change=change)).results[0]
    assert (found.status, found.message.startswith(f"right elsewhere, wrong {where}")) == ("fail", True)


def scaled(x, dy, *, least=1e-6, guarded=True):
    """Of rows that are divided by the root of their mean squares and a small number."""
    mean = (x * x).mean(1, keepdims=True)
    scale = 1 / np.sqrt(mean + least)
    slope = (dy * x).mean(1, keepdims=True) / (mean + least)
    norm = slope if guarded else slope * mean / mean
    return scale * (dy - x * norm)


def lines(x, w, b, dy, *, skipped=False):
    """Of a linear layer, which may leave out what is 0 altogether."""
    if skipped and not b.any():
        return dy @ w.T, x.T @ dy, 0 * b
    return dy @ w.T, x.T @ dy, dy.sum(0)


def scaled_columns(x, dy, *, guarded=True):
    return scaled(x.T, dy.T, guarded=guarded).T


# The inputs, the equation, a right backward, a wrong one, and what is 0 where it is wrong.
WHOLE = {
    "a row": ("{x: [N, 3]}", "x[i,j]/sqrt(x[i,k]*x[i,k]/3 + 1e-6)", scaled, partial(scaled, guarded=False), "rows"),
    "a column": (
        "{x: [5, N]}",
        "x[i,j]/sqrt(x[k,j]*x[k,j]/5 + 1e-6)",
        scaled_columns,
        partial(scaled_columns, guarded=False),
        "columns",
    ),
    "a vector": ("{x: [N, 3], w: [3, 2], b: [2]}", "x[i,k]*w[k,j] + b[j]", lines, partial(lines, skipped=True), "rows"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_rows_and_vectors_are_0_as_where_they_are_padded_or_just_initialised(name):
    inputs, body, right, wrong, what = WHOLE[name]
    text = f"inputs: {inputs}\nequations: ['y[i,j] = {body}']"
    for seed in range(3):
        assert results(text, right, seed=seed).ok
        failed = [each for each in results(text, wrong, seed=seed).results if each.status == "fail"]
        where = f"right elsewhere, wrong where whole {what} are 0"
        assert [each.message.partition(":")[0] for each in failed] == [where]


def extreme(x, dy, *, sign, start):
    """Of the largest or smallest element of each row, looked for from a first guess on."""
    best, dx = sign * np.max(sign * x, 1, initial=start), np.zeros_like(x)
    for row, found in enumerate(best):
        here = x[row] == found
        dx[row] = here * dy[row] / max(here.sum(), 1)
    return dx


@pytest.mark.parametrize(("kind", "sign", "what"), [("max", 1, "negative"), ("min", -1, "positive")])
def test_all_elements_of_a_long_row_are_of_one_sign(kind, sign, what):
    text = f"inputs: {{x: [3, 12]}}\nequations: ['y[i] = {kind}[k](x[i,k])']"
    assert results(text, partial(extreme, sign=sign, start=-np.inf)).ok
    (found,) = results(text, partial(extreme, sign=sign, start=0)).results
    assert (found.status, found.message) == (
        "fail",
        f"right elsewhere, wrong where all elements are {what}: is 0 everywhere",
    )


def projected(x, dy, *, guarded):
    """Onto a ball; where x is inside of it, its length is not needed, nor has it a derivative at 0."""
    length = np.sqrt((x * x).sum(1, keepdims=True))
    outside = length > 1
    unit = x / (np.where(outside, length, 1) if guarded else length)
    radial = unit * (dy * unit).sum(1, keepdims=True)
    return np.where(outside, (dy - radial) / length, dy) + (0 if guarded else 0 * radial)


def test_poles_and_ends_of_roots_that_outputs_do_not_feel():
    equations = ["n[i] = sqrt(1[k]*x[i,k]^2)", "y[i,k] = where(n[i] > 1, x[i,k]/n[i], x[i,k])"]
    text = f"inputs: {{x: [N, 3]}}\nequations: {equations}"
    assert results(text, partial(projected, guarded=True)).ok
    (found,) = results(text, partial(projected, guarded=False)).results
    assert found.status == "fail"
    assert found.message.startswith("right elsewhere, wrong where whole rows are 0: is not finite")


@pytest.mark.parametrize(
    ("forward", "dtype", "ok"),
    [
        (lambda x: np.logaddexp(np.zeros_like(x), x), "float32", True),
        (lambda x: np.log(1 + np.exp(x)), "float32", False),
        (lambda x: np.log(1 + np.exp(x)), "float64", True),
    ],
)
def test_a_forward_that_overflows_fails(forward, dtype, ok):
    """Where double precision holds exponentials and their squares, a formula may have them."""
    made = loads("inputs: {x: [4]}\nequations: ['y[i] = softplus(x[i])']")
    user = UserCode(forward=UserFunction("user:forward", forward))
    options = {"against": user, "only": "against_forward", "dtype": dtype}
    (found,) = check(made.program, derivation=made.derivation, **options).results
    assert (found.status == "pass") is ok
    assert ok or found.message.startswith("right elsewhere, wrong where elements are very large")


@pytest.mark.parametrize("seed", range(4))
def test_a_backward_that_overflows_fails(seed):
    """Though where logits are that far apart most of the gradient underflows."""

    def unstable(x, dy):
        e = np.exp(x)
        return dy[:, None] * e / e.sum(1, keepdims=True)

    def stable(x, dy):
        return unstable(x - x.max(1, keepdims=True), dy)

    text = "inputs: {x: [N, 5]}\nequations: ['y[i] = logsumexp[k](x[i,k])']"
    found = results(text, unstable, dtype="float32", seed=seed).results[0]
    assert "wrong where elements are very large: is not finite" in found.message
    assert results(text, stable, dtype="float32", seed=seed).ok


def test_what_a_backward_raises_there_is_told():
    def backward(x, dy):
        if (x == 0).any():
            raise ZeroDivisionError("by 0")
        return 2 * x * dy

    found = results("inputs: {x: [N]}\nequations: ['y[i] = x[i]^2']", backward).results[0]
    assert found.message.startswith("right elsewhere, wrong where elements are 0: user:backward raised ZeroDivision")


@pytest.mark.parametrize("trials", [1, 3])
def test_values_that_are_kept_for_an_array_are_those_of_its_contents(trials):
    kept = {}

    def backward(x, dy):
        _, slope = kept.setdefault(id(x), (x, 2 * x))
        return slope * dy

    found = results("inputs: {x: [N]}\nequations: ['y[i] = x[i]^2']", backward, trials=trials, sizes="own").results[0]
    assert found.message == "user:backward returns something else for arrays that held other values before"
