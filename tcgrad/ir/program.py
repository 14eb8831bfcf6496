"""A program: what a spec means, as a list of statements over the IR."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from tcgrad.errors import Diagnostic, Span
from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import Expr
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import walk
from tcgrad.records import dataclass, replace
from tcgrad.spec.model import Sample, Spec
from tcgrad.trees import hashed_once


class Remembered:
    """What is known of a statement once it was asked for."""

    known_hash: int | None = None


@hashed_once
class Define(Remembered):
    """``tensor[free] = body``: every free index of the body is one of ``free``."""

    tensor: Tensor
    free: tuple[Index, ...]
    body: Expr
    span: Span | None = None


@hashed_once
class Intrinsic(Remembered):
    """``tensor = inv/det/logdet(operand)`` over the last two axes; leading axes are batch axes.

    No spec has ``adj``, the transposed cofactors ``det(A) inv(A)``, which singular matrices have as well, nor
    ``minors``: of ``A = U diag(s) V^T`` the matrices ``U^T`` and ``V^T`` and that of ``det(U V^T)`` times all of ``s``
    but two, 0 on its diagonal; an axis in front of the matrix's tells the three from each other.

    cofactors: the derivative of a determinant is made of them.
    """

    tensor: Tensor
    kind: Literal["inv", "det", "logdet", "adj", "minors"]
    operand: Tensor
    span: Span | None = None
    cofactors: bool = False

    @property
    def is_matrix(self) -> bool:
        """Whether the tensor has the axes of the matrix."""
        return self.kind in ("inv", "adj")


@dataclass(frozen=True)
class Case:
    """One equation of a recurrence: the recurrence axis has ``position`` (an index, or a size in a base case)."""

    free: tuple[Index, ...]  # the free indices, without the recurrence axis in a base case
    position: int | Integer | Index
    body: Expr

    @property
    def at(self) -> Integer:
        """The position as an integer expression."""
        match self.position:
            case Index():
                return self.position.expr
            case Integer():
                return self.position
            case int():
                return Integer.of(self.position)


@hashed_once
class Recurrence(Remembered):
    """Tensors defined together over one index, each from values at earlier positions of ``axis``.

    Base cases at negative positions are not part of the tensor. The steps run over all positions that have no
    base case: upwards, or downwards from the last where ``downward`` says so (the adjoint of one that runs upwards).
    Where ``written_out`` says so there are none: each position has a base case, which holds at this length alone.
    """

    tensors: tuple[Tensor, ...]
    axes: tuple[int, ...]  # for each tensor the axis that is stepped along
    bases: tuple[tuple[Case, ...], ...]
    steps: tuple[Case, ...]
    span: Span | None = None
    downward: bool = False
    written_out: bool = False

    def equations(self) -> Iterator[tuple[Tensor, tuple[Integer, ...], Expr]]:
        """The base cases and, unless it is written out, the step of each tensor: what is defined, at which positions,
        and by what.
        """
        for number, tensor in enumerate(self.tensors):
            step = () if self.written_out else (self.steps[number],)
            for case in (*self.bases[number], *step):
                yield tensor, _left_positions(case, self.axes[number], tensor.order), case.body

    def map_bodies(self, changed: Callable[[Case], Expr]) -> Recurrence:
        """The same recurrence with another right side in every equation."""

        def mapped(case: Case) -> Case:
            return replace(case, body=changed(case))

        bases = tuple(tuple(map(mapped, cases)) for cases in self.bases)
        return replace(self, bases=bases, steps=tuple(map(mapped, self.steps)))


def _left_positions(case: Case, axis: int, order: int) -> tuple[Integer, ...]:
    """A literal or the step's index on the recurrence axis, ``free`` on the others."""
    positions = tuple(index.expr for index in case.free)
    if len(positions) == order:
        return positions
    return (*positions[:axis], case.at, *positions[axis:])


Statement = Define | Intrinsic | Recurrence


def bodies(statement: Statement) -> tuple[Expr, ...]:
    """The expressions of a statement; an intrinsic has none."""
    match statement:
        case Define():
            return (statement.body,)
        case Intrinsic():
            return ()
        case Recurrence():
            cases: list[Case] = [*statement.steps, *(case for cases in statement.bases for case in cases)]
            return tuple(case.body for case in cases)


def nodes_in(*statements: Statement) -> Iterator[Expr]:
    """Every node of the expressions of statements."""
    return (node for statement in statements for body in bodies(statement) for node in walk(body))


def defined_tensors(statement: Statement) -> tuple[Tensor, ...]:
    """The tensors that a statement gives values to."""
    return statement.tensors if isinstance(statement, Recurrence) else (statement.tensor,)


@dataclass(frozen=True)
class Input:
    """An input tensor and how samples of it are drawn."""

    tensor: Tensor
    sample: Sample


@dataclass(frozen=True)
class Fit:
    """What is at least 0, for all values of its indices, wherever the equations can be read.

    name: the tensor that has all that is read along ``axis`` then, of this length; without an axis it is the index
        that has a range then, and the length is that of the range.
    """

    bound: Integer
    name: str
    length: Integer
    axis: int | None = None


@dataclass(frozen=True)
class Program:
    """A spec elaborated: sums explicit, ranges inferred, names resolved.

    expectations are the `expect` entries, elaborated: each is a `Define` whose tensor has the role GRADIENT or
    JACOBIAN (its name the ASCII name, its free indices those of the left side in order).
    named_sizes: the dims that are expressions of the others, or that the equations make equal to them.
    ranges: the indices whose ranges are declared, with these.
    fits: what the sizes must be for the equations to be readable.
    chosen: sizes that are at least 0 where the indices run over the ranges that they have here, and not over others.
    """

    spec: Spec
    dims: tuple[Dim, ...]
    constants: tuple[Tensor, ...]
    inputs: tuple[Input, ...]
    statements: tuple[Statement, ...]
    outputs: tuple[Tensor, ...]
    wrt: tuple[Tensor, ...]
    expectations: tuple[Define, ...]
    warnings: tuple[Diagnostic, ...] = ()
    named_sizes: tuple[tuple[str, Integer], ...] = ()
    ranges: tuple[tuple[str, Integer], ...] = ()
    fits: tuple[Fit, ...] = ()
    chosen: tuple[Integer, ...] = ()

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def defined(self) -> tuple[Tensor, ...]:
        """The tensors that the statements give values to, in order."""
        return tuple(tensor for statement in self.statements for tensor in defined_tensors(statement))

    @property
    def real_inputs(self) -> tuple[Tensor, ...]:
        """Those that can be differentiated by."""
        return tuple(item.tensor for item in self.inputs if item.tensor.is_real)

    @property
    def lone_scalar(self) -> Tensor | None:
        """The only output, if that is a scalar: its Jacobian is the gradient up to what is given."""
        match self.outputs:
            case (output,) if not output.order:
                return output
            case _:
                return None

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The inputs, then what the statements define."""
        return (*(item.tensor for item in self.inputs), *self.defined)
