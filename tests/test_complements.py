"""What is left of 1 by a sigmoid: of a difference it is another sigmoid, unless the one stands beside it."""

from __future__ import annotations

import pytest

import tcgrad
from tcgrad.notation.index import print_statement

# the equation, the input, and the last line of its gradient
SHOWN = [
    ("y = log(exp(a) + exp(b))", "a", "dl/da = dl/dy*sigmoid(a - b)"),
    ("y = log(exp(a) + exp(b))", "b", "dl/db = dl/dy*sigmoid(b - a)"),
    ("y = a - log(exp(a) + exp(b))", "a", "dl/da = dl/dy*sigmoid(b - a)"),
    ("y = b*sigmoid(a - b)", "a", "dl/da = dl/dy*y*sigmoid(b - a)"),
    ("y = sigmoid(a - b)^2", "a", "dl/da = 2*dl/dy*y*sigmoid(b - a)"),
    ("y = exp(a)*sigmoid(a)", "b", "dl/db = 0"),
    ("y = b*sigmoid(a)", "a", "dl/da = dl/dy*y*(1 - sigmoid(a))"),
    ("y = log(sigmoid(a - b))*b", "a", "dl/da = dl/dy*b*sigmoid(b - a)"),
]


@pytest.mark.parametrize(("equation", "wrt", "line"), SHOWN)
def test_shown(equation: str, wrt: str, line: str) -> None:
    function = tcgrad.loads(f"inputs: {{a: [], b: []}}\nequations: ['{equation}']\n")
    (gradient,) = (g for g in function.derivation.gradients if g.wrt.name == wrt)
    assert list(print_statement(gradient.statements[-1])) == [line]
