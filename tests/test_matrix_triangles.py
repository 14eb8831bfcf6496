"""Brackets that compare two indices: lower and upper triangles."""

from __future__ import annotations

import pytest
from matrix_tools import assert_right, define_of, program_from

MASKED = ("A: N N, x: N", "y[i] = [j <= i]*A[i,j]*x[j]")
WIDE = ("A: N M, x: M", "y[i] = [j < i - 1]*A[i,j]*x[j]")
BAND = ("A: N N, C: N N", "f = [i - 2 <= j <= i + 1]*A[i,j]*C[i,j]")
CAUSAL = (
    "Q: N K, R: N K, V: N M",
    "S[i,j] = Q[i,a]*R[j,a]; P[i,j] = [i >= j]*exp(S[i,j])/sum[k]([i >= k]*exp(S[i,k])); O[i,c] = P[i,j]*V[j,c]",
)
FILLED = ("Q: N N", "S[i,j] = where(j <= i, 2*Q[i,j], -9); P[i,j] = exp(S[i,j])")
FACTORS = ("L: N N, d: N", "M[i,j] = delta[i,j] + [j < i]*L[i,j]; A[i,j] = M[i,k]*d[k]*M[j,k]")
RANKED = ("s: N", "f = sum[i,j]([i < j]*log1p(exp(s[j] - s[i])))")
BATCHES = ("S: B N N, x: N", "y[b,i] = [j <= i]*S[b,i,j]*x[j]")
QUOTIENT = ("A: N N, R: N N", "y[i,j] = [i <= j]*A[i,j]/R[i,j]")

# spec, what, left side, right side
FORMS = [
    (MASKED, "=y", "y", "tril(A) x"),
    (MASKED, "y/x", "∂y/∂x", "tril(A)"),
    (MASKED, "A", "∂l/∂A", "tril(∂l/∂y xᵀ)"),
    (MASKED, "x", "∂l/∂x", "tril(A)ᵀ ∂l/∂y"),
    (MASKED, "y/A", "∂y/∂vec(A)", "(I ⊗ xᵀ) diag(vec(tril(1 1ᵀ)))"),
    (WIDE, "y/x", "∂y/∂x", "tril(A, -2)"),
    (WIDE, "x", "∂l/∂x", "tril(A, -2)ᵀ ∂l/∂y"),
    (BAND, "f/A", "∂f/∂A", "triu(tril(C, 1), -2)"),
    (BAND, "=f", "f", "1ᵀ triu(tril(A ⊙ C, 1), -2) 1"),
    (CAUSAL, "=P", "P", "diag(tril(exp(S)) 1)⁻¹ tril(exp(S))"),
    (CAUSAL, "V", "∂l/∂V", "Pᵀ ∂l/∂O"),
    (FILLED, "=S", "S", "where(tril(1 1ᵀ), 2 Q, -9)"),
    (FILLED, "Q", "∂l/∂Q", "2 tril(∂l/∂P ⊙ P)"),
    (FACTORS, "=M", "M", "I + tril(L, -1)"),
    (FACTORS, "L", "∂l/∂L", "tril((∂l/∂A + (∂l/∂A)ᵀ) M, -1) diag(d)"),
    (RANKED, "=f", "f", "1ᵀ triu(log1p(exp(1 sᵀ - s 1ᵀ)), 1) 1"),
    (RANKED, "f/s", "∂f/∂s", "(tril(sigmoid(s 1ᵀ - 1 sᵀ), -1) - triu(sigmoid(1 sᵀ - s 1ᵀ), 1)) 1"),
    (BATCHES, "=y", "y[b]", "tril(S[b]) x"),
    (BATCHES, "S", "∂l/∂S[p]", "tril(∂l/∂y[p] xᵀ)"),
    (QUOTIENT, "=y", "y", "triu(A ⊘ R)"),
    (QUOTIENT, "A", "∂l/∂A", "triu(∂l/∂y ⊘ R)"),
]


@pytest.mark.parametrize(("spec", "what", "left", "right"), FORMS)
def test_form(spec, what, left, right):
    program = program_from(*spec)
    assert_right(define_of(program, what), program, left, right)
