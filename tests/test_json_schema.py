"""The JSON Schema of specs takes what the loader takes and refuses what it refuses, as far as a schema can tell."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from test_spec_errors import SINGLE

from tcgrad.cli.run import run
from tcgrad.codes import CODES
from tcgrad.errors import Source, TcgradError
from tcgrad.locate import gallery_specs
from tcgrad.spec.json_schema import spec_schema
from tcgrad.spec.loader import read_spec
from tcgrad.spec.yaml.nodes import Mapping, Node, Sequence, compose
from tcgrad.spec.yaml.scalars import kind_of

VALIDATOR = jsonschema.Draft202012Validator(spec_schema())

# What is wrong with a file as YAML: its data are no longer told apart.
NOT_IN_DATA = {"TC101", "TC102", "TC103", "TC104", "TC105", "TC106"}
# What a schema cannot tell: the code, and a part of the message or help.
BEYOND = [
    ("TC109", 'quote it: "true"'),  # the keys of JSON are texts
    ("TC109", "write `1000`"),  # JSON's 1e3 is an integer
    ("TC108", "nothing to differentiate by"),
    ("TC112", "names a dim here and an input before"),
    ("TC112", "names a constant here and an input before"),
    ("TC112", "names an input here and a dim before"),
    ("TC112", "names a dim here and an index before"),
    ("TC112", "names a function here and an input before"),
    ("TC112", "names a function here and a function before"),
    ("TC112", "names an index here and a dim before"),
    ("TC112", "same name as `ﬁ` in Python"),
    ("TC113", "write `1000`"),  # likewise
    ("TC115", "below the upper"),
    ("TC109", "an integer"),  # likewise
    ("TC115", "sizes 3 and 4"),
    ("TC116", "1e-300"),  # read as 0
    ("TC116", "1e300"),  # JSON has no .nan
    ("TC117", "`z` stands twice"),
    ("TC119", "no input `z`"),
    ("TC119", "write x"),
    ("TC119", "write one of x, q"),
    ("TC119", "did you mean `x`?"),
    ("TC119", "has the dtype int"),
]
OTHER_ERRORS = [
    "inputs: {x: [3]}\nequations: [' # nothing']\n",
    "inputs: {x: [3]}\nequations: []\n",
    "inputs: {x: [3]}\nequations: ['y = x[0]']\nwrt: []\n",
    "inputs: {x: [3]}\nequations: ['y = x[0]']\ncheck: {rtol: -1}\n",
    "inputs: {x: [3]}\nequations: ['y = x[0]']\ncheck: {method: guess}\n",
    "inputs: {x: [3]}\nequations: ['y = x[0]']\ncheck: {dtype: 'float16, float31'}\n",
    "inputs: {'é è': [3]}\nequations: ['y = 1']\n",
    "inputs: {x: [3]}\nequations: ['y = x[0]']\nfunctions: {'exp (z)': z}\n",
    "inputs: {x: [3]}\nequations: ['y = x[0]']\nfunctions: {'f(z, exp)': z}\n",
]
ACCEPTED = [
    "inputs: {x: [3]}\nequations: |\n  # a comment\n  y = x[0]\n",
    "inputs: {x: {shape: [], dtype: null, sample: null, symmetric: null, outside: null}}\nequations: ['y = x']\n",
    "inputs: {α_1: ['N + 1', 2]}\ndims: {N: 3, exp: 2, é: N*2}\nequations: ['y = α_1[i,j]*α_1[i,j]']\n",
    "inputs: {x: {shape: [3], outside: 0.0, sample: {uniform: [-1.5, 0]}}}\nequations: ['y = x[0]']\nname: 3\n",
    "inputs: {x: {shape: [3, 3], sample: spd, symmetric: true}}\nequations: ['y = x[i,i]']\n",
    "inputs: {x: [3], b: {shape: [2], dtype: bool, sample: {integers: [0, 2]}}}\nequations: ['y = x[0]']\n",
    "inputs: {x: [3], k: {shape: [2, 3], dtype: int, sample: one_hot}}\nequations: ['y = x[0]']\n",
    "inputs: {x: [3]}\nequations: ['y = f(x[0], 2)']\nfunctions: {' f( a,b ) ': null, 'g(expo)': 'exp(expo)'}\n",
    "inputs: {x: [3]}\nequations: ['y = x[0]']\nconstants: {a: 1e-300, b: -1e300, c: 0, d: 1.5}\nindices: {sum: 2}\n",
    "inputs: {x: [3]}\nequations: ['y = x[0]']\ncheck: {max-elements: 3, dtype: [float32], seed: 0, rtol: null}\n",
    "inputs: {x: [3]}\nequations: ['y = x[0]']\ncheck: {max_elements: 3, allow-inconclusive: true, dtype: float16}\n",
    "inputs: {x: [3]}\nequations: ['y = x[0]']\ncheck: {dtype: 'float16, float32', only: 'gradient,jvp'}\n",
    "inputs: {x: [3]}\nequations: ['y = x[0]']\ndims: null\nstrict: null\nwrt:\ncheck:\noutputs: [y]\n",
]


def data(node: Node | None) -> Any:
    """The values of a spec by the rules of YAML 1.2."""
    if isinstance(node, Mapping):
        return {
            str(data(key)) if isinstance(key, Mapping | Sequence) else key.text.text: data(value)
            for key, value in node.entries
        }
    if isinstance(node, Sequence):
        return [data(item) for item in node.items]
    match kind_of(node):
        case "null":
            return None
        case "bool":
            return node.text.text.lower() == "true"
        case "int":
            return int(node.text.text, 0) if node.text.text[:2] in ("0x", "0o") else int(node.text.text)
        case "float":
            return float(re.sub(r"\.(inf|nan)", r"\1", node.text.text.lower()))
    return node.text.text


def accepts(text: str) -> bool:
    return VALIDATOR.is_valid(data(compose(Source("t.yaml", text))))


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(spec_schema())
    assert json.loads(json.dumps(spec_schema())) == spec_schema()


@pytest.mark.parametrize("path", gallery_specs(), ids=lambda path: path.stem)
def test_the_gallery_is_accepted(path):
    VALIDATOR.validate(data(compose(Source(path.name, path.read_text(encoding="utf-8")))))


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_the_loader_accepts_is_accepted(text: str):
    read_spec(text, "t.yaml")
    VALIDATOR.validate(data(compose(Source("t.yaml", text))))


@pytest.mark.parametrize("code", [code for code in CODES.values() if "equations:" in code.mended], ids=lambda c: c.code)
def test_examples_of_codes(code):
    assert accepts(code.mended)
    if code.code >= "TC2":
        assert accepts(code.example) or code.code == "TC207"


def test_what_the_loader_refuses_is_refused_but_for_what_a_schema_cannot_tell():
    rows = [row for row in SINGLE if row[1] not in NOT_IN_DATA and len(row[0]) < 4000]  # Python reads no more digits
    assert len(rows) > 100
    assert [(row[1], row[4]) for row in rows if accepts(row[0])] == BEYOND


@pytest.mark.parametrize("text", OTHER_ERRORS)
def test_more_that_is_refused(text: str):
    with pytest.raises(TcgradError):
        read_spec(text, "t.yaml")
    assert not accepts(text)


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]):
    assert run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == spec_schema()
