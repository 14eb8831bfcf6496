"""Which elements attain a maximum or minimum, as the derivative asks: ``[f(s) == max_k f(k)]``.

One element is compared with an extreme of its like. Worked out by itself it may differ from it by rounding, so whoever
evaluates the comparison does better to compare all elements with their extreme, and to read the answer at ``s``; or, if
``s`` is not known but for what is read there, to work the element out as the extreme writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Component, Expr, IndexReduce, Iverson
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import map_children, tensors_read, walk
from tcgrad.records import cached_property, dataclass
from tcgrad.simplify.matching import Match, matches


@dataclass(frozen=True)
class Attained:
    """Whether an element attains ``extreme``: the one at these positions, one for each index of the extreme."""

    extreme: IndexReduce
    positions: Mapping[Index, Integer]

    @property
    def element(self) -> Expr:
        """The element as the extreme writes it: worked out like the others, and the same number."""
        return substitute(self.extreme.body, self.positions)

    @cached_property
    def is_at_its_place(self) -> bool:
        """Whether the element is at no other positions. Of several that read the same one may be out of range."""
        reads = [read for node in walk(self.extreme.body) if isinstance(node, Component) for read in node.indices]
        left = [*self.extreme.indices]
        while told := next((index for index in left if any(_tells(read, index, left) for read in reads)), None):
            left.remove(told)
        return not left


def _tells(read: Integer, index: Index, unknown: Collection[Index]) -> bool:
    """Whether one position of a tensor says what the index is, when all but some others are known."""
    step = read.coefficient(index)
    others = [other for other in read.indices if other is not index and other in unknown]
    return step is not None and step.as_number not in (None, 0) and not others


@lru_cache(maxsize=2**10)
def attained(expr: Iverson) -> Attained | None:
    """The comparison of an element with its extreme that an equation is, if it is one.

    Elements that are components are compared as they stand: reading a number twice gives the same number. Evaluation
    asks at one sample after the other.
    """
    if expr.operator != "==":
        return None
    return _of_element(expr.left, expr.right) or _of_element(expr.right, expr.left)


def _of_element(element: Expr, extreme: Expr) -> Attained | None:
    match extreme:
        case IndexReduce(_, indices, body) if _is_worked_out(extreme):
            found = next(matches(body, element, Match(frozenset(indices))), None) if tensors_read(body) else None
            positions = {index: found.value(index) for index in indices} if found else {}
            settled = {index: position for index, position in positions.items() if position is not None}
            return Attained(extreme, settled) if len(settled) == len(indices) else None
        case _:
            return None


def _is_extreme(expr: Expr) -> bool:
    return isinstance(expr, IndexReduce) and expr.kind in ("max", "min")


def _is_worked_out(expr: Expr) -> bool:
    """Whether an expression is the extreme of more than a component."""
    return isinstance(expr, IndexReduce) and _is_extreme(expr) and not isinstance(expr.body, Component)


def named_inside(expr: Iverson, name: Callable[[Expr], Expr], name_exactly: Callable[[Expr], Expr]) -> Expr | None:
    """Such a comparison with ``name`` done to what stands in it, but not to the extreme itself; None of any other one.

    Where the extreme is read by a name, the elements that it was taken of are out of reach. Nor are they told apart
    from the one that is compared: if only one of them would change, none does. Where it is not seen which element is
    compared, nothing is named, so that both sides are worked out in one way.

    name_exactly: writes a component for an extreme that is just this component. What is equal to the extreme only by
    arithmetic, ``10*y`` where ``y = 0.1*max[i](x[i])``, may differ from it by rounding, and no element would attain it.
    """
    if expr.operator != "==":
        return None
    sides = expr.left, expr.right
    asked = attained(expr)
    if asked is not None:
        made = map_children(expr, lambda part: map_children(part, name) if part == asked.extreme else name(part))
        is_same = made is expr or (isinstance(made, Iverson) and _keeps_elements(made))
        return made if is_same else expr
    if any(map(_is_worked_out, sides)) or all(isinstance(side, Component) for side in sides):
        return expr
    if any(map(_is_extreme, sides)):
        return map_children(expr, lambda side: _by_name(side, name, name_exactly))
    return None


def _by_name(side: Expr, name: Callable[[Expr], Expr], name_exactly: Callable[[Expr], Expr]) -> Expr:
    """A side of a comparison with an extreme of components, which stay as they are."""
    if isinstance(side, Component):
        return side
    return name_exactly(side) if _is_extreme(side) else name(side)


def _keeps_elements(expr: Iverson) -> bool:
    sides = expr.left, expr.right
    named = any(isinstance(side, IndexReduce) and isinstance(side.body, Component) for side in sides)
    return attained(expr) is not None or (named and any(isinstance(side, Component) for side in sides))
