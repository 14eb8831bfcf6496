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


POOLED = "y[i,j] = (x[2*i,2*j] + x[2*i+1,2*j] + x[2*i,2*j+1] + x[2*i+1,2*j+1])/4"
POOLINGS = [
    (POOLED, "dl/dx[p,q] = dl/dy[p//2,q//2]/4", "pass"),
    (POOLED, "dl/dx[p,q] = dl/dy[p//2,q//2]/2", "fail"),
    (POOLED, "dl/dx[p,q] = dl/dy[q//2,p//2]/4", "fail"),
    (POOLED, "dl/dx[p,q] = dl/dy[p//2,q//2]/4*[p < H]", "fail"),
    ("y[i] = x[2*i,0]*x[2*i+1,0]", "dl/dx[p,q] = dl/dy[p//2]*x[p+1-2*(p%2),0]*[q == 0]", "pass"),
]


@pytest.mark.parametrize(("equation", "expected", "status"), POOLINGS)
def test_a_read_that_is_inside_at_the_sizes_of_the_spec_alone(equation, expected, status):
    """At others the formula has no value, which says nothing against it unless it names a size."""
    text = f"dims: {{H: 4, W: 4}}\ninputs: {{x: [H, W]}}\nequations: ['{equation}']\nexpect: ['{expected}']\n"
    (result,) = tcgrad.loads(text).check(only="expect").results
    assert (result.status, result.proved) == (status, False)
