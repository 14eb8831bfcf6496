"""Dual numbers over the rationals: ``value + slope·ε`` with ``ε² = 0``.

Numbers over which they are made may be dual numbers themselves, for second derivatives.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias

from tcgrad.records import dataclass

Number: TypeAlias = "Fraction | int | Dual"


@dataclass(frozen=True)
class Dual:
    """A number and its derivative. Compared by the number alone, as branches and pivots are."""

    value: Number
    slope: Number

    @property
    def real(self) -> Any:
        """The number that it is near to."""
        return self.value.real

    def __add__(self, other: Dual | Number) -> Dual:
        a = dual(other)
        return Dual(self.value + a.value, self.slope + a.slope)

    def __mul__(self, other: Dual | Number) -> Dual:
        a = dual(other)
        return Dual(self.value * a.value, self.value * a.slope + self.slope * a.value)

    def __truediv__(self, other: Dual | Number) -> Dual:
        a = dual(other)
        quotient = _exactly(self.value) / a.value
        return Dual(quotient, (self.slope - quotient * a.slope) / a.value)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __sub__(self, other: Dual | Number) -> Dual:
        return self + -dual(other)

    def __rsub__(self, other: Number) -> Dual:
        return -self + other

    def __rtruediv__(self, other: Number) -> Dual:
        return dual(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def __abs__(self) -> Dual:
        return -self if self.value < 0 else self

    def __lt__(self, other: Any) -> bool:
        return self.value < dual(other).value

    def __gt__(self, other: Any) -> bool:
        return self.value > dual(other).value


def dual(number: Dual | Number) -> Dual:
    """A number as one that does not vary."""
    return number if isinstance(number, Dual) else Dual(number, 0)


def _exactly(number: Number) -> Any:
    """A number that is divided exactly; NaN, of a read outside of a tensor, stays what it is."""
    return Fraction(number) if isinstance(number, int) else number
