"""Sums that leave one place out, beside what stands there."""

from __future__ import annotations

import pytest
from test_oracles import close, draw, program_of

from tcgrad.evaluate import evaluate_program
from tcgrad.ir.program import Define
from tcgrad.notation.index import print_define
from tcgrad.simplify.folding.idioms import recognise

HEAD = "dims: {N: 3, M: 4}\ninputs: {s: [N, N], b: [N, M], c: [], k: {shape: [N], dtype: int}}\nindices: {i: N, j: N}\n"

# an equation, and what is recognised in it
FORMS = [
    ("y[i] = log(1 + sum[j]([j != i]*exp(s[i,j] - s[i,i])))", "y[i] = logsumexp[j](s[i,j]) - s[i,i]"),
    ("y[i] = exp(s[i,i]) + sum[j]([i != j]*exp(s[i,j]))", "y[i] = 1[j]*exp(s[i,j])"),
    ("y[i] = c*sum[j]([i != j]*exp(s[j,i])) + b[i,0] + c*exp(s[i,i])", "y[i] = b[i,0] + c*1[j]*exp(s[j,i])"),
    ("y[i] = log(exp(s[i,i]) + sum[j](where(i == j, 0, exp(s[i,j]))))", "y[i] = logsumexp[j](s[i,j])"),
    (
        "y[i] = 1[m]*exp(s[i,i] + b[i,m]) + sum[j,m]([i != j]*exp(s[i,j] + b[j,m]))",
        "y[i] = 1[j,m]*exp(1[i]*b[j,m] + 1[m]*s[i,j])",
    ),
    ("y[i] = exp(s[i,0]) + sum[j]([i != j]*exp(s[i,j]))", None),
    ("y[i] = 2*exp(s[i,i]) + sum[j]([i != j]*exp(s[i,j]))", None),
    ("y[i] = exp(s[i,i]) - sum[j]([i != j]*exp(s[i,j]))", None),
    ("y[i] = exp(s[i,i]) + sum[j]([i < j]*exp(s[i,j]))", None),
    ("y[i] = exp(b[i,0]) + sum[m]([i != m]*exp(b[i,m]))", None),
]


@pytest.mark.parametrize(("equation", "form"), FORMS)
def test_a_sum_is_completed(equation: str, form: str | None) -> None:
    program = program_of(f"{HEAD}equations: ['{equation}']\n")
    define = program.statements[-1]
    assert isinstance(define, Define)
    made = Define(define.tensor, define.free, recognise(define.body))
    printed = print_define(made)
    assert ("!=" in printed or "<" in printed) if form is None else printed == form
    again = program_of(f"{HEAD}equations: ['{printed}']\n")
    inputs = draw(program)
    close(evaluate_program(again, inputs)[again.outputs[0]], evaluate_program(program, inputs)[program.outputs[0]])
