"""What is positive or never negative, by how it is made: squares, exponentials, and sums and products of such."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tcgrad.ir.nodes import (
    Add,
    Call,
    Component,
    Const,
    Delta,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.ranges import is_nonnegative, never_negative
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import children, tensors_read
from tcgrad.ir.whole import as_integer


def is_never_negative(expr: Expr, known: Collection[Tensor] = ()) -> bool:
    """Whether an expression is at least 0, or has no value, for all arguments; False also where that is not seen.

    known: tensors that are never negative.
    """
    match expr:
        case Const(value):
            return value >= 0
        case Component(tensor):
            named = tensor.role is Role.CONSTANT and (tensor.value is None or tensor.value >= 0)
            return named or tensor in known
        case IndexValue(value):
            return is_nonnegative(value)
        case Delta() | Iverson():
            return True
        case Pow(_, Const(value)) if value.denominator > 1 or value.numerator % 2 == 0:
            return True
        case Pow(base):
            return is_never_negative(base, known)
        case Call(function, arguments):
            return function.is_never_negative or (
                function.name in ("max", "min") and all(is_never_negative(part, known) for part in arguments)
            )
        case Where(_, then, otherwise):
            return is_never_negative(then, known) and is_never_negative(otherwise, known)
        case IndexReduce(kind="logsumexp"):
            return False
        case Mul(factors):
            return _has_even_signs(factors, known)
        case Add(terms):
            return all(is_never_negative(term, known) for term in terms) or _is_size(expr)
        case IndexSum() | IndexReduce():
            return all(is_never_negative(part, known) for part in children(expr))


def _has_even_signs(factors: Sequence[Expr], known: Collection[Tensor]) -> bool:
    """Whether an even number of factors is never positive, and the others never negative: ``-1/(1 - N)``."""
    is_even = True
    for factor in factors:
        if not is_never_negative(factor, known):
            if not _is_never_positive(factor):
                return False
            is_even = not is_even
    return is_even


def _is_never_positive(expr: Expr) -> bool:
    """Whether a number, a size or an odd power of one is at most 0, or has no value; False for all else."""
    match expr:
        case Const(value):
            return value <= 0
        case Pow(base, Const(value)):
            return value.denominator == 1 and value.numerator % 2 == 1 and _is_never_positive(base)
        case Add():
            return _is_size(expr, -1)
        case _:
            return False


def _is_size(expr: Expr, sign: int = 1) -> bool:
    """Whether an expression is a size, at least 0 for all dims; or minus one."""
    value = None if tensors_read(expr) else as_integer(expr)
    return value is not None and is_nonnegative(value * sign)


def is_positive_number(expr: Expr) -> bool:
    """Whether an expression is a number or a size that is positive, or a power of one."""
    match expr:
        case Const(value):
            return value > 0
        case Component(tensor):
            return tensor.role is Role.CONSTANT and (tensor.value is None or tensor.value > 0)
        case IndexValue(value):
            return not value.indices and never_negative(value - 1)
        case Pow(base):
            return is_positive_number(base)
        case _:
            return False


def is_positive(expr: Expr, known: Collection[Tensor]) -> bool:
    """Whether an expression is positive, or has no value, for all arguments; False also where that is not seen.

    known: tensors that are positive.
    """
    match expr:
        case Component(tensor) if tensor in known:
            return True
        case Const() | Component() | IndexValue():
            return is_positive_number(expr)
        case Pow(base):
            return is_positive(base, known)
        case Call(function):
            return function.name == "exp"
        case Add(terms):
            signs = [is_positive(term, known) for term in terms]
            return any(signs) and all(
                sign or is_never_negative(term, known) for sign, term in zip(signs, terms, strict=True)
            )
        case Mul() | IndexSum() | IndexReduce(kind="prod" | "max" | "min"):
            return all(is_positive(part, known) for part in children(expr))
        case _:
            return False


def is_positive_with(call: Call) -> bool:
    """Whether a function is positive where its first argument is, and nowhere else: relu, or a leaky one."""
    match call.function.name, call.arguments:
        case ("relu" | "elu", _):
            return True
        case "leaky_relu", (_, Const(value=slope)):
            return slope >= 0
        case _:
            return False
