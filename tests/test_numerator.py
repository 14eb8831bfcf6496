"""What has to be 0 for an expression to be: all but its divisors, its inputs and what is positive."""

from __future__ import annotations

import pytest

import tcgrad
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Define
from tcgrad.simplify import simplify
from tcgrad.simplify.shapes import are_equal
from tcgrad.simplify.shorter.denominators import numerator

INPUTS = "{a: [], b: [], c: [], n: {shape: [], dtype: int}, o: {shape: [3], outside: 0}}"


def simplified(text: str) -> Expr:
    spec = f"inputs: {INPUTS}\nequations: ['d = a + b', 'y = {text}']\n"
    define = tcgrad.loads(spec).program.statements[-1]
    assert isinstance(define, Define)
    return simplify(define.body)


@pytest.mark.parametrize(
    ("whole", "left"),
    [
        ("a/b + d", "a + b*d"),
        ("-3*c*(a/b + d)/sqrt(c)", "a + b*d"),
        ("b/(c*a) - d/a^2", "a*b - c*d"),
        ("exp(c)*(a*exp(b) - d)/(1 + a^2)", "a*exp(b) - d"),
        ("d - (d - b*(1/a - c))", "1 - a*c"),
        ("a*d*(b - c)", "d*(b - c)"),
        ("a*sin(c)*(b - c)", "sin(c)*(b - c)"),
        ("a*[a < b]*(b - c)", "[a < b]*(b - c)"),
        ("a*n*(b - c)", "n*(b - c)"),
        ("a*o[2]*(b - c)", "o[2]*(b - c)"),
        ("a*b", "1"),
        ("d - d", "0"),
    ],
)
def test_what_is_left(whole: str, left: str):
    assert are_equal(numerator(simplified(whole)), simplified(left))
