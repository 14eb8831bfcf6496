"""A definition in matrix notation: what raising delivers and reports print."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from tcgrad.ir.tensors import Role, Tensor
from tcgrad.notation.matrix import Axis, Matrix, Symbol, Vec
from tcgrad.notation.matrix_numpy import numpy_text
from tcgrad.notation.matrix_numpy_batched import batched_text, has_batch_sum
from tcgrad.notation.matrix_printer import print_matrix
from tcgrad.notation.matrix_syntaxes import MATRIX_ASCII, MATRIX_LATEX, MATRIX_UNICODE, MatrixSyntax
from tcgrad.records import dataclass

Layout = Literal["full", "vec"]


@dataclass(frozen=True)
class MatrixForm:
    """``tensor = matrix``; the texts are those of the right side, `left` gives the left side.

    layout: ``full``, the matrix is the tensor; ``vec``, a Jacobian whose matrices are vectorised on both sides.
    batch: for each axis of the tensor the batch index for every value of which the equation holds, or None; () if the
        equation is that of the whole tensor.
    """

    tensor: Tensor
    matrix: Matrix
    layout: Layout
    batch: tuple[Axis, ...] = ()

    @cached_property
    def text(self) -> str:
        """The right side in Unicode."""
        return print_matrix(self.matrix, MATRIX_UNICODE)

    @cached_property
    def ascii(self) -> str:
        return print_matrix(self.matrix, MATRIX_ASCII)

    @cached_property
    def latex(self) -> str:
        return print_matrix(self.matrix, MATRIX_LATEX)

    @cached_property
    def numpy(self) -> str | None:
        """An expression in NumPy with the value of the right side; None where a function in it is not in NumPy."""
        return batched_text(self.matrix, self.tensor, self.batch) if self._is_batched else numpy_text(self.matrix)

    @cached_property
    def _is_batched(self) -> bool:
        return bool(self.batch) or has_batch_sum(self.matrix)

    def left(self, syntax: MatrixSyntax) -> str:
        """The left side in a syntax, as ``∂vec(y)/∂vec(x)`` or ``∂²f/∂x∂xᵀ``."""
        sides = matrix_sides(self.tensor)
        scalars = not any(tensor.order for tensor in sides)
        if len(sides) < 2 or scalars or (self.layout == "full" and self.tensor.role is Role.JACOBIAN):
            return print_matrix(Symbol(self.tensor, self.batch), syntax)
        sign = syntax.scalars.differential
        rows, columns = (self._side(tensor, syntax) for tensor in sides)
        above, below = f"{sign}{rows}", f"{sign}{columns}"
        if self.tensor.role is Role.HESSIAN:
            turned = syntax.transpose.format(columns) if sides[1].order else columns
            above = syntax.second_differential + print_matrix(Symbol(self.tensor.about[0]), syntax)
            below = f"{sign}{rows}{syntax.between_differentials}{sign}{turned}"
        return syntax.scalars.fraction(above, below) if syntax.scalars.fraction else f"{above}/{below}"

    def _side(self, tensor: Tensor, syntax: MatrixSyntax) -> str:
        vectorised = tensor.order == 2 and self.layout == "vec"
        return print_matrix(Vec(Symbol(tensor)) if vectorised else Symbol(tensor), syntax)


def matrix_sides(tensor: Tensor) -> tuple[Tensor, ...]:
    """The tensors whose axes are the rows and the columns of a Jacobian or of a Hessian's block; else it alone."""
    match tensor.role, tensor.about:
        case (Role.JACOBIAN, (rows, columns, *_)) | (Role.HESSIAN, (_, rows, columns)):
            return rows, columns
        case _:
            return (tensor,)
