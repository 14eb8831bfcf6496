"""Matrix notation read back from its text: its value is that of the index form."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from matrix_reader import UnreadableError, read_matrix
from matrix_tools import inverses_in, program_from, vectorised
from test_array_notations import upstream
from test_matrix_cookbook import rows
from test_textbook import Entry, entries

import tcgrad
from tcgrad.calculus import derive
from tcgrad.check.sampling.sampler import sampler
from tcgrad.evaluate import evaluate, evaluate_statements
from tcgrad.ir.nodes import Call
from tcgrad.ir.program import Define, Program
from tcgrad.ir.tensors import gradient_of
from tcgrad.ir.traversal import walk
from tcgrad.notation.raising.definitions import raise_define
from tcgrad.notation.raising.form import MatrixForm

COOKBOOK = list(dict.fromkeys((row.inputs, row.equations) for row in rows()))


def values_of(program: Program, derivation) -> dict | None:
    """Of all that formulas read, by their names, with names of sizes and constants; None where there is no sample."""
    sample = sampler(program).draw(np.dtype(float), (0,))
    if isinstance(sample, str):
        return None
    given = {item.tensor: sample.value(item.tensor.name) for item in program.inputs}
    env = evaluate_statements([*program.statements, *inverses_in(program)], given, functions=sample.functions)
    env |= {gradient_of(tensor): value for tensor, value in upstream(program).items()}
    return env | evaluate_statements(derivation.backward, env, functions=sample.functions)


def formulas(program: Program, derivation) -> Iterator[tuple[Define, MatrixForm]]:
    closed = [each.define for each in derivation.jacobians if each.define is not None]
    lines = [line for gradient in derivation.gradients for line in gradient.statements]
    for define in dict.fromkeys([*program.statements, *derivation.backward, *closed, *lines]):
        is_known = isinstance(define, Define) and not any(
            isinstance(part, Call) and part.function.is_abstract for part in walk(define.body)
        )
        form = raise_define(define, program) if is_known else None
        if isinstance(form, MatrixForm) and not form.batch:
            yield define, form


def read_back(program: Program) -> int:
    """How many formulas were read; one that the reader does not know is left."""
    derivation = derive(program)
    env = values_of(program, derivation)
    if env is None:
        return 0
    arrays = {tensor.name: np.asarray(value) for tensor, value in env.items()}
    numbers = {constant.name: constant.value for constant in program.constants if constant.value is not None}
    arrays |= {name: np.asarray(float(value)) for name, value in numbers.items()}
    arrays |= {dim.name: np.asarray(dim.value) for dim in program.dims}
    count = 0
    for define, form in formulas(program, derivation):
        expected = evaluate(define.body, define.free, env)
        if form.layout == "vec":
            expected = vectorised(define, expected, "row")
        try:
            found = read_matrix(form.ascii, arrays, expected.shape)
        except UnreadableError:
            continue
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8, err_msg=form.ascii)
        count += 1
    return count


def test_the_cookbook_reads_back() -> None:
    assert sum(read_back(program_from(*pair)) for pair in COOKBOOK[::3]) > 300


@pytest.mark.parametrize("entry", entries()[::5], ids=str)
def test_the_textbook_reads_back(entry: Entry) -> None:
    with np.errstate(all="ignore"):  # what stands beside a guard
        read_back(tcgrad.loads(entry.spec(()), entry.name).program)


# What a tensor is called, an equation, and its derivative by x: the signs of matrices are not called so too.
NAMES = [
    ("A", "y[i] = A[i,j]*x[j] + x[i]", "A + I"),
    ("I", "y[i] = I[i,j]*x[j] + x[i]", "I + I_N"),
    ("A", "y[i] = A[i,1]*x[2]", "A[:,1] e[2]^T"),
    ("e", "y[i] = e[i,1]*x[2]", "e[:,1] e_N[2]^T"),
    ("e", "y[i] = e[i,j]*x[j] + x[i]", "e + I"),
    ("I", "y[i] = I[0,1]*x[N-1]*x[i]", "I[0,1] (x[N - 1] I_N + x e[N - 1]^T)"),
]


@pytest.mark.parametrize(("name", "equation", "text"), NAMES)
def test_signs_of_matrices_and_tensors_of_their_names(name: str, equation: str, text: str) -> None:
    spec = f"dims: {{N: 3}}\ninputs: {{x: [N], {name}: [N, N]}}\nequations: ['{equation}']\nwrt: [x]\n"
    function = tcgrad.loads(spec)
    (jacobian,) = function.derivation.jacobians
    form = raise_define(jacobian.define, function.program)
    assert isinstance(form, MatrixForm)
    assert form.ascii == text


def test_a_size_that_stands_beside_the_unit_matrix() -> None:
    function = tcgrad.loads(
        "dims: {I: 3}\ninputs: {x: [I]}\nequations: ['y[i] = x[i]/I', 'z[i] = 2*x[i]']\noutputs: [y, z]\n"
    )
    forms = [raise_define(each.define, function.program) for each in function.derivation.jacobians]
    assert [form.ascii for form in forms if isinstance(form, MatrixForm)] == ["I_I / I", "2 I"]
    assert [form.latex for form in forms if isinstance(form, MatrixForm)] == [r"\frac{1}{I} I_{I}", "2 I"]
