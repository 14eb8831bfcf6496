"""Gaps: where an expression may have no value, and which guards and conditions leave that out."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import field

from tcgrad.functions import Function
from tcgrad.ir.guards import is_guard, is_mask, is_structural
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import (
    ZERO,
    Add,
    Call,
    Component,
    Const,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.program import Define, Program, Recurrence, Statement
from tcgrad.ir.ranges import never_negative
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import children, factors_of, free_indices, product_of, tensors_read, walk
from tcgrad.ir.whole import as_integer
from tcgrad.records import dataclass

Gap = frozenset[Index]


def has_gap(node: Expr) -> bool:
    """Whether a node by itself has no value for some arguments or sizes; of numbers alone it has one."""
    match node:
        case Pow(exponent=Const(value)) if value.denominator == 1 and value.numerator >= 0:
            return False
        case Pow(base=Component(tensor)) if tensor.role is Role.CONSTANT and (tensor.value is None or tensor.value > 0):
            return bool(tensors_read(node.exponent) or free_indices(node.exponent))
        case Pow():
            return bool(tensors_read(node) or free_indices(node)) or _may_lack_value(node)
        case Call():
            return has_domain(node.function)
        case _:
            return False


def _may_lack_value(power: Pow) -> bool:
    """Whether a power made of sizes has no value, or no finite one, where dims are short or long enough."""
    if _has_sizes(power.exponent):
        return True
    return _has_sizes(power.base) and not _is_above_0(power.base)


def _has_sizes(number: Expr) -> bool:
    return any(isinstance(part, IndexValue) for part in walk(number))


def _is_above_0(number: Expr) -> bool:
    """Whether what is made of sizes is known to be above 0, however short dims are."""
    size = as_integer(number)
    if size is not None:
        return never_negative(size - 1)
    match number:
        case Const(value=value):
            return value > 0
        case Pow(base=base):
            return _is_above_0(base)
        case Add() | Mul():
            return all(map(_is_above_0, children(number)))
        case _:
            return False


def has_domain(function: Function) -> bool:
    """Whether a function has no value for some arguments."""
    return function.domain != ((-math.inf, math.inf),) * function.arity


@dataclass
class Gaps:
    """What is known of the tensors of some statements.

    padded: whether there are numbers around every tensor, by which a condition may hold where nothing is to be read.
    """

    padded: bool = False
    # What has been noted is looked into when it is first asked for: most programs have no guard.
    _noted: list[Statement] = field(default_factory=list)
    # For each tensor that may lack values the sets of its axes that decide where.
    _axes: dict[Tensor, tuple[frozenset[int], ...]] = field(default_factory=dict)
    # The tensors that may overflow for arguments that are not large.
    _growing: set[Tensor] = field(default_factory=set)
    # Those of them that are as large as what overflows: nothing divides it.
    _steep: set[Tensor] = field(default_factory=set)

    def learn(self, statement: Statement) -> None:
        """Note what one more statement defines; those that it reads come before it."""
        self._noted.append(statement)

    def _look(self) -> None:
        noted, self._noted = self._noted, []
        for statement in noted:
            match statement:
                case Define():
                    self._look_into(statement.tensor, [(statement.free, statement.body)])
                case Recurrence():
                    cases = zip(statement.tensors, statement.axes, statement.bases, statement.steps, strict=True)
                    for tensor, axis, bases, step in cases:
                        starts = [((*base.free[:axis], None, *base.free[axis:]), base.body) for base in bases]
                        self._look_into(tensor, [(step.free, step.body), *starts])

    def _look_into(self, tensor: Tensor, bodies: Collection[tuple[tuple[Index | None, ...], Expr]]) -> None:
        """None stands for the axis of a base case, whose position is one of all."""
        found = dict.fromkeys(
            frozenset(axis for axis, index in enumerate(free) if index is None or index in gap)
            for free, body in bodies
            for gap in self._of(body, growing=False)
        )
        if found:
            self._axes[tensor] = tuple(found)
        if any(self._grows(body) for _, body in bodies):
            self._growing.add(tensor)
            if any(self._is_steep(body) for _, body in bodies):
                self._steep.add(tensor)

    def of(self, expr: Expr, *, growing: bool = False) -> tuple[Gap, ...]:
        """For each part of an expression that may have no value the free indices that decide where.

        A part that a guard or a condition of just such indices leaves out is not there.

        growing: what may overflow counts as well.
        """
        self._look()
        return self._of(expr, growing=growing)

    def _of(self, expr: Expr, *, growing: bool) -> tuple[Gap, ...]:
        if isinstance(expr, Component):
            return self._of_component(expr, growing=growing)
        inside = tuple([gap for part in children(expr) for gap in self._of(part, growing=growing)])
        match expr:
            case Mul() if inside:
                guards = [_indices(factor) for factor in expr.factors if is_guard(factor) or self._is_bracket(factor)]
                return tuple([gap for gap in inside if not any(guard <= gap for guard in guards)])
            case Where(condition=condition) if not self.padded or is_structural(condition):
                return tuple([gap for gap in inside if not _indices(condition) <= gap])
            case IndexSum() | IndexReduce():
                return tuple([gap.difference(expr.indices) for gap in inside])
            case Iverson():
                return ()
            case _ if has_gap(expr) or (growing and _grows(expr)):
                return (_indices(expr), *inside)
            case _:
                return inside

    def _is_bracket(self, factor: Expr) -> bool:
        """Whether a factor is a condition on values, which are those of the tensors alone."""
        return isinstance(factor, Iverson) and not self.padded

    def _of_component(self, expr: Component, *, growing: bool) -> tuple[Gap, ...]:
        known = self._axes.get(expr.tensor, (frozenset(range(len(expr.indices))),) if expr.tensor.has_gaps else ())
        found = tuple([frozenset([index for axis in axes for index in expr.indices[axis].indices]) for axes in known])
        return (*found, _indices(expr)) if growing and expr.tensor in self._growing else found

    def chosen(self, factors: Sequence[Expr], *, masks_stay: bool = False) -> Sequence[Expr]:
        """The factors of a product, those that need not exist where a guard or a bracket is 0 chosen by it; and by any
        bracket those that may overflow where it is 0.

        What lacks an index of the guard has to exist for another value of that index.

        masks_stay: a mask that chooses is not left out.
        """
        guards = [factor for factor in factors if is_guard(factor)]
        brackets = [factor for factor in factors if isinstance(factor, Iverson) and not is_structural(factor)]
        choices: dict[tuple[Expr, ...], list[Expr]] = {}
        kept: list[Expr] = []
        for factor in factors if guards or brackets else ():
            over = self._over(factor, guards, brackets)
            if over:
                choices.setdefault(over, []).append(factor)
            else:
                kept.append(factor)
        if not choices:
            return factors
        gone = [each for over in choices for each in over if each in brackets or (is_mask(each) and not masks_stay)]
        made = [_where(over, product_of(parts)) for over, parts in choices.items()]
        return [*(factor for factor in kept if not any(factor is each for each in gone)), *made]

    def _over(self, factor: Expr, guards: Sequence[Expr], brackets: Sequence[Expr]) -> tuple[Expr, ...]:
        """The guards and brackets without which a factor need not exist, and brackets without which it may overflow."""
        choosing = [*guards, *([] if _is_share(factor) else brackets)]
        found = self.of(factor) if choosing else ()
        others = [each for each in choosing if each is not factor]  # a sum of guards may have gaps itself
        over = [each for each in others if any(gap.issuperset(free_indices(each)) for gap in found)]
        if brackets and self._may_overflow(factor):
            along = set(free_indices(factor))
            over += [each for each in brackets if along.issuperset(free_indices(each)) and each not in over]
        return tuple(over)

    def may_be_undefined(self, expr: Expr) -> bool:
        """Whether an expression can be NaN or infinite for finite arguments."""
        self._look()
        return any(map(has_gap, walk(expr))) or bool(self.of(expr)) or self._grows(expr)

    def _is_steep(self, expr: Expr) -> bool:
        """Whether an expression has a part that may overflow as a factor, or as a term."""
        match expr:
            case Call(function=function):
                return function.overflows
            case Component(tensor):
                return tensor in self._steep
            case Pow(base, Const(value)):
                return value > 0 and self._is_steep(base)
            case Mul(factors) if any(isinstance(factor, Iverson) for factor in factors):
                return False
            case Add() | Mul() | IndexSum():
                return any(map(self._is_steep, children(expr)))
            case _:
                return False

    def _may_overflow(self, expr: Expr) -> bool:
        """Whether an expression is steep, for all that has been learned."""
        self._look()
        return self._is_steep(expr)

    def _grows(self, expr: Expr) -> bool:
        nodes = walk(expr)
        return any(node.tensor in self._growing if isinstance(node, Component) else _grows(node) for node in nodes)


def _is_share(factor: Expr) -> bool:
    """Whether it divides by how many elements are equal to the largest: a bracket beside it holds for one of them."""
    match factor:
        case Pow(IndexSum(_, body), Const(value)) if value < 0:
            return all(isinstance(each, Iverson) for each in factors_of(body))
        case _:
            return False


def _where(conditions: tuple[Expr, ...], expr: Expr) -> Expr:
    """The expression where all the conditions hold, else 0."""
    match expr:
        case Where(condition, then, Const(value=0)):
            return _where((*conditions, *factors_of(condition)), then)
        case _:
            return Where(product_of(conditions), expr, ZERO)


def gaps_of(program: Program) -> Gaps:
    """What is known of the tensors that a program defines. Kept on the program once known."""
    known: Gaps | None = vars(program).get("known_gaps")
    if known is None:
        known = vars(program)["known_gaps"] = Gaps()
        for statement in program.statements:
            known.learn(statement)
    return known


def _grows(node: Expr) -> bool:
    return isinstance(node, Call) and node.function.overflows


def _indices(expr: Expr) -> Gap:
    return frozenset(free_indices(expr))
