"""The degree of a program as a polynomial in the elements of inputs: where it is small, differences are exact."""

from __future__ import annotations

from math import inf

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
from tcgrad.ir.program import Define, Program, bodies, defined_tensors


def degree(program: Program, *wrt: str) -> float:
    """The largest degree of an output in the elements of all ``wrt`` together; infinite if it is not a polynomial."""
    degrees: dict[str, float] = dict.fromkeys(wrt, 1)
    for statement in program.statements:
        if isinstance(statement, Define):
            degrees[statement.tensor.name] = _degree(statement.body, degrees)
            continue
        constant = all(_degree(body, degrees) == 0 for body in bodies(statement))
        operand = getattr(statement, "operand", None)
        constant = constant and (operand is None or degrees.get(operand.name, 0) == 0)
        degrees.update({tensor.name: 0 if constant else inf for tensor in defined_tensors(statement)})
    return max(degrees.get(output.name, 0) for output in program.outputs)


def _degree(expr: Expr, degrees: dict[str, float]) -> float:
    match expr:
        case Const() | Delta() | IndexValue():
            return 0
        case Component():
            return degrees.get(expr.tensor.name, 0)
        case Add():
            return max(_degree(term, degrees) for term in expr.terms)
        case Mul():
            return sum(_degree(factor, degrees) for factor in expr.factors)
        case Pow():
            return _power(expr, degrees)
        case IndexSum():
            return _degree(expr.body, degrees)
        case Call():
            return _none_or_infinite(expr.arguments, degrees)
        case Iverson():
            return _none_or_infinite((expr.left, expr.right), degrees)
        case IndexReduce():
            return _none_or_infinite((expr.body,), degrees)
        case Where():
            branches = max(_degree(expr.then, degrees), _degree(expr.otherwise, degrees))
            return branches + _none_or_infinite((expr.condition,), degrees)


def _power(expr: Pow, degrees: dict[str, float]) -> float:
    base = _degree(expr.base, degrees)
    exponent = expr.exponent
    if isinstance(exponent, Const) and exponent.value >= 0 and exponent.value.denominator == 1:
        return base * int(exponent.value) if exponent.value else 0
    return _none_or_infinite((expr.base, exponent), degrees)


def _none_or_infinite(parts: tuple[Expr, ...], degrees: dict[str, float]) -> float:
    return 0 if all(_degree(part, degrees) == 0 for part in parts) else inf
