"""What the tests of matrix notation share: values for tensors, and the NumPy text of a form against the index form."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from tcgrad.calculus import derive
from tcgrad.calculus.rules.intrinsics import inverse_of, inverses_of_factors
from tcgrad.evaluate import evaluate, evaluate_statements
from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.program import Define, Intrinsic, Program, Statement
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import bound_indices, integers, tensors_read, walk
from tcgrad.language.elaborate import elaborate
from tcgrad.notation.as_numpy.names import code_name
from tcgrad.notation.matrix.syntaxes import MATRIX_UNICODE
from tcgrad.notation.raising.definitions import raise_define
from tcgrad.notation.raising.form import MatrixForm
from tcgrad.spec.loader import read_spec


def draw_value(tensor: Tensor, seed: int) -> np.ndarray:
    """Normal values, never symmetric; those of a tensor differ from those of every other."""
    rng = np.random.default_rng([seed, *tensor.name.encode()])
    value = rng.normal(size=[axis.value for axis in tensor.shape])
    if tensor.role is Role.CONSTANT:
        return np.asarray(math.pi if tensor.value is None else float(tensor.value))
    if tensor.dtype == "bool":
        return value > 0
    if tensor.dtype == "int":
        return rng.integers(0, 2, size=value.shape)
    return value + value.T if tensor.symmetric else value


def names(sizes: Iterable[Integer], values: dict[Tensor, np.ndarray]) -> dict[str, object]:
    """What the NumPy text may use: arrays, dims and NumPy."""
    atoms = [atom for size in sizes for monomial, _ in size.terms for atom in monomial]
    dims = {atom.name: atom.value for atom in atoms if isinstance(atom, Dim)}
    return {"np": np, **dims, **{code_name(tensor): value for tensor, value in values.items()}}


def sizes_in(define: Define) -> list[Integer]:
    nodes = list(walk(define.body))
    axes = [axis for tensor in tensors_read(define.body) for axis in tensor.shape]
    bound = [index.size for node in nodes for index in bound_indices(node)]
    plain = [integer for node in nodes for integer in integers(node) if not integer.indices]
    return [*axes, *bound, *plain, *(index.size for index in define.free)]


def vectorised(define: Define, value: np.ndarray, vec: str) -> np.ndarray:
    """The value of a Jacobian, or of a block of a Hessian, as the matrix that vectorising both sides makes of it."""
    split = define.tensor.about[-2].order
    rows, columns = list(range(split)), list(range(split, value.ndim))
    if vec == "column":
        rows, columns = rows[::-1], columns[::-1]
    return value.transpose(rows + columns).reshape(math.prod(value.shape[:split]), -1)


def run_numpy(form: MatrixForm, known: dict[str, object]) -> object:
    """The value of the NumPy text."""
    assert form.numpy is not None
    try:
        return eval(form.numpy, {"__builtins__": {"__import__": __import__}}, known)  # noqa: S307 - the tool made it
    except Exception as error:
        raise AssertionError(form.numpy) from error


def assert_same_value(define: Define, form: MatrixForm, values: dict[Tensor, np.ndarray], vec: str = "row") -> None:
    """The NumPy text of the form evaluates to the index form, shape included."""
    expected = evaluate(define.body, define.free, values)
    if form.layout == "vec" and not form.batch:
        expected = vectorised(define, expected, vec)
    found = run_numpy(form, names(sizes_in(define), values))
    assert np.shape(found) == expected.shape, form.numpy
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=1e-9, atol=1e-9, err_msg=form.numpy)


def assert_right(define: Define, program: Program, left: str, right: str) -> None:
    """A definition has the form whose two sides these are, of the right value in either vectorisation."""
    values = values_of(program, define)
    form = raise_define(define, program)
    assert isinstance(form, MatrixForm), form
    assert (form.left(MATRIX_UNICODE), form.text) == (left, right)
    assert_same_value(define, form, values)
    by_column = raise_define(define, program, vec="column")
    assert isinstance(by_column, MatrixForm), by_column
    assert_same_value(define, by_column, values, vec="column")


def values_for(define: Define, seed: int = 0) -> dict[Tensor, np.ndarray]:
    return {tensor: draw_value(tensor, seed) for tensor in tensors_read(define.body)}


SIZES = {"N": 5, "M": 3, "K": 2, "P": 7, "B": 11, "H": 13, "D": 17}


def program_from(inputs: str, equations: str) -> Program:
    """The program of ``"A: M N, x: N"`` and ``"z[i] = A[i,j]*x[j]; y[i] = tanh(z[i])"``; sizes are distinct primes.

    ``y: P int`` is an integer tensor, ``S: N N symmetric`` a symmetric matrix.
    """
    declared = dict(item.split(":") for item in inputs.split(","))
    used = {axis for shape in declared.values() for axis in shape.split()}
    lines = [f"dims: {{{', '.join(f'{dim}: {size}' for dim, size in SIZES.items() if dim in used)}}}", "inputs:"]
    lines += [f"  {name.strip()}: {_declaration(shape.split())}" for name, shape in declared.items()]
    lines += [
        "functions: {'phi(z)': null, 'psi(u,v)': null}",
        "equations:",
        *(f"  - {e.strip()}" for e in equations.split(";")),
    ]
    return elaborate(read_spec("\n".join(lines) + "\n", "row.yaml"))


def _declaration(words: list[str]) -> str:
    shape = ", ".join(word for word in words if word not in ("int", "symmetric"))
    if "symmetric" in words:
        return f"{{shape: [{shape}], symmetric: true}}"
    return f"{{shape: [{shape}], dtype: int, sample: {{integers: [0, 2]}}}}" if "int" in words else f"[{shape}]"


def define_of(program: Program, what: str) -> Define:
    """The Jacobian ``f/x``, the last of the lines to the gradient ``x``, or the forward equation ``=f``."""
    derivation = derive(program)
    if what.startswith("="):
        return next(s for s in program.statements if isinstance(s, Define) and s.tensor.name == what[1:])
    of, _, wrt = what.rpartition("/")
    if of:
        jacobian = next(j for j in derivation.jacobians if (j.of.name, j.wrt.name) == (of, wrt))
        assert jacobian.define is not None
        return jacobian.define
    gradient = next(g for g in derivation.line_by_line.gradients if g.wrt.name == wrt)
    last = gradient.statements[-1]
    assert isinstance(last, Define)
    return last


def inverses_in(program: Program) -> list[Statement]:
    """The definitions of the inverses of all matrices of which a program has an inverse or a determinant, and of those
    of which these are products.
    """
    stated = [statement for statement in program.statements if isinstance(statement, Intrinsic)]
    return [*(inverse_of(program, statement.operand) for statement in stated), *inverses_of_factors(program)]


def values_of(program: Program, define: Define) -> dict[Tensor, object]:
    """Inputs drawn, intermediates computed, upstream gradients drawn."""
    inputs = {entry.tensor: draw_value(entry.tensor, 1) for entry in program.inputs}
    values = evaluate_statements([*program.statements, *inverses_in(program)], inputs)
    return values | {t: draw_value(t, 2) for t in tensors_read(define.body) if t not in values}
