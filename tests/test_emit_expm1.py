"""``1 - exp(-v)`` keeps its digits in logarithms and divisors, and what cannot overflow is not shifted."""

import mpmath
import numpy as np
import pytest

import tcgrad

AT = [-45.0, -20.0, -1.0, 0.0, 2.0, 5.0, 100.0]
BESIDE = [-3.0, 0.7, 1.5, 2.0, 0.25, -1.0, 3.0]

FUNCTIONS = {
    "log(1 - exp(-exp(x[i])))": lambda x, _: mpmath.log(-mpmath.expm1(-mpmath.exp(x))),
    "z[i]/(1 - exp(-exp(x[i])))": lambda x, z: -z / mpmath.expm1(-mpmath.exp(x)),
    "log(z[i]^2 - z[i]^2*exp(-exp(x[i])))": lambda x, z: mpmath.log(-(z**2) * mpmath.expm1(-mpmath.exp(x))),
    "z[i]*log(3*(1 - exp(-exp(x[i]))))": lambda x, z: z * mpmath.log(-3 * mpmath.expm1(-mpmath.exp(x))),
}


def _emitted(right):
    return tcgrad.loads(f"dims: {{N: 7}}\ninputs: {{x: [N], z: [N]}}\nequations: ['y[i] = {right}']\n")


@pytest.mark.parametrize("right", FUNCTIONS)
def test_what_is_left_of_one_keeps_its_digits(right):
    function = FUNCTIONS[right]
    module = _emitted(right).compile()
    with mpmath.workdps(400):
        pairs = [(mpmath.mpf(x), mpmath.mpf(z)) for x, z in zip(AT, BESIDE, strict=True)]
        values = [float(function(x, z)) for x, z in pairs]
        slopes = [float(mpmath.diff(function, pair, (1, 0))) for pair in pairs]
    value, (dx, _) = module.value_and_grad(np.array(AT), np.array(BESIDE), np.ones(7))
    np.testing.assert_allclose(value, values, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(dx, slopes, rtol=1e-12, atol=1e-300)


def test_the_same_difference_is_one_function_wherever_it_stands():
    text = _emitted("z[i]*log(1 - exp(-exp(x[i]))) - (1 - z[i])*exp(x[i])").emit()
    backward = text.split("def backward")[1].split("def ")[0]
    assert "np.exp(" not in backward


@pytest.mark.parametrize("right", ["1 - exp(-x[i]^2)", "log(2 + exp(-x[i]^2))", "z[i]/(2 + exp(-x[i]^2))"])
def test_exponentials_that_are_at_most_one_are_written_as_they_are(right):
    text = _emitted(right).emit()
    assert "np.exp(" in text
    assert "maximum" not in text
    assert "expm1" not in text
