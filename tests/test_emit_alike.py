"""Statements that differ in names alone are lowered and printed once; the module is what it would be otherwise."""

from __future__ import annotations

import pytest
from whole_programs import twice, whole_spec

import tcgrad
from tcgrad.emit.lowering import lower
from tcgrad.emit.lowering.expressions import Expressions
from tcgrad.emit.lowering.structure import Axes, Structured
from tcgrad.emit.prepared.finite import finite
from tcgrad.ir.nodes import Add, Expr
from tcgrad.ir.traversal import tensors_read
from tcgrad.simplify.kinds import Kinds

LAYER = """\
  - s{n}[i,e] = x{m}[i,d]*w{n}[d,e]
  - a{n}[i,e] = exp(s{n}[i,e])/(1[k]*exp(s{n}[i,k]))
  - x{n}[i,e] = x{m}[i,e] + a{n}[i,d]*v{n}[d,e]
"""


def _layers(count: int) -> str:
    inputs = "".join(f"  w{n}: [D, D]\n  v{n}: [D, D]\n" for n in range(1, count + 1))
    return f"dims: {{T: 3, D: 2}}\ninputs:\n  x0: [T, D]\n{inputs}equations:\n" + "".join(
        LAYER.format(n=n, m=n - 1) for n in range(1, count + 1)
    )


CASES = {
    "layers": _layers(3),
    "layers whose names sort another way": "inputs: {x0: [3], w: [3]}\nequations:\n"
    + "".join(f"  - x{n + 1}[i] = tanh(x{n}[i]*w[i])\n" for n in range(10)),
    "the same array under two names, and two arrays": """\
inputs: {x: [3], z: [3]}
equations:
  - a[i] = x[i]
  - b[i] = x[i]
  - c[i] = z[i]
  - y = a[i]*b[i]
  - w = a[i]*c[i]
""",
    "views and arrays": """\
inputs: {x: [3, 3], z: [3, 3], v: [3]}
equations:
  - t[i,j] = x[j,i]
  - y[i] = tanh(t[i,j]*v[j])
  - w[i] = tanh(z[i,j]*v[j])
""",
    "numbers and arrays": """\
inputs: {x: [3], z: [3]}
equations:
  - a[i] = 2*1[i]
  - y = a[i]*x[i]
  - w = z[i]*x[i]
indices: {i: 3}
""",
    "multiples": """\
inputs: {x: [3], z: [3], v: [3]}
equations:
  - a[i] = x[i]/3
  - y[i] = tanh(a[i] + v[i])
  - w[i] = tanh(z[i] + v[i])
""",
    "numbers inside of what is read": """\
inputs: {x: [3], z: [3]}
equations:
  - a[i] = -x[i]
  - b[i] = 5*z[i]
  - y[i] = -sin(a[i])
  - w[i] = -sin(b[i])
""",
    "a product that was there before, and one that was not": """\
inputs: {A: [3, 3], B: [3, 3], C: [3, 3], D: [3, 3], v: [3]}
equations:
  - p[i,k] = A[i,j]*B[j,k]
  - y[i] = A[i,j]*B[j,k]*v[k]
  - w[i] = C[i,j]*D[j,k]*v[k]
""",
    "a sum that was there before, and one that was not": """\
inputs: {x: [3], z: [3], u: [3], v: [3]}
equations:
  - p[i] = x[i] + z[i]
  - y[i] = tanh(x[i] + z[i])
  - w[i] = tanh(u[i] + v[i])
""",
    "a term that was there before, as another product, and one that was not": """\
inputs: {A: [3, 3], B: [3, 3], C: [3, 3], D: [3, 3], E: [3, 3], X: [3, 3], V: [3, 3]}
equations:
  - T[i,k] = A[i,j]*X[j,k] + B[i,j]*X[j,k]
  - S[i,j] = A[i,j] + B[i,j]
  - Q[i,k] = D[i,j]*V[j,k]
  - R[i,j] = D[i,j] + E[i,j]
  - Y[i,k] = tanh(S[i,j]*X[j,k] + C[i,j]*X[j,k])
  - W[i,k] = tanh(R[i,j]*V[j,k] + C[i,j]*V[j,k])
outputs: [T, Q, Y, W]
""",
    "operands that were made in another order": """\
inputs: {x: [3, 3], z: [3, 3]}
equations:
  - b[i,j] = tanh(z[i,j])
  - a[i,j] = tanh(x[i,j])
  - c[i,j] = sin(x[i,j])
  - d[i,j] = sin(z[i,j])
  - y[i,k] = a[i,j]*b[j,k] + a[i,k]
  - w[i,k] = c[i,j]*d[j,k] + c[i,k]
""",
    "integers, truth values and numbers": """\
inputs: {x: [3], m: {shape: [3], dtype: int}, b: {shape: [3], dtype: bool}}
equations:
  - y[i] = x[i]*m[i]
  - w[i] = x[i]*b[i]
""",
    "zeros around one of two": """\
inputs: {x: {shape: [5], outside: 0}, z: [7], k: [3]}
equations:
  - y[i] = x[i + p - 1]*k[p]*1[i]
  - w[i] = z[i + p]*k[p]*1[i]
indices: {i: 5}
""",
    "zeros around what one of two gradients is by": """\
inputs: {x: {shape: [5], outside: 0}, z: [5], v: [7]}
equations:
  - y[i] = tanh(x[i]/v[i + 2])
  - w[i] = tanh(z[i]/v[i + 2])
indices: {i: 5}
""",
    "guards": """\
inputs: {x: [3, 3], z: [3, 3]}
equations:
  - y[i] = 1[j]*[i > j]*log(x[i,j])
  - w[i] = 1[j]*[i > j]*log(z[i,j])
""",
    "names of tensors that indices could have": """\
inputs: {x: [3, 3], j: [3], z: [3, 3], v: [3]}
equations:
  - y[i] = tanh(x[i,k]*j[k])
  - w[i] = tanh(z[i,k]*v[k])
""",
    "scalars named like indices": """\
inputs: {x: [3], p: [], z: [3], c: []}
equations:
  - y[i] = tanh(x[i]*p)
  - w[i] = tanh(z[i]*c)
""",
    "quotients that could be taken for derivatives": """\
inputs: {dx: [], dz: [], u: [], v: []}
equations:
  - y = exp(dx/dz)
  - w = exp(u/v)
""",
    "inverses that multiply": """\
inputs: {A: [3, 3], B: [3, 3], v: [3], C: [3, 3]}
equations:
  - y[i] = inv(A)[i,j]*v[j]
  - w[i] = C[i,j]*v[j]
  - u[i] = inv(B)[i,j]*v[j]
""",
    "inverses of arrays and of views": """\
inputs: {A: [3, 3], B: [3, 3], C: [3, 3], v: [3], w: [3]}
equations:
  - T[i,j] = C[j,i]
  - a[i] = inv(A)[j,i]*v[j]
  - b[i] = inv(B)[j,i]*v[j]
  - c[i] = inv(T)[j,i]*w[j]
""",
    "a sum, which is a mean if divided by the size, and no sum": """\
dims: {N: 3}
inputs: {x: [N, 2], z: [2]}
equations:
  - a[j] = sum[i](x[i,j])
  - b[j] = sin(z[j])
  - y[j] = exp(b[j]/N)
  - w[j] = exp(a[j]/N)
""",
    "a size and another scalar": """\
dims: {N: 3}
inputs: {x: [N], z: [N], c: []}
equations:
  - a = sin(c)
  - b = N
  - y = sum[i](x[i])*1/a
  - w = sum[i](z[i])*1/b
""",
    "loops": """\
inputs: {x: [5, 3], z: [5, 3], w: [3, 3], u: [3, 3]}
equations:
  - h[0,i] = x[0,i]
  - h[t,i] = tanh(w[i,j]*h[t-1,j] + x[t,i])
  - g[0,i] = z[0,i]
  - g[t,i] = tanh(u[i,j]*g[t-1,j] + z[t,i])
""",
}


def _one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kinds, "of", lambda *_: None)


@pytest.mark.parametrize("name", CASES)
def test_everything_is_emitted_as_if_nothing_were_remembered(name: str, monkeypatch: pytest.MonkeyPatch):
    remembered = tcgrad.loads(CASES[name]).emit()
    _one_by_one(monkeypatch)
    assert remembered == tcgrad.loads(CASES[name]).emit()


@pytest.mark.parametrize("seed", [0, 1])
def test_programs_twice_are_emitted_as_if_nothing_were_remembered(seed: int, monkeypatch: pytest.MonkeyPatch):
    text = twice(whole_spec(seed))
    remembered = tcgrad.loads(text).emit()
    _one_by_one(monkeypatch)
    assert remembered == tcgrad.loads(text).emit()


def test_equal_layers_are_lowered_once(monkeypatch: pytest.MonkeyPatch):
    lowered: list[Expr] = []

    def counting(expr: Expr) -> Expr:
        lowered.append(expr)
        return finite(expr)

    monkeypatch.setattr(lower, "finite", counting)
    counts = []
    for count in (5, 8):  # the first ones differ in what their derivatives are made of
        lowered.clear()
        tcgrad.loads(_layers(count)).emit()
        counts.append(len(lowered))
    assert counts[0] == counts[1]


def test_what_arrays_were_made_by_is_nothing_to_those_that_read_them(monkeypatch: pytest.MonkeyPatch):
    lowered: list[set[str]] = []

    def noting(expr: Expr) -> Expr:
        lowered.append({tensor.name for tensor in tensors_read(expr)})
        return finite(expr)

    monkeypatch.setattr(lower, "finite", noting)
    equations = ["a1[i] = sin(x[i])", "a2[i] = x[i] + u[i]", "y1[i] = exp(a1[i]*v[i])", "y2[i] = exp(a2[i]*v[i])"]
    tcgrad.loads(f"inputs: {{x: [3], u: [3], v: [3]}}\nequations: {equations}\noutputs: [y1, y2]\n").emit()
    assert {"a1", "v"} in lowered
    assert {"a2", "v"} not in lowered


def test_sums_that_are_factors_of_many_terms_are_lowered_once_a_statement(monkeypatch: pytest.MonkeyPatch):
    lowered: list[Expr] = []
    plainly = Expressions.lower

    def counting(self: Expressions, expr: Expr, hint: Axes) -> Structured:
        lowered.extend([expr] if isinstance(expr, Add) else [])
        return plainly(self, expr, hint)

    monkeypatch.setattr(Expressions, "lower", counting)
    counts = []
    for count in (4, 8):
        lowered.clear()
        product = "*".join(f"(x[i] + {k}*z[i])" for k in range(1, count + 1))
        tcgrad.loads(f"inputs: {{x: [4], z: [4]}}\nequations: ['y = 1[i]*{product}']\n").emit()
        counts.append(len(lowered))
    assert counts[1] < 2.5 * counts[0]
