"""How large a derivative is to be expected: what is 0 as far as is known is so in proportion to that."""

from __future__ import annotations

from math import inf

import numpy as np

from tcgrad.check.precision import unit_roundoff
from tcgrad.check.sampling.samples import Sample

# So many units of rounding in proportion to what one would expect may be allowed where all that is known is 0.
_HIDDEN = 2.0**16

# What cancels is off by so many, where it is worked out in another order than the one that a bound is for.
_CANCELLED = 64.0


def usual_size(sample: Sample, of: str, wrt: str) -> float:
    """The size of ``of`` over that of ``wrt``; of a value that is but rounding, of the terms that cancel.

    Infinite where ``wrt`` is 0. Whether a value is but rounding is not asked where little is spent: a finer reference
    tells whether it is that or has lost its digits, as ``1 - cos(x)`` of a small ``x``.
    """
    arrays = sample.value(of), sample.own_bound(of), sample.value(wrt)
    size, error, span = (float(np.abs(array).max(initial=0)) for array in arrays)
    is_value = size > error or sample.effort.is_least
    rise = size if is_value else error / unit_roundoff(sample.forward.context.dtype)
    return rise / span if span else inf


def usual_curvature(sample: Sample, of: str, first: str, second: str) -> float:
    """The size of a second derivative that one would expect; 0 where an input is 0."""
    span = float(np.abs(sample.value(second)).max(initial=0))
    usual = usual_size(sample, of, first)
    return usual / span if span and usual < inf else 0.0


def left_of(sample: Sample, usual: float) -> float:
    """What rounding may leave of terms that cancel, where a derivative of the size ``usual`` is expected."""
    return _CANCELLED * unit_roundoff(sample.dtype) * usual


def hidden_from(sample: Sample, usual: float) -> float:
    """The largest bound that does not hide whether a derivative is 0, where one of the size ``usual`` is expected.

    Numbers that only underflow leaves, as where an output is 0 because a mask makes it so, hide nothing. Beyond double
    precision differences may be all that is known, whose error is no smaller than it would be there.
    """
    unit = max(unit_roundoff(sample.dtype), unit_roundoff(np.dtype(np.float64)))
    return max(_HIDDEN * unit * usual, float(np.finfo(sample.dtype).tiny))
