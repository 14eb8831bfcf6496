"""Sums of polynomials in the indices alone: written with the sizes, and of the value that adding up gives."""

import numpy as np
import pytest

import tcgrad
from tcgrad.calculus import derive
from tcgrad.evaluate import evaluate, evaluate_program
from tcgrad.language.elaborate import elaborate
from tcgrad.notation.index import print_statement
from tcgrad.notation.naming import Surroundings
from tcgrad.spec.loader import read_spec

SPEC = """
dims: {{N: 5, M: 3}}
inputs: {{x: [N], y: [M], z: []}}
equations: ["f = {}"]
outputs: [f]
"""


def gradient(right, sizes=None):
    """``df/dz`` as it is printed, and its value."""
    program = elaborate(read_spec(SPEC.format(right), "sums"), sizes)
    made = next(j.define for j in derive(program).jacobians if j.wrt.name == "z")
    (line,) = print_statement(made, surroundings=Surroundings.of(program))
    rng = np.random.default_rng(0)
    inputs = {item.tensor.name: rng.uniform(1, 2, [s.value for s in item.tensor.shape]) for item in program.inputs}
    return line, evaluate(made.body, (), evaluate_program(program, inputs)), inputs


POLYNOMIALS = [
    ("sum[n](z*n + x[n])", "N*(N - 1)/2", lambda n, _: n),
    ("sum[n](z*n^2 + x[n])", "N*(2*N*N - 3*N + 1)/6", lambda n, _: n**2),
    ("sum[n](z*(N-1-n) + x[n])", "N*(N - 1)/2", lambda n, _: n),
    ("sum[n](z*(n/2 + 1) + x[n])", "N*(N + 3)/4", lambda n, _: n / 2 + 1),
    ("sum[n,m](z*(n - m)^2 + x[n]*y[m])", None, lambda n, m: (n - m) ** 2),
    ("sum[n,m](z*n^3*m^6 + x[n]*y[m])", None, lambda n, m: n**3 * m**6),
    ("sum[n,m](z*n*(m + 1) + x[n]*y[m])", None, lambda n, m: n * (m + 1)),
]


@pytest.mark.parametrize(("right", "printed", "term"), POLYNOMIALS)
@pytest.mark.parametrize("sizes", [{"N": 5, "M": 3}, {"N": 1, "M": 7}, {"N": 8, "M": 1}])
def test_the_closed_form_is_the_sum(right, printed, term, sizes):
    line, value, _ = gradient(right, sizes)
    n, m = np.ogrid[: sizes["N"], : sizes["M"]]
    expected = term(n, m)
    assert value == pytest.approx(float((expected if "m" in right else expected[:, :1]).sum()), rel=1e-12)
    assert "n]" not in line
    assert "m]" not in line
    if printed:
        assert line == f"df/dz = {printed}"


@pytest.mark.parametrize(
    ("right", "printed"),
    [
        ("sum[n](z/(n + 1) + x[n])", "x[n]^0/(n + 1)"),
        ("sum[n](z*(n//2) + x[n])", "x[n]^0*(n//2)"),
        ("sum[m](z*[m < 2] + y[m])", "y[m]^0*[m < 2]"),
        ("sum[n](z*exp(-n) + x[n]) + sum[n](z*n^7 + x[n])", None),
        ("sum[n](z/(n + 1) + x[n+2])", "x[n+2]^0/(n + 1)"),
        ("sum[m](z^2*exp(z*m) + y[m])", None),
        ("prod[n](z + n + 0*x[n])*logsumexp[m](z*m + 0*y[m])", None),
    ],
)
def test_a_sum_whose_range_nothing_else_tells_reads_what_does(right, printed):
    """What is printed is an equation of the language: each index has a range in it."""
    line, value, inputs = gradient(right)
    if printed:
        assert line == f"df/dz = {printed}"
    program = tcgrad.loads(SPEC.format(line.partition(" = ")[2])).program
    (again,) = (evaluate_program(program, inputs)[out] for out in program.outputs)
    assert again == pytest.approx(value, rel=1e-12)
