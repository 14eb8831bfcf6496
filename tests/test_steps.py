"""Derivations step by step: every line worth the same as the next, the last one the formula that is derived."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from programs import specs
from share import share
from steps_tools import Values, check_chain
from test_calculus import PROGRAMS
from test_oracles import long, program_of, quick

import tcgrad
from tcgrad.calculus import derive
from tcgrad.ir.program import Define
from tcgrad.locate import gallery_specs
from tcgrad.notation.index import print_define, print_expr
from tcgrad.notation.naming import Surroundings
from tcgrad.notation.spelling.syntaxes import ASCII
from tcgrad.report.derivations.passages import print_chain
from tcgrad.simplify.tidy import tidy
from tcgrad.steps import explain

NAMES = [path.stem for path in gallery_specs()]


def check_program(program):
    """The number of lines compared."""
    explained = explain(derive(program))
    derivation = explained.derivation
    values = Values.of(program)
    values.run(derivation.backward)
    compared = 0
    for jacobian, chains in zip(derivation.jacobians, explained.jacobians, strict=True):
        assert bool(chains) == (jacobian.define is not None)
        if chains:
            assert chains[-1].left.tensor == jacobian.define.tensor
            assert chains[-1].result is jacobian.define.body
            assert chains[-1].free == jacobian.define.free
            check_printed(chains[-1], jacobian.define, program)
    gradients = (*derivation.gradients, *derivation.line_by_line.gradients)
    for gradient, chains in zip(gradients, (*explained.gradients, *explained.through), strict=True):
        assert chains[-1].left.tensor == gradient.statements[-1].tensor
        made = {chain.left.tensor: chain for chain in chains}
        for statement in gradient.statements:
            if isinstance(statement, Define):
                assert made[statement.tensor].result is statement.body
                check_printed(made[statement.tensor], statement, program)
    every = (*explained.jacobians, *explained.gradients, *explained.through)
    for chain in dict.fromkeys(chain for chains in every for chain in chains):
        compared += check_chain(chain, values)
    return compared


def check_printed(chain, define, program):
    """The last line reads as the formula does wherever else it is printed."""
    around = Surroundings.of(program)
    lines = print_chain(chain, ASCII, around)
    assert f"{lines[0].left} = {lines[-1].right}" == print_define(define, ASCII, surroundings=around)


@pytest.mark.parametrize("name", share(NAMES, 2))
def test_the_lines_of_the_gallery_are_equal(name):
    assert check_program(tcgrad.load(f"gallery:{name}").program) > 0


RECURRENCES = {
    "lags and base cases": """
dims: {T: 5, A: 2}
inputs: {w: [A, A], y0: [A], z0: [A], x: [T, A]}
equations:
  - y[0,a] = y0[a]*x[0,a]
  - y[1,a] = sin(y0[a])
  - y[t,a] = tanh(w[a,b]*y[t-1,b])*y[t-2,a] + x[t,a]
  - s[t] = 1[a]*y[t,a]^2
  - f = 1[t]*s[t]
outputs: [f, y]
""",
    "two tensors together": """
dims: {T: 3, A: 2}
inputs: {w: [A, A], u: [A, A], h0: [A], x: [T, A]}
equations:
  - c[-1,a] = h0[a]^2
  - h[-1,a] = h0[a]
  - c[t,a] = c[t-1,a]*sigmoid(w[a,b]*h[t-1,b]) + x[t,a]
  - h[t,a] = tanh(u[a,b]*c[t,b])
outputs: [h]
""",
    "a recurrence after a recurrence": """
dims: {T: 4}
inputs: {a: [T], b: []}
equations:
  - p[0] = b^2
  - p[t] = p[t-1]*sin(a[t])
  - q[-1] = b
  - q[t] = q[t-1]*p[t] + p[t]^2
  - f = q[T-1]*p[0]
""",
}


@pytest.mark.parametrize("text", RECURRENCES.values(), ids=list(RECURRENCES))
def test_the_lines_through_recurrences_are_equal(text):
    assert check_program(program_of(text)) > 20


BESIDE = {
    "elsewhere the upstream gradient is 0": """
dims: {N: 3}
inputs: {u: [N], v: [N], c: []}
equations:
  - z[i,j] = c/(3 + u[i]*v[j])
  - p[i,j] = sin(z[i,j])
  - y[i] = p[i,i]^2
""",
    "a scalar whose way forward is too long": """
dims: {N: 5}
constants: {a: 0.1, b: 0.9}
inputs: {y: [N], q: [2]}
equations:
  - f = sum[i](max(a*(y[i] - q[0]), (a - 1)*(y[i] - q[0])) + max(b*(y[i] - q[1]), (b - 1)*(y[i] - q[1])))
""",
    "a gradient that reads that of an intermediate in the end alone": """
inputs: {x: [3], t: [3]}
equations:
  - n = sqrt(x[i]*x[i])
  - u[i] = x[i]/n
  - f = sum[i]((u[i] - t[i])^2)/2
""",
    "base cases that read those before them": """
dims: {T: 6}
inputs: {x: [T], a: [], b: []}
equations:
  - y[0] = x[0]
  - y[1] = x[1] + a*y[0]
  - y[t] = x[t] + a*y[t-1] + b*y[t-2]
""",
}


@pytest.mark.parametrize("text", BESIDE.values(), ids=list(BESIDE))
def test_the_lines_are_equal_where_the_way_is_not_straight(text):
    assert check_program(program_of(text)) > 4


def test_a_derivative_that_is_too_long_forward_is_not_0():
    program = program_of(BESIDE["a scalar whose way forward is too long"])
    explained = explain(derive(program))
    words = [rule.words for chains in explained.jacobians for chain in chains for s in chain.steps for rule in s.rules]
    assert not any("does not depend" in each for each in words)


LINES = {
    "a trace": (
        "inputs: {b: [3, 3]}\nequations: ['t = b[i,i]']",
        ["db[i,i]/db[p,q]", "delta[i,p]*delta[i,q]", "delta[p,q]"],
    ),
    "a number of equal terms": (
        "dims: {N: 3}\ninputs: {s: []}\nindices: {n: N}\nequations: ['v = sum[n](s)']",
        ["d(N*s)/ds", "N*ds/ds", "N"],
    ),
    "a norm": (
        "inputs: {x: [3]}\nequations: ['n = sqrt(x[i]*x[i])']",
        [
            "d(sqrt(x[i]*x[i]))/dx[p]",
            "d(x[i]*x[i])/dx[p]/(2*n)",
            "(dx[i]/dx[p]*x[i] + x[i]*dx[i]/dx[p])/(2*n)",
            "(delta[i,p]*x[i] + x[i]*delta[i,p])/(2*n)",
            "x[p]/n",
        ],
    ),
    "a largest product": (
        "inputs: {a: [3], w: [3]}\nequations: ['m = max[i](a[i]*w[i])']\nwrt: [a]",
        [
            "d(max[i](a[i]*w[i]))/da[p]",
            "[a[i]*w[i] == max[j](a[j]*w[j])]*da[i]/da[p]*w[i]/(1[k]*[a[k]*w[k] == max[m](a[m]*w[m])])",
            "[a[i]*w[i] == max[j](a[j]*w[j])]*delta[i,p]*w[i]/(1[k]*[a[k]*w[k] == max[m](a[m]*w[m])])",
            "w[p]*[a[p]*w[p] == max[k](a[k]*w[k])]/(1[i]*[a[i]*w[i] == max[j](a[j]*w[j])])",
        ],
    ),
    "an inner function of several arguments": (
        "inputs: {x: [3], w: [2, 3]}\nequations: ['y[i] = tanh(w[i,k]*x[k])']\nwrt: [x]",
        [
            "d(tanh(w[i,k]*x[k]))/dx[p]",
            "(1 - y[i]^2)*d(w[i,k]*x[k])/dx[p]",
            "(1 - y[i]^2)*w[i,k]*dx[k]/dx[p]",
            "(1 - y[i]^2)*w[i,k]*delta[k,p]",
            "w[i,p]*(1 - y[i]^2)",
        ],
    ),
}


@pytest.mark.parametrize(("text", "lines"), LINES.values(), ids=list(LINES))
def test_the_lines_of(text, lines):
    program = program_of(text)
    (chains,) = explain(derive(program)).jacobians
    assert [line.right for line in print_chain(chains[-1], ASCII, Surroundings.of(program))] == lines


FACTORS = "inputs: {x: [], y: []}\nequations: ['s = 3*x + 1', 'm = 3*x*y^2']\noutputs: [s, m]\nwrt: [x]"


def test_a_number_taken_out_is_called_that():
    (chains,) = explain(derive(program_of(FACTORS))).gradients
    assert chains[-1].steps[-1].rules[0].words == "take out the common factor"


TWICE = """
inputs: {a: [3], b: [3], c: [3]}
equations: ['u[k] = levi_civita[k,l,m]*b[l]*c[m]', 'y[i] = levi_civita[i,j,k]*a[j]*u[k]']
wrt: [b]
"""


def test_permutation_symbols_that_become_deltas_are_said_to():
    program = program_of(TWICE)
    (chains,) = explain(derive(program)).jacobians
    assert chains[-1].steps[-1].rules[0].words == "write two permutation symbols as deltas"
    check_program(program)


@given(specs())
@settings(quick, max_examples=10)
def test_the_lines_of_generated_programs_are_equal(text):
    check_program(program_of(text))


@pytest.mark.long
@given(specs())
@settings(long, max_examples=300)
def test_the_lines_of_many_generated_programs_are_equal(text):
    check_program(program_of(text))


@pytest.mark.long
@pytest.mark.parametrize("text", PROGRAMS.values(), ids=list(PROGRAMS))
def test_the_lines_of_all_that_the_language_can_write_are_equal(text):
    check_program(program_of(text))


RULES = """
sum: y = x^2 + sin(x) | definition, sum, power, chain, seed
constants are left out: y = 3*x + 7 | definition, sum, constant factor, seed
several kinds in one line: y = x^2 + sin(x)*x | definition, sum, power, product, chain, seed, take out
quotient: y = x/(1 + x^2) | definition, quotient, power, seed, simplify, take out, definition
quotient by a root: y = x/sqrt(x + 2) | definition, quotient, power, sum, seed, take out, collect
a reciprocal alone: y = 1/x | definition, power, seed, definition
the exponent: y = 2^x | definition, exponent, definition, seed
a function by its own value: y = tanh(3*x) | definition, chain, definition, seed
a root by its own value: y = 1/sqrt(x + 1) | definition, power, definition, sum, seed
like terms: y = (x + 1)*(x + 1) | definition, product, sum, seed, simplify, collect, take out
jumps: y = 3*floor(x) + [x > 0] | definition, flat
a choice: y = where(x > 0, x^2, 3) | definition, branches, power, seed, simplify, brackets
"""
NAMED = {
    "definition of": "definition",
    "sum rule": "sum",
    "power rule": "power",
    "chain rule": "chain",
    "product rule": "product",
    "quotient rule": "quotient",
    "constant factor rule": "constant factor",
    "derivative of a power": "exponent",
    "{}": "seed",
    "collect": "collect",
    "simplify": "simplify",
    "take out": "take out",
    "constant but for jumps": "flat",
    "derivative of each branch": "branches",
    "write choices": "brackets",
}


@pytest.mark.parametrize("row", RULES.strip().splitlines())
def test_the_rules_of(row):
    equation, expected = row.partition(": ")[2].split(" | ")
    (chains,) = explain(derive(program_of(f"inputs: {{x: []}}\nequations: ['{equation}']"))).jacobians
    words = [rule.words for step in chains[-1].steps for rule in step.rules]
    assert [next(n for start, n in NAMED.items() if w.startswith(start)) for w in words] == expected.split(", ")


def test_exponentials_that_are_joined_are_told():
    text = "dims: {N: 3}\ninputs: {x: [N]}\nequations: ['f = log(1 + sum[i](exp(x[i])))']\n"
    (chains,) = explain(derive(program_of(text))).jacobians
    rules = [(print_expr(step.expr, chains[-1].free), step.rules[0].words) for step in chains[-1].steps[-2:]]
    assert rules == [("exp(x[p])/exp(f)", "definition of {}"), ("exp(x[p] - f)", "add exponents")]


def test_the_exponential_of_a_logarithm_is_told():
    text = "dims: {N: 3}\ninputs: {x: [N], a: [N]}\nwrt: [x]\nequations: ['f = sum[i](exp(x[i] + log(a[i])))']\n"
    (chains,) = explain(derive(program_of(text))).jacobians
    (step,) = chains[-1].steps[-1:]
    assert (print_expr(step.expr, chains[-1].free), step.rules[0].words) == (
        "a[p]*exp(x[p])",
        "exponential of a logarithm",
    )


def test_what_is_multiplied_out_is_by_no_definition():
    coupling = "['s[k] = tanh(w[k])', 'y[k] = x[k]*exp(s[k]) + u[k]*w[k]', 'f = sum[k](y[k]^2)/2 - sum[k](s[k])']"
    text = f"dims: {{K: 3}}\ninputs: {{x: [K], u: [K], w: [K]}}\nwrt: [w]\nequations: {coupling}\n"
    (chains,) = explain(derive(program_of(text))).jacobians
    last, before = chains[-1].steps[-1], chains[-1].steps[-2]
    assert print_expr(last.expr, chains[-1].free) == "u[p]*y[p] + (s[p]^2 - 1)*(1 - x[p]*y[p]*exp(s[p]))"
    assert print_expr(before.expr, chains[-1].free) == "s[p]^2 + y[p]*(u[p] + x[p]*exp(s[p])*(1 - s[p]^2)) - 1"
    assert [rule.words for rule in last.rules] == ["collect like terms"]


def test_what_is_written_by_the_inverses_of_factors_is_called_so():
    equations = "['y[i,j] = a[i,k]*x[k,j]', 'f = logdet(y)']"
    derivation = derive(program_of(f"inputs: {{a: [3, 3], x: [3, 3]}}\nequations: {equations}"))
    for chains in explain(derivation).jacobians:
        assert chains[-1].steps[-1].rules[0].words == "inverse of a product"


PRODUCTS = [
    ("a[i,k]*x[k,j]", "logdet(y)"),
    ("a[i,k]*x[k,j]", "det(y)"),
    ("x[k,i]*a[k,j]", "log(det(y))"),
    ("x[i,k]*x[k,j]", "logdet(y)"),
    ("a[i,k]*x[k,l]*a[l,j]", "det(y)"),
    ("x[i,k]*x[j,k]", "logdet(y) + v[i]*inv(y)[i,j]*v[j]"),
]


@pytest.mark.parametrize(("product", "of"), PRODUCTS)
def test_the_lines_through_inverses_of_factors_are_equal(product, of):
    inputs = "{a: {shape: [3, 3], sample: spd}, x: {shape: [3, 3], sample: spd}, v: [3]}"
    equations = f"['y[i,j] = {product}', 'f = {of} + sum[i](v[i]^2)']"
    assert check_program(program_of(f"inputs: {inputs}\nequations: {equations}\n")) > 20


@pytest.mark.parametrize("of", ["logdet(y)", "det(y)", "inv(y)[i,i]"])
def test_a_matrix_that_meets_its_inverse_is_told(of):
    derivation = derive(program_of(f"inputs: {{x: [3, 3]}}\nequations: ['y[i,j] = inv(x)[i,j]', 'f = {of}']"))
    (chains,) = explain(derivation).jacobians
    assert chains[-1].steps[-1].rules[0].words == "cancel a matrix with its inverse"


def test_a_determinant_that_has_a_name_has_no_definition_besides():
    """Its own name meets that, and what it is multiplied with gets shorter."""
    text = "inputs: {x: [3, 3], a: [], b: []}\nwrt: [x]\nequations: ['j = det(x)', 'f = a*j^2/2 - b*log(j)']\n"
    (chains,) = explain(derive(program_of(text))).jacobians
    (step,) = chains[-1].steps[-1:]
    assert print_expr(step.expr, chains[-1].free) == "inv(x)[q,p]*(a*j^2 - b)"
    assert [tensor.name for tensor in step.rules[0].about] == ["j"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2*x^(3-2)*3", "6*x"),
        ("x*(y*x)", "x*y*x"),
        ("x/y/y", "x/y^2"),
        ("0 + x*y + 0", "x*y"),
        ("x^-1*y*x^-1", "y/x^2"),
        ("y/sqrt(x)^3", "y/x^(3/2)"),
        ("x^(1-1)*y", "y"),
        ("3^2*x", "9*x"),
        ("1.0000001^1000000000*x", "1.0000001^1000000000*x"),
        ("sum[i](a[i]*b[i])*x*1", "(a[i]*b[i])*x"),
    ],
)
def test_tidy(given, expected):
    text = "inputs: {{x: [], y: [], a: [3], b: [3]}}\nequations: ['z = {}']"
    made, wanted = (program_of(text.format(e)).statements[0].body for e in (given, expected))
    assert print_expr(tidy(made)) == print_expr(wanted).replace("(a[i]*b[i])*x", "a[i]*b[i]*x")
    assert tidy(tidy(made)) == tidy(made)


def test_a_gradient_that_two_deltas_repeat_is_not_inserted():
    """``e[i,j,m]*e[m,p,k]`` has two terms as deltas, and what stands beside it is read in both."""
    text = "inputs: {a: [3], b: [3], c: [3]}\noutputs: [y]\nequations:\n"
    text += "  - d[i] = levi_civita[i,j,k]*b[j]*c[k]\n  - y[i] = levi_civita[i,j,k]*a[j]*d[k]\n"
    report = tcgrad.loads(text).derive(wrt=["b"]).report(steps=True)
    (line,) = (line for line in report.splitlines() if "= ∂l/∂y[p]·a[k]·c[k] - a[p]·∂l/∂y[k]·c[k]" in line)
    assert line.endswith("write two permutation symbols as deltas")
