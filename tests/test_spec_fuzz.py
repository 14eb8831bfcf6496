"""Whatever the text, a spec loads or is refused: no other exception, no control characters, places inside the file."""

import random
import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tcgrad.codes import CODES
from tcgrad.errors import TcgradError
from tcgrad.report.diagnostics import MAX_SHOWN, render_diagnostics
from tcgrad.spec.loader import load_spec, read_spec
from tcgrad.spec.schema import INPUT_KEYS, SPEC_KEYS
from tcgrad.spec.yaml import nodes

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))

RICH = """\
name: "all \\u00e9 keys"
doc: >
  Folded text
  of two lines.
dims: {B: 4, H: 8, K: "H - 2*3 + 1"}
constants: {eps: 1.0e-5, μ: 0x1F, minus: -.5}
inputs:
  x: &shape [B, H]
  gamma: {shape: [H], sample: {uniform: [0.5, 1.5]}}
  tok: {shape: *shape, dtype: int, sample: {integers: [0, 4]}, outside: 0}
  A: {shape: [K, K], sample: spd, symmetric: true}
equations: |
  m[b] = 1[h]*x[b,h]/H   # the mean
  y[b,h] = (x[b,h] -
            m[b])*gamma[h]
outputs: [y]
wrt: [x, 'gamma']
indices: {b: B}
functions: {"swish(z)": "z*sigmoid(z)", "f(a, b)": null}
strict: false
expect:
  - dy[i,j]/dx[p,q] = delta[i,p]*1[j,q]
check: {trials: 3, seed: 0, dtype: [float32, float64], rtol: 1e-6, allow-inconclusive: true}
"""

CHARACTERS = "\n\n  \t:-?[]{},#&*!|>'\"%@`~<\\=0123456789abyxé中🙂\u0301\u202e\ufeff\x00\x1b\x85\u2028\r"
FRAGMENTS = [
    ": ", "- ", "\n  ", "\n\n", "[[", "]]", "{", "}", "null", "~", "true", "1e999", "0x", "0o9", "&a ", "*a", "*shape",
    "!!python/object:os.system ", "<<: ", "? ", "|\n", ">-\n", "'", '"', "\\u12", "---\n", "...\n", "9" * 50,
    "%YAML 3.0\n", "-.inf", ".nan", "dims: ", "wrt: [x, x]\n", "__class__", "__import__('os')", "x(y)", "f(",
    "1_000", "\r\n",
]  # fmt: skip


def attempt(text):
    """The codes of what is wrong with a text, after checking how it is said."""
    try:
        read_spec(text, "fuzz.yaml")
    except TcgradError as error:
        check_rendering(error)
        return [diagnostic.code for diagnostic in error.diagnostics]
    return []


def check_rendering(error):
    shown = render_diagnostics(error)
    assert error.diagnostics
    for diagnostic in error.diagnostics:
        assert diagnostic.code in CODES
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(error.source.text) + 1
        line, column = error.source.position(diagnostic.span.start)
        assert f"fuzz.yaml:{line}:{column}: error[{diagnostic.code}]: " in shown or len(error.diagnostics) > MAX_SHOWN
    assert all(char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") for char in shown)
    shown.encode("utf-8")


def mutate(text, rng):
    """A text with a few deletions, insertions, duplications and exchanges."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        length = rng.choice([1, 1, 2, 5, 20])
        match rng.randrange(5):
            case 0:
                text = text[:at] + text[at + length :]
            case 1:
                text = text[:at] + rng.choice(CHARACTERS) + text[at:]
            case 2:
                text = text[:at] + rng.choice(FRAGMENTS) + text[at:]
            case 3:
                text = text[: at + length] + text[at:]
            case 4:
                other = rng.randrange(len(text) + 1)
                text = text[:at] + text[other : other + length] + text[at + length :]
    return text


@pytest.fixture(params=["c", "pure"])
def loader(request, monkeypatch):
    if request.param == "pure":
        monkeypatch.setattr(nodes, "_LOADER", yaml.SafeLoader)
    return request.param


@pytest.mark.usefixtures("loader")
def test_the_unchanged_specs_load():
    assert attempt(RICH) == []
    assert all(attempt(path.read_text()) == [] for path in SPECS)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_specs(seed, loader):
    rng = random.Random(seed)
    texts = [RICH, RICH.replace("\n", "\r\n"), *(path.read_text() for path in SPECS)]
    seen = set()
    for _ in range(250 if loader == "c" else 80):
        seen.update(attempt(mutate(rng.choice(texts[:2] + rng.sample(texts[2:], min(2, len(texts) - 2))), rng)))
    assert len(seen) > 5


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.one_of(st.sampled_from(CHARACTERS), st.characters()), max_size=60))
def test_any_text(text):
    attempt(text)
    attempt("inputs: {x: [3]}\nequations: ['y[i] = x[i]']\n" + text)


KEYS = [key.name for key in (*SPEC_KEYS, *INPUT_KEYS)] + ["uniform", "x", "f(z)", "trials"]
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from([*KEYS, "real", "int", "B", "y[i] = x[i]", "normal", "spd", "float64"]),
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS[: len(SPEC_KEYS)]), TREES, max_size=13))
def test_any_tree(tree):
    attempt(yaml.safe_dump(tree, allow_unicode=True))


@pytest.mark.parametrize(
    "data", [b"\xff", b"\x80abc", b"PK\x03\x04\x00\x00", bytes(range(256)), b"\xff\xfea\x00", b"\xed\xa0\x80"]
)
def test_any_bytes(data, tmp_path):
    path = tmp_path / "t.yaml"
    path.write_bytes(data)
    with pytest.raises(TcgradError) as caught:
        load_spec(path)
    assert [d.code for d in caught.value.diagnostics] == ["TC101"]
    assert "\x00" not in render_diagnostics(caught.value)
