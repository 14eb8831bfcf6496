"""Modified Einstein notation: every product of two arrays as ``A *_(ij,jk,ik) B`` with its three groups of indices.

The groups are those of the left factor, of the right one and of the result (Laue, Mitterreiter, Giesen, "Computing
Higher Order Derivatives of Matrix and Tensor Expressions"). An index that is missing from the third is summed. Beside
products there are sums, and elementwise functions, powers, reciprocals and comparisons, over arrays whose axes are in
one order; a scalar goes with all. ``1`` is the number, or with indices in its group the one-tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import NamedTuple, assert_never

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Const
from tcgrad.ir.tensors import Role
from tcgrad.notation.arrays.contractions import (
    Apply,
    Axes,
    Choose,
    Compare,
    Contraction,
    Delta,
    Form,
    Ones,
    Operand,
    Power,
    Reciprocal,
    Reduction,
    Size,
    Symbol,
    Total,
    Zeros,
)
from tcgrad.notation.layout.expressions import is_decimal
from tcgrad.notation.printer import Printer
from tcgrad.notation.spelling.syntaxes import ASCII, LATEX, UNICODE, Syntax
from tcgrad.records import dataclass

SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly a text holds together


@dataclass(frozen=True)
class EinsteinSyntax:
    """The spellings: ``product`` of two operands with its groups between them, ``reduction`` of one with two groups."""

    scalars: Syntax
    product: Callable[[str, str, str], str] = lambda left, groups, right: f"{left} *_({groups}) {right}"
    reduction: Callable[[str, str, str], str] = lambda kind, groups, body: f"{kind}_({groups})({body})"
    delta: str = "delta"
    ones: str = "1"


class Piece(NamedTuple):
    text: str
    level: int


class _Factor(NamedTuple):
    """A factor that is printed, with its axes."""

    piece: Piece
    axes: Axes


def _latex_product(left: str, groups: str, right: str) -> str:
    return rf"{left} *_{{({groups})}} {right}"


def _latex_reduction(kind: str, groups: str, body: str) -> str:
    return rf"\operatorname{{{kind}}}_{{({groups})}}\left({body}\right)"


EINSTEIN_ASCII = EinsteinSyntax(ASCII)
EINSTEIN_UNICODE = EinsteinSyntax(UNICODE, delta="δ")
EINSTEIN_LATEX = EinsteinSyntax(LATEX, _latex_product, _latex_reduction, r"\delta", r"\mathbf{1}")


def print_einstein(form: Form, letters: Mapping[Index, str], syntax: EinsteinSyntax) -> str:
    """The expression in a syntax, its axes called by ``letters``."""
    return _Printer(letters, syntax).piece(form).text


@dataclass(frozen=True)
class _Printer:
    letters: Mapping[Index, str]
    syntax: EinsteinSyntax

    def piece(self, form: Form) -> Piece:
        scalars = self.syntax.scalars
        match form:
            case Const():
                return self.number(form.value)
            case Size():
                return self.size(form.value)
            case Symbol():
                return Piece(self.symbol(form), ATOM)
            case Delta():
                return Piece(self.syntax.delta, ATOM)
            case Ones():
                return Piece(self.syntax.ones, ATOM)
            case Zeros():
                return Piece("0", ATOM)
            case Contraction():
                return self.product(form)
            case Total():
                return self.total(form)
            case Power(exponent=Const(value=value)) if value == Fraction(1, 2):
                return Piece(scalars.root(self.piece(form.base).text), ATOM)
            case Power():
                return self.power(form)
            case Reciprocal():
                return self.quotient("1", form.base)
            case Apply():
                return Piece(scalars.call(form.function, [self.piece(a).text for a in form.arguments]), ATOM)
            case Compare():
                left, right = scalars.brackets
                return Piece(f"{left}{self.comparison(form)}{right}", ATOM)
            case Choose():
                then, otherwise = self.piece(form.then).text, self.piece(form.otherwise).text
                return Piece(scalars.choice(self.condition(form.condition), then, otherwise), ATOM)
            case Reduction():
                body = self.piece(form.operand.form).text
                groups = f"{self.group(form.operand.axes)},{self.group(form.result)}"
                return Piece(self.syntax.reduction(form.kind, groups, body), ATOM)
            case _:
                assert_never(form)

    def within(self, piece: Piece, level: int) -> str:
        left, right = self.syntax.scalars.parentheses
        return piece.text if piece.level >= level else f"{left}{piece.text}{right}"

    def group(self, axes: Axes) -> str:
        return "".join(self.letters[index] for index in axes)

    def number(self, value: Fraction) -> Piece:
        scalars = self.syntax.scalars
        if value.denominator == 1 or is_decimal(value):
            return Piece(scalars.number(value), ATOM)
        above, below = (scalars.number(Fraction(n)) for n in value.as_integer_ratio())
        return Piece(scalars.fraction(above, below), ATOM) if scalars.fraction else Piece(f"{above}/{below}", PRODUCT)

    def size(self, size: Integer) -> Piece:
        text = Printer(self.syntax.scalars, {}).integer(size, spaced=True).text
        return Piece(text, ATOM if text.isalnum() else SUM)

    def symbol(self, form: Symbol) -> str:
        """A name, with ``:`` for the axes that are left of a slice."""
        positions = [":" if position is None else self.size(position).text for position in form.at]
        return self.syntax.scalars.tensor(form.tensor, positions)

    def total(self, form: Total) -> Piece:
        text = ""
        for sign, term in form.terms:
            operand = self.within(self.piece(term), PRODUCT)
            minus = self.syntax.scalars.minus
            text += f" {'+' if sign > 0 else minus} {operand}" if text else operand if sign > 0 else minus + operand
        return Piece(text, SUM)

    def power(self, form: Power) -> Piece:
        base, exponent = self.within(self.piece(form.base), ATOM), self.piece(form.exponent)
        built = self.syntax.scalars.power(base, exponent.text)
        return Piece(f"{base}^{self.within(exponent, ATOM)}" if built is None else built, POWER)

    def quotient(self, above: str, base: Form) -> Piece:
        fraction = self.syntax.scalars.fraction
        if fraction is not None:
            return Piece(fraction(above, self.piece(base).text), ATOM)
        named = isinstance(base, Symbol) and base.tensor.role in (Role.GRADIENT, Role.JACOBIAN)
        below = self.within(self.piece(base), POWER)
        return Piece(f"{above}/({below})" if named else f"{above}/{below}", PRODUCT)

    def comparison(self, form: Compare) -> str:
        sign = self.syntax.scalars.comparisons.get(form.operator, form.operator)
        return f"{self.piece(form.left).text} {sign} {self.piece(form.right).text}"

    def condition(self, form: Form) -> str:
        return self.comparison(form) if isinstance(form, Compare) else f"{self.piece(form).text} != 0"

    def product(self, form: Contraction) -> Piece:
        """Two factors at a time, those that share an index first, scalars in front of all the rest."""
        tensors = [operand for operand in form.operands if operand.axes]
        known = {index for operand in tensors for index in operand.axes}
        missing = tuple(index for index in form.result if index not in known)
        if missing:
            tensors.insert(0 if form.result[0] in missing else len(tensors), Operand(Ones(missing), missing))
        scalars = self.scalars([operand.form for operand in form.operands if not operand.axes])
        factors = [_Factor(self.piece(operand.form), operand.axes) for operand in tensors] or [scalars.pop()]
        whole = self.contracted(factors, form.result)
        return reduce(lambda right, left: self.times(left, right, form.result), reversed(scalars), whole).piece

    def scalars(self, forms: Sequence[Form]) -> list[_Factor]:
        """A number in front of a reciprocal is put into its numerator."""
        match forms:
            case (Const(value=value), Reciprocal(base=base), *rest) if value.denominator == 1:
                pieces = [self.quotient(self.number(value).text, base), *map(self.piece, rest)]
            case _:
                pieces = [self.piece(form) for form in forms]
        return [_Factor(piece, ()) for piece in pieces]

    def contracted(self, factors: list[_Factor], result: Axes) -> _Factor:
        """The product of at least one factor."""
        whole, *rest = factors
        while rest:
            place = next((n for n, other in enumerate(rest) if set(other.axes) & set(whole.axes)), 0)
            other = rest.pop(place)
            needed = {*result, *(index for factor in rest for index in factor.axes)}
            both = dict.fromkeys((*whole.axes, *other.axes))
            whole = self.times(whole, other, tuple(i for i in both if i in needed) if rest else result)
        if whole.axes == result:
            return whole
        summed = tuple(index for index in dict.fromkeys(whole.axes) if index not in result)
        return self.times(whole, _Factor(Piece(self.syntax.ones, ATOM), summed), result)

    def times(self, left: _Factor, right: _Factor, result: Axes) -> _Factor:
        groups = ",".join(map(self.group, (left.axes, right.axes, result)))
        first, second = self.within(left.piece, POWER), self.within(right.piece, POWER)
        return _Factor(Piece(self.syntax.product(first, groups, second), PRODUCT), result)
