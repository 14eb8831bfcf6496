"""Names for the indices of a statement: given once, at the very end, by one pass that knows the scopes.

Two indices get one name only if they are bound in different terms of a sum: there the summation convention
keeps them apart, everywhere else it would take them for one.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Add, Component, Delta, Expr, IndexValue
from tcgrad.ir.program import Intrinsic, Program
from tcgrad.ir.sizes import dims_in
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import BINDERS, bound_indices, children, integers, sorts_in, tensors_read, walk
from tcgrad.notation.layout.extents import contradicted, is_between_axes, range_is_implied, size_is_read
from tcgrad.records import dataclass

Names = Mapping[Index, str]

_FAMILIES = ("ijkmn", "pqrstuvw", "abcdefgh", "xyz", "lo")


@dataclass(frozen=True)
class Surroundings:
    """What names mean where a statement will be read.

    dims: the names of sizes, which stand in index positions too.
    tensors: the names of constants and tensors, which an index that stands as a number must not be taken for.
    scalars: those of integers without indices, which in a position are components that are read there.
    ranges: the names that a spec gives a range.
    arrays: the tensors a read of which gives an index its range.
    """

    dims: frozenset[str] = frozenset()
    tensors: frozenset[str] = frozenset()
    scalars: frozenset[str] = frozenset()
    ranges: Mapping[str, Integer] = field(default_factory=dict)
    arrays: tuple[Tensor, ...] = ()

    @staticmethod
    def of(program: Program) -> Surroundings:
        """Those of a program's statements. Kept on the program once known."""
        known: Surroundings | None = vars(program).get("known_surroundings")
        if known is None:
            known = vars(program)["known_surroundings"] = Surroundings._of(program)
        return known

    @staticmethod
    def _of(program: Program) -> Surroundings:
        dims = frozenset(dim.name for dim in program.dims)
        tensors = (*program.constants, *program.tensors)
        scalars = frozenset(tensor.name for tensor in tensors if not tensor.order and not tensor.is_real)
        names = frozenset(tensor.name for tensor in tensors)
        hidden = [statement.tensor for statement in program.statements if isinstance(statement, Intrinsic)]
        arrays = [tensor for tensor in program.tensors if tensor.order and not tensor.zero_outside]
        ranging = tuple(tensor for tensor in arrays if tensor not in hidden)
        return Surroundings(dims, names, scalars, dict(program.ranges), ranging)

    def fixed(self, names: Names) -> frozenset[Index]:
        """The indices to whose names the spec gives their ranges."""
        return frozenset(index for index, name in names.items() if name in self.ranges)


def name_indices(
    free: Sequence[Index],
    body: Expr,
    surroundings: Surroundings | None = None,
    known: Mapping[Index, str] | None = None,
) -> dict[Index, str]:
    """A name for each index that is free or bound in a statement's right side; the left side's come first.

    known: names that free indices have already.
    """
    naming = _Naming.of(free, body, surroundings or Surroundings())
    naming.names.update(known or {})
    taken = frozenset(naming.names.values())
    declared = naming.give_declared(free, body, taken) if naming.ranges else taken
    for index in free:
        taken |= {naming.give(index, taken | declared)}
    naming.visit(body, taken)
    return naming.names


@dataclass
class _Naming:
    free: Sequence[Index]
    dims: Collection[str]
    tensors: frozenset[str]
    ranges: Mapping[str, Integer]
    bare: frozenset[Index]  # the indices that stand as numbers, in guards and comparisons too
    beside: frozenset[str]  # the tensors of the statement itself: no letter of an index unless the user's own
    scalars: frozenset[str]  # those without indices: an index of that name would make the bare name ambiguous
    names: dict[Index, str] = field(default_factory=dict)

    @staticmethod
    def of(free: Sequence[Index], body: Expr, around: Surroundings) -> _Naming:
        nodes = tuple(walk(body))
        compound = [integer for node in nodes for integer in integers(node) if integer.as_index is None]
        dims = {dim.name for integer in compound for dim in dims_in(integer)}
        bare = {index for node in nodes if isinstance(node, IndexValue) for index in node.value.indices}
        bare |= {index for node in nodes if isinstance(node, Component) for index in _guarded(node)}
        deltas = [node for node in nodes if isinstance(node, Delta) and is_between_axes(node)]
        bare |= {index for delta in deltas for side in (delta.left, delta.right) for index in side.indices}
        read = tensors_read(body)
        beside = frozenset(tensor.name for tensor in read)
        scalars = around.scalars | frozenset(tensor.name for tensor in read if tensor.order == 0)
        dims |= around.dims
        tensors = around.tensors | beside
        return _Naming(tuple(free), dims, tensors, around.ranges, frozenset(bare), beside, scalars)

    def give(self, index: Index, taken: Collection[str]) -> str:
        """Name an index unless it has a name."""
        if index not in self.names:
            suitable = (name for name in _candidates(index.name) if self.suits(name, index, taken))
            self.names[index] = next(name for name in suitable if self.runs_as_far(index, name))
        return self.names[index]

    def runs_as_far(self, index: Index, name: str) -> bool:
        """Whether the range of a name, if it has one, is that of an index whatever the sizes.

        One of the left side runs over its axis even so, and one whose own range is a number is what the user wrote.
        """
        size = self.ranges.get(name, index.size)
        return index.size == size or (size.as_number is not None and (index in self.free or name == index.name))

    def give_declared(self, free: Sequence[Index], body: Expr, taken: frozenset[str]) -> frozenset[str]:
        """Name the indices whose ranges no plain position tells by names whose ranges are declared, not yet taken.

        Those of the left side come first. The names that are given.
        """
        given: frozenset[str] = frozenset()
        for index in free:
            given |= self.give_one_declared(index, (body,), taken | given)
        return given | self.visit_declared(body, taken | given)

    def visit_declared(self, expr: Expr, taken: frozenset[str]) -> frozenset[str]:
        """The same for all that is bound in ``expr``."""
        given: frozenset[str] = frozenset()
        parts = children(expr)
        for index in bound_indices(expr):
            given |= self.give_one_declared(index, parts, taken | given)
        for part in parts:
            given |= self.visit_declared(part, taken if isinstance(expr, Add) else taken | given)
        return given

    def give_one_declared(self, index: Index, parts: Sequence[Expr], taken: frozenset[str]) -> frozenset[str]:
        names = self.declared(index, parts, taken)[:1]
        self.names.update((index, name) for name in names)
        return frozenset(names)

    def declared(self, index: Index, parts: Sequence[Expr], taken: Collection[str]) -> list[str]:
        """The names with a declared range that suit an index: its own, or any if nothing else tells its range."""
        if index in self.names or size_is_read(index, parts):
            return []
        names = sorted(self.ranges, key=lambda name: name != index.name)
        if range_is_implied(index, parts) and index not in contradicted(parts):
            names = [index.name]
        suitable = [name for name in names if name in self.ranges and self.suits(name, index, taken)]
        return [name for name in suitable if self.runs_as_far(index, name)]

    def suits(self, name: str, index: Index, taken: Collection[str]) -> bool:
        if self.ranges.get(name, index.size).value != index.size.value:
            return False
        misread = name in self.dims or name in self.scalars or (index in self.bare and name in self.tensors)
        confusing = name in self.beside and name != index.name
        return name not in taken and not misread and not confusing

    def visit(self, expr: Expr, taken: frozenset[str]) -> frozenset[str]:
        """Name all that is bound in ``expr``; the names it uses in addition to those taken."""
        used: frozenset[str] = frozenset()
        if sorts_in(expr).isdisjoint(BINDERS):
            return used
        if self.ranges and not isinstance(expr, Add):
            taken |= {self.names[index] for node in walk(expr) for index in bound_indices(node) if index in self.names}
        for index in bound_indices(expr):
            used |= {self.give(index, taken | used)}
        for part in children(expr):
            visible = taken if isinstance(expr, Add) else taken | used
            used |= self.visit(part, visible)
        return used


def _guarded(read: Component) -> Iterator[Index]:
    """The indices that run over a part of an axis: a guard may tell which."""
    for position, size in zip(read.indices, read.tensor.shape, strict=True):
        if position.as_index is not None and position.as_index.size != size:
            yield position.as_index


def _candidates(hint: str) -> Iterator[str]:
    """The hint, other letters of its family, other letters, numbered names."""
    stem = hint.rstrip("0123456789_") or hint
    yield hint
    own = next((family for family in _FAMILIES if stem in family), "")
    after = own.partition(stem)[2] if own else ""
    if own:
        yield from after
        yield from (letter for letter in own if letter not in after)
        yield from (letter for family in _FAMILIES if family != own for letter in family)
    yield from (f"{stem}{number}" for number in itertools.count(2))
