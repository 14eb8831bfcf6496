"""Which values each index takes: from plain positions, then from compound ones, then checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from tcgrad.errors import Span
from tcgrad.ir.indices import Index, Integer, Quotient, Remainder
from tcgrad.ir.inequalities import normalise
from tcgrad.ir.program import Fit
from tcgrad.ir.ranges import never_negative
from tcgrad.ir.sizes import dims_in, with_dims
from tcgrad.language.ranges.bounds import Interval, least, solve_at_least_zero
from tcgrad.language.ranges.errors import RangeErrors
from tcgrad.language.ranges.inside import is_at_least_zero
from tcgrad.language.ranges.plain_sizes import PlainSizes
from tcgrad.language.ranges.slots import NO_GUARDS, RangeProblem, Read, Slot, find
from tcgrad.language.symbols import Refused, Symbols
from tcgrad.records import dataclass

Condition = tuple[Integer, list[Slot]]  # what is to be at least 0, and the slots whose indices it reads

_ZERO = Integer.of(0)
_LARGE = 16  # times a dim's value, beyond where two bounds of one dim cross


@dataclass
class RangeSolution:
    """The final index of every slot, and what stands for its provisional index and size.

    A range that does not begin at 0 is shifted: the provisional index becomes the final one plus its beginning.
    """

    indices: dict[Index, Index] = field(default_factory=dict)
    values: dict[Index, Integer] = field(default_factory=dict)


def solve_ranges(problem: RangeProblem, symbols: Symbols, equation: Span) -> RangeSolution:
    """Find the range of every slot.

    Raises:
        Refused: after errors, if sizes contradict each other, a range is not determined, or a read can leave its
            tensor.
    """
    return _Solver(problem, symbols, RangeErrors(problem, symbols, equation)).solve()


class _Solver:
    """``low`` and ``high``, both included, of each slot whose range is known so far."""

    def __init__(self, problem: RangeProblem, symbols: Symbols, errors: RangeErrors) -> None:
        self.problem = problem
        self.symbols = symbols
        self.broken = symbols.broken.difference(symbols.tensors)
        self.errors = errors
        self.plain = PlainSizes(problem, symbols, errors)
        self.low: dict[Slot, Integer] = {}
        self.high: dict[Slot, Integer] = {}
        self.inside: list[Fit] = []

    def solve(self) -> RangeSolution:
        for slot, size in self.plain.fixed():
            self.low[slot], self.high[slot] = _ZERO, size - 1
        self.conditions, self.guarded = self.deciding()
        self.take_guarded()
        self.narrow()
        self.spread()
        self.refuse_unknown()
        self.check_ranges()
        self.check_reads()
        return self.solution()

    def stop_if_failed(self) -> None:
        if self.errors.found:
            raise Refused

    def deciding(self) -> tuple[list[Condition], list[Condition]]:
        """The conditions of compound positions, with their slots: those that decide, and those that a guard keeps.

        Where each index is told by a position of its own, a guard keeps what follows from a multiple of it, too.
        """
        deciding: list[Condition] = []
        guarded: list[Condition] = []
        own = {read.position.indices for read in self.problem.reads if len(read.position.indices) == 1}
        for read in self.problem.reads:
            if not read.decides or self.plain.slot(read) or self.plain.owner(read.size) or read.position.gathers:
                continue
            for condition in read.conditions:
                slots = [self.plain.by_index[index] for index in condition.indices]
                told = all(slot.fixed is not None or (slot.index,) in own for slot in slots)
                is_guarded = read.is_guarded(condition) or (told and read.is_guarded_by_multiples(condition))
                (guarded if is_guarded else deciding).append((condition, slots))
        return deciding, guarded

    def take_guarded(self) -> None:
        """Rule 1 where a plain read is guarded: it fixes the size if no other one does, and no guard is there to let
        the index run on, as in ``where(i < N, x[i], z[i-N])``.
        """
        running_on = {slot for _, slots in self.guarded for slot in slots}
        for slot, read in self.plain.reads:
            if read.decides and self.plain.owner(read.size) is None and slot not in running_on:
                self.low.setdefault(slot, _ZERO)
                self.high.setdefault(slot, read.size - 1)

    def narrow(self) -> None:
        """Rule 2: a compound position of one index narrows its range to where the read is inside."""
        for condition, slots in self.conditions:
            if len(slots) == 1 and slots[0].fixed is None:
                self.restrict(slots[0], solve_at_least_zero(condition, slots[0].index, {}))

    def restrict(self, slot: Slot, bounds: tuple[Integer | None, Integer | None] | None) -> None:
        low, high = bounds or (None, None)
        if low is not None:
            self.low[slot] = self.narrower(slot, low, self.low.get(slot, _ZERO), 1)
        if high is not None:
            self.high[slot] = self.narrower(slot, high, self.high.get(slot, high), -1)
            self.low.setdefault(slot, _ZERO)

    def narrower(self, slot: Slot, new: Integer, old: Integer, sign: int) -> Integer:
        """The greater of two bounds, or with the sign -1 the smaller: at other sizes it may be the other one.

        A free index of an expectation runs over its axis at all sizes.
        """
        slack = (new - old) * sign
        may_vary = not (slot.is_free and self.problem.is_expectation)
        is_new = slack.value > 0 or (slack.value == 0 and may_vary and (never_negative(slack) or _grows(slack)))
        kept, slack = (new, slack) if is_new else (old, -slack)
        if slack.as_number is None and not self.problem.is_expectation:
            self.symbols.chosen[slack] = None
        return kept

    def spread(self) -> None:
        """Rule 3: where one index of a position is left, it gets the largest range from 0 that keeps reads inside."""
        left = [slot for slot in self.problem.slots if slot not in self.high]
        if not left:
            return
        conditions: dict[Slot, list[Condition]] = {}
        for condition, slots in self.conditions:
            for slot in slots if len(slots) > 1 else []:
                conditions.setdefault(slot, []).append((condition, slots))
        while left:
            chosen = (
                self.next_equal(left)
                or self.next_solvable(left, conditions)
                or self.next_padded(left)
                or self.next_guarded(left)
            )
            if chosen is None:
                return
            left.remove(chosen)

    def next_equal(self, left: list[Slot]) -> Slot | None:
        """Give the first slot the range of one of the same size, if that is known."""
        known = {find(self.plain.classes, slot): slot for slot in reversed(self.problem.slots) if slot in self.high}
        for slot in left:
            like = known.get(find(self.plain.classes, slot))
            if like is not None:
                self.low[slot], self.high[slot] = _ZERO, self.high[like] - self.low[like]
                return slot
        return None

    def next_solvable(self, left: list[Slot], conditions: Mapping[Slot, list[Condition]]) -> Slot | None:
        """Give a range to the first slot that is alone in all its positions, else to the first alone in one."""
        for needed in (all, any):
            for slot in left:
                others = [[other for other in slots if other is not slot] for _, slots in conditions.get(slot, [])]
                alone = [all(other in self.high for other in each) for each in others]
                if alone and needed(alone) and self.widen(slot, [condition for condition, _ in conditions[slot]]):
                    return slot
        return None

    def widen(self, slot: Slot, conditions: list[Integer]) -> bool:
        known = self.intervals()
        for condition in conditions:
            bounds = solve_at_least_zero(condition, slot.index, known)
            if bounds is not None and bounds[1] is not None:
                self.restrict(slot, bounds)
        if self.problem.is_expectation and slot in self.high and _is_left_over(self.high[slot]):
            # The formula is meant at the sizes of the spec, and read at others as well.
            self.high[slot] = Integer.of(self.high[slot].value)
        return slot in self.high

    def next_padded(self, left: list[Slot]) -> Slot | None:
        """Give a range to the first slot whose plain reads do not fix it: guarded ones, or with zeros outside."""
        for read in self.problem.reads:
            slot = self.plain.slot(read)
            if slot in left and self.plain.owner(read.size) is None:
                self.low[slot], self.high[slot] = _ZERO, read.size - 1
                return slot
        return None

    def next_guarded(self, left: list[Slot]) -> Slot | None:
        """Give a range to the first slot that guarded positions of its own alone tell."""
        for slot in left:
            for condition, slots in self.guarded:
                if slots == [slot]:
                    self.restrict(slot, solve_at_least_zero(condition, slot.index, {}))
            if slot in self.high:
                return slot
        return None

    def intervals(self) -> dict[Index, Interval]:
        """The known ranges, a recurrence's without the positions of its base cases."""
        ranges = {}
        for slot, high in self.high.items():
            low = self.low[slot]
            ranges[slot.index] = Interval(Integer.of(slot.begins) if slot.begins > low.value else low, high)
        return ranges

    def refuse_unknown(self) -> None:
        unknown = [slot for slot in self.problem.slots if slot not in self.high]
        if any(slot.name in self.broken for slot in unknown):
            raise Refused  # the range declared for it has been refused
        for name in dict.fromkeys(slot.name for slot in unknown):
            slot = next(slot for slot in unknown if slot.name == name)
            beside = [
                other.name for _, slots in self.conditions if slot in slots for other in slots if other in unknown
            ]
            self.errors.unknown(slot, [other for other in dict.fromkeys(beside) if other != name])
        self.stop_if_failed()

    def check_ranges(self) -> None:
        """No range is empty, those of free indices begin at 0, and those of one axis are the same."""
        for slot in self.problem.slots:
            low, high = self.low[slot], self.high[slot]
            self.note(Fit(high - low, slot.name, high + 1 - low))
            if high.value < low.value:
                self.errors.empty(slot)
            elif slot.is_free and low.value > slot.begins:
                self.errors.begins_late(slot, low)
            elif slot.begins:
                self.low[slot] = _ZERO
        self.stop_if_failed()  # such a range differs from all others, and that tells nobody more
        for left, right in self.plain.firm:
            sizes = self.size(left), self.size(right)
            if sizes[0].value == sizes[1].value:
                self.plain.note_equal(*sizes)
            elif left.is_free:
                self.errors.unequal(left, right, sizes)
        self.stop_if_failed()

    def size(self, slot: Slot) -> Integer:
        return self.high[slot] + 1 - self.low[slot]

    def check_reads(self) -> None:
        """Rules 3 and 4: no read may leave its tensor."""
        ranges = self.intervals()
        sizes = {slot.extent: self.size(slot) for slot in self.problem.slots}
        known = set()
        for read in self.problem.reads:
            own = read.tensor, read.axis, read.position, read.size, read.guards
            if own in known or not read.decides or read.position.gathers or self.plain.is_settled(read):
                continue
            size = read.size.substitute(sizes)
            conditions = replace(read, size=size).conditions
            inside = all(is_at_least_zero(condition, read.guards, ranges) for condition in conditions)
            if read.guards == NO_GUARDS:
                inside = self.note_inside(read, size, ranges) and inside
            if inside:
                known.add(own)
            else:
                self.errors.leaves(read, size, ranges)
        self.stop_if_failed()

    def note_inside(self, read: Read, size: Integer, ranges: dict[Index, Interval]) -> bool:
        """A read that must not leave its tensor: what that says of the sizes, or where it does not, the read itself.

        Whether the sizes at hand are such. A recurrence that has no step at these must have its sizes all the same:
        they are asked of every array, however many steps there are.
        """
        fits = True
        for condition in (read.position, size - 1 - read.position):
            lowest = least(normalise(condition), ranges)
            if lowest is None:
                self.inside.append(Fit(condition, read.tensor, size, read.axis))
            else:
                self.note(Fit(lowest, read.tensor, size, read.axis))
                fits = fits and lowest.value >= 0
        return fits

    def note(self, fit: Fit) -> None:
        """What must be at least 0, or the equations cannot be read."""
        if fit.bound.as_number is None and not self.problem.is_expectation:
            self.symbols.fits.setdefault(fit.bound, fit)

    def solution(self) -> RangeSolution:
        solution = RangeSolution()
        for slot in self.problem.slots:
            low, size = self.low[slot], self.symbols.one_size(self.size(slot))
            final = Index(slot.name, size)
            solution.indices[slot.index] = final
            solution.values[slot.index] = final.expr + low
            solution.values[slot.extent] = size
        for fit in self.inside:
            bound, length = (size.substitute(solution.values) for size in (fit.bound, fit.length))
            self.note(replace(fit, bound=bound, length=length))
        return solution


def _grows(slack: Integer) -> bool:
    """Whether it is above 0 where its only dim is large: ``N - 2 - (N-1)//2``."""
    dims = dims_in(slack)
    large = {dim: Integer.of(_LARGE * dim.value) for dim in dims}
    return len(dims) == 1 and with_dims(slack, large).value > 0


def _is_left_over(size: Integer) -> bool:
    """Whether a dim is divided and stands beside that, too, as in ``N - 2*((N-1)//2)``, which is 2 or 1 in turn."""
    divided = [atom for atom in size.atoms if isinstance(atom, Quotient | Remainder)]
    dims = [dim for atom in size.atoms for dim in dims_in(Integer.of(atom))]
    return any(dims.count(dim) > 1 for atom in divided for dim in dims_in(Integer.of(atom)))
