"""What is left to a sigmoid or a hyperbolic tangent, kept as that: ``a - a s = a (1 - s)``.

Where ``y = x s`` is known, its derivative may read ``y + s (1 - y)`` or ``s (x + 1 - y)``, as in the literature. Where
``x`` is large and ``s`` is 1, the number is lost in both; of ``y (1 - s) + s`` it is all that is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tcgrad.ir.nodes import ONE, Add, Call, Component, Const, Expr, Mul
from tcgrad.ir.program import Define
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import factors_of, map_children, product_of, replace_components, tensors_read
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.facts.alike import Alike
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.facts.totals import Totals
from tcgrad.simplify.powers import as_power, negated, split_coefficient
from tcgrad.simplify.rules.guarding import may_be_outside
from tcgrad.simplify.shorter.spread import spread_out

_SATURATED = frozenset({"sigmoid", "tanh"})


class _Pair(NamedTuple):
    """Two terms of a sum, ``whole`` and ``taken = -whole*part``.

    rest: the other terms.
    """

    whole: Expr
    taken: Expr
    part: Expr
    rest: tuple[Expr, ...]

    def together(self, beside: Sequence[Expr]) -> Expr:
        """The sum times what stands beside it: ``a (1 - s) + rest``; of ``s (a - a s + rest)`` it is ``a s``, the term
        that is taken off, that is written down.
        """
        left = Add((ONE, negated(self.part)))
        others = [factor for factor in beside if factor != self.part]
        if len(others) == len(beside):
            return product_of([*others, Add((product_of([self.whole, left]), *self.rest))])
        rest = (simplify(Mul((self.part, term))) for term in self.rest)
        return product_of([*others, Add((product_of([negated(self.taken), left]), *rest))])


class Saturated:
    """Learns what is a product with such a function, and keeps what is left to it together in derivatives."""

    def __init__(self) -> None:
        self._functions: dict[Tensor, Fact] = {}
        self._products: dict[Tensor, Fact] = {}
        self._alike = Alike(Totals(()))

    def learn(self, define: Define) -> None:
        """Remember a definition of the program that is such a function, or a product with one."""
        if define.tensor.role is not Role.DEFINED:
            return
        fact = Fact(define.tensor, define.free, define.body)
        if self._is_saturated(define.body):
            self._functions[define.tensor] = fact
        elif isinstance(define.body, Mul) and any(map(self._has_saturated, define.body.factors)):
            self._products[define.tensor] = fact

    def define(self, define: Define) -> Define:
        """The definition of a derivative with such terms together; the very same where there are none."""
        if define.tensor.role is Role.DEFINED or self._products.keys().isdisjoint(tensors_read(define.body)):
            return define
        (body,) = self._alike.done((define.body,), self._facts(define.body), lambda: (self._together(define.body),))
        return define if body is define.body else replace(define, body=body)

    def _facts(self, body: Expr) -> list[Fact]:
        """All that is known of what is read, and of what the products among that are of."""
        read = tensors_read(body)
        products = [self._products[tensor] for tensor in read if tensor in self._products]
        inside = dict.fromkeys([*read, *(tensor for fact in products for tensor in tensors_read(fact.body))])
        return products + [self._functions[tensor] for tensor in inside if tensor in self._functions]

    def _together(self, expr: Expr) -> Expr:
        """The outermost sums first: a term of theirs may be taken off what stands in another one."""
        factors = factors_of(expr)
        for place, factor in enumerate(factors):
            pair = self._pair(factor) if isinstance(factor, Add) else None
            if pair:
                return self._together(pair.together([*factors[:place], *factors[place + 1 :]]))
        return map_children(expr, self._together)

    def _pair(self, total: Add) -> _Pair | None:
        for taker, term in enumerate(total.terms):
            spread = self._spread(term)
            for place, taken in enumerate(spread):
                written = self._written_out(taken)
                if not any(map(self._has_saturated, factors_of(written))):
                    continue
                for n, whole in enumerate(total.terms):
                    part = self._part((taken, written), whole) if n != taker else None
                    if part is not None:
                        others = [each for k, each in enumerate(total.terms) if k not in (taker, n)]
                        return _Pair(whole, taken, part, (*others, *spread[:place], *spread[place + 1 :]))
        return None

    def _spread(self, term: Expr) -> Sequence[Expr]:
        """What a term is the sum of, multiplied out; nothing of one that has what is left as a factor."""
        factors = factors_of(term)
        if not any(isinstance(factor, Add) for factor in factors):
            return (term,)
        return () if any(map(self._is_left, factors)) else tuple(map(simplify, spread_out(term) or ()))

    def _part(self, taken: Sequence[Expr], whole: Expr) -> Expr | None:
        """A power of such a function that is as much of a term as another one, in either way to write it, takes off it;
        None where none is, or the term is a number.
        """
        number, rest = split_coefficient(whole)
        if rest == ONE:
            return None
        for times, others in map(split_coefficient, taken):
            left = [factor for factor in factors_of(others) if factor not in factors_of(rest)]
            if times == -number and len(left) == 1 and len(factors_of(others)) == len(factors_of(rest)) + 1:
                return left[0] if self._has_saturated(left[0]) else None
        return None

    def _is_left(self, factor: Expr) -> bool:
        """Whether a factor is ``1 - s`` already, which stays as it is."""
        match factor:
            case Add((first, second)) if ONE in (first, second):
                return self._has_saturated(negated(second if first == ONE else first))
            case _:
                return False

    def _written_out(self, expr: Expr) -> Expr:
        """The products that are known by their names, with their factors."""

        def standing_for(read: Component) -> Expr:
            known = self._products.get(read.tensor)
            if known is None or may_be_outside(read):
                return read
            return instantiate(known.free, known.body, read.indices)

        made = replace_components(expr, standing_for)
        return expr if made is expr else simplify(made)

    def _has_saturated(self, factor: Expr) -> bool:
        base, exponent = as_power(factor)
        return self._is_saturated(base) and isinstance(exponent, Const) and exponent.value > 0

    def _is_saturated(self, expr: Expr) -> bool:
        match expr:
            case Call(function):
                return function.name in _SATURATED
            case Component(tensor):
                return tensor in self._functions
            case _:
                return False
