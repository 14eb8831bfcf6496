"""Definitions as facts: where ``e[b,c] = exp(x[b,c])`` is known, ``exp(x[p,q])`` is written ``e[p,q]``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from operator import itemgetter

from tcgrad.ir.nodes import ONE, Add, Call, Component, Expr, IndexReduce, IndexSum, Mul, Pow
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, replace_components, size, tensors_read, terms_of, walk
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.exponentials.logarithms import as_exponential
from tcgrad.simplify.facts.alike import Alike, Fruitless
from tcgrad.simplify.facts.consequences import consequences
from tcgrad.simplify.facts.fact import Fact, is_rounded
from tcgrad.simplify.facts.memory import Memory
from tcgrad.simplify.facts.totals import Totals
from tcgrad.simplify.folding.centring import holds_mean
from tcgrad.simplify.folding.nearby import Nearby
from tcgrad.simplify.powers import split_coefficient
from tcgrad.simplify.shorter.merged_sums import with_sums_merged
from tcgrad.simplify.shorter.regroup import regroup
from tcgrad.simplify.shorter.spread import multiplied_out, opened
from tcgrad.simplify.signs import is_never_negative

_FEWEST_OPENED, _MOST_OPENED = 3, 5  # terms of a formula multiplied out: with more and fewer it gets no shorter
_LONG_SLOPE = 24  # nodes
_MOST_READING = 256  # facts about one tensor, the last ones: with all of them the cost would be quadratic
_MOST_STEPS = 3  # definitions of definitions that may be found in one expression


class Facts:
    """The definitions of a program that are worth recognising: those with a function, a power or a sum, and products.

    never_negative: tensors that are known to be so, besides those whose definitions tell it.
    """

    def __init__(self, statements: Iterable[Statement], never_negative: Iterable[Tensor] = ()) -> None:
        self._reading: dict[Tensor, deque[tuple[tuple[int, int], Fact]]] = {}  # in their order
        statements = tuple(statements)
        self._totals = Totals(statements)
        self._condensed, self._slopes = Memory(self._totals), Memory(self._totals)
        self._folded = Alike(self._totals)
        self._opened = Fruitless(self._totals)
        self._settled = Alike(self._totals)
        self._made = Alike(self._totals)
        self._aliases: dict[Tensor, Define] = {}
        self._never_negative: set[Tensor] = set(never_negative)
        self._products: list[Define] = []
        self._has_logsumexp = False
        self._count = self._learnt = 0  # definitions, and what is known by them
        for statement in statements:
            if isinstance(statement, Define):
                self.add(statement)

    def add(self, define: Define) -> None:
        """Let instances of one more definition be recognised."""
        body = simplify(define.body)
        self._condensed, self._slopes = Memory(self._totals), Memory(self._totals)
        self._count += 1
        if is_never_negative(body, self._never_negative):
            self._never_negative.add(define.tensor)
        if isinstance(body, Component):
            self._aliases[define.tensor] = replace(define, body=body)
            if _is_looked_up(body):
                self._learn(self._fact(define, body))
        else:
            is_worth = any(_is_worth(part) for part in walk(body))
            for fact in self._facts_of(define, body) if is_worth else consequences(self._fact(define, body)):
                self._learn(fact)
        if isinstance(body, Mul):
            self._products.append(define)
        self._has_logsumexp |= isinstance(body, IndexReduce) and body.kind == "logsumexp"
        if self._has_logsumexp and isinstance(body, Mul | IndexReduce):
            self._learn_of_shares()

    def _learn(self, fact: Fact) -> None:
        for tensor in tensors_read(fact.body)[:1]:
            self._learnt += 1
            reading = self._reading.setdefault(tensor, deque(maxlen=_MOST_READING))
            reading.append(((-self._count, self._learnt), fact))

    def _learn_of_shares(self) -> None:
        """``p = exp(u - s)`` of ``p = exp(u)/sum_k exp(u)`` and ``s = logsumexp_k(u)``, whichever comes first."""
        for define in self._products:
            exponential = as_exponential(simplify(define.body))
            named = exponential and self.name_instances(exponential)
            if named and named != exponential and not isinstance(named, Component):
                self._learn(self._fact(define, named))

    def _facts_of(self, define: Define, body: Expr) -> Iterator[Fact]:
        """What a definition says, as it stands, without aliases, in terms of those before it, with sums that are
        shorter multiplied out, with all its sums as one, or of a share ``exp(u)/sum_k exp(u)`` as one exponential.

        What was defined before under another name, or the same one, keeps its name.
        """
        aliased = not self._aliases.keys().isdisjoint(tensors_read(body))
        written = simplify(replace_components(body, self._without_alias)) if aliased else body
        named = self.name_instances(body)
        apart = _with_sums_multiplied_out(body)
        share = as_exponential(body) or body
        ways = (body, written, body if isinstance(named, Component) else named, apart, _with_sums_as_one(body), share)
        for own in dict.fromkeys(ways):
            fact = self._fact(define, own)
            yield replace(fact, rounded=True) if is_rounded(own, define.body) else fact
            yield from consequences(fact)

    def _fact(self, define: Define, body: Expr) -> Fact:
        """That the component of a definition is a simplified expression."""
        return Fact.of(define.tensor, define.free, body, self._never_negative)

    def read_from(self, tensor: Tensor) -> Tensor:
        """The tensor whose components a tensor is another name for, as ``q[i] = p[i,t[i]]`` is; else itself."""
        alias = self._aliases.get(tensor)
        return tensors_read(alias.body)[0] if alias is not None else tensor

    def with_rows_as_read(self, expr: Expr) -> Expr:
        """An expression with ``p[i,t[i]]`` for its other name, so that it tells that ``t[i]`` is a row of ``p``."""
        if self._aliases.keys().isdisjoint(tensors_read(expr)):
            return expr
        return replace_components(expr, lambda read: row if _is_looked_up(row := self._without_alias(read)) else read)

    def _without_alias(self, read: Component) -> Expr:
        """``p[i,j] = inv(s)[i,j]`` is another name for the inverse: instances are told by either."""
        define = self._aliases.get(read.tensor)
        return read if define is None else instantiate(define.free, define.body, read.indices)

    def _near(self, *exprs: Expr) -> tuple[Fact, ...]:
        """The facts that can have instances in ``exprs``, and those in which what they define can occur."""
        read = {tensor for expr in exprs for tensor in tensors_read(expr)}
        near = self._about(read)
        for _ in range(_MOST_STEPS):
            new = {fact.tensor for fact in near} - read
            if not new:
                break
            read |= new
            near = self._about(read)
        return near

    def _about(self, tensors: AbstractSet[Tensor]) -> tuple[Fact, ...]:
        """The facts that read nothing but some tensors, later definitions first."""
        near = [item for tensor in tensors for item in self._reading.get(tensor, ()) if item[1].tensors <= tensors]
        return tuple([fact for _, fact in sorted(near, key=itemgetter(0))])

    def read_both(self, one: Collection[Tensor], other: Collection[Tensor]) -> bool:
        """Whether a definition reads of both, and nothing else: there may be an instance where they come together."""
        near = self._about({*one, *other})
        return not all(fact.tensors.issubset(one) or fact.tensors.issubset(other) for fact in near)

    def fold(self, expr: Expr) -> Expr:
        """The same value, with instances of the known definitions written as components, as short as can be found."""
        near = self._near(expr)
        (made,) = self._folded.done((expr,), near, lambda: (self._nearby(near).fold(expr),))
        return made

    def fold_made(self, given: tuple[Expr, ...], make: Callable[[], tuple[Expr, ...]]) -> tuple[Expr, ...]:
        """What is made of some expressions, folded; worked out once for all that are alike.

        make: is the same function of what is given for all that are alike, and reads no tensors but those there.
        """
        return self._made.done(given, self._near(*given), lambda: tuple(map(self.fold, make())))

    def settle(self, expr: Expr) -> Expr:
        """The same value, with idioms and instances of the known definitions by their names; simplified."""
        near = self._near(expr)
        (made,) = self._settled.done((expr,), near, lambda: (self._nearby(near).settle(expr),))
        return made

    def slope(self, expr: Expr) -> Expr:
        """The derivative of a function, settled: all that holds the function has it. A short one is as quickly settled
        there.
        """
        if size(expr) < _LONG_SLOPE:
            return expr
        return self._slopes.get(expr) or self._slopes.put(expr, self.settle)

    def centred(self, expr: Expr) -> Expr:
        """A settled expression with its sums relative to a mean that has a name, where that is shorter."""
        return self._nearby(self._near(expr)).centred(expr) if holds_mean(expr) else expr

    def name_instances(self, expr: Expr) -> Expr:
        """A simplified expression with the instances of the known definitions by their names; simplified."""
        return self._nearby(self._near(expr)).name_instances(expr)

    def _nearby(self, near: Sequence[Fact]) -> Nearby:
        return Nearby(near, self._totals, self.multiplied_out, self._condensed)

    def opened(self, expr: Expr, fewest: int = _FEWEST_OPENED) -> Expr:
        """A simplified expression multiplied out as a whole where that is shorter, if it has few terms then.

        fewest: terms for which it is tried.
        """
        if not fewest <= len(opened(expr) or ()) <= _MOST_OPENED:
            return expr
        made = self.multiplied_out(expr)
        return expr if made is expr else self.fold(made)

    def distributed(self, expr: Expr) -> Expr:
        """A simplified product that divides by what has no name, over the terms of one of its sums where what a
        definition names is one of these then, and the whole is shorter: ``(a - s b)/sqrt(v) = a/sqrt(v) - r b``.
        """
        factors = factors_of(expr)
        if not any(isinstance(part, Pow) and not isinstance(part.base, Component) for part in factors):
            return expr
        for place, factor in enumerate(factors):
            terms = [Mul((*factors[:place], term, *factors[place + 1 :])) for term in terms_of(factor)]
            settled = list(map(self.settle, terms)) if isinstance(factor, Add) else []
            if any(cost(named) < cost(simplify(term)) for named, term in zip(settled, terms, strict=False)):
                made = self.fold(regroup(list(map(split_coefficient, settled))))
                if cost(made) < cost(expr):
                    return made
        return expr

    def multiplied_out(self, expr: Expr) -> Expr:
        """An expression multiplied out, the definitions by their names; the very same where that is no shorter."""
        near = self._near(expr)
        (made,) = self._opened.done((expr,), near, lambda: (multiplied_out(expr, self._nearby(near).settle),))
        return made


def _is_looked_up(expr: Expr) -> bool:
    """Whether it is a component at an element of an integer tensor."""
    return isinstance(expr, Component) and any(position.gathers for position in expr.indices)


def _with_sums_multiplied_out(body: Expr) -> Expr:
    """A product with those of its sums multiplied out that become shorter: covariances, say. Simplified."""
    made = [multiplied_out(part, simplify) if isinstance(part, IndexSum) else part for part in factors_of(body)]
    return simplify(Mul((ONE, *made))) if isinstance(body, Mul) and made != list(body.factors) else body


def _with_sums_as_one(body: Expr) -> Expr:
    """``sum_i p (a + b)`` for ``sum_i p a + sum_i p b``; anything else as it is. Simplified."""
    if not isinstance(body, Add) or not all(any(map(_is_sum, factors_of(term))) for term in body.terms):
        return body
    merged = with_sums_merged(body)
    return body if isinstance(merged, Add) else simplify(merged)


def _is_sum(factor: Expr) -> bool:
    return isinstance(factor, IndexSum)


def _is_worth(part: Expr) -> bool:
    match part:
        case Call() | IndexSum() | IndexReduce() | Add() | Pow():
            return True
        case Mul(factors=factors):
            return sum(isinstance(factor, Component) for factor in factors) > 1
        case _:
            return False
