"""The expressions of the IR: scalar-valued, with free indices.

Constructors check nothing and simplify nothing. Every sum is explicit. A one-tensor is ``Const(1)``: its range is
known to the binder or to the statement's left side. ``sqrt`` and ``/`` are powers, ``-`` is a product with -1.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Literal

from tcgrad.functions import Function
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.tensors import Tensor
from tcgrad.trees import hashed_once, held, held_alone

ReductionKind = Literal["max", "min", "prod", "logsumexp"]
ComparisonOperator = Literal["==", "!=", "<", "<=", ">", ">="]
OPPOSITES: dict[ComparisonOperator, ComparisonOperator] = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
}

# By which the sides change places.
MIRRORED: dict[ComparisonOperator, ComparisonOperator] = {
    "==": "==",
    "!=": "!=",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}

# Of two numbers, and of two arrays element by element.
HOLDS: dict[ComparisonOperator, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Remembered:
    """What is known of a node once it was asked for; the one function that works a thing out writes it.

    A node that would be kept on itself is marked instead: one that holds itself is garbage that has to be searched for.

    children: the expressions directly inside, in order; index positions hold none.
    is_simplified, is_recognised, is_expanded, is_without_poles: whether the forms are the node itself.
    simplified, expanded, without_poles: the forms of other nodes.
    """

    children: tuple[Expr, ...] = ()
    known_hash: int | None = None
    known_free: tuple[Index, ...] | None = None
    known_within: tuple[Index, ...] | None = None
    known_size: int | None = None
    known_tensors: tuple[Tensor, ...] | None = None
    known_readers: dict[Tensor, list[int]] | None = None
    known_shape: int | None = None
    known_shapes: frozenset[int] | None = None
    known_keys: dict[tuple[tuple[Index, str], ...], str] | None = None
    known_cost: int | None = None
    known_sign: bool | None = None
    known_root: bool | None = None
    known_lone_sum: bool | None = None
    known_content: Fraction | None = None
    known_sorts: frozenset[type | str] | None = None
    is_simplified: bool = False
    is_recognised: bool = False
    is_expanded: bool = False
    is_without_poles: bool = False
    simplified: Expr | None = None
    expanded: Expr | None = None
    without_poles: Expr | None = None


class Leaf(Remembered):
    """A node with no expressions inside; what that tells is known of all of a kind."""

    known_size = 1

    def __init_subclass__(cls) -> None:
        cls.known_sorts = frozenset((cls,))


@hashed_once
class Const(Leaf):  # noqa: PLW1641 - it has the hash of every node
    """An exact rational number.

    It is told by two whole numbers: a fraction's own hash takes a modular inverse, and to be compared with another one
    it asks first whether that is a number.
    """

    value: Fraction
    hashed = operator.attrgetter("value.numerator", "value.denominator")
    known_free = ()
    known_tensors = ()
    is_simplified = True

    def __eq__(self, other: object) -> bool:
        return self is other or (
            type(other) is Const and self.value.as_integer_ratio() == other.value.as_integer_ratio()
        )


@hashed_once
class Component(Leaf):  # noqa: PLW1641 - it has the hash of every node
    """``tensor[indices]``; of a scalar tensor ``indices`` is empty."""

    tensor: Tensor
    indices: tuple[Integer, ...] = ()

    def __eq__(self, other: object) -> bool:
        """Of a tensor of which something else is known it is another expression, of which other things may be made."""
        if self is other:
            return True
        return (
            type(other) is Component
            and self.tensor == other.tensor
            and self.tensor.known == other.tensor.known
            and self.indices == other.indices
        )


@hashed_once
class Delta(Leaf):
    """1 where the two integer expressions are equal, else 0."""

    left: Integer
    right: Integer


@hashed_once
class Iverson(Remembered):
    """1 where ``left operator right`` holds, else 0. A chain is a product of these."""

    operator: ComparisonOperator
    left: Expr
    right: Expr
    children = held("left", "right")

    @property
    def opposite(self) -> Iverson:
        """1 where this is 0."""
        return Iverson(OPPOSITES[self.operator], self.left, self.right)


@hashed_once
class IndexValue(Leaf):
    """The value of an integer expression as a number: a bare index or a bare dim."""

    value: Integer


@hashed_once
class Add(Remembered):
    terms: tuple[Expr, ...]
    children = held("terms")


@hashed_once
class Mul(Remembered):
    factors: tuple[Expr, ...]
    children = held("factors")


@hashed_once
class Pow(Remembered):
    base: Expr
    exponent: Expr
    children = held("base", "exponent")


@hashed_once
class Call(Remembered):
    """An elementwise function of a row of the function table, or an abstract one."""

    function: Function
    arguments: tuple[Expr, ...]
    children = held("arguments")


@hashed_once
class Where(Remembered):
    """``then`` where ``condition`` (Iversons or a product of them) is not 0, else ``otherwise``.

    The branch that is not taken may be undefined: nothing may multiply by the condition instead.
    """

    condition: Expr
    then: Expr
    otherwise: Expr
    children = held("condition", "then", "otherwise")


@hashed_once
class IndexSum(Remembered):
    """The sum over all values of ``indices``, which are bound in ``body``."""

    indices: tuple[Index, ...]
    body: Expr
    children = held_alone("body")


@hashed_once
class IndexReduce(Remembered):
    """max, min, prod or logsumexp over all values of ``indices``, which are bound in ``body``."""

    kind: ReductionKind
    indices: tuple[Index, ...]
    body: Expr
    children = held_alone("body")


Expr = Const | Component | Delta | Iverson | IndexValue | Add | Mul | Pow | Call | Where | IndexSum | IndexReduce

ZERO = Const(Fraction(0))
ONE = Const(Fraction(1))
MINUS_ONE = Const(Fraction(-1))


def const(value: int | Fraction) -> Const:
    """The node of an exact number."""
    return Const(Fraction(value))
