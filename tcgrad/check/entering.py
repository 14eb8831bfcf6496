"""How the outcome of a comparison at one sample is entered in the tallies."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import numpy as np

from tcgrad.check.bench import Bench
from tcgrad.check.comparison import Comparing, View, viewed, whole
from tcgrad.check.emitted import ModuleError, StateError
from tcgrad.check.mistakes import Right
from tcgrad.check.planting import PLANTED_IN
from tcgrad.check.references import Known
from tcgrad.check.results import Place
from tcgrad.check.tally import Tally
from tcgrad.check.verdict import Comparison, Expected
from tcgrad.check.wrong import Locate, Slips, Wrong, no_slips
from tcgrad.evaluate import Array
from tcgrad.records import replace

# The functions of the module that rows are made with, where it is not one that is called like them.
_WORKED_OUT_BY = {
    "forward": ("forward", "forward_saved"),
    "gradient": ("forward_saved", "backward"),
    "value_and_grad": ("value_and_grad", "forward_saved", "backward"),
    "dot_product": ("forward_saved", "backward", "jvp"),
    "hessian_symmetry": ("hessian",),
}


def enter(
    bench: Bench, tally: Tally, find: Callable[[], Array], *, bound: Array, known: Known, method: str, locate: Locate,
    view: View = whole, how: str = "element by element", part: str | None = "", slips: Slips = no_slips,
    wider: Callable[[], Array] | None = None,
) -> Comparison:  # fmt: skip
    """Compare a ``view`` of what ``find`` returns with what is known, and enter the outcome -> the same.

    wider: a bound for a formula that says the same in other words, asked for where ``bound`` is exceeded.
    how: what is compared, in words.
    part: which part of the row this is, if it consists of several; None if the row is decided without it.
    slips: makes arrays that would be found after one slip or another.
    """
    expected = bench.expected(known, bound)
    found = wrong = None
    where = bench.sample.where
    with tally.timed():
        try:
            found = find()
            outcome = expected.judge(view(found))
            if outcome.status == "fail" and wider is not None:
                expected = bench.expected(known, np.maximum(bound, wider()))
                outcome = expected.judge(view(found))
        except ModuleError as error:
            outcome = Comparison("fail", 0, message=_told(bench, str(error)))
            where = "" if isinstance(error, StateError) else where
    if outcome.status == "pass" and tally.subject == "user" and bench.user and bench.first:
        unlike = bench.user.unlike(tally)
        widest = expected if unlike is None or wider is None else bench.expected(known, np.maximum(bound, wider()))
        if unlike and not _passes(unlike.found, widest, view):
            outcome = Comparison("fail", 0, message=_told(bench, unlike.message))
    overflow = _overflow(bench, tally)
    excuse = overflow or ("rounding decides what the outputs are" if bench.drowned else "")
    if outcome.status == "fail" and excuse:
        outcome = replace(outcome, status="inconclusive", message=excuse)
    if found is not None and outcome.status == "fail" and outcome.worst is not None:
        sizes = {dim.name: dim.value for dim in bench.sample.program.dims}
        wrong = Wrong(view(found), known.value, expected.allowed, sizes)
        slip = ""
        if tally.is_unexplained(bench.own):
            slip = _kept(bench, tally, expected, view)
            where = "" if slip else where
            slip = slip or wrong.slip(partial(viewed, slips, view))
        outcome = replace(outcome, message=": ".join(filter(None, [outcome.message, slip])))
    if where or not bench.own:
        outcome = replace(outcome, where=where, elsewhere=not bench.own)
    tally.add(outcome, method, lambda worst: _place(bench, worst, locate))
    if wrong is not None:
        tally.explain(wrong.evidence(locate, "" if bench.own else bench.sample.label))
    if bench.own and outcome.elements and not outcome.where and part is not None:
        tally.see(expected.is_telling, part)
    if bench.plantings is not None and tally.kind in PLANTED_IN:
        if found is None or outcome.status == "fail":
            bench.plantings.give_up(tally.key, "it fails without a mistake planted in it")
        elif overflow:
            bench.plantings.give_up(tally.key, overflow)
        else:
            right = Right(found, bench.summed, tuple(slips()))
            bench.plantings.plant(tally.key, right, Comparing(expected, view, how).after(found))
    return outcome


def _kept(bench: Bench, tally: Tally, expected: Expected, view: View) -> str:
    """That the user's own is wrong for what it keeps, in words; empty if it is so where it is called at first."""
    if bench.user and _passes(bench.user.at_first(tally), expected, view):
        return "is right where it is called for the first time: it keeps something of earlier calls"
    return ""


def _overflow(bench: Bench, tally: Tally) -> str:
    """Why what is compared in a row may be anything, numbers being too large for the type; empty if none is."""
    if tally.subject == "user":
        return ""
    functions = _WORKED_OUT_BY.get(tally.kind, (tally.kind,))
    overflows = bench.overflows or (bench.module is not None and not bench.module.overflowed.isdisjoint(functions))
    return f"numbers on the way overflow {tally.dtype}" if overflows else ""


def _told(bench: Bench, what: str) -> str:
    return what if bench.own or not bench.sample.label else f"{what} (with {bench.sample.label})"


def _place(bench: Bench, outcome: Comparison, locate: Locate) -> Place:
    position, text = locate(outcome.worst or 0)
    sizes = "" if bench.own else bench.sample.label
    return Place(position, text, outcome.found, outcome.reference, outcome.tolerance, sizes)


def _passes(found: Array | None, expected: Expected, view: View) -> bool:
    """Whether it is right, if there is any."""
    with suppress(ModuleError):
        return found is not None and expected.judge(view(found)).status == "pass"
    return False
