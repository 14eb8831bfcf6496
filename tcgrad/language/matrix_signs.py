"""Operators that other notations apply to whole tensors, and that are of numbers here."""

from __future__ import annotations

from tcgrad.language.symbols import TRANSPOSE, Symbols
from tcgrad.language.syntax import Name, Negative, Number, Power, Product, Subscript


def refuse_matrix_power(node: Power, symbols: Symbols) -> None:
    """Report ``A^T`` and ``A^-1`` of a tensor without indices.

    Raises:
        Refused: after TC304.
    """
    tensor = symbols.tensors.get(node.base.name) if isinstance(node.base, Name) else None
    if tensor is None or tensor.order < 2:
        return
    match node.exponent:
        case Name(name="T"):
            help_ = TRANSPOSE.format(tensor.name)
        case Negative(operand=Number(value=value)) if value == 1:
            help_ = f"write `inv({tensor.name})[i,j]` for the inverse of a matrix"
        case _:
            return
    raise symbols.refuse("TC304", "a power is one of numbers, and this is a tensor", node.span, help_)


def refuse_real_quotient(node: Product, symbols: Symbols) -> None:
    """Report ``//`` and ``%`` of a real tensor.

    Raises:
        Refused: after TC318.
    """
    for _, factor in node.factors:
        tensor = symbols.tensors.get(factor.name) if isinstance(factor, Subscript) else None
        if tensor is not None and tensor.dtype != "int":
            message = f"`//` and `%` are of integers, and `{tensor.name}` is {tensor.dtype}"
            help_ = "write `floor(a/b)` for a quotient that is rounded down"
            raise symbols.refuse("TC318", message, factor.span, help_)
