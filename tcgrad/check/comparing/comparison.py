"""One comparison, as it is made of what was found and of what would be found after a mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tcgrad.check.evaluated.emitted import ModuleError
from tcgrad.check.judging.verdict import Comparison, Expected
from tcgrad.check.mistakes.kinds import Slip
from tcgrad.check.mistakes.planting import Seen
from tcgrad.check.mistakes.wrong import Slips
from tcgrad.evaluate import Array
from tcgrad.records import dataclass, replace

View = Callable[[Array], Array]


def whole(found: Array) -> Array:
    return found


def viewed(slips: Slips, view: View) -> Iterator[Slip]:
    """What would be seen after each slip; one that gives another shape is told by the shape."""
    for slip in slips():
        try:
            yield replace(slip, array=view(slip.array))
        except ModuleError:
            continue


@dataclass(frozen=True)
class Comparing:
    """A comparison that can be made of several arrays."""

    expected: Expected
    view: View
    how: str

    def after(self, found: Array) -> Callable[[Array], Seen]:
        """What becomes of the comparison after a mistake in ``found``."""
        before, bound = self.view(found), self.expected.found_error

        def see(wrong: Array) -> Seen:
            try:
                seen = self.view(wrong)
            except ModuleError as error:
                return Seen(Comparison("fail", 0, message=str(error)), agrees=False, hidden=False, how=self.how)
            return Seen(self.expected.judge(seen), within(seen, 1), within(seen, 2), self.how)

        def within(seen: Array, bounds: int) -> bool:
            """Whether it is nowhere further from what it was than so many bounds, as far as those are known."""
            if seen.shape != before.shape:
                return False
            with np.errstate(all="ignore"):
                return bool(np.all((np.abs(seen - before) <= bounds * bound) | np.isnan(bound)))

        return see
