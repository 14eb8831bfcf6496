"""Indices, dims and the integer expressions that stand as sizes and in index positions.

An integer expression is a polynomial with integer coefficients over atoms: dims, indices, floor quotients,
remainders and components of integer tensors (gather). A size is one that holds no index. A plain index is
the polynomial ``1*i``; there is no other path for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field

from tcgrad.ir.tensors import Tensor
from tcgrad.records import cached_property, dataclass

_serials = itertools.count()


@dataclass(frozen=True)
class Dim:
    """A named size with the value the spec gives it, and the least that it can have."""

    name: str
    value: int
    least: int = 1

    def __hash__(self) -> int:
        """By the name alone, which is all but unique."""
        return hash(self.name)


@dataclass(frozen=True, eq=False)
class Index:
    """An index that runs from 0 to its size. It is itself alone: the name is a hint for the printer.

    ``serial`` counts the indices as they are made; it orders them the same way in every run.
    """

    name: str
    size: Integer
    serial: int = field(default_factory=lambda: next(_serials))

    @cached_property
    def expr(self) -> Integer:
        made = Integer.of(self)
        vars(made).update(as_index=self, indices=(self,))  # what is asked of it, and slow to find out for each
        return made

    @cached_property
    def text(self) -> str:
        """A text that no other index has, and that sorts by the serial."""
        return f"#{self.serial:08d}"

    def fresh(self) -> Index:
        """Another index of the same name and size."""
        return Index(self.name, self.size)

    def __repr__(self) -> str:
        return f"{self.name}#{self.serial}"


@dataclass(frozen=True)
class Quotient:
    """``dividend // divisor``, rounded down; the divisor is a positive size."""

    dividend: Integer
    divisor: Integer


@dataclass(frozen=True)
class Remainder:
    """``dividend % divisor``, from 0 to the divisor; the divisor is a positive size."""

    dividend: Integer
    divisor: Integer


@dataclass(frozen=True)
class Gather:
    """A component of an integer tensor, used as an index."""

    tensor: Tensor
    indices: tuple[Integer, ...]


Atom = Dim | Index | Quotient | Remainder | Gather
Monomial = tuple[Atom, ...]  # sorted, repeated atoms repeated; () is the constant


def _atom_key(atom: Atom) -> tuple[int, str, int]:
    match atom:
        case Dim():
            return 0, atom.name, 0
        case Index():
            return 1, atom.name, atom.serial
        case Quotient() | Remainder():
            return 2, repr(atom), 0
        case Gather():
            return 3, repr(atom), 0


def _without_atoms(monomial: Monomial, atoms: Monomial) -> Monomial | None:
    """The product that is left when each of ``atoms`` is taken out once; None if one is not there."""
    rest = list(monomial)
    for atom in atoms:
        if atom not in rest:
            return None
        rest.remove(atom)
    return tuple(rest)


def _in_order(terms: list[tuple[Monomial, int]]) -> list[tuple[Monomial, int]]:
    """Two terms or more, the longest monomials first; their atoms are asked for where that does not decide."""
    first, second = len(terms[0][0]), len(terms[1][0])
    if len(terms) == 2 and first != second:
        return terms if first > second else terms[::-1]
    return sorted(terms, key=lambda item: (-len(item[0]), [_atom_key(atom) for atom in item[0]]))


@dataclass(frozen=True)
class Integer:
    """A polynomial: ``terms`` maps each monomial to its coefficient, never 0, in a canonical order."""

    terms: tuple[tuple[Monomial, int], ...]

    def __hash__(self) -> int:
        """Kept once computed: positions are compared all the time."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.terms)

    @staticmethod
    def of(value: int | Atom) -> Integer:
        """The polynomial of one number or one atom."""
        if isinstance(value, int):
            return Integer((((), value),) if value else ())
        return Integer((((value,), 1),))

    @staticmethod
    def collect(terms: Iterable[tuple[Monomial, int]]) -> Integer:
        """The polynomial that is the sum of ``terms``, like monomials merged."""
        merged: dict[Monomial, int] = {}
        for monomial, coefficient in terms:
            merged[monomial] = merged.get(monomial, 0) + coefficient
        kept = [item for item in merged.items() if item[1]]
        return Integer(tuple(_in_order(kept) if len(kept) > 1 else kept))

    def __add__(self, other: Integer | int) -> Integer:
        other = other if isinstance(other, Integer) else Integer.of(other)
        if not self.terms or not other.terms:
            return self if self.terms else other
        return Integer.collect((*self.terms, *other.terms))

    def __neg__(self) -> Integer:
        return Integer(tuple((monomial, -coefficient) for monomial, coefficient in self.terms))

    def __sub__(self, other: Integer | int) -> Integer:
        return self + -(other if isinstance(other, Integer) else Integer.of(other))

    def __mul__(self, other: Integer | int) -> Integer:
        other = other if isinstance(other, Integer) else Integer.of(other)
        if self.as_number == 1 or other.as_number == 1:
            return other if self.as_number == 1 else self
        return Integer.collect(
            (tuple(sorted(left + right, key=_atom_key)), a * b) for left, a in self.terms for right, b in other.terms
        )

    def __floordiv__(self, divisor: Integer) -> Integer:
        """Rounded down; quotients of numbers, and by a product of dims that divides every term, are worked out."""
        exact = self._divided(divisor)
        if exact is not None:
            return exact
        a, b = self.as_number, divisor.as_number
        return Integer.of(a // b) if a is not None and b else Integer.of(Quotient(self, divisor))

    def __mod__(self, divisor: Integer) -> Integer:
        if self._divided(divisor) is not None:
            return Integer.of(0)
        a, b = self.as_number, divisor.as_number
        return Integer.of(a % b) if a is not None and b else Integer.of(Remainder(self, divisor))

    def _divided(self, divisor: Integer) -> Integer | None:
        """The quotient by a positive number or product of dims, if it divides every term, else None."""
        if len(divisor.terms) != 1:
            return None
        ((atoms, number),) = divisor.terms
        if number <= 0 or not all(isinstance(atom, Dim) for atom in atoms):
            return None
        terms = []
        for monomial, coefficient in self.terms:
            rest = _without_atoms(monomial, atoms)
            if rest is None or coefficient % number:
                return None
            terms.append((rest, coefficient // number))
        return Integer.collect(terms)

    @cached_property
    def as_number(self) -> int | None:
        """The value if it is a literal number, else None."""
        if not self.terms:
            return 0
        (monomial, coefficient), *rest = self.terms
        return coefficient if not monomial and not rest else None

    @property
    def constant(self) -> int:
        """The literal number among the terms."""
        return next((coefficient for monomial, coefficient in self.terms if not monomial), 0)

    @property
    def as_atom(self) -> Atom | None:
        """The atom if it is one and nothing else, else None."""
        if len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1:
            return self.terms[0][0][0]
        return None

    @property
    def as_remainder(self) -> Remainder | None:
        """The remainder if it is one and nothing else, else None."""
        atom = self.as_atom
        return atom if isinstance(atom, Remainder) else None

    @property
    def as_gather(self) -> Gather | None:
        """The component of an integer tensor if it is one and nothing else, else None."""
        atom = self.as_atom
        return atom if isinstance(atom, Gather) else None

    @cached_property
    def as_index(self) -> Index | None:
        """The index if it is one plain index and nothing else, else None."""
        atom = self.as_atom
        return atom if isinstance(atom, Index) else None

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """The atoms that the polynomial is over, as often as they occur."""
        return tuple([atom for monomial, _ in self.terms for atom in monomial])

    @cached_property
    def indices(self) -> tuple[Index, ...]:
        """The indices that occur, at any depth, each once, in the order of occurrence."""
        return tuple(dict.fromkeys(self._walk_indices()))

    @cached_property
    def divides(self) -> bool:
        """Whether a quotient or a remainder stands in it, outside of others and of positions that are read."""
        return any(isinstance(atom, Quotient | Remainder) for atom in self.atoms)

    @cached_property
    def gathers(self) -> bool:
        """Whether it reads an integer tensor, at any depth."""
        return any(
            isinstance(atom, Gather) or (isinstance(atom, Quotient | Remainder) and atom.dividend.gathers)
            for atom in self.atoms
        )

    @cached_property
    def depth(self) -> int:
        """How many quotients, remainders and components stand inside of each other in it."""
        return max((_depth(atom) for atom in self.atoms), default=0)

    def _walk_indices(self) -> Iterator[Index]:
        for atom in self.atoms:
            match atom:
                case Index():
                    yield atom
                case Quotient() | Remainder():
                    yield from atom.dividend.indices
                case Gather():
                    for position in atom.indices:
                        yield from position.indices

    @cached_property
    def value(self) -> int:
        """The value of a size under the values of its dims.

        Raises:
            TypeError: if an index or a gather occurs.
        """
        return self.evaluate({})

    def evaluate(self, indices: Mapping[Index, int]) -> int:
        """The value under the dims' own values and the values given for the indices."""
        total = 0
        for monomial, coefficient in self.terms:
            product = coefficient
            for atom in monomial:
                product *= _evaluate_atom(atom, indices)
            total += product
        return total

    def substitute(self, mapping: Mapping[Index, Integer]) -> Integer:
        """Replace indices, at any depth."""
        index = self.as_index
        if index is not None:
            return mapping.get(index, self)
        if mapping.keys().isdisjoint(self.indices):
            return self

        def at_indices(atom: Atom) -> Integer:
            if isinstance(atom, Index):
                return mapping.get(atom, atom.expr)
            return map_inside(atom, lambda inner: inner.substitute(mapping))

        return self.map_atoms(at_indices)

    def map_atoms(self, change: Callable[[Atom], Integer]) -> Integer:
        """The polynomial over what ``change`` makes of the atoms."""
        total = Integer.of(0)
        for monomial, coefficient in self.terms:
            product = Integer.of(coefficient)
            for atom in monomial:
                product = product * change(atom)
            total = total + product
        return total

    def coefficient(self, index: Index) -> Integer | None:
        """The size ``c`` if the whole is ``c*index + rest`` with the index not in the rest, else None."""
        found: list[tuple[Monomial, int]] = []
        for monomial, coefficient in self.terms:
            occurrences = sum(atom is index for atom in monomial)
            deep = any(index in Integer.of(atom).indices for atom in monomial if atom is not index)
            if occurrences > 1 or deep:
                return None
            if occurrences:
                found.append((tuple(atom for atom in monomial if atom is not index), coefficient))
        result = Integer.collect(found)
        return None if result.indices else result


def _evaluate_atom(atom: Atom, indices: Mapping[Index, int]) -> int:
    match atom:
        case Dim():
            return atom.value
        case Index():
            if atom not in indices:
                raise TypeError(f"the index {atom.name} has no value here")
            return indices[atom]
        case Quotient():
            return atom.dividend.evaluate(indices) // atom.divisor.evaluate(indices)
        case Remainder():
            return atom.dividend.evaluate(indices) % atom.divisor.evaluate(indices)
        case Gather():
            raise TypeError(f"the value of {atom.tensor.name} is known at run time only")


def _depth(atom: Atom) -> int:
    match atom:
        case Dim() | Index():
            return 0
        case Quotient() | Remainder():
            return 1 + max(atom.dividend.depth, atom.divisor.depth)
        case Gather():
            return 1 + max((position.depth for position in atom.indices), default=0)


def map_inside(atom: Atom, change: Callable[[Integer], Integer]) -> Integer:
    """The atom over what ``change`` makes of the integer expressions inside it."""
    match atom:
        case Dim():
            return Integer.of(atom)
        case Index():
            return atom.expr
        case Quotient():
            return change(atom.dividend) // change(atom.divisor)
        case Remainder():
            return change(atom.dividend) % change(atom.divisor)
        case Gather():
            return Integer.of(Gather(atom.tensor, tuple(map(change, atom.indices))))
