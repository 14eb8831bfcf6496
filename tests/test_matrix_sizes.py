"""NumPy texts of matrix notation at other sizes: what a condition on sizes leaves out need not have a value."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from matrix_tools import run_numpy, vectorised
from test_oracles import close, draw, program_of, upstream

from tcgrad.calculus import derive
from tcgrad.evaluate import evaluate, evaluate_statements
from tcgrad.ir.program import Define, Program
from tcgrad.ir.tensors import gradient_of
from tcgrad.notation.as_numpy.names import code_name
from tcgrad.notation.raising.definitions import raise_define
from tcgrad.notation.raising.form import MatrixForm

OWN = 5
OTHERS = (1, 2, 3)

EQUATIONS = [
    "y[i] = where(A > 1, 3*x[i]/(A - 1), x[i]) + where(A > 2, x[i]/(A - 1)/(A - 2), 0)",
    "y[i] = where(A > 2, sqrt(A - 2)*x[i], x[i]) + where(A > 2, (A - 2)^(1/3)*x[i], 0)",
    "y[i] = [A > 2]*x[i]^2/(A - 2)^2 + [A != 3]*[A > 1]*x[i]/(sqrt(A - 1)*(A - 3))",
    "y[i] = [A > 2]*log(A - 2)*w[i,j]*x[j]",
    "y[i] = w[i,j]*where(A > 1, sin(x[j])/(A - 1), 0)",
    "y[i,j] = where(A > 1, w[i,j]/(A - 1), 0)",
    "y[i,j] = where(A > 1, w[j,i]/(A - 1), 1)",
    "y[i] = -[A > 1]*x[i]/(A - 1)",
    "y[i] = where(A > 1, 1/(A - 1), 2)*tanh(x[i])",
    "y[i,j] = [A > 1]*x[i]/(A - 1)*1[j]",
    "y = where(A > 1, x[i]*x[i]/(A - 1), 0)",
    "y = where(A > 1, sum[i]((x[i] - mean[j](x[j]))^2)/(A - 1), c)",
    "y[i] = where(A > 2, c, 1/A)*x[i]*exp(where(A > 1, c/(A - 1), 0))",
]


def at_size(equation: str, size: int) -> Program:
    head = f"dims: {{A: {size}}}\nindices: {{i: A, j: A}}\ninputs: {{x: [A], w: [A, A], c: []}}\n"
    return program_of(f"{head}equations: ['{equation}']\n")


def formulas(program: Program) -> Iterator[Define]:
    derivation = derive(program)
    yield from (statement for statement in program.statements if isinstance(statement, Define))
    yield from (jacobian.define for jacobian in derivation.jacobians if jacobian.define is not None)
    yield from (line for gradient in derivation.gradients for line in gradient.statements if isinstance(line, Define))


@pytest.mark.parametrize("equation", EQUATIONS)
def test_at_other_sizes(equation: str) -> None:
    forms = {
        define.tensor.name: raise_define(define, at_size(equation, OWN)) for define in formulas(at_size(equation, OWN))
    }
    compared = 0
    for size in OTHERS:
        program = at_size(equation, size)
        inputs = draw(program)
        env = evaluate_statements(
            program.statements, {item.tensor: inputs[item.tensor.name] for item in program.inputs}
        )
        env |= {gradient_of(tensor): value for tensor, value in upstream(program).items()}
        known = {"np": np, "A": size, **{code_name(tensor): value for tensor, value in env.items()}}
        for define in formulas(program):
            form = forms.get(define.tensor.name)
            if not isinstance(form, MatrixForm) or form.numpy is None:
                continue
            expected = evaluate(define.body, define.free, env)
            if form.layout == "vec" and not form.batch:
                expected = vectorised(define, expected, "row")
            with np.errstate(all="raise"):
                found = run_numpy(form, known)
            close(np.asarray(found, float), expected)
            compared += 1
    assert compared > len(OTHERS)


def test_one_branch_is_worked_out() -> None:
    (define, *_) = formulas(at_size("y[i] = where(A > 1, x[i]/(A - 1), 0) + [A > 2]*c*x[i]", OWN))
    form = raise_define(define, at_size("y[i] = x[i]", OWN))
    assert isinstance(form, MatrixForm)
    assert form.numpy == "(x / (A - 1) if A > 1 else np.zeros(A)) + (c * x if A > 2 else 0)"
