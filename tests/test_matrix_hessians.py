"""Blocks of Hessians in matrix notation: Jacobians of gradients."""

from __future__ import annotations

import pytest
from matrix_tools import assert_same_value, program_from, values_of

from tcgrad.calculus import derive
from tcgrad.calculus.second import gradient_program
from tcgrad.notation.matrix_form import MatrixForm
from tcgrad.notation.raising import raise_define

QUADRATIC = ("A: N N, x: N", "f = x[i]*A[i,j]*x[j]")
TRACE = ("X: M N, B: M M", "f = X[i,j]*B[i,k]*X[k,j]")
SQUARES = ("A: M N, x: N, b: M", "r[i] = A[i,j]*x[j] - b[i]; f = r[i]*r[i]")
LOGISTIC = ("X: B N, w: N, t: B", "z[i] = X[i,j]*w[j]; f = 1[i]*(softplus(z[i]) - t[i]*z[i])/B")

# spec, the two inputs, the block
BLOCKS = [
    (QUADRATIC, "x", "x", "A + Aᵀ"),
    (QUADRATIC, "A", "A", "0"),
    (QUADRATIC, "A", "x", "x ⊗ I + I ⊗ x"),
    (TRACE, "X", "X", "(B + Bᵀ) ⊗ I"),
    (TRACE, "X", "B", "(I ⊗ Xᵀ) comm(M, M) + I ⊗ Xᵀ"),
    (SQUARES, "x", "x", "2 Aᵀ A"),
    (SQUARES, "A", "A", "2 (I ⊗ (x xᵀ))"),
    (SQUARES, "x", "b", "-2 Aᵀ"),
    (("x: N", "f = log(1[i]*exp(x[i]))"), "x", "x", "diag(∂l/∂x) - ∂l/∂x (∂l/∂x)ᵀ"),
    (("X: N N", "f = logdet(X)"), "X", "X", "-(X⁻ᵀ ⊗ X⁻¹) comm(N, N)"),
    (LOGISTIC, "w", "w", "Xᵀ diag(sigmoid(z) ⊙ (1 - sigmoid(z))) X / B"),
]


@pytest.mark.parametrize(("spec", "first", "second", "text"), BLOCKS)
def test_block(spec, first, second, text):
    program = gradient_program(program_from(*spec))
    jacobians = {(j.of.about[0].name, j.wrt.name): j for j in derive(program).jacobians}
    define = jacobians[first, second].define
    assert define is not None
    form = raise_define(define, program)
    assert isinstance(form, MatrixForm), form
    assert form.text == text
    assert_same_value(define, form, values_of(program, define))
