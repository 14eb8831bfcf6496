"""The one walk that turns a layout tree into text, parentheses by the operator table of the language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from fractions import Fraction
from operator import attrgetter
from typing import NamedTuple, assert_never

from tcgrad.ir.indices import Atom, Dim, Gather, Index, Integer, Quotient, Remainder
from tcgrad.ir.sizes import is_division
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.notation.integers import ordered_terms
from tcgrad.notation.layout.trees import (
    Apply,
    Bracket,
    Choice,
    Comparison,
    Differential,
    Kronecker,
    Number,
    Ones,
    Power,
    Product,
    Read,
    Reduce,
    Root,
    Shown,
    Total,
    Whole,
)
from tcgrad.notation.spelling.syntaxes import Syntax
from tcgrad.operators import Precedence
from tcgrad.records import dataclass


class Piece(NamedTuple):
    """A text and how tightly its outermost operator binds."""

    text: str
    precedence: Precedence


class Reach(IntEnum):
    """How far a factor seems to reach in a row: to its own end; where no bracket closes its cases; or on and on."""

    CLOSED = 0
    CASES = 1
    PREFIX = 2  # a sum, a product, a maximum or a minimum over indices, which a sign before it may mark


class Factor(NamedTuple):
    """A factor that is printed."""

    piece: Piece
    reach: Reach


@dataclass(frozen=True)
class Printer:
    """Prints layout trees in one syntax, with the names given to the indices."""

    syntax: Syntax
    names: Mapping[Index, str]

    def text(self, shown: Shown) -> str:
        return self.piece(shown).text

    def read(self, tensor: Tensor, positions: Iterable[Integer]) -> str:
        """A component, or the left side of an equation."""
        return self.syntax.tensor(tensor, [self.position(position) for position in positions])

    def wrapped(self, piece: Piece, least: Precedence) -> str:
        """The text of a piece where something must bind as tightly as ``least``."""
        left, right = self.syntax.parentheses
        return piece.text if piece.precedence >= least else f"{left}{piece.text}{right}"

    def bracketed(self, text: str) -> str:
        left, right = self.syntax.brackets
        return f"{left}{text}{right}"

    def operand(self, shown: Shown, least: Precedence) -> str:
        return self.wrapped(self.piece(shown), least)

    def piece(self, shown: Shown) -> Piece:
        match shown:
            case Total(terms):
                return self.total(terms)
            case Product(above, below):
                return self.product(above, below)
            case Power(base, exponent):
                return self.power(base, exponent)
            case Whole(value):
                return self.integer(value, spaced=True)
            case Reduce("sum", _, body) if self.syntax.prefix_sums:
                return Piece(self.reduction(shown, self.operand(body, Precedence.PRODUCT)), Precedence.UNARY)
            case Reduce() if self.syntax.prefix_sums and _reach(shown):
                return Piece(self.atom(shown), Precedence.UNARY)
            case Choice() if self.syntax.prefix_sums:
                return Piece(self.atom(shown), Precedence.PRODUCT)
            case _:
                return Piece(self.atom(shown), Precedence.ATOM)

    def atom(
        self, shown: Number | Read | Ones | Kronecker | Root | Apply | Reduce | Bracket | Choice | Differential
    ) -> str:
        match shown:
            case Number(value):
                return self.syntax.number(value)
            case Read(tensor, positions):
                return self.read(tensor, positions)
            case Ones(indices):
                return self.syntax.ones(self.indices(indices))
            case Kronecker(left, right):
                return self.syntax.delta(self.position(left), self.position(right))
            case Root(body):
                return self.syntax.root(self.text(body))
            case Apply(function, arguments):
                return self.syntax.call(function, [self.text(argument) for argument in arguments])
            case Reduce(_, _, body):
                return self.reduction(shown, self.text(body))
            case Bracket(condition):
                return self.bracketed(self.comparison(condition))
            case Choice(condition, then, otherwise):
                return self.syntax.choice(self.comparison(condition), self.text(then), self.text(otherwise))
            case Differential(body, by):
                return self.syntax.derived(self.text(body), self.operand(body, Precedence.ATOM), self.text(by))
            case _:
                assert_never(shown)

    def reduction(self, shown: Reduce, body: str) -> str:
        """A reduction of a text; indices whose ranges are told come last, those of one range together."""
        plain = self.indices(index for index in shown.indices if index not in shown.limited)
        limited: dict[str, list[str]] = {}
        for index in shown.limited:
            limited.setdefault(self.integer(index.size, spaced=False).text, []).extend(self.indices((index,)))
        limits = [self.syntax.limit(names, size) for size, names in limited.items()]
        return self.syntax.reduction(shown.kind, plain, body, limits)

    def total(self, terms: tuple[tuple[int, Shown], ...]) -> Piece:
        (sign, first), *others = terms
        piece = self.piece(first)
        text = self.negated(first, piece) if sign < 0 else self.wrapped(piece, Precedence.PRODUCT)
        for sign, term in others:
            text += f" {self.syntax.minus if sign < 0 else '+'} {self.operand(term, Precedence.PRODUCT)}"
        return Piece(text, Precedence.SUM)

    def negated(self, shown: Shown, piece: Piece) -> str:
        """A term, and what it is printed as, behind a minus, which would be the dividend's alone in ``-i//2*x``."""
        text = self.wrapped(piece, Precedence.PRODUCT)
        divided = _leading_division(shown)
        if divided is not None and text.startswith(first := self.text(divided)):
            text = self.operand(divided, Precedence.UNARY) + text.removeprefix(first)
        return self.syntax.minus + text

    def product(self, above: tuple[Shown, ...], below: tuple[Shown, ...]) -> Piece:
        if not below:
            return self.row(above)
        if self.syntax.fraction is None:
            under = self.wrapped(self.row(below), Precedence.UNARY)
            if self.is_differential(above[-1:]) and self.is_differential(below):
                under = self.wrapped(Piece(under, Precedence.SUM), Precedence.ATOM)
            return Piece(f"{self.wrapped(self.row(above), Precedence.PRODUCT)}/{under}", Precedence.PRODUCT)
        return self.fraction(above, below, self.syntax.fraction)

    def fraction(self, above: tuple[Shown, ...], below: tuple[Shown, ...], built: Callable[[str, str], str]) -> Piece:
        """A fraction, what would be too small to read above its bar, or is a sum, beside it."""
        factors = self.factors(above)
        beside = [factor for factor in factors if factor.reach or self.is_tall(factor.piece)]
        rest = [factor for factor in factors if factor not in beside]
        row = self.side_by_side(rest) if rest else self.piece(Number(Fraction(1)))
        fraction = Piece(built(row.text, self.row(below).text), Precedence.PRODUCT)
        beside.sort(key=attrgetter("reach"))
        texts = [self.side(factor, n, len(beside) + 1) for n, factor in enumerate(beside, 1)]
        return self.joined(fraction.text, *texts) if beside else fraction

    def is_tall(self, piece: Piece) -> bool:
        """Whether a text is more than one line high."""
        return any(sign in piece.text for sign in self.syntax.tall)

    def is_differential(self, factors: tuple[Shown, ...]) -> bool:
        """Whether a factor alone is named like half of a derivative, so that a quotient would be read as ``dy/dx``."""
        match factors:
            case (Read(tensor, _),) if tensor.role not in (Role.GRADIENT, Role.JACOBIAN, Role.HESSIAN):
                return tensor.name.startswith(self.syntax.differential) and len(tensor.name) > 1
            case _:
                return False

    def factors(self, shown: tuple[Shown, ...]) -> list[Factor]:
        return [Factor(self.piece(factor), _reach(factor)) for factor in shown]

    def row(self, shown: tuple[Shown, ...]) -> Piece:
        return self.side_by_side(self.factors(shown))

    def side_by_side(self, factors: list[Factor]) -> Piece:
        """Factors in a row; one alone is itself. What reaches on, as cases and sums do, comes last."""
        if len(factors) == 1:
            return factors[0].piece
        if self.syntax.prefix_sums:
            factors = sorted(factors, key=attrgetter("reach"))
        return self.joined(*(self.side(factor, n, len(factors)) for n, factor in enumerate(factors)))

    def joined(self, *factors: str) -> Piece:
        return Piece(self.syntax.product(factors), Precedence.PRODUCT)

    def side(self, factor: Factor, place: int, count: int) -> str:
        """The text of a factor at ``place`` of a row of ``count``."""
        if self.syntax.prefix_sums and factor.reach and place < count - 1:
            return self.wrapped(Piece(factor.piece.text, Precedence.SUM), Precedence.PRODUCT)
        return self.wrapped(
            factor.piece, Precedence.PRODUCT if place == 0 or self.syntax.fraction else Precedence.UNARY
        )

    def power(self, base: Shown, exponent: Shown) -> Piece:
        under = self.operand(base, Precedence.ATOM)
        match exponent:
            case Total(((-1, operand),)):
                inner = self.piece(operand)
                over = self.negated(operand, inner)
            case _:
                inner = self.piece(exponent)
                over = inner.text
        built = self.syntax.power(under, over)
        if built is None:
            built = f"{under}^{self.wrapped(Piece(over, inner.precedence), Precedence.POWER)}"
        return Piece(built, Precedence.POWER)

    def comparison(self, shown: Comparison) -> str:
        text = self.operand(shown.operands[0], Precedence.SUM)
        for operator, operand in zip(shown.operators, shown.operands[1:], strict=True):
            text += f" {self.syntax.comparisons.get(operator, operator)} {self.operand(operand, Precedence.SUM)}"
        return text

    def indices(self, indices: Iterable[Index]) -> list[str]:
        return [self.syntax.index(self.names[index]) for index in indices]

    def position(self, value: Integer) -> str:
        plain = value.as_index
        return self.integer(value, spaced=False).text if plain is None else self.syntax.index(self.names[plain])

    def integer(self, value: Integer, *, spaced: bool) -> Piece:
        """An integer expression."""
        terms = ordered_terms(value)
        if not terms:
            return Piece("0", Precedence.ATOM)
        pieces = [self.monomial(monomial, abs(coefficient)) for monomial, coefficient in terms]
        if len(terms) == 1 and terms[0][1] > 0:
            return pieces[0]
        plus, minus = (" + ", f" {self.syntax.minus} ") if spaced else ("+", self.syntax.minus)
        operands = [self.wrapped(piece, Precedence.PRODUCT) for piece in pieces]
        text = operands[0] if terms[0][1] > 0 else self.negative(terms[0][0], pieces[0])
        for (_, coefficient), operand in zip(terms[1:], operands[1:], strict=True):
            text += (minus if coefficient < 0 else plus) + operand
        return Piece(text, Precedence.SUM)

    def negative(self, atoms: tuple[Atom, ...], piece: Piece) -> str:
        """A term behind a minus, which would be the dividend's alone in ``-i//2``."""
        return self.syntax.minus + (self.wrapped(piece, Precedence.UNARY) if is_division(atoms) else piece.text)

    def monomial(self, atoms: tuple[Atom, ...], coefficient: int) -> Piece:
        pieces = [self.integer_atom(atom) for atom in atoms]
        if coefficient != 1 or not atoms:
            pieces.insert(0, Piece(str(coefficient), Precedence.ATOM))
        if len(pieces) == 1:
            return pieces[0]
        factors = [self.wrapped(piece, Precedence.UNARY) for piece in pieces]
        return Piece(self.syntax.product(factors), Precedence.PRODUCT)

    def integer_atom(self, atom: Atom) -> Piece:
        match atom:
            case Index():
                return Piece(self.syntax.index(self.names[atom]), Precedence.ATOM)
            case Dim():
                return Piece(self.syntax.dim(atom.name), Precedence.ATOM)
            case Gather():
                return Piece(self.read(atom.tensor, atom.indices), Precedence.ATOM)
            case Quotient(dividend, divisor):
                divided = self.division(self.syntax.quotient, dividend, divisor)
                return Piece(divided.text, Precedence.ATOM) if self.syntax.closed_quotients else divided
            case Remainder(dividend, divisor):
                rest = self.division(self.syntax.remainder, dividend, divisor)
                return Piece(rest.text, Precedence.SUM) if self.syntax.loose_remainders else rest
            case _:
                assert_never(atom)

    def division(self, join: Callable[[str, str], str], dividend: Integer, divisor: Integer) -> Piece:
        left = self.wrapped(self.integer(dividend, spaced=False), Precedence.PRODUCT)
        right = self.wrapped(self.integer(divisor, spaced=False), Precedence.UNARY)
        return Piece(join(left, right), Precedence.PRODUCT)


def _leading_division(shown: Shown) -> Whole | None:
    """The quotient or remainder of integers that a term begins with, if it does."""
    match shown:
        case Product((first, *_)):
            return _leading_division(first)
        case Whole(Integer(((atoms, 1),))) if is_division(atoms):
            return shown
        case _:
            return None


def _reach(shown: Shown) -> Reach:
    match shown:
        case Choice():
            return Reach.CASES
        case Reduce(kind):
            return Reach.CLOSED if kind == "logsumexp" else Reach.PREFIX
        case _:
            return Reach.CLOSED
