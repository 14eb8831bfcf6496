"""Positions at steps: what is read at ``2*i + 1`` has its gradient at ``p//2`` where ``p`` is odd."""

import re

import numpy as np
import pytest
from test_put_back import put_back

import tcgrad

STRIDES = {
    "even": "y[i] = sin(x[2*i])",
    "odd": "y[i] = sin(x[2*i+1])",
    "beyond": "y[i] = sin(x[2*i+3])",
    "every third": "y[i] = sin(x[3*i+2])",
    "both": "y[i] = x[2*i]*x[2*i+1]",
    "backwards": "y[i] = sin(x[N-1-2*i])",
    "rows and columns": "y[i,j] = sin(a[2*i+1,3*j+1])",
    "a norm of pairs": "y[i] = sqrt(x[2*i]^2 + x[2*i+1]^2)",
    "before the first": "y[i] = padded[2*i-1]^2*x[i]",
}


def spec(equation, n=12):
    inputs = "{x: [N], a: [5, N], padded: {shape: [N], outside: 0}}"
    return f"dims: {{N: {n}}}\ninputs: {inputs}\nequations: ['{equation}']\n"


@pytest.mark.parametrize("n", [11, 12])
@pytest.mark.parametrize("name", STRIDES)
def test_gradients_at_steps(name, n):
    text = spec(STRIDES[name], n)
    function = tcgrad.loads(text)
    gradients = function.derive().as_dict()["gradients"]
    for line in gradients[-1]["index"]:
        assert not re.search(r"\((p|q)[-+]\d+\)(//|%)\d", line), line
    assert function.check(trials=1).ok
    assert all(each.status == "pass" for each in put_back(text))


@pytest.mark.parametrize("step", [9999, 10_000, 123_456, 1_000_000_000])
def test_positions_at_wide_steps_are_whole_numbers(step):
    inputs = "{x: [8], k: {shape: [1], dtype: int}}"
    equation = f"y[i] = max[p](x[{step}*i+p])*x[{step}*k[i]+i]"
    module = tcgrad.loads(f"indices: {{i: 1, p: 2}}\ninputs: {inputs}\nequations: ['{equation}']\n").compile()
    x, k = np.array([2.0, 3, 5, 7, 11, 13, 17, 19]), np.zeros(1, int)
    y, (dx,) = module.value_and_grad(x, k, np.ones(1))
    assert (y, *dx[:3]) == (6, 3, 2, 0)


OWN_DIGITS = {
    "the quotient": "y[i] = delta[i//2,i]*sin(c[i%2,1])*x[i]",
    "the remainder": "y[i] = delta[i%2,i]*sin(c[i//4,i%2])*x[i]",
    "the quotient and the remainder": "y[i] = delta[i//2,i%2]*c[i%2,i//4]*x[i]",
    "the quotient of a sum": "y = sum[i](delta[i//3,i]*c[i%3%2,0]*x[i]^2)",
}


@pytest.mark.parametrize("name", OWN_DIGITS)
def test_an_index_is_not_solved_for_by_its_own_digits(name):
    function = tcgrad.loads(f"inputs: {{x: [8], c: [2, 2]}}\nequations: ['{OWN_DIGITS[name]}']\n")
    result = function.check(trials=1)
    assert result.ok, [each for each in result.results if each.status != "pass"]


ROTATION = """
dims: {N: 4}
inputs: {x: ["2*N"], t: [N]}
equations:
  - y[i] = x[2*i]*cos(t[i]) - x[2*i+1]*sin(t[i])
  - z[i] = x[2*i]*sin(t[i]) + x[2*i+1]*cos(t[i])
outputs: [y, z]
"""


def test_cases_stand_apart_and_each_is_written_at_its_place():
    function = tcgrad.loads(ROTATION)
    first, second = function.derive().as_dict()["gradients"]
    even = "(dl/dy[p//2]*cos(t[p//2]) + dl/dz[p//2]*sin(t[p//2]))*[p%2 == 0]"
    odd = "(dl/dz[p//2]*cos(t[p//2]) - dl/dy[p//2]*sin(t[p//2]))*[p%2 == 1]"
    assert first["index"] == [f"dl/dx[p] = {even} + {odd}"]
    assert second["index"] == ["dl/dt[p] = dl/dz[p]*y[p] - dl/dy[p]*z[p]"]
    assert "[:, 0] = dy * cos_t + dz * sin_t" in function.emit()
    assert function.check(trials=1).ok


def test_a_difference_is_told_by_the_name_of_its_opposite():
    text = (
        "inputs: {x: [4], m: [4], z: [4]}\nequations:\n  - r[i] = x[i] - m[i]\n"
        "  - y[i] = (m[i] - x[i])*exp(z[i]*(m[i] - x[i]))\n"
    )
    (gradient,) = (g for g in tcgrad.loads(text).derive().as_dict()["gradients"] if g["wrt"] == "z")
    assert gradient["index"] == ["dl/dz[p] = -dl/dy[p]*r[p]*y[p]"]


# Reads at positions of one index that are solved for at different steps.
OF_ONE_INDEX = [
    "y[i] = [i%2 == 1]*x[i-1]*x[i//2]",
    "y[i] = [i%2 == 1]*x[i-1]*b[i//2]",
    "y[i] = [i%2 == 1]*[i%3 == 1]*x[i//3]*b[i//2]",
    "y[i] = [i%2 == 0]*[i > 0]*x[i//2]*b[i//2-1]*x[i-1]",
    "y[i] = [0 < i < N - 1]*x[i-1]*b[i+1]",
    "y = sum[i]([i%2 == 1]*b[i]*x[i-1]*x[i//2]^2)",
    "y[i] = sum[j]([i%2 == 1]*[j <= i]*x[i//2]*b[i-j]*x[j])",
]


@pytest.mark.parametrize("equation", OF_ONE_INDEX)
def test_reads_at_different_steps(equation):
    inputs, indices = "{x: [N], b: [N]}", "{i: N, j: N}"
    text = f"dims: {{N: 7}}\ninputs: {inputs}\nindices: {indices}\nequations: ['{equation}']\n"
    assert tcgrad.loads(text).check(trials=1).ok
    assert all(each.status == "pass" for each in put_back(text))


GROUPS = """
dims: {{H: 6, G: {groups}}}
inputs: {{v: [G], x: [H]}}
equations: ['o[h] = v[h//2]*x[h]']
"""


@pytest.mark.parametrize(
    ("groups", "gradient"),
    [("3", "dl/do[h]*x[h]*delta[p,h//2]"), ("H//2", "dl/do[h+2*p]*x[h+2*p]")],
    ids=["some of them full", "all full"],
)
def test_groups_that_may_not_be_full_are_left_to_their_delta(groups, gradient):
    text = GROUPS.format(groups=groups)
    function = tcgrad.loads(text)
    assert function.derive(wrt=["v"]).as_dict()["gradients"][0]["index"] == [f"dl/dv[p] = {gradient}"]
    assert function.check(trials=1).ok
    assert all(each.status == "pass" for each in put_back(text))


# Equations of a transposed convolution and of its kin, and the gradient as one solves for the position that is read.
WHOLE_DIVISIONS = {
    "y[i] = x[i//2]*[i%2 == 0]": "dl/dy[2*p]",
    "y[i] = x[i//3]^2*[i%3 == 1]": "2*dl/dy[3*p+1]*x[p]*[3*p + 1 < 2*N + 2]",
    "y[i] = sum[a](w[a]*x[(i-a)//2]*[(i-a)%2 == 0])": "dl/dy[2*p+a]*w[a]",
    "y[i] = sum[a](w[a]*x[(i-a)//2]*[0 == (i-a)%2])": "dl/dy[2*p+a]*w[a]",
    "y[i] = sum[a](w[a]*x[(i-a)//2]*delta[(i-a)%2,0])": "dl/dy[2*p+a]*w[a]",
    "y[i] = sum[a](w[a]*x[(i-a)//S]*[(i-a)%S == 0])": "dl/dy[S*p+a]*w[a]*[S*p + a < 2*N + 2]",
    "y[i] = sum[a](w[a]*x[(i-a)//2+1]*[(i-a)%2 == 0])": "dl/dy[2*p+a-2]*w[a]*[2*p + a - 2 >= 0]",
    "y[i] = sum[a](w[a]*x[(i-2*a)//3]*[(i-2*a)%3 == 0])": "dl/dy[3*p+2*a]*w[a]*[3*p + 2*a < 2*N + 2]",
}


def whole(equation):
    return (
        "dims: {N: 7, K: 4, S: 3}\ninputs: {x: {shape: [N], outside: 0}, w: [K]}\n"
        f"indices: {{i: '2*N+K-2', a: K}}\nequations: ['{equation}']\nwrt: [x]\n"
        f"expect: ['dl/dx[p] = {WHOLE_DIVISIONS[equation]}']\n"
    ).replace("2*N + 2", "2*N + K - 2")


@pytest.mark.parametrize("equation", WHOLE_DIVISIONS)
def test_a_quotient_is_solved_for_where_a_bracket_tells_its_remainder(equation):
    function = tcgrad.loads(whole(equation))
    (gradient,) = function.derive().as_dict()["gradients"]
    assert not re.search(r"//|%|delta", gradient["index"][-1])
    result = function.check(trials=1)
    assert result.ok, [each for each in result.results if each.status != "pass"]
    assert all(each.proved for each in result.results if each.kind == "expect")
    assert "add.at" not in function.emit()
