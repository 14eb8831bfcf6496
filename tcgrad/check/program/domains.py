"""Which inputs feed a function that is not defined everywhere, or an index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from math import inf

from tcgrad.check.program.reach import Reach, Span
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.guards import guarded_reads
from tcgrad.ir.nodes import Call, Component, Delta, Expr, IndexValue, Iverson, Pow, Where
from tcgrad.ir.program import Input, Intrinsic, Program, bodies, defined_tensors
from tcgrad.ir.traversal import children, tensors_read
from tcgrad.ir.whole import is_whole
from tcgrad.records import dataclass

Interval = tuple[float, float]
_POSITIVE: Interval = (0.0, inf)


@dataclass
class Demands:
    """What the equations ask of their inputs.

    intervals: inputs that are themselves such an argument, with the interval in which it must lie.
    involved: inputs of which such an argument is made.
    reach: what integer inputs may be that are an index.
    """

    intervals: dict[str, Interval] = field(default_factory=dict)
    involved: set[str] = field(default_factory=set)
    reach: Reach = field(default_factory=Reach)


def find_demands(program: Program) -> Demands:
    """Work the demands out over all statements, definitions followed back to the inputs."""
    demands = Demands()
    origins: dict[str, frozenset[str]] = {item.tensor.name: frozenset({item.tensor.name}) for item in program.inputs}
    for statement in program.statements:
        for body in bodies(statement):
            for read, slacks in guarded_reads(body):
                demands.reach.add(read, slacks)
            for node, is_chosen in _nodes(body):
                _demand(node, origins, demands, is_chosen=is_chosen)
                match node:
                    case Delta(left, right) | Iverson("==", IndexValue(left), IndexValue(right)):
                        demands.reach.compare(left, right)
        sources = frozenset().union(*(_origins(body, origins) for body in bodies(statement)))
        if isinstance(statement, Intrinsic):
            sources = origins.get(statement.operand.name, frozenset())
        for tensor in defined_tensors(statement):
            origins[tensor.name] = sources
    return demands


def refuse_out_of_range(program: Program, demands: Demands) -> None:
    """Refuse declared values of an integer input that lie outside of the tensor that it indexes.

    Raises:
        TcgradError: with code TC504, an error for each such input.
    """
    found = []
    for item in program.inputs:
        inside = demands.reach.inside.get(item.tensor.name)
        problem = None if inside is None else _out_of_range(item, inside)
        if inside is not None and problem is not None:
            span = program.spec.inputs[item.tensor.name].name.whole
            drawn = demands.reach.values(item.tensor.name) or inside
            mended = None if inside.is_empty else f"write `sample: {{integers: [{drawn.low}, {drawn.high + 1}]}}`"
            found.append(Diagnostic("TC504", problem, span, mended))
    if found:
        raise TcgradError(tuple(found), program.spec.source)


def _out_of_range(item: Input, inside: Span) -> str | None:
    """What is wrong with the values of an integer input, if something is."""
    name, low, high = item.tensor.name, item.sample.low, item.sample.high
    if inside.is_empty:
        return f"whatever `{name}` is, what it indexes is read outside of its range"
    if item.sample.kind != "integers" or low is None or high is None or Span(int(low), int(high) - 1) in inside:
        return None
    drawn = f"`{name}` is drawn from {int(low)} to {int(high) - 1}"
    return f"{drawn}, but what it indexes is read inside for {inside} alone"


def _origins(expr: Expr, origins: dict[str, frozenset[str]]) -> frozenset[str]:
    """The inputs that an expression depends on."""
    return frozenset().union(*(origins.get(tensor.name, frozenset()) for tensor in tensors_read(expr)))


def _nodes(expr: Expr, *, is_chosen: bool = False) -> Iterator[tuple[Expr, bool]]:
    """Every node, each with whether it stands in a branch that a condition may choose or not."""
    yield expr, is_chosen
    for part in children(expr):
        inside = is_chosen or (isinstance(expr, Where) and part is not expr.condition)
        yield from _nodes(part, is_chosen=inside)


def _demand(node: Expr, origins: dict[str, frozenset[str]], demands: Demands, *, is_chosen: bool) -> None:
    """What is asked in a branch is not asked of all inputs: where they are something else, another may be chosen."""
    for argument, interval in _restricted(node):
        if is_chosen:
            demands.involved |= _origins(argument, origins)
        elif isinstance(argument, Component) and origins.get(argument.tensor.name) == frozenset({argument.tensor.name}):
            low, high = demands.intervals.get(argument.tensor.name, (-inf, inf))
            demands.intervals[argument.tensor.name] = max(low, interval[0]), min(high, interval[1])
        else:
            demands.involved |= _origins(argument, origins)


def _restricted(node: Expr) -> Iterator[tuple[Expr, Interval]]:
    """The arguments of a node that must lie in an interval."""
    if isinstance(node, Call):
        for argument, interval in zip(node.arguments, node.function.domain, strict=True):
            if interval != (-inf, inf):
                yield argument, interval
    elif isinstance(node, Pow) and not is_whole(node.exponent):
        yield node.base, _POSITIVE
