"""Random inputs: as declared, in the domains, exact under steps, and of use against mistakes."""

import json

import numpy as np
import pytest

from tcgrad.api import loads
from tcgrad.check import check
from tcgrad.check.forward import evaluate_forward, shaken
from tcgrad.check.program.degrees import degree
from tcgrad.check.program.domains import find_demands
from tcgrad.check.sampling.random_inputs import Types, draw_inputs, exact
from tcgrad.check.sampling.sampler import sampler
from tcgrad.check.sampling.samples import Sample
from tcgrad.check.sampling.sizes import other_sizes
from tcgrad.check.user.against import UserCode, UserFunction
from tcgrad.errors import TcgradError
from tcgrad.evaluate import Noise
from tcgrad.evaluate.arrays.labelled import batch_of

FLOAT64 = np.dtype(np.float64)
WIDE = np.dtype(np.longdouble)


def program(equations, inputs="{x: [N]}", dims="{N: 6}", **more):
    keys = {
        "dims": dims,
        "inputs": inputs,
        "equations": json.dumps([equations] if isinstance(equations, str) else equations),
    }
    return loads("\n".join(f"{key}: {value}" for key, value in {**keys, **more}.items()), "test.yaml").program


def draw(made, seed=0, attempt=0, dtype=FLOAT64):
    return draw_inputs(made, find_demands(made), Types(dtype, WIDE), np.random.default_rng(seed), attempt, turn=seed)


def drawn(kind, shape="[4, N]", **more):
    keys = {"shape": shape, "sample": kind, **more}
    text = ", ".join(f"{key}: {value}" for key, value in keys.items())
    return draw(program("y = 1[i]*1[j]*x[i,j]*s", f"{{x: {{{text}}}, s: []}}"))["x"]


def test_declared_samples_are_what_they_say():
    assert np.all(drawn("positive") > 0)
    simplex = drawn("simplex").astype(float)
    assert np.all(simplex > 0)
    np.testing.assert_allclose(simplex.sum(-1), 1, rtol=1e-12)
    definite = drawn("spd", "[N, N]").astype(float)
    np.testing.assert_array_equal(definite, definite.T)
    assert np.linalg.eigvalsh(definite).min() > 0.4
    uniform = drawn("{uniform: [2, 3]}")
    assert np.all((uniform >= 2) & (uniform <= 3))
    whole = drawn("{integers: [2, 5]}")
    assert set(np.unique(whole)) <= {2, 3, 4}
    one_hot = drawn("one_hot")
    assert set(np.unique(one_hot)) == {0, 1}
    assert np.all(one_hot.sum(-1) == 1)


def test_symmetry_is_there_only_where_it_is_declared():
    symmetric = drawn("normal", "[N, N]", symmetric="true")
    np.testing.assert_array_equal(symmetric, symmetric.T)
    ordinary = drawn("normal", "[N, N]")
    assert not np.allclose(ordinary.astype(float), ordinary.astype(float).T)
    assert len(np.unique(ordinary)) == ordinary.size
    assert np.all(ordinary != 0)


def test_integers_stay_within_what_they_index():
    made = program("y[i] = E[t[i], 1]*x[i]", "{x: [N], E: [V, 3], t: {shape: [N], dtype: int}}", "{N: 200, V: 4}")
    assert set(draw(made)["t"].tolist()) == {0, 1, 2, 3}
    declared = program(
        "y[i] = E[t[i]]*x[i]",
        "{x: [N], E: [V], t: {shape: [N], dtype: int, sample: {integers: [0, 50]}}}",
        "{N: 99, V: 3}",
    )
    assert draw(declared)["t"].max() == 2
    flags = program("y[i] = where(b[i] == 1, x[i], 0)", "{x: [N], b: {shape: [N], dtype: bool}}", "{N: 40}")
    assert draw(flags)["b"].dtype == bool


DOMAINS = [
    ("y[i] = log(x[i])", {"x": (0, np.inf)}, set()),
    ("y[i] = asin(x[i]) + log1p(x[i])", {"x": (-1, 1)}, set()),
    ("y[i] = x[i]^0.5", {"x": (0, np.inf)}, set()),
    ("y[i] = x[i]^w[i]", {"x": (0, np.inf)}, set()),
    ("y[i] = log(x[i]*w[i])", {}, {"x", "w"}),
    ("y[i] = sqrt(x[i]*x[i] + 1)*w[i]", {}, {"x"}),
    ("y[i] = x[i]^2/w[i]", {}, set()),
    ("y[i] = where(x[i] > 0, log(x[i]), w[i])", {}, {"x"}),
    ("y[i] = where(log(x[i]) > 0, sqrt(w[i]), log(x[i]))", {"x": (0, np.inf)}, {"x", "w"}),
    (["u[i] = x[i] + 1", "y[i] = acosh(u[i])*w[i]"], {}, {"x"}),
]


@pytest.mark.parametrize(("equations", "intervals", "involved"), DOMAINS)
def test_the_inputs_of_restricted_functions_are_known(equations, intervals, involved):
    demands = find_demands(program(equations, "{x: [N], w: [N]}"))
    assert demands.intervals == intervals
    assert demands.involved == involved


@pytest.mark.parametrize("equations", [case[0] for case in DOMAINS] + ["y[i] = log(1 - x[i]) + sqrt(x[i]*w[i])"])
@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_samples_are_finite_everywhere(equations, dtype):
    for seed in range(3):
        sample = sampler(program(equations, "{x: [N], w: [N]}")).draw(np.dtype(dtype), (seed,))
        assert isinstance(sample, Sample)
        assert np.isfinite(sample.value("y")).all()
        assert not sample.in_doubt


# In each a branch ends where `2*x[i] - 3*w[i]` is 0, or just beside it.
ENDS = [
    "y[i] = max(0, 2*x[i] - 3*w[i])",
    "y[i] = x[i]*[2*x[i] > 3*w[i]]",
    "y[i] = abs(2*x[i] - 3*w[i])",
    "y[i] = (2*x[i] - 3*w[i])^(1/3)",
    "y[i] = 1/(2*x[i] - 3*w[i])",
    "y[i] = max[k](2*x[i]*[k == 0] + 3*w[i]*[k == 1])",
]


class _OneSided:
    """Random numbers that are all alike."""

    def __init__(self, number):
        self.number = number

    def random(self, shape):
        return np.full(shape, self.number)


@pytest.mark.parametrize("equation", ENDS)
@pytest.mark.parametrize("number", [0.05, 0.95])
@pytest.mark.parametrize("left", [1.5 + 2**-26, 1.5 - 2**-26])
def test_a_branch_is_in_doubt_whichever_way_errors_fall(equation, number, left):
    made = program(equation, "{x: [N], w: [N]}", "{N: 1}", indices="{k: 2}")
    forward = evaluate_forward(made.statements, {"x": np.array([left]), "w": np.array([1.0])}, FLOAT64)
    noise = Noise(batch_of(3), 2**-20, 0.0, _OneSided(number), still=1)
    assert shaken(forward, noise, FLOAT64).flipped.tolist() == [False, True, True]
    far = evaluate_forward(made.statements, {"x": np.array([1.75]), "w": np.array([1.0])}, FLOAT64)
    assert not shaken(far, noise, FLOAT64).flipped.any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_steps_from_a_sample_are_exact(dtype, scale):
    for reference in (np.float64, np.longdouble) if dtype == np.float64 else (WIDE,):
        values = np.random.default_rng(0).normal(size=1000) * scale
        found = exact(values, Types(np.dtype(dtype), np.dtype(reference)))
        assert np.array_equal(found.astype(dtype).astype(reference), found)
        largest = np.floor(np.log2(float(np.max(np.abs(found)))))
        for step in (2.0**largest, 2.0 ** (largest - 12)):
            moved = found + np.asarray(2 * step, reference)
            assert np.array_equal(moved - np.asarray(2 * step, reference), found)


DEGREES = [
    ("y[i] = 3", 0),
    ("y[i] = x[i]*w[i]", 1),
    ("y = x[i]*x[i]", 2),
    ("y = (x[i]*x[i])^2", 4),
    ("y[i] = exp(w[i])*x[i]", 1),
    ("y[i] = x[i]/w[i]", 1),
    ("y[i] = w[i]/x[i]", np.inf),
    ("y[i] = where(w[i] > 0, x[i], x[i]^2)", 2),
    ("y[i] = where(x[i] > 0, x[i], 1)", np.inf),
    (["u[i] = x[i]^2", "y = u[i]*u[i]*x[i]"], 5),
    (["u[i] = tanh(x[i])", "y[i] = u[i]"], np.inf),
    ("y = max[i](x[i])", np.inf),
    ("y = max[i](w[i])*x[0]", 1),
]


@pytest.mark.parametrize(("equations", "expected"), DEGREES)
def test_the_degree_of_a_program_in_an_input(equations, expected):
    assert degree(program(equations, "{x: [N], w: [N]}", indices="{i: N}"), "x") == expected


def test_other_sizes_are_distinct_primes_and_ones():
    made = program("y[a,c] = x[a,b]*w[b,c]", "{x: [A, B], w: [B, C]}", "{A: 4, B: 9, C: 4}")
    found = [sizes for _, sizes in other_sizes(made)]
    assert found == [{"A": 17, "B": 11, "C": 13}, {"A": 1, "B": 1, "C": 1}]


def test_sizes_that_do_not_fit_are_left_out():
    made = program("y = x[3]*x[i]*x[i]", "{x: [N]}", "{N: 5}")
    assert [sizes for _, sizes in other_sizes(made)] == [{"N": 7}]
    fixed = program("y = x[i]*x[i]", "{x: [3]}", "{}")
    assert list(other_sizes(fixed)) == []


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("shape", [[], [1], [1, 1]])
def test_single_elements_and_single_upstream_gradients_have_either_sign(shape, seed):
    """In the first two turns and in the next; and of two of them neither is always the larger, nor is their product
    always positive or always negative."""
    free = ["", "[i]", "[i,j]"][len(shape)]
    inputs, equations = f"{{x: {shape}, z: {shape}}}", [f"p{free} = x{free}*z{free}", f"q{free} = x{free} + z{free}"]
    source = sampler(program(equations, inputs, outputs="[p, q]"))
    samples = [source.draw(np.dtype(np.float64), (seed, 0, turn)) for turn in range(4)]
    for names, values in (("xz", "inputs"), ("pq", "upstream gradients")):
        of = {name: [] for name in names}
        for sample in samples:
            for name in names:
                arrays = sample.upstream if values == "upstream gradients" else sample.forward.context.arrays
                of[name].append(np.sign(arrays[name]).item())
        for signs in of.values():
            assert signs[0] == -signs[1]
            assert signs[2] == -signs[3]
        assert {-1, 1} == {first * second for first, second in zip(*of.values(), strict=True)}
        assert {(-1, 1), (1, -1)} <= set(zip(*of.values(), strict=True))


@pytest.mark.parametrize("method", ["auto", "directional"])
@pytest.mark.parametrize("seed", range(8))
def test_a_backward_that_is_wrong_for_one_sign_of_a_scalar_fails(seed, method):
    def fails(made, backward):
        user = UserCode(UserFunction("user:backward", backward))
        options = {"seed": seed, "method": method, "sizes": "own", "only": ("against",)}
        return not check(made.program, derivation=made.derivation, against=user, **options).ok

    whole = loads("dims: {N: 4}\ninputs: {x: [N]}\nequations: ['l = x[i]*x[i]']")
    leaky = loads("inputs: {x: []}\nequations: ['y = leaky_relu(x, 0.125)']")
    larger = loads("inputs: {x: [], z: []}\nequations: ['y = max(x, z)']")
    assert fails(whole, lambda x, dl: 2 * x * np.abs(dl))
    assert fails(whole, lambda x, dl: -2 * x * np.abs(dl))
    assert fails(leaky, lambda x, dy: 0 * x + dy)
    assert fails(leaky, lambda x, dy: 0 * x + dy / 8)
    assert fails(larger, lambda x, z, dy: (0 * x + dy, 0 * z))
    assert fails(larger, lambda x, z, dy: (0 * x, 0 * z + dy))


# bounds under dims V: 7, N: 4 -> what they are
BOUNDS = {"[0, V]": (0, 7), "[1, 'V - 1']": (1, 6), "[N, V]": (4, 7), "['V//2', '2*N']": (3, 8), "[-2, V]": (-2, 7)}


@pytest.mark.parametrize("bounds", BOUNDS)
def test_bounds_of_integers_may_be_expressions_of_dims(bounds):
    inputs = f"{{x: [N], k: {{shape: [50], dtype: int, sample: {{integers: {bounds}}}}}}}"
    made = program("y[i] = x[i]", inputs, "{V: 7, N: 4}")
    low, high = BOUNDS[bounds]
    found = np.concatenate([draw(made, seed)["k"] for seed in range(8)])
    assert (found.min(), found.max()) == (low, high - 1)


def test_bounds_that_are_expressions_of_dims_are_so_at_other_sizes():
    inputs = "{E: [V], k: {shape: [N], dtype: int, sample: {integers: [0, V]}}}"
    made = program("y[n] = E[k[n]]", inputs, "{V: 7, N: 4}")
    (index,) = (item for item in made.inputs if item.tensor.name == "k")
    assert index.sample.high == 7
    sizes = {(each.inputs[0].tensor.shape[0].value, each.inputs[1].sample.high) for each, _ in other_sizes(made)}
    assert sizes
    assert all(size == high for size, high in sizes)


# what stands for bounds, with a mark before the place that is told
WRONG_BOUNDS = [
    ("[0, ^W]", "TC322", "`W` is not a dim declared before"),
    ("[0, ^V - 7]", "TC322", "`V - 7` is 0"),
    ("[^V, 3]", "TC115", "is drawn from 7 to below 3, which is nothing"),
    ("[0, ^V W]", "TC202", "an operator is missing"),
]


@pytest.mark.parametrize(("bounds", "code", "message"), WRONG_BOUNDS)
def test_wrong_bounds_are_told_where_they_stand(bounds, code, message):
    line = "k: {shape: [N], dtype: int, sample: {integers: "
    text = f"dims: {{V: 7, N: 4}}\ninputs: {{x: [N], {line}{bounds}}}}}}}\nequations: ['y[i] = x[i]']\n"
    with pytest.raises(TcgradError) as caught:
        _ = loads(text.replace("^", "")).program
    (found,) = caught.value.diagnostics
    assert (found.code, found.span.start) == (code, text.index("^"))
    assert message in found.message


# Numbers that are counted, of a row each, from the inputs x (real), m (true or false) and k (integers).
COUNTS = ["sum[l](m[b,l])", "sum[l]([k[b,l] > 0])", "sum[l](m[b,l]*k[b,l])"]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_rounding_does_not_decide_what_is_counted(count, dtype):
    """A row in which there is one is a row like others, also where less than one is taken for one."""
    inputs = "{x: [B], m: {shape: [B, L], dtype: bool}, k: {shape: [B, L], dtype: int, sample: {integers: [0, 3]}}}"
    made = sampler(program([f"c[b] = {count}", "y[b] = x[b]/max(c[b], 1)"], inputs, "{B: 8, L: 3}"))
    samples = [made.draw(np.dtype(dtype), (seed,)) for seed in range(4)]
    assert any((sample.value("c") == 1).any() for sample in samples)
    assert not any(sample.in_doubt for sample in samples)
