"""Cross products: a permutation symbol of three beside vectors."""

from __future__ import annotations

import pytest
from matrix_tools import assert_right, define_of, program_from

from tcgrad.notation.matrix.printer import print_matrix
from tcgrad.notation.matrix.syntaxes import MATRIX_ASCII, MATRIX_LATEX
from tcgrad.notation.raising.definitions import raise_define
from tcgrad.notation.raising.refusal import Refusal

CROSS = ("a: M, b: M", "c[i] = levi_civita[i,j,k]*a[j]*b[k]")
LORENTZ = ("q: , E: M, H: M, v: M", "F[i] = q*(E[i] + levi_civita[i,j,k]*v[j]*H[k])")
DRIFT = ("q: , s: , H: M, v: M", "F[i] = (s + q)*levi_civita[i,j,k]*v[j]*H[k]")
VOLUME = ("a: M, b: M, c: M", "f = levi_civita[i,j,k]*a[i]*b[j]*c[k]")
BODY = ("J: M M, w: M", "L[i] = J[i,j]*w[j]; r[i] = -levi_civita[i,j,k]*w[j]*L[k]")
DETERMINANT = ("x: M M", "f = levi_civita[i,j,k]*x[0,i]*x[1,j]*x[2,k]")
MOMENTUM = ("r: N M, v: N M", "L[i] = levi_civita[i,j,k]*r[n,j]*v[n,k]")
TORQUES = ("r: N M, F: N M", "y[n,i] = levi_civita[i,j,k]*r[n,j]*F[n,k]")
ROTATED = ("A: N K M, v: N M", "y[n,m,i] = levi_civita[i,j,k]*A[n,m,j]*v[n,k]")
TOTALS = ("A: N M K", "y[n,i,m] = sum[j](levi_civita[i,j,k]*A[n,k,m])")
AREA = ("a: M, b: M, c: M", "n[i] = levi_civita[i,j,k]*(b[j] - a[j])*(c[k] - a[k]); f = sqrt(n[i]*n[i])/2")
TWISTS = ("w: M, v: M, a: M, b: M", "d[i] = levi_civita[i,j,k]*(w[j]*b[k] + v[j]*a[k]); f = sum[i](d[i]^2)")
TURNED = ("s: , u: M, v: M", "w[i] = (s*levi_civita[i,j,k]*u[j] + u[i]*u[k])*v[k]")

# spec, what, left side, right side
FORMS = [
    (CROSS, "=c", "c", "a × b"),
    (CROSS, "c/a", "∂c/∂a", "-[b]×"),
    (CROSS, "c/b", "∂c/∂b", "[a]×"),
    (CROSS, "a", "∂l/∂a", "b × ∂l/∂c"),
    (LORENTZ, "=F", "F", "q (v × H + E)"),
    (LORENTZ, "F/v", "∂F/∂v", "-q [H]×"),
    (LORENTZ, "v", "∂l/∂v", "q (H × ∂l/∂F)"),
    (DRIFT, "=F", "F", "(s + q) (v × H)"),
    (LORENTZ, "q", "∂l/∂q", "(∂l/∂F)ᵀ (v × H + E)"),
    (VOLUME, "=f", "f", "aᵀ (b × c)"),
    (VOLUME, "f/b", "∂f/∂b", "c × a"),
    (BODY, "r/w", "∂r/∂w", "[L]× - [w]× J"),
    (BODY, "=r", "r", "L × w"),
    (BODY, "J", "∂l/∂J", "∂l/∂L wᵀ"),
    (BODY, "r/J", "∂r/∂vec(J)", "-[w]× ⊗ wᵀ"),
    (DETERMINANT, "=f", "f", "x[0]ᵀ (x[1] × x[2])"),
    (DETERMINANT, "f/x", "∂f/∂x", "e[0] (x[1] × x[2])ᵀ + e[1] (x[2] × x[0])ᵀ + e[2] (x[0] × x[1])ᵀ"),
    (MOMENTUM, "L/v", "∂L/∂v[p]", "[r[p]]×"),
    (MOMENTUM, "r", "∂l/∂r", "v [∂l/∂L]×"),
    (TORQUES, "=y", "y[n]", "r[n] × F[n]"),
    (TORQUES, "y/F", "∂y[n]/∂F[p]", "δ[n,p] [r[n]]×"),
    (TORQUES, "r", "∂l/∂r[p]", "F[p] × ∂l/∂y[p]"),
    (ROTATED, "=y", "y[n]", "A[n] [v[n]]×"),
    (ROTATED, "A", "∂l/∂A[p]", "-∂l/∂y[p] [v[p]]×"),
    (AREA, "a", "∂l/∂a", "(b - c) × ∂l/∂n"),
    (TWISTS, "=d", "d", "w × b + v × a"),
    (TURNED, "v", "∂l/∂v", "s (∂l/∂w × u) + (uᵀ ∂l/∂w) u"),
    (TURNED, "w/v", "∂w/∂v", "s [u]× + u uᵀ"),
    (TOTALS, "=y", "y[n]", "[1]× A[n]"),
]


@pytest.mark.parametrize(("spec", "what", "left", "right"), FORMS)
def test_form(spec, what, left, right):
    program = program_from(*spec)
    assert_right(define_of(program, what), program, left, right)


@pytest.mark.parametrize(
    ("what", "ascii_text", "latex"),
    [
        ("v", "q cross(H, dl/dF)", r"q \left(H \times \frac{\partial l}{\partial F}\right)"),
        ("F/v", "-q cross(H)", r"-q \left[H\right]_{\times}"),
    ],
)
def test_spelling(what, ascii_text, latex):
    program = program_from(*LORENTZ)
    form = raise_define(define_of(program, what), program)
    assert (print_matrix(form.matrix, MATRIX_ASCII), print_matrix(form.matrix, MATRIX_LATEX)) == (ascii_text, latex)


def test_what_is_no_vector_is_not_crossed():
    program = program_from("R: M M", "w[i] = levi_civita[i,j,k]*R[j,k]")
    assert raise_define(define_of(program, "=w"), program) == Refusal("the permutation symbol has no matrix notation")
