"""What lines divide by: whether a divisor cancels where one line is put into others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import Call, Component, Expr, Pow
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import tensors_read
from tcgrad.simplify.powers import is_division

_LOG = FUNCTIONS["log"]


def may_cancel(line: Define, users: Sequence[Define], read_from: Callable[[Tensor], Tensor]) -> bool:
    """Whether one divides by a tensor that the others read otherwise, too; or one may in the lines that they are put
    into, for the line itself is but a component.

    read_from: for another name of components of a tensor that one; for any other tensor itself.
    """
    own, theirs = (set(map(read_from, _divisors(lines))) for lines in ((line,), users))
    if isinstance(line.body, Component):
        return bool(theirs)
    read = {tensor for user in users for tensor in tensors_read(user.body)} - theirs
    return not own.isdisjoint(read) or not theirs.isdisjoint(set(tensors_read(line.body)) - own)


def cancels(line: Define, users: Sequence[Define], made: Sequence[Define]) -> bool:
    """Whether there is a division less than before, or may be in the end, at no cost."""
    return isinstance(line.body, Component) or not _divisors((line, *users)) <= _divisors(made)


def with_fewer_divisors(usual: Expr, other: Expr) -> Expr:
    """The other expression if it divides by less, else the usual one."""
    return other if _divided_by((other,)) < _divided_by((usual,)) else usual


def _divisors(lines: Sequence[Define]) -> set[Tensor]:
    return _divided_by([line.body for line in lines])


def _divided_by(exprs: Sequence[Expr]) -> set[Tensor]:
    """The tensors that are divided by, as they stand."""
    powers = [power for expr in exprs for power in _powers(expr)]
    divided = [power.base for power in powers if is_division(power)]
    return {base.tensor for base in divided if isinstance(base, Component)}


def _powers(expr: Expr) -> list[Pow]:
    """The powers in an expression but those in logarithms, which are not finite by a divisor or without it."""
    found: list[Pow] = []
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        if type(node) is Pow:
            found.append(node)
        if type(node) is not Call or node.function is not _LOG:
            waiting += node.children
    return found
