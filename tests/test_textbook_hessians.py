"""The table of textbook Hessians: each derived, proved equal to the reference, and printed no longer than it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest
from test_textbook import Entry, entries

import tcgrad
from tcgrad.calculus import Derivation, derive
from tcgrad.calculus.derivation import Hessian
from tcgrad.errors import Located
from tcgrad.ir.program import Define
from tcgrad.language.elaborate import elaborate
from tcgrad.notation.index import print_define
from tcgrad.notation.naming import Surroundings
from tcgrad.prove import prove_equal
from tcgrad.simplify.cost import cost

FILE = "hessians.txt"
BLOCK = re.compile(r"d2(\w+)/d(\w+)(?:\[([^]]*)\])?d(\w+)(?:\[([^]]*)\])? = (.*)")

CASES = [(entry, reference) for entry in entries(FILE) for reference in entry.references]


@cache
def derivation_of(entry: Entry) -> Derivation:
    return derive(tcgrad.loads(entry.spec(()), entry.name).program, hessian=True)


def block_of(entry: Entry, line: str) -> Hessian:
    """The block that a line is about."""
    _, first, _, second, _, _ = BLOCK.fullmatch(line).groups()
    (block,) = (each for each in derivation_of(entry).hessians if [t.name for t in each.wrt] == [first, second])
    return block


def equation_of(entry: Entry, line: str) -> Define:
    """A line as the definition of a tensor, over those of the entry."""
    _, _, rows, _, columns, right = BLOCK.fullmatch(line).groups()
    free = [index.strip() for indices in (rows, columns) if indices for index in indices.split(",")]
    sizes = [size for tensor in block_of(entry, line).wrt for size in tensor.shape]
    ranges = {i: (Located.plain(i), Located.plain(str(size.value))) for i, size in zip(free, sizes, strict=True)}
    spec = derivation_of(entry).program.spec
    left = f"second_derivative[{','.join(free)}]" if free else "second_derivative"
    lines = (*spec.equations, Located.plain(f"{left} = {right}"))
    return elaborate(replace(spec, equations=lines, indices={**spec.indices, **ranges}, outputs=())).statements[-1]


def test_the_table_is_long_enough():
    assert len(CASES) >= 60
    assert len({entry.name for entry, _ in CASES}) == len(entries(FILE))


each_case = pytest.mark.parametrize(("entry", "reference"), CASES, ids=str, scope="module")  # derived in one worker


@each_case
def test_every_reference_is_proved(entry: Entry, reference: str):
    block = block_of(entry, reference)
    assert block.define is not None
    wanted = replace(equation_of(entry, reference), tensor=block.define.tensor)
    assert prove_equal(block.define, wanted, derivation_of(entry).program.statements, block.assumed)


@each_case
def test_what_is_printed_is_no_longer(entry: Entry, reference: str):
    around = Surroundings.of(derivation_of(entry).program)
    line = print_define(block_of(entry, reference).define, surroundings=around)
    assert cost(equation_of(entry, line).body) <= cost(equation_of(entry, reference).body), line
