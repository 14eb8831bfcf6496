"""Names, functions, broadcasting and whole specs: what they mean, and what is said about those that mean nothing."""

import re
import time
from fractions import Fraction

import numpy as np
import pytest
from elaborating import DIMS, mistakes, program, run, sample
from timing import seconds

import tcgrad
from tcgrad.errors import TcgradError
from tcgrad.functions import abstract, abstract_derivative
from tcgrad.ir import nodes as n
from tcgrad.ir.indices import Integer
from tcgrad.ir.tensors import Role
from tcgrad.language.elaborate import elaborate, elaborate_scalar
from tcgrad.language.parsing.parser import DERIVATIVE_MEANT
from tcgrad.spec.loader import read_spec

INPUTS = {
    "x": ["N"],
    "m": ["N", "M"],
    "b": ["B"],
    "a": ["N", "N"],
    "s": [],
    "k3": ["B", "N", "N"],
    "tok": {"shape": ["B"], "dtype": "int"},
    "flag": {"shape": ["N"], "dtype": "bool"},
}
CONSTANTS = {"eps": 0.25, "ε2": 2}


def made(*equations, **keys):
    return program(*equations, **{"inputs": INPUTS, "constants": CONSTANTS, **keys})


def wrong(*equations, **keys):
    return mistakes(*equations, **{"inputs": INPUTS, "constants": CONSTANTS, **keys})


def values(*equations, **keys):
    spec = made(*equations, **keys)
    arrays = sample(spec)
    return run(spec, arrays), arrays


def _shifted_where_above_1(v):
    return [v["x"][i - 1] if i > 0 and v["x"][i] > 1 else v["s"] for i in range(len(v["x"]))]


VALUES = [
    ("r[b] = b[b]", lambda v: v["b"]),
    ("r = b[b]*b[b]*eps", lambda v: v["b"] @ v["b"] / 4),
    ("r = s*ε2 + N - M", lambda v: v["s"] * 2 - 1),
    ("r = pi*s", lambda v: np.pi * v["s"]),
    ("r[i] = x[i] + s", lambda v: v["x"] + v["s"]),
    ("r[i,j] = m[i,j] - x[i]", lambda v: v["m"] - v["x"][:, None]),
    ("r[i,j] = m[i,j] - 1[j]*x[i]", lambda v: v["m"] - v["x"][:, None]),
    ("r[i] = x[i]*flag[i]", lambda v: v["x"] * v["flag"]),
    ("r[t] = tok[t]/2", lambda v: v["tok"] / 2),
    ("r[i] = x[i]^0.5 + x[i]^-1", lambda v: np.sqrt(v["x"]) + 1 / v["x"]),
    ("r[i] = -x[i]^2", lambda v: -(v["x"] ** 2)),
    ("r[i] = 2^-x[i]", lambda v: 2 ** -v["x"]),
    ("r[i] = x[i] - (s - (1 - s))", lambda v: v["x"] - 2 * v["s"] + 1),
    ("r[i,j] = delta[i,j]*x[i] + δ[i,j]", lambda v: np.diag(v["x"]) + np.eye(3)),
    ("r[i] = ε[i,j,k]*x[j]*a[k,k]", lambda v: np.cross(v["x"], np.diag(v["a"])) * 0 + _levi(v)),
    ("r = det(a)*logdet(a)", lambda v: np.linalg.det(v["a"]) * np.linalg.slogdet(v["a"])[1]),
    ("r[i,j] = inv(a)[i,j]", lambda v: np.linalg.inv(v["a"])),
    ("r = inv(a)[i,i]", lambda v: np.trace(np.linalg.inv(v["a"]))),
    (
        "r[b,i] = inv(k3)[b,i,j]*x[j]*det(k3)[b]",
        lambda v: np.linalg.inv(v["k3"]) @ v["x"] * np.linalg.det(v["k3"])[:, None],
    ),
    ("r[i] = x_{i}*m_{ij}*1_{j}", lambda v: v["x"] * v["m"].sum(1)),
    # a condition is a comparison, or brackets of some, which guard as it does
    ("r[i] = where(([x[i] > 1]), s, 0)", lambda v: np.where(v["x"] > 1, v["s"], 0)),
    ("r[i] = where([i > 0]*([x[i] > 1]), x[i-1], s)", _shifted_where_above_1),
]


def _levi(v):
    epsilon = np.zeros((3, 3, 3))
    epsilon[[0, 1, 2], [1, 2, 0], [2, 0, 1]], epsilon[[0, 2, 1], [2, 1, 0], [1, 0, 2]] = 1, -1
    return np.einsum("ijk,j,kk->i", epsilon, v["x"], v["a"])


@pytest.mark.parametrize(("equation", "expected"), VALUES)
def test_value(equation, expected):
    env, arrays = values(equation)
    np.testing.assert_allclose(env["r"], expected(arrays), rtol=1e-9)


def test_equations_build_on_each_other():
    env, arrays = values("t[i] = m[i,j]*m[i,j]", "u = t[i]*t[i]", "r[i] = t[i]/u")
    t = (arrays["m"] ** 2).sum(1)
    np.testing.assert_allclose(env["r"], t / (t @ t))


def test_the_program():
    spec = made("t[i] = x[i]*s", "r = t[i]*t[i]", outputs=["r", "t"], wrt=["s"])
    assert [tensor.name for tensor in spec.outputs] == ["r", "t"]
    assert [tensor.name for tensor in spec.wrt] == ["s"]
    assert [dim.name for dim in spec.dims] == [*DIMS]
    assert {tensor.role for tensor in spec.outputs} == {Role.DEFINED}
    assert spec.constants[0].value.as_integer_ratio() == (1, 4)


def test_defaults():
    spec = made("t[i] = x[i]*s", "r = t[i]*t[i]")
    assert [tensor.name for tensor in spec.outputs] == ["r"]
    assert [tensor.name for tensor in spec.wrt] == ["x", "m", "b", "a", "s", "k3"]


def test_a_matrix_function_is_one_statement_before_its_first_use():
    spec = made("t[i] = a[i,j]*x[j]", "r[i] = inv(a)[i,j]*t[j]", "q = inv(a)[i,i]")
    names = [statement.tensor.name for statement in spec.statements]
    assert names == ["t", "inv(a)", "r", "q"]


def test_a_matrix_function_of_a_defined_tensor():
    env, arrays = values("g[i,j] = m[i,k]*m[j,k] + delta[i,j]", "r = logdet(g)")
    np.testing.assert_allclose(env["r"], np.linalg.slogdet(arrays["m"] @ arrays["m"].T + np.eye(3))[1])


# --- Functions -----------------------------------------------------------------------------------------------------

USER = {
    "swish(z)": "z/(1 + exp(-z))",
    "twice(z)": "swish(swish(z)) + eps*N",
    "mix(u, v)": "u*v + u",
    "F(z)": None,
    "G(p, q)": None,
}


def test_user_functions_are_inlined():
    env, arrays = values("r[i] = twice(x[i])*mix(x[i], s)", functions=USER)

    def swish(z):
        return z / (1 + np.exp(-z))

    x, s = arrays["x"], arrays["s"]
    np.testing.assert_allclose(env["r"], (swish(swish(x)) + 0.75) * (x * s + x))


def test_sums_in_an_argument_stay_in_it():
    env, arrays = values("r = mix(x[i]*x[i], x[j]*x[j])", functions=USER)
    square = arrays["x"] @ arrays["x"]
    np.testing.assert_allclose(env["r"], square**2 + square)


def test_an_argument_used_twice_has_indices_of_its_own():
    (statement,) = made("r = swish(x[i]*x[i])", functions=USER).statements
    binders = [e for e in _walk(statement.body) if isinstance(e, n.IndexSum)]
    assert len(binders) == len({binder.indices for binder in binders}) == 2


def _walk(expr):
    from tcgrad.ir.traversal import walk

    return walk(expr)


def test_abstract_functions_and_their_derivatives():
    (statement,) = made("r[i] = F(x[i])*F'(x[i])*G'12(x[i], s)*G'2(s, s)", functions=USER).statements
    f, g = abstract("F", 1), abstract("G", 2)
    found = [factor.function for factor in statement.body.factors]
    by_second = abstract_derivative(g, 1)
    assert found == [f, abstract_derivative(f, 0), abstract_derivative(abstract_derivative(g, 0), 1), by_second]


def test_normal_forms():
    (statement,) = made("r[i] = sqrt(x[i])/2 - s/x[i]").statements
    x = n.Component(statement.body.terms[0].factors[0].base.tensor, (statement.free[0].expr,))
    half = n.Const(Fraction(1, 2))
    first, second = statement.body.terms
    assert first == n.Mul((n.Pow(x, half), half))
    assert second == n.Mul((n.MINUS_ONE, second.factors[1], n.Pow(x, n.MINUS_ONE)))


@pytest.mark.parametrize(
    ("text", "value"), [("1/2", "1/2"), ("-2/3", "-2/3"), ("1 - 1/3", "2/3"), ("2*3*(1 + 1)", "12")]
)
def test_plain_numbers_are_one_number(text, value):
    assert elaborate_scalar(text, {}) == n.Const(Fraction(value))


def test_numbers_do_not_grow_without_measure():
    assert isinstance(elaborate_scalar("*".join(["1e250"] * 1000), {}), n.Mul)


SCALARS = [
    ("2*y^-1", lambda _, y: 2 / y),
    ("1 - y^2", lambda _, y: 1 - y**2),
    ("where(a > 0, 1, exp(a))", lambda a, _: 1 if a > 0 else np.exp(a)),
    ("[max(a, y) <= a]*[a < 3]", lambda a, y: float(max(a, y) <= a < 3)),
    ("exp(-a^2/2)/sqrt(2*pi)", lambda a, _: np.exp(-a * a / 2) / np.sqrt(2 * np.pi)),
]


@pytest.mark.parametrize(("text", "expected"), SCALARS)
@pytest.mark.parametrize("a", [0.5, -1.5])
def test_elaborate_scalar(text, expected, a):
    from elaborating import value

    expr = elaborate_scalar(text, {"a": n.Component(_scalar("a")), "y": n.Component(_scalar("y"))})
    assert value(expr, {}, {"a": a, "y": 0.25}) == pytest.approx(expected(a, 0.25))


def _scalar(name):
    from tcgrad.ir.tensors import Tensor

    return Tensor(name, (), Role.INPUT)


def test_elaborate_scalar_refuses():
    with pytest.raises(TcgradError):
        elaborate_scalar("a + foo", {"a": n.ONE})
    with pytest.raises(TcgradError):
        elaborate_scalar("a +", {"a": n.ONE})


# --- Mistakes ------------------------------------------------------------------------------------------------------

MISTAKES = [
    # indices
    (
        "r[i] = (m[i,k] - x[k])^2",
        "TC305",
        "k",
        "`k` occurs only once in each term: ",
        "write `sum[k]((m[i,k] - x[k])^2)` or `1[k]*...` to sum over it, or put it on the left",
    ),
    # names
    (
        "r = foo*s",
        "TC301",
        "foo",
        "not declared",
        "declare `foo` under `inputs:` or `constants:`, or define it in an equation before",
    ),
    (
        "r = i*s",
        "TC301",
        "i",
        "not declared",
        "declare `i` under `inputs:` or `constants:`, or define it in an equation before",
    ),
    ("r = pi[0]*s", "TC301", "pi", "not declared", "`pi` is a number, and is written without brackets"),
    ("r[i] = I[i,k]*x[k]", "TC301", "I", "not declared", "write `delta[i,j]` for the unit matrix"),
    ("r[i,j] = a[i,k]*a[k,j]^T", "TC301", "T", "not declared", "write a transpose by its indices: `a[j,k]`"),
    ("r = x[i]*x[i]^T", "TC301", "T", "not declared", "`x[i]` is a number: leave the `^T` out"),
    ("r = epps*s", "TC301", "epps", "not declared", "did you mean `eps`?"),
    ("r[i] = x_i*s", "TC301", "x_i", "not declared", "write `x[i]`"),
    ("r[i] = xᵢ*s", "TC301", "xᵢ", "not declared", "write `x[i]`"),
    ("r[i] = xi*s", "TC301", "xi", "not declared", "write `x[i]`"),
    ("r[i] = xx[i]*s", "TC301", "xx", "not declared", "did you mean `x`?"),
    ("r[i] = xi[i]*s", "TC301", "xi", "not declared", "did you mean `x`?"),
    ("r = xx*s", "TC301", "xx", "not declared", "did you mean `x`?"),
    (
        "r[i] = s*exp[y[i]]",
        "TC301",
        "exp",
        "not declared",
        "the arguments of a function stand in parentheses: `exp(...)`",
    ),
    (
        "r = s*logdet[m]",
        "TC301",
        "logdet",
        "not declared",
        "the arguments of a function stand in parentheses: `logdet(...)`",
    ),
    ("r[i] = m_ij*1[j]", "TC301", "m_ij", "not declared", "write `m[i,j]`"),
    ("r[i] = y[i]*s", "TC301", "y", "not declared", None),
    ("r = r + s", "TC303", "r", "its own definition", None),
    ("x = 2*s", "TC302", "x", "second time", "a tensor keeps its value: give the new one another name, such as `x2`"),
    ("sum = 2*s", "TC302", "sum", "name of the language", "choose another name, such as `sum_`"),
    ("exp[i] = x[i]", "TC302", "exp", "name of the language", "choose another name, such as `exp_`"),
    # indices
    ("r = x*s", "TC304", "x", "has 1 index, here is none", "write `x[i]`"),
    ("r[i,j] = a[i,j]*m", "TC304", "m", "has 2 indices, here is none", "write `m[i,k]`"),
    ("r[i] = a*x[i]", "TC304", "a", "has 2 indices, here is none", "write `a[i,j]`"),
    ("r[k] = m[k]", "TC304", "m[k]", "has 2 indices, here is 1", "write `m[k,i]`"),
    ("r[i] = m[i]", "TC304", "m[i]", "has 2 indices, here is 1", "write `m[i,j]`"),
    ("r[i] = s[i]", "TC304", "s[i]", "has no index, here is 1", "write `s`"),
    ("r[i] = delta[i]", "TC304", "delta[i]", "has 2 indices", "write `delta[i,j]`"),
    ("r[i,i] = a[i,i]", "TC308", "i", "stands twice", "write `y[i,j] = delta[i,j]*...` for a diagonal"),
    ("r[i+1] = x[i]", "TC308", "i+1", "a plain index for every axis", None),
    ("r[N] = x[N]", "TC314", "N", "is a dim", "write `n` or another letter"),
    ("r[N,n] = x[n]", "TC314", "N", "is a dim", "write `n_` or another letter"),
    ("r' = s", "TC302", "r'", "cannot name", "a prime is that of a derivative: choose another name, such as `r`"),
    # a position that cannot be is told before an index that occurs once in it
    ("r[i] = x[i//j]", "TC317", "j", "the divisor of `//` and `%` is a positive integer or a dim", None),
    ("r[i] = x[i]*x[j%i]", "TC317", "i", "the divisor of `//` and `%` is a positive integer or a dim", None),
    ("r[i] = x[2*i*j]", "TC317", "j", "not a product of indices", None),
    ("r[i] = x[(i*9999999999)%3]*x[i]", "TC317", "9999999999", "go up to 2147483647", None),
    ("r = x[j/2]", "TC317", "2", "`/` does not give an integer", "write `//`, which rounds down"),
    ("r[i] = m[i,(j-k)*l]", "TC317", "l", "not a product of indices", None),
    ("r[i] = x[j^2]", "TC317", "j^2", "powers are not allowed", "write a square as a product: `K*K`"),
    ("r[i] = x[i]*x[j+1]", "TC305", "j", "occurs only once", None),
    ("r[i] = x[i]*x[j//2]", "TC305", "j", "occurs only once", None),
    ("r = 1[N]*x[N]", "TC317", "N", "takes indices", "write `1[i]`"),
    ("r = sum[N](x[N])", "TC314", "N", "an index here, and a dim", "give the index another name"),
    ("r[s] = x[s]*s", "TC314", "s", "an index here, and a scalar", "give the index another name"),
    (
        "r[b] = b + b[b]",
        "TC314",
        "b",
        "an index here, and a tensor as well",
        "write `b[...]` for a component of the tensor, or give the index another name",
    ),
    ("r[i] = a'[i,j]*x[j]", "TC301", "a'", "not declared", "write a transpose by its indices: `a[j,i]`"),
    (
        "r = x^T",
        "TC304",
        "x^T",
        "a power is one",
        "write vectors with their indices: `x[i]*w[i]` is a number, `x[i]*w[j]` a matrix",
    ),
    ("r[i] = a^T*x[i]", "TC304", "a^T", "a power is one of numbers", "write a transpose by its indices: `a[j,i]`"),
    ("r[k] = a^T[k,j]*x[j]", "TC304", "a^T[k,j]", "a power is one", "write a transpose by its indices: `a[j,k]`"),
    ("r[k] = a^-1[k,j]", "TC304", "a^-1[k,j]", "a power is one", "write `inv(a)[k,j]` for the inverse of a matrix"),
    (
        "r[i] = a^-1*x[i]",
        "TC304",
        "a^-1",
        "a power is one of numbers",
        "write `inv(a)[i,j]` for the inverse of a matrix",
    ),
    (
        "r[i] = x[i] // 2",
        "TC318",
        "x[i]",
        "`//` and `%` are of integers, and `x` is real",
        "write `floor(a/b)` for a quotient that is rounded down",
    ),
    (
        "r = s // 2",
        "TC318",
        "s",
        "`//` and `%` are of integers, and `s` is real",
        "write `floor(a/b)` for a quotient that is rounded down",
    ),
    (
        "r[i] = x[i]*(5 % s)",
        "TC318",
        "s",
        "`//` and `%` are of integers, and `s` is real",
        "write `a - b*floor(a/b)` for a remainder",
    ),
    # functions
    ("r = exp(s, s)", "TC315", "exp(s, s)", "has 1 argument, here are 2", "write `exp(a)`"),
    ("r = exp()", "TC315", "exp()", "has 1 argument, here is none", "write `exp(a)`"),
    ("r = exp*s", "TC315", "exp", "needs its arguments", "write `exp(...)`"),
    ("r = sum*s", "TC315", "sum", "needs its arguments", "write `sum[i](...)`"),
    ("r[i] = x(i)", "TC315", "x(i)", "square brackets", "write `x[i]`"),
    ("r = s()", "TC315", "s()", "square brackets", "write `s`"),
    ("r = lodget(a)", "TC315", "lodget", "no function", "did you mean `logdet`?"),
    ("r = log(s, 2)", "TC315", "log(s, 2)", "has 1 argument, here are 2", "write `log(s)/log(2)`"),
    ("r = max(s, 1, 2)", "TC315", "max(s, 1, 2)", "has 2 arguments, here are 3", "write `max(s, max(1, 2))`"),
    ("r = s(s + 1)", "TC315", "s(s + 1)", "square brackets", "write `s*(s + 1)`"),
    ("r = sigmoidd(s)", "TC315", "sigmoidd", "no function", "did you mean `sigmoid`?"),
    ("r = sum_i(x[i])", "TC315", "sum_i", "no function", "write `sum[i](x[i])`"),
    ("r[i] = delta(i,j)*x[j]", "TC315", "delta(i,j)", "`delta` is a tensor", "write `delta[i,j]`"),
    ("r[i] = levi_civita(i,j,k)", "TC315", "levi_civita(i,j,k)", "is a tensor", "write `levi_civita[i,j,k]`"),
    ("r[i] = δ(i,j)*x[j]", "TC315", "δ(i,j)", "`δ` is a tensor", "write `δ[i,j]`"),
    ("r[i] = delta_ij*x[j]", "TC301", "delta_ij", "not declared", "write `delta[i,j]`"),
    ("r = det(a)*N(2)", "TC315", "N(2)", "`N` is a dim", "write `N*(2)`"),
    ("r = exp'(s)", "TC315", "exp'", "not abstract", None),
    ("r = where(s, 1, 2)", "TC324", "s", "is a comparison", "write `s != 0`"),
    ("r = where(s > 0, 1)", "TC315", "where(s > 0, 1)", "has 3 arguments", "write `where(x > 0, a, b)`"),
    ("r = s/0", "TC324", "0", "divides by 0", None),
    ("r = s/(0*s)", "TC324", "(0*s)", "divides by 0", None),
    ("r = s*0^-1", "TC324", "0^-1", "divides by 0", None),
    ("r = s*(1 - 1)^(0 - 2)", "TC324", "(1 - 1)^(0 - 2)", "divides by 0", None),
    ("r = (0*s)^-0.5", "TC324", "(0*s)^-0.5", "divides by 0", None),
    # matrix functions
    ("r = det(m)", "TC319", "m", "`m` is 3 x 4", None),
    ("r = det(x)", "TC319", "x", "`x` is 3", None),
    ("r = logdet(a[i,j])", "TC319", "logdet(a[i,j])", "by its name", "write `logdet(a)`"),
    (
        "r[i,j] = inv(a + a)[i,j]",
        "TC319",
        "inv(a + a)[i,j]",
        "by its name",
        "define it first: `M2[i,j] = a + a`, then write `inv(M2)[i,j]`",
    ),
    ("r[i,j] = inv(a)*x[i]*x[j]", "TC304", "inv(a)", "has 2 indices, here is none", "write `inv(a)[i,j]`"),
    ("r = det(a)[i]*x[i]", "TC304", "det(a)[i]", "has no index", "write `det(a)`"),
]


@pytest.mark.parametrize(("equation", "code", "pointed", "message", "help_"), MISTAKES)
def test_mistakes(equation, code, pointed, message, help_):
    ((found, text, said, offered),) = wrong(equation)
    assert (found, text) == (code, pointed)
    assert message in said
    if help_ is not None:
        assert offered == help_


def test_use_before_definition():
    found = wrong("r[i] = t[i]*s", "t[i] = x[i]*s")
    assert [(code, pointed, help_) for code, pointed, _, help_ in found] == [
        ("TC303", "t", "put the equation of `t` before this one")
    ]


def test_a_second_definition():
    ((code, pointed, message, _),) = wrong("r[i] = x[i]*s", "r[i] = x[i]*2")
    assert (code, pointed, message) == ("TC302", "r", "`r` is defined a second time")


def test_independent_mistakes_are_all_told_and_nothing_follows_from_them():
    found = wrong(
        "t[i] = x[i]*foo",
        "u[i] = t[i]*t[i]*bar[i]",
        "v = 2s",
        "w = v + t[i]*t[i]",
        "r[i] = x[i] + (",
        "y[i] = r[i]*zoo",
        "z = qux",
        outputs=["y", "z", "nope"],
        expect=["dy[i]/dx[p] = delta[i,p]*t[i]"],
    )
    assert [(code, pointed) for code, pointed, _, _ in found] == [
        ("TC202", "2s"),
        ("TC205", ""),
        ("TC301", "foo"),
        ("TC301", "bar"),
        ("TC301", "zoo"),
        ("TC301", "qux"),
        ("TC321", "nope"),
    ]


# An equation, and every mistake in it: code and place.
SEVERAL = [
    ("r = x*a", [("TC304", "x"), ("TC304", "a")]),
    ("r = foo*bar + zoo", [("TC301", "foo"), ("TC301", "bar"), ("TC301", "zoo")]),
    ("r = foo*s + foo*eps", [("TC301", "foo")]),
    ("r[i] = a[i]*x[j]", [("TC304", "a[i]")]),
    ("r[i] = x[j]*a[i]", [("TC304", "a[i]")]),
    ("r = 2x[i]", [("TC202", "2x[i]")]),
    ("r = s*2foo + bar", [("TC202", "2foo"), ("TC301", "bar")]),
    ("r = [not s > 0]", [("TC202", "not")]),
    ("r = x[i]*exp(x[j])", [("TC305", "i"), ("TC305", "j")]),
]


@pytest.mark.parametrize(("equation", "expected"), SEVERAL)
def test_every_mistake_of_an_equation_is_told_once(equation, expected):
    assert [(code, pointed) for code, pointed, _, _ in wrong(equation)] == expected


# Equations of which the first cannot be read, and what is pointed at: nothing follows from what it would define.
UNREAD = [
    (["− r[i] = x[i]", "y[i] = r[i]*s"], "−"),
    (["2*r[i] = x[i]", "y[i] = r[i]*s"], "2*r[i]"),
    (["1[i]*x[i]", "y = q*r"], "1[i]*x[i]"),
    (["r = s  q[i] = x[i]", "y[i] = q[i]*r"], "="),
    (["r[:] = x[1]", "r[t] = r[t-1]*x[t]"], ":"),
    (["r{0] = x[1]", "r[t] = r[t-1]*x[t]"], "{"),
    (["r' = s", "y = 2*r"], "r'"),
    (["r[i] = ×[i]*s"], "×"),
    (["r_i = foo*x[i]", "y[i] = r[i]*s"], "foo"),
    (["r = k == 2]*s"], "k == 2"),
    (["r[i] = where(i == 2 1, x[i])"], "2 1"),
    (["r = [i 2]*s"], "i 2"),
    (["r[i] = hwere(i == 2, x[i], 0)"], "hwere"),
    (["r[i] = a[i,2 j]*x[j]"], "2 j"),
]


@pytest.mark.parametrize(("equations", "pointed"), UNREAD)
def test_nothing_follows_from_an_equation_that_cannot_be_read(equations, pointed):
    assert [found for _, found, _, _ in wrong(*equations)] == [pointed]


# An equation, the indices that are said to occur once, and the help.
LONE = [
    ("r = a[i,j]", "`i` and `j` each occur", "write `sum[i,j](a[i,j])` or `1[i,j]*...` to sum over them"),
    ("r[i] = a[i,j]*x[k]", "`j` and `k` each occur", "write `sum[j,k](a[i,j]*x[k])` or `1[j,k]*...`"),
    ("r = x[i]*y2[j]*s", "`i` and `j` each occur", "write `sum[i,j](x[i]*y2[j]*s)`"),
    (
        "r_i = x[i]",
        "`i` occurs",
        "write `sum[i](x[i])` or `1[i]*...` to sum over it, or put it on the left: `r[i] = ...`",
    ),
    ("r = sqrt(x[i]*x[j])", "`i` and `j` each occur", "write `sum[i,j](sqrt(x[i]*x[j]))`"),
    ("r[i] = a[i,j]*s", "`j` occurs", "write `sum[j](a[i,j]*s)` or `1[j]*...` to sum over it"),
]


def test_an_index_below_a_name_on_the_left_is_offered_in_brackets():
    ((code, _, _, offered),) = wrong("r_ij = a[i,j]")
    assert code == "TC305"
    assert offered.endswith("or put them on the left: `r[i,j] = ...`")


@pytest.mark.parametrize(("equation", "message", "help_"), LONE)
def test_indices_that_occur_once_are_told_together(equation, message, help_):
    ((code, _, said, offered),) = wrong("y2[i] = x[i]", equation)
    assert code == "TC305"
    assert said.startswith(message)
    assert offered.startswith(help_)


LISTS = [
    ({"outputs": ["q"]}, "TC321", "q", "no equation defines `q`"),
    ({"outputs": ["x"]}, "TC321", "x", "no equation defines `x`"),
    ({"indices": {"i": "Q"}}, "TC322", "Q", "not a dim"),
    ({"indices": {"i": "N - 3"}}, "TC322", "N - 3", "is 0; a size is from 1"),
    ({"dims": {**DIMS, "Z": "N*M*B*1000000000"}}, "TC322", "N*M*B*1000000000", "a size is from 1"),
    ({"dims": {**DIMS, "Z": "Q + 1"}}, "TC322", "Q", "not a dim"),
    ({"dims": {**DIMS, "Z": "pi"}}, "TC322", "pi", "not a dim"),
    ({"constants": {"eps": 1, "K2": 3}, "indices": {"k": "K2"}}, "TC322", "K2", "not a dim"),
    ({"dims": {**DIMS, "Z": "N/2"}}, "TC322", "2", "`/` does not give an integer"),
    ({"functions": {"h(z)": "z + h(z)"}}, "TC316", "h", "uses itself"),
    ({"functions": {"h(z)": "k(z)", "k(z)": "z"}}, "TC316", "k", "further down"),
    ({"functions": {"h(z)": "z*s"}}, "TC316", "s", "is an input"),
    ({"functions": {"h(z)": "z + w"}}, "TC301", "w", "not declared"),
    ({"functions": {"h(z)": "sum[i](z)"}}, "TC316", "sum[i](z)", "has no indices"),
    ({"functions": {"h(z)": "exp(z, z)"}}, "TC315", "exp(z, z)", "1 argument"),
]


@pytest.mark.parametrize(("keys", "code", "pointed", "message"), LISTS)
def test_mistakes_outside_of_equations(keys, code, pointed, message):
    ((found, text, said, _),) = wrong("r[i] = x[i]*s", **keys)
    assert (found, text.strip('"')) == (code, pointed)
    assert message in said


def test_what_is_no_size_is_called_what_it_is():
    declared = {"constants": {"eps": 1, "K2": 3}, "indices": {"k": "K2", "l": "x"}}
    assert [help_ for *_, help_ in wrong("r[i] = x[i]*s", **declared)] == [
        "`K2` is a constant; a size stands under `dims:`",
        "`x` is an input; a size stands under `dims:`",
    ]


def test_functions_that_explode_are_refused_quickly():
    functions = {"f0(z)": "z + 1"} | {f"f{k}(z)": f"f{k - 1}(z)*f{k - 1}(z)" for k in range(1, 40)}
    chain = {"f0(z)": "z + 1"} | {f"f{k}(z)": f"exp(f{k - 1}(z))" for k in range(1, 400)}

    def refused():
        assert [code for code, _, _, _ in wrong("r = f39(s)", functions=functions)] == ["TC316"]
        assert [code for code, _, _, _ in wrong("r = f399(s)", functions=chain)] == ["TC316"]

    assert seconds(refused) < 2


# --- Broadcasting --------------------------------------------------------------------------------------------------

STRICT = [
    ("r[i,j] = m[i,j] - x[i]", [("TC312", "x[i]", "write `1[j]*x[i]`")]),
    ("r[i,j] = m[i,j] - 1[j]*x[i]", []),
    ("r[i] = x[i] + eps", []),
    ("r[i] = x[i] + s*(1 + s)", []),
    ("r[i,j] = m[i,j]*(x[i] + m[i,j])", [("TC312", "x[i]", "write `1[j]*x[i]`")]),
    ("r = 1[i,j]*(x[i] + m[i,j])", [("TC312", "x[i]", "write `1[j]*x[i]`")]),
    ("r[i,j] = x[i]*1[j]", []),
    ("r[i,j] = x[i]*s", [("TC312", "x[i]*s", "write `1[j]*x[i]*s`")]),
    ("r[i,j] = s", []),
    ("r = x[i]*x[i] + m[i,j]*m[i,j]", []),
]


@pytest.mark.parametrize(("equation", "expected"), STRICT)
def test_strict(equation, expected):
    found = wrong(equation, strict=True, indices={"j": "M", "i": "N"})
    assert [(code, pointed, help_) for code, pointed, _, help_ in found] == expected
    assert wrong(equation, indices={"j": "M", "i": "N"}) == []


def test_strict_mode_tells_every_term():
    found = wrong("r[i,j] = m[i,k]*m[i,k] + m[k,j]*x[k]", strict=True)
    assert [(code, pointed) for code, pointed, _, _ in found] == [("TC312", "m[i,k]*m[i,k]"), ("TC312", "m[k,j]*x[k]")]


# --- Expectations --------------------------------------------------------------------------------------------------


def expectations(*entries, equations=("t[i] = m[i,j]*m[i,j]", "y[i] = t[i]*x[i]"), **keys):
    return made(*equations, expect=list(entries), **keys).expectations


def test_expectations_are_definitions_of_derivatives():
    found = expectations("dy[i]/dx[p] = delta[i,p]*t[i]", "dl/dm[p,q] = 2*dl/dt[p]*m[p,q]", "dl/dt[p] = dl/dy[p]*x[p]")
    assert [define.tensor.name for define in found] == ["dy/dx", "dl/dm", "dl/dt"]
    assert [define.tensor.role for define in found] == [Role.JACOBIAN, Role.GRADIENT, Role.GRADIENT]
    assert [tensor.name for tensor in found[0].tensor.about] == ["y", "x"]
    assert [[index.size for index in define.free] for define in found] == [
        list(define.tensor.shape) for define in found
    ]
    upstream = found[2].body.factors[0].tensor
    assert (upstream.name, upstream.role) == ("dl/dy", Role.GRADIENT)


def test_a_scalar_called_l_is_differentiated_itself():
    equations = ("l = x[i]*x[i]",)
    ours, theirs = expectations("dl/dx[p] = 2*x[p]", "dl/dx[p] = 2*dl/dl*x[p]", equations=equations)
    assert (ours.tensor.role, theirs.tensor.role) == (Role.JACOBIAN, Role.GRADIENT)


def test_all_indices_on_the_left_are_free():
    (define,) = expectations("dy[i]/dx[p] = 1[i]*1[p]*s")
    assert isinstance(define.body, n.Component)
    assert len(define.free) == 2


EXPECTATIONS = [
    ("dy[i]/dx = s", "TC304", "dy[i]/dx", "has 2 indices, here is 1"),
    ("dz[i]/dx[p] = s", "TC301", "dz[i]/dx[p]", "`z` is not declared"),
    ("dy[i]/dxx[p] = s", "TC301", "dy[i]/dxx[p]", "`xx` is not declared"),
    ("dy[i]/dtok[p] = s", "TC331", "dy[i]/dtok[p]", "`tok` is int"),
    ("dy[i]/deps = s", "TC331", "dy[i]/deps", "`eps` is a constant"),
    ("dx[i]/dm[p,q] = s", "TC331", "dx[i]/dm[p,q]", "not defined by an equation"),
    ("y[i] = s", "TC331", "y[i]", "about a derivative"),
    ("dl/dx[p] = dl/dm[p,q]*1[q]", "TC332", "dl/dm[p,q]", "not given"),
    ("dl/dx[p] = dl/dy[i]*dy[i]/dx[p]", "TC332", "dy[i]/dx[p]", "on the left"),
    ("dy[i]/dx[i] = t[i]", "TC308", "i", "stands twice"),
    ("dl/dx[p] = dl/dy[p]*t[q]", "TC305", "q", "occurs only once"),
    ("dl/dx[p] = dl/dy[p]*m[p,0]*b[p]", "TC306", "p", "two sizes"),
    ("dl/dx[p] = dl/dy[p+1]", "TC310", "p", "outside its range"),
    ("dl/dx[p] = dl/dy[p-1]", "TC311", "p", "begins at 0"),
]


@pytest.mark.parametrize(("entry", "code", "pointed", "message"), EXPECTATIONS)
def test_mistakes_in_expectations(entry, code, pointed, message):
    ((found, text, said, _),) = wrong("t[i] = m[i,j]*m[i,j]", "y[i] = t[i]*x[i]", expect=[entry])
    assert (found, text) == (code, pointed)
    assert message in said


HELP_IN_EXPECTATIONS = [
    *(
        (f"dl/dx[p] = {written}[p]", "did you mean `dl/dy`?")
        for written in ("ddl/dy", "ld/dy", "dL/dy", "dl'/dy", "dl/DY")
    ),
    ("dy[i]/dx[i] = t[i]", "write `dy[i]/dx[j] = ...`"),
    ("dl/dm[p,p] = t[p]", "write `dl/dm[i,j] = ...`"),
    ("dy[i]/dx[0] = t[i]", "write `dy[i]/dx[j] = ...`"),
    ("t[i]", DERIVATIVE_MEANT),
    ("2*dy[i]/dx[p] = t[i]", DERIVATIVE_MEANT),
]


@pytest.mark.parametrize(("entry", "help_"), HELP_IN_EXPECTATIONS)
def test_help_in_expectations_shows_a_derivative(entry, help_):
    ((*_, found),) = wrong("t[i] = m[i,j]*m[i,j]", "y[i] = t[i]*x[i]", expect=[entry])
    assert found == help_


# --- Recurrences ---------------------------------------------------------------------------------------------------

RNN = {"x": ["T", "B", "M"], "w": ["K", "K"], "u": ["K", "M"], "h0": ["B", "K"]}
RNN_DIMS = {"T": 4, "B": 2, "M": 3, "K": 2}


def test_a_recurrent_layer():
    spec = program(
        "h[-1,b,j] = h0[b,j]",
        "h[t,b,j] = tanh(w[j,k]*h[t-1,b,k] + u[j,m]*x[t,b,m])",
        "r[b,j] = sum[t](h[t,b,j])",
        inputs=RNN,
        dims=RNN_DIMS,
    )
    arrays = sample(spec)
    state, steps = arrays["h0"], []
    for t in range(4):
        state = np.tanh(state @ arrays["w"].T + arrays["x"][t] @ arrays["u"].T)
        steps.append(state)
    env = run(spec, arrays)
    np.testing.assert_allclose(env["h"], np.array(steps))
    np.testing.assert_allclose(env["r"], np.sum(steps, 0))


def test_two_steps_back():
    spec = program(
        "y[0] = s", "y[1] = 2*s", "y[t] = y[t-1] + y[t-2] + x[t]", inputs={"s": [], "x": ["T"]}, dims={"T": 6}
    )
    arrays = sample(spec)
    y = [arrays["s"], 2 * arrays["s"]]
    for t in range(2, 6):
        y.append(y[-1] + y[-2] + arrays["x"][t])
    np.testing.assert_allclose(run(spec, arrays)["y"], y)


def test_coupled_equations_with_gates():
    spec = program(
        "c[-1,j] = h0[j]",
        "h[-1,j] = h0[j]",
        "g[t,j] = tanh(w[j,k]*h[t-1,k] + x[t,j])",
        "c[t,j] = g[t,j]*c[t-1,j]",
        "scale = h0[k]*h0[k]",
        "h[t,j] = exp(c[t,j])/scale",
        "r[t] = h[t,j]*1[j]",
        inputs={"x": ["T", "K"], "w": ["K", "K"], "h0": ["K"]},
        dims=RNN_DIMS,
    )
    arrays = sample(spec)
    c = h = arrays["h0"]
    expected = []
    for t in range(4):
        g = np.tanh(arrays["w"] @ h + arrays["x"][t])
        c = g * c
        h = np.exp(c) / (arrays["h0"] @ arrays["h0"])
        expected.append(h.sum())
    np.testing.assert_allclose(run(spec, arrays)["r"], expected)
    assert [len(getattr(statement, "tensors", "1")) for statement in spec.statements] == [1, 3, 1]


def test_a_stencil_that_steps_through_time():
    spec = program(
        "u[0,i] = x[i]",
        "u[t,i] = u[t-1,i] + 0.5*(u[t-1,(i+1)%N] - u[t-1,i])",
        inputs={"x": ["N"]},
        dims={"N": 4, "T": 3},
        indices={"t": "T"},
    )
    arrays = sample(spec)
    rows = [arrays["x"]]
    for _ in range(2):
        rows.append(rows[-1] + 0.5 * (np.roll(rows[-1], -1) - rows[-1]))
    np.testing.assert_allclose(run(spec, arrays)["u"], rows)


def test_steps_that_look_back_in_the_input():
    spec = program("y[0] = x[0]", "y[t] = y[t-1]*x[t] - x[t-1]", inputs={"x": ["T"]}, dims={"T": 5})
    arrays = sample(spec)
    x = arrays["x"]
    y = [x[0]]
    for t in range(1, 5):
        y.append(y[-1] * x[t] - x[t - 1])
    np.testing.assert_allclose(run(spec, arrays)["y"], y)
    assert spec.outputs[0].shape == (Integer.of(spec.dims[0]),)


def test_a_base_case_gives_the_other_axes_their_sizes():
    keys = {"inputs": {"x": ["N"]}, "indices": {"t": 3}}
    spec = program("y[0,i] = x[i+1]", "y[t,i] = y[t-1,i]/2", **keys)
    arrays = sample(spec)
    np.testing.assert_allclose(run(spec, arrays)["y"], [arrays["x"][1:] / 2**t for t in range(3)])
    ((code, pointed, _, _),) = mistakes("y[0,i] = x[i+1]", "y[t,k] = y[t-1,k]*x[k]", **keys)
    assert (code, pointed) == ("TC306", "i")


RECURRENCES = [
    (["y[0] = s"], "y[0]", "no equation for the other positions"),
    (["y[0] = s", "y[t] = y[t-1] + y[t-2] + x[t]"], "t-2", "at step 1 this reads position -1 of `y`"),
    (["y[t] = y[t-1] + x[t]"], "y", "its own definition"),
    (["y[0] = s", "y[t] = y[t+1] + x[t]"], "t+1", "not known"),
    (["y[0] = s", "y[t] = y[t]*x[t]"], "t", "not known"),
    (["y[0] = s", "y[t] = y[2*t]*x[t]"], "2*t", "a constant number of steps back"),
    (["y[0] = s", "y[0] = s", "y[t] = y[t-1]*x[t]"], "y[0]", "two base cases at 0"),
    (["y[0] = s", "y[t] = y[t-1]*x[t]", "y[t] = x[t]"], "y", "second time"),
    (["y[0,1] = s", "y[t,i] = y[t-1,i]*x[t]*x[i]"], "y[0,1]", "one literal position"),
    (["y[9] = s", "y[t] = x[t]"], "y[9]", "positions 0 to 2"),
    (["y[0] = y[1]", "y[t] = y[t-1]*x[t]"], "1", "position 1 of `y` is not known here"),
    (["y[0] = s", "z[q] = y[q-1]*x[q]", "y[t] = z[t-1]*x[t]"], "z[q]", "has no index `t`"),
    (["y[0] = s", "y[t] = y[t-1]"], "t", "range of `t` is not known"),
]


@pytest.mark.parametrize(("equations", "pointed", "message"), RECURRENCES)
def test_mistakes_in_recurrences(equations, pointed, message):
    ((_, text, said, _),) = wrong(*equations)
    assert text == pointed
    assert message in said


STEPS = """\
inputs: {h0: [3], w: [3, 3], x: [4, 3], v: [3]}
equations:
  - h[-1,j] = h0[j]
  - h[t,j] = w[j,k]*h[t-1,k]*g[t,k] + x[t,j]*v[j]
  - g[-1,j] = h0[j]
  - g[t,j] = h[t-1,j]*g[t-1,j]*w[j,j]
"""


@pytest.mark.parametrize(
    "place", [match.span() for match in re.finditer(r"\w+\[[^]]*\]", STEPS.partition("equations:")[2])]
)
@pytest.mark.parametrize("changed", [lambda inner: inner.rpartition(",")[0], lambda inner: f"{inner},q"])
def test_a_component_of_another_order_in_a_recurrence_is_told(place, changed):
    start, end = (STEPS.index("equations:") + len("equations:") + at for at in place)
    name, inner = STEPS[start : end - 1].split("[")
    positions = f"[{changed(inner)}]" if changed(inner) else ""
    with pytest.raises(TcgradError) as caught:
        assert tcgrad.loads(STEPS[:start] + name + positions + STEPS[end:]).program
    source = caught.value.source
    lines = {source.position(diagnostic.span.start)[0] for diagnostic in caught.value.diagnostics}
    assert lines & {3, 4, 5, 6}


def test_of_a_recurrence_whose_steps_cannot_be_read_only_that_is_told():
    for equation in ("h[t] = (h[t-1]*x[t]", "h[t] = h[t-1]*x[t]]", "h[t] = 2 h[t-1] +"):
        text = f"inputs: {{h0: [], x: [3]}}\nequations: ['h[-1] = h0', '{equation}', 'y = h[2]*q']\n"
        with pytest.raises(TcgradError) as caught:
            assert tcgrad.loads(text).program
        assert all(diagnostic.code.startswith("TC2") for diagnostic in caught.value.diagnostics[:-1])
        assert caught.value.diagnostics[-1].code == "TC301"


# --- Speed ---------------------------------------------------------------------------------------------------------


def test_many_equations():
    block = [
        "q{k}[i,j] = h{p}[i,a]*w[a,j]",
        "k{k}[i,j] = h{p}[i,a]*w[a,j]",
        "v{k}[i,j] = h{p}[i,a]*w[a,j]",
        "s{k}[i,j] = q{k}[i,a]*k{k}[j,a]/sqrt(M)",
        "e{k}[i,j] = exp(s{k}[i,j])/(1[a]*exp(s{k}[i,a]))",
        "o{k}[i,j] = e{k}[i,a]*v{k}[a,j] + h{p}[i,j]",
        "m{k}[i] = mean[j](o{k}[i,j])",
        "z{k}[i,j] = (o{k}[i,j] - m{k}[i])/sqrt(mean[a]((o{k}[i,a] - m{k}[i])^2) + 0.01)",
        "f{k}[i,j] = relu(z{k}[i,a]*w[a,j])",
        "h{k}[i,j] = f{k}[i,a]*w[a,j] + z{k}[i,j]",
    ]
    lines = [line.format(k=k, p=k - 1) for k in range(1, 65) for line in block]
    text = "dims: {N: 5, M: 4}\ninputs: {h0: [N, M], w: [M, M]}\nequations: |\n  " + "\n  ".join(lines)
    spec = read_spec(text, "blocks.yaml")
    start = time.process_time()
    assert len(elaborate(spec).statements) == 640
    assert time.process_time() - start < 5
