"""Which batch indices, held while a matrix is computed, its entries depend on."""

from __future__ import annotations

from tcgrad.ir.indices import Dim, Integer
from tcgrad.notation.matrix.common import without
from tcgrad.notation.matrix.negation import settled
from tcgrad.notation.matrix.nodes import BatchSum, Matrix, Scale, Size, Symbol
from tcgrad.notation.matrix.scaling import scaled, unscaled
from tcgrad.notation.matrix.tree import parts


def batch_indices(position: Integer) -> list[Dim]:
    """The batch indices that a held position names."""
    return [atom for atom in position.atoms if isinstance(atom, Dim)]


def is_batch(position: Integer) -> bool:
    """Whether a held position names one: a size of the spec has a value."""
    return any(not dim.value for dim in batch_indices(position))


def lengths(matrix: Matrix, index: Dim) -> list[Integer]:
    """The lengths of the axes that hold a batch index."""
    held = [part for part in parts(matrix) if isinstance(part, Symbol) and part.at]
    pairs = (pair for part in held for pair in zip(part.tensor.shape, part.at, strict=True))
    return [length for length, position in pairs if position == Integer.of(index)]


def batch_sum(index: Dim, size: Integer, matrix: Matrix) -> Matrix:
    """The sum over the values of a batch index, as many as ``size``, with its number in front, and the scalars that are
    the same for all values.

    Where the number divides, so do the divisors that are.
    """
    if index not in batch_of(matrix):
        return scaled(matrix, (Size(size),))
    own = unscaled(settled(matrix))
    number = own.coefficient
    factors, divisors = (
        tuple(each for each in scalars if index not in batch_of(each)) for scalars in (own.factors, own.divisors)
    )
    common = Scale(number, factors, divisors if number.denominator > 1 else ())
    return scaled(BatchSum(index, scaled(without(own, common))), (common,))


def batch_of(matrix: Matrix) -> set[Dim]:
    """The batch indices that the value depends on."""
    if isinstance(matrix, Symbol):
        return {dim for position in matrix.at if position is not None for dim in batch_indices(position)}
    found = {dim for operand in matrix.operands for dim in batch_of(operand)}
    return found - {matrix.index} if isinstance(matrix, BatchSum) else found


def has_batch_sum(matrix: Matrix) -> bool:
    return isinstance(matrix, BatchSum) or any(map(has_batch_sum, matrix.operands))
