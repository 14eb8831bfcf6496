"""A first look at a user's backward: what agrees with plain evaluation to the last digits is right.

To within what the user's own numbers are rounded by, that is: nothing is granted to the reference, and no bound is
worked out, for what passes so would pass with any. What does not is no failure yet; it is compared with care.
"""

from __future__ import annotations

from functools import partial
from math import sqrt
from time import perf_counter
from typing import Any

import numpy as np

from tcgrad.check.comparing.gradient_bounds import least_of_others, rounding_of_sums
from tcgrad.check.evaluated.emitted import ModuleError
from tcgrad.check.judging.results import Place
from tcgrad.check.judging.tally import Tallies
from tcgrad.check.judging.verdict import Comparison
from tcgrad.check.options import Options
from tcgrad.check.precision import is_fine, type_name
from tcgrad.check.reference.look import Look
from tcgrad.check.reference.references import DEVIATIONS
from tcgrad.check.user.against import UserCode
from tcgrad.evaluate import Array


def is_looked_at_first(options: Options, against: UserCode | None, dtype: np.dtype[Any]) -> bool:
    """Whether a user's backward is all that is checked, and along directions, in a type in which these show a mistake
    in one of many elements.
    """
    if options.method != "directional" or options.only != ("against",) or not is_fine(dtype):
        return False
    is_judged_by_rounding = options.rtol is None and options.atol is None and not options.self_test
    return is_judged_by_rounding and against is not None and against.backward is not None


def passes_at_sight(look: Look, against: UserCode, tallies: Tallies, sizes: str, *, first: bool) -> bool:
    """Whether the gradients by all inputs are right; the tallies are told of them if they are.

    sizes: in words, if they are not the spec's own. first: whether it is the first look at them.
    """
    slopes, started = look.slopes(), perf_counter()
    if not slopes:
        return False
    try:
        found = against.gradients(look, look.upstream)
    except ModuleError:
        return False
    seconds = perf_counter() - started
    outcomes = {wrt: _passed(look, wrt, found[wrt], slope.value) for wrt, slope in slopes.items()}
    passed = {wrt: outcome for wrt, outcome in outcomes.items() if outcome}
    if len(passed) < len(slopes) or (first and against.unlike_gradients(look, look.upstream, found)):
        return False
    of = ", ".join(output.name for output in look.program.outputs)
    for wrt, outcome in passed.items():
        tally, slope = tallies.row("against", "user", of, wrt), slopes[wrt]
        tally.add(outcome, f"{slope.method} ({type_name(look.dtype)}), 1 direction", partial(_place, wrt, sizes))
        tally.seconds += seconds / len(passed)
        tallies.spent(wrt, slope.evaluations)
        if not sizes:
            tally.see(np.ones(1, bool), "directions")
    return True


def _place(wrt: str, sizes: str, outcome: Comparison) -> Place:
    text = f"along random direction 0 of {wrt}"
    return Place((), text, outcome.found, outcome.reference, outcome.tolerance, sizes)


def _passed(look: Look, wrt: str, found: Array, slope: Any) -> Comparison | None:
    """A pass, if a gradient is as near to a slope as its own rounding lets it be, and half of it would not be."""
    direction, terms = look.directions[wrt], sum(upstream.size for upstream in look.upstream.values())
    if found.shape != direction.shape:
        return None
    along = direction.reshape(-1) @ found.reshape(-1).astype(look.dtype, copy=False)
    each = DEVIATIONS * sqrt(found.size) * least_of_others(found, look.dtype)
    error, allowed = abs(along - slope), each + rounding_of_sums(found.reshape(-1), look.dtype, terms)
    if not error <= allowed < abs(slope) / 2:
        return None
    return Comparison(
        "pass",
        elements=1,
        max_abs_error=float(error),
        max_rel_error=float(error / max(abs(along), abs(slope))),
        worst=0,
        rank=float(error / allowed),
        found=float(along),
        reference=float(slope),
        tolerance=float(allowed),
        tolerance_at_largest=float(allowed),
        is_nonzero=True,
    )
