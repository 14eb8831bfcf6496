"""Modified Einstein notation, read back, and calls of ``np.einsum``, executed: both against the index form."""

from __future__ import annotations

import numpy as np
import pytest
from einstein_reader import read_einstein
from hypothesis import given
from matrix_tools import inverses_in
from programs import specs
from test_hessians import quick, with_a_scalar
from test_oracles import draw, program_of, upstream
from test_second import positive_definite

import tcgrad
from tcgrad.calculus import derive
from tcgrad.evaluate import evaluate, evaluate_statements
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import gradient_of
from tcgrad.locate import gallery_specs
from tcgrad.notation.arrays.definitions import einstein_equation, einsum_equation
from tcgrad.notation.as_numpy.names import code_name
from tcgrad.notation.raising.refusal import Refusal

TWO = "dims: {I: 2, J: 3, K: 4}\ninputs: {A: [I, J], B: [J, K], S: [J, J], u: [I], v: [J], s: [], T: [I, J, K]}\n"

LEVI_CIVITA = np.array([[[(i - j) * (j - k) * (k - i) / 2 for k in range(3)] for j in range(3)] for i in range(3)])

# the equation, in modified Einstein notation, and as a call of NumPy
FORMS = [
    ("C[i,k] = A[i,j]*B[j,k]", "A *_(ij,jk,ik) B", "np.einsum('ij,jk->ik', A, B)"),
    ("y[i] = A[i,j]*v[j]", "A *_(ij,j,i) v", "np.einsum('ij,j->i', A, v)"),
    ("y[i,j] = A[i,j]*A[i,j]", "A *_(ij,ij,ij) A", "np.einsum('ij,ij->ij', A, A)"),
    ("y[i,j] = u[i]*v[j]", "u *_(i,j,ij) v", "np.einsum('i,j->ij', u, v)"),
    ("f = v[i]*v[i]", "v *_(i,i,) v", "np.einsum('i,i->', v, v)"),
    ("y[j,i] = A[i,j]", "A *_(ij,,ji) 1", "np.einsum('ij->ji', A)"),
    ("f = S[i,i]", "S *_(ii,i,) 1", "np.einsum('ii->', S)"),
    ("y[i] = S[i,i]", "S *_(ii,,i) 1", "np.einsum('ii->i', S)"),
    ("f = 1[i]*u[i]", "u *_(i,i,) 1", "np.einsum('i->', u)"),
    ("y[i,j] = A[i,j] + 1[j]*u[i]", "A + u *_(i,j,ij) 1", "A + np.einsum('i,j->ij', u, np.ones(J))"),
    ("y[i] = 2*u[i]", "2 *_(,i,i) u", "2 * u"),
    ("y[i] = -s*u[i]/3", "-(1/3) *_(,i,i) (s *_(,i,i) u)", "-s * u / 3"),
    ("y[i] = u[i]/s", "(1/s) *_(,i,i) u", "u / s"),
    ("y[j] = v[j]/(1 + v[j]^2)", "v *_(j,j,j) (1/(1 + v^2))", "np.einsum('j,j->j', v, 1 / (1 + v ** 2))"),
    ("y[i] = tanh(A[i,j]*v[j])", "tanh(A *_(ij,j,i) v)", "np.tanh(np.einsum('ij,j->i', A, v))"),
    ("y[i,k] = A[i,j]*S[j,m]*B[m,k]", "(A *_(ij,jm,im) S) *_(im,mk,ik) B", "np.einsum('ij,jm,mk->ik', A, S, B)"),
    ("y[i] = T[i,j,k]*B[j,k]", "T *_(ijk,jk,i) B", "np.einsum('ijk,jk->i', T, B)"),
    ("y[i] = A[i,1]*u[i]", "A[:,1] *_(i,i,i) u", "np.einsum('i,i->i', A[:, 1], u)"),
    ("y[i] = inv(S)[i,j]*v[j]", "inv(S) *_(ij,j,i) v", "np.einsum('ij,j->i', np.linalg.inv(S), v)"),
    ("f = det(S)*s", "det(S) *_(,,) s", "np.linalg.det(S) * s"),
    ("y[i] = max[j](A[i,j])", "max_(ij,i)(A)", "np.max(A, axis=-1)"),
    (
        "y[j] = logsumexp[i](A[i,j])",
        "logsumexp_(ji,j)(A *_(ij,,ji) 1)",
        "np.log(np.einsum('ji->j', np.exp(np.einsum('ij->ji', A))))",
    ),
    ("y[j] = where(v[j] > s, v[j], 0)", "where(v > s, v, 0)", "np.where(v > s, v, 0)"),
    ("y[j] = [v[j] > 0]*v[j]", "[v > 0] *_(j,j,j) v", "np.einsum('j,j->j', np.where(v > 0, 1, 0), v)"),
    ("y[i,j] = [i == j]*S[i,j]", "delta *_(ij,ij,ij) S", "np.einsum('ij,ij->ij', np.eye(J), S)"),
    ("y[i,j] = [i != j]*S[i,j]", "(1 - delta) *_(ij,ij,ij) S", "np.einsum('ij,ij->ij', 1 - np.eye(J), S)"),
    ("y[i,j] = where(i != j, S[i,j], s)", "where(delta != 0, s, S)", "np.where(np.eye(J) != 0, s, S)"),
    ("y[j] = s/v[j]", "s *_(,j,j) (1/v)", "s / v"),
    ("y[j] = (v[j]^3)^2", "(v^3)^2", "(v ** 3) ** 2"),
    ("y[j] = s^(v[j]^3)/v[j]^2", "s^(v^3) *_(j,j,j) (1/v^2)", "np.einsum('j,j->j', s ** (v ** 3), 1 / v ** 2)"),
    (
        "f = sum[i,j]((A[i,j] - u[i]*v[j])^2)",
        "(A - u *_(i,j,ij) v)^2 *_(ij,ij,) 1",
        "np.einsum('ij->', (A - np.einsum('i,j->ij', u, v)) ** 2)",
    ),
    (
        "f = sum[i,j,k]((T[i,j,k] - A[i,j]*B[j,k])^2)",
        "(T - A *_(ij,jk,ijk) B)^2 *_(ijk,ijk,) 1",
        "np.einsum('ijk->', (T - np.einsum('ij,jk->ijk', A, B)) ** 2)",
    ),
    ("y[row] = A[row,col]*v[col]", "A *_(ab,b,a) v", "np.einsum('ab,b->a', A, v)"),
    (
        "y[i] = exp(u[i])/(1[k]*exp(u[k]))",
        "(1/(exp(u) *_(k,k,) 1)) *_(,i,i) exp(u)",
        "np.exp(u) / np.einsum('k->', np.exp(u))",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "einstein", "einsum"), FORMS)
def test_form(equation: str, einstein: str, einsum: str) -> None:
    program = program_of(f"{TWO}equations: ['{equation}']")
    define = program.statements[-1]
    assert einstein_equation(define, program)[1] == einstein
    assert einsum_equation(define, program)[1] == einsum


REFUSALS = [
    ("y[i] = v[i+1]*u[i]", "v is read at a position that is no plain index"),
    ("y[i] = i*u[i]", "the index i is used as a number"),
    ("y[i,j] = [i < j]*A[i,j]", "the index i is used as a number"),
    ("y[i,j] = delta[i,2*j]", "a delta has a position that is no plain index"),
]


@pytest.mark.parametrize(("equation", "reason"), REFUSALS)
def test_refusal(equation: str, reason: str) -> None:
    program = program_of(f"{TWO}indices: {{i: I, j: J}}\nequations: ['{equation}']")
    define = program.statements[-1]
    assert einstein_equation(define, program) == Refusal(reason)
    assert einsum_equation(define, program) == Refusal(reason)


@pytest.mark.parametrize("name", ["f", "erf"])
def test_what_numpy_has_not_is_refused(name: str) -> None:
    program = program_of(f"inputs: {{x: [3]}}\nfunctions: {{'f(z)': null}}\nequations: ['y[i] = {name}(x[i])']")
    define = program.statements[-1]
    assert einstein_equation(define, program) == ("y", f"{name}(x)")
    assert einsum_equation(define, program) == Refusal(f"{name} is no function of NumPy")


def assert_reads_back(text, inputs, *, hessian: bool = False) -> int:
    """Every equation of the derivation that has the notation has the value of its index form; how many there are."""
    program = text if not isinstance(text, str) else program_of(text)
    derivation = derive(program, hessian=hessian)
    calls = [f for f in program.spec.functions.values() if f.body is None]
    if calls:
        return 0
    given = {item.tensor: inputs[item.tensor.name] for item in program.inputs}
    env = evaluate_statements([*program.statements, *inverses_in(program)], given)
    env |= {gradient_of(tensor): value for tensor, value in upstream(program).items()}
    env |= evaluate_statements(derivation.backward, env)
    closed = [each.define for each in (*derivation.jacobians, *derivation.hessians) if each.define is not None]
    defines = [s for s in (*program.statements, *derivation.backward, *closed) if isinstance(s, Define)]
    return sum(assert_one(define, program, env) for define in defines)


def assert_one(define, program, env) -> bool:
    expected = evaluate(define.body, define.free, env)
    made = einstein_equation(define, program)
    if isinstance(made, Refusal):
        assert einsum_equation(define, program) == made
        return False
    arrays = {tensor.name: value for tensor, value in env.items()}
    arrays |= {constant.name: float(constant.value) for constant in program.constants if constant.value is not None}
    arrays |= {dim.name: dim.value for dim in program.dims} | {"pi": np.pi, "levi_civita": LEVI_CIVITA}
    found = read_einstein(made[1], arrays, expected.shape)
    assert np.shape(found) == expected.shape, made
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9, err_msg=made[1])
    code = einsum_equation(define, program)
    if not isinstance(code, Refusal):
        known = {code_name(tensor): value for tensor, value in env.items()} | {"np": np}
        known |= {name: arrays[name] for name in arrays if name.isidentifier() and name not in known}
        result = eval(code[1], {"__builtins__": {}}, known)  # noqa: S307 - text that the tool made
        assert np.shape(result) == expected.shape, code
        np.testing.assert_allclose(np.asarray(result, float), expected, rtol=1e-8, atol=1e-9, err_msg=code[1])
    return True


GALLERY = [path.stem for path in gallery_specs()]


@pytest.mark.parametrize("name", GALLERY)
def test_the_gallery_reads_back(name: str) -> None:
    program = tcgrad.load(f"gallery:{name}").program
    rng = np.random.default_rng(0)
    drawn = draw(program)
    inputs = {key: rng.uniform(0.5, 1.5, a.shape) if a.dtype.kind == "f" else a for key, a in drawn.items()}
    assert_reads_back(program, positive_definite(inputs, program))


def test_most_of_the_gallery_has_the_notation() -> None:
    whole = 0
    for name in GALLERY:
        program = tcgrad.load(f"gallery:{name}").program
        defines = [statement for statement in program.statements if isinstance(statement, Define)]
        whole += not any(isinstance(einstein_equation(define, program), Refusal) for define in defines)
    assert whole >= 65


def test_a_number_that_an_integer_tensor_holds_at_a_fixed_position() -> None:
    text = """
dims: {M: 2, N: 3, T: 4}
inputs: {x: [], v: [N], n: {shape: [T], dtype: int, sample: {integers: [0, 2]}}}
equations:
  - 'y[a,j] = x*v[j]*1[a]'
  - 'h[0] = -x'
  - 'h[t] = h[t-1] + delta[t,1]*y[n[t],2]'
indices: {a: M, t: T}
outputs: [y, h]
wrt: [x]
"""
    for held in (0, 1):
        inputs = {"x": np.array(0.7), "v": np.array([0.2, 1.1, -0.6]), "n": np.array([1, held, 0, 1])}
        assert assert_reads_back(text, inputs) == 3


@quick
@given(specs())
def test_generated_programs_read_back(text: str) -> None:
    assert_reads_back(text, draw(program_of(text)))


@pytest.mark.parametrize("name", ["nmf", "least_squares", "cosine_similarity", "logistic_regression"])
def test_hessians_read_back(name: str) -> None:
    program = tcgrad.load(f"gallery:{name}").program
    assert assert_reads_back(program, draw(program), hessian=True) > 3


@quick
@given(specs(most_equations=1))
def test_hessians_of_generated_programs_read_back(text: str) -> None:
    program = with_a_scalar(text)
    assert_reads_back(program, draw(program), hessian=True)
