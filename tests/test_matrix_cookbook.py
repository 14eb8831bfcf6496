"""The table of matrix identities: printed as the book has them, and evaluated against the index form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from matrix_tools import assert_same_value, draw_value

from tcgrad.calculus import derive
from tcgrad.calculus.intrinsics import inverse_of
from tcgrad.evaluate import evaluate_statements
from tcgrad.ir.program import Define, Intrinsic, Program
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import tensors_read
from tcgrad.language.elaborate import elaborate
from tcgrad.notation.matrix_form import MatrixForm
from tcgrad.notation.raising import raise_define
from tcgrad.spec.loader import read_spec

SIZES = {"N": 5, "M": 3, "K": 2, "P": 7, "B": 11, "H": 13}


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


def program_of(row: Row) -> Program:
    declared = dict(item.split(":") for item in row.inputs.split(","))
    used = {axis for shape in declared.values() for axis in shape.split()}
    lines = [f"dims: {{{', '.join(f'{dim}: {size}' for dim, size in SIZES.items() if dim in used)}}}", "inputs:"]
    lines += [f"  {name.strip()}: [{', '.join(shape.split())}]" for name, shape in declared.items()]
    lines += [
        "functions: {'phi(z)': null, 'psi(u,v)': null}",
        "equations:",
        *(f"  - {e.strip()}" for e in row.equations.split(";")),
    ]
    return elaborate(read_spec("\n".join(lines) + "\n", "row.yaml"))


def define_of(program: Program, what: str) -> Define:
    """The definition that a row's derivative names."""
    derivation = derive(program)
    if what.startswith("="):
        return next(s for s in program.statements if isinstance(s, Define) and s.tensor.name == what[1:])
    of, _, wrt = what.rpartition("/")
    if of:
        jacobian = next(j for j in derivation.jacobians if (j.of.name, j.wrt.name) == (of, wrt))
        assert jacobian.define is not None
        return jacobian.define
    gradient = next(g for g in derivation.gradients if g.wrt.name == wrt)
    last = gradient.statements[-1]
    assert isinstance(last, Define)
    return last


def values_of(program: Program, define: Define) -> dict[Tensor, object]:
    """Inputs drawn, intermediates computed, upstream gradients drawn."""
    inputs = {entry.tensor: draw_value(entry.tensor, 1) for entry in program.inputs}
    stated = [s for s in program.statements if isinstance(s, Intrinsic)]
    inverses = [inverse_of(program, statement.operand) for statement in stated]
    values = evaluate_statements([*program.statements, *inverses], inputs)
    return values | {t: draw_value(t, 2) for t in tensors_read(define.body) if t not in values}


def test_the_table_is_long_enough():
    assert len({(row.inputs, row.equations) for row in rows()}) >= 75


@pytest.mark.parametrize("row", rows(), ids=str)
def test_identity(row):
    program = program_of(row)
    define = define_of(program, row.derivative)
    form = raise_define(define, program)
    assert isinstance(form, MatrixForm), form
    assert form.text == row.text
    if "phi" in row.equations:
        assert "phi" not in form.text or form.numpy is None
    else:
        assert_same_value(define, form, values_of(program, define))
