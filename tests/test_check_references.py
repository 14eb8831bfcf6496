"""The ladder of references: which one is chosen, what each of them knows, and what cannot be had."""

import json
from fractions import Fraction

import numpy as np
import pytest

from tcgrad.api import loads
from tcgrad.check.program.allowed import why_not_complex, why_not_exact
from tcgrad.check.reference.differences import Differences, Move
from tcgrad.check.reference.directions import Elements, Joined, Mixed
from tcgrad.check.reference.dual import Dual
from tcgrad.check.reference.ladder import Ladder
from tcgrad.check.reference.quotients import Quotients, Slopes, choose_stencil, confirming_stencil
from tcgrad.check.reference.references import spread
from tcgrad.check.sampling.sampler import sampler
from tcgrad.functions import FUNCTIONS


def spec(equations, inputs="{x: [N]}", dims="{N: 3}", **more):
    keys = {"dims": dims, "inputs": inputs, "equations": json.dumps([equations])}
    return loads("\n".join(f"{key}: {value}" for key, value in {**keys, **more}.items()), "test.yaml")


SMALL = "{N: 2}"
INVERSE = "{A: {shape: [N, N], sample: spd}}"
CHOSEN = [
    (spec("y[i] = x[i]*x[i]"), "exact"),
    (spec("y[i] = x[i]/(1 + x[i]^2)"), "exact"),
    (spec("y[i,j] = inv(A)[i,j]", INVERSE, SMALL), "exact"),
    (spec("y = det(A)", INVERSE, SMALL), "exact"),
    (spec("y[i] = prod[j](x[i] + x[j])"), "exact"),
    (spec("y[i,j] = x[i]*x[j]", dims="{N: 40}"), "central, exact"),
    (spec("y[i,j] = x[i]^2*x[j]^2", dims="{N: 40}"), "fourth order, exact"),
    (spec("y[i] = exp(x[i])"), "complex step"),
    (spec("y[i] = x[i]^1.5*sigmoid(x[i])", "{x: {shape: [N], sample: positive}}"), "complex step"),
    (spec("y = logdet(A)", INVERSE), "complex step"),
    (spec("y = logsumexp[i](x[i]*silu(x[i]))"), "complex step"),
    (spec("y[i] = tanh(relu(x[i]))"), "fourth order"),
    (spec("y[i] = exp(x[i])*[x[i] > 0]"), "fourth order"),
    (spec("y = max[i](exp(x[i]))"), "fourth order"),
    (spec("y[i] = erf(x[i])"), "fourth order"),
    (spec("y[i] = f(x[i])", functions="{'f(a)': null}"), "fourth order"),
    (spec("y[i] = f(1)*[x[i] > 0]", functions="{'f(a)': null}"), "central, between jumps"),
    (spec("y = sum[i](erf(1)*where(x[i] > 0, 3, floor(4*x[i])))"), "central, between jumps"),
]


@pytest.mark.parametrize(("made", "method"), CHOSEN)
def test_the_reference_is_chosen_by_what_the_equations_allow(made, method):
    results = made.check(sizes="own").results
    gradients = [r for r in results if (r.kind, r.subject) == ("gradient", "formula")]
    assert {r.method.partition(" (")[0] for r in gradients} == {method}
    assert {r.status for r in gradients} <= {"pass", "skip"}


def slopes(made, method, directions=None):
    """The derivative of the one output by ``x`` at a sample, with its error."""
    sample = sampler(made.program).draw(np.dtype(np.float64), (1, 2))
    wide = sample.forward.context.dtype
    shape = sample.value("x").shape
    found = Ladder(sample, method).along("x", directions or Elements(np.arange(int(np.prod(shape))), shape, wide))
    (name,) = (output.name for output in made.program.outputs)
    return found, found.values[name], found.errors[name]


@pytest.mark.parametrize("step", ["[x[i] > 0]", "floor(4*x[i])", "where(x[i] > w[i], 2, sign(x[i]))"])
def test_what_decides_alone_is_known_to_move_nothing_in_the_widest_type(step):
    made = spec(f"y = sum[i]({step}*exp(w[i]))", "{x: [N], w: [N]}")
    assert all(made.check(dtype="longdouble", seed=seed, trials=2).ok for seed in range(4))


def test_what_cancels_in_the_widest_type_is_known_to_be_0_by_differences():
    made = spec("y[i] = max(0, 1 + x[i]*w[i] - w[i]*x[i])*exp(w[i])", "{x: [N], w: [N]}")
    assert all(made.check(dtype="longdouble", seed=seed, trials=2).ok for seed in range(4))


def test_a_slope_behind_a_mask_that_is_always_0_is_known_to_be_0():
    """In complex steps as well, which are off by the square of the step where anything is left of it."""
    made = spec("y = sum[i,j]([i != j]*delta[i,j]*sqrt(x[i])*exp(x[j]))", "{x: {shape: [N], sample: positive}}")
    found, values, errors = slopes(made, "complex")
    assert found.method == "complex step"
    assert not values.any()
    assert not errors.any()
    assert made.check(trials=2).ok


SEVERAL = spec(
    "y[i] = sin(x[i])*x[i]\n  z = x[i]*w[i] + w[i]*abs(w[i])\n  u = sum[i](w[i]^3)",
    "{x: [N], w: [N]}",
    outputs="[y, z, u]",
)


def test_differences_by_several_inputs_are_those_by_each():
    """Though they begin with one evaluation: what does not depend on an input is known to be 0."""
    sample = sampler(SEVERAL.program).draw(np.dtype(np.float64), (1, 2))
    wide = sample.forward.context.dtype
    few = Elements(np.arange(3), (3,), wide)
    moves = [
        Move({"x": few}, choose_stencil(np.inf), 2.0**-40),
        Move({"w": few}, choose_stencil(3)),
        Move({"x": few, "w": few}, confirming_stencil(np.inf), 2.0**-20),
    ]
    differences = Differences(sample.forward, ["y", "z", "u"], sample.bounds_near)
    for together, alone in zip(differences.along_each(moves), map(differences.along, moves), strict=True):
        assert (together.method, together.evaluations) == (alone.method, alone.evaluations)
        for name in ("y", "z", "u"):
            apart = np.abs(together.values[name] - alone.values[name])
            assert (apart <= together.errors[name] + alone.errors[name]).all()
            np.testing.assert_allclose(together.errors[name], alone.errors[name], rtol=0.5, atol=1e-12)
            assert np.array_equal(together.kinked[name], alone.kinked[name])
    by_x, by_w, _ = differences.along_each(moves)
    for nothing in (by_x.values["u"], by_x.errors["u"], by_w.values["y"], by_w.errors["y"]):
        assert not nothing.any()


def test_another_branch_along_one_input_is_none_along_the_others():
    made = spec("y = sum[i](abs(x[i])) + w[j]*w[j]", "{x: [N], w: [N]}", dims="{N: 3}")
    sample = sampler(made.program).draw(np.dtype(np.float64), (1, 2))
    few = Elements(np.arange(3), (3,), sample.forward.context.dtype)
    moves = [Move({name: few}, choose_stencil(2)) for name in ("x", "w")]  # far enough for signs to change
    by_x, by_w = Differences(sample.forward, ["y"], sample.bounds_near).along_each(moves)
    assert by_x.kinked["y"].any()
    assert not by_w.kinked["y"].any()


SMOOTH = {
    "polynomial": "y[i] = x[i]^5 - 3*x[i]*x[j]*x[j]",
    "rational": "y[i] = x[i]/(1 + x[j]*x[j])",
    "powers": "y[i] = (1 + x[i]^2)^(-3/2)",
    "power of a power": "y[i] = (1 + x[i]^2)^(x[i])",
    "elementary": "y[i] = tanh(x[i])*exp(-x[i]) + log1p(x[i]^2)*sin(x[i])*atan(x[i])",
    "composed": "y[i] = sigmoid(x[i])*softplus(x[i]) + silu(x[i])*gelu_tanh(x[i])",
    "softmax": "y[i] = exp(x[i])/(1[k]*exp(x[k]))",
    "cancelling": "y[i] = (x[i] - mean[k](x[k]))/sqrt(mean[k]((x[k] - mean[j](x[j]))^2) + 1)",
    "recurrence": "h[0] = x[0]\n  h[t] = tanh(h[t-1] + x[t])\n  y = sum[t](h[t])",
}


@pytest.mark.parametrize("name", SMOOTH)
def test_the_references_agree_within_their_errors(name):
    made = loads(f"dims: {{N: 4}}\ninputs: {{x: [N]}}\nequations: |\n  {SMOOTH[name]}\n", "smooth.yaml")
    allowed = ["fourth", "central", "complex"] + ([] if why_not_exact(made.program) else ["exact"])
    found = {method: slopes(made, method) for method in allowed}
    assert {method: f.reason for method, (f, _, _) in found.items()} == dict.fromkeys(allowed, "")
    (_, best, error) = found["complex"]
    assert np.all(error < 1e-15 * np.max(np.abs(best)))
    for _, value, bound in found.values():
        assert np.all(np.abs(value - best) <= bound + error)
        assert np.all(bound < 1e-6 * np.max(np.abs(best)))


def _functions_of_complex_numbers():
    """Each function that has a complex step, with arguments that are read from x."""
    for function in FUNCTIONS.values():
        arguments = ["x[i]", "x[i]^3 - 0.3", "1 + x[i]^2"][: function.arity]
        if not (function.seam or function.scipy or function.is_abstract):
            yield f"{function.name}({', '.join(arguments)})"
            if function.arity == 2:
                yield f"{function.name}({', '.join(reversed(arguments))})"


@pytest.mark.parametrize("call", [*_functions_of_complex_numbers()])
def test_every_function_that_has_a_complex_step_agrees_with_difference_quotients(call):
    made = spec(f"y[i] = {call}", dims="{N: 40}")
    complex_, by_step, own = slopes(made, "complex")
    quotients, value, bound = slopes(made, "fourth")
    assert complex_.reason == quotients.reason == ""
    known = np.isfinite(bound)
    assert known.mean() > 0.9
    assert np.all(np.abs(by_step - value)[known] <= (own + bound)[known])
    assert np.all(own <= 1e-15 * np.max(np.abs(by_step)))


def test_references_along_directions_are_sums_of_those_by_element():
    made = spec("y[i] = x[i]*x[j]*x[j]/(2 + x[i])")
    signs = np.array([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]], np.longdouble)
    for method in ("exact", "complex"):
        _, by_element, _ = slopes(made, method)
        _, along, _ = slopes(made, method, Mixed(signs))
        np.testing.assert_allclose(along, signs @ by_element, rtol=0, atol=1e-15)


@pytest.mark.parametrize("method", ["exact", "complex", "central", "fourth"])
def test_elements_and_directions_that_are_taken_together_are_what_they_are_apart(method):
    made = spec("y[i] = x[i]^5*x[j]*x[j]/(2 + x[i]^2)")
    wide = sampler(made.program).draw(np.dtype(np.float64), (1, 2)).forward.context.dtype
    elements, signs = Elements(np.array([2, 0]), (3,), wide), Mixed(np.array([[1.0, -1.0, 1.0]], wide))
    together, _, _ = slopes(made, method, Joined(elements, signs))
    for part, directions in ((slice(2), elements), (slice(2, None), signs)):
        apart, value, error = slopes(made, method, directions)
        found = together.part(part)
        assert np.all(np.abs(found.values["y"] - value) <= found.errors["y"] + error)
        assert np.all(found.errors["y"] <= 4 * np.max(error))
        assert (found.method, found.evaluations) == (apart.method, 0)


REFUSED = [
    ("exact", "y[i] = exp(x[i])", "no exact reference: exp is not rational"),
    ("exact", "y[i] = x[i]^0.5", "no exact reference: a power is not rational"),
    ("exact", "y[i] = pi*x[i]", "no exact reference: pi is not rational"),
    ("exact", "y[i] = x[i]*[x[i] > 0]", "no exact reference: comparisons are not rational"),
    ("exact", "y[i] = (x[i]^20)^20", "no exact reference: exact numbers would grow too long"),
    ("complex", "y[i] = relu(x[i])", "no complex reference: relu is not evaluated on complex numbers"),
    ("complex", "y = max[i](x[i])", "no complex reference: max is not analytic"),
    ("complex", "y[i] = where(x[i] > 0, x[i], 1)", "no complex reference: comparisons are not analytic"),
]


@pytest.mark.parametrize(("method", "equation", "message"), REFUSED)
def test_a_method_that_the_equations_do_not_allow_is_inconclusive_with_the_reason(method, equation, message):
    result = spec(equation, "{x: {shape: [N], sample: positive}}").check(method=method)
    assert {(r.status, r.message) for r in result.results if r.kind == "gradient"} == {("inconclusive", message)}
    assert not result.ok


@pytest.mark.parametrize("method", ["exact", "complex", "central", "fourth"])
def test_a_method_that_is_asked_for_is_used(method):
    result = spec("y[i] = x[i]^3/(1 + x[i]^2)").check(method=method)
    assert result.ok
    methods = {r.method.partition(" (")[0] for r in result.results if r.kind == "gradient"}
    assert methods == {{"complex": "complex step", "fourth": "fourth order"}.get(method, method)}


@pytest.mark.parametrize("method", ["auto", "directional"])
@pytest.mark.parametrize("equation", ["y[i] = exp(x[i])", "y[i] = exp(x[i])*sin(w[i])"])
def test_a_reference_that_difference_quotients_contradict_decides_nothing(monkeypatch, equation, method):
    made = spec(equation, "{x: [N], w: [N]}" if "w" in equation else "{x: [N]}")
    right = made.check(method=method)
    assert right.ok
    monkeypatch.setattr("tcgrad.check.reference.complex_step.STEP", 2.0**-3)
    wrong = made.check(method=method)
    assert {(r.status, r.message) for r in wrong.results if r.kind == "gradient"} == {
        ("inconclusive", "complex step and difference quotients disagree")
    }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("equation", "told"),
    [
        ("y[i] = sqrt(x[i])", "kink at x[i=0]: the slope of y[i=0] is undefined below and "),
        ("y[i] = exp(x[i])*x[i]^0.5", "kink at x[i=0]: the slope of y[i=0] is undefined below and "),
        ("y = sqrt(x[i]*x[i])", "kink at x[i=0]: the slope of y is -1 below and 1 above"),
    ],
)
def test_a_complex_step_does_not_decide_where_a_branch_ends(equation, told):
    """A root has no derivative at 0, whatever the imaginary part of one beside it is."""
    at_zero = spec(equation, "{x: {shape: [N], sample: {integers: [0, 1]}}}").check(trials=1)
    assert {(r.status, r.message) for r in at_zero.results if r.wrt} == {("inconclusive", at_zero.results[1].message)}
    assert at_zero.results[1].message.startswith(told)
    assert spec(equation, "{x: {shape: [N], sample: {integers: [0, 2]}}}", "{N: 2}").check(trials=8).ok
    beyond = spec(equation, "{x: {shape: [N], sample: {integers: [0, 1]}}}", "{N: 400}").check(trials=1, sizes="own")
    assert {r.status for r in beyond.results if r.kind in ("gradient", "jvp")} == {"inconclusive"}


@pytest.mark.parametrize("method", ["auto", "directional"])
def test_where_a_branch_ends_along_one_input_the_others_are_decided(method):
    """References of several inputs are confirmed together, and apart where that fails."""
    inputs = "{x: [N], w: [N], z: {shape: [N], sample: {integers: [0, 1]}}}"
    result = spec("y[i] = exp(x[i])*sin(w[i]) + sqrt(z[i])", inputs).check(method=method, trials=1)
    statuses = {wrt: {r.status for r in result.results if r.wrt == wrt and r.kind == "gradient"} for wrt in "xwz"}
    assert statuses == {"x": {"pass"}, "w": {"pass"}, "z": {"inconclusive"}}


@pytest.mark.parametrize("number", [10**power for power in range(2, 11)])
def test_waves_that_are_shorter_than_the_steps_are_not_taken_for_slopes(number):
    result = spec(f"y[i] = sin({number}*x[i] + x[i])").check(method="fourth", dtype="float64", trials=1)
    statuses = {r.status for r in result.results if r.kind == "gradient"}
    assert statuses <= ({"pass"} if number <= 10**6 else {"pass", "inconclusive"}), number


def _quotients(function, at, rounding, wanted, tried, *, method="auto"):
    """Those of a function of one number, whose values are off by ``rounding``; the steps go to ``tried``."""
    stencil = choose_stencil(np.inf, method)

    def measure(_, steps):
        tried.append(steps)
        quotients = [(function(at + m * steps) - function(at - m * steps)) / (2 * m * steps) for m in stencil.multiples]
        return Slopes({"f": quotients}, {"f": rounding / steps}, {})

    return Quotients(stencil, measure, {"f": ()}, np.zeros(1, np.int64), 1, 2 * len(stencil.multiples), wanted)


@pytest.mark.parametrize("period", [2.0**-12, 2.0**-13, 2.0**-12 / 3])
def test_a_wave_of_which_all_steps_are_multiples_is_noticed(period):
    tried: list[np.ndarray] = []
    slope = 2 * np.pi / period
    found = _quotients(lambda x: np.sin(slope * x), 0.0, 1e-16, 1e-3, tried).estimate(np.array([2.0**-12]))
    assert abs(found.values["f"][0] - slope) <= found.errors["f"][0] < slope / 100
    assert len(tried) > 1


@pytest.mark.parametrize("proportion", [-1 / 15, -1 / 21, -1 / 30, -1 / 5, 1 / 21])
@pytest.mark.parametrize("method", ["central", "fourth"])
def test_errors_of_different_orders_that_cancel_are_not_taken_for_none(proportion, method):
    """In proportion to those of fourth order, errors of sixth order are such that two extrapolations agree."""
    step = 2.0**-4

    def function(x):
        return x + x**3 + 3 * x**5 + 3 * proportion / step**2 * x**7

    found = _quotients(function, 0.0, 1e-18, 1.0, [], method=method).estimate(np.array([step]))
    assert abs(found.values["f"][0] - 1) <= found.errors["f"][0]


@pytest.mark.parametrize(("rounding", "is_most"), [(1e-10, True), (1e-16, False)])
def test_shorter_steps_are_tried_only_where_rounding_lets_them_be_better(rounding, is_most):
    tried: list[np.ndarray] = []
    found = _quotients(np.exp, 1.0, rounding, 1e-14, tried).estimate(np.array([2.0**-6]))
    assert abs(found.values["f"][0] - np.e) <= found.errors["f"][0] < 1e-6
    assert (len(tried) == 1) is is_most


def test_bounds_near_a_point_are_those_of_what_moves():
    """Of an output that does not move they are those at the point, and the rounding on the way is kept."""
    equations = "['u[i] = exp(x[i])', 'y[i] = u[i]*w[i]', 'z[i] = x[i]*x[i]']"
    made = loads(f"dims: {{N: 3}}\ninputs: {{x: [N], w: [N]}}\nequations: {equations}\noutputs: [y, z]\n")
    sample = sampler(made.program).draw(np.dtype("float64"), (1, 2))
    near = sample.bounds_near({"w": 2.0**10})
    assert set(near) == {"y", "z"}
    np.testing.assert_array_equal(near["z"], sample.own_bound("z"))
    size = np.abs(sample.value("u")) * (np.abs(sample.value("w")) + 2.0**10)
    unit = np.finfo(sample.value("x").dtype).eps / 2
    assert np.all((near["y"] >= 2 * unit * size) & (near["y"] <= 400 * unit * size))


def test_why_equations_are_not_analytic_or_rational():
    assert why_not_complex(spec("y[i] = x[i]*[i > 0]").program) == ""
    assert why_not_exact(spec("y[i] = x[i]*[i > 0]/(1 + x[i]^2)").program) == ""
    grown = loads("dims: {N: 40}\ninputs: {x: []}\nequations:\n - h[0] = x\n - h[t] = h[t-1]^2\nindices: {t: N}\n")
    assert why_not_exact(grown.program) == "exact numbers grow without bound in a recurrence"


def test_dual_numbers():
    x, c = Dual(Fraction(3), 1), Dual(Fraction(2), 0)
    assert x * x == Dual(9, 6)
    assert 1 / x == Dual(Fraction(1, 3), Fraction(-1, 9))
    assert x / c == Dual(Fraction(3, 2), Fraction(1, 2))
    assert 1 - x == Dual(-2, -1)
    assert x - 1 == Dual(2, 1)
    assert abs(-x) == x
    assert c < x
    assert x > 0


def test_the_error_of_a_sum_is_as_small_as_those_of_its_terms():
    for scale in (1.0, 1e-252, 1e200):
        assert spread(scale * np.array([3.0, 4.0])) == pytest.approx(30 * scale)
    assert spread(np.zeros(3)) == spread(np.zeros(0)) == 0
    assert spread(np.array([1.0, np.inf])) == np.inf
    assert np.isnan(spread(np.array([1.0, np.nan])))


def test_tiny_derivatives_raise_no_alarm():
    text = "inputs: {x: [], z: []}\nequations: ['y = x*z*exp(-(12 + sin(x))^2*4)']\n"
    for seed in range(3):
        assert loads(text).check(seed=seed, trials=1).ok


# What loses most of its digits by cancellation, and its derivative in a form that does not.
WORN = {
    "log(1 + x[i]^6) - x[i]^6 + x[i]^12/2": lambda x: 6 * x**17 / (1 + x**6),
    "log(1 - tanh(10*x[i])^2)": lambda x: -20 * np.tanh(10 * x),
}


@pytest.mark.parametrize("body", WORN)
def test_errors_of_complex_steps_are_known_where_much_is_cancelled(body):
    made = spec(f"y[i] = {body}", "{x: {shape: [N], sample: {uniform: [-2, 2]}}}", "{N: 80}")
    sample = sampler(made.program).draw(np.dtype(np.float64), (1, 2))
    x = sample.value("x")
    found = Ladder(sample, "complex").along("x", Elements(np.arange(80), (80,), x.dtype))
    values, errors = (np.diagonal(each["y"]) for each in (found.values, found.errors))
    known = np.isfinite(errors)
    assert known.sum() > 60
    assert (np.abs(values - WORN[body](x))[known] <= errors[known]).all()


CUBES = ["sin(y[k])^3*w[k]", "y[k]*atan(y[k]^2)", "1e-30*y[k]*atan2(w[k]*y[k]^2, 2)"]


@pytest.mark.parametrize("cube", CUBES)
def test_a_slope_that_is_0_may_come_out_as_the_square_of_the_step(cube):
    text = f"inputs: {{y: {{shape: [3], sample: one_hot}}, w: [3]}}\nequations: ['z[k] = {cube}']\n"
    assert loads(text).check(trials=1, sizes="own").ok
