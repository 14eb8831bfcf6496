"""A free index of an expectation runs over its axis at all sizes, whatever is declared for its name."""

import pytest

import tcgrad

# The length of the axis, and the range that is declared for the name: the same number at the sizes of the spec.
LENGTHS = [("N", "3"), ("C-1", "3"), ("N", "C-1"), ("3", "N")]


@pytest.mark.parametrize(("length", "declared"), LENGTHS)
def test_what_is_equal_and_not_proved_is_not_wrong_at_other_sizes(length, declared):
    text = (
        f"dims: {{N: 3, C: 4}}\nindices: {{u: {declared}}}\n"
        f"inputs: {{x: {{shape: [{length}], sample: positive}}, z: [N, C]}}\n"
        "equations: ['y[i] = lgamma(2*x[i])*z[0,0]']\n"
        "expect: ['dl/dx[u] = dl/dy[u]*z[0,0]*(digamma(x[u]) + digamma(x[u] + 1/2) + 2*log(2))']\n"
    )
    (result,) = tcgrad.loads(text).check(only="expect").results
    assert (result.status, result.proved) == ("pass", False)
