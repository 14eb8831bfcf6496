"""The summation convention, applied once and here: where each dummy index is summed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import compress
from operator import not_
from typing import TypeVar

from tcgrad.errors import Note
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Const, Expr, IndexValue, Pow
from tcgrad.ir.traversal import factors_of
from tcgrad.language.expressions.building import add, invert, multiply, negate, total
from tcgrad.language.expressions.components import LONE
from tcgrad.language.expressions.factors import Factor, factors_of_term, is_integer
from tcgrad.language.expressions.matrix_signs import refuse_matrix_power, refuse_real_quotient
from tcgrad.language.expressions.occurrences import is_intrinsic, parts, positions
from tcgrad.language.expressions.values import ValueReader
from tcgrad.language.ranges.slots import NO_GUARDS, Guards, common_guards
from tcgrad.language.symbols import Refused
from tcgrad.language.syntax import (
    Call,
    Comparison,
    Expression,
    Gradient,
    Group,
    Iverson,
    Jacobian,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Reduction,
    Subscript,
    Sum,
)
from tcgrad.operators import DELTA

_ERRORS_SHOWN = 8

_T = TypeVar("_T")


class Elaborator(ValueReader):
    """Reads the right side of an equation.

    A dummy that occurs in two or more factors of a term is summed over the whole term; one that occurs in a single
    factor is treated inside it, and so on inwards until it is summed or found to occur once.
    """

    def terms(self, node: Expression, expected: frozenset[str] = frozenset()) -> Expr:
        """A sum of additive terms, each treated by itself.

        expected: the free indices of the left side, for the right side as a whole.

        Raises:
            Refused: after the errors of all terms.
        """
        if self.symbols.strict:
            self._check_broadcast(node, expected)
        if not isinstance(node, Sum):
            return self._term(node, node)
        values = self._read_each([term for _, term in node.terms], lambda term: self._term(term, node))
        return add([value if sign > 0 else negate(value) for (sign, _), value in zip(node.terms, values, strict=True)])

    def _read_each(self, items: Sequence[_T], read: Callable[[_T], Expr], following: str | None = None) -> list[Expr]:
        """What ``read`` makes of every item, each by itself.

        following: the code of errors that may follow from any other error of the items.

        Raises:
            Refused: after the errors of all items, up to a number that nobody reads.
        """
        known = len(self.symbols.report.diagnostics)
        values, scope, guards, depth, failed = [], self.scope, self.guards, len(self.within), 0
        for item in items:
            try:
                values.append(read(item))
            except Refused:
                self.scope, self.guards = scope, guards
                del self.within[depth:]
                failed += 1
                if failed == _ERRORS_SHOWN:
                    break
        if failed:
            self.symbols.report.tell_once(known, following)
            raise Refused
        return values

    def _check_broadcast(self, node: Expression, expected: frozenset[str]) -> None:
        """In strict mode: terms that are added have the same free indices, unless they are scalars."""
        terms = [term for _, term in node.terms] if isinstance(node, Sum) else [node]
        found = [[name for name in self.occurrences.of(term) if name in self.scope] for term in terms]
        wanted = [*dict.fromkeys(name for names in ([*self.scope] if expected else [], *found) for name in names)]
        wanted = [name for name in wanted if name in expected or any(name in names for names in found)]
        refused = [
            self._lacks(term, missing)
            for term, names in zip(terms, found, strict=True)
            if names and (missing := [name for name in wanted if name not in names])
        ]
        if refused:
            raise refused[0]

    def _lacks(self, term: Expression, missing: Sequence[str]) -> Refused:
        shown = self.symbols.text(term.span)
        listed = ("index " if len(missing) == 1 else "indices ") + " and ".join(f"`{name}`" for name in missing)
        message = f"`{shown}` does not have the {listed} of the sum it stands in"
        return self.symbols.refuse("TC312", message, term.span, f"write `1[{','.join(missing)}]*{shown}`")

    def _term(self, node: Expression, whole: Expression) -> Expr:
        """A term of ``whole``: a product of factors, summed over the dummies that occur in two or more of them."""
        scope, guards = self.scope, self.guards
        self.within.append((whole, node))
        sign, factors = factors_of_term(node)
        shared = self._shared(factors)
        if shared:
            self.enter(self.bind(shared, node))
        self.guards = reduce(Guards.and_, map(self._guards, factors), guards)
        value = total(self._bound(shared), multiply(self._read_each(factors, self._factor, LONE)))
        self.scope, self.guards = scope, guards
        self.within.pop()
        return value if sign > 0 else negate(value)

    def summable(self, name: str) -> tuple[Expression, tuple[str, ...]]:
        """What a sum over an index that occurs once can stand around, and the indices that one sum is needed over.

        That is the term that holds it, or one further out, as long as all terms of a parenthesis hold it once. The
        others are those that occur once in the components of that term, or of the innermost one.
        """
        for whole, term in reversed(self.within):
            found = term.body if isinstance(term, Group) else term
            terms = [each for _, each in whole.terms] if isinstance(whole, Sum) else [whole]
            if not all(name in self.occurrences.of(each) and not self._closes(each, name) for each in terms):
                break
        counts = self.occurrences.of(found)
        products = (self.within[-1][1], found)
        factors = (factor.node for product in products for factor in factors_of_term(product)[1])
        beside = dict.fromkeys(each for factor in factors for each in self.occurrences.at(factor))
        others = [each for each in beside if counts.get(each) == 1 and each not in self.scope and each != name]
        return found, (name, *others)

    def _bound(self, names: list[str]) -> list[Index]:
        return [self.scope[name].index for name in names]

    def _shared(self, factors: list[Factor]) -> list[str]:
        """The dummies of two or more factors, in the order of occurrence."""
        holding: dict[str, list[Expression]] = {}
        for factor in factors:
            for name in self.occurrences.of(factor.node):
                if name not in self.scope:
                    holding.setdefault(name, []).append(factor.node)
        shared = {name: nodes for name, nodes in holding.items() if len(nodes) > 1}
        for name, nodes in shared.items():
            self._warn_if_ambiguous(name, nodes)
        return list(shared)

    def _warn_if_ambiguous(self, name: str, nodes: list[Expression]) -> None:
        """Warn where each part could have been summed by itself, as in ``f(x[i]*x[i])*g(y[i]*y[i])``.

        A product of components is such a part too, as ``x[i]*y[i]`` is beside ``1/sqrt(x[i]*x[i])``.
        """
        closing = [self._closes(node, name) for node in nodes]
        closed = list(compress(nodes, closing))
        others = list(compress(nodes, map(not_, closing)))
        if not others:
            spans = [node.span for node in nodes]
        elif (
            len(others) > 1
            and all(map(self._is_component, others))
            and any(self._contracts(node, name) for node in closed)
        ):
            product = others[0].span.to(others[-1].span)
            whole = all(node.span.end <= product.start or product.end <= node.span.start for node in closed)
            spans = sorted((closed[0].span, product if whole else others[0].span), key=lambda span: span.start)
        else:
            return
        message = f"`{name}` is summed over the whole, though each of the parts it occurs in could be summed by itself"
        offer = f"write `sum[{name}](...)` around what is to be summed by itself, or name the indices apart"
        note = Note(spans[1], f"`{name}` is the same index here")
        self.symbols.warn("TC313", message, spans[0], offer, note)

    def _is_component(self, node: Expression) -> bool:
        """Whether this is a component of a tensor of the spec: a one-tensor or a delta is there for the whole sum."""
        return isinstance(node, Subscript) and node.name in self.symbols.tensors

    def _contracts(self, node: Expression, name: str) -> bool:
        """Whether the sum over ``name`` inside ``node`` would be one of products of components, as ``x[i]*y[i]``."""
        split = isinstance(node, Product) and not is_integer(node)
        factors = factors_of_term(node)[1] if split else [Factor("*", part) for part in parts(node)]
        holding = [factor for factor in factors if name in self.occurrences.of(factor.node)]
        if split and len(holding) > 1:
            return all(factor.operator == "*" and self._is_component(factor.node) for factor in holding)
        return any(self._contracts(factor.node, name) for factor in holding)

    def _closes(self, node: Expression, name: str) -> bool:
        """Whether ``name`` would be summed inside ``node`` if ``node`` stood alone."""
        if self.occurrences.of(node).get(name, 0) < 2:
            return False
        if isinstance(node, Sum):
            return all(self._closes(term, name) for _, term in node.terms if name in self.occurrences.of(term))
        split = isinstance(node, Product) and not is_integer(node)
        inner = [factor.node for factor in factors_of_term(node)[1]] if split else parts(node)
        holding = [part for part in inner if name in self.occurrences.of(part)]
        return len(holding) != 1 or self._closes(holding[0], name)

    def _guards(self, factor: Factor) -> Guards:
        """What holds wherever this factor is not 0."""
        match factor.node:
            case Iverson(condition=condition):
                return self.guards_of(condition)
            case Subscript(positions=(left, right)) if self.symbols.builtin(factor.node.name) == DELTA:
                return self.guards_of(Comparison((left, right), ("==",), factor.node.span))
            case Group(body=Sum(terms)) if factor.operator == "*":
                each = [map(self._guards, factors_of_term(term)[1]) for _, term in terms]
                return common_guards([reduce(Guards.and_, guards) for guards in each])
        return NO_GUARDS

    def _factor(self, factor: Factor) -> Expr:
        value = self._operand(factor.node)
        if factor.operator == "*":
            return value
        return invert(self._divisor(value, factor.node))

    def _divisor(self, value: Expr, node: Expression) -> Expr:
        """The value, unless it is a product with the number 0."""
        if any(isinstance(each, Const) and not each.value for each in factors_of(value)):
            raise self.symbols.refuse("TC324", "this divides by 0", node.span)
        return value

    def _operand(self, node: Expression) -> Expr:
        """One factor alone: a dummy that occurs in several of its parts is summed around it."""
        if isinstance(node, Group):
            return self.terms(node.body)
        if isinstance(node, Sum | Negative) or (isinstance(node, Product) and not is_integer(node)):
            return self.terms(node)
        shared = self._repeated(node)
        if not shared:
            return self._value(node)
        scope = self.enter(self.bind(shared, node))
        value = total(self._bound(shared), self._value(node))
        self.scope = scope
        return value

    def _repeated(self, node: Expression) -> list[str]:
        """The dummies of a factor that stand in two of its parts, or twice in the brackets of a component."""
        candidates = [name for name, n in self.occurrences.of(node).items() if n > 1 and name not in self.scope]
        if not candidates or positions(node):
            return candidates
        holding = {name: [part for part in parts(node) if name in self.occurrences.of(part)] for name in candidates}
        shared = [name for name in candidates if len(holding[name]) > 1]
        for name in shared:
            self._warn_if_ambiguous(name, holding[name])
        return shared

    def _value(self, node: Expression) -> Expr:
        """A factor whose own dummies are in scope."""
        match node:
            case Number():
                return Const(node.value)
            case Name():
                return self.read_name(node)
            case Subscript():
                return self.read_component(node)
            case Gradient():
                return self.read_gradient(node)
            case Call() if is_intrinsic(node):
                return self.read_intrinsic(node)
            case Call():
                return self.read_call(node)
            case Power():
                refuse_matrix_power(node, self.symbols)
                base, exponent = self.terms(node.base), self.terms(node.exponent)
                divides = isinstance(exponent, Const) and exponent.value < 0
                return Pow(self._divisor(base, node) if divides else base, exponent)
            case Product():
                refuse_real_quotient(node, self.symbols)
                return IndexValue(self.position(node))
            case Reduction():
                return self.read_reduction(node)
            case Iverson():
                return self.read_comparison(node.condition)
            case Jacobian():
                raise self.refuse_jacobian(node)
            case Comparison() | Sum() | Negative() | Group():
                raise self.symbols.refuse("TC210", "a comparison is written in an Iverson bracket", node.span)
