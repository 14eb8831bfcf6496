"""The place of every character of a YAML scalar.

The texts are made of characters that stand once in the file, so that searching for one tells where it must be.
"""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tcgrad.errors import Source
from tcgrad.spec.yaml import nodes
from tcgrad.spec.yaml.nodes import Mapping, Scalar, Sequence, compose
from tcgrad.spec.yaml.offsets import locate_scalar

LOADERS = [pytest.param(yaml.SafeLoader, id="pure")]
if hasattr(yaml, "CSafeLoader"):
    LOADERS.append(pytest.param(yaml.CSafeLoader, id="c"))

DISTINCT = "abcdfghijlmopqrsuvwxyzABCDEFGHIJKLMOPQRSTUVWXYZ245789éßλЖ中文𝒳𝒴🙂€"


def scalars(node):
    match node:
        case Scalar():
            yield node
        case Sequence():
            for item in node.items:
                yield from scalars(item)
        case Mapping():
            for key, value in node.entries:
                yield from scalars(key)
                yield from scalars(value)


def assert_located(text, expected):
    """Every character of the last scalar that is no white space is where it stands in the file."""
    scalar = list(scalars(compose(Source("t.yaml", text))))[-1]
    assert scalar.text.text == expected
    assert len(scalar.text.offsets) == len(expected) + 1
    for char, offset in zip(expected, scalar.text.offsets, strict=False):
        if not char.isspace():
            assert text[offset] == char
            assert text.count(char) == 1, "the test's own characters must be distinct"
    assert list(scalar.text.offsets) == sorted(scalar.text.offsets)
    assert all(0 <= offset <= len(text) for offset in scalar.text.offsets)


@pytest.fixture(params=LOADERS)
def _loader(request, monkeypatch):
    monkeypatch.setattr(nodes, "_LOADER", request.param)


PLACES = [
    ("- abc\n", "abc"),
    ("[ abc , 'de f' ]\n", "de f"),
    ("- {é: 中文𝒳b}\n", "中文𝒳b"),
    ("- 🙂\n- abc\n", "abc"),
    ("- !!str abc\n", "abc"),
    ("- !!str &a_1 bcd\n", "bcd"),
    ("- &anchor !!str\n  bd\n", "bd"),
    ("- &anchor # comment\n  bd\n", "bd"),
    ("- ! bd\n", "bd"),
    ("- !<tag:yaml.org,2002:str> BD\n", "BD"),
    ("- ab\n  cd\n", "ab cd"),
    ("- ab  \n\n\n  cd\n", "ab\n\ncd"),
    ("- ab\r\n  cd\r\n", "ab cd"),
    ("- 'it''s X'\n", "it's X"),
    ("- 'a\n\n  b'\n", "a\nb"),
    ("- 'a  \n  b   c'\n", "a b   c"),
    ('- "ab cd"\n', "ab cd"),
    ('- "ab\n   cd"\n', "ab cd"),
    ('- "ab\\\n   cd"\n', "abcd"),
    ('- "ab \\\n   \\ cd"\n', "ab  cd"),
    ('- "ab\r\n\r\n   cd"\r\n', "ab\ncd"),
    ("- |\n  ab\n  cd\n", "ab\ncd\n"),
    ("- |-\n  ab\n\n   cd\n\n\n", "ab\n\n cd"),
    ("- |+\n  ab\n\n\n", "ab\n\n\n"),
    ("- |1\n   ab\n  cd\n", "  ab\n cd\n"),
    ("- |2- # comment\n\n   x\n  y\n", "\n x\ny"),
    ("- |\n  ab\n# comment\n", "ab\n"),
    ("- >\n  ab\n  cd\n\n  fg\n", "ab cd\nfg\n"),
    ("- >-\n\n  ab\n   cd\n  fg\n\n\n  hi\n", "\nab\n cd\nfg\n\nhi"),
    ("- >\n  ab\t\n  cd\n", "ab\t cd\n"),
    ("- >+\r\n  ab\r\n  cd\r\n\r\n", "ab cd\n\n"),
    ("- |\r\n  ab\r\n  cd\r\n", "ab\ncd\n"),
    ("- |\n  ab", "ab"),
    ("- |\n  ab\n  \tcd\n", "ab\n\tcd\n"),
    ("- >\n\n\n", ""),
    ("- ''\n", ""),
    ("- \n", ""),
    ("? ab\n: cd\n", "cd"),
    ("--- ab\n", "ab"),
    ("# ä\n- ab # c\n", "ab"),
    ("%YAML 1.2\n--- # first\n- a   b\n", "a   b"),
]


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(("text", "expected"), PLACES)
def test_characters_are_found_where_they_stand(text, expected):
    found = list(scalars(compose(Source("t.yaml", text))))[-1].text
    assert found.text == expected
    assert len(found.offsets) == len(expected) + 1
    for char, offset in zip(expected, found.offsets, strict=False):
        assert char.isspace() or text[offset] == char
    assert list(found.offsets) == sorted(found.offsets)
    assert found.offsets[-1] <= len(text)


@pytest.mark.parametrize(
    ("text", "expected", "offsets"),
    [
        (r'- "a\tb\x41\u0042\U0001F642\"\\c"', 'a\tbAB🙂"\\c', [3, 4, 6, 7, 11, 17, 27, 29, 31, 32]),
        ("- 'a''b'", "a'b", [3, 4, 6, 7]),
        ("- a\n  b", "a b", [2, 3, 6, 7]),
        ("- >\n  a\n\n  b\n", "a\nb\n", [6, 8, 11, 12, 13]),
        ("- |\n  a\n  b\n", "a\nb\n", [6, 7, 10, 11, 12]),
        ('- "a\\\n  b"', "ab", [3, 8, 9]),
    ],
)
@pytest.mark.usefixtures("_loader")
def test_escapes_and_folds_have_the_place_of_what_is_written(text, expected, offsets):
    found = list(scalars(compose(Source("t.yaml", text))))[-1].text
    assert (found.text, list(found.offsets)) == (expected, offsets)


WORDS = st.permutations(DISTINCT).map("".join)
GAPS = st.sampled_from([" ", "  ", "\n", "\n\n", "\n\n\n", " \n", "\n \n"])
SPLITS = st.lists(st.tuples(st.integers(1, 5), GAPS), min_size=1, max_size=8)


def pieces(word, splits):
    at = 0
    for length, gap in splits:
        yield word[at : at + length], gap
        at += length


def escaped(char, how):
    code = ord(char)
    if how == "u" and code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\U{code:08X}" if how == "U" else char


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@settings(max_examples=60, deadline=None)
@given(WORDS, SPLITS, st.sampled_from(["", "'", '"']), st.integers(0, 4))
def test_flow_scalars(ending, word, splits, quote, indentation):
    body = "".join(text + gap.replace("\n", ending + " " * (indentation + 1)) for text, gap in pieces(word, splits))
    body = body.rstrip()
    text = f"- k: N{ending}- {quote}{body}{quote}{ending}"
    expected = yaml.safe_load(f"- {quote}{body}{quote}\n")[0]
    assert_located(text, str(expected))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@settings(max_examples=60, deadline=None)
@given(WORDS, SPLITS, st.sampled_from(["|", ">", "|-", ">-", "|+", ">+"]), st.integers(1, 4))
def test_block_scalars(ending, word, splits, header, indentation):
    lines = "".join(text + gap.replace(" ", "") + ("" if "\n" in gap else "\n") for text, gap in pieces(word, splits))
    body = "".join(" " * indentation + line + "\n" if line else "\n" for line in lines.split("\n"))
    text = f"- k: N\n- {header}\n{body}".replace("\n", ending)
    expected = yaml.safe_load(f"- {header}\n{body}")[0]
    assert_located(text, expected)


@settings(max_examples=60, deadline=None)
@given(WORDS, st.lists(st.sampled_from(["", "u", "U"]), min_size=8, max_size=8))
def test_escapes(word, hows):
    written = [escaped(char, how) for char, how in zip(word, hows, strict=False)]
    text = f'- "{"".join(written)}"\n'
    found = next(scalars(compose(Source("t.yaml", text)))).text
    assert found.text == word[:8]
    starts = [3 + sum(map(len, written[:n])) for n in range(9)]
    assert list(found.offsets) == starts


def test_what_the_decoders_do_not_expect_is_aligned():
    found = locate_scalar("ab c", "'", "- 'a?b  c'", 2, 10)
    assert found.text == "ab c"
    assert found.offsets == (3, 5, 6, 8, 9)
