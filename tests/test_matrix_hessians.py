"""Blocks of Hessians in matrix notation: Jacobians of gradients."""

from __future__ import annotations

import pytest
from matrix_tools import assert_same_value, program_from, values_of

from tcgrad.calculus import derive
from tcgrad.calculus.passes.second import gradient_program
from tcgrad.notation.raising.definitions import raise_by_rows, raise_define
from tcgrad.notation.raising.form import MatrixForm

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
    (TRACE, "X", "B", "(I ⊗ Xᵀ) (I + comm(M, M))"),
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


RAYLEIGH = ("w: N, A: N N, S: N N", "f = w[i]*A[i,j]*w[j]/(w[k]*S[k,l]*w[l])")
CORRELATION = (
    "u: N, v: M, C: N M, A: N N, D: M M",
    "f = u[i]*C[i,j]*v[j]/sqrt(u[k]*A[k,l]*u[l]*v[m]*D[m,n]*v[n])",
)
POISSON = ("V: M N, W: M K, H: K N", "f = 1[i,j]*(W[i,k]*H[k,j] - V[i,j]*log(W[i,k]*H[k,j]))")
RATIO = ("X: P N, A: P P, G: N N", "H[i,j] = X[k,i]*A[k,l]*X[l,j]; f = inv(H)[i,j]*G[j,i]")
GIVEN_BY_NAMES = [
    (("x: N", "f = x[i]*x[i]*x[j]*x[j]"), "x", "x", "4 (‖x‖² I + 2 x xᵀ)"),
    (RAYLEIGH, "A", "A", "0"),
    (RAYLEIGH, "A", "S", "-(w wᵀ) ⊗ (w wᵀ) / (wᵀ S w)²"),
    (RAYLEIGH, "S", "S", "2 f ((w wᵀ) ⊗ (w wᵀ)) / (wᵀ S w)²"),
    (POISSON, "V", "W", "-diag(vec(W H))⁻¹ (I ⊗ Hᵀ)"),
    (POISSON, "W", "W", "(I ⊗ H) diag(vec(V ⊘ (W H)^⊙2)) (I ⊗ Hᵀ)"),
    (RATIO, "G", "G", "0"),
    (
        RATIO,
        "X",
        "X",
        (
            "(A X H⁻¹ G H⁻¹ Xᵀ A) ⊗ H⁻ᵀ + (A X H⁻¹ Xᵀ A - A) ⊗ (H⁻ᵀ Gᵀ H⁻ᵀ)"
            " + (Aᵀ X H⁻ᵀ Xᵀ Aᵀ - Aᵀ) ⊗ (H⁻¹ G H⁻¹) + (Aᵀ X H⁻ᵀ Gᵀ H⁻ᵀ Xᵀ Aᵀ) ⊗ H⁻¹"
            " + ((A X H⁻¹ G H⁻¹) ⊗ (H⁻ᵀ Xᵀ Aᵀ) + (Aᵀ X H⁻ᵀ) ⊗ (H⁻¹ G H⁻¹ Xᵀ A)"
            " + (Aᵀ X H⁻ᵀ Gᵀ H⁻ᵀ) ⊗ (H⁻¹ Xᵀ A) + (A X H⁻¹) ⊗ (H⁻ᵀ Gᵀ H⁻ᵀ Xᵀ Aᵀ)) comm(P, N)"
        ),
    ),
    (
        ("X: N N, A: N N", "f = A[i,j]*X[j,k]*X[k,l]*X[l,i]"),
        "X",
        "A",
        "(I ⊗ X² + Xᵀ ⊗ X + (Xᵀ)² ⊗ I) comm(N, N)",
    ),
    (RATIO, "A", "G", "-((X H⁻ᵀ) ⊗ (X H⁻¹)) comm(N, N)"),
    (("x: N, A: N N", "f = exp(-x[i]*A[i,j]*x[j])"), "A", "A", "f ((x xᵀ) ⊗ (x xᵀ))"),
    (("W: M N, x: N, t: M", "f = (t[i]*W[i,j]*x[j])*(1[k]*t[k])"), "W", "t", "(t 1ᵀ + (1ᵀ t) I) ⊗ x"),
    (("X: M N", "f = sqrt(X[i,j]*X[i,j])"), "X", "X", "I / f - vec(X) vec(X)ᵀ / f³"),
    (("A: M N, x: N", "y[i] = A[i,j]*x[j]; f = sqrt(y[i]*y[i])"), "x", "x", "Aᵀ (I - y yᵀ / f²) A / f"),
    (
        ("A: N N, x: N", "u[i] = x[i]/sqrt(x[k]*x[k]); f = u[i]*A[i,j]*u[j]"),
        "x",
        "x",
        "(8 f u uᵀ + A + Aᵀ - 2 f I - 2 u uᵀ (A + Aᵀ) - 2 (A + Aᵀ) u uᵀ) / ‖x‖²",
    ),
    (
        ("X: P N, A: P P", "Y[i,j] = X[k,i]*A[k,l]*X[l,j]; f = det(Y)"),
        "X",
        "X",
        (
            "det(Y) ((A - A X Y⁻¹ Xᵀ A) ⊗ Y⁻ᵀ + (Aᵀ - Aᵀ X Y⁻ᵀ Xᵀ Aᵀ) ⊗ Y⁻¹"
            " + vec(A X Y⁻¹ + Aᵀ X Y⁻ᵀ) vec(A X Y⁻¹ + Aᵀ X Y⁻ᵀ)ᵀ"
            " - ((Aᵀ X Y⁻ᵀ) ⊗ (Y⁻¹ Xᵀ A) + (A X Y⁻¹) ⊗ (Y⁻ᵀ Xᵀ Aᵀ)) comm(P, N))"
        ),
    ),
]


@pytest.mark.parametrize(("spec", "first", "second", "text"), GIVEN_BY_NAMES)
@pytest.mark.parametrize("vec", ["row", "column"])
def test_block_that_is_derived(spec, first, second, text, vec):
    program = program_from(*spec)
    blocks = {(h.wrt[0].name, h.wrt[1].name): h.define for h in derive(program, hessian=True).hessians}
    define = blocks[first, second]
    assert define is not None
    form = raise_define(define, program, vec=vec)
    assert isinstance(form, MatrixForm), form
    assert vec == "column" or form.text == text
    assert_same_value(define, form, values_of(program, define), vec=vec)


def test_vectors_are_put_on_the_side_that_lets_terms_be_joined():
    program = program_from(*CORRELATION)
    blocks = {(h.wrt[0].name, h.wrt[1].name): h.define for h in derive(program, hessian=True).hessians}
    for first, second, text in (
        ("u", "C", "(I - (A + Aᵀ) u uᵀ / (2 uᵀ A u)) ⊗ vᵀ / √((uᵀ A u) (vᵀ D v))"),
        ("v", "C", "uᵀ ⊗ (I - (D + Dᵀ) v vᵀ / (2 vᵀ D v)) / √((uᵀ A u) (vᵀ D v))"),
    ):
        define = blocks[first, second]
        assert define is not None
        form = raise_define(define, program)
        assert isinstance(form, MatrixForm)
        assert form.text == text
        assert_same_value(define, form, {k: abs(v) for k, v in values_of(program, define).items()})


@pytest.mark.parametrize("row", ["l", "M-1-l", "(l+1)%M", "l//2"])
def test_rows_that_read_others_have_a_form_that_says_so_or_none(row):
    program = program_from("A: K, b: M, c: M K", f"y[l] = A[a]*c[{row},a]*b[l]; f = sum[e](sin(y[e]))")
    forms = []
    for hessian in derive(program, hessian=True).hessians:
        assert hessian.define is not None
        form = raise_define(hessian.define, program)
        if isinstance(form, MatrixForm):
            forms += [form, raise_by_rows(hessian.define, program, form)]
            for each in filter(None, forms[-2:]):
                assert_same_value(hessian.define, each, values_of(program, hessian.define))
    assert any(form.batch for form in filter(None, forms)) == (row == "l")
