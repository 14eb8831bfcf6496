"""Layout trees: an expression as it will stand on paper, before names and characters are chosen.

Signs, quotients, roots, one-tensors and the places of sums are settled here; parentheses are not.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal as OneOf

from tcgrad.functions import Function
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ComparisonOperator, ReductionKind
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Number:
    """A number that is not negative, and whole or a finite decimal."""

    value: Fraction


@dataclass(frozen=True)
class Read:
    """A component of a tensor."""

    tensor: Tensor
    positions: tuple[Integer, ...]


@dataclass(frozen=True)
class Ones:
    """The one-tensor over some indices."""

    indices: tuple[Index, ...]


@dataclass(frozen=True)
class Kronecker:
    left: Integer
    right: Integer


@dataclass(frozen=True)
class Whole:
    """An index, a dim or an expression of them, as a number."""

    value: Integer


@dataclass(frozen=True)
class Total:
    """Terms with their signs, +1 or -1; one negative term alone is a negation."""

    terms: tuple[tuple[int, Shown], ...]


@dataclass(frozen=True)
class Product:
    """``numerator / denominator``: factors in order; an empty denominator stands for none."""

    numerator: tuple[Shown, ...]
    denominator: tuple[Shown, ...]


@dataclass(frozen=True)
class Power:
    base: Shown
    exponent: Shown


@dataclass(frozen=True)
class Root:
    body: Shown


@dataclass(frozen=True)
class Apply:
    function: Function
    arguments: tuple[Shown, ...]


@dataclass(frozen=True)
class Reduce:
    """A reduction that names its indices.

    limited: those of them whose ranges are told beside.
    """

    kind: OneOf["sum"] | ReductionKind
    indices: tuple[Index, ...]
    body: Shown
    limited: tuple[Index, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """``a <= b < c``, one operand more than operators; inside brackets or as a condition."""

    operands: tuple[Shown, ...]
    operators: tuple[ComparisonOperator, ...]


@dataclass(frozen=True)
class Bracket:
    """The Iverson bracket of a comparison."""

    condition: Comparison


@dataclass(frozen=True)
class Choice:
    """``then`` where the condition holds, else ``otherwise``."""

    condition: Comparison
    then: Shown
    otherwise: Shown


@dataclass(frozen=True)
class Differential:
    """The derivative operator by a component, applied to a body and not worked out."""

    body: Shown
    by: Read


Shown = (
    Number | Read | Ones | Kronecker | Whole | Total | Product | Power | Root | Apply | Reduce | Bracket | Choice
    | Differential
)  # fmt: skip
