"""Sums over indices that stand in axes of different sizes: what is printed is read again, and is the same number."""

from __future__ import annotations

import numpy as np
import pytest

from tcgrad.calculus import derive
from tcgrad.evaluate import evaluate, evaluate_program
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Gather, Index, Integer
from tcgrad.ir.nodes import Call, Component, Expr, IndexReduce, IndexSum, Mul, Pow, const
from tcgrad.language.elaborate import elaborate
from tcgrad.notation.index import print_expr, print_statement
from tcgrad.notation.naming import Surroundings
from tcgrad.notation.spelling.syntaxes import LATEX
from tcgrad.spec.loader import read_spec

SPEC = """\
inputs:
  b: [5, 3]
  c: [4, 5, 3]
  x: [3]
  pad: {shape: [5], outside: 0}
  tok: {shape: [5], dtype: int, sample: {integers: [0, 3]}}
equations: ["y = %s"]
"""
PROGRAM = elaborate(read_spec(SPEC % "b[i,j]*c[0,i,j]*x[tok[i]]*pad[0]", "start"))
TENSORS = {item.tensor.name: item.tensor for item in PROGRAM.inputs}
DRAWN = np.random.default_rng(0)
VALUES = {name: DRAWN.uniform(0.5, 1.5, [size.value for size in tensor.shape]) for name, tensor in TENSORS.items()}
VALUES["tok"] = np.array([2, 0, 1, 1, 0])


def over(size: int, name: str = "i") -> Index:
    return Index(name, Integer.of(size))


def read(name: str, *positions: Index | Integer) -> Expr:
    exprs = tuple(p.expr if isinstance(p, Index) else p for p in positions)
    return Component(TENSORS[name], exprs)


def gathered(index: Index) -> Integer:
    return Integer.of(Gather(TENSORS["tok"], (index.expr,)))


def summed(index: Index, *factors: Expr) -> Expr:
    return IndexSum((index,), Mul(factors) if len(factors) > 1 else factors[0])


THREE, TWO = over(3), over(2)
CASES = {
    "the whole diagonal": (summed(THREE, read("b", THREE, THREE)), "[i < 3]*b[i,i]"),
    "a part of it": (summed(TWO, read("b", TWO, TWO)), "[i < 2]*b[i,i]"),
    "three axes": (summed(THREE, read("c", THREE, THREE, THREE)), "[i < 3]*c[i,i,i]"),
    "another factor has its size": (summed(THREE, read("b", THREE, THREE), read("x", THREE)), "[i < 3]*b[i,i]*x[i]"),
    "in a power": (summed(THREE, Pow(read("b", THREE, THREE), const(2))), "[i < 3]*b[i,i]^2"),
    "in a function": (Call(FUNCTIONS["exp"], (summed(THREE, read("b", THREE, THREE)),)), "exp([i < 3]*b[i,i])"),
    "in a product": (IndexReduce("prod", (THREE,), read("b", THREE, THREE)), "prod[i](b[j,i]*[j == i])"),
    "sizes that are the summed index's in none": (
        summed(TWO, read("b", TWO, Integer.of(0)), read("x", TWO)),
        "[i < 2]*b[i,0]*x[i]",
    ),
    "gathered": (summed(THREE, read("x", gathered(THREE)), read("x", THREE)), "[i < 3]*x[tok[i]]*x[i]"),
    "zeros outside tell nothing": (summed(THREE, read("pad", THREE), read("x", THREE)), "pad[i]*x[i]"),
}


def value_of(expr: Expr) -> np.ndarray:
    return evaluate(expr, (), {TENSORS[name]: value for name, value in VALUES.items()})


@pytest.mark.parametrize(("expr", "printed"), CASES.values(), ids=CASES)
def test_each_index_has_one_size(expr: Expr, printed: str):
    assert print_expr(expr, surroundings=Surroundings.of(PROGRAM)) == printed


@pytest.mark.parametrize("expr", [expr for expr, _ in CASES.values()], ids=CASES)
def test_what_is_printed_is_read_again(expr: Expr):
    again = elaborate(read_spec(SPEC % print_expr(expr, surroundings=Surroundings.of(PROGRAM)), "again"))
    env = evaluate_program(again, {item.tensor.name: VALUES[item.tensor.name] for item in again.inputs})
    np.testing.assert_allclose(env[again.outputs[0]], value_of(expr), rtol=1e-12)


def test_signs_of_sums_need_no_second_index():
    assert print_expr(CASES["the whole diagonal"][0], syntax=LATEX) == r"\sum_{i} b_{ii}"


@pytest.mark.parametrize(
    ("shape", "equation", "gradient"),
    [
        ("5, 2", "y[m] = x[m,m]", "dl/dx[p,m] = dl/dy[m]*[p == m]"),
        ("2, 5", "y[m] = x[m,m]", "dl/dx[m,q] = dl/dy[m]*[m == q]"),
        ("4, 2, 3", "y[m] = exp(x[m,m,m])", "dl/dx[p,m,r] = dl/dy[m]*y[m]*[p == m == r]"),
    ],
)
def test_an_equal_index_reads_nothing_outside(shape: str, equation: str, gradient: str):
    spec = f"inputs: {{x: [{shape}]}}\nindices: {{m: 2}}\nequations: ['{equation}']\n"
    program = elaborate(read_spec(spec, "diagonal"))
    (result,) = derive(program).gradients
    assert print_statement(result.statements[-1], surroundings=Surroundings.of(program)) == (gradient,)
