"""What a derivation tells of its way to a formula, to whoever listens; usually no one does."""

from __future__ import annotations

from collections.abc import Callable

from tcgrad.calculus.rules.differentiate import Seed
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.program import Define, Intrinsic, Recurrence
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Differentiated:
    """``dT[free]/dWRT[at]`` of a statement's tensor, all ways taken together.

    seed: the derivatives of what the statement reads.
    raw: the derivative of its right side as the rules make it, ``body`` the same simplified.
    """

    statement: Define | Intrinsic
    wrt: Tensor
    free: tuple[Index, ...]
    at: tuple[Index, ...]
    seed: Seed
    raw: Expr
    body: Expr


@dataclass(frozen=True)
class Contributed:
    """A statement's part in the adjoint of a tensor that it reads, at indices ``at``: ``sum_free upstream * beside``.

    raw: the derivative of the statement's right side by the tensor, all else held fixed.
    beside: the same where ``upstream`` may be something else than 0, if it need not exist elsewhere.
    """

    statement: Define | Intrinsic
    wrt: Tensor
    free: tuple[Index, ...]
    at: tuple[Index, ...]
    seed: Seed
    upstream: Expr
    raw: Expr
    beside: Expr


@dataclass(frozen=True)
class Collected:
    """All parts of a tensor's adjoint added up in ``define``; ``given`` is what an output has from downstream."""

    tensor: Tensor
    given: Expr | None
    define: Define


@dataclass(frozen=True)
class Inserted:
    """The adjoint that ``line`` defines put into ``user``: ``raw`` as it comes, ``define`` simplified."""

    user: Define
    line: Define
    raw: Expr
    define: Define


@dataclass(frozen=True)
class Stepped:
    """``of = body``, an equation of a recurrence, differentiated by a component ``by``, all else held fixed.

    result: the derivative in the form that it is used in; None: in whichever.
    """

    statement: Recurrence
    of: Component
    by: Component
    body: Expr
    seed: Seed
    result: Expr | None = None


@dataclass(frozen=True)
class Unrolled:
    """A recurrence's part in the adjoint of a tensor, at indices ``at``, through the equations of one of its tensors.

    upstream: the adjoint of ``of``, over ``free`` of which the sum is taken; ``parts`` add up to that sum.
    """

    statement: Recurrence
    wrt: Tensor
    of: Component
    free: tuple[Index, ...]
    at: tuple[Index, ...]
    upstream: Expr
    parts: tuple[Expr, ...]


@dataclass(frozen=True)
class Reading:
    """A component that the recurrence computes from another one, its adjoint, and the indices to be summed over."""

    of: Component
    upstream: Component
    lag: int
    summed: tuple[Index, ...]


@dataclass(frozen=True)
class Returned:
    """``adjoint = body``, an equation of the adjoint recurrence: that of ``component``, from what reads it."""

    statement: Recurrence
    adjoint: Component
    component: Component
    free: tuple[Index, ...]
    readings: tuple[Reading, ...]
    body: Expr


Event = Differentiated | Contributed | Collected | Inserted | Stepped | Unrolled | Returned
Listener = Callable[[Event], None]


def unheard(event: Event) -> None:
    """The listener that there usually is."""
    del event
