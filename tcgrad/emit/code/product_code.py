"""Products and quotients as code: what is small first, signs in front, no more parentheses than needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import field
from fractions import Fraction
from operator import itemgetter
from typing import NamedTuple

from tcgrad.emit.code.text import Level, Text, decimal
from tcgrad.emit.graph.arrays import Kind, Node
from tcgrad.ir.indices import Integer
from tcgrad.records import dataclass

_FEWEST = 3  # factors of which two may come first
_WITH_SHORT_DECIMALS = (2, 4)  # denominators


class _Line(NamedTuple):
    """What stands above and below a line."""

    above: list[Node]
    below: list[Node]


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
        """
        over, under = self._number()
        first, then, raises = self._arranged(over, under, is_never_zero)
        above = over + [expression(node).at(Level.MUL) for node in first.above]
        below = under + [expression(node).at(Level.UNARY) for node in first.below]
        if raises:
            divisor = " * ".join(below) if len(below) > 1 else expression(first.below[0]).code
            above, below = [f"float(np.divide({' * '.join(above or ['1'])}, {divisor}))"], []
        code = quotient(above or ["1"], below)
        if then.above:
            arrays = [expression(node).at(Level.MUL) for node in then.above]
            code = quotient([code, *arrays], [expression(node).at(Level.UNARY) for node in then.below])
        is_one = not then.above and not below and len(above) == 1
        return self._signed(Text(code, Level.UNARY if is_one else Level.MUL), begins_with_number=bool(over))

    def _signed(self, size: Text, *, begins_with_number: bool) -> Text:
        """The code with the coefficient's sign in front; of truth values, which begin it, NumPy has no negative."""
        if self.coefficient > 0:
            return size
        above = [*self.factors[True, False], *self.factors[False, False]]
        if not begins_with_number and above and above[0].kind is Kind.BOOL:
            return Text(f"-({size.code})", Level.UNARY)
        return Text(f"-{size.code}", size.level)

    def _arranged(
        self, over: list[str], under: list[str], is_never_zero: Callable[[Node], bool]
    ) -> tuple[_Line, _Line, bool]:
        """What the product begins with, what that is multiplied with, and whether Python might raise an exception.

        over, under: the factors of the number in front.
        """
        truths = self._truths() if over or under or self._needs_numbers() else []
        scalars = over or under or self.factors[True, False] or self.factors[True, True]
        small = self._small(bool(scalars) or self.coefficient < 0)
        raises = not (small[False] or small[True]) and self._divides_a_number_by_0(is_never_zero)
        if raises and self.factors[False, False]:
            self.factors[False, True] += self.factors[True, True]
            self.factors[True, True] = []
            raises = False
        above, below = self.factors[True, False] + small[False], self.factors[True, True] + small[True]
        arrays, divisors = self.factors[False, False] + truths, self.factors[False, True]
        if truths and not self.factors[False, False]:
            return _Line(above, below + divisors), _Line(arrays, []), raises
        if not arrays or not (over or above):
            return _Line(above + arrays, below + divisors), _Line([], []), raises
        return _Line(above, below), _Line(arrays, divisors), raises

    def _needs_numbers(self) -> bool:
        """Whether truth values among the factors are multiplied last, with an array of numbers.

        A Python number times truth values would be an array of a dtype of its own, wider than the inputs', and so would
        two Python truth values times one of NumPy's; and truth values have no negative.
        """
        if self.coefficient < 0 or sum(node.kind is Kind.BOOL for node in self.factors[True, False]) > 1:
            return True
        return any(node.is_static for inverted in (True, False) for node in self.factors[True, inverted])

    def _divides_a_number_by_0(self, is_never_zero: Callable[[Node], bool]) -> bool:
        """Whether all of the quotient that stands first are Python numbers, and it may be one by 0."""
        if not self.factors[True, True] or (self.factors[False, True] and not self.factors[False, False]):
            return False
        numbers = (node.is_static for inverted in (True, False) for node in self.factors[True, inverted])
        return all(numbers) and not all(map(is_never_zero, self.factors[True, True]))

    def _number(self) -> tuple[list[str], list[str]]:
        """The absolute coefficient as factors above and below the line.

        With a sign it is one number where it can be, that is passed over arrays once: ``-0.5 * x`` for ``-x / 2``.
        A whole number times integers is an index, and stays one however large it is.
        """
        numerator, denominator = self.coefficient.as_integer_ratio()
        over, under = str(abs(numerator)), str(denominator)
        kinds = {node.kind for nodes in self.factors.values() for node in nodes}
        if denominator == 1 and Kind.INT in kinds and Kind.FLOAT not in kinds:
            return [over] if over != "1" else [], []
        is_one_number = numerator < 0 and denominator in _WITH_SHORT_DECIMALS and bool(self.factors[False, False])
        if is_one_number or len(over) + len(under) > 5:
            return [decimal(abs(self.coefficient))], []
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
        """Takes those arrays out that are multiplied with each other, or with scalars or a minus, before they meet
        larger ones.

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


def quotient(above: Sequence[str], below: Sequence[str]) -> str:
    """A product of codes divided by others, each of which holds together in it."""
    code = " * ".join(above)
    if not below:
        return code
    return f"{code} / {below[0]}" if len(below) == 1 else f"{code} / ({' * '.join(below)})"
