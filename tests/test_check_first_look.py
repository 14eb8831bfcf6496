"""What a first look at a user's backward takes for right, and what it leaves to a comparison with care."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import special
from share import share

sys.path.insert(0, str(Path(__file__).parent))

from tcgrad.api import loads
from tcgrad.check import check
from tcgrad.check.sampling.sampler import Sampler
from tcgrad.check.user.against import UserCode, UserFunction

ALONG = {"method": "directional", "only": "against"}

# Equations, inputs, dims, and a backward of NumPy.
RIGHT = {
    "matmul": (
        ["y[i,j] = x[i,k]*a[k,j]"],
        "{x: [I, K], a: [K, J]}",
        lambda x, a, dy: (dy @ a.T, x.T @ dy),
    ),
    "cubic": (
        ["y = x[i]*x[i]*x[i]*sum[j](a[j])"],
        "{x: [I], a: [J]}",
        lambda x, a, dy: (3 * dy * x**2 * a.sum(), dy * (x**3).sum() * np.ones_like(a)),
    ),
    "dense": (
        ["y[i,j] = tanh(x[i,k]*a[k,j] + b[j])"],
        "{x: [I, K], a: [K, J], b: [J]}",
        lambda x, a, b, dy: _dense(x, a, dy * (1 - np.tanh(x @ a + b) ** 2)),
    ),
    "relu": (
        ["y[i,j] = relu(x[i,k]*a[k,j] + b[j])"],
        "{x: [I, K], a: [K, J], b: [J]}",
        lambda x, a, b, dy: _dense(x, a, dy * (x @ a + b > 0)),
    ),
    "elu": (
        ["y[i,j] = elu(x[i,k]*a[k,j] + b[j])"],
        "{x: [I, K], a: [K, J], b: [J]}",
        lambda x, a, b, dy: _dense(x, a, dy * np.exp(np.minimum(x @ a + b, 0))),
    ),
    "largest": (
        ["y[i] = max[k](x[i,k])*exp(a[i])"],
        "{x: [I, K], a: [I]}",
        lambda x, a, dy: ((dy * np.exp(a))[:, None] * _shares(x), dy * np.exp(a) * x.max(1)),
    ),
    "two outputs": (
        ["y[i] = exp(x[i])*a[i]", "z = a[i]*x[i]"],
        "{x: [I], a: [I]}",
        lambda x, a, dy, dz: (dy * np.exp(x) * a + dz * a, dy * np.exp(x) + dz * x),
    ),
    "inverse": (
        ["y = inv(c)[i,j]*x[i]*x[j]"],
        "{x: [I], c: {shape: [I, I], sample: spd}}",
        lambda x, c, dy: (
            dy * (np.linalg.inv(c) + np.linalg.inv(c).T) @ x,
            -dy * np.outer(np.linalg.inv(c).T @ x, np.linalg.inv(c) @ x),
        ),
    ),
}


def _shares(x):
    largest = x == x.max(1, keepdims=True)
    return largest / largest.sum(1, dtype=x.dtype, keepdims=True)


def _dense(x, a, inner):
    return inner @ a.T, x.T @ inner, inner.sum(0)


def _special(x, b, dy, dz):
    gamma = dy * (special.ndtr(x * b) + x * b * _bell(x * b / np.sqrt(2)) / (2 * np.sqrt(2)))
    squares, powers = np.exp(x * x), np.exp(b)
    dx = dy * _bell(x) * special.erfc(b) + gamma * b + dz * special.digamma(squares) * squares * 2 * x
    return dx, -dy * special.erf(x) * _bell(b) + gamma * x + dz * special.polygamma(1, powers) * powers


def _bell(x):
    return 2 / np.sqrt(np.pi) * np.exp(-x * x)


def _running(x, a, dy):
    steps = len(x)
    h = np.ones((steps + 1, *a.shape), x.dtype)
    for t in range(steps):
        h[t + 1] = np.sin(x[t]) + a * h[t]
    dx, da, back = np.zeros_like(x), np.zeros_like(a), dy
    for t in reversed(range(steps)):
        dx[t], da, back = back * np.cos(x[t]), da + back * h[t], back * a
    return dx, da


RIGHT["special functions"] = (
    [
        "y[i] = (erf(x[i])*erfc(b[i]) + gelu(x[i]*b[i]))",
        "z = (lgamma(exp(x[i]*x[i]))*1[i] + digamma(exp(b[i]))*1[i])",
    ],
    "{x: [I], b: [I]}",
    _special,
)
RIGHT["running mean"] = (
    ["h[-1,i] = 1", "h[t,i] = sin(x[t,i]) + a[i]*h[t-1,i]", "y[i] = h[T-1,i]"],
    "{x: [T, I], a: [I]}",
    _running,
)


def spec(equations, inputs, dims="{I: 4, J: 3, K: 5, T: 6}", **more):
    lines = "".join(f"\n - '{each}'" for each in equations)
    more.setdefault("outputs", "[y, z]" if "z" in lines else "[y]")
    rest = "".join(f"{key}: {value}\n" for key, value in more.items())
    return loads(f"dims: {dims}\ninputs: {inputs}\nequations:{lines}\n{rest}", "look.yaml")


def checked(made, backward, **options):
    return check(made.program, against=UserCode(UserFunction("backward", backward)), **{**ALONG, **options})


@pytest.fixture
def careful(monkeypatch):
    """The samples that are drawn to be compared with care."""
    drawn, draw = [], Sampler.draw
    monkeypatch.setattr(Sampler, "draw", lambda *given: drawn.append(given) or draw(*given))
    return drawn


@pytest.mark.parametrize("dtype", ["float64", "longdouble"])
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes_at_sight(name, dtype, careful):
    if name == "inverse" and dtype == "longdouble":
        pytest.skip("LAPACK has no longdouble")
    if name == "special functions" and dtype == "longdouble":
        pytest.skip("SciPy has none of complex numbers of that type")
    equations, inputs, backward = RIGHT[name]
    result = checked(spec(equations, inputs), backward, dtype=dtype)
    assert result.ok
    assert not careful
    assert all(r.method.endswith("1 direction") and r.evaluations and r.tolerance for r in result.results)


def _one_element(gradient):
    changed = np.array(gradient)
    changed.reshape(-1)[np.argmax(np.abs(gradient))] *= 1 + 1e-9
    return changed


def _swapped(gradient):
    changed = np.array(gradient)
    ends = [np.argmin(gradient), np.argmax(gradient)]
    changed.reshape(-1)[ends] = changed.reshape(-1)[ends[::-1]]
    return changed


WRONG = {
    "off by 1e-9": lambda g: g * (1 + 1e-9),
    "one element off by 1e-9": _one_element,
    "sign": lambda g: -g,
    "half": lambda g: g / 2,
    "zero": lambda g: g * 0,
    "huge": lambda g: g * 1e30,
    "one for all": lambda g: np.broadcast_to(g.reshape(-1)[0], g.shape).copy(),
    "swapped": _swapped,
    "NaN": lambda g: np.where(np.arange(g.size).reshape(g.shape) == 0, np.nan, g),
    "infinite": lambda g: np.where(np.arange(g.size).reshape(g.shape) == 0, np.inf, g),
    "flat": lambda g: g.reshape(-1)[None],
}


@pytest.mark.parametrize("scale", share(["1", "1.0e-6", "1.0e+6"], 3))
@pytest.mark.parametrize("name", ["matmul", "dense", "relu", "elu", "largest", "two outputs"])
def test_what_is_wrong_fails_as_without_a_look(name, scale):
    """Whichever input it is wrong by; those by the others pass."""
    equations, inputs, backward = RIGHT[name]
    scaled = [f"{line.replace(' = ', ' = c*', 1)}" for line in equations]
    made = spec(scaled, inputs, constants=f"{{c: {scale}}}")
    names = [tensor.name for tensor in made.program.wrt]

    def planted(wrong, place):
        def function(*given):
            outputs = len(made.program.outputs)
            found = list(backward(*given[:-outputs], *(float(scale) * dy for dy in given[-outputs:])))
            found[place] = wrong(found[place])
            return tuple(found)

        return function

    assert checked(made, planted(lambda g: g, 0), sizes="own", trials=1).ok
    for mistake, wrong in WRONG.items():
        for place, wrt in enumerate(names):
            result = checked(made, planted(wrong, place), sizes="own", trials=1)
            assert {r.wrt for r in result.results if r.status == "fail"} == {wrt}, (mistake, wrt)
            assert {r.status for r in result.results if r.wrt != wrt} == {"pass"}, (mistake, wrt)


@pytest.mark.parametrize("n", [2, 3, 16, 17, 192])
def test_an_untransposed_square_matmul_is_caught(n):
    made = spec(*RIGHT["matmul"][:2], f"{{I: {n}, J: {n}, K: {n}}}")
    result = checked(made, lambda x, a, dy: (dy @ a, x.T @ dy), sizes="own", trials=1)
    assert [(r.wrt, r.status) for r in result.results] == [("x", "fail"), ("a", "pass")]


def test_every_size_is_looked_at(careful):
    """What is right at square sizes alone fails at others."""
    made = spec(*RIGHT["matmul"][:2], "{I: 3, J: 3, K: 3}")

    def square_only(x, a, dy):
        return (dy @ a.T if x.shape == a.shape else 2 * dy @ a.T), x.T @ dy

    result = checked(made, square_only)
    assert {r.wrt for r in result.results if r.status == "fail"} == {"x"}
    assert careful


@pytest.mark.parametrize(
    ("equation", "inputs", "backward"),
    [
        ("y[i] = relu(x[i])*a[i]", "{x: {shape: [I], sample: {integers: [0, 1]}}, a: [I]}",
         lambda x, a, dy: (dy * a * (x > 0), dy * x)),
        ("y[i] = sqrt(x[i])*a[i]", "{x: {shape: [I], sample: {integers: [0, 1]}}, a: [I]}",
         lambda x, a, dy: (dy * a * 0, dy * x)),
    ],
)  # fmt: skip
def test_nothing_passes_at_sight_where_a_branch_ends(equation, inputs, backward, careful):
    """Whatever the branch that is taken there would say."""
    checked(spec([equation], inputs, "{I: 4}"), backward, sizes="own", trials=1)
    assert careful


def test_complex_steps_that_differences_contradict_decide_nothing(monkeypatch, careful):
    """A backward may make the very mistake that a reference makes."""
    step = 2.0**-3
    monkeypatch.setattr("tcgrad.check.reference.look.STEP", step)
    made = spec(["y[i] = exp(x[i])"], "{x: [I]}")
    result = checked(made, lambda x, dy: dy * np.exp(x) * np.sin(step) / step, sizes="own", trials=1)
    assert careful
    assert not result.ok


def test_digits_that_cancel_are_not_taken_for_right(careful):
    """Neither reference nor backward has any: they agree, for both cancel alike."""
    declared = "{x: {shape: [I], sample: {uniform: [1.0e-8, 2.0e-8]}}}"
    made = spec(["y[i] = (1 - cos(x[i]))/x[i]^2"], declared)
    checked(made, lambda x, dy: dy * (np.sin(x) / x**2 - 2 * (1 - np.cos(x)) / x**3), sizes="own", trials=1)
    assert careful


def test_a_derivative_that_is_0_is_compared_with_care(careful):
    """Its size tells nothing of what rounding may do."""
    made = spec(["y[i] = exp(x[i]) + 0*exp(a[i])"], "{x: [I], a: [I]}")
    checked(made, lambda x, a, dy: (dy * np.exp(x), 0 * a), sizes="own", trials=1)
    assert careful


@pytest.mark.parametrize(
    "options",
    [
        {"dtype": "float32"},
        {"dtype": "float16"},
        {"method": "auto"},
        {"rtol": 1e-3},
        {"atol": 1e-3},
        {"only": ("against", "gradient")},
        {"self_test": True},
    ],
)
def test_what_else_is_asked_for_is_compared_with_care(options, careful):
    equations, inputs, backward = RIGHT["dense"]
    assert checked(spec(equations, inputs), backward, sizes="own", trials=1, **options).ok
    assert careful


def test_a_backward_that_cannot_be_called_is_told_so():
    made = spec(*RIGHT["matmul"][:2])
    result = checked(made, lambda _, a, dy: dy @ a.T, sizes="own", trials=1)
    (message,) = {r.message for r in result.results}
    assert "gradient" in message
    assert {r.status for r in result.results} == {"fail"}


def test_a_look_names_its_seed_and_repeats():
    equations, inputs, backward = RIGHT["dense"]
    made = spec(equations, inputs)
    first, again = (checked(made, backward, seed=7).results for _ in range(2))
    assert [(r.max_abs_error, r.tolerance, r.seed) for r in first] == [
        (r.max_abs_error, r.tolerance, r.seed) for r in again
    ]
    assert not math.isclose(first[0].worst.reference, checked(made, backward, seed=8).results[0].worst.reference)


def test_a_special_function_without_complex_values_is_compared_with_care(careful):
    made = spec(["y[i] = polygamma(1, x[i])"], "{x: {shape: [I], sample: positive}}")
    assert checked(made, lambda x, dy: dy * special.polygamma(2, x)).ok
    assert not checked(made, lambda x, dy: dy * special.polygamma(1, x)).ok
    assert careful
