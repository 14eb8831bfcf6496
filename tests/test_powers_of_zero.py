"""Powers of 0 with exponents that are differentiated by: ``0^v`` is 0 for each ``v > 0``, and does not move with it."""

import numpy as np
import pytest
from emit_tools import Emitted, spec

import tcgrad

INPUTS = ["x: {shape: [5], sample: {integers: [0, 3]}}", "a: {shape: [5], sample: {uniform: [2.5, 4]}}"]

# Equations, the last one of which is an output.
POWERS = {
    "by itself": ["y[i] = x[i]^a[i]"],
    "summed": ["f = sum[i](x[i]^a[i])"],
    "with a factor": ["y[i] = 3*x[i]^a[i]*a[0]"],
    "of a name": ["r[i] = x[i]^2", "p[i] = r[i]^a[i]", "f = sum[i](p[i]^2)"],
    "under a name": ["p[i] = x[i]^a[0]", "f = sum[i](tanh(p[i])*a[i])"],
    "of a modulus": ["y[i] = abs(x[i] - 1)^(1 + a[n]^2/9)*1[n]"],
    "of a part that is cut off": ["y[i] = relu(x[i] - 1)^a[i]"],
    "of distances": ["y[i,j] = abs(x[i] - x[j])^a[0]"],
    "in a quotient": ["y[i] = x[i]^a[i]/(1[k]*x[k]^a[k] + 1)"],
    "twice": ["f = sum[i](x[i]^a[0]*(2 + x[i])^a[1])"],
}


@pytest.mark.parametrize("name", POWERS)
def test_derivatives_at_0(name):
    result = tcgrad.loads(spec(INPUTS, POWERS[name], wrt="[a]")).check(trials=3)
    assert [(each.kind, each.wrt, each.message) for each in result.results if each.status not in ("pass", "skip")] == []


@pytest.mark.parametrize("name", POWERS)
def test_by_exponents_they_are_those_nearby(name):
    module = Emitted(spec(INPUTS, POWERS[name], wrt="[a]")).module
    a, v = np.linspace(2.5, 3.5, 5), np.linspace(-1, 1, 5)
    x = np.array([0, 1, 2, 0, 1.0])
    tangents = [module.jvp(x + near, a, v) for near in (0, 1e-30)]
    np.testing.assert_allclose(*tangents, rtol=1e-12, atol=1e-25)
    if np.ndim(tangents[0]) == 0:
        np.testing.assert_allclose(*(module.hvp(x + near, a, v)[0] for near in (0, 1e-30)), rtol=1e-9, atol=1e-25)
        np.testing.assert_allclose(
            *(module.hessian(x + near, a)["a", "a"] for near in (0, 1e-30)), rtol=1e-9, atol=1e-25
        )


def test_a_hand_derivation_with_the_logarithm_is_true_there():
    expected = "dl/da[p] = dl/dy[p]*y[p]*log(x[p])"
    result = tcgrad.loads(spec(INPUTS, ["y[i] = x[i]^a[i]"], expect=f"[{expected!r}]")).check(only="expect")
    assert result.results[0].proved


def test_values_at_a_point():
    derivation = tcgrad.loads(spec(["x: [2]", "a: []"], ["f = sum[i](x[i]^a)"])).derive(hessian=True)
    found = derivation.at({"x": [0, 2], "a": 3})
    for values, wanted in (found.jacobians, 8 * np.log(2)), (found.gradients, 8 * np.log(2)):
        (value,) = (array for tensor, array in values.items() if tensor.about[-1].name == "a")
        np.testing.assert_allclose(value, wanted)
    (value,) = (array for tensor, array in found.hessians.items() if [each.name for each in tensor.about] == [*"faa"])
    np.testing.assert_allclose(value, 8 * np.log(2) ** 2)


def test_logarithms_that_no_power_stands_beside_are_what_they_are():
    module = Emitted(spec(["x: [2]", "a: []"], ["y[i] = a*log(x[i]) + x[i]^2"])).module
    with np.errstate(divide="ignore"):
        assert module.jacobian(np.zeros(2), 1.0)["y", "a"].tolist() == [-np.inf, -np.inf]


@pytest.mark.parametrize("base", ["abs(x[i])", "(x[i]^2 + a[i]^2/9)"])
def test_a_power_that_is_too_small_for_its_type_does_not_move(base):
    """``log(u)`` beside ``u^(1/v)`` is that of ``u``, not of a power of what has become 0."""
    module = Emitted(spec(["x: [3]", "a: [3]"], [f"y[i] = {base}^(1/a[i])"])).module
    x, a, ones = np.array([0.5, -0.3, 0.1]), np.array([1e-4, 1e-5, 1e-3]), np.ones(3)
    y, (dx, da) = module.value_and_grad(x, a, ones)
    for each in y, dx, da, module.jvp(x, a, ones, ones):
        np.testing.assert_array_equal(each, 0)


@pytest.mark.parametrize("base", ["2", "(1 + x[i]^2)", "exp(x[i])", "(1 + i)"])
def test_what_is_never_0_is_not_asked_about(base):
    assert "== 0" not in Emitted(spec(["x: [3]", "a: [3]"], [f"y[i] = {base}^a[i]"])).source
