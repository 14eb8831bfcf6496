"""What the keys of a spec file mean, value by value."""

from fractions import Fraction

import pytest

from tcgrad.spec.loader import load_spec, read_spec
from tcgrad.spec.model import Sample

EQUATION = "equations: ['y[i] = x[i]']\n"
REST = "inputs: {x: [3]}\n" + EQUATION


def read(text, name="specs/some.yaml"):
    return read_spec(text, name)


def texts(located):
    return [piece.text for piece in located]


FULL = """\
name: layer_norm                     # optional; default: the file's stem
doc: Layer normalisation over the hidden axis.          # optional
dims: {B: 4, H: 8, K: "H - B + 1"}
constants: {eps: 1.0e-5}             # named numbers
inputs:
  x: [B, H]
  gamma: {shape: [H], sample: {uniform: [0.5, 1.5]}}
  beta: [H]
equations:
  - m[b] = 1[h]*x[b,h]/H
  - v[b] = 1[h]*(x[b,h] - 1[h]*m[b])^2/H
  - y[b,h] = (x[b,h] - 1[h]*m[b])/sqrt(v[b] + eps)*gamma[h] + 1[b]*beta[h]
outputs: [y]
wrt: [x, gamma, beta]
indices: {b: B}
functions: {"swish(z)": "z*sigmoid(z)", "f(z)": null}
strict: false
expect: []
check: {trials: 3, seed: 0}
"""


def test_every_key():
    spec = read(FULL)
    assert (spec.name, spec.doc, spec.strict) == ("layer_norm", "Layer normalisation over the hidden axis.", False)
    assert {name: size.text for name, (_, size) in spec.dims.items()} == {"B": "4", "H": "8", "K": "H - B + 1"}
    assert spec.constants["eps"].value == Fraction(1, 100000)
    assert spec.constants["eps"].text == "1.0e-5"
    assert {name: texts(declared.shape) for name, declared in spec.inputs.items()} == {
        "x": ["B", "H"], "gamma": ["H"], "beta": ["H"],
    }  # fmt: skip
    assert spec.inputs["gamma"].sample == Sample("uniform", 0.5, 1.5)
    assert texts(spec.equations)[:2] == ["m[b] = 1[h]*x[b,h]/H", "v[b] = 1[h]*(x[b,h] - 1[h]*m[b])^2/H"]
    assert (texts(spec.outputs), texts(spec.wrt)) == (["y"], ["x", "gamma", "beta"])
    assert {name: size.text for name, (_, size) in spec.indices.items()} == {"b": "B"}
    assert [(f.name.text, texts(f.parameters), f.body and f.body.text) for f in spec.functions.values()] == [
        ("swish", ["z"], "z*sigmoid(z)"),
        ("f", ["z"], None),
    ]
    assert (spec.expect, spec.check) == ((), {"trials": 3, "seed": 0})


def test_places_lead_back_to_the_file():
    spec = read(FULL)
    for located in (
        *spec.equations,
        *spec.outputs,
        spec.functions["swish"].parameters[0],
        spec.functions["swish"].body,
    ):
        assert "".join(FULL[offset] for offset in located.offsets[:-1]) == located.text


def test_defaults():
    spec = read(REST)
    assert (spec.name, spec.doc, spec.strict, spec.check) == ("some", "", False, {})
    assert (spec.outputs, spec.wrt, spec.expect) == ((), (), ())
    assert [spec.dims, spec.constants, spec.indices, spec.functions] == [{}] * 4
    declared = spec.inputs["x"]
    assert (declared.dtype, declared.sample, declared.symmetric) == ("real", Sample("normal"), False)
    assert not declared.zero_outside


def test_a_key_with_nothing_is_left_out():
    keys = ("name", "doc", "dims", "constants", "outputs", "wrt", "indices", "functions", "strict", "expect", "check")
    assert read(REST + "".join(f"{key}:\n" for key in keys)).name == "some"


EQUATIONS = [
    ("['a = b', \"c = d\"]", ["a = b", "c = d"]),
    ("\n  - a = b\n  - c = d", ["a = b", "c = d"]),
    ("|\n  a = b\n\n  # comment\n  c = d  # comment", ["a = b", "c = d  # comment"]),
    ("|\n  a = (b +\n    c)\n  d = e", ["a = (b +\n  c)", "d = e"]),
    ("a = b", ["a = b"]),
    ("\n  a = b +\n    c", ["a = b + c"]),
    ("\n  - >\n    a =\n    b", ["a = b"]),
    ("\n  - |\n    a = b\n    c = d", ["a = b", "c = d"]),
    ("\n  - a = b  # comment", ["a = b"]),
]


@pytest.mark.parametrize(("value", "expected"), EQUATIONS)
def test_forms_of_equations(value, expected):
    found = texts(read(f"inputs: {{x: [3]}}\nequations: {value}\n").equations)
    assert [equation.split("  #")[0] for equation in found] == [equation.split("  #")[0] for equation in expected]


NUMBERS = [
    ("1e-6", Fraction(1, 10**6)),
    ("1.0e-5", Fraction(1, 10**5)),
    ("010", 10),
    ("0o10", 8),
    ("0x1F", 31),
    ("+3", 3),
    ("-.5", Fraction(-1, 2)),
    ("1.", 1),
    ("-0.0", 0),
    ("0e999999999", 0),
    ("1e+3", 1000),
    ("0.1", Fraction(1, 10)),
    ("3.14159265358979323846", Fraction(314159265358979323846, 10**20)),
    ("1e300", 10**300),
    ("1e-300", Fraction(1, 10**300)),
    ("000000001e-300", Fraction(1, 10**300)),
    ("!!float 3", 3),
    ('!!int "3"', 3),
]


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_constants_are_exact_and_typed_by_the_rules_of_yaml_1_2(text, value):
    assert read(f"constants: {{c: {text}}}\n{REST}").constants["c"].value == value


@pytest.mark.parametrize(
    "name", ["on", "no", "y", "n", "off", "yes", "No", "lambda", "class", "None_", "é", "ε", "l", "_"]
)
def test_words_that_are_names(name):
    spec = read(f"dims: {{{name}: 3}}\ninputs: {{q: [{name}]}}\nequations: ['z[i] = q[i]']\n")
    assert list(spec.dims) == [name]
    assert texts(spec.inputs["q"].shape) == [name]


@pytest.mark.parametrize("name", ['"true"', "'null'", '"~a"', '"1"'])
def test_quoted_keys_are_text(name):
    text = f"inputs: {{{name}: [3]}}\nequations: ['z = 1']\n"
    if name in ('"true"', "'null'"):
        assert list(read(text).inputs) == [name.strip("\"'")]


SIZES = [
    ("4", "4"), ("010", "10"), ("0x1F", "31"), ("0o17", "15"), ("+7", "7"), ("2147483647", "2147483647"),
    ('"4"', "4"), ("H - K + 1", "H - K + 1"), ('"2*H"', "2*H"), ("H//2", "H//2"), ("!!str 5", "5"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "text"), SIZES)
def test_sizes_are_handed_on_as_decimal_text(written, text):
    spec = read(
        f"dims: {{H: 8, K: 2, N: {written}}}\nindices: {{i: {written}}}\ninputs: {{x: [{written}]}}\n{EQUATION}"
    )
    assert spec.dims["N"][1].text == spec.indices["i"][1].text == spec.inputs["x"].shape[0].text == text
    assert len(spec.dims["N"][1].offsets) == len(text) + 1


INPUTS = [
    ("[]", {}),
    ("{shape: []}", {}),
    ("{shape: [3], dtype: int}", {"dtype": "int"}),
    ("{shape: [3], dtype: bool}", {"dtype": "bool"}),
    ("{shape: [3], sample: normal}", {"sample": Sample("normal")}),
    ("{shape: [3], sample: positive}", {"sample": Sample("positive")}),
    ("{shape: [3], sample: simplex}", {"sample": Sample("simplex")}),
    ("{shape: [3], sample: one_hot}", {"sample": Sample("one_hot")}),
    ("{shape: [N, N], sample: spd}", {"sample": Sample("spd")}),
    ("{shape: [3], sample: {uniform: [-1, 1e-3]}}", {"sample": Sample("uniform", -1.0, 1e-3)}),
    ("{shape: [3], dtype: int, sample: {integers: [0, 5]}}", {"dtype": "int", "sample": Sample("integers", 0.0, 5.0)}),
    ("{shape: [3], dtype: bool, sample: {integers: [0, 2]}}", {"dtype": "bool"}),
    ("{shape: [3], dtype: int, sample: one_hot}", {"sample": Sample("one_hot")}),
    ("{shape: [2, N, N], symmetric: true}", {"symmetric": True}),
    ("{shape: [2, N, N], symmetric: True, sample: spd}", {"symmetric": True, "sample": Sample("spd")}),
    ("{shape: [N], symmetric: false, outside: 0}", {"symmetric": False, "zero_outside": True}),
    ("{shape: [N], dtype: , sample: null, outside: ~}", {"dtype": "real", "zero_outside": False}),
]


@pytest.mark.parametrize(("value", "fields"), INPUTS)
def test_forms_of_inputs(value, fields):
    declared = read(f"dims: {{N: 3}}\ninputs: {{x: {value}, z: [3]}}\nequations: ['y = 1']\n").inputs["x"]
    assert {field: getattr(declared, field) for field in fields} == fields


OPTIONS = [
    ("trials: 3", {"trials": 3}),
    ("seed: 0", {"seed": 0}),
    ("dtype: float32", {"dtype": ("float32",)}),
    ("dtype: [float32, float64, float32]", {"dtype": ("float32", "float64")}),
    ("rtol: 1e-6, atol: 1.5", {"rtol": 1e-6, "atol": 1.5}),
    ("max-elements: 100, max_elements: ", {"max_elements": 100}),
    ("allow-inconclusive: true", {"allow_inconclusive": True}),
]


@pytest.mark.parametrize(("value", "options"), OPTIONS)
def test_check_options(value, options):
    assert read(f"check: {{{value}}}\n{REST}").check == options


SIGNATURES = [
    ('"f(z)": z', "f", ["z"]),
    ("f(z): z", "f", ["z"]),
    ('" f ( a , b ) ": a*b', "f", ["a", "b"]),
    ('"swish_2(é)": null', "swish_2", ["é"]),
    ('"one(z)": 1', "one", ["z"]),
]


@pytest.mark.parametrize(("entry", "name", "parameters"), SIGNATURES)
def test_signatures(entry, name, parameters):
    text = f"functions:\n  {entry}\n{REST}"
    function = read(text).functions[name]
    assert texts(function.parameters) == parameters
    for part in (function.name, *function.parameters):
        assert text[part.offsets[0] : part.offsets[-1]] == part.text


def test_aliases_and_core_tags_are_data():
    spec = read("inputs: !!map {x: &shape !!seq [3, !!int 4], w: *shape, name: [2]}\nequations: [!!str y = 1]\n")
    assert texts(spec.inputs["w"].shape) == texts(spec.inputs["x"].shape) == ["3", "4"]


@pytest.mark.parametrize("encode", [str.encode, lambda text: b"\xef\xbb\xbf" + text.encode()])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_files(tmp_path, encode, ending):
    path = tmp_path / "tanh.tcgrad.yaml"
    path.write_bytes(encode(("doc: é\n" + REST).replace("\n", ending)))
    spec = load_spec(path)
    assert (spec.name, spec.doc) == ("tanh.tcgrad", "é")
    assert spec.source.position(spec.equations[0].offsets[0]) == (3, 14)
    assert load_spec(str(path)) == spec


def test_an_index_may_have_the_name_of_a_tensor_or_a_function():
    text = "dims: {exp: 3}\ninputs: {b: [exp]}\nindices: {b: 3, sum: 4}\nequations: ['y[b] = b[b]']\n"
    assert list(read(text).indices) == ["b", "sum"]
