"""What holds where some tensors are positive: powers of powers and of products come apart, and so do logarithms.

Where they are not negative, this holds wherever both sides have a value.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Component,
    Const,
    Expr,
    IndexReduce,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, factors_of, map_children, product_of, terms_of
from tcgrad.records import dataclass
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.canonical import key
from tcgrad.simplify.powers import as_power, negated
from tcgrad.simplify.signs import is_never_negative, is_positive

_HOLDS_FOR_POSITIVE = {">": True, ">=": True, "!=": True, "<": False, "<=": False, "==": False}


@dataclass(frozen=True)
class Signs:
    """Tensors all of whose components are positive, and tensors none of whose components are negative."""

    positive: Collection[Tensor]
    not_negative: Collection[Tensor] = ()

    def apart(self, expr: Expr) -> Expr:
        """
        ``abs(x) = x``, ``sign(x) = 1``, ``[x > 0] = 1``, ``sign(u/x) = sign(u)``, ``[u/x > 0] = [u > 0]``,
        ``(x^a)^b = x^(a b)``, ``(x y)^a = x^a y^a``, ``log(x^a y) = a log(x) + log(y)``,
        ``prod_(j != p) x[j]^a = prod_j x[j]^a / x[p]^a``, ``sign(u)^2 [abs(u) > x] = [abs(u) > x]``. Not simplified;
        the very same expression where nothing is said about it.
        """
        made = map_children(expr, self.apart)
        match made:
            case Call(function=function, arguments=(argument,)) if function.name == "log":
                return self._logarithm(argument) or made
            case Call(function=function, arguments=(argument,)) if self._is_read(argument):
                return {"abs": argument, "relu": argument, "sign": ONE}.get(function.name, made)
            case Call(function=function, arguments=(Mul() as argument,)) if function.name == "sign":
                shorter = self._without_positive(argument)
                return made if shorter is argument else Call(function, (shorter,))
            case Iverson(operator=operator, left=left, right=Const(value=0)) if self._is_read(left):
                return ONE if _HOLDS_FOR_POSITIVE[operator] else ZERO
            case Iverson(operator=operator, left=Mul() as left, right=Const(value=0) as zero):
                shorter = self._without_positive(left)
                return made if shorter is left else Iverson(operator, shorter, zero)
            case Pow(base=base, exponent=exponent):
                return self._power(base, exponent) or made
            case Mul(factors=factors):
                return self._without_squared_signs(factors) or made
            case IndexReduce(kind="prod", body=Where() as choice) if is_positive(choice.otherwise, self.positive):
                return without_one_factor(made, choice) or made
            case _:
                return made

    def _without_positive(self, product: Mul) -> Expr:
        """A product without its positive factors; the very same if it has none."""
        left = [factor for factor in product.factors if not is_positive(factor, self.positive)]
        return product if len(left) == len(product.factors) else product_of(left)

    def _power(self, base: Expr, outer: Expr) -> Expr | None:
        match base:
            case Pow(base=inside, exponent=inner) if self._has_roots(inside):
                return Pow(inside, Mul((inner, outer)))
            case Mul(factors=factors) if parts := self._parted(factors):
                return product_of([self._power(part, outer) or Pow(part, outer) for part in parts])
            case _:
                return None

    def _without_squared_signs(self, factors: Sequence[Expr]) -> Expr | None:
        """A product without the even powers of signs of what brackets beside them keep away from 0."""
        large = [key(part) for factor in factors if (part := self._kept_from_zero(factor)) is not None]
        signs = [factor for factor in factors if large and _is_squared_sign(factor)]
        gone = [factor for factor in signs if key(children(as_power(factor)[0])[0]) in large]
        return product_of([factor for factor in factors if factor not in gone]) if gone else None

    def _kept_from_zero(self, bracket: Expr) -> Expr | None:
        """``u`` of a bracket ``[abs(u) - x > 0]``."""
        match bracket:
            case Iverson(operator=">", left=left, right=Const(value=0)):
                magnitudes = [term for term in terms_of(left) if is_call(term, "abs")]
                others = [negated(term) for term in terms_of(left) if term not in magnitudes]
                is_known = len(magnitudes) == 1 and all(map(self._has_roots, others))
                return children(magnitudes[0])[0] if is_known else None
            case _:
                return None

    def _logarithm(self, argument: Expr) -> Expr | None:
        match argument:
            case Pow(base=base, exponent=exponent) if self._has_roots(base):
                return Mul((exponent, self._log_of(base)))
            case Mul(factors=factors) if parts := self._parted(factors):
                return Add(tuple(map(self._log_of, parts)))
            case _:
                return None

    def _log_of(self, argument: Expr) -> Expr:
        return self._logarithm(argument) or Call(FUNCTIONS["log"], (argument,))

    def _parted(self, factors: Collection[Expr]) -> list[Expr]:
        """The factors that are known not to be negative, and the rest as one; none where only numbers are known."""
        known = [factor for factor in factors if self._has_roots(factor)]
        rest = [factor for factor in factors if not self._has_roots(factor)]
        return [*known, *([product_of(rest)] if rest else [])] if not all(map(_is_number, known)) else []

    def _is_read(self, expr: Expr) -> bool:
        return isinstance(expr, Component) and expr.tensor in self.positive

    def _has_roots(self, expr: Expr) -> bool:
        """Whether every power of a value is a number, but for poles at 0."""
        return is_never_negative(expr, (*self.positive, *self.not_negative))


def _is_squared_sign(factor: Expr) -> bool:
    base, exponent = as_power(factor)
    even = isinstance(exponent, Const) and exponent.value > 0 and exponent.value % 2 == 0
    return even and isinstance(base, Call) and base.function.name == "sign"


def _is_number(factor: Expr) -> bool:
    base, _ = as_power(factor)
    return isinstance(base, Const | IndexValue)


def without_one_factor(expr: Expr, choice: Where) -> Expr | None:
    """``prod_j where(j == p, 1, x[j])`` as a quotient, where the condition fixes every index."""
    if not isinstance(expr, IndexReduce):
        return None
    conditions = factors_of(choice.condition)
    at = {}
    for condition in conditions:
        match condition:
            case Iverson(operator="==", left=IndexValue(value=left), right=IndexValue(value=right)):
                for own, other in ((left, right), (right, left)):
                    if own.as_index in expr.indices:
                        at[own.as_index] = other
            case _:
                return None
    if choice.then != ONE or set(at) != set(expr.indices) or len(conditions) != len(at):
        return None
    if not all(own is not None and is_nonnegative(to) and is_nonnegative(own.size - to - 1) for own, to in at.items()):
        return None  # outside of the range nothing is left out
    factor = substitute(choice.otherwise, {index: to for index, to in at.items() if index is not None})
    return Mul((IndexReduce("prod", expr.indices, choice.otherwise), Pow(factor, MINUS_ONE)))
