"""What it costs to read an expression, and its negative, without a minus in front."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Protocol

from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Call, Component, Const, Expr, IndexSum, Mul, Pow, Where
from tcgrad.ir.traversal import children
from tcgrad.simplify.powers import as_power, negated, power
from tcgrad.simplify.usual_ways import complements, is_difference, repeated_sums

Weights = tuple[float, float]  # of an expression and of its negative, each written without a minus in front
Orders = Mapping[int, Sequence[int]]  # the places of the terms of a sum and of its negative, by the sign

_MINUS_SIGN = 1.0
IN_FRONT = 2.5  # of a product: it is read before one knows of what
_OF_DIFFERENCE = 0.1  # more, where what is taken away holds a minus itself
_OF_NUMBER = 0.6  # more: 1 - y is read more easily than y - 1
_UNLIKE_THE_SPEC = 10.0  # a sum the other way round than the spec has it
_UNLIKE_OTHERS = 2.0  # than where it stands, too
_TURNED = 0.01  # a sum that is not as it comes, where all else is equal
_TURNED_BELOW = 0.005  # more, where it is divided by: (x - 1)/(1 - a), not (1 - x)/(a - 1)
_AS_IT_IS: Weights = (0, inf)
_MOST_REPEATED = 4  # sums of which it is tried which way round is best in all their places


class Written(Protocol):
    """Knows the sums that a spec writes itself."""

    def orders(self, base: Add) -> Orders:
        """The places that the spec gives the terms of a sum, or of its negative, by the sign, where it writes it."""

    def writes_logarithm(self, call: Call) -> bool:
        """Whether the spec writes this logarithm itself."""


class Costs:
    """The ways to write one expression: a sum is known by its id, for it may stand in several places.

    orders: by the id of a sum the places that the spec gives its terms.
    """

    def __init__(self, expr: Expr, written: Written) -> None:
        self._expr = expr
        self._written = written
        self._sums: list[Add] = []
        self._signs: dict[int, int] = {}  # which way round a sum is written elsewhere, or as a rule, by its id
        self._has_logarithms = False
        self._around: dict[int, set[int]] = {}  # what a sum stands in, and itself, by its id
        self._note(expr, ())
        self.orders = {id(base): written.orders(base) for base in self._sums}
        own = [base for base in self._sums if len(self.orders[id(base)]) != 1]
        self._repeated = list(repeated_sums(own))[:_MOST_REPEATED]
        for group in self._repeated:
            self._signs.update(group)
        self._known: dict[int, Weights] = {}

    def _note(self, expr: Expr, around: tuple[int, ...]) -> None:
        """Take down the sums and logarithms that can be turned, in an expression that holds signs."""
        around = (*around, id(expr))
        if isinstance(expr, Add):
            self._sums.append(expr)
            self._around.setdefault(id(expr), set()).update(around)
        elif isinstance(expr, Mul):
            self._signs.update(complements(expr))
        elif isinstance(expr, Call) and flipped_logarithm(expr):
            self._has_logarithms = True
        for part in children(expr):
            if holds_sign(part):
                self._note(part, around)

    def may_turn(self) -> bool:
        """Whether there is anything to be written another way."""
        return self._has_logarithms or any(map(is_difference, self._sums)) or any(self.orders.values())

    def choose(self) -> None:
        """Write the sums that repeat each other the way round in which the whole costs least."""
        weight = self.worth(self._expr)
        for group in self._repeated:
            before = self._signs, self._known
            stale = set[int]().union(*[self._around[place] for place in group])
            self._signs = {**self._signs, **{place: -sign for place, sign in group.items()}}
            self._known = {place: weights for place, weights in self._known.items() if place not in stale}
            turned = self.worth(self._expr)
            if turned < weight:
                weight = turned
            else:
                self._signs, self._known = before

    def weights(self, expr: Expr) -> Weights:
        """What a part costs, and what its negative does."""
        return self._weights_with_sign(expr) if holds_sign(expr) else _AS_IT_IS

    def _weights_with_sign(self, expr: Expr) -> Weights:
        known = self._known.get(id(expr))
        if known is None:
            known = self._known[id(expr)] = self._weighed(expr)
        return known

    def _weighed(self, expr: Expr) -> Weights:
        match expr:
            case Const(value=value):
                return (inf, 0) if value.numerator < 0 else _AS_IT_IS
            case Add():
                return self._of_sum(expr)
            case Mul(factors=factors):
                return _of_product([self._weights_with_sign(factor) for factor in factors if holds_sign(factor)])
            case IndexSum(body=body):
                return self.weights(body)
            case Where(condition=condition, then=then, otherwise=otherwise):
                plus, minus = [sum(map(self._of_branch, (then, otherwise), (sign, sign))) for sign in (1, -1)]
                whole = self.worth(condition)
                return whole + plus, whole + minus
            case Pow(base=base, exponent=Const(value=n)) if n.denominator == 1:
                plus, minus = _of_parity(self.weights(base), -1 if n.numerator % 2 else 1)
                return plus, minus + (_TURNED_BELOW if n < 0 else 0)
            case Pow(base=base, exponent=Const()):
                return self.worth(base), inf
            case Call(function=function, arguments=(argument,)) if function.parity:
                return _of_parity(self.weights(argument), function.parity)
            case Call() if flipped_logarithm(expr):
                whole = self.worth(expr.arguments[0])
                return whole, inf if self._written.writes_logarithm(expr) else whole + _TURNED
            case _:
                return sum(map(self.worth, children(expr))), inf

    def worth(self, expr: Expr) -> float:
        """What a value costs, with a minus in front if need be; a sum by itself has its terms as they are."""
        plus, minus = self.weights(expr)
        return min(plus, self.terms(expr, 1)[0] if isinstance(expr, Add) else minus + IN_FRONT)

    def _of_branch(self, branch: Expr, sign: int) -> float:
        """What ``sign`` times a branch of a choice costs; a minus is rather in front of the whole than of a branch."""
        same, opposite = self.weights(branch)[::sign]
        return 0 if branch == ZERO else min(same, opposite + IN_FRONT + _TURNED)

    def _of_sum(self, base: Add) -> Weights:
        pairs = [self.weights(term) for term in base.terms]
        if min([minus for _, minus in pairs]) == inf:
            return sum([plus for plus, _ in pairs]), inf
        plus, minus = [self.terms(base, sign)[0] + self._of_turning(base, sign) for sign in (1, -1)]
        return plus, minus

    def _of_turning(self, base: Add, sign: int) -> float:
        """What it costs that a sum is written this way round and not as elsewhere."""
        orders = self.orders[id(base)]
        if orders and sign not in orders:
            return _UNLIKE_THE_SPEC
        return _UNLIKE_OTHERS if self._signs.get(id(base)) == -sign else _TURNED if sign < 0 else 0

    def terms(self, base: Add, sign: int) -> tuple[float, list[tuple[int, int]]]:
        """What ``sign`` times a sum costs; of each term the sign that is written before it and how it follows, as +1
        or -1 times itself. At least one has a plus, if that can be.
        """
        weight, ways = 0.0, list[tuple[int, int]]()
        more = list[float]()  # that a plus would cost
        for term in base.terms:
            same, opposite = self.weights(term)[::sign]
            taken = opposite + _of_minus(term, opposite)
            if same <= taken:
                weight += same
                ways.append((1, sign))
            else:
                weight += taken
                ways.append((-1, -sign))
                more.append(same - taken)
        if len(more) < len(ways):
            return weight, ways
        least = min(more)
        if least < IN_FRONT:
            ways[more.index(least)] = 1, sign
        return weight + min(least, IN_FRONT), ways


def holds_sign(expr: Expr) -> bool:
    """Whether a sum, a negative number or a logarithm that can be turned is a part; kept on the node once known."""
    known = expr.known_sign
    if known is None:
        match expr:
            case Component():
                known = False
            case Const(value=value):
                known = value.numerator < 0
            case Pow(base=base, exponent=Const()):
                known = holds_sign(base)
            case _:
                own = isinstance(expr, Add) or (isinstance(expr, Call) and flipped_logarithm(expr) is not None)
                known = own or any(map(holds_sign, children(expr)))
        expr.__dict__["known_sign"] = known
    return known


def _of_minus(term: Expr, weight: float) -> float:
    """What a minus before a term costs that has some weight itself."""
    if isinstance(term, Const):
        return _MINUS_SIGN + _OF_NUMBER
    return _MINUS_SIGN + (_OF_DIFFERENCE if weight >= _MINUS_SIGN else 0)


def _of_product(factors: Iterable[Weights]) -> Weights:
    even, odd = 0.0, inf
    for plus, minus in factors:
        even, odd = min(even + plus, odd + minus), min(even + minus, odd + plus)
    return even, odd


def _of_parity(inside: Weights, parity: int) -> Weights:
    return inside if parity < 0 else (min(inside), inf)


def flipped_logarithm(expr: Expr) -> Expr | None:
    """``log(b/a)`` for ``log(a/b)``, its negative; None of anything else."""
    match expr:
        case Call(function=function, arguments=(Mul(factors=(first, second)),)) if function.name == "log":
            (above, up), (below, down) = as_power(first), as_power(second)
            if {up, down} == {ONE, MINUS_ONE}:
                return Call(function, (Mul((power(above, negated(up)), power(below, negated(down)))),))
        case _:
            pass
    return None
