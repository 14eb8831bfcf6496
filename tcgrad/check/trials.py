"""What is compared in one type: at random samples, at more of them while anything is undecided, at ties and beside, and
where elements are peculiar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from tcgrad.check.comparing.bench import Bench
from tcgrad.check.comparing.everything import (
    compare_all,
    formulas_are_finite,
    out_of_range,
    rounds_as_told,
    tensors_are_finite,
)
from tcgrad.check.comparing.peculiar import Peculiar, compare_where_known
from tcgrad.check.evaluated.paths import Paths
from tcgrad.check.first_look import is_looked_at_first, passes_at_sight
from tcgrad.check.forward import Kinks
from tcgrad.check.judging.tally import Tallies
from tcgrad.check.mistakes.planting import Plantings
from tcgrad.check.options import Options
from tcgrad.check.precision import is_fine, type_name, unit_roundoff
from tcgrad.check.reference.look import draw_look
from tcgrad.check.reference.ties import BORDERS, TIED, TIED_SAMPLES, why_no_ties, why_not_exact_at_ties
from tcgrad.check.sampling.beside import BESIDE, draw_beside
from tcgrad.check.sampling.sampler import Sampler
from tcgrad.check.sampling.samples import Sample
from tcgrad.check.sampling.tied import FINE, HALVED, MANY, draw_tied
from tcgrad.check.user.against import UserCode
from tcgrad.ir.nodes import ZERO
from tcgrad.ir.program import bodies
from tcgrad.ir.tensors import Tensor
from tcgrad.records import cached_property, dataclass, replace

Progress = Callable[[str], None]
Draw = Callable[[int], Sample | str]

_FIRST_ATTEMPTS = (0, 12, 24, 36)

# At so many samples more at most it is seen whether a gradient is 0 that was so at all others; their numbers.
_UNTIL_NOT_ZERO = range(2**18, 2**18 + 32)


@dataclass(frozen=True)
class Trials:
    """All samples of one type.

    module, against: what is checked besides the formulas, if there is any.
    samplers: what draws samples of the spec's own sizes, and then of others; each with whether it is of the own ones.
    tallies: take what is found, in their type.
    for_users: what draws samples of sizes at which the user's own alone is compared.
    """

    paths: Paths
    module: ModuleType | None
    against: UserCode | None
    options: Options
    progress: Progress
    samplers: Sequence[tuple[Sampler, bool]]
    tallies: Tallies
    for_users: Sequence[Sampler] = ()

    def compare(self) -> Bench | str | None:
        """Compare everything -> the bench of the first sample of the spec's own sizes, or why there is none."""
        kept: Bench | None = None
        for number, (source, own) in enumerate(self.samplers):
            trials = source.effort(self._dtype, self.options.trials).trials if own else 1
            for trial in range(trials):
                self._tell(source.label or f"sample {trial + 1} of {trials}")
                drawn = self._compare_at(source, (number, trial), own=own, first=trial == 0)
                if own:
                    if isinstance(drawn, str):
                        return drawn
                    kept = kept or drawn
        self._compare_undecided()
        self._compare_where_not_zero()
        self.tallies.untied = self._compare_ties()
        self._compare_many_tied()
        self._compare_at_borders()
        self._compare_beside()
        self._compare_at_more_sizes()
        self._compare_peculiar()
        return kept

    def _compare_at(
        self, source: Sampler, seed: tuple[int, int], *, own: bool, first: bool, only: tuple[str, ...] = ()
    ) -> Bench | str | None:
        """Compare everything at a sample, or some kinds ``only`` -> its bench, or why there is none; neither where a
        look is enough.
        """
        against = self.against
        if against and is_looked_at_first(self.options, against, self._dtype):
            look = draw_look(source, self._dtype, (self.options.seed, *seed))
            if passes_at_sight(look, against, self.tallies, "" if own else source.label, first=first):
                return None
        draw = partial(source.draw, self._dtype, (self.options.seed, *seed))
        drawn = _representable(draw, partial(self._bench, own, first, only=only))
        if not isinstance(drawn, str):
            compare_all(drawn)
        return drawn

    def _compare_undecided(self) -> None:
        """Compare at more samples while anything is undecided: its values were small by chance, or at a kink, or what
        a directional reference knows is too little. Those have the reference that is best at all.
        """
        if self.tallies.are_decided:
            return
        source = replace(self._own, directional=False)
        effort = source.effort(self._dtype, self.options.trials)
        for trial in range(effort.trials, effort.trials + effort.more):
            self._tell(f"sample {trial + 1}: something is undecided")
            self._compare_at(source, (0, trial), own=True, first=True)
            if self.tallies.are_decided:
                return

    def _compare_where_not_zero(self) -> None:
        """Compare the user's own at more samples while a gradient is 0 at all of them: there anything in proportion to
        it is right.
        """
        user = self.against
        if user is None or self.tallies.are_failed(user.kinds):
            return
        for trial in _UNTIL_NOT_ZERO:
            zero = [self.paths.gradient(wrt).statements for wrt in self.paths.program.wrt if self._is_zero_yet(wrt)]
            if not zero:
                return
            draw = partial(self._own.draw, self._dtype, (self.options.seed, 0, trial))
            drawn = _representable(draw, partial(self._bench, True, False, only=user.kinds))
            if not isinstance(drawn, str) and any(drawn.gradient_formulas().value(each).any() for each in zero):
                compare_all(drawn)

    def _is_zero_yet(self, wrt: Tensor) -> bool:
        """Whether the user's gradient by an input was compared with nothing but 0, and need not always be."""
        own = self.paths.gradient(wrt).statements[-1]
        rows = (tally for tally in self.tallies.rows.values() if (tally.kind, tally.wrt) == ("against", wrt.name))
        return any(tally.is_zero for tally in rows) and any(body != ZERO for body in bodies(own))

    def _compare_ties(self) -> str:
        """Compare at a point where branches meet, if the program has any, and at others if more of them meet there ->
        why that could not be done.
        """
        if not self._own.traits.has_ties:
            return ""
        reason = why_no_ties(self._own.program)
        known: Kinks = frozenset()
        for number in range(TIED_SAMPLES):
            drawn = reason or self._draw_tied(TIED + number, known)
            if isinstance(drawn, str):
                return "" if known else drawn
            known |= drawn.sample.kinks
            reason = self._compare_tied(drawn)
            if reason or known >= drawn.sample.forward.kinks:
                return reason
        return ""

    def _compare_many_tied(self) -> None:
        """Compare the user's own where many numbers are equal, if it is right where two are: a largest element may be
        found at three places.
        """
        user, traits = self.against, self._own.traits
        if user is None or not traits.has_extremes or self.tallies.untied or self.tallies.are_failed(user.kinds):
            return
        draw = partial(draw_tied, self._own, self._dtype, (self.options.seed, 0, TIED + TIED_SAMPLES), halved=MANY)
        drawn = _representable(draw, partial(self._bench, True, False, only=user.kinds))
        if not isinstance(drawn, str):
            self._compare_tied(drawn)

    def _compare_at_borders(self) -> None:
        """Compare the user's own where numbers are equal that conditions compare, if it is right elsewhere: there the
        derivative is that of the branch which the condition chooses, whether the others have it too or not. What is not
        finite may be meant: a formula for one branch has no value where another takes the place of a pole.
        """
        user, traits = self.against, self._own.traits
        if user is None or not traits.has_comparisons or why_no_ties(traits.program):
            return
        known: Kinks = frozenset()
        for number in range(BORDERS, BORDERS + TIED_SAMPLES):
            if self.tallies.are_failed(user.kinds):
                return
            seed, halved = (self.options.seed, 0, number), HALVED if number == BORDERS else FINE
            draw = partial(draw_tied, self._own, self._dtype, seed, known=known, halved=halved, unfelt=True)
            drawn = _representable(draw, partial(self._bench, True, False, only=user.kinds))
            if isinstance(drawn, str):
                return
            with suppress(ZeroDivisionError):
                if drawn.user and drawn.user.is_finite:
                    compare_where_known(drawn, user)
            # Other numbers may be equal, too, and hide what is wrong: where all are met, they are met once more.
            met = known | drawn.sample.kinks
            known = frozenset() if met >= drawn.sample.forward.kinks else met

    def _draw_tied(self, number: int, known: Kinks) -> Bench | str:
        """A point where branches meet by other decisions than those that are ``known``, or why there is none."""
        draw = partial(draw_tied, self._own, self._dtype, (self.options.seed, 0, number), known=known)
        return _representable(draw, partial(self._bench, True, False))

    def _compare_tied(self, drawn: Bench) -> str:
        """Compare where branches meet -> why that could not be done."""
        if why_not_exact_at_ties(self._own.program) and not formulas_are_finite(drawn):
            return "a formula is not finite"  # as where a root ends, whose slope only exact arithmetic has
        try:
            compare_all(drawn)
        except ZeroDivisionError:
            return "exact arithmetic divides by 0"
        return ""

    def _compare_beside(self) -> None:
        """Compare on either side of where branches meet; the user's own alone where rounding decides other branches."""
        user = self.against.kinds if self.against else ()
        for sample in draw_beside(self._own, self._dtype, (self.options.seed, 0, BESIDE), thorough=bool(user)):
            drawn = self._bench(True, False, sample, only=user if sample.in_doubt else ())
            if "overflow" not in out_of_range(drawn) and formulas_are_finite(drawn) and rounds_as_told(drawn):
                compare_all(drawn)

    def _compare_at_more_sizes(self) -> None:
        """Compare the user's own at sizes that are for it alone, while it is right at others."""
        user = self.against
        for number, source in enumerate(self.for_users, len(self.samplers)):
            if user is not None and not self.tallies.are_failed(user.kinds):
                self._compare_at(source, (number, 0), own=False, first=True, only=user.kinds)

    def _compare_peculiar(self) -> None:
        """Compare the user's own where elements are peculiar, if it is right everywhere else."""
        user, bench = self.against, partial(self._bench, True, False)
        if user is not None and not self.tallies.are_failed(user.kinds):
            Peculiar(self._own, self._dtype, self.options.seed, self.paths, user, self.tallies, bench).compare()

    def _bench(self, own: bool, first: bool, sample: Sample, *, only: tuple[str, ...] = ()) -> Bench:
        options = replace(self.options, only=only) if only else self.options
        return Bench(
            sample, self.paths, self.module, self._coarse, options, self.tallies, own, first, self.against,
            self.plantings,
        )  # fmt: skip

    def _tell(self, what: str) -> None:
        self.progress(f"{type_name(self._dtype)}, {what}")

    @cached_property
    def plantings(self) -> Plantings | None:
        """What comes of planted mistakes, if any are to be planted."""
        return Plantings(unit_roundoff(self._dtype) * self._coarse) if self.options.self_test else None

    @property
    def _own(self) -> Sampler:
        return self.samplers[0][0]

    @cached_property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype(self.tallies.dtype)

    @cached_property
    def _coarse(self) -> float:
        """By how much the module's rounding is coarser than that of the type."""
        if self._dtype == np.longdouble and self.paths.uses_double:
            return unit_roundoff(np.dtype(np.float64)) / unit_roundoff(self._dtype)
        return 1.0


def _representable(draw: Draw, bench: Callable[[Sample], Bench]) -> Bench | str:
    """A sample at which nothing overflows the type, and rounding does what is known of it; smaller and smaller ones are
    tried -> its bench, or why none.

    Where something always does, so that it may be meant, one with finite formulas will do, and what fails there is
    undecided. At the spec's own sizes formulas that are never finite are compared nevertheless: they are wrong. In a
    fine type they are so at a single point, if the tensors are finite there and every number on the way has room.
    """
    finite: Bench | None = None
    made: Bench | None = None
    for first in _FIRST_ATTEMPTS:
        drawn = draw(first)
        if isinstance(drawn, str):
            return finite or made or drawn
        made = bench(drawn)
        left = out_of_range(made)
        made.overflows = "overflow" in left
        if formulas_are_finite(made):
            made.drowned = not rounds_as_told(made)
            if not made.overflows and not made.drowned:
                return made
            finite = finite or made
            continue
        if made.own and not left and is_fine(made.sample.dtype) and tensors_are_finite(made):
            return made
        # A formula as people read it may have no value where a number on the way underflows a coarse type.
        made.drowned = "underflow" in left and not is_fine(made.sample.dtype)
    if finite is not None:
        return finite
    return made if made is not None and made.own else "a formula is not finite"
