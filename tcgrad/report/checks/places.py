"""Which line of a spec a result is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tcgrad.errors import Span
from tcgrad.ir.program import Program, defined_tensors
from tcgrad.report.checks.runs import Region, region

if TYPE_CHECKING:
    from tcgrad.check.judging.results import Result


def locate(program: Program, results: tuple[Result, ...]) -> tuple[Region, ...]:
    """The place of each result: of an expectation its own, of what is by an input the input's declaration, else the
    equation that defines the output.
    """
    spec = program.spec
    expected = iter(spec.expect)
    places = []
    for result in results:
        own = next(expected, None) if result.kind == "expect" else None
        places.append(region(spec.source, _span(program, result) if own is None else own.whole))
    return tuple(places)


def output_region(program: Program, name: str) -> Region:
    """The equation that defines an output."""
    return region(program.spec.source, next(_definitions(program, name), None))


def _span(program: Program, result: Result) -> Span | None:
    declared = program.spec.inputs.get(result.wrt or "")
    if declared is not None:
        return declared.name.whole
    return next(_definitions(program, result.of.partition(",")[0]), None)


def _definitions(program: Program, name: str) -> Iterator[Span | None]:
    for statement in program.statements:
        if any(tensor.name == name for tensor in defined_tensors(statement)):
            yield statement.span
