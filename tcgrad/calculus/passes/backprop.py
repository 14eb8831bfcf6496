"""Derivatives carried backward, statement by statement: the adjoint of each tensor from those that read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field

from tcgrad.calculus.program.dependence import depending_on, needed_for, reads
from tcgrad.calculus.recurrences.adjoint import Adjoints
from tcgrad.calculus.rules.differentiate import component_derivative, differentiate, times, total
from tcgrad.calculus.rules.indices import Positions, new_indices
from tcgrad.calculus.rules.intrinsics import intrinsic_derivative, read_beside
from tcgrad.calculus.rules.supports import Supports
from tcgrad.calculus.trace import Collected, Contributed, Listener, unheard
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Add, Component, Expr, IndexSum
from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement, defined_tensors
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Tensor
from tcgrad.language.symbols import PI
from tcgrad.records import dataclass
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.shorter.joined_ranges import with_ranges_joined

Adjoint = Callable[[Positions], Expr]

_PI = Component(PI, ())  # derivatives of functions read it


@dataclass
class Pullback:
    """The backward pass of a program, from given adjoints of ``starts`` to the adjoints of ``targets``.

    starts: what each start tensor's adjoint is from downstream, at given positions.
    name: the tensor that holds the adjoint of a tensor; its first axes are those of ``extra``.
    rename: the same for a start that other statements read as well, whose adjoint has more than one part.
    known: the definitions that are recognised in the adjoints.
    tell: is told of each contribution to an adjoint, and of each adjoint.
    """

    program: Program
    starts: Mapping[Tensor, Adjoint]
    targets: tuple[Tensor, ...]
    name: Callable[[Tensor], Tensor]
    rename: Callable[[Tensor], Tensor]
    known: Facts
    extra: tuple[Index, ...] = ()
    tell: Listener = unheard
    _parts: dict[Tensor, list[Expr]] = field(default_factory=dict)
    _axes: dict[Tensor, tuple[Index, ...]] = field(default_factory=dict)
    _matrices: list[Intrinsic] = field(default_factory=list)  # those that were stated

    def __post_init__(self) -> None:
        self._supports = Supports(self.program.statements)

    def run(self) -> Iterator[Statement]:
        """The statements, in reverse order of the program; the targets' own come last, in their order."""
        on_path = depending_on(self.program, self.targets) & needed_for(self.program, self.starts)
        for statement in reversed(self.program.statements):
            if not any(tensor in on_path for tensor in defined_tensors(statement)):
                continue
            if isinstance(statement, Recurrence):
                yield from self._through_recurrence(statement, on_path)
                continue
            if statement.tensor not in self._parts and statement.tensor not in self.starts:
                continue  # what reads it was found not to depend on it
            yield from self._collected(statement.tensor)
            adjoint = self._adjoint(statement.tensor)
            read = [tensor for tensor in reads(statement) if tensor in on_path or tensor in self.targets]
            yield from self._contribute(statement, read, adjoint)
        for tensor in self.targets:
            yield self._define(tensor, self.name(tensor))

    def _adjoint(self, tensor: Tensor) -> Adjoint:
        if tensor in self.starts and tensor not in self._parts:
            return self.starts[tensor]
        named = self._named(tensor)
        return lambda positions: Component(named, (*(index.expr for index in self.extra), *positions))

    def _named(self, tensor: Tensor) -> Tensor:
        """The tensor that holds the whole adjoint of a tensor, with what its readers contribute."""
        return self.rename(tensor) if tensor in self.starts else self.name(tensor)

    def _collected(self, tensor: Tensor) -> Iterator[Statement]:
        """The statement that adds up what the readers of a tensor contribute; a mere start needs none."""
        if tensor in self._parts:
            yield self._define(tensor, self._named(tensor))

    def _define(self, tensor: Tensor, named: Tensor) -> Define:
        at = self._indices(tensor)
        parts = self._parts.get(tensor, [])
        alone = len(parts) == 1 and tensor not in self.starts
        body = parts[0] if alone else self.known.fold(self._outside(tensor, tuple(index.expr for index in at)))
        if isinstance(body, Add):
            body = with_ranges_joined(body)
        define = Define(named, (*self.extra, *at), body)
        self._supports.learn(define)
        positions = tuple(index.expr for index in at)
        self.tell(Collected(tensor, self.starts[tensor](positions) if tensor in self.starts else None, define))
        return define

    def _indices(self, tensor: Tensor) -> tuple[Index, ...]:
        """The indices at which everything that contributes to a tensor's adjoint is written."""
        if tensor not in self._axes:
            self._axes[tensor] = new_indices(tensor, len(self.extra))
        return self._axes[tensor]

    def _through_recurrence(self, statement: Recurrence, on_path: set[Tensor]) -> Iterator[Statement]:
        adjoints = Adjoints(statement, self._named, self._outside, self.known.fold, self.extra, self.tell)
        yield from adjoints.statements()
        for tensor in reads(statement):
            if tensor in statement.tensors or (tensor not in on_path and tensor not in self.targets):
                continue
            for part in adjoints.contributions(tensor, self._indices(tensor)):
                if part != ZERO:
                    self._parts.setdefault(tensor, []).append(self.known.fold(part))

    def _outside(self, tensor: Tensor, positions: Positions) -> Expr:
        """What the statements behind contribute to the adjoint of a tensor, and what it starts from."""
        parts = list(self._parts.get(tensor, []))
        moved = {own: to for own, to in zip(self._indices(tensor), positions, strict=True) if to.as_index is not own}
        if moved:
            parts = [substitute(part, moved) for part in parts]
        if tensor in self.starts:
            parts.insert(0, self.starts[tensor](positions))
        return total(parts)

    def _contribute(
        self, statement: Define | Intrinsic, read: Sequence[Tensor], adjoint: Adjoint
    ) -> Iterator[Statement]:
        """``dl/dx[p] += sum_i dl/dy[i] * d y[i]/d x[p]`` for a statement ``y[i] = ...`` and each ``x`` read."""
        if isinstance(statement, Define) and self.tell is unheard:
            upstream = adjoint(_positions(statement.free))
            if self._supports.is_everywhere(upstream):
                for tensor, part in zip(read, self._shared(statement, read, upstream), strict=True):
                    self._note(tensor, part)
                return
        for tensor in read:
            yield from self._contribute_to(tensor, statement, adjoint)

    def _contribute_to(self, tensor: Tensor, statement: Define | Intrinsic, adjoint: Adjoint) -> Iterator[Statement]:
        at = self._indices(tensor)
        seed = component_derivative(tensor, at)
        if isinstance(statement, Intrinsic):
            matrix = read_beside(self.program, statement)
            if matrix not in self.program.statements and matrix not in self._matrices:
                self._matrices.append(matrix)
                yield matrix
            free = new_indices(statement.tensor, len(self.extra) + len(at))
            positions = tuple(index.expr for index in free)
            inner = intrinsic_derivative(statement, matrix, positions, lambda e: seed(Component(tensor, e)))
        else:
            free = statement.free
            inner = differentiate(statement.body, seed)
        if inner == ZERO:
            return
        upstream = adjoint(tuple(index.expr for index in free))
        beside = self._supports.beside(upstream, inner)
        product = times(upstream, beside)
        part = self.known.fold(IndexSum(free, product) if free else product)
        self.tell(Contributed(statement, tensor, free, at, seed, upstream, inner, beside))
        self._note(tensor, part)

    def _note(self, tensor: Tensor, part: Expr) -> None:
        if part != ZERO:
            self._parts.setdefault(tensor, []).append(part)

    def _shared(self, statement: Define, read: Sequence[Tensor], upstream: Expr) -> tuple[Expr, ...]:
        """What a definition contributes where nothing stands beside its derivatives; once for all that are alike."""
        free = statement.free

        def part(tensor: Tensor) -> Expr:
            seed = component_derivative(tensor, self._indices(tensor))
            product = times(upstream, differentiate(statement.body, seed, frozenset((tensor,)), self.known.slope))
            return IndexSum(free, product) if free and product != ZERO else product

        by = [Component(tensor, _positions(self._indices(tensor))) for tensor in read]
        own = Component(statement.tensor, _positions(free))
        return self.known.fold_made((*by, own, upstream, statement.body, _PI), lambda: tuple(map(part, read)))


def _positions(indices: tuple[Index, ...]) -> Positions:
    return tuple([index.expr for index in indices])
