"""What is to be known of a program's equations: asked for again and again, and worked out once."""

from __future__ import annotations

from dataclasses import field

from tcgrad.calculus.program.dependence import depending_on
from tcgrad.check.program.allowed import (
    abstract_functions,
    has_comparisons,
    has_extremes,
    has_ties,
    why_not_complex,
    why_not_exact,
    without_a_kink,
)
from tcgrad.check.program.cost import Cost, forward_cost
from tcgrad.check.program.degrees import degree, only_decides
from tcgrad.check.program.domains import Demands, find_demands
from tcgrad.functions import Function
from tcgrad.ir.program import Program
from tcgrad.ir.tensors import Tensor
from tcgrad.records import cached_property, dataclass


@dataclass(frozen=True)
class Traits:
    """Of a program at one size."""

    program: Program
    _degrees: dict[tuple[str, ...], float] = field(default_factory=dict, compare=False)
    _deciding: dict[str, bool] = field(default_factory=dict, compare=False)

    @cached_property
    def cost(self) -> Cost:
        return forward_cost(self.program)

    @cached_property
    def demands(self) -> Demands:
        return find_demands(self.program)

    @cached_property
    def abstract(self) -> tuple[Function, ...]:
        """The abstract functions that are called."""
        return abstract_functions(self.program)

    @cached_property
    def has_ties(self) -> bool:
        """Whether there are kinks at which the language says what the derivative is."""
        return has_ties(self.program)

    @cached_property
    def without_a_kink(self) -> frozenset[int]:
        """The numbers of the statements whose decisions leave no kink."""
        return without_a_kink(self.program)

    @cached_property
    def has_extremes(self) -> bool:
        """Whether there are largest or smallest elements, of which several may be equal."""
        return has_extremes(self.program)

    @cached_property
    def has_comparisons(self) -> bool:
        """Whether there are comparisons of numbers that may be equal at some inputs."""
        return has_comparisons(self.program)

    @cached_property
    def why_not_complex(self) -> str:
        return why_not_complex(self.program)

    @cached_property
    def why_not_complex_on_a_branch(self) -> str:
        """Why there is no complex step even where no branch ends nearby."""
        return why_not_complex(self.program, kinks=True)

    @cached_property
    def why_not_complex_in_double(self) -> str:
        """The same in double precision."""
        return why_not_complex(self.program, kinks=True, special=True)

    @cached_property
    def why_not_exact(self) -> str:
        return why_not_exact(self.program)

    @cached_property
    def unreached(self) -> tuple[tuple[Tensor, Tensor], ...]:
        """The outputs that do not depend on an input that is differentiated, each with that input."""
        reached = {wrt: depending_on(self.program, [wrt]) for wrt in self.program.wrt}
        return tuple((of, wrt) for wrt in self.program.wrt for of in self.program.outputs if of not in reached[wrt])

    def degree(self, *wrt: str) -> float:
        """The largest degree of an output in the elements of all ``wrt`` together."""
        if wrt not in self._degrees:
            self._degrees[wrt] = degree(self.program, *wrt)
        return self._degrees[wrt]

    def only_decides(self, wrt: str) -> bool:
        """Whether outputs move with an input by jumps alone."""
        if wrt not in self._deciding:
            self._deciding[wrt] = only_decides(self.program, wrt)
        return self._deciding[wrt]


def traits_of(program: Program) -> Traits:
    """Those of a program, which are kept with it: it may be checked again, in another type or from another seed."""
    known: Traits | None = vars(program).get("traits")
    if known is None:
        known = vars(program)["traits"] = Traits(program)
    return known
