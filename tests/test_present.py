"""Differences the way round that they are read: as the spec has them, and else without minus signs in front."""

from __future__ import annotations

import math

import pytest

import tcgrad
from tcgrad.ir.program import Define
from tcgrad.notation.index import print_expr, print_statement
from tcgrad.simplify import simplify
from tcgrad.simplify.shown.present import Presentation

HEAD = "dims: {N: 3}\ninputs: {a: [N], b: [N], c: [N], g: [N, N]}\nfunctions: {'f(z)': null}\n"

# equations, and the gradient of the first input that they read
SHOWN = [
    (["y[i] = (b[i] - a[i])^2"], "dl/da[p] = -2*dl/dy[p]*(b[p] - a[p])"),
    (["y[i] = b[i]*c[i] - a[i]*f(b[i] - c[i])"], "dl/da[p] = -dl/dy[p]*f(b[p] - c[p])"),
    # a difference that is its own negative with its indices exchanged, alike in all its places
    (
        ["y[i,j] = b[i]*cos((i - j)*a[0]) + c[j]*sin((i - j)*a[0])"],
        (
            "dl/da[p] = dl/dy[i,j]*(1[j]*i - 1[i]*j)*(c[j]*cos(a[0]*(1[j]*i - 1[i]*j))"
            " - b[i]*sin(a[0]*(1[j]*i - 1[i]*j)))*delta[p,0]"
        ),
    ),
    (
        ["y[i,j] = c[i]*cos(a[0]*(b[i] - b[j])) + g[i,j]*sin(a[0]*(b[i] - b[j]))"],
        (
            "dl/da[p] = dl/dy[i,j]*(1[j]*b[i] - 1[i]*b[j])*(g[i,j]*cos(a[0]*(1[j]*b[i] - 1[i]*b[j]))"
            " - c[i]*sin(a[0]*(1[j]*b[i] - 1[i]*b[j])))*delta[p,0]"
        ),
    ),
    (
        ["y[i] = g[i,j]*a[j]", "e = logsumexp[i](y[i]) - b[i]*y[i]"],
        "dl/da[p] = g[i,p]*(dl/dy[i] + dl/de*(exp(y[i] - logsumexp[j](y[j])) - b[i]))",
    ),
    (["y[k] = a[k//2]*(2 + b[k//3]^2)"], "dl/da[p] = dl/dy[k+2*p]*(2 + b[(k+2*p)//3]^2)"),
    (
        ["y[i] = max(clip(a[i], 1 - b[i], 1 + b[i])*c[i], a[i])"],
        (
            "dl/da[p] = dl/dy[p]*where(c[p]*clip(a[p], 1 - b[p], 1 + b[p]) >= a[p],"
            " c[p]*[1 - b[p] <= a[p] <= 1 + b[p]], 1)"
        ),
    ),
    (
        ["y[i] = where(b[i] > 0, (a[i]/c[i] - 1)^2, 0)"],
        "dl/da[p] = 2*dl/dy[p]*where(b[p] > 0, (a[p]/c[p] - 1)/c[p], 0)",
    ),
    (
        ["y[i] = where(b[i] > 0, (c[i]/a[i] - 1)^2, 0)"],
        "dl/da[p] = -2*dl/dy[p]*where(b[p] > 0, c[p]*(c[p]/a[p] - 1)/a[p]^2, 0)",
    ),
    (
        ["y[i] = (a[i+1] - a[i])^2"],
        "dl/da[p] = 2*(dl/dy[p-1]*(a[p] - a[p-1])*[p >= 1] - dl/dy[p]*(a[p+1] - a[p])*[p < N - 1])",
    ),
    (
        ["y[i] = exp(a[i])/(1[k]*exp(a[k]))", "e = sum[i](y[i]*log(y[i]/b[i]))"],
        "dl/da[p] = y[p]*(dl/dy[p] + dl/de*(log(y[p]/b[p]) - e) - dl/dy[i]*y[i])",
    ),
    (
        ["r = sqrt(1[i]*a[i]^2)", "h[k] = tanh(g[k,i]*a[i]/r)", "y[i] = a[i] + g[i,k]*h[k]"],
        "dl/da[p] = dl/dy[p] + dl/dy[i]*g[i,k]*(1 - h[k]^2)*(g[k,p] - a[p]*a[j]*g[k,j]/r^2)/r",
    ),
]


@pytest.mark.parametrize(("equations", "gradient"), SHOWN)
def test_shown(equations: list[str], gradient: str) -> None:
    outputs = "[y, e]" if any(equation.startswith("e ") for equation in equations) else "[y]"
    text = f"{HEAD}equations: {equations}\noutputs: {outputs}\nwrt: [a]\n"
    (found,) = tcgrad.loads(text).derivation.gradients
    assert list(print_statement(found.statements[-1])) == [gradient]


def test_one_sum_is_the_same_way_round_in_all_its_places():
    """Both terms have ``1 - h^2``, and none of them ``h^2 - 1`` because a minus stands before it."""
    text = """
dims: {T: 2, D: 3, F: 4}
inputs: {u: [T, D], w: [D, F], v: [F, D]}
equations:
  - r[i] = sqrt(1[d]*u[i,d]^2/D + 0.1)
  - h[i,f] = tanh(u[i,d]/r[i]*w[d,f])
  - y[i,d] = u[i,d] + h[i,f]*v[f,d]
wrt: [u]
"""
    (found,) = tcgrad.loads(text).derivation.gradients
    (line,) = print_statement(found.statements[-1])
    assert line == (
        "dl/du[p,q] = dl/dy[p,q] + (dl/dy[p,d]*v[f,d]*w[q,f]*(1 - h[p,f]^2)"
        " - u[p,q]*dl/dy[p,d]*u[p,e]*v[f,d]*w[e,f]*(1 - h[p,f]^2)/(D*r[p]^2))/r[p]"
    )


SIGNS = [
    ("a*(b - c)*(c - a)", "a*(c - a)*(b - c)"),
    ("-a*(b - c)*(c - a)", "a*(a - c)*(b - c)"),
    ("a - b*(c - a)", "a + b*(a - c)"),
    ("-(a*(b - c) + b*(c - a)^3)", "b*(a - c)^3 + a*(c - b)"),
    ("-a*(1 - b)^2", "-a*(1 - b)^2"),
    ("a*(b - 1)*(c - 1)", "a*(1 - b)*(1 - c)"),
    ("a*(a - 1)", "-a*(1 - a)"),
    ("a^2*b*(a^2 - 1)", "-a^2*b*(1 - a^2)"),
    ("b*(a - 1)", "b*(a - 1)"),
    ("a*(2*a - 1)", "a*(2*a - 1)"),
    ("-tanh(a - b)*c", "c*tanh(b - a)"),
    ("-a*log(b/c)", "a*log(c/b)"),
    ("-a*exp(-(b - c))", "-a*exp(c - b)"),
    ("a - b - c*(1 - a)", "a - b + c*(a - 1)"),
]


@pytest.mark.parametrize(("given", "written"), SIGNS)
def test_as_few_minus_signs_as_can_be(given: str, written: str) -> None:
    """Where the spec writes no sum itself; written so, it stays so."""
    text = "inputs: {a: [], b: [], c: []}\nequations: ['y = EXPR']\n"
    program = tcgrad.loads(text.replace("EXPR", given)).program
    presentation = Presentation(())
    (define,) = program.statements
    assert isinstance(define, Define)
    shown = presentation.present(simplify(define.body))
    assert print_expr(shown) == written
    assert presentation.present(shown) == shown
    at = {"a": 0.3, "b": 1.7, "c": 2.9, "log": math.log, "exp": math.exp, "tanh": math.tanh}
    value, expected = (eval(text.replace("^", "**"), at) for text in (written, given))  # noqa: S307 - our own texts
    assert math.isclose(value, expected)


ALIKE = {
    1: ["a1[i] = (t1[i] - y1[i])^2", "b1[i] = log(t1[i]/y1[i])*relu(u1[i] + t1[i])"],
    2: ["a2[i] = (y2[i] - t2[i])^2", "b2[i] = log(y2[i]/t2[i])*relu(t2[i] + u2[i])"],
    3: ["a3[i] = (t3[i] - y3[i])^2", "r3[i] = relu(u3[i] + t3[i])", "b3[i] = log(t3[i]/y3[i])*r3[i]"],
    4: ["a4[i] = (t4[i] - y4[i])^2", "b4[i] = log(t4[i]/y4[i])*relu(u4[i] + t4[i])"],
}


def formulas(*layers: int) -> dict[str, str]:
    inputs = ", ".join(f"{name}{n}: [3]" for n in layers for name in "tyu")
    equations = "\n".join(f"  - {equation}" for n in layers for equation in ALIKE[n])
    outputs = ", ".join(f"a{n}, b{n}" for n in layers)
    made = tcgrad.loads(f"inputs: {{{inputs}}}\nequations:\n{equations}\noutputs: [{outputs}]\n").derivation
    lines = [line for each in made.gradients for line in each.statements]
    lines += [each.define for each in made.jacobians if each.define is not None]
    return {line.tensor.name: print_statement(line)[0] for line in lines if isinstance(line, Define)}


def test_what_is_alike_is_presented_as_the_spec_writes_each_of_it():
    whole = formulas(*ALIKE)
    for n in ALIKE:
        for name, formula in formulas(n).items():
            assert whole[name] == formula
    assert "(t1[p] - y1[p])" in whole["dl/dt1"]
    assert "(y2[p] - t2[p])" in whole["dl/dt2"]
