"""Products under brackets that leave a box of the result, or of what is summed: worked out for the box alone.

That is put in its place: ``(u[p] - u[p-1])/r[p-1]*[p >= 1]`` is ``sum_i delta(p, i + 1)*(u[i+1] - u[i])/r[i]``. No
read has to be padded, nothing is chosen, and what is read in the box is what the equations read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tcgrad.emit.lowering.factors import Factors
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.ir.guards import slack_of
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Delta, Expr
from tcgrad.ir.substitution import substitute
from tcgrad.records import replace

_ZERO = Integer.of(0)


class _Side(NamedTuple):
    """What a bracket says of an index: that it is at least ``low``, or less than ``high``."""

    guard: Expr
    of: Index
    low: Integer | None
    high: Integer | None


def boxed(parts: Factors, fitting: Fitting) -> Factors | None:
    """A product with the brackets of a box undone; None where there is no box."""
    sides = [side for factor, inverted in parts.factors if not inverted and (side := _side(factor))]
    index_of = dict.fromkeys(side.of for side in sides)
    found = {index: _box([side for side in sides if side.of is index], index, fitting) for index in index_of}
    boxes = {index: box for index, box in found.items() if box is not None}
    if not boxes or len(boxes) < len(found):
        return None
    rest = [(factor, inverted) for factor, inverted in parts.factors if all(factor is not s.guard for s in sides)]
    inside = {index: Index("r", high - low) for index, (low, high) in boxes.items()}
    at = {index: inside[index].expr + low for index, (low, _) in boxes.items()}
    return replace(
        parts,
        factors=[(substitute(factor, at), inverted) for factor, inverted in rest],
        deltas=[
            *(_substituted(delta, at) for delta in parts.deltas),
            *(Delta(index.expr, place) for index, place in at.items() if index not in parts.summed),
        ],
        summed=[*(index for index in parts.summed if index not in at), *inside.values()],
    )


def _substituted(delta: Delta, at: dict[Index, Integer]) -> Delta:
    return Delta(delta.left.substitute(at), delta.right.substitute(at))


def _side(factor: Expr) -> _Side | None:
    """What a factor says, if it is such a bracket."""
    slack = slack_of(factor)
    if slack is None or len(slack.indices) != 1 or slack.gathers:
        return None
    (index,) = slack.indices
    step = slack.coefficient(index)
    match None if step is None else step.as_number:
        case 1:
            return _Side(factor, index, index.expr - slack, None)
        case -1:
            return _Side(factor, index, None, slack + index.expr + 1)
        case _:
            return None


def _box(sides: Sequence[_Side], index: Index, fitting: Fitting) -> tuple[Integer, Integer] | None:
    """From where to where an index runs, by one bracket for each end or none.

    None for more, where it is not sure that this is a part of its range, and where it is not all of it but a number of
    places: of reads in a part of another size it might not be seen that they stay inside.
    """
    lows = [side.low for side in sides if side.low is not None] or [_ZERO]
    highs = [side.high for side in sides if side.high is not None] or [index.size]
    if len(lows) > 1 or len(highs) > 1:
        return None
    (low,), (high,) = lows, highs
    left_out = low.as_number, (index.size - high).as_number
    is_part = None not in left_out and all(map(fitting.never_negative, (low, index.size - high, high - low)))
    return (low, high) if is_part else None
