"""False alarms on random programs: what tcgrad derives and emits is right, and the checker must say so."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from share import share

sys.path.insert(0, str(Path(__file__).parent))

from false_alarms import verdicts
from graph_programs import graph_spec
from masked_programs import masked_spec
from programs import specs
from rich_programs import rich_spec

from tcgrad.api import loads
from tcgrad.report.checks.text import render_text

SETTINGS = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


def never_fails(text, dtype):
    result = loads(text, "random.yaml").check(dtype=dtype, trials=2)
    failures = [r for r in result.results if r.status == "fail"]
    assert not failures, f"{text}\n{render_text(result)}"
    if dtype != "float16":  # there rounding may leave nothing to decide by
        assert result.ok, f"{text}\n{render_text(result)}"


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
@settings(max_examples=8, derandomize=True, **SETTINGS)
@given(specs())
def test_right_programs_never_fail(dtype, text):
    never_fails(text, dtype)


@pytest.mark.long
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
@settings(max_examples=500, **SETTINGS)
@given(specs())
def test_right_programs_never_fail_in_many_runs(dtype, text):
    never_fails(text, dtype)


# Of the benchmark: sums of small values, and zeros beside a tensor that attain an extreme.
A_FEW = (58, 141)


@pytest.mark.parametrize("number", share(A_FEW, 2))
def test_programs_of_the_whole_language_raise_no_alarm(number):
    assert not verdicts("whole", number)["unwell"]


@pytest.mark.parametrize("number", [36, 117, 174, 180, 333, 393])
def test_what_double_precision_leaves_undecided_along_a_direction_is_decided_by_the_best_reference(number):
    made = loads(rich_spec(number), "random.yaml")
    assert made.check(method="directional", only=["gradient", "value_and_grad"], trials=1).ok


@pytest.mark.parametrize("number", range(6))
def test_rich_programs_never_fail(number):
    never_fails(rich_spec(number), "float64")


@pytest.mark.long
@pytest.mark.parametrize("number", range(6, 500))
def test_many_rich_programs_never_fail(number):
    found = verdicts("rich", number)
    assert not [row for row in found["unwell"] if row[1] == "fail"]


@pytest.mark.parametrize("number", share(range(400), 25))
def test_masked_programs_never_fail(number):
    never_fails(masked_spec(number), ("float64", "float32", "longdouble", "float16")[number % 4])


@pytest.mark.parametrize("number", share(range(400), 25))
def test_programs_on_graphs_never_fail(number):
    never_fails(graph_spec(number), ("float64", "float32")[number % 2])


@pytest.mark.parametrize("number", [7, 73, 108, 142])
def test_nodes_without_edges_have_derivatives(number):
    """Where sums are divided by what the edges at a node add up to."""
    never_fails(graph_spec(number), "float64")
