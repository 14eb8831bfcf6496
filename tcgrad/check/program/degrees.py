"""The degree of a program as a polynomial in the elements of inputs: where it is small, differences are exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
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
from tcgrad.records import dataclass


def degree(program: Program, *wrt: str) -> float:
    """The largest degree of an output in the elements of all ``wrt`` together; infinite if it is not a polynomial."""
    return _largest_degree(program, wrt, _Degrees())


def only_decides(program: Program, wrt: str) -> bool:
    """Whether an input stands in conditions and in steps, as of ``floor``, alone: where none of these moves, no output
    does.
    """
    return _largest_degree(program, [wrt], _Degrees(jump=0)) == 0


def _largest_degree(program: Program, wrt: Sequence[str], known: _Degrees) -> float:
    known.tensors.update(dict.fromkeys(wrt, 1))
    for statement in program.statements:
        if isinstance(statement, Define):
            known.tensors[statement.tensor.name] = known.of(statement.body)
            continue
        constant = all(known.of(body) == 0 for body in bodies(statement))
        operand = getattr(statement, "operand", None)
        constant = constant and (operand is None or known.tensors.get(operand.name, 0) == 0)
        known.tensors.update({tensor.name: 0 if constant else inf for tensor in defined_tensors(statement)})
    return max(known.tensors.get(output.name, 0) for output in program.outputs)


@dataclass
class _Degrees:
    """The degrees of expressions.

    jump: that of a comparison, or of a step, which moves.
    tensors: those of the tensors that move, by name.
    """

    jump: float = inf
    tensors: dict[str, float] = field(default_factory=dict)

    def of(self, expr: Expr) -> float:
        match expr:
            case Const() | Delta() | IndexValue():
                return 0
            case Component():
                return self.tensors.get(expr.tensor.name, 0)
            case Add():
                return max(map(self.of, expr.terms))
            case Mul():
                return sum(map(self.of, expr.factors))
            case Pow():
                return self._of_power(expr)
            case IndexSum():
                return self.of(expr.body)
            case Call():
                return self._unless_constant(expr.arguments, self.jump if expr.function.seam == "jump" else inf)
            case Iverson():
                return self._unless_constant((expr.left, expr.right), self.jump)
            case IndexReduce():
                return self._unless_constant((expr.body,), inf)
            case Where():
                branches = max(self.of(expr.then), self.of(expr.otherwise))
                return branches + self._unless_constant((expr.condition,), self.jump)

    def _of_power(self, expr: Pow) -> float:
        exponent = expr.exponent
        if isinstance(exponent, Const) and exponent.value >= 0 and exponent.value.denominator == 1:
            return self.of(expr.base) * int(exponent.value) if exponent.value else 0
        return self._unless_constant((expr.base, exponent), inf)

    def _unless_constant(self, parts: Sequence[Expr], otherwise: float) -> float:
        return 0 if all(self.of(part) == 0 for part in parts) else otherwise
