"""The values of the table's functions, for every floating-point type; nothing here knows of a derivative."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array
from tcgrad.evaluate.arrays.numbers import number, pi
from tcgrad.evaluate.arrays.parts import absolute, real, signs, together, undefined_where
from tcgrad.evaluate.context import Context
from tcgrad.evaluate.functions import special
from tcgrad.functions import Function


class _Evaluation(NamedTuple):
    """How a function is evaluated, and what is known of the rounding in that.

    decisions: what its branch is decided by.
    steepness: if it falls off like exp(-p), p: rounding in p moves the value in proportion.
    slope_terms: if the slope, which is a complex value's imaginary part, is a sum of terms that may cancel: their size.
    crosses_zero: whether the error is not small beside the value, but beside 1.
    is_exact: whether nothing is rounded: it is one of its arguments but for the sign, or a whole number.
    outside: where it has no value at real numbers, though it may have one at complex ones beside them.
    is_real: whether it has no values at complex numbers.
    """

    value: Callable[..., Any]
    decisions: Callable[..., tuple[Any, ...]] | None = None
    steepness: Callable[[Array], Array] | None = None
    slope_terms: Callable[..., Array] | None = None
    crosses_zero: bool = False
    is_exact: bool = False
    outside: Callable[[Array], Any] | None = None
    is_real: bool = False


def call(function: Function, arguments: list[Array], context: Context) -> Array:
    """The function at ``arguments`` (broadcast against each other), in the context's dtype.

    Raises:
        TypeError: for exact rational numbers, where the function's values are not rational.
    """
    if function.orders is not None:
        return context.functions[function.name.partition("'")[0]](function.orders, arguments)
    if context.dtype == np.object_ and not function.is_rational:
        raise TypeError(f"{function.name} has no exact values")
    row = _TABLE[function.name]
    value = np.asarray(row.value(*arguments)).astype(context.dtype, copy=False)
    if row.outside is None or not np.iscomplexobj(value):
        return value
    return undefined_where(row.outside(real(arguments[0])), value)


def magnitude(function: Function, value: Array, arguments: list[Array], context: Context) -> Array:
    """What the error of the function's ``value`` at ``arguments`` is in proportion to."""
    if function.orders is not None:
        return context.functions[function.name.partition("'")[0]].magnitude(function.orders, arguments)
    size, row = absolute(value), _TABLE[function.name]
    if row.crosses_zero:
        return size + 1
    if row.slope_terms is not None and np.iscomplexobj(value):
        size = together(size.real, size.imag + row.slope_terms(*arguments), size.dtype)
    if row.steepness is not None:
        return np.asarray(size * (1 + row.steepness(real(arguments[0]))))
    return size


def is_complex_in_double(function: Function) -> bool:
    """Whether it has values at complex numbers in double precision, if in no wider type."""
    return function.orders is None and not _TABLE[function.name].is_real


def is_exact(function: Function) -> bool:
    """Whether nothing is rounded in it."""
    return function.orders is None and _TABLE[function.name].is_exact


def has_branches(function: Function) -> bool:
    """Whether there are `decisions` to be made."""
    row = _TABLE.get(function.name)
    return row is not None and row.decisions is not None


def decisions(function: Function, *arguments: Array) -> list[Array]:
    """What the function's branch is decided by at ``arguments``: where it changes there is a kink, a jump or a pole."""
    decide = _TABLE[function.name].decisions
    return [np.asarray(each) for each in decide(*map(real, arguments))] if decide else []


def _sigmoid(a: Array) -> Array:
    e = np.exp(np.where(real(a) >= 0, -a, a))
    return np.asarray(np.where(real(a) >= 0, 1, e) / (1 + e))


def _log1p(a: Array) -> Array:
    """NumPy's own takes the logarithm of ``1 + a`` of complex numbers, which has lost the digits of a small ``a``."""
    if not np.iscomplexobj(a):
        return np.asarray(np.log1p(a))
    above = 1 + a.real
    slope = a.imag / above
    return together(np.log1p(a.real) + np.log1p(slope * slope) / 2, np.arctan2(a.imag, above), a.dtype)


def _softplus(a: Array) -> Array:
    return np.where(real(a) > 0, a, 0) + _log1p(np.exp(np.where(real(a) > 0, -a, a)))


def _gelu(a: Array) -> Array:
    return np.asarray(a * special.erfc(-a / np.sqrt(a.dtype.type(2))) / 2)


def _gelu_tanh(a: Array) -> Array:
    cubic = number(Fraction(44715, 1000000), a.dtype)
    return np.asarray(a * _sigmoid(2 * np.sqrt(2 / pi(a.dtype)) * (a + cubic * a * a * a)))


def _cbrt(a: Array) -> Array:
    """The real root, of complex numbers the one near it."""
    if not np.iscomplexobj(a):
        return np.asarray(np.cbrt(a))
    sign = np.where(real(a) < 0, -1, 1)
    return np.asarray(sign * (sign * a) ** (1 / a.dtype.type(3)))


def _atan2(a: Array, b: Array) -> Array:
    """The angle of the point (b, a); of complex numbers by the arc tangent of whichever quotient is at most about 1.

    The quadrant is that of the real parts.
    """
    if not (np.iscomplexobj(a) or np.iscomplexobj(b)):
        return np.asarray(np.arctan2(a, b))
    steep = np.abs(real(a)) > np.abs(real(b))
    offset = np.where(steep, np.copysign(0.5, real(a)), np.where(real(b) < 0, np.copysign(1, real(a)), 0))
    turned = np.arctan(np.where(steep, -b, a) / np.where(steep, a, b))
    return np.asarray(turned + offset * pi(real(turned).dtype))


def _where_positive(a: Array, then: Array, otherwise: Array) -> Array:
    return np.where(real(a) > 0, then, otherwise)


def _rectified(a: Array) -> Array:
    """0 where it is not positive, and not -0, by which something may be divided."""
    return _where_positive(a, a, a * 0 + 0)


def _larger(a: Array, b: Array) -> Array:
    return np.where((real(a) >= real(b)) | _is_none(a), a, b)


def _smaller(a: Array, b: Array) -> Array:
    return np.where((real(a) <= real(b)) | _is_none(a), a, b)


def _is_none(a: Array) -> Array:
    """Whether it is not a number: then what is larger is none either."""
    return np.asarray(np.not_equal(a, a))


def _sign(a: Array) -> Array:
    return np.where(real(a) > 0, 1, np.where(real(a) < 0, -1, a * 0))


def _from_largest(a: Array) -> Array:
    """How large exponents are and how far below the largest: code takes that, or the logarithm of their sum, off all of
    them, so that nothing overflows.
    """
    finite = np.isfinite(a)
    if finite.all():
        largest = a.max(initial=-np.inf)
        return np.asarray((abs(largest) + largest - a) / 4)
    largest = np.max(a, initial=-np.inf, where=finite)
    return np.where(finite, abs(largest) + largest - a, 0) / 4


def _sign_of(a: Array) -> tuple[Array]:
    return (signs(a),)


def _sign_of_difference(a: Array, b: Array) -> tuple[Array]:
    return (signs(a - b),)


_TABLE: dict[str, _Evaluation] = {
    "exp": _Evaluation(np.exp, steepness=_from_largest),
    "log": _Evaluation(np.log, outside=lambda a: a < 0),
    "log1p": _Evaluation(_log1p),
    "expm1": _Evaluation(np.expm1),
    "sqrt": _Evaluation(np.sqrt, outside=lambda a: a < 0),
    "cbrt": _Evaluation(_cbrt, _sign_of),
    "sin": _Evaluation(np.sin),
    "cos": _Evaluation(np.cos),
    "tan": _Evaluation(np.tan, lambda a: (signs(np.cos(a)),)),
    "asin": _Evaluation(np.arcsin, outside=lambda a: abs(a) > 1),
    "acos": _Evaluation(np.arccos, outside=lambda a: abs(a) > 1),
    "atan": _Evaluation(np.arctan),
    "sinh": _Evaluation(np.sinh),
    "cosh": _Evaluation(np.cosh),
    "tanh": _Evaluation(np.tanh),
    "asinh": _Evaluation(np.arcsinh),
    "acosh": _Evaluation(np.arccosh, outside=lambda a: a < 1),
    "atanh": _Evaluation(np.arctanh, outside=lambda a: abs(a) > 1),
    "sigmoid": _Evaluation(_sigmoid),
    "softplus": _Evaluation(_softplus),
    "relu": _Evaluation(_rectified, _sign_of, is_exact=True),
    "gelu": _Evaluation(_gelu, steepness=lambda a: np.minimum(a, 0) ** 2),
    "gelu_tanh": _Evaluation(
        _gelu_tanh,
        steepness=lambda a: -np.minimum(a, 0) * (2 + a * a / 8),
        slope_terms=lambda a: absolute(a).imag,
    ),
    "silu": _Evaluation(lambda a: a * _sigmoid(a), slope_terms=lambda a: absolute(a).imag),
    "elu": _Evaluation(lambda a: _where_positive(a, a, np.expm1(a)), _sign_of),
    "erf": _Evaluation(special.erf),
    "erfc": _Evaluation(special.erfc, steepness=lambda a: np.maximum(a, 0) ** 2),
    "lgamma": _Evaluation(special.lgamma, crosses_zero=True),
    "digamma": _Evaluation(special.digamma, crosses_zero=True),
    "polygamma": _Evaluation(special.polygamma, is_real=True),
    "abs": _Evaluation(lambda a: a * _sign(a), _sign_of, is_exact=True),
    "sign": _Evaluation(_sign, _sign_of, is_exact=True),
    "floor": _Evaluation(lambda a: np.floor(real(a)), lambda a: (np.floor(a),), is_exact=True),
    "ceil": _Evaluation(lambda a: np.ceil(real(a)), lambda a: (np.ceil(a),), is_exact=True),
    "max": _Evaluation(_larger, _sign_of_difference, is_exact=True),
    "min": _Evaluation(_smaller, _sign_of_difference, is_exact=True),
    "atan2": _Evaluation(
        _atan2,
        lambda a, b: (np.where(b < 0, signs(a), 0),),
        slope_terms=lambda a, b: (absolute(a).imag * abs(b) + absolute(b).imag * abs(a)) / (abs(a) ** 2 + abs(b) ** 2),
    ),
    "leaky_relu": _Evaluation(
        lambda a, slope: _where_positive(a, a, slope * a), lambda a, slope: (signs(a) + 0 * slope,)
    ),
    "clip": _Evaluation(
        lambda a, lo, hi: _smaller(_larger(a, lo), hi),
        lambda a, lo, hi: (signs(a - lo) + 0 * hi, signs(np.where(a >= lo, a, lo) - hi)),
        is_exact=True,
    ),
}
