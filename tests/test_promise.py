"""What is seen of a sum from far, before it is multiplied out, holds of what comes of it."""

from __future__ import annotations

import pytest

import tcgrad
from tcgrad.ir.nodes import Add, Component, Expr
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.powers import split_coefficient
from tcgrad.simplify.rules.nodes import like_terms_collected
from tcgrad.simplify.shorter.promise import is_promising, least_cost
from tcgrad.simplify.shorter.regroup import regroup
from tcgrad.simplify.shorter.spread import spread_out

SUMS = [
    "x[i]*(z[i] + w[i])",
    "x[i]*(1 - z[i]^2) - w[i]*x[i]",
    "(x[i] - z[i])^2*w[i]",
    "1[j]*A[i,j]*(x[j] - z[i]) + 2*w[i]",
    "1[j]*(A[i,j]*x[j] + A[j,i]*x[i])*(z[j] - 1[k]*A[i,k]*z[k])",
    "(x[i] + z[i]/w[i])*(x[i] - z[i]/w[i])/w[i]",
    "exp(x[i])*(exp(x[i]) + z[i]*(1 - exp(x[i])))",
    "3*x[i]*(z[i] + w[i]) + 3*z[i]*(w[i] + x[i])",
]


def _body(equation: str) -> Expr:
    text = f"inputs: {{x: [3], z: [3], w: [3], A: [3, 3]}}\nequations: ['y[i] = {equation}']\n"
    (define,) = (s for s in tcgrad.loads(text).program.statements if isinstance(s, Define))
    return simplify(define.body)


@pytest.mark.parametrize("equation", SUMS)
def test_no_factors_taken_out_make_a_sum_cost_less_than_the_least(equation: str):
    expr = _body(equation)
    terms = like_terms_collected(Add(tuple(map(simplify, spread_out(expr, squares=True) or []))))
    assert 0 < least_cost(terms) <= cost(simplify(regroup(terms)))


def test_a_sum_that_may_still_be_opened_has_no_least_cost():
    expr = _body("x[i]*(z[i] + w[i])")
    assert least_cost([split_coefficient(expr)]) == 0


def test_components_of_a_symmetric_tensor_are_told_from_others():
    text = "inputs: {{A: {}}}\nequations: ['y[i] = A[i,i]']\n"
    reads = []
    for shape in ("[3, 3]", "{shape: [3, 3], symmetric: true}"):
        (define,) = (s for s in tcgrad.loads(text.format(shape)).program.statements if isinstance(s, Define))
        reads.append(define.body)
    first, second = reads
    assert isinstance(first, Component)
    assert isinstance(second, Component)
    assert Component(first.tensor, second.indices) != second


def test_a_name_for_what_stands_in_every_term_promises_nothing():
    # Of sum_j A x (z - w) the term with z keeps A x as it is, whatever that is called without z.
    terms = spread_out(_body("1[j]*A[i,j]*x[j]*(z[j] - w[i])")) or []
    whole, part = _body("1[j]*A[i,j]*x[j]*z[j]"), _body("1[j]*A[i,j]*x[j]")
    named = Tensor("n", (), Role.DEFINED)
    assert is_promising(terms, [Fact(named, (), whole)], lambda _: False, squares=False)
    assert not is_promising(terms, [Fact(named, (), part)], lambda _: False, squares=False)
