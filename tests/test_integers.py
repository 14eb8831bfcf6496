"""Integers wherever the language takes one: in positions, deltas, conditions and as numbers.

Each function is checked whole: the formulas and the emitted module against differences of the plain evaluation.
"""

from itertools import product

import numpy as np
import pytest

import tcgrad

INTEGERS = [
    "a",
    "a//2",
    "a%2",
    "(a+1)//2",
    "2*(a//2)",
    "a//2+a%2",
    "3-a//2",
    "b[2]//2",
    "b[a//2]",
    "b[a]%2+1",
    "b[i]//2",
    "(b[i]+a)//2",
    "i+a",
    "i+a//2",
    "b[b[i]]%2",
]
PLACES = {
    "position": "x[{}]*z[i]",
    "positions": "w[{}, {}]*z[i]",
    "position under a division": "x[(i + {})//2]*z[i]",
    "delta": "x[j]*delta[j, {}]*z[i]",
    "number": "z[i]^2*({})",
    "condition on an index": "z[i]*x[i+1]*[i == {}]",
    "condition": "where({} > 1, z[i]^2, z[i])",
    "reduction": "z[i]*max[j](x[j]*({}))",
    "position chosen": "z[i]*where(0 <= i - ({}) < 8, x[i - ({})], 1)",
    "position not chosen": "z[i]*where(i - ({}) < 0, 1, x[i - ({})]^2)",
    "position guarded below": "z[i]*[i >= {}]*exp(x[i - ({})])",
    "guarded position": "z[i]*[0 <= i - ({}) < 8]*x[i - ({})]",
    "two positions": "x[{}]*x[7 - ({})]*z[i]",
    "exponent": "(z[i] + 2)^({})",
}
BESIDE = [  # what is multiplied by a delta of a position that may be outside
    "y[r] = delta[a,n[r]]*x[a]",
    "y[r] = delta[n[r],a]*n[a]*x[r]",
    "y[r] = delta[a,n[r]]*a*x[a]",
    "y[r] = 1[a]*delta[a,n[r]]*x[r]",
    "y[r] = delta[a,n[r]]*tanh(x[a])/x[a]",
    "y[r] = delta[a,n[r]]*w[a,a]*n[r]",
    "y[r] = sum[a](delta[a,n[r]]*x[a]^2)*x[0]",
    "y[r,a] = delta[a,n[r]]*x[a]",
    "y[r,a] = delta[a,n[r]]*w[r,a]/x[a]",
    "y[r] = delta[a,n[r]]*delta[b,n[a]]*w[a,b]",
    "y = delta[a,n[r]]*x[a]*x[r]",
]
SPEC = """
inputs:
  x: [8]
  w: [8, 8]
  z: [4]
  a: {{shape: [], dtype: int, sample: {{integers: [0, 4]}}}}
  b: {{shape: [4], dtype: int, sample: {{integers: [0, 4]}}}}
equations: ["y[i] = {}"]
"""


def pairs(rows, columns):
    """All pairs; two of three are for the long run."""
    for number, pair in enumerate(product(rows, columns)):
        yield pytest.param(*pair, marks=[pytest.mark.long] if number % 3 else [])


@pytest.mark.parametrize(("integer", "place"), list(pairs(INTEGERS, PLACES)))
def test_a_component_of_an_integer_tensor_stands_for_an_integer(integer, place):
    right = PLACES[place].replace("{}", integer)
    result = tcgrad.loads(SPEC.format(right), "integers").check(trials=2)
    assert result.ok, [found for found in result.results if found.status == "fail"]


@pytest.mark.parametrize(
    "right",
    [
        "z[i]*[i >= a]*x[i-a]",
        "z[i]*[a <= i]*log(x[i-a]^2)/x[i-a]",
        "z[i]*[i >= b[2]]*exp(x[i-b[2]])",
        "z[i]*[b[i] >= a]*x[b[i]-a]",
        "sum[k]([k >= a]*[k != b[i]]*x[k-a]*z[i]/(k-b[i]))",
        "sum[k]([b[i] != k]*x[k]*z[i]/(b[i]-k))",
    ],
)
def test_comparisons_with_components_guard_as_those_of_indices_do(right):
    """At every sample something is left out that is not there."""
    text = SPEC.format(right).replace("[0, 4]", "[1, 4]") + "indices: {k: 6}\n"
    assert tcgrad.loads(text, "integers").check(trials=2).ok


A, B = 100, [98, 102, 100, 101]
WIDE = {  # where y[i] = x[i]*... reads v, or p with zeros around it; what 8 bits do not hold, or is below 0, is met
    "v[2*a+b[i]]": [298, 302, 300, 301],
    "v[b[i]+i]": [98, 103, 102, 104],
    "v[(3*b[i])%7]": [0, 5, 6, 2],
    "v[b[i]//2+a]": [149, 151, 150, 150],
    "p[b[i]-a]": [-2, 2, 0, 1],
    "p[a-b[i]]": [2, -2, 0, -1],
    "[b[i] - a < 0]*v[2*i]": [0, -1, -1, -1],
    "[2*b[i] > a]*v[2*i]": [0, 2, 4, 6],
    "where(i <= b[i] - a, v[2*i], 0)": [-1, 2, -1, -1],
    "delta[3*b[i],300]*v[2*i]": [-1, -1, 4, -1],
}


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32", "uint64"])
@pytest.mark.parametrize("factor", WIDE)
def test_integers_of_any_type_are_reckoned_with_as_integers(factor, dtype):
    text = f"""
dims: {{N: 400}}
inputs:
  x: [4]
  v: [N]
  p: {{shape: [N], outside: 0}}
  a: {{shape: [], dtype: int, sample: {{integers: [100, 101]}}}}
  b: {{shape: [4], dtype: int, sample: {{integers: [98, 103]}}}}
equations: ["y[i] = x[i]*{factor}"]
"""
    module = tcgrad.loads(text, "integers").compile()
    name = "p" if factor.startswith("p") else "v"
    values = {name: np.random.default_rng(0).normal(size=size) for name, size in (("x", 4), ("v", 400), ("p", 400))}
    arguments = (*values.values(), np.asarray(A, dtype), np.asarray(B, dtype))
    slope, jacobian = np.zeros(4), np.zeros((4, 400))
    for i, place in enumerate(WIDE[factor]):
        if place >= 0:
            slope[i] = values[name][place]
            jacobian[i, place] = values["x"][i]
    output, saved = module.forward_saved(*arguments)
    np.testing.assert_allclose(output, values["x"] * slope)
    gradients = dict(zip(values, module.backward(saved, np.ones(4)), strict=True))
    np.testing.assert_allclose(gradients["x"], slope)
    np.testing.assert_allclose(gradients[name], jacobian.sum(axis=0))
    np.testing.assert_allclose(module.jacobian(*arguments)["y", name], jacobian)
    tangents = {other: np.full(np.shape(value), float(other == name)) for other, value in values.items()}
    np.testing.assert_allclose(module.jvp(*arguments, *tangents.values()), jacobian.sum(axis=1))


def test_what_is_no_integer_is_no_position():
    module = tcgrad.loads("inputs: {x: [5], n: {shape: [], dtype: int}}\nequations: ['y = x[n+1]^2']\n").compile()
    assert module.forward(np.arange(5.0), 2) == 9.0
    with pytest.raises(TypeError):
        module.forward(np.arange(5.0), 1.5)


NUMBERS = [
    "(N//2)",
    "(N%3)",
    "(N//2 + 1)",
    "(1 - N//2)",
    "(i//2)",
    "(i%3)",
    "(N - 1 - i//2)",
    "(2*(N//2))",
    "(N//2*i)",
]
FORMULAS = [
    "{}*x[i]",
    "3*{}*x[i]",
    "-{}*x[i]",
    "-x[i]*{}/7",
    "x[i]*{}*{}",
    "x[i]*({} - {})",
    "x[i]*{}/({} + 2)^2",
    "(x[i] - {})*x[i]",
    "({}*x[i])^2",
    "exp(x[i])*{}",
    "-{} - x[i]",
    "x[i]*(-{})",
    "x[i]*(1 - {})/3",
    "x[i]^{}",
]


@pytest.mark.parametrize(
    ("numbers", "formula"), list(pairs(zip(NUMBERS, [*NUMBERS[1:], NUMBERS[0]], strict=True), FORMULAS))
)
def test_sizes_and_indices_are_numbers(numbers, formula):
    """Divisions among them: Python reads ``3 * n // 2`` and ``-n // 2`` otherwise than the formulas say."""
    head = "dims: {N: 5}\ninputs: {x: {shape: [N], sample: positive}}\n"
    result = tcgrad.loads(f"{head}equations: ['y[i] = {formula.format(*numbers)}']\n", "numbers").check(trials=1)
    assert result.ok, [found for found in result.results if found.status == "fail"]


RUN_TIME = [
    "[0 <= i - a < N]*x[i-a]",
    "where(i >= a, x[i-a], 0)",
    "where(0 <= i + a < N, x[i+a], x[i])",
    "where(i + a >= N, x[i], x[i+a]^2)",
    "pad[i-a]",
    "pad[2*i-a]",
    "pad[(i+a)//2]",
    "pad[b[i]-b[j]]*x[j]",
    "pad[i-b[j]]*x[j]",
    "x[b[i]]*x[b[i]]",
    "x[b[b[i]]]",
    "[b[i] > 0]*x[b[i]-1]",
    "where(b[i] >= 1, log(x[b[i]-1]), 0)",
    "w[b[i], i]",
    "w[b[i], b[j]]*x[j]",
    "max[j](x[j]*[j >= a])",
    "sum[j](x[j]*[j < b[i]])",
    "mean[j](where(j <= a, x[j], 0))",
    "prod[j](where(j == a, 1, x[j]))",
    "delta[b[i],b[j]]*x[j]",
    "delta[i,b[j]]*x[j]",
    "x[i]*delta[b[i],a]",
    "[b[i] == b[j]]*x[i]*x[j]",
    "x[(i+a)%N]",
    "w[(i+b[j])%N, j]*x[j]",
    "x[i]^b[i]",
    "x[i]*(a - b[i])^2/(1 + a)",
    "sum[j](w[i,j]*[abs(i-j) <= a])",
    "[i + j == a]*x[j]*z[i]",
]


@pytest.mark.parametrize("right", RUN_TIME)
def test_what_integers_decide_at_run_time(right):
    """At smaller sizes than the spec's the integers reach beyond, where conditions, deltas and zeros allow that."""
    spec = f"""
dims: {{N: 5}}
inputs:
  x: {{shape: [N], sample: positive}}
  z: [N]
  w: [N, N]
  pad: {{shape: [N], outside: 0}}
  a: {{shape: [], dtype: int, sample: {{integers: [0, 4]}}}}
  b: {{shape: [N], dtype: int, sample: {{integers: [0, 5]}}}}
indices: {{i: N, j: N}}
equations: ["y[i] = z[i]*({right})"]
"""
    result = tcgrad.loads(spec, "run time").check(trials=1)
    assert result.ok, [found for found in result.results if found.status == "fail"]


READ = ["h[t]", "h[T-1-t]*x[t]", "h[tok[t]]", "h[t//2]", "h[(t+1)//2]", "h[t]*[t > a]", "h[T//2]*x[t]", "h[a]*x[t]"]
STEPS = [
    "h[t-1]/2 + e[tok[t]]",
    "tanh(h[t-1] + x[t]*(t//2))",
    "h[t-1] + [t >= a]*x[t-a]*z",
    "h[t-1]*x[t//2]",
    "where(tok[t] > 1, h[t-1]*x[t], h[t-1]^2/4)",
    "h[t-1] - T//2*x[t]",
]


@pytest.mark.parametrize(("step", "read"), list(pairs(STEPS, READ)))
def test_integers_in_recurrences(step, read):
    """At all sizes that are checked, a single position among them, at which there is no step."""
    spec = f"""
dims: {{T: 5}}
inputs:
  x: [T]
  z: []
  e: [4]
  a: {{shape: [], dtype: int, sample: {{integers: [0, 4]}}}}
  tok: {{shape: [T], dtype: int, sample: {{integers: [0, 4]}}}}
indices: {{t: T}}
equations: ["h[0] = z", "h[t] = {step}", "y[t] = {read}"]
"""
    result = tcgrad.loads(spec, "recurrence").check(trials=1)
    assert result.ok, [found for found in result.results if found.status == "fail"]


ELEMENTS = [
    "x[q%2]/(1 + w[j,q]^2)*x[q%2]",
    "x[q//2]/(1 + w[j,4-q]^2)*x[q//2]",
    "x[q%2]/(1 + w[j,4-q]^2)*x[q%2]/(1 + u[j//2]^2)",
    "w[j%2,q]/(1 + u[j]^2)*w[j%2,q]",
    "x[q%3]*u[j]*x[q%3]",
]
EXTREMES = {
    "a definition": ["h[j] = max[q]({})", "f = sum[j](h[j]^2*u[j])"],
    "a base case": ["h[0,j] = max[q]({})", "h[t,j] = tanh(h[t-1,j]/2)", "f = sum[j](h[T-1,j]*u[j])"],
    "a step": ["h[0,j] = u[j]", "h[t,j] = h[t-1,j]/2 + min[q]({})", "f = sum[j](h[T-1,j]*u[j])"],
    "all of a step": ["h[0,j] = u[j]", "h[t,j] = min[q](v[t]*{} + h[t-1,j])", "f = sum[j](h[T-1,j]*u[j])"],
}


@pytest.mark.parametrize(("element", "place"), list(pairs(ELEMENTS, EXTREMES)))
def test_the_elements_of_an_extreme_are_told_whatever_their_positions(element, place):
    """Compared with it in another order of rounding none would attain it, and the gradient would be 0/0."""
    equations = "".join(f"  - {equation.replace('{}', element)}\n" for equation in EXTREMES[place])
    head = "dims: {B: 3, C: 5, T: 4}\ninputs: {x: [3], w: [B, C], u: [B], v: [T]}\nindices: {q: C, j: B, t: T}\n"
    made = tcgrad.loads(f"{head}equations:\n{equations}outputs: [f]\n", "extreme")
    result = made.check(trials=1, only=["gradient", "jacobian", "value_and_grad"])
    assert result.ok, [found for found in result.results if found.status == "fail"]


@pytest.mark.parametrize("equation", BESIDE)
def test_a_delta_is_0_where_the_position_is_outside(equation):
    inputs = "x: {shape: [3], sample: positive}, w: [3, 3]"
    n = "n: {shape: [3], dtype: int, sample: {integers: [-2, 6]}}"
    text = f"inputs: {{{inputs}, {n}}}\nindices: {{a: 3, r: 3, b: 3}}\nequations: ['{equation}']\n"
    result = tcgrad.loads(text).check()
    assert result.ok, [each for each in result.results if each.status != "pass"]


@pytest.mark.parametrize("large", ["99999999999999999999", "5000000000"])
@pytest.mark.parametrize(
    ("factor", "value"),
    [
        ("[i < {}]", [1, 1, 1]),
        ("[i*{0} > {0}]", [0, 0, 1]),
        ("[t[i]*{0} == {0}]", [0, 1, 1]),
        ("where(i*{0} == {0}, 2, 3)", [3, 2, 3]),
    ],
)
def test_numbers_that_no_index_can_be_are_compared_all_the_same(factor, value, large):
    t = "t: {shape: [3], dtype: int, sample: {integers: [0, 2]}}"
    spec = tcgrad.loads(f"inputs: {{x: [3], {t}}}\nequations: ['y[i] = x[i]*{factor.format(large)}']\n")
    assert spec.compile().forward(np.ones(3), np.array([0, 1, 1])).tolist() == value
    assert spec.check(trials=1, sizes="own", only="forward").ok


def test_a_position_is_not_made_of_numbers_that_no_index_can_be():
    for position in ("(i*5000000000)%3", "(i*50000*50000)%3", "i//5000000000"):
        spec = f"inputs: {{x: [9]}}\nindices: {{i: 3}}\nequations: ['y[i] = x[{position}]']\n"
        with pytest.raises(tcgrad.TcgradError, match="TC317: the numbers in an integer expression go up to 2147483647"):
            assert tcgrad.loads(spec).program


def test_what_is_added_to_a_position_is_added_to_the_whole_number():
    """``x + p + 1 - N`` in code has all digits of ``x - (N - 1 - p)``, where the last position is 0 as well."""
    module = tcgrad.loads("dims: {N: 7}\ninputs: {x: [N]}\nequations: ['o[i] = (x[N-1-i] - i)^2']\n").compile()
    x = np.array([5.25, 1.1, 2.7, -0.3, 2.0001, 1.0001, 1e-5], np.float32)
    wanted = 2 * (x - np.arange(7, dtype=np.float32)[::-1])
    np.testing.assert_array_equal(module.backward(module.forward_saved(x)[1], np.ones(7, np.float32))[0], wanted)
    np.testing.assert_array_equal(np.diag(module.jacobian(x)["o", "x"][::-1]), wanted)
