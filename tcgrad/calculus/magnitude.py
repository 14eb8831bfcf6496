"""Numbers that no floating-point type holds: exact arithmetic makes them easily, and no program can use them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import log2

from tcgrad.calculus.derivation import Hessian, Jacobian
from tcgrad.errors import Diagnostic, Span, TcgradError
from tcgrad.ir.nodes import Const, Expr, Pow
from tcgrad.ir.program import Define, Program, Statement, defined_tensors
from tcgrad.ir.traversal import walk
from tcgrad.simplify import simplify

_LARGEST = 1000.0  # the binary logarithm of the largest magnitude; that of float64 is 1024


def require_floats(program: Program, derived: Iterable[Statement]) -> None:
    """Refuse a number, or a power of numbers, outside the range of float64 in a program or its derivatives.

    Raises:
        TcgradError: with the place of the equation that it comes from.
    """
    spans = {tensor.name: statement.span for statement in program.statements for tensor in defined_tensors(statement)}
    own = [replace(s, body=simplify(s.body)) for s in program.statements if isinstance(s, Define)]
    for statement in (*own, *(s for s in derived if isinstance(s, Define))):
        for part in walk(statement.body):
            exponent = _logarithm(part)
            if abs(exponent) > _LARGEST:
                raise _too_large(program, statement, exponent, spans)


def defines(blocks: Iterable[Jacobian | Hessian]) -> list[Define]:
    """The formulas of the Jacobians or Hessians that have one."""
    return [block.define for block in blocks if block.define is not None]


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


def _too_large(program: Program, statement: Define, exponent: float, spans: dict[str, Span | None]) -> TcgradError:
    about = statement.tensor.about or (statement.tensor,)
    size = "larger than 1e300" if exponent > 0 else "smaller than 1e-300"
    message = f"a number in {statement.tensor.name} is {size}: no floating-point type holds it"
    help_line = "scale the equation, or make the number a constant of moderate size and multiply later"
    return TcgradError((Diagnostic("TC406", message, spans.get(about[0].name), help_line),), program.spec.source)
