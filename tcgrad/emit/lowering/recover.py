"""Guarded reads turned back into the deltas that they are the solution of.

``sum_i dy[i]*w[q - 2*i]*[0 <= q - 2*i < K]`` is the closed form for people; for the machine it is
``sum_{i,r} dy[i]*w[r]*delta(q, 2*i + r)``: products of whole arrays, added where ``q`` says.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field

from tcgrad.emit.lowering.kernels import short_reads
from tcgrad.emit.sizes.axis_reads import affine_parts, is_affine
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.emit.sizes.overhangs import stays_inside
from tcgrad.ir.gaps import Gaps
from tcgrad.ir.guards import Slacks, range_slacks, slack_of, slacks_of
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, ONE, Component, Delta, Expr, IndexValue, Iverson, Pow, Where
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, free_indices, product_of
from tcgrad.records import dataclass
from tcgrad.simplify.rules.deltas import range_guards
from tcgrad.simplify.rules.remainders import left_over, quotient_and_rest, told_remainder

Factor = tuple[Expr, bool]  # with whether it divides
_Held = Callable[[Tensor], Collection[int]]
_ZERO = Integer.of(0)


@dataclass(frozen=True)
class Scattered:
    """A product as values that are added at the positions of deltas, and factors that multiply the result.

    bounds: what is at least 0 where the values are inside and no bracket of the product is 0; no others count.
    """

    factors: list[Factor]
    deltas: list[Delta]
    summed: list[Index]
    outside: list[Factor]
    bounds: Slacks


def scattered(
    factors: Sequence[Factor], deltas: Sequence[Delta], summed: Sequence[Index], fitting: Fitting, held: _Held
) -> Scattered | None:
    """A product with its guarded reads undone; None if nothing in it is added at positions that deltas tell.

    held: the axes along which the array of a tensor has entries; it is the same along the others, outside as well.
    """
    guards = [factor for factor, inverted in factors if isinstance(factor, Iverson) and not inverted]
    if not guards and not deltas and not any(_is_short_kernel(factor, summed) for factor, _ in factors):
        return None
    recovery = _Recovery(guards, summed, fitting, held)
    inside = [(factor if inverted else recovery.unguarded(factor), inverted) for factor, inverted in factors]
    read = recovery.deltas
    inside = recovery.without_boxes(_without_implied(inside, read))
    found = [*(_facing_result(delta, summed) for delta in recovery.deltas), *deltas]
    bound = [*summed, *map(_new_index, recovery.deltas)]
    targets = {delta: _target(delta, bound) for delta in found if not (delta.left.as_index and delta.right.as_index)}
    solutions = {target: _solution(delta, target) for delta, target in targets.items() if target is not None}
    if not targets or None in targets.values() or _meet({delta: targets[delta] for delta in targets if delta in read}):
        return None
    if recovery.deltas and all(_is_spread_evenly(delta, bound) for delta in recovery.deltas):
        # Zeros around a tensor that is read say what a guard says; of a box nothing but the guards does.
        return Scattered(_without_implied(factors, recovery.surrounded), [*deltas], [*summed], [], slacks_of(guards))
    inside = [(_moved(factor, solutions, bound), inverted) for factor, inverted in inside]
    outside = [item for item in inside if any(index in solutions for index in free_indices(item[0]))]
    if any(index in bound for factor, _ in outside for index in free_indices(factor)):
        return None
    kept = [item for item in inside if item not in outside]
    return Scattered(kept, found, bound, outside, _bounds(guards, solutions, fitting))


def _is_short_kernel(factor: Expr, summed: Collection[Index]) -> bool:
    """Whether a factor reads a short array that is 0 outside: ``w[t - 2*i]`` with a sum over a long ``i``."""
    return isinstance(factor, Component) and factor.tensor.zero_outside and any(short_reads(factor, summed))


def _meet(targets: Mapping[Delta, Index | None]) -> bool:
    """Whether an index is what reads at different positions are solved for: each has an index of its own, and of the
    values at all pairs of them few count.
    """
    found = {(target, delta.right, delta.left.coefficient(_new_index(delta))) for delta, target in targets.items()}
    return len(found) > len({*targets.values()})


def deltas_as_masks(
    factors: Sequence[Factor], deltas: Sequence[Delta], summed: Sequence[Index], gaps: Gaps
) -> dict[Delta, Iverson]:
    """The deltas that would be arrays of zeros and ones beside what need not exist where they are 0, as conditions.

    Values that are added at the positions of a delta are there.
    """
    apart = [delta for delta in deltas if not (delta.left.as_index and delta.right.as_index)]
    if not apart:
        return {}
    wide = [gap for factor, inverted in factors for gap in gaps.of(Pow(factor, MINUS_ONE) if inverted else factor)]
    return {
        delta: Iverson("==", IndexValue(delta.left), IndexValue(delta.right))
        for delta in apart
        if any(gap.issuperset(free_indices(delta)) for gap in wide) and not _adds(delta, summed)
    }


def _adds(delta: Delta, summed: Sequence[Index]) -> bool:
    """Whether a sum adds values at the positions of a delta."""
    return _target(delta, summed) is not None and any(index in summed for index in free_indices(delta))


@dataclass
class _Recovery:
    """The deltas that guards and reads of one product are the solution of; each with an index of its own.

    surrounded: those of reads of arrays with zeros around them.
    """

    guards: Sequence[Iverson]
    summed: Sequence[Index]
    fitting: Fitting
    held: _Held
    surrounded: list[Delta] = field(default_factory=list)
    _known: dict[tuple[Integer, Integer, Integer], Delta] = field(default_factory=dict)

    @property
    def deltas(self) -> list[Delta]:
        return list(self._known.values())

    def unguarded(self, factor: Expr) -> Expr:
        """A read with the new index in each position that can leave the tensor."""
        if not isinstance(factor, Component) or not (self.guards or _is_short_kernel(factor, self.summed)):
            return factor
        deltas = [self._delta(*read) for read in zip(factor.indices, factor.tensor.shape, strict=True)]
        held = self.held(factor.tensor)
        self.surrounded += [delta for axis, delta in enumerate(deltas) if delta is not None and axis in held]
        positions = zip(factor.indices, deltas, strict=True)
        return Component(factor.tensor, tuple(p if delta is None else _new_index(delta).expr for p, delta in positions))

    def _delta(self, position: Integer, size: Integer) -> Delta | None:
        """``delta(stride*r, e)`` for a read at ``e``, or at ``e//stride`` where a guard says what that leaves over."""
        if not position.indices:
            return None
        if divided := quotient_and_rest(position):
            quotient, rest = divided
            told = left_over(quotient, self.guards) if is_affine(quotient.dividend) and is_affine(rest) else None
            if told is not None:
                return self._made(quotient.dividend - told[0] + quotient.divisor * rest, size, quotient.divisor)
        if is_affine(position) and not stays_inside(position, size, self.fitting):
            return self._made(position, size, Integer.of(1))
        if position.gathers and self._is_guarded(position, size):
            return self._made(position, size, Integer.of(1))
        return None

    def _is_guarded(self, position: Integer, size: Integer) -> bool:
        """Whether brackets keep a position inside, from both sides, and a single index of the result is the solution.

        That one belongs to the tensor that is read where the integer tensors say, and is as long at least. Any other
        could leave its own.
        """
        slacks = {slack_of(guard) for guard in self.guards}
        targets = _targets(Delta(_ZERO, position), self.summed)
        is_single = len(targets) == 1 and is_nonnegative(targets[0].size - size)
        return is_single and slacks >= {position, size - 1 - position}

    def _made(self, value: Integer, size: Integer, stride: Integer) -> Delta:
        known = value, size, stride
        if known not in self._known:
            self._known[known] = Delta(Index("r", size).expr * stride, value)
        return self._known[known]

    def without_boxes(self, factors: list[Factor]) -> list[Factor]:
        """``[0 <= e]*[e < K]`` as one more delta, ``sum_r delta(e, r)``, where ``e`` is summed over in part."""
        guards = [(item, slack) for item in factors if (slack := slack_of(item[0])) is not None and not item[1]]
        for (low, first), (high, second) in itertools.combinations(guards, 2):
            size = first + second + 1
            if size.indices or low not in factors or high not in factors or not self._is_spread(first):
                continue
            self._made(first, size, Integer.of(1))
            factors = [item for item in factors if item not in (low, high)]
        return factors

    def _is_spread(self, value: Integer) -> bool:
        """Whether both a summed index and one of the result occur, the latter such that it can be solved for."""
        return (
            is_affine(value)
            and any(index in self.summed for index in value.indices)
            and _target(Delta(_ZERO, value), self.summed) is not None
        )


def _new_index(delta: Delta) -> Index:
    return delta.left.indices[0]


def _without_implied(factors: Sequence[Factor], deltas: Sequence[Delta]) -> list[Factor]:
    return [item for item in factors if not any(_implied(item[0], delta) for delta in deltas)]


def _implied(guard: Expr, delta: Delta) -> bool:
    """Whether a guard always holds where the delta is 1: it bounds the expression by the range of the new index."""
    match guard:
        case Iverson("==", IndexValue(), IndexValue()):
            (_, stride), *_ = affine_parts(delta.left)[1].items()
            told = told_remainder(guard)
            if told is None or told[0].divisor != stride:
                return False
            return ((told[0].dividend - told[1] - delta.right) % stride).as_number == 0
        case _:
            slack = slack_of(guard)
            gap = delta.right - delta.left
            return slack is not None and (is_nonnegative(slack - gap) or is_nonnegative(slack + gap))


def _target(delta: Delta, bound: Collection[Index]) -> Index | None:
    """The index of the result that the delta is solved for; where integer tensors decide, one that stands alone.

    What any other is then may leave its range, and reads would be outside that no zeros are around.
    """
    found = _targets(delta, bound)
    if delta.left.gathers or delta.right.gathers:
        found = [index for index in found if index in (delta.left.as_index, delta.right.as_index)]
    return _last(found)


def _last(indices: Collection[Index]) -> Index | None:
    return max(indices, key=lambda index: index.serial, default=None)


def _targets(delta: Delta, bound: Collection[Index]) -> list[Index]:
    """The indices that are not summed and have a unit coefficient."""
    difference = delta.left - delta.right
    steps = {index: difference.coefficient(index) for index in difference.indices if index not in bound}
    return [index for index, step in steps.items() if step is not None and step.as_number in (1, -1)]


def _solution(delta: Delta, target: Index) -> Integer:
    """What the target is where the delta is 1."""
    difference = delta.left - delta.right
    step = difference.coefficient(target)
    return target.expr - difference * (step.value if step is not None else 0)


def _facing_result(delta: Delta, bound: Collection[Index]) -> Delta:
    """A delta with the index of the result alone on one side, where integer tensors decide the other."""
    target = _last(_targets(delta, [*bound, _new_index(delta)])) if delta.right.gathers else None
    return delta if target is None else Delta(target.expr, _solution(delta, target))


def _bounds(guards: Sequence[Iverson], solutions: Mapping[Index, Integer], fitting: Fitting) -> Slacks:
    """What is at least 0 where values are added that count: inside of the result, and where brackets hold."""
    leaving = [(index, at) for index, at in solutions.items() if fitting.may_leave(at, index.size)]
    slacks = slacks_of(substitute(guard, solutions) for guard in guards)
    told = {slack for slack in slacks if not is_nonnegative(slack)}
    return frozenset(told.union(range_slacks(*leaving)))


def _is_spread_evenly(delta: Delta, bound: Collection[Index]) -> bool:
    """Whether a read meets two indices as long as each other: a loop would go over data, so it is read with zeros."""
    sizes = [index.size for index in (delta.left - delta.right).indices if index in bound]
    return delta.left.as_index is not None and len(sizes) == 2 and len({*sizes}) == 1 and sizes[0].as_number is None


def _moved(factor: Expr, solutions: Mapping[Index, Integer], bound: Collection[Index]) -> Expr:
    """A factor of both kinds of indices at the positions that are added: ``sin(x[q]*w[q - i])`` as of ``q = i + r``.

    Some of these leave the range that the index has. What guards choose is not chosen there.
    """
    own = free_indices(factor)
    targets = [index for index in own if index in solutions]
    if not targets or not any(index in bound for index in own):
        return factor
    moved = substitute(factor, solutions)
    if isinstance(moved, Where):
        inside = [guard for index in targets for guard in range_guards(solutions[index], index.size) or ()]
        chosen = [guard for guard in factors_of(moved.condition) if not _always_holds(guard)]
        condition = product_of([*chosen, *inside])
        return moved.then if condition is ONE else Where(condition, moved.then, moved.otherwise)
    return moved


def _always_holds(guard: Expr) -> bool:
    """Whether the ranges of indices decide for a bracket."""
    slack = slack_of(guard)
    return slack is not None and is_nonnegative(slack)
