"""A definition in matrix notation: what raising delivers and reports print."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.notation.matrix.batches import has_batch_sum
from tcgrad.notation.matrix.nodes import Axis, BatchDelta, Matrix, Size, Symbol, Transpose, Vec, VecOrder
from tcgrad.notation.matrix.printer import print_matrix
from tcgrad.notation.matrix.scaling import scaled
from tcgrad.notation.matrix.syntaxes import MATRIX_ASCII, MATRIX_LATEX, MATRIX_UNICODE, MatrixSyntax
from tcgrad.notation.matrix.tree import parts
from tcgrad.records import dataclass

Layout = Literal["full", "vec"]


@dataclass(frozen=True)
class MatrixForm:
    """``tensor = matrix``; the texts are those of the right side, `left` gives the left side.

    layout: ``full``, the matrix is the tensor; ``vec``, a Jacobian whose matrices are vectorised on both sides.
    batch: for each axis of the tensor the batch index for every value of which the equation holds, or None; () if the
        equation is that of the whole tensor.
    linked: of a Jacobian the pairs of batch indices between which it is 0 unless they are the same; ``matrix`` holds
        the first of each.
    vec: the order in which matrices are vectorised.
    taken: the names of tensors, which no sign of matrix notation may have besides.
    """

    tensor: Tensor
    matrix: Matrix
    layout: Layout
    batch: tuple[Axis, ...] = ()
    linked: tuple[tuple[Integer, Integer], ...] = ()
    vec: VecOrder = "row"
    taken: frozenset[str] = frozenset()

    @cached_property
    def text(self) -> str:
        """The right side in Unicode."""
        return self.right(MATRIX_UNICODE)

    @cached_property
    def ascii(self) -> str:
        return self.right(MATRIX_ASCII)

    @cached_property
    def latex(self) -> str:
        return self.right(MATRIX_LATEX)

    def right(self, syntax: MatrixSyntax) -> str:
        """The right side in a syntax."""
        matrix = scaled(self.matrix, (BatchDelta(*pair) for pair in self.linked))
        return print_matrix(matrix, syntax.beside(self.taken.union(_sizes_named(matrix))))

    @cached_property
    def numpy(self) -> str | None:
        """An expression in NumPy with the value of the right side; None where a function in it is not in NumPy."""
        from tcgrad.notation.as_numpy.batched import batched_text
        from tcgrad.notation.as_numpy.linked import linked_text
        from tcgrad.notation.as_numpy.matrices import numpy_text

        sides = matrix_sides(self.tensor)
        if self.batch and len(sides) > 1 and sides[0].order:
            return linked_text(self.matrix, self.tensor, self.batch, self.linked, self.vec)
        return batched_text(self.matrix, self.tensor, self.batch) if self.is_batched else numpy_text(self.matrix)

    @cached_property
    def is_batched(self) -> bool:
        """Whether it names batch indices."""
        return bool(self.batch) or has_batch_sum(self.matrix)

    def left(self, syntax: MatrixSyntax) -> str:
        """The left side in a syntax, as ``∂vec(y)/∂vec(x)`` or ``∂²f/∂x∂xᵀ``."""
        sides = matrix_sides(self.tensor)
        scalars = not any(tensor.order for tensor in sides)
        if len(sides) < 2 or scalars or self._is_whole_jacobian:
            return print_matrix(Symbol(self.tensor, self.batch), syntax)
        sign = syntax.scalars.differential
        held = self.batch or (None,) * self.tensor.order
        split = sides[0].order
        halves = (held[:split], held[split:])
        named = [self._side(tensor, at) for tensor, at in zip(sides, halves, strict=True)]
        if self.tensor.role is Role.HESSIAN and all(None in half for half in halves):
            named[1] = Transpose(named[1])
        rows, columns = (print_matrix(side, syntax) for side in named)
        above, below = f"{sign}{rows}", f"{sign}{columns}"
        if self.tensor.role is Role.HESSIAN:
            above = syntax.second_differential + print_matrix(Symbol(self.tensor.about[0]), syntax)
            below = f"{sign}{rows}{syntax.between_differentials}{sign}{columns}"
        return syntax.scalars.fraction(above, below) if syntax.scalars.fraction else f"{above}/{below}"

    @property
    def _is_whole_jacobian(self) -> bool:
        return self.layout == "full" and self.tensor.role is Role.JACOBIAN and not self.batch

    def _side(self, tensor: Tensor, at: tuple[Axis, ...]) -> Matrix:
        name = Symbol(tensor, at if any(at) else ())
        vectorised = at.count(None) == 2 and self.layout == "vec"
        return Vec(name) if vectorised else name


def _sizes_named(matrix: Matrix) -> Iterator[str]:
    """The names of the sizes that stand in a formula as numbers."""
    for part in parts(matrix):
        if isinstance(part, Size):
            yield from (atom.name for monomial, _ in part.value.terms for atom in monomial if isinstance(atom, Dim))


def matrix_sides(tensor: Tensor) -> tuple[Tensor, ...]:
    """The tensors whose axes are the rows and the columns of a Jacobian or of a Hessian's block; else it alone."""
    match tensor.role, tensor.about:
        case (Role.JACOBIAN, (rows, columns, *_)) | (Role.HESSIAN, (_, rows, columns)):
            return rows, columns
        case _:
            return (tensor,)
