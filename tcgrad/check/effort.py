"""How much is spent on a sample: everything where evaluations are cheap, less and less where they are not."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcgrad.check.precision import is_longdouble_wider
from tcgrad.check.program.cost import Cost
from tcgrad.records import dataclass, replace

# Passes through the innermost loops of one forward evaluation.
_CHEAP = 2**19
_DEAR = 2**24

# Samples besides those that are asked for, where these decide nothing.
_MORE = 5


@dataclass(frozen=True)
class Effort:
    """What is spent on samples of one program at one size.

    reference: the type that the reference is worked out in.
    draws: how often random rounding is drawn; fewer draws are met by a larger ``safety``.
    columns, directions: what a derivative with too many elements is compared at.
    trials: the most samples that are drawn; ``more`` are, one by one, while anything is undecided.
    is_least: what this cannot tell may be told by more.
    """

    reference: np.dtype[Any]
    draws: int
    safety: float
    columns: int
    directions: int
    trials: int
    more: int = 0
    is_least: bool = False


def choose_effort(cost: Cost, dtype: np.dtype[Any], trials: int, *, directional: bool) -> Effort:
    """longdouble has no BLAS: it is the reference of float64 where it is wider and evaluations are cheap.

    directional: as little is spent as tells a wrong gradient from a right one, whatever evaluations cost.
    """
    is_cheap = cost.operations <= _CHEAP
    wider = dtype == np.longdouble or (dtype.itemsize >= 8 and is_cheap and not directional)
    reference = np.dtype(np.longdouble if wider and is_longdouble_wider() else np.float64)
    if is_cheap:
        most = Effort(reference, draws=6, safety=16.0, columns=16, directions=3, trials=trials, more=_MORE)
    elif cost.operations <= _DEAR:
        most = Effort(reference, draws=6, safety=16.0, columns=8, directions=2, trials=1)
    else:
        most = Effort(reference, draws=3, safety=24.0, columns=4, directions=2, trials=1)
    least = replace(most, draws=2, safety=32.0, columns=4, directions=1, is_least=True)
    return least if directional else most
