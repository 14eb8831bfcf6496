"""Functions at what their arguments are, each worked out as seldom as can be."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array, Kink, Labelled, union
from tcgrad.evaluate.arrays.parts import together
from tcgrad.evaluate.complex_steps import point_of, stepped
from tcgrad.evaluate.context import Context, Evaluator
from tcgrad.evaluate.functions import elementwise
from tcgrad.evaluate.products.broadcast import total, zeros_of
from tcgrad.functions import Function
from tcgrad.ir.indices import Index
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Argument:
    """An argument of a function.

    tensor: the name of the tensor of which it is a component, if it is one.
    is_number: whether it is a number: that is whole, and exact, or it never was.
    """

    evaluator: Evaluator
    tensor: str | None
    is_number: bool


def call(function: Function, arguments: Sequence[Argument]) -> Evaluator:
    """The function's values as the result of one operation."""
    parts, numbers = [each.evaluator for each in arguments], [each.is_number for each in arguments]
    tensor = arguments[0].tensor if len(arguments) == 1 else None
    has_branches, decisions = elementwise.has_branches(function), partial(elementwise.decisions, function)
    kind = Kink if function.seam == "kink" else Labelled
    is_exact = elementwise.is_exact(function)

    def evaluate(context: Context) -> Labelled:
        given = [part(context) for part in parts]
        axes = union(given)
        aligned = [each.aligned(axes) for each in given]
        if context.noise is not None and function.seam:
            settled = context.noise.settled
            aligned = [each if is_number else settled(each) for each, is_number in zip(aligned, numbers, strict=True)]
        result = Labelled(_called(function, tensor, aligned, axes, context), axes)
        lean = context.decide(decisions, aligned, axes, kind) if has_branches else None
        if lean:
            beside = elementwise.call(function, [lean.told_apart(aligned[0]), *aligned[1:]], context)
            result = Labelled(together(result.array.real, beside.imag, beside.dtype), axes)
        if context.noise is None or is_exact or (context.noise.leaves_short and function.is_rational):
            return result

        def magnitude() -> Labelled:
            return Labelled(elementwise.magnitude(function, result.array, aligned, context), axes)

        def zeros() -> Labelled:
            """The zeros of functions at 0, and those of functions that choose among numbers."""
            if function.is_rational:
                return Labelled(np.asarray(True))
            return zeros_of(total([Labelled(np.abs(each), axes) for each in aligned], context))

        return context.settle(result, magnitude, 4, zeros)

    return evaluate


def _called(
    function: Function, tensor: str | None, arguments: list[Array], axes: tuple[Index, ...], context: Context
) -> Array:
    """The function's values; those at a whole tensor are worked out once, whatever its indices are called."""
    if tensor is None:
        return _called_at(function, arguments, axes, context)
    (argument,), key = arguments, (function.name, tensor)
    known = context.calls.get(key)
    if known is not None and known[0] is argument:
        return known[1]
    result = _called_at(function, arguments, axes, context)
    if argument is context.arrays.get(tensor):
        context.calls[key] = argument, result
    return result


def _called_at(function: Function, arguments: list[Array], axes: tuple[Index, ...], context: Context) -> Array:
    point = point_of(arguments[0], axes, context) if len(arguments) == 1 else None
    if point is None:
        return elementwise.call(function, arguments, context)
    return stepped(lambda array: elementwise.call(function, [array], context), arguments[0], point)
