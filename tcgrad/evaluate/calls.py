"""Functions at what their arguments are, each worked out as seldom as can be."""

from __future__ import annotations

from tcgrad.evaluate import functions
from tcgrad.evaluate.complex_steps import point_of, stepped
from tcgrad.evaluate.context import Array, Context, Labelled
from tcgrad.functions import Function
from tcgrad.ir.nodes import Call, Component


def called(expr: Call, arguments: list[Labelled], context: Context) -> Array:
    """The function's values; those at a whole tensor are worked out once, whatever its indices are called."""
    if len(arguments) > 1 or not isinstance(expr.arguments[0], Component):
        return _called_at(expr.function, arguments, context)
    (argument,), name = arguments, expr.arguments[0].tensor.name
    key = expr.function.name, name
    known = context.calls.get(key)
    if known is not None and known[0] is argument.array:
        return known[1]
    result = _called_at(expr.function, arguments, context)
    if argument.array is context.arrays.get(name):
        context.calls[key] = argument.array, result
    return result


def _called_at(function: Function, arguments: list[Labelled], context: Context) -> Array:
    point = point_of(arguments[0], context) if len(arguments) == 1 else None
    if point is None:
        return functions.call(function, [argument.array for argument in arguments], context)
    return stepped(lambda array: functions.call(function, [array], context), arguments[0], point)
