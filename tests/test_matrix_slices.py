"""Matrices that have no form as a whole: forms of their rows or columns, and sums over slices."""

from __future__ import annotations

import numpy as np
import pytest
from matrix_tools import assert_right, define_of, program_from

from tcgrad.calculus import derive
from tcgrad.calculus.passes.second import gradient_program
from tcgrad.notation.raising.definitions import raise_define
from tcgrad.notation.raising.form import MatrixForm

ADDITIVE = ("q: P K, w: N K, v: K", "s[i,j] = v[k]*tanh(q[i,k] + w[j,k])")  # additive attention
DISTANCES = ("x: P K, y: N K", "d[i,j] = sum[k](abs(x[i,k] - y[j,k]))")
RING = ("x: M N, A: P M, B: K N, C: P N, D: K M", "y[i,j] = A[i,p]*B[j,q]*C[i,q]*D[j,p]*x[p,q]")
TWICE = ("a: M K, b: N K, c: P K", "y[i,j] = a[i,k]*b[j,k]*c[l,k]*c[l,m]*a[i,m]*b[j,m]")
FIXED = ("U: K M N, W: M N", "f = U[1,m,n]*W[m,n]")
LARGEST = ("A: M N", "y[i] = max[j](A[i,j])")

# spec, what, left side, right side
FORMS = [
    (ADDITIVE, "=s", "s[i]", "tanh(w + 1 q[i]ᵀ) v"),
    (ADDITIVE, "s/q", "∂s[i]/∂q[p]", "δ[i,p] (1 1ᵀ - tanh(w + 1 q[i]ᵀ)^⊙2) diag(v)"),
    (ADDITIVE, "s/v", "∂s[i]/∂v", "tanh(1 q[i]ᵀ + w)"),
    (ADDITIVE, "q", "∂l/∂q[p]", "v ⊙ ((1 1ᵀ - tanh(q[p] 1ᵀ + wᵀ)^⊙2) ∂l/∂s[p])"),
    (DISTANCES, "=d", "d[i]", "abs(1 x[i]ᵀ - y) 1"),
    (DISTANCES, "d/x", "∂d[i]/∂x[p]", "δ[i,p] sign(1 x[i]ᵀ - y)"),
    (DISTANCES, "y", "∂l/∂y[p]", "-sign(x - 1 y[p]ᵀ)ᵀ ∂l/∂d[:,p]"),
    (RING, "=y", "y[i]", "(D ⊙ (B diag(C[i]) xᵀ)) A[i]"),
    (RING, "y/A", "∂y[i]/∂A[p]", "δ[i,p] D ⊙ (B diag(C[i]) xᵀ)"),
    (RING, "y/B", "∂vec(y)/∂vec(B)", "Σ[r] ((diag(A[:,r]) C diag(x[r])) ⊗ diag(D[:,r])) comm(K, N)"),
    (TWICE, "=y", "y[i]", "(b ⊙ (b diag(a[i]) cᵀ c)) a[i]"),
    (LARGEST, "=y", "y[i]", "max(A[i])"),
    (FIXED, "=f", "f", "tr(U[1] Wᵀ)"),
    (FIXED, "f/W", "∂f/∂W", "U[1]"),
    (("U: M P K, W: M N", "y[k,n] = U[m,k,1]*W[m,n]"), "y/W", "∂vec(y)/∂vec(W)", "U[:,:,1]ᵀ ⊗ I"),
    (("S: K N N, x: N", "f = x[i]*inv(S)[0,i,j]*x[j]*det(S)[1]"), "=f", "f", "det(S[1]) (xᵀ S[0]⁻¹ x)"),
]


@pytest.mark.parametrize(("spec", "what", "left", "right"), FORMS)
def test_form(spec, what, left, right):
    program = program_from(*spec)
    assert_right(define_of(program, what), program, left, right)


SOFTMAX = (
    "X: B N, W: N K, t: B K",
    "z[b,k] = X[b,i]*W[i,k]; p[b,k] = exp(z[b,k])/(1[m]*exp(z[b,m])); f = -t[b,k]*log(p[b,k])",
)
TWO_LAYERS = (
    "X: B N, W: N M, V: M K",
    "h[b,m] = tanh(X[b,i]*W[i,m]); y[b,k] = h[b,m]*V[m,k]; f = sum[b,k](y[b,k]^2)",
)

# spec, the two inputs, left side, right side
BLOCKS = [
    (SOFTMAX, "W", "W", "∂vec(∂l/∂W)/∂vec(W)", "Σ[b] (1ᵀ t[b]) ((X[b] X[b]ᵀ) ⊗ (diag(p[b]) - p[b] p[b]ᵀ))"),
    (
        TWO_LAYERS,
        "W",
        "W",
        "∂vec(∂l/∂W)/∂vec(W)",
        (
            "2 Σ[b] (X[b] X[b]ᵀ) ⊗ (diag(1 - h[b] ⊙ h[b]) V Vᵀ diag(1 - h[b] ⊙ h[b])"
            " - 2 diag(h[b] ⊙ (1 - h[b] ⊙ h[b]) ⊙ (V y[b])))"
        ),
    ),
    (
        TWO_LAYERS,
        "X",
        "X",
        "∂∂l/∂X[p]/∂X[r]",
        (
            "2 δ[p,r] W (diag(1 - h[p] ⊙ h[p]) V Vᵀ diag(1 - h[p] ⊙ h[p])"
            " - 2 diag((1 - h[p] ⊙ h[p]) ⊙ h[p] ⊙ (V y[p]))) Wᵀ"
        ),
    ),
    (
        TWO_LAYERS,
        "W",
        "X",
        "∂vec(∂l/∂W)/∂X[r]",
        (
            "2 (I ⊗ ((1 - h[r] ⊙ h[r]) ⊙ (V y[r])) + X[r] ⊗ ((diag(1 - h[r] ⊙ h[r]) V Vᵀ diag(1 - h[r] ⊙ h[r])"
            " - 2 diag((1 - h[r] ⊙ h[r]) ⊙ h[r] ⊙ (V y[r]))) Wᵀ))"
        ),
    ),
]


@pytest.mark.parametrize(("spec", "first", "second", "left", "right"), BLOCKS)
def test_block_of_a_hessian(spec, first, second, left, right):
    program = gradient_program(program_from(*spec))
    jacobians = {(j.of.about[0].name, j.wrt.name): j for j in derive(program).jacobians}
    define = jacobians[first, second].define
    assert define is not None
    assert_right(define, program, left, right)


def test_a_sum_over_slices_that_are_all_alike_is_their_number():
    program = program_from("A: B N N", "f = inv(A)[b,i,j]*A[b,j,i]")
    assert_right(define_of(program, "=f"), program, "f", "B N")


def test_the_softmax_block_by_hand():
    """With one example and two classes the Hessian by the weights is ``p (1 - p) x xᵀ`` in two by two blocks."""
    program = gradient_program(program_from(*SOFTMAX))
    define = {(j.of.about[0].name, j.wrt.name): j for j in derive(program).jacobians}["W", "W"].define
    assert define is not None
    form = raise_define(define, program)
    assert isinstance(form, MatrixForm)
    assert form.numpy is not None
    x, p = np.array([[2.0, -1.0]]), np.array([[0.25, 0.75]])
    own = {"np": np, "X": x, "p": p, "t": np.array([[1.0, 0.0]]), "B": 1, "N": 2, "K": 2}
    found = eval(form.numpy, own)  # noqa: S307 - text that the tool made
    block = 3 / 16 * np.array([[1.0, -1.0], [-1.0, 1.0]])
    np.testing.assert_allclose(found, np.block([[4 * block, -2 * block], [-2 * block, block]]), rtol=1e-14)
