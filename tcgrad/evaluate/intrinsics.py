"""inv, det and logdet of the last two axes, for every type of numbers."""

from __future__ import annotations

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array, Labelled
from tcgrad.evaluate.arrays.parts import absolute, real, together
from tcgrad.evaluate.context import Context
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.program import Intrinsic


def intrinsic(statement: Intrinsic, context: Context) -> Array:
    """The value of the statement's tensor. ``logdet`` is log |det|, and an inverse NaN where the matrix is singular."""
    matrix = context.arrays[statement.operand.name].astype(context.dtype, copy=False)
    inverse, pivots = _eliminate(_moved(matrix, statement.operand.order, context))
    match statement.kind:
        case "inv":
            return inverse
        case "det":
            return np.asarray(np.prod(pivots, axis=-1))
        case "adj":
            return _adjugate(matrix, inverse, np.prod(pivots, axis=-1))
        case "minors":
            return _minors(matrix.astype(np.float64))
        case "logdet":
            return np.asarray(np.sum(np.log(np.where(real(pivots) < 0, -pivots, pivots)), axis=-1))


def _adjugate(matrix: Array, inverse: Array, det: Array) -> Array:
    """``det(A) inv(A)``; where A is singular, from its singular values, in double precision."""
    if np.all(det):
        return np.asarray(det[..., None, None] * inverse)
    u, s, vt = np.linalg.svd(matrix.astype(np.float64))
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(axis=-1)
    signed = others * np.linalg.det(u @ vt)[..., None]
    return np.asarray((np.swapaxes(vt, -1, -2) * signed[..., None, :]) @ np.swapaxes(u, -1, -2))


def _minors(matrix: Array) -> Array:
    """What ``Intrinsic`` says of it: the two rotations and the products of all singular values but two, signed."""
    u, s, vt = np.linalg.svd(matrix)
    unit = np.eye(s.shape[-1], dtype=bool)
    others = np.where(unit[:, None] | unit, 1, s[..., None, None, :]).prod(axis=-1)
    others = np.where(unit, 0, others * np.linalg.det(u @ vt)[..., None, None])
    return np.stack([np.swapaxes(u, -1, -2), vt, others], axis=-3)


def condition(matrix: Array) -> float:
    """The largest condition number of the matrices, in the norm of row sums; infinite or NaN where one is singular."""
    inverse, _ = _eliminate(matrix)
    norms = [np.sum(np.abs(each), axis=-1).max(axis=-1, initial=0) for each in (matrix, inverse)]
    return float(np.max(norms[0] * norms[1], initial=0))


def _eliminate(matrix: Array) -> tuple[Array, Array]:
    """Gauss-Jordan elimination with row exchanges -> the inverse, and the pivots with the signs of the exchanges."""
    size = matrix.shape[-1]
    unit = np.broadcast_to(np.eye(size, dtype=int).astype(matrix.dtype), matrix.shape)
    work = np.concatenate([matrix, unit], axis=-1).reshape(-1, size, 2 * size)
    each = np.arange(len(work))
    pivots = np.empty((len(work), size), matrix.dtype)
    for column in range(size):
        best = column + np.argmax(np.abs(work[:, column:, column]), axis=-1)
        row = work[each, best]
        work[each, best] = work[:, column]
        pivot = row[:, column]
        pivots[:, column] = np.where(best == column, pivot, -pivot)
        row = row / np.where(pivot == 0, 1, pivot)[:, None]  # of a singular matrix, which has no inverse
        work = work - work[:, :, column, None] * row[:, None, :]
        work[:, column] = row
    inverse = np.where(np.any(pivots == 0, axis=-1)[:, None, None], np.nan, work[:, :, size:])
    return inverse.reshape(matrix.shape), pivots.reshape(matrix.shape[:-1])


def _moved(matrix: Array, order: int, context: Context) -> Array:
    """What rounding makes of the matrix: elimination solves exactly for a matrix nearby (Wilkinson)."""
    if context.noise is None:
        return matrix
    batch = (context.noise.batch,) if matrix.ndim > order else ()
    axes = (*batch, *(Index("", Integer.of(size)) for size in matrix.shape[len(batch) :]))
    norm = np.broadcast_to(_largest(absolute(matrix)), matrix.shape)
    return context.noise.move(Labelled(matrix, axes), Labelled(norm, axes), float(matrix.shape[-1])).array


def _largest(sizes: Array) -> Array:
    """The largest entry of each matrix, part by part."""
    if not np.iscomplexobj(sizes):
        return np.asarray(np.max(sizes, axis=(-2, -1), keepdims=True))
    return together(_largest(sizes.real), _largest(sizes.imag), sizes.dtype)
