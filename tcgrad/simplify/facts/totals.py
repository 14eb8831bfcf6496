"""Sums that definitions decide: deviations from a mean add up to 0, the parts of a whole to 1, and so do the squares of
what is divided by its length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from fractions import Fraction
from itertools import chain

from tcgrad.ir.indices import Index
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
    IndexSum,
    IndexValue,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import (
    children,
    factors_of,
    free_indices,
    map_children,
    product_of,
    replace_components,
    size,
    tensors_read,
    walk,
)
from tcgrad.records import cached_property
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import canonical_labels, key
from tcgrad.simplify.expand import TooLargeError, expand
from tcgrad.simplify.outline import outline
from tcgrad.simplify.powers import as_power

Question = tuple[Expr, Expr | None]  # a sum, and the number that it is, if it is one

_LARGEST = 150  # nodes of a sum that is written out
_MOST_ROUNDS = 3  # definitions of definitions


class Totals:
    """Knows the definitions of a program, and which sums over them have been decided.

    asked: the questions that were asked and their answers: sums, and the numbers that they are, if they are.
    """

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._defines = {s.tensor: s for s in statements if isinstance(s, Define)}
        self._plain: dict[Tensor, bool] = {}
        self._known: dict[str, Expr | None] = {}
        self._alike: dict[Hashable, Expr | None] = {}
        self.asked: list[Question] = []

    def decide(self, expr: Expr) -> Expr:
        """A simplified expression with every sum over one factor alone that is a number written as that; simplified."""
        if not may_be_decided(expr):
            return expr
        if isinstance(expr, IndexSum):
            for place, factor, alone in _lone_factors(expr):
                value = self._value(factor, alone)
                if value is not None:
                    return self.decide(simplify(_with_value(expr, place, alone, value)))
        made = map_children(expr, self.decide)
        return expr if made is expr else simplify(made)

    def _value(self, factor: Expr, alone: tuple[Index, ...]) -> Expr | None:
        """What the sum of a factor over some of its indices is, if that is a number."""
        whole = IndexSum(alone, factor)
        value = self.value(whole)
        self.asked.append((whole, value))
        return value

    def value(self, whole: Expr) -> Expr | None:
        """The number that a sum of one factor is, if it is one."""
        if not isinstance(whole, IndexSum) or not self.is_candidate(whole.body) or self._is_moved(whole):
            return None
        form = key(whole, canonical_labels(free_indices(whole), (whole,)))
        if form not in self._known:
            self._known[form] = self._worked_out(whole)
        return self._known[form]

    def is_candidate(self, factor: Expr) -> bool:
        """Whether a factor may add up to a number over indices that it alone holds."""
        match factor:
            case Component():
                return factor.tensor in self._defines
            case Pow(base=Component(tensor=tensor), exponent=Const(value=2)):
                return self._is_scaled(tensor)
            case Add():
                own = any(isinstance(part, IndexSum) for part in walk(factor))
                return own or any(self._is_plain(tensor) for tensor in tensors_read(factor))
            case Call(function=function):
                return function.name == "exp" and any(self._is_plain(tensor) for tensor in tensors_read(factor))
            case _:
                return False

    def _is_moved(self, whole: IndexSum) -> bool:
        """Whether the value certainly changes with a tensor: one term alone reads it, each component of it once."""
        terms = whole.body.terms if isinstance(whole.body, Add) else ()
        readers = Counter(tensor for term in terms for tensor in tensors_read(term))
        for term in terms:
            factors = factors_of(term)
            if all(map(_is_no_zero, factors)):
                read = Counter(tensor for factor in factors for tensor in tensors_read(factor))
                summed = {index for index in whole.indices if index in free_indices(term)}
                for factor in factors:
                    if isinstance(factor, Component) and readers[factor.tensor] == read[factor.tensor] == 1:
                        plain = {position.as_index for position in factor.indices}
                        if summed <= plain and factor.tensor not in self._involved:
                            return True
        return False

    @cached_property
    def _involved(self) -> set[Tensor]:
        """The tensors that the definitions define or read."""
        return {tensor for s in self._defines.values() for tensor in (s.tensor, *tensors_read(s.body))}

    def _is_scaled(self, tensor: Tensor) -> bool:
        """Whether a definition divides by a root that may be its own length: it is none of several terms."""
        define = self._defines.get(tensor)
        roots = map(self._root, factors_of(define.body) if define else ())
        return any(root is not None and not isinstance(root, Add) for root in roots)

    def _root(self, factor: Expr) -> Expr | None:
        """What a factor is one over the root of, by the definitions of what has a name."""
        exponent = Fraction(1)
        while True:
            base, power = as_power(factor)
            if not isinstance(power, Const):
                return None
            exponent *= power.value
            factor = self._written_by_its_definition(base) if isinstance(base, Component) else base
            if factor is base and not isinstance(base, Pow):
                return base if exponent == Fraction(-1, 2) else None

    def _worked_out(self, whole: IndexSum) -> Expr | None:
        if isinstance(whole.body, Pow):
            return self._squared(whole)
        if isinstance(whole.body, Component):
            define = self._defines[whole.body.tensor]
            body = instantiate(define.free, define.body, whole.body.indices)
            held = [part for part in factors_of(body) if not set(whole.indices).isdisjoint(free_indices(part))]
            if len(held) < len(factors_of(body)) and self._written(IndexSum(whole.indices, product_of(held))) == ZERO:
                return ZERO
            return self._written(IndexSum(whole.indices, body))
        return self._written(whole)

    def _squared(self, whole: IndexSum) -> Expr | None:
        """The sum of the squares of what is scaled, if that is a number: of ``x/sqrt(sum_k x^2)`` 1."""
        read, exponent = as_power(whole.body)
        factors = factors_of(replace_components(read, self._written_by_its_definition))
        roots = [self._root(factor) for factor in factors]
        squares = [Pow(factor, exponent) for factor, root in zip(factors, roots, strict=True) if root is None]
        divided = [Pow(root, MINUS_ONE) for root in roots if root is not None]
        value = simplify(IndexSum(whole.indices, product_of([*squares, *divided])))
        return None if tensors_read(value) or free_indices(value) else value

    def _written_by_its_definition(self, read: Component) -> Expr:
        define = self._defines.get(read.tensor)
        return read if define is None else instantiate(define.free, define.body, read.indices)

    def _written(self, whole: IndexSum) -> Expr | None:
        """The number that a sum is, if it is one when definitions are written out in it."""
        written: Expr = whole
        for _ in range(_MOST_ROUNDS):
            written = replace_components(written, self._written_out)
            if size(written) > _LARGEST:
                return None
        if _is_read_once(written):
            return None
        own = outline((written,))
        if own is None:
            return _number_of(written)
        if own.key not in self._alike:
            self._alike[own.key] = _number_of(written)
        return self._alike[own.key]

    def _written_out(self, read: Component) -> Expr:
        return self._written_by_its_definition(read) if self._is_plain(read.tensor) else read

    def _is_plain(self, tensor: Tensor) -> bool:
        """Whether a definition is a polynomial in components, sizes and values of logsumexp."""
        known = self._plain.get(tensor)
        if known is None:
            define = self._defines.get(tensor)
            body = simplify(define.body) if define else ONE
            known = define is not None and not any(map(_is_curved, walk(body)))
            self._plain[tensor] = known
        return known


def _is_no_zero(factor: Expr) -> bool:
    """Whether a factor is a number, a size or a component, or a power of one: such a product is not 0 everywhere."""
    base = factor.base if isinstance(factor, Pow) else factor
    if isinstance(base, Component):
        return base.tensor.role is not Role.LEVI_CIVITA
    return isinstance(base, IndexValue) or (isinstance(base, Const) and base.value != 0)


def _is_read_once(whole: Expr) -> bool:
    """Whether a tensor occurs once alone: nothing cancels what the value owes to it."""
    counts = Counter(tensor for part in walk(whole) if not children(part) for tensor in tensors_read(part))
    return any(count == 1 and tensor.role is not Role.CONSTANT for tensor, count in counts.items())


def _number_of(whole: Expr) -> Expr | None:
    """The number that an expression is, if that comes out when everything is multiplied out."""
    try:
        value = expand(whole)
    except TooLargeError:
        return None
    return None if tensors_read(value) or free_indices(value) else value


def may_be_decided(expr: Expr) -> bool:
    """Whether a sum anywhere inside has a factor that alone holds an index; kept on the node once known."""
    known = expr.known_lone_sum
    if known is None:
        own = isinstance(expr, IndexSum) and any(True for _ in _lone_factors(expr))
        known = expr.__dict__["known_lone_sum"] = own or any(map(may_be_decided, children(expr)))
    return known


def _is_curved(part: Expr) -> bool:
    """Whether a node makes a definition other than a polynomial in components, sizes and values of logsumexp."""
    if isinstance(part, IndexReduce):
        return part.kind != "logsumexp"
    return isinstance(part, Call | Where) or (isinstance(part, Pow) and bool(tensors_read(part)))


def _lone_factors(expr: IndexSum) -> Iterator[tuple[int, Expr, tuple[Index, ...]]]:
    """The factors that alone hold some of the summed indices, by place, with these; also with each by itself."""
    factors = factors_of(expr.body)
    held = Counter(chain.from_iterable(map(free_indices, factors)))
    for place, factor in enumerate(factors):
        alone = tuple([k for k in expr.indices if held[k] == 1 and k in free_indices(factor)])
        if alone and not isinstance(factor, Const):
            yield place, factor, alone
            if len(alone) > 1:
                yield from ((place, factor, (index,)) for index in alone)


def _with_value(expr: IndexSum, place: int, alone: tuple[Index, ...], value: Expr) -> Expr:
    factors = factors_of(expr.body)
    body = Mul((*factors[:place], value, *factors[place + 1 :]))
    kept = tuple(index for index in expr.indices if index not in alone)
    return IndexSum(kept, body) if kept else body
