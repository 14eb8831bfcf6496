"""The elements of a maximum or minimum as an array with a name.

The derivative asks which elements attain the extreme. Computed a second time in another order they would differ from it
by rounding, so they are kept, and the very numbers that it was taken of are compared with it.
"""

from __future__ import annotations

from dataclasses import replace

from tcgrad.emit.prepared.named import defined, names_taken
from tcgrad.ir.nodes import Component, Expr, IndexReduce, Where
from tcgrad.ir.program import Define, Program, Statement
from tcgrad.ir.traversal import map_children, tensors_read


def with_named_elements(program: Program) -> Program:
    """The program with a statement for the elements of every extreme that is taken of more than a component.

    Recurrences keep theirs, and so do branches: what is not taken there may be undefined. A program without any is
    returned itself.
    """
    naming = _Naming(program)
    statements = tuple(made for statement in program.statements for made in naming.apart(statement))
    return program if len(statements) == len(program.statements) else replace(program, statements=statements)


class _Naming:
    """Takes elements out of statements, under names that the program does not have."""

    def __init__(self, program: Program) -> None:
        self._taken = names_taken(program)
        self._elements: list[Statement] = []

    def apart(self, statement: Statement) -> list[Statement]:
        """The statement, those that define its elements before it."""
        if not isinstance(statement, Define):
            return [statement]
        self._elements = []
        body = self._named(statement.body, statement)
        return [*self._elements, replace(statement, body=body)] if self._elements else [statement]

    def _named(self, expr: Expr, statement: Define) -> Expr:
        if isinstance(expr, Where):
            return expr
        expr = map_children(expr, lambda part: self._named(part, statement))
        match expr:
            case IndexReduce("max" | "min", indices, body) if not isinstance(body, Component) and tensors_read(body):
                return IndexReduce(expr.kind, indices, self._defined(body, statement))
            case _:
                return expr

    def _defined(self, body: Expr, statement: Define) -> Component:
        """The component that stands for an element, its definition noted."""
        made, component = defined(body, f"{statement.tensor.name}_terms", self._taken, statement.span)
        self._elements.append(made)
        return component
