"""Closed forms of Jacobians: which there are, and why there is none where there is none."""

import tcgrad

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
