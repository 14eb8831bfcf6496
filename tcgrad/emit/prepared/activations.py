"""The values of functions in the steps of recurrences, and what they are functions of, as arrays with names.

The derivatives of `sigmoid`, `tanh`, `exp` and `logsumexp` are made of their values. Where a step is one of them they
are there when the adjoint runs back; those of a gate, which is a part of a step, would be worked out a second time. So
would sums in the arguments of other functions, of which the derivatives of these are made; and outside of recurrences
the values of functions of what formulas write in another way, such as ``exp(-(x/s)^2)``.
"""

from __future__ import annotations

from tcgrad.emit.prepared.named import defined, names_taken
from tcgrad.ir.guards import is_guard
from tcgrad.ir.nodes import MINUS_ONE, ZERO, Call, Const, Expr, IndexReduce, IndexSum, Mul, Pow, Where
from tcgrad.ir.program import Case, Define, Program, Recurrence, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, free_indices, map_children, sorts_in, tensors_read, walk
from tcgrad.records import dataclass, replace

_MADE_OF_THEIR_VALUES = frozenset({"exp", "logsumexp", "sigmoid", "tanh"})  # the derivatives


def with_named_activations(program: Program) -> Program:
    """The program with an equation for every such value or argument within a step.

    It belongs to the recurrence; before it stands one that reads none of its tensors. What a condition guards stays,
    for it may be undefined elsewhere, and so do exponentials in quotients and in logarithms, which are kept from
    overflowing together. A program without any is returned itself.
    """
    if not any(map(_may_have_any, program.statements)):
        return program
    taken = names_taken(program)
    statements = tuple(made for statement in program.statements for made in _apart(statement, taken))
    return program if statements == program.statements else replace(program, statements=statements)


def _may_have_any(statement: Statement) -> bool:
    match statement:
        case Recurrence():
            return not statement.written_out
        case Define():
            return Call in sorts_in(statement.body) and any(map(_is_power_of_product, walk(statement.body)))
        case _:
            return False


def _apart(statement: Statement, taken: set[str]) -> list[Statement]:
    match statement:
        case Recurrence() if not statement.written_out:
            return _Naming(statement, taken).statements()
        case Define() if _may_have_any(statement):
            return _with_values_before(statement, taken)
        case _:
            return [statement]


def _with_values_before(define: Define, taken: set[str]) -> list[Statement]:
    """The definition, and before it those of functions within it that formulas write in another way."""
    if any(map(_is_of_exponentials, walk(define.body))):
        return [define]
    before: list[Statement] = []

    def named(expr: Expr) -> Expr:
        if _is_guarded(expr):
            return expr
        expr = map_children(expr, named)
        if expr is define.body or _name_of(expr) not in _MADE_OF_THEIR_VALUES:
            return expr
        if not any(map(_is_power_of_product, walk(expr))):
            return expr
        made, component = defined(expr, f"{_name_of(expr)}_{define.tensor.name}", taken, define.span)
        before.append(made)
        return component

    body = named(define.body)
    return [*before, replace(define, body=body)] if before else [define]


def _is_power_of_product(node: Expr) -> bool:
    """Whether a node is one that simplification writes as a product of powers: ``(a/b)^2``, no mere divisor."""
    match node:
        case Pow(base=Mul(), exponent=exponent):
            return exponent != MINUS_ONE
        case _:
            return False


@dataclass(frozen=True)
class _Row:
    """What a recurrence has for one of its tensors."""

    tensor: Tensor
    axis: int
    bases: tuple[Case, ...]
    step: Case


class _Naming:
    """Takes functions out of the steps of one recurrence, under names that are not ``taken`` and are then."""

    def __init__(self, recurrence: Recurrence, taken: set[str]) -> None:
        self._recurrence = recurrence
        self._taken = taken
        self._own = set(recurrence.tensors)
        self._before: list[Statement] = []
        self._rows: list[_Row] = []
        self._made: dict[Expr, Expr] = {}  # of the row in hand
        self._names = _MADE_OF_THEIR_VALUES

    def statements(self) -> list[Statement]:
        """The recurrence, and what stands before it."""
        whole = self._recurrence
        for row in map(_Row, whole.tensors, whole.axes, whole.bases, whole.steps):
            self._made = {}
            body = row.step.body
            shifts = any(map(_is_of_exponentials, walk(body)))
            self._names = _MADE_OF_THEIR_VALUES - {"exp"} if shifts else _MADE_OF_THEIR_VALUES
            named = self._inside(body, row) if self._is_one(body) else self._named(body, row)
            self._rows.append(replace(row, step=replace(row.step, body=named)))
        if not self._before and len(self._rows) == len(whole.tensors):
            return [whole]
        tensors, axes, bases, steps = zip(*((r.tensor, r.axis, r.bases, r.step) for r in self._rows), strict=True)
        return [*self._before, replace(whole, tensors=tensors, axes=axes, bases=bases, steps=steps)]

    def _named(self, expr: Expr, row: _Row) -> Expr:
        if _is_guarded(expr):
            return expr
        named = self._inside(expr, row)
        if self._is_one(named):
            return self._component(named, _name_of(named), row)
        if isinstance(named, Call):
            return map_children(named, lambda part: self._component(part, "pre", row) if _has_sum(part) else part)
        return named

    def _component(self, expr: Expr, kind: str, row: _Row) -> Expr:
        """What stands for an expression, if it is another one at every step."""
        if row.step.position not in free_indices(expr):
            return expr
        if expr not in self._made:
            self._made[expr] = self._defined(expr, kind, row)
        return self._made[expr]

    def _is_one(self, expr: Expr) -> bool:
        return _name_of(expr) in self._names

    def _inside(self, expr: Expr, row: _Row) -> Expr:
        return map_children(expr, lambda part: self._named(part, row))

    def _defined(self, expr: Expr, kind: str, row: _Row) -> Expr:
        """The component that stands for an expression, its equation noted; the expression itself where it can stay."""
        inside = [case for case in row.bases if not _is_before(case)]
        runs = any(tensor in self._own for tensor in tensors_read(expr))
        if inside and not runs:
            return expr  # at the first positions it may be undefined, and it is worked out for all others at once
        within = free_indices(expr)
        places = [index for index in row.step.free if index in within]
        places += [index for index in within if index not in places]
        axis = next(place for place, index in enumerate(places) if index is row.step.position)
        made, component = defined(expr, f"{kind}_{row.tensor.name}", self._taken, self._recurrence.span, places)
        if runs:
            others = (*made.free[:axis], *made.free[axis + 1 :])
            zeros = tuple(Case(tuple(index.fresh() for index in others), case.position, ZERO) for case in inside)
            self._own.add(made.tensor)
            self._rows.append(_Row(made.tensor, axis, zeros, Case(made.free, made.free[axis], made.body)))
        else:
            self._before.append(made)
        return component


def _is_guarded(expr: Expr) -> bool:
    """Whether a condition decides what of an expression has to have a value."""
    return isinstance(expr, Where) or any(map(is_guard, factors_of(expr)))


def _name_of(expr: Expr) -> str:
    """What a function or a reduction is called; of anything else nothing."""
    match expr:
        case Call(function):
            return function.name
        case IndexReduce(kind):
            return kind
        case _:
            return ""


def _has_sum(argument: Expr) -> bool:
    """Whether an argument takes a sum, and none of exponentials, which overflow without what they are in."""
    return IndexSum in sorts_in(argument) and "exp" not in sorts_in(argument)


def _is_of_exponentials(node: Expr) -> bool:
    """Whether it is a divisor or a logarithm with exponentials in it."""
    match node:
        case Pow(exponent=Const(value)):
            return value < 0 and "exp" in sorts_in(node)
        case Call(function):
            return function.name.startswith("log") and "exp" in sorts_in(node)
        case _:
            return False


def _is_before(case: Case) -> bool:
    """Whether a base case is no part of its tensor."""
    position = case.at.as_number
    return position is not None and position < 0
