"""From a spec to its program: equations parsed, names resolved, every sum explicit, every range known."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from tcgrad.composed import composed
from tcgrad.errors import Located, Report, TcgradError
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Input, Intrinsic, Program, Statement, defined_tensors
from tcgrad.ir.tensors import Tensor
from tcgrad.language.names import (
    declare_constants,
    declare_dims,
    declare_functions,
    declare_indices,
    declare_inputs,
    read_scalar,
)
from tcgrad.language.parsing.parsed_alike import ParsedAlike
from tcgrad.language.parsing.parser import parse_expression
from tcgrad.language.ranges.equal_sizes import joined
from tcgrad.language.statements.arranging import Group, arrange, target_name
from tcgrad.language.statements.defined_alike import DefinedAlike
from tcgrad.language.statements.expectations import elaborate_expectations
from tcgrad.language.statements.lengths import require_few_indices
from tcgrad.language.statements.recurrences import define_recurrence
from tcgrad.language.symbols import Refused, Symbols
from tcgrad.language.syntax import Equation
from tcgrad.spec.model import Spec
from tcgrad.spec.names import suggest_or_list

_BEGINNING = re.compile(r"(?:\d+\*?)?[^\w\[({]*([^\W\d]\w*)")
"""What an equation begins with, its name last: perhaps a sign or a number before it, which belong elsewhere."""
_DEFINED = re.compile(r"([^\W\d]\w*)\s*(?:\[[^\]]*\])?\s*=(?!=)")
"""A name on the left of an equation, of which there are several where lines have become one."""


def elaborate(spec: Spec, sizes: Mapping[str, int] | None = None, broken: Collection[str] = ()) -> Program:
    """The program that ``spec`` means.

    A dim that equations make equal to other sizes is these sizes by another name.

    sizes: values that replace those of the dims (of a dim that is an expression of others there is none to replace).
    broken: names of which it is known that they are declared, and nothing else: what depends on them is left out.

    Raises:
        TcgradError: with everything that is independently wrong.
    """
    program, equal = _elaborated(spec, sizes or {}, {}, broken)
    warnings = program.warnings
    same = joined({}, equal, program.dims)
    while same is not None:
        program, equal = _elaborated(spec, sizes or {}, same)
        same = joined(same, equal, program.dims)
    return replace(program, warnings=warnings)


def _elaborated(
    spec: Spec, sizes: Mapping[str, int], same: Mapping[str, Integer], broken: Collection[str] = ()
) -> tuple[Program, list[tuple[Integer, Integer]]]:
    """The program with the dims of ``same`` taken for the sizes that they are equal to, and what else is equal."""
    report = Report(spec.source)
    symbols = Symbols(report, strict=spec.strict, broken=set(broken))
    dims = declare_dims(spec, symbols, sizes, same)
    constants = declare_constants(spec, symbols)
    inputs = declare_inputs(spec, symbols)
    declare_indices(spec, symbols)
    declare_functions(spec, symbols)
    statements = _elaborate_equations(spec, symbols)
    outputs = _outputs(spec, symbols, statements)
    wrt = _wrt(spec, symbols, inputs)
    expectations = elaborate_expectations(spec, symbols, statements, outputs)
    report.raise_errors()
    statements.extend(_take_pending(symbols))
    warnings = tuple(report.warnings)
    free = tuple(map(Integer.of, dims))
    named = tuple((name, size) for name, size in symbols.dims.items() if name in same or size not in free)
    ranges = tuple(symbols.indices.items())
    fits, chosen = tuple(symbols.fits.values()), tuple(symbols.chosen)
    told = (warnings, named, ranges, fits, chosen)
    program = Program(spec, dims, constants, inputs, tuple(statements), outputs, wrt, expectations, *told)
    return program, symbols.equal


def elaborate_scalar(text: str, arguments: Mapping[str, Expr]) -> Expr:
    """A scalar expression, such as a derivative in the function table, with ``arguments`` in the place of names.

    Raises:
        TcgradError: if the text is no such expression.
    """
    report = Report()
    node = parse_expression(Located.plain(text), report)
    try:
        value = read_scalar(node, Symbols(report), arguments) if node is not None else None
    except Refused:
        value = None
    if value is None:
        raise TcgradError(report.errors)
    return value


def _elaborate_equations(spec: Spec, symbols: Symbols) -> list[Statement]:
    """The statements, each matrix function before the first that reads it."""
    equations = _parse(spec.equations, symbols)
    for equation in reversed(equations):
        symbols.later[target_name(equation)] = equation.target.span
    statements: list[Statement] = []
    alike = DefinedAlike(symbols)
    for unit in arrange(equations, symbols):
        for equation in unit.equations:
            symbols.later.pop(target_name(equation), None)
        try:
            statement = _elaborate_unit(unit, symbols, alike)
        except Refused:
            names = [target_name(equation) for equation in unit.equations]
            symbols.broken.update(part for name in names for part in (name, name.rstrip("'"), name.partition("_")[0]))
            symbols.places.update((target_name(equation), equation.target.span) for equation in unit.equations)
            continue
        statements.extend(_take_pending(symbols))
        statements.append(statement)
    return statements


def _elaborate_unit(unit: Group, symbols: Symbols, alike: DefinedAlike) -> Statement:
    symbols.hidden = {}
    if unit.is_recurrence:
        for equation in unit.equations:
            require_few_indices(equation, symbols)
        return define_recurrence(unit, symbols)
    equation = unit.equations[0]
    name = target_name(equation)
    help_ = f"give the new value another name; a recurrence has a base case, `{name}[0] = ...`, and reads `{name}[t-1]`"
    symbols.hidden = {name: ("TC303", f"`{name}` is used in its own definition", help_)}
    return alike.define(equation)


def _parse(texts: Iterable[Located], symbols: Symbols) -> list[Equation]:
    """The equations that can be read; of the others the names are kept as broken."""
    begun = [(text, _BEGINNING.match(composed(text.text))) for text in texts]
    alike = ParsedAlike([*symbols.tensors, *(match[1] for _, match in begun if match)], symbols.report)
    equations = []
    for text, match in begun:
        equation = alike.parse(text)
        if equation is not None:
            equations.append(equation)
            continue
        names = [*([match[1], match[1].rstrip("_")] if match else []), *_DEFINED.findall(composed(text.text))]
        symbols.broken.update(names)
        symbols.lost = symbols.lost or not names
    return equations


def _take_pending(symbols: Symbols) -> list[Intrinsic]:
    """The matrix functions that have been met since the last call."""
    found = [*symbols.pending]
    symbols.pending.clear()
    return found


def _outputs(spec: Spec, symbols: Symbols, statements: list[Statement]) -> tuple[Tensor, ...]:
    """The tensors named under ``outputs:``, by default that of the last equation."""
    if not spec.outputs:
        defined = [s for s in statements if not isinstance(s, Intrinsic)]
        return defined_tensors(defined[-1])[-1:] if defined else ()
    names = [tensor.name for statement in statements for tensor in defined_tensors(statement)]
    return _tensors_named(spec.outputs, names, "no equation defines `{}`", symbols)


def _wrt(spec: Spec, symbols: Symbols, inputs: tuple[Input, ...]) -> tuple[Tensor, ...]:
    """The inputs named under ``wrt:``, by default every real one."""
    real = [item.tensor for item in inputs if item.tensor.is_real]
    if not spec.wrt:
        return tuple(real)
    return _tensors_named(spec.wrt, [tensor.name for tensor in real], "`{}` is not a real-valued input", symbols)


def _tensors_named(texts: tuple[Located, ...], names: list[str], message: str, symbols: Symbols) -> tuple[Tensor, ...]:
    found: dict[str, Tensor] = {}
    for text in texts:
        name = text.text.strip()
        if name in names:
            found[name] = symbols.tensors[name]
        elif name not in symbols.broken:
            symbols.refuse("TC321", message.format(name), text.whole, suggest_or_list(name, names))
    return tuple(found.values())
