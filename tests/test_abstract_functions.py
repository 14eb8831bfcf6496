"""Abstract functions: printed in every notation, checked with smooth random functions, never emitted."""

from __future__ import annotations

import numpy as np
import pytest
from test_oracles import close, draw, program_of

import tcgrad
from tcgrad.calculus import derive
from tcgrad.calculus.passes.second import gradient_program
from tcgrad.errors import TcgradError
from tcgrad.evaluate import evaluate, evaluate_program
from tcgrad.evaluate.abstract import instantiate_abstract
from tcgrad.ir.nodes import Call
from tcgrad.ir.tensors import gradient_of
from tcgrad.ir.traversal import walk

LAYER = """\
dims: {N: 3, M: 2}
inputs: {w: [N, M], x: [M]}
functions: {"phi(z)": null}
equations: ['f = 1[i]*phi(w[i,j]*x[j])']
expect:
  - df/dx[p] = phi'(w[i,j]*x[j])*w[i,p]
"""
PAIR = """\
inputs: {x: [2], y: [2]}
functions: {"g(u, v)": null}
equations: ['f = 1[i]*g(x[i], y[i])']
"""

# the block x, x of LAYER, notation by notation
BLOCKS = [
    ("index", False, "d2f/dx[p]dx[q] = w[i,p]*w[i,q]*phi''(w[i,j]*x[j])"),
    ("index", True, "∂²f/∂x[p]∂x[q] = w[i,p]·w[i,q]·phi′′(w[i,j]·x[j])"),
    ("matrix", True, "∂²f/∂x∂xᵀ = wᵀ diag(phi′′(w x)) w"),
    ("einstein", False, "d2f/dxdx = (w *_(ip,iq,ipq) w) *_(ipq,i,pq) phi''(w *_(ij,j,i) x)"),
]


@pytest.mark.parametrize(("notation", "unicode", "line"), BLOCKS)
def test_second_derivatives_are_printed(notation: str, unicode: bool, line: str) -> None:
    derived = tcgrad.loads(LAYER).derive(wrt=["x"], hessian=True)
    lines = [" ".join(row.split()) for row in derived.report(notations=[notation], unicode=unicode).splitlines()]
    assert [row for row in lines if row.startswith(line)], lines


def test_latex() -> None:
    latex = tcgrad.loads(LAYER).derive(wrt=["x"], hessian=True).report("latex")
    assert r"\sum_{i} w_{ip} w_{iq} \phi''\left(\sum_{j} w_{ij} x_{j}\right)" in latex
    assert r"w^\top \operatorname{diag}\left(\phi''\left(w x\right)\right) w" in latex


def test_calls_of_numpy_are_refused_with_the_reason() -> None:
    text = tcgrad.loads(LAYER).derive(wrt=["x"]).report(notations=["einsum"], unicode=False)
    assert "no einsum notation: phi' is no function of NumPy" in text


@pytest.mark.parametrize("text", [LAYER, PAIR])
def test_hessians_against_difference_quotients_with_smooth_random_functions(text: str) -> None:
    program = program_of(text)
    gradients = gradient_program(program)
    calls = {node.function for s in gradients.statements for node in walk(s.body) if isinstance(node, Call)}
    functions = instantiate_abstract(calls, np.random.default_rng(1))
    inputs = draw(program)
    env = evaluate_program(program, inputs, functions=functions)
    for block in derive(program, hessian=True).hessians:
        first, second = block.wrt
        assert block.define is not None
        found = evaluate(block.define.body, block.define.free, env, functions=functions)
        expected = np.zeros((*found.shape[: first.order], inputs[second.name].size))
        for k in range(inputs[second.name].size):
            for weight, step in ((8, 1), (-8, -1), (-1, 2), (1, -2)):
                moved = inputs[second.name].copy()
                moved.reshape(-1)[k] += step * 2.0**-10
                values = evaluate_program(gradients, {**inputs, second.name: moved}, functions=functions)
                expected[..., k] += weight * values[gradient_of(first)] / (12 * 2.0**-10)
        close(found, expected.reshape(found.shape), 1e-8)


def test_check_instantiates_them() -> None:
    result = tcgrad.loads(LAYER).check(trials=1)
    assert result.ok
    statuses = [(each.kind, each.status) for each in result.results]
    assert ("gradient", "pass") in statuses
    assert ("jacobian", "pass") in statuses
    assert next(each for each in result.results if each.kind == "expect").proved


def test_check_finds_a_wrong_derivative_of_one() -> None:
    wrong = LAYER.replace("= phi'(w[i,j]*x[j])*w[i,p]", "= phi'(2*w[i,j]*x[j])*w[i,p]")
    result = tcgrad.loads(wrong).check(trials=1)
    assert [each.status for each in result.results if each.kind == "expect"] == ["fail"]


def test_no_code_is_emitted() -> None:
    with pytest.raises(TcgradError) as caught:
        tcgrad.loads(LAYER).emit()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TC405"
    assert "phi" in diagnostic.message
