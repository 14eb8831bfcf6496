"""Squares of sines and cosines, of both kinds, as one."""

import pytest
from share import share

import tcgrad

HEAD = "inputs: {r: [], t: [], p: [], x: [4], a: [4]}\n"

# equation -> the gradients by some inputs, as a book has them
BOOKS = {
    "f = (r*sin(t)*cos(p))^2 + (r*sin(t)*sin(p))^2 + (r*cos(t))^2": {"r": "2*r", "t": "0", "p": "0"},
    "f = r*(cos(t)^2 + sin(t)^2)": {"r": "1", "t": "0"},
    "f = r*(cosh(t)^2 - sinh(t)^2)": {"r": "1", "t": "0"},
    "f = r*(1 - cos(t)^2)": {"r": "sin(t)^2"},
    "f = r*(1 - sin(t)^2)": {"r": "cos(t)^2"},
    "f = r*(1 + sinh(t)^2)": {"r": "cosh(t)^2"},
    "f = r*(cosh(t)^2 - 1)": {"r": "sinh(t)^2"},
    "f = r*(3*p*cos(t)^2 + 3*p*sin(t)^2 + t)": {"r": "3*p + t"},
    "f = r*(p - p*cos(t)^4 - p*cos(t)^2*sin(t)^2)": {"r": "p*sin(t)^2"},
    "f = atan(sinh(t))": {"t": "1/cosh(t)"},
    "f = asinh(sinh(t))": {"t": "1"},
    "f = x[i]*cos(a[i])^2 + x[j]*sin(a[j])^2": {"x": "1", "a": "0"},
    "f = r*(sum[i](x[i]*cos(a[i])^2) + sum[j](x[j]*sin(a[j])^2))": {"r": "sum[k](x[k])"},
    "f = r*(sum[i](x[i]) - sum[j](x[j]*sin(a[j])^2))": {"r": "sum[k](x[k]*cos(a[k])^2)"},
}


@pytest.mark.parametrize("equation", BOOKS)
def test_gradients_are_those_of_books(equation):
    found = tcgrad.loads(f"{HEAD}equations: ['{equation}']\n").derive(wrt=list(BOOKS[equation]))
    printed = {each["wrt"]: each["index"][-1].split(" = ")[1] for each in found.as_dict()["gradients"]}
    for name, wanted in BOOKS[equation].items():
        index = "[p]" if name in "xa" else ""
        entry = f"df/d{name}{index} = {wanted}"
        made = tcgrad.loads(f"{HEAD}equations: ['{equation}']\nexpect: ['{entry}']\n")
        (proved,) = made.check(only="expect").results
        assert proved.proved
        assert len(printed[name].replace("1[p]*", "")) <= len(wanted) + len("sum[k]()"), printed[name]


# What is none of these stays as it is.
OTHERS = [
    "cos(t)^2 - sin(t)^2",
    "cosh(t)^2 + sinh(t)^2",
    "1 + sin(t)^2",
    "cos(t)^2 + sin(p)^2",
    "cos(t)^2 + 2*sin(t)^2",
    "r*cos(t)^2 + p*sin(t)^2",
    "cos(t) + sin(t)",
    "cos(t)^3 + sin(t)^3",
]


@pytest.mark.parametrize("body", OTHERS)
def test_others_stay(body):
    made = tcgrad.loads(f"inputs: {{r: [], t: [], p: [], w: []}}\nequations: ['f = w*({body})']\n").derive(wrt=["w"])
    (gradient,) = made.as_dict()["gradients"]
    assert sum(map(gradient["index"][-1].count, ["cos", "sin"])) == 2 - body.startswith("1")


@pytest.mark.parametrize("equation", share(BOOKS, 3))
def test_the_value_is_the_same(equation):
    assert tcgrad.loads(f"{HEAD}equations: ['{equation}']\n").check(dtype=["float64"], seed=0).ok
