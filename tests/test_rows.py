"""The texts in the rows of the function table say what the functions are: by mpmath."""

import mpmath
import numpy as np
import pytest
from reference_functions import MORE, by_mpmath

from tcgrad.errors import TcgradError
from tcgrad.evaluate import evaluate
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Call, Component, Const, Mul, const
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.language.rows import written_out

POINTS = (-0.75, -0.25, 0.375, 0.875, 1.5, 6.875)  # away from kinks and jumps
AXIS = Index("p", Integer.of(1))
A = Component(Tensor("a", (AXIS.size,), Role.INPUT), (AXIS.expr,))


def place_of(name):
    """Which argument is moved."""
    return 1 if name == "polygamma" else 0


def call_of(name):
    before = (const(2),) if name == "polygamma" else ()
    return Call(FUNCTIONS[name], (*before, A, *map(Const, MORE.get(name, ()))))


def points_of(name):
    low, high = FUNCTIONS[name].domain[place_of(name)]
    return [a for a in POINTS if low < a < high]


def values(expr, points):
    return [float(evaluate(expr, (AXIS,), {A.tensor: np.array([a])})[0]) for a in points]


def right(name, points):
    return [float(by_mpmath(name, a)) for a in points]


@pytest.mark.parametrize("name", [row.name for row in FUNCTIONS.values() if row.definition])
def test_a_definition_is_the_function(name):
    points = [a for a in points_of(name) if a > 0 or name != "cbrt"]  # a power has no value where its base is negative
    found = values(written_out(FUNCTIONS[name].definition, call_of(name)), points)
    np.testing.assert_allclose(found, right(name, points), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [row.name for row in FUNCTIONS.values() if row.gate])
def test_a_gate_times_the_argument_is_the_function(name):
    gated = Mul((A, written_out(FUNCTIONS[name].gate, call_of(name))))
    np.testing.assert_allclose(values(gated, points_of(name)), right(name, points_of(name)), rtol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_derivative_is_the_slope(name):
    found = values(written_out(FUNCTIONS[name].partials[place_of(name)], call_of(name)), points_of(name))
    slopes = [float(mpmath.diff(lambda z: mpmath.re(by_mpmath(name, z)), a)) for a in points_of(name)]
    np.testing.assert_allclose(found, slopes, rtol=1e-7, atol=1e-12)


def test_the_value_itself_is_the_call():
    whole = call_of("tanh")
    assert written_out("y", whole) is whole
    assert written_out("y*a", whole) == Mul((whole, A))


def test_a_text_of_other_names_is_refused():
    with pytest.raises(TcgradError):
        written_out("a + b", call_of("tanh"))
