"""What failures are explained by: the slip that fits, the worst elements, the histogram."""

import json
from collections import Counter
from functools import partial

import numpy as np
import pytest

from tcgrad.api import loads
from tcgrad.check import check
from tcgrad.check.mistakes.slips import Suspect, describe_factor, explain_shape
from tcgrad.check.user.against import UserCode, UserFunction
from tcgrad.evaluate.statements import run
from tcgrad.report.checks.json_object import render_json
from tcgrad.report.checks.text import render_text

RIGHT = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.5], [4.0, 0.125, 2.0]])

EXPLAINED = [
    (0 * RIGHT, "is 0 everywhere"),
    (1e-15 * RIGHT[::-1], "is 0 everywhere"),
    (-RIGHT, "has the wrong sign"),
    (RIGHT.T, "equals the transpose"),
    (RIGHT / 2, "is half of the right value: a factor 2 is missing, of a square or of a symmetric term"),
    (RIGHT * 2, "is 2 times the right value"),
    (RIGHT / 3, "is 1/3 of the right value: a mean over N is taken for a sum"),
    (RIGHT * 3, "is 3 times the right value: a sum over N is taken for a mean"),
    (RIGHT * 1.5, "is 3/2 times the right value"),
    (RIGHT * (1 + 1e-9), "is 1.000000001 times the right value"),
    (RIGHT * 1.0009, "is 1.0009 times the right value"),
    (RIGHT + 0.75, "is off by a constant"),
    (RIGHT[::-1], "has the right values in other places"),
    (np.where(np.eye(3) > 0, np.nan, RIGHT), "3 of 9 elements are not finite"),
    (RIGHT + np.eye(3)[:, [1, 0, 2]] * np.eye(3)[0][:, None] * 1e-9, "1 of 9 elements is wrong, the others are right"),
    (RIGHT + np.arange(9.0).reshape(3, 3) ** 2, ""),
]

UNEVEN = RIGHT / 3
SINGLE = "is right to single precision alone: something on the way is in float32"

# Of numbers that float32 has to round, and that float64 has not.
ROUNDED = [
    (UNEVEN.astype(np.float32), 1e-15, SINGLE),
    ((UNEVEN.T.astype(np.float32) @ UNEVEN.T.astype(np.float32)).T - UNEVEN @ UNEVEN + UNEVEN, 1e-15, SINGLE),
    (UNEVEN.astype(np.float16), 1e-15, ""),
    (UNEVEN.astype(np.float32), 1e-9, ""),
    (UNEVEN + 1e-11 * RIGHT[::-1], 1e-15, ""),
    (UNEVEN + 1e-5 * RIGHT[::-1], 1e-15, ""),
]


@pytest.mark.parametrize(("found", "allowed", "text"), ROUNDED)
def test_rounding_to_a_coarser_type_is_named(found, allowed, text):
    assert Suspect(found.astype(float), UNEVEN, np.full((3, 3), allowed), {}).explanation() == text


@pytest.mark.parametrize(("found", "text"), EXPLAINED)
def test_the_slip_that_fits_is_named(found, text):
    assert Suspect(found, RIGHT, np.full((3, 3), 1e-14), {"N": 3}).explanation() == text


def test_what_is_off_by_less_than_a_factor_tells_is_no_multiple():
    """A small element among large ones that are off by rounding alone, and within what is allowed them."""
    small = np.array([1e-13, *RIGHT.reshape(-1)])
    found = small * (1 + np.array([1e-3, *[2.0**-48] * 9]))
    suspect = Suspect(found, small, np.abs(small) * 1e-13, {})
    assert suspect.explanation() == "1 of 10 elements is wrong, the others are right"


def test_beside_nothing_but_zeros_no_error_is_small():
    assert not Suspect(np.arange(1, 10.0) ** 3, np.zeros(9), np.zeros(9), {}).explanation()


@pytest.mark.parametrize(
    ("found", "right"),
    [
        (np.full((3, 3), 1e308), RIGHT / 1000),
        (RIGHT * 1e200, RIGHT * 1e200 + np.eye(3) * 1e190),
        (RIGHT, np.where(np.eye(3) > 0, np.nan, RIGHT)),
    ],
)
def test_a_factor_that_no_number_is_explains_nothing(found, right):
    with np.errstate(all="ignore"):
        explained = Suspect(found, right, np.full((3, 3), 1e-14), {}).explanation()
    assert not any(word in explained for word in ("times", "constant"))


def test_numbers_as_large_as_memory_may_hold_are_a_failure():
    function = loads("dims: {N: 4}\ninputs: {x: [N]}\nequations: ['y[n] = x[n]^2/1000']\n")
    checked = function.check(against=lambda x, dy: dy * 0 + np.finfo(x.dtype).max, only="against", sizes="own")
    assert [result.status for result in checked.results] == ["fail"]


def test_what_comes_out_after_a_slip_can_be_given():
    more = [("is something else", RIGHT * RIGHT), ("is the square", RIGHT**2 + 1)]
    suspect = Suspect(RIGHT**2 + 1, RIGHT, np.full((3, 3), 1e-14), {})
    assert suspect.explanation(more) == "is the square"


def test_nothing_fits_where_the_tolerance_is_as_large_as_the_error():
    assert Suspect(-RIGHT * 0.01, RIGHT * 0.01, np.full((3, 3), 0.03), {}).explanation() == "has the wrong sign"
    assert Suspect(RIGHT * 1.001, RIGHT, np.full((3, 3), 1e-2), {}).explanation() != "equals the transpose"


def test_factors():
    roots = {"B": 4, "D": 5, "E": 5}
    assert describe_factor(5**0.5, roots) == (
        "is √5 times the right value: a division by the root of D or E is missing"
    )
    assert describe_factor(5**-0.5, roots) == (
        "is 1/√5 of the right value: a division by the root of D or E is one too many"
    )
    assert describe_factor(5**0.5 * (1 + 1e-9), roots) == "is 2.23607 times the right value"
    assert describe_factor(2, roots) == "is 2 times the right value"
    assert describe_factor(1 / 5, roots) == "is 1/5 of the right value: a mean over D or E is taken for a sum"
    assert describe_factor(1 / 12, {"A": 1, "B": 3, "C": 4}) == (
        "is 1/12 of the right value: a mean over B and C is taken for a sum"
    )
    assert describe_factor(0.2, {"B": 5}) == "is 1/5 of the right value: a mean over B is taken for a sum"
    assert describe_factor(2 / 3, {}) == "is 2/3 times the right value"
    assert describe_factor(1e-6, {}) == "is 1e-06 times the right value"


def test_other_shapes():
    batch = np.arange(24.0).reshape(2, 3, 4)
    assert explain_shape(batch, batch.sum(0), 1e-12) == "the sum over its axis 0 is missing"
    assert explain_shape(batch, batch.sum((0, 2)), 1e-12) == "sums over its axes 0 and 2 are missing"
    assert explain_shape(batch[0], batch[0].sum(0, keepdims=True), 1e-12) == "the sum over its axis 0 is missing"
    assert explain_shape(batch[0].T, batch[0], 1e-12) == "it is the transpose"
    assert explain_shape(batch, batch.sum(0) + 1, 1e-12) == ""


def against(text, backward):
    made = loads(text, "slips.yaml")
    result = check(made.program, against=UserCode(UserFunction("backward", backward)), trials=1)
    return result, {r.wrt: r.message for r in result.results if (r.kind, r.status) == ("against", "fail")}


SQUARE = "dims: {N: 3}\ninputs: {x: [N, N], a: [N, N]}\nequations: ['y[i,j] = x[i,k]*a[k,j]']\n"
QUADRATIC = "dims: {N: 3}\ninputs: {x: [N], a: [N, N]}\nequations: ['y = x[i]*a[i,j]*x[j] + x[i]*x[i]']\n"
BATCH = "dims: {B: 2, N: 3}\ninputs: {x: [B, N], w: [B, N, N]}\nequations: ['y[b,i] = w[b,i,j]*x[b,j]']\n"
KERNEL = "dims: {T: 7, K: 3}\ninputs: {x: [T], w: [K]}\nequations: ['y[t] = x[t+k]*w[k]']\n"
SCORES = "dims: {N: 4, D: 3}\ninputs: {q: [N, D], k: [N, D]}\nequations: ['s[i,j] = q[i,d]*k[j,d]/sqrt(D)']\n"
BIAS = "dims: {B: 4, N: 3}\ninputs: {x: [B, N], b: [N]}\nequations: ['y[n,i] = x[n,i]*b[i]']\n"

SLIPS = [
    (SQUARE, lambda x, a, dy: (dy @ a, x.T @ dy), {"x": "is right with a transposed"}),
    (SQUARE, lambda x, a, dy: (x.T @ dy, dy @ a.T), {
        "x": "is the gradient of a: the two are exchanged", "a": "is the gradient of x: the two are exchanged",
    }),
    (SQUARE, lambda x, a, dy: (dy @ a.T, (x.T @ dy).T), {"a": "equals the transpose"}),
    (SQUARE, lambda x, a, dy: (dy @ a.T, x[:1].T @ dy[:1]), {
        "a": "is right if dl/dy counts at i=0 alone: a sum is missing",
    }),
    (QUADRATIC, lambda x, a, dy: (dy * (a @ x + a.T @ x), dy * np.outer(x, x)), {
        "x": "the term 2*dl/dy*x[p] is missing",
    }),
    (QUADRATIC, lambda x, a, dy: (dy * (a @ x + a.T @ x - 2 * x), dy * np.outer(x, x)), {
        "x": "the term 2*dl/dy*x[p] has the wrong sign",
    }),
    (BATCH, lambda x, w, dy: (np.einsum("bi,bji->bj", dy, w), dy[:, :, None] * x[:, None]), {
        "x": "is right with w transposed in its axes 1 and 2",
    }),
    (KERNEL, lambda x, w, dy: (np.convolve(dy, w[::-1]), np.correlate(x, dy)), {
        "x": "is right with w reversed along its axis 0",
    }),
    (SCORES, lambda q, k, ds: (ds @ k, ds.T @ q / np.sqrt(q.shape[1])), {
        "q": "is √3 times the right value: a division by the root of D is missing",
    }),
    (BIAS, lambda x, b, dy: (dy * b, dy * x), {
        "b": "the gradient has shape (4, 3), not (3,): the sum over its axis 0 is missing",
    }),
    (BIAS, lambda x, b, dy: (dy * b, (dy * x).mean(0)), {
        "b": "is 1/4 of the right value: a mean over B is taken for a sum",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("text", "backward", "messages"), SLIPS)
def test_slips_of_a_backward(text, backward, messages):
    _, found = against(text, backward)
    assert found == messages


ELEMENTWISE = "dims: {N: 6}\ninputs: {x: [N], w: [N]}\nwrt: [x]\nequations: ['y[i] = x[i]^3*w[i]']\n"


def test_what_is_told_is_seen_at_the_sizes_of_the_spec():
    """With a single element many a slip fits that is none."""
    result, found = against(ELEMENTWISE, lambda x, w, dy: np.where(x < 0, 0, 3 * x**2 * w * dy * 1.5 ** (w < 0)))
    (failure,) = [r for r in result.results if r.status == "fail"]
    assert found == {"x": ""}
    assert not failure.worst.sizes
    # an exception at other sizes, too, is not what is the matter with these
    _, found = against(ELEMENTWISE, lambda x, w, dy: 6 * x**2 * w * dy if len(x) == 6 else 1 / 0)
    assert found == {"x": "is 2 times the right value"}
    # but where nothing is wrong at these, the others tell
    _, found = against(ELEMENTWISE, lambda x, w, dy: 3 * x**2 * w * dy * (1 if len(x) == 6 else 2))
    assert found == {"x": "is 2 times the right value"}
    _, found = against(ELEMENTWISE, lambda x, w, dy: 3 * x**2 * w * dy if len(x) == 6 else 1 / 0)
    assert "ZeroDivisionError" in found["x"]


def test_the_report_shows_the_worst_elements_and_how_errors_are_spread():
    result, _ = against(SQUARE, lambda x, a, dy: (dy @ a.T + np.eye(len(x)), x.T @ dy))
    (failure,) = [r for r in result.results if r.status == "fail"]
    assert len(failure.evidence.worst) == 3
    assert failure.evidence.worst[0].text == failure.worst.text
    assert sum(count for _, count in failure.evidence.histogram) == 9
    text = render_text(result)
    assert text.count("    also at    x[i=") == 2
    assert "    elements   by error over tolerance: 6 up to 1, 3 beyond" in text.splitlines()
    (found,) = [r for r in render_json([result])["specs"][0]["results"] if r["status"] == "fail"]
    assert found["histogram"] == {"1": 6, "10": 0, "100": 0, "1e4": 0, "1e6": 0, "more": 3}
    assert [set(element) for element in found["worst_elements"]] == [
        {"position", "text", "found", "reference", "tolerance"}
    ] * 3
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("seed", range(4))
def test_the_worst_element_is_the_first_of_the_worst_ones(seed):
    """Where all are off by one factor they are as bad as each other, but for rounding."""
    function = loads("dims: {N: 40}\ninputs: {x: [N]}\nequations: ['y[i] = tanh(x[i])']\n")
    options = {"only": "against", "sizes": "own", "trials": 1, "seed": seed}
    (failure,) = function.check(against=lambda x, dy: dy * (1 - np.tanh(x) ** 2) / 4, **options).results
    assert failure.evidence.worst[0] == failure.worst
    assert failure.worst not in failure.evidence.worst[1:]


RECURRENT = """
dims: {T: 4, N: 3}
inputs: {x: [T, N], w: [N, N], u: [N, N], h0: [N]}
equations:
  - h[-1,n] = h0[n]
  - h[t,n] = tanh(w[n,m]*x[t,m] + u[n,k]*h[t-1,k])
"""


def recurrent(carry, x, w, u, h0, dh):  # noqa: PLR0917 - the inputs of the spec
    h = [h0]
    for row in x:
        h.append(np.tanh(w @ row + u @ h[-1]))
    dx, dw, du, back = np.zeros_like(x), np.zeros_like(w), np.zeros_like(u), np.zeros_like(h0)
    for t in reversed(range(len(x))):
        dz = (dh[t] + carry * back) * (1 - h[t + 1] ** 2)
        dx[t], back = w.T @ dz, u.T @ dz
        dw += np.outer(dz, x[t])
        du += np.outer(dz, h[t])
    return dx, dw, du, back


def test_a_slip_in_the_gradient_of_an_intermediate_is_named_in_all_that_it_reaches():
    assert not against(RECURRENT, partial(recurrent, 1))[1]
    _, truncated = against(RECURRENT, partial(recurrent, 0))
    _, negated = against(RECURRENT, partial(recurrent, -1))
    term = "the term dl/dh_total[t+1,i]*u[i,n]*(1 - h[t+1,i]^2) of dl/dh_total[t,n]"
    assert {wrt: truncated[wrt] for wrt in "xwu"} == dict.fromkeys("xwu", f"{term} is missing")
    assert truncated["h0"] == "is right if dl/dh counts at t=0 alone: a sum is missing"
    assert {wrt: negated[wrt] for wrt in "xwu"} == dict.fromkeys("xwu", f"{term} has the wrong sign")


def unlike_anything(number, *arrays):
    return tuple(np.cos(array) for array in arrays[:number])


def test_what_gradients_share_is_worked_out_as_often_for_many_as_for_one(monkeypatch):
    run_as = Counter()

    def counted(statement, context):
        run_as[type(statement).__name__] += 1
        run(statement, context)

    monkeypatch.setattr("tcgrad.check.evaluated.formulas.run", counted)
    times = []
    for wrt in ("xw", "xwu"):
        run_as.clear()
        program = loads(f"{RECURRENT}wrt: {[*wrt]}", "slips.yaml").program
        backward = UserFunction("backward", partial(unlike_anything, len(wrt)))
        result = check(program, against=UserCode(backward), trials=1, only=("against",))
        assert [(r.status, r.message) for r in result.results] == [("fail", "")] * len(wrt)
        times.append(run_as["Recurrence"])
    assert times[0] == times[1]
