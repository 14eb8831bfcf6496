"""The values of derivatives at a point, as text and as data."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from tcgrad.evaluate import Array
from tcgrad.ir.tensors import jacobian_of
from tcgrad.notation.syntaxes import Syntax
from tcgrad.point import PointValues, Values

_MARGIN = "    "


def point_text(point: PointValues, syntax: Syntax) -> str:
    """A heading and the values below it, in full."""
    return "\n".join(["At the point", *_lines({**point.given, **point.outputs}, syntax), *_derivatives(point, syntax)])


def point_data(point: PointValues) -> dict[str, Any]:
    """Nested lists by ASCII name; ``matrix`` is the Jacobian of scalars by scalars, else None."""
    matrix = scalar_matrix(point)
    return {
        "point": _data(point.given),
        "outputs": _data(point.outputs),
        "jacobians": _data(point.jacobians),
        "gradients": _data(point.gradients),
        "matrix": None if matrix is None else matrix.tolist(),
    }


def scalar_matrix(point: PointValues) -> Array | None:
    """All Jacobians as one matrix, outputs below each other, if all are scalars by scalars."""
    if not point.jacobians or any(tensor.order for tensor in point.jacobians):
        return None
    of = list(dict.fromkeys(tensor.about[0] for tensor in point.jacobians))
    wrt = list(dict.fromkeys(tensor.about[1] for tensor in point.jacobians))
    return np.array([[point.jacobians[jacobian_of(y, x)] for x in wrt] for y in of])


def _derivatives(point: PointValues, syntax: Syntax) -> Iterator[str]:
    yield "Values of the derivatives there"
    yield from _lines({**point.jacobians, **point.gradients}, syntax)
    matrix = scalar_matrix(point)
    if matrix is not None and matrix.size > 1:
        yield f"{_MARGIN}as one matrix: {_numbers(matrix, 0).replace(chr(10), '')}"


def _lines(values: Values, syntax: Syntax) -> Iterator[str]:
    names = {tensor: syntax.tensor(tensor, ()) for tensor in values}
    width = max(map(len, names.values()), default=0)
    for tensor, array in values.items():
        head = f"{_MARGIN}{names[tensor]:<{width}} = "
        yield head + _numbers(array, len(head))


def _numbers(array: Array, column: int) -> str:
    """The numbers with up to ten digits; further rows begin at the column of the first."""
    if not array.ndim:
        return f"{array.item():.10g}"
    text = np.array2string(array, precision=8, threshold=sys.maxsize, max_line_width=10_000, separator=", ")
    return text.replace("\n", "\n" + " " * column)


def _data(values: Values) -> dict[str, Any]:
    return {tensor.name: _finite(array.tolist()) for tensor, array in values.items()}


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they are written as text."""
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value if np.isfinite(value) else str(value)
