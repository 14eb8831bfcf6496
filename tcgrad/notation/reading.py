"""What a spec was read as: its equations with every sum and every one-tensor written out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.ir.indices import Integer
from tcgrad.ir.program import Intrinsic, Program, Recurrence
from tcgrad.notation.index import print_statement
from tcgrad.notation.naming import Surroundings
from tcgrad.notation.printer import Printer
from tcgrad.notation.syntaxes import LATEX, Syntax

Equation = tuple[str, str]  # the left and the right side


def reading(program: Program, syntax: Syntax) -> Iterator[tuple[Equation, tuple[Integer, ...]]]:
    """Each equation, sums explicit, with the shape of its tensor; intrinsics are seen where they are read."""
    around = Surroundings.of(program)
    for statement in program.statements:
        if isinstance(statement, Intrinsic):
            continue
        shapes = [statement.tensor.shape]
        if isinstance(statement, Recurrence):
            counts = [len(bases) + 1 for bases in statement.bases]
            shapes = [t.shape for t, count in zip(statement.tensors, counts, strict=True) for _ in range(count)]
        lines = print_statement(statement, syntax, explicit=True, surroundings=around)
        yield from zip(map(sides, lines), shapes, strict=True)


def sides(equation: str) -> Equation:
    """A printed equation at its first equals sign."""
    left, _, right = equation.partition(" = ")
    return left, right


def print_reading(program: Program, syntax: Syntax) -> str:
    """The equations, one a line; in LaTeX one aligned display."""
    equations = [equation for equation, _ in reading(program, syntax)]
    if syntax is LATEX:
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
    names = f"[{', '.join(printer.position(size) for size in shape)}]"
    values = f"[{', '.join(str(size.value) for size in shape)}]"
    return names if names == values else f"{names} = {values}"
