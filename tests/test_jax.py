"""The whole language against JAX: values, gradients, Jacobians, tangents, Hessians to 1e-8, and float32 kept.

Functions written by hand, each also at other sizes than its module was emitted for, and generated programs.
"""

from pathlib import Path

import pytest
import yaml

jax_oracle = pytest.importorskip("jax_oracle", reason="needs JAX, of the extra `jax`", exc_type=ImportError)
from deep_programs import deep_spec  # noqa: E402
from recurrent_programs import other_sizes, recurrent_spec  # noqa: E402
from rich_programs import rich_spec  # noqa: E402
from whole_programs import inferred_spec, whole_spec  # noqa: E402

FUNCTIONS = yaml.load(Path(__file__).with_name("functions.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506
QUICK_FUNCTIONS = ("causal conv1d", "linear attention", "leaky integrator", "ridge regression")
QUICK = (0, 2, 4, 7, 301)
MANY = range(520)
INFERRED = (8, 165, 169)
MANY_INFERRED = range(0, 520, 4)
RICH = (1, 5)
MANY_RICH = range(400)
DEEP = range(0, 48, 4)
RECURRENT = (1, 46)
MANY_RECURRENT = [seed for seed in range(400) if seed not in RECURRENT]
MANY_DEEP = [seed for seed in range(600) if seed not in DEEP]


def check_function(name):
    function = FUNCTIONS[name]
    jax_oracle.check(function["spec"], {dim: int(size) for dim, size in function["sizes"].items()})


@pytest.mark.parametrize("name", QUICK_FUNCTIONS)
def test_functions(name):
    check_function(name)


@pytest.mark.long
@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_functions(name):
    check_function(name)


SHARED = [  # a dummy in several parts of one factor, which is summed as a whole
    "y[a,c] = where(A[a,b]*A[b,c] > 0.3, A[a,b]*A[b,c]*s, s^2)",
    "y = max(x[i]*z[i], z[i]*z[i])*s",
    "y = where(x[i] > z[i], x[i]*x[i], z[i])",
    "y = [x[i]*x[i] > z[i]*x[i]]*s*x[k]*x[k]",
    "y = (z[i]*z[i])^(x[i]*x[i])",
    "y[k] = atan2(x[i], z[i])*x[k]",
]


@pytest.mark.long
@pytest.mark.parametrize("equation", SHARED)
def test_a_dummy_in_several_parts_of_one_factor(equation):
    jax_oracle.check(f"inputs: {{A: [3, 3], x: [4], z: [4], s: []}}\nequations: ['{equation}']\n")


@pytest.mark.parametrize("seed", QUICK)
def test_programs(seed):
    jax_oracle.check(whole_spec(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY)
def test_many_programs(seed):
    jax_oracle.check(whole_spec(seed))


@pytest.mark.parametrize("seed", INFERRED)
def test_inferred_ranges(seed):
    jax_oracle.check(inferred_spec(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY_INFERRED)
def test_many_inferred_ranges(seed):
    jax_oracle.check(inferred_spec(seed))


def check_where_settled(text):
    oracle = jax_oracle.Oracle(text)
    if not oracle.is_finite_in_jax:
        pytest.skip("overflows as JAX is told it")
    if oracle.is_left_to_rounding:
        pytest.skip("rounding decides about its values")
    jax_oracle.check(text, second=True)


@pytest.mark.parametrize("seed", RICH)
def test_rich_programs(seed):
    jax_oracle.check(rich_spec(seed), second=True)


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY_RICH)
def test_many_rich_programs(seed):
    check_where_settled(rich_spec(seed))


@pytest.mark.parametrize("seed", DEEP)
def test_deep_programs(seed):
    jax_oracle.check(deep_spec(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY_DEEP)
def test_many_deep_programs(seed):
    check_where_settled(deep_spec(seed))


@pytest.mark.parametrize("seed", RECURRENT)
def test_recurrent_programs(seed):
    jax_oracle.check(recurrent_spec(seed), other_sizes(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY_RECURRENT)
def test_many_recurrent_programs(seed):
    jax_oracle.check(recurrent_spec(seed), other_sizes(seed))
