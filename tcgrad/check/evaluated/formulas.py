"""The derived formulas, plainly evaluated at a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from tcgrad.calculus import gradient_of
from tcgrad.check.forward import Forward, evaluate_forward
from tcgrad.check.sampling.samples import Sample
from tcgrad.evaluate import Array, Context
from tcgrad.evaluate.arrays.labelled import batch_of
from tcgrad.evaluate.statements import run
from tcgrad.ir.indices import Index
from tcgrad.ir.program import Define, Intrinsic, Program, Statement, defined_tensors
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import tensors_read
from tcgrad.records import cached_property, dataclass, replace
from tcgrad.simplify.powers_of_zero import PowersOfZero

Positions = Mapping[Index, NDArray[np.int64]]


@dataclass
class Workplace:
    """A context in which formulas are worked out, one after the other; what is there already is not done again."""

    context: Context
    written: Written
    _done: dict[str, Statement] = field(default_factory=dict)

    def value(self, statements: Sequence[Statement], of: Tensor, positions: Positions | None = None) -> Array:
        """The value of a tensor that the last statement defines, at ``positions`` only if they are given."""
        if positions:
            return self.aside(statements[-1], of, statements[:-1], positions)
        for statement in statements:
            self._run(statement)
        return self.context.arrays[of.name]

    def aside(
        self, statement: Statement, of: Tensor, before: Sequence[Statement], positions: Positions | None = None
    ) -> Array:
        """The value of a tensor that a statement defines after those ``before``, which nothing else reads."""
        for each in before:
            self._run(each)
        self._add_inverses(statement)
        inner = replace(self.context, arrays=dict(self.context.arrays), positions=positions or {})
        run(self._finite(statement), inner)
        return inner.arrays[of.name]

    def _run(self, statement: Statement) -> None:
        names = [tensor.name for tensor in defined_tensors(statement)]
        if any(self._done.get(name) is not statement for name in names):
            self._add_inverses(statement)
            run(self._finite(statement), self.context)
            self._done.update(dict.fromkeys(names, statement))

    def _finite(self, statement: Statement) -> Statement:
        return self.written.powers.define(statement) if isinstance(statement, Define) else statement

    def _add_inverses(self, statement: Statement) -> None:
        """Formulas may read inverses that no equation defines."""
        for tensor in tensors_read(statement.body) if isinstance(statement, Define) else ():
            if tensor.name in self.written.inverses and tensor.name not in self.context.arrays:
                run(Intrinsic(tensor, "inv", self.written.inverses[tensor.name]), self.context)


@dataclass(frozen=True)
class Written:
    """The equations of a program, and what formulas say of them besides."""

    program: Program

    @cached_property
    def inverses(self) -> dict[str, Tensor]:
        """What would be called the inverse of each tensor."""
        tensors = [item.tensor for item in self.program.inputs]
        tensors += [tensor for statement in self.program.statements for tensor in defined_tensors(statement)]
        return {f"inv({tensor.name})": tensor for tensor in tensors}

    @cached_property
    def powers(self) -> PowersOfZero:
        return PowersOfZero(self.program.statements)


@dataclass(frozen=True)
class Equations(Written):
    """The equations at a sample.

    program: the spec's at its own sizes, whatever those of the sample are.
    """

    sample: Sample

    @cached_property
    def narrow(self) -> Forward:
        """Their values in the type that is checked; those of the reference, if that is the type at these sizes."""
        sample = self.sample
        if sample.dtype == sample.forward.context.dtype and self.program is sample.program:
            return sample.forward
        inputs = {item.tensor.name: sample.narrow(sample.value(item.tensor.name)) for item in sample.program.inputs}
        statements = self.program.statements
        return evaluate_forward(statements, inputs, sample.dtype, sizes=sample.sizes, functions=sample.functions)


@dataclass(frozen=True)
class Formulas:
    """Formulas over the values of a sample, in the type that is checked, and bounds on their errors.

    What is asked for is a tensor that the last of some statements defines, the only one unless it is named.

    given: arrays besides the forward values, such as upstream gradients.
    count: if it is not 0: the arrays ``given`` have a first axis, of so many directions, and every value has.
    """

    equations: Equations
    given: Mapping[str, Array]
    count: int = 0

    @property
    def sample(self) -> Sample:
        return self.equations.sample

    def value(
        self, statements: Sequence[Statement], of: Tensor | None = None, positions: Positions | None = None
    ) -> Array:
        wanted = of or _only(statements)
        return self._everywhere(self._narrow.value(statements, wanted, positions), wanted)

    def exact(self, statements: Sequence[Statement]) -> Array:
        """The value in the reference's type."""
        return self._exact.value(statements, _only(statements))

    def exact_aside(self, statement: Statement, before: Sequence[Statement]) -> Array:
        """The same for a statement after others that no formula reads."""
        return self._exact.aside(statement, _only([statement]), before)

    def instead(self, arrays: Mapping[str, Array]) -> Formulas:
        """The same formulas with other arrays instead of some that they read."""
        return replace(self, given={**self.given, **arrays})

    def bound(
        self, statements: Sequence[Statement], of: Tensor | None = None, positions: Positions | None = None
    ) -> Array:
        """How far rounding in the type that is checked may move the value."""
        return self.sample.rounding.bound(*self.shaken(statements, of, positions))

    def shaken(
        self, statements: Sequence[Statement], of: Tensor | None = None, positions: Positions | None = None
    ) -> tuple[Array, Array]:
        """The value under random rounding, with an axis of draws in front where that moves it; and the exact one."""
        wanted = of or _only(statements)
        moved = self._moved.value(statements, wanted, positions)
        each = (self.count,) if self.count else ()
        if moved.ndim == wanted.order:
            still = np.broadcast_to(moved, (*each, *moved.shape))
            return still, still
        moved = moved.reshape(self._draws, *each, *moved.shape[1:])
        return moved, moved[0]

    def _everywhere(self, array: Array, of: Tensor) -> Array:
        """A tensor's array with the axis of directions, if there are any."""
        if not self.count or array.ndim > of.order:
            return array
        return np.broadcast_to(array, (self.count, *array.shape))

    @property
    def _draws(self) -> int:
        return self.sample.rounding.noise.batch.size.value

    @cached_property
    def _narrow(self) -> Workplace:
        narrow = self.equations.narrow.context
        given = {name: self.sample.narrow(array) for name, array in self.given.items()}
        context = replace(narrow, arrays={**narrow.arrays, **given}, batch=self._batch)
        return Workplace(context, self.equations)

    @cached_property
    def _moved(self) -> Workplace:
        noise, arrays = self.sample.rounding.noise, {**self.sample.moved, **self.given}
        if self.count:
            # A step of the first axis is one draw and, within it, one direction.
            batch = batch_of(self._draws * self.count)
            noise = replace(noise, batch=batch, still=noise.still * self.count)
            arrays = {name: self._repeated(name, array) for name, array in self.sample.moved.items()}
            arrays |= {name: np.concatenate([array] * self._draws) for name, array in self.given.items()}
        arithmetic = self.sample.rounding.dtype
        arrays |= {name: arrays[name].astype(arithmetic) for name in self.given}
        context = replace(self._context, arrays=arrays, dtype=arithmetic, batch=noise.batch, noise=noise)
        return Workplace(context, self.equations)

    @cached_property
    def _exact(self) -> Workplace:
        context = self._context
        arrays = {**context.arrays, **self.given}
        inner = replace(context, arrays=arrays, batch=self._batch)
        return Workplace(inner, self.equations)

    @property
    def _context(self) -> Context:
        """The reference's, in which formulas made at other sizes can be worked out."""
        return replace(self.sample.forward.context, sizes=self.sample.sizes)

    def _repeated(self, name: str, moved: Array) -> Array:
        """An array with the draws of its first axis, if it has one, repeated for each direction."""
        has_draws = moved.ndim > self.sample.value(name).ndim
        return np.repeat(moved, self.count, axis=0) if has_draws else moved

    @cached_property
    def _batch(self) -> Index | None:
        return batch_of(self.count) if self.count else None


def _only(statements: Sequence[Statement]) -> Tensor:
    (tensor,) = defined_tensors(statements[-1])
    return tensor


def upstream_arrays(sample: Sample, only: str | None = None) -> dict[str, Array]:
    """The gradients of the outputs by the names that formulas call them; 0 for all but ``only``, if that is given."""
    arrays = {}
    for output in sample.program.outputs:
        given = sample.upstream[output.name]
        arrays[gradient_of(output).name] = given if only in (None, output.name) else given * 0
    return arrays
