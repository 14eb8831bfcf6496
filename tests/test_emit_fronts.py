"""Adjoint recurrences that read what another one began with: no position is apart where an array holds that."""

import pytest
from emit_tools import Emitted, check_at_sizes, spec

# inputs, equations
READING_IN_FRONT = {
    "gates": (
        ["x: [T, 3]", "u: [3, 3]", "h0: [3]", "c0: [3]"],
        [
            "h[-1,k] = h0[k]",
            "c[-1,k] = c0[k]",
            "f[t,k] = sigmoid(x[t,k] + h[t-1,m]*u[m,k])",
            "c[t,k] = f[t,k]*c[t-1,k] + (1 - f[t,k])*x[t,k]",
            "h[t,k] = tanh(c[t,k])",
        ],
    ),
    "a product of what is read": (
        ["x: [T, 3]", "u: [3, 3]", "h0: [3]"],
        ["h[-1,k] = h0[k]*h0[k]", "r[t,k] = sigmoid(x[t,k])", "h[t,k] = tanh(x[t,k] + r[t,k]*(h[t-1,m]*u[m,k]))^2"],
    ),
    "two back": (
        ["x: [T]", "a: []", "y0: [2]"],
        ["y[-2] = y0[0]", "y[-1] = sin(y0[1])", "y[t] = a*y[t-1]*y[t-2] + x[t]"],
    ),
    "two back, of which one is in front": (
        ["x: [T]", "a: []", "z0: []"],
        [
            "y[0] = a^2",
            "z[-1] = sin(z0)",
            "z[0] = z0",
            "y[t] = tanh(a*y[t-1] + x[t]*z[t-1])",
            "z[t] = sin(z[t-2] + y[t])*x[t]",
        ],
    ),
}
FEWER = {"gates": (1, 2), "a product of what is read": (1, 2), "two back": (3,)}


@pytest.mark.parametrize("name", READING_IN_FRONT)
def test_what_stands_in_front_is_read_at_all_lengths(name):
    inputs, equations = READING_IN_FRONT[name]
    check_at_sizes(spec(inputs, equations, dims="{T: 5}"), [{"T": length} for length in FEWER.get(name, (4,))])


@pytest.mark.parametrize("name", ["gates", "a product of what is read"])
def test_the_first_position_is_in_the_loop(name):
    backward = Emitted(spec(*READING_IN_FRONT[name], dims="{T: 4}")).source.split("def backward")[1]
    assert "for t in range(T - 2, -1, -1):" in backward
    assert "dh_total[0] = " not in backward


def test_nothing_stands_in_front_of_what_has_no_base_case():
    """It would be multiplied with the rest, whatever the memory held."""
    source = Emitted(spec(*READING_IN_FRONT["gates"], dims="{T: 4}")).source
    assert "    f = np.empty((T, 3), dtype)\n" in source
    assert "    c_all = np.empty((T + 1, 3), dtype)\n" in source


# Equations, and the line of a gradient that sums over all steps at once.
SUMMED = {
    "one back": (["h[-1,k] = h0[k]", "h[t,k] = tanh(h[t-1,m]*u[m,k] + x[t,k])"], "du = h_all[:T].T @ "),
    "two back": (
        ["h[-2,k] = h0[k]", "h[-1,k] = c0[k]", "h[t,k] = tanh(x[t,k] + h[t-2,m]*u[m,k])"],
        "du = h_all[:T].T @ ",
    ),
    "one and two back": (
        ["h[-2,k] = h0[k]", "h[-1,k] = c0[k]", "h[t,k] = tanh(x[t,k] + h[t-1,k]*h[t-2,m]*u[m,k])"],
        "du = h_all[:T].T @ ",
    ),
    "from what is no part": (
        ["h[-1,k] = sin(h0[k])", "h[t,k] = tanh(h[t-1,m]*u[m,k] + x[t,k])"],
        "du = h_all[:T].T @ ",
    ),
}


@pytest.mark.parametrize("name", SUMMED)
def test_a_sum_over_the_steps_begins_in_front(name):
    equations, line = SUMMED[name]
    text = spec(["x: [T, 3]", "u: [3, 3]", "h0: [3]", "c0: [3]"], equations, dims="{T: 5}", indices="{t: T}")
    backward = Emitted(text).source.split("def backward")[1].split("\ndef ")[0]
    assert any(each.strip().startswith(line) for each in backward.splitlines())
    check_at_sizes(text, [{"T": length} for length in (3, 6)])
