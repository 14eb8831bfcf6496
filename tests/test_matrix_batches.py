"""Tensors of order three and more: matrix notation for every element of a batch, and sums over batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matrix_tools import SIZES, assert_same_value, define_of, draw_value, names, program_from, run_numpy, values_of

from tcgrad.api import loads
from tcgrad.calculus import derive
from tcgrad.evaluate import evaluate_statements
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Tensor, gradient_of
from tcgrad.notation.matrix.syntaxes import MATRIX_LATEX, MATRIX_UNICODE
from tcgrad.notation.raising.definitions import raise_by_rows, raise_define
from tcgrad.notation.raising.form import MatrixForm
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.notation.raising.substitution import unfolded

LAYER = ("x: B M N, W: N K, c: K", "y[b,i,j] = x[b,i,k]*W[k,j] + c[j]")
SCORES = ("q: B M K, k: B N K", "s[b,i,j] = q[b,i,c]*k[b,j,c]/sqrt(K)")
SOFTMAX = ("s: B M N", "a[b,i,j] = exp(s[b,i,j])/(1[m]*exp(s[b,i,m]))")

HEADS = ("x: B H M N, w: H N K", "y[b,h,i,j] = x[b,h,i,k]*w[h,k,j]")
ROOTS = ("x: B N", "n[b] = sqrt(x[b,i]*x[b,i]); y[b,i] = x[b,i]/n[b]")

# spec, what, left side, right side
FORMS = [
    (LAYER, "=y", "y[b]", "x[b] W + 1 cᵀ"),
    (LAYER, "x", "∂l/∂x[p]", "∂l/∂y[p] Wᵀ"),
    (LAYER, "W", "∂l/∂W", "Σ[b] x[b]ᵀ ∂l/∂y[b]"),
    (LAYER, "c", "∂l/∂c", "Σ[b] (∂l/∂y[b])ᵀ 1"),
    (SCORES, "=s", "s[b]", "q[b] k[b]ᵀ / √K"),
    (SCORES, "q", "∂l/∂q[p]", "∂l/∂s[p] k[p] / √K"),
    (SCORES, "k", "∂l/∂k[p]", "(∂l/∂s[p])ᵀ q[p] / √K"),
    (SOFTMAX, "=a", "a[b]", "diag(exp(s[b]) 1)⁻¹ exp(s[b])"),
    (SOFTMAX, "s", "∂l/∂s[p]", "a[p] ⊙ (∂l/∂a[p] - (∂l/∂a[p] ⊙ a[p]) 1 1ᵀ)"),
    (HEADS, "=y", "y[b,h]", "x[b,h] w[h]"),
    (HEADS, "x", "∂l/∂x[p,q]", "∂l/∂y[p,q] w[q]ᵀ"),
    (("x: M B N, w: N K", "y[i,b,j] = x[i,b,k]*w[k,j]"), "=y", "y[i]", "x[i] w"),
    (
        ("g: P N K, u: M P, v: B N, w: H K", "t[i,j,k] = g[a,b,c]*u[i,a]*v[j,b]*w[k,c]"),
        "v",
        "∂l/∂v",
        "Σ[i,a] u[i,a] ∂l/∂t[i] w g[a]ᵀ",
    ),
    (("t: M N K", "c[j] = t[i,j,k]*1[i,k]"), "=c", "c", "Σ[i] t[i] 1"),
    (("t: M N K, w: K", "c[j] = -2*1[i]*t[i,j,k]*w[k]/3"), "=c", "c", "-2 (Σ[i] t[i] w) / 3"),
    (("t: M N K, w: K", "c[j] = -1[i]*(t[i,j,k]*w[k])"), "=c", "c", "-Σ[i] t[i] w"),
    (("t: M N K", "c[j] = t[i,j,k]*1[i,k]"), "t", "∂l/∂t[p]", "∂l/∂c 1ᵀ"),
    (("a: M P, b: N P, c: K P", "t[i,j,k] = a[i,r]*b[j,r]*c[k,r]"), "=t", "t[i]", "b diag(a[i]) cᵀ"),
    (("A: B N N, x: B N", "y[b,i] = inv(A)[b,i,j]*x[b,j]"), "=y", "y[b]", "A[b]⁻¹ x[b]"),
    (("x: B M N", "f[b] = x[b,i,j]*x[b,i,j]"), "=f", "f[b]", "‖x[b]‖²"),
    (("A: B N N", "f[b] = A[b,i,i]"), "=f", "f[b]", "tr(A[b])"),
    (("A: B N N", "f[b] = logdet(A)[b]"), "A", "∂l/∂A[p]", "∂l/∂f[p] A[p]⁻ᵀ"),
    (("u: M N B, v: N", "y[i,b] = tanh(u[i,k,b]*v[k])"), "=y", "y[i]", "tanh(u[i]ᵀ v)"),
    (("A: M N, x: N", "f = A[1,j]*x[j]"), "=f", "f", "A[1]ᵀ x"),
    (
        ("x: N N N", "y[i,j,k] = exp(x[i,i,j])*x[k,k,j]"),
        "y/x",
        "∂vec(y[:,j])/∂vec(x[:,:,r])",
        (
            "δ[j,r] (diag(exp(diag(x[:,:,j]))) ⊗ (diag(x[:,:,j]) 1ᵀ)"
            " + ((exp(diag(x[:,:,j])) 1ᵀ) ⊗ I) comm(N, N)) diag(vec(I))"
        ),
    ),
    (
        ("X: B M N, y: B M, w: N", "f = 1[b,i]*(X[b,i,j]*w[j] - y[b,i])^2"),
        "f/w",
        "∂f/∂w",
        "2 Σ[b] X[b]ᵀ (X[b] w - y[b])",
    ),
    (("X: B M N, w: N", "g[p] = X[b,i,p]*X[b,i,j]*w[j]*3"), "g/w", "∂g/∂w", "3 Σ[b] X[b]ᵀ X[b]"),
    (LAYER, "y/x", "∂vec(y[b])/∂vec(x[p])", "δ[b,p] (I ⊗ Wᵀ)"),
    (LAYER, "y/W", "∂vec(y[b])/∂vec(W)", "x[b] ⊗ I"),
    (LAYER, "y/c", "∂vec(y[b])/∂c", "1 ⊗ I"),
    (SCORES, "s/q", "∂vec(s[b])/∂vec(q[p])", "δ[b,p] (I ⊗ k[b]) / √K"),
    (SCORES, "s/k", "∂vec(s[b])/∂vec(k[p])", "δ[b,p] (q[b] ⊗ I) comm(N, K) / √K"),
    (
        SOFTMAX,
        "a/s",
        "∂a[b,i]/∂s[p,q]",
        "δ[b,p] δ[i,q] (diag(a[b,i]) - a[b,i] a[b,i]ᵀ)",
    ),
    (
        HEADS,
        "y/x",
        "∂vec(y[b,h])/∂vec(x[p,q])",
        "δ[b,p] δ[h,q] (I ⊗ w[h]ᵀ)",
    ),
    (
        HEADS,
        "y/w",
        "∂vec(y[b,h])/∂vec(w[p])",
        "δ[h,p] (x[b,h] ⊗ I)",
    ),
    (("A: B N N, x: B N", "y[b,i] = A[b,i,j]*x[b,j]"), "y/x", "∂y[b]/∂x[p]", "δ[b,p] A[b]"),
    (("A: B N N, x: B N", "y[b,i] = A[b,i,j]*x[b,j]"), "y/A", "∂y[b]/∂vec(A[p])", "δ[b,p] (I ⊗ x[b]ᵀ)"),
    (("A: B N N, x: B N", "y[b,i] = inv(A)[b,i,j]*x[b,j]"), "y/x", "∂y[b]/∂x[p]", "δ[b,p] A[b]⁻¹"),
    (("A: B N N", "f[b] = A[b,i,i]"), "f/A", "∂f[b]/∂A[p]", "δ[b,p] I"),
    (("A: B N N", "f[b] = logdet(A)[b]"), "f/A", "∂f[b]/∂A[p]", "δ[b,p] A[b]⁻ᵀ"),
    (("x: B M N, w: B", "f = w[b]*x[b,i,j]*x[b,i,j]"), "f/x", "∂f/∂x[p]", "2 w[p] x[p]"),
    (("A: K N N, x: B N, w: K", "f = w[k]*x[b,i]*A[k,i,j]*x[b,j]"), "f/x", "∂f/∂x", "Σ[k] w[k] x (A[k] + A[k]ᵀ)"),
    (
        ("x: N, m: K N, A: K N N, g: K", "d[k,i] = x[i] - m[k,i]; f = g[k]*d[k,i]*A[k,i,j]*d[k,j]/(2*1[l]*g[l])"),
        "f/x",
        "∂f/∂x",
        "(Σ[k] g[k] (A[k] + A[k]ᵀ) d[k]) / (2·1ᵀ g)",
    ),
    (("x: B M N, u: B M", "y[b,i,j] = x[b,i,j]*u[b,i]"), "y/u", "∂y[b,i]/∂u[p,q]", "δ[b,p] δ[i,q] x[b,i]"),
    (("x: B M N", "y[b,i,j] = x[b,i,j]^2"), "y/x", "∂vec(y[b])/∂vec(x[p])", "2 δ[b,p] diag(vec(x[b]))"),
    (("a: K B M N, x: K N", "y[k,b,i] = a[k,b,i,j]*x[k,j]"), "a", "∂l/∂a[p,q]", "∂l/∂y[p,q] x[p]ᵀ"),
    (("A: B N N, q: M", "y[b] = det(A)[b]*sin(q[i]*q[i])"), "y/q", "∂y[b]/∂q", "2 det(A[b]) cos(‖q‖²) q"),
    (("A: B N N, x: M B", "y[b] = logdet(A)[b]*x[2,b]"), "y/x", "∂y[b]/∂x[:,q]", "δ[b,q] log det(A[b]) e[2]"),
    (("A: B N N, x: M", "y[b,i] = det(A)[b]*x[i]"), "=y", "y[b]", "det(A[b]) x"),
    (("x: B M N, z: K P M", "y[b,i,j] = 2*x[b,i,j]"), "y/z", "∂vec(y[b])/∂vec(z[p])", "0"),
    (
        ("q: K N M, W: M P B", "y[m,i,l] = q[K-1,m,s]*1[s]*1[j]*sin(W[j,0,i]) + W[0,0,l]"),
        "y/q",
        "∂y[m,i]/∂vec(q[:,q])",
        "δ[m,q] (1ᵀ sin(W[:,0,i])) 1 vec(e[K - 1] 1ᵀ)ᵀ",
    ),
    (("s: , u: B M N", "f = sin(s*1[b,n,m]*u[b,n,m])"), "f/s", "∂f/∂s", "cos(s (Σ[b] 1ᵀ u[b] 1)) (Σ[c] 1ᵀ u[c] 1)"),
    (
        ("s: B, u: B M N", "f = 1[c,i,j]*u[c,i,j]*sin(1[b,n,m]*u[b,n,m]*(s[c] + s[b]))"),
        "=f",
        "f",
        "Σ[c] sin(Σ[b] (s[c] + s[b]) (1ᵀ u[b] 1)) (1ᵀ u[c] 1)",
    ),
    (("x: N N N, c: , u: N", "y[i] = c*x[i,j,k]*u[j]*u[k]"), "u", "∂l/∂u", "c Σ[i] ∂l/∂y[i] (x[i] + x[i]ᵀ) u"),
    (("x: N, z: B M N", "f = sin(x[i])*x[i]"), "f/z", "∂f/∂z[p]", "0"),
    (("v: N N N M, h: ", "y[m,n] = h*v[n,n,n,m]"), "y/h", "∂y[:,n]/∂h", "v[n,n,n]"),
    (
        ("l: M N N, s: ", "y[k,p,r] = s^2*l[p,k,k]*l[p,r,k]"),
        "y/s",
        "∂y[k]/∂s",
        "2 s diag(l[:,k,k]) l[:,:,k]",
    ),
    (("A: M N, x: M", "f = A[i,N-1]*x[i]"), "=f", "f", "A[:,N - 1]ᵀ x"),
]


@pytest.mark.parametrize(("spec", "what", "left", "right"), FORMS)
def test_form(spec, what, left, right):
    program = program_from(*spec)
    define = define_of(program, what)
    form = raise_define(define, program)
    assert isinstance(form, MatrixForm), form
    assert (form.left(MATRIX_UNICODE), form.text) == (left, right)
    assert_same_value(define, form, values_of(program, define))


def test_spellings():
    program = program_from(*LAYER)
    form = raise_define(define_of(program, "W"), program)
    assert isinstance(form, MatrixForm)
    assert form.ascii == "sum[b] x[b]^T dl/dy[b]"
    assert form.latex == r"\sum_{b} x_{b}^\top \frac{\partial l}{\partial y_{b}}"
    assert form.numpy == "np.sum(x.swapaxes(-1, -2) @ dy, axis=0)"
    form = raise_define(define_of(program, "x"), program)
    assert isinstance(form, MatrixForm)
    assert form.left(MATRIX_LATEX) == r"\frac{\partial l}{\partial x_{p}}"
    assert form.numpy == "dy @ W.T"


ATTENTION = (
    "q: B M K, k: B N K, v: B N P",
    "s[b,i,j] = q[b,i,c]*k[b,j,c]; a[b,i,j] = exp(s[b,i,j])/(1[m]*exp(s[b,i,m])); o[b,i,c] = a[b,i,j]*v[b,j,c]",
)


# What is put in is the same for all slices: their number stands in the place of the sum.
ALL_ALIKE = (
    "q: M M, a: M N, b: K N",
    "h[j,t,c] = q[t,j]*1[c] + 1[t,j]*sum[s](sin(a[c,s])); f = sum[c,r](h[c,r,0])/sum[j,r](b[j,r])",
)


@pytest.mark.parametrize(("spec", "name"), [*((ATTENTION, name) for name in "qkv"), (ALL_ALIKE, "a")])
def test_gradients_of_intermediates_are_put_in_slice_by_slice(spec, name):
    program = program_from(*spec)
    gradient = next(g for g in derive(program).gradients if g.wrt.name == name)
    known: dict[Tensor, MatrixForm | Refusal] = {}
    inputs = {entry.tensor: draw_value(entry.tensor, 1) for entry in program.inputs}
    values = evaluate_statements(program.statements, inputs)
    upstream = {t: draw_value(t, 2) for t in map(gradient_of, program.outputs)}
    for statement in gradient.statements:
        assert isinstance(statement, Define)
        form = raise_define(statement, program)
        assert isinstance(form, MatrixForm)
        known[statement.tensor] = whole = unfolded(form, known)
        assert isinstance(whole, MatrixForm)
    expected = evaluate_statements([*program.statements, *gradient.statements], inputs | upstream)[statement.tensor]
    found = run_numpy(whole, names([], values | upstream) | SIZES)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_forms_in_other_slices_are_not_put_in():
    program = program_from(
        "x: M N K, w: K P", "y[i,j,c] = x[i,j,k]*w[k,c]; z[i,c] = y[i,j,c]*y[i,j,c]; f = 1[i,c]*z[i,c]"
    )
    forms = [form for s in program.statements if isinstance(form := raise_define(s, program), MatrixForm)]
    assert [form.text for form in forms] == ["x[i] w", "(y[i] ⊙ y[i])ᵀ 1", "1ᵀ z 1"]
    inner, outer, _ = forms
    assert isinstance(unfolded(outer, {inner.tensor: inner}), MatrixForm)
    held = replace(inner, batch=(None, *inner.batch[:2]))
    reason = "y is read in other slices than its form is given in"
    assert unfolded(outer, {inner.tensor: held}) == Refusal(reason)
    assert unfolded(outer, {inner.tensor: Refusal("it has none")}) == Refusal("it has none")


@pytest.mark.parametrize("batch", ["", "b,"])
def test_truth_values_are_numbers_behind_a_minus(batch):
    axes = f"[{'2, ' if batch else ''}3, 4]"
    equation = f"y[{batch}i,j] = -mask[{batch}i,j]*x[{batch}i,j] - mask[{batch}i,j]*s"
    inputs = f"{{x: {axes}, s: [], mask: {{shape: {axes}, dtype: bool}}}}"
    derived = loads(f"inputs: {inputs}\nequations: ['{equation}']\n").derive()
    by_x, by_s = (raise_define(gradient.statements[-1], derived.derivation.program) for gradient in derived.gradients)
    rng = np.random.default_rng(0)
    shape = (2, 3, 4) if batch else (3, 4)
    given = {"mask": rng.random(shape) < 0.5, "dy": rng.normal(size=shape), "np": np}
    np.testing.assert_array_equal(run_numpy(by_x, given), -given["dy"] * given["mask"])
    if isinstance(by_s, MatrixForm):
        np.testing.assert_allclose(run_numpy(by_s, given), -(given["dy"] * given["mask"]).sum())


BY_ROWS = [
    ("x: B N, W: M N", "y[b,i] = W[i,j]*x[b,j]", "y/x", "∂y[b]/∂x[p]", "δ[b,p] W"),
    ("x: B N", "y[b,i] = exp(x[b,i])/(1[m]*exp(x[b,m]))", "y/x", "∂y[b]/∂x[p]", "δ[b,p] (diag(y[b]) - y[b] y[b]ᵀ)"),
    ("x: M N, A: N K", "y[i,j] = x[i,k]*A[k,j]", "y/x", "∂y[i]/∂x[p]", "δ[i,p] Aᵀ"),
    (
        *ROOTS,
        "y/x",
        "∂y[b]/∂x[p]",
        "δ[b,p] (I - y[b] y[b]ᵀ) / n[b]",
    ),
]


@pytest.mark.parametrize(("inputs", "equations", "what", "left", "right"), BY_ROWS)
def test_beside_a_vectorised_jacobian_stands_that_of_each_row(inputs, equations, what, left, right):
    program = program_from(inputs, equations)
    define = define_of(program, what)
    form = raise_define(define, program)
    assert isinstance(form, MatrixForm)
    assert form.layout == "vec"
    rows = raise_by_rows(define, program, form)
    assert isinstance(rows, MatrixForm)
    assert (rows.left(MATRIX_UNICODE), rows.text) == (left, right)
    assert_same_value(define, rows, values_of(program, define))


@pytest.mark.parametrize(
    ("inputs", "equations", "what"),
    [
        ("x: M N, A: M N", "y[i,j] = x[i,j]*A[i,j]", "y/x"),
        ("x: N K, A: M N", "y[i,j] = A[i,k]*x[k,j]", "y/x"),
        ("x: M N, A: N K", "y[i,j] = x[i,k]*A[k,j]", "y/A"),
        ("x: N, A: M N", "y[i] = A[i,k]*x[k]", "y/x"),
    ],
)
def test_rows_that_do_not_run_through_have_no_jacobian_of_their_own(inputs, equations, what):
    program = program_from(inputs, equations)
    define = define_of(program, what)
    form = raise_define(define, program)
    assert isinstance(form, MatrixForm)
    assert raise_by_rows(define, program, form) is None


@pytest.mark.parametrize(("spec", "what"), [(LAYER, "y/x"), (LAYER, "y/W"), (SCORES, "s/k"), (SOFTMAX, "a/s")])
def test_jacobians_of_batches_column_after_column(spec, what):
    program = program_from(*spec)
    define = define_of(program, what)
    form = raise_define(define, program, vec="column")
    assert isinstance(form, MatrixForm), form
    assert_same_value(define, form, values_of(program, define))


def test_blocks_of_hessians_of_batches():
    derived = loads("""
dims: {B: 3, M: 2, N: 4}
inputs: {x: [B, M, N], w: [B]}
equations: ['f = w[b]*x[b,i,j]*x[b,i,j]*x[b,i,j]']
""").derive(hessian=True)
    (block,) = [h.define for h in derived.derivation.hessians if [t.name for t in h.wrt] == ["x", "x"]]
    form = raise_define(block, derived.derivation.program)
    assert isinstance(form, MatrixForm), form
    assert form.left(MATRIX_UNICODE) == "∂²f/∂vec(x[p])∂vec(x[s])ᵀ"
    assert_same_value(block, form, values_of(derived.derivation.program, block))


def test_rows_in_the_json_report():
    data = (
        loads("dims: {B: 2, N: 3}\ninputs: {x: [B, N], w: [N, N]}\nequations: ['y[b,i] = x[b,j]*w[j,i]']")
        .derive()
        .as_dict()
    )
    by_x, by_w = (jacobian["matrix"] for jacobian in data["jacobians"])
    assert by_x["text"] == "I ⊗ wᵀ"
    assert by_x["by_rows"]["text"] == "∂y[b]/∂x[p] = δ[b,p] wᵀ"
    assert by_x["by_rows"]["numpy"] == 'np.einsum("abd,ac->abcd", np.broadcast_to(w.T, (B, N, N)), np.eye(B))'
    assert "by_rows" not in by_w


def test_where_nothing_runs_through_the_reason_is_told():
    program = program_from("x: B D H, w: M N", "y[b,i,j] = x[b,i+p,j+q]*w[p,q]")
    refused = raise_define(define_of(program, "y/w"), program)
    assert refused == Refusal("x is read at a position that is no plain index")
    program = program_from("x: N N N", "y[i,j,k] = exp(x[i,i,i])*x[k,j,j]")
    refused = raise_define(define_of(program, "y/x"), program)
    assert refused == Refusal("y has order 3, and no axis of it runs through as that of a batch")


@pytest.mark.parametrize(
    ("equation", "asked"),
    [("f = sum[b,s](p[b,m,s]*u[m]*w[s,m])", ["=f", "f/u", "f/w"]), ("y[b] = p[b,i,j]*w[j,i]", ["=y", "y/w"])],
)
def test_an_index_that_stops_before_its_axis_is_not_held(equation, asked):
    spec = "dims: {B: 3, N: 2, M: 5}\nindices: {b: N}\ninputs: {p: [B, M, B], u: [M], w: [B, M]}\nequations:\n"
    program = loads(f"{spec}  - {equation}\n").program
    for what in asked:
        define = define_of(program, what)
        form = raise_define(define, program)
        if isinstance(form, MatrixForm):
            assert_same_value(define, form, values_of(program, define))


def test_a_largest_element_is_not_compared_with_what_is_added_up_in_another_way():
    program = program_from("t: M N K, x: M N", "f = sum[i,j,k](t[i,j,k]*x[i,j])*min[i](logsumexp[j](x[i,j]))")
    refused = raise_define(define_of(program, "x"), program)
    assert refused == Refusal("an element is compared with a largest or smallest one that is worked out in another way")
    for equation in ("f = sum[i,j,k](t[i,j,k]*x[i,j])*min[i,j](exp(x[i,j]))", "f = max[i](logsumexp[j](x[i,j]))"):
        program = program_from("t: M N K, x: M N", equation)
        define = define_of(program, "x")
        form = raise_define(define, program)
        assert isinstance(form, MatrixForm)
        assert_same_value(define, form, values_of(program, define))


@pytest.mark.parametrize("number", ["b", "b//2", "b%2", "(b//2 + 1)%2"])
def test_an_index_that_is_held_is_no_number(number):
    program = program_from("x: B M N, s:", f"y[b,i,j] = where({number} == 1, x[b,i,j], x[b,i,j]^2)*s")
    for what in ("=y", "y/s"):
        assert isinstance(raise_define(define_of(program, what), program), Refusal)
