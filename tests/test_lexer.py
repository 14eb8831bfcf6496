"""Tokens of equations, and equations of a block."""

import pytest

from tcgrad.errors import Located, Report
from tcgrad.language.parsing.lexer import tokenize
from tcgrad.spec.keys.splitting import split_block


def kinds(text):
    report = Report()
    return [token.kind for token in tokenize(Located.plain(text), report)], report.diagnostics


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y[i] = x", "name [ name ] = name end"),
        ("2.5e-3*x_1", "number * name end"),
        (".5 1. 1.e5", "number number number end"),
        ("A_{ij}", "name _{ name } end"),
        ("A_b_{ij}", "name _{ name } end"),
        ("1_{i}", "number _{ name } end"),
        ("a**b//c%d", "name ** name // name % name end"),
        ("a<=b!=c==d", "name <= name != name == name end"),
        ("f''(x)*f'12(x)", "name ( name ) * name ( name ) end"),
        ("α_β # the rest is a comment = [", "name end"),
        ("δ[i,j]\n+ ε", "name [ name , name ] + name end"),
        ("", "end"),
    ],
)
def test_kinds(text, expected):
    assert kinds(text) == (expected.split(), [])


@pytest.mark.parametrize(
    ("text", "column", "help_"),
    [
        ("a·b", 1, "write `*`"),
        ("a − b", 2, "write `-`"),
        ("[a ≤ b]", 3, "write `<=`"),
        ("x²", 1, "write ^2"),
        ("a @ b", 2, "write a matrix product with indices: a[i,k]*b[k,j]"),
        ("x[:,0]", 2, "write an index for every axis, as in x[i,j]"),
        ("\x00", 0, None),
        ("a ＋ b", 2, "write `+`"),
        ("f（a)", 1, "write `(`"),
        ("a := b", 2, "write `=`"),
        ("a ∙ b", 2, "write `*`"),
        ("A⁻¹", 1, "write ^-1, and inv(A)[i,j] for the inverse of a matrix"),
        ("½*a", 0, "write 1/2"),
        ("a[i;j]", 3, "write `,`"),
        ("a[i]; b", 4, "write one equation a line"),
        ("a = b;", 5, "take out the `;`"),
        ("a[i]: b[i]", 4, "write `=`"),
    ],
)
def test_stray_characters(text, column, help_):
    _, (diagnostic,) = kinds(text)
    assert (diagnostic.code, diagnostic.span.start, diagnostic.help) == ("TC201", column, help_)


def test_nothing_is_guessed_behind_an_unreadable_character():
    tokens, diagnostics = kinds("a @ b $ c ?")
    assert tokens == ["name", "unreadable"]
    assert len(diagnostics) == 1


@pytest.mark.parametrize(
    ("block", "equations"),
    [
        ("a = b\n\n  # comment\n  c = d  \n", ["a = b", "c = d"]),
        ("a = (b\n  + c)\nd = e", ["a = (b\n  + c)", "d = e"]),
        ("a = f(b, # one (\n  c)\nd = e", ["a = f(b, # one (\n  c)", "d = e"]),
        ("a = x[i,\n j]", ["a = x[i,\n j]"]),
        ("a = (b\nc[i] = d", ["a = (b", "c[i] = d"]),
        ("a = ([b\n== c])", ["a = ([b\n== c])"]),
        ("a = b)\nc = (d\n)", ["a = b)", "c = (d\n)"]),
        ("", []),
    ],
)
def test_split_block(block, equations):
    assert [piece.text for piece in split_block(Located.plain(block))] == equations


def test_split_block_keeps_places():
    first, second = split_block(Located.plain("  a = b\n\n c = d"))
    assert (first.whole.start, first.whole.end) == (2, 7)
    assert (second.whole.start, second.whole.end) == (10, 15)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("e\u0301[i]", ["\u00e9", "i"]),  # a letter with a combining mark
        ("q\u0301[i]", ["q\u0301", "i"]),  # which is no letter of its own
        ("नमस्ते_{ij}", ["नमस्ते", "ij"]),
        ("𝒳_{ij}*é''1(x)", ["𝒳", "ij", "é''1", "x"]),
    ],
)
def test_names_are_unicode_identifiers(text, names):
    report = Report()
    assert [token.text for token in tokenize(Located.plain(text), report) if token.kind == "name"] == names
    assert not report.diagnostics
