"""Syntax trees of the equation language: what was written, with the place of every piece."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Literal

from tcgrad.errors import Span
from tcgrad.ir.nodes import ComparisonOperator
from tcgrad.records import cached_property, dataclass

ReductionKind = Literal["sum", "mean", "prod", "max", "min", "logsumexp"]


@dataclass(frozen=True)
class Number:
    """A decimal literal, kept exact."""

    value: Fraction
    text: str
    span: Span


@dataclass(frozen=True)
class Name:
    """A bare name: a scalar tensor, a constant, a dim, an index or pi; elaboration tells which."""

    name: str
    span: Span


@dataclass(frozen=True)
class Subscript:
    """``name[positions]``: a component. ``1``, ``delta`` and ``levi_civita`` are names here too."""

    name: str
    name_span: Span
    positions: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Gradient:
    """``dl/dNAME[positions]``: the gradient of the downstream scalar by a tensor."""

    wrt: str
    positions: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Jacobian:
    """``dOF[of_positions]/dWRT[wrt_positions]``."""

    of: str
    of_positions: tuple[Expression, ...]
    wrt: str
    wrt_positions: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Sum:
    """``a + b - c``: terms with their signs, +1 or -1 (a leading unary minus is a sign)."""

    terms: tuple[tuple[int, Expression], ...]
    span: Span


@dataclass(frozen=True)
class Product:
    """``a*b/c``: factors from left to right, each with the operator before it; the first has ``*``."""

    factors: tuple[tuple[Literal["*", "/", "//", "%"], Expression], ...]
    span: Span


@dataclass(frozen=True)
class Negative:
    """``-operand`` where it is not the sign of a term, as in ``x^-y`` or ``a*-b``."""

    operand: Expression
    span: Span


@dataclass(frozen=True)
class Power:
    base: Expression
    exponent: Expression
    span: Span


@dataclass(frozen=True)
class Call:
    """``name(arguments)``, ``name'(arguments)`` for derivatives of abstract functions (the primes are part of
    ``name``), and ``inv(A)[positions]``, where ``positions`` is not None.
    """

    name: str
    name_span: Span
    arguments: tuple[Expression, ...]
    positions: tuple[Expression, ...] | None
    span: Span


@dataclass(frozen=True)
class Reduction:
    """``kind[indices](body)``."""

    kind: ReductionKind
    indices: tuple[Name, ...]
    body: Expression
    span: Span


@dataclass(frozen=True)
class Comparison:
    """``a <= b < c``: one operand more than operators. Stands in an `Iverson` or as the first argument of ``where``."""

    operands: tuple[Expression, ...]
    operators: tuple[ComparisonOperator, ...]
    span: Span


@dataclass(frozen=True)
class Iverson:
    """``[comparison]``: 1 where it holds, else 0."""

    condition: Comparison
    span: Span


@dataclass(frozen=True)
class Group:
    """``(body)``: parentheses are kept, for messages point at them."""

    body: Expression
    span: Span


Expression = (
    Number | Name | Subscript | Gradient | Jacobian | Sum | Product | Negative | Power | Call | Reduction | Comparison
    | Iverson | Group
)  # fmt: skip

Target = Name | Subscript | Gradient | Jacobian


@dataclass(frozen=True)
class Equation:
    """``target = body``; the target is a `Name` or a `Subscript`, in an expectation a `Gradient` or a `Jacobian`.

    read: parses the right side; of many equations it is never asked for.
    text: the whole as it is written.
    """

    target: Target
    read: Callable[[], Expression]
    span: Span
    text: str

    @cached_property
    def body(self) -> Expression:
        return self.read()
