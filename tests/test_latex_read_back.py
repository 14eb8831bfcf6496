"""Index notation in LaTeX, read back from its text: its values are those of the index form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from latex_reader import DOWNSTREAM, Known, TooLongError, read_equation
from matrix_tools import inverses_in
from programs import specs
from rich_programs import rich_spec
from share import share
from test_hessians import quick, with_a_scalar
from test_oracles import program_of, upstream

import tcgrad
from tcgrad.calculus import derive
from tcgrad.check.sampling.sampler import sampler
from tcgrad.evaluate import evaluate, evaluate_statements
from tcgrad.ir.nodes import Call
from tcgrad.ir.program import Define, Program, Statement
from tcgrad.ir.tensors import Role, Tensor, gradient_of
from tcgrad.ir.traversal import walk
from tcgrad.locate import gallery_specs
from tcgrad.notation.index import print_statement
from tcgrad.notation.naming import Surroundings
from tcgrad.notation.spelling.apart import latex_of

MOST_READS = 5_000  # of one equation
MOST_PLACES = 8


def name_of(tensor: Tensor) -> str | tuple[str, ...]:
    """What the reader knows a tensor by."""
    match tensor.role:
        case Role.GRADIENT:
            return DOWNSTREAM, tensor.name.removeprefix("dl/d")
        case Role.JACOBIAN | Role.HESSIAN:
            return tuple(part.name for part in tensor.about)
        case _:
            return tensor.name


class Given:
    """The values of a program's tensors and of their derivatives."""

    def __init__(self, program: Program, derivation) -> None:
        sample = sampler(program).draw(np.dtype(float), (0,))
        assert not isinstance(sample, str), sample
        functions = sample.functions
        values = {item.tensor: sample.value(item.tensor.name) for item in program.inputs}
        self.env = evaluate_statements([*program.statements, *inverses_in(program)], values, functions=functions)
        self.env |= {gradient_of(tensor): value for tensor, value in upstream(program).items()}
        self.env |= evaluate_statements(derivation.backward, self.env, functions=functions)
        gradients = (*derivation.gradients, *derivation.line_by_line.gradients)
        for gradient in gradients:
            self.env |= evaluate_statements(gradient.statements, self.env, functions=functions)
        closed = [each.define for each in (*derivation.jacobians, *derivation.hessians) if each.define is not None]
        self.env |= {d.tensor: evaluate(d.body, d.free, self.env, functions=functions) for d in closed}
        constants = {constant: float(constant.value) for constant in program.constants if constant.value is not None}
        arrays = {tensor: np.asarray(value) for tensor, value in (self.env | constants).items()}
        arrays = {t: a.astype(float) if a.dtype.kind == "f" else a for t, a in arrays.items()}
        lines = [line for gradient in gradients for line in gradient.statements]
        self.lines: list[Statement] = list(dict.fromkeys([*program.statements, *closed, *lines]))
        self.known = Known(
            {name_of(tensor): value for tensor, value in arrays.items()},
            {dim.name: dim.value for dim in program.dims},
            frozenset(name_of(tensor) for tensor in arrays if tensor.zero_outside),
            dict(self.abstract(functions)),
        )

    def abstract(self, functions) -> Iterator:
        """Abstract functions and their derivatives, by what they are called."""
        for line in self.lines:
            for part in walk(line.body) if isinstance(line, Define) else ():
                if isinstance(part, Call) and part.function.is_abstract:
                    name, smooth = part.function.name, functions[part.function.name.partition("'")[0]]
                    yield name, lambda *a, s=smooth, f=part.function: s(f.orders, [np.asarray(x) for x in a]).item()


def read_back(program: Program, derivation=None) -> int:
    """How many equations were read."""
    given = Given(program, derivation or derive(program))
    around = Surroundings.of(program)
    latex = latex_of(program)
    texts = [text for line in given.lines for text in print_statement(line, latex, surroundings=around)]
    fixed: dict[object, set[tuple[int, int]]] = {}
    before = sorted(dict.fromkeys(texts), key=lambda text: not re.search(r"[{ ]-", text.partition(" = ")[0]))
    return sum(assert_one(text, given.known, fixed) for text in before)


def assert_one(text: str, known: Known, fixed: dict[object, set[tuple[int, int]]]) -> bool:
    """An equation has the values that it should have, at a few positions.

    fixed: by what is defined the positions, by their axes, that have equations of their own.
    """
    equation = read_equation(text, known, MOST_READS)
    array, own = known.arrays[equation.name], fixed.setdefault(equation.name, set())
    literal = {(axis, at) for axis, at in enumerate(equation.positions) if not isinstance(at, tuple)}
    own |= literal
    runs = [[at] if isinstance(at, int) else range(n) for at, n in zip(equation.positions, array.shape, strict=True)]
    places = [at for at in product(*runs) if own & set(enumerate(at)) <= literal]
    most = None if any(at < 0 for _, at in literal) else MOST_PLACES
    chosen = np.random.default_rng(0).permutation(len(places))[:most]
    scale = max(1.0, float(np.max(np.abs(array), initial=0)))
    for at in (places[number] for number in sorted(chosen)):
        try:
            found = equation.value(at)
        except TooLongError:
            return False
        if any(n < 0 for n in at):
            known.before[equation.name, at] = found
        else:
            np.testing.assert_allclose(found, array[at], rtol=0, atol=1e-7 * scale, err_msg=f"{text} at {at}")
    return True


GALLERY = [path.stem for path in gallery_specs()]


@pytest.mark.parametrize("name", share(GALLERY, 3))
def test_the_gallery_reads_back(name: str) -> None:
    assert read_back(tcgrad.load(f"gallery:{name}").program)


@quick
@given(specs())
def test_generated_programs_read_back(text: str) -> None:
    read_back(program_of(text))


@quick
@given(specs(most_equations=1))
def test_hessians_of_generated_programs_read_back(text: str) -> None:
    program = with_a_scalar(text)
    read_back(program, derive(program, hessian=True))


@pytest.mark.parametrize("seed", share(range(300), 10))
def test_rich_programs_read_back(seed: int) -> None:
    read_back(program_of(rich_spec(seed)))
