"""``1 - sigmoid(u)`` and ``1 + erf(u)`` do not lose their digits in emitted code."""

import mpmath
import numpy as np
import pytest

import tcgrad

FAR = np.array([12.0, 25.0, -25.0, 30.0])

# A function of x, and its derivative at FAR, each by an expression that does not cancel.
FUNCTIONS = {
    "y[i] = sigmoid(x[i])*(1 - sigmoid(x[i]))": lambda s, t: s * t * (t - s),
    "y[i] = log(1 - sigmoid(x[i]))": lambda s, _: -s,
    "y[i] = x[i]*(1 - sigmoid(x[i]))": lambda s, t: t - FAR * s * t,
}


@pytest.mark.parametrize("equation", FUNCTIONS)
def test_complements_keep_their_digits(equation):
    module = tcgrad.loads(f"dims: {{N: 4}}\ninputs: {{x: [N]}}\nequations: ['{equation}']\n").compile()
    s, t = (1 / (1 + np.exp(-x.astype(np.longdouble))) for x in (FAR, -FAR))
    wanted = FUNCTIONS[equation](s, t).astype(float)
    _, (found,) = module.value_and_grad(FAR, np.ones(4))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    np.testing.assert_allclose(module.jvp(FAR, np.ones(4)), wanted, rtol=1e-12)


def test_the_tail_of_erf_keeps_its_digits():
    module = tcgrad.loads("inputs: {x: [4]}\nequations: ['y[i] = 1 + erf(x[i])']\n").compile()
    x = np.array([-6.0, -4.0, -1.0, 3.0])
    special = pytest.importorskip("scipy.special")
    np.testing.assert_allclose(module.forward(x), special.erfc(-x), rtol=1e-14)


def test_one_sigmoid_is_enough_where_it_is_added():
    text = tcgrad.loads("inputs: {x: [4]}\nequations: ['y[i] = x[i]*sigmoid(x[i])']\n").emit()
    assert "_sigmoid(-x)" not in text


# Products with what is 1 where x is large, and their derivatives there.
SATURATED = {
    "y[i] = x[i]*sigmoid(x[i])": np.ones_like,
    "y[i] = x[i]/(1 + exp(-1.7*x[i]))": np.ones_like,
    "s[i] = tanh(x[i]); y[i] = x[i]*s[i]": np.ones_like,
    "y[i] = x[i]*tanh(log(1 + exp(x[i])))": np.ones_like,
    "y[i] = log(1 + exp(x[i]))*tanh(x[i])": np.ones_like,
}


@pytest.mark.parametrize(("dtype", "large"), [("float64", 1e17), ("float32", 1e8), ("float16", 1e4)])
@pytest.mark.parametrize("equations", SATURATED)
def test_what_stands_beside_a_saturated_factor_is_not_lost(equations, dtype, large):
    module = tcgrad.loads(f"inputs: {{x: [2]}}\nequations: {equations.split('; ')}\n").compile()
    x = np.array([large, large / 3]).astype(dtype)
    _, (found,) = module.value_and_grad(x, np.ones(2, dtype))
    np.testing.assert_allclose(found, SATURATED[equations](x), rtol=1e-2 if dtype == "float16" else 1e-6)


def test_what_is_left_to_a_tanh_is_kept_beside_what_grows():
    module = tcgrad.loads("inputs: {x: [3]}\nequations: ['y[i] = x[i]*tanh(exp(x[i]))']\n").compile()
    _, (found,) = module.value_and_grad(np.array([4.0, 8, 40]), np.ones(3))
    np.testing.assert_allclose(found, np.ones(3), rtol=1e-15)


@pytest.mark.parametrize(("dtype", "large"), [("float64", 800), ("float32", 200), ("float16", 50)])
@pytest.mark.parametrize("sigmoid", ["sigmoid(x[i])", "1/(1 + exp(-x[i]))"])
def test_logarithms_of_a_named_sigmoid_and_of_its_complement_are_finite(sigmoid, dtype, large):
    equations = [f"p[i] = {sigmoid}", "y = -1[i]*(t[i]*log(p[i]) + (1 - t[i])*log(1 - p[i]))"]
    module = tcgrad.loads(f"inputs: {{x: [4], t: [4]}}\nequations: {equations}\n").compile()
    x, t = np.array([large, large, -large, -large]).astype(dtype), np.array([0.25, 1, 0.5, 0]).astype(dtype)
    with np.errstate(all="raise", under="ignore"):
        y, (dx, dt) = module.value_and_grad(x, t)
    assert y == large * (0.75 + 0.5)
    np.testing.assert_array_equal(dx, [0.75, 0, -0.5, 0])
    np.testing.assert_array_equal(dt, -x)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_softplus_is_the_same_in_small_and_in_large_arrays(dtype):
    module = tcgrad.loads("dims: {N: 4}\ninputs: {x: [N]}\nequations: ['y[i] = softplus(x[i])']\n").compile()
    x = np.concatenate([np.linspace(-30, 30, 1200), [-np.inf, -1e4, 1e4, np.inf]]).astype(dtype)
    with np.errstate(all="raise", under="ignore"):
        large, small = module.forward(x), np.concatenate([module.forward(part) for part in np.split(x, 7)])
    assert large.dtype == dtype
    np.testing.assert_allclose(large, small, rtol=4 * np.finfo(dtype).eps, atol=np.finfo(dtype).smallest_subnormal)


# Of one number x: logarithms and quotients of tails of the normal distribution, which are too small for a number.
TAILS = {
    "log(erfc(x))": lambda x: mpmath.log(mpmath.erfc(x)),
    "-2*log((1 + erf(-x/sqrt(2)))/2)": lambda x: -2 * mpmath.log(mpmath.ncdf(-x)),
    "3*exp(-x^2/2)/erfc(x/sqrt(2))": lambda x: 3 * mpmath.exp(-(x**2) / 2) / mpmath.erfc(x / mpmath.sqrt(2)),
    "x*exp(x^2)*erfc(x)": lambda x: x * mpmath.exp(x**2) * mpmath.erfc(x),
}


@pytest.mark.parametrize("function", TAILS)
def test_tails_of_the_normal_distribution_of_any_size(function):
    module = tcgrad.loads(f"inputs: {{x: []}}\nequations: ['y = {function}']\n").compile()
    for x in (-3.0, 0.0, 0.5, 6.0, 20.0):
        with mpmath.workdps(600):
            wanted, slope = float(TAILS[function](mpmath.mpf(x))), float(mpmath.diff(TAILS[function], mpmath.mpf(x)))
        y, (dx,) = module.value_and_grad(np.float64(x))
        np.testing.assert_allclose([y, dx], [wanted, slope], rtol=1e-11, atol=1e-14)
    for dtype, large in {"float16": 60, "float32": 1e3, "float64": 1e5}.items():
        assert np.isfinite(module.forward(np.dtype(dtype).type(large)))
