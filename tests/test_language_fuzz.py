"""Whatever is written in an equation, it is either read or refused with a place; nothing else ever happens."""

from elaborating import spec_text
from hypothesis import given, settings
from hypothesis import strategies as st

from tcgrad.codes import CODES
from tcgrad.errors import Located, Report, TcgradError
from tcgrad.ir.verify import verify_program
from tcgrad.language.elaborate import elaborate
from tcgrad.language.parsing.parser import parse_equation
from tcgrad.spec.loader import read_spec

NAMES = [
    "x",
    "m",
    "s",
    "t",
    "tok",
    "i",
    "j",
    "k",
    "N",
    "M",
    "eps",
    "f",
    "r",
    "dl",
    "dr",
    "dx",
    "l",
    "delta",
    "sum",
    "max",
]
WORDS = [*NAMES, "1", "0", "2", "-1", "0.5", "exp", "where", "inv", "det", "mean", "pi", "ε", "A_{ij}", "f'", "foo"]
SIGNS = [
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "^",
    "(",
    ")",
    "[",
    "]",
    "[",
    "]",
    ",",
    "=",
    "==",
    "<",
    "<=",
    " ",
    "_{",
    "}",
    "#",
    "!",
]
PIECES = [
    "x[i]",
    "m[i,j]",
    "m[j,i]",
    "x[i+1]",
    "x[2*i]",
    "1[i]",
    "delta[i,j]",
    "sum[i](x[i])",
    "max[j](m[i,j])",
    "exp(x[i])",
    "m[tok[k],j]",
    "[i <= j]",
    "where(x[i] > 0, x[i], 0)",
    "inv(a)[i,j]",
    "dl/dr[i]",
    "r[i-1]",
    "x[i]*x[i]",
    "(x[i] + s)",
    "f(x[i], s)",
    "t[i,j]",
    "x[k]^2",
    "h[i]",
    "m[i//2,j%2]",
]

KEYS = {
    "dims": {"N": 3, "M": 4},
    "constants": {"eps": 0.5},
    "inputs": {
        "x": ["N"],
        "m": ["N", "M"],
        "a": ["N", "N"],
        "s": [],
        "tok": {"shape": [2], "dtype": "int"},
        "h": {"shape": ["M"], "outside": 0},
    },
    "functions": {"f(u, v)": "u*v + exp(u)"},
}


def judge(equations, **keys):
    """Elaborate; what is refused has a code of the table and a place in the text."""
    text = spec_text(*equations, **KEYS, **keys)
    found = ()
    try:
        verify_program(elaborate(read_spec(text, "fuzz.yaml")))
    except TcgradError as error:
        found = error.diagnostics
    for diagnostic in found:
        assert diagnostic.code in CODES
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)


soup = st.lists(st.sampled_from(WORDS + SIGNS + PIECES), max_size=14).map("".join)
targets = st.sampled_from(["r", "r[i]", "r[i,j]", "t[i,j]", "r[0]", "r[-1]", "r[k]"])


@st.composite
def expressions(draw, depth=3):
    """Something that parses, whether or not it means anything."""
    if depth == 0:
        return draw(st.sampled_from(PIECES))
    inner = expressions(depth - 1)
    form = draw(
        st.sampled_from(["{}", "{}*{}", "{} + {}", "{}/({})", "({})^2", "exp({})", "sum[{i}]({})", "({})*{}", "-{}"])
    )
    index = draw(st.sampled_from("ijk"))
    return form.replace("{i}", index).format(*(draw(inner) for _ in range(2)))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30) | soup)
def test_any_text_is_parsed_or_refused(text):
    report = Report()
    for tensors in (None, {"x", "y", "r", "l"}):
        equation = parse_equation(Located.plain(text), report, tensors=tensors)
        assert equation is not None or report.errors


@settings(max_examples=100, deadline=None)
@given(targets, soup)
def test_any_tokens_are_elaborated_or_refused(target, body):
    judge([f"{target} = {body}"])


@settings(max_examples=100, deadline=None)
@given(targets, expressions())
def test_any_expression_is_elaborated_or_refused(target, body):
    judge([f"{target} = {body}"])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(targets, expressions(depth=2)), min_size=2, max_size=4))
def test_any_equations_are_elaborated_or_refused(equations):
    judge([f"{target} = {body}" for target, body in equations], indices={"k": 2})


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["dl/dx[p]", "dr[i]/dx[p]", "dr/ds", "dl/dr[i]", "dx[i]/dx[j]"]), expressions(depth=2))
def test_any_expectation_is_elaborated_or_refused(target, body):
    judge(["r[i] = x[i]*x[i]*s"], expect=[f"{target} = {body}"])
