"""The rules, each a function from a program to its warnings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Final

from tcgrad.calculus.program.dependence import depending_on, needed_for
from tcgrad.composed import composed
from tcgrad.errors import Diagnostic, Located, Note
from tcgrad.ir.nodes import ONE, ZERO, Expr, IndexValue, Iverson, Where
from tcgrad.ir.program import Program, Statement, defined_tensors, nodes_in
from tcgrad.ir.reads import as_position
from tcgrad.ir.traversal import free_indices
from tcgrad.lint.usage import used_names
from tcgrad.notation.index import print_expr
from tcgrad.simplify.rules.deltas import iverson

Rule = Callable[[Program], Iterator[Diagnostic]]


def find_unused_inputs(program: Program) -> Iterator[Diagnostic]:
    """Inputs that no output depends on (TC701)."""
    needed = needed_for(program, program.outputs)
    for given in program.inputs:
        if given.tensor not in needed:
            name = program.spec.inputs[given.tensor.name].name
            yield _warning("TC701", f"no output depends on the input `{name.text}`", name, "leave it out, or use it")


def find_unused_names(program: Program) -> Iterator[Diagnostic]:
    """Constants (TC702), dims (TC703), functions (TC704) and indices with a range (TC709) that nothing uses."""
    spec = program.spec
    used = used_names(spec)
    constants = [constant.name for constant in spec.constants.values()]
    dims = [name for name, _ in spec.dims.values()]
    functions = [function.name for function in spec.functions.values()]
    indices = [name for name, _ in spec.indices.values()]
    for code, kind, names in (
        ("TC702", "constant", constants),
        ("TC703", "dim", dims),
        ("TC704", "function", functions),
        ("TC709", "index", indices),
    ):
        for name in names:
            if name.text not in used:
                yield _warning(code, f"nothing uses the {kind} `{name.text}`", name, "leave it out, or use it")


def find_idle_equations(program: Program) -> Iterator[Diagnostic]:
    """Equations whose tensor no output depends on (TC705)."""
    needed = needed_for(program, program.outputs)
    for statement in program.statements:
        tensors = defined_tensors(statement)
        named = [tensor.name for tensor in tensors if _is_named(program, tensor.name)]
        if named and not any(tensor in needed for tensor in tensors):
            outputs = ", ".join(f"`{tensor.name}`" for tensor in program.outputs)
            message = f"no output depends on `{named[0]}`"
            help_ = f"the outputs are {outputs}: leave the equation out, or name its tensor under `outputs:`"
            yield Diagnostic("TC705", message, statement.span, help_, severity="warning")


def _is_named(program: Program, name: str) -> bool:
    """Whether the spec defines a tensor by this name, and not a step on the way to another."""
    return any(composed(text.text.lstrip()).startswith(name) for text in program.spec.equations)


def find_zero_derivatives(program: Program) -> Iterator[Diagnostic]:
    """Outputs that do not depend on anything they are differentiated by (TC706)."""
    reached = depending_on(program, program.wrt)
    spans = {tensor: statement.span for statement in program.statements for tensor in defined_tensors(statement)}
    for output in program.outputs:
        if output not in reached:
            message = f"the output `{output.name}` depends on no input of `wrt`: its derivatives are 0"
            yield Diagnostic("TC706", message, spans.get(output), None, severity="warning")


def find_equal_sizes(program: Program) -> Iterator[Diagnostic]:
    """Inputs with two axes that have one size and are not the same dim (TC707), once for each pair of dims."""
    told: set[frozenset[str]] = set()
    for given in program.inputs:
        declared = program.spec.inputs[given.tensor.name]
        axes = zip(declared.shape, given.tensor.shape, strict=True)
        for (first, size), (second, other) in combinations(axes, 2):
            pair = frozenset((first.text, second.text))
            if size.value == other.value and size != other and pair not in told:
                told.add(pair)
                message = f"`{first.text}` and `{second.text}` are both {size.value}: code that takes one axis of"
                note = Note(first.whole, "the other axis")
                help_ = "give the two different sizes"
                yield _warning("TC707", f"{message} `{declared.name.text}` for the other runs", second, help_, note)


def find_sizes_of_one(program: Program) -> Iterator[Diagnostic]:
    """Dims of size 1 that are axes of inputs (TC708)."""
    axes = {
        text.text: size.value
        for given in program.inputs
        for text, size in zip(program.spec.inputs[given.tensor.name].shape, given.tensor.shape, strict=True)
    }
    for name, size in program.spec.dims.values():
        if axes.get(name.text) == 1:
            message = f"the dim `{name.text}` is 1: a sum over it that is missing would go unnoticed"
            yield _warning("TC708", message, size, "give it a size of at least 2")


def find_idle_conditions(program: Program) -> Iterator[Diagnostic]:
    """Conditions that never hold, for any position, and branches that are never taken (TC710)."""
    for statement in program.statements:
        nodes = list(nodes_in(statement))
        branching = {node.condition for node in nodes if isinstance(node, Where)}
        for condition in dict.fromkeys(node for node in nodes if isinstance(node, Iverson)):
            decided = _decided(condition)
            if decided == ZERO or (decided == ONE and condition in branching):
                yield _idle_condition(condition, statement, holds=decided == ONE)


def _decided(condition: Iverson) -> Expr | None:
    """Whether a comparison of positions holds, as 1 or 0; None where that is known at run time alone."""
    left, right = as_position(condition.left), as_position(condition.right)
    if left is None or right is None or not (left.indices or right.indices):
        return None
    found = iverson(condition.operator, left, right)
    return found if found in (ZERO, ONE) else None


def _idle_condition(condition: Iverson, statement: Statement, *, holds: bool) -> Diagnostic:
    indices = free_indices(condition)
    shown = print_expr(condition, names={index: index.name for index in indices}).strip("[]")
    ranges = " and ".join(
        f"`{index.name}` runs from 0 to `{print_expr(IndexValue(index.size - 1))}`" for index in indices
    )
    message = f"`{shown}` {'always' if holds else 'never'} holds: {ranges}"
    help_ = "what is read beside it decides the range: give the index one under `indices:`, or leave the condition out"
    return Diagnostic("TC710", message, statement.span, help_, severity="warning")


def _warning(code: str, message: str, place: Located, help_: str, *notes: Note) -> Diagnostic:
    return Diagnostic(code, message, place.whole, help_, notes, "warning")


RULES: Final[tuple[Rule, ...]] = (
    find_unused_inputs,
    find_unused_names,
    find_idle_equations,
    find_zero_derivatives,
    find_equal_sizes,
    find_sizes_of_one,
    find_idle_conditions,
)
