"""Lines that are put into none of those that read them, for it is plain that all would be longer."""

import pytest

import tcgrad
from tcgrad.calculus.lines.compact import put_in
from tcgrad.calculus.lines.repeated import is_repeated_in_full
from tcgrad.simplify.cost import cost
from tcgrad.simplify.folding.fold import Facts

INPUTS = """
dims: {N: 3}
indices: {k: N}
inputs: {a: [N, N], b: [N, N], c: [N, N], d: [N, N], x: [N], y: [N]}
equations:
"""


def lines(*equations):
    statements = tcgrad.loads(INPUTS + "".join(f"  - {equation}\n" for equation in equations)).program.statements
    *facts, line, one, other = statements
    return line, (one, other), Facts(facts)


@pytest.mark.parametrize(
    "equations",
    [
        ("l[i,k] = a[i,j]*b[j,k]*x[k]*y[i]", "u[i,m] = l[i,k]*c[k,m]", "v[m,k] = d[i,m]*l[i,k]"),
        ("l[i,k] = 2*a[i,j]*b[j,k]*x[k]*y[i]", "u[i,m] = l[i,k]*c[k,m]", "v[i,k] = l[i,k] + d[i,k]"),
        ("l[i,k] = (a[i,k] - b[i,j]*x[j])*exp(y[k])", "u[i,m] = l[i,k]*c[k,m]/3", "v[i,k] = l[i,k]/d[i,k]"),
    ],
)
def test_a_line_that_is_as_long_wherever_it_stands_is_told_from_far(equations):
    line, users, known = lines(*equations)
    assert is_repeated_in_full(line, users, known)
    made = [known.fold(put_in(user.body, {line.tensor: line})) for user in users]
    assert sum(map(cost, made)) > cost(line.body) + sum(cost(user.body) for user in users)


@pytest.mark.parametrize(
    "equations",
    [
        # they read the same
        ("l[i,k] = a[i,j]*b[j,k]*x[k]*y[i]", "u[i,m] = l[i,k]*c[k,m]/x[k]", "v[m,k] = d[i,m]*l[i,k]"),
        # numbers
        ("l[i,k] = 2*a[i,j]*b[j,k]*x[k]*y[i]", "u[i,m] = l[i,k]*c[k,m]/2", "v[m,k] = d[i,m]*l[i,k]"),
        # it is read twice
        ("l[i,k] = a[i,j]*b[j,k]*x[k]*y[i]", "u[i,m] = l[i,k]*c[k,m]*l[m,i]", "v[m,k] = d[i,m]*l[i,k]"),
        # a definition of both
        (
            "f[i,m] = b[i,k]*c[k,m]",
            "l[i,k] = a[i,j]*b[j,k]*x[i]*y[k]",
            "u[i,m] = l[i,k]*c[k,m]",
            "v[m,k] = d[i,m]*l[i,k]",
        ),
        # what adds up by itself
        ("l[i,k] = a[i,k]*x[i]*exp(y[i])", "u[i] = 1[k]*l[i,k]", "v[i,k] = l[i,k]*d[i,k]"),
        ("l[i,k] = a[i,j]*x[j]*y[i]*b[i,j]*exp(y[i])", "u[i,m] = l[i,k]*c[k,m]", "v[i,k] = l[i,k]*d[i,k]"),
        # deltas
        ("l[i,k] = delta[i,k]*x[i]*exp(y[i])", "u[i,m] = l[i,k]*c[k,m]", "v[i,k] = l[i,k]*d[i,k]"),
        # it is short
        ("l[i,k] = a[i,j]*b[j,k]", "u[i,m] = l[i,k]*c[k,m]", "v[m,k] = d[i,m]*l[i,k]"),
    ],
)
def test_what_may_come_together_with_what_stands_around_it_is_tried(equations):
    assert not is_repeated_in_full(*lines(*equations))
