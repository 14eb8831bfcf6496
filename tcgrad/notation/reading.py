"""What a spec was read as: its equations with every sum and every one-tensor written out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.ir.indices import Integer
from tcgrad.ir.program import Program, Recurrence, Statement
from tcgrad.ir.sizes import count
from tcgrad.notation.index import print_statement
from tcgrad.notation.naming import Surroundings
from tcgrad.notation.printer import Printer
from tcgrad.notation.spelling.syntaxes import LATEX, Syntax
from tcgrad.operators import Precedence

Equation = tuple[str, str]  # the left and the right side


def reading(program: Program, syntax: Syntax) -> Iterator[tuple[Equation, tuple[Integer, ...]]]:
    """Each equation, sums explicit, with the shape of its tensor; intrinsics are seen where they are read."""
    around = Surroundings.of(program)
    return (read for statement in program.statements for read in read_statement(statement, syntax, around))


def read_statement(
    statement: Statement, syntax: Syntax, surroundings: Surroundings
) -> Iterator[tuple[Equation, tuple[Integer, ...]]]:
    """The same of one statement."""
    lines = print_statement(statement, syntax, explicit=True, surroundings=surroundings)
    return zip(map(sides, lines), left_shapes(statement) if lines else (), strict=True)


def left_shapes(statement: Statement) -> tuple[tuple[Integer, ...], ...]:
    """The shape of the tensor on the left of each equation of a statement."""
    if not isinstance(statement, Recurrence):
        return (statement.tensor.shape,)
    pairs = zip(statement.tensors, statement.bases, strict=True)
    steps = int(not statement.written_out)
    return tuple(tensor.shape for tensor, bases in pairs for _ in range(len(bases) + steps))


def sides(equation: str) -> Equation:
    """A printed equation at its first equals sign."""
    left, _, right = equation.partition(" = ")
    return left, right


def print_reading(program: Program, syntax: Syntax) -> str:
    """The equations, one a line; in LaTeX one aligned display."""
    equations = [equation for equation, _ in reading(program, syntax)]
    if syntax.name == LATEX.name:
        return f"${align(equations)}$"
    return "\n".join(f"{left} = {right}" for left, right in equations)


def align(equations: Sequence[Equation]) -> str:
    """LaTeX equations one below the other, at their equals signs."""
    if len(equations) == 1:
        return " = ".join(equations[0])
    lines = " \\\\\n".join(f"{left} &= {right}" for left, right in equations)
    return f"\\begin{{aligned}}\n{lines}\n\\end{{aligned}}"


def print_shape(shape: Sequence[Integer], syntax: Syntax) -> str:
    """``[B, H] = [4, 8]``, without the second part where the sizes are numbers anyway."""
    if not shape:
        return "scalar"
    printer = Printer(syntax, {})
    return _with_values([printer.position(size) for size in shape], [size.value for size in shape])


def print_matrix_shape(sides: Sequence[Sequence[Integer]], syntax: Syntax) -> str:
    """The shape of a matrix whose rows, and whose columns, run over several axes: ``[N*E, M*D] = [15, 8]``."""
    printer = Printer(syntax, {})
    times = syntax.times.strip() or r" \cdot "  # numbers beside each other would be one
    names = [times.join(_factor(size, len(side), printer) for size in side) for side in sides]
    return _with_values(names, list(map(count, sides)))


def _factor(size: Integer, count: int, printer: Printer) -> str:
    """A size among ``count`` that are multiplied: sums and divisions stand in parentheses there."""
    piece = printer.integer(size, spaced=False)
    least = Precedence.COMPARISON if count == 1 else Precedence.UNARY if size.divides else Precedence.PRODUCT
    return printer.wrapped(piece, least)


def _with_values(names: Sequence[str], values: Sequence[int]) -> str:
    shown, numbers = f"[{', '.join(names)}]", f"[{', '.join(map(str, values))}]"
    return shown if shown == numbers else f"{shown} = {numbers}"
