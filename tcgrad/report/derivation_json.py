"""The ``derive`` report as one JSON object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tcgrad.calculus.derivation import Derivation, Gradient, Jacobian
from tcgrad.ir.program import Define, Program, Recurrence, Statement
from tcgrad.ir.tensors import Tensor, gradient_of
from tcgrad.notation.index import print_statement
from tcgrad.notation.matrix import Matrix, Symbol, operands
from tcgrad.notation.matrix_form import MatrixForm
from tcgrad.notation.matrix_substitution import put_in
from tcgrad.notation.naming import Surroundings, name_indices
from tcgrad.notation.raising import raise_define
from tcgrad.notation.reading import align, sides
from tcgrad.notation.syntaxes import ASCII, LATEX, Syntax


def render_json(derivation: Derivation) -> dict[str, Any]:
    """The derivation as data: ``name``, ``outputs``, ``jacobians`` and ``gradients``, formulas in ASCII and LaTeX.

    A Jacobian has ``of``, ``wrt``, ``indices``, ``shape``, ``index`` (an equation, or null and a ``reason``),
    ``latex`` and ``matrix``; a gradient ``wrt``, ``shape``, ``index`` (its equations, the last one its own),
    ``latex`` and ``matrix``. ``matrix`` is null or has ``text``, ``latex`` and ``numpy``, of a Jacobian ``layout`` too.
    """
    program = derivation.program
    entries = _Data(program)
    return {
        "name": program.name,
        "outputs": [output.name for output in program.outputs],
        "jacobians": [entries.jacobian(jacobian) for jacobian in derivation.jacobians],
        "gradients": [entries.gradient(gradient) for gradient in derivation.gradients],
    }


def json_text(data: dict[str, Any]) -> str:
    """JSON as it is written to a file or a pipe."""
    text = json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False)
    return _SHORT_LIST.sub(lambda found: f"[{', '.join(found[1].split())}]".replace(",,", ","), text) + "\n"


_SHORT_LIST = re.compile(r'\[\n\s+((?:(?:"[^"\s,]*"|[-+.\w]+)(?:,\n\s+)?)+)\n\s+\]')


class _Data:
    """Makes the entries; a statement is printed and raised once, however many gradients use it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.around = Surroundings.of(program)
        self.ascii: dict[Statement, tuple[str, ...]] = {}
        self.latex: dict[Statement, tuple[str, ...]] = {}
        self.matrices: dict[Tensor, Matrix | None] = {}

    def lines(
        self, statements: Sequence[Statement], syntax: Syntax, known: dict[Statement, tuple[str, ...]]
    ) -> list[str]:
        for statement in statements:
            if statement not in known:
                known[statement] = print_statement(statement, syntax, surroundings=self.around)
        return [line for statement in statements for line in known[statement]]

    def jacobian(self, jacobian: Jacobian) -> dict[str, Any]:
        shape = [size.value for size in jacobian.of.shape + jacobian.wrt.shape]
        head = {"of": jacobian.of.name, "wrt": jacobian.wrt.name}
        define = jacobian.define
        if define is None:
            missing = {"indices": [], "shape": shape, "index": None, "reason": jacobian.reason}
            return {**head, **missing, "latex": None, "matrix": None}
        names = name_indices(define.free, define.body, self.around)
        form = raise_define(define, self.program)
        return {
            **head,
            "indices": [names[index] for index in define.free],
            "shape": shape,
            "index": self.lines([define], ASCII, self.ascii)[0],
            "latex": self.lines([define], LATEX, self.latex)[0],
            "matrix": {**_matrix(form), "layout": form.layout} if isinstance(form, MatrixForm) else None,
        }

    def gradient(self, gradient: Gradient) -> dict[str, Any]:
        return {
            "wrt": gradient.wrt.name,
            "shape": [size.value for size in gradient.wrt.shape],
            "index": self.lines(gradient.statements, ASCII, self.ascii),
            "latex": align([sides(line) for line in self.lines(gradient.statements, LATEX, self.latex)]),
            "matrix": self.whole_matrix(gradient),
        }

    def whole_matrix(self, gradient: Gradient) -> dict[str, Any] | None:
        """The matrix form in terms of the outputs' gradients alone; None where that gets long or there is none."""
        for statement in gradient.statements:
            if isinstance(statement, Recurrence):
                return None
            if isinstance(statement, Define) and statement.tensor not in self.matrices:
                form = raise_define(statement, self.program)
                self.matrices[statement.tensor] = self.unfolded(form) if isinstance(form, MatrixForm) else None
        last = gradient_of(gradient.wrt)
        matrix = self.matrices[last]
        return None if matrix is None else _matrix(MatrixForm(last, matrix, "full"))

    def unfolded(self, form: MatrixForm) -> Matrix | None:
        """With the gradients of intermediates put in; None where one has no matrix form, or the whole gets long."""
        unknown = any(
            isinstance(part, Symbol) and self.matrices.get(part.tensor, part) is None for part in _parts(form.matrix)
        )
        if unknown:
            return None
        matrix = put_in(form.matrix, {tensor: known for tensor, known in self.matrices.items() if known is not None})
        return matrix if sum(1 for _ in _parts(matrix)) <= _LARGEST else None


_LARGEST = 200  # nodes of a matrix expression


def _matrix(form: MatrixForm) -> dict[str, Any]:
    return {"text": form.text, "latex": form.latex, "numpy": form.numpy}


def _parts(matrix: Matrix) -> Iterator[Matrix]:
    """An expression and all that is inside it."""
    yield matrix
    for operand in operands(matrix):
        yield from _parts(operand)
