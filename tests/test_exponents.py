"""Powers with symbolic exponents: their derivatives hold for bases of any sign, and for exponents of any value."""

from __future__ import annotations

import numpy as np
import pytest

import tcgrad
from tcgrad.check.program.domains import find_demands
from tcgrad.ir.program import Define
from tcgrad.ir.whole import is_whole
from tcgrad.simplify import simplify
from tcgrad.simplify.facts.exponents import times_in

X = np.array([-1.5, -0.4, 0.7, 2.0])

INPUTS = """
dims: {N: 4}
constants: {three: 3, half: 0.5}
inputs:
  x: [N]
  u: []
  v: [N]
  a: []
  k: {shape: [], dtype: int, sample: {integers: [0, 5]}}
  n: {shape: [N], dtype: int, sample: {integers: [0, 5]}}
  b: {shape: [N], dtype: bool}
"""

# the equation, the inputs besides x, the derivative of each element by its own x
POWERS = [
    ("y[i] = x[i]^n[i]", {"n": [0, 1, 2, 3]}, lambda x, n: n * x ** (n - 1.0)),
    ("y[i] = x[i]^-n[i]", {"n": [0, 1, 2, 3]}, lambda x, n: -n * x ** (-n - 1.0)),
    ("y[i] = x[i]^(n[i] + 1)", {"n": [0, 1, 2, 3]}, lambda x, n: (n + 1) * x ** (n * 1.0)),
    ("y[i] = x[i]^b[i]", {"b": [True, False, True, False]}, lambda x, b: b * x**0),
    ("y[i] = x[i]^k", {"k": 2}, lambda x, k: k * x ** (k - 1.0)),
    ("y[i] = x[i]^k", {"k": 0}, lambda x, k: k * x),
    ("y[i] = x[i]^(k - 1)", {"k": 4}, lambda x, k: (k - 1) * x ** (k - 2.0)),
    ("y[i] = -2*x[i]^k", {"k": 3}, lambda x, k: -2 * k * x ** (k - 1.0)),
    ("y[i] = x[i]^three", {}, lambda x: 3 * x**2),
    ("y[i] = x[i]^a", {"a": 2.0}, lambda x, a: a * x ** (a - 1)),
    ("y[i] = x[i]^a", {"a": 0.0}, lambda x, a: a * x),
    ("y[i] = x[i]^N", {}, lambda x: 4 * x**3),
    ("y[i] = x[i]^i", {}, lambda x: np.arange(4) * x ** (np.arange(4) - 1.0)),
]


@pytest.mark.parametrize(("equation", "others", "expected"), POWERS, ids=[f"{row[0]}, {row[1]}" for row in POWERS])
def test_the_derivative_of_a_power_holds_for_negative_bases(equation, others, expected):
    names = "".join(f"  {line.strip()}\n" for line in INPUTS.splitlines() if line.strip()[:1] in {"x", *others} - {""})
    text = f"dims: {{N: 4}}\nconstants: {{three: 3}}\ninputs:\n{names}equations: ['{equation}']\nwrt: [x]\n"
    at = tcgrad.loads(text).derive().at({"x": X, **others})
    (jacobian,) = at.jacobians.values()
    wanted = expected(X, **{name: np.asarray(value) for name, value in others.items()})
    np.testing.assert_allclose(jacobian, np.diag(wanted), rtol=1e-12)


# whole exponents that are 0 somewhere, and their values over j for i = 0, 1 and n = 0, 1, 2
MULTIPLES = [
    ("j^2", [[0, 1, 4]] * 2),
    ("(i*j)", [[0, 0, 0], [0, 1, 2]]),
    ("(2*j*(N - 1 - j))", [[0, 2, 0]] * 2),
    ("((j - 1)^2*(j + i))", [[0, 0, 2], [1, 0, 3]]),
    ("n[j]^2", [[0, 1, 4]] * 2),
    ("(n[j]*(j + 1))", [[0, 2, 6]] * 2),
    ("(n[j]*n[i])", [[0, 0, 0], [0, 1, 2]]),
    ("(3*n[j]^2*j)", [[0, 3, 24]] * 2),
]


@pytest.mark.parametrize(("exponent", "values"), MULTIPLES)
@pytest.mark.parametrize("base", [0.0, -1.0])
@pytest.mark.parametrize("dtype", ["int", "real"])
def test_a_power_by_0_does_not_move_where_its_base_is_0(exponent, values, base, dtype):
    """``e x^(e - 1)`` with ``e = 0`` is 0 though ``x^(e - 1)`` be 1/0."""
    inputs = f"{{x: [2], n: {{shape: [N], dtype: {dtype if 'n' in exponent else 'real'}}}}}"
    head = f"dims: {{N: 3}}\ninputs: {inputs}\nindices: {{i: 2, j: N}}\nwrt: [x]\n"
    module = tcgrad.loads(f"{head}equations: ['y[i,j] = x[i]^{exponent}']\n").compile()
    x, n, e = np.full(2, base), np.arange(3), np.asarray(values)
    n = n if "int}" in inputs else n.astype(float)
    wanted = np.where(e == 0, 0, e * base ** np.maximum(e - 1.0, 0))
    (jacobian,) = module.jacobian(x, n).values()
    np.testing.assert_allclose(np.einsum("iji->ij", jacobian), wanted)
    np.testing.assert_allclose(module.jvp(x, n, np.ones(2)), wanted)
    _, saved = module.forward_saved(x, n)
    np.testing.assert_allclose(module.backward(saved, np.ones((2, 3)))[0], wanted.sum(1))


@pytest.mark.parametrize("exponent", ["a[k]", "(3*a[k]/3)", "(2*a[k]/c)", "(b[k]/2)", "abs(a[k])", "sum[j](a[k]*d[j])"])
@pytest.mark.parametrize("named", [True, False])
def test_powers_by_any_number_have_derivatives_where_exponents_are_0_and_1(exponent, named):
    """Of ``x^0`` and of ``x^1`` at 0, as of features ``x[n]^a[k]`` whose exponents are numbers like all others."""
    inputs = "{x: [K], a: [K], b: {shape: [K], dtype: int}, c: [], d: [J]}"
    equations = [f"e[k] = {exponent}", "f = sum[k](x[k]^e[k])"] if named else [f"f = sum[k](x[k]^{exponent})"]
    text = f"dims: {{K: 5, J: 2}}\ninputs: {inputs}\nwrt: [x]\nequations: {equations}\n"
    spec, e = tcgrad.loads(text), np.arange(5.0)
    for x in (np.zeros(5), np.full(5, -2.0)):
        given = {"x": x, "a": e, "b": 2 * np.arange(5), "c": np.float64(2), "d": np.ones(2) / 2}
        arguments, module = list(given.values()), spec.compile()
        first, second = e * x ** np.maximum(e - 1, 0), e * (e - 1) * x ** np.maximum(e - 2, 0)
        np.testing.assert_allclose(module.value_and_grad(*arguments)[1][0], first)
        np.testing.assert_allclose(module.jvp(*arguments, np.ones(5)), first.sum())
        np.testing.assert_allclose(module.hessian(*arguments)["x", "x"], np.diag(second))
        np.testing.assert_allclose(module.hvp(*arguments, np.ones(5))[0], second)
        (jacobian,) = spec.derive().at(given).jacobians.values()
        np.testing.assert_allclose(jacobian, first)


def test_a_power_whose_base_is_never_0_is_left_alone():
    for base in ("exp(x[k])", "(1 + x[k]^2)"):
        assert "!= 0" not in tcgrad.loads(f"inputs: {{x: [3], a: [3]}}\nequations: ['y[k] = {base}^a[k]']\n").emit()


@pytest.mark.parametrize(
    ("equation", "by", "wanted"),
    [
        ("y[i] = abs(x[i])^v[i]", "v", "dl/dy[p]*y[p]*log(abs(x[p]))"),
        ("y[i] = abs(u)^v[i]", "v", "dl/dy[p]*y[p]*log(abs(u))"),
        ("y[i] = -3*abs(x[i])^v[i]", "v", "dl/dy[p]*y[p]*log(abs(x[p]))"),
    ],
)
def test_a_power_is_written_by_the_name_that_it_has(equation, by, wanted):
    text = f"{INPUTS}equations: ['{equation}']\nwrt: [{by}]\n"
    (gradient,) = tcgrad.loads(text).derive().as_dict()["gradients"]
    assert gradient["index"][-1].partition(" = ")[2] == wanted


ROOTS = [
    ("l[i] = sqrt(x[i])", "y[i] = where(x[i] > 0, l[i], x[i]^3)", [3 * 2.25, 3 * 0.16, 0.5 / 0.7**0.5, 0.5 / 2**0.5]),
    ("l[i] = 1/sqrt(x[i] - 1)", "y[i] = where(x[i] > 1, l[i], (x[i] - 1)^2)", [-5, -2.8, -0.6, -0.5]),
    ("l[i] = v[i]*sqrt(x[i])", "y[i] = where(x[i] > 0, l[i], v[i]*x[i])", [2, 3, 4 * 0.5 / 0.7**0.5, 5 * 0.5 / 2**0.5]),
]


@pytest.mark.parametrize(("root", "equation", "wanted"), ROOTS)
def test_a_whole_power_has_a_value_where_a_root_by_its_name_has_none(root, equation, wanted):
    text = f"dims: {{N: 4}}\ninputs: {{x: [N], v: [N]}}\nequations: ['{root}', '{equation}']\nwrt: [x]\n"
    spec, v = tcgrad.loads(text), np.array([2.0, 3.0, 4.0, 5.0])
    (jacobian,) = spec.derive().at({"x": X, "v": v}).jacobians.values()
    np.testing.assert_allclose(jacobian, np.diag(wanted), rtol=1e-12)
    _, (gradient,) = spec.compile().value_and_grad(X, v, np.ones(4))
    np.testing.assert_allclose(gradient, wanted, rtol=1e-12)


def _exponent(text):
    """What the first power of an expression is raised to."""
    spec = f"{INPUTS}equations: ['y[i] = abs(x[i])^({text})']\n"
    statement = tcgrad.loads(spec).program.statements[0]
    assert isinstance(statement, Define)
    return simplify(statement.body).exponent


@pytest.mark.parametrize(
    ("exponent", "whole"),
    [
        ("k", True),
        ("n[i] + 1", True),
        ("b[i]*N", True),
        ("n[i]*n[i]", True),
        ("i - 2", True),
        ("three", True),
        ("1/three", False),
        ("half", False),
        ("half + half*three", True),
        ("a", None),
        ("1/k", None),
        ("k + half", None),
    ],
)
def test_whether_an_exponent_is_whole(exponent, whole):
    assert is_whole(_exponent(exponent)) is whole


@pytest.mark.parametrize("exponent", ["n[i]", "-n[i]", "n[i]*n[i]", "b[i] + 1", "k + 1", "i", "N", "three"])
def test_bases_of_whole_powers_are_checked_below_zero_too(exponent):
    function = tcgrad.loads(f"{INPUTS}equations: ['y[i] = x[i]^({exponent})']\nwrt: [x]\n")
    assert "x" not in find_demands(function.program).intervals
    result = function.check()
    assert result.ok, [each for each in result.results if each.status != "pass"]


# the equation with the inputs besides x, and the derivative of y[i] by x[i], which has no pole at 0
AT_ZERO = [
    ("y[i] = x[i]^n[i]", {"n": [0, 1, 2, 0]}, [0, 1, 0, 0]),
    ("y[i] = x[i]^(2*n[i])", {"n": [0, 1, 2, 0]}, [0, 0, 0, 0]),
    ("y[i] = sin(x[i]^n[i]) + x[i]^n[i]", {"n": [0, 1, 2, 0]}, [0, 2, 0, 0]),
    ("y[i] = x[i]^i", {}, [0, 1, 0, 0]),
    ("y[i] = v[i]*x[i]^i", {"v": [5.0, 6.0, 7.0, 8.0]}, [0, 6, 0, 0]),
    ("y[i] = v[i]*x[i]^three", {"v": [5.0, 6.0, 7.0, 8.0]}, [0, 0, 0, 0]),
    ("y[i] = v[i]*x[i]^N", {"v": [5.0, 6.0, 7.0, 8.0]}, [0, 0, 0, 0]),
    ("y[i] = a*x[i]^k", {"a": 2.0, "k": 1}, [2, 2, 2, 2]),
    ("y[i] = a*x[i]^k", {"a": 2.0, "k": 0}, [0, 0, 0, 0]),
    ("y[i] = exp(x[i])*x[i]^n[i]", {"n": [0, 1, 2, 0]}, [1, 1, 0, 1]),
    ("y[i] = (x[i] + 3)*(2*x[i])^i*v[i]", {"v": [5.0, 6.0, 7.0, 8.0]}, [5, 36, 0, 0]),
    ("y[i] = sum[k](v[k]*x[i]^k)", {"v": [5.0, 6.0, 7.0, 8.0]}, [6, 6, 6, 6]),
]


@pytest.mark.parametrize(("equation", "others", "expected"), AT_ZERO, ids=[f"{row[0]}, {row[1]}" for row in AT_ZERO])
def test_derivatives_of_whole_powers_at_0(equation, others, expected):
    names = "".join(f"  {line.strip()}\n" for line in INPUTS.splitlines() if line.strip()[:1] in {"x", *others} - {""})
    text = f"dims: {{N: 4}}\nconstants: {{three: 3}}\ninputs:\n{names}equations: ['{equation}']\nwrt: [x]\n"
    function = tcgrad.loads(text)
    given = {"x": np.zeros(4), **{name: np.asarray(value) for name, value in others.items()}}
    arguments = [given[item.tensor.name] for item in function.program.inputs]
    module = function.compile()
    (by_formula,) = function.derive().at(given).jacobians.values()
    (gradient,) = module.backward(module.forward_saved(*arguments)[1], np.ones(4))
    (jacobian,) = module.jacobian(*arguments).values()
    np.testing.assert_array_equal(by_formula, np.diag(expected))
    np.testing.assert_array_equal(jacobian, np.diag(expected))
    np.testing.assert_array_equal(gradient, expected)
    np.testing.assert_array_equal(module.jvp(*arguments, np.ones(4)), expected)


def test_powers_in_recurrences_at_0():
    """What stands beside a power tells that it is finite, also where only one of both is made before the loop."""
    equations = "['h[-1,a] = s', 'h[t,a] = sin(h[t-1,a])*h[t-1,t]^a']"
    module = tcgrad.loads(f"inputs: {{s: []}}\nindices: {{t: 3, a: 3}}\nequations: {equations}\n").compile()
    expected = [[1, 0, 0], [1, 0, 0], [1, 0, 0]]
    np.testing.assert_array_equal(module.jacobian(0.0)["h", "s"], expected)
    np.testing.assert_array_equal(module.jvp(0.0, 1.0), expected)
    np.testing.assert_array_equal(module.backward(module.forward_saved(0.0)[1], np.ones((3, 3))), [3])


def test_second_derivatives_of_whole_powers_at_0():
    inputs = "inputs: {x: [4], n: {shape: [4], dtype: int}}"
    function = tcgrad.loads(f"{inputs}\nequations: ['y = sum[i](x[i]^n[i] + x[i]^i)']\n")
    module, n = function.compile(), np.array([0, 1, 2, 3])
    (hessian,) = module.hessian(np.zeros(4), n).values()
    np.testing.assert_array_equal(hessian, np.diag([0.0, 0.0, 4.0, 0.0]))
    (product,) = module.hvp(np.zeros(4), n, np.ones(4))
    np.testing.assert_array_equal(product, [0.0, 0.0, 4.0, 0.0])


def test_exponents_that_are_never_negative_have_no_guard():
    for exponent in ("N", "three", "i + 1"):
        text = f"{INPUTS}equations: ['y[i] = v[i]*x[i]^({exponent})']\nwrt: [x]\n"
        assert "!= 0" not in tcgrad.loads(text).emit()


def test_bases_of_other_powers_are_positive():
    program = tcgrad.loads(f"{INPUTS}equations: ['y[i] = x[i]^a']\n").program
    assert find_demands(program).intervals == {"x": (0.0, np.inf)}


def test_a_power_of_a_power_is_told_only_where_it_holds_for_every_base():
    assert times_in(_exponent("1/three - 1"), _exponent("1/three")) is not None
    for given, wanted in [("three - 1", "three"), ("a - 1", "a"), ("k - 1", "k"), ("2/a - 1", "1/a"), ("N - 1", "N")]:
        assert times_in(_exponent(given), _exponent(wanted)) is None, (given, wanted)


def test_a_power_of_a_power_of_what_is_never_negative_holds_for_every_exponent():
    for given, wanted in [("a - 1", "a"), ("1/a - 1", "1/a"), ("k - 1", "k")]:
        assert times_in(_exponent(given), _exponent(wanted)) is None
    assert times_in(_exponent("1/a - 1"), _exponent("1/a"), signed=False) == _exponent("1 - a")


def test_a_power_of_a_sum_of_powers_is_written_by_its_name():
    text = f"{INPUTS}equations: ['y = sum[i](abs(x[i])^a)^(1/a)']\nwrt: [x]\n"
    (gradient,) = tcgrad.loads(text).derive().as_dict()["gradients"]
    assert gradient["index"] == ["dl/dx[p] = dl/dy*y^(1 - a)*abs(x[p])^(a - 1)*sign(x[p])"]


def test_signs_taken_together_are_told_beside_and_the_minus_goes_into_the_logarithm_of_a_ratio():
    inputs = "".join(f"  {name}: {{shape: [], sample: positive}}\n" for name in "xkn")
    text = f"inputs:\n{inputs}equations: ['y = x^n/(k^n + x^n)']\n"
    derivation = tcgrad.loads(text).derive()
    lines = {each["wrt"]: each["index"][-1].partition(" = ")[2] for each in derivation.as_dict()["gradients"]}
    assert lines == {
        "x": "dl/dy*n*y*(1 - y)/x",
        "k": "-dl/dy*n*y*(1 - y)/k",
        "n": "dl/dy*y*log(x/k)*(1 - y)",
    }
    assert "given that x > 0, k > 0" in derivation.report(unicode=False)


MANY_POSITIVE = """
a root of a square: sum[i](sin(x[i]))*sqrt(a^2)*b*c*d*e*f*g | a > 0
a product: prod[i](x[i])*a*b*c*d*e*f*g | x[i] > 0
sizes: sum[i](abs(x[i])^3)*a*b*c*d*e*f*g | x[i] > 0
""".strip().splitlines()


@pytest.mark.parametrize("row", MANY_POSITIVE)
def test_of_many_positive_inputs_those_are_told_whose_signs_matter(row):
    body, _, given = row.partition(": ")[2].partition(" | ")
    inputs = "".join(f"  {name}: {{shape: [], sample: positive}}\n" for name in "abcdefg")
    text = f"dims: {{N: 3}}\ninputs:\n{inputs}  x: {{shape: [N], sample: positive}}\nequations: ['y = {body}']\n"
    report = tcgrad.loads(text).derive(wrt=["x"]).report(unicode=False)
    assert [line.strip() for line in report.splitlines() if "given" in line] == [f"given that {given}"]


def test_what_is_positive_anyway_takes_nothing_for_granted():
    """``1 + x^2`` is, whatever an input is that has nothing to do with it."""
    text = "inputs: {x: [], k: {shape: [], sample: positive}}\nequations: ['y = sqrt(1 + x^2)^(3/2)', 'f = y^2 + k']\n"
    derived = tcgrad.loads(text).derive(hessian=True)
    assert not any(each.assumed for each in (*derived.jacobians, *derived.gradients, *derived.hessians))


@pytest.mark.parametrize("exponent", ["(j + 1)", "(2*j - i)", "w[j]", "(w[j] + 1)"])
def test_an_index_in_an_exponent_is_the_one_that_the_other_factors_have(exponent):
    """Not every index of that name: ``sum_n inv(A)[n,i] x^(j + 1)`` is no sum of ``y[i,n] = inv(A)[n,i] x^(n + 1)``."""
    text = f"""
inputs: {{x: {{shape: [], sample: positive}}, w: [3]}}
indices: {{i: 3, j: 3}}
equations:
  - 'A[i,j] = 3*delta[i,j] + tanh(x)'
  - 'y[i,j] = inv(A)[j,i]*x^{exponent}'
  - 'z = sum[h,m](sin(y[h,m])) + w[h]*w[h]'
"""
    result = tcgrad.loads(text).check(trials=1, dtype="float64", sizes="own")
    assert result.ok, [each for each in result.results if each.status != "pass"]


@pytest.mark.parametrize("position", ["j", "2*j+q", "j+q", "j-q+1"])
def test_powers_of_zero_that_are_added_up_at_a_position(position):
    """The derivative of ``x^j`` is 0 for ``j = 0``, that of ``x^1`` is 1."""
    text = f"inputs: {{x: [6], u: [2]}}\nindices: {{j: 3, q: 2}}\nequations: ['f = sum[j,q](x[{position}]^j*u[q])']\n"
    module = tcgrad.loads(text).compile()
    u, expected = np.array([2.0, 3.0]), np.zeros(6)
    for q in range(2):
        expected[eval(position, {"j": 1, "q": q})] += u[q]  # noqa: S307
    _, (dx, _) = module.value_and_grad(np.zeros(6), u)
    np.testing.assert_array_equal(dx, expected)
    for second in module.hessian(np.zeros(6), u).values():
        assert np.isfinite(second).all()


# what multiplies x, and its value at N = 1200, which Python cannot work out or NumPy cannot take from it
HUGE = [
    ("c^c", np.inf),
    ("d^c", np.inf),
    ("1/c^c", 0.0),
    ("c^-c", 0.0),
    ("2^N", np.inf),
    ("2^-N", 0.0),
    ("N^N", np.inf),
    ("1.5^(N/8)", 1.5**150),
    ("(N/2)^200", np.inf),
    ("c^c^c", np.inf),
    ("where(N < 100, 2^N, 3)", 3.0),
    ("[N < 100]*2^N", 0.0),
    ("[N < 100]*N^N", 0.0),
]


@pytest.mark.parametrize(("number", "value"), HUGE, ids=[row[0] for row in HUGE])
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_powers_of_numbers_that_no_float_holds_are_inf(number, value):
    constants = "{c: 1000, d: 1000.5}"
    text = f"dims: {{N: 4}}\nconstants: {constants}\ninputs: {{x: [N]}}\nequations: ['y[i] = {number}*x[i]']\n"
    module = tcgrad.loads(text).compile()
    x = np.arange(1.0, 1201)
    y, (dx,) = module.value_and_grad(x, x)
    np.testing.assert_allclose(y, value * x, rtol=1e-12)
    np.testing.assert_allclose(dx, value * x, rtol=1e-12)
    np.testing.assert_allclose(module.jvp(x, x), value * x, rtol=1e-12)
    np.testing.assert_array_equal(np.diag(module.jacobian(x)["y", "x"]), np.full(1200, dx[0]))
