"""The values of Hessians at a point: those of the closed forms, or statement by statement where there is none."""

from __future__ import annotations

import json
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest

from tcgrad.api import loads
from tcgrad.calculus.passes.second import stepwise_hessians
from tcgrad.ir.program import defined_tensors

LONG = "; ".join(f"h{n + 1}[i] = tanh(w[i,j]*h{n}[j]) + h{n}[i]" for n in range(5))

SPECS = {
    "closed forms": ("{x: [N], A: [N, N], s: []}", "f = s*x[i]*A[i,j]*x[j] + s^3"),
    "a symmetric input": (
        "{x: [N], A: {shape: [N, N], symmetric: true}}",
        "f = x[i]*A[i,j]*A[j,k]*x[k] + exp(x[i]*A[i,j]*x[j])",
    ),
    "no closed forms": ("{x: [N], w: [N, N]}", f"h0[i] = x[i]^2; {LONG}; f = h5[i]*h5[i]"),
    "inverses": ("{x: [N], A: [N, N]}", "f = x[i]*inv(A)[i,j]*x[j] + logdet(A)"),
}


def derived(inputs: str, equations: str) -> Any:
    lines = json.dumps(equations.split("; "))
    return loads(f"dims: {{N: 2}}\ninputs: {inputs}\nequations: {lines}\n", "spec.yaml")


def drawn(function: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    values = {}
    for item in function.program.inputs:
        value = rng.normal(size=[size.value for size in item.tensor.shape])
        value = value + 3 * np.eye(2) if value.ndim == 2 else value
        values[item.tensor.name] = value + value.T if item.tensor.symmetric else value
    return values


@pytest.mark.parametrize("name", SPECS)
def test_values_are_those_of_the_emitted_code(name: str) -> None:
    function = derived(*SPECS[name])
    values = drawn(function)
    found = function.derive(hessian=True).at(values).hessians
    expected = function.compile().hessian(**values)
    names = [item.name for item in function.program.wrt]
    assert [tuple(t.name for t in block.about[1:]) for block in found] == [
        (a, b) for k, a in enumerate(names) for b in names[k:]
    ]
    for block, value in found.items():
        _, first, second = block.about
        np.testing.assert_allclose(value, expected[first.name, second.name], rtol=1e-9, atol=1e-9)


RECURRENCE = """
dims: {T: 3, N: 2}
inputs: {w: [N, N], u: [N], x: [T], h: [N], b: [N]}
equations:
  - s[-1,j] = h[j]
  - s[t,j] = tanh(w[j,k]*s[t-1,k] + u[j]*x[t] + b[j])
  - f = s[t,j]*s[t,j]
  - g = s[T-1,0]*x[0]
outputs: [f, g]
"""


def test_what_the_blocks_of_a_recurrence_have_in_common_is_worked_out_once() -> None:
    function = loads(RECURRENCE, "spec.yaml")
    program = function.program
    pairs = list(combinations_with_replacement(program.wrt, 2))
    statements, names = stepwise_hessians(program, program.outputs[0], pairs)
    defined = [tensor for statement in statements for tensor in defined_tensors(statement)]
    assert sorted({tensor.name for tensor in defined}) == sorted(tensor.name for tensor in defined)
    assert len(set(names)) == len(pairs)
    values = drawn(function)
    found = function.derive(hessian=True).at(values).hessians
    for name in ("f", "g"):
        expected = loads(RECURRENCE.replace("[f, g]", f"[{name}]"), "spec.yaml").compile().hessian(**values)
        blocks = {block.about[1:]: value for block, value in found.items() if block.about[0].name == name}
        assert list(blocks) == pairs
        for (first, second), value in blocks.items():
            np.testing.assert_allclose(value, expected[first.name, second.name], rtol=1e-9, atol=1e-9)


def test_there_are_blocks_without_a_closed_form() -> None:
    blocks = derived(*SPECS["no closed forms"]).derive(hessian=True).hessians
    assert any(block.define is None for block in blocks)


def test_through_a_recurrence() -> None:
    """``h`` is 1, 4, 11, and ``h[t]`` grows with ``x[s]`` by ``a^(t - s)``."""
    function = loads(
        "dims: {T: 3}\ninputs: {x: [T], a: []}\n"
        "equations: ['h[0] = x[0]', 'h[t] = a*h[t-1] + x[t]', 'f = 1[t]*h[t]^2 + a^3']\n"
    )
    found = function.derive(hessian=True).at({"x": [1, 2, 3], "a": 2}).hessians
    assert {tensor.name: value.tolist() for tensor, value in found.items()} == {
        "d2f/dxdx": [[42, 20, 8], [20, 10, 4], [8, 4, 2]],
        "d2f/dxda": [148, 48, 12],
        "d2f/dada": 2 * 1 + 2 * (6**2 + 11 * 2) + 6 * 2,
    }


def test_the_report_shows_the_blocks_and_of_scalars_one_matrix() -> None:
    made = derived("{x: [], y: []}", "f = x^2*y + y^3").derive(hessian=True)
    at = made.at({"x": 1, "y": 2})
    assert made.report(at=at).endswith(
        """\
The second derivatives there
    ∂²f/∂x²  = 4
    ∂²f/∂x∂y = 2
    ∂²f/∂y²  = 12
    as one matrix: [[4, 2], [2, 12]]
"""
    )
    data = json.loads(made.report("json", at=at))
    assert data["at"]["hessians"] == {"d2f/dxdx": 4, "d2f/dxdy": 2, "d2f/dydy": 12}


def test_of_tensors_there_is_no_one_matrix() -> None:
    made = derived("{x: [N], s: []}", "f = s*x[i]*x[i]").derive(hessian=True)
    text = made.report(at=made.at({"x": [1, 2], "s": 3}))
    assert "∂²f/∂x∂x = [[6, 0],\n                [0, 6]]" in text
    assert "one matrix" not in text


def test_without_hessians_nothing_is_said_of_them() -> None:
    made = derived("{x: [], y: []}", "f = x*y").derive()
    at = made.at({"x": 1, "y": 2})
    assert "second" not in made.report(at=at)
    assert "hessians" not in json.loads(made.report("json", at=at))["at"]
