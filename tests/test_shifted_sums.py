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
