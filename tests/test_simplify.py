"""Simplification: pairs that come to one form, what it leaves alone, and how long it takes."""

import random
import time
from typing import Any

import pytest
from tables import rows

from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import ONE, ZERO, Component, IndexSum, Mul, Pow
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.verify import verify_define
from tcgrad.language.elaborate import elaborate
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key
from tcgrad.spec.loader import read_spec

TWO = Integer.of(2)

HEADER = """
dims: {N: 5, M: 3}
constants: {c: 2}
inputs: {x: [N], z: [N], a: [N, M], b: [M, N], q: [N, N], sym: {shape: [N, N], symmetric: true}, s: [], t: [],
         v: ["N*M"]}
indices: {i: N, j: M, p: "N*M"}
functions: {"f(u)": null}
equations:
"""

# left and right come to the same form; the target's free indices are those that both mention
EQUAL = """
delta: y[i] = sum[k](delta[k,i]*x[k]) | y[i] = x[i]
delta, other side: y[i] = sum[k](delta[i,k]*x[k]) | y[i] = x[i]
two deltas: y[i] = sum[k,m](delta[k,m]*delta[m,i]*x[k]) | y[i] = x[i]
delta with itself: y[j] = sum[i](delta[i,i]*a[0,j]) | y[j] = N*a[0,j]
delta of two shifted indices: y[i,p] = delta[i-1,p+1]*s | y[i,p] = delta[i,p+2]*s
delta of an index shifted up and one shifted down: y[i,p] = delta[i+1,p-1]*s | y[i,p] = delta[p,i+2]*s
delta squared: y[i] = sum[k](delta[i,k]*delta[i,k]*x[k]) | y[i] = x[i]
bracket that fixes an index: y = sum[k]([k == 1]*x[k]*z[k]) | y = sum[k](delta[k,1]*x[k]*z[k])
delta in a bracket: y[i] = sum[k](x[k]*(delta[i,k] + z[k])) | y[i] = x[i] + sum[k](x[k]*z[k])
high digit: y[i] = sum[p](delta[i,p//M]*v[p]) | y[i] = sum[j](v[M*i+j])
both digits: y[p,i,j] = delta[i,p//M]*delta[j,p%M]*s | y[p,i,j] = delta[p,M*i+j]*s
window: y[i,p] = sum[j](delta[p,M*i+j])*s | y[i,p] = delta[i,p//M]*s
one window: y[p] = sum[i,j](delta[p,M*i+j]*x[i]) | y[p] = x[p//M]
digit of the last digits: y[p] = v[p%(M*M)//M] | y[p] = v[p//M%M]
digit of the first digits: y[p] = v[p//M//2] | y[p] = v[p//(2*M)]
digit in range: y[p] = [p//M < N]*v[p] | y[p] = v[p]
bound of a quotient: y[p] = [p//2 < 4]*v[p] | y[p] = [p < 8]*v[p]
bound of a quotient, below: y[p] = [p//2 > 1]*v[p] | y[p] = [p >= 4]*v[p]
last digit: y[p] = v[p-M*(p//M)] | y[p] = v[p%M]
odd positions: y[p] = sum[k](delta[p,2*k+1]*x[k]) | y[p] = x[p//2]*[p%2 == 1]*[p < 2*N]
idle sum: y = sum[i](s) | y = N*s
idle pair: y = sum[i,j](s) | y = N*M*s
sizes cancel: y = sum[i](s)/N | y = s
sum hoisted: y = sum[k](s*x[k]) | y = s*sum[k](x[k])
shares: y = sum[k](exp(x[k] - logsumexp[i](x[i]))) | y = 1 + 0*s
shares of rows: y = sum[i,j](x[i]*exp(a[i,j] + x[i] - logsumexp[k](a[i,k]))) | y = sum[i](x[i]*exp(x[i]))
shares of a shifted row: y[i] = sum[j](exp(a[i,j] - logsumexp[k](a[i,k] + x[i]))) | y[i] = exp(-x[i])
shares of all rows: y = sum[i,j](exp(a[i,j] - logsumexp[k](a[i,k]))) | y = N + 0*s
shares of a whole: y = sum[i,j](exp(a[i,j] - logsumexp[k,m](a[k,m])))*s | y = s
shares of shares: y = sum[k,m](exp(x[k] + x[m] - 2*logsumexp[i](x[i]))) | y = 1 + 0*s
shares with weights: y = sum[k](z[k]*exp(x[k] - logsumexp[i](x[i]))) | y = sum[m](z[m]*exp(x[m] - logsumexp[k](x[k])))
sums separate: y = sum[i,j](x[i]*b[j,0]) | y = sum[i](x[i])*sum[j](b[j,0])
sum over itself: y = sum[k](x[k])/sum[i](x[i]) | y = 1 + 0*s
like terms: y = sum[k](x[k]*z[k]) + sum[i](z[i]*x[i]) | y = 2*sum[k](x[k]*z[k])
terms cancel: y = sum[k](x[k]*z[k]) - sum[i](z[i]*x[i]) | y = 0*s
powers: y[i] = x[i]*x[i]^2/x[i] | y[i] = x[i]^2
power of a product: y[i] = (x[i]*z[i])^2 | y[i] = x[i]^2*z[i]^2
root squared: y[i] = sqrt(x[i])*sqrt(x[i]) | y[i] = x[i]
roots of a number: y = sqrt(2)*s - s/sqrt(2) | y = s/sqrt(2)
roots that make a power: y = sqrt(sqrt(s))*sqrt(sqrt(s))/s + (t^(1/3))^(3/2)*(t^(1/3))^(3/2)/t^2 | y = 1/t + 1/sqrt(s)
roots of products that make powers: y = (s*sqrt(t))^(1/2)*(s*sqrt(t))^(1/2)*sqrt(t)/s^2 | y = t/s
roots of products below them: y = s*t*exp(t)/sqrt(-3*s*t) | y = -exp(t)*sqrt(-3*s*t)/3
roots of products, lower powers: y = s*t^2*(2*s*t)^(-3/2) | y = t/2/sqrt(2*s*t)
roots of a number that cancel: y = sqrt(2)*s*t - 2*t*s/sqrt(2) + s | y = s
fractions: y = s/2 + s/3 + s/6 | y = s
zero: y[i] = 0*x[i] | y[i] = x[i] - x[i]
signs: y = -(s - t) | y = t - s
square of a difference: y = (s - t)^2 | y = (t - s)^2
common factor: y = s*t - 3*t | y = t*(s - 3)
common number: y = s*(12*t - 6*v[0]) | y = 6*s*(2*t - v[0])
numbers of factors that are one then: y = 4*(t^2/2 + 1)*(t^2 + 2)*s | y = 2*s*(t^2 + 2)^2
numbers of factors: y = 4*s*(t/2 + v[0]) | y = 2*s*(t + 2*v[0])
symbolic exponent: y = s^t*s^2 | y = s^(t + 2)
opposite symbolic exponents: y = x[0]*s^(-t)/s^(-t) | y = x[0]
exact root of a number: y = sqrt(4)*s | y = 2*s
branches: y = where(s > 0, t, t) | y = t
delta of a branch: y[i] = sum[k](where(s>0, delta[i,k]+x[k], 0)) | y[i] = where(s>0, 1, 0) + sum[k](where(s>0, x[k], 0))
decided: y = where(2 > 1, s, t) | y = s
bracket in a choice: y[i] = sum[k](where(k < i, [i != k]*x[k], 0)) | y[i] = sum[k](where(k < i, x[k], 0))
bracket in a choice far off: y[i] = sum[k](where(k > i + 1, [i != k]*x[k], s)) | y[i] = sum[k](where(k > i+1, x[k], s))
idle reduction: y[i] = max[j](x[i]) | y[i] = x[i]
idle product: y[i] = prod[j](x[i]) | y[i] = x[i]^M
symmetric: y[i] = sum[k](sym[i,k]*x[k]) + sum[k](sym[k,i]*x[k]) | y[i] = 2*sum[k](sym[i,k]*x[k])
exp of 0: y = exp(s - s) | y = 1 + 0*s
odd function: y = tanh(s - t) | y = -tanh(t - s)
odd function of a negative: y[i] = sin(-x[i]*z[i]) | y[i] = -sin(x[i]*z[i])
even function: y = cos(s - t) | y = cos(t - s)
size out of a branch: y = where(s > 0, 0, 2*t/N) | y = 2*where(s > 0, 0, t)/N
levi_civita of free indices stays: y[i] = x[i]*1 | y[i] = x[i]
"""

# left and right are different functions that a careless rule would make equal
DIFFERENT = """
shares of another row: y = sum[i,k](exp(q[i,k] - logsumexp[j](q[k,j]))) | y = N + 0*s
shares of a part: y = sum[k,m](exp(a[k,m] - logsumexp[i](a[i,0]))) | y = sum[k,m](exp(a[k,m] - logsumexp[i](a[i,m])))
roots of products below others: y = s/sqrt(-2*s*t) | y = -sqrt(-2*s*t)/2
root of a square: y = sqrt(s^2) | y = s
square outside a sum: y = sum[k](x[k])^2 | y = sum[k](x[k]^2)
nested contraction: y = sum[i](x[i]*sum[k](q[i,k]*x[k])) | y = sum[i](x[i]*sum[k](q[i,k]*x[i]))
transpose: y = sum[i,k](x[i]*q[i,k]*z[k]) | y = sum[i,k](x[i]*q[k,i]*z[k])
diagonal: y = sum[i](q[i,i]) | y = sum[i,k](q[i,k])
branches: y = where(s > 0, s, t) | y = where(s > 0, t, s)
bracket in a looser choice: y[i] = sum[k](where(k < i+2, [i != k]*x[k], s)) | y[i] = sum[k](where(k < i+2, x[k], s))
bracket in the other branch: y[i] = sum[k](where(k < i, 0, [i != k]*x[k])) | y[i] = sum[k](where(k < i, 0, x[k]))
neither odd nor even: y = sigmoid(s - t) | y = sigmoid(t - s)
"""


def simplified(equation):
    (statement,) = elaborate(read_spec(f"{HEADER}  - {equation}\n", "table")).statements
    free = {index: Index(index.name, index.size) for index in statement.free}
    assert len(free) == len(statement.free)
    verify_define(statement)
    return statement.free, simplify(statement.body)


def form(equation):
    """The key with the free indices named by place."""
    free, body = simplified(equation)
    return key(body, {index: f"free{place}" for place, index in enumerate(free)})


# the two sides are told apart
UNLIKE = [
    ("(s^t)^s", "s^(t^s)"),
    ("(s^t)^2", "s^(t^2)"),
    ("where(s > 0, (s^t)^t, s^(t^t))", "(s^t)^t"),
    ("s - (t - s)", "s - t - s"),
    ("exp(s*t)", "exp(s)*t"),
]


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_what_is_not_the_same_has_another_key(one, other):
    spec = f"inputs: {{s: [], t: []}}\nequations: ['y = {one}', 'z = {other}']\n"
    first, second = (each.body for each in elaborate(read_spec(spec, "unlike.yaml")).statements)
    assert key(first) != key(second)
    assert simplify(first) != simplify(second)


@pytest.mark.parametrize(("left", "right"), list(rows(EQUAL)))
def test_equal_forms(left, right):
    assert form(left) == form(right)


@pytest.mark.parametrize(("left", "right"), list(rows(DIFFERENT)))
def test_different_functions_stay_different(left, right):
    assert form(left) != form(right)


def test_a_delta_of_free_indices_uses_the_first():
    left = form("y[i,k] = delta[i,k]*x[k]")
    assert left == form("y[i,k] = delta[i,k]*x[i]")


def test_brackets_without_deltas_stay_closed():
    _, body = simplified("y[i] = (x[i] - z[i])*(x[i] + s)")
    assert isinstance(body, Mul)
    assert len(body.factors) == 2


def test_one_and_zero():
    assert simplified("y = s/s")[1] == ONE
    assert simplified("y = s - s")[1] == ZERO


def cycle(length, seed):
    """``A[k1,k2] A[k2,k3] ... A[kn,k1]``, shuffled: as symmetric as a term can be."""
    size = Integer.of(Dim("N", 4))
    tensor = Tensor("A", (size, size), Role.INPUT)
    dummies = [Index("k", size) for _ in range(length)]
    factors = [Component(tensor, (a.expr, b.expr)) for a, b in zip(dummies, dummies[1:] + dummies[:1], strict=True)]
    rng = random.Random(seed)
    rng.shuffle(factors)
    rng.shuffle(dummies)
    return IndexSum(tuple(dummies), Mul(tuple(factors)))


def test_ten_dummies_come_to_one_form():
    assert len({key(simplify(cycle(10, seed))) for seed in range(8)}) == 1
    assert key(simplify(cycle(10, 0))) != key(simplify(cycle(9, 0)))


def test_a_key_does_not_depend_on_which_was_asked_for_first():
    def nested():
        inner = cycle(2, 0)
        size = inner.indices[0].size
        outer = Index("i", size)
        read = Component(Tensor("x", (size,), Role.INPUT), (outer.expr,))
        return inner, IndexSum((outer,), Mul((read, Pow(inner, read))))

    inner, whole = nested()
    assert key(inner)
    assert key(whole) == key(nested()[1])


@pytest.mark.benchmark
def test_ten_dummies_take_less_than_50_ms():
    expr = cycle(10, 1)
    start = time.perf_counter()
    simplify(expr)
    assert time.perf_counter() - start < 0.05


@pytest.mark.parametrize("known", [{"has_gaps": True}, {"symmetric": True}, {"support": ((Index("i", TWO),), ())}])
def test_what_is_known_of_a_tensor_is_not_taken_for_known_of_one_like_it(known: dict[str, Any]):
    """Simplified forms are remembered beyond one program, and another one may call its tensors the same."""
    plain, other = Tensor("same", (TWO, TWO), Role.DEFINED), Tensor("same", (TWO, TWO), Role.DEFINED, **known)
    for tensor in (other, plain, other):
        found = simplify(Component(tensor, (Integer.of(0), Integer.of(1))))
        assert isinstance(found, Component)
        assert [getattr(found.tensor, name) for name in known] == [getattr(tensor, name) for name in known]
