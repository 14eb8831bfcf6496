"""Definitions that are the same with their last two indices exchanged, or turn their sign, and what that spares."""

import pytest
from tables import rows

import tcgrad
from tcgrad.calculus.program.recognise import recognised
from tcgrad.ir.program import Define
from tcgrad.simplify.mirror import is_mirrored, is_skew

HEADER = """
dims: {N: 4, K: 3}
inputs: {x: [N, K], t: [N], d: [N], A: [N, N], S: {shape: [N, N], symmetric: true}, B: [K, N, N]}
equations:
"""

# the right side of k[i,j] or k[b,i,j]
MIRRORED = """
Gram matrix: k[i,j] = x[i,c]*x[j,c]
distances: k[i,j] = sum[c]((x[i,c] - x[j,c])^2)
roots of distances: k[i,j] = sqrt(sum[c]((x[i,c] - x[j,c])^2) + delta[i,j])
kernel of a difference: k[i,j] = exp(-(t[i] - t[j])^2/2)
even function of a difference: k[i,j] = cos(t[i] - t[j])
two odd functions: k[i,j] = sin(t[i] - t[j])*tanh(t[i] - t[j])
diagonal: k[i,j] = delta[i,j]*d[i] + x[i,c]*x[j,c]
branches: k[i,j] = where(i == j, 0, (t[i] - t[j])^2)
brackets: k[i,j] = [i != j]*t[i]*t[j]
symmetric input: k[i,j] = S[i,j]*t[i]*t[j]
sum with the transpose: k[i,j] = A[i,j] + A[j,i]
batched: k[b,i,j] = B[b,i,j]*B[b,j,i]
"""

OTHERS = """
matrix: k[i,j] = A[i,j]
odd function of a difference: k[i,j] = sin(t[i] - t[j])
one side: k[i,j] = t[i]*S[i,j]
antisymmetric: k[i,j] = A[i,j] - A[j,i]
ordered: k[i,j] = [i < j]*t[i]*t[j]
batched: k[b,i,j] = B[b,i,j]*t[i]*t[j]
other axes: k[i,j,c] = t[i]*t[j]*x[i,c]*x[j,c]
"""


SKEW = """
difference from the transpose: k[i,j] = A[i,j] - A[j,i]
half of it: k[i,j] = (A[j,i] - A[i,j])/2
wedge: k[i,j] = t[i]*d[j] - t[j]*d[i]
batched: k[b,i,j] = x[0,b]*(B[b,i,j] - B[b,j,i])
symbol: k[i,j] = x[n,c]*levi_civita[i,j,c]*d[n]
"""

NOT_SKEW = """
matrix: k[i,j] = A[i,j]
sum: k[i,j] = A[i,j] + A[j,i]
of something else: k[i,j] = A[i,j] - S[i,j]
with a diagonal: k[i,j] = A[i,j] - A[j,i] + delta[i,j]
other axes: k[i,j,c] = t[j]*x[i,c] - t[i]*x[j,c]
symbol and more: k[i,j] = levi_civita[i,j,c]*x[0,c] + x[0,i]*x[0,j]
"""


def _define(equation: str) -> Define:
    program = recognised(tcgrad.loads(f"{HEADER}  - '{equation}'\n").program)
    (define,) = program.statements
    assert isinstance(define, Define)
    return define


@pytest.mark.parametrize("equation", rows(MIRRORED))
def test_a_definition_is_symmetric(equation):
    define = _define(equation)
    assert is_mirrored(define)
    assert define.tensor.symmetric


@pytest.mark.parametrize("equation", rows(OTHERS))
def test_a_definition_is_not_symmetric(equation):
    define = _define(equation)
    assert not is_mirrored(define)
    assert not define.tensor.symmetric


def test_a_symmetric_gradient_is_read_once():
    function = tcgrad.loads(
        HEADER + "  - k[i,j] = exp(-sum[c]((x[i,c] - x[j,c])^2))\n  - q[i,j] = k[i,j]^2 + k[i,j]\n"
        "  - f = sum[i,j](sin(q[i,j])*S[i,j])\nexpect:\n"
        "  - dl/dk[i,j] = dl/df*S[i,j]*cos(q[i,j])*(2*k[i,j] + 1)\n"
        "  - dl/dx[i,c] = 4*dl/dk[i,j]*k[i,j]*(x[j,c] - x[i,c])\n"
    )
    assert all(result.proved for result in function.check(trials=1).results if result.kind == "expect")
    printed = str(function.derive(wrt=["x"]))
    assert printed.count("∂f/∂k") <= 2, printed


@pytest.mark.parametrize("one", ["[i == j]", "[j == i]", "delta[i,j]", "delta[j,i]"])
def test_its_instances_are_known_whichever_way_round(one):
    """In the gradient the derivative of the root is one over the definition, by either of its indices."""
    equations = f"  - k[i,j] = sqrt(sum[c]((x[i,c] - x[j,c])^2) + {one})\n  - f = t[i]*t[j]/k[i,j]\n"
    _, _, backward = tcgrad.loads(HEADER + equations + "wrt: [x]\n").emit().partition("def backward(")
    wanted = "# dl/dx[p,q] = 2*dl/df*t[p]*t[j]*(1[p]*x[j,q] - 1[j]*x[p,q])/k[p,j]^3"
    assert wanted in [line.strip() for line in backward.splitlines()]


@pytest.mark.parametrize("equation", rows(SKEW))
def test_a_definition_turns_its_sign(equation):
    assert is_skew(_define(equation))


@pytest.mark.parametrize("equation", rows(NOT_SKEW))
def test_a_definition_does_not_turn_its_sign(equation):
    assert not is_skew(_define(equation))


FIELDS = """
dims: {N: 4}
inputs: {g: {shape: [N, N], symmetric: true}, A: [N, N], B: [3, N, N], t: [N]}
equations:
  - F[i,j] = A[i,j] - A[j,i]
  - G[b,i,j] = B[b,i,j] - B[b,j,i]
"""


@pytest.mark.parametrize(
    ("equation", "wrt", "line"),
    [
        ("f = F[i,j]*F[i,j]/4", "A", "df/dA[p,q] = F[p,q]"),
        ("f = -g[m,a]*g[n,b]*F[m,n]*F[a,b]/4", "A", "df/dA[p,q] = -g[p,m]*g[n,q]*F[m,n]"),
        ("f = F[i,j]*F[j,i] + F[i,j]*t[i]*F[i,j]", "t", "df/dt[p] = 1[j]*F[p,j]^2"),
        ("f = G[b,i,j]*G[b,i,j]", "B", "df/dB[p,q,r] = 4*G[p,q,r]"),
    ],
)
def test_what_turns_its_sign_is_read_one_way_round(equation, wrt, line):
    derived = tcgrad.loads(f"{FIELDS}  - {equation}\nwrt: [{wrt}]\n").derive().as_dict()
    assert derived["jacobians"][0]["index"] == line
