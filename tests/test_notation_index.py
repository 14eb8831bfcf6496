"""Index notation: the tables show what is read and how it is written; what is written in ASCII is read again."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from programs import specs

from tcgrad.calculus import derive
from tcgrad.evaluate import evaluate, evaluate_program
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Add, Call, Component, Delta, Expr, IndexSum, IndexValue, Mul, Pow, const
from tcgrad.ir.program import Define, Program
from tcgrad.ir.tensors import Role, Tensor, gradient_of
from tcgrad.language.elaborate import elaborate
from tcgrad.notation.index import print_define, print_expr
from tcgrad.notation.naming import Surroundings
from tcgrad.notation.spelling.syntaxes import ASCII, LATEX, UNICODE, Syntax
from tcgrad.spec.loader import read_spec

HEAD = """\
dims: {N: 5, M: 3, B: 4, H: 8}
constants: {eps: 1.0e-5}
inputs:
  x: [N]
  y: [N]
  z: [N]
  w: [N]
  a: [N, N]
  b: [N, M]
  s: []
  t: []
  big: [B, H]
  row: [B]
  tok: {shape: [M], dtype: int, sample: {integers: [0, 5]}}
  pad: {shape: [N], outside: 0}
functions: {"f(u)": null, "g(u,v)": null}
"""


def define(equation: str, extra: str = "") -> tuple[Define, Program]:
    """The last statement of a spec with one equation, or with several between semicolons."""
    lines = "".join(f"  - {line.strip()}\n" for line in equation.split(";"))
    program = elaborate(read_spec(f"{HEAD}equations:\n{lines}{extra}", "table"))
    statement = program.statements[-1]
    assert isinstance(statement, Define)
    return statement, program


def expected(equation: str) -> tuple[Define, Program]:
    """A derivative, written as an `expect` entry."""
    _, program = define("y_out[i,j] = b[i,j]", f"outputs: [y_out]\nexpect:\n  - {equation}\n")
    return program.expectations[0], program


def write(equation: str, syntax: Syntax = ASCII, *, explicit: bool = False) -> str:
    statement, program = define(equation)
    return print_define(statement, syntax, explicit=explicit, surroundings=Surroundings.of(program))


KEPT = [
    "q = x[i]*y[i]",
    "q[i] = a[i,k]*x[k]*y[k]",
    "q = sqrt(x[i]*x[i])",
    "q = 1[i]*exp(x[i]*y[i])",
    "q[i] = exp(x[i]*y[i])",
    "q[i] = exp(x[i])/(1[k]*exp(x[k]))",
    "q = x[i]/y[i]",
    "q = 1[i]/y[i]",
    "q = (x[i]*y[i])^2",
    "q = x[i]*y[i]*z[i]*w[i]",
    "q = x[i]*x[i] + y[i]*y[i]",
    "q = a[i,i]",
    "q = a[i,i]^2",
    "q = 1[i]*a[i,i]^2",
    "q = a[i,j]*a[j,i]",
    "q = 1[i,j]*a[i,j]",
    "q[b,h] = big[b,h] - 1[h]*row[b]",
    "q[b,h] = big[b,h] + s",
    "q[i,j] = 1[j]*x[i] + 1[i]*y[j]",
    "q[i] = x[i]*(y[i] - y[k]*z[k])",
    "q[i] = x[i]*(y[i] - 1[k]*z[k])",
    "q = 1[h]*(big[b,h] - 1[h]*row[b])^2*row[b]/H",
    "q[i] = x[i]/2",
    "q[i] = 2/3*x[i]",
    "q[i] = 3*x[i]/(2*y[i])",
    "q[i] = -x[i]",
    "q[i] = -x[i] - y[i]",
    "q[i] = 2 - x[i]",
    "q[i] = x[i]^-y[i]",
    "q[i] = (-x[i])^2",
    "q[i] = x[i]^2^y[i]",
    "q[i] = (x[i]^2)^y[i]",
    "q[i] = x[i]^(2/3)",
    "q[i] = x[i]^1.7",
    "q[i] = 2^x[i]",
    "q[i] = 1/x[i]",
    "q[i] = 1/sqrt(x[i] + eps)",
    "q[i] = 1/x[i]^(3/2)",
    "q[i] = x[i]*y[i]/(z[i]*w[i])",
    "q[i] = 0.044715*x[i]^3",
    "q[i] = 1e-07*x[i]",
    "q = pi*s",
    "q = s^-t",
    "q = s^(-t*s)",
    "q[i] = [x[i] > 0]*y[i]",
    "q[i] = [0 <= x[i] < 1]*y[i]",
    "q[i,j] = [i <= j]*a[i,j]",
    "q[i] = where(x[i] > 0, y[i], -1)",
    "q[i] = where(0 < x[i] <= 1, y[i]*z[k]*w[k], 0)",
    "q[i] = max(x[i], 0) + min(y[i], z[i])",
    "q[i] = f(x[i])*g(x[i], y[i])",
    "q[i] = i*x[i]",
    "q[i] = x[i]*(N - i)",
    "q = max[i](x[i]*y[i])",
    "q[i] = logsumexp[k](a[i,k]*x[k])",
    "q = prod[i,j](a[i,j])",
    "q[i,j] = delta[i,j]*x[i]",
    "q[i] = levi_civita[i,j,k]*b[0,j]*b[1,k]",
    "q[i] = x[N-i-1]",
    "q = x[i]*(y[i+2] - y[i])",
    "q[i] = x[(-i)%3]*y[i]",
    "q[i] = [2 - i//2 > 1]*x[i]",
    "q[m] = x[tok[m]]",
    "q[i] = pad[i-1]*x[i]",
    "q = det(a)",
    "q[i,j] = inv(a)[i,k]*a[k,j]",
]


@pytest.mark.parametrize("equation", KEPT)
def test_these_are_written_as_they_are_read(equation: str) -> None:
    assert write(equation) == equation


EXPLICIT = [
    ("q = x[i]*y[i]", "q = sum[i](x[i]*y[i])"),
    ("q[i] = a[i,k]*b[k,m]*1[m]", "q[i] = sum[k,m](a[i,k]*b[k,m])"),
    ("q = 1[i]*exp(x[i])", "q = sum[i](exp(x[i]))"),
    ("q[i] = exp(x[i])/(1[k]*exp(x[k]))", "q[i] = exp(x[i])/sum[k](exp(x[k]))"),
    ("q = (x[i]*y[i])^2", "q = sum[i](x[i]*y[i])^2"),
    ("q = x[i]*x[i] - y[i]*y[i]", "q = sum[i](x[i]*x[i]) - sum[i](y[i]*y[i])"),
    ("q = a[i,i]", "q = sum[i](a[i,i])"),
    ("q = mean[i](x[i])", "q = sum[i](x[i])/N"),
    ("q[b,h] = big[b,h] - row[b]", "q[b,h] = big[b,h] - 1[h]*row[b]"),
    ("q = f(x[i]*x[i])*f(y[i]*y[i])", "q = sum[i](f(x[i]*x[i])*f(y[i]*y[i]))"),
]


@pytest.mark.parametrize(("equation", "text"), EXPLICIT)
def test_every_sum_written_out(equation: str, text: str) -> None:
    assert write(equation, explicit=True) == text
    assert write(text, explicit=True) == text


REWRITTEN = [
    ("q = sum[i](x[i]*y[i])", "q = x[i]*y[i]"),
    ("q = sum[i](x[i])", "q = 1[i]*x[i]"),
    ("q = sum[i](x[i]*y[i] + z[i]*w[i])", "q = x[i]*y[i] + z[i]*w[i]"),
    ("q = sum[i](x[i]*y[i] + s)", "q = 1[i]*(x[i]*y[i] + s)"),
    ("q = f(sum[i](x[i]*y[i]))*f(sum[i](x[i]*z[i]))", "q = f(x[i]*y[i])*f(x[j]*z[j])"),
    ("q = sum[i](f(x[i]*y[i]))", "q = 1[i]*f(x[i]*y[i])"),
    ("q = sum[i](1/(x[i]*y[i]))", "q = 1[i]/(x[i]*y[i])"),
    ("q = sum[i](x[i])*sum[i](y[i])", "q = 1[i]*x[i]*1[j]*y[j]"),
    ("q[b,h] = big[b,h] - row[b]", "q[b,h] = big[b,h] - 1[h]*row[b]"),
    ("q[i] = x[i]*-2", "q[i] = -2*x[i]"),
    ("q[i] = x[i]^-1", "q[i] = 1/x[i]"),
    ("q[i] = x[i]/(y[i]/z[i])", "q[i] = x[i]/(y[i]/z[i])"),
    ("q[i] = x[i]/y[i]/z[i]", "q[i] = x[i]/(y[i]*z[i])"),
    ("q[i] = x[i] - (y[i] - z[i])", "q[i] = x[i] - (y[i] - z[i])"),
    ("q[i] = x[i] + (y[i] - z[i])", "q[i] = x[i] + y[i] - z[i]"),
    ("q = x[i+1]*y[i]*1[i]", "q = x[i+1]*y[i]"),
    ("q[i] = [x[i] < 1]*[x[i] >= 0]", "q[i] = [0 <= x[i] < 1]"),
    ("q[i] = [x[i] >= 0]*[x[i] < 1]*y[i]", "q[i] = [0 <= x[i] < 1]*y[i]"),
    ("q[i] = [x[i] > y[i]]*[y[i] > z[i]]", "q[i] = [x[i] > y[i] > z[i]]"),
    ("q[i] = [x[i] != y[i]]*[y[i] != z[i]]", "q[i] = [x[i] != y[i]]*[y[i] != z[i]]"),
    ("q[i] = [x[i] < y[i]]*[z[i] > w[i]]", "q[i] = [x[i] < y[i]]*[z[i] > w[i]]"),
    ("q[i] = x[-i+N-1]*(1 - i)", "q[i] = x[N-i-1]*(1 - i)"),
    ("q = a_{ij}*a_{ij}", "q = a[i,j]*a[i,j]"),
    ("q[i] = x[0-(-i)//2]*y[i]", "q[i] = x[-((-i)//2)]*y[i]"),
    ("q[i] = [0 - i//2 - 1 > -2]*x[i]", "q[i] = [-(i//2) - 1 > -2]*x[i]"),
    ("q[i] = [1 - i%2 > 1]*x[i]", "q[i] = [1 - i%2 > 1]*x[i]"),
    ("q[i] = [0 - i%2 >= 0]*x[i]", "q[i] = [-(i%2) >= 0]*x[i]"),
    # the minus in front of a product would be the dividend's alone
    ("q[i] = -((i//2)*x[i])", "q[i] = -(i//2)*x[i]"),
    ("q[i] = -((i + 1)%3*x[i]/y[i]) - x[i]", "q[i] = -((i+1)%3)*x[i]/y[i] - x[i]"),
    ("q[i] = x[i]^-(i//2)", "q[i] = x[i]^(-(i//2))"),
]


@pytest.mark.parametrize(("equation", "text"), REWRITTEN)
def test_these_are_written_differently_and_mean_the_same(equation: str, text: str) -> None:
    assert write(equation) == text
    assert values(equation) == pytest.approx(values(text))


def values(equation: str) -> np.ndarray:
    """The values of an equation at a fixed point, by plain evaluation."""
    if "f(" in equation:
        return np.zeros(())
    statement, program = define(equation)
    return evaluate_program(program, point(program), np.float64)[statement.tensor]


def point(program: Program) -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    arrays = {}
    for given_ in program.inputs:
        shape = tuple(size.value for size in given_.tensor.shape)
        arrays[given_.tensor.name] = (
            random.integers(0, 2, shape) if not given_.tensor.is_real else random.uniform(0.5, 1.5, shape)
        )
    return arrays


DERIVATIVES = [
    "dl/db[p,q] = dl/dy_out[p,q]*s",
    "dl/dx[p] = 1[q]*dl/dy_out[p,q]",
    "dl/dx[p] = 0",
    "dl/dx[p] = 1[p]*s",
    "dl/dx[p] = 2*1[p]",
    "dl/ds = dl/dy_out[i,j]*b[i,j]",
    "dy_out[i,j]/db[p,q] = delta[i,p]*delta[j,q]",
    "dy_out[i,j]/ds = b[i,j]",
    "dy_out[i,j]/dx[p] = 1[i,j]*x[p]",
    "dl/db[p,q] = dl/dy_out[p,q]/x[p]",
    "dl/dx[p] = x[p]/(1[q]*dl/dy_out[p,q])",
]


@pytest.mark.parametrize("equation", DERIVATIVES)
def test_derivatives_are_written_as_they_are_read(equation: str) -> None:
    statement, program = expected(equation)
    assert print_define(statement, surroundings=Surroundings.of(program)) == equation


UNICODE_TABLE = [
    ("dl/db[p,q] = dl/dy_out[p,q]*s", "∂l/∂b[p,q] = ∂l/∂y_out[p,q]·s"),
    ("dy_out[i,j]/db[p,q] = delta[i,p]*delta[j,q]", "∂y_out[i,j]/∂b[p,q] = δ[i,p]·δ[j,q]"),
    ("dl/dx[p] = sqrt(x[p])*x[p]^12", "∂l/∂x[p] = √(x[p])·x[p]¹²"),
    ("dl/dx[p] = sqrt(2)*sqrt(pi)*x[p]^y[p]", "∂l/∂x[p] = √2·√π·x[p]^y[p]"),
    ("dl/dx[p] = [x[p] <= y[p]]*[z[p] != s]", "∂l/∂x[p] = [x[p] ≤ y[p]]·[z[p] ≠ s]"),
]


@pytest.mark.parametrize(("equation", "text"), UNICODE_TABLE)
def test_unicode(equation: str, text: str) -> None:
    assert print_define(expected(equation)[0], UNICODE) == text


LATEX_TABLE = [
    (
        "dl/db[p,q] = dl/dy_out[p,j]*b[i,j]*b[i,q]",
        (
            r"\frac{\partial l}{\partial b_{pq}} = "
            r"\sum_{ji} \frac{\partial l}{\partial y^{\mathrm{out}}_{pj}} b_{ij} b_{iq}"
        ),
    ),
    (
        "dl/dx[p] = x[p]*(y[p] - 1[p]*(z[k]*w[k]))",
        r"\frac{\partial l}{\partial x_{p}} = x_{p} \left(y_{p} - \sum_{k} z_{k} w_{k}\right)",
    ),
    (
        "dl/ds = sum[i](x[i]*y[i])*f(s)/N",
        r"\frac{\partial l}{\partial s} = \frac{f\left(s\right)}{N} \sum_{i} x_{i} y_{i}",
    ),
    ("dl/ds = (x[i]*y[i])^2", r"\frac{\partial l}{\partial s} = \left(\sum_{i} x_{i} y_{i}\right)^{2}"),
    (
        "dl/dx[p] = sum[i](x[i])*sum[j](exp(y[j]))",
        (
            r"\frac{\partial l}{\partial x_{p}} = \mathbf{1}_{p} \left(\sum_{i} x_{i}\right) "
            r"\sum_{j} \exp\left(y_{j}\right)"
        ),
    ),
    ("dl/dx[p] = sqrt(x[p])^3/2", r"\frac{\partial l}{\partial x_{p}} = \frac{\sqrt{x_{p}}^{3}}{2}"),
    (
        "dl/dx[p] = dl/dy_out[0,0]^2*x[p]",
        (
            r"\frac{\partial l}{\partial x_{p}} = "
            r"\left(\frac{\partial l}{\partial y^{\mathrm{out}}_{00}}\right)^{2} x_{p}"
        ),
    ),
    (
        "dl/dx[p] = where(x[p] > 0, 1, eps)*s",
        (
            r"\frac{\partial l}{\partial x_{p}} = s \begin{cases} 1 & \text{if } x_{p} > 0 \\ "
            r"\varepsilon & \text{otherwise} \end{cases}"
        ),
    ),
    ("dl/dx[p] = 1e-07*x[p]^-y[p]", r"\frac{\partial l}{\partial x_{p}} = 10^{-7} x_{p}^{-y_{p}}"),
]


@pytest.mark.parametrize(("equation", "text"), LATEX_TABLE)
def test_latex(equation: str, text: str) -> None:
    assert print_define(expected(equation)[0], LATEX) == text


def test_a_quotient_is_not_taken_for_a_derivative() -> None:
    text = "inputs: {dx: [], dy: [], x: [], y: []}\nequations: ['z = x*y']\nexpect: ['dz/dx = x*dy/(dx)']\n"
    program = elaborate(read_spec(text, "differentials"))
    assert print_define(program.expectations[0]) == "dz/dx = x*dy/(dx)"
    assert print_define(program.expectations[0], UNICODE) == "∂z/∂x = x·dy/dx"


def test_an_expression_alone() -> None:
    statement, _ = define("q[i] = x[i]*y[i]")
    assert print_expr(statement.body, statement.free) == "x[i]*y[i]"


def test_a_sum_that_stops_short_of_its_tensors_is_guarded() -> None:
    x = Tensor("x", (Integer.of(5),), Role.INPUT)
    i = Index("i", Integer.of(3))
    body = IndexSum((i,), Component(x, (i.expr,)))
    assert print_expr(body) == "[i < 3]*x[i]"
    assert print_expr(body, explicit=True) == "sum[i]([i < 3]*x[i])"


def test_a_sum_over_nothing_is_a_size() -> None:
    i, j = Index("i", Integer.of(5)), Index("j", _SIZES["A"])
    assert print_expr(IndexSum((i,), const(1))) == "5"
    assert print_expr(IndexSum((i, j), const(3))) == "15*A"
    assert print_expr(IndexSum((j,), const(1)), explicit=True) == "A"


# Random expressions, nested in ways that no spec writes and that simplification may make.

_TENSORS = {"u": "", "v": "A", "w": "B", "m": "AA", "n": "AB", "o": "BAB"}
_SPEC = (
    "dims: {A: 2, B: 3}\n"
    "inputs: {u: [], v: [A], w: [B], m: [A, A], n: [A, B], o: [B, A, B]}\n"
    "equations: ['y = u']\n"
    "expect: ['%s']\n"
)
_EMPTY = elaborate(read_spec(_SPEC % "dy/du = 1", "empty"))
_INPUTS = {item.tensor.name: item.tensor for item in _EMPTY.inputs}
_SIZES = {dim.name: Integer.of(dim) for dim in _EMPTY.dims}


@st.composite
def expressions(draw: st.DrawFn, scope: tuple[Index, ...], depth: int = 4) -> Expr:
    """An expression whose free indices are among ``scope``."""
    kinds = ["read", "read", "number", "delta", "index"]
    if depth:
        kinds += ["sum", "sum", "sum", "product", "product", "product", "total", "total", "square", "inverse", "call"]
    inner = expressions(scope, depth - 1)
    match draw(st.sampled_from(kinds)):
        case "number":
            return const(
                draw(st.sampled_from([Fraction(2), Fraction(-1), Fraction(1, 2), Fraction(-5, 3), Fraction("0.3")]))
            )
        case "delta" if len(scope) > 1:
            left = draw(st.sampled_from(scope))
            right = draw(st.sampled_from([index for index in scope if index.size == left.size]))
            return Delta(left.expr, right.expr)
        case "index" if scope:
            return IndexValue(draw(st.sampled_from(scope)).expr + draw(st.integers(0, 1)))
        case "sum":
            bound = Index(draw(st.sampled_from("ijk")), _SIZES[draw(st.sampled_from("AB"))])
            body = draw(expressions((*scope, bound), depth - 1))
            return IndexSum((bound,), Mul((body, draw(_ranging(bound)))))
        case "product":
            return Mul(tuple(draw(st.lists(inner, min_size=2, max_size=3))))
        case "total":
            return Add(tuple(draw(st.lists(inner, min_size=2, max_size=3))))
        case "square":
            return Pow(draw(inner), const(2))
        case "inverse":
            positive = Add((const(2), Pow(draw(inner), const(2))))
            return Pow(
                positive, const(draw(st.sampled_from([Fraction(-1), Fraction(-2), Fraction(-1, 2), Fraction(1, 2)])))
            )
        case "call":
            return Call(FUNCTIONS[draw(st.sampled_from(["sin", "tanh"]))], (draw(inner),))
        case _:
            return draw(_read(scope))


@st.composite
def _read(draw: st.DrawFn, scope: tuple[Index, ...]) -> Expr:
    sizes = [index.size for index in scope]
    fitting = [name for name, axes in _TENSORS.items() if all(_SIZES[axis] in sizes for axis in axes)]
    name = draw(st.sampled_from(fitting))
    chosen = (draw(st.sampled_from([i for i in scope if i.size == _SIZES[axis]])) for axis in _TENSORS[name])
    return Component(_INPUTS[name], tuple(index.expr for index in chosen))


def _ranging(index: Index) -> st.SearchStrategy[Expr]:
    """A factor that gives an index its range, so that the language can find it."""
    name = "v" if index.size == _SIZES["A"] else "w"
    return st.just(Component(_INPUTS[name], (index.expr,)))


@st.composite
def definitions(draw: st.DrawFn) -> Define:
    """The gradient of one of the inputs, as a random expression."""
    wrt = draw(st.sampled_from(list(_INPUTS.values())))
    free = tuple(Index(hint, size) for hint, size in zip("iji", wrt.shape, strict=False))
    return Define(gradient_of(wrt), free, draw(expressions(free)))


@settings(max_examples=150, deadline=None)
@given(definitions(), st.booleans())
def test_random_expressions_are_read_back(made: Define, explicit: bool) -> None:
    text = print_define(made, explicit=explicit, surroundings=Surroundings.of(_EMPTY))
    again = elaborate(read_spec(_SPEC % text, "again")).expectations[0]
    environment = {_INPUTS[name]: value for name, value in point(_EMPTY).items()}
    before = evaluate(made.body, made.free, environment, dtype=np.float64)
    after = evaluate(again.body, again.free, environment, dtype=np.float64)
    assert after == pytest.approx(before, rel=1e-9, abs=1e-9), text


@settings(max_examples=40, deadline=None)
@given(specs(), st.booleans())
def test_random_specs_are_read_back(text: str, explicit: bool) -> None:
    program = elaborate(read_spec(text, "random"))
    around = Surroundings.of(program)
    lines = [
        print_define(s, explicit=explicit, surroundings=around) for s in program.statements if isinstance(s, Define)
    ]
    head, _, rest = text.partition("equations:")
    outputs = rest[rest.index("outputs:") :]
    again = elaborate(read_spec(f"{head}equations:\n" + "".join(f"  - {line}\n" for line in lines) + outputs, "again"))
    before = evaluate_program(program, point(program), np.float64)
    after = {tensor.name: value for tensor, value in evaluate_program(again, point(program), np.float64).items()}
    for tensor, value in before.items():
        assert after[tensor.name] == pytest.approx(value, rel=1e-9, abs=1e-9), lines


# A sum over a part of what the name that is at hand runs over by declaration.
DECLARED = """
dims: {N: 3, K: 2}
inputs: {x: [N], v: ["2*N"], w: ["N*K"]}
indices: {i: "2*N", j: "N*K"}
equations: ["f = sum[i](x[i//2]*v[i])", "g = sum[j](x[j//K]*w[j])"]
outputs: [f, g]
"""


# A position that two indices share, beside one of which a position alone ends the range later.
SHARED = """
dims: {N: 3}
inputs: {x: [2], y: [N]}
equations: ["z[i,j] = y[j] + x[i]*y[j//2]", "f[i,n,m] = z[n,k]*z[i,2*m+k]"]
"""


@settings(max_examples=25, deadline=None)
@given(specs(most_equations=2))
@example(DECLARED)
@example(SHARED)
def test_derivatives_of_random_specs_are_read_back(text: str) -> None:
    program = elaborate(read_spec(text, "random"))
    around = Surroundings.of(program)
    jacobians = [jacobian.define for jacobian in derive(program).jacobians if jacobian.define]
    entries = "".join(f"  - {print_define(made, surroundings=around)}\n" for made in jacobians)
    again = elaborate(read_spec(f"{text}expect:\n{entries}", "again"))
    known = evaluate_program(program, point(program), np.float64)
    known_again = evaluate_program(again, point(program), np.float64)
    for made, read in zip(jacobians, again.expectations, strict=True):
        before = evaluate(made.body, made.free, known, dtype=np.float64)
        after = evaluate(read.body, read.free, known_again, dtype=np.float64)
        assert after == pytest.approx(before, rel=1e-9, abs=1e-9), entries


@pytest.mark.parametrize(
    ("equation", "jacobian"),
    [
        (
            "v = log(2 + tanh(x[n]*(x[n] + 2)))",
            "dv/dx[p] = 2*(1 - tanh(x[n]*(x[n] + 2))^2)*(x[p] + 1)/(2 + tanh(x[i]*(x[i] + 2)))",
        ),
        (
            "v = s*exp(sum[n](x[n]*y[n]))*tanh(sum[n](x[n]*y[n]))",
            "dv/ds = exp(x[n]*y[n])*tanh(x[i]*y[i])",
        ),
    ],
)
def test_what_stands_in_two_factors_has_indices_of_its_own_in_each(equation: str, jacobian: str) -> None:
    """Else the convention would sum once over both."""
    program = elaborate(read_spec(f"{HEAD}equations:\n  - {equation}\n", "table"))
    found = next(j.define for j in derive(program).jacobians if jacobian.startswith(f"dv/d{j.wrt.name}"))
    assert found is not None
    assert print_define(found) == jacobian
