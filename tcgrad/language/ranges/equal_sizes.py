"""Dims given as numbers that a spec makes equal to other sizes: one size, which goes by the other's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tcgrad.errors import Span
from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.sizes import with_dims
from tcgrad.ir.tensors import Tensor
from tcgrad.language.integers import write_integer
from tcgrad.language.symbols import Symbols


def make_square(matrix: Tensor, span: Span, symbols: Symbols) -> None:
    """The sizes of a tensor's last two axes, which have one value, are equal, or there is no such matrix."""
    rows, columns = matrix.shape[-2:]
    if rows == columns or (rows, columns) in symbols.equal:
        return
    symbols.equal.append((rows, columns))
    if rows.as_number is None and columns.as_number is None:
        both = f"{write_integer(rows)} by {write_integer(columns)}"
        message = f"`{matrix.name}` is {both}, which are equal only because both are {rows.value}"
        symbols.warn("TC323", message, span, "declare both axes with one dim")


def joined(
    same: Mapping[str, Integer], pairs: Iterable[tuple[Integer, Integer]], dims: Sequence[Dim]
) -> dict[str, Integer] | None:
    """``same``, what dims are equal to, with one more that a pair of equal sizes can be solved for; None if none can.

    Of two dims it is the one that was declared later.
    """
    for left, right in pairs:
        difference = left - right
        for dim in reversed(dims):
            size = _solution(difference, dim)
            if size is not None:
                return {name: with_dims(old, {dim: size}) for name, old in same.items()} | {dim.name: size}
    return None


def _solution(difference: Integer, dim: Dim) -> Integer | None:
    """The size for which ``difference`` is 0, if the dim occurs in it once, with the coefficient 1 or -1."""
    sign = dict(difference.terms).get((dim,))
    if sign not in (1, -1):
        return None
    rest = difference - Integer.of(dim) * sign
    return None if _mentions(rest, dim) else rest * -sign


def _mentions(size: Integer, dim: Dim) -> bool:
    return with_dims(size, {dim: Integer.of(0)}) != size
