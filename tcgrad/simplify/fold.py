"""Definitions as facts: where ``e[b,c] = exp(x[b,c])`` is known, ``exp(x[p,q])`` is written ``e[p,q]``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from tcgrad.ir.nodes import Add, Call, Component, Const, Expr, IndexReduce, IndexSum, Mul, Pow
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import instantiate, replace_components, tensors_read, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.alike import Alike
from tcgrad.simplify.condense import Condensing
from tcgrad.simplify.idioms import recognise
from tcgrad.simplify.instances import Fact, with_components
from tcgrad.simplify.outline import Outline
from tcgrad.simplify.totals import Totals


class Facts:
    """The definitions of a program that are worth recognising: those with a function, a quotient, a root or a sum,
    and products.
    """

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._reading: dict[Tensor, list[tuple[int, Fact]]] = {}
        statements = tuple(statements)
        self._totals = Totals(statements)
        self._condensing = Condensing(self._settle, lambda expr: [fact.factors for fact in self.about(expr)])
        self._folded = Alike(self._fold, self._reachable, self._totals)
        self._settled = Alike(self._settle, self._reachable, self._totals)
        self._aliases: dict[Tensor, Define] = {}
        self._count = 0
        for statement in statements:
            if isinstance(statement, Define):
                self.add(statement)

    def add(self, define: Define) -> None:
        """Let instances of one more definition be recognised."""
        body = simplify(define.body)
        self._count += 1
        if isinstance(body, Component):
            self._aliases[define.tensor] = replace(define, body=body)
        elif any(_is_worth(part) for part in walk(body)):
            written = simplify(replace_components(body, self._without_alias))
            for own in (body,) if written is body else (body, written):
                fact = Fact.of(define.tensor, define.free, own)
                for tensor in tensors_read(own)[:1]:
                    self._reading.setdefault(tensor, []).append((self._count, fact))

    def _without_alias(self, read: Component) -> Expr:
        """``p[i,j] = inv(s)[i,j]`` is another name for the inverse: instances are told by either."""
        define = self._aliases.get(read.tensor)
        return read if define is None else instantiate(define.free, define.body, read.indices)

    def about(self, expr: Expr) -> tuple[Fact, ...]:
        """The facts that can have instances in ``expr``, later definitions first, for they stand for more."""
        return self._about(tensors_read(expr))

    def _about(self, tensors: Collection[Tensor]) -> tuple[Fact, ...]:
        near = [item for tensor in tensors for item in self._reading.get(tensor, ())]
        read = set(tensors)
        fitting = [item for item in near if item[1].tensors <= read]
        return tuple(fact for _, fact in sorted(fitting, key=lambda item: -item[0]))

    def _reachable(self, tensors: Sequence[Tensor]) -> list[Outline]:
        """The outlines of the facts about these tensors, and about those that they introduce."""
        read = dict.fromkeys(tensors)
        while True:
            near = self._about(read)
            new = [fact.tensor for fact in near if fact.tensor not in read]
            if not new:
                return [fact.outline for fact in near]
            read.update(dict.fromkeys(new))

    def fold(self, expr: Expr) -> Expr:
        """The same value, with instances of the known definitions written as components, as short as can be found."""
        return self._folded(expr)

    def _fold(self, expr: Expr) -> Expr:
        return self._condensing.condense(self._settle(expr))

    def settle(self, expr: Expr) -> Expr:
        """The same value, with idioms and instances of the known definitions by their names; simplified."""
        return self._settled(expr)

    def _settle(self, expr: Expr) -> Expr:
        return self.name_instances(self._totals.decide(simplify(recognise(simplify(expr)))))

    def name_instances(self, expr: Expr) -> Expr:
        """A simplified expression with the instances of the known definitions by their names; simplified."""
        folded = expr
        tried: tuple[Fact, ...] = ()
        while (near := self.about(folded)) != tried:
            tried, folded = near, simplify(with_components(folded, near))
        return folded


def _is_worth(part: Expr) -> bool:
    match part:
        case Call() | IndexSum() | IndexReduce() | Add():
            return True
        case Pow(exponent=Const(value=n)):
            return n < 0 or n.denominator != 1
        case Mul(factors=factors):
            return sum(isinstance(factor, Component) for factor in factors) > 1
        case _:
            return isinstance(part, Pow)
