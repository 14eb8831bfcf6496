"""Closed forms of Jacobians: which there are, and why there is none where there is none."""

import pytest

import tcgrad
from tcgrad.calculus.closed.ways import Ways

NETWORK = """
dims: {{N: 3}}
inputs: {{x: [N], {weights}}}
equations:
  - h0[i] = u[i,j]*x[j]
{layers}
  - y[i] = v[i,j]*h{last}[j]
"""


def jacobians(layer, count):
    weights = ", ".join(f"{name}: [N, N]" for name in ("u", "v", *(f"w{k}" for k in range(1, count + 1))))
    layers = "\n".join("  - " + layer.format(k=k, l=k - 1) for k in range(1, count + 1))
    text = NETWORK.format(weights=weights, layers=layers, last=count)
    return {each.wrt.name: each for each in tcgrad.loads(text).derive().jacobians}


def test_what_leads_to_a_tensor_without_a_closed_form_has_none_for_the_same_reason():
    made = jacobians("h{k}[i] = tanh(w{k}[i,j]*h{l}[j] + h{l}[i])*h{l}[i]", 10)
    assert made["v"].define is not None
    assert made["w10"].define is not None
    assert len({made[name].reason for name in ("x", "u", "w1")}) == 1
    assert "more than 100 parts" in made["x"].reason


def test_many_statements_make_a_closed_form_if_it_is_short():
    made = jacobians("h{k}[i] = w{k}[i,j]*h{l}[j]", 14)
    assert all(each.define is not None for each in made.values())


RESIDUAL = "dims: {N: 3}\ninputs: {h0: [N], a: [N], w: [N, N]}\nequations:\n"


def residual(branch, count):
    """Layers ``h + f(h)`` one after the other, each in two equations."""
    layers = [
        f"  - g{k}[i] = {branch.format(l=k - 1)}\n  - h{k}[i] = h{k - 1}[i] + g{k}[i]" for k in range(1, count + 1)
    ]
    return tcgrad.loads(RESIDUAL + "\n".join(layers))


@pytest.mark.parametrize(
    ("branch", "ways"),
    [
        ("a[i]*h{l}[i]^2", 1),  # element by element they come together
        ("w[i,j]*h{l}[j]", 6),  # powers of one matrix: those of one length are alike
        ("w[i,j]*tanh(h{l}[j])", 32),
        ("h{l}[j]*h{l}[j]*a[i]", 32),
    ],
)
def test_ways_that_stay_apart(branch, ways):
    program = residual(branch, 5).program
    wrt = program.inputs[0].tensor
    assert Ways().first_beyond(ways, wrt, program.statements) is None
    assert Ways().first_beyond(ways - 1, wrt, program.statements) is not None


@pytest.mark.parametrize("branch", ["a[i]*h{l}[i]^2", "w[i,j]*h{l}[j]"])
def test_a_closed_form_through_many_residual_layers_may_be_short(branch):
    (by_input,) = residual(branch, 5).derive(wrt=["h0"]).jacobians
    assert by_input.define is not None
