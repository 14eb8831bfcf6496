"""A reduction within a sum over its own index, which products have that are made of several."""

import pytest

import tcgrad

EQUATIONS = [
    "g = logsumexp[p](sin(delta[2*p,p+1])*x[0])^2",
    "g = logsumexp[p](delta[2*p,p+1]*x[p])*sum[p](exp(delta[2*p,p+1]*x[1]))",
    "g = prod[p](1 + delta[2*p,p+1]*x[p])^2*logsumexp[p](delta[p%2,p]*x[p])",
    "g = logsumexp[p,m](erf(delta[2*p,p+1]*p)*x[m])^3",
    "g = (max[p](delta[2*p,p+1]*x[0]) + logsumexp[p](delta[p+1,2*p]*x[1]))^2",
]


@pytest.mark.parametrize("equation", EQUATIONS)
def test_functions_of_second_order(equation):
    result = tcgrad.loads(f"inputs: {{x: [4]}}\nindices: {{p: 4, m: 3}}\nequations: ['{equation}']\n").check(trials=1)
    assert {each.kind for each in result.results} >= {"value_and_grad", "jacobian", "hessian", "hvp"}
    assert not [each for each in result.results if each.status == "fail"]
