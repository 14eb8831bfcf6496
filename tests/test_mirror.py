"""Definitions that are the same with their last two indices exchanged, and what that spares a reader."""

import pytest

import tcgrad
from tcgrad.calculus.recognise import recognised
from tcgrad.ir.program import Define
from tcgrad.simplify.mirror import is_mirrored

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


def _cases(table: str) -> list[pytest.param]:
    rows = (line.split(": ", 1) for line in table.strip().splitlines())
    return [pytest.param(equation, id=name) for name, equation in rows]


def _define(equation: str) -> Define:
    program = recognised(tcgrad.loads(f"{HEADER}  - '{equation}'\n").program)
    (define,) = program.statements
    assert isinstance(define, Define)
    return define


@pytest.mark.parametrize("equation", _cases(MIRRORED))
def test_a_definition_is_symmetric(equation):
    define = _define(equation)
    assert is_mirrored(define)
    assert define.tensor.symmetric


@pytest.mark.parametrize("equation", _cases(OTHERS))
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
