"""Which equations belong to one recurrence, and the order in which statements are worked out."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

from tcgrad.language.expressions.occurrences import index_names, parts
from tcgrad.language.symbols import Symbols
from tcgrad.language.syntax import Call, Equation, Expression, Name, Number, Subscript, Sum
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Group:
    """Equations that are elaborated together: a plain one, or those of a recurrence."""

    equations: tuple[Equation, ...]
    is_recurrence: bool = False


def target_name(equation: Equation) -> str:
    """The tensor that an equation (no expectation) defines."""
    return equation.target.name if isinstance(equation.target, Name | Subscript) else ""


def literal(node: Expression) -> int | None:
    """The value of an integer with or without a sign, as in the position of a base case."""
    match node:
        case Number(value=value) if value.denominator == 1:
            return int(value)
        case Sum(terms=((sign, Number(value=value)),)) if value.denominator == 1:
            return sign * int(value)
    return None


def is_base_case(equation: Equation) -> bool:
    """Whether a position on the left is a literal."""
    target = equation.target
    return isinstance(target, Subscript) and any(literal(position) is not None for position in target.positions)


def arrange(equations: Sequence[Equation], symbols: Symbols) -> list[Group]:
    """The equations in an order in which each can be elaborated, those of a recurrence in one group.

    Equations that depend on each other are a recurrence if one of them is a base case. Without any base case the
    order is the one they are written in, and what is used before it is defined is found later.
    """
    started = {target_name(equation) for equation in equations if is_base_case(equation)}
    if not started:
        return [Group((equation,)) for equation in equations]
    names = [target_name(equation) for equation in equations]
    reads = [_read(equation, symbols).intersection(names) for equation in equations]
    together = _components(names, reads)
    recurrent = {name for name in names if started.intersection(together[name])}
    units: dict[tuple[str, ...] | int, list[int]] = {}
    for place, name in enumerate(names):
        units.setdefault(together[name] if name in recurrent else place, []).append(place)
    ordered = _order([*units.values()], names, reads)
    return [Group(tuple(equations[k] for k in unit), names[unit[0]] in recurrent) for unit in ordered]


def _read(equation: Equation, symbols: Symbols) -> set[str]:
    """Every name that could be that of a tensor defined by an equation: none of these is read in a position."""
    indices = {*index_names([equation.target, equation.body], symbols)}
    named = _named(equation.body)
    return {node.name for node in named if isinstance(node, Subscript) or node.name not in indices}


def _named(node: Expression) -> Iterator[Name | Subscript]:
    if isinstance(node, Name | Subscript):
        yield node
    for part in node.arguments if isinstance(node, Call) else parts(node):
        yield from _named(part)


def _components(names: Sequence[str], reads: Sequence[set[str]]) -> dict[str, tuple[str, ...]]:
    """For each name all names that depend on it and it on them, in the order of definition."""
    forward: dict[str, list[str]] = {name: [] for name in names}
    backward: dict[str, list[str]] = {name: [] for name in names}
    for name, found in zip(names, reads, strict=True):
        for other in sorted(found):
            forward[name].append(other)
            backward[other].append(name)
    rank = {name: place for place, name in reversed(list(enumerate(names)))}
    seen: set[str] = set()
    finished = [name for root in forward for name in _finish(root, forward, seen)]
    seen = set()
    together: dict[str, tuple[str, ...]] = {}
    for root in reversed(finished):
        component = tuple(sorted(_finish(root, backward, seen), key=rank.__getitem__))
        together.update(dict.fromkeys(component, component))
    return together


def _finish(root: str, edges: Mapping[str, list[str]], seen: set[str]) -> list[str]:
    """The names reached from ``root`` that were not seen before, each after those it leads to."""
    if root in seen:
        return []
    seen.add(root)
    finished, path = [], [(root, iter(edges[root]))]
    while path:
        name, rest = path[-1]
        step = next((other for other in rest if other not in seen), None)
        if step is None:
            finished.append(name)
            path.pop()
        else:
            seen.add(step)
            path.append((step, iter(edges[step])))
    return finished


def _order(units: list[list[int]], names: Sequence[str], reads: Sequence[set[str]]) -> list[list[int]]:
    """The units as written, except that each stands behind those before it that it reads."""
    unit_of = {place: number for number, unit in enumerate(units) for place in unit}
    first: dict[str, int] = {}
    for place, name in enumerate(names):
        first.setdefault(name, place)
    needs = [
        {unit_of[first[name]] for place in unit for name in reads[place] if first[name] < place} - {number}
        for number, unit in enumerate(units)
    ]
    users: dict[int, list[int]] = {}
    for number, needed in enumerate(needs):
        for other in needed:
            users.setdefault(other, []).append(number)
    ready = [number for number, needed in enumerate(needs) if not needed]
    ordered = []
    while ready:
        number = heapq.heappop(ready)
        ordered.append(units[number])
        for user in users.get(number, ()):
            needs[user].discard(number)
            if not needs[user]:
                heapq.heappush(ready, user)
    return ordered
