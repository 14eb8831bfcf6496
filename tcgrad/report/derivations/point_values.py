"""The values of derivatives at a point, as text and as data."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from textwrap import indent
from typing import Any

import numpy as np

from tcgrad.cells import cells, padded
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import jacobian_of
from tcgrad.notation.spelling.syntaxes import Syntax
from tcgrad.point import PointValues, Values

_MARGIN = "    "


def point_text(point: PointValues, syntax: Syntax) -> str:
    """Two headings and the values below them, in full. A scalar's own gradient is its Jacobian: it is said once."""
    derivatives = point.jacobians if point.is_scalar else {**point.jacobians, **point.gradients}
    lines = ["At the point", *_lines({**point.given, **point.outputs}, syntax)]
    lines += ["", "The derivatives there", *_lines(derivatives, syntax)]
    matrix = scalar_matrix(point)
    if matrix is not None and matrix.size > 1:
        lines.append(_one_matrix(matrix))
    if point.hessians:
        lines += ["", "The second derivatives there", *_lines(point.hessians, syntax)]
    table = hessian_matrix(point)
    if table is not None:
        lines.append(_one_matrix(table))
    return "\n".join(lines)


def _one_matrix(matrix: Array) -> str:
    rows = ", ".join(f"[{', '.join(f'{value:.10g}' for value in row)}]" for row in matrix)
    return f"{_MARGIN}as one matrix: [{rows}]"


def point_data(point: PointValues) -> dict[str, Any]:
    """Nested lists by ASCII name; ``matrix`` is the Jacobian of scalars by scalars, else None."""
    matrix = scalar_matrix(point)
    hessians = {"hessians": _data(point.hessians)} if point.hessians else {}
    return {
        "point": _data(point.given),
        "outputs": _data(point.outputs),
        "jacobians": _data(point.jacobians),
        "gradients": _data(point.gradients),
        "matrix": None if matrix is None else _finite(matrix.tolist()),
        **hessians,
    }


def scalar_matrix(point: PointValues) -> Array | None:
    """All Jacobians as one matrix, outputs below each other, if all are scalars by scalars."""
    if not point.jacobians or any(tensor.order for tensor in point.jacobians):
        return None
    of = list(dict.fromkeys(tensor.about[0] for tensor in point.jacobians))
    wrt = list(dict.fromkeys(tensor.about[1] for tensor in point.jacobians))
    return np.array([[point.jacobians[jacobian_of(y, x)] for x in wrt] for y in of])


def hessian_matrix(point: PointValues) -> Array | None:
    """The Hessian of one scalar by several scalars as one matrix; None where an input is no scalar."""
    wrt = list(dict.fromkeys(tensor for block in point.hessians for tensor in block.about[1:]))
    of = {block.about[0] for block in point.hessians}
    pairs = {block.about[1:]: float(value) for block, value in point.hessians.items() if not block.order}
    if len(wrt) < 2 or len(of) > 1 or 2 * len(pairs) != len(wrt) * (len(wrt) + 1):
        return None
    return np.array([[pairs.get((a, b), pairs.get((b, a))) for b in wrt] for a in wrt])


def _lines(values: Values, syntax: Syntax) -> Iterator[str]:
    names = {tensor: syntax.tensor(tensor, ()) for tensor in values}
    width = max(map(cells, names.values()), default=0)
    for tensor, array in values.items():
        head = f"{_MARGIN}{padded(names[tensor], width)} = "
        yield head + _numbers(array, cells(head))


def _numbers(array: Array, column: int) -> str:
    """The numbers with up to ten digits; further rows begin at the column of the first."""
    shown = [f"{value:.10g}" for value in array.flat]
    width = max(map(len, shown), default=0)
    if not array.ndim:
        return shown[0]
    text = np.array2string(
        array,
        separator=", ",
        threshold=sys.maxsize,
        max_line_width=sys.maxsize,
        formatter={"all": lambda value: f"{value:>{width}.10g}"},
    )
    return indent(text, " " * column).lstrip()


def _data(values: Values) -> dict[str, Any]:
    return {tensor.name: _finite(array.tolist()) for tensor, array in values.items()}


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they are written as text."""
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value if np.isfinite(value) else str(value)
