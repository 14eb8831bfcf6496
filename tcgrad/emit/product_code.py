"""Products and quotients as code: scalars first, signs in front, no more parentheses than needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from fractions import Fraction

from tcgrad.emit.arrays import Kind, Node
from tcgrad.emit.text import Level, Text
from tcgrad.records import dataclass


@dataclass
class ProductCode:
    """A product to be written: a coefficient, and factors by whether they are scalars and whether they divide."""

    coefficient: Fraction = Fraction(1)
    factors: dict[tuple[bool, bool], list[Node]] = field(
        default_factory=lambda: {(scalar, inverted): [] for scalar in (True, False) for inverted in (True, False)}
    )

    def text(self, expression: Callable[[Node], Text], is_never_zero: Callable[[Node], bool]) -> Text:
        """Scalars first, so that an array is passed over once for all of them; truth values last.

        Python raises an exception where a number is divided by 0: an array is divided then, or NumPy divides.

        A Python number times truth values would be an array of a dtype of its own, wider than the inputs', and so would
        two Python truth values times one of NumPy's; and truth values have no negative.
        """
        over, under = self._number()
        is_negative = self.coefficient.numerator < 0
        numbers = any(node.is_static for inverted in (True, False) for node in self.factors[True, inverted])
        several = sum(node.kind is Kind.BOOL for node in self.factors[True, False]) > 1
        truths = self._truths() if over or under or is_negative or numbers or several else []
        is_risky = bool(self.factors[True, True]) and self._divides_a_number_by_0(is_never_zero)
        if is_risky and self.factors[False, False]:
            self.factors[False, True], self.factors[True, True] = self.factors[True, True], []
            is_risky = False
        above = [*over, *self._codes(expression, True, False)]
        below = [*under, *self._codes(expression, True, True)]
        arrays, divisors = self._codes(expression, False, False), self._codes(expression, False, True)
        if truths and not arrays:
            above = above or ["1"]
            below, divisors = below + divisors, []
        arrays += [expression(node).at(Level.MUL) for node in truths]
        if not above or not arrays:
            above, below, arrays, divisors = above + arrays, below + divisors, [], []
        if is_risky:
            divisor = " * ".join(below) if len(below) > 1 else expression(self.factors[True, True][0]).code
            above, below = [f"float(np.divide({' * '.join(above or ['1'])}, {divisor}))"], []
        code = _quotient_code(above or ["1"], below)
        if arrays:
            code = _quotient_code([code, *arrays], divisors)
        if is_negative and self._begins_with_truth(over):
            return Text(f"-({code})", Level.UNARY)
        sign = "-" if is_negative else ""
        if not arrays and not below and len(above) == 1:
            return Text(sign + code, Level.UNARY)
        return Text(sign + code, Level.MUL)

    def _divides_a_number_by_0(self, is_never_zero: Callable[[Node], bool]) -> bool:
        """Whether all of the quotient that stands first are Python numbers, and it may be one by 0."""
        if self.factors[False, True] or all(map(is_never_zero, self.factors[True, True])):
            return False
        return all(node.is_static for inverted in (True, False) for node in self.factors[True, inverted])

    def _begins_with_truth(self, over: list[str]) -> bool:
        """Whether the first factor is an array of truth values, which NumPy refuses to negate."""
        above = [*self.factors[True, False], *self.factors[False, False]]
        return not over and bool(above) and above[0].kind is Kind.BOOL

    def _number(self) -> tuple[list[str], list[str]]:
        """The absolute coefficient as factors above and below the line."""
        numerator, denominator = self.coefficient.as_integer_ratio()
        over, under = str(abs(numerator)), str(denominator)
        if len(over) + len(under) > 5:
            return [repr(abs(float(self.coefficient)))], []
        return [over] if over != "1" else [], [under] if under != "1" else []

    def _truths(self) -> list[Node]:
        """Takes the truth values out of the factors above the line."""
        found: list[Node] = []
        for scalar in (True, False):
            factors = self.factors[scalar, False]
            found += [node for node in factors if node.kind is Kind.BOOL]
            self.factors[scalar, False] = [node for node in factors if node.kind is not Kind.BOOL]
        return found

    def _codes(self, expression: Callable[[Node], Text], scalar: bool, inverted: bool) -> list[str]:
        return [
            expression(node).at(Level.MUL if not inverted else Level.UNARY) for node in self.factors[scalar, inverted]
        ]


def _quotient_code(above: list[str], below: list[str]) -> str:
    code = " * ".join(above)
    if not below:
        return code
    return f"{code} / {below[0]}" if len(below) == 1 else f"{code} / ({' * '.join(below)})"
