"""What is not YAML, in the words of somebody who writes a spec, by whichever of its parsers it is noticed."""

import pytest
import yaml

from tcgrad.errors import TcgradError
from tcgrad.spec.loader import read_spec
from tcgrad.spec.yaml import nodes

REST = "inputs: {x: [3]}\nequations: ['y[i] = x[i]']\n"

BLOCK = "the text of a block begins on the next line"
TAG = "`!` begins a tag in YAML, and a spec has none"

# The text, the line and what is said, or a part of it.
MISTAKES = [
    ("doc: - a\n" + REST, 1, "a `- ` stands where no list can begin"),
    ("doc: ? a\n" + REST, 1, "a `? ` stands where no key can begin"),
    ("doc: | a\n" + REST, 1, BLOCK),
    ("doc: >a\n" + REST, 1, BLOCK),
    ("inputs: {x: [3]}\nequations:\n  - |x[i]\n", 3, BLOCK),
    ("inputs: {x: [3]}\nequations:\n  - >9x\n", 3, BLOCK),
    ("inputs: {x: [3, , 4]}\nequations: [y = 1]\n", 1, "a value is expected here, and none begins with `,`"),
    ("inputs: {x: [3], z: [,]}\nequations: [y = 1]\n", 1, "a value is expected here, and none begins with `,`"),
    ("inputs: {x: [", 1, "the text ends where a value is expected"),
    ("inputs:\n  x: {shape: # [3]", 2, "the text ends where a value is expected"),
    ("inputs: {x: [- , 4]}\nequations: [y = 1]\n", 1, " stands where no list can begin|a value is expected here"),
    ("doc: !<x y\n" + REST, 1, TAG),
    ("doc: !!{a} x\n" + REST, 1, TAG),
    ("%TAG x y\n---\n" + REST, 1, "begins a directive of YAML"),
    ("%\n---\n" + REST, 1, "begins a directive of YAML"),
    ("%YAML 3.0\n---\n" + REST, 1, "begins a directive of YAML"),
    ("doc: 'a\ninputs: {x: [3]}\nequations: [y = 1]\n", 1, "the quoted text that opens here is not closed"),
    ('doc: "a\n' + REST, 1, "the quoted text that opens here is not closed"),
    ('doc: "\\u12"\n' + REST, 1, "an escape that YAML does not know"),
]


# The text, and the place and the help where a sign is missing, or another one stands in its place.
SIGNS = [
    ("dims: {N: 3 M: 4}\n" + REST, 1, 13, "write `, M`"),
    ("dims: {N: 3\n  M: 4}\n" + REST, 1, 7, "close it with `}`"),
    ("dims: {N: 3; M: 4}\n" + REST, 1, 12, "write `,`"),
    ("dims: {N: 3， M: 4}\n" + REST, 1, 12, "write `,`"),
    ("inputs: {x: {shape: [3] dtype: int}}\n", 1, 25, "write `, dtype`"),
    ("dims: {N: 3, M: 4)\n" + REST, 1, 7, "close it with `}`"),
    ("dims {N: 3, M: 4}\n" + REST, 1, 1, "write `dims: ...`"),
    ("dims= {N: 3, M: 4}\n" + REST, 1, 1, "write `dims: ...`"),
    ("doc some words\n\ndims: {N: 3}\n" + REST, 1, 1, "write `doc: ...`"),
    ("dims:\n  N 3\n  M: 4\n" + REST, 2, 3, "write `N: ...`"),
    ("doc: some\n  words\n  N: 4\n" + REST, 3, 4, "quote a text that holds `: `"),
]


@pytest.mark.parametrize("loader", [getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader])
@pytest.mark.parametrize(("text", "line", "column", "help_"), SIGNS)
def test_the_place_is_where_a_comma_or_a_colon_is_missing(*, text, line, column, help_, loader, monkeypatch):
    monkeypatch.setattr(nodes, "_LOADER", loader)
    with pytest.raises(TcgradError) as caught:
        read_spec(text, "t.yaml")
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.code == "TC102"
    assert caught.value.source.position(diagnostic.span.start) == (line, column)
    assert diagnostic.help.startswith(help_)


@pytest.mark.parametrize("loader", [getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader])
@pytest.mark.parametrize(("text", "line", "said"), MISTAKES)
def test_it_is_said_where_it_is_and_how_to_mend_it(text, line, said, loader, monkeypatch):
    monkeypatch.setattr(nodes, "_LOADER", loader)
    with pytest.raises(TcgradError) as caught:
        read_spec(text, "t.yaml")
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.code == "TC102"
    assert any(part in diagnostic.message for part in said.split("|"))
    assert caught.value.source.position(diagnostic.span.start)[0] == line
    assert diagnostic.help
