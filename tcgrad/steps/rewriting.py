"""What a change of form is called: told by what the lines before it and behind it have and lack."""

from __future__ import annotations

from collections import Counter

from tcgrad.ir.nodes import MINUS_ONE, Add, Call, Component, Const, Delta, Expr, IndexSum, Iverson, Mul, Pow, Where
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import children, sorts_in, tensors_read, walk
from tcgrad.operators import INTRINSICS
from tcgrad.prove.denominators import vanishes
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.canonical import key
from tcgrad.simplify.cost import cost
from tcgrad.simplify.expand import TooLargeError
from tcgrad.simplify.inverses import is_inverse, operand_name
from tcgrad.simplify.powers import is_division
from tcgrad.simplify.rules.permutations import is_symbol
from tcgrad.steps.rules import (
    ADD_EXPONENTS,
    BRACKETS,
    CANCEL,
    CLEAR,
    COLLECT,
    INVERT,
    MASKED,
    PAIR_SYMBOLS,
    REINDEX,
    SIMPLIFY,
    TAKE_OUT,
    UNDO_LOGARITHM,
    Rule,
    definition,
    insert,
)

_NAMED = frozenset({Role.DEFINED, Role.GRADIENT})


def by_definitions(before: Expr, after: Expr) -> Rule | None:
    """The definitions of what stands there no more, where algebra alone does not tell why; else None."""
    old, new = _components(before), _components(after)
    gone = [tensor for tensor in _defined(before) if new[tensor] < old[tensor]]
    if not gone or newly_named(before, after) or _has_cancelled(before, after) or _is_algebra(before, after):
        return None
    return definition(*gone)


def _defined(expr: Expr) -> list[Tensor]:
    """What an expression reads that has an equation: no inverses and determinants."""
    read = [tensor for tensor in tensors_read(expr) if tensor.role is Role.DEFINED]
    return [tensor for tensor in read if all(operand_name(kind, tensor) is None for kind in INTRINSICS)]


def _is_algebra(before: Expr, after: Expr) -> bool:
    """Whether two lines are equal whatever the definitions are, or too long to tell."""
    try:
        return vanishes(Add((before, Mul((MINUS_ONE, after)))))
    except TooLargeError:
        return True


def recognised(before: Expr, after: Expr) -> Rule:
    """What stands for its definition in a line that it did not stand in before; else what was written out."""
    old = _defined(before)
    if not old or newly_named(before, after) or _components(before) == _components(after):
        return rewritten(before, after)
    return rewritten(before, after) if _is_algebra(before, after) else definition(*old)


def rewritten(before: Expr, after: Expr) -> Rule:
    """What a change of form is called: by what is named or inverted, by fewer terms, choices or factors, or by
    indices.
    """
    named = newly_named(before, after)
    if named and all(map(is_inverse, named)):
        return INVERT
    if _has_cancelled(before, after):
        return CANCEL
    if named:
        return definition(*named) if any(tensor.role is Role.DEFINED for tensor in named) else insert(*named)
    if _symbols(after) + 2 <= _symbols(before):
        return PAIR_SYMBOLS
    if _divisions(after) < _divisions(before):
        return CLEAR
    if _exponentiated_logarithms(after) < _exponentiated_logarithms(before):
        return UNDO_LOGARITHM
    if _masks_inside(after) < _masks_inside(before) and _components(before) == _components(after):
        return MASKED
    if additions(after) < additions(before):
        return COLLECT
    if _choices(after) < _choices(before):
        return BRACKETS
    if _has_joined_exponentials(before, after):
        return ADD_EXPONENTS
    if _whole_powers(after) < _whole_powers(before) or cost(after) < cost(before):
        return TAKE_OUT
    if _components(before) != _components(after):
        return COLLECT
    kinds = {type(part) for part in walk(after)}
    return REINDEX if IndexSum in kinds and Delta not in kinds else SIMPLIFY


def newly_named(before: Expr, after: Expr) -> list[Tensor]:
    """The intermediates, and gradients of them, that a line reads more often than the one before it, in the place of
    something else, or that are read there alone: multiplying out repeats factors, too, and so does writing permutation
    symbols as deltas.
    """
    old, new = _components(before), _components(after)
    more = [tensor for tensor in tensors_read(after) if tensor.role in _NAMED and new[tensor] > old[tensor]]
    fresh = [tensor for tensor in more if not old[tensor]]
    gone = [tensor for tensor in old - new if tensor.role is not Role.LEVI_CIVITA]
    return fresh if fresh == more or not gone or _is_algebra(before, after) else more


def _has_cancelled(before: Expr, after: Expr) -> bool:
    """Whether inverses are gone for which nothing else has come."""
    return _inverses(before) - _inverses(after) > len(newly_named(before, after))


def _inverses(expr: Expr) -> int:
    """How many inverses are read, of terms that are added in that of most."""
    if isinstance(expr, Component):
        return int(is_inverse(expr.tensor))
    counts = map(_inverses, children(expr))
    return max(counts) if isinstance(expr, Add) else sum(counts)


def _symbols(expr: Expr) -> int:
    """How many permutation symbols there are."""
    return sum(is_symbol(part) for part in walk(expr))


def additions(expr: Expr) -> int:
    """How many signs of addition there are."""
    return sum(len(part.terms) - 1 for part in walk(expr) if isinstance(part, Add))


def _choices(expr: Expr) -> int:
    """How many choices between two values there are."""
    return sum(isinstance(part, Where) for part in walk(expr))


def _masks_inside(expr: Expr) -> int:
    """How many brackets and deltas there are in functions."""
    calls = [part for part in walk(expr) if isinstance(part, Call)]
    return sum(isinstance(inner, Iverson | Delta) for call in calls for inner in walk(call))


def _has_joined_exponentials(before: Expr, after: Expr) -> bool:
    """Whether there are fewer exponentials, and one that was not there."""
    old, new = _exponents(before), _exponents(after)
    return new.total() < old.total() and not new.keys() <= old.keys()


def _exponents(expr: Expr) -> Counter[str]:
    """How often each argument of an exponential stands there."""
    return Counter(key(children(part)[0]) for part in walk(expr) if is_call(part, "exp"))


def _exponentiated_logarithms(expr: Expr) -> int:
    """How many logarithms there are in exponents."""
    exponents = [part for part in walk(expr) if is_call(part, "exp")] if sorts_in(expr) >= {"exp", "log"} else []
    return sum(is_call(inner, "log") for part in exponents for inner in walk(part))


def _whole_powers(expr: Expr) -> int:
    """How many whole powers there are."""
    exponents = [part.exponent for part in walk(expr) if isinstance(part, Pow)]
    return sum(isinstance(n, Const) and n.value > 1 and n.value.denominator == 1 for n in exponents)


def _divisions(expr: Expr) -> int:
    """How many divisions there are inside of what is divided by."""
    divided = [part.base for part in walk(expr) if is_division(part)]
    return sum(is_division(inner) for base in divided for inner in walk(base))


def divided_by(expr: Expr) -> int:
    """How many components are read in what is divided by."""
    return sum(_components(part.base).total() for part in walk(expr) if is_division(part))


def _components(expr: Expr) -> Counter[Tensor]:
    """How often each tensor is read."""
    return Counter(part.tensor for part in walk(expr) if isinstance(part, Component))
