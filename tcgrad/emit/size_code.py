"""Sizes, shapes and ranges as Python code, and what the code of a function uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tcgrad.emit.arrays import Node
from tcgrad.emit.text import Level, Text, is_simple
from tcgrad.functions import Function
from tcgrad.ir.indices import Atom, Dim, Integer, Quotient, Remainder


@dataclass
class Used:
    """What the printed code needs from the module and from the head of its function."""

    dims: dict[Dim, None] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    helpers: dict[str, None] = field(default_factory=dict)
    constants: dict[Node, None] = field(default_factory=dict)
    math: bool = False
    dtype: bool = False
    guarded: bool = False
    windows: bool = False


class SizePrinter:
    """Prints sizes; dims by ``dim_name``, the variables of loops by their own names."""

    def __init__(self, dim_name: Callable[[Dim], str], used: Used) -> None:
        self.dim_name = dim_name
        self.used = used
        self.loop_variables: dict[Dim, str] = {}

    def range(self, start: Integer, step: Integer, length: Integer, size: Integer) -> str:
        """``start:stop:step`` of so many elements out of ``size``; all of them, if they run backward."""
        if step.as_number == -1 and length == size:
            return "::-1"
        end = start + (length - 1) * step + 1
        first = "" if not start.terms else self.size(start).code
        stop = "" if end == size else self.size(end).code
        space = " " if not is_simple(first or "0") or not is_simple(stop or "0") else ""
        head = f"{first}{space if first else ''}:{space if stop else ''}{stop}"
        return head if step.as_number == 1 else f"{head}{space}:{space}{self.size(step).code}"

    def shape(self, sizes: Sequence[Integer]) -> str:
        """A tuple of sizes."""
        codes = [self.size(size).code for size in sizes]
        return f"({codes[0]},)" if len(codes) == 1 else f"({', '.join(codes)})"

    def new_shape(self, sizes: Sequence[Integer]) -> str:
        """A shape as NumPy's constructors take it: a number for one axis."""
        return self.size(sizes[0]).code if len(sizes) == 1 else self.shape(sizes)

    def size(self, size: Integer) -> Text:
        """A size as a Python integer expression, a positive term first if there is one."""
        terms = list(size.terms)
        match terms:
            case [((Quotient() | Remainder() as atom,), 1)]:
                return self._division(atom)
        first = next((k for k, (_, coefficient) in enumerate(terms) if coefficient > 0), 0)
        text = ""
        for monomial, coefficient in (*terms[first : first + 1], *terms[:first], *terms[first + 1 :]):
            factors = [] if abs(coefficient) == 1 and monomial else [str(abs(coefficient))]
            code = " * ".join([*factors, *map(self._size_atom, monomial)])
            if text:
                text += f" {'+' if coefficient > 0 else '-'} {code}"
            else:
                text = code if coefficient > 0 else f"-{code}"
        return Text(text or "0", _size_level(size))

    def _division(self, atom: Quotient | Remainder) -> Text:
        operator = "//" if isinstance(atom, Quotient) else "%"
        left, right = self.size(atom.dividend).at(Level.MUL), self.size(atom.divisor).at(Level.UNARY)
        return Text(f"{left} {operator} {right}", Level.MUL)

    def _size_atom(self, atom: Atom) -> str:
        match atom:
            case Dim() if atom in self.loop_variables:
                return self.loop_variables[atom]
            case Dim():
                self.used.dims[atom] = None
                return self.dim_name(atom)
            case Quotient() | Remainder():
                return f"({self._division(atom).code})"
            case _:
                raise TypeError(f"{atom} is no size")


def _size_level(size: Integer) -> Level:
    if len(size.terms) > 1:
        return Level.ADD
    if not size.terms:
        return Level.ATOM
    (monomial, coefficient), *_ = size.terms
    if coefficient < 0:
        return Level.UNARY
    return Level.MUL if len(monomial) + (coefficient != 1) > 1 else Level.ATOM
