"""Tensors that stand for exponentials, for sums of them or for quotients by such sums, written out where that lets
exponents be shifted; and for sigmoids, where their logarithms or those of their complements are softplus.

With ``y = 1/(1 + sum_k exp(x_k))`` the product ``y^2 exp(x_i)`` is 0 times infinity for a large ``x_i``;
``y exp(x_i)/(1 + sum_k exp(x_k))`` does not overflow once its exponents are shifted. With ``q_i`` a softmax,
``log(q_i)`` is minus infinity where ``exp`` of the shifted exponent is too small for a number; the exponent is not.
With ``p = sigmoid(u)`` the logarithm of ``1 - p`` is that already where ``u`` is 37.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import Enum
from fractions import Fraction
from itertools import chain
from math import ceil

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Add, Call, Component, Const, Expr, IndexReduce, IndexSum, Mul, Pow
from tcgrad.ir.program import Define
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import factors_of, map_children, product_of, replace_components, tensors_read, terms_of, walk
from tcgrad.records import dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import as_number_power, is_call
from tcgrad.simplify.exponentials.exponent_shift import Shift
from tcgrad.simplify.exponentials.logarithms import log_of_sigmoid
from tcgrad.simplify.exponentials.sums import exponential_of
from tcgrad.simplify.monomials import UNIT
from tcgrad.simplify.powers import power
from tcgrad.simplify.rules.guarding import may_leave

Factors = tuple[Expr, ...]
_LOG = FUNCTIONS["log"]
_MOST_PRODUCTS = 60  # that are looked at to write one out


class _Kind(Enum):
    """What a tensor stands for, by how it is defined."""

    GROWN = "an exponential, or a sum of them"
    WEIGHTED = "an exponential times other values, or a sum of such"
    DIVIDED = "a quotient by a sum of exponentials"
    EVEN = "an exponential in proportion to such a sum"  # it does not grow with the exponents
    SHIFTED = "an exponential relative to the largest, or to all of them"  # nor does this
    LOGISTIC = "a sigmoid"


_GROWING = (_Kind.GROWN, _Kind.WEIGHTED)
_OF_EXPONENTIALS = (*_GROWING, _Kind.DIVIDED, _Kind.EVEN)
_ANY = (*_OF_EXPONENTIALS, _Kind.SHIFTED)


@dataclass(frozen=True)
class _Meaning:
    """What a tensor stands for: ``body`` over the indices ``free``."""

    kind: _Kind
    free: tuple[Index, ...]
    body: Expr


class WrittenOut:
    """Learns definitions, and writes them out where later ones read them.

    has_logarithms: whether those of the program lead to any, as far as it has been seen.
    """

    def __init__(self) -> None:
        self._meanings: dict[Tensor, _Meaning] = {}
        self._degrees: dict[Tensor, int] = {}
        self._uneven: set[Tensor] = set()
        self._largest: set[Tensor] = set()
        self.has_logarithms = False

    def learn(self, define: Define) -> None:
        """Remember a definition of the program that stands for exponentials, unless it shifts them itself; and the
        derivatives of those that grow and by those, which grow or are divided as they are.
        """
        tensor = define.tensor
        match tensor.role:
            case Role.DEFINED if _is_largest(define.body):
                self._largest.add(tensor)
            case Role.DEFINED if is_call(define.body, "sigmoid"):
                self._keep(tensor, _Meaning(_Kind.LOGISTIC, define.free, define.body))
            case Role.DEFINED:
                is_alias = isinstance(define.body, Component)
                body = self._with(define.body, _ANY if is_alias else _GROWING)
                kind = _kind_of(body)
                if kind is not None and self._takes_largest_off(body):
                    if is_call(body, "exp"):  # whose logarithm is at hand: that of a sum would shift it again
                        self._keep(tensor, _Meaning(_Kind.SHIFTED, define.free, body))
                elif kind is not None:
                    self._keep(tensor, _Meaning(kind, define.free, body))
                    self._degrees[tensor] = int(kind in _GROWING)
            case _ if self._degrees and (degree := self._degree(tensor)):
                body = self._with(define.body, (*_GROWING, _Kind.DIVIDED))
                if degree > 0 or _is_divided(body):
                    self._keep(tensor, _Meaning(_Kind.GROWN if degree > 0 else _Kind.DIVIDED, define.free, body))
                    self._degrees[tensor] = degree

    def _degree(self, derivative: Tensor) -> int:
        """How often a derivative has the exponentials as a factor: as often as what it is of, less what it is by."""
        of, *by = [self._degrees.get(tensor, 0) for tensor in derivative.about]
        return -of if derivative.role is Role.GRADIENT else of - sum(by)

    def _keep(self, tensor: Tensor, meaning: _Meaning) -> None:
        self._meanings[tensor] = meaning
        if meaning.kind not in (_Kind.EVEN, _Kind.SHIFTED, _Kind.LOGISTIC):
            self._uneven.add(tensor)

    def define(self, define: Define) -> Define:
        """A definition with what it reads written out where that helps; the very same where it does nowhere."""
        if define.tensor.role is Role.DEFINED and not self.has_logarithms:
            self.has_logarithms = any(map(_leads_to_logarithm, walk(define.body)))
        body = self.expression(define.body)
        return define if body is define.body else replace(define, body=body)

    def expression(self, expr: Expr) -> Expr:
        """An expression with what it reads written out where that helps; the very same where it does nowhere."""
        if not self._may_help(expr):
            return expr
        if isinstance(expr, Call) and expr.function is _LOG:
            argument = self._in_logarithm(expr.arguments[0])
            if _kind_of(argument):
                return Call(expr.function, (argument,))
            return self._log_of_sigmoid(expr.arguments[0]) or map_children(expr, self.expression)
        made = self._product(factors_of(expr), iter(range(_MOST_PRODUCTS))) if self._reads_uneven(expr) else None
        return map_children(expr if made is None else made, self.expression)

    def _in_logarithm(self, argument: Expr) -> Expr:
        """The argument of a logarithm with what it reads written out; what is relative already only as its factors."""
        bases = [as_number_power(factor)[0] for factor in factors_of(argument)]
        kinds = [_ANY if isinstance(base, Component) else _OF_EXPONENTIALS for base in bases]
        return _flat(Mul(tuple(map(self._with, factors_of(argument), kinds))))

    def _log_of_sigmoid(self, argument: Expr) -> Expr | None:
        """``log(p) = -softplus(-u)`` and ``log(1 - p) = -softplus(u)`` of ``p = sigmoid(u)``; None of all else."""
        written = self._with(argument, (_Kind.LOGISTIC,))
        return None if written is argument else log_of_sigmoid(simplify(written))

    def _may_help(self, expr: Expr) -> bool:
        """Whether something is read that is known: beside others if it is uneven, in a logarithm in any case."""
        return self._reads_uneven(expr) or (self.has_logarithms and self._reads_known(expr))

    def _product(self, factors: Factors, tries: Iterator[int]) -> Expr | None:
        """A product with one of its factors written out, or one that is a sum multiplied out; None if neither helps.

        tries: what is left of them; of several sums there are very many ways to multiply some out.
        """
        if next(tries, None) is None:
            return None
        places = range(len(factors))
        found = (self._divided(factors, place) for place in places)
        spread = (self._spread(factors, place, tries) for place in places)
        return next((made for made in chain(found, spread) if made is not None), None)

    def _spread(self, factors: Factors, place: int, tries: Iterator[int]) -> Expr | None:
        """The product with the sum that stands at a place, or is known by its name, multiplied out, if that helps with
        each of its terms.
        """
        total = factors[place]
        if isinstance(total, Component):
            total = self._with(total, (_Kind.DIVIDED,))
        if not isinstance(total, Add):
            return None
        others = (*factors[:place], *factors[place + 1 :])
        made: list[Expr] = []
        for term in terms_of(total):
            part = self._product((*others, *factors_of(term)), tries)
            if part is None:  # each product may lead to many others: none is looked at in vain
                return None
            made.append(part)
        return Add(tuple(made))

    def _divided(self, factors: Factors, place: int) -> Expr | None:
        """The product with the factor at a place written out as often as exponentials beside it ask for, or as it may
        overflow itself; None if neither is so.
        """
        base, number = as_number_power(factors[place])
        body = self._with(base, _OF_EXPONENTIALS)
        shift = _shift_of(body) if number.denominator == 1 else None
        if shift is None:
            return None
        beside = [self._with(factor, _GROWING) for factor in (*factors[:place], *factors[place + 1 :])]
        times, divisors = shift.off(_flat(Mul(tuple(beside))))[1], -shift.off(body)[1] * number
        if not 0 < times <= divisors and not (times == 0 and number < 0 and body is not base and shift.has_number):
            return None
        is_partly = times > 0 and isinstance(base, Component)
        often = number / abs(number) * ceil(times * abs(number) / divisors) if is_partly else number
        return _flat(Mul((*beside, power(base, Const(number - often)), power(body, Const(often)))))

    def _with(self, expr: Expr, kinds: Collection[_Kind]) -> Expr:
        """The expression with what is of some kinds written out."""

        def standing_for(read: Component) -> Expr:
            known = self._meanings.get(read.tensor)
            if known is None or known.kind not in kinds or may_leave(read):
                return read
            return instantiate(known.free, known.body, read.indices)

        return _flat(replace_components(expr, standing_for)) if self._reads_known(expr) else expr

    def _reads_known(self, expr: Expr) -> bool:
        return bool(self._meanings) and not self._meanings.keys().isdisjoint(tensors_read(expr))

    def _reads_uneven(self, expr: Expr) -> bool:
        return bool(self._uneven) and not self._uneven.isdisjoint(tensors_read(expr))

    def _takes_largest_off(self, expr: Expr) -> bool:
        """Whether an exponent holds the largest of some values."""
        exponents = (part for part in walk(expr) if is_call(part, "exp"))
        return any(
            _is_largest(part) or (isinstance(part, Component) and part.tensor in self._largest)
            for exponent in exponents
            for part in walk(exponent)
        )


def _is_largest(expr: Expr) -> bool:
    return isinstance(expr, IndexReduce) and expr.kind in ("max", "logsumexp")


def _leads_to_logarithm(expr: Expr) -> bool:
    """Whether it is a logarithm, or its derivative has one."""
    if type(expr) is Pow:
        return type(expr.exponent) is not Const
    return type(expr) is Call and expr.function is _LOG


def _kind_of(body: Expr) -> _Kind | None:
    """None where no exponential is seen on the outside."""
    factors = factors_of(body)
    if _divide_by_exponentials(factors):
        return _Kind.EVEN if any(map(exponential_of, factors)) or _is_weighted(factors) else _Kind.DIVIDED
    if Shift.of(body):
        return _Kind.GROWN
    return _Kind.WEIGHTED if _is_weighted(factors) else None


def _is_weighted(factors: Factors) -> bool:
    """Whether one of the factors is an exponential, or a sum of exponentials, times other values perhaps, that it does
    not divide by their like itself.
    """
    sums = [factors_of(factor.body) for factor in factors if isinstance(factor, IndexSum)]
    return any(any(map(exponential_of, parts)) and not _divide_by_exponentials(parts) for parts in (factors, *sums))


def _is_divided(body: Expr) -> bool:
    """Whether each term has a factor that divides by a sum of exponentials, or that is a sum of such terms."""
    return all(
        _shift_of(term) is not None or any(_is_divided(part) for part in factors_of(term) if isinstance(part, Add))
        for term in terms_of(body)
    )


def _divide_by_exponentials(factors: Factors) -> bool:
    return any(isinstance(factor, Pow) and _divides_by_exponentials(factor) for factor in factors)


def _divides_by_exponentials(factor: Expr) -> bool:
    base, number = as_number_power(factor)
    return number < 0 and isinstance(base, Add | IndexSum) and Shift.of(base) is not None


def _shift_of(body: Expr) -> Shift | None:
    """That of the sum of exponentials that an expression is, or else divides by."""
    divisors = [base for base, number in map(as_number_power, factors_of(body)) if number < 0]
    return next(filter(None, map(Shift.of, (body, *divisors))), None)


def _flat(expr: Expr) -> Expr:
    """The expression with products among products, and powers of them, as one product each."""
    made = map_children(expr, _flat)
    return product_of(list(_opened(made))) if isinstance(made, Mul | Pow) else made


def _opened(expr: Expr, times: Fraction = UNIT) -> Iterator[Expr]:
    """The factors of a power of an expression, those of powers of products among them."""
    for factor in factors_of(expr):
        base, number = as_number_power(factor)
        if isinstance(base, Mul) and number.denominator == 1:
            yield from _opened(base, number * times)
        elif number * times:
            yield power(base, Const(number * times))
