"""Mistakes planted in derivatives of tcgrad's own, to see whether the comparisons catch them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field

from tcgrad.check.judging.results import Outcome, Planted, Result, Status
from tcgrad.check.judging.tally import Key
from tcgrad.check.judging.verdict import Comparison
from tcgrad.check.mistakes.kinds import MISTAKES, Mistake, Right
from tcgrad.evaluate import Array
from tcgrad.records import dataclass

# What mistakes are planted in.
PLANTED_IN = frozenset({"jacobian", "gradient", "value_and_grad", "jvp", "hessian", "hvp", "against"})

# Rounding may hide a mistake of up to this many units of rounding, and none that is larger.
_HIDDEN = 2.0**24

# The worst first: what is told of a derivative in which several mistakes of a kind are planted.
_OUTCOMES: tuple[Outcome, ...] = ("escaped", "undecided", "caught", "not applicable")


@dataclass(frozen=True)
class Seen:
    """What a comparison makes of a wrong array.

    agrees: nowhere is it further from what it was before the mistake than rounding may have moved that.
    hidden: nowhere twice as far, as rounding may part two arrays that are both right.
    how: what is compared, in words.
    """

    comparison: Comparison
    agrees: bool
    hidden: bool
    how: str

    @property
    def told(self) -> str:
        """By what a mistake is caught."""
        return "shape" if self.comparison.worst is None else self.comparison.message or self.how


@dataclass
class _Trial:
    """One mistake in one derivative, over all samples; the comparisons that caught it, and why others did not."""

    caught: dict[str, None] = field(default_factory=dict)
    escaped: bool = False
    undecided: str = ""
    reason: str = ""

    def told(self) -> tuple[Outcome, str]:
        if self.caught:
            return "caught", ", ".join(self.caught)
        if self.escaped:
            return "escaped", "the comparison passes"
        return ("undecided", self.undecided) if self.undecided else ("not applicable", self.reason)


@dataclass
class Plantings:
    """Every mistake in every derivative that is checked in one type.

    roundoff: of that type.
    """

    roundoff: float
    _trials: dict[Key, dict[str, dict[int, _Trial]]] = field(default_factory=dict)

    def plant(self, row: Key, right: Right, see: Callable[[Array], Seen]) -> None:
        """Plant every mistake in a derivative at one sample, and ``see`` what comes of it."""
        for mistake in MISTAKES:
            trials = self._of(row, mistake)
            candidates = (
                [array.astype(right.array.dtype) for _, array in mistake.make(right)] if right.array.size else []
            )
            for number, array in enumerate(candidates):
                self._enter(trials.setdefault(number, _Trial()), mistake, right, see(array))
            if not candidates:
                trials.setdefault(0, _Trial(reason=mistake.absent))

    def give_up(self, row: Key, reason: str) -> None:
        """Nothing can be planted in a derivative that is wrong already, or is not there."""
        for mistake in MISTAKES:
            self._of(row, mistake).setdefault(0, _Trial()).undecided = reason

    def _of(self, row: Key, mistake: Mistake) -> dict[int, _Trial]:
        return self._trials.setdefault(row, {}).setdefault(mistake.name, {})

    def _enter(self, trial: _Trial, mistake: Mistake, right: Right, seen: Seen) -> None:
        status = seen.comparison.status
        if seen.agrees and (mistake.may_agree or not right.array.any()):
            trial.reason = "the values are the same"
        elif status == "fail":
            trial.caught[seen.told] = None
        elif seen.hidden and mistake.size <= _HIDDEN * self.roundoff:
            trial.reason = "rounding may do as much"
        elif status == "pass" and not seen.agrees:
            trial.escaped = True
        else:
            trial.undecided = seen.comparison.message or "rounding may do as much"

    def results(self, of: str, dtype: str, seed: int, repeat: Callable[[], str | None]) -> Iterator[Result]:
        """A result for each mistake: it passes if the mistake is caught wherever it can be made."""
        for mistake in MISTAKES if self._trials else ():
            planted = tuple(self._planted(row, mistake) for row in self._trials)
            status, message = _verdict(planted)
            yield Result(
                "self_test", "checker", of, None, dtype, status, "planted", seed=seed, message=message,
                mistake=mistake.name, planted=planted, repeat=repeat() if status in ("fail", "inconclusive") else None,
            )  # fmt: skip

    def _planted(self, row: Key, mistake: Mistake) -> Planted:
        told = [trial.told() for trial in self._of(row, mistake).values()]
        outcome, reason = min(told, key=lambda each: _OUTCOMES.index(each[0]))
        return Planted(*row, outcome, reason)


_STATUSES: dict[Outcome, Status] = {
    "escaped": "fail",
    "undecided": "inconclusive",
    "caught": "pass",
    "not applicable": "skip",
}


def _verdict(planted: tuple[Planted, ...]) -> tuple[Status, str]:
    groups = {outcome: [each for each in planted if each.outcome == outcome] for outcome in _OUTCOMES}
    worst = next(outcome for outcome in _OUTCOMES if groups[outcome])
    tried = len(planted) - len(groups["not applicable"])
    told = []
    for outcome, found in groups.items():
        if found:
            number = f"{len(found)} of {tried}" if outcome != "not applicable" else str(len(found))
            reasons = "; ".join(dict.fromkeys(each.reason for each in found))
            told.append(f"{outcome} in {number}: {_layers(found)}" + (f" ({reasons})" if outcome != "caught" else ""))
    return _STATUSES[worst], "; ".join(told)


def _layers(planted: list[Planted]) -> str:
    """Where mistakes are planted, in a few words: ``gradient (formula, module)``."""
    layers: dict[str, dict[str, None]] = {}
    for each in sorted(planted, key=lambda each: each.kind):
        layers.setdefault(each.kind, {})[each.subject] = None
    return ", ".join(f"{kind} ({', '.join(subjects)})" for kind, subjects in layers.items())
