"""Softmax of large numbers: quotients of exponentials are emitted without overflow."""

import numpy as np
import pytest
from scipy import special

import tcgrad
from tcgrad.simplify.exponentials.exponent_shift import Shift

HEAD = "inputs: {x: [4, 5], z: [5]}\nequations:\n"
CAUSAL = np.tri(4, 5, dtype=bool)


def masked(x, mask):
    return special.softmax(np.where(mask, x, -np.inf), axis=-1)


# equations -> what the last one is of the 4 x 5 matrix x
SOFTMAX = {
    "y[i,j] = exp(x[i,j])/(1[k]*exp(x[i,k]))": lambda x, _: special.softmax(x, axis=1),
    "y[i,j] = exp(x[i,j])/sum[k](exp(x[k,j]))": lambda x, _: special.softmax(x, axis=0),
    "y[i,j] = exp(x[i,j])/(1[k,m]*exp(x[k,m]))": lambda x, _: special.softmax(x),
    "y[i,j] = 2*exp(-3*x[i,j])*z[j]/(1[k]*exp(-3*x[i,k]))": lambda x, z: 2 * z * special.softmax(-3 * x, axis=1),
    "y[i] = exp(x[i,j])*z[j]/(1[k]*exp(x[i,k]))": lambda x, z: special.softmax(x, axis=1) @ z,
    "y[i,j] = [j <= i]*exp(x[i,j])/sum[k]([k <= i]*exp(x[i,k]))": lambda x, _: masked(x, CAUSAL),
    "y[i,j] = where(j <= i, exp(x[i,j]), 0)/sum[k](where(k <= i, exp(x[i,k]), 0))": lambda x, _: masked(x, CAUSAL),
    "y[i,j] = exp(x[i,j])*[j < i + 1]/sum[k]([i >= k]*exp(x[i,k]))": lambda x, _: masked(x, CAUSAL),
    "y[i,j] = (1 - [j > i])*exp(x[i,j])/sum[k](where(k > i, 0, exp(x[i,k])))": lambda x, _: masked(x, CAUSAL),
    "y[i,j] = where(j <= i, exp(x[i,j])/sum[k]([k <= i]*exp(x[i,k])), 0)": lambda x, _: masked(x, CAUSAL),
    "y[i,j] = where(j > i, 0, exp(x[i,j])/sum[k](where(k <= i, exp(x[i,k]), 0)))": lambda x, _: masked(x, CAUSAL),
    "y[i,j] = [z[j] > 0]*exp(x[i,j])/sum[k]([z[k] > 0]*exp(x[i,k]))": lambda x, z: masked(x, z > 0),
    "y[i,j] = [j < 2]*exp(x[i,j])/(1[k]*exp(x[i,k]))": lambda x, _: (np.arange(5) < 2) * special.softmax(x, axis=1),
}


@pytest.mark.parametrize("equation", SOFTMAX)
@pytest.mark.parametrize("scale", [1, 1e4])
def test_softmax_of_any_size(equation, scale):
    rng = np.random.default_rng(0)
    x, z = scale * rng.normal(size=(4, 5)), rng.normal(size=5)
    function = tcgrad.loads(f"{HEAD}  - {equation}\n")
    with np.errstate(all="raise", under="ignore"):
        got = function.compile().forward(x, z)
    np.testing.assert_allclose(got, SOFTMAX[equation](x, z), rtol=1e-12, atol=1e-300)


# conditions that may leave out every term, and as an array
EMPTY = {
    "[z[j] > 9]": lambda z: np.broadcast_to(z > 9, (4, 5)),
    "[j < i - 1]": lambda _: np.tri(4, 5, -2, dtype=bool),
    "[j != i]*[j > 2*i]": lambda _: np.arange(5) > 2 * np.arange(4)[:, None],
}


@pytest.mark.parametrize("condition", EMPTY)
@pytest.mark.parametrize("scale", [1, 1e4])
def test_a_softmax_over_nothing_is_zero(condition, scale):
    """As its terms are; and so are its derivatives."""
    rng = np.random.default_rng(0)
    x, z = scale * rng.normal(size=(4, 5)), rng.normal(size=5)
    summed = condition.replace("j", "k")
    equation = f"y[i,j] = {condition}*exp(x[i,j])/sum[k]({summed}*exp(x[i,k]))"
    module = tcgrad.loads(f"{HEAD}  - {equation}\n").compile()
    mask = EMPTY[condition](z)
    some = mask.any(axis=1)
    wanted = np.zeros((4, 5))
    wanted[some] = masked(x[some], mask[some])
    dy = rng.normal(size=(4, 5))
    with np.errstate(all="raise", under="ignore"):
        y, (dx, _) = module.value_and_grad(x, z, dy)
    np.testing.assert_allclose(y, wanted, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(dx, wanted * (dy - (dy * wanted).sum(axis=1, keepdims=True)), rtol=1e-9, atol=1e-12)


def test_what_a_causal_mask_leaves_is_never_nothing():
    equation = "y[i,j] = [j <= i]*exp(x[i,j])/sum[k]([k <= i]*exp(x[i,k]))"
    assert "np.maximum" not in tcgrad.loads(f"inputs: {{x: [4, 4]}}\nequations:\n  - {equation}\n").emit()


# A quotient of exponentials that is not softmax overflows where it must, and only there.
OTHERS = {
    "y[i,j] = exp(x[i,j])/(1[k]*exp(2*x[i,k]))": lambda x, _: np.exp(x) / np.exp(2 * x).sum(axis=1, keepdims=True),
    "y[i,j] = exp(x[i,j])/sum[k]([k <= i]*exp(x[i,k]))": lambda x, _: (
        np.exp(x) / (CAUSAL * np.exp(x)).sum(axis=1, keepdims=True)
    ),
    "y[i] = 1/(1[k]*exp(x[i,k]))": lambda x, _: 1 / np.exp(x).sum(axis=1),
}


@pytest.mark.parametrize("equation", OTHERS)
def test_other_quotients_keep_their_value(equation):
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(4, 5)), rng.normal(size=5)
    got = tcgrad.loads(f"{HEAD}  - {equation}\n").compile().forward(x, z)
    np.testing.assert_allclose(got, OTHERS[equation](x, z), rtol=1e-12)


def attended(x, z):
    """The mean of z under each softmax, and the gradients of its sum with the given weights."""
    p = special.softmax(x, axis=1)
    y = p @ z
    return y, lambda dy: (dy[:, None] * p * (z - y[:, None]), dy @ p)


def tilted(x, z):
    """The variance of z under each softmax, likewise."""
    p = special.softmax(x, axis=1)
    m = p @ z
    centred = z - m[:, None]
    y = (p * centred**2).sum(axis=1)
    return y, lambda dy: (dy[:, None] * p * (centred**2 - y[:, None]), (2 * dy[:, None] * p * centred).sum(axis=0))


# equations -> the last one of the 4 x 5 matrix x and the vector z, and its gradients.
AVERAGES = {
    "y[i] = sum[j](exp(x[i,j])*z[j])/sum[k](exp(x[i,k]))": attended,
    "y[i] = exp(x[i,j])*z[j]/(1[k]*exp(x[i,k]))": attended,
    "y[i] = sum[j](exp(x[i,j] - z[0])*z[j])/sum[k](exp(x[i,k] - z[0]))": attended,
    "y[i] = sum[j](exp(x[i,j])*z[j]^2)/sum[k](exp(x[i,k])) - (sum[j](exp(x[i,j])*z[j])/sum[k](exp(x[i,k])))^2": tilted,
    "y[i] = sum[j,k](exp(x[i,j] + x[i,k])*(z[j] - z[k])^2)/(2*sum[k](exp(x[i,k]))^2)": tilted,
    "y[i] = sum[j,k](exp(x[i,j])*exp(x[i,k])*z[j]*(z[j] - z[k]))/sum[k](exp(x[i,k]))^2": tilted,
}


@pytest.mark.parametrize("equation", AVERAGES)
@pytest.mark.parametrize("scale", [1, 1e4])
def test_averages_and_their_derivatives_of_any_size(equation, scale):
    rng = np.random.default_rng(0)
    x, z, dy = scale * rng.normal(size=(4, 5)), rng.normal(size=5), rng.normal(size=4)
    module = tcgrad.loads(f"{HEAD}  - {equation}\n").compile()
    wanted, pull = AVERAGES[equation](x, z)
    dx, dz = rng.normal(size=x.shape), rng.normal(size=z.shape)
    with np.errstate(all="raise", under="ignore"):
        got, gradients = module.value_and_grad(x, z, dy)
        tangent = module.jvp(x, z, dx, dz)
        jacobian = module.jacobian(x, z)
    gx, gz = pull(dy)
    np.testing.assert_allclose(got, wanted, atol=1e-12)
    np.testing.assert_allclose(gradients[0], gx, atol=1e-12)
    np.testing.assert_allclose(gradients[1], gz, atol=1e-12)
    np.testing.assert_allclose(dy @ tangent, (gx * dx).sum() + gz @ dz, atol=1e-12)
    np.testing.assert_allclose(np.tensordot(dy, jacobian["y", "x"], 1), gx, atol=1e-12)
    np.testing.assert_allclose(dy @ jacobian["y", "z"], gz, atol=1e-12)


def weighted(x, z, mask=True):
    """The softmax of each row, in proportion to weights z that are not below 0."""
    return masked(np.where(z > 0, x + np.log(np.where(z > 0, z, 1)), -np.inf), mask)


# Equations of the 4 x 5 matrix x and weights z, some of which are 0 -> the last one.
WEIGHTED = {
    "softmax": (["y[i,j] = z[j]*exp(x[i,j])/sum[k](z[k]*exp(x[i,k]))"], weighted),
    "of some": (
        ["y[i,j] = [j <= i]*z[j]*exp(x[i,j])/sum[k]([k <= i]*z[k]*exp(x[i,k]))"],
        lambda x, z: weighted(x, z, CAUSAL),
    ),
    "mean": (["y[i] = z[j]*exp(x[i,j])*x[i,j]/(z[k]*exp(x[i,k]))"], lambda x, z: (weighted(x, z) * x).sum(axis=1)),
    "two weights": (
        ["y[i,j] = z[j]^2*z[4]*exp(x[i,j])/sum[k](z[k]^2*z[4]*exp(x[i,k]))"],
        lambda x, z: weighted(x, z * z),
    ),
    "logarithm": (
        ["y[i] = log(sum[k](z[k]*exp(x[i,k])))"],
        lambda x, z: special.logsumexp(x, axis=1, b=z),
    ),
    "logarithm with a number": (
        ["y[i] = log(2 + sum[k](z[k]*exp(x[i,k])))"],
        lambda x, z: special.logsumexp(np.hstack([x, NOTHING]), axis=1, b=np.append(z, 2)),
    ),
    "named": (["e[i,j] = z[j]*exp(x[i,j])", "y[i,j] = e[i,j]/sum[k](e[i,k])"], weighted),
    "named, with the sum": (["e[i,j] = z[j]*exp(x[i,j])", "s[i] = sum[k](e[i,k])", "y[i,j] = e[i,j]/s[i]"], weighted),
    "named before": (["e[i,j] = exp(x[i,j])", "s[i] = sum[k](z[k]*e[i,k])", "y[i,j] = z[j]*e[i,j]/s[i]"], weighted),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in WEIGHTED if "logarithm" not in name])
@pytest.mark.parametrize("scale", [1, 1e4])
def test_weights_that_are_0_leave_out_what_is_larger(name, scale):
    equations, reference = WEIGHTED[name]
    rng = np.random.default_rng(3)
    x, dx, z = scale * rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), np.array([1, 0.5, 0, 2, 0.25])
    x[:, 2] += 3 * scale
    module = tcgrad.loads(HEAD + "".join(f"  - {each}\n" for each in equations) + "wrt: [x]\n").compile()
    wanted = reference(x, z)
    dy = rng.normal(size=wanted.shape)
    with np.errstate(all="raise", under="ignore"):
        got, (gradient,) = module.value_and_grad(x, z, dy)
        tangent = module.jvp(x, z, dx)
        jacobian = module.jacobian(x, z)["y", "x"]
    np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose((dy * tangent).sum(), (gradient * dx).sum(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(np.tensordot(dy, jacobian, dy.ndim), gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", WEIGHTED)
def test_derivatives_by_weights(name):
    equations, reference = WEIGHTED[name]
    rng = np.random.default_rng(4)
    x, z, dz = 1e4 + rng.normal(size=(4, 5)), np.array([1, 0.5, 0, 2, 0.25]), rng.normal(size=5)
    function = tcgrad.loads(HEAD + "".join(f"  - {each}\n" for each in equations))
    assert function.check(dtype=["float64"]).ok
    module = function.compile()
    dy = rng.normal(size=reference(x, z).shape)
    with np.errstate(all="raise", under="ignore"):
        _, (_, gradient) = module.value_and_grad(x, z, dy)
        tangent = module.jvp(x, z, 0 * x, dz)
    np.testing.assert_allclose((dy * tangent).sum(), gradient @ dz, rtol=1e-9, atol=1e-12)


def test_weights_over_more_indices_make_no_larger_arrays():
    equation = "y = log(sum[j,k](z[j]*x[k,j]*exp(z[j])))"
    assert "where" not in tcgrad.loads(f"{HEAD}  - {equation}\n").emit()


def test_weights_that_are_all_0():
    """As it is written: the logarithm of nothing, and 0/0."""
    x, z = np.ones((4, 5)), np.zeros(5)
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, wanted in {"logarithm": -np.inf, "softmax": np.nan}.items():
            module = tcgrad.loads(f"{HEAD}  - {WEIGHTED[name][0][0]}\n").compile()
            np.testing.assert_array_equal(np.unique(module.forward(x, z)), [wanted])


def beside(*parts):
    """The logarithm of the sum of ``exp`` of the numbers in each of 4 rows, which parts stand beside each other in."""
    return special.logsumexp(np.concatenate([np.reshape(part, (4, -1)) for part in parts], axis=1), axis=1)


NOTHING = np.zeros((4, 1))


def mixed(x, z):
    """The logarithm of a sum of two exponentials with weights."""
    return beside(x[:, 0] + np.log(z[0] ** 2), -x[:, 1] + np.log(1 + z[1] ** 2))


def less_two(x):
    """``1/(exp(1 + x^2) - 2)`` of the first column."""
    small = np.exp(-1 - x[:, 0] ** 2)
    return small / (1 - 2 * small)


# Equations of a 4 x 5 matrix x and a vector z of 5 -> the last one: several terms, and numbers among them.
SEVERAL = {
    "y[i] = log(1 + 1[k]*exp(x[i,k]))": lambda x, _: beside(NOTHING, x),
    "y[i] = log(3 + 1[k]*exp(x[i,k]))": lambda x, _: beside(NOTHING + np.log(3), x),
    "y[i] = log(N + 1[k]*exp(x[i,k]))": lambda x, _: beside(NOTHING + np.log(4), x),
    "y[i] = log(exp(z[0]) + 1[k]*exp(x[i,k]))": lambda x, z: beside(NOTHING + z[0], x),
    "y[i] = log(exp(x[i,0]) + 2*exp(x[i,1]) + exp(x[i,2]))": lambda x, _: beside(x[:, :3] + np.log([1, 2, 1])),
    "y[i] = log(1[j]*exp(-x[i,j]) + 1[k]*exp(x[i,k]))": lambda x, _: beside(-x, x),
    "y[i] = log(1 + sum[k]([k != i]*exp(x[i,k])))": lambda x, _: beside(NOTHING, np.where(np.eye(4, 5), -np.inf, x)),
    "y[i] = log(sum[k]([k != i]*exp(x[i,k])))": lambda x, _: beside(np.where(np.eye(4, 5), -np.inf, x)),
    "y[i] = log(1 + sum[k](exp(x[i,k]))*sum[k](exp(-2*x[i,k])))": lambda x, _: beside(
        NOTHING, beside(x) + beside(-2 * x)
    ),
    "y[i] = log(exp(x[i,0])/(exp(x[i,0]) + sum[k]([k > 0]*exp(x[i,k]))))": lambda x, _: x[:, 0] - beside(x),
    "y[i] = exp(x[i,0])/(exp(x[i,0]) + exp(x[i,1]) + exp(x[i,2]))": lambda x, _: np.exp(x[:, 0] - beside(x[:, :3])),
    "y[i] = exp(x[i,1])/(2 + exp(x[i,1]))": lambda x, _: np.exp(x[:, 1] - beside(NOTHING + np.log(2), x[:, 1])),
    "y[i] = 1[k]*exp(x[i,k])/(1 + 1[m]*exp(x[i,m]))": lambda x, _: np.exp(beside(x) - beside(NOTHING, x)),
    "y[i] = (1[k]*z[k]*exp(x[i,k]) + z[0])/(1 + 1[m]*exp(x[i,m]))": lambda x, z: (
        np.exp(np.hstack([x, NOTHING]) - beside(NOTHING, x)[:, None]) @ np.append(z, z[0])
    ),
    "y[i] = log(z[0]^2*exp(x[i,0]) + (1 + z[1]^2)*exp(-x[i,1]))": mixed,
    "y[i] = z[0]^2*exp(x[i,0])/(z[0]^2*exp(x[i,0]) + (1 + z[1]^2)*exp(-x[i,1]))": lambda x, z: np.exp(
        x[:, 0] + np.log(z[0] ** 2) - mixed(x, z)
    ),
    "y[i] = 1/(exp(1 + x[i,0]^2) - 2)": lambda x, _: less_two(x),
    "y[i] = x[i,0]^3/(exp(1 + x[i,0]^2) - 2)": lambda x, _: x[:, 0] ** 3 * less_two(x),
    "y[i] = log(exp(1 + x[i,0]^2) - 2)": lambda x, _: 1 + x[:, 0] ** 2 + np.log1p(-2 * np.exp(-1 - x[:, 0] ** 2)),
}


@pytest.mark.parametrize("equation", SEVERAL)
@pytest.mark.parametrize("scale", [1, 1e4])
def test_sums_of_several_terms_of_any_size(equation, scale):
    rng = np.random.default_rng(1)
    x, z, dx, dz, dy = (
        scale * rng.normal(size=(4, 5)),
        rng.normal(size=5),
        *map(rng.normal, (0, 0, 0), (1, 1, 1), ((4, 5), 5, 4)),
    )
    function = tcgrad.loads(f"dims: {{N: 4}}\n{HEAD}  - {equation}\n")
    module = function.compile()
    with np.errstate(all="raise", under="ignore"):
        got, gradients = module.value_and_grad(x, z, dy)
        tangent = module.jvp(x, z, dx, dz)
    np.testing.assert_allclose(got, SEVERAL[equation](x, z), rtol=1e-12, atol=1e-300)
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    np.testing.assert_allclose(dy @ tangent, (gradients[0] * dx).sum() + gradients[1] @ dz, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("equation", SEVERAL)
def test_gradients_of_sums_of_several_terms(equation):
    assert tcgrad.loads(f"dims: {{N: 4}}\n{HEAD}  - {equation}\n").check(dtype=["float64"]).ok


def test_the_logarithm_of_nothing_is_minus_infinity():
    equation = "y[i] = log(where(x[i,0] > 0, exp(z[0]), 0) + where(x[i,0] > 1, exp(z[1]), 0))"
    module = tcgrad.loads(f"{HEAD}  - {equation}\n").compile()
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(module.forward(-np.ones((4, 5)), np.ones(5)), np.full(4, -np.inf))


# What conditions leave out of a sum of exponentials overflows: of a vector z that falls -> what is left.
LEFT_OUT = {
    "y[i] = sum[j]([j < i]*exp(z[i] - z[j]))": lambda z: np.exp(np.where(np.tri(5, k=-1), z[:, None] - z, -np.inf)),
    "y[i] = sum[j]([z[j] > z[i]]*exp(z[i] - z[j]))": lambda z: np.exp(
        np.where(z > z[:, None], z[:, None] - z, -np.inf)
    ),
}


@pytest.mark.parametrize("equation", LEFT_OUT)
def test_exponentials_that_are_left_out_do_not_overflow(equation):
    z, dy = -1e3 * np.arange(5) ** 1.5, np.arange(1.0, 6)
    module = tcgrad.loads(f"inputs: {{z: [5]}}\nequations:\n  - {equation}\n").compile()
    with np.errstate(all="raise", under="ignore"):
        got, (dz,) = module.value_and_grad(z, dy)
    left = LEFT_OUT[equation](z)
    np.testing.assert_allclose(got, left.sum(axis=1), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(dz, dy * left.sum(axis=1) - dy @ left, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize(
    "equation",
    [
        "y[i] = sum[j]([j < i]*exp(z[i]*z[j])/(w[j] - w[i]))",
        "y[i] = sum[j]([j != i]*exp(z[i]*z[j])*log(abs(w[j] - w[i])))",
        "y[i] = w[i]*[i >= n[0]]*exp(z[i-n[0]])*w[i-n[0]]",
        "y[i] = w[i]*[i >= a]*exp(z[i-a])",
    ],
)
def test_conditions_stay_beside_what_need_not_be_there_without_them(equation):
    inputs = "{z: [5], w: [5], n: {shape: [2], dtype: int, sample: {integers: [1, 4]}}"
    inputs += ", a: {shape: [], dtype: int, sample: {integers: [1, 4]}}}"
    assert tcgrad.loads(f"inputs: {inputs}\nequations:\n  - {equation}\n").check(dtype=["float64"]).ok


@pytest.mark.parametrize("scale", [1, 1e4])
def test_masked_sums_of_exponentials_in_recurrences(scale):
    """Both directions of the logarithms of sums over what has been reached."""
    equations = ["a[0,u] = x[0,u]", "a[t,u] = x[t,u] + log(sum[v]([v <= u]*exp(a[t-1,v])))", "y = a[3,4]"]
    text = "inputs: {x: [4, 5]}\nequations:\n" + "".join(f"  - {each}\n" for each in equations) + "indices: {u: 5}\n"
    x = scale * np.random.default_rng(0).normal(size=(4, 5))
    with np.errstate(all="raise", under="ignore"):
        y, (dx,) = tcgrad.loads(text).compile().value_and_grad(x)
    paths = [(a, b, c, 4) for c in range(5) for b in range(c + 1) for a in range(b + 1)]
    lengths = np.array([x[range(4), path].sum() for path in paths])
    wanted, weights = np.zeros((4, 5)), special.softmax(lengths)
    for path, weight in zip(paths, weights, strict=True):
        wanted[range(4), path] += weight
    np.testing.assert_allclose(y, special.logsumexp(lengths), rtol=1e-12)
    np.testing.assert_allclose(dx, wanted, rtol=1e-9, atol=1e-12)


def distribution(x):
    return special.softmax(x), special.log_softmax(x)


def partition(x, z):
    y = np.exp(-special.logsumexp(np.append(x, 0)))
    p = np.exp(x - special.logsumexp(np.append(x, 0)))
    return y, [-y * p, 0 * z], np.outer(p, 2 * y * p) - np.diag(y * p)


def choice(x, z):
    p = special.softmax(x)
    y = p @ z
    dx = p * (z - y)
    return y, [dx, p], np.diag(dx) - np.outer(dx, p) - np.outer(p, dx)


def tilt(x, z):
    """The mean of z under a softmax of both."""
    y, (dx, p), _ = choice(x + z, z)
    return y, [dx, dx + p], np.diag(dx) - np.outer(dx, p) - np.outer(p, dx)


def cross_entropy(x, z):
    (p, _), (q, log_q) = distribution(x), distribution(z)
    y = -p @ log_q
    dx = -p * (log_q + y)
    return y, [dx, q - p], np.diag(dx) - np.outer(dx, p) - np.outer(p, dx)


def divergence(x, z):
    (p, log_p), (q, log_q) = distribution(x), distribution(z)
    terms = log_p - log_q
    y = p @ terms
    dx = p * (terms - y)
    return y, [dx, q - p], np.diag(dx + p) - np.outer(p, p) - np.outer(dx, p) - np.outer(p, dx)


def evidence(x, z):
    p = special.softmax(x)
    return special.logsumexp(x) + 0 * z[0], [p, 0 * z], np.diag(p) - np.outer(p, p)


SOFTMAXES = ["p[i] = exp(x[i])/sum[k](exp(x[k]))", "q[i] = exp(z[i])/sum[k](exp(z[k]))"]

# Equations of two vectors, the last one a scalar -> it, its gradients, and its second derivatives by the first.
NAMED = {
    "a quotient that is multiplied": (["y = 1/(1 + sum[k](exp(x[k])))"], partition),
    "a sum": (["s = sum[k](exp(x[k]))", "y = sum[i](exp(x[i])*z[i]/s)"], choice),
    "exponentials and their sum": (["e[i] = exp(x[i])", "s = sum[k](e[k])", "y = e[i]*z[i]/s"], choice),
    "exponentials alone": (["e[i] = exp(x[i])", "y = sum[i](e[i]*z[i])/sum[k](e[k])"], choice),
    "exponentials of both, alone": (["e[i] = exp(x[i] + z[i])", "y = e[i]*z[i]/sum[k](e[k])"], tilt),
    "exponentials of both": (["e[i] = exp(x[i] + z[i])", "s = sum[k](e[k])", "y = e[i]*z[i]/s"], tilt),
    "all parts": (["e[i] = exp(x[i])", "n = e[i]*z[i]", "s = sum[k](e[k])", "y = n/s"], choice),
    "exponentials and a number": (["e[i] = exp(x[i])", "s = 1 + sum[k](e[k])", "y = 1/s"], partition),
    "logarithm of a sum": (["s = sum[k](exp(x[k]))", "y = log(s)"], evidence),
    "logarithm of a softmax": ([*SOFTMAXES, "y = -sum[i](p[i]*log(q[i]))"], cross_entropy),
    "logarithm of a quotient of two": ([*SOFTMAXES, "y = sum[i](p[i]*log(p[i]/q[i]))"], divergence),
}  # fmt: skip


# Those whose Hessian multiplies by the named exponentials one after the other.
BY_PARTS = ["exponentials and a number"]


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("scale", [1, 1e4])
def test_named_exponentials_of_any_size(name, scale):
    equations, reference = NAMED[name]
    rng = np.random.default_rng(2)
    x, z, vx, vz = scale * rng.normal(size=5), scale * rng.normal(size=5), rng.normal(size=5), rng.normal(size=5)
    text = "inputs: {x: [5], z: [5]}\nequations:\n" + "".join(f"  - {each}\n" for each in equations)
    function = tcgrad.loads(text)
    assert function.check(dtype=["float64"], trials=1).ok
    module = function.compile()
    wanted, gradients, second = reference(x, z)
    with np.errstate(all="raise", under="ignore"):
        got, found = module.value_and_grad(x, z)
        tangent = module.jvp(x, z, vx, vz)
        jacobian = module.jacobian(x, z)
        curved = module.hvp(x, z, vx, 0 * vz)[0]
        hessian = second if name in BY_PARTS else module.hessian(x, z)["x", "x"]
    close = {"rtol": 1e-9, "atol": 1e-12 * scale}
    np.testing.assert_allclose(got, wanted, **close)
    np.testing.assert_allclose(found, gradients, **close)
    np.testing.assert_allclose(tangent, gradients[0] @ vx + gradients[1] @ vz, **close)
    np.testing.assert_allclose([jacobian["y", "x"], jacobian["y", "z"]], gradients, **close)
    np.testing.assert_allclose(hessian, second, **close)
    np.testing.assert_allclose(curved, second @ vx, **close)


@pytest.mark.parametrize("scale", [1, 1e3])
def test_attention_with_named_exponentials_of_any_size(scale):
    """Their adjoint, which several gradients read, is divided by their sum."""
    shapes = "q: [3, 2], k: [4, 2], v: [4, 2]"
    equations = ["e[i,j] = exp(q[i,d]*k[j,d])", "z[i] = 1[j]*e[i,j]", "o[i,d] = e[i,j]*v[j,d]/z[i]"]
    module = tcgrad.loads(f"inputs: {{{shapes}}}\nequations: {equations}\n").compile()
    rng = np.random.default_rng(1)
    q, k, v, do, dq, dk = (rng.normal(size=(size, 2)) for size in (3, 4, 4, 3, 3, 4))
    q *= scale
    p = special.softmax(q @ k.T, axis=1)
    ds = p * ((do @ v.T) - ((do @ v.T) * p).sum(axis=1, keepdims=True))
    tangent = dq @ k.T + q @ dk.T
    turned = p * (tangent - (p * tangent).sum(axis=1, keepdims=True))
    with np.errstate(all="raise", under="ignore"):
        o, found = module.value_and_grad(q, k, v, do)
        moved = module.jvp(q, k, v, dq, dk, 0 * v)
        jacobian = module.jacobian(q, k, v)
    close = {"rtol": 1e-9, "atol": 1e-12 * scale}
    np.testing.assert_allclose(o, p @ v, **close)
    for number, (got, wanted) in enumerate(zip(found, [ds @ k, ds.T @ q, p.T @ do], strict=True)):
        np.testing.assert_allclose(got, wanted, **close)
        np.testing.assert_allclose(np.tensordot(do, jacobian["o", "qkv"[number]], 2), wanted, **close)
    np.testing.assert_allclose(moved, turned @ v, **close)


@pytest.mark.parametrize("scale", [1, 1e4])
def test_a_weighted_sum_with_a_name_of_any_size(scale):
    rng = np.random.default_rng(2)
    x, z, vx, vz = scale * rng.normal(size=5), rng.normal(size=5), rng.normal(size=5), rng.normal(size=5)
    text = "inputs: {x: [5], z: [5]}\nequations: ['n = sum[i](exp(x[i])*z[i])', 'y = n/sum[k](exp(x[k]))']\n"
    module = tcgrad.loads(text).compile()
    wanted, gradients, _ = choice(x, z)
    with np.errstate(all="raise", under="ignore"):
        got, found = module.value_and_grad(x, z)
        tangent = module.jvp(x, z, vx, vz)
    np.testing.assert_allclose(got, wanted, rtol=1e-9)
    np.testing.assert_allclose(found, gradients, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(tangent, gradients[0] @ vx + gradients[1] @ vz, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("equation", ["y = exp(x^2)*z*exp(-x^2)", "y = z*exp(-2*x^2)*exp(x^2)^2"])
def test_an_exponential_beside_its_inverse_is_1(equation):
    module = tcgrad.loads(f"inputs: {{x: [], z: []}}\nequations: ['{equation}']\n").compile()
    with np.errstate(all="raise", under="ignore"):
        y, gradients = module.value_and_grad(np.float64(1e3), np.float64(3.0))
    assert (y, *gradients) == (3, 0, 1)


def test_what_is_shifted_by_hand_stays():
    equations = ["m = max[k](x[k])", "e[i] = exp(x[i] - m)", "s = sum[k](e[k])", "y[i] = e[i]/s"]
    text = "inputs: {x: [5]}\nequations:\n" + "".join(f"  - {each}\n" for each in equations)
    assert tcgrad.loads(text).emit().count("x.max()") == 3  # forward, jvp and jacobian


# What brackets leave out of a product with a named exponential: of where u is negative, the exponential or else 1, and
# a -> the value and its gradient by u.
CLIPPED = {
    "y = sum[t](min(r[t], 1)*a[t])": lambda low, r, a: (r @ a, a * r * low),
    "y = sum[t](min(r[t]*a[t]^2, a[t]^2))": lambda low, r, a: (r @ a**2, a**2 * r * low),
    "y = sum[t](a[t]*r[t]*[r[t] < 1])": lambda low, r, a: (a @ (r * low), a * r * low),
}  # fmt: skip


@pytest.mark.parametrize("equation", CLIPPED)
def test_named_exponentials_that_are_clipped_do_not_become_nan(equation):
    u, a, v = np.array([-1, 2, 900.0, -900]), np.array([1.5, -2, 3, -4]), np.arange(4.0)
    text = f"inputs: {{u: [4], a: [4]}}\nequations:\n  - r[t] = exp(u[t])\n  - {equation}\n"
    module = tcgrad.loads(text).compile()
    with np.errstate(over="ignore", invalid="ignore"):
        y, (du, _) = module.value_and_grad(u, a)
        tangent = module.jvp(u, a, v, 0 * a)
        jacobian = module.jacobian(u, a)["y", "u"]
        curved, mixed = module.hvp(u, a, v, 0 * a)
        hessian = module.hessian(u, a)
    wanted, gradient = CLIPPED[equation](u < 0, np.exp(np.minimum(u, 0)), a)
    np.testing.assert_allclose(y, wanted, rtol=1e-12)
    np.testing.assert_allclose(du, gradient, rtol=1e-12)
    np.testing.assert_allclose(tangent, gradient @ v, rtol=1e-12)
    np.testing.assert_allclose(jacobian, gradient, rtol=1e-12)
    np.testing.assert_allclose(curved, gradient * v, rtol=1e-12)
    np.testing.assert_allclose(np.diag(hessian["u", "u"]), gradient, rtol=1e-12)
    assert np.isfinite(mixed).all()
    assert np.isfinite(hessian["u", "a"]).all()


# Terms at offsets from a position, by names of indices in another order of the alphabet.
@pytest.mark.parametrize(("own", "over"), [("w", "o"), ("u", "v"), ("a", "z")])
def test_a_softmax_under_a_mask_of_two_indices_is_one_whatever_they_are_called(own, over):
    mask, other = f"[0 <= t+{own}-2 < T]", f"[0 <= {over}+t-2 < T]"
    text = (
        f"dims: {{T: 7, W: 5}}\ninputs: {{s: [T, W]}}\nequations:\n"
        f"  - p[t,{own}] = exp(s[t,{own}])*{mask}/sum[{over}](exp(s[t,{over}])*{other})\n"
    )
    function = tcgrad.loads(text)
    forward = function.emit().split("def forward_saved")[1].split("def backward")[0]
    assert forward.count("np.exp") == 1
    s = np.random.default_rng(0).normal(size=(7, 5))
    inside = np.abs(np.arange(7)[:, None] + np.arange(5) - 5) <= 3
    np.testing.assert_allclose(function.compile().forward(s), masked(s, inside), rtol=1e-12)
    assert function.check(trials=1).ok


MASKED = [
    ["f = log(sum[i](exp(x[i])*b[i]))"],
    ["f = log(sum[i](b[i]*exp(2*x[i] - x[i])))"],
    ["e[i] = b[i]*exp(x[i])", "f = log(sum[i](e[i]))"],
    ["s = sum[i](b[i]*exp(x[i]))", "f = log(s)"],
]


@pytest.mark.parametrize("equations", MASKED)
@pytest.mark.parametrize(("dtype", "large"), [("float64", 1000), ("float32", 100)])
def test_what_a_mask_leaves_out_may_be_as_large_as_it_likes(equations, dtype, large):
    text = f"dims: {{N: 4}}\ninputs: {{x: [N], b: {{shape: [N], dtype: bool}}}}\nequations: {equations}\n"
    module = tcgrad.loads(text).compile()
    x, b = np.array([large, 0, 1, 2], dtype), np.array([False, True, True, True])
    share = np.where(b, np.exp(np.where(b, x, 0)), 0)
    share /= share.sum()
    f, (gradient,) = module.value_and_grad(x, b)
    rtol = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(f, np.log(np.exp(x[b]).sum()), rtol=rtol)
    np.testing.assert_allclose(gradient, share, rtol=rtol)
    np.testing.assert_allclose(module.jvp(x, b, np.ones_like(x)), 1, rtol=rtol)
    second = module.hessian(x, b)["x", "x"]
    np.testing.assert_allclose(second, np.diag(share) - np.outer(share, share), rtol=rtol, atol=rtol)
    assert gradient.dtype == second.dtype == dtype


SHARES, RELATIVE = "p[i,j] = exp(x[i,j])/(1[k]*exp(x[i,k]))", "p[i,j] = exp(x[i,j] - logsumexp[k](x[i,k]))"

LOOKED_UP = {
    "in a logarithm": [SHARES, "L = -mean[i](log(p[i,t[i]]))"],
    "by a name": [SHARES, "q[i] = p[i,t[i]]", "L = -mean[i](log(q[i]))"],
    "where there is a label": [SHARES, "L = -mean[i]([t[i] >= 0]*log(p[i,t[i]]))"],
    "relative to all": [RELATIVE, "q[i] = p[i,t[i]]", "L = -mean[i](log(q[i]))"],
    "relative to their logarithm": [
        "l[i] = logsumexp[k](x[i,k])",
        "q[i] = exp(x[i,t[i]] - l[i])",
        "L = -mean[i](log(q[i]))",
    ],
}


@pytest.mark.parametrize("equations", LOOKED_UP.values(), ids=LOOKED_UP)
@pytest.mark.parametrize(("dtype", "large"), [("float64", 1e4), ("float32", 1e3), ("float16", 100)])
def test_the_logarithm_of_a_softmax_at_a_label(equations, dtype, large):
    """Cross entropy by a softmax with a name is finite, and its gradient is the softmax less the one-hot label."""
    masked = "t[i] >= 0" in equations[-1]
    lowest = -1 if masked else 0
    label = f"{{shape: [4], dtype: int, sample: {{integers: [{lowest}, 5]}}}}"
    head = f"inputs: {{x: [4, 5], t: {label}}}\nequations:\n"
    function = tcgrad.loads(head + "".join(f"  - {line}\n" for line in equations)).compile()
    x = (large * np.random.default_rng(0).normal(size=(4, 5))).astype(dtype)
    t = np.array([0, 4, -1 if masked else 1, 2])
    with np.errstate(divide="raise"):
        loss, (gradient,) = function.value_and_grad(x, t)
    own = (t >= 0).astype(float)
    exact = special.log_softmax(x.astype(float), axis=1)
    np.testing.assert_allclose(loss, -(own * exact[np.arange(4), t]).sum() / 4, rtol=20 * np.finfo(dtype).eps)
    expected = own[:, None] * (np.exp(exact) - np.eye(5)[t]) / 4
    np.testing.assert_allclose(gradient, expected, atol=20 * np.finfo(dtype).eps)


@pytest.mark.parametrize("share", ["exp(x[i,t[i]])/sum[k](exp(x[i,k]))", "exp(x[i,t[i]] - logsumexp[k](x[i,k]))"])
def test_the_focal_loss_of_scores_however_far_apart(share):
    """Where the share of the label is 0 to all digits, the loss is the cross entropy."""
    text = "inputs: {x: [2, 3], t: {shape: [2], dtype: int, sample: {integers: [0, 3]}}}\nequations:\n"
    function = tcgrad.loads(f"{text}  - p[i] = {share}\n  - f[i] = -(1 - p[i])^2*log(p[i])\n").compile()
    x, t = np.array([[0.0, 900, 1], [0.5, -1, 2]]), np.array([0, 2])
    log_p = special.log_softmax(x, axis=1)
    p, own = np.exp(log_p[[0, 1], t]), log_p[[0, 1], t]
    slope = 2 * p * (1 - p) * own - (1 - p) ** 2
    f, (gradient,) = function.value_and_grad(x, t, np.ones(2))
    np.testing.assert_allclose(f, -((1 - p) ** 2) * own, rtol=1e-14)
    np.testing.assert_allclose(gradient, slope[:, None] * (np.eye(3)[t] - np.exp(log_p)), rtol=1e-13)
    np.testing.assert_allclose(function.jacobian(x, t)["f", "x"].sum(axis=1), gradient, rtol=1e-13)


@pytest.mark.parametrize("n", [3, 200, 1500, 10**9])
def test_the_logarithm_of_any_power_of_a_hyperbolic_cosine(n):
    x = np.array([-2.0, 0.5, 3.0])
    module = tcgrad.loads(f"inputs: {{x: [3]}}\nequations: ['y[i] = log(cosh(x[i])^{n})']\n").compile()
    np.testing.assert_allclose(module.forward(x), n * np.log(np.cosh(x)), rtol=1e-12)
    np.testing.assert_allclose(module.jacobian(x)["y", "x"], np.diag(n * np.tanh(x)), rtol=1e-12)


def test_one_exponential_over_several_sums_is_shifted_in_each():
    right = "exp(u[i])*(a[i]/(exp(u[i]) + exp(v[i])*[i >= 1]) + b[i]/(exp(u[i]) + exp(w[i])))"
    inputs = ", ".join(f"{name}: [N]" for name in "uvwab")
    made = tcgrad.loads(f"dims: {{N: 4}}\ninputs: {{{inputs}}}\nequations: ['y[i] = {right}']\n").compile()
    u, v, w = np.array([[-900.0, 3.0, 800.0, 1e4], [5.0, -800.0, 801.0, -1e4], [-899.0, 4.0, -3.0, 1e4]])
    a, b = np.array([[1.0, -2.0, 0.5, 3.0], [0.25, 1.0, 2.0, -1.0]])
    with np.errstate(over="ignore"):
        wanted = a / (1 + np.where(np.arange(4) >= 1, np.exp(v - u), 0)) + b / (1 + np.exp(w - u))
    value, gradients = made.value_and_grad(u, v, w, a, b, np.ones(4))
    np.testing.assert_allclose(value, wanted, rtol=1e-13)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_gradients_of_soft_alignments_are_finite_however_far_apart_the_series_are():
    """They hang on differences: what moves both series changes nothing."""
    step = "R[s,i] = (x[s] - y[i])^2 - log(exp(-R[s-1,i]) + exp(-R[s-1,i-1])*[i >= 1])"
    text = "dims: {S: 4, N: 5}\ninputs: {x: [S], y: [N]}\nindices: {s: S, i: N}\nequations:\n"
    lines = ["R[0,i] = (x[0] - y[i])^2", step, "l = sum[i](R[S-1,i])"]
    made = tcgrad.loads(text + "".join(f"  - '{line}'\n" for line in lines) + "outputs: [l]\n").compile()
    random = np.random.default_rng(0)
    x, y = 40 * random.normal(size=4), 40 * random.normal(size=5)
    _, (dx, dy) = made.value_and_grad(x, y)
    assert np.isfinite(dx).all()
    assert abs(dx.sum() + dy.sum()) < 1e-12 * np.abs(dx).sum()
    along = made.hvp(x, y, np.ones(4), np.ones(5))
    np.testing.assert_allclose(np.concatenate(along), 0, atol=1e-10)


@pytest.mark.parametrize("chosen", ["[ok[j] > 0]", "[ok[j] == 1]", "ok[j]"])
def test_a_condition_that_stands_before_a_sum_chooses_among_the_exponentials_in_it(chosen):
    """The gradients of keys and values have the condition in front of the sum over the queries."""
    below = chosen.replace("j", "m")
    equation = f"o[i,e] = {chosen}*exp(q[i,d]*k[j,d])*v[j,e]/sum[m]({below}*exp(q[i,c]*k[m,c]))"
    inputs = "{q: [3, 2], k: [4, 2], v: [4, 5], ok: {shape: [4], dtype: int, sample: {integers: [0, 2]}}}"
    made = tcgrad.loads(f"inputs: {inputs}\nequations: ['{equation}']\n").compile()
    random = np.random.default_rng(0)
    q, k, v, do = (random.normal(size=shape) for shape in ((3, 2), (4, 2), (4, 5), (3, 5)))
    ok = np.array([1, 0, 1, 1])
    q, k = 100 * q, 100 * k
    k[1] = 1e4 * q[0]  # left out, and would overflow
    scores = np.where(ok, q @ k.T, -np.inf)
    a = np.exp(scores - scores.max(axis=1, keepdims=True))
    a /= a.sum(axis=1, keepdims=True)
    ds = a * (do @ v.T - (do * (a @ v)).sum(axis=1, keepdims=True))
    value, gradients = made.value_and_grad(q, k, v, ok, do)
    np.testing.assert_allclose(value, a @ v, rtol=1e-9)
    for got, wanted in zip(gradients, (ds @ k, ds.T @ q, a.T @ do), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)


def test_an_exponential_among_many_sums_is_looked_for_in_few_of_their_products(monkeypatch):
    """Each sum that is multiplied out leads to other products: of seven there are thousands."""
    sums = "*".join(f"(p[n] + u[n]^{k})" for k in range(1, 8))
    text = "inputs: {x: [3, 4], u: [3]}\nequations:\n  - p[n] = exp(x[n,0] - logsumexp[d](x[n,d]))\n"
    made = tcgrad.loads(f"{text}  - y[n] = log(p[n])*{sums}*sin(p[n] + 2)\n")
    seen, of = [], Shift.of
    monkeypatch.setattr(Shift, "of", lambda total: seen.append(total) or of(total))
    made.emit()
    assert len(seen) < 2000
