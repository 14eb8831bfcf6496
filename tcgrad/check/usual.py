"""How large a derivative is to be expected: what is 0 as far as is known is so in proportion to that."""

from __future__ import annotations

from math import inf

import numpy as np

from tcgrad.check.precision import unit_roundoff
from tcgrad.check.samples import Sample

# So many units of rounding in proportion to what one would expect may be allowed where all that is known is 0.
_HIDDEN = 2.0**16


def usual_size(sample: Sample, of: str, wrt: str) -> float:
    """The size of ``of`` over that of ``wrt``; of a value that is but rounding, of the terms that cancel.

    Infinite where ``wrt`` is 0.
    """
    arrays = sample.value(of), sample.own_bound(of), sample.value(wrt)
    size, error, span = (float(np.abs(array).max(initial=0)) for array in arrays)
    rise = size if size > error else error / unit_roundoff(sample.forward.context.dtype)
    return rise / span if span else inf


def hidden_from(sample: Sample, usual: float) -> float:
    """The largest bound that does not hide whether a derivative is 0, where one of the size ``usual`` is expected."""
    return _HIDDEN * unit_roundoff(sample.dtype) * usual
