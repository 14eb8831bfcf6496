"""Sizes and constants as the numbers that they are in the spec: there ``1[p]/N`` and ``1[p]/3`` may be the same."""

from __future__ import annotations

from collections.abc import Mapping

from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.nodes import Component, Const, Delta, Expr, IndexValue, const
from tcgrad.ir.sizes import dims_in, with_dims
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import map_children


def with_numbers(expr: Expr, sizes: Mapping[str, int]) -> Expr:
    """The expression with every size and constant that stands in it as a number, a delta of two sizes too; ranges of
    indices stay as they are.

    sizes: of dims by their names, where these have others than in the spec.
    """
    match expr:
        case IndexValue(value=value):
            return const(_size(value, sizes)) if _is_size(value) else expr
        case Delta(left=left, right=right) if _is_size(left - right):
            return const(int(_size(left - right, sizes) == 0))
        case Component(tensor=tensor) if tensor.role is Role.CONSTANT and tensor.value is not None:
            return Const(tensor.value)
        case _:
            return map_children(expr, lambda child: with_numbers(child, sizes))


def _is_size(value: Integer) -> bool:
    return all(isinstance(atom, Dim) for atom in value.atoms)


def _size(value: Integer, sizes: Mapping[str, int]) -> int:
    others = {dim: Integer.of(sizes[dim.name]) for dim in dims_in(value) if dim.name in sizes}
    return with_dims(value, others).value
