"""Dims, constants, inputs, index ranges and functions of a spec as symbols."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tcgrad.errors import Located, Span
from tcgrad.functions import Function, abstract
from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Input
from tcgrad.ir.templates import stand_in
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.language.expressions.occurrences import parts, positions
from tcgrad.language.expressions.summation import Elaborator
from tcgrad.language.integers import read_integer
from tcgrad.language.parsing.parser import parse_expression
from tcgrad.language.ranges.equal_sizes import make_square
from tcgrad.language.ranges.slots import RangeProblem
from tcgrad.language.symbols import Refused, Symbols, UserFunction
from tcgrad.language.syntax import Expression, Name, Reduction, Subscript
from tcgrad.spec.limits import MAX_DIM
from tcgrad.spec.model import FunctionDeclaration, InputDeclaration, Sample, Spec
from tcgrad.spec.names import RESERVED, suggest


class _SizeReader:
    """Integer expressions of dims alone."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols

    def integer_name(self, node: Name) -> Integer:
        dims = self._symbols.dims
        if node.name in dims:
            return dims[node.name]
        if node.name in self._symbols.broken:
            raise Refused
        help_ = suggest(node.name, dims) or f"declare it before: `dims: {{{node.name}: ...}}`"
        if node.name in self._symbols.tensors:
            role = "an input" if self._symbols.tensors[node.name].role is Role.INPUT else "a constant"
            help_ = f"`{node.name}` is {role}; a size stands under `dims:`"
        if node.name in RESERVED:
            help_ = "a size is made of integers and dims with + - * // %"
        raise self._symbols.refuse("TC322", f"`{node.name}` is not a dim declared before", node.span, help_)

    def integer_component(self, node: Subscript) -> Integer:
        raise self.refuse_integer("a size is made of integers and dims", node.span)

    def refuse_integer(self, message: str, span: Span, help_: str | None = None) -> Refused:
        return self._symbols.refuse("TC322", message, span, help_)


def read_size(text: Located, symbols: Symbols) -> Integer:
    """A size: an expression of dims and integers whose value is from 1 to the largest dim.

    Raises:
        Refused: after TC322 or a syntax error.
    """
    node = parse_expression(text, symbols.report, "size")
    if node is None:
        raise Refused
    size = read_integer(node, _SizeReader(symbols))
    if not 1 <= size.value <= MAX_DIM:
        message = f"`{text.text.strip()}` is {size.value}; a size is from 1 to {MAX_DIM}"
        raise symbols.refuse("TC322", message, text.whole)
    return size


def declare_dims(
    spec: Spec, symbols: Symbols, sizes: Mapping[str, int], same: Mapping[str, Integer]
) -> tuple[Dim, ...]:
    """Put the dims into ``symbols``; those whose value is a number, not an expression of others.

    A dim that is an expression of others stands for that expression. ``sizes`` replaces the values of the rest.
    same: for dims given as numbers, the sizes that the equations make them equal to.
    """
    free = []
    for name, (place, text) in spec.dims.items():
        try:
            size = read_size(text, symbols)
        except Refused:
            symbols.broken.add(name)
            continue
        if name in same:
            size = same[name]
        elif size.as_number is not None:
            dim = Dim(name, sizes.get(name, size.value))
            free.append(dim)
            size = Integer.of(dim)
        symbols.dims[name] = symbols.one_size(size)
        symbols.places[name] = place.whole
    return tuple(free)


def declare_constants(spec: Spec, symbols: Symbols) -> tuple[Tensor, ...]:
    """Put the named numbers into ``symbols`` as scalar tensors."""
    for name, constant in spec.constants.items():
        symbols.bring_in(Tensor(name, (), Role.CONSTANT, value=constant.value), constant.name.whole)
    return tuple(symbols.tensors[name] for name in spec.constants)


def declare_inputs(spec: Spec, symbols: Symbols) -> tuple[Input, ...]:
    """Put the inputs into ``symbols``."""
    inputs = []
    for name, declaration in spec.inputs.items():
        symbols.places[name] = declaration.name.whole
        try:
            tensor, sample = _input(name, declaration, symbols), _sample(name, declaration, symbols)
        except Refused:
            symbols.broken.add(name)
            continue
        symbols.tensors[name] = tensor
        inputs.append(Input(tensor, sample))
    return tuple(inputs)


def _sample(name: str, declaration: InputDeclaration, symbols: Symbols) -> Sample:
    """How values are drawn, with the values of bounds that are expressions of dims."""
    sample = declaration.sample
    low, high = (None if text is None else float(read_size(text, symbols).value) for text in sample.written)
    sample = replace(sample, low=sample.low if low is None else low, high=sample.high if high is None else high)
    if sample.low is not None and sample.high is not None and not sample.low < sample.high:
        place = next((text.whole for text in sample.written if text is not None), declaration.name.whole)
        message = f"`{name}` is drawn from {sample.low:.0f} to below {sample.high:.0f}, which is nothing"
        raise symbols.refuse("TC115", message, place, "the lower bound must be below the upper one")
    return sample


def _input(name: str, declaration: InputDeclaration, symbols: Symbols) -> Tensor:
    shape = tuple(read_size(text, symbols) for text in declaration.shape)
    tensor = Tensor(
        name,
        shape,
        Role.INPUT,
        declaration.dtype,
        symmetric=declaration.symmetric,
        zero_outside=declaration.zero_outside,
    )
    if not (declaration.symmetric or declaration.sample.kind == "spd"):
        return tensor
    if len(shape) < 2 or shape[-1].value != shape[-2].value:
        what = "symmetric" if declaration.symmetric else "positive definite"
        message = f"`{name}` cannot be {what}: its last two axes do not have the same size"
        raise symbols.refuse("TC322", message, declaration.name.whole, "declare a square shape, as in `[N, N]`")
    make_square(tensor, declaration.name.whole, symbols)
    return tensor


def declare_indices(spec: Spec, symbols: Symbols) -> None:
    """Put the ranges under ``indices:`` into ``symbols``."""
    for name, (_, text) in spec.indices.items():
        try:
            symbols.indices[name] = read_size(text, symbols)
        except Refused:
            symbols.broken.add(name)


def declare_functions(spec: Spec, symbols: Symbols) -> None:
    """Put the functions into ``symbols``: each may use those before it, the constants and the dims."""
    hidden: dict[str, tuple[str, str, str | None]] = {}
    for name in spec.inputs:
        hidden[name] = ("TC316", f"`{name}` is an input", "a function sees its parameters, constants and dims")
    for name in spec.functions:
        hidden[name] = ("TC316", f"`{name}` is declared further down", "a function may use those declared before it")
    for name, declaration in spec.functions.items():
        hidden[name] = ("TC316", f"`{name}` uses itself", "a function may use those declared before it")
        try:
            symbols.functions[name] = _function(declaration, symbols, hidden)
        except Refused:
            symbols.broken.add(name)
        del hidden[name]
        symbols.places[name] = declaration.name.whole


def _function(
    declaration: FunctionDeclaration, symbols: Symbols, hidden: Mapping[str, tuple[str, str, str | None]]
) -> Function | UserFunction:
    if declaration.body is None:
        return abstract(declaration.name.text, len(declaration.parameters))
    node = parse_expression(declaration.body, symbols.report)
    if node is None:
        raise Refused
    indexed = next(_indexed(node), None)
    if indexed is not None:
        help_ = "give the components as arguments, or write an equation for a tensor"
        raise symbols.refuse("TC316", "the body of a function has no indices", indexed.span, help_)
    local = {parameter.text: stand_in(parameter.text) for parameter in declaration.parameters}
    body = read_scalar(node, replace(symbols, hidden=hidden, tensors=_constants(symbols), in_function=True), local)
    return UserFunction(declaration.name.text, tuple(local.values()), body)


def read_scalar(node: Expression, symbols: Symbols, local: Mapping[str, Expr]) -> Expr:
    """A scalar expression, its names standing for what ``local`` says."""
    return Elaborator(symbols, RangeProblem(), local=local).terms(node)


def _constants(symbols: Symbols) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in symbols.tensors.items() if tensor.role is Role.CONSTANT}


def _indexed(node: Expression) -> Iterator[Expression]:
    """The first places where an index would be needed."""
    if positions(node) or isinstance(node, Reduction):
        yield node
    for part in parts(node):
        yield from _indexed(part)
