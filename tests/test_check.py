"""The checker as a whole: verdicts, kinks, domains, sizes, expectations, options, reports."""

import json
import re

import numpy as np
import pytest

from tcgrad.api import loads
from tcgrad.check import check
from tcgrad.check.evaluated.formulas import Formulas
from tcgrad.check.judging.results import CheckResult
from tcgrad.check.judging.tally import Tally
from tcgrad.check.judging.verdict import Comparison, Tolerance, compare
from tcgrad.check.user.against import UserCode, UserFunction
from tcgrad.emit.compiled import compile_module
from tcgrad.errors import TcgradError
from tcgrad.notation.index import print_statement
from tcgrad.report.checks.json_object import render_json
from tcgrad.report.checks.text import render_text
from tcgrad.spec.check_options import KINDS, OWN_KINDS

DTYPES = ("float16", "float32", "float64", "longdouble")
WIDEST = "longdouble" if np.finfo(np.longdouble).nmant > 52 else "float64"


def spec(equations, inputs="{x: [N]}", dims="{N: 3}", **more):
    keys = {
        "dims": dims,
        "inputs": inputs,
        "equations": json.dumps([equations] if isinstance(equations, str) else equations),
    }
    return loads("\n".join(f"{key}: {value}" for key, value in {**keys, **more}.items()), "test.yaml")


def statuses(result, **where):
    chosen = [r for r in result.results if all(getattr(r, name) == value for name, value in where.items())]
    return {r.status for r in chosen}


RIGHT = {
    "polynomial": spec("y = (x[i]*x[i])^2"),
    "softmax": spec("y[i] = exp(x[i])/(1[k]*exp(x[k]))"),
    "logarithm": spec("y[i] = log(x[i])*sqrt(x[i])"),
    "composed domain": spec("y = log(x[i]*w[i])", "{x: [N], w: [N]}"),
    "two-sided domain": spec("y[i] = asin(x[i]) + atanh(x[i])"),
    "beyond one": spec("y[i] = acosh(x[i])"),
    "below one": spec("y[i] = sqrt(1 - x[i])"),
    "positive definite": spec("y = x[i]*inv(A)[i,j]*x[j] + logdet(A)", "{x: [N], A: {shape: [N, N], sample: spd}}"),
    "kinks": spec("y[i] = relu(x[i]) + abs(x[i] - 0.5) + max(x[i], w[i]) + clip(x[i], -1, 1)", "{x: [N], w: [N]}"),
    "nested kinks": spec("y = relu(w[i,j]*relu(w[j,k]*x[k]))*1[i]", "{x: [N], w: [N, N]}"),
    "branch not taken": spec("y[i] = where(x[i] > 0, sqrt(x[i]), 0)"),
    "special functions": spec("y[i] = gelu(x[i])*erf(x[i]) + lgamma(exp(x[i])) + erfc(x[i])"),
    "tails": spec(
        "y[i] = gelu(x[i]) + gelu_tanh(x[i])*erfc(-x[i])",
        "{x: {shape: [N], sample: {uniform: [-9, 1]}}}",
        "{N: 20}",
    ),
    "pole": spec("y[i] = 1/x[i]"),
    "names of derivatives": spec(
        "y[i] = x[i]*dx[i]*dy[i]*y_", "{x: [N], dx: [N], dy: [N], y_: []}"
    ),
    "scalar": spec("y = x*exp(-x)", "{x: []}", "{}"),
    "numbers that are rounded": spec("y[i] = c*x[i] - pi*w[i]", "{x: [N], w: [N]}", constants="{c: 0.1}"),
    "cancelling": spec("y[i] = (x[i] - mean[k](x[k]))/sqrt(mean[k]((x[k] - mean[j](x[j]))^2) + 1)"),
    "abstract": spec("y[i] = f(x[i], w[i])*g(x[i])", "{x: [N], w: [N]}", functions="{'f(a, b)': null, 'g(a)': null}"),
    "gather": spec("y[i] = x[t[i]]^2", "{x: [N], t: {shape: [M], dtype: int}}", "{N: 3, M: 4}"),
    "reductions": spec("y = max[i](x[i]*w[i]) + logsumexp[i](x[i]) + prod[i](w[i])", "{x: [N], w: [N]}"),
}  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name, dtype):
    result = RIGHT[name].check(dtype=dtype, trials=None if dtype == "float64" else 1)
    assert not statuses(result) & {"fail", "inconclusive"}, render_text(result)
    assert result.ok
    assert all(r.max_abs_error <= r.tolerance for r in result.results if r.elements)


def test_both_subjects_are_compared_for_every_output_and_input():
    result = spec("y[i] = x[i]*w[i]", "{x: [N], w: [N]}").check()
    assert [(r.kind, r.subject, r.of, r.wrt) for r in result.results] == [
        ("forward", "module", "y", None),
        *(
            (kind, subject, "y", wrt)
            for wrt in "xw"
            for kind, subject in [
                ("jacobian", "formula"),
                ("jacobian", "module"),
                ("jvp", "module"),
                ("gradient", "formula"),
                ("gradient", "module"),
                ("value_and_grad", "module"),
            ]
        ),
        *((kind, "module", "y", None) for kind in ("dot_product", "repeatability", "inputs")),
    ]
    assert all(r.elements > 0 and r.evaluations >= 0 for r in result.results)


def test_a_polynomial_of_degree_two_is_checked_by_exact_differences():
    methods = {
        r.wrt: r.method
        for r in spec("y = x[i]*w[i]*w[i]*v[i]^3*exp(u)", "{x: [N], w: [N], v: [N], u: []}").check().results
        if r.kind == "gradient"
    }
    assert methods["x"] == methods["w"] == f"central, exact ({WIDEST})"
    assert methods["v"] == f"fourth order, exact ({WIDEST})"
    assert methods["u"] == f"complex step ({WIDEST})"


def test_a_kink_that_no_sample_avoids_is_inconclusive_and_shows_both_slopes():
    result = spec("y[i] = abs(x[i])", "{x: {shape: [N], sample: {integers: [0, 1]}}}").check()
    (message,) = {r.message for r in result.results if r.kind == "jacobian"}
    assert message == "kink at x[i=0]: the slope of y[i=0] is -1 below and 1 above"
    assert statuses(result, kind="gradient") == {"inconclusive"}
    assert not result.ok
    assert spec("y[i] = abs(x[i])", "{x: {shape: [N], sample: {integers: [0, 1]}}}").check(allow_inconclusive=True).ok


def test_elements_that_are_never_compared_are_not_passed_over():
    result = spec(["y[i] = abs(x[i]*[i > 0])*w[i] + floor(v[i])"],
                  "{x: [N], w: [N], v: {shape: [N], sample: {integers: [0, 2]}}}").check()  # fmt: skip
    assert statuses(result, kind="jacobian", wrt="x") == {"pass"}
    assert statuses(result, kind="jacobian", wrt="v") == {"inconclusive"}


def test_what_is_nowhere_finite_is_inconclusive_with_the_reason():
    result = spec("y[i] = log(-1 - x[i]^2)").check()
    assert [(r.status, r.message) for r in result.results] == [
        ("inconclusive", "y is not finite at any of 40 random inputs; `sample` can say where it is")
    ]
    assert not result.ok


def test_an_unused_input_has_gradient_zero():
    result = spec("y[i] = x[i]^2", "{x: [N], w: [N]}").check()
    assert statuses(result, wrt="w") == {"pass"}
    assert result.notes == ("y does not depend on w: the derivative is 0 everywhere",)


def test_no_derivative_at_all_is_no_pass():
    program = spec("y[i] = x[i]^2").program
    result = check(program, trials=1)
    assert result.ok
    assert not check(program, trials=1, rtol=3.0).ok


def test_a_user_tolerance_is_told_and_cannot_certify():
    made = spec("y[i] = 1.0e-6*tanh(x[i])")
    assert made.check(rtol=1e-3).notes == (
        "tolerance given: 0.001 of the largest entry, instead of the one from rounding error",
    )
    excused = made.check(atol=1e-3)
    assert "differences up to 0.001 are excused, as asked for" in excused.notes
    gradient = next(r for r in excused.results if r.kind == "gradient")
    assert (gradient.status, gradient.message) == (
        "inconclusive", "the tolerance is so large that zeros would pass as well",
    )  # fmt: skip
    assert statuses(made.check(rtol=1e-30), kind="gradient") == {"fail"}


EXPECTATIONS = [
    ("dy[i]/dx[p] = 2*x[i]*w[i]*delta[i,p]", "pass", "proved"),
    ("dl/dw[p] = dl/dy[p]*x[p]^2", "pass", "proved"),
    ("dl/dw[p] = dl/dy[p]*x[p]^2*1.0001", "fail", "wrong"),
    ("dy[i]/dx[p] = x[i]*w[i]*delta[i,p]", "fail", "wrong"),
]


@pytest.mark.parametrize(("text", "status", "message"), EXPECTATIONS)
def test_expectations_are_decided(text, status, message):
    made = spec("y[i] = x[i]^2*w[i]", "{x: [N], w: [N]}", expect=json.dumps([text]))
    result = made.check()
    (found,) = [r for r in result.results if r.kind == "expect"]
    assert (found.status, found.message, found.proved) == (status, message, message == "proved")
    assert found.equation == text
    assert (found.formula is not None) == (status == "fail")
    assert result.ok == (status == "pass")


def test_what_is_equal_but_not_proved_says_so(monkeypatch):
    monkeypatch.setattr("tcgrad.check.expectations.prove_equal", lambda *_, **__: False)
    made = spec("y[i] = x[i]^2*w[i]", "{x: [N], w: [N]}", expect='["dl/dw[p] = dl/dy[p]*x[p]^2"]')
    (found,) = [r for r in made.check().results if r.kind == "expect"]
    assert (found.status, found.message, found.proved) == ("pass", "equal on all samples, not proved", False)
    assert found.elements == 3 * 3 + 5 + 1


EXPECTED_SIZES = """
dl/dx[p,q] = dl/dy[p]*1[q]/M | pass | proved
dl/dx[p,q] = dl/dy[p]*1[q]*(N + M)/(M*N + M^2) | pass | proved
dl/dx[p,q] = dl/dy[p]*1[q]/5 | pass | proved
dl/dx[p,q] = dl/dy[p]*1[q]/(N + 1) | fail | wrong
dl/dx[p,q] = dl/dy[p]*1[q]*(M - N)/5 | fail | wrong
dl/dx[p,q] = dl/dy[p]*1[q]/(2*N - 3) | fail | wrong
dl/dx[p,q] = dl/dy[p]*1[q]/4 | fail | wrong
"""


@pytest.mark.parametrize("row", EXPECTED_SIZES.strip().splitlines())
def test_sizes_that_are_named_are_right_at_others_too(row):
    text, status, message = (part.strip() for part in row.split("|"))
    made = spec("y[i] = 1[j]*x[i,j]/M", "{x: [N, M]}", "{N: 4, M: 5}", expect=json.dumps([text]))
    (found,) = [r for r in made.check().results if r.kind == "expect"]
    assert (found.status, found.message, found.proved) == (status, message, message == "proved")


def test_square_sizes_hide_no_size_that_stands_for_another():
    made = spec("y[i] = 1[j]*x[i,j]/M", "{x: [N, M]}", "{N: 4, M: 4}", expect='["dl/dx[p,q] = dl/dy[p]*1[q]/N"]')
    (found,) = [r for r in made.check().results if r.kind == "expect"]
    assert (found.status, found.worst.sizes) == ("fail", "N=7, M=5")


def test_a_wrong_expectation_shows_the_largest_difference_and_its_place():
    made = spec(
        "y[i] = x[i]*w[i]", "{x: [N], w: [N]}", expect="['dy[i]/dx[p] = delta[i,p]*w[i] + delta[i,p]*[i == 1]']"
    )
    (found,) = [r for r in made.check().results if r.kind == "expect"]
    assert found.worst.text == "y[i=1] by x[i=1]"
    assert found.max_abs_error == pytest.approx(1)
    assert found.formula in ("dy[i]/dx[p] = w[i]*delta[i,p]", "dy[i]/dx[p] = delta[i,p]*w[i]")


def test_expectations_by_intermediates():
    equations = ["u[i] = x[i]^2", "y = u[i]*w[i]"]
    expected = (
        '["dy/du[p] = w[p]", "du[i]/dx[p] = 2*x[i]*delta[i,p]", "dl/du[p] = dl/dy*w[p]", "dl/dx[p] = 2*x[p]*dl/du[p]"]'
    )
    result = spec(equations, "{x: [N], w: [N]}", expect=expected).check()
    assert {r.message for r in result.results if r.kind == "expect"} == {"proved"}


def test_a_declared_index_of_an_expectation_runs_over_a_part_of_what_it_reads():
    expected = [
        "dy[i]/dx[p] = 2*x[i]*w[i]*[i == p]",
        "dy[i]/dx[p] = 2*x[i]*w[i]*delta[i,p]",
        "dl/dx[p] = 2*x[p]*dl/dy[i]*w[i]*[i == p]",
        "dl/dw[i] = dl/dy[i]*x[i]^2",
    ]
    made = spec("y[i] = x[i]^2*w[i]", "{x: [M], w: [N]}", "{N: 3, M: 5}", indices="{i: N}", expect=json.dumps(expected))
    assert [r.message for r in made.check().results if r.kind == "expect"] == ["proved"] * 4


def test_expectations_by_the_states_of_a_recurrence():
    equations = ["h[0] = x[0]", "h[t] = a*h[t-1] + x[t]", "y = sum[t](h[t]^2)"]
    expected = '["dl/dx[p] = dl/dh[p]", "dl/da = sum[t](dl/dh[t+1]*h[t])"]'
    result = spec(equations, "{x: [N], a: []}", expect=expected).check()
    assert {r.message for r in result.results if r.kind == "expect"} == {"proved"}


TOTALS = [
    ("dl/dy_total[p] = dl/dy[p] + 2*dl/du*y[p]*w[p]", "proved"),
    ("dl/dx[p] = 2*dl/dy_total[p]*x[p]", "proved"),
    ("dl/dw[p] = dl/du*y[p]^2", "proved"),
    ("dl/du_total = dl/du", "proved"),
    ("dl/dy_total[p] = dl/dy[p]", "wrong"),
    ("dl/dx[p] = 2*dl/dy[p]*x[p]", "wrong"),
]


@pytest.mark.parametrize(("text", "message"), TOTALS)
def test_expectations_by_the_total_gradients_of_outputs(text, message):
    equations = ["y[i] = x[i]^2", "u = y[i]*y[i]*w[i]"]
    result = spec(equations, "{x: [N], w: [N]}", outputs="[y, u]", expect=json.dumps([text])).check(trials=1)
    assert [r.message for r in result.results if r.kind == "expect"] == [message]


def test_expectations_by_the_total_gradient_of_a_recurrence():
    equations = ["h[-1] = a", "h[t] = sin(h_total*h[t-1]) + x[t]"]
    expected = '["dl/da = dl/dh_total_[0]*cos(a*h_total)*h_total", "dl/dx[p] = dl/dh_total_[p]"]'
    result = spec(equations, "{x: [N], a: [], h_total: []}", expect=expected).check(trials=1)
    assert {r.message for r in result.results if r.kind == "expect"} == {"proved"}


def test_what_is_printed_by_total_gradients_is_an_expectation():
    equations = ["y[i] = c*a[i,j]*x[j]*s + w[j]*b[j]*[m[i] == 1]", "u = y[i]*y[i]*n[i]"]
    inputs = "{a: [2, N], x: [N], s: [], w: [N], b: [N], n: [2], m: {shape: [2], dtype: int}, c: []}"
    gradients = spec(equations, inputs, outputs="[y, u]").derivation.line_by_line.gradients
    statements = dict.fromkeys(statement for gradient in gradients for statement in gradient.statements)
    printed = [line for statement in statements for line in print_statement(statement)]
    assert any("y_total" in line for line in printed)
    result = spec(equations, inputs, outputs="[y, u]", expect=json.dumps(printed)).check(trials=1)
    assert {r.message for r in result.results if r.kind == "expect"} == {"proved"}


def test_the_seed_decides_everything():
    made = spec("y[i] = exp(x[i])*w[i]", "{x: [N], w: [N]}")
    first, again, other = made.check(seed=3), made.check(seed=3), made.check(seed=4)

    def figures(result):
        return [(r.max_abs_error, r.worst.found if r.worst else None) for r in result.results]

    assert figures(first) == figures(again) != figures(other)


def test_the_seed_follows_from_the_text_of_the_spec():
    texts = [f"{{inputs: {{x: [{n}]}}, equations: ['y = x[i]*x[i]']}}\n" for n in (2, 3)]
    first, other = (loads(text, "one.yaml").check() for text in texts)
    again = loads(texts[0].replace("\n", "\r\n"), "elsewhere.yaml").check()
    assert {r.seed for r in first.results} == {r.seed for r in again.results} != {r.seed for r in other.results}
    assert {r.seed for r in loads(texts[0]).check(seed=0).results} == {0}


def test_two_runs_differ_in_nothing_but_the_times():
    def run():
        report = render_json([spec(["y[i] = exp(x[i])*w[i]", "z = x[i]*w[i]"], "{x: [N], w: [N]}").check()])
        return re.sub(r'"seconds": [0-9.e-]+', "", json.dumps(report))

    assert run() == run()


def test_options_come_from_the_caller_then_from_the_spec():
    made = spec("y = x[i]^2*1[i]", check="{seed: 7, trials: 1, dtype: float32}")
    assert {(r.seed, r.dtype) for r in made.check().results} == {(7, "float32")}
    assert {(r.seed, r.dtype) for r in made.check(seed=8, dtype="float64").results} == {(8, "float64")}
    both = made.check(dtype=("float32", "float64"))
    assert {r.dtype for r in both.results} == {"float32", "float64"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "float8"}, "`dtype` is one of float16, float32, float64, longdouble, not `float8`"),
        ({"trials": 0}, "`trials` must be an integer from 1 to 10000, not 0"),
        ({"seed": -1}, "`seed` must be an integer from 0 to 9007199254740992, not -1"),
        ({"rtol": float("nan")}, "`rtol` must be a finite number above 0, not nan"),
        ({"rtol": True}, "`rtol` must be a finite number above 0, not True"),
        ({"atol": float("inf")}, "`atol` must be a finite number above 0, not inf"),
        ({"atol": 10**400}, f"`atol` must be a finite number above 0, not {10**400}"),
        ({"atol": 0.0}, "`atol` must be a finite number above 0, not 0.0"),
        ({"method": "guess"}, "`method` is one of auto, exact, complex, central, fourth, directional, not `guess`"),
        ({"sizes": "small"}, "`sizes` is one of all, own, not `small`"),
        ({"only": ("gradient", "slope")}, f"`only` is one of {', '.join(KINDS)}, not `slope`"),
        ({"max_elements": 0}, "`max_elements` must be an integer from 1 to 9007199254740992, not 0"),
        ({"trials": 10001}, "`trials` must be an integer from 1 to 10000, not 10001"),
        ({"seed": 2**53 + 1}, "`seed` must be an integer from 0 to 9007199254740992, not 9007199254740993"),
        ({"trials": 2.5}, "`trials` must be an integer from 1 to 10000, not 2.5"),
        ({"trials": "3"}, "`trials` must be an integer from 1 to 10000, not '3'"),
        ({"rtol": "1e-3"}, "`rtol` must be a finite number above 0, not '1e-3'"),
        ({"dtype": float}, "`dtype` is one of float16, float32, float64, longdouble, not `<class 'float'>`"),
        ({"trials": True}, "`trials` must be an integer from 1 to 10000, not True"),
        ({"self_test": "no"}, "`self_test` must be true or false, not 'no'"),
        ({"allow_inconclusive": 1}, "`allow_inconclusive` must be true or false, not 1"),
        ({"verbose": True}, "check has no option `verbose`"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(TcgradError) as caught:
        spec("y = x[i]*x[i]").check(**options)
    assert [(d.code, d.message) for d in caught.value.diagnostics] == [("TC501", message)]


def test_options_are_taken_as_numpy_has_them():
    made = spec("y = x[i]*x[i]")
    given = made.check(dtype=[np.float32, np.dtype("float64"), np.longdouble], seed=np.int64(7), trials=np.int8(1))
    named = made.check(dtype=["float32", "float64", "longdouble"], seed=7, trials=1)
    told = [re.sub(r'"seconds": [0-9.e-]+', "", json.dumps(render_json([checked]))) for checked in (given, named)]
    assert told[0] == told[1]


SCALAR = "y = exp(x[i]*x[i])"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in OWN_KINDS])
def test_what_is_asked_for_alone_is_what_a_whole_check_says_of_it(kind):
    made = spec(SCALAR, expect="['dy/dx[p] = 2*x[p]*y']")
    alone, whole = made.check(only=kind).results, made.check().results
    told = [(r.kind, r.subject, r.of, r.wrt, r.status, r.method, r.elements) for r in alone]
    assert told == [(r.kind, r.subject, r.of, r.wrt, r.status, r.method, r.elements) for r in whole if r.kind == kind]
    assert alone
    assert made.check(only=kind).ok


def test_several_kinds_can_be_asked_for():
    kinds = {result.kind for result in spec(SCALAR).check(only=("jvp", "hvp")).results}
    assert kinds == {"jvp", "hvp"}


def test_own_sizes_alone_are_compared_at_fewer_elements():
    made = spec("y[i] = exp(x[i])")
    own, every = made.check(sizes="own", only="jacobian"), made.check(only="jacobian")
    assert [r.elements for r in own.results] == [3 * 9, 3 * 9]
    assert [r.elements for r in every.results] == [3 * 9 + 25 + 1, 3 * 9 + 25 + 1]


@pytest.mark.parametrize("kind", ["hessian", "against", "expect"])
def test_asking_for_what_is_not_there_does_not_pass(kind):
    result = spec("y[i] = exp(x[i])").check(only=kind)
    assert not result.ok
    assert [(r.kind, r.status, r.message) for r in result.results] == [
        (kind, "inconclusive", "nothing of the kinds that are asked for is there")
    ]


def test_the_command_that_repeats_a_failure_asks_for_the_same():
    made = spec("y[i] = exp(x[i])")
    wrong = UserCode(UserFunction("m:backward", lambda _, dy: (2 * dy,)))
    (result,) = check(made.program, against=wrong, only="against", sizes="own").results
    assert result.status == "fail"
    assert "--sizes own --only against" in (result.repeat or "")


def test_an_impossible_size_is_refused_with_the_number():
    with pytest.raises(TcgradError) as caught:
        spec("y = x[i]*x[i]", dims="{N: 1000000000}").check()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TC502"
    assert "needs about 59.6 GiB of memory" in diagnostic.message
    assert diagnostic.span is not None  # where the largest tensor stands


def test_a_range_that_no_memory_holds_is_refused_with_the_number():
    long = loads("inputs: {x: []}\nindices: {i: 1000000000}\nequations: ['y = sum[i](sin(x*i))']")
    with pytest.raises(TcgradError, match=r"TC502: checking spec .* 1e\+09 elements"):
        long.check()
    with pytest.raises(TcgradError, match=r"TC502: evaluating spec .* 1e\+09 elements"):
        long.derive().at({"x": 1.0})


def test_a_jacobian_that_no_memory_holds_is_not_evaluated():
    wide = loads("dims: {N: 100000}\ninputs: {x: [N]}\nequations: ['y[i] = x[i]^2']")
    with pytest.raises(TcgradError, match=r"TC502: evaluating spec .* 1e\+10 elements"):
        wide.derive().at({"x": np.ones(100000)})


def test_an_endless_evaluation_is_refused_with_the_number():
    with pytest.raises(TcgradError) as caught:
        spec("y = 1[i]*1[j]*exp(x[i]*x[j])", dims="{N: 1000000}").check()
    assert "needs about 1e+12 operations" in caught.value.diagnostics[0].message


@pytest.mark.parametrize(
    "right", ["logdet(C)", "1[a,b]*inv(C)[a,b]", "sin(inv(C)[a,b]*v[b]*v[a])", "det(C)*v[0]", "det(C)*logdet(C)"]
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble"])
@pytest.mark.filterwarnings("error")
def test_nothing_is_said_of_a_matrix_that_is_singular_everywhere(right, dtype):
    """Too few samples for a covariance, say: rounding alone decides what its inverse is."""
    made = spec(["C[a,b] = x[k,a]*x[k,b]", f"y = {right}"], "{x: [K, N], v: [N]}", "{K: 2, N: 3}")
    result = made.check(dtype=dtype, sizes="own")
    assert {found.status for found in result.results} == {"inconclusive"}
    assert {found.message for found in result.results} == {
        "C is singular to rounding at every one of 40 random inputs; `sample` can say where it is not"
    }


@pytest.mark.parametrize("right", ["logdet(C)", "1[a,b]*inv(C)[a,b]", "det(C)*v[0]"])
def test_a_matrix_may_be_singular_at_some_inputs(right):
    """Where draws differ, those are taken that decide something."""
    made = spec(
        ["C[a,b] = n*delta[a,b] + v[a]*v[b]", f"y = {right}"],
        "{n: {shape: [], dtype: int, sample: {integers: [0, 2]}}, v: [N]}",
        "{N: 3}",
    )
    assert made.check(sizes="own", trials=6).ok


def test_large_derivatives_are_compared_along_directions():
    made = spec("y[i] = tanh(w[i,j]*x[j])", "{w: [N, N], x: [N]}", "{N: 90}")
    for method, only, compared in (
        ("auto", None, f"complex step ({WIDEST}), 16 elements and 3 directions"),
        ("directional", None, "complex step (float64), 4 elements and 1 direction"),
        ("directional", "gradient", "complex step (float64), 1 direction"),
    ):
        result = made.check(trials=1, method=method, only=only, sizes="own")
        (module,) = [r for r in result.results if (r.kind, r.subject, r.wrt) == ("gradient", "module", "w")]
        assert module.method == compared
        assert result.ok


def test_along_a_direction_alone_elements_are_compared_only_where_it_finds_a_mistake():
    made = spec("y[i] = tanh(w[i,j]*x[j])", "{w: [N, N], x: [N]}", "{N: 30}")

    def backward(w, x, dy):
        inner = dy * (1 - np.tanh(w @ x) ** 2)
        return -np.outer(inner, x), inner @ w

    options = {"method": "directional", "only": "against", "trials": 1, "sizes": "own"}
    against = UserCode(UserFunction("backward", backward))
    wrong, right = check(made.program, against=against, **options).results
    assert (wrong.wrt, wrong.status, right.wrt, right.status) == ("w", "fail", "x", "pass")
    assert right.method == "complex step (float64), 1 direction"
    assert "4 elements and 1 direction" in wrong.method


@pytest.mark.parametrize(
    ("factor", "by_x", "method", "is_worked_out"),
    [
        ("sin(a[i])", np.sin, "auto", False),
        ("sin(a[i])", np.sin, "directional", False),
        ("(sqrt(a[i] + 1) - sqrt(a[i]))", lambda a: np.sqrt(a + 1) - np.sqrt(a), "auto", True),
    ],
)
def test_the_bound_for_a_users_backward_is_worked_out_where_errors_are_not_small(
    factor, by_x, method, is_worked_out, monkeypatch
):
    """Where terms cancel, they are larger than what is granted to everybody."""
    declared = "{x: [N], a: {shape: [N], sample: {uniform: [1000000, 2000000]}}}"
    made = spec(f"y[i] = exp(x[i])*{factor}", declared, "{N: 30}", wrt="[x]")
    bounds = []
    bound = Formulas.bound
    monkeypatch.setattr(Formulas, "bound", lambda *given: bounds.append(given) or bound(*given))
    for scale, status in ((1, "pass"), (1 + 1e-6, "fail")):
        against = UserCode(UserFunction("backward", lambda x, a, dy, by=scale: by * dy * np.exp(x) * by_x(a)))
        bounds.clear()
        (found,) = check(made.program, against=against, only="against", method=method, trials=1, sizes="own").results
        assert (found.status, bool(bounds)) == (status, is_worked_out or status == "fail")


def test_a_dense_jacobian_that_is_too_large_is_not_asked_for():
    result = spec("y[i,j] = 2*x[j,i]", "{x: [N, N]}", "{N: 80}").check(trials=1)
    assert result.ok
    (dense,) = [r for r in result.results if (r.kind, r.subject) == ("jacobian", "module")]
    assert dense.message == "" or "dense Jacobians of 4.1e+07 elements" in dense.message


def test_sizes_are_redrawn_so_that_no_two_axes_can_be_confused():
    made = spec("y[i] = x[i,j]*w[j]", "{x: [A, B], w: [B]}", "{A: 4, B: 4}")
    seen = []
    check(made.program, progress=seen.append, trials=1)
    assert seen == ["float64, sample 1 of 1", "float64, A=7, B=5", "float64, A=1, B=1"]


def test_sizes_that_follow_from_others_follow():
    made = spec("y[i] = x[i+p]*w[p]", "{x: [N], w: [K]}", "{N: 6, K: 3, L: N - K + 1}")
    seen = []
    result = check(made.program, progress=seen.append, trials=1)
    assert seen[1:] == ["float64, N=11, K=7", "float64, N=1, K=1"]
    assert statuses(result, subject="formula") == {"pass"}


def test_abstract_functions_have_no_module():
    result = RIGHT["abstract"].check()
    assert statuses(result, subject="module") == {"skip"}
    assert "f, g are abstract" in next(r.message for r in result.results if r.status == "skip")


# Comparing


def test_errors_are_compared_with_what_rounding_explains():
    reference, nothing = np.array([1.0, -2.0, 0.0]), np.zeros(3)

    def outcome(found, allowed):
        return compare(np.array(found), reference, found_error=np.full(3, allowed), reference_error=nothing)

    assert outcome([1.0, -2.0, 0.0], 0).status == "pass"
    assert outcome([1.0, -2.0, 1e-30], 0).status == "fail"
    assert outcome([1.0, -2.0, 1e-30], 1e-20).status == "pass"
    assert outcome([1.0, -2.0, np.nan], 1).status == "fail"
    assert outcome([1.0, np.inf, 0.0], np.inf).status == "fail"
    assert outcome([1.0, -2.0, 0.0], 10).status == "inconclusive"
    assert outcome([1.0], 10).status == "fail"
    worst = outcome([1.5, -2.25, 0.0], 0.1)
    assert (worst.worst, worst.max_abs_error, worst.max_rel_error) == (0, 0.5, 0.5 / 2.25)


def test_what_rounding_may_move_without_bound_is_not_compared():
    infinite = np.array([np.inf, 0.0])
    found = compare(np.array([7.0, 1.0]), np.ones(2), found_error=infinite, reference_error=np.zeros(2))
    assert (found.status, found.elements) == ("pass", 1)


def test_what_rounding_may_make_infinite_is_not_compared():
    unbounded = np.array([np.nan, 0.0])
    for wrong in (7.0, np.inf, np.nan):
        found = compare(np.array([wrong, 1.0]), np.ones(2), found_error=unbounded, reference_error=np.zeros(2))
        assert (found.status, found.elements) == ("pass", 1)


def test_what_is_not_finite_in_a_fine_type_is_wrong_though_rounding_may_decide_it():
    unbounded, nothing = np.array([np.nan, 0.0]), np.zeros(2)
    for wrong, outcome in ((7.0, ("pass", 1)), (np.inf, ("fail", 2)), (np.nan, ("fail", 2))):
        array = np.array([wrong, 1.0])
        found = compare(array, np.ones(2), found_error=unbounded, reference_error=nothing, fine=True)
        assert (found.status, found.elements) == outcome


@pytest.mark.parametrize(
    "equation",
    ["y = logsumexp[q](w[0] - x[q])", "y[i,j] = exp(x[i])/sum[k](exp(x[k]))*w[j]*sum[k](exp(x[k]))/exp(x[j])"],
)
def test_a_module_that_says_the_same_in_other_words_raises_no_alarm(equation):
    """The gradient is 1 as a formula, and the sum of a softmax in the module."""
    made = spec(equation, "{x: [N], w: [N]}")
    assert all(made.check(seed=seed, trials=1).ok for seed in range(12))


def test_nothing_compared_is_no_pass():
    unknown = np.full(2, np.inf)
    found = compare(np.ones(2), np.ones(2), found_error=np.zeros(2), reference_error=unknown)
    assert (found.status, found.elements) == ("inconclusive", 0)
    empty = np.zeros((0,))
    assert compare(empty, empty, found_error=empty, reference_error=empty).status == "inconclusive"


def test_a_zero_derivative_that_is_found_zero_passes():
    zero = np.zeros(2)
    assert compare(zero, zero, found_error=zero, reference_error=zero).status == "pass"


def test_a_user_tolerance_replaces_and_excuses():
    reference, nothing = np.array([1.0, 100.0]), np.zeros(2)

    def status(found, **user):
        user = Tolerance(**user)
        return compare(np.array(found), reference, found_error=nothing, reference_error=nothing, user=user).status

    assert status([1.5, 100.0], rtol=0.01) == "pass"
    assert status([2.5, 100.0], rtol=0.01) == "fail"
    assert status([1.5, 100.0], atol=0.6) == "pass"
    assert status([1.5, 100.0], atol=0.4) == "fail"


# Reports


@pytest.fixture(scope="module")
def failing():
    made = spec("y[i] = x[i]^2*w[i]", "{x: [N], w: [N]}", expect="['dl/dw[p] = dl/dy[p]*x[p]']", name="example")
    return made.check()


def test_the_text_report(failing):
    text = render_text(failing)
    lines = text.splitlines()
    assert lines[0] == "example  (test.yaml)"
    assert re.fullmatch(r"  ✓  gradient +y by x  module float64 +\d+ .*", lines[7])
    assert "\x1b" not in text
    assert "  ✗  expect dl/dw[p] = dl/dy[p]*x[p]: wrong" in lines
    assert "    derived:   dl/dw[p] = dl/dy[p]*x[p]^2" in lines
    assert any(line.startswith("    worst at   w[i=") for line in lines)
    assert (
        lines[-2]
        == f"  repeat with: tcgrad check test.yaml --dtype float64 --seed {failing.results[0].seed} --trials 3"
    )
    assert re.fullmatch(r"✗ example: 16 passed, 1 failed \(\d+ evaluations, \d+\.\d\d s, seed \d+\)", lines[-1])


def test_the_text_report_in_ascii_and_in_colour(failing):
    assert render_text(failing, unicode=False).isascii()
    coloured = render_text(failing, color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_text(failing)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_text_report_on_a_terminal_has_a_row_for_everything(failing, width):
    """Where there is no room for the place of an error, only failures say it; methods are told once, in a paragraph."""
    text = render_text(failing, width=width)
    for result in failing.results:
        if result.kind == "expect":
            continue
        rows = [line.split() for line in text.splitlines() if f"  {result.kind} " in line]
        tolerance = f"{result.tolerance:.1e}" if result.tolerance else "0"
        assert any({result.subject, result.dtype, tolerance} <= set(row) for row in rows)
        assert result.method in " ".join(text.split())
        if result.worst and (result.status == "fail" or width == 200):
            assert result.worst.text in text


def test_the_text_report_on_a_narrow_terminal_tells_everything_in_words(failing):
    words = " ".join(render_text(failing, width=40).split())
    for result in failing.results:
        if result.kind == "expect":
            continue
        tolerance = f"{result.tolerance:.1e}" if result.tolerance else "0"
        assert f"{result.subject} {result.dtype}, tolerance {tolerance}" in words
        assert result.method in words
        if result.worst and result.status == "fail":
            assert result.worst.text in words


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_of_the_text_report_is_wider_than_the_terminal(failing, width):
    lines = render_text(failing, width=width).splitlines()
    kept = [line for line in lines if "repeat with" not in line]  # commands stay in one piece
    assert max(map(len, kept)) <= width


def test_the_json_report(failing):
    report = render_json([failing])
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["ok"] is False
    (only,) = report["specs"]
    assert (only["spec"], only["ok"]) == ("test.yaml", False)
    keys = {
        "kind",
        "of",
        "wrt",
        "dtype",
        "status",
        "method",
        "max_abs_error",
        "max_rel_error",
        "tolerance",
        "worst",
        "seed",
    }
    assert all(keys <= set(result) for result in only["results"])
    expect = only["results"][-1]
    assert (expect["kind"], expect["proved"], expect["status"]) == ("expect", False, "fail")
    jacobian = only["results"][1]
    assert len(jacobian["worst"]) == 2
    assert all(isinstance(position, int) for position in jacobian["worst"])


def test_no_spec_at_all_is_not_ok():
    assert render_json([])["ok"] is False


def test_json_has_no_numbers_that_are_none():
    made = spec("y[i] = x[i]^2")
    result = made.check(rtol=1e-300, dtype="float32")
    assert json.dumps(render_json([result]), allow_nan=False)


@pytest.mark.parametrize("seed", range(3))
def test_points_at_which_a_number_on_the_way_overflows_are_left_for_others(seed):
    """The square of 1 + z^2 is too large for float16, so that the quotient is 0 there, and finite."""
    text = "dims: {N: 3}\ninputs: {x: [N]}\nequations: ['z[i] = 16*x[i]', 'y[i] = x[i]/256 + z[i]/(1 + z[i]^2)^2']\n"
    assert loads(text).check(dtype="float16", seed=seed, trials=2).ok


OVERFLOWING = [
    "y[i] = atan2(x[i], 2 + (90 + 0*w[i])^2)",
    "y[i] = x[i]*(1 + exp(6 + 0*w[i])^2)^-1",
]


@pytest.mark.parametrize("equation", OVERFLOWING)
def test_numbers_on_the_way_that_always_overflow_raise_no_alarm(equation):
    result = spec(equation, "{x: [N], w: [N]}").check(dtype="float16", trials=2)
    assert {r.status for r in result.results} <= {"pass", "inconclusive", "skip"}, render_text(result)
    assert not result.ok


def test_why_nothing_could_be_compared_is_told():
    made = spec(["r = x[0]*x[0]", "y = x[1]/r"], "{x: {shape: [N], sample: {uniform: [1.0e160, 1.0e161]}}}")
    (forward,) = made.check(trials=1, sizes="own", only=["forward"]).results
    assert (forward.status, forward.message) == ("inconclusive", "numbers on the way overflow float64")


def test_of_many_undecided_results_the_first_are_named():
    rows = (Tally("jvp", "module", f"y{n}", "x", "float64").result(0, lambda: None) for n in range(6))
    told = render_text(CheckResult("f", "f.yaml", tuple(rows)))
    assert "; jvp of y2 by x, module float64; 3 more: nothing was compared\n" in told


@pytest.mark.parametrize("seed", range(4))
def test_a_number_on_the_way_to_a_hessian_that_overflows_raises_no_alarm(seed):
    for function in ("log(1 + z^2)", "atan(z)*z"):
        text = f"inputs: {{x: []}}\nequations: ['z = 20*x', 'f = sin(x)/256 + {function}']\n"
        result = loads(text).check(dtype="float16", seed=seed, trials=2)
        assert {r.status for r in result.results} <= {"pass", "inconclusive"}, render_text(result)


BRANCHES = "y[i] = where(x[i] > 0, sqrt(1 + x[i]^2), 2*x[i])"
# What a function that computes both branches returns instead of dx.
FACTORS = [
    ("dx*250*250*250/15625000", "inconclusive", "numbers on the way overflow float16"),
    ("dx + dx/(dx - dx)", "fail", "is not finite where the reference is"),
]


@pytest.mark.parametrize(("returned", "status", "message"), FACTORS)
def test_functions_that_tell_of_no_overflow_because_of_branches_are_asked_for_the_first_cause(
    returned, status, message
):
    made = loads(f"dims: {{N: 3}}\ninputs: {{x: [N]}}\nequations: ['{BRANCHES}']\n")
    source = made.emit()
    assert "errstate" in source
    module = compile_module(source.replace("return (dx,)", f"return ({returned},)"))
    result = check(made.program, derivation=made.derivation, module=module, dtype="float16", trials=2)
    gradient = next(r for r in result.results if (r.kind, r.subject) == ("gradient", "module"))
    assert gradient.status == status
    assert gradient.message.startswith(message)


@pytest.mark.parametrize(("kink", "rest"), [("", ""), ("kink at x[0]", "; kink at x[0]")])
def test_elements_that_were_never_compared_are_counted_with_the_reason_if_there_is_one(kink, rest):
    tally = Tally("gradient", "module", "y", "x", "float64", kink=kink)
    tally.add(Comparison("pass", 2), "a method", lambda _: None)
    tally.see(np.array([True, False, True]), "")
    result = tally.result(0, str)
    assert (result.status, result.message) == ("inconclusive", f"1 of 3 elements could not be compared{rest}")
