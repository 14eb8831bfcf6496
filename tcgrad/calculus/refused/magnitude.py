"""Numbers that no floating-point type holds: exact arithmetic makes them easily, and no program can use them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import log2

from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.nodes import ZERO, Const, Expr, Pow
from tcgrad.ir.program import Define, Program, Recurrence, Statement, defined_tensors
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import walk
from tcgrad.simplify import simplify
from tcgrad.simplify.powers import is_division

_LARGEST = 1000.0  # the binary logarithm of the largest magnitude; that of float64 is 1024


SCALE = "scale the equation, or make the number a constant of moderate size and multiply later"
"""What helps against such numbers."""


def require_floats(program: Program, statements: Iterable[Statement]) -> None:
    """Refuse a number, or a power of numbers, outside the range of float64 in a program or its derivatives; 1/0 too.

    statements: the program's own, which are simplified first, or derivatives, which are what they will be.

    Raises:
        TcgradError: with the place of the equation that it comes from, or else that of the first output.
    """
    spans = {tensor.name: statement.span for statement in program.statements for tensor in defined_tensors(statement)}
    for tensor, body in (pair for statement in statements for pair in _bodies(statement)):
        for part in walk(body if tensor.about else simplify(body)):
            problem = _problem(part) if type(part) is Const or type(part) is Pow else None
            if problem is not None:
                code, message, help_ = problem
                span = spans.get((tensor.about or (tensor,))[0].name) or spans.get(program.outputs[0].name)
                raise TcgradError((Diagnostic(code, message.format(tensor.name), span, help_),), program.spec.source)


def _bodies(statement: Statement) -> Iterator[tuple[Tensor, Expr]]:
    """What a statement gives as values, each with the tensor."""
    match statement:
        case Define():
            yield statement.tensor, statement.body
        case Recurrence():
            for tensor, bases, step in zip(statement.tensors, statement.bases, statement.steps, strict=True):
                yield from ((tensor, case.body) for case in (*bases, step))


def _problem(part: Const | Pow) -> tuple[str, str, str | None] | None:
    """The code, message and help for what no program can compute with; None for everything else."""
    if is_division(part) and part.base == ZERO:
        return "TC324", "`{}` divides by 0", None
    exponent = _logarithm(part)
    if abs(exponent) <= _LARGEST:
        return None
    size = "larger than 1e300" if exponent > 0 else "smaller than 1e-300"
    return "TC406", f"a number in `{{}}` is {size}: no floating-point type holds it", SCALE


def _logarithm(part: Expr) -> float:
    """The binary logarithm of the magnitude of a number or a power of numbers; 0 for everything else."""
    match part:
        case Const() if part.value:
            # bits, not digits: writing a number of a million digits out takes longer than all the rest
            return float(part.value.numerator.bit_length() - part.value.denominator.bit_length())
        case Pow(base=Const(value=base), exponent=Const(value=exponent)) if base:
            bits = _logarithm(part.base) or log2(abs(base))
            return bits * min(max(float(exponent), -1e9), 1e9)
        case Pow(exponent=Const() as exponent):
            return _logarithm(exponent)
        case _:
            return 0.0
