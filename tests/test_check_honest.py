"""A pass means something: not where rounding hides the value, nor at one size alone."""

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from share import share
from whole_programs import whole_spec

import tcgrad
from tcgrad.check import check
from tcgrad.check.user.against import UserCode, UserFunction
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import Add, Call, Component, Const, Mul, Pow


def statuses(text, backward, **options):
    """The verdicts on a backward."""
    made = tcgrad.loads(text)
    user = UserCode(UserFunction("backward", backward))
    results = check(made.program, derivation=made.derivation, against=user, only="against", **options).results
    return {each.status for each in results}


def vector(low, high, body):
    inputs = f"{{x: {{shape: [N], sample: {{uniform: [{low}, {high}]}}}}}}"
    return f"dims: {{N: 4}}\ninputs: {inputs}\nequations: ['y[i] = {body}']"


# Values that cancel to nothing but rounding, in the reference as well.
HIDDEN = {
    "sin(x) - x": vector("1.0e-5", "2.0e-5", "(sin(x[i]) - x[i])/x[i]^3"),
    "exp(x) - 1": vector("1.0e-10", "2.0e-10", "(exp(x[i]) - 1)/x[i]"),
    "1 - cos(x)": vector("1.0e-6", "2.0e-6", "(1 - cos(x[i]))/x[i]^2"),
    "1 - cos(x), all of it": vector("1.0e-8", "2.0e-8", "(1 - cos(x[i]))/x[i]^2"),
}


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("factor", [0, 3, 1000])
@pytest.mark.parametrize("method", ["auto", "directional"])
def test_what_rounding_hides_does_not_pass(name, factor, method):
    assert "pass" not in statuses(HIDDEN[name], lambda _, dy: factor * dy, method=method)


@pytest.mark.parametrize("name", HIDDEN)
def test_expectations_are_undecided_there(name):
    made = tcgrad.loads(f"{HIDDEN[name]}\nexpect: ['dl/dx[p] = 0*dl/dy[p]']\n")
    assert [each.status for each in made.check(only="expect").results] == ["inconclusive"]


# Derivatives that are 0 because terms cancel, at values that are known, or because factors are cut off.
NOTHING = {
    "a sum that is 1": "dims: {N: 4}\ninputs: {x: [N]}\n"
    "equations: ['p[i] = exp(x[i])/sum[k](exp(x[k]))', 'y = sum[i](p[i])']",
    "an identity": "dims: {N: 4}\ninputs: {x: [N]}\nequations: ['y[i] = x[i] - log(exp(x[i]))']",
    "no dependence": "dims: {N: 4}\ninputs: {x: [N]}\nequations: ['y[i] = 1 + 0*x[i]']",
    "two angles of three coordinates": "inputs: {r: [], t: [], p: []}\n"
    "equations: ['f = (r*sin(t)*cos(p))^2 + (r*sin(t)*sin(p))^2 + (r*cos(t))^2']",
    "a part along a direction and the part across it": "inputs: {a: [4], b: [4]}\n"
    "equations: ['p[i] = b[i]*(a[j]*b[j])/(b[k]*b[k])', 'r[i] = a[i] - p[i]', 'f = r[i]*p[i]']",
    "the trace of a matrix and its inverse": "inputs: {A: {shape: [3, 3], sample: spd}}\n"
    "equations: ['f = inv(A)[i,j]*A[j,i]']",
    "a sum that is 1 beside a scale": "inputs: {x: [4], w: []}\n"
    "equations: ['p[i] = exp(x[i])/sum[k](exp(x[k]))', 'y = w*sum[i](p[i])']",
    "a product of what is cut off": "inputs: {x: [3], z: [3]}\nequations: ['y = prod[i](relu(x[i]*z[i] - 3))']",
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NOTHING)
@pytest.mark.parametrize("method", ["auto", "directional"])
def test_what_is_0_passes(name, dtype, method):
    assert tcgrad.loads(NOTHING[name]).check(dtype=dtype, method=method, seed=0).ok


def test_a_tolerance_of_the_user_hides_nothing():
    assert tcgrad.loads(NOTHING["a sum that is 1"]).check(atol=1e-3).ok


# A wrong formula, and the term by which it is wrong is small.
SMALL = [
    ("constants: {eps: 1.0e-14}", "y = sqrt(x[i]^2*1[i] + eps)", "dy/dx[p] = x[p]/sqrt(x[i]*x[i])"),
    ("constants: {c: 1.0e-16}", "y = sum[i](x[i]^2 + c*x[i]^3)", "dl/dx[p] = dl/dy*(2*x[p])"),
    ("constants: {c: 1.0e-200}", "y = c^2*x[i]*x[i]", "dl/dx[p] = dl/dy*c^2*x[p]*17"),
]


@pytest.mark.skipif(np.finfo(np.longdouble).nmant <= 52, reason="longdouble is no wider than double here")
@pytest.mark.parametrize(("constants", "equation", "formula"), SMALL)
def test_small_terms_are_missed(constants, equation, formula):
    text = f"dims: {{N: 4}}\ninputs: {{x: [N]}}\n{constants}\nequations: ['{equation}']\nexpect: ['{formula}']\n"
    assert [each.status for each in tcgrad.loads(text).check(only="expect").results] == ["fail"]


def silu(x):
    s = 1 / (1 + np.exp(-x))
    return s * (1 + x * (1 - s))


def test_what_is_wrong_where_rows_are_fewer_than_columns_is_caught():
    text = "dims: {N: 4, M: 3}\ninputs: {x: [N, M]}\nequations: ['y[i,j] = x[i,j]*sigmoid(x[i,j])']"
    assert statuses(text, lambda x, dy: dy * silu(x) * (2 if x.shape[0] < x.shape[1] else 1)) == {"fail"}
    assert statuses(text, lambda x, dy: dy * silu(x) * (2 if x.shape[0] > x.shape[1] else 1)) == {"fail"}


def test_a_size_that_is_written_into_the_code_is_caught():
    def six(x, dy):
        return np.where(np.arange(len(x)) < 6, dy * silu(x), 0)

    text = "dims: {N: 6}\ninputs: {x: [N]}\nequations: ['y[i] = x[i]*sigmoid(x[i])']"
    assert statuses(text, six) == {"fail"}
    made = tcgrad.loads(f"{text}\nexpect: ['dy[i]/dx[p] = delta[i,p]*y[i]*(1/x[i] + 1 - sigmoid(x[i]))*[p < 6]']\n")
    assert [each.status for each in made.check(only="expect").results] == ["fail"]


def test_high_powers_pass_in_the_widest_type():
    made = tcgrad.loads("dims: {N: 3}\ninputs: {x: [N]}\nequations: ['y[i] = x[i]^300']")
    assert all(made.check(dtype="longdouble", seed=seed).ok for seed in range(4))


@pytest.mark.parametrize(
    "right",
    ["(delta[i,y[j]] - [i < N - 1])*(delta[i,j] + N)*z[j]*sin(w[i,j])", "(delta[i,j] + w[i,j])*(w[j,i] - w[N-1-i,j])"],
)
def test_brackets_that_cancel_are_multiplied_out_with_rounding(right):
    """A module adds what is there for each of them in turn."""
    inputs = "{z: [N], w: [N, N], y: {shape: [N], dtype: int}}"
    made = tcgrad.loads(f"dims: {{N: 5}}\ninputs: {inputs}\nequations: ['o[i,j] = {right}']\n")
    assert all(made.check(seed=seed).ok for seed in range(4))


def zeros_by_zeros():
    """Factors that are 1 or no number, for they are 0/0 at about half of the points, or where rounding has it."""
    x = Component(tcgrad.loads(SINE).program.inputs[0].tensor, ())
    minus = Const(Fraction(-1))
    negative = Add((x, Mul((minus, Call(FUNCTIONS["relu"], (x,))))))
    there_and_back = Add((Add((x, Const(Fraction(22, 7)))), Const(Fraction(-22, 7))))
    lost = Add((there_and_back, Mul((minus, x))))
    return [Mul((part, Pow(part, minus))) for part in (negative, lost)]


SINE = "inputs: {x: []}\nequations: ['f = sin(x)']\n"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weight", ["([i < N - 1] + 2)", "(3*[i >= 1] - 1)", "([i > 0] + [i > 1] + [i > 2])"])
def test_numbers_that_are_made_of_brackets_are_multiplied_with_rounding(weight, dtype):
    text = f"dims: {{N: 5}}\ninputs: {{x: [N]}}\nequations: ['y[i] = {weight}*x[i]']\n"
    results = tcgrad.loads(text).check(dtype=dtype, trials=5).results
    assert {result.status for result in results} == {"pass"}


@pytest.mark.parametrize("one", zeros_by_zeros(), ids=["at points", "by rounding"])
@pytest.mark.parametrize("dtype", ["float64", "longdouble"])
def test_points_at_which_a_formula_is_none_are_not_passed_over(one, dtype):
    """A gradient that is 0/0 where the function and all on the way to it are finite is wrong."""
    made = tcgrad.loads(SINE)

    def spoilt(define):
        return replace(define, body=Mul((define.body, one)))

    gradients = tuple(replace(g, statements=tuple(map(spoilt, g.statements))) for g in made.derivation.gradients)
    wrong = replace(made.derivation, gradients=gradients)
    result = check(made.program, derivation=wrong, module=made.compile(), only="gradient", trials=8, dtype=dtype)
    (found,) = [each for each in result.results if each.subject == "formula"]
    assert (found.status, found.message) == ("fail", "is not finite where the reference is")


@pytest.mark.parametrize("equation", ["y = sin(1.0e17*x)", "y[i] = cos(exp(40*w[i])*x)"])
def test_a_value_that_rounding_decides_altogether_is_no_failure(equation):
    """The sine of a number whose units of rounding are full turns."""
    made = tcgrad.loads(f"inputs: {{x: {{shape: [], sample: positive}}, w: [3]}}\nequations: ['{equation}']\n")
    for seed in range(6):
        (found,) = made.check(seed=seed, only="forward").results
        assert found.status in ("pass", "inconclusive")


@pytest.mark.parametrize("seed", share(range(8), 4))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_branch_that_rounding_takes_at_every_point_is_no_failure(dtype, seed):
    """Of one class the log-probability is 0, and its sign that of rounding."""
    equations = ["p[k] = x[k] - log(sum[l](exp(x[l])))", "y = sum[m](sign(p[m])*x[m])"]
    made = tcgrad.loads(f"dims: {{M: 1}}\ninputs: {{x: [M]}}\nequations: {equations}\n")
    results = made.check(seed=seed, dtype=dtype, sizes="own").results
    assert [(r.kind, r.subject, r.message) for r in results if r.status == "fail"] == []


@pytest.mark.long
def test_a_point_at_which_a_coarse_type_takes_another_branch_decides_nothing():
    made = tcgrad.loads(whole_spec(691))
    asked_for = ("jacobian", "gradient", "hvp")
    results = made.check(dtype="float16", trials=1, sizes="own", only=asked_for).results
    assert [(r.kind, r.subject, r.message) for r in results if r.status == "fail"] == []


def test_what_is_right_at_one_size_of_one_dim_alone_is_caught():
    """No dim has its own size once more, whatever the primes are that the other ones get."""
    text = (
        "dims: {B: 5, C: 3, S: 2}\ninputs: {x: [B, C, S], g: [C]}\nequations:\n - m[c] = mean[b,s](x[b,c,s])\n"
        " - v[c] = mean[b,s]((x[b,c,s] - m[c])^2)\n - y[b,c,s] = (x[b,c,s] - m[c])/sqrt(v[c] + 0.001)*g[c]\n"
    )

    def backward(x, g, dy):
        axes, centred = (0, 2), x - x.mean((0, 2), keepdims=True)
        r = 1 / np.sqrt((centred**2).mean(axes, keepdims=True) + 0.001)
        z, a = centred * r, dy * g[:, None]
        dx = r * (a - a.mean(axes, keepdims=True) - z * (a * z).mean(axes, keepdims=True))
        return dx, (dy * z).sum(axes) * (1 if len(g) == 3 else 2)

    assert statuses(text, backward) == {"pass", "fail"}


def one_off(right, factor):
    """A backward that is wrong in one element of ordinary size of its first gradient, where there are many."""

    def backward(x, *rest):
        first, *others = (np.asarray(each) for each in right(x, *rest))
        if first.size > 1000:
            ordinary = np.argsort(np.abs(first), axis=None)[2 * first.size // 3]
            first.reshape(-1)[ordinary] *= x.dtype.type(factor)
        return first, *others

    return backward


MANY_ELEMENTS = [
    ("{x: [80, 96], a: [96, 64]}", "y[i,j] = x[i,k]*a[k,j]", lambda x, a, dy: (dy @ a.T, x.T @ dy)),
    ("{x: [5000]}", "y[i] = tanh(x[i])", lambda x, dy: (dy * (1 - np.tanh(x) ** 2),)),
    ("{x: [60, 50]}", "y[i] = sum[j](relu(x[i,j])*x[i,j])", lambda x, dy: (2 * dy[:, None] * np.maximum(x, 0),)),
]


@pytest.mark.parametrize(("dtype", "factor"), [("float16", 1.5), ("float32", 1.001)])
@pytest.mark.parametrize(("inputs", "equation", "right"), MANY_ELEMENTS)
def test_a_mistake_in_one_of_many_elements_is_caught_in_coarse_types(inputs, equation, right, dtype, factor):
    made = tcgrad.loads(f"inputs: {inputs}\nequations: ['{equation}']")
    for seed in range(2):

        def statuses_of(backward, seed=seed):
            own = UserCode(UserFunction("backward", backward))
            found = check(made.program, against=own, only=("against",), dtype=(dtype,), trials=1, seed=seed)
            return {each.wrt: each.status for each in found.results}

        assert set(statuses_of(right).values()) == {"pass"}
        assert statuses_of(one_off(right, factor))["x"] == "fail"


def overlapping(*arguments, sign=1):
    """Of the area that rectangles from a to b and from c to d have in common, most often none."""
    a, b, c, d, dy = arguments
    sides = np.minimum(b, d) - np.maximum(a, c)
    each = dy[:, None] * np.maximum(sides, 0)[:, ::-1] * (sides > 0)
    return -sign * each * (a >= c), each * (b <= d), -each * (a < c), each * (b > d)


@pytest.mark.parametrize(("dtype", "method"), [("float64", "auto"), ("float32", "auto"), ("float64", "directional")])
def test_a_gradient_that_is_0_at_most_points_is_compared_where_it_is_not(dtype, method):
    made = tcgrad.loads(
        "inputs: {a: [2, 2], b: [2, 2], c: [2, 2], d: [2, 2]}\nequations: "
        "['y[n] = prod[k](relu(min(b[n,k], d[n,k]) - max(a[n,k], c[n,k])))']\n"
    )
    for sign, statuses in ((1, {"pass"}), (-1, {"pass", "fail"})):
        user = UserCode(UserFunction("backward", partial(overlapping, sign=sign)))
        found = check(made.program, against=user, only="against", dtype=dtype, method=method, seed=0)
        assert {result.status for result in found.results} == statuses


def test_a_gradient_that_is_always_0_passes():
    made = tcgrad.loads("inputs: {x: [3], u: [3]}\nequations: ['y[i] = [u[i] > 0.3]*x[i] + floor(u[i])']\n")
    user = UserCode(UserFunction("backward", lambda _, u, dy: ((u > 0.3) * dy, 0 * dy)))
    assert check(made.program, against=user, only="against").ok
