"""What no floating-point type holds, and divisions by 0, are refused wherever they come up."""

from __future__ import annotations

import numpy as np
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


CODE = [
    "y = x[0]^1e300",
    "y = exp(1e300*x[0])*1e300*x[1]",
    "y = x[0]*1e-200*exp(1e-200*x[1])",
    "y = sin(1e160*x[0]*x[1])",
]


@pytest.mark.parametrize("equation", CODE)
def test_so_it_is_where_only_code_has_it(equation: str) -> None:
    function = tcgrad.loads(f"inputs: {{x: [3]}}\nequations: ['{equation}']\n", "t.yaml")
    assert str(function.derive())
    for call in (function.emit, function.compile, lambda: function.check(trials=1)):
        with pytest.raises(TcgradError) as caught:
            call()
        assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["TC406"]
        assert all(diagnostic.span is not None for diagnostic in caught.value.diagnostics)


def test_numbers_that_a_float_holds_are_written() -> None:
    for number in ("1e150", "1e-150", "1e299"):
        module = tcgrad.loads(f"inputs: {{x: [3]}}\nequations: ['y = {number}*x[i]*x[i]']\n").compile()
        (gradient,) = module.backward(module.forward_saved(np.ones(3))[1], 1.0)
        assert np.allclose(gradient / float(number), 2)


def test_a_power_of_0_that_is_a_number_is_none() -> None:
    (gradient,) = tcgrad.loads("inputs: {x: [3]}\nequations: ['y = x[0]*(0^2 + 0^0)']\n").derive().gradients
    assert gradient.wrt.name == "x"


DEAD = [
    "y[i] = prod[j](where((N - N) > 0, 1/(N - N), 0) + x[i])",
    "y[i] = prod[j](where((N - N) > 0, sin(x[j])/(x[i] - x[i]), 0) + x[i])",
]


@pytest.mark.parametrize("equation", DEAD)
def test_a_division_by_0_in_a_branch_that_is_never_taken_changes_nothing(equation: str) -> None:
    text = f"dims: {{N: 3}}\ninputs: {{x: [N]}}\nindices: {{i: N, j: N}}\nequations: ['{equation}']\n"
    module, x = tcgrad.loads(text).compile(), np.array([2.0, -1.0, 0.5])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(module.forward(x), x**3)
        np.testing.assert_allclose(module.value_and_grad(x, np.ones(3))[1][0], 3 * x**2)


@pytest.mark.parametrize("equation", ["y[i] = x[i]*(i-i)^(-i)", "y[i] = x[i]*(2*i-i-i)^(-i)"])
def test_a_power_of_0_by_an_index_is_what_numpy_says(equation: str) -> None:
    module = tcgrad.loads(f"inputs: {{x: [3]}}\nequations: ['{equation}']\n").compile()
    with np.errstate(all="ignore"):
        assert list(module.forward(np.ones(3))) == [1, np.inf, np.inf]
