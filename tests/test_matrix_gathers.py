"""Reads at elements of integer tensors: products with one-hot matrices."""

from __future__ import annotations

import numpy as np
import pytest
from matrix_tools import assert_right, assert_same_value, define_of, program_from, values_of

from tcgrad.calculus import derive
from tcgrad.ir.program import Define
from tcgrad.notation.matrix.syntaxes import MATRIX_LATEX
from tcgrad.notation.raising.definitions import raise_define
from tcgrad.notation.raising.form import MatrixForm

EMBEDDING = ("E: N M, y: P int", "h[p,d] = E[y[p],d]")
SENTENCES = ("E: N M, y: B P int, W: M K", "h[b,p,k] = E[y[b,p],d]*W[d,k]")
BAGS = ("E: N M, y: B P int", "h[b,d] = 1[p]*E[y[b,p],d]/P")
LABELS = (
    "X: B N, y: B int, W: N K",
    "z[b,k] = X[b,i]*W[i,k]; s[b] = logsumexp[k](z[b,k]); f = 1[b]*(s[b] - z[b,y[b]])/B",
)
WORD = ("U: N M, v: M, y: int", "s[i] = U[i,k]*v[k]; p[i] = exp(s[i])/(1[j]*exp(s[j])); f = -log(p[y])")
RATINGS = ("U: N K, V: M K, y: P int, q: P int, r: P", "f = 1[p]*(r[p] - U[y[p],k]*V[q[p],k])^2")

# spec, what, left side, right side
FORMS = [
    (EMBEDDING, "=h", "h", "onehot(y) E"),
    (EMBEDDING, "E", "∂l/∂E", "onehot(y)ᵀ ∂l/∂h"),
    (EMBEDDING, "h/E", "∂vec(h)/∂vec(E)", "onehot(y) ⊗ I"),
    (SENTENCES, "=h", "h[b]", "onehot(y[b]) E W"),
    (SENTENCES, "E", "∂l/∂E", "Σ[b] onehot(y[b])ᵀ ∂l/∂h[b] Wᵀ"),
    (SENTENCES, "W", "∂l/∂W", "Σ[b] Eᵀ onehot(y[b])ᵀ ∂l/∂h[b]"),
    (SENTENCES, "h/E", "∂vec(h[b])/∂vec(E)", "onehot(y[b]) ⊗ Wᵀ"),
    (BAGS, "=h", "h[b]", "Eᵀ onehot(y[b])ᵀ 1 / P"),
    (BAGS, "E", "∂l/∂E", "Σ[b] onehot(y[b])ᵀ 1 (∂l/∂h[b])ᵀ / P"),
    (LABELS, "=f", "f", "(1ᵀ s - tr(onehot(y) zᵀ)) / B"),
    (LABELS, "f/W", "∂f/∂W", "Xᵀ (exp(z - s 1ᵀ) - onehot(y)) / B"),
    (LABELS, "f/X", "∂f/∂X", "(exp(z - s 1ᵀ) - onehot(y)) Wᵀ / B"),
    (WORD, "=f", "f", "-log(p[y])"),
    (WORD, "f/v", "∂f/∂v", "Uᵀ p - U[y]"),
    (WORD, "f/U", "∂f/∂U", "(p - e[y]) vᵀ"),
    (("U: M N, y: int, z: int", "h[m] = U[m,y] - U[m,z]"), "=h", "h", "U[:,y] - U[:,z]"),
    (("T: N M K, W: M P, y: int", "h[k,p] = T[y,m,k]*W[m,p]"), "=h", "h", "T[y]ᵀ W"),
    (("T: N M M, x: M, y: int", "h[k] = inv(T)[y,k,m]*x[m]"), "=h", "h", "T[y]⁻¹ x"),
    (RATINGS, "=f", "f", "‖r - ((onehot(q) V) ⊙ (onehot(y) U)) 1‖²"),
    (("x: N, y: P int", "h[p] = exp(x[y[p]])"), "h/x", "∂h/∂x", "diag(h) onehot(y)"),
    (("A: N M, y: P int, q: B int", "h[p,b] = A[y[p],q[b]]"), "=h", "h", "onehot(y) A onehot(q)ᵀ"),
    (("A: N M, y: P int, q: B int", "h[p,b] = A[y[p],q[b]]"), "h/A", "∂vec(h)/∂vec(A)", "onehot(y) ⊗ onehot(q)"),
    (("A: N N, y: P int", "h[p] = A[y[p],y[p]]"), "A", "∂l/∂A", "diag(onehot(y)ᵀ ∂l/∂h)"),
    (("R: M N int, x: N", "y[i] = R[i,j]*x[j]"), "y/x", "∂y/∂x", "R"),
    (("R: M N int, x: N", "y[i] = R[i,j]*x[j]"), "x", "∂l/∂x", "Rᵀ ∂l/∂y"),
    (("R: M N int, x: M N", "y[i,j] = R[i,j]^2*x[i,j]"), "x", "∂l/∂x", "∂l/∂y ⊙ R ⊙ R"),
    (("R: N N int, X: N M, W: M K", "Y[i,k] = R[i,j]*X[j,m]*W[m,k]"), "Y/X", "∂vec(Y)/∂vec(X)", "R ⊗ Wᵀ"),
    (("R: N N int, x: N", "f = x[i]*R[i,j]*x[j]"), "f/x", "∂f/∂x", "(R + Rᵀ) x"),
    (("E: N M, y: B P int", "h[b,p,d] = y[b,p]*E[y[b,p],d]"), "=h", "h[b]", "diag(y[b]) onehot(y[b]) E"),
    (("z: B K, y: B int", "f = sum[b,k]([y[b] == k]*z[b,k])"), "=f", "f", "tr(onehot(y) zᵀ)"),
    (("z: B K, y: B int", "f = sum[b,k]([k != y[b]]*z[b,k]^2)"), "f/z", "∂f/∂z", "2 z ⊙ (1 1ᵀ - onehot(y))"),
]


@pytest.mark.parametrize(("spec", "what", "left", "right"), FORMS)
def test_form(spec, what, left, right):
    program = program_from(*spec)
    assert_right(define_of(program, what), program, left, right)


@pytest.mark.parametrize("spec", [EMBEDDING, SENTENCES, BAGS, LABELS, RATINGS])
def test_all_that_is_derived_has_a_form(spec):
    program = program_from(*spec)
    derivation = derive(program)
    statements = [s for gradient in derivation.gradients for s in gradient.statements]
    for define in [*program.statements, *statements, *(jacobian.define for jacobian in derivation.jacobians)]:
        if isinstance(define, Define):
            form = raise_define(define, program)
            assert isinstance(form, MatrixForm), form
            assert_same_value(define, form, values_of(program, define))


def test_spellings():
    program = program_from(*EMBEDDING)
    form = raise_define(define_of(program, "=h"), program)
    assert isinstance(form, MatrixForm)
    assert form.ascii == "onehot(y) E"
    assert form.right(MATRIX_LATEX) == r"\operatorname{onehot}\left(y\right) E"
    assert form.numpy == "E[y]"
    gradient = raise_define(define_of(program, "E"), program)
    assert isinstance(gradient, MatrixForm)
    assert gradient.numpy == "np.eye(N)[y].T @ dh"


def test_of_an_embedding_by_hand():
    """The gradient adds up what comes back to each row, however often that is read."""
    program = program_from(*EMBEDDING)
    form = raise_define(define_of(program, "E"), program)
    assert isinstance(form, MatrixForm)
    assert form.numpy is not None
    y, dh = np.array([2, 0, 2]), np.arange(6.0).reshape(3, 2)
    expected = np.array([[2.0, 3.0], [0.0, 0.0], [4.0, 6.0]])
    found = eval(form.numpy, {"np": np, "y": y, "dh": dh, "N": 3})  # noqa: S307 - text that the tool made
    np.testing.assert_array_equal(found, expected)
