"""The derived formula for each derivative that a spec expects one for, and what it is unfolded with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from tcgrad.calculus.closed.forms import ClosedForms
from tcgrad.calculus.derive import backpropagate
from tcgrad.calculus.program.dependence import reads
from tcgrad.check.evaluated.paths import Paths, up_to
from tcgrad.errors import TcgradError
from tcgrad.ir.program import Define, Program, Recurrence, Statement, defined_tensors
from tcgrad.ir.tensors import Role, Tensor, gradient_of
from tcgrad.records import cached_property, dataclass, replace
from tcgrad.simplify.folding.fold import Facts


@dataclass(frozen=True)
class Derived:
    """Looks derivatives of a program up, or derives those by intermediates, each once."""

    paths: Paths
    _known: dict[Tensor, tuple[Statement, ...]] = field(default_factory=dict, compare=False)

    def statements(self, tensor: Tensor) -> tuple[Statement, ...]:
        """Those that end in the derived formula of a gradient or a Jacobian; empty if there are none."""
        if tensor not in self._known:
            try:
                found = self._gradient(tensor) if tensor.role is Role.GRADIENT else self._jacobian(*tensor.about)
            except TcgradError:
                found = ()
            self._known[tensor] = found
        return self._known[tensor]

    def printed(self, gradient: Tensor) -> tuple[Statement, ...]:
        """Those that end in a gradient as people read it, an intermediate's on the way to another one; empty if they
        take anything for granted, or nobody reads it.
        """
        among = [each.statements for each in self.paths.derivation.gradients if not each.assumed]
        found = (lines[: n + 1] for lines in among for n, line in enumerate(lines) if gradient in defined_tensors(line))
        return next(found, ())

    def needed(self, define: Define) -> tuple[Statement, ...]:
        """The gradients that an expectation itself reads, but for those of the outputs, which are given."""
        given = {gradient_of(output) for output in self.paths.program.outputs}
        read = [t for t in reads(define) if t.role is Role.GRADIENT and t not in given]
        return tuple(statement for tensor in read for statement in self.statements(tensor))

    def definitions(self, define: Define, statements: Sequence[Statement]) -> tuple[Statement, ...]:
        """What may be unfolded in a proof: the program's equations and the gradients of intermediates."""
        return (*self.paths.derivation.worked.statements, *statements[:-1], *self.needed(define))

    def _jacobian(self, of: Tensor, wrt: Tensor) -> tuple[Statement, ...]:
        """The closed form if there is one."""
        known = (j for j in self.paths.derivation.jacobians if (j.of, j.wrt) == (of, wrt) and not j.assumed)
        found = next(known, None) or ClosedForms(self._after(wrt), self._facts).jacobian(of, wrt)
        return (found.define,) if found.define else self.paths.stepwise(of, wrt)

    def _gradient(self, gradient: Tensor) -> tuple[Statement, ...]:
        (wrt,) = gradient.about
        if wrt in self.paths.program.wrt or any(
            isinstance(s, Recurrence) and wrt in s.tensors for s in self.paths.program.statements
        ):
            return up_to(self.paths.derivation.backward, gradient)  # of a recurrence, later steps count too
        found = up_to(backpropagate(self._after(wrt), (wrt,), self._facts), gradient_of(wrt))
        # of an output, what is given is part of what is worked out, which has a name of its own
        return tuple(replace(s, tensor=gradient) if s is found[-1] and isinstance(s, Define) else s for s in found)

    def _after(self, tensor: Tensor) -> Program:
        """The program as if the tensor were an input: without the statement that defines it."""
        program = self.paths.derivation.worked
        return replace(program, statements=tuple(s for s in program.statements if tensor not in defined_tensors(s)))

    @cached_property
    def _facts(self) -> Facts:
        return Facts(self.paths.derivation.worked.statements)
