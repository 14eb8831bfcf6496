"""What a user's own functions return at one sample, each called no more often than it has to be."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from tcgrad.check.evaluated.emitted import ModuleError
from tcgrad.check.evaluated.formulas import upstream_arrays
from tcgrad.check.judging.tally import Tally
from tcgrad.check.sampling.samples import Sample
from tcgrad.check.user.against import UserCode
from tcgrad.check.user.otherwise import Otherwise
from tcgrad.evaluate import Array
from tcgrad.records import cached_property, dataclass


@dataclass
class UserSide:
    """The functions, at a sample.

    coarse: by how much their rounding may be coarser than that of the inputs' type.
    """

    code: UserCode
    sample: Sample
    coarse: float

    @cached_property
    def gradients(self) -> dict[str, Array]:
        """What the backward returns for random gradients of all outputs, by their inputs."""
        return self.code.gradients(self.sample, upstream_arrays(self.sample))

    @cached_property
    def outputs(self) -> dict[str, Array]:
        """What the forward returns, by their names."""
        return self.code.outputs(self.sample)

    @property
    def is_finite(self) -> bool:
        """Whether all is finite that is returned; False where nothing is."""
        with suppress(ModuleError):
            found = [*(self.gradients if "against" in self.code.kinds else {}).values()]
            found += (self.outputs if "against_forward" in self.code.kinds else {}).values()
            return all(np.isfinite(array).all() for array in found)
        return False

    def unlike(self, tally: Tally) -> Otherwise | None:
        """What is wrong with what is right in a row, where arguments are otherwise."""
        return self._unlike_gradients.get(tally.wrt) if tally.wrt else self._unlike_outputs.get(tally.of)

    @cached_property
    def _unlike_gradients(self) -> dict[str, Otherwise]:
        return self.code.unlike_gradients(self.sample, upstream_arrays(self.sample), self.gradients, self.coarse)

    @cached_property
    def _unlike_outputs(self) -> dict[str, Otherwise]:
        return self.code.unlike_outputs(self.sample, self.outputs, self.coarse)

    def at_first(self, tally: Tally) -> Array | None:
        """What is returned for a row where the function is called for the first time, if that can be seen."""
        return self._at_first.get(tally.kind, {}).get(tally.wrt or tally.of)

    @cached_property
    def _at_first(self) -> dict[str, dict[str, Array]]:
        """The same by the kind of result."""
        gradients = self.code.gradients_at_first(self.sample, upstream_arrays(self.sample))
        return {"against": gradients or {}, "against_forward": self.code.outputs_at_first(self.sample) or {}}
