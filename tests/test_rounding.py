"""The bound on rounding errors, where the draws that it is found from say little."""

import numpy as np
import pytest
from share import share

import tcgrad
from tcgrad.check import check
from tcgrad.check.effort import Effort
from tcgrad.check.precision import unit_roundoff
from tcgrad.check.sampling.rounding import rounding
from tcgrad.check.sampling.sampler import sampler
from tcgrad.check.sampling.samples import Sample
from tcgrad.check.user.against import UserCode, UserFunction

EFFORT = Effort(np.dtype(np.longdouble), draws=6, safety=16.0, columns=16, directions=3, trials=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_draws_that_move_nothing_by_chance_leave_the_error_of_the_last_operations(dtype):
    """Few elements and a single draw: all of it may be drawn near 0."""
    how = rounding(np.dtype(dtype), EFFORT, np.random.default_rng(0)).rough
    exact = np.array([3.0, -8.0], how.dtype)
    bound = how.bound(np.stack([exact, exact]), exact)
    assert (bound >= 2 * unit_roundoff(np.dtype(dtype)) * np.abs(exact)).all()
    assert (how.bound(exact, exact) == 0).all()  # what is not computed is exact


def test_what_is_nothing_but_rounding_makes_the_rest_no_less_certain():
    """Elements whose terms cancel altogether are as uncertain as they like: the others are what they were."""
    how = rounding(np.dtype(np.float64), EFFORT, np.random.default_rng(0))
    alone, beside = np.array([2.0]), np.array([2.0, 1e-18, -3e-19])
    draws = 1e-14 * np.random.default_rng(1).normal(size=(6, 3)) + beside
    assert how.bound(draws, beside)[0] == how.bound(draws[:, :1], alone)[0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_underflows_does_not_tell_how_exact_other_elements_are(dtype):
    """Most elements of a softmax may be so small that rounding to 0 moves them by more than they are."""
    how = rounding(np.dtype(dtype), EFFORT, np.random.default_rng(0))
    smallest = float(np.finfo(dtype).smallest_subnormal)
    exact = np.array([1.0, *[smallest / 2**10] * 8], how.dtype)
    moved = np.stack([exact, *(exact + how.noise.floor * side for side in (1, -1))])
    bound = how.bound(moved, exact)
    assert bound[0] <= 2**8 * unit_roundoff(np.dtype(dtype))
    assert (bound[1:] >= smallest / 2).all()


@pytest.mark.parametrize("seed", range(40))
def test_far_from_0_the_error_is_no_smaller_whatever_a_single_draw_says(seed):
    """A sum whose terms cancel is small, and a draw may leave it where it was by chance."""
    spec = "inputs: {x: [8, 6], w: [6, 8]}\nequations: ['y[i,j] = x[i,k]*w[k,j]']\n"
    drawn = sampler(tcgrad.loads(spec).program).draw(np.dtype(np.float64), (seed,))
    assert isinstance(drawn, Sample)
    assert (drawn.bounds_near({"x": 2.0})["y"] >= drawn.own_bound("y")).all()


@pytest.mark.parametrize("seed", range(20))
def test_a_long_sum_of_exact_elements_is_rounded_at_every_step(seed):
    """Along random directions thousands of elements are added up, on either side in another order."""
    made = tcgrad.loads("inputs: {x: [80, 80]}\nequations: ['y[i,j] = 2*x[j,i]']\n")
    assert made.check(trials=1, seed=seed, only="gradient", sizes="own").ok


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("body", ["s", "s + 0*x[m]", "s*x[m]^0"])
def test_the_largest_entry_and_a_logarithm_may_cancel(body, seed):
    """Near ``-log 2`` the result is far smaller than what it is the sum of, and so is its exactness."""
    spec = f"""
dims: {{M: 2}}
inputs: {{s: {{shape: [], sample: {{uniform: [-0.6932, -0.6931]}}}}, x: [M]}}
indices: {{m: M}}
equations: ["y = logsumexp[m]({body})"]
"""
    result = tcgrad.loads(spec, "cancelling").check(trials=2, seed=seed, sizes="own")
    assert result.ok, [(found.kind, found.max_abs_error, found.tolerance) for found in result.results]


# Right functions at arguments of which rounding in code, or underflow of a reference, makes much.
DIFFICULT = {
    "softmax of distant logits": (
        "x: {shape: [N], sample: {uniform: [-100, 100]}}", "y[i] = exp(x[i])/(1[k]*exp(x[k]))",
    ),
    "logarithm of large exponentials": (
        "x: {shape: [N], sample: {uniform: [500, 700]}}", "l = log(1[i]*exp(x[i]))",
    ),
    "cross-entropy of logits": (
        "x: [N], t: {shape: [N], sample: {uniform: [0, 1]}}",
        "l = -1[i]*(t[i]*log(sigmoid(3*x[i])) + (1 - t[i])*log(1 - sigmoid(3*x[i])))",
    ),
    "logarithm of a sigmoid": ("x: {shape: [N], sample: {uniform: [-740, -700]}}", "z[i] = log(sigmoid(x[i]))"),
    "slopes beyond the type": ("x: {shape: [N], sample: {uniform: [1.000001, 1.0001]}}", "z[i] = acosh(x[i])"),
}  # fmt: skip


@pytest.mark.parametrize("seed", share(range(6), 3))
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", DIFFICULT)
def test_right_functions_do_not_fail(name, dtype, seed):
    inputs, equation = DIFFICULT[name]
    spec = f'dims: {{N: 4}}\ninputs: {{{inputs}}}\nequations: ["{equation}"]\n'
    result = tcgrad.loads(spec, "difficult").check(dtype=dtype, trials=1, seed=seed, sizes="own")
    failed = [(each.kind, each.max_abs_error, each.tolerance) for each in result.results if each.status == "fail"]
    assert not failed


def test_what_has_no_bound_of_its_size_is_not_passed():
    """Where the reference underflows nothing is known, and a large tolerance is no proof."""
    spec = "inputs: {x: {shape: [2], sample: {uniform: [-744, -742]}}}\nequations: ['z[i] = log(sigmoid(x[i]))']\n"
    result = tcgrad.loads(spec, "vanishing").check(dtype="float32", sizes="own")
    assert {each.status for each in result.results if each.kind == "gradient"} == {"inconclusive"}


def test_code_of_another_author_is_rounded_beside_the_largest_element():
    def backward(x, dy):
        """That of ``x*Phi(x)``, by ``1 + erf``, which loses digits where it is small."""
        from scipy import special

        x = x.astype(np.float32)
        whole = (np.float32(1) + special.erf(x / np.float32(2) ** np.float32(0.5))) / np.float32(2)
        return ((whole + x * np.exp(-x * x / 2) / np.float32(np.sqrt(2 * np.pi))) * dy,)

    made = tcgrad.loads("inputs: {x: [200]}\nequations: ['y[i] = gelu(x[i])']\n")
    for seed in range(4):
        own = UserCode(UserFunction("backward", backward))
        result = check(made.program, against=own, only="against", dtype=("float32",), seed=seed, sizes="own")
        assert [each.status for each in result.results if each.kind == "against"] == ["pass"]


@pytest.mark.parametrize("body", ["min(exp(b[i]), exp(a[i]))", "max(-exp(b[i]), -exp(a[i]))"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_numbers_that_differ_by_some_units_of_rounding_are_not_equal(body, dtype):
    """At 0.02 apart, rounding in half precision does not decide which is the smaller one."""
    apart = 20 * unit_roundoff(np.dtype(dtype)) * 2
    spec = f"""
inputs:
  a: {{shape: [3], sample: {{uniform: [0.0, {apart / 20}]}}}}
  b: {{shape: [3], sample: {{uniform: [{apart}, {apart * 21 / 20}]}}}}
equations: ["y[i] = {body}"]
"""
    result = tcgrad.loads(spec, "near").check(dtype=dtype)
    assert result.ok, [(found.kind, found.status, found.message) for found in result.results if found.status != "pass"]


@pytest.mark.parametrize(
    "equation",
    [
        "y = sum[i]([i > 0]*z[i]/i)",
        "y = sum[i,j]([i != j]*z[i]/(i - j))",
        "y[j] = [j > 1]*sum[i](z[i])/(j - 1)",
        "y = sum[i]([i != 2]*z[i]/(i - 2)^2)",
    ],
)
def test_a_reciprocal_that_a_guard_leaves_out_somewhere_is_rounded_elsewhere(equation):
    """``[p > 0]/p`` is not exact: 1/3 is off by half a unit."""
    text = f"dims: {{N: 7}}\ninputs: {{z: [N]}}\nindices: {{i: N, j: N}}\nequations: ['{equation}']\n"
    assert tcgrad.loads(text).check(trials=1).ok


GRID = "{shape: [12], sample: {integers: [0, 6]}}"
EQUAL_IN_ONE_ORDER = [
    ("(g[i] + 1)/3 > w[i]/3 + 2/3", lambda g, w: (g + 1) / 3 - w / 3 > g.dtype.type(2 / 3)),
    ("g[i]/3 > w[i]/3 + 1/3", lambda g, w: g - w > 1),
    ("0.1*g[i] - 0.1*w[i] >= 0.1", lambda g, w: g - w >= 1),
    ("0.7*g[i] == 0.7*w[i] + 0.7", lambda g, w: g - w == 1),
    ("sqrt(g[i])^2 >= g[i]", lambda g, _: g >= 0),
]


@pytest.mark.parametrize("seed", share(range(4), 4))
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("condition", "same"), EQUAL_IN_ONE_ORDER)
def test_numbers_that_are_equal_in_one_order_of_the_operations_decide_no_branch(condition, same, dtype, seed):
    made = tcgrad.loads(
        f"inputs: {{g: {GRID}, w: {GRID}, z: [12]}}\nwrt: [z]\nequations: ['y[i] = [{condition}]*z[i]']\n"
    )
    own = UserCode(UserFunction("backward", lambda g, w, z, dy: np.where(same(g, w), dy, 0).astype(z.dtype)))
    result = check(made.program, against=own, dtype=(dtype,), seed=seed, trials=1)
    assert not [(each.kind, each.message) for each in result.results if each.status == "fail"]


@pytest.mark.parametrize("condition", ["clip(z[i], -1, 1) == z[i]", "g[i] + w[i] >= 5", "h[i,k]*g[k] == 3"])
def test_numbers_that_are_equal_in_every_order_decide_one(condition):
    """What is wrong where they are equal fails."""
    spec = f"""
inputs: {{g: {GRID}, w: {GRID}, z: [12], h: {{shape: [12, 12], sample: one_hot}}}}
wrt: [z]
equations: ["y[i] = [{condition}]*z[i]"]
"""
    made = tcgrad.loads(spec)
    right = check(made.program, module=made.compile(), trials=1)
    assert right.ok
    wrong = tcgrad.loads(spec.replace("==", "!=").replace(">=", ">")).compile()

    def backward(g, w, z, h, dy):
        return wrong.value_and_grad(g, w, z, h, dy)[1]

    failed = check(made.program, against=UserCode(UserFunction("backward", backward)), trials=1)
    assert {each.status for each in failed.results if each.kind == "against"} == {"fail"}
