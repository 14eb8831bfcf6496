"""Reading components: tensors, their positions, the one-tensor, deltas, gradients, matrix functions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Literal, Protocol, cast

from tcgrad.errors import SHOWN, Note, Span
from tcgrad.ir.indices import Gather, Integer
from tcgrad.ir.nodes import ONE as ONE_CONST
from tcgrad.ir.nodes import Component, Delta, Expr
from tcgrad.ir.program import Intrinsic
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.language.elsewhere import END, NEW_AXIS
from tcgrad.language.expressions.counting import miscounted
from tcgrad.language.expressions.occurrences import (
    Occurrences,
    calls_in,
    is_index_in_position,
    names_in_position,
    reductions_over,
)
from tcgrad.language.integers import FormReader, read_integer
from tcgrad.language.ranges.equal_sizes import make_square
from tcgrad.language.ranges.slots import NO_GUARDS, RangeProblem, Read, Slot
from tcgrad.language.symbols import Refused, Symbols
from tcgrad.language.syntax import Call, Expression, Gradient, Group, Jacobian, Name, Reduction, Subscript
from tcgrad.lookalikes import lookalike
from tcgrad.operators import DELTA, FRESH_LETTERS, INDEX_LETTERS, LEVI_CIVITA, ONE

Scope = Mapping[str, Slot]


class SteppedAxis(Protocol):
    """The axis along which a recurrence defines a tensor."""

    @property
    def axis(self) -> int: ...

    def check(self, position: Integer, span: Span, symbols: Symbols) -> None:
        """Refuse a position whose value is not known at the step that reads it."""


_LARGEST_PERMUTATION = 8

LONE = "TC305"
"""The code of an index that occurs once, as it does where what holds it again cannot be read."""


class ComponentReader(ABC):
    """Everything in square brackets.

    names: the indices of the equation.
    local: what the parameters of a function stand for.
    guards: what holds wherever that which is being read counts.
    within: the sums and the terms of them that are being read, the outermost first.
    recurrent: the tensors of the recurrence that is being read, which have rules of their own.
    """

    def __init__(
        self,
        symbols: Symbols,
        problem: RangeProblem,
        names: frozenset[str] = frozenset(),
        local: Mapping[str, Expr] | None = None,
    ) -> None:
        self.symbols = symbols
        self.problem = problem
        self.names = names
        self.local = local or {}
        self.occurrences = Occurrences(symbols, names)
        self.recurrent: Mapping[str, SteppedAxis] = {}
        self.scope: Scope = {}
        self.guards = NO_GUARDS
        self.within: list[tuple[Expression, Expression]] = []
        self._told: set[tuple[str, Span]] = set()

    @abstractmethod
    def terms(self, node: Expression, expected: frozenset[str] = frozenset()) -> Expr:
        """A sum of additive terms, with the sums that the summation convention puts into it."""

    def read_component(self, node: Subscript) -> Expr:
        """A component of a tensor, or of a built-in one."""
        match self.symbols.builtin(node.name):
            case name if name == ONE:
                for position in node.positions:
                    self._plain(position)
                return ONE_CONST
            case name if name == DELTA:
                return self._delta(node)
            case name if name == LEVI_CIVITA:
                order = len(node.positions)
                if order > _LARGEST_PERMUTATION:
                    message = f"`{node.name}` has at most {_LARGEST_PERMUTATION} indices"
                    raise self.symbols.refuse("TC304", message, node.span)
                tensor = Tensor(LEVI_CIVITA, (Integer.of(order),) * order, Role.LEVI_CIVITA)
                return self._component(tensor, node.name, node.positions, node.span)
        tensor = self.symbols.tensor(node.name, node.name_span)
        return self._component(tensor, node.name, node.positions, node.span)

    def read_gradient(self, node: Gradient) -> Expr:
        """An upstream gradient, on the right of an expectation."""
        upstream = (self.symbols.upstream or {}).get(node.wrt)
        if upstream is None:
            tensor = self.symbols.tensor(node.wrt, node.span)
            help_ = f"upstream gradients are those of outputs and intermediates; `{tensor.name}` is an input"
            raise self.symbols.refuse("TC332", f"`dl/d{node.wrt}` is not given", node.span, help_)
        return self._component(upstream, upstream.name, node.positions, node.span)

    def refuse_jacobian(self, node: Jacobian) -> Refused:
        help_ = "write the right side over inputs, intermediates, outputs and `dl/d...`"
        return self.symbols.refuse("TC332", "a Jacobian stands on the left of an expectation only", node.span, help_)

    def read_intrinsic(self, node: Call) -> Expr:
        """``inv(A)[i,j]``, ``det(A)[b]``: a component of a tensor that a statement of its own gives values to."""
        operand = self._matrix(node)
        name = f"{node.name}({operand.name})"
        if name not in self.symbols.intrinsics:
            shape = operand.shape if node.name == "inv" else operand.shape[:-2]
            symmetric = node.name == "inv" and operand.symmetric
            tensor = Tensor(name, shape, Role.DEFINED, symmetric=symmetric)
            kind = cast("Literal['inv', 'det', 'logdet']", node.name)
            if not self.problem.is_expectation:
                make_square(operand, node.span, self.symbols)
            self.symbols.intrinsics[name] = Intrinsic(tensor, kind, operand, node.span)
            self.symbols.pending.append(self.symbols.intrinsics[name])
        tensor = self.symbols.intrinsics[name].tensor
        return self._component(tensor, name, node.positions or (), node.span)

    def _matrix(self, node: Call) -> Tensor:
        """The tensor that a matrix function is of."""
        argument = node.arguments[0] if len(node.arguments) == 1 else None
        while isinstance(argument, Group):
            argument = argument.body
        free = self.symbols.free_name("M")
        example = f"{node.name}({free})[i,j]" if node.name == "inv" else f"{node.name}({free})"
        if self.symbols.in_function:
            message = f"`{node.name}` is of a tensor, and the body of a function has numbers alone"
            raise self.symbols.refuse("TC316", message, node.span, "write an equation for it")
        if not isinstance(argument, Name):
            inner = self.symbols.text(argument.span) if argument else "..."
            help_ = f"define it first: `{free}[i,j] = {inner}`, then write `{example}`"
            if isinstance(argument, Subscript):
                help_ = f"write `{example.replace(f'({free})', f'({argument.name})')}`"
            raise self.symbols.refuse("TC319", f"`{node.name}` is taken of a tensor by its name", node.span, help_)
        if argument.name in self.recurrent:
            message = f"`{node.name}` of a tensor is not possible inside the recurrence that defines it"
            raise self.symbols.refuse("TC319", message, node.span)
        tensor = self.symbols.tensor(argument.name, argument.span)
        if tensor.order < 2 or tensor.shape[-1].value != tensor.shape[-2].value or not tensor.is_real:
            sizes = " x ".join(str(size.value) for size in tensor.shape) or "a scalar"
            message = f"`{node.name}` needs a real tensor whose last two axes have one size; `{tensor.name}` is {sizes}"
            raise self.symbols.refuse("TC319", message, argument.span)
        return tensor

    def _component(self, tensor: Tensor, name: str, positions: tuple[Expression, ...], span: Span) -> Component:
        """Read ``tensor`` at ``positions``, noting what each says about ranges."""
        if len(positions) != tensor.order:
            raise self.wrong_order(tensor, name, positions, span)
        where = tuple(self.position(position) for position in positions)
        stepped = self.recurrent.get(name)
        for axis, (node, position, size) in enumerate(zip(positions, where, tensor.shape, strict=True)):
            if stepped is not None and axis == stepped.axis:
                stepped.check(position, node.span, self.symbols)
            else:
                read = Read(name, axis, position, size, node.span, not tensor.zero_outside, self.guards)
                self.problem.reads.append(read)
        return Component(tensor, where)

    def wrong_order(self, tensor: Tensor, name: str, given: Sequence[Expression], span: Span) -> Refused:
        """Report a component with too many or too few positions, if they can be told."""
        if self.symbols.report.has_unclear(span):
            return Refused()
        example = f"{name}[{','.join(self._meant(tensor, given))}]" if tensor.order else name
        note = self.symbols.places.get(tensor.name)
        notes = (Note(note, f"`{name}` is declared here"),) if note else ()
        message = miscounted(name, tensor.order, len(given), "index", "indices")
        return self.symbols.refuse("TC304", message, span, f"write `{example}`", *notes)

    def _meant(self, tensor: Tensor, given: Sequence[Expression]) -> list[str]:
        """Positions for every axis: those that are given, then indices of that size, of none yet, and new ones."""
        if len(given) > tensor.order:
            given = [node for node in given if not (isinstance(node, Name) and node.name in NEW_AXIS)]
        if len(letters := self._letters(given)) == tensor.order:
            return [*letters]
        positions = [self.symbols.text(node.span) for node in given[: tensor.order]]
        plain = [(read.position.as_index, read.size) for read in self.problem.reads]
        known = {index.name: size for index, size in plain if index is not None}
        names = chain(INDEX_LETTERS, (f"i{number}" for number in count(1)))
        new = (name for name in names if name not in self.names and name not in positions)
        for axis in tensor.shape[len(positions) :]:
            fitting = [name for name, size in known.items() if _are_equal(size, axis)]
            open_ = [name for name in self.scope if name not in known]
            positions.append(next((name for name in (*fitting, *open_) if name not in positions), None) or next(new))
        return positions

    def _letters(self, given: Sequence[Expression]) -> str:
        """The indices in ``[ik]``, where one of them stands elsewhere; none where that is not what is given."""
        letters = "".join(node.name if isinstance(node, Name) else " " for node in given)
        return letters if all(map(str.isidentifier, letters)) and not self.names.isdisjoint(letters) else ""

    def _delta(self, node: Subscript) -> Expr:
        if len(node.positions) != 2:
            message = miscounted(node.name, 2, len(node.positions), "index", "indices")
            letters = self._letters(node.positions)
            meant = ",".join(letters if len(letters) == 2 else "ij")
            raise self.symbols.refuse("TC304", message, node.span, f"write `{node.name}[{meant}]`")
        left, right = (self.position(position) for position in node.positions)
        slots = {slot.index: slot for slot in self.scope.values()}
        if left.as_index is not None and right.as_index is not None:
            self.problem.deltas.append((slots[left.as_index], slots[right.as_index], node.span))
        return Delta(left, right)

    def _plain(self, node: Expression) -> None:
        """A position of the one-tensor: an index, and nothing else."""
        if not isinstance(node, Name) or self.position(node).as_index is None:
            message = "the one-tensor takes indices, and nothing else"
            raise self.symbols.refuse("TC317", message, node.span, "write `1[i]`")

    def position(self, node: Expression) -> Integer:
        """The integer expression in an index position."""
        if isinstance(node, Name) and node.name in self.scope and node.name not in self.symbols.dims:
            position = self.scope[node.name].index.expr
        else:
            names = tuple(names_in_position(node, self.symbols))
            if any(name in self.symbols.broken and not self._is_free(name) for name in names):
                raise Refused  # a dim whose size has been refused
            if any(name not in self.scope for name in names):
                # what cannot stand in a position is told before a name that a sum would mend
                read_integer(node, FormReader(self.symbols.dims, self.refuse_integer))
            position = read_integer(node, self)
        if position.indices:
            self.problem.mentions.append((node.span, position, False))
        return position

    def _is_free(self, name: str) -> bool:
        return name in self.scope and self.scope[name].is_free

    def integer_name(self, node: Name) -> Integer:
        """A name in an index position: an index, a dim, or an integer scalar."""
        name, symbols = node.name, self.symbols
        if name in symbols.dims:
            if name in self.scope:
                raise self.two_meanings(node, "a dim")
            return symbols.dims[name]
        if name in self.scope:
            return self.scope[name].index.expr
        if is_index_in_position(name, symbols):
            raise self.single(node)
        return Integer.of(Gather(symbols.tensors[name], ()))

    def two_meanings(self, node: Name, what: str, help_: str = "give the index another name") -> Refused:
        message = f"`{node.name}` is an index here, and {what} as well"
        return self.symbols.refuse("TC314", message, node.span, help_)

    @abstractmethod
    def summable(self, name: str) -> tuple[Expression, tuple[str, ...]]:
        """What a sum over an index that occurs once can stand around, and the indices that one sum is needed over."""

    def single(self, node: Name) -> Refused:
        """Report an index that occurs once and is neither on the left nor summed; once for what one sum would mend."""
        found, names = self.summable(node.name)
        span = found.span
        bound = next(reductions_over(node.name, found), None)
        if bound is not None:
            return self.in_use(*bound, node.span)
        if (node.name, span) in self._told:
            return Refused()
        names = tuple(name for name in names if name == node.name or (name, span) not in self._told)
        self._told.update((name, span) for name in names)
        term = self.symbols.text(span)
        short = term if len(term) <= SHOWN else "..."
        inside = self._inside_a_function(found, names) if short is term else ""
        shown, listed = " and ".join(f"`{name}`" for name in names), ",".join(names)
        verb, them = ("occurs", "it") if len(names) == 1 else ("each occur", "them")
        where = " in each term" if self.occurrences.of(found).get(node.name, 0) > 1 else ""
        message = f"{shown} {verb} only once{where}: nothing says how to sum over {them}"
        help_ = (
            f"write `sum[{listed}]({short})` or `1[{listed}]*...` to sum over {them}{inside}, or put {them} on the left"
        )
        stem, _, letters = next(iter(self.symbols.hidden), "").partition("_")
        if stem and letters and set(letters).issuperset(names):
            help_ += f": `{stem}[{','.join(letters)}] = ...`"
        tensor = self.symbols.tensors.get(node.name)
        if tensor is not None and tensor.dtype == "int" and tensor.order:
            help_ += f"; `{node.name}[{','.join(INDEX_LETTERS[: tensor.order])}]` would be a component of the tensor"
        if (told := lookalike(node.name, sorted(self.names))) is not None:
            help_ = told
        if node.name == END:
            help_ = "write the last position by the size, as in `x[N - 1]`"
        return self.symbols.refuse(LONE, message, node.span, help_)

    def _inside_a_function(self, term: Expression, names: Sequence[str]) -> str:
        """How the sum would be written in the argument of the function that holds all the indices, if there is one."""
        counts = self.occurrences.of(term)
        for call in calls_in(term):
            held = self.occurrences.of(call)
            if len(call.arguments) == 1 and all(held.get(name) == counts[name] for name in names):
                (argument,) = call.arguments
                text = self.symbols.text
                before, after = Span(term.span.start, argument.span.start), Span(argument.span.end, term.span.end)
                body = argument.body if isinstance(argument, Group) else argument
                summed = f"sum[{','.join(names)}]({text(body.span)})"
                return f", `{text(before)}{summed}{text(after)}` to sum inside `{call.name}`"
        return ""

    def in_use(self, reduction: Reduction, index: Name, outside: Span) -> Refused:
        """Report a reduction over an index that stands outside of it as well."""
        message = f"`{index.name}` is in use outside of this `{reduction.kind}`"
        fresh = next((each for each in FRESH_LETTERS if each not in self.names), f"{index.name}2")
        help_ = f"give the index of the `{reduction.kind}` another name, such as `{fresh}`"
        note = Note(outside, f"`{index.name}` is an index here already")
        return self.symbols.refuse("TC307", message, index.span, help_, note)

    def integer_component(self, node: Subscript) -> Integer:
        """Gather: a component of an integer tensor as an index."""
        tensor = self.symbols.tensor(node.name, node.name_span)
        if tensor.dtype != "int":
            message = f"`{node.name}` is {tensor.dtype}; only an integer tensor can be an index"
            help_ = f"declare it so: `{node.name}: {{shape: [...], dtype: int}}`" if tensor.role is Role.INPUT else None
            raise self.symbols.refuse("TC318", message, node.span, help_)
        component = self._component(tensor, node.name, node.positions, node.span)
        return Integer.of(Gather(tensor, component.indices))

    def refuse_integer(self, message: str, span: Span, help_: str | None = None) -> Refused:
        return self.symbols.refuse("TC317", message, span, help_)

    def enter(self, slots: Mapping[str, Slot]) -> Scope:
        """Add indices to the scope; the scope before, for the caller to go back to."""
        before = self.scope
        self.scope = {**before, **slots}
        return before


def _are_equal(one: Integer, other: Integer) -> bool:
    """Whether two sizes are one, of which those in a recurrence may not be known yet."""
    return one == other or (not one.indices and not other.indices and one.value == other.value)
