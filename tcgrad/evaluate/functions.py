"""The values of the table's functions, for every floating-point type; nothing here knows of a derivative."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from tcgrad.evaluate import special
from tcgrad.evaluate.context import Array, Context
from tcgrad.evaluate.numbers import number, pi
from tcgrad.evaluate.parts import absolute, real, signs, together
from tcgrad.functions import Function

# Of these the error is not small beside the value, but beside 1: they cross zero.
_CROSSING = frozenset({"lgamma", "digamma"})

# Of these the slope, which is a complex value's imaginary part, is a sum of terms that may cancel: their sizes.
_TURNING: dict[str, Callable[..., Array]] = {
    "silu": lambda a: absolute(a).imag,
    "gelu_tanh": lambda a: absolute(a).imag,
    "atan2": lambda a, b: (absolute(a).imag * abs(b) + absolute(b).imag * abs(a)) / (abs(a) ** 2 + abs(b) ** 2),
}


def call(function: Function, arguments: list[Array], context: Context) -> Array:
    """The function at ``arguments`` (broadcast against each other), in the context's dtype.

    Raises:
        TypeError: for exact rational numbers, where the function's values are not rational.
    """
    if function.orders is not None:
        return context.functions[function.name.partition("'")[0]](function.orders, arguments)
    if context.dtype == np.object_ and function.name not in RATIONAL:
        raise TypeError(f"{function.name} has no exact values")
    return np.asarray(_VALUES[function.name](*arguments)).astype(context.dtype, copy=False)


def magnitude(function: Function, value: Array, arguments: list[Array], context: Context) -> Array:
    """What the error of the function's ``value`` at ``arguments`` is in proportion to."""
    if function.orders is not None:
        return context.functions[function.name.partition("'")[0]].magnitude(function.orders, arguments)
    size = absolute(value)
    if function.name in _CROSSING:
        return size + 1
    if function.name in _TURNING and np.iscomplexobj(value):
        size = together(size.real, size.imag + _TURNING[function.name](*arguments), size.dtype)
    if function.name in _STEEP:
        return np.asarray(size * (1 + _STEEP[function.name](real(arguments[0]))))
    return size


def decisions(function: Function, arguments: list[Array]) -> list[Array]:
    """What the function's branch is decided by at ``arguments``: where it changes there is a kink, a jump or a pole."""
    decide = _DECISIONS.get(function.name)
    return [] if decide is None else [np.asarray(each) for each in decide(*map(real, arguments))]


def _sigmoid(a: Array) -> Array:
    e = np.exp(np.where(real(a) >= 0, -a, a))
    return np.asarray(np.where(real(a) >= 0, 1, e) / (1 + e))


def _softplus(a: Array) -> Array:
    return np.where(real(a) > 0, a, 0) + np.log1p(np.exp(np.where(real(a) > 0, -a, a)))


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


def _larger(a: Array, b: Array) -> Array:
    return np.where(real(a) >= real(b), a, b)


def _smaller(a: Array, b: Array) -> Array:
    return np.where(real(a) <= real(b), a, b)


def _sign(a: Array) -> Array:
    return np.where(real(a) > 0, 1, np.where(real(a) < 0, -1, 0))


_VALUES: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "log1p": np.log1p,
    "expm1": np.expm1,
    "sqrt": np.sqrt,
    "cbrt": _cbrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "relu": lambda a: _where_positive(a, a, a * 0),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": lambda a: a * _sigmoid(a),
    "elu": lambda a: _where_positive(a, a, np.expm1(a)),
    "erf": special.erf,
    "erfc": special.erfc,
    "lgamma": special.lgamma,
    "digamma": special.digamma,
    "polygamma": special.polygamma,
    "abs": lambda a: a * _sign(a),
    "sign": _sign,
    "floor": lambda a: np.floor(real(a)),
    "ceil": lambda a: np.ceil(real(a)),
    "max": _larger,
    "min": _smaller,
    "atan2": _atan2,
    "leaky_relu": lambda a, slope: _where_positive(a, a, slope * a),
    "clip": lambda a, lo, hi: _smaller(_larger(a, lo), hi),
}

_DECISIONS: dict[str, Callable[..., tuple[Any, ...]]] = {
    "relu": lambda a: (signs(a),),
    "elu": lambda a: (signs(a),),
    "abs": lambda a: (signs(a),),
    "sign": lambda a: (signs(a),),
    "floor": lambda a: (np.floor(a),),
    "ceil": lambda a: (np.ceil(a),),
    "max": lambda a, b: (signs(a - b),),
    "min": lambda a, b: (signs(a - b),),
    "leaky_relu": lambda a, slope: (signs(a) + 0 * slope,),
    "clip": lambda a, lo, hi: (signs(a - lo) + 0 * hi, signs(np.where(a >= lo, a, lo) - hi)),
    "cbrt": lambda a: (signs(a),),
    "atan2": lambda a, b: (np.where(b < 0, signs(a), 0),),
    "tan": lambda a: (signs(np.cos(a)),),
}


def _from_largest(a: Array) -> Array:
    """How large exponents are and how far below the largest: code takes that, or the logarithm of their sum, off all of
    them, so that nothing overflows.
    """
    finite = np.isfinite(a)
    largest = np.max(a, initial=-np.inf, where=finite)
    return np.where(finite, abs(largest) + largest - a, 0) / 4


# Functions that fall off like exp(-p), and p: rounding in p moves the value in proportion.
_STEEP: dict[str, Callable[[Array], Array]] = {
    "exp": _from_largest,
    "gelu": lambda a: np.minimum(a, 0) ** 2,
    "gelu_tanh": lambda a: -np.minimum(a, 0) * (2 + a * a / 8),
    "erfc": lambda a: np.maximum(a, 0) ** 2,
}

# These take rational numbers to rational ones.
RATIONAL = frozenset({"relu", "abs", "sign", "floor", "ceil", "max", "min", "leaky_relu", "clip"})
