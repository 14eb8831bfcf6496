"""The table of matrix identities: printed as the book has them, and evaluated against the index form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from matrix_tools import assert_same_value, define_of, program_from, values_of

from tcgrad.notation.raising.definitions import raise_define
from tcgrad.notation.raising.form import MatrixForm


@dataclass(frozen=True)
class Row:
    inputs: str
    equations: str
    derivative: str
    text: str

    def __str__(self) -> str:
        return f"{self.equations} {self.derivative}"


def rows() -> list[Row]:
    """The rows of the table: an indented line belongs to the last one that is not."""
    found: list[Row] = []
    inputs, equations = "", ""
    _, *sections = (Path(__file__).parent / "matrix_cookbook.txt").read_text(encoding="utf-8").split("\n== ")
    for line in "\n".join(sections).splitlines():
        if line.startswith(" "):
            what, _, text = line.strip().partition(" = ")
            found.append(Row(inputs.strip(), equations.strip(), what, text))
        elif "|" in line:
            inputs, _, equations = line.partition("|")
    return found


def test_the_table_is_long_enough():
    assert len({(row.inputs, row.equations) for row in rows()}) >= 200


@pytest.mark.parametrize("row", rows(), ids=str)
def test_identity(row):
    program = program_from(row.inputs, row.equations)
    define = define_of(program, row.derivative)
    form = raise_define(define, program)
    assert isinstance(form, MatrixForm), form
    assert form.text == row.text
    assert form.ascii.isascii()
    assert form.latex.count("{") == form.latex.count("}")
    if "phi" in row.equations:
        assert "phi" not in form.text or form.numpy is None
        return
    values = values_of(program, define)
    assert_same_value(define, form, values)
    by_column = raise_define(define, program, vec="column")
    assert isinstance(by_column, MatrixForm), by_column
    assert (form.layout == "vec") or by_column.text == form.text
    assert_same_value(define, by_column, values, vec="column")
