"""Putting matrix expressions in the place of names, rebuilt so that the whole reads as if raised at once."""

from __future__ import annotations

from collections.abc import Mapping

from tcgrad.ir.indices import Integer
from tcgrad.ir.tensors import Tensor
from tcgrad.notation.matrix.batches import lengths
from tcgrad.notation.matrix.building import cross_matrix, diagonal_matrix, product, squared_norm, trace
from tcgrad.notation.matrix.elementwise import hadamard, power, triangle
from tcgrad.notation.matrix.negation import settled
from tcgrad.notation.matrix.nodes import (
    BatchSum,
    CrossMatrix,
    DiagMatrix,
    Fold,
    Hadamard,
    MatMul,
    Matrix,
    Number,
    Power,
    Scale,
    Size,
    Sum,
    Symbol,
    Transpose,
    Triangle,
)
from tcgrad.notation.matrix.scaling import scaled
from tcgrad.notation.matrix.sums import add
from tcgrad.notation.matrix.transpose import transpose
from tcgrad.notation.matrix.tree import parts, rebuilt
from tcgrad.notation.raising.form import MatrixForm
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.records import replace


def unfolded(form: MatrixForm, known: Mapping[Tensor, MatrixForm | Refusal]) -> MatrixForm | Refusal:
    """The form with the tensors of ``known`` replaced by their own forms.

    It is refused where one of them has no form, or is read in other slices than its form is given in.
    """
    reads = [part for part in parts(form.matrix) if isinstance(part, Symbol) and part.tensor in known]
    put_in: dict[Symbol, Matrix] = {}
    for read in reads:
        inner = known[read.tensor]
        if isinstance(inner, Refusal):
            return inner
        if not _fits(read, inner):
            return Refusal(f"{read.tensor.name} is read in other slices than its form is given in")
        put_in[read] = _form_at(inner, read)
    return replace(form, matrix=settled(_put_in(form.matrix, put_in)))


def _fits(read: Symbol, form: MatrixForm) -> bool:
    """Whether the read holds the axes that the form does, by names that the form does not sum over."""
    whole = (None,) * read.tensor.order
    pairs = zip(read.at or whole, form.batch or whole, strict=True)
    summed = {Integer.of(part.index) for part in parts(form.matrix) if isinstance(part, BatchSum)}
    return all((a is None) == (b is None) for a, b in pairs) and not summed.intersection(read.at)


def _form_at(form: MatrixForm, read: Symbol) -> Matrix:
    """The form's matrix at the positions that a read holds."""
    renamed = {b: a for a, b in zip(read.at, form.batch, strict=False) if a is not None}
    held = [part for part in parts(form.matrix) if isinstance(part, Symbol) and part.at]
    moved = {part: Symbol(part.tensor, tuple(renamed.get(p, p) for p in part.at)) for part in held}
    return _put_in(form.matrix, moved)


def _put_in(matrix: Matrix, known: Mapping[Symbol, Matrix]) -> Matrix:
    def inside(part: Matrix) -> Matrix:
        return _put_in(part, known)

    match matrix:
        case Symbol():
            return known.get(matrix, matrix)
        case Transpose():
            return transpose(inside(matrix.operand))
        case MatMul():
            return product(*map(inside, matrix.factors))
        case Hadamard():
            return hadamard(map(inside, matrix.factors), map(inside, matrix.divisors))
        case BatchSum():
            operand = settled(inside(matrix.operand))
            if lengths(operand, matrix.index):
                return BatchSum(matrix.index, operand)
            return scaled(operand, (Size(lengths(matrix.operand, matrix.index)[0]),))
        case Scale():
            body = None if matrix.body is None else inside(matrix.body)
            return scaled(body, map(inside, matrix.factors), map(inside, matrix.divisors), matrix.coefficient)
        case Sum():
            return add(map(inside, matrix.terms))
        case Power(base=Fold(kind="norm", operand=operand), exponent=Number(value=value)) if value == 2:
            return squared_norm(inside(operand))
        case Power():
            return power(inside(matrix.base), inside(matrix.exponent))
        case Fold(kind="tr"):
            return trace(inside(matrix.operand))
        case DiagMatrix():
            return diagonal_matrix(inside(matrix.vector))
        case Triangle():
            return triangle(matrix.side, inside(matrix.operand), matrix.offset)
        case CrossMatrix():
            return cross_matrix(inside(matrix.vector))
        case _:
            return rebuilt(matrix, [inside(operand) for operand in matrix.operands])
