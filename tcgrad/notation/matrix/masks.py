"""The mask ``1 1ᵀ - I`` in an elementwise product: where it is 0, the product is, whatever else is in it.

That is how people read ``(1 1ᵀ - I) ⊘ R`` for distances R; NumPy's ``0/0`` is no 0.
"""

from __future__ import annotations

from tcgrad.ir.gaps import has_domain
from tcgrad.ir.indices import Integer
from tcgrad.ir.tensors import Role
from tcgrad.notation.matrix.nodes import Apply, Hadamard, Identity, Matrix, Number, Power, Scale, Sum, Symbol
from tcgrad.notation.matrix.shape import is_ones
from tcgrad.notation.matrix.tree import parts


def split_mask(matrix: Hadamard) -> tuple[Integer, Hadamard] | None:
    """The size of the mask in a product, and the rest, if that may have no value on the diagonal; else None."""
    size = next(filter(None, map(_size, matrix.factors)), None)
    if size is None:
        return None
    rest = Hadamard(tuple(factor for factor in matrix.factors if _size(factor) is None), matrix.divisors)
    return (size, rest) if any(map(_has_gap, parts(rest))) else None


def _size(matrix: Matrix) -> Integer | None:
    """The size of a mask; None for any other matrix."""
    match matrix:
        case Sum(terms=(ones, Scale(coefficient=-1, factors=(), divisors=(), body=Identity(size=size)))) if is_ones(
            ones
        ):
            return size
        case _:
            return None


def _has_gap(matrix: Matrix) -> bool:
    """Whether an expression by itself has no value for some arguments; an intermediate may have none anywhere."""
    match matrix:
        case Hadamard() | Scale():
            return bool(matrix.divisors)
        case Power(exponent=Number(value=value)):
            return value < 0 or value.denominator != 1
        case Power():
            return True
        case Apply(function=function):
            return has_domain(function)
        case Symbol(tensor=tensor):
            return tensor.role is Role.DEFINED
        case _:
            return False
