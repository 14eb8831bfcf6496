"""Operators that other notations apply to whole tensors, and that are of numbers here."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.language.symbols import TRANSPOSE, VECTORS, Symbols
from tcgrad.language.syntax import Expression, Name, Negative, Number, Power, Product, Subscript
from tcgrad.operators import INDEX_LETTERS, ONE

_INVERSE = "write `inv({})[{}]` for the inverse of a matrix"
_QUOTIENT = "write `floor(a/b)` for a quotient that is rounded down"
_REMAINDER = "write `a - b*floor(a/b)` for a remainder"


def refuse_matrix_power(node: Power, symbols: Symbols) -> None:
    """Report ``v^T``, ``A^T``, ``A^-1`` and ``A^-1[i,j]`` of a tensor without indices.

    Raises:
        Refused: after TC304.
    """
    if isinstance(node.base, Subscript) and isinstance(node.exponent, Name) and node.exponent.name == "T":
        _refuse_transposed(node.base, node.exponent, symbols)
    tensor = symbols.tensors.get(node.base.name) if isinstance(node.base, Name) else None
    if tensor is None or tensor.order == 0:
        return
    match node.exponent:
        case Name(name="T") if tensor.order == 1:
            help_ = VECTORS.format(tensor.name)
        case _ if tensor.order == 1:
            return
        case Name(name="T"):
            help_ = TRANSPOSE.format(tensor.name, "j,i")
        case Subscript(name="T", positions=(*batch, row, column)):
            help_ = TRANSPOSE.format(tensor.name, _texts((*batch, column, row), symbols))
        case Negative(operand=Number(value=value)) if value == 1:
            help_ = _INVERSE.format(tensor.name, ",".join(INDEX_LETTERS[: tensor.order]))
        case Negative(operand=Subscript(name=name, positions=positions)) if name == ONE:
            help_ = _INVERSE.format(tensor.name, _texts(positions, symbols))
        case _:
            return
    raise symbols.refuse("TC304", "a power is one of numbers, and this is a tensor", node.span, help_)


def _refuse_transposed(component: Subscript, exponent: Name, symbols: Symbols) -> None:
    """Report ``A[i,j]^T``, unless there is a ``T``."""
    if exponent.name in (*symbols.names(), *symbols.later, *symbols.broken):
        return
    help_ = f"`{symbols.text(component.span)}` is a number: leave the `^T` out"
    if len(component.positions) > 1:
        *batch, row, column = component.positions
        help_ = TRANSPOSE.format(component.name, _texts((*batch, column, row), symbols))
    raise symbols.refuse("TC301", "`T` is not declared or defined", exponent.span, help_)


def _texts(positions: Sequence[Expression], symbols: Symbols) -> str:
    return ",".join(symbols.text(position.span) for position in positions)


def refuse_real_quotient(node: Product, symbols: Symbols) -> None:
    """Report ``//`` and ``%`` of a real tensor.

    Raises:
        Refused: after TC318.
    """
    for _, factor in node.factors:
        tensor = symbols.tensors.get(factor.name) if isinstance(factor, Subscript | Name) else None
        if tensor is not None and tensor.dtype != "int" and (tensor.order == 0 or isinstance(factor, Subscript)):
            message = f"`//` and `%` are of integers, and `{tensor.name}` is {tensor.dtype}"
            is_remainder = any(operator == "%" for operator, _ in node.factors)
            help_ = _REMAINDER if is_remainder else _QUOTIENT
            raise symbols.refuse("TC318", message, factor.span, help_)
