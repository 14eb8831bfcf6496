"""``1 - sigmoid(u)`` and ``1 + erf(u)`` do not lose their digits in emitted code."""

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
