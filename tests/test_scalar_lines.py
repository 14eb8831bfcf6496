"""The gradients of a scalar by those of intermediates: where that is shorter, and of the same value."""

from __future__ import annotations

import numpy as np
import pytest

import tcgrad
from tcgrad.evaluate import evaluate_statements
from tcgrad.ir.tensors import jacobian_of
from tcgrad.report.derivations.scalar_lines import scalar_lines

CONTRASTIVE = """
dims: {N: 4, M: 3}
inputs: {u: [N, M], v: [N, M], tau: {shape: [], sample: positive}}
equations:
  - a[i] = sqrt(u[i,d]*u[i,d])
  - c[j] = sqrt(v[j,d]*v[j,d])
  - s[i,j] = u[i,d]*v[j,d]/(a[i]*c[j]*tau)
  - p[i,j] = exp(s[i,j])/sum[k](exp(s[i,k]))
  - f = -sum[i](log(p[i,i]))/N
outputs: [f]
"""
AUTOENCODER = """
dims: {N: 4, K: 2}
inputs: {x: [N], A: [K, N], C: [K, N], W: [N, K], eps: [K]}
equations:
  - mu[k] = A[k,i]*x[i]
  - v[k] = C[k,i]*x[i]
  - z[k] = mu[k] + exp(v[k]/2)*eps[k]
  - u[i] = W[i,k]*z[k]
  - f = sum[i](softplus(u[i]) - x[i]*u[i]) - sum[k](1 + v[k] - mu[k]^2 - exp(v[k]))/2
wrt: [A, C, W]
"""
SINKHORN = """
dims: {N: 3, M: 4}
inputs:
  C: [N, M]
  a: {shape: [N], sample: positive}
  b: {shape: [M], sample: positive}
  w: {shape: [M], sample: positive}
  eps: {shape: [], sample: positive}
equations:
  - Q[i,j] = exp(-C[i,j]/eps)
  - u[i] = a[i]/(Q[i,j]*w[j])
  - v[j] = b[j]/(Q[i,j]*u[i])
  - P[i,j] = u[i]*Q[i,j]*v[j]
  - f = P[i,j]*C[i,j]
"""
SQUARES = """
dims: {N: 3, M: 2}
inputs: {A: [M, N], x: [N], b: [M]}
equations: ['r[i] = A[i,j]*x[j] - b[i]', 'f = r[i]*r[i]']
"""
OPTION = """
dims: {N: 3, M: 2}
inputs: {S: {shape: [], sample: positive}, v: {shape: [], sample: positive}, W: [M, N], x: [N]}
equations:
  - a = log(S)/v + v/2
  - b = a - v
  - r[i] = W[i,j]*x[j]
  - f = S*erf(a/sqrt(2)) - erf(b/sqrt(2)) + sum[i](r[i]*sin(r[i])*exp(r[i]))
wrt: [S, W, x]
"""


@pytest.mark.parametrize("text", [CONTRASTIVE, AUTOENCODER, SINKHORN])
def test_the_lines_have_the_values_of_the_gradients(text: str) -> None:
    derived = tcgrad.loads(text).derive()
    program = derived.derivation.program
    (scalar,) = program.outputs
    lines = scalar_lines(derived.derivation.line_by_line, scalar, ())
    assert lines is not None
    rng = np.random.default_rng(0)
    inputs = {i.tensor: rng.uniform(0.5, 2, size=[s.value for s in i.tensor.shape]) for i in program.inputs}
    at = derived.at({tensor.name: value for tensor, value in inputs.items()})
    for gradient, statements in lines:
        found = evaluate_statements([*program.statements, *statements], inputs)
        target = jacobian_of(scalar, gradient.wrt)
        np.testing.assert_allclose(found[target], at.jacobians[target], rtol=1e-9, atol=1e-12)


def test_what_is_shared_stands_once_and_the_scalar_is_named() -> None:
    text = tcgrad.loads(CONTRASTIVE).derive().report()
    assert "Gradients of the scalar f\n    ∂f/∂s[p,q] = (p[p,q] - δ[p,q])/N    [N, N] = [4, 4]\n" in text
    assert "    ∂f/∂s      = (p - I) / N " in text
    assert text.count("∂f/∂s[p,q] = ") == 1
    assert "∂l" not in text


def test_short_closed_forms_stay() -> None:
    text = tcgrad.loads(SQUARES).derive().report()
    assert "∂f/∂x    = 2 Aᵀ r" in text
    assert "∂f/∂r" not in text


@pytest.mark.parametrize("output_format", ["latex", "markdown"])
def test_in_every_format(output_format: str) -> None:
    text = tcgrad.loads(AUTOENCODER).derive().report(output_format)  # type: ignore[arg-type]
    assert r"\frac{\partial f}{\partial u_{p}} &= \operatorname{sigmoid}" in text or r"\partial u_{p}" in text
    assert r"\partial l" not in text


def test_a_closed_form_stands_by_itself_where_it_is_no_longer_than_the_last_line() -> None:
    text = tcgrad.loads(OPTION).derive().report(unicode=False)
    assert "    df/dS = erf(a/sqrt(2)) " in text
    assert "    df/dW[p,q] = df/dr[p]*x[q] " in text
    assert "df/da" not in text
