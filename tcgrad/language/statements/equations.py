"""Elaborating one plain equation: its left side, its body, its ranges."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.errors import Note, Span
from tcgrad.ir.gaps import Gaps
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.vanishing import support_of
from tcgrad.language.expressions.occurrences import index_names
from tcgrad.language.expressions.summation import Elaborator
from tcgrad.language.ranges.resolution import Resolver
from tcgrad.language.ranges.slots import RangeProblem, Slot
from tcgrad.language.ranges.solve import solve_ranges
from tcgrad.language.statements.lengths import require_few_indices
from tcgrad.language.symbols import Symbols
from tcgrad.language.syntax import Equation, Expression, Name, Subscript
from tcgrad.records import dataclass
from tcgrad.spec.names import RESERVED, is_name


@dataclass(frozen=True)
class Target:
    """The left side of a plain equation."""

    name: str
    span: Span
    indices: tuple[Name, ...]


def define(equation: Equation, symbols: Symbols) -> Define:
    """The statement that a plain equation is; its tensor is put into ``symbols``.

    Raises:
        Refused: after errors; its name is then among the broken ones.
    """
    require_few_indices(equation, symbols)
    target = plain_target(equation, symbols)
    problem = RangeProblem()
    free = {index.name: free_slot(index, problem, symbols) for index in target.indices}
    body = read_body(equation.body, free, problem, symbols)
    solution = solve_ranges(problem, symbols, equation.span)
    indices = tuple(solution.indices[slot.index] for slot in free.values())
    resolved = Resolver(solution).resolve(body)
    shape = tuple(index.size for index in indices)
    gaps, support = bool(Gaps().of(resolved)), support_of(indices, resolved)
    tensor = Tensor(target.name, shape, Role.DEFINED, has_gaps=gaps, support=support)
    symbols.bring_in(tensor, target.span)
    return Define(tensor, indices, resolved, equation.span)


def read_body(node: Expression, free: dict[str, Slot], problem: RangeProblem, symbols: Symbols) -> Expr:
    """The right side of an equation, over provisional indices."""
    reader = Elaborator(symbols, problem, equation_indices(node, free, symbols))
    reader.enter(free)
    return reader.terms(node, frozenset(free))


def equation_indices(node: Expression, free: dict[str, Slot], symbols: Symbols) -> frozenset[str]:
    """The names that are indices in an equation; a declared range makes one of a name that is nothing else."""
    declared = (name for name in symbols.indices if name not in symbols.tensors)
    return frozenset((*free, *index_names([node], symbols), *declared))


def free_slot(index: Name, problem: RangeProblem, symbols: Symbols) -> Slot:
    return problem.slot(index.name, index.span, symbols.indices.get(index.name), is_free=True)


def plain_target(equation: Equation, symbols: Symbols) -> Target:
    """The left side, each index once.

    Raises:
        Refused: after TC302, TC308 or TC314.
    """
    target = equation.target
    assert isinstance(target, Name | Subscript)  # noqa: S101 - derivative names are parsed in expectations alone
    span = target.name_span if isinstance(target, Subscript) else target.span
    check_free_name(target.name, span, symbols)
    positions = target.positions if isinstance(target, Subscript) else ()
    return Target(target.name, span, free_indices(positions, symbols))


def check_free_name(name: str, span: Span, symbols: Symbols) -> None:
    """Refuse a name that something else has, or that the language keeps for itself."""
    if name in RESERVED:
        message = f"`{name}` is a name of the language and cannot name a tensor"
        raise symbols.refuse("TC302", message, span, f"choose another name, such as `{name}_`")
    if not is_name(name):
        plain = name.rstrip("'0123456789")
        help_ = f"a prime is that of a derivative: choose another name, such as `{symbols.free_name(plain)}`"
        raise symbols.refuse(
            "TC302", f"`{name}` cannot name a tensor", span, help_ if "'" in name else "a name begins with a letter"
        )
    place = symbols.place_of(name)
    if place is not None:
        note = Note(place, f"`{name}` is declared here")
        help_ = f"a tensor keeps its value: give the new one another name, such as `{name}2`"
        raise symbols.refuse("TC302", f"`{name}` is defined a second time", span, help_, note)


def free_indices(positions: Sequence[Expression], symbols: Symbols, correct: str | None = None) -> tuple[Name, ...]:
    """The indices on a left side; ``correct`` is one as it should be, where it is that of an expectation."""
    offer = f"write `{correct} = ...`" if correct else None
    found: dict[str, Name] = {}
    for position in positions:
        if not isinstance(position, Name):
            help_ = (
                "solve for a plain index: `y[i] = x[i+1]`, in a recurrence `y[t] = ... y[t-1] ...`; "
                "`y[0] = ...` is its base case"
            )
            message = "the left side has a plain index for every axis"
            raise symbols.refuse("TC308", message, position.span, offer or help_)
        if position.name in symbols.dims:
            message = f"`{position.name}` is a dim; an index needs a name of its own"
            small = position.name.lower()
            taken = {*symbols.dims, *(each.name for each in positions if isinstance(each, Name))}
            help_ = f"write `{small}_` or another letter" if small in taken else f"write `{small}` or another letter"
            raise symbols.refuse("TC314", message, position.span, help_)
        if position.name in found:
            note = Note(found[position.name].span, f"`{position.name}` stands here first")
            help_ = offer or "write `y[i,j] = delta[i,j]*...` for a diagonal"
            raise symbols.refuse("TC308", f"`{position.name}` stands twice on the left", position.span, help_, note)
        found[position.name] = position
    return tuple(found.values())
