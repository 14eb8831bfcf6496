"""A failed comparison looked at closely: its worst elements, how the errors are spread, and the slip that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from tcgrad.check.judging.results import Evidence, Place
from tcgrad.check.mistakes.kinds import Slip
from tcgrad.check.mistakes.slips import Suspect
from tcgrad.evaluate import Array
from tcgrad.records import cached_property, dataclass

Locate = Callable[[int], tuple[tuple[int, ...], str]]
Slips = Callable[[], Iterable[Slip]]

_SHOWN = 5
_EDGES = (1.0, 10.0, 100.0, 1e4, 1e6)
_LABELS = ("1", "10", "100", "1e4", "1e6", "more")


def no_slips() -> tuple[Slip, ...]:
    return ()


@dataclass(frozen=True)
class Wrong:
    """Found and reference, of one shape, and what was allowed between them; nothing is known where that is infinite.

    sizes: the sizes of the dims.
    """

    found: Array
    reference: Array
    allowed: Array
    sizes: Mapping[str, int]

    def evidence(self, locate: Locate, sizes: str) -> Evidence:
        """The worst elements, named by ``locate``, and the histogram.

        sizes: those of the dims in words, if they are not the spec's.
        """
        ratios = self._ratios.reshape(-1)
        order = np.argsort(-ratios, kind="stable")[:_SHOWN]
        worst = tuple(self._place(int(flat), locate, sizes) for flat in order if ratios[flat] > 1)
        binned = np.digitize(ratios[np.isfinite(self.allowed.reshape(-1))], _EDGES, right=True)
        counts = np.bincount(binned, minlength=len(_LABELS))
        return Evidence(worst, tuple((label, int(n)) for label, n in zip(_LABELS, counts, strict=True)))

    def slip(self, slips: Slips) -> str:
        """What would explain the failure, in words; empty if nothing is found or not every element is known."""
        if not np.isfinite(self.allowed).all():
            return ""
        with np.errstate(all="ignore"):
            wide = self.found.astype(self.reference.dtype)
            return Suspect(wide, self.reference, self.allowed, self.sizes).explanation(
                (slip.text, slip.array) for slip in slips()
            )

    @cached_property
    def _ratios(self) -> Array:
        """Errors in proportion to tolerances, in the reference's type: in a narrower one several may be the worst."""
        with np.errstate(all="ignore"):
            error = np.abs(self.found.astype(self.reference.dtype) - self.reference)
            ratio = np.where(error == 0, 0, error / self.allowed)
        return np.where(np.isfinite(self.allowed), np.nan_to_num(ratio, nan=np.inf, posinf=np.inf), 0)

    def _place(self, flat: int, locate: Locate, sizes: str) -> Place:
        position, text = locate(flat)
        found, reference, allowed = (float(a.reshape(-1)[flat]) for a in (self.found, self.reference, self.allowed))
        return Place(position, text, found, reference, allowed, sizes)
