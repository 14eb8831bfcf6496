"""Functions without a derivative by an argument: refused, with a place, where that argument moves, and only there."""

from __future__ import annotations

import pytest

import tcgrad

HEAD = """\
inputs: {x: {shape: [3], sample: positive}, n: {shape: [], sample: positive}}
functions: {"f(z)": "polygamma(z^2, 3)", "g(z)": "polygamma(1, polygamma(z, 2))"}
"""

REFUSED = {
    "its own input": ("y[i] = polygamma(x[i], 2)", 0, "x"),
    "inside of a user's function": ("y[i] = f(x[i])", 0, "x"),
    "inside of another argument": ("y[i] = g(x[i])", 0, "x"),
    "through an intermediate": ("m = 2*n ; y[i] = polygamma(m, x[i])", 1, "m"),
    "in a recurrence": ("y[-1] = 0 ; y[t] = y[t-1]*polygamma(n, x[t])", 1, "n"),
    "in what leads to no output": ("m[i] = polygamma(n, x[i]) ; y[i] = x[i]", 0, "n"),
}

ACCEPTED = {
    "a number": ("y[i] = polygamma(1, x[i])", "wrt: [x]\n"),
    "nothing that is differentiated by": ("y[i] = polygamma(n, x[i])", "wrt: [x]\n"),
    "a step function": ("y[i] = polygamma(1 + floor(n), x[i])", ""),
}


def text(equations: str) -> str:
    return f"{HEAD}equations:\n" + "".join(f"  - {line.strip()}\n" for line in equations.split(";"))


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_at_its_equation(name: str):
    equations, place, moving = REFUSED[name]
    function = tcgrad.loads(text(equations), "spec.yaml")
    with pytest.raises(tcgrad.TcgradError) as caught:
        function.derive()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TC401"
    assert f"by its argument 1, which holds `{moving}`" in diagnostic.message
    assert caught.value.source is not None
    assert diagnostic.span is not None
    line, _ = caught.value.source.position(diagnostic.span.start)
    assert line == len(HEAD.splitlines()) + 2 + place


@pytest.mark.parametrize("name", ACCEPTED)
def test_it_is_accepted(name: str):
    equations, more = ACCEPTED[name]
    function = tcgrad.loads(text(equations) + more)
    assert function.derive().gradients
    assert "def backward" in function.emit()
