"""What is guessed from numbers and proved: parts of formulas by shorter names, and nothing that holds by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_oracles import program_of

import tcgrad
from tcgrad.conjecture.values import NoValueError, Point
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import Component
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Tensor
from tcgrad.notation.index import print_statement

POSITIVE = "{shape: [], sample: positive}"
HEAD = f"""
dims: {{N: 5, M: 3}}
constants: {{eps: 0.001, five: 5}}
inputs: {{x: [N], w: [N], a: [], b: [], p: {POSITIVE}, q: {POSITIVE}}}
"""
STANDARDISED = [
    "m = mean[i](x[i])",
    "s = sqrt(mean[i]((x[i] - m)^2))",
    "z[i] = (x[i] - m)/s",
]
PROJECTED = ["c = x[i]*w[i]/(w[k]*w[k])", "t[i] = c*w[i]", "e[i] = x[i] - t[i]"]

# equations, the input, and the formula for its gradient, which is that of a scalar given dl/df = 1
SHORTER = [
    ([*STANDARDISED, "f = mean[i](z[i]^3)"], "x", "df/dx[p] = 3*(z[p]*(z[p] - f) - 1)/(N*s)"),
    ([*PROJECTED, "f = sum[i](e[i]^2)"], "x", "df/dx[p] = 2*e[p]"),
    (["r[i] = abs(x[i])", "y[i] = x[i]/(1 + r[i])"], "x", "dl/dx[p] = dl/dy[p]/(1 + r[p])^2"),
    (
        ["r[i] = abs(x[i])", "m[i] = min(r[i], 1)", "f = sum[i](m[i]*(r[i] - m[i]/2))"],
        "x",
        "df/dx[p] = m[p]*sign(x[p])",
    ),
]
# What the part would be for the sizes or the constants of the spec alone, or almost.
AS_IT_IS = [
    (
        ["m = mean[i](x[i])", "v = mean[i]((x[i] - m)^2)", "z[i] = (x[i] - m)/sqrt(v + eps)", "f = mean[i](z[i]^3)"],
        "x",
        "z[i]^2",
    ),
    (["c = five/N", "f = exp(c*a) - b*c"], "b", "c"),
]


def formula(equations: list[str], wrt: str) -> tuple[str, set[str]]:
    """The formula as it is printed, and the inputs of which something is taken for granted."""
    derivation = tcgrad.loads(f"{HEAD}equations: {equations}\n").derivation
    (jacobian,) = (each for each in derivation.jacobians if each.wrt.name == wrt)
    (gradient,) = (each for each in derivation.gradients if each.wrt.name == wrt)
    shown = gradient if jacobian.of.order else jacobian
    line = gradient.statements[-1] if jacobian.of.order else jacobian.define
    assert isinstance(line, Define)
    return "".join(print_statement(line)), {each.tensor.name for each in shown.assumed}


@pytest.mark.parametrize(("equations", "wrt", "line"), SHORTER)
def test_shorter(equations: list[str], wrt: str, line: str) -> None:
    assert formula(equations, wrt) == (line, set())


@pytest.mark.parametrize(("equations", "wrt", "part"), AS_IT_IS)
def test_what_holds_for_one_size_or_nearly_stays(equations: list[str], wrt: str, part: str) -> None:
    assert part in formula(equations, wrt)[0]


BLACK_SCHOLES = ["d = c - b", "f = p*(1 + erf(c/sqrt(2)))/2 - q*exp(-a)*(1 + erf(d/sqrt(2)))/2"]


@pytest.mark.parametrize(("logarithm", "assumed"), [("log(p/q)", set()), ("log(p^2/q^2)/2", {"p", "q"})])
def test_what_is_taken_for_granted_is_told(logarithm: str, assumed: set[str]) -> None:
    """``exp(log(p/q))`` is ``p/q`` whatever the signs, ``exp(log(p^2/q^2)/2)`` is not."""
    equations = [f"c = ({logarithm} + (a + b^2/2))/b", *BLACK_SCHOLES]
    assert formula(equations, "p") == ("df/dp = (1 + erf(c/sqrt(2)))/2", assumed)


VALUES = """
dims: {N: 4, M: 3}
inputs: {x: [N], a: [N, M], n: {shape: [M], dtype: int, sample: {integers: [0, 3]}}, o: {shape: [N], outside: 0}}
indices: {i: N, j: M}
equations:
  - u[i] = sigmoid(x[i])*a[i,j]*a[i,j] + softplus(x[i]) - logsumexp[k](x[k])
  - v[j] = where(x[n[j]] > 0.5, abs(x[j]), max[i](a[i,j])) + [j >= 1]*a[2,j]
  - w[i] = o[i+1] - o[i-1] + clip(x[i], -0.5, 0.5)*prod[j](a[i,j])
  - f = u[i]*w[i] + sum[j](exp(v[j])*v[j])
"""


@pytest.mark.parametrize("turn", range(3))
def test_values_are_those_of_the_code(turn: int) -> None:
    function = tcgrad.loads(VALUES)
    point = Point(function.program, turn)
    arrays = [_array(point, item.tensor) for item in function.program.inputs]
    namespace: dict[str, Any] = {}
    exec(function.emit(), namespace)  # noqa: S102
    last = function.program.statements[-1]
    assert isinstance(last, Define)
    assert point.value(last.body, {}) == pytest.approx(namespace["forward"](*arrays), rel=1e-12)


def _array(point: Point, tensor: Tensor) -> np.ndarray:
    """The values of an input, one by one."""
    sizes = [point.size(size, {}) for size in tensor.shape]
    values = [point.value(Component(tensor, tuple(map(Integer.of, place))), {}) for place in np.ndindex(*sizes)]
    return np.array(values, dtype=float if tensor.is_real else int).reshape(sizes)


def test_what_is_not_known_in_numbers_has_no_value() -> None:
    program = program_of("dims: {N: 2}\ninputs: {A: [N, N]}\nequations: ['f = logdet(A)', 'y = 2*f']\n")
    define = program.statements[-1]
    assert isinstance(define, Define)
    with pytest.raises(NoValueError):
        Point(program, 0).value(define.body, {})


def test_where_an_index_has_no_values_at_small_sizes_nothing_is_guessed():
    text = """
dims: {L: 11}
inputs: {x: [5], z: [L, L]}
equations: ['y0 = 3/2*z[2,9]', 'y1 = x[1]*z[j,j]^2*z[j+1,j+3] + 0.5*asinh(x[0])*y0^3', 'f = y1*cos(y1)']
outputs: [f]
"""
    assert tcgrad.loads(text).check(trials=1, sizes="own").ok
