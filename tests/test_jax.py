"""Generated programs of the whole language against JAX: values, gradients, Jacobians, tangents, Hessians to 1e-8."""

import pytest

jax_oracle = pytest.importorskip("jax_oracle", reason="needs JAX, of the extra `jax`", exc_type=ImportError)
from whole_programs import whole_spec  # noqa: E402

QUICK = (0, 2, 3, 4, 6, 7)
MANY = range(520)


@pytest.mark.parametrize("seed", QUICK)
def test_programs(seed):
    jax_oracle.check(whole_spec(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY)
def test_many_programs(seed):
    jax_oracle.check(whole_spec(seed))
