"""Parts of a formula for which something shorter may be written, proved before it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from functools import cached_property, partial
from itertools import permutations

from tcgrad.conjecture.looked import Looked, has_all_indices
from tcgrad.conjecture.parts import Part, parts_of
from tcgrad.conjecture.values import Point
from tcgrad.ir.gaps import gaps_of
from tcgrad.ir.guards import is_guard
from tcgrad.ir.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Component,
    Const,
    Expr,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    const,
)
from tcgrad.ir.program import Define, Program, defined_tensors
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import children, factors_of, free_indices, indices_within, size, tensors_read, walk
from tcgrad.records import dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.assume import Assumptions
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.canonical import canonical_labels, key
from tcgrad.simplify.cost import cost
from tcgrad.simplify.shorter.denominators import numerator
from tcgrad.simplify.shorter.spread import spread_out

_POINTS = 8
_LARGEST = 50  # nodes of a formula that is looked at
_LARGEST_OF_VECTOR = 30
_LARGEST_OPENED = 75
_LEAST_FOR_TWO = 4
_MOST_TRIED = 4  # guesses that are put to the proof
_MOST_IN_VAIN = 2  # proofs for one program: where branches stand a guess may well be wrong
_MOST_PARTS = 150
_MOST_PLACED = 2  # axes of a tensor that is tried at any positions
_ROLES = (Role.INPUT, Role.DEFINED, Role.CONSTANT)
_SUMS = (Add, IndexSum)
_NONE = frozenset[Tensor]()
_EXPONENTS = (const(2), MINUS_ONE, const(-2))
_NUMBERS = (ZERO, ONE, MINUS_ONE, const(2), const(-2), Pow(const(2), MINUS_ONE))


@dataclass(frozen=True)
class Guess:
    """What a part of a formula seems to be."""

    part: Part
    expr: Expr
    other: Expr

    @property
    def gain(self) -> int:
        return cost(self.expr) - cost(self.other)


@dataclass
class Conjectures:
    """What may be written for parts of the formulas of one program."""

    program: Program
    assumptions: Assumptions
    _opened: dict[Expr, bool] = field(default_factory=dict)
    _inputs_met: dict[Expr, tuple[frozenset[Tensor], bool]] = field(default_factory=dict)
    _proved: dict[str, Assumptions | None] = field(default_factory=dict)
    _in_vain: int = 0  # proofs

    def written(self, body: Expr, *, of_vector: bool) -> Iterator[tuple[Expr, Assumptions]]:
        """An expression with something shorter for a part of it, the greatest gain first, and what that takes for
        granted; not simplified.

        of_vector: whether it is a derivative of what is not a scalar, and no gradient: those are long and many.
        """
        largest = _LARGEST_OF_VECTOR if of_vector else _LARGEST
        yield from self._with_guesses(body, largest, lambda: self._points)
        opened = None if of_vector else _multiplied_out(body)
        if opened is not None:
            yield from self._with_guesses(opened, _LARGEST_OPENED, lambda: self._points_for_opened)

    def _with_guesses(
        self, body: Expr, largest: int, points: Callable[[], Sequence[Point]]
    ) -> Iterator[tuple[Expr, Assumptions]]:
        is_tried = size(body) <= largest and self._in_vain < _MOST_IN_VAIN and self._is_worth(body)
        guesses = self._guesses(body, points()) if is_tried else ()
        for guess in guesses[:_MOST_TRIED]:
            given = self._proof(guess)
            if given is not None:
                yield guess.part.replaced(body, guess.other), given

    def _is_worth(self, body: Expr) -> bool:
        """Whether a sum stands there whose terms may have to do with each other."""
        sums = (part for part in walk(body) if isinstance(part, _SUMS))
        return any(map(self._is_related, sums))

    def _proof(self, guess: Guess) -> Assumptions | None:
        """What a guess has to take for granted to be proved; None if it is not proved."""
        difference = numerator(simplify(Add((guess.expr, Mul((MINUS_ONE, guess.other))))))
        known = key(difference, canonical_labels(free_indices(difference), (difference,)))
        if known not in self._proved:
            if self._in_vain == _MOST_IN_VAIN:
                return None
            self._proved[known] = found = next(self._proofs(difference), None)
            self._in_vain += found is None
        return self._proved[known]

    def _proofs(self, difference: Expr) -> Iterator[Assumptions]:
        """What may be taken for granted so that a difference is proved to be 0, as little as can be first."""
        from tcgrad.prove import prove_equal

        made_of = self._made_of(difference)
        about = tuple(each for each in self.assumptions if each.tensor in made_of)
        free = free_indices(difference)
        tensor = Tensor("part", tuple(index.size for index in free), Role.DEFINED)
        left, right = (Define(tensor, free, expr) for expr in (difference, ZERO))
        for given in dict.fromkeys(((), about)):
            if prove_equal(left, right, self.program.statements, given, any_sizes=True):
                yield given

    def _guesses(self, body: Expr, points: Sequence[Point]) -> list[Guess]:
        parts = [(part, part.expr) for part in parts_of(body, self._is_open)]
        related = [(part, expr) for part, expr in parts if self._is_related(expr)]
        if not related or len(parts) > _MOST_PARTS or not has_all_indices(points, body):
            return []
        looked = Looked(points, body)
        doubled = _doubled(expr for _, expr in related)
        for other in (*(expr for _, expr in parts), *doubled, *_NUMBERS, *self._sizes(body), *_powers(body)):
            looked.note(other)
        for read in self._components(related, body):
            looked.note(read, joined=True)
        found: dict[tuple[Expr, Expr], Guess] = {}
        for part, expr in related:
            same = list(looked.equal_to(expr, partial(self._may_stand_for, expr), joined=_may_be_of_two(expr)))
            if same:
                other = min(same, key=cost)
                found.setdefault((expr, other), Guess(part, expr, other))
        return sorted(found.values(), key=lambda guess: (-guess.gain, cost(guess.expr)))

    @cached_property
    def _points(self) -> list[Point]:
        return [Point(self.program, turn) for turn in range(_POINTS)]

    @cached_property
    def _points_for_opened(self) -> list[Point]:
        """Others, for as much can be evaluated at each."""
        return [Point(self.program, _POINTS + turn) for turn in range(_POINTS)]

    def _is_open(self, expr: Expr) -> bool:
        """Whether an expression is made of what the program defines, whatever the indices are."""
        known = self._opened.get(expr)
        if known is None:
            own = not isinstance(expr, Component) or expr.tensor.role in _ROLES
            own = own and not is_guard(expr) and not _tells_ties(expr)
            known = self._opened[expr] = own and all(map(self._is_open, children(expr)))
        return known

    def _is_related(self, expr: Expr) -> bool:
        """Whether something that is defined and something else of the same inputs stand there."""
        is_defined = any(tensor.role is Role.DEFINED for tensor in tensors_read(expr))
        return is_defined and self._is_open(expr) and self._met(expr)[1]

    def _met(self, expr: Expr) -> tuple[frozenset[Tensor], bool]:
        """The inputs that what is read is made of, and whether two reads have one in common, or powers are added up."""
        known = self._inputs_met.get(expr)
        if known is None:
            made = self._sources.get(expr.tensor, _NONE) if isinstance(expr, Component) else _NONE
            related = isinstance(expr, IndexSum) and isinstance(expr.body, Pow)
            for part in children(expr):
                own, inside = self._met(part)
                related = related or inside or not made.isdisjoint(own)
                made |= own
            known = self._inputs_met[expr] = made, related
        return known

    @cached_property
    def _sources(self) -> dict[Tensor, frozenset[Tensor]]:
        """For each tensor the inputs that it is made of."""
        found = {item.tensor: frozenset([item.tensor]) for item in self.program.inputs}
        for statement in self.program.statements:
            read = tensors_read(statement.body) if isinstance(statement, Define) else tuple(found)
            made = frozenset().union(*(found.get(tensor, frozenset[Tensor]()) for tensor in read))
            found.update(dict.fromkeys(defined_tensors(statement), made))
        return found

    def _made_of(self, expr: Expr) -> frozenset[Tensor]:
        return frozenset().union(*(self._sources.get(tensor, frozenset[Tensor]()) for tensor in tensors_read(expr)))

    def _sizes(self, body: Expr) -> list[Expr]:
        sizes = dict.fromkeys(node.value for node in walk(body) if isinstance(node, IndexValue))
        sizes |= dict.fromkeys(index.size for index in indices_within(body))
        return [IndexValue(size) for size in sizes if not size.indices and size.as_number is None]

    def _components(self, related: Sequence[tuple[Part, Expr]], body: Expr) -> Iterator[Expr]:
        """The components of what is made of the same inputs as a part, at any indices."""
        made_of = {self._made_of(expr) for _, expr in related}
        indices = indices_within(body)
        for tensor, sources in self._sources.items():
            if tensor.order <= _MOST_PLACED and any(sources <= own for own in made_of):
                for chosen in permutations(indices, tensor.order):
                    if all(index.size == size for index, size in zip(chosen, tensor.shape, strict=True)):
                        yield Component(tensor, tuple([index.expr for index in chosen]))

    def _may_stand_for(self, expr: Expr, other: Expr) -> bool:
        """Whether something is shorter than a part, over its indices, and has a value wherever that has one."""
        if cost(other) >= cost(expr) or not set(free_indices(other)) <= set(free_indices(expr)):
            return False
        gaps = gaps_of(self.program)
        lacking = set(gaps.of(other))
        return not lacking or lacking.issubset(gaps.of(expr))


def _multiplied_out(body: Expr) -> Expr | None:
    """A sum some of whose terms are products with sums, multiplied out; None for any other expression.

    Only where two of the terms are exponentials: what is a polynomial has been multiplied out before.
    """
    if not isinstance(body, Add) or sum(any(is_call(node, "exp") for node in walk(term)) for term in body.terms) < 2:
        return None
    spread = spread_out(body) if any(isinstance(f, Add) for term in body.terms for f in factors_of(term)) else None
    return Add(tuple(map(simplify, spread))) if spread is not None else None


def _powers(body: Expr) -> Iterator[Expr]:
    """Other powers of what stands to a power."""
    exponents: dict[Expr, dict[Expr, None]] = {}
    for part in walk(body):
        if isinstance(part, Pow) and isinstance(part.exponent, Const):
            own = exponents.setdefault(part.base, dict.fromkeys(_EXPONENTS))
            own[Const(part.exponent.value - 1)] = None
    return (Pow(base, exponent) for base, found in exponents.items() for exponent in found)


def _doubled(sums: Iterable[Expr]) -> Iterator[Expr]:
    """Twice the first of two terms that read the same: what comes of ``X Y + Y X`` where ``Y`` is a power of ``X``."""
    for whole in sums:
        match whole:
            case Add(terms=(first, second)) if cost(first) == cost(second):
                if set(tensors_read(first)) == set(tensors_read(second)):
                    yield Mul((const(2), first))
            case _:
                pass


def _may_be_of_two(expr: Expr) -> bool:
    """Whether an expression is long enough to be worth a sum or a product of two, and has a sum in it."""
    return cost(expr) >= _LEAST_FOR_TWO and any(isinstance(part, _SUMS) for part in walk(expr))


def _tells_ties(node: Expr) -> bool:
    """Whether a node is 1, or 0, at single points alone."""
    return isinstance(node, Iverson) and node.operator in ("==", "!=")
