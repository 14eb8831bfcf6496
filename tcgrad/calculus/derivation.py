"""A derivation: everything that was worked out about a program, ready to be printed, emitted or checked."""

from __future__ import annotations

from tcgrad.ir.program import Define, Program, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass, replace
from tcgrad.simplify.assume import Assumptions
from tcgrad.simplify.cost import cost
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.shown.present import Presentation


@dataclass(frozen=True)
class Jacobian:
    """``dOF[...]/dWRT[...]`` in closed form, over inputs, intermediates and outputs.

    assumed: what the formula takes for granted about the inputs, as they are declared.

    define: its tensor has the role JACOBIAN; its free indices are those of ``of``, then those of ``wrt``.
        None where no closed form of reasonable size exists: ``reason`` says why.
    """

    of: Tensor
    wrt: Tensor
    define: Define | None
    reason: str | None = None
    assumed: Assumptions = ()


@dataclass(frozen=True)
class Gradient:
    """``dl/dWRT[...]`` given ``dl/dOUT`` of every output.

    statements: the last one defines it; earlier ones define the gradients of intermediates that it uses.
    assumed: what they take for granted about the inputs, as they are declared.
    through: the same by the gradients of intermediates that other inputs' gradients use as well, where ``statements``
        are shorter for this one alone.
    """

    wrt: Tensor
    statements: tuple[Statement, ...]
    assumed: Assumptions = ()
    through: Gradient | None = None

    @property
    def cost(self) -> int:
        """What the lines cost to read, recurrences aside."""
        return sum(cost(line.body) for line in self.statements if isinstance(line, Define))


@dataclass(frozen=True)
class Hessian:
    """The block ``d2OF/dFIRSTdSECOND`` of a scalar's second derivatives, over inputs, intermediates and outputs.

    wrt: the two inputs; the block of the same two the other way round is the transpose.
    define: its tensor has the role HESSIAN; its free indices are those of the first input, then those of the second.
        None where no closed form of reasonable size exists: ``reason`` says why.
    """

    of: Tensor
    wrt: tuple[Tensor, Tensor]
    define: Define | None
    reason: str | None = None
    assumed: Assumptions = ()


@dataclass(frozen=True)
class Backpropagation:
    """The gradients of a program's inputs, as code is made from them.

    program: as the spec has it.
    worked: the same as it is worked with: idioms by their names, symmetric definitions known to be so.
    backward: the gradients of all intermediates and of every ``wrt`` input, statement by statement in
        reverse order of the program: nothing is taken for granted about inputs.
    known: the definitions of ``worked``, with what was found out about them.
    presentation: how the spec writes sums and differences.
    """

    program: Program
    worked: Program
    backward: tuple[Statement, ...]
    known: Facts
    presentation: Presentation


@dataclass(frozen=True)
class Derivation(Backpropagation):
    """What ``derive`` works out.

    jacobians, gradients: as people read them.
    hessians: the same, if they are asked for: the blocks for every pair of inputs, each pair once.
    """

    jacobians: tuple[Jacobian, ...]
    gradients: tuple[Gradient, ...]
    hessians: tuple[Hessian, ...] = ()

    @property
    def line_by_line(self) -> Derivation:
        """The same with each gradient through those of intermediates, which several may be made from."""
        return replace(self, gradients=tuple(each.through or each for each in self.gradients))
