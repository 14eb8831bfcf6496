"""The values of a program's statements, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tcgrad.evaluate.abstract import SmoothFunction
from tcgrad.evaluate.arrays.labelled import Array
from tcgrad.evaluate.arrays.overflow import quietly
from tcgrad.evaluate.context import Context
from tcgrad.evaluate.expressions import prepared
from tcgrad.evaluate.intrinsics import intrinsic
from tcgrad.evaluate.recurrences import recur
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.simplify.poles import without_poles


def evaluate(
    expr: Expr,
    free: Sequence[Index],
    env: Mapping[Tensor, Array],
    *,
    dtype: DTypeLike = np.float64,
    functions: Mapping[str, SmoothFunction] | None = None,
) -> Array:
    """The values of ``expr`` as an array of ``dtype`` with an axis for each index of ``free``, in that order."""
    with quietly():
        return _evaluated(expr, free, _context(env, dtype, functions))


def evaluate_program(
    program: Program,
    inputs: Mapping[str, Any],
    dtype: DTypeLike = np.float64,
    *,
    functions: Mapping[str, SmoothFunction] | None = None,
) -> dict[Tensor, Array]:
    """The values of the inputs and of every defined tensor; int and bool inputs stay what they are."""
    env = {}
    for declared in program.inputs:
        array = np.asarray(inputs[declared.tensor.name])
        env[declared.tensor] = array.astype(dtype) if declared.tensor.is_real else array
    return evaluate_statements(program.statements, env, dtype=dtype, functions=functions)


def evaluate_statements(
    statements: Sequence[Statement],
    env: Mapping[Tensor, Array],
    *,
    dtype: DTypeLike = np.float64,
    functions: Mapping[str, SmoothFunction] | None = None,
) -> dict[Tensor, Array]:
    """``env`` and the values of every tensor that the statements define."""
    context = _context(env, dtype, functions)
    result = dict(env)
    for statement in statements:
        for tensor in run(statement, context):
            result[tensor] = context.arrays[tensor.name]
    return result


def _context(env: Mapping[Tensor, Any], dtype: DTypeLike, functions: Mapping[str, SmoothFunction] | None) -> Context:
    arrays = {tensor.name: np.asarray(array) for tensor, array in env.items()}
    return Context(arrays, np.dtype(dtype), functions=functions or {})


def run(statement: Statement, context: Context) -> tuple[Tensor, ...]:
    """Work one statement out into ``context.arrays`` -> the tensors that it defines."""
    context.calls.clear()
    with quietly():
        match statement:
            case Define():
                context.arrays[statement.tensor.name] = _evaluated(statement.body, statement.free, context)
                return (statement.tensor,)
            case Intrinsic():
                context.arrays[statement.tensor.name] = intrinsic(statement, context)
                return (statement.tensor,)
            case Recurrence():
                recur(statement, context)
                return statement.tensors


def _evaluated(expr: Expr, free: Sequence[Index], context: Context) -> Array:
    """The values of ``expr`` over ``free``, the batch axis first if it depends on it."""
    result = prepared(without_poles(expr))(context)
    axes = (context.batch, *free) if context.batch is not None and context.batch in result.axes else tuple(free)
    array, shape = result.aligned(axes), context.shape(axes)
    return np.array(array if array.shape == shape else np.broadcast_to(array, shape), order="C")
