"""Emitted modules: the code that they consist of, and what it computes."""

import ast
import os
import re
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import yaml
from emit_tools import Emitted, as_list, assert_close, check_at_sizes, check_everything, lint, spec
from hypothesis import HealthCheck, given, settings
from programs import specs
from timing import seconds

import tcgrad
from tcgrad.emit.lowering.paths import contraction_tree
from tcgrad.errors import TcgradError

DIMS = "{A: 2, B: 3, C: 5, D: 7}"

# equations, inputs -> lines that the module must contain
CODE = [
    (["y[i,j] = x[i,k]*a[k,j]"], ["x: [A, B]", "a: [B, C]"], ["y = x @ a", "dx = dy @ a.T", "da = x.T @ dy"]),
    (["y[j,i] = x[i,k]*a[k,j]"], ["x: [A, B]", "a: [B, C]"], ["y = a.T @ x.T", "dx = dy.T @ a.T", "da = x.T @ dy.T"]),
    (
        ["y[i] = w[i,j]*x[j] + b[i]"],
        ["w: [A, B]", "x: [B]", "b: [A]"],
        ["y = w @ x + b", "dw = np.outer(dy, x)", "db = dy.copy()"],
    ),
    (["y[j] = x[i]*w[i,j]"], ["w: [A, B]", "x: [A]"], ["y = x @ w"]),
    (["y = u[i]*v[i]"], ["u: [A]", "v: [A]"], ["y = u @ v", "du = dy * v"]),
    (["y = x[i,j]*z[i,j]"], ["x: [A, B]", "z: [A, B]"], ["y = np.vdot(x, z)"]),
    (["y[i] = x[i,j]*z[i,j]"], ["x: [A, B]", "z: [A, B]"], ['y = np.einsum("ij,ij->i", x, z)']),
    (
        ["y[b,i,j] = x[b,i,k]*z[b,k,j]"],
        ["x: [A, B, C]", "z: [A, C, D]"],
        ["y = x @ z", "dx = dy @ z.swapaxes(-1, -2)", "dz = x.swapaxes(-1, -2) @ dy"],
    ),
    (
        ["y[b,t,e] = x[b,t,d]*w[d,e]"],
        ["x: [A, B, C]", "w: [C, D]"],
        ["y = x @ w", "dx = dy @ w.T", "dw = x.reshape(A * B, C).T @ dy.reshape(A * B, D)"],
    ),
    (
        ["y[n,g,k] = x[n,d]*w[g,d,k]"],
        ["x: [A, B]", "w: [3, B, C]"],
        ["y = (x @ w).swapaxes(0, 1)", "dw = x.T @ dy.swapaxes(0, 1)"],
    ),
    (["y[g,k,n] = x[n,d]*w[g,k,d]"], ["x: [A, B]", "w: [3, C, B]"], ["y = w @ x.T"]),
    (["y[n,g,k] = x[n,d]*w[g,d,k]"], ["x: [A, B]", "w: [99, B, C]"], ["y = (x @ t1).reshape(A, 99, C)"]),
    (["y[b,i] = a[b,i,k]*x[b,k]"], ["a: [A, B, C]", "x: [A, C]"], ["y = (a @ x[..., None])[..., 0]"]),
    (["y[n] = max[k](x[n,k])"], ["x: [A, 2]"], ["y = np.maximum(x[:, 0], x[:, 1])"]),
    (["y[n] = min[k](x[n,k])"], ["x: [A, B]"], ["y = x.min(axis=-1)"]),
    (["y[n] = sum[k](x[n,k])"], ["x: [A, 3]"], ["y = x[:, 0] + x[:, 1] + x[:, 2]"]),
    (["y[k] = sum[n](x[n,k])"], ["x: [3, A]"], ["y = x.sum(axis=0)"]),
    (["y[n] = sum[k](x[n,k])"], ["x: [A, 9]"], ["y = x.sum(axis=-1)"]),
    (["y[i,j] = sum[k]((x[i,k] - z[j,k])^2)"], ["x: [A, C]", "z: [B, C]"], ["y = _squared_distances(x, z)"]),
    (["y[i,j] = sum[k]((x[k,i] - x[k,j])^2)/2"], ["x: [C, A]"], ["y = _squared_distances(x.T, x.T) / 2"]),
    (["y = a[i,i]"], ["a: [C, C]"], ["y = np.trace(a)"]),
    (["y[i] = a[i,i]"], ["a: [C, C]"], ["y = np.diagonal(a).copy()", "da = np.diag(dy)"]),
    (["y[i,j] = a[j,i]"], ["a: [B, C]"], ["y = a.T.copy()", "da = dy.T.copy()"]),
    (["y[i] = mean[j](x[i,j])"], ["x: [A, B]"], ["y = x.mean(axis=-1)"]),
    (["y[i,j] = x[i,j] - u[i] - v[j]"], ["x: [A, B]", "u: [A]", "v: [B]"], ["y = x - u[:, None] - v"]),
    (["y[i] = exp(x[i])", "z[i] = y[i]*y[i]"], ["x: [A]"], ["y = np.exp(x)", "z = y * y"]),
    (
        ["y[i] = x[i]^2 + x[i]^0.5 + x[i]^-1 + x[i]^-2"],
        ["x: [A]"],
        ["x_squared = x * x", "sqrt_x = np.sqrt(x)", "t1 = 1 / x_squared", "y = x_squared + sqrt_x + 1 / x + t1"],
    ),
    (["y[i] = -x[i] + 2"], ["x: [A]"], ["y = 2 - x"]),
    (
        ["r[i] = x[i] - m[i]", "y[i] = z[i]*r[i] - z[i]*(m[i] - x[i])^2 + m[i]*(m[i] - x[i])^3"],
        ["x: [A]", "m: [A]", "z: [A]"],
        ["t1 = r - r * r", "y = z * t1 - m * r * r * r"],
    ),
    (["y = mean[i](sum[j](exp(x[i,j])))"], ["x: [A, D]"], ["y = exp_x.sum() / A"]),
    (["s[i] = sum[j](x[i,j])", "y = sum[i](s[i])"], ["x: [A, B]"], ["s = x.sum(axis=-1)", "y = s.sum()"]),
    (["y = sum[i](-x[i] - z[i]^2)"], ["x: [A]", "z: [A]"], ["y = -(x + z * z).sum()"]),
    (["y = x[i]*x[i] + A*z[j]*z[j]"], ["x: [B]", "z: [B - A]"], ["A = B - z.shape[0]"]),
    (["y[i,j] = exp(-x[i,j])/(1[k]*exp(-x[i,k]))"], ["x: [A, B]"], ["y = x.min(axis=-1, keepdims=True) - x"]),
    (["y[i] = 2*x[i]/3 - 0.25*x[i]^3"], ["x: [A]"], ["y = 2 / 3 * x - x * x * x / 4"]),
    (["y[i] = x[i]*s"], ["x: [A]", "s: []"], ["y = s * x", "ds = dy @ x"]),
    (["y[i,j] = -x[i,j]*v[i]"], ["x: [A, B]", "v: [A]"], ["y = -v[:, None] * x"]),
    (["y[i,j] = u[i]*v[j]"], ["u: [A]", "v: [B]"], ["y = np.outer(u, v)"]),
    (
        ["y[k] = sum[n]([e[k] <= x[n] < e[k+1]]*w[n])"],  # the masks are one before numbers are multiplied with them
        ["x: [A]", "w: [A]", "e: [C]"],
        ["t1 = (e[: C - 1][:, None] <= x) & (x < e[1:][:, None])", "dw = dy @ t1"],
    ),
    (
        ["y[i] = w[p]*x[i+p]"],  # a long range is no shorter for being a number
        ["x: [40 + B - 1]", "w: [B]"],
        ["for p in range(B):"],
    ),
    (["y[i,j] = delta[i,j]"], ["x: [C]"], ["y = np.eye(C, dtype=dtype)"]),
    (["y[i,j] = 1[j]*x[i]"], ["x: [A]", "z: [B]"], ["y = np.broadcast_to(x[:, None], (A, B)).copy()"]),
]


@pytest.mark.parametrize(("equations", "inputs", "lines"), CODE, ids=lambda v: v[0] if isinstance(v, list) else None)
def test_code(equations, inputs, lines):
    indices = "{j: B}" if "1[j]" in equations[0] else "{i: C, j: C}" if "delta[i,j]" in equations[0] else "{}"
    source = Emitted(spec(inputs, equations, dims=DIMS, indices=indices)).source
    written = [line.strip() for line in source.splitlines()]
    missing = [line for line in lines if line not in written]
    assert not missing, source


TRICKY = {
    "softmax": (["x: [A, B]"], ["e[b,h] = exp(x[b,h])", "s[b] = 1[h]*e[b,h]", "y[b,h] = e[b,h]/s[b]"]),
    "layer norm": (
        ["x: [B, C]", "g: [C]", "c: [C]"],
        [
            "m[b] = mean[h](x[b,h])",
            "v[b] = mean[h]((x[b,h] - m[b])^2)",
            "y[b,h] = (x[b,h] - m[b])/sqrt(v[b] + 0.001)*g[h] + c[h]",
        ],
    ),
    "chain of matrices": (
        ["a: [A, B]", "b: [B, C]", "c: [C, D]", "d: [D, A]"],
        ["y[i,m] = a[i,j]*b[j,k]*c[k,l]*d[l,m]"],
    ),
    "trace of a product": (["a: [A, B]", "b: [B, A]"], ["y = a[i,j]*b[j,i]"]),
    "sums over axes in any order": (
        ["x: [A, B, C]", "w: [C, D, B]", "v: [B, A, D]"],
        ["y[a,d] = x[a,b,c]*w[c,d,b]", "z[c,d] = x[a,b,c]*v[b,a,d]", "u[c,a] = w[c,d,b]*v[b,a,d]"],
    ),
    "bilinear form": (["x: [A, C]", "m: [C, D]", "z: [A, D]"], ["y[b] = x[b,i]*m[i,j]*z[b,j]"]),
    "batched heads": (["x: [A, B, C, D]", "w: [C, D, B]"], ["y[b,h,t,e] = x[b,t,h,d]*w[h,d,e]"]),
    **{
        f"a matrix and a few others, {stack}": (
            ["x: [A, B]", f"w: [{sizes}]"],
            [f"y[n,g,k] = x[n,d]*w[{stack}]", "z[g,k,n] = y[n,g,k]^2", f"u[k,n,g] = w[{stack}]*x[n,d]"],
        )
        for stack, sizes in {
            "g,d,k": "3, B, C",
            "g,k,d": "3, C, B",
            "d,g,k": "B, 3, C",
            "d,k,g": "B, C, 3",
            "k,d,g": "C, B, 3",
        }.items()
    },
    "short axes that memory runs along": (
        ["x: [A, 2*B, 2*C]", "p: [A, 3]", "q: [B, 1]"],
        [
            "y[n,i,j] = mean[a,b](x[n,2*i+a,2*j+b])",
            "z[n,i,j] = max[a,b](x[n,2*i+a,2*j+b])",
            "u[n] = sum[k](tanh(p[n,k])) + min[k](p[n,k])",
            "v[i] = sum[k](sin(q[i,k])) - max[k](q[i,k])",
        ],
        "{a: 2, b: 2}",
    ),
    "distances between rows": (
        ["x: [A, D]", "z: [B, D]", "w: [D, B]", "p: [C, 2]", "s: []"],
        [
            "q[i,j] = sum[d]((x[i,d] - z[j,d])^2)",
            "r[j,i] = exp(-sum[d]((x[i,d] - z[j,d])^2))*q[i,j]",
            "u[j,i] = sum[d]((s*w[d,j] - x[i,d])^2)",
            "v[d,e] = sum[j]((w[d,j] - w[e,j])^2)",
            "o[i,j] = sum[k]((p[i,k] - p[j,k])^2)",
            "a[i,j,d] = x[i,d] - x[j,d]",
            "b[i,j] = sum[d](a[i,j,d]^2)",
        ],
    ),
    "a kernel for each channel": (
        ["x: [A, B, C+D-1]", "z: [A, 2*D+C, B]", "v: [A, B, 2*D+3]", "w: [B, C]", "u: [B, 3]", "a: [A, D, C]"],
        [
            "y[n,c,t] = sum[k](w[c,k]*x[n,c,t+k])",
            "p[n,c,t] = sum[k](u[c,k]*v[n,c,2*t+2*k])",
            "r[n,c,t] = sum[k](w[c,k]*z[n,2*t+k,c]) + tanh(sum[k](a[n,t,k]*z[n,2*t+k,c]))",
            "q[c,n] = sum[t,k](w[c,k]*x[n,c,t+k]*y[n,c,t])",
        ],
        "{t: D}",
    ),
    "two summed axes in a batch": (["x: [A, B, C]", "w: [A, B, C, D]"], ["y[b,e] = x[b,i,j]*w[b,i,j,e]"]),
    "rows on both sides of a batch": (["x: [A, B, C, D]", "w: [A, D, B, C]"], ["y[b,i,j,p,q] = x[b,i,j,k]*w[b,k,p,q]"]),
    "batch index last": (["x: [B, C, A]", "w: [C, D, A]"], ["y[i,j,b] = x[i,k,b]*w[k,j,b]"]),
    "diagonal and trace": (["a: [C, C]", "b: [C, C]"], ["y[i] = a[i,i]*b[i,j]*1[j]", "t = a[i,i]*b[j,j]"]),
    "triple diagonal": (["a: [B, C, B, C]"], ["y[i,j] = a[i,j,i,j]^2"]),
    "delta plus dense": (["a: [C, C]", "s: []"], ["y[i,j] = a[i,j] + s*delta[i,j]", "z = y[i,j]*y[j,i]"]),
    "identity in a function": (["a: [C, C]"], ["y[i,j] = exp(a[i,j]*delta[i,j])"]),
    "cross product": (["u: [3]", "v: [3]"], ["y[i] = levi_civita[i,j,k]*u[j]*v[k]"]),
    "determinant": (["m: [3, 3]"], ["y = levi_civita[i,j,k]*m[0,i]*m[1,j]*m[2,k]"]),
    "sum over an unused index": (
        ["x: [A]", "z: [B]"],
        ["y[i] = sum[j](1[j]*x[i]) + 1[j]*x[i]*z[j]", "v = sum[i](y[i])"],
        "{j: B}",
    ),
    "scalars alone": (["a: []", "p: []"], ["y = a^2*p + sin(a)/p", "z = y*a"]),
    "scalar that passes through": (["a: []", "b: [B]"], ["y = a + sum[i](b[i])"]),
    "fixed positions": (["x: [B, C]"], ["y[j] = x[0,j] - x[2,j]", "z = x[1,1]*x[1,2]"]),
    "broadcast and sum": (["x: [A, B]", "u: [A]"], ["y[i,j] = x[i,j]*u[i] - u[i]", "z[i] = sum[j](y[i,j]*y[i,j])"]),
    "sum of a broadcast sum": (
        ["x: [A]", "w: [A, B]"],
        ["y[i,j] = 1[j]*x[i]", "z = y[i,j]*w[i,j]", "v = y[i,j]*1[i,j]"],
        "{j: B}",
    ),
    "outputs that read each other": (["x: [C]"], ["y[i] = tanh(x[i])", "z = y[i]*y[i]", "w[i] = y[i]*z"]),
    "an output that is an input": (["x: [A, B]"], ["y[i,j] = x[i,j]", "z[j,i] = x[i,j]"]),
    "an unused input": (["x: [A]", "u: [B]"], ["y[i] = x[i]"]),
    "constant output": (["x: [A]"], ["y[i] = 2*1[i]", "z = x[i]*y[i]"], "{i: A}"),
    "powers": (
        ["p: [C]", "x: [C]", "s: []"],
        ["y[i] = p[i]^-1.5 + p[i]^x[i] + p[i]^(5/2)", "z[i] = x[i]^5 + p[i]^(1/3) + 2^x[i] + p[i]^s"],
    ),
    "functions": (
        ["x: [C]"],
        ["y[i] = sigmoid(x[i]) + softplus(x[i]) + gelu(x[i]) + gelu_tanh(x[i]) + silu(x[i])*erf(x[i]) + erfc(x[i])"],
    ),
    "more functions": (
        ["p: [C]", "x: [C]"],
        [
            "y[i] = lgamma(p[i]) + digamma(p[i]) + log1p(p[i])",
            "z[i] = expm1(x[i]) + cbrt(p[i]) + atan2(x[i], p[i]) + acosh(1 + p[i])",
        ],
    ),
    "integers in arithmetic": (
        ["n: {shape: [A, B], dtype: int}", "x: [B]"],
        ["y[i] = n[i,j]*x[j]", "z[i,j] = (n[i,j] + 1)*x[j]"],
    ),
    "truth values in arithmetic": (
        ["m: {shape: [A], dtype: bool}", "x: [A]"],
        ["y[i] = m[i]*x[i] + (1 - m[i])*x[i]^2 + m[i] + m[i]"],
    ),
    "size as a number": (["x: [A, B]"], ["y[i] = sum[j](x[i,j])/B + A*x[i,0]/sqrt(B)"]),
    "means over axes of one size": (
        ["x: [B, C]", "z: [C]"],
        [
            "y[i,k] = z[0] + mean[j](sin(x[i,j]))*mean[m](exp(x[k,m]))",
            "v = mean[i](x[i,0])*mean[k](x[k,0]^2)",
            "w = mean[j,k](z[j]*sin(z[k]*z[j]))",
        ],
    ),
    "quotient of sums": (
        ["x: [B, C]", "z: [B, C]"],
        ["y[i,k] = x[i,j]*z[k,j]/(sqrt(x[i,j]*x[i,j])*sqrt(z[k,j]*z[k,j]))"],
    ),
    "many operands": (
        ["a: [A, B]", "b: [B, C]", "c: [C, D]", "d: [D]", "e: [A]", "f: [B]", "g: [C]", "h: [A, D]", "k: [B, D]"],
        ["y[i] = a[i,j]*b[j,k]*c[k,l]*d[l]*e[i]*f[j]*g[k]*h[i,l]*k[j,l]"],
    ),
    "a scalar at both ends": (["x: [A]", "s: []"], ["y = s*exp(-s*x[i]*x[i])"]),
    "an output whose derivative is another's too, there by fewer axes": (
        ["x: [C]", "z: [B]"],
        ["h = x[t]*x[t]", "g[i,n] = h*z[n] + 2*z[i]", "y[p,s] = (z[n]*sigmoid(g[j,n])*g[j,p]*x[s])^2"],
    ),
}


each_tricky = pytest.mark.parametrize("name", TRICKY, scope="module")  # a spec is emitted once, in one worker


@cache
def tricky(name, *, outputs=None):
    inputs, equations, *indices = TRICKY[name]
    names = [equation.partition("=")[0].partition("[")[0].strip() for equation in equations]
    keys = {"indices": indices[0]} if indices else {}
    return Emitted(spec(inputs, equations, dims=DIMS, outputs=f"[{', '.join(outputs or names)}]", **keys))


@each_tricky
def test_values_and_derivatives(name):
    check_everything(tricky(name))


@each_tricky
def test_last_output_alone(name):
    _, equations, *_ = TRICKY[name]
    last = equations[-1].partition("=")[0].partition("[")[0].strip()
    check_everything(tricky(name, outputs=(last,)))


@pytest.mark.parametrize(
    "sizes", [{"A": 5, "B": 2, "C": 3, "D": 2}, {"A": 1, "B": 1, "C": 1, "D": 1}], ids=["other", "ones"]
)
@each_tricky
def test_other_sizes_than_the_specs(name, sizes):
    own = tricky(name)
    least = {"B": 3, "C": 3} if name == "fixed positions" else {}
    other = Emitted(own.text, {dim: max(size, least.get(dim, 1)) for dim, size in sizes.items()})
    other.module = own.module
    check_everything(other)


@pytest.mark.parametrize("dtype", ["float16", "float32", "longdouble"])
@each_tricky
def test_dtype_is_kept(name, dtype):
    emitted = tricky(name)
    inputs = emitted.inputs(dtype)
    module = emitted.module
    values = as_list(module.forward(*inputs.values()), len(emitted.program.outputs))
    upstream = [np.ones_like(value) for value in values]
    _, gradients = module.value_and_grad(*inputs.values(), *upstream)
    directions = [inputs[tensor.name] for tensor in emitted.program.wrt]
    tangents = as_list(module.jvp(*inputs.values(), *directions), len(values))
    for result in (*values, *gradients, *tangents, *module.jacobian(*inputs.values()).values()):
        assert np.asarray(result).dtype == np.dtype(dtype), emitted.source
    wide = {name: np.asarray(value, float) if value.dtype.kind == "f" else value for name, value in inputs.items()}
    tolerance = {"float16": 0.05, "float32": 1e-4, "longdouble": 1e-12}[dtype]
    for got, wanted in zip(values, emitted.plain(wide), strict=True):
        assert_close(np.asarray(got, float), wanted, tolerance)


@pytest.mark.parametrize(
    "name", ["softmax", "chain of matrices", "batched heads", "broadcast and sum", "diagonal and trace"]
)
def test_memory_layouts(name):
    emitted = tricky(name)
    arguments = list(emitted.inputs().values())
    plain = as_list(emitted.module.forward(*arguments), len(emitted.program.outputs))
    strided = [np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a for a in arguments]
    for other in ([np.asfortranarray(a) for a in arguments], strided):
        for got, wanted in zip(as_list(emitted.module.forward(*other), len(plain)), plain, strict=True):
            assert_close(got, wanted, 1e-12)


@pytest.mark.parametrize("make", [float, np.float64, np.array], ids=["float", "float64", "0-d array"])
def test_scalars_of_any_kind(make):
    module = Emitted(spec(["a: []", "b: []"], ["y = a^2*b + sin(a)/b + a^-0.5 + a^1.3"])).module
    y, (da, db) = module.value_and_grad(make(2.0), make(3.0))
    assert_close(y, 12 + np.sin(2.0) / 3 + 2**-0.5 + 2**1.3, 1e-14)
    assert_close(da, 12 + np.cos(2.0) / 3 - 0.5 * 2**-1.5 + 1.3 * 2**0.3, 1e-14)
    assert_close(db, 4 - np.sin(2.0) / 9, 1e-14)


def test_default_upstream_gradient_keeps_the_dtype():
    module = Emitted(spec(["x: [3]", "b: []"], ["y = b + sum[i](x[i])"])).module
    x, b = np.ones(3, np.float32), np.float32(2)
    _, (dx, db) = module.value_and_grad(x, b)
    assert dx.dtype == np.float32
    assert db.dtype == np.float32


def test_an_upstream_gradient_is_not_rounded_to_the_integers_of_inputs():
    module = Emitted(spec(["x: [N]", "w: [N]"], ["f = x[i]*w[i]"], dims="{N: 3}")).module
    x, w = np.array([1, 2, 3]), np.array([4, 5, 6])
    value, (dx, dw) = module.value_and_grad(x, w, 0.5)
    assert value == 32
    assert np.array_equal(dx, w / 2)
    assert np.array_equal(dw, x / 2)


@pytest.mark.parametrize(
    "shapes",
    [((2, 3), (1, 5)), ((2, 3), (3,)), ((2, 1), (3, 5)), ((2, 3), (3, 5, 1)), ((2,), (2, 5))],
)
def test_mismatched_shapes_are_refused(shapes):
    module = Emitted(spec(["x: [A, B]", "a: [B, C]", "c: [C]"], ["y[i,j] = x[i,k]*a[k,j] + c[j]"], dims=DIMS)).module
    with pytest.raises(ValueError, match=r"shape|axes|unpack"):
        module.forward(*(np.ones(shape) for shape in shapes), np.ones(5))


def test_silent_broadcasting_is_refused():
    module = Emitted(spec(["x: [A, B]", "g: [B]"], ["y[i,j] = x[i,j]*g[j]"], dims=DIMS)).module
    with pytest.raises(ValueError, match=r"g has shape \(1,\), expected \(3,\)"):
        module.forward(np.ones((2, 3)), np.ones(1))
    _, saved = module.forward_saved(np.ones((2, 3)), np.ones(3))
    with pytest.raises(ValueError, match=r"dy has shape \(3,\), expected \(2, 3\)"):
        module.backward(saved, np.ones(3))


NO_SIZE_ASKED_FOR = {
    "y[i] = exp(x[i])/(1[k]*exp(x[k]))": [(2,)],
    "y[i,j] = x[i]*a[j]": [(2,), (3,)],
    "y[i,j] = sin(x[i,j])": [(2, 3)],
    "y = sqrt(x[i]*x[i])": [(2,)],
    "y = x[0]": [(2,)],
}


@pytest.mark.parametrize("equation", NO_SIZE_ASKED_FOR)
def test_a_wrong_number_of_axes_is_refused_where_no_size_is_asked_for(equation):
    """Of every argument, by every function that is given the inputs; of the upstream gradient too."""
    shapes = NO_SIZE_ASKED_FOR[equation]
    inputs = [f"{name}: [{', '.join('AB'[n - 2] for n in shape)}]" for name, shape in zip("xa", shapes, strict=False)]
    module = Emitted(spec(inputs, [equation], dims=DIMS)).module
    given = [np.ones(shape) for shape in shapes]
    upstream = np.ones(np.shape(module.forward(*given)))
    asked = {"forward": (), "jacobian": (), "jvp": given, "value_and_grad": [upstream]}
    for name, others in asked.items():
        function, arguments = getattr(module, name), [*given, *others]
        function(*arguments)
        for place, array in enumerate(arguments):
            for wrong in (array[None], *([array[0]] if array.ndim else [])):
                with pytest.raises(ValueError, match=r"shape|axes|unpack"):
                    function(*arguments[:place], wrong, *arguments[place + 1 :])


LISTS = ["y[i] = 2*x[i]", "y[i] = x[i] + a[i]", "y[i] = 3*x[i]*a[i]", "y = x[i]*a[i]", "y[i] = 2*x[A-1-i] + x[0]"]


@pytest.mark.parametrize("make", [list, tuple])
@pytest.mark.parametrize("equation", LISTS)
def test_a_list_is_never_taken_for_an_array(equation, make):
    """Twice a list is the list and itself once more, and a list and another one are both, one behind the other."""
    module = Emitted(spec(["x: [A]", "a: [A]"], [equation, "z = a[i]*x[i]"], dims=DIMS, outputs=["y"])).module
    given = [np.arange(2.0), np.arange(2.0)]
    upstream = np.ones(np.shape(module.forward(*given)))
    asked = {"forward": [], "jacobian": [], "jvp": given, "value_and_grad": [upstream]}
    for name, others in asked.items():
        function, arguments = getattr(module, name), [*given, *others]
        for place, array in enumerate(arguments):
            if array.ndim:
                with pytest.raises((TypeError, AttributeError), match=r"list|tuple"):
                    function(*arguments[:place], make(array), *arguments[place + 1 :])


NAMES = [
    ["lambda: [A]", "np: [A]", "def: [A]"],
    ["forward: [A]", "backward: [A]", "saved: [A]"],
    ["x: [A]", "dx: [A]", "dy: [A]"],
    ["ﬁ: [A]", "type: [A]", "_: [A]"],
    ["dtype: [A]", "out: [A]", "t: [A]"],
    ["_sigmoid: [A]", "print: [A]", "math: [A]"],
    ["x: [A]", "x_: [A]", "x_minus_y: [A]"],
    ["ΔE: [A]", "α: [A]", "__debug__: [A]"],
    ["self: [A]", "special: [A]", "None_: [A]"],
    ["A_: [A]", "A1: [A]", "outputs: [A]"],
]


@pytest.mark.parametrize("inputs", NAMES, ids=lambda names: " ".join(name.partition(":")[0] for name in names))
def test_names_that_python_or_the_module_uses(inputs):
    a, b, c = (line.partition(":")[0] for line in inputs)
    equations = [f"y[i] = sigmoid({a}[i])*{b}[i] - exp({b}[i])*{c}[i]", "l = y[i]*y[i]"]
    emitted = Emitted(spec(inputs, equations, dims=DIMS, outputs="[y, l]"))
    check_everything(emitted)
    assert lint([emitted.source]) == ""


HOSTILE = ['"""\nimport os\nos.abort()\n"""', "\\", '\'\'\'""""', '\\"""', "a\tb c", "\\N{DIGIT ONE}\\x"]


@pytest.mark.parametrize("doc", HOSTILE)
def test_text_of_a_spec_stays_text(doc):
    equation = "y[i] = x[i]*2  # " + doc.replace("\n", " ")
    text = yaml.safe_dump({"doc": doc, "inputs": {"x": [3]}, "equations": [equation]})
    source = Emitted(text).source
    tree = ast.parse(source)
    assert all(isinstance(node, ast.Expr | ast.Import | ast.FunctionDef) for node in tree.body)
    assert not any(isinstance(node, ast.Import) and node.names[0].name == "os" for node in ast.walk(tree))


def test_modules_are_clean_and_compile_without_warnings(tmp_path):
    sources = [tricky(name).source for name in TRICKY]
    assert lint(sources) == ""
    for number, source in enumerate(sources):
        (tmp_path / f"m{number}.py").write_text(source)
    command = [sys.executable, "-W", "error", "-m", "compileall", "-q", str(tmp_path)]
    subprocess.run(command, check=True)


def test_same_bytes_under_any_hash_seed():
    code = "import tcgrad\nfor n in ('layer_norm', 'attention', 'tucker'): print(tcgrad.load('gallery:' + n).emit())"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "17")
    ]
    assert runs[0] == runs[1]


def test_abstract_functions_have_no_code():
    text = spec(["x: [A]"], ["y[i] = f(x[i])"], dims=DIMS, functions='{"f(z)": null}')
    with pytest.raises(TcgradError) as caught:
        Emitted(text).source  # noqa: B018
    assert caught.value.diagnostics[0].code == "TC405"
    assert "`f` is an abstract function" in caught.value.diagnostics[0].message


def test_an_abstract_function_in_a_recurrence_has_no_code_either():
    text = (
        "dims: {T: 4}\ninputs: {a: [T]}\nfunctions: {'f(u)': null}\nequations: ['h[-1] = 0', 'h[t] = f(h[t-1])*a[t]']\n"
    )
    with pytest.raises(TcgradError) as caught:
        tcgrad.loads(text).emit()
    assert caught.value.diagnostics[0].code == "TC405"


def test_the_permutation_symbol_stands_in_recurrences_too():
    text = """
dims: {T: 4}
inputs: {a: [T, 3], b: [T, 3]}
equations: ["h[-1,i] = 0", "h[t,i] = h[t-1,i]/2 + levi_civita[i,j,k]*a[t,j]*b[t,k]"]
"""
    assert tcgrad.loads(text).check(trials=1).ok


def test_what_the_backward_pass_reuses_is_saved():
    source = tricky("softmax", outputs=("y",)).source
    assert source.count("np.exp(") == 3  # forward, jvp and jacobian, but not backward


def test_attention_in_one_equation_is_one_softmax():
    body = "exp(sum[d](q[i,d]*k[j,d])/sqrt(D))*v[j,e]/sum[m](exp(sum[f](q[i,f]*k[m,f])/sqrt(D)))"
    text = f"dims: {{D: 3}}\ninputs: {{q: [2, D], k: [4, D], v: [4, 5]}}\nequations: ['o[i,e] = {body}']\n"
    source = tcgrad.loads(text).emit()
    forward, backward = (source.split(f"def {name}(")[1].split("\n\n\n")[0] for name in ("forward_saved", "backward"))
    assert (forward.count("np.exp("), forward.count("@")) == (1, 2)
    assert (backward.count("np.exp("), backward.count("@")) == (0, 6)


def test_a_scaled_product_and_its_transpose_are_one_product():
    emitted = Emitted(spec(["x: [2, 5]"], ["y[i,j] = x[n,i]*x[n,j]/7"]))
    jvp = emitted.source.partition("def jvp")[2].partition("\ndef ")[0]
    assert jvp.count("@") == 1
    check_everything(emitted)


_MATRICES = ["A: [3, 4]", "B: [3, 4]", "X: [4, 5]", "Z: [5, 4]", "v: [4]", "T: [3, 4, 4]", "S: [3, 4, 4]"]

# equations -> how many products the forward pass is made of.
SHARED = {
    "a common operand on the right": (["y[i,j] = A[i,k]*X[k,j] + B[i,k]*X[k,j]"], 1),
    "on the left": (["y[i,j] = A[i,k]*X[k,j] - A[i,k]*Z[j,k]"], 1),
    "transposed others": (["y[j,i] = A[i,k]*X[k,j] + B[i,k]*X[k,j]"], 1),
    "three": (["y[i,j] = A[i,k]*X[k,j] - B[i,k]*X[k,j] + tanh(A[i,k])*X[k,j]"], 1),
    "two pairs": (["y[i,j] = A[i,k]*X[k,j] + B[i,k]*X[k,j] + A[i,k]*exp(Z[j,k]) + B[i,k]*exp(Z[j,k])"], 1),
    "one that was there before": (["q[i,j] = A[i,k]*X[k,j]", "y[i,j] = q[i,j] + B[i,k]*X[k,j]"], 2),
    "matrices and a vector": (["y[i] = A[i,k]*v[k] + B[i,k]*v[k]"], 2),
    "vectors and a matrix": (["y[j] = v[k]*X[k,j] + A[i,k]*X[k,j]*1[i]"], 1),
    "stacks and a matrix": (["y[i,j,l] = T[i,j,k]*X[k,l] + S[i,j,k]*X[k,l]"], 1),
    "stacks and what is a vector to them": (["y[i] = T[i,j,k]*X[j,l]*Z[l,k] - S[i,j,k]*X[j,l]*Z[l,k]"], 3),
    "two sums": (["y[i] = T[i,j,k]*X[j,l]*Z[l,k] + 2*T[i,j,k]*sin(X[j,l]*Z[l,k])"], 2),
}


@pytest.mark.parametrize("name", SHARED)
def test_products_with_a_common_operand_are_one(name):
    equations, count = SHARED[name]
    emitted = Emitted(spec(_MATRICES, equations))
    forward = emitted.source.partition("def forward_saved")[2].partition("\ndef ")[0]
    assert forward.count(" @ ") + forward.count("vdot") == count
    check_everything(emitted)


_ARRAYS = ["a: [3]", "p: [3]", "q: [3]", "d: [3]", "u: [4]", "w: [3]", "A: [4, 3]", "B: [4, 3]"]

# equation -> how many elementwise products and quotients the forward pass is made of.
SHARED_ELEMENTWISE = {
    "a factor of two terms of three": ("y[i] = a[i]*p[i] + a[i]*q[i] + d[i]", 1),
    "a difference": ("y[i] = a[i]*p[i] + d[i] - a[i]*q[i]", 1),
    "three of four": ("y[i] = a[i]*p[i] - a[i]*q[i] + d[i] + a[i]*sin(d[i])", 1),
    "a divisor": ("y[i] = a[i]/p[i] + d[i] - q[i]/p[i]", 1),
    "a factor and a divisor": ("y[i] = a[i]*d[i]/p[i] + w[i]*d[i]/p[i] + q[i]", 2),
    "a square": ("y[i] = a[i]*d[i]*d[i] - w[i]*d[i]*d[i] + q[i]", 2),
    "quotients, which would not be fewer": ("y[i] = a[i]/p[i] + a[i]/q[i] + d[i]", 2),
    "others over fewer axes": ("y[i,j] = A[i,j]*d[j] + A[i,j]*w[j] + B[i,j]", 1),
    "others over other axes": ("y[i,j] = A[i,j]*d[j] + A[i,j]*u[i] + B[i,j]", 2),
    "rows and columns": ("y[i,j] = A[i,j]*d[j] + A[i,j]*u[i] + A[i,j]*w[j] - A[i,j]*sin(u[i])", 2),
    "operands of one product that are turned": ("y[k,l] = A[l,i]*A[k,i]*d[i] + A[l,i]*A[k,i]*w[i]", 1),
    "what both have over fewer axes": ("y[i,j] = A[i,j]*u[i] - B[i,j]*u[i] + d[j]", 1),
}


@pytest.mark.parametrize("name", SHARED_ELEMENTWISE)
def test_elementwise_products_with_a_common_factor_are_one(name):
    equation, count = SHARED_ELEMENTWISE[name]
    emitted = Emitted(spec(_ARRAYS, [equation]))
    forward = emitted.source.partition("def forward_saved")[2].partition("\ndef ")[0]
    assert len(re.findall(" [*/] |[*/]= ", re.sub("#.*", "", forward))) == count
    check_everything(emitted)


def test_operands_of_one_product_are_added_up_once_though_one_is_turned():
    equations = ["y[i,j] = A[i,k]*X[k,j] - T[k,i]*X[k,j]", "z[i,k] = tanh(T[k,i] - A[i,k])"]
    emitted = Emitted(spec(["A: [3, 4]", "T: [4, 3]", "X: [4, 5]"], equations, outputs="[y, z]"))
    forward = emitted.source.partition("def forward_saved")[2].partition("\ndef ")[0]
    code = [line for line in forward.splitlines() if "#" not in line]
    assert sum(line.count(" - ") for line in code) == 1
    check_everything(emitted)


def test_a_sum_of_turned_arrays_is_turned_once():
    equation = "y[i,j] = tanh(T[k,i,j]*v[k] + S[l,i,j]*w[l])*x[j,i]"
    emitted = Emitted(spec(["T: [4, 3, 2]", "S: [5, 3, 2]", "v: [4]", "w: [5]", "x: [2, 3]"], [equation]))
    forward = emitted.source.partition("def forward_saved")[2].partition("\ndef ")[0]
    assert forward.count(".T") == 1
    check_everything(emitted)


def test_channels_and_windows_are_made_one_axis_at_once():
    """A weight whose channels are split into groups is not reshaped twice."""
    inputs = ["x: [3, G*C, L]", "w: [G*O, C, K]"]
    equation = "y[b,o,l] = w[o,c,k]*x[b,C*(o//O) + c,l + k]"
    emitted = Emitted(spec(inputs, [equation], dims="{G: 2, C: 3, O: 2, K: 3, L: 7}", indices="{l: L - K + 1}"))
    assert not re.search(r"reshape\([^()]*\)\.reshape", emitted.source)
    check_everything(emitted)


def test_blocks_are_added_to_what_is_added_up_at_positions():
    """In its own memory, where nothing else reads it."""
    inputs = ["x: [4, 5]", "t: {shape: [4], dtype: int, sample: {integers: [-1, 5]}}"]
    emitted = Emitted(spec(inputs, ["y = sum[b]([t[b] >= 0]*(sum[k](exp(x[b,k])) - x[b//2,t[b]]))"]))
    backward = emitted.source.partition("def backward")[2].partition("\ndef ")[0]
    assert (backward.count("_add_at("), backward.count(".copy()")) == (1, 0)
    assert tcgrad.loads(emitted.text).check(dtype=["float64"]).ok


def test_sizes_that_no_input_shows_are_module_constants():
    text = spec(
        ["x: [A]"], ["y[i,j] = 1[j]*x[i]", "z = sum[i,j](y[i,j])/B"], dims=DIMS, indices="{j: B}", outputs="[y, z]"
    )
    emitted = Emitted(text)
    assert "B = 3" in emitted.source
    check_everything(emitted)


def test_sizes_are_solved_for():
    text = spec(["x: [2*A - 1]", "z: [B + 1]"], ["y = sum[i](x[i])/A + sum[i](z[i])/B"], dims="{A: 3, B: 4}")
    emitted = Emitted(text, {"A": 5, "B": 2})
    assert "A = (x.shape[0] + 1) // 2" in emitted.source
    assert "B = z.shape[0] - 1" in emitted.source
    check_everything(emitted)


def test_rows_that_an_inverse_meets_one_by_one_solve_no_system():
    inputs = ["v: [N]", "S: {shape: [N, N], sample: spd}"]
    for divisor in ("3", "(3 + max(sum[j](v[j]*v[j]), 0.2))"):
        equation = f"f = where(inv(S)[i,k]*v[i]*v[k] > 0.1, inv(S)[i,k]*v[i]*v[k], 2)/{divisor}"
        function = tcgrad.loads(spec(inputs, [equation], dims="{N: 3}"))
        result = function.check()
        assert result.ok, [each for each in result.results if each.status != "pass"]


def test_sizes_in_products_are_solved_for():
    equations = ["y = x[i]*x[i] + sum[i](w[i])/G + sum[i](v[i])/O"]
    emitted = Emitted(
        spec(["x: [G*C]", "w: [C]", "v: [G*O]"], equations, dims="{G: 2, C: 3, O: 5}"), {"G": 3, "C": 2, "O": 4}
    )
    assert "G = x.shape[0] // C" in emitted.source
    assert "O = v.shape[0] // G" in emitted.source
    check_everything(emitted)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(specs())
def test_generated_programs(text):
    emitted = Emitted(text)
    check_everything(emitted, tolerance=1e-6)
    assert lint([emitted.source]) == ""


@pytest.mark.long
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs())
def test_many_generated_programs(text):
    check_everything(Emitted(text), tolerance=1e-6)


def test_long_products_take_no_time():
    count = 30
    masks = [3 << k for k in range(count)]
    sizes = [2 + k % 5 for k in range(count + 1)]
    assert seconds(lambda: contraction_tree(masks, 1 | 1 << count, sizes)) < 1


def test_a_product_of_eleven_matrices_is_all_matrix_products():
    factors = [f"m{n}[i{n},i{n + 1}]" for n in range(11)]
    text = spec([f"m{n}: [{n % 3 + 2}, {(n + 1) % 3 + 2}]" for n in range(11)], ["y[i0,i11] = " + "*".join(factors)])
    emitted = Emitted(text)
    assert "einsum" not in emitted.source.partition("def jacobian")[0]
    check_everything(emitted)


def test_a_product_that_is_needed_whole_is_summed_where_it_is_needed_in_sums():
    emitted = Emitted(spec(["x: [2, 3]", "z: [5, 3]", "s: []"], ["k[i,j] = exp(-s*sum[d]((x[i,d] - z[j,d])^2))"]))
    backward = emitted.source.partition("def backward")[2].partition("\ndef ")[0]
    assert "einsum" not in backward
    check_everything(emitted)


def test_a_guard_stays_beside_a_read_of_what_is_the_same_everywhere():
    """Zeros around an array say what a guard says; around a number there are none."""
    text = spec(
        ["s: []", "x: [4]"],
        ["y[n,j] = 1[n]*1[j]*sin(s)", "z[k] = y[k//2,k%2]*x[t]*y[(t+1)%3,(t+2)%3]", "f = sum[k](z[k]^2)"],
        dims="{B: 3}", indices="{n: B, j: B, k: 5}",
    )  # fmt: skip
    assert tcgrad.loads(text).check(trials=2, sizes="own").ok
    check_everything(Emitted(text))


def test_outer_products_that_a_step_sums_over_are_not_made_for_all_positions():
    inputs = ["u: [H, H]", "v: [H, H]", "x: [T, B, H]", "z: [T, B, H]", "h0: [B, H]"]
    step = "h[t,b,j] = h[t-1,b,k]*(u[j,k]*x[t,b,k] + v[j,k]*z[t,b,k])"
    emitted = Emitted(spec(inputs, ["h[-1,b,j] = h0[b,j]", step], dims="{T: 3, B: 1, H: 2}", wrt="[h0]"))
    assert "h_all[t + 1] = (h_all[t] * x[t]) @ u.T + (h_all[t] * z[t]) @ v.T" in emitted.source
    check_everything(emitted)


def _jacobian(emitted):
    return emitted.source.partition("def jacobian")[2].partition("\ndef ")[0]


def test_what_stands_on_one_diagonal_of_a_jacobian_is_one_array():
    """The derivatives of what is added and of what it is added to meet there, whichever index tells the other."""
    layers = [f"x{n + 1}[i,d] = x{n}[i,d] + tanh(x{n}[i,e]*w{n}[e,f])*v{n}[f,d]" for n in range(2)]
    weights = [f"{name}{n}: [{shape}]" for n in range(2) for name, shape in (("w", "4, 5"), ("v", "5, 4"))]
    emitted = Emitted(spec(["x0: [3, 4]", *weights], layers))
    written = re.findall(r'np\.einsum\("(\S+)", dx2_dx0\)', _jacobian(emitted))
    assert sorted(written) == ["ijij->ij", "ijik->ijk"]
    check_everything(emitted)


def test_the_blocks_of_a_jacobian_are_made_in_the_order_of_its_axes():
    text = spec(
        ["q: [T, D]", "k: [T, D]", "v: [T, D]"],
        ["s[i,j] = q[i,d]*k[j,d]", "a[i,j] = exp(s[i,j])/(1[p]*exp(s[i,p]))", "o[i,d] = a[i,j]*v[j,d]"],
        dims="{T: 3, D: 2}",
    )
    emitted = Emitted(text)
    assert "transpose" not in _jacobian(emitted)
    check_everything(emitted)


def test_the_widest_equations_have_letters_for_their_axes():
    """Two equations of 30 indices, the most that one may have, and the 15 axes of an input carried through both."""
    free, bound = [f"f{k}" for k in range(15)], [f"d{k}" for k in range(15)]

    def read(name, axes):
        return f"{name}[{','.join(axes)}]"

    middle = "*".join(
        read(n, a) for n, a in zip("abx", (free[:8] + bound[:7], free[8:] + bound[7:], bound), strict=True)
    )
    wide = [f"{read('z', free)} = {middle}", f"{read('y', free)} = {middle.replace('x', 'z')}"]
    text = spec([f"{name}: {[1] * 15}" for name in "abx"], [*wide, f"l = sum[{','.join(free)}]({read('y', free)}^2)"])
    module = Emitted(text).module
    given = [np.full((1,) * 15, number) for number in (2.0, 3.0, 5.0)]
    assert float(module.forward(*given)) == (2 * 3 * 2 * 3 * 5) ** 2
    assert module.hessian(*given)["x", "x"].item() == 2 * (2 * 3 * 2 * 3) ** 2


# Equations of which some have derivatives that are 0 throughout.
STILL = {
    "steps": ["s[i] = floor(x[i])", "y = sum[i](s[i]*x[i]^2)"],
    "a step of a step": ["s[i] = floor(x[i])", "r[i] = 2*s[i] + 1[i]", "y = sum[i](r[i]*x[i])"],
    "the slope of a kink": ["m[i] = 1[i] - x[i]*z[i]", "y = sum[i](relu(m[i]))"],
    "a step in a recurrence": [
        "s[t] = sign(x[t])",
        "h[-1] = 0",
        "h[t] = h[t-1]*s[t]/2 + x[t]*z[t]",
        "y = sum[t](h[t])",
    ],
}


@pytest.mark.parametrize("name", STILL)
def test_derivatives_that_are_0_are_not_multiplied(name):
    """An infinity beside them would make them NaN."""
    emitted = Emitted(spec(["x: [3]", "z: [3]"], STILL[name]))
    code = re.sub("#.*", "", emitted.source)
    assert not re.search(r"\b0 \*|\* 0\b(?!\.)", code)
    check_everything(emitted)


# A divisor for every row that is a product with a vector, and another one within a stack of columns.
AXES_BACK = {
    "rows": (["f: [2, 3, 4]", "v: [2, 3, 5]"], ["z[b,t] = f[b,t,d]*1[u]*f[b,u,d]", "y[b,t,e] = v[b,t,e]/z[b,t]"]),
    "columns": (["p: [2, 3]", "w: [2, 3, 4]"], ["z[b,k] = p[b,i]*w[b,i,k]", "y[b,i,k] = w[b,i,k]*z[b,k]^2"]),
}


@pytest.mark.parametrize("name", AXES_BACK)
def test_an_axis_does_not_go_where_it_comes_back(name):
    emitted = Emitted(spec(*AXES_BACK[name]))
    assert not re.search(r"0\](\[\.\.\., None\]|\[:, None\])", emitted.source.split("def backward")[1])
    check_everything(emitted)


def test_the_dtype_is_that_of_an_input_where_what_is_saved_is_made_of_none():
    made = Emitted(spec(["x: [N]", "z: [N]"], ["l = sum[i](x[i]*where(i != 1, 0.5, 2))"], dims="{N: 5}"))
    x, z = np.ones((2, 5), np.float32)
    _, gradients = made.module.value_and_grad(x, z)
    assert [gradient.dtype for gradient in gradients] == [np.float32, np.float32]


READ_ALONG = {
    "the last beside one before": ["m[j,n] = w[j]*1[n] + x[j]^2*delta[j,n]", "l = z*m[0,N-1]"],
    "a square and a product": ["m[j,n] = w[j]*1[n] + x[j]^2*delta[j,n]", "l = z*m[0,1]^2 + m[1,1]*m[0,1]"],
    "three axes": ["m[j,k,n] = 1[n]*sin(w[j]*x[k]) + x[k]^3*delta[n,j]", "l = z^2*m[0,2,1]"],
    "elements that another one gives": ["m[j,n] = w[j]*z + x[j]^2*delta[j,n]", "l = x[2]*m[0,2-y[0]]"],
}


@pytest.mark.parametrize("name", READ_ALONG)
def test_one_element_is_none_of_a_diagonal_that_it_does_not_stand_on(name):
    """The gradient of `m` is 0 but at one place, and of a diagonal of it nothing is left."""
    inputs = ["x: [N]", "w: [N]", "z: []", "y: {shape: [1], dtype: int}"]
    text = spec(inputs, READ_ALONG[name], dims="{N: 3}", outputs="[l]", wrt="[x, w, z]")
    check_at_sizes(text, [{"N": 4}])
    assert tcgrad.loads(text).check(trials=1).ok


def test_what_is_zero_is_an_array_of_its_own():
    """Of outputs and of gradients: whoever adds to one would change the other."""
    equations = ["y[i] = x[i]*w[i] - w[i]*x[i]", "z[i] = floor(w[i])*v[j]*[i < j]*(1 - [i < j])"]
    equations.append("u[i] = 0*v[i]")
    emitted = Emitted(spec(["x: [N]", "w: [N]", "v: [N]"], equations, dims="{N: 4}", outputs="[y, z, u]"))
    check_everything(emitted)
    assert "z = y.copy()" in emitted.source


def test_the_shares_of_a_mixture_are_those_of_its_likelihood():
    """In another order of the terms they would add up to 1 but for rounding, and so would their derivatives to 0."""
    inputs, equation = (
        ["a: [K]", "b: [K]", "c: [N, K]"],
        "l = sum[n](logsumexp[k](a[k] - c[n,k]/2 - log(b[k]^2 + 1)/2 + 3))",
    )
    emitted = Emitted(spec(inputs, [equation], dims="{N: 5, K: 3}"))
    check_everything(emitted)
    backward = emitted.source[emitted.source.index("def backward") : emitted.source.index("def value_and_grad")]
    assert "np.exp" not in backward
