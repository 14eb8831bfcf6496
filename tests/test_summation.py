"""Which indices are summed, and where: the rules one by one, and the table of examples."""

import re
import sys

import numpy as np
import pytest
from elaborating import mistakes, program, run, sample

from tcgrad.notation.index import print_define

INPUTS = {
    "a": ["N", "N"],
    "b": ["N"],
    "c": ["N"],
    "d": ["N"],
    "w": ["N"],
    "x": ["N"],
    "y": ["N"],
    "z": ["N"],
    "p": ["N", "M"],
    "q": ["M", "K"],
    "u": ["K"],
    "s": [],
    "t": [],
}
FUNCTIONS = {"f(z)": None, "g(z)": None}


def result(equation, **keys):
    """The array on the left of ``r... = ...``, and the inputs."""
    made = program(equation, inputs=INPUTS, functions=FUNCTIONS, **keys)
    arrays = sample(made)
    return run(made, arrays)["r"], arrays


def f(value):
    return np.cos(value)


def g(value):
    return np.exp(-value)


# The right column is NumPy, written from the definition of each row.
TABLE = [
    ("r = b[i]*c[i]", lambda v: v["b"] @ v["c"]),
    ("r[i] = p[i,k]*p[i,k]*1[k]", lambda v: (v["p"] ** 2).sum(1)),
    ("r[i] = a[i,k]*a[i,k]*d[k]", lambda v: np.einsum("ik,ik,k->i", v["a"], v["a"], v["d"])),
    ("r = sqrt(x[i]*x[i])", lambda v: np.sqrt((v["x"] ** 2).sum())),
    ("r = 1[i]*exp(b[i]*c[i])", lambda v: np.exp(v["b"] * v["c"]).sum()),
    ("r[i] = exp(b[i]*c[i])", lambda v: np.exp(v["b"] * v["c"])),
    ("r[i] = exp(x[i])/(1[k]*exp(x[k]))", lambda v: np.exp(v["x"]) / np.exp(v["x"]).sum()),
    ("r = x[i]/y[i]", lambda v: (v["x"] / v["y"]).sum()),
    ("r = (x[i]*y[i])^2", lambda v: (v["x"] @ v["y"]) ** 2),
    ("r = (x[i]*y[i])*(z[i]*w[i])", lambda v: (v["x"] * v["y"] * v["z"] * v["w"]).sum()),
    ("r = x[i]*x[i] + y[i]*y[i]", lambda v: (v["x"] ** 2).sum() + (v["y"] ** 2).sum()),
    ("r = f(x[i]*x[i])*g(y[i]*y[i])", lambda v: (f(v["x"] ** 2) * g(v["y"] ** 2)).sum()),
]

RULES = [
    # a dummy of several factors is summed over the whole term, however deep it stands in each
    ("r = x[i]*exp(y[i])", lambda v: v["x"] @ np.exp(v["y"])),
    ("r = x[i]*(y[i] + s)", lambda v: v["x"] @ (v["y"] + v["s"])),
    ("r = x[i]*(y[i] + 1)^2", lambda v: v["x"] @ (v["y"] + 1) ** 2),
    ("r = s*x[i]/(y[i] + t)", lambda v: v["s"] * (v["x"] / (v["y"] + v["t"])).sum()),
    ("r = x[i]*x[i]*x[i]", lambda v: (v["x"] ** 3).sum()),
    ("r = p[i,j]*q[j,k]*b[i]*u[k]", lambda v: v["b"] @ v["p"] @ v["q"] @ v["u"]),
    ("r[j] = p[i,j]*b[i]", lambda v: v["b"] @ v["p"]),
    ("r = x[i]^y[i]", lambda v: (v["x"] ** v["y"]).sum()),
    ("r = max(x[i], y[i])", lambda v: np.maximum(v["x"], v["y"]).sum()),
    ("r = [x[i] > y[i]]", lambda v: (v["x"] > v["y"]).sum()),
    ("r = where(x[i] > y[i], x[i]*x[i], s)", lambda v: np.where(v["x"] > v["y"], v["x"] ** 2, v["s"]).sum()),
    # products in parentheses are part of the same product
    ("r = x[i]*(y[i]*s)", lambda v: v["s"] * (v["x"] @ v["y"])),
    ("r = ((x[i]))*((s*(y[i])))", lambda v: v["s"] * (v["x"] @ v["y"])),
    ("r = -(x[i]*y[i])*z[i]", lambda v: -(v["x"] * v["y"] * v["z"]).sum()),
    ("r = x[i]*(-y[i])", lambda v: -(v["x"] @ v["y"])),
    ("r = x[i]*-y[i]", lambda v: -(v["x"] @ v["y"])),
    ("r = (x[i]/y[i])*z[i]", lambda v: (v["x"] / v["y"] * v["z"]).sum()),
    # what stands behind a division is one factor
    ("r = s/(x[i]*y[i])", lambda v: v["s"] / (v["x"] @ v["y"])),
    ("r = x[i]/(y[i]*z[i])", lambda v: (v["x"] / (v["y"] * v["z"])).sum()),
    ("r = s/x[i]/y[i]", lambda v: v["s"] * (1 / v["x"] / v["y"]).sum()),
    ("r = s/(x[i]/y[i])", lambda v: v["s"] / (v["x"] / v["y"]).sum()),
    # a dummy of one factor is treated inside it
    ("r = s*f(x[i]*y[i])", lambda v: v["s"] * f(v["x"] @ v["y"])),
    ("r = s*(x[i]*y[i] + b[i]*c[i])", lambda v: v["s"] * (v["x"] @ v["y"] + v["b"] @ v["c"])),
    ("r = s*(x[i]*y[i] + t)", lambda v: v["s"] * (v["x"] @ v["y"] + v["t"])),
    ("r = s*(x[i]*y[i] + b[i]*c[i])^2", lambda v: v["s"] * (v["x"] @ v["y"] + v["b"] @ v["c"]) ** 2),
    ("r = s^(x[i]*y[i])", lambda v: v["s"] ** (v["x"] @ v["y"])),
    ("r = (x[i]*y[i])*(u[k]*u[k])", lambda v: (v["x"] @ v["y"]) * (v["u"] @ v["u"])),
    ("r = a[i,i]", lambda v: np.trace(v["a"])),
    ("r = s*a[i,i]^2", lambda v: v["s"] * np.trace(v["a"]) ** 2),
    ("r = a[i,i]*b[i]", lambda v: np.diag(v["a"]) @ v["b"]),
    ("r = exp(a[i,i])", lambda v: np.exp(np.trace(v["a"]))),
    ("r[i] = a[i,i]", lambda v: np.diag(v["a"])),
    ("r = delta[i,i]*b[i]", lambda v: v["b"].sum()),
    # additive terms are treated by themselves, and dummies of different terms are different indices
    ("r = x[i]*y[i] - u[i]*u[i]", lambda v: v["x"] @ v["y"] - v["u"] @ v["u"]),
    ("r[j] = p[i,j]*x[i] + q[j,i]*u[i]", lambda v: v["x"] @ v["p"] + v["q"] @ v["u"]),
    ("r = x[i]*y[i] + s", lambda v: v["x"] @ v["y"] + v["s"]),
    ("r = (b[k] + c[k])*d[k]", lambda v: (v["b"] + v["c"]) @ v["d"]),
    # explicit sums bind in their own body alone
    ("r = sum[i](x[i])*sum[i](y[i])", lambda v: v["x"].sum() * v["y"].sum()),
    ("r = f(x[i]*x[i])*sum[i](y[i])", lambda v: f(v["x"] @ v["x"]) * v["y"].sum()),
    ("r = b[k]*sum[i](a[i,k])", lambda v: v["b"] @ v["a"].sum(0)),
    ("r = sum[i](x[i] + s)", lambda v: (v["x"] + v["s"]).sum()),
    ("r = sum[i](a[i,k]*b[k])", lambda v: (v["a"] @ v["b"]).sum()),
    ("r = sum[i,j](p[i,j])", lambda v: v["p"].sum()),
    ("r[i] = mean[j](p[i,j])", lambda v: v["p"].mean(1)),
    ("r = mean[i,j](p[i,j])", lambda v: v["p"].mean()),
    ("r = max[i](x[i]*y[i])", lambda v: (v["x"] * v["y"]).max()),
    ("r = prod[i](x[i])*min[i](y[i])", lambda v: v["x"].prod() * v["y"].min()),
    ("r = logsumexp[i](a[i,j]*b[j])", lambda v: np.log(np.exp(v["a"] @ v["b"]).sum())),
    # values of indices count as occurrences
    ("r = i*x[i]", lambda v: np.arange(3) @ v["x"]),
    ("r = x[i]*(i + 1)", lambda v: (np.arange(3) + 1) @ v["x"]),
    ("r[i] = i*x[i]/N", lambda v: np.arange(3) * v["x"] / 3),
    ("r = x[i]*(i//2)", lambda v: (np.arange(3) // 2) @ v["x"]),
    ("r[i] = i//2*x[i] + i%2", lambda v: np.arange(3) // 2 * v["x"] + np.arange(3) % 2),
    ("r[i,j] = [i <= j]*a[i,j]", lambda v: np.triu(v["a"])),
    ("r = x[i]*[0 < i < 2]", lambda v: v["x"][1]),
    ("r[i,j] = levi_civita[i,j,k]*x[k]", lambda v: np.cross(np.eye(3), v["x"]).T),
]


@pytest.mark.parametrize(("equation", "expected"), TABLE + RULES)
def test_value(equation, expected):
    value, arrays = result(equation)
    np.testing.assert_allclose(value, expected(arrays), rtol=1e-12)


READINGS = [
    ("r = b[i]*c[i]", "r = sum[i](b[i]*c[i])"),
    ("r = 3*b[i]*c[i]", "r = sum[i](3*b[i]*c[i])"),
    ("r[i] = exp(x[i])/(1[k]*exp(x[k]))", "r[i] = exp(x[i])/sum[k](exp(x[k]))"),
    ("r = (x[i]*y[i])^2", "r = sum[i](x[i]*y[i])^2"),
    ("r = p[i,j]*q[j,k]*b[i]*u[k]", "r = sum[i,j,k](p[i,j]*q[j,k]*b[i]*u[k])"),
]


@pytest.mark.parametrize(("equation", "reading"), READINGS)
def test_reading(equation, reading):
    made = program(equation, inputs=INPUTS, functions=FUNCTIONS)
    (statement,) = made.statements
    assert print_define(statement, explicit=True) == reading


ONCE = [
    ("y_ = 3*x[i]", "3*x[i]", ""),
    ("y_ = s + x[i]*s", "x[i]*s", ""),
    ("y_ = exp(x[i])", "exp(x[i])", "exp(sum[i](x[i]))"),
    ("y_ = s*(x[i]*y[i] + z[i])", "z[i]", ""),
    ("y_ = x[i]^2", "x[i]^2", ""),
    ("y_ = 1[i]", "1[i]", ""),
    ("y_[j] = p[i,j]", "p[i,j]", ""),
    ("y_ = s/(x[i] + 1)", "x[i]", ""),
    ("y_ = s + s*exp(-(x[i] - y[i])^2)", "s*exp(-(x[i] - y[i])^2)", "s*exp(sum[i](-(x[i] - y[i])^2))"),
    (
        "y_ = sqrt((x[i] - y[i]*y[j]*z[j]))/s",
        "sqrt((x[i] - y[i]*y[j]*z[j]))/s",
        "sqrt(sum[i](x[i] - y[i]*y[j]*z[j]))/s",
    ),
    ("y_ = max[j](p[i,j] - s*x[i])", "max[j](p[i,j] - s*x[i])", ""),
]


@pytest.mark.parametrize(("equation", "term", "inside"), ONCE)
def test_an_index_that_occurs_once(equation, term, inside):
    where = " in each term" if " - " in term else ""
    message = f"`i` occurs only once{where}: nothing says how to sum over it"
    function = re.match(r"(?:s\*)?(\w*)", inside)[1]
    within = f", `{inside}` to sum inside `{function}`" if inside else ""
    help_ = f"write `sum[i]({term})` or `1[i]*...` to sum over it{within}, or put it on the left"
    assert mistakes(equation, inputs=INPUTS) == [("TC305", "i", message, help_)]


@pytest.mark.parametrize(("equation", "term", "inside"), ONCE)
def test_what_the_help_writes_is_read(equation, term, inside):
    assert equation.count(term) == 1
    unread = {"TC309"} if term == "1[i]" else set()  # nothing says how far an index runs that nothing reads
    for written in filter(None, (f"sum[i]({term})", inside)):
        assert {code for code, *_ in mistakes(equation.replace(term, written), inputs=INPUTS)} == unread


def test_several_terms_are_all_reported():
    found = mistakes("r = x[i] + y[j]*y[j] + z[k]", inputs=INPUTS)
    assert [(code, pointed) for code, pointed, _, _ in found] == [("TC305", "i"), ("TC305", "k")]


OUTSIDE = [
    ("r = x[i]*y[i]*sum[i](z[i])", "i"),
    ("r[i] = x[i]*sum[i](z[i])", "i"),
    ("r = sum[i](x[i]*max[i](y[i]))", "i"),
    ("r = x[i]*sum[i](z[i])", "i"),
    ("r = y[j]*y[j]*(x[i]*exp(max[i](z[i])) + 1)", "i"),
]


@pytest.mark.parametrize(("equation", "pointed"), OUTSIDE)
def test_an_explicit_sum_over_an_index_in_use(equation, pointed):
    ((code, found, message, help_),) = mistakes(equation, inputs=INPUTS)
    assert (code, found) == ("TC307", pointed)
    assert "is in use outside" in message
    assert help_.endswith("another name, such as `k`")


def test_twice_the_same_index_in_a_sum():
    ((code, pointed, _, _),) = mistakes("r = sum[i,i](a[i,i])", inputs=INPUTS)
    assert (code, pointed) == ("TC307", "i")


AMBIGUOUS = [
    ("r = f(x[i]*x[i])*g(y[i]*y[i])", "f(x[i]*x[i])", "g(y[i]*y[i])"),
    ("r = s*f(x[i]*x[i])*g(y[i]*y[i])", "f(x[i]*x[i])", "g(y[i]*y[i])"),
    ("r = (x[i]*x[i])^2*g(y[i]*y[i])", "(x[i]*x[i])^2", "g(y[i]*y[i])"),
    ("r = max(x[i]*x[i], y[i]*y[i])", "x[i]*x[i]", "y[i]*y[i]"),
    ("r = (x[i]*x[i] + 1)*(y[i]*y[i] + 2)", "(x[i]*x[i] + 1)", "(y[i]*y[i] + 2)"),
    ("r = x[i]*y[i]/(sqrt(x[i]*x[i])*f(y[k]*y[k]))", "x[i]*y[i]", "(sqrt(x[i]*x[i])*f(y[k]*y[k]))"),
    ("r = x[i]*y[i]/sqrt(x[i]*a[i,j]*x[j])", "x[i]*y[i]", "sqrt(x[i]*a[i,j]*x[j])"),
    ("r[k] = f(a[k,i]*x[i])*(a[k,i]*y[i])", "f(a[k,i]*x[i])", "a[k,i]*y[i]"),
    ("r = x[i]*f(y[i]*y[i])*z[i]", "x[i]", "f(y[i]*y[i])"),
]


@pytest.mark.parametrize(("equation", "first", "second"), AMBIGUOUS)
def test_warning_where_two_readings_are_near(equation, first, second):
    made = program(equation, inputs=INPUTS, functions=FUNCTIONS)
    (warning,) = made.warnings
    text = made.spec.source.text
    (note,) = warning.notes
    assert (warning.code, warning.severity) == ("TC313", "warning")
    assert (text[warning.span.start : warning.span.end], text[note.span.start : note.span.end]) == (first, second)
    assert "sum[i]" in warning.help


@pytest.mark.parametrize(
    "equation",
    [
        "r = 1[i]*exp(b[i]*c[i])",
        "r = (x[i]*y[i])*(z[i]*w[i])",
        "r = f(x[i])*g(y[i])",
        "r = x[i]*f(y[i]*y[i])",
        "r = 1[i]*x[i]*f(y[i]*y[i])",
        "r = sum[i](x[i]*y[i]*f(z[i]*z[i]))",
        "r = x[i]*y[i]*f(z[i]/w[i])",
        "r = x[i]*g(y[i])*f(z[i]*z[i])",
        "r[k] = delta[i,k]*x[i]*f(y[i]*z[i])",
        "r = (i + i)//2*x[i]",
        "r = x[i]*y[i]*[i%2 <= i - 1]",
        "r = x[i]*y[i]*exp((i + i)//3 + i%2)",
    ],
)
def test_no_warning_where_there_is_one_reading(equation):
    assert program(equation, inputs=INPUTS, functions=FUNCTIONS).warnings == ()


def test_long_sums_and_products():
    """More than Python calls may be nested."""
    many = 2 * sys.getrecursionlimit()
    made = program("r = " + " + ".join(["x[i]*y[i]"] * many), inputs=INPUTS)
    assert len(made.statements[0].body.terms) == many
    made = program("r = " + "*".join(["x[i]"] * many), inputs=INPUTS)
    assert len(made.statements[0].body.body.factors) == many
