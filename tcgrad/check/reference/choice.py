"""Which reference is taken: what the equations allow, as far as a method leaves a choice."""

from __future__ import annotations

from tcgrad.check.program.traits import Traits
from tcgrad.records import dataclass

# Multiplications that are done in exact arithmetic without being asked for.
_LARGEST_EXACT = 2**8

# Up to this degree differences are exact.
LARGEST_DEGREE = 4


@dataclass(frozen=True)
class Choice:
    """For equations with some traits; ``method`` is the one that is asked for, or ``auto`` or ``directional``."""

    traits: Traits
    method: str

    @property
    def is_free(self) -> bool:
        return self.method in ("auto", "directional")

    @property
    def refusal(self) -> str:
        """Why the method that is asked for is not to be had; empty if it is."""
        if self.method == "exact":
            return self.traits.why_not_exact
        return self.traits.why_not_complex if self.method == "complex" else ""

    def is_exact(self, number: int) -> bool:
        """Whether exact arithmetic is taken for so many directions."""
        if not self.is_free:
            return self.method == "exact"
        return number * self.traits.cost.operations <= _LARGEST_EXACT and not self.traits.why_not_exact

    def is_complex(self, *wrt: str) -> bool:
        """Whether complex steps are taken for derivatives by all of ``wrt``."""
        return self._is_complex(self.traits.why_not_complex, wrt)

    def is_complex_twice(self, *wrt: str) -> bool:
        """Whether second derivatives are differences of complex steps, between which no branch changes."""
        return self._is_complex(self.traits.why_not_complex_on_a_branch, wrt)

    def _is_complex(self, why_not: str, wrt: tuple[str, ...]) -> bool:
        if not self.is_free:
            return self.method == "complex"
        return self.traits.degree(*wrt) > LARGEST_DEGREE and not why_not
