"""The one precedence walk that prints matrix expressions; a `MatrixSyntax` says how each construction is spelt."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple, assert_never

from tcgrad.ir.indices import Integer
from tcgrad.notation.matrix.crosses import crossing, split_crossing
from tcgrad.notation.matrix.nodes import (
    Apply,
    BatchDelta,
    BatchSum,
    Choose,
    Commutation,
    Compare,
    CrossMatrix,
    DiagMatrix,
    DiagVector,
    Fold,
    Hadamard,
    Identity,
    Inverse,
    Kron,
    MatMul,
    Matrix,
    Number,
    OneHot,
    Ones,
    Power,
    Scale,
    Size,
    Sum,
    Symbol,
    Transpose,
    Triangle,
    Unit,
    Vec,
    Zeros,
    is_derivative,
)
from tcgrad.notation.matrix.shape import is_scalar
from tcgrad.notation.matrix.signs import is_decimal, split_number, split_sign
from tcgrad.notation.matrix.syntaxes import MatrixSyntax
from tcgrad.notation.printer import Printer
from tcgrad.notation.spelling.syntaxes import is_function_of_function
from tcgrad.records import dataclass

# how tightly a printed expression holds together
SUM, PRODUCT, ELEMENTWISE, CHAIN, POSTFIX, ATOM = range(1, 7)

Printed = tuple[str, int]


class _Part(NamedTuple):
    """What stands beside others in a row: itself, and what is printed of it, once however often it is looked at."""

    itself: Matrix | Fraction
    printed: Printed

    @property
    def is_derivative(self) -> bool:
        return not isinstance(self.itself, Fraction) and is_derivative(self.itself)


def print_matrix(matrix: Matrix, syntax: MatrixSyntax) -> str:
    """The expression in a syntax."""
    return _Printer(syntax).show(matrix)[0]


@dataclass(frozen=True)
class _Printer:
    syntax: MatrixSyntax

    def show(self, matrix: Matrix) -> Printed:
        """The text and how tightly it holds together."""
        s = self.syntax
        match matrix:
            case Number():
                return self._number(matrix.value)
            case Size():
                text = self._size(matrix.value)
                return text, ATOM if text.isalnum() else SUM
            case Symbol():
                text = self._symbol(matrix)
                return text, POSTFIX if is_derivative(matrix) or "^" in text else ATOM  # LaTeX raises nothing twice
            case BatchSum():
                return self._batch_sum(matrix), SUM
            case Ones():
                return s.ones, ATOM
            case Unit():
                return s.unit.format(self._size(matrix.position), self._below(matrix.size)), ATOM
            case Zeros():
                return "0", ATOM
            case Identity():
                return s.identity.format(self._below(matrix.size)), ATOM
            case BatchDelta():
                return s.scalars.delta(self._size(matrix.left), self._size(matrix.right)), ATOM
            case Commutation():
                return s.commutation.format(self._size(matrix.rows), self._size(matrix.columns)), ATOM
            case Transpose(operand=Inverse(operand=inner)):
                return s.inverse_transpose.format(self.within(inner, ATOM)), POSTFIX
            case Transpose():
                return s.transpose.format(self.within(matrix.operand, ATOM)), POSTFIX
            case Inverse():
                return s.inverse.format(self.within(matrix.operand, ATOM)), POSTFIX
            case MatMul():
                return self._product(matrix.factors)
            case Hadamard():
                return self._hadamard(matrix)
            case Kron():
                return s.kron.format(self.within(matrix.left, POSTFIX), self.within(matrix.right, POSTFIX)), ELEMENTWISE
            case Scale():
                return self._scale(matrix)
            case Sum():
                return self._sum(matrix)
            case Power():
                return self._power(matrix)
            case Apply():
                return self._of_function(
                    s.scalars.call(matrix.function, [self.within(a, SUM) for a in matrix.arguments])
                )
            case Compare():
                left, right = s.scalars.brackets
                return f"{left}{self._comparison(matrix)}{right}", ATOM
            case Choose():
                condition = self._condition(matrix.condition)
                return s.scalars.choice(
                    condition, self.within(matrix.then, SUM), self.within(matrix.otherwise, SUM)
                ), ATOM
            case Fold():
                return self._of_function(s.folds[matrix.kind].format(self.within(matrix.operand, SUM)))
            case DiagMatrix():
                return s.diag.format(self.within(matrix.vector, SUM)), ATOM
            case DiagVector():
                return s.diag.format(self.within(matrix.matrix, SUM)), ATOM
            case Triangle():
                offset = f", {self._number(Fraction(matrix.offset))[0]}" if matrix.offset else ""
                return s.triangle.format(matrix.side, self.within(matrix.operand, SUM) + offset), ATOM
            case CrossMatrix():
                return s.cross_matrix.format(self.within(matrix.vector, SUM)), ATOM
            case OneHot():
                return s.one_hot.format(self.within(matrix.places, SUM)), ATOM
            case Vec():
                return s.vec.format(self.within(matrix.operand, SUM)), ATOM
            case _:
                assert_never(matrix)

    def _of_function(self, text: str) -> Printed:
        return text, POSTFIX if is_function_of_function(text) else ATOM

    def _batch_sum(self, matrix: BatchSum) -> str:
        """Sums of sums under one sign."""
        held = [matrix.index]
        while isinstance(matrix.operand, BatchSum):
            matrix = matrix.operand
            held.append(matrix.index)
        names = ",".join(self.syntax.scalars.index(dim.name) for dim in held)
        return self.syntax.batch_sum.format(names, self.within(matrix.operand, PRODUCT))

    def _symbol(self, matrix: Symbol) -> str:
        """A name, with ``:`` for the axes that are left in front of those that are held."""
        held = len(matrix.at)
        while held and matrix.at[held - 1] is None:
            held -= 1
        positions = [":" if position is None else self._size(position) for position in matrix.at[:held]]
        return self.syntax.scalars.tensor(matrix.tensor, positions)

    def within(self, matrix: Matrix, level: int) -> str:
        """The text, in brackets if it holds together less tightly than ``level``."""
        return self._held(self.show(matrix), level)

    def _held(self, printed: Printed, level: int) -> str:
        text, own = printed
        return text if own >= level else self._grouped(text)

    def _grouped(self, text: str) -> str:
        left, right = self.syntax.scalars.parentheses
        return f"{left}{text}{right}"

    def _size(self, size: Integer) -> str:
        return Printer(self.syntax.scalars, {}).integer(size, spaced=True).text

    def _below(self, size: Integer) -> str:
        """A size that tells a matrix from others."""
        text = self._size(size)
        is_inline = self.syntax.scalars.fraction is None
        return self._grouped(text) if is_inline and not text.isalnum() else text

    def _number(self, value: Fraction) -> Printed:
        size = abs(value)
        if size.denominator == 1 or is_decimal(size):
            text = self.syntax.scalars.number(size)
        else:
            text = self.syntax.ratio.format(size.numerator, size.denominator)
        if value < 0:
            return self.syntax.scalars.minus + text, SUM
        return text, ATOM if text.isdigit() else PRODUCT

    def _comparison(self, matrix: Compare) -> str:
        sign = self.syntax.scalars.comparisons.get(matrix.operator, matrix.operator)
        return f"{self.within(matrix.left, SUM)} {sign} {self.within(matrix.right, SUM)}"

    def _condition(self, matrix: Matrix) -> str:
        return self._comparison(matrix) if isinstance(matrix, Compare) else self.within(matrix, SUM)

    def _product(self, factors: Sequence[Matrix]) -> Printed:
        """Factors side by side; what is a cross product as a whole as that."""
        if len(factors) == 1:
            return self.show(factors[0])
        if crossing(factors) == factors:
            return self._cross(factors)
        texts = self._side_by_side(factors)
        return self.syntax.product(texts), CHAIN if len(texts) > 1 else POSTFIX

    def _side_by_side(self, factors: Sequence[Matrix]) -> list[str]:
        """The texts of factors, of powers and of cross products among them."""
        found = split_crossing(factors)
        if found is None:
            return [self._chain_power(factor, n) for factor, n in runs(factors)]
        before, crossed, behind = found
        own = self._held(self._cross(crossed), POSTFIX)
        return [*self._side_by_side(before), own, *self._side_by_side(behind)]

    def _cross(self, factors: Sequence[Matrix]) -> Printed:
        """``v × A w`` for the matrix of a vector v and the column behind it."""
        left, right = self.show(factors[0].operands[0]), self._product(factors[1:])
        if self.syntax.cross is None:
            return self.syntax.cross_matrix.format(f"{left[0]}, {right[0]}"), ATOM
        return self._held(left, CHAIN) + self.syntax.cross + self._held(right, CHAIN), ELEMENTWISE

    def _chain_power(self, factor: Matrix, count: int) -> str:
        """``X``, or ``X³`` for ``X X X``."""
        if count == 1:
            return self.within(factor, POSTFIX)
        return self.syntax.scalar_power(self.within(factor, ATOM), str(count))

    def _hadamard(self, matrix: Hadamard) -> Printed:
        s = self.syntax
        above = s.hadamard.join(self.within(factor, POSTFIX) for factor in matrix.factors) or s.ones
        below = s.hadamard.join(self.within(divisor, POSTFIX) for divisor in matrix.divisors)
        if not below:
            return above, ELEMENTWISE
        return above + s.divide + (self._grouped(below) if len(matrix.divisors) > 1 else below), ELEMENTWISE

    def _sum(self, matrix: Sum) -> Printed:
        first, *rest = matrix.terms
        text = self.within(first, SUM)
        for term in rest:
            positive, negated = split_sign(term)
            text += f" {self.syntax.scalars.minus if negated else '+'} {self.within(positive, PRODUCT)}"
        return text, SUM

    def _scale(self, matrix: Scale) -> Printed:
        positive, negated = split_sign(matrix)
        if negated:
            is_summed = isinstance(matrix.body, BatchSum) and not matrix.divisors
            return self.syntax.scalars.minus + self.within(positive, SUM if is_summed else PRODUCT), SUM
        number, divisor = split_number(matrix.coefficient)
        factors = sorted(matrix.factors, key=lambda factor: not isinstance(factor, Size))
        above = self._parts(*([number] if number != 1 else []), *factors)
        below = self._parts(*([Number(Fraction(divisor))] if divisor != 1 else []), *matrix.divisors)
        body = self._parts(*([] if matrix.body is None else [matrix.body]))
        if not below and isinstance(matrix.body, BatchSum):
            return self.syntax.product([self._juxtaposed(above), body[0].printed[0]]), SUM
        if not below:
            return self._juxtaposed([*above, *body]), PRODUCT
        fraction = self.syntax.scalars.fraction
        if fraction is None:
            text = self._juxtaposed([*above, *body] or self._parts(Fraction(1)), closed=True)
            return f"{text} / {self._divisor(below)}", PRODUCT
        high = [part for part in above if not isinstance(part.itself, Fraction) and self._is_tall(part)]
        low = [part for part in above if part not in high]
        quotient = fraction(self._above_bar(low), self._divisor(below))
        beside = [self._beside(part, alone=False, before_slash=False) for part in high]
        return self.syntax.product(
            [quotient, *beside, *(self._held(part.printed, ELEMENTWISE) for part in body)]
        ), PRODUCT

    def _parts(self, *operands: Matrix | Fraction) -> list[_Part]:
        return [_Part(each, self._number(each) if isinstance(each, Fraction) else self.show(each)) for each in operands]

    def _above_bar(self, parts: Sequence[_Part]) -> str:
        """Scalars above a bar, which groups what stands there alone."""
        if len(parts) == 1 and not isinstance(parts[0].itself, Fraction):
            return parts[0].printed[0]
        return self._juxtaposed(parts or self._parts(Fraction(1)))

    def _is_tall(self, part: _Part) -> bool:
        """Whether a scalar is too small to read above a bar."""
        return any(sign in part.printed[0] for sign in self.syntax.scalars.tall)

    def _juxtaposed(self, parts: Sequence[_Part], *, closed: bool = False) -> str:
        """Scalars and at most one matrix, side by side; ``closed`` where a slash follows."""
        text = ""
        plain = all(isinstance(part.itself, Fraction | Number | Size | Symbol) for part in parts[:-1])
        for place, part in enumerate(parts):
            is_behind = place == len(parts) - 1 > 0
            if is_behind and isinstance(part.itself, MatMul) and (plain or not is_scalar(part.itself)):
                shown = self._held(part.printed, CHAIN)  # ``2 xᵀ A x``, a number or not; ``(s + t) (u × v)``
            else:
                shown = self._beside(part, alone=len(parts) == 1, before_slash=closed and place == len(parts) - 1)
            digits = text[-1:].isdigit() and shown[:1].isdigit()
            between = self.syntax.number_times if digits else self.syntax.between(text, shown)
            text += (between if text else "") + shown
        return text

    def _beside(self, part: _Part, *, alone: bool, before_slash: bool) -> str:
        itself, printed = part
        if isinstance(itself, Fraction):
            return printed[0]
        if before_slash and part.is_derivative:
            return self._held(printed, ATOM)
        if isinstance(itself, Kron) and not alone:
            return self._held(printed, CHAIN)
        return self._held(printed, PRODUCT if alone else POSTFIX if is_scalar(itself) else ELEMENTWISE)

    def _divisor(self, parts: Sequence[_Part]) -> str:
        inline = self.syntax.scalars.fraction is None
        if len(parts) == 1:
            level = SUM if not inline else ATOM if parts[0].is_derivative else POSTFIX
            return self._held(parts[0].printed, level)
        text = self._juxtaposed(parts)
        return self._grouped(text) if inline else text

    def _power(self, matrix: Power) -> Printed:
        match matrix.exponent:
            case Number(value=value) if value == Fraction(1, 2):
                return self.syntax.scalars.root(self.within(matrix.base, SUM)), ATOM
        base = self.within(matrix.base, ATOM)
        if is_scalar(matrix):
            return self.syntax.scalar_power(base, self.within(matrix.exponent, SUM)), POSTFIX
        return self.syntax.elementwise_power.format(base, self.within(matrix.exponent, ATOM)), POSTFIX


def runs(factors: Sequence[Matrix]) -> list[tuple[Matrix, int]]:
    """Each factor with how often it follows on itself."""
    return [(factor, len(list(same))) for factor, same in itertools.groupby(factors)]
