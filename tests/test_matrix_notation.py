"""Each way of writing matrix notation, and what has none, with the reason."""

from __future__ import annotations

import numpy as np
import pytest
from matrix_tools import assert_same_value, define_of, program_from, values_of

from tcgrad.api import loads
from tcgrad.notation.matrix.syntaxes import MATRIX_ASCII, MATRIX_LATEX, MATRIX_UNICODE
from tcgrad.notation.raising.definitions import raise_define
from tcgrad.notation.raising.expressions import Raising
from tcgrad.notation.raising.form import MatrixForm
from tcgrad.notation.raising.jacobians import Vectorising
from tcgrad.notation.raising.refusal import Refusal

MATMUL = ("x: M K, a: K N", "y[i,j] = x[i,k]*a[k,j]")
G = r"\frac{\partial l}{\partial y}"

SPELLINGS = [
    (MATMUL, "x", "dl/dy a^T", rf"{G} a^\top", "dy @ a.T"),
    (MATMUL, "a", "x^T dl/dy", rf"x^\top {G}", "x.T @ dy"),
    (MATMUL, "y/x", "I (x) a^T", r"I \otimes a^\top", "np.kron(np.eye(M), a.T)"),
    (("x: M N", "y[i,j] = x[j,i]"), "x", "(dl/dy)^T", rf"\left({G}\right)^\top", "dy.T"),
    (("x: N", "f = sqrt(x[i]*x[i])"), "=f", "||x||", r"\left\lVert x \right\rVert", "np.linalg.norm(x)"),
    (("x: N", "f = x[i]*x[i]/2"), "=f", "||x||^2 / 2", r"\frac{\left\lVert x \right\rVert^{2}}{2}", "(x @ x) / 2"),
    (("lambda: N, x: N", "f = lambda[i]*x[i]"), "=f", "lambda^T x", r"\lambda^\top x", "lambda_ @ x"),
    (
        ("x: N", "y[i] = 1/x[i]^2"),
        "=y",
        "1 ./ (x .* x)",
        r"\mathbf{1} \oslash \left(x \odot x\right)",
        "1 / (x * x)",
    ),
    (("x: N", "y[i] = sqrt(x[i])"), "x", "dl/dy ./ y / 2", rf"\frac{{1}}{{2}} {G} \oslash y", "dy / y / 2"),
    (("x: N", "y[i] = x[i]^3"), "=y", "x.^3", r"x^{\odot 3}", "x ** 3"),
    (("x: N", "y[i] = 0.1*x[i] + 1.5"), "=y", "0.1 x + 3*1 / 2", r"0.1 x + \frac{3}{2} \mathbf{1}", "0.1 * x + 3 / 2"),
    (
        ("x: N", "y[i] = sin(x[i])"),
        "y/x",
        "diag(cos(x))",
        r"\operatorname{diag}\left(\cos\left(x\right)\right)",
        "np.diag(np.cos(x))",
    ),
    (("A: N N", "f = logdet(A)"), "f/A", "A^-T", r"A^{-\top}", "np.linalg.inv(A).T"),
    (
        ("A: N N", "f = logdet(A)^3"),
        "=f",
        "logdet(A)^3",
        r"\left(\log\det\left(A\right)\right)^{3}",
        "np.linalg.slogdet(A)[1] ** 3",
    ),
    (
        ("A: N N", "f = A[i,i]/N"),
        "=f",
        "tr(A) / N",
        r"\frac{\operatorname{tr}\left(A\right)}{N}",
        "np.trace(A) / N",
    ),
    (
        ("x_true: N, x: N", "f = (x[i] - x_true[i])*(x[i] - x_true[i])"),
        "f/x",
        "2 (x - x_true)",
        r"2 \left(x - x_{\mathrm{true}}\right)",
        "2 * (x - x_true)",
    ),
    (("x: N", "y[i] = relu(x[i])"), "x", "dl/dy .* [x > 0]", rf"{G} \odot \left[x > 0\right]", "dy * (x > 0)"),
    (("x: N", "y[i] = phi(x[i])"), "x", "dl/dy .* phi'(x)", rf"{G} \odot \phi'\left(x\right)", None),
    (
        ("x: N", "y[i] = erf(x[i])"),
        "=y",
        "erf(x)",
        r"\operatorname{erf}\left(x\right)",
        '__import__("scipy.special").special.erf(x)',
    ),
    (("x: N", "f = max[i](x[i])"), "=f", "max(x)", r"\max\left(x\right)", "np.max(x)"),
    (("x: N, s: ", "y = s*1[i]*x[i]"), "y/x", "s 1", r"s \mathbf{1}", "np.full(N, s)"),
    (
        ("x: M, y: N", "z[i,j] = x[i]*1[j] + 1[i]*y[j]"),
        "=z",
        "x 1^T + 1 y^T",
        r"x \mathbf{1}^\top + \mathbf{1} y^\top",
        "x[:, None] + y",
    ),
    (
        ("X: M N", "y[i] = 1[j]*X[i,j]"),
        "X",
        "dl/dy 1^T",
        rf"{G} \mathbf{{1}}^\top",
        "np.repeat(dy[:, None], N, axis=1)",
    ),
]


@pytest.mark.parametrize(("spec", "what", "ascii_text", "latex", "numpy"), SPELLINGS)
def test_spelling(spec, what, ascii_text, latex, numpy):
    program = program_from(*spec)
    form = raise_define(define_of(program, what), program)
    assert isinstance(form, MatrixForm), form
    assert (form.ascii, form.latex, form.numpy) == (ascii_text, latex, numpy)


@pytest.mark.parametrize(
    ("what", "syntax", "left"),
    [
        ("y/x", MATRIX_UNICODE, "∂vec(y)/∂vec(x)"),
        ("y/x", MATRIX_ASCII, "dvec(y)/dvec(x)"),
        (
            "y/x",
            MATRIX_LATEX,
            r"\frac{\partial \operatorname{vec}\left(y\right)}{\partial \operatorname{vec}\left(x\right)}",
        ),
        ("x", MATRIX_UNICODE, "∂l/∂x"),
        ("=y", MATRIX_UNICODE, "y"),
    ],
)
def test_left_side(what, syntax, left):
    program = program_from(*MATMUL)
    form = raise_define(define_of(program, what), program)
    assert isinstance(form, MatrixForm)
    assert form.left(syntax) == left


def test_vectorised_by_columns():
    program = program_from(*MATMUL)
    form = raise_define(define_of(program, "y/x"), program, vec="column")
    assert isinstance(form, MatrixForm)
    assert (form.text, form.numpy) == ("a^T (x) I".replace("^T", "ᵀ").replace("(x)", "⊗"), "np.kron(a.T, np.eye(M))")


SIX = "A: M N, B: M K, C: M P, D: N K, E: N P, F: K P"
REFUSALS = [
    (("x: M N K", "y[i,j,k] = exp(x[i,j,k+1])"), "y/x", "a delta has a position that is no plain index"),
    (
        ("c: M N K, w: K, v: P, s: ", "y[b,i] = s*c[b,i,j]*w[j]*v[b+i]"),
        "y/s",
        "v is read at a position that is no plain index",
    ),
    (
        ("x: N N N", "y[i,j,k] = exp(x[i,i,i])*x[k,j,j]"),
        "y/x",
        "y has order 3, and no axis of it runs through as that of a batch",
    ),
    (("x: M M M", "y = 1[i]*x[i,i,i]"), "=y", "x has order 3"),
    (("x: M N N, w: N", "y[i] = x[i,j,N-1-j]*w[j]*x[i,j,j]"), "=y", "x has order 3"),
    (("x: B M N K P H", "f = x[b,m,n,k,p,h]*x[b,m,n,k,p,h]"), "=f", "x has order 6"),
    (("x: K K", "y = levi_civita[i,j]*x[i,j]"), "=y", "the permutation symbol has no matrix notation"),
    (
        (SIX, "f = A[i,j]*B[i,k]*C[i,l]*D[j,k]*E[j,l]*F[k,l]"),
        "=f",
        "the sum over l runs through three factors",
    ),
    (("x: N", "y = i*x[i]"), "=y", "the index i is used as a number"),
    (("x: N", "y = x[i]*x[N-1-i]"), "=y", "x is read at a position that is no plain index"),
    (("A: M N", "f = sum[i](max[j](A[i,j]))"), "=f", "max over j alone is not a function of a whole vector or matrix"),
    (
        (
            "A: M N, C: M P, G: M K, R: N K, E: N P, F: K P, u: M, v: N",
            "y[p,q] = u[p]*v[q]*A[i,j]*G[i,k]*C[i,m]*R[j,k]*E[j,m]*F[k,m]",
        ),
        "=y",
        "the sum over m runs through three factors",
    ),
    (
        ("a: M, b: N, c: K", "f = sum[i,j,k](exp(a[i]*b[j]*c[k]))"),
        "=f",
        "a factor has the indices i, j and k",
    ),
]


@pytest.mark.parametrize(("spec", "what", "reason"), REFUSALS)
def test_refusal(spec, what, reason):
    program = program_from(*spec)
    assert raise_define(define_of(program, what), program) == Refusal(reason)


def test_a_reason_names_an_index_as_the_formula_does():
    """The letter of a range that is declared, where nothing else tells the range."""
    function = loads(
        "dims: {N: 3}\nindices: {i: N}\ninputs: {t: [N], l: [N]}\n"
        "equations: ['u[i] = sum[j]([2*j <= i]*t[j])', 'y = l[i]*cos(u[i])']\nwrt: [t]\n"
    )
    formula, reason = str(function.derive()).splitlines()[-2:]
    assert formula.split("=")[0].strip() == "∂y/∂t[i]"
    assert reason.strip() == "no matrix notation: the index i is used as a number"


def test_what_is_linked_in_a_ring_has_no_kronecker_product():
    program = program_from("x: M N, A: P M, B: K N, C: P N, D: K M", "y[i,j] = A[i,p]*B[j,q]*C[i,q]*D[j,p]*x[p,q]")
    define = define_of(program, "y/x")
    vectorising = Vectorising(Raising({}), define.free[:2], define.free[2:], "row")
    reason = "rows and columns are not linked pair by pair, as in a Kronecker product"
    assert vectorising(define.body) == Refusal(reason)


NEIGHBOURS = [
    (("A: N N, B: N K", "Y[i,j] = A[i,k]*inv(A)[k,l]*B[l,j]"), "=Y", "B"),
    (("A: N N, B: N K", "Y[i,j] = inv(A)[k,i]*A[l,k]*B[l,j]"), "=Y", "B"),
    (("A: N N", "Y[i,j] = A[i,k]*inv(A)[k,j]"), "=Y", "I"),
    (("A: N N", "f = A[i,k]*inv(A)[k,i]"), "=f", "N"),
    (("A: M N, B: K N, x: N, c:", "y[i] = A[i,j]*x[j]*c"), "=y", "c A x"),
    (("A: N N, B: N N, x: N", "y[i] = A[i,j]*x[j] + B[i,j]*x[j] - 2*x[i]"), "=y", "(A + B) x - 2 x"),
    (("A: M N, w: N, c:", "f = 1[i]*(A[i,j]*w[j])^2/c"), "=f", "‖A w‖² / c"),
]


@pytest.mark.parametrize(("spec", "what", "text"), NEIGHBOURS)
def test_neighbours_in_products_and_sums(spec, what, text):
    program = program_from(*spec)
    define = define_of(program, what)
    form = raise_define(define, program)
    assert isinstance(form, MatrixForm), form
    assert form.text == text
    assert_same_value(define, form, values_of(program, define))


def test_an_integer_scalar_is_the_position_of_a_unit_vector():
    text = "dims: {N: 5}\ninputs: {z: [N], y: {shape: [], dtype: int}}\nequations: ['f = logsumexp[k](z[k]) - z[y]']\n"
    program = loads(text).program
    define = define_of(program, "f/z")
    form = raise_define(define, program)
    assert isinstance(form, MatrixForm)
    assert (form.text, form.latex[-15:]) == ("exp(z - logsumexp(z) 1) - e[y]", r" - \mathbf{e}_{y}"[-15:])
    z = np.array([0.3, -1.0, 2.0, 0.5, 0.1])
    values = {item.tensor: z if item.tensor.name == "z" else np.array(3) for item in program.inputs}
    assert_same_value(define, form, values)


@pytest.mark.parametrize(("size", "text"), [("N - K + 1", "N - K + 1"), ("1 - K + N", "N - K + 1"), ("9 - K", "9 - K")])
def test_a_size_that_is_an_expression_begins_without_a_minus(size, text):
    spec = f"dims: {{N: 7, K: 3, M: '{size}'}}\ninputs: {{x: [M], y: [M]}}\nequations: ['z[i] = x[i] + y[i]']\n"
    program = loads(spec).program
    form = raise_define(define_of(program, "z/x"), program)
    assert isinstance(form, MatrixForm)
    assert (form.text, form.numpy) == ("I", f"np.eye({text})")


def test_the_trace_of_an_outer_product_is_an_inner_product():
    text = """
        dims: {N: 3}
        inputs: {X: [N, N], s: [], b: [N]}
        equations:
          - S[i,j] = X[i,j] + s*delta[i,j]
          - y[i] = inv(S)[i,j]*b[j]
        wrt: [X, s]
    """
    by_s = loads(text).derive().as_dict()["gradients"][1]["matrix"]
    assert by_s["text"] == "-(∂l/∂y)ᵀ S⁻¹ y"
    assert by_s["numpy"] == "-dy @ np.linalg.inv(S) @ y"


def test_a_minus_within_an_elementwise_product_is_that_of_the_factor_alone():
    equation = "y[i,j] = V[m,i]*(s + M[l,i]*W[m,j])*N[j]*levi_civita[j,l,r]*1[r]"
    text = f"inputs: {{s: [], M: [3, 5], W: [4, 3], N: [3], V: [4, 5]}}\nequations: ['{equation}']\n"
    program = loads(text).program
    define = define_of(program, "=y")
    form = raise_define(define, program)
    assert isinstance(form, MatrixForm)
    assert "* (-np.cross(" in form.numpy
    assert_same_value(define, form, values_of(program, define))
