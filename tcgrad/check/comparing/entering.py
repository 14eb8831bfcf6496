"""How the outcome of a comparison at one sample is entered in the tallies."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import numpy as np

from tcgrad.check.comparing.bench import Bench
from tcgrad.check.comparing.comparison import Comparing, View, viewed, whole
from tcgrad.check.evaluated.emitted import ModuleError, StateError
from tcgrad.check.judging.results import Place
from tcgrad.check.judging.tally import Tally
from tcgrad.check.judging.verdict import Comparison, Expected
from tcgrad.check.mistakes.kinds import Right
from tcgrad.check.mistakes.planting import PLANTED_IN, Plantings
from tcgrad.check.mistakes.wrong import Locate, Slips, Wrong, no_slips
from tcgrad.check.reference.references import Known
from tcgrad.evaluate import Array
from tcgrad.records import cached_property, dataclass, replace

# The functions of the module that rows are made with, where it is not one that is called like them.
_WORKED_OUT_BY = {
    "forward": ("forward", "forward_saved"),
    "gradient": ("forward_saved", "backward"),
    "value_and_grad": ("value_and_grad", "forward_saved", "backward"),
    "dot_product": ("forward_saved", "backward", "jvp"),
    "hessian_symmetry": ("hessian",),
}


@dataclass(frozen=True)
class Claim:
    """What is compared with what is known of it.

    find: works it out.
    bound: how far rounding may move what is seen of it.
    method: how it is known, in words.
    locate: names an element of what is seen.
    view: what is seen of it.
    how: what is compared, in words.
    part: which part of the row this is, if it consists of several; None if the row is decided without it.
    slips: makes arrays that would be found after one slip or another.
    wider: a bound for a formula that says the same in other words, asked for where ``bound`` is exceeded.
    """

    find: Callable[[], Array]
    bound: Array
    known: Known
    method: str
    locate: Locate
    view: View = whole
    how: str = "element by element"
    part: str | None = ""
    slips: Slips = no_slips
    wider: Callable[[], Array] | None = None


def enter(bench: Bench, tally: Tally, claim: Claim) -> Comparison:
    """Compare what is claimed with what is known, and enter the outcome -> the same."""
    return _Entry(bench, tally, claim).entered()


class _Entry:
    """One comparison at one sample, on its way into a row."""

    def __init__(self, bench: Bench, tally: Tally, claim: Claim) -> None:
        self.bench = bench
        self.tally = tally
        self.claim = claim
        self.expected = bench.expected(claim.known, claim.bound)
        self.where = bench.sample.where
        self.found: Array | None = None

    def entered(self) -> Comparison:
        """The outcome, entered in the row."""
        bench, tally, claim = self.bench, self.tally, self.claim
        outcome = self._excused(self._beside_the_first_call(self._judged()))
        wrong = self._wrong(outcome)
        outcome = self._explained(outcome, wrong) if wrong is not None else outcome
        if self.where or not bench.own:
            outcome = replace(outcome, where=self.where, elsewhere=not bench.own)
        tally.add(outcome, claim.method, lambda worst: _place(bench, worst, claim.locate))
        if wrong is not None:
            tally.explain(wrong.evidence(claim.locate, "" if bench.own else bench.sample.label))
        if bench.own and outcome.elements and not outcome.where and claim.part is not None:
            tally.see(self.expected.is_telling, claim.part)
        if bench.plantings is not None and tally.kind in PLANTED_IN:
            self._plant(bench.plantings, outcome)
        return outcome

    def _judged(self) -> Comparison:
        """What comes of the comparison itself, within the wider bound if that is needed."""
        with self.tally.timed():
            try:
                self.found = self.claim.find()
                outcome = self.expected.judge(self.claim.view(self.found))
                if outcome.status == "fail" and self.claim.wider is not None:
                    self.expected = self._widened(self.claim.wider)
                    outcome = self.expected.judge(self.claim.view(self.found))
            except ModuleError as error:
                self.where = "" if isinstance(error, StateError) else self.where
                outcome = Comparison("fail", 0, message=_told(self.bench, str(error)))
        return outcome

    def _widened(self, wider: Callable[[], Array]) -> Expected:
        return self.bench.expected(self.claim.known, np.maximum(self.claim.bound, wider()))

    def _beside_the_first_call(self, outcome: Comparison) -> Comparison:
        """A failure where the user's own code, called again, returns something else that does not pass."""
        if outcome.status != "pass" or self.tally.subject != "user" or not self.bench.user or not self.bench.first:
            return outcome
        unlike = self.bench.user.unlike(self.tally)
        if not unlike:
            return outcome
        widest = self.expected if self.claim.wider is None else self._widened(self.claim.wider)
        if _passes(unlike.found, widest, self.claim.view):
            return outcome
        return Comparison("fail", 0, message=_told(self.bench, unlike.message))

    def _excused(self, outcome: Comparison) -> Comparison:
        """A failure that the numbers at this sample may explain decides nothing; nor is it left open why nothing could
        be compared there.
        """
        excuse = self._overflow or ("rounding decides what the outputs are" if self.bench.drowned else "")
        if excuse and (outcome.status == "fail" or not outcome.elements):
            return replace(outcome, status="inconclusive", message=excuse)
        return outcome

    def _wrong(self, outcome: Comparison) -> Wrong | None:
        """What is wrong element by element, if anything is."""
        if self.found is None or outcome.status != "fail" or outcome.worst is None:
            return None
        sizes = {dim.name: dim.value for dim in self.bench.sample.program.dims}
        return Wrong(self.claim.view(self.found), self.claim.known.value, self.expected.allowed, sizes)

    def _explained(self, outcome: Comparison, wrong: Wrong) -> Comparison:
        """A failure with the slip that it may come from, unless one is told already."""
        slip = ""
        if self.tally.is_unexplained(self.bench.own):
            slip = _kept(self.bench, self.tally, self.expected, self.claim.view)
            self.where = "" if slip else self.where
            slip = slip or wrong.slip(partial(viewed, self.claim.slips, self.claim.view))
        return replace(outcome, message=": ".join(filter(None, [outcome.message, slip])))

    @cached_property
    def _overflow(self) -> str:
        """Why what is compared may be anything, numbers being too large for the type; empty if none is."""
        bench, tally = self.bench, self.tally
        if tally.subject == "user":
            return ""
        functions = _WORKED_OUT_BY.get(tally.kind, (tally.kind,))
        overflows = bench.overflows or (bench.module is not None and not bench.module.overflowed.isdisjoint(functions))
        return f"numbers on the way overflow {tally.dtype}" if overflows else ""

    def _plant(self, plantings: Plantings, outcome: Comparison) -> None:
        """Plant mistakes in what is found, if it is right."""
        if self.found is None or outcome.status == "fail":
            plantings.give_up(self.tally.key, "it fails without a mistake planted in it")
        elif self._overflow:
            plantings.give_up(self.tally.key, self._overflow)
        else:
            right = Right(self.found, self.bench.summed, tuple(self.claim.slips()))
            comparing = Comparing(self.expected, self.claim.view, self.claim.how)
            plantings.plant(self.tally.key, right, comparing.after(self.found))


def _kept(bench: Bench, tally: Tally, expected: Expected, view: View) -> str:
    """That the user's own is wrong for what it keeps, in words; empty if it is so where it is called at first."""
    if bench.user and _passes(bench.user.at_first(tally), expected, view):
        return "is right where it is called for the first time: it keeps something of earlier calls"
    return ""


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
