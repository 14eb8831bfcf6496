"""The values of derivatives at a point, for every format of the report."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tcgrad.notation.reading import Equation
from tcgrad.notation.syntaxes import LATEX
from tcgrad.report.notations import STYLES, Style

if TYPE_CHECKING:
    from tcgrad.point import PointValues, Value


def shown_values(values: PointValues) -> tuple[Value, ...]:
    """The values in the order of a report; gradients of a scalar that are its Jacobians are not shown twice."""
    twice = [jacobian.array.tolist() for jacobian in values.jacobians]
    own = len(values.outputs) == 1 and not values.outputs[0].array.ndim
    again = own and [gradient.array.tolist() for gradient in values.gradients] == twice
    return (*values.outputs, *values.jacobians, *(() if again else values.gradients))


def point_lines(values: PointValues, style: Style) -> Iterator[str]:
    """The values as text, arrays over several lines."""
    yield "At the point"
    shown = [(_symbol(value.name, style), value) for value in shown_values(values)]
    width = max(len(symbol) for symbol, _ in shown)
    for symbol, value in shown:
        lead = f"    {symbol:<{width}} = "
        yield lead + _array_text(value.array).replace("\n", "\n" + " " * len(lead))


def point_data(values: PointValues) -> dict[str, Any]:
    """The values as nested lists by ASCII name; what is not finite is null."""
    groups = {"outputs": values.outputs, "jacobians": values.jacobians, "gradients": values.gradients}
    return {key: {value.name: _finite(value.array.tolist()) for value in group} for key, group in groups.items()}


def point_equations(values: PointValues) -> Iterator[Equation]:
    """The values as LaTeX equations; arrays of more than two axes as nested brackets."""
    for value in shown_values(values):
        yield _latex_symbol(value.name), _latex_array(value.array)


def _symbol(name: str, style: Style) -> str:
    if style.index is not STYLES["unicode"].index or "/" not in name:
        return name
    above, _, below = name.partition("/")
    return f"∂{above[1:]}/∂{below[1:]}"


def _latex_symbol(name: str) -> str:
    if "/" not in name:
        return LATEX.index(name)
    above, _, below = name.partition("/")
    return rf"\frac{{\partial {LATEX.index(above[1:])}}}{{\partial {LATEX.index(below[1:])}}}"


def _array_text(array: Any) -> str:
    import numpy as np

    return np.array2string(array, max_line_width=10**9, threshold=sys.maxsize, formatter={"float_kind": _number})


def _number(value: Any) -> str:
    return f"{value:.8g}"


def _latex_array(array: Any) -> str:
    if not array.ndim:
        return _latex_number(float(array))
    if array.ndim > 2:
        return r"\left[" + r",\; ".join(map(_latex_array, array)) + r"\right]"
    rows = array.reshape(-1, 1) if array.ndim == 1 else array
    body = r" \\ ".join(" & ".join(_latex_number(float(cell)) for cell in row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def _latex_number(value: float) -> str:
    mantissa, _, exponent = _number(value).partition("e")
    names = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\text{NaN}"}
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else names.get(mantissa, mantissa)


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value if math.isfinite(value) else None
