"""Work that a value and its derivatives have in common is done once in emitted code; small arrays come first."""

import numpy as np
import pytest
from emit_tools import Emitted, check_everything, spec
from scipy import special

import tcgrad

SHARES = {
    "in one equation": ["l[i] = logsumexp[j](x[i,j])"],
    "along the first axis": ["l[j] = logsumexp[i](x[i,j])"],
    "of everything": ["l = logsumexp[i,j](x[i,j])"],
    "with a share of its own": ["l[i] = logsumexp[j](x[i,j])", "p[i,j] = exp(x[i,j] - l[i])"],
    "of a named array": ["u[i,j] = x[i,j]*z[j]", "l[i] = logsumexp[j](u[i,j])", "p[i,j] = exp(u[i,j] - l[i])*z[j]"],
    "of three axes": ["l[i] = logsumexp[j,k](x[i,j]*x[i,k])"],
    "of the transposed one": ["l[i] = logsumexp[j](x[j,i])", "p[i,j] = exp(x[j,i] - l[i])"],
    "less a logarithm of another": ["l[i] = logsumexp[j](2*x[i,j])", "p[i,j] = exp(x[i,j] - l[i])"],
}


@pytest.mark.parametrize("equations", SHARES.values(), ids=SHARES.keys())
def test_shares_of_exponentials_are_right(equations):
    check_everything(Emitted(spec(["x: [I, J]", "z: [J]"], equations, dims="{I: 3, J: 5}"), {"I": 3, "J": 5}))


def test_a_logarithm_of_exponentials_and_its_gradient_take_them_once():
    text = spec(["x: [I, J]"], SHARES["in one equation"], dims="{I: 3, J: 5}")
    source = Emitted(text).source
    both = source[source.index("def forward_saved") : source.index("def value_and_grad")]
    assert both.count("np.exp(") == 1


def test_logarithms_of_exponentials_of_any_size():
    """An infinite element decides; shares of what is infinite are not defined, all others stay."""
    inf = np.inf
    x = np.array([[1e4, -1e4, 3], [-inf, 0, 1], [-inf, -inf, -inf], [inf, 0, -inf]])
    text = spec(["x: [I, J]"], SHARES["in one equation"], dims="{I: 4, J: 3}")
    module = tcgrad.loads(text).compile()
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values, (dx,) = module.value_and_grad(x, np.ones(4))
    np.testing.assert_array_equal(values, special.logsumexp(x, axis=1))
    np.testing.assert_allclose(dx[:2], special.softmax(x[:2], axis=1), rtol=1e-15)


@pytest.mark.parametrize("dtype", ["float16", "float32", "longdouble"])
def test_the_dtype_of_a_whole_logarithm_is_kept(dtype):
    text = spec(["x: [I, J]"], SHARES["of everything"], dims="{I: 3, J: 5}")
    module = tcgrad.loads(text).compile()
    x = np.random.default_rng(0).normal(size=(3, 5)).astype(dtype)
    value, (dx,) = module.value_and_grad(x)
    assert value.dtype == dx.dtype == x.dtype


@pytest.mark.parametrize(("function", "gate"), [("silu", "= _sigmoid("), ("gelu", "= erfc(")])
def test_a_gate_is_worked_out_once(function, gate):
    emitted = Emitted(spec(["x: [I, J]"], [f"y[i,j] = {function}(x[i,j])"], dims="{I: 3, J: 5}"), {"I": 3, "J": 5})
    source = emitted.source
    both = source[source.index("def forward_saved") : source.index("def value_and_grad")]
    assert both.count(gate) == 1
    check_everything(emitted)


NORM = [
    "m[h] = mean[b](x[b,h])",
    "s[h] = 1/sqrt(mean[b]((x[b,h] - m[h])^2) + 0.001)",
    "y[b,h] = (x[b,h] - m[h])*s[h]*z[h]",
    "w[b,h] = y[b,h] + c[h]",
]


def test_a_mean_beside_the_sum_is_the_sum_divided():
    text = spec(["x: [B, H]", "z: [H]", "c: [H]"], NORM, dims="{B: 5, H: 3}", outputs="[w]")
    emitted = Emitted(text, {"B": 5, "H": 3})
    backward = emitted.source.split("def backward")[1].split("def value_and_grad")[0]
    assert "dc = dw.sum(axis=0)" in backward
    assert "dw.mean" not in backward
    assert "dc / B" in backward
    check_everything(emitted)


# inputs, equations, and the code of the gradient by x: numbers and rows or columns are multiplied first
SMALL = {
    "a row by a size": (
        ["x: [B, H]", "z: [H]"],
        ["s[h] = 1/sqrt(mean[b](x[b,h]^2) + 0.001)", "y[b,h] = x[b,h]*s[h]", "w[b,h] = y[b,h]*z[h]"],
        "z * s * (dw - dz / B * y)",
    ),
    "a column by another": (
        ["x: [B, H]", "y: [B, H]"],
        ["p[b,h] = exp(x[b,h])/sum[k](exp(x[b,k]))", "w = -y[b,h]*log(p[b,h])/B"],
        "dw / B * (y.sum(axis=-1, keepdims=True) / sum_exp_t1[:, None] * exp_t1 - y)",
    ),
}


@pytest.mark.parametrize(("inputs", "equations", "code"), SMALL.values(), ids=SMALL.keys())
def test_small_arrays_are_multiplied_before_they_meet_large_ones(inputs, equations, code):
    emitted = Emitted(spec(inputs, equations, dims="{B: 5, H: 3}", outputs="[w]"), {"B": 5, "H": 3})
    assert f"dx = {code}\n" in emitted.source
    check_everything(emitted)


MASKED = {
    "exponentials": "y[i,k] = sum[j]([j <= i]*exp(s[i,j])*v[j,k])/sum[j]([j <= i]*exp(s[i,j]))",
    "brackets of values": "y[i,k] = sum[j]([s[i,0] < v[j,0]]*v[j,k])",
}


@pytest.mark.parametrize("name", MASKED)
def test_a_mask_is_made_once_whichever_way_round_it_is_read(name):
    emitted = Emitted(spec(["s: [N, N]", "v: [N, K]"], [MASKED[name]], dims="{N: 3, K: 2}", wrt="[v]"))
    code = emitted.source.split("def forward_saved")[1].split("def value_and_grad")[0]
    assert len([line for line in code.splitlines() if "#" not in line and "<" in line]) == 1
    check_everything(emitted)


@pytest.mark.parametrize(
    "equation",
    [
        "y[i] = 1[j]*x[i,j]^2",
        "y[j] = sum[i]((x[i,j] - z[j])^2)",
        "y[i,k] = sum[j]((x[i,j] - x[k,j])^2)",
        "y[i] = sum[j](x[i,j]^2)*c[i]",
        "y[j] = sum[i](c[i]*x[i,j]^2)",
        "y = sum[i,j](z[j]*(x[i,j] - c[i])^2)",
    ],
)
def test_sums_of_squares(equation):
    """They make no array of the squares."""
    sizes = {"I": 3, "J": 5}
    emitted = Emitted(spec(["x: [I, J]", "z: [J]", "c: [I]"], [equation], dims="{I: 3, J: 5}"), sizes)
    forward = emitted.source.split("def forward_saved")[1].split("def backward")[0]
    assert ").sum(" not in forward
    check_everything(emitted)


def test_a_product_that_is_there_is_summed():
    """``db`` of a dense layer is the sum of what ``dw`` is made of, and no product of its own."""
    text = spec(
        ["x: [N, J]", "w: [J, K]", "b: [K]"], ["y[i,k] = tanh(x[i,j]*w[j,k] + b[k])"], dims="{N: 3, J: 5, K: 2}"
    )
    emitted = Emitted(text, {"N": 3, "J": 5, "K": 2})
    backward = emitted.source.split("def backward")[1].split("def value_and_grad")[0]
    assert "einsum" not in backward
    check_everything(emitted)


@pytest.mark.parametrize("others", ["logsumexp[k]({s})", "logsumexp[k](2*{s})", "b{n}[i]*sum[k]({s})"])
def test_layers_that_are_alike_but_for_what_they_share(others):
    """What is made of one layer is done again for the next one where that shares as much, and only there."""
    inputs, equations = ["x0: [I, J]"], []
    for n in range(1, 5):
        inputs += [f"w{n}: [J, J]", f"b{n}: [I]"]
        total = "logsumexp[k]({s})" if n in (1, 4) else others
        equations += [
            f"s{n}[i,k] = x{n - 1}[i,j]*w{n}[j,k]",
            f"l{n}[i] = {total.format(s=f's{n}[i,k]', n=n)}",
            f"p{n}[i,k] = exp(s{n}[i,k] - l{n}[i])",
            f"x{n}[i,k] = p{n}[i,k]*x{n - 1}[i,k]/(1 + p{n}[i,k]) + silu(s{n}[i,k])*b{n}[i]",
        ]
    text = spec(inputs, equations, dims="{I: 3, J: 4}", outputs="[x4]")
    check_everything(Emitted(text, {"I": 3, "J": 4}), tolerance=1e-6)


@pytest.mark.parametrize("rows", [0, 1, 40])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
def test_squared_distances_of_many_rows(dtype, rows):
    """More than one block of them, and none."""
    equations = ["y[i,j] = sum[k]((x[i,k] - z[j,k])^2)"]
    module = tcgrad.loads(spec(["x: [A, D]", "z: [B, D]"], equations, dims="{A: 2, B: 3, D: 5}")).compile()
    random = np.random.default_rng(rows)
    x, z = (random.normal(size=size).astype(dtype) for size in ((rows, 120), (70, 120)))
    found = module.forward(x, z)
    assert found.dtype == x.dtype
    wide = [each.astype(np.longdouble) for each in (x, z)]
    close = 120 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(found, ((wide[0][:, None] - wide[1]) ** 2).sum(axis=-1), rtol=close)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("spread", "offset"), [(1e-6, 0), (1, 1e3), (1e25, 0)])
def test_squared_distances_keep_their_digits(spread, offset, dtype):
    """Those of near rows among far ones, of rows far from 0, and what is infinite in one row alone."""
    module = tcgrad.loads(spec(["x: [A, D]"], ["y[i,j] = sum[k]((x[i,k] - x[j,k])^2)"], dims="{A: 3, D: 5}")).compile()
    random = np.random.default_rng(0)
    x = (random.normal(size=(80, 6)) + offset).astype(dtype)
    x[::2] = x[1::2] + (spread * random.normal(size=(40, 6))).astype(dtype)
    x[7, 3] = np.inf
    with np.errstate(all="ignore"):
        found, wide = module.forward(x), x.astype(np.longdouble)
        wanted = ((wide[:, None] - wide) ** 2).sum(axis=-1).astype(dtype)
    np.testing.assert_allclose(found, wanted, rtol=100 * float(np.finfo(dtype).eps))


RESET = """
dims: {T: 3, B: 2, H: 4}
inputs: {x: [T, B, H], u: [H, H], w: [H, H]}
equations:
  - h[-1,b,j] = 0
  - h[t,b,j] = tanh(x[t,b,j] + u[k,j]*(sigmoid(h[t-1,b,m]*w[m,k])*h[t-1,b,k]))
"""


def test_what_a_step_is_differentiated_by_is_not_multiplied_out_for_all_pairs_of_units():
    """A reset gate stands twice in what it resets: each way back is a product of matrices by itself."""
    emitted = Emitted(RESET)
    backward = emitted.source.partition("def backward")[2].partition("\ndef ")[0]
    assert "None" not in backward
    assert "einsum" not in backward
    point = list(emitted.inputs().values())
    _, gradients = emitted.module.value_and_grad(*point, np.ones((3, 2, 4)))
    step = [1e-6 * np.cos(np.arange(array.size)).reshape(array.shape) for array in point]
    beyond, before = (
        emitted.module.forward(*(a + sign * b for a, b in zip(point, step, strict=True))) for sign in (1, -1)
    )
    slope = sum(np.vdot(gradient, b) for gradient, b in zip(gradients, step, strict=True))
    np.testing.assert_allclose(slope, (beyond - before).sum() / 2, rtol=1e-7)


def test_functions_of_nearly_the_same_elements_are_worked_out_once():
    """What was made of all elements is there for all but a few of them as well."""
    equations = ["y[i] = sin(x[i])*x[i] + [i >= 1]*sin(x[i-1])*x[i]"]
    emitted = Emitted(spec(["x: [N]"], equations, dims="{N: 20}", indices="{i: N}"))
    functions = emitted.source.partition("def forward_saved")[2].partition("def value_and_grad")[0]
    assert [functions.count(f"np.{name}(") for name in ("sin", "cos")] == [1, 1]
    check_everything(emitted)


@pytest.mark.parametrize("form", ["A[k,i,j]", "inv(A)[k,i,j]"])
def test_quadratic_forms_of_differences_keep_their_digits(form):
    """Far from the origin the differences are small beside what they are made of."""
    equation = f"y[b,k] = (x[b,i] - mu[k,i])*{form}*(x[b,j] - mu[k,j])"
    inputs = ["x: [4, 3]", "mu: [2, 3]", "A: {shape: [2, 3, 3], sample: spd}"]
    module = Emitted(spec(inputs, [equation])).module
    random = np.random.default_rng(0)
    z, mu = random.integers(-4, 5, (2, 4, 3)) / 4.0
    a = np.stack([np.eye(3), np.diag([1, 2, 0.5])])
    weights = a if form[0] == "A" else np.linalg.inv(a)
    differences = z[:, None] - mu[:2]
    y = module.forward(z + 2.0**24, mu[:2] + 2.0**24, a)
    np.testing.assert_allclose(y, np.einsum("bki,kij,bkj->bk", differences, weights, differences), rtol=1e-14)


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("axes", ["b,k", "k,b"])
def test_products_of_all_factors_but_one_are_made_for_all_at_once(size, axes):
    """No array has an element for each pair of factors, nothing is divided, and zeros are factors like others."""
    shape = [3 if axis == "b" else size for axis in axes.split(",")]
    emitted = Emitted(spec([f"x: {shape}"], [f"y[b] = prod[k](sin(x[{axes}]) + 1)"]))
    assert "np.where" not in emitted.source.partition("def hessian")[0]
    check_everything(emitted)
    x = np.random.default_rng(0).normal(size=(3, size))
    x[0, :2] = x[1, 0] = -np.pi / 2
    factors = np.sin(x) + 1
    others = np.stack([np.delete(factors, k, axis=1).prod(axis=1) for k in range(size)], axis=1)
    given = x if axes == "b,k" else x.T
    _, (dx,) = emitted.module.value_and_grad(given, np.ones(3))
    np.testing.assert_allclose(dx if axes == "b,k" else dx.T, others * np.cos(x), rtol=1e-14, atol=1e-30)


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize(
    ("operator", "compare"), [("<", np.less), ("<=", np.less_equal), (">", np.greater), (">=", np.greater_equal)]
)
def test_sums_up_to_a_position_are_running_sums(operator, compare, size):
    """No array has an element for each pair of positions; what is left out may be infinite."""
    equation = f"y[b,t,d] = sum[s]([s {operator} t]*x[b,s,d]^3)"
    text = spec(["x: [B, T, 2]"], [equation], dims="{B: 3, T: 4}", indices="{t: T}")
    emitted = Emitted(text, {"T": size})
    assert "arange" not in emitted.source.partition("def jacobian")[0]
    check_everything(emitted)
    x = np.random.default_rng(0).normal(size=(3, size, 2))
    x[0, 0, 0], x[1, -1, 1] = np.inf, -np.inf
    wanted = [(x[:, compare(np.arange(size), t)] ** 3).sum(axis=1) for t in range(size)]
    np.testing.assert_allclose(emitted.module.forward(x), np.stack(wanted, axis=1), rtol=1e-13)


@pytest.mark.parametrize(
    ("equation", "products"),
    [("s[b,h,w,i,j] = x[b,c,h,w]*z[b,c,i,j]", 1), ("l = sum[b,c,e]((x[b,c,h,w]*x[b,e,h,w] - a[b,c,e])^2)", 1)],
)
def test_axes_that_lie_side_by_side_are_one_axis_of_a_product(equation, products):
    """Of images there is one matrix product for each of the batch, not one for each of its rows."""
    inputs = ["x: [B, C, 3, 4]", "z: [B, C, 5, 2]", "a: [B, C, C]"]
    emitted = Emitted(spec(inputs, [equation], dims="{B: 2, C: 3}", wrt="[x]"))
    forward, _, backward = emitted.source.partition("def forward_saved")[2].partition("def backward")
    for code in (forward, backward.partition("def value_and_grad")[0]):
        assert code.count(" @ ") == products
        assert "B, C, 12)" in code or "B, 12, 10)" in code
    check_everything(emitted)
