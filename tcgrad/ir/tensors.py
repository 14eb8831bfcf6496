"""Tensors: what a component is a component of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import field
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias

from tcgrad.records import cached_property, dataclass

if TYPE_CHECKING:
    from tcgrad.ir.indices import Index, Integer

Sign: TypeAlias = Literal["==", "!=", ">="]
# For the axes of a tensor comparisons of integers with 0: where one does not hold, the tensor is 0.
Support: TypeAlias = "tuple[tuple[Index, ...], tuple[tuple[Sign, Integer], ...]]"


class Role(Enum):
    """Where a tensor's value comes from."""

    __hash__ = object.__hash__  # that of Enum is slow, and tensors are looked up by their roles all the time

    INPUT = "input"
    DEFINED = "defined"  # the left side of an equation, or of an intrinsic statement
    CONSTANT = "constant"  # a named number of the spec, or pi
    LEVI_CIVITA = "levi_civita"
    GRADIENT = "gradient"  # dl/dNAME of an output (given) or of an intermediate or input (derived)
    TANGENT = "tangent"  # the directional derivative of a tensor
    JACOBIAN = "jacobian"  # dOF/dWRT of an intermediate or output
    HESSIAN = "hessian"  # a block of the second derivatives of a scalar


@dataclass(frozen=True)
class Tensor:
    """A tensor of a program, known by its name (an ASCII rendering such as ``dl/dy`` for derived ones).

    shape: the size of each axis.
    value: the exact value of a CONSTANT that the spec names; None for pi.
    about: for GRADIENT ``(of,)``, for TANGENT ``(of,)``, for JACOBIAN ``(of, wrt)``, for HESSIAN
        ``(of, first, second)``: the tensors it derives. Of a JACOBIAN there follow those that are held fixed, if
        there are any by which ``of`` depends on ``wrt`` as well.
    """

    name: str
    shape: tuple[Integer, ...]
    role: Role
    dtype: str = "real"
    symmetric: bool = field(default=False, compare=False)  # a property of the value; the tensor is the same
    has_gaps: bool = field(default=False, compare=False)  # another: there may be none where an argument is not allowed
    support: Support = field(default=((), ()), compare=False)  # a third: where it may be something else than 0
    zero_outside: bool = False
    value: Fraction | None = None
    about: tuple[Tensor, ...] = ()

    @cached_property
    def known(self) -> tuple[bool, bool, Support]:
        """What is known of the values, by which the tensor is no other one."""
        return self.symmetric, self.has_gaps, self.support

    @property
    def order(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def is_real(self) -> bool:
        return self.dtype == "real"

    def __hash__(self) -> int:
        """By the name alone, and kept: tensors are keys of many dictionaries, and names are all but unique."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Tensor({self.name})"


MINUS_INFINITY = Tensor("-inf", (), Role.CONSTANT)  # the exponent of a term that is left out


def gradient_of(tensor: Tensor) -> Tensor:
    """The tensor ``dl/dNAME``, of the same shape."""
    return Tensor(f"dl/d{tensor.name}", tensor.shape, Role.GRADIENT, about=(tensor,))


def total_gradient_of(output: Tensor, taken: Collection[str]) -> Tensor:
    """The tensor ``dl/dNAME_total`` of an output: the gradient that is given, and what comes back from its readers.

    taken: the names of a program's tensors, none of which it has.
    """
    name = f"{output.name}_total"
    while name in taken:
        name += "_"
    return Tensor(f"dl/d{name}", output.shape, Role.GRADIENT, about=(output,))


def tangent_of(tensor: Tensor, letter: str = "d") -> Tensor:
    """The derivative along the direction given by the inputs' tangents, of the same shape; written ``dNAME``.

    Its name is one that no tensor of a spec can have, as ``dNAME`` can. What is 0 outside of its range stays so.

    letter: what it is written with: ``v`` among the gradients of a program, where ``d`` is taken.
    """
    name, outside, gaps = f"{letter}({tensor.name})", tensor.zero_outside, tensor.has_gaps
    return Tensor(name, tensor.shape, Role.TANGENT, has_gaps=gaps, zero_outside=outside, about=(tensor,))


def jacobian_of(of: Tensor, wrt: Tensor, *, fixed: tuple[Tensor, ...] = ()) -> Tensor:
    """The tensor ``dOF/dWRT``, with the axes of ``of``, then those of ``wrt``; ``fixed`` are held fixed."""
    bar = f"|{','.join(tensor.name for tensor in fixed)}" if fixed else ""
    name, shape = f"d{of.name}/d{wrt.name}{bar}", of.shape + wrt.shape
    return Tensor(name, shape, Role.JACOBIAN, has_gaps=of.has_gaps, about=(of, wrt, *fixed))


def hessian_of(of: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """The tensor ``d2OF/dFIRSTdSECOND`` of a scalar ``of``, with the axes of ``first``, then those of ``second``."""
    name = f"d2{of.name}/d{first.name}d{second.name}"
    return Tensor(name, first.shape + second.shape, Role.HESSIAN, about=(of, first, second))
