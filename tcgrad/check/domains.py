"""Which inputs feed a function that is not defined everywhere, or an index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from math import inf

from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.indices import Gather, Integer
from tcgrad.ir.nodes import Call, Component, Expr, Pow
from tcgrad.ir.program import Case, Define, Intrinsic, Program, Recurrence, Statement, defined_tensors
from tcgrad.ir.traversal import tensors_read, walk
from tcgrad.ir.whole import is_whole
from tcgrad.records import dataclass

Interval = tuple[float, float]
_POSITIVE: Interval = (0.0, inf)


@dataclass
class Demands:
    """What the equations ask of their inputs.

    intervals: inputs that are themselves such an argument, with the interval in which it must lie.
    involved: inputs of which such an argument is made.
    limits: integer inputs that are an index, with the smallest of the sizes that they index.
    """

    intervals: dict[str, Interval] = field(default_factory=dict)
    involved: set[str] = field(default_factory=set)
    limits: dict[str, int] = field(default_factory=dict)


def find_demands(program: Program) -> Demands:
    """Work the demands out over all statements, definitions followed back to the inputs."""
    demands = Demands()
    origins: dict[str, frozenset[str]] = {item.tensor.name: frozenset({item.tensor.name}) for item in program.inputs}
    for statement in program.statements:
        for body in bodies(statement):
            for node in walk(body):
                _demand(node, origins, demands)
        sources = frozenset().union(*(_origins(body, origins) for body in bodies(statement)))
        if isinstance(statement, Intrinsic):
            sources = origins.get(statement.operand.name, frozenset())
        for tensor in defined_tensors(statement):
            origins[tensor.name] = sources
    return demands


def refuse_out_of_range(program: Program) -> None:
    """Refuse declared values of an integer input that lie outside of the tensor that it indexes.

    Raises:
        TcgradError: with code TC504, an error for each such input.
    """
    limits = find_demands(program).limits
    found = []
    for item in program.inputs:
        name, sample = item.tensor.name, item.sample
        limit = limits.get(name)
        if limit is None or sample.kind != "integers" or sample.low is None or sample.high is None:
            continue
        if sample.low < 0 or sample.high > limit:
            low, last = int(sample.low), int(sample.high) - 1
            message = f"{name} is drawn from {low} to {last}, but what it indexes has the positions 0 to {limit - 1}"
            span = program.spec.inputs[name].name.whole
            found.append(Diagnostic("TC504", message, span, f"sample: {{integers: [0, {limit}]}}"))
    if found:
        raise TcgradError(tuple(found), program.spec.source)


def bodies(statement: Statement) -> tuple[Expr, ...]:
    """The expressions of a statement; an intrinsic has none."""
    match statement:
        case Define():
            return (statement.body,)
        case Intrinsic():
            return ()
        case Recurrence():
            cases: list[Case] = [*statement.steps, *(case for cases in statement.bases for case in cases)]
            return tuple(case.body for case in cases)


def _origins(expr: Expr, origins: dict[str, frozenset[str]]) -> frozenset[str]:
    """The inputs that an expression depends on."""
    return frozenset().union(*(origins.get(tensor.name, frozenset()) for tensor in tensors_read(expr)))


def _demand(node: Expr, origins: dict[str, frozenset[str]], demands: Demands) -> None:
    if isinstance(node, Component):
        for position, size in zip(node.indices, node.tensor.shape, strict=True):
            _limit(position, size, demands)
    for argument, interval in _restricted(node):
        if isinstance(argument, Component) and origins.get(argument.tensor.name) == frozenset({argument.tensor.name}):
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


def _limit(position: Integer, size: Integer, demands: Demands) -> None:
    """An integer tensor read at ``position`` must be below ``size``, if it stands there alone."""
    for monomial, _ in position.terms:
        for atom in monomial:
            if isinstance(atom, Gather):
                name = atom.tensor.name
                demands.limits[name] = min(size.value, demands.limits.get(name, size.value))
                for inner, length in zip(atom.indices, atom.tensor.shape, strict=True):
                    _limit(inner, length, demands)
