"""Sums over positions that guards leave, by an index that runs over these."""

import pytest
from test_put_back import put_back

import tcgrad

# Inputs, the equation, the range of i, and lines of the gradients.
PRINTED = {
    "transposed convolution": (
        "x: [N], w: [K]", "y[i] = sum[k]([0 <= i-k < N]*x[i-k]*w[k])", "N+K-1",
        ["dl/dx[p] = dl/dy[k+p]*w[k]", "dl/dw[p] = dl/dy[j+p]*x[j]"],
    ),
    "full correlation from the other end": (
        "x: [N], w: [K]", "y[i] = sum[k]([0 <= i-K+1+k < N]*x[i-K+1+k]*w[k])", "N+K-1",
        ["dl/dw[p] = dl/dy[K+j-p-1]*x[j]"],
    ),
    "a range that may end before the guard": (
        "x: [N], w: [K]", "y[i] = sum[k]([0 <= i-k < N]*x[i-k]*w[k])", "N",
        ["dl/dw[p] = dl/dy[i]*x[i-p]*[0 <= i - p]"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed(name):
    inputs, equation, size, expected = PRINTED[name]
    text = f"dims: {{N: 5, K: 3}}\ninputs: {{{inputs}}}\nequations: ['{equation}']\nindices: {{i: {size}}}\n"
    function = tcgrad.loads(text)
    lines = [line for g in function.derive().as_dict()["gradients"] for line in g["index"]]
    assert [line for line in expected if line not in lines] == [], lines
    assert function.check(trials=1).ok
    assert all(each.proved for each in put_back(text))


@pytest.mark.parametrize("condition", ["K < j <= 1", "K <= j < 2", "2*K <= j + K < 2", "K <= j < N - 3"])
def test_guards_that_let_nothing_through_leave_no_range(condition):
    """A range from 2 to 1 has no positions, and not fewer."""
    text = "dims: {{N: 5, K: 3}}\ninputs: {{x: [], z: [7]}}\nequations: ['f = sum[j](where({}, x, z[j]))']\n"
    assert tcgrad.loads(text.format(condition)).check(trials=1).ok
