"""The rules that the lines of a derivation are justified by, each under the name that textbooks have for it."""

from __future__ import annotations

from collections.abc import Iterable

from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.tensors import Role, Tensor, gradient_of
from tcgrad.records import dataclass
from tcgrad.simplify.assume import Assumption


@dataclass(frozen=True)
class Equality:
    """Two expressions that a rule says to be equal, over indices that are free in them."""

    left: Expr
    right: Expr


@dataclass(frozen=True)
class Rule:
    """Why a line is equal to the one before it: words, with ``{}`` for each thing that they are about."""

    words: str
    about: tuple[Tensor | Component | Equality, ...] = ()


SUM = Rule("sum rule")
CONSTANT_FACTOR = Rule("constant factor rule")
PRODUCT = Rule("product rule")
QUOTIENT = Rule("quotient rule")
POWER = Rule("power rule")
EXPONENTIAL = Rule("derivative of a power by its exponent")
CHAIN = Rule("chain rule")
BRANCHES = Rule("derivative of each branch")
REDUCTIONS = {
    "max": Rule("derivative of max: ties share equally"),
    "min": Rule("derivative of min: ties share equally"),
    "prod": Rule("product rule"),
    "logsumexp": Rule("derivative of logsumexp"),
}
INTRINSICS = {
    "inv": Rule("derivative of the inverse"),
    "det": Rule("derivative of the determinant"),
    "logdet": Rule("derivative of the log-determinant"),
}
FLAT = Rule("constant but for jumps")
UPSTREAM = Rule("chain rule with the upstream gradient")
CONTRACT = Rule("contract {}", (Tensor("delta", (), Role.CONSTANT),))
PAIR_SYMBOLS = Rule("write two permutation symbols as deltas")
COLLECT = Rule("collect like terms")
CLEAR = Rule("clear the fraction below the bar")
INVERT = Rule("inverse of a product")
CANCEL = Rule("cancel a matrix with its inverse")
CANCEL_FACTORS = Rule("cancel common factors")
TAKE_OUT = Rule("take out the common factor")
ADD_EXPONENTS = Rule("add exponents")
UNDO_LOGARITHM = Rule("exponential of a logarithm")
BRACKETS = Rule("write choices as brackets")
MASKED = Rule("what a mask multiplies counts where it is 1")
SIMPLIFY = Rule("simplify")
RESTRICT = Rule("elsewhere the upstream gradient is 0")
REINDEX = Rule("change the index of summation")


def definition(*tensors: Tensor, fixed: tuple[Tensor, ...] = (), base: bool = False) -> Rule:
    """An equation of the spec, read from left to right or from right to left.

    fixed: what is not moved in it.
    base: the base case of a recurrence is put in.
    """
    words = f"definition of {_listed(len(tensors))}" + (", base case put in" if base else "")
    return Rule(f"{words}, {_listed(len(fixed))} held fixed", (*tensors, *fixed)) if fixed else Rule(words, tensors)


def unread(component: Component) -> Rule:
    """Why the chain rule through a recurrence has no terms at a position."""
    return Rule("no later step reads {}", (component,))


def independent(of: Tensor, wrt: Tensor) -> Rule:
    """Why a derivative is 0."""
    return Rule("{} does not depend on {}", (of, wrt))


def by_gradient(of: Tensor) -> Rule:
    """How a scalar's derivative is read off the gradient."""
    return Rule("the gradient, for {} = 1", (gradient_of(of),))


def unreached(wrt: Tensor) -> Rule:
    """Why a gradient is 0."""
    return Rule("the derivatives of all outputs by {} are 0", (wrt,))


def assumed(assumptions: Iterable[Assumption]) -> tuple[Rule, ...]:
    """What the declarations of inputs say."""
    return tuple(Rule(_ASSUMED[each.kind], (each.tensor,)) for each in assumptions)


_ASSUMED = {
    "unit sums": "{} sums to 1",
    "one hot": "{} is one-hot",
    "positive": "{} is positive",
    "not negative": "{} is not negative",
    "symmetric": "{} is symmetric",
}


def symmetric(tensor: Tensor) -> Rule:
    """Why it does not matter which of its last two indices comes first."""
    return Rule(_ASSUMED["symmetric"], (tensor,))


def insert(*tensors: Tensor) -> Rule:
    """Derivatives that were worked out before."""
    return Rule(f"insert {_listed(len(tensors))}", tensors)


def _listed(count: int) -> str:
    """``{}, {} and {}``"""
    return " and ".join(part for part in (", ".join(["{}"] * (count - 1)), "{}") if part)
