"""The error function and its complement in extended precision, beside those of mpmath."""

import mpmath
import numpy as np
import pytest

from tcgrad.evaluate.functions import special

POINTS = np.concatenate(
    [
        np.linspace(-9, 9, 73),
        np.linspace(10, 105, 39),
        10.0 ** np.arange(-300, 0, 20),
        -(10.0 ** np.arange(-18, 0)),
    ]
).astype(np.longdouble) * (1 + np.longdouble(1e-3) / 3)  # fmt: skip


def exact(number):
    mantissa, exponent = np.frexp(number)
    return mpmath.ldexp(mpmath.mpf(int(np.ldexp(mantissa, 120))), int(exponent) - 120)


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_within_a_few_units_of_rounding(name):
    found = getattr(special, name)(POINTS)
    with mpmath.workdps(60):
        for point, value in zip(POINTS, found, strict=True):
            right = getattr(mpmath, name)(exact(point))
            assert abs(exact(value) - right) <= 4 * float(np.finfo(np.longdouble).eps) * abs(right), point


def test_at_the_ends():
    ends = np.array([-np.inf, 0, 200, 1e300, np.inf, np.nan], np.longdouble)
    np.testing.assert_array_equal(special.erf(ends), [-1, 0, 1, 1, 1, np.nan])
    np.testing.assert_array_equal(special.erfc(ends), [2, 1, 0, 0, 0, np.nan])
