"""Names of inverses, and the order in which the positions of symmetric tensors are written."""

import pytest

import tcgrad

HEADER = """
dims: {N: 4, M: 3, B: 2}
inputs: {x: [N], y: [N], A: [N, N], S: {shape: [N, N], symmetric: true}, U: [M, N], V: [B, N, N], R: [B, N, N]}
equations:
"""

# equations, the input, what is printed for the gradient
PRINTED = [
    (["f = x[i]*S[i,j]*x[j]/2"], "x", "df/dx[p] = S[p,i]*x[i]"),
    (["f = sum[i,j]((U[i,k]*S[k,j])^2)/2"], "U", "df/dU[p,q] = S[j,q]*S[k,j]*U[p,k]"),
    (["Q[i,j] = inv(A)[i,j]", "f = x[i]*Q[i,j]*y[j]"], "A", "df/dA[p,q] = -y[j]*Q[q,j]*x[i]*Q[i,p]"),
    (["Q[i,j] = inv(A)[j,i]", "f = x[i]*Q[i,j]*y[j]"], "A", "df/dA[p,q] = -y[j]*Q[p,j]*x[i]*Q[i,q]"),
    (["d = det(A)", "f = sum[i](x[i])*d^2"], "A", "df/dA[p,q] = 2*f*inv(A)[q,p]"),
    (["d = det(A)", "f = sum[i](x[i])*d^2 + d"], "A", "df/dA[p,q] = d*inv(A)[q,p]*(2*d*1[i]*x[i] + 1)"),
    (["f = det(A)"], "A", "df/dA[p,q] = det(A)*inv(A)[q,p]"),
    (["Q[b,i,j] = inv(V)[b,i,j]", "f = Q[b,i,j]*R[b,j,i]"], "V", "df/dV[p,q,r] = -R[p,j,i]*Q[p,r,j]*Q[p,i,q]"),
]


@pytest.mark.parametrize(("equations", "wrt", "text"), PRINTED)
def test_a_formula_is_spelt(equations, wrt, text):
    function = tcgrad.loads(HEADER + "".join(f"  - '{line}'\n" for line in equations) + f"expect: ['{text}']\n")
    printed = function.derive(wrt=[wrt]).report(notations=["index"], unicode=False)
    assert text in " ".join(printed.split())
    assert all(result.proved for result in function.check(trials=1).results if result.kind == "expect")
