"""The equations of a spec with every sum written out and every range found, from the syntax tree alone.

This is a second reading of the language, for the tests: it shares the parser with the program under test and nothing
behind it. `explicit` applies the summation convention; `solve_ranges` finds what each index runs over by trying values.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import is_dataclass, replace
from typing import Any

import numpy as np

from tcgrad.language.syntax import (
    Call,
    Comparison,
    Equation,
    Expression,
    Group,
    Iverson,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Reduction,
    Subscript,
    Sum,
)

LARGEST = 200  # no range of a test is longer
MATRIX_FUNCTIONS = ("inv", "det", "logdet")
Shape = tuple[int | None, ...]
Ranges = dict[str, range]


def parts(node: Any) -> Iterator[Expression]:
    """The nodes directly under a node."""
    for name in node.__dataclass_fields__:
        yield from _nodes(getattr(node, name))


def _nodes(value: Any) -> Iterator[Expression]:
    if isinstance(value, tuple):
        for part in value:
            yield from _nodes(part)
    elif is_dataclass(value) and not hasattr(value, "start"):
        yield value


def walk(node: Expression) -> Iterator[Expression]:
    yield node
    for part in parts(node):
        yield from walk(part)


def original(index: str) -> str:
    """The name that an index has in the spec."""
    return index.partition("~")[0]


class Reader:
    """Makes the sums of right sides explicit; every bound index gets a name of its own, ``i~3``.

    is_index: whether a bare name is an index where it does not stand in an index position.
    numbers: the names of dims and of scalar integer tensors, which are no indices in a position.
    """

    def __init__(self, is_index: Callable[[str], bool], numbers: Collection[str]) -> None:
        self.is_index = is_index
        self.known = numbers
        self.numbers = itertools.count()

    def explicit(self, body: Expression, free: Sequence[str]) -> Expression:
        return self._expression(body, {index: index for index in free})

    def occurring(self, node: Expression) -> list[str]:
        """The indices that occur in a node and are not bound in it, each as often as it occurs."""
        match node:
            case Name(name):
                return [name] if self.is_index(name) else []
            case Subscript(_, _, positions):
                return [index for position in positions for index in self._in_position(position)]
            case Call(_, _, arguments, positions):
                own = [] if positions is None else [i for p in positions for i in self._in_position(p)]
                return own + [index for argument in arguments for index in self.occurring(argument)]
            case Reduction(_, indices, body):
                bound = {index.name for index in indices}
                return [index for index in self.occurring(body) if index not in bound]
            case _:
                return [index for part in parts(node) for index in self.occurring(part)]

    def _in_position(self, node: Expression) -> list[str]:
        if isinstance(node, Name):
            return [] if node.name in self.known else [node.name]
        if isinstance(node, Subscript):
            return self.occurring(node)
        return [index for part in parts(node) for index in self._in_position(part)]

    def _expression(self, node: Expression, bound: Mapping[str, str]) -> Expression:
        """Each additive term is treated by itself."""
        if isinstance(node, Sum):
            return replace(node, terms=tuple((sign, self._term(term, bound)) for sign, term in node.terms))
        return self._term(node, bound)

    def _term(self, node: Expression, bound: Mapping[str, str]) -> Expression:
        """Indices in two or more factors are summed over the whole product."""
        counts = Counter(index for factor in _factors(node) for index in dict.fromkeys(self.occurring(factor)))
        shared = [index for index, count in counts.items() if count > 1 and index not in bound]
        inner = {**bound, **self._new(shared)}
        return _summed([inner[index] for index in shared], self._product(node, inner), node)

    def _product(self, node: Expression, bound: Mapping[str, str]) -> Expression:
        """The same product with its factors made explicit one by one."""
        match node:
            case Product(factors):
                made = [(o, self._product(f, bound) if o == "*" else self._factor(f, bound)) for o, f in factors]
                return replace(node, factors=tuple(made))
            case Negative(operand):
                return replace(node, operand=self._product(operand, bound))
            case Group(body) if _is_product(body):
                return replace(node, body=self._product(body, bound))
            case Sum(((sign, term),)):
                return replace(node, terms=((sign, self._product(term, bound)),))
            case _:
                return self._factor(node, bound)

    def _factor(self, node: Expression, bound: Mapping[str, str]) -> Expression:
        """A dummy that occurs in this factor alone is treated inside it; around it, if it is in several parts of it."""
        if not isinstance(node, Call | Iverson | Power) or (isinstance(node, Call) and node.positions is not None):
            return self._inside_factor(node, bound)
        operands = node.condition if isinstance(node, Iverson) else node
        counts = Counter(index for part in parts(operands) for index in dict.fromkeys(self.occurring(part)))
        shared = [index for index, count in counts.items() if count > 1 and index not in bound]
        inner = {**bound, **self._new(shared)}
        return _summed([inner[index] for index in shared], self._inside_factor(node, inner), node)

    def _inside_factor(self, node: Expression, bound: Mapping[str, str]) -> Expression:
        match node:
            case Name(name):
                return replace(node, name=bound[name]) if self.is_index(name) else node
            case Subscript(_, _, positions):
                return self._component(node, positions, bound)
            case Call(_, _, arguments, positions):
                inside = tuple(self._expression(argument, bound) for argument in arguments)
                made = replace(node, arguments=inside)
                return made if positions is None else self._component(made, positions, bound)
            case Reduction(_, indices, body):
                own = self._new([index.name for index in indices])
                renamed = tuple(replace(index, name=own[index.name]) for index in indices)
                return replace(node, indices=renamed, body=self._expression(body, {**bound, **own}))
            case Group(body):
                return replace(node, body=self._expression(body, bound))
            case Iverson(condition):
                return replace(node, condition=self._factor(condition, bound))
            case Comparison(operands):
                return replace(node, operands=tuple(self._expression(operand, bound) for operand in operands))
            case Power(base, exponent):
                inside = self._factor(base, bound), self._expression(exponent, bound)
                return replace(node, base=inside[0], exponent=inside[1])
            case Product() | Negative() | Sum():
                return self._expression(node, bound)
            case _:
                return node

    def _component(self, node: Any, positions: Sequence[Expression], bound: Mapping[str, str]) -> Expression:
        """A component; an index that is repeated in it and nowhere else is summed here."""
        counts = Counter(index for position in positions for index in self._in_position(position))
        repeated = [index for index in counts if index not in bound]
        if any(counts[index] < 2 for index in repeated):
            raise ValueError(f"{node.name} holds an index that occurs once")
        inner = {**bound, **self._new(repeated)}
        made = replace(node, positions=tuple(self._position(position, inner) for position in positions))
        return _summed([inner[index] for index in repeated], made, node)

    def _position(self, node: Any, bound: Mapping[str, str]) -> Any:
        match node:
            case Name(name):
                return node if name in self.known else replace(node, name=bound[name])
            case Number():
                return node
            case Subscript(_, _, positions):
                return replace(node, positions=tuple(self._position(position, bound) for position in positions))
            case Product(factors):
                return replace(node, factors=tuple((o, self._position(f, bound)) for o, f in factors))
            case Sum(terms):
                return replace(node, terms=tuple((s, self._position(t, bound)) for s, t in terms))
            case Negative(operand):
                return replace(node, operand=self._position(operand, bound))
            case Group(body):
                return replace(node, body=self._position(body, bound))
            case _:
                raise TypeError(f"no position: {node}")

    def _new(self, indices: Sequence[str]) -> dict[str, str]:
        return {index: f"{index}~{next(self.numbers)}" for index in indices}


def _is_product(node: Expression) -> bool:
    match node:
        case Sum(terms):
            return len(terms) == 1
        case Group(body):
            return _is_product(body)
        case _:
            return isinstance(node, Product | Negative)


def _factors(node: Expression) -> Iterator[Expression]:
    match node:
        case Product(factors):
            for operator, factor in factors:
                yield from _factors(factor) if operator == "*" else (factor,)
        case Negative(operand):
            yield from _factors(operand)
        case Group(body) if _is_product(body):
            yield from _factors(body)
        case Sum(((_, term),)):
            yield from _factors(term)
        case _:
            yield node


def _summed(indices: Sequence[str], body: Expression, place: Expression) -> Expression:
    names = tuple(Name(index, place.span) for index in indices)
    return Reduction("sum", names, body, place.span) if names else body


def integer(node: Expression, values: Mapping[str, Any]) -> Any:
    """The value of a position, without gather, under the values of indices and dims (numbers or arrays)."""
    match node:
        case Name(name):
            return values[name]
        case Number(value):
            return int(value)
        case Group(body):
            return integer(body, values)
        case Negative(operand):
            return -integer(operand, values)
        case Sum(terms):
            return sum(sign * integer(term, values) for sign, term in terms)
        case Product(factors):
            result: Any = 1
            for operator, factor in factors:
                result = _OPERATIONS[operator](result, integer(factor, values))
            return result
        case _:
            raise TypeError(f"no integer: {node}")


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "/": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


def solve_ranges(
    equation: Equation,
    dims: Mapping[str, int],
    shapes: Callable[[str], Shape | None],
    declared: Mapping[str, int],
    *,
    gathered: Collection[str] = (),
    padded: Mapping[str, Shape] | None = None,
) -> Ranges:
    """The range of every index of an equation whose sums are explicit.

    shapes: the sizes of a tensor's axes; None where reads decide nothing, for one axis or for all.
    gathered: the scalar integer tensors, which may stand bare in positions.
    padded: the sizes of tensors with zeros around them, which fix an index that stands alone in them and nothing else.
    """
    reads = list(_reads(equation.body, shapes, gathered))
    indices = dict.fromkeys(index for position, _ in reads for index in _indices(position, dims))
    indices.update(dict.fromkeys(_bound_and_free(equation, dims)))
    found = {index: range(declared[original(index)]) for index in indices if original(index) in declared}
    fixed = set(found)
    plain = {position.name: size for position, size in reads if isinstance(position, Name)}
    found.update({i: range(size) for i, size in plain.items() if i in indices and i not in found and size is not None})
    around = {p.name: size for p, size in _reads(equation.body, (padded or {}).get, gathered) if isinstance(p, Name)}
    found.update({i: range(size) for i, size in around.items() if i in indices and i not in found})
    _equal_by_deltas(equation, indices, found)
    for index in indices:
        own = [(p, s) for p, s in reads if _indices(p, dims) == [index] and not isinstance(p, Name)]
        if index not in fixed and own:
            tried = found.get(index, range(LARGEST))
            inside = [v for v in tried if all(0 <= integer(p, {**dims, index: v}) < s for p, s in own)]
            if inside and inside[-1] != LARGEST - 1:  # a step may read base cases at all of its positions
                found[index] = range(inside[0], inside[-1] + 1)
    _equal_by_deltas(equation, indices, found)
    while _solve_one(reads, dims, found):
        _equal_by_deltas(equation, indices, found)
    return found


def _solve_one(reads: Sequence[tuple[Any, int]], dims: Mapping[str, int], found: Ranges) -> bool:
    """Give a range to one index that shares positions with indices whose ranges are known."""
    for position, _ in reads:
        unknown = [index for index in _indices(position, dims) if index not in found]
        if len(unknown) == 1:
            found[unknown[0]] = _largest(unknown[0], reads, dims, found)
            return True
    return False


def _largest(index: str, reads: Sequence[tuple[Any, int]], dims: Mapping[str, int], found: Ranges) -> range:
    """The largest range from 0 for which the reads that only this index leaves open are inside."""
    own = [
        (position, size)
        for position, size in reads
        if index in _indices(position, dims) and all(i in found for i in _indices(position, dims) if i != index)
    ]
    for value in range(LARGEST):
        for position, size in own:
            others = [i for i in _indices(position, dims) if i != index]
            grid = np.meshgrid(*(np.array(found[i]) for i in others), indexing="ij")
            at = np.asarray(integer(position, {**dims, **dict(zip(others, grid, strict=True)), index: value}))
            if at.min() < 0 or at.max() >= size:
                return range(value)
    raise ValueError(f"nothing bounds {index}")


def _reads(
    body: Expression, shapes: Callable[[str], Shape | None], gathered: Collection[str]
) -> Iterator[tuple[Any, int]]:
    """Every position without gather that is read, with the size of its axis."""
    for node in walk(body):
        if isinstance(node, Subscript) and node.name in {"levi_civita", "ε"}:
            yield from ((position, len(node.positions)) for position in node.positions)
        elif isinstance(node, Subscript | Call) and node.positions is not None:
            name = node.name
            if isinstance(node, Call):
                argument = node.arguments[0]
                name = argument.name if isinstance(argument, Name) else ""
            for position, size in zip(node.positions, shapes(name) or (), strict=False):
                if size is not None and not any(
                    (isinstance(part, Subscript) or getattr(part, "name", "") in gathered) for part in walk(position)
                ):
                    yield position, size


def _indices(position: Expression, dims: Mapping[str, int]) -> list[str]:
    return list(dict.fromkeys(n.name for n in walk(position) if isinstance(n, Name) and n.name not in dims))


def _bound_and_free(equation: Equation, dims: Mapping[str, int]) -> Iterator[str]:
    for node in walk(equation.body):
        if isinstance(node, Reduction):
            yield from (index.name for index in node.indices)
    if isinstance(equation.target, Subscript):
        for position in equation.target.positions:
            yield from _indices(position, dims)


def _equal_by_deltas(equation: Equation, indices: Mapping[str, None], found: Ranges) -> None:
    """The two indices of a delta run over the same."""
    pairs = [
        tuple(position.name for position in node.positions if isinstance(position, Name) and position.name in indices)
        for node in walk(equation.body)
        if isinstance(node, Subscript) and node.name in {"delta", "δ"}
    ]
    for _ in pairs:
        for pair in pairs:
            for one, other in itertools.permutations(pair, 2):
                if one in found and other not in found:
                    found[other] = found[one]
