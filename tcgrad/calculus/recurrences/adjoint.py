"""The adjoint recurrence, which runs back: backpropagation through time.

For ``u[t] = S(u[t-1], x[t])`` with ``u[-1] = B`` the adjoint is ``a[s] = g[s] + a[s+1] dS(s+1)/du[s]``, downward from
the last position, and ``dl/dx += sum_t a[t] dS(t)/dx``. Positions whose equations would read before the start are
written out one by one, with the base cases put in; where they meet those that lack readers at the end, all are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tcgrad.calculus.recurrences.lags import Steps, index_of, reach
from tcgrad.calculus.recurrences.tangent import named_value
from tcgrad.calculus.rules.differentiate import component_derivative, deltas, differentiate, times, total
from tcgrad.calculus.rules.indices import Positions
from tcgrad.calculus.trace import Listener, Reading, Returned, Stepped, Unrolled, unheard
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ONE, ZERO, Component, Delta, Expr, IndexSum
from tcgrad.ir.program import Case, Define, Recurrence, Statement
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import map_children, replace_components
from tcgrad.records import cached_property, dataclass, replace
from tcgrad.simplify import simplify


@dataclass(frozen=True)
class Adjoints:
    """The backward pass through one recurrence.

    adjoint: the tensor that holds a tensor's adjoint, its first axes those of ``extra``.
    outside: what comes to a tensor's adjoint from behind the recurrence, at given positions.
    fold: writes an equation of an adjoint as short as it can.
    tell: is told of each equation's derivatives and of what they make.
    """

    statement: Recurrence
    adjoint: Callable[[Tensor], Tensor]
    outside: Callable[[Tensor, Positions], Expr]
    fold: Callable[[Expr], Expr] = simplify
    extra: tuple[Index, ...] = ()
    tell: Listener = unheard

    @cached_property
    def steps(self) -> Steps:
        return Steps(self.statement)

    def statements(self) -> Iterator[Statement]:
        """The adjoints of all tensors of the recurrence, downward from the last position.

        Where one position is all there is and it is written out, each is a plain definition.
        """
        tensors = tuple(reversed(self.statement.tensors))
        if self._is_short and self.steps.length(tensors[0]).value == 1:
            yield from map(self._alone, tensors)
            return
        cases = [self._cases(tensor) for tensor in tensors]
        yield Recurrence(
            tuple(self.adjoint(tensor) for tensor in tensors),
            tuple(len(self.extra) + self.steps.axis[tensor] for tensor in tensors),
            tuple(bases for bases, _ in cases),
            tuple(step for _, step in cases),
            self.statement.span,
            downward=True,
            written_out=self._is_short,
        )

    def _alone(self, tensor: Tensor) -> Define:
        """The adjoint at the only position: on axes of that length 0 is the index."""
        (base,), whole = self._cases(tensor)
        at, length = index_of(whole).expr, self.steps.length(tensor)

        def along(read: Component) -> Expr:
            pairs = zip(read.indices, read.tensor.shape, strict=True)
            return replace(read, indices=tuple(at if i.as_number == 0 and n == length else i for i, n in pairs))

        return Define(self.adjoint(tensor), whole.free, simplify(replace_components(base.body, along)))

    def _cases(self, tensor: Tensor) -> tuple[tuple[Case, ...], Case]:
        """The equations of one adjoint: where not all readers exist or reads go below 0, and everywhere else."""
        steps = self.steps
        at = Index(index_of(steps.step[tensor]).name, steps.length(tensor))
        others = tuple(index.fresh() for index in steps.others(tensor))
        readers = self._readers(tensor)
        parts = {reader: self._from_step(tensor, *reader, at, others) for reader in readers}
        length = steps.length(tensor)
        late, early = (0, length.value) if self._is_short else self._ends(tensor, parts, at)

        def case(position: Integer, terms: list[Expr]) -> Case:
            outside = self.outside(tensor, steps.positions(tensor, position, others))
            return Case((*self.extra, *others), position, simplify(total([outside, *terms])))

        bases = [
            case(length - c, [substitute(parts[r], {at: length - c}) for r in readers if r[1] < c])
            for c in range(1, late + 1)
        ]
        bases += [
            case(Integer.of(c), self._written_out(tensor, c, readers, others))
            for c in (reversed(range(early)) if self._is_short else range(early))
            if c < length.value - late
        ]
        step = case(at.expr, list(parts.values()))
        body = self.fold(_with_gaps_open(step.body, [at.expr - base.at for base in bases]))
        bases = [replace(base, body=self.fold(base.body)) for base in bases]
        free = self.steps.positions(tensor, at.expr, others)
        indices = tuple(index for position in free for index in position.indices)
        whole = Case((*self.extra, *indices), at, body)
        if not self._is_short:
            self._tell_returned(tensor, whole, others, readers)
        for base in bases:
            self._tell_returned(tensor, base, others, readers)
        return tuple(bases), whole

    @cached_property
    def _is_short(self) -> bool:
        """Whether the two ends meet."""
        quiet = replace(self, tell=unheard)
        return self.steps.length(self.statement.tensors[0]).value < quiet.least_length

    def _readers(self, tensor: Tensor) -> list[tuple[Tensor, int]]:
        """The tensors whose steps read this one, and how far back."""
        return [(v, lag) for v in self.statement.tensors for u, lag in self.steps.lags(v) if u == tensor]

    def _ends(self, tensor: Tensor, parts: dict[tuple[Tensor, int], Expr], at: Index) -> tuple[int, int]:
        """How many positions at the end lack a reader, and how many at the start are written out.

        parts: what every reader among the steps, by how far back it reads, adds.
        """
        late = max((lag for _, lag in parts), default=0)
        early = [max(self.steps.first(v) - lag, reach(parts[v, lag], at)) for v, lag in parts]
        return late, max([0, *early, *(position + 1 for _, _, position in self.steps.readers(tensor))])

    @property
    def least_length(self) -> int:
        """The length from which on the adjoints of longer ones hold: the two ends do not meet."""
        found = self.steps.longest
        for tensor in self.statement.tensors:
            at = Index("t", self.steps.length(tensor))
            others = tuple(index.fresh() for index in self.steps.others(tensor))
            readers = self._readers(tensor)
            parts = {reader: self._from_step(tensor, *reader, at, others) for reader in readers}
            found = max(found, sum(self._ends(tensor, parts, at)))
        return found

    def _tell_returned(
        self,
        tensor: Tensor,
        case: Case,
        others: tuple[Index, ...],
        readers: list[tuple[Tensor, int]],
    ) -> None:
        """Tell an equation of the adjoint recurrence, with those of its readers that exist where it is."""
        steps = self.steps
        position = case.at.as_number if not isinstance(case.position, Index) else None
        readings = []
        for reader, lag in readers:
            place = case.at + lag
            last = place - steps.length(reader)
            beyond = last.value if self._is_short else last.as_number
            if (beyond is None or beyond < 0) and (position is None or position + lag not in steps.base[reader]):
                inner = steps.others(reader)
                of = Component(reader, steps.positions(reader, place, inner))
                readings.append(Reading(of, self._read(reader, place, inner), lag, inner))
        for reader, at, read in steps.readers(tensor) if position is not None else ():
            if read == position:
                inner = steps.base[reader][at].free
                of = Component(reader, steps.positions(reader, Integer.of(at), inner))
                readings.append(Reading(of, self._read(reader, Integer.of(at), inner), at - read, inner))
        component = Component(tensor, steps.positions(tensor, case.at, others))
        adjoint = self._read(tensor, case.at, others)
        self.tell(Returned(self.statement, adjoint, component, case.free, tuple(readings), case.body))

    def _read(self, tensor: Tensor, at: Integer, others: tuple[Index, ...]) -> Component:
        positions = self.steps.positions(tensor, at, others)
        return Component(self.adjoint(tensor), (*(index.expr for index in self.extra), *positions))

    def _from_step(self, tensor: Tensor, reader: Tensor, lag: int, at: Index, others: tuple[Index, ...]) -> Expr:
        """``sum a_v[s + lag] dS_v(s + lag)/du[s]``"""
        steps = self.steps
        case = steps.step[reader]

        def seed(read: Component) -> Expr:
            if read.tensor != tensor or steps.lag(reader, read) != lag:
                return ZERO
            return deltas(_without_axis(read.indices, steps.axis[tensor]), (index.expr for index in others))

        inner = self._derivative(reader, seed)
        by = Component(tensor, steps.positions(tensor, case.at - lag, others))
        self.tell(Stepped(self.statement, steps.value(reader), by, case.body, seed, inner))
        product = times(self._read(reader, case.at, steps.others(reader)), inner)
        summed = _summed(steps.others(reader), product)
        return simplify(substitute(summed, {index_of(case): at.expr + lag}))

    def _derivative(self, reader: Tensor, seed: Callable[[Component], Expr]) -> Expr:
        """The derivative of a step, in which what the step defines is written as that."""
        case = self.steps.step[reader]
        found = self.steps.grounded(simplify(differentiate(case.body, seed)))
        return named_value(found, self.steps.value(reader), case.body)

    def _written_out(
        self, tensor: Tensor, position: int, readers: list[tuple[Tensor, int]], others: tuple[Index, ...]
    ) -> list[Expr]:
        """The same at a position near the start, from the equations written out there."""
        steps = self.steps
        here = Integer.of(position)

        def seed(read: Component) -> Expr:
            if read.tensor != tensor or read.indices[steps.axis[tensor]] != here:
                return ZERO
            return deltas(_without_axis(read.indices, steps.axis[tensor]), (index.expr for index in others))

        end = steps.length(tensor).value
        later = [(reader, position + lag) for reader, lag in readers if position + lag < end]
        cases = [(reader, steps.written_out(reader, at)) for reader, at in later if at not in steps.base[reader]]
        cases += [(reader, steps.base[reader][at]) for reader, at, read in steps.readers(tensor) if read == position]
        return [self._weighted(reader, case, differentiate(case.body, seed)) for reader, case in cases]

    def contributions(self, tensor: Tensor, at: tuple[Index, ...]) -> Iterator[Expr]:
        """``sum_t a_v[t] dS_v(t)/dx[p]`` over every equation that reads ``tensor``, base cases included."""
        steps = self.steps
        for reader in self.statement.tensors:
            parts = tuple(part for part in self._from_equations(reader, tensor, at) if part != ZERO)
            upstream = self._read(reader, steps.step[reader].at, steps.others(reader))
            free = steps.step[reader].free
            self.tell(Unrolled(self.statement, tensor, steps.value(reader), free, at, upstream, parts))
            yield from parts

    def _from_equations(self, reader: Tensor, tensor: Tensor, at: tuple[Index, ...]) -> Iterator[Expr]:
        """The sum over all steps that read no base case, and the equations before them one by one."""
        steps = self.steps
        case = steps.step[reader]
        seed = component_derivative(tensor, at)
        inner = self._derivative(reader, seed)
        by = Component(tensor, tuple(index.expr for index in at))
        self.tell(Stepped(self.statement, steps.value(reader), by, case.body, seed, inner))
        end = steps.length(reader).value
        start = max(steps.first(reader), reach(inner, index_of(case)))
        for position in range(min(start, end)):
            whole = steps.written_out(reader, position)
            of = Component(reader, steps.positions(reader, whole.at, whole.free))
            self.tell(Stepped(self.statement, of, by, whole.body, seed))
            yield self._weighted(reader, whole, differentiate(whole.body, seed))
        for position in range(start, min(steps.longest, end)):
            whole = steps.written_out(reader, position)
            through = steps.through_base(reader, position, seed)
            if through != ZERO:
                of = Component(reader, steps.positions(reader, whole.at, whole.free))
                self.tell(Stepped(self.statement, of, by, whole.body, seed))
            yield self._weighted(reader, whole, through)
        if self._is_short and start >= end:
            return
        shifted = Index(index_of(case).name, steps.length(reader) - start)
        product = times(self._read(reader, case.at, steps.others(reader)), inner)
        moved = substitute(product, {index_of(case): shifted.expr + start})
        yield simplify(IndexSum((shifted, *steps.others(reader)), moved))

    def _weighted(self, reader: Tensor, case: Case, inner: Expr) -> Expr:
        """The derivative of the equation at one position, contracted with the adjoint there."""
        value = Component(reader, self.steps.positions(reader, case.at, case.free))
        named = named_value(simplify(inner), value, case.body)
        return simplify(_summed(case.free, times(self._read(reader, case.at, case.free), named)))


def _with_gaps_open(expr: Expr, gaps: list[Integer]) -> Expr:
    """The expression without deltas that would need one of the gaps to be 0."""
    if isinstance(expr, Delta):
        difference = expr.left - expr.right
        return ZERO if difference in gaps or -difference in gaps else expr
    return map_children(expr, lambda part: _with_gaps_open(part, gaps))


def _without_axis(positions: Positions, axis: int) -> Positions:
    return (*positions[:axis], *positions[axis + 1 :])


def _summed(indices: tuple[Index, ...], body: Expr) -> Expr:
    return IndexSum(indices, body) if indices and body not in (ZERO, ONE) else body
