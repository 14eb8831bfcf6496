"""Sizes, shapes and ranges as Python code, and what the code of a function uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from tcgrad.emit.code.text import Level, Text, is_simple
from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.whole_numbers import NoIntegers
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.functions import Function
from tcgrad.ir.indices import Atom, Dim, Integer, Monomial, Quotient, Remainder
from tcgrad.ir.ranges import never_negative
from tcgrad.ir.sizes import dims_in, is_division
from tcgrad.records import dataclass


@dataclass
class Used:
    """What the printed code needs from the module and from the head of its function."""

    dims: dict[Dim, None] = field(default_factory=dict)
    sizes: dict[Dim, None] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    helpers: dict[str, None] = field(default_factory=dict)
    constants: dict[Node, None] = field(default_factory=dict)
    no_integers: list[NoIntegers] = field(default_factory=list)
    math: bool = False
    dtype: bool = False
    guarded: bool = False
    windows: bool = False


class SizePrinter:
    """Prints sizes; dims by ``dim_name``, the variables of loops by their own names.

    sizes: the sizes that the spec names, as dims of their own; expressions are written in terms of them.
    fitting: what is known of sizes.
    """

    def __init__(
        self, dim_name: Callable[[Dim], str], used: Used, *, sizes: Mapping[Dim, Integer], fitting: Fitting
    ) -> None:
        self.dim_name = dim_name
        self.used = used
        self.sizes = sizes
        self.fitting = fitting
        self.loop_variables: dict[Dim, str] = {}

    def range(self, start: Integer, step: Integer, length: Integer, size: Integer) -> str:
        """``start:stop:step`` of so many elements out of ``size``; all of them, if they run backward.

        It stops a whole step after the last element, so that it is right for none too; for a number below 0 of them,
        a loop's that has no steps, it stops at the start of the axis if not behind it.
        """
        if step.as_number == -1 and length == size:
            return "::-1"
        end = start + length * step
        first = "" if not start.terms else self.size(start).code
        moving = any(dim in self.loop_variables for dim in dims_in(end))
        if end == size or (not moving and never_negative(end - size)):
            stop = ""
        elif moving or self.fitting.never_negative(length):
            stop = self.size(end).code
        else:
            stop = self.no_less_than_0(end)
        space = " " if not is_simple(first or "0") or not is_simple(stop or "0") else ""
        head = f"{first}{space if first else ''}:{space if stop else ''}{stop}"
        return head if step.as_number == 1 else f"{head}{space}:{space}{self.size(step).code}"

    def shape(self, sizes: Sequence[Integer]) -> str:
        """A tuple of sizes."""
        codes = [self.size(size).code for size in sizes]
        return f"({codes[0]},)" if len(codes) == 1 else f"({', '.join(codes)})"

    def new_shape(self, sizes: Sequence[Integer]) -> str:
        """A shape as NumPy's constructors take it: a number for one axis, and 0 for a loop that has no steps."""
        codes = [self.no_less_than_0(size) for size in sizes]
        return codes[0] if len(codes) == 1 else f"({', '.join(codes)})"

    def no_less_than_0(self, size: Integer) -> str:
        """A size as a number of steps, of which there are none where it is negative."""
        code = self.size(size).code
        return code if self.fitting.never_negative(size) else f"max({code}, 0)"

    def size(self, size: Integer) -> Text:
        """A size as a Python integer expression, in terms of the sizes that the spec names."""
        return self.expression_of(in_named_sizes(size, self.sizes) if self.sizes else size)

    def expression_of(self, size: Integer) -> Text:
        """A size as it stands, a positive term first if there is one."""
        terms = list(size.terms)
        first = next((k for k, (_, coefficient) in enumerate(terms) if coefficient > 0), 0)
        text = ""
        for monomial, coefficient in (*terms[first : first + 1], *terms[:first], *terms[first + 1 :]):
            code = self._monomial(monomial, abs(coefficient))
            if text:
                text += f" {'+' if coefficient > 0 else '-'} {code}"
            elif coefficient == -1 and is_division(monomial):
                text = f"-({code})"  # Python reads -n // 2 as (-n) // 2
            else:
                text = code if coefficient > 0 else f"-{code}"
        return Text(text or "0", _size_level(size))

    def _monomial(self, monomial: Monomial, coefficient: int) -> str:
        match monomial:
            case (Quotient() | Remainder() as atom,) if coefficient == 1:
                return self._division(atom).code
        factors = [] if coefficient == 1 and monomial else [str(coefficient)]
        return " * ".join([*factors, *map(self._size_atom, monomial)])

    def _division(self, atom: Quotient | Remainder) -> Text:
        operator = "//" if isinstance(atom, Quotient) else "%"
        left, right = self.size(atom.dividend).at(Level.MUL), self.size(atom.divisor).at(Level.UNARY)
        return Text(f"{left} {operator} {right}", Level.MUL)

    def _size_atom(self, atom: Atom) -> str:
        match atom:
            case Dim() if atom in self.loop_variables:
                return self.loop_variables[atom]
            case Dim() if atom in self.sizes:
                self.used.sizes[atom] = None
                self.used.dims.update(dict.fromkeys(dims_in(self.sizes[atom])))
                return self.dim_name(atom)
            case Dim():
                self.used.dims[atom] = None
                return self.dim_name(atom)
            case Quotient() | Remainder():
                return f"({self._division(atom).code})"
            case _:
                raise TypeError(f"{atom} is no size")


def in_named_sizes(size: Integer, sizes: Mapping[Dim, Integer]) -> Integer:
    """A size over the named ones where that is shorter: ``S*((N - K)//S) + 1`` as ``S*I - S + 1``."""
    for dim, named in sizes.items():
        divided = [(m, c) for m, c in named.terms if any(isinstance(atom, Quotient) for atom in m)]
        if len(divided) == 1 and len(divided[0][0]) == 1 and divided[0][1] == 1:
            quotient = divided[0][0][0]
            size = _with_atom(size, quotient, Integer.of(dim) - named + Integer.of(quotient))
        shorter = size - named + Integer.of(dim)
        size = shorter if len(shorter.terms) < len(size.terms) else size
    return size


def _with_atom(size: Integer, atom: Atom, value: Integer) -> Integer:
    """A size with another for one of its atoms, wherever that occurs once in a product."""
    total = Integer.of(0)
    for monomial, coefficient in size.terms:
        rest = tuple(other for other in monomial if other != atom)
        product = Integer.collect([(rest, coefficient)])
        total = total + (
            product * value if len(rest) == len(monomial) - 1 else Integer.collect([(monomial, coefficient)])
        )
    return total


def _size_level(size: Integer) -> Level:
    if len(size.terms) > 1:
        return Level.ADD
    if not size.terms:
        return Level.ATOM
    (monomial, coefficient), *_ = size.terms
    if coefficient < 0:
        return Level.UNARY
    if not monomial:
        return Level.ATOM
    if len(monomial) > 1 or coefficient != 1:
        return Level.MUL
    # in a product a division stands in parentheses: Python reads 3 * n // 2 from the left
    return Level.MATMUL if is_division(monomial) else Level.ATOM
