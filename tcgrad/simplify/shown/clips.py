"""Choices by a size as what they are, clipping: ``where(abs(u) <= c, u, c sign(u)) = clip(u, -c, c)``.

They are for the eye alone: at a kink the derivative of a clip is not that of a choice.
"""

from __future__ import annotations

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import MINUS_ONE, ONE, Call, Expr, Iverson, Mul, Pow, Where
from tcgrad.ir.traversal import map_children
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.powers import negated
from tcgrad.simplify.signs import is_never_negative


def with_clips(expr: Expr) -> Expr:
    """An equal expression, simplified if it is another, in which choices by a size are clips.

    ``where(abs(u) <= c, a u, a c sign(u)) = a clip(u, -c, c)`` where ``c`` is not negative.
    """
    made = map_children(expr, with_clips)
    clipped = _clipped(made) if isinstance(made, Where) else None
    if clipped is not None:
        return simplify(clipped)
    return expr if made is expr else simplify(made)


def _clipped(choice: Where) -> Expr | None:
    condition, then, otherwise = choice.condition, choice.then, choice.otherwise
    if isinstance(condition, Iverson) and condition.operator in (">", ">="):
        condition, then, otherwise = condition.opposite, otherwise, then
    match condition:
        case Iverson("<" | "<=", Call(arguments=(inner,)) as size, bound) if is_call(size, "abs") and is_never_negative(
            bound
        ):
            for sign, signed in ((ONE, inner), (MINUS_ONE, simplify(negated(inner)))):
                times = simplify(Mul((then, Pow(signed, MINUS_ONE))))
                outside = Mul((times, bound, Call(FUNCTIONS["sign"], (signed,))))
                if simplify(Mul((times, signed))) == simplify(then) and simplify(outside) == simplify(otherwise):
                    return Mul((sign, times, Call(FUNCTIONS["clip"], (inner, negated(bound), bound))))
        case _:
            pass
    return None
