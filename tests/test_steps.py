"""Derivations step by step: every line worth the same as the next, the last one the formula that is derived."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from programs import specs
from steps_tools import Values, check_chain
from test_oracles import program_of, quick

import tcgrad
from tcgrad.calculus import derive
from tcgrad.ir.program import Define
from tcgrad.locate import gallery_specs
from tcgrad.steps import explain

RECURRENT = {"hmm", "rnn"}
NAMES = [path.stem for path in gallery_specs() if path.stem not in RECURRENT]


def check_program(program):
    """The number of lines compared."""
    explained = explain(derive(program))
    derivation = explained.derivation
    values = Values.of(program)
    compared = 0
    for jacobian, chains in zip(derivation.jacobians, explained.jacobians, strict=True):
        assert bool(chains) == (jacobian.define is not None)
        if chains:
            assert chains[-1].left.tensor == jacobian.define.tensor
            assert chains[-1].result is jacobian.define.body
            assert chains[-1].free == jacobian.define.free
    final = {s.tensor: s for s in derivation.backward if isinstance(s, Define)}
    for gradient, chains in zip(derivation.gradients, explained.gradients, strict=True):
        assert chains[-1].left.tensor == gradient.statements[-1].tensor
        made = {chain.left.tensor: chain for chain in chains}
        for statement in gradient.statements:
            if isinstance(statement, Define):
                assert made[statement.tensor].result is final[statement.tensor].body
    for chain in dict.fromkeys(chain for chains in (*explained.jacobians, *explained.gradients) for chain in chains):
        compared += check_chain(chain, values)
    return compared


@pytest.mark.parametrize("name", NAMES)
def test_the_lines_of_the_gallery_are_equal(name):
    check_program(tcgrad.load(f"gallery:{name}").program)


@given(specs())
@settings(quick, max_examples=12)
def test_the_lines_of_generated_programs_are_equal(text):
    check_program(program_of(text))
