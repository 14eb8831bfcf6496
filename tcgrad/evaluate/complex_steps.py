"""Complex steps of many directions from one point: the real parts are the same along all of them.

An imaginary part is so small that its square is lost, so that ``f(x + ihv) = f(x) + i v Im f(x + ih)`` to the last
digit: a function is evaluated once for all directions, by a complex step of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array
from tcgrad.evaluate.arrays.parts import together
from tcgrad.evaluate.context import Context
from tcgrad.ir.indices import Index

STEP = 2.0**-100

# The square of an imaginary part below this is nothing beside 1 in any type.
_SMALL = 2.0**-60

# Of fewer numbers than these it is not worth the look.
_MANY = 2**11


def point_of(array: Array, axes: tuple[Index, ...], context: Context) -> Array | None:
    """The real parts that are the same along all directions, without their axis; None if there is no such thing."""
    if array.size < _MANY or array.dtype.kind != "c" or context.noise is not None:
        return None
    if not axes or axes[0] is not context.batch or not (array.real == array.real[0]).all():
        return None
    return np.asarray(array.real[0])


def stepped(function: Callable[[Array], Array], array: Array, point: Array) -> Array:
    """The values of a function of one argument along all directions."""
    steps = array.imag
    if not max(steps.max(), -steps.min()) < _SMALL:
        return function(array)
    one = function(together(point, point.dtype.type(STEP), array.dtype))
    return together(one.real, one.imag * (1 / point.dtype.type(STEP)) * steps, array.dtype)
