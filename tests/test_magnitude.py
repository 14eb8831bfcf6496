"""What no floating-point type holds, and divisions by 0, are refused wherever they come up."""

from __future__ import annotations

import pytest

import tcgrad
from tcgrad.errors import TcgradError

TAIL = "functions: {'f(z)': '1/z', 'g(z)': '1/(z - 1)'}\n"

REFUSED = [
    ("y = 1e200*1e200*x[0]", "TC406", "a number in `y` is larger than 1e300: no floating-point type holds it"),
    ("y = x[0]*2^-2000", "TC406", "a number in `y` is smaller than 1e-300: no floating-point type holds it"),
    ("y = f(0)*x[0]", "TC324", "`y` divides by 0"),
    ("y = f(0*x[0])", "TC324", "`y` divides by 0"),
    ("y = g(1)*x[0]", "TC324", "`y` divides by 0"),
    ("y = x[0]/sqrt(0)", "TC324", "`y` divides by 0"),
    ("y = (x[0] - x[0])^-1", "TC324", "`y` divides by 0"),
    ("y[-1] = 0 ; y[t] = y[t-1] + x[t]/sqrt(0)", "TC324", "`y` divides by 0"),
    ("y[-1] = f(0) ; y[t] = y[t-1] + x[t]", "TC324", "`y` divides by 0"),
]


@pytest.mark.parametrize(("equations", "code", "message"), REFUSED)
def test_it_is_refused_with_its_place(equations: str, code: str, message: str) -> None:
    lines = "".join(f"  {line.strip()}\n" for line in equations.split(";"))
    function = tcgrad.loads(f"inputs: {{x: [3]}}\n{TAIL}equations: |\n{lines}", "t.yaml")
    with pytest.raises(TcgradError) as caught:
        function.derive()
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == (code, message)
    assert diagnostic.span is not None
    assert str(function)  # what was read can be shown


def test_a_power_of_0_that_is_a_number_is_none() -> None:
    (gradient,) = tcgrad.loads("inputs: {x: [3]}\nequations: ['y = x[0]*(0^2 + 0^0)']\n").derive().gradients
    assert gradient.wrt.name == "x"
