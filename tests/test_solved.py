"""Definitions solved for their parts: formulas for people, shorter by them; what is divided by is known not to be 0."""

from __future__ import annotations

import pytest

import tcgrad
from tcgrad.notation.index import print_statement
from tcgrad.steps import explain

POSITIVE = "{shape: [], sample: positive}"
HEAD = f"dims: {{N: 3}}\ninputs: {{x: [N], z: [N], a: [], p: {POSITIVE}, q: {POSITIVE}}}\n"

# equations, the input, and the last line of its gradient
SHOWN = [
    (["y = p*exp(-sum[i](x[i]^2))"], "p", "dl/dp = dl/dy*y/p"),
    (["y = a*exp(-sum[i](x[i]^2))"], "a", "dl/da = dl/dy*exp(-1[i]*x[i]^2)"),  # a may be 0
    (["y = exp(-sum[i](x[i]^2))/a"], "x", "dl/dx[p] = -2*dl/dy*x[p]*y"),
    (["y = -logsumexp[i](-a*x[i])/a"], "x", "dl/dx[p] = dl/dy*exp(a*(y - x[p]))"),
    (["t = z[i]*z[i]", "y = 1 - sum[i]((x[i] - z[i])^2)/t"], "z", "dl/dz[p] = 2*dl/dy*(x[p] - z[p]*y)/t"),
    (["y[i] = p/(1 + q*exp(x[i]))"], "x", "dl/dx[q] = dl/dy[q]*y[q]*(y[q]/p - 1)"),
    (["y[i] = 1/(1 + a*exp(x[i]))"], "x", "dl/dx[p] = -dl/dy[p]*y[p]*(1 - y[p])"),
    (["y = logsumexp[i](a*x[i] + z[i]) - a"], "z", "dl/dz[p] = dl/dy*exp(z[p] + a*(x[p] - 1) - y)"),
    (["y[i] = x[i] + tanh(a*x[i] + z[i])"], "z", "dl/dz[p] = dl/dy[p]*(1 - tanh(a*x[p] + z[p])^2)"),
    (["u = a + 2*p", "y = (u - a)*sum[i](x[i]^2)"], "x", "dl/dx[q] = 4*dl/dy*p*x[q]"),
    (["u = 3*a*p", "y = u*sum[i](x[i]^2)/a"], "x", "dl/dx[q] = 6*dl/dy*p*x[q]"),
    (["u = 0*a", "y = sum[i](x[i]^2) + u"], "x", "dl/dx[p] = 2*dl/dy*x[p]"),
    (["y[i] = 1 - x[i]"], "x", "dl/dx[p] = -dl/dy[p]"),
    # a number less a product
    (["u = x[i]*z[i]", "v = x[i]*x[i] + 1", "y = 1 - 2*u/v"], "x", "dl/dx[p] = 2*dl/dy*(x[p]*(1 - y) - z[p])/v"),
    # a ratio of sums whose difference is one product
    (["e[i] = exp(2*x[i])", "y[i] = (e[i] - 1)/(e[i] + 1)"], "x", "dl/dx[p] = dl/dy[p]*(1 - y[p]^2)"),
    # a divisor with a name
    (["d[i] = 1 + exp(-x[i])", "y[i] = 1/d[i]"], "x", "dl/dx[p] = dl/dy[p]*y[p]*(1 - y[p])"),
    (["d[i] = a + exp(z[i])", "y[i] = x[i]/d[i]"], "x", "dl/dx[p] = dl/dy[p]/d[p]"),
    # the share of one term under a root
    (["y[i] = x[i]/sqrt(1 + p*x[i]^2)"], "x", "dl/dx[q] = dl/dy[q]/(1 + x[q]^2*p)^(3/2)"),
    (["s[i] = sqrt(1 + a*x[i]^2)", "y[i] = x[i]/s[i]"], "x", "dl/dx[p] = dl/dy[p]/s[p]^3"),
    (["y[i] = x[i]/sqrt(1 + x[i]^2)"], "x", "dl/dx[p] = dl/dy[p]/(1 + x[p]^2)^(3/2)"),
    (["s[i] = 1/sqrt(2 + p*x[i]^2)", "y[i] = 3*x[i]*s[i]"], "x", "dl/dx[p] = 6*dl/dy[p]*s[p]^3"),
    (["y[i] = x[i]/sqrt(1 + p*x[i]^2)"], "p", "dl/dp = -dl/dy[i]*y[i]^3/2"),
    # sums of fractions and of sums, which formulas write otherwise
    (["y[i] = p/(1 + (p - q)/q*exp(-x[i]))"], "x", "dl/dx[q] = dl/dy[q]*y[q]*(1 - y[q]/p)"),
    (["y = (p/q)^2/(1 + (p/q)^2)"], "p", "dl/dp = 2*dl/dy*y*(1 - y)/p"),
    # a divisor that is a sum of fractions stays as it is
    (["y[i] = p*x[i]/(1 + x[i]/q)"], "x", "dl/dx[r] = dl/dy[r]*p/(1 + x[r]/q)^2"),
    (["y[i] = a/(1 + z[i] + p*x[i]/q)"], "a", "dl/da = dl/dy[i]/(1 + z[i] + p*x[i]/q)"),
    # what a size or a constant divides, by itself
    (["u[i] = x[i]/a", "y = a^2*sum[i](sqrt(1 + u[i]^2) - 1)"], "x", "dl/dx[p] = dl/dy*x[p]/sqrt(1 + u[p]^2)"),
    (["u[i] = x[i]/N", "y[i] = N^2*u[i]^2*z[i]"], "x", "dl/dx[p] = 2*dl/dy[p]*x[p]*z[p]"),
    # a product that something divides, a factor of which may be 0
    (["y = a^2*exp(-p*q)/p"], "q", "dl/dq = -dl/dy*p*y"),
    (["y = a*z[0]*sin(p)/q"], "q", "dl/dq = -dl/dy*y/q"),
    (["y[i] = a*exp(x[i]*p)/z[i]"], "p", "dl/dp = dl/dy[i]*x[i]*y[i]"),
    # an index, which is 0 at its first value, is no divisor
    (["y[i] = i/(p + exp(x[i]))"], "x", "dl/dx[q] = dl/dy[q]*y[q]*(p/(p + exp(x[q])) - 1)"),
    (["y[i] = i*p/(1 + q*exp(x[i]))"], "x", "dl/dx[p] = dl/dy[p]*y[p]*(1/(1 + q*exp(x[p])) - 1)"),
    # what is chosen
    (["y[i] = where(x[i] > 0, x[i], a*(exp(x[i]) - 1))"], "x", "dl/dx[p] = dl/dy[p]*where(x[p] > 0, 1, a + y[p])"),
    (["y[i] = where(x[i] > 0, x[i], p*(exp(x[i]/p) - 1))"], "x", "dl/dx[q] = dl/dy[q]*where(x[q] > 0, 1, y[q]/p + 1)"),
    (["y[i] = a*elu(x[i])"], "x", "dl/dx[p] = dl/dy[p]*a*where(x[p] > 0, 1, exp(x[p]))"),
    (["y[i] = elu(x[i] + z[i])"], "x", "dl/dx[p] = dl/dy[p]*where(y[p] > 0, 1, y[p] + 1)"),
    (["y[i] = where(z[i] > 0, x[i], exp(x[i]) - 1)"], "x", "dl/dx[p] = dl/dy[p]*where(z[p] > 0, 1, y[p] + 1)"),
    # the logarithm of what stands under a power
    (
        ["y = sum[i](abs(x[i])^a)^(1/a)"],
        "a",
        "dl/da = dl/dy*(y^(1 - a)*abs(x[i])^a*log(abs(x[i])) - y*log(y))/a",
    ),
    (["y[i] = (1 + x[i]^2)^(1/z[i])"], "z", "dl/dz[p] = -dl/dy[p]*y[p]*log(y[p])/z[p]"),
    (["y[i] = (1 + x[i]^2)^z[i]"], "z", "dl/dz[p] = dl/dy[p]*y[p]*log(1 + x[p]^2)"),  # z may be 0
    # what is left to 1, as a product
    (["y[i] = a + (1 - a)*sigmoid(x[i])"], "x", "dl/dx[p] = dl/dy[p]*sigmoid(x[p])*(1 - y[p])"),
    (["y[i] = x[i] + z[i] - x[i]*z[i]", "s = sum[i](log(1 - y[i]))"], "x", "dl/dx[p] = dl/ds/(x[p] - 1)"),
    (["y[i] = 1 - (1 - x[i])*(1 - z[i])", "s = sum[i](1/(1 - y[i]))"], "x", "dl/dx[p] = dl/ds/((1 - x[p])*(1 - y[p]))"),
    # conjugates
    (["y = acosh(a)"], "a", "dl/da = dl/dy/sqrt(a^2 - 1)"),
]


@pytest.mark.parametrize(("equations", "wrt", "line"), SHOWN)
def test_shown(equations: list[str], wrt: str, line: str) -> None:
    function = tcgrad.loads(f"{HEAD}equations: {equations}\n")
    (gradient,) = (g for g in function.derivation.gradients if g.wrt.name == wrt)
    assert list(print_statement(gradient.statements[-1])) == [line]
    divided = {"p"} if "/p" in line else set()
    assert {each.tensor.name for each in gradient.assumed} == divided


def test_the_code_does_without() -> None:
    """``1 - y`` is 0 where ``y`` is all but 1, and what it stands for is not."""
    function = tcgrad.loads(f"{HEAD}equations: ['y[i] = p/(1 + q*exp(x[i]))']\nwrt: [x]\n")
    assert "1 - y" not in function.emit()


def test_steps_say_what_is_divided_by() -> None:
    function = tcgrad.loads(f"{HEAD}equations: ['y = p*exp(-sum[i](x[i]^2))']\nwrt: [p]\n")
    chain = explain(function.derivation).jacobians[0][-1]
    assert [rule.words for rule in chain.steps[-1].rules] == ["definition of {}", "{} is positive"]
