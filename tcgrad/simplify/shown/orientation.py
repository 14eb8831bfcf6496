"""Which way round each difference of a formula is written: so that the whole has the fewest minus signs.

``-(a - b) c`` is ``(b - a) c``, and ``p - (q - r)/s`` is ``p + (r - q)/s``. A sum or its negative can be written
wherever a sign can move: through products, sums over indices, choices, odd powers and odd functions; the logarithm of
a ratio can be that of its reciprocal. What an expression and its negative cost follows from what their parts do, so
that two passes find the best: one that weighs, one that writes.
"""

from __future__ import annotations

from operator import is_

from tcgrad.ir.nodes import ZERO, Add, Call, Const, Expr, IndexSum, Mul, Pow, Where
from tcgrad.ir.traversal import children, map_children
from tcgrad.simplify.powers import numbers_out, scaled, split_coefficient
from tcgrad.simplify.shown.orientation_costs import IN_FRONT, Costs, Written, flipped_logarithm, holds_sign
from tcgrad.simplify.usual_ways import is_negative


def with_fewest_signs(expr: Expr, written: Written) -> Expr:
    """The same value with its sums and differences the way round that has the fewest minus signs; not simplified.

    written: what stands in the spec stands the same way here.
    """
    if not holds_sign(expr):
        return expr
    costs = Costs(expr, written)
    if not costs.may_turn():
        return expr
    costs.choose()
    return _Writer(costs).value(expr)


class _Writer:
    """Writes an expression the way that costs least."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs

    def value(self, expr: Expr) -> Expr:
        """What costs `Costs.worth`."""
        plus, minus = self._costs.weights(expr)
        if isinstance(expr, Add) or plus <= minus + IN_FRONT:
            return self._signed(expr, 1)
        return _times(-1, self._signed(expr, -1))

    def _signed(self, expr: Expr, sign: int) -> Expr:
        """``sign`` times an expression, without a minus in front."""
        if not holds_sign(expr):
            return expr
        match expr:
            case Const():
                return expr if sign > 0 else Const(-expr.value)
            case Add():
                return self._signed_sum(expr, sign)
            case Mul():
                return self._signed_product(expr, sign)
            case IndexSum():
                return map_children(expr, lambda body: self._signed(body, sign))
            case Where():
                made = map_children(expr, self.value) if sign > 0 else self._turned_choice(expr)
                return expr if all(map(is_, children(made), children(expr))) else made
            case Pow(base=base, exponent=Const(value=n) as exponent) if n.denominator == 1:
                made = self._signed(base, sign if n.numerator % 2 else self._lighter(base))
                return expr if made is base else Pow(made, exponent)
            case Call(function=function, arguments=(_,)) if function.parity:
                return map_children(
                    expr, lambda part: self._signed(part, sign if function.parity < 0 else self._lighter(part))
                )
            case Call() if sign < 0:
                made = map_children(expr, self.value)
                return flipped_logarithm(made) or made
            case _:
                return map_children(expr, self.value)

    def _turned_choice(self, choice: Where) -> Where:
        """The negative of a choice: that of both its branches."""

        def turned(branch: Expr) -> Expr:
            plus, minus = self._costs.weights(branch)
            is_lighter = minus <= plus + IN_FRONT
            return self._signed(branch, -1) if is_lighter else _times(-1, self._signed(branch, 1))

        then, otherwise = [ZERO if part == ZERO else turned(part) for part in (choice.then, choice.otherwise)]
        return Where(self.value(choice.condition), then, otherwise)

    def _lighter(self, expr: Expr) -> int:
        plus, minus = self._costs.weights(expr)
        return 1 if plus <= minus else -1

    def _signed_sum(self, base: Add, sign: int) -> Expr:
        _, ways = self._costs.terms(base, sign)
        made = [_times(before, self._signed(term, text)) for (before, text), term in zip(ways, base.terms, strict=True)]
        places = self._costs.orders[id(base)].get(sign)
        if places is not None:
            made = [made[n] for n in sorted(range(len(made)), key=places.__getitem__)]
        else:
            in_order = sorted(range(len(made)), key=lambda n: sign < 0 and not is_negative(base.terms[n]))
            first = next((n for n in in_order if ways[n][0] > 0), in_order[0])
            made = [made[first], *(made[n] for n in in_order if n != first)]
        return base if all(map(is_, made, base.terms)) else Add(tuple(made))

    def _signed_product(self, expr: Mul, sign: int) -> Expr:
        weights = [self._costs.weights(factor) for factor in expr.factors]
        signs = [1 if plus <= minus else -1 for plus, minus in weights]
        if signs.count(-1) % 2 != (sign < 0):
            more = [abs(plus - minus) for plus, minus in weights]
            place = more.index(min(more))
            signs[place] = -signs[place]
        made = list(map(self._signed, expr.factors, signs))
        return expr if all(map(is_, made, expr.factors)) else scaled(*numbers_out(Mul(tuple(made))))


def _times(sign: int, text: Expr) -> Expr:
    """``sign`` times what has no minus in front."""
    number, rest = split_coefficient(text)
    return text if sign > 0 else scaled(-number, rest)
