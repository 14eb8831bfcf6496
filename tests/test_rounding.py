"""The bound on rounding errors, where the draws that it is found from say little."""

import numpy as np
import pytest

import tcgrad
from tcgrad.check.effort import Effort
from tcgrad.check.precision import unit_roundoff
from tcgrad.check.rounding import rounding

EFFORT = Effort(np.dtype(np.longdouble), draws=6, safety=16.0, columns=16, directions=3, trials=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_draws_that_move_nothing_by_chance_leave_the_error_of_the_last_operations(dtype):
    """Few elements and a single draw: all of it may be drawn near 0."""
    how = rounding(np.dtype(dtype), EFFORT, 0).rough
    exact = np.array([3.0, -8.0], how.dtype)
    bound = how.bound(np.stack([exact, exact]), exact)
    assert (bound >= 2 * unit_roundoff(np.dtype(dtype)) * np.abs(exact)).all()
    assert (how.bound(exact, exact) == 0).all()  # what is not computed is exact


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("body", ["s", "s + 0*x[m]", "s*x[m]^0"])
def test_the_largest_entry_and_a_logarithm_may_cancel(body, seed):
    """Near ``-log 2`` the result is far smaller than what it is the sum of, and so is its exactness."""
    spec = f"""
dims: {{M: 2}}
inputs: {{s: {{shape: [], sample: {{uniform: [-0.6932, -0.6931]}}}}, x: [M]}}
indices: {{m: M}}
equations: ["y = logsumexp[m]({body})"]
"""
    result = tcgrad.loads(spec, "cancelling").check(trials=2, seed=seed, sizes="own")
    assert result.ok, [(found.kind, found.max_abs_error, found.tolerance) for found in result.results]
