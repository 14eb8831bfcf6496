"""What has a value wherever the outputs have one: it may stand beside a bracket instead of inside a choice."""

from __future__ import annotations

import pytest

import tcgrad
from tcgrad.calculus.shown.certain import Certainty
from tcgrad.ir.nodes import ONE, Component, Mul, const
from tcgrad.ir.nodes import Pow as Power

HEAD = "dims: {N: 3}\nconstants: {eps: 0.5}\ninputs: {x: [N], c: [N]}\n"

# equations, and the tensors that have a value wherever the last one has
CASES = [
    (["y[i] = 1/x[i]"], "y"),
    (["u[i] = 1/x[i]", "y[i] = c[i]*u[i] + 1"], "uy"),
    (["u[i] = 1/x[i]", "y[i] = where(c[i] > 0, u[i], 0)"], "y"),
    (["u[i] = 1/x[i]", "y[i] = sigmoid(u[i])"], "y"),  # of what overflows it is 1
    (["u[i] = 1/x[i]", "y = sum[i]([i > 0]*u[i])"], "y"),
    (["u[i] = 1/x[i]", "y = u[0]"], "y"),
    (["u = sqrt(sum[i](x[i]^2) + eps)", "v = 1/u", "y = relu(v)"], "uvy"),
    (["u = sqrt(sum[i](x[i]^2))", "v = 1/u", "y = relu(v)"], "uy"),
    (["u = sqrt(sum[i](x[i]^2)/(N - 1) + eps)", "v = 1/u", "y = relu(v)"], "uvy"),
    (["u = sqrt(sum[i](x[i]^2)/(N - 2) + eps)", "v = 1/u", "y = relu(v)"], "y"),
    (["u[i] = x[i]/(N + 1)", "y[i] = where(N > 1, relu(u[i]), 0)"], "uy"),
    (["u[i] = x[i]/(N - 1)", "y[i] = where(N > 1, relu(u[i]), 0)"], "y"),
    (["u = exp(x[0])", "y = relu(u)"], "y"),
]


@pytest.mark.parametrize(("equations", "certain"), CASES)
def test_values(equations: list[str], certain: str) -> None:
    program = tcgrad.loads(f"{HEAD}equations: {equations}\n").program
    known = Certainty(program)
    reads = {s.tensor.name: Component(s.tensor, tuple(index.expr for index in s.free)) for s in program.statements}
    assert [name for name in reads if known.has_value(reads[name])] == list(certain)
    assert all(known.has_value(Mul((const(2), Power(read, ONE)))) for name, read in reads.items() if name in certain)


@pytest.mark.parametrize("read", ["n+k-1", "n-1", "k+1"])
def test_what_is_read_outside_stays_inside_of_the_choice(read: str) -> None:
    """A condition may be all that keeps a read of an input inside."""
    condition = f"0 <= {read} < N"
    made = tcgrad.loads(
        "dims: {N: 3, K: 4}\ninputs: {v: [N], w: [N], z: [N], o: [K]}\nindices: {n: N, k: K}\nequations:\n"
        f"  - a[n] = sum[k](where({condition}, exp(z[{read}])*where(w[{read}] > 0, v[{read}], 0), 0)*o[k])*1[n]\n"
    )
    assert made.check(trials=1, seed=0).ok
