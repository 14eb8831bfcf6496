"""Products and quotients as code: what is small first, signs in front, no more parentheses than needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import field
from fractions import Fraction
from operator import itemgetter

from tcgrad.emit.arrays import Kind, Node
from tcgrad.emit.text import Level, Text
from tcgrad.ir.indices import Integer
from tcgrad.records import dataclass

_FEWEST = 3  # factors of which two may come first
_WITH_SHORT_DECIMALS = (2, 4)  # denominators


@dataclass
class ProductCode:
    """A product to be written: a coefficient, and factors by whether they are scalars and whether they divide.

    shape: that of the product.
    """

    shape: tuple[Integer, ...]
    coefficient: Fraction = Fraction(1)
    factors: dict[tuple[bool, bool], list[Node]] = field(
        default_factory=lambda: {(scalar, inverted): [] for scalar in (True, False) for inverted in (True, False)}
    )

    def text(self, expression: Callable[[Node], Text], is_never_zero: Callable[[Node], bool]) -> Text:
        """Scalars first, so that an array is passed over once for all of them, with small arrays; truth values last.

        Python raises an exception where a number is divided by 0: an array is divided then, or NumPy divides.

        A Python number times truth values would be an array of a dtype of its own, wider than the inputs', and so would
        two Python truth values times one of NumPy's; and truth values have no negative.
        """
        over, under = self._number()
        is_negative = self.coefficient.numerator < 0
        numbers = any(node.is_static for inverted in (True, False) for node in self.factors[True, inverted])
        several = sum(node.kind is Kind.BOOL for node in self.factors[True, False]) > 1
        truths = self._truths() if over or under or is_negative or numbers or several else []
        scalars = [*over, *under, *self.factors[True, False], *self.factors[True, True]]
        small = self._small(bool(scalars))
        is_risky = not (small[False] or small[True]) and self._divides_a_number_by_0(is_never_zero)
        if is_risky and self.factors[False, False]:
            self.factors[False, True] += self.factors[True, True]
            self.factors[True, True] = []
            is_risky = False
        above, below = [*over, *self._codes(expression, True, False)], [*under, *self._codes(expression, True, True)]
        above += _codes(expression, small[False], Level.MUL)
        below += _codes(expression, small[True], Level.UNARY)
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
        code = quotient(above or ["1"], below)
        if arrays:
            code = quotient([code, *arrays], divisors)
        if is_negative and self._begins_with_truth(over):
            return Text(f"-({code})", Level.UNARY)
        sign = "-" if is_negative else ""
        if not arrays and not below and len(above) == 1:
            return Text(sign + code, Level.UNARY)
        return Text(sign + code, Level.MUL)

    def _divides_a_number_by_0(self, is_never_zero: Callable[[Node], bool]) -> bool:
        """Whether all of the quotient that stands first are Python numbers, and it may be one by 0."""
        if not self.factors[True, True] or (self.factors[False, True] and not self.factors[False, False]):
            return False
        numbers = (node.is_static for inverted in (True, False) for node in self.factors[True, inverted])
        return all(numbers) and not all(map(is_never_zero, self.factors[True, True]))

    def _begins_with_truth(self, over: list[str]) -> bool:
        """Whether the first factor is an array of truth values, which NumPy refuses to negate."""
        above = [*self.factors[True, False], *self.factors[False, False]]
        return not over and bool(above) and above[0].kind is Kind.BOOL

    def _number(self) -> tuple[list[str], list[str]]:
        """The absolute coefficient as factors above and below the line.

        With a sign it is one number where it can be, that is passed over arrays once: ``-0.5 * x`` for ``-x / 2``.
        """
        numerator, denominator = self.coefficient.as_integer_ratio()
        over, under = str(abs(numerator)), str(denominator)
        is_one_number = numerator < 0 and denominator in _WITH_SHORT_DECIMALS and bool(self.factors[False, False])
        if is_one_number or len(over) + len(under) > 5:
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

    def _small(self, has_scalars: bool) -> dict[bool, list[Node]]:
        """Takes those arrays out that are multiplied with each other, or with scalars, before they meet larger ones.

        They are of one shape, and smaller than the product: the most of those that there are.
        """
        found: dict[bool, list[Node]] = {False: [], True: []}
        arrays = [*self.factors[False, False], *self.factors[False, True]]
        if len(arrays) + has_scalars < _FEWEST or all(node.shape == self.shape for node in arrays):
            return found
        small = [node for node in arrays if node.shape not in (self.shape, ()) and node.kind is not Kind.BOOL]
        shapes = Counter([node.shape for node in small])
        shape, count = max(shapes.items(), key=itemgetter(1), default=((), 0))
        if count < len(arrays) and count + has_scalars > 1:
            for inverted, nodes in found.items():
                factors = self.factors[False, inverted]
                nodes += [node for node in factors if node in small and node.shape == shape]
                self.factors[False, inverted] = [node for node in factors if node not in nodes]
        return found

    def _codes(self, expression: Callable[[Node], Text], scalar: bool, inverted: bool) -> list[str]:
        return _codes(expression, self.factors[scalar, inverted], Level.UNARY if inverted else Level.MUL)


def _codes(expression: Callable[[Node], Text], nodes: Sequence[Node], level: Level) -> list[str]:
    return [expression(node).at(level) for node in nodes]


def quotient(above: Sequence[str], below: Sequence[str]) -> str:
    """A product of codes divided by others, each of which holds together in it."""
    code = " * ".join(above)
    if not below:
        return code
    return f"{code} / {below[0]}" if len(below) == 1 else f"{code} / ({' * '.join(below)})"
