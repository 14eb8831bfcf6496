"""Emitted modules at other sizes than their spec's: right at all that fit the spec, and no answer at the others."""

import random
import re

import numpy as np
import pytest
from emit_tools import Emitted, assert_close, check_at_sizes, check_everything, spec
from share import share
from whole_programs import DIMS, whole_spec

import tcgrad
from tcgrad.calculus import derive
from tcgrad.calculus.recurrences.lengths import are_alike
from tcgrad.check.sampling.sizes import free_dims, other_sizes
from tcgrad.emit import emit
from tcgrad.emit.compiled import compile_module
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.errors import TcgradError
from tcgrad.evaluate import evaluate_program
from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.language.elaborate import elaborate
from tcgrad.spec.loader import read_spec

# A spec, and other sizes that fit it.
FITTING = {
    "a delta with a literal": (
        spec(["x: [A, B]"], ["y[i,j] = x[i,j]*delta[i,1] + x[i,0]*x[i,j]"], dims="{A: 2, B: 3}"),
        [{"A": 1}, {"A": 5, "B": 1}],
    ),
    "a delta with a literal, summed": (
        spec(["x: [A]", "w: [A, A]"], ["y[i] = w[i,j]*x[j]*delta[j,2]"], dims="{A: 4}"),
        [{"A": 1}, {"A": 2}, {"A": 3}],
    ),
    "a delta with an expression": (
        spec(["x: [A]", "w: [B]"], ["y[i,j] = sin(x[i])*w[j]*delta[i,2*j+1]"], dims="{A: 9, B: 3}"),
        [{"A": 4}, {"A": 1, "B": 5}],
    ),
    "a half that can be below 0, kept inside by a guard": (
        spec(["x: [A]", "v: [T]"], ["y[t] = x[(3-t)//2]*v[t]*[0 <= 3 - t < A]"], dims="{A: 2, T: 4}"),
        [{"T": 11}, {"T": 30, "A": 4}, {"T": 5, "A": 1}],
    ),
    "a divisor read at one position of two axes of different lengths": (
        spec(["a: [B]", "p: [D, B]"], ["h[k] = a[k]/p[k//2,k//2]"], dims="{D: 5, B: 2}"),
        [{"B": 7}, {"D": 2, "B": 4}, {"B": 1}],
    ),
    "a product of sizes that nothing saved tells apart": (
        spec(["x: [L*Q]", "t: {shape: [Q], dtype: int}", "v: [3]"], ["y[i,k] = x[i]^2*v[k]"], dims="{L: 2, Q: 4}"),
        [{"L": 3}, {"L": 1, "Q": 5}],
    ),
    "a divisor on the diagonal of a rectangle": (
        spec(["a: [B]", "p: [D, B]"], ["h[k] = a[k]^2/(p[k,k]*sqrt(p[k,0]))"], dims="{D: 5, B: 2}", indices="{k: B}"),
        [{"D": 2}, {"D": 7, "B": 5}],
    ),
    "a divisor behind the one at hand": (
        spec(["a: [B]", "p: [B]"], ["h[k] = [k + 1 < B]*a[k]/p[k+1]^2"], dims="{B: 5}"),
        [{"B": 2}, {"B": 7}],
    ),
    "fixed positions of a tensor with zeros outside": (
        spec(["x: {shape: [A, B], outside: 0}"], ["f = sin(x[1,4]) + x[0,1]*x[3,0]"], dims="{A: 5, B: 6}"),
        [{"A": 1}, {"B": 2}, {"A": 1, "B": 1}],
    ),
    "a range given by a number": (
        spec(["x: [T]", "w: [T, 3]"], ["y[i] = w[i,j]*w[i,j]*x[i]"], dims="{T: 3}", indices="{i: 3}"),
        [{"T": 5}, {"T": 4}],
    ),
    "a range given by a dim of the same size": (
        spec(["x: [T]", "w: [B]"], ["y[i] = sin(x[i])*w[i]*x[i+1]"], dims="{T: 3, B: 2}", indices="{i: B}"),
        [{"T": 7}, {"T": 4, "B": 3}],
    ),
    "zeros outside, and a range of the same size": (
        spec(["x: {shape: [T], outside: 0}", "w: [B]"], ["y[i] = x[i]^2*w[i]*x[i+1]"], dims="{T: 3, B: 3}"),
        [{"T": 5}, {"T": 2}, {"B": 6}, {"B": 1}],
    ),
    "one index on axes of two sizes": (
        spec(["x: [5, T]", "z: [T]"], ["y[t] = x[t,t]^2*sin(z[t])"], dims="{T: 5}", indices="{t: T}"),
        [{"T": 4}, {"T": 1}],
    ),
    "reads that a condition guards": (
        spec(["x: [A]", "z: [B]"], ["y[i] = where(i >= 2, x[i-2], 0)*z[i] + z[i]^2"], dims="{A: 4, B: 6}"),
        [{"A": 4, "B": 1}, {"A": 1, "B": 3}, {"A": 3, "B": 5}],
    ),
    "guarded reads of a step": (
        spec(
            ["x: [T]", "a: []"],
            ["h[-1] = a", "h[t] = 0.5*h[t-1] + where(t >= 1, 1/(1.5 + sin(x[t-1])), 0)*a"],
            dims="{T: 4}",
        ),
        [{"T": 3}, {"T": 9}],
    ),
    "a divisor that is 0 where the branch is not taken": (
        spec(
            ["x: [A]"],
            ["y[i] = where(A > 1, 3*x[i]/(A - 1), x[i]) + where(A > 2, x[i]/(A - 1)/(A - 2), 0)"],
            dims="{A: 4}",
        ),
        [{"A": 1}, {"A": 2}, {"A": 3}],
    ),
    "a divisor that is 0 where the branch is not taken, beside sums": (
        spec(["x: [A]"], ["m = mean[i](x[i])", "f = where(A > 1, sum[i]((x[i] - m)^2)/(A - 1), 0)"], dims="{A: 4}"),
        [{"A": 1}, {"A": 2}],
    ),
    "a number over a size that is 0 where the branch is not taken": (
        spec(
            ["x: [A]"],
            ["y[i] = where(i < A - 1, 1/(A - 1), 0)*x[i] + where(A > 1, 2/(A - 1), 3)*x[i]^2"],
            dims="{A: 4}",
        ),
        [{"A": 1}, {"A": 2}],
    ),
    "roots and powers of sizes below 0 where the branch is not taken": (
        spec(
            ["x: [A]"],
            [
                "y[i] = where(A > 2, sqrt(A - 2)*x[i], x[i]) + where(A > 2, (A - 2)^(1/3)*x[i], 0)",
                "z[i] = where(A > 1, y[i]*sqrt(A/(A - 1)), 0)",
            ],
            dims="{A: 4}",
        ),
        [{"A": 1}, {"A": 2}, {"A": 3}],
    ),
    "what sizes leave without a value, beside a condition on them": (
        spec(
            ["x: [A]"],
            [
                "u[i] = [A > 2]*x[i]/(A - 2)",
                "y[i] = u[i] + [A > 2]*x[i]^2/(A - 2)^2 + [A != 3]*[A > 1]*x[i]/sqrt(A - 1)/(A - 3)",
                "z[i] = [A > 2]*(sqrt(A - 2)*x[i] + log(A - 2))*y[i] - [A > 1]*x[i]/(1 - 1/A)",
            ],
            dims="{A: 4}",
            outputs="[u, y, z]",
        ),
        [{"A": 1}, {"A": 2}, {"A": 3}],
    ),
    "ranges that end at the same read, the looser first": (
        spec(
            ["x: [T]", "w: [A]", "u: [B]"],
            ["f = x[i+1]*x[2*i]*x[i] + w[k]*w[2*k]", "y[j] = u[j+2]*sin(u[3*j])*f"],
            dims="{T: 3, A: 1, B: 3}",
        ),
        [{"T": 4}, {"T": 9, "A": 5}, {"A": 2, "B": 7}],
    ),
    "digits": (
        spec(["x: [A, 3]", "v: [B]"], ["y[k] = x[k//3,k%3]*v[k]^2"], dims="{A: 2, B: 6}", indices="{k: B}"),
        [{"A": 3, "B": 8}, {"A": 3, "B": 2}, {"A": 2, "B": 1}],
    ),
}

# Sizes that do not fit: one is refused by the language, so there is no right answer, and none may be given.
EQUAL = spec(
    ["x: [T]", "y: [B]", "z: [3]", "v: [N]", "w: [N, M]"],
    ["f = x[i]*y[i] + x[i]*z[i]", "g[i] = w[i,j]*w[i,j]*v[i]"],
    dims="{T: 3, B: 3, N: 3, M: 3}",
    outputs="[f, g]",
)
SIZES_REFUSED = [{"x": 4}, {"y": 4}, {"z": 4}, {"x": 4, "y": 4}, {"x": 4, "y": 4, "z": 4}, {"x": 1, "z": 1}, {"x": 1}]


@pytest.mark.parametrize("name", FITTING)
def test_sizes_that_fit(name):
    check_at_sizes(*FITTING[name])


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_second_derivatives_beside_a_condition_on_sizes(size):
    equation = "f = [A > 2]*(sqrt(A - 2)*sum[i](x[i]^3) + sum[i](x[i])^2/(A - 2))"
    module = Emitted(spec(["x: [A]"], [equation], dims="{A: 4}")).module
    x, v = np.arange(1.0, size + 1), np.arange(size) - 0.5
    more = size - 2
    wanted = 6 * np.sqrt(more) * np.diag(x) + 2 / more if more > 0 else np.zeros((size, size))
    assert_close(module.hessian(x)["x", "x"], wanted)
    assert_close(module.hvp(x, v)[0], wanted @ v)


@pytest.mark.parametrize("lengths", SIZES_REFUSED)
def test_sizes_that_equations_make_equal(lengths):
    """Dims that agree in the spec must agree in the arrays, whatever their names; numbers are themselves."""
    emitted = Emitted(EQUAL)
    check_everything(emitted)
    inputs = {name: np.ones(lengths[name]) if name in lengths else a for name, a in emitted.inputs().items()}
    with pytest.raises(ValueError, match="expected"):
        emitted.module.forward(*inputs.values())


RANGES = spec(
    ["x: [T]", "y: [B]", "w: [N]"],
    ["z[i] = x[i+1]*y[i]", "f = sum[i](w[2*i]*x[i+1]) + sum[i](x[i+1] - x[i])"],
    dims="{T: 4, B: 3, N: 7}",
    outputs="[z, f]",
)


@pytest.mark.parametrize("sizes", [{"T": 7, "B": 5, "N": 11}, {"T": 6, "B": 1, "N": 20}])
def test_ranges_that_end_at_the_same_read(sizes):
    module, other = Emitted(RANGES).module, Emitted(RANGES, sizes)
    other.module = module
    check_everything(other)


@pytest.mark.parametrize("sizes", [{"T": 2, "B": 2, "N": 7}, {"T": 4, "B": 4, "N": 7}, {"T": 6, "B": 3, "N": 8}])
def test_ranges_that_end_at_another_read(sizes):
    """Indices run over other ranges then: a program of other equations."""
    inputs = Emitted(RANGES, sizes).inputs()
    with pytest.raises(ValueError, match="the ranges of indices take"):
        Emitted(RANGES).module.forward(*inputs.values())


# Arrays that end before what the equations read of them, and what is said of them.
TOO_SHORT = [
    (spec(["x: [N]", "a: [M]"], ["y[i] = a[i]*x[i+2]"], dims="{N: 6, M: 4}", indices="{i: M}"),
     {"N": 3}, "x has size 3 along axis 0, expected at least 6"),
    (spec(["x: [B, N]", "a: [M]"], ["y[b,i] = a[i]^2*x[b,3*i+1]"], dims="{B: 2, N: 14, M: 5}", indices="{i: M}"),
     {"N": 13}, "x has size 13 along axis 1, expected at least 14"),
    (spec(["x: [N]", "a: [M]"], ["y[i] = a[i]*x[N-1-i]"], dims="{N: 6, M: 4}", indices="{i: M}"),
     {"N": 3, "M": 5}, "x has size 3 along axis 0, expected at least 5"),
    (spec(["x: [N]"], ["y = x[4]*x[1]"], dims="{N: 6}"), {"N": 4}, "x has size 4 along axis 0, expected at least 5"),
    (spec(["x: [N]", "a: [M]"], ["z[j] = x[j]^2", "y[i] = a[i]*z[i+2]"], dims="{N: 6, M: 4}", indices="{i: M}"),
     {"N": 2}, "z has size 2 along axis 0, expected at least 6"),
    (spec(["x: [N]", "w: [K]"], ["y[i] = w[p]*x[i+p]"], dims="{N: 6, K: 3}"),
     {"K": 8}, "the range of the index i is empty: its size N - K + 1 is -1"),
    (spec(["lambda: [N]"], ["y[i] = lambda[i+1] - lambda[i]"], dims="{N: 6}"),
     {"N": 1}, "the range of the index i is empty: its size N - 1 is 0"),
    (spec(["x: [T]"], ["h[0] = 1", "h[3] = 2", "h[t] = sin(h[t-1])*x[t]"], dims="{T: 6}"),
     {"T": 3}, "h has size 3 along axis 0, expected at least 4"),
    (spec(["lambda: [N]", "a: [M]"], ["y[i] = a[i]*lambda[i//2+1]"], dims="{N: 5, M: 8}", indices="{i: M}"),
     {"M": 9}, "lambda_ is read along axis 0 beyond its end: that takes 2 * N >= M + 2, not 10 and 11"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sizes", "message"), TOO_SHORT)
def test_arrays_that_are_too_short(text, sizes, message):
    """They are named, with the axis, by every function that takes them; arrays that are long enough pass."""
    emitted = Emitted(text)
    arguments = list(emitted.inputs().values())
    tangents = [np.ones_like(argument) for argument in arguments]
    emitted.module.jvp(*arguments, *tangents)
    short = {dim.name: sizes.get(dim.name, dim.value) for dim in emitted.program.dims}
    shapes = [[short[size.terms[0][0][0].name] for size in item.tensor.shape] for item in emitted.program.inputs]
    arguments = [np.ones(shape) for shape in shapes]
    for name, more in {"forward": 0, "forward_saved": 0, "jvp": 1, "jacobian": 0}.items():
        with pytest.raises(ValueError, match=re.escape(message)):
            getattr(emitted.module, name)(*arguments * (1 + more))


def test_a_dim_takes_the_size_that_equations_give_it():
    text = spec(["x: [T - 1]", "y: [B]"], ["z[i] = x[i]*y[i]"], dims="{T: 4, B: 3, S: 'B + 1'}")
    program = elaborate(read_spec(text, "spec"))
    assert [dim.name for dim in program.dims] == ["T"]
    assert program.named_sizes == (("B", T - 1),)
    assert {item.tensor.shape for item in program.inputs} == {(T - 1,)}
    assert any("B" in warning.message for warning in program.warnings)


@pytest.mark.parametrize(
    ("inputs", "equation"), [(["x: [N]", "w: [M]"], "y = x[i]*w[i]"), (["A: [N, M]"], "y = det(A)")]
)
def test_dims_that_are_equal_by_chance_have_other_sizes_together(inputs, equation):
    program = elaborate(read_spec(spec(inputs, [equation], dims="{N: 3, M: 3}"), "spec"))
    primes, ones = (found["N"] for _, found in other_sizes(program))
    assert (primes > 3, ones) == (True, 1)


T = Integer.of(Dim("T", 4))
A, B = Integer.of(Dim("A", 2)), Integer.of(Dim("B", 3))
STEP = Integer.of(Dim("t", 0, 0))


@pytest.mark.parametrize(
    ("facts", "size", "wanted"),
    [
        ([], A - 1, True),
        ([], A - 2, False),
        ([A - 2], A * 3 - 6, False),
        ([A - 2], A - 2 + B, True),
        ([A - B, B - 4], A - 4, True),
        ([(A - B) // Integer.of(2) + B - 3], A + B - 6, True),
        ([STEP - 1, A - 3 - STEP], A - 4, False),  # the loop may have no step
        ([STEP - 1, A - 3 - STEP], A - 2 - STEP, True),
        ([], STEP - 1, False),
        ([STEP - 1], STEP - 1, True),
    ],
)
def test_what_follows(facts, size, wanted):
    assert Fitting.of(facts).never_negative(size) is wanted


def test_a_read_is_known_under_any_indices():
    i, j, k = Index("i", A), Index("j", A), Index("k", B)
    fitting = Fitting.of([B - 1 - i.expr % Integer.of(3)])
    assert fitting.is_read(B - 1 - j.expr % Integer.of(3))
    assert not fitting.is_read(B - 1 - k.expr % Integer.of(3))


# Generated programs


def with_equal_sizes(seed):
    """A generated program some of whose sizes are the same, some of them written as numbers."""
    text, chance = whole_spec(seed), random.Random(seed)
    found = (_with_sizes(text, chance) for _ in range(30))
    return next((changed for changed in found if _program(changed) is not None), text)


def _with_sizes(text, chance):
    own = {name: chance.choice((2, 3, 4, 5)) for name in DIMS} | {"L": chance.choice((3, 5, 11))}
    declared = next(line for line in text.splitlines() if line.startswith("dims:"))
    text = text.replace(declared, "dims: {" + ", ".join(f"{name}: {size}" for name, size in own.items()) + "}")
    for shape in re.findall(r"shape: \[.*?\]", text):
        numbers = re.sub(r"\b[A-Z]\b", lambda axis: str(own[axis[0]]) if chance.random() < 0.3 else axis[0], shape)
        text = text.replace(shape, numbers, 1)
    return text


def _program(text, sizes=None):
    try:
        return elaborate(read_spec(text, "generated"), sizes)
    except TcgradError:
        return None


def sizes_to_try(program, seed):
    """Each free dim at 1 and at one more, all at 1, all alike, and some at random."""
    free, chance = free_dims(program), random.Random(seed)
    tried = [{**free, name: size} for name in free for size in (1, free[name] + 1)]
    tried += [dict.fromkeys(free, size) for size in (1, 3, 5)]
    tried += [{name: chance.randint(1, 9) for name in free} for _ in range(6)]
    return [sizes for k, sizes in enumerate(tried) if sizes != free and sizes not in tried[:k]]


def draw(program, random):
    sizes = {dim.name: dim.value for dim in program.dims}
    return [_draw(item, random, sizes) for item in program.inputs]


def _draw(item, random, sizes):
    shape = tuple(size.value for size in item.tensor.shape)
    if item.tensor.dtype == "int":  # the name tells what axis it is a position of: ``gab`` is one of A, over B
        return random.integers(0, min(int(item.sample.high), sizes.get(item.tensor.name[1].upper(), 99)), shape)
    if item.sample.kind != "spd":
        return random.uniform(-1, 1, shape)
    root = random.uniform(-1, 1, shape)
    return root @ np.swapaxes(root, -1, -2) + np.eye(shape[-1])


def check_other_sizes(text, seed):
    """A module against plain evaluation and against the modules that are made for the other sizes."""
    own = _program(text)
    if own is None:
        return
    module = compile_module(emit(derive(own)))
    for sizes in sizes_to_try(own, seed):
        other = _program(text, sizes)
        if other is not None and are_alike(own, other):
            compare(module, other, sizes)


def compare(module, program, sizes):
    random = np.random.default_rng(0)
    inputs = draw(program, random)
    reference = compile_module(emit(derive(program)))
    env = evaluate_program(program, {item.tensor.name: a for item, a in zip(program.inputs, inputs, strict=True)})
    values = [np.asarray(env[tensor]) for tensor in program.outputs]
    by_name = {item.tensor.name: a for item, a in zip(program.inputs, inputs, strict=True)}
    upstream = [random.uniform(-1, 1, value.shape) for value in values]
    tangents = [random.uniform(-1, 1, np.shape(by_name[tensor.name])) for tensor in program.wrt]
    got = module.forward(*inputs)
    for value, wanted in zip([got] if len(values) == 1 else got, values, strict=True):
        assert_close(value, wanted, what=f"forward at {sizes}")
    calls = {"value_and_grad": upstream, "jvp": tangents, "jacobian": []}
    if hasattr(module, "hessian"):
        calls |= {"hessian": [], "hvp": tangents}
    for name, more in calls.items():
        pairs = zip(
            flat(getattr(module, name)(*inputs, *more)), flat(getattr(reference, name)(*inputs, *more)), strict=True
        )
        for value, wanted in pairs:
            assert_close(value, wanted, what=f"{name} at {sizes}")


def flat(value):
    if isinstance(value, dict):
        value = tuple(value[key] for key in sorted(value))
    return [part for each in value for part in flat(each)] if isinstance(value, tuple) else [value]


QUICK = (30, 39, 49, 62, 73)
QUICK_EQUAL = (34, 36)


@pytest.mark.parametrize("seed", share(QUICK, 2))
def test_programs(seed):
    check_other_sizes(whole_spec(seed), seed)


@pytest.mark.parametrize("seed", share(QUICK_EQUAL, 2))
def test_programs_of_equal_sizes(seed):
    check_other_sizes(with_equal_sizes(seed), seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(200))
def test_many_programs(seed):
    check_other_sizes(whole_spec(seed), seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(200))
def test_many_programs_of_equal_sizes(seed):
    check_other_sizes(with_equal_sizes(seed), seed)


@pytest.mark.parametrize("size", [4, 5, 6])
def test_the_range_that_is_narrower_at_all_sizes_is_taken(size):
    """Reads that end together at the sizes of a spec, and apart at others."""
    text = f"dims: {{N: {size}}}\ninputs: {{x: [N]}}\nequations: ['w = sum[k](x[2*k]*x[2*k+1])']\n"
    module = tcgrad.loads(text).compile()
    for length in range(2, 9):
        x = np.arange(1.0, length + 1)
        assert module.forward(x) == sum(x[2 * k] * x[2 * k + 1] for k in range(length // 2))


# Inputs, an equation, what is read of the inputs' shapes: arguments with a wrong number of axes, or a gradient of
# another size than the output, are refused, whatever the code could make of them.
REFUSED = {
    "too few axes, the only one solved for": (
        "{w: [K], x: [W+K-1]}", "y[j] = sum[k](x[j+k]*w[k])", [np.ones(2), np.float64(1)], None,
    ),
    "too many axes, the only one solved for": (
        "{w: [K], x: [W+K-1]}", "y[j] = sum[k](x[j+k]*w[k])", [np.ones(2), np.ones((4, 2))], None,
    ),
    "nothing is saved": ("{x: [W]}", "y[i] = 3*x[i]", [np.ones(3)], np.ones(4)),
    "nothing is saved, of several axes": ("{x: [W, K]}", "y[i,j] = x[i,j] + 1", [np.ones((3, 2))], np.ones((3, 1))),
    "what is saved shows the size after a solution": (
        "{w: [K], x: [W+K-1]}", "y[j] = sum[k](x[j+k]*w[k])", [np.ones(2), np.ones(4)], np.ones(4),
    ),
    "what is saved shows some of the sizes": (
        "{w: [K], x: [W, 3]}", "y[j,k] = x[j,0]*w[k]", [np.ones(2), np.ones((4, 3))], np.ones((5, 2)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_shapes_that_do_not_fit_are_refused(name):
    inputs, equation, arguments, upstream = REFUSED[name]
    module = tcgrad.loads(f"dims: {{W: 3, K: 2}}\ninputs: {inputs}\nequations: ['{equation}']\n").compile()
    with pytest.raises(ValueError, match=r"expected|values to unpack"):
        module.forward(*arguments) if upstream is None else module.value_and_grad(*arguments, upstream)


def test_the_gradients_of_several_outputs_are_of_their_sizes():
    equations = "['y[i] = 2*x[i]', 'z[j] = 3*w[j]']"
    text = f"dims: {{N: 3, M: 2}}\ninputs: {{x: [N], w: [M]}}\nequations: {equations}\noutputs: [y, z]\n"
    module = tcgrad.loads(text).compile()
    _, (dx, dw) = module.value_and_grad(np.ones(3), np.ones(2), np.ones(3), np.ones(2))
    assert (dx.shape, dw.shape) == ((3,), (2,))
    for upstream in ((np.ones(4), np.ones(2)), (np.ones(3), np.ones(1))):
        with pytest.raises(ValueError, match="expected"):
            module.value_and_grad(np.ones(3), np.ones(2), *upstream)


def test_a_size_stands_before_the_number_that_it_is_compared_with():
    emitted = Emitted(spec(["x: [5]", "z: [B]"], ["y[i] = z[i]*x[i+1]"], dims="{B: 3}"))
    assert "    if B > 4:\n" in emitted.source
    with pytest.raises(ValueError, match=re.escape("the ranges of indices take B <= 4, not 5")):
        emitted.module.forward(np.ones(5), np.ones(5))
    emitted.module.forward(np.ones(5), np.ones(4))
