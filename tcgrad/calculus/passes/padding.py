"""Tangents of what lies outside of a tensor that has zeros there: they are 0, whatever stands beside them.

``sqrt(x[i-1])`` is moved by ``dx[i-1]/(2 sqrt(x[i-1]))``, which is 0/0 as written where there is no ``x[i-1]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import ZERO, Component, Const, Expr, IndexValue, Iverson, Mul, Pow
from tcgrad.ir.program import Define, Recurrence, Statement
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import map_children, product_of, replace_components, tensors_read, walk
from tcgrad.records import replace
from tcgrad.simplify import simplify

Definitions = Mapping[Tensor, Define]


def still_outside(tangents: Iterable[Statement], definitions: Definitions) -> Iterator[Statement]:
    """The statements with a guard beside each tangent of padding that is multiplied by what is infinite there.

    definitions: those of the tensors that the program defines by one equation.
    """
    for statement in tangents:
        match statement:
            case Define(body=body):
                made = _guarded(body, definitions)
                yield statement if made is body else replace(statement, body=made)
            case Recurrence():
                yield statement.map_bodies(lambda case: _guarded(case.body, definitions))
            case _:
                yield statement


def _guarded(expr: Expr, definitions: Definitions) -> Expr:
    if not any(isinstance(part, Component) and _is_padded(part.tensor) for part in walk(expr)):
        return expr
    made = map_children(expr, lambda part: _guarded(part, definitions))
    if not isinstance(made, Mul):
        return made
    tangents = [part for part in made.factors if isinstance(part, Component) and _is_padded(part.tensor)]
    divisors = [part.base for part in made.factors if isinstance(part, Pow) and _is_negative(part.exponent)]
    moved = [
        tangent
        for tangent in tangents
        if any(_is_zero_outside(divisor, _original(tangent), definitions) for divisor in divisors)
    ]
    return product_of([*(guard for tangent in moved for guard in _where_inside(tangent)), *made.factors])


def _is_padded(tensor: Tensor) -> bool:
    return tensor.role is Role.TANGENT and tensor.zero_outside


def _is_negative(exponent: Expr) -> bool:
    return isinstance(exponent, Const) and exponent.value < 0


def _original(tangent: Component) -> Component:
    """The component that a tangent moves."""
    return Component(tangent.tensor.about[0], tangent.indices)


def _is_zero_outside(expr: Expr, moved: Component, definitions: Definitions) -> bool:
    """Whether an expression is 0 where a component is, by what is known of it alone."""

    def at_zero(read: Component) -> Expr:
        if read == moved:
            return ZERO
        define = definitions.get(read.tensor)
        if define is None or moved.tensor not in tensors_read(define.body):
            return read
        return replace_components(instantiate(define.free, define.body, read.indices), at_zero)

    return simplify(replace_components(expr, at_zero)) == ZERO


def _where_inside(read: Component) -> Iterator[Expr]:
    """The conditions under which a component is one of its tensor."""
    for position, size in zip(read.indices, read.tensor.shape, strict=True):
        if not is_nonnegative(position):
            yield Iverson(">=", IndexValue(position), IndexValue(Integer.of(0)))
        if not is_nonnegative(size - position - 1):
            yield Iverson("<", IndexValue(position), IndexValue(size))
