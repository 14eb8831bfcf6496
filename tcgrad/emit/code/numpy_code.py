"""Nodes as NumPy expressions, with as few parentheses as Python's precedence allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tcgrad.emit.code.array_text import come_back
from tcgrad.emit.code.number_signs import has_power, has_root, is_never_zero
from tcgrad.emit.code.numpy_calls import CallPrinter
from tcgrad.emit.code.product_code import ProductCode, quotient
from tcgrad.emit.code.size_code import Used
from tcgrad.emit.code.text import Level, Text, is_simple, number
from tcgrad.emit.graph.arrays import Kind, Node
from tcgrad.emit.graph.operations import (
    Apply,
    Compare,
    Expand,
    Integral,
    Matmul,
    Mean,
    MinusInfinity,
    Number,
    Plus,
    Power,
    Size,
    Sqrt,
    Times,
)
from tcgrad.emit.graph.whole_numbers import NoIntegers
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.functions import Function
from tcgrad.ir.indices import Dim, Integer


class Printer(CallPrinter):
    """Prints nodes: those in ``names`` and module constants by their name, and dims by ``dim_name``."""

    def __init__(
        self,
        names: dict[Node, str],
        constants: Mapping[Node, str],
        dim_name: Callable[[Dim], str],
        used: Used,
        *,
        sizes: Mapping[Dim, Integer],
        fitting: Fitting,
    ) -> None:
        super().__init__(names, dim_name, used, sizes=sizes, fitting=fitting)
        self._constants = constants
        self._codes: dict[Node, Text] = {}
        self._readers: dict[Node, list[Node]] = {}

    def inside(self, names: Mapping[Node, str]) -> Printer:
        """A printer for the inside of a loop: what it names is not known outside."""
        known = {**self.names, **names}
        printer = Printer(known, self._constants, self.dim_name, self.used, sizes=self.sizes, fitting=self.fitting)
        printer.loop_variables = dict(self.loop_variables)
        printer.given = self.given
        return printer

    def give(self, node: Node, name: str) -> None:
        """Name a node; the code of what reads it is no longer what it was."""
        self.names[node] = name
        stack = [node]
        while stack:
            for reader in self._readers.pop(stack.pop(), ()):
                self._codes.pop(reader, None)
                stack.append(reader)

    def hand_on(self, node: Node, heir: Node) -> None:
        """Let a node that is written over another have its name."""
        self.give(heir, self.names.pop(node))

    def expression(self, node: Node) -> Text:
        """The code of a node: its name, if it has one."""
        name = self.names.get(node)
        if name is not None:
            return Text(name)
        if node in self._constants:
            self.used.constants[node] = None
            return Text(self._constants[node])
        return self.definition(node)

    def definition(self, node: Node) -> Text:
        """The code that computes a node from its arguments; kept until one of them gets a name."""
        code = self._codes.get(node)
        if code is None:
            code = self._codes[node] = self._definition(node)
            self._watch(node)
        return code

    def _watch(self, node: Node) -> None:
        """Know the nodes without a name that the code of this one is made of."""
        for argument in node.arguments:
            if argument not in self.names:
                readers = self._readers.setdefault(argument, [])
                if node not in readers:
                    readers.append(node)
                    self._watch(argument)

    def _definition(self, node: Node) -> Text:
        arguments = node.arguments
        match node.operation:
            case Number(value):
                return Text("np.pi") if value is None else number(value)
            case MinusInfinity():
                return Text("-np.inf", Level.UNARY)
            case Size(size):
                return self.size(size)
            case Plus(signs):
                return Text(" ".join(self.terms(node, signs)), Level.ADD)
            case Times():
                return self._conjunction(node) if node.kind is Kind.BOOL else self.product(node, self.expression)
            case Mean(axes) if arguments[0] in self.names:
                sizes = [self.size(arguments[0].arguments[0].shape[axis]).at(Level.UNARY) for axis in axes]
                return Text(quotient([self.names[arguments[0]]], sizes), Level.MUL)
            case Power():
                return self._power(*arguments)
            case Compare(operator):
                return self._binary(node, operator, Level.COMPARE, Level.AND, Level.AND)
            case Integral(operator):
                # in a product it stands in parentheses: Python reads 3 * i // 2 from the left
                return self._binary(node, operator, Level.MATMUL, Level.MUL, Level.UNARY)
            case Matmul():
                chained = self.expression(arguments[0]).level is Level.MATMUL
                return self._binary(node, "@", Level.MATMUL, Level.MATMUL if chained else Level.ATOM, Level.ATOM)
            case Apply(function):
                return self._call(node, function)
            case Expand(new) if arguments[0] not in self.names and come_back(new, arguments[0]):
                return self.expression(arguments[0].arguments[0])
            case Sqrt() if node.is_static:
                return Text(self._root(arguments[0]))
            case _:
                return Text(self.call(node))

    def _binary(self, node: Node, operator: str, level: Level, left: Level, right: Level) -> Text:
        first, second = map(self.expression, node.arguments)
        return Text(f"{first.at(left)} {operator} {second.at(right)}", level)

    def terms(self, node: Node, signs: Sequence[int]) -> list[str]:
        """The terms of a sum, one that is added first; every other one after its sign."""
        terms = [self._term(sign, term) for sign, term in zip(signs, node.arguments, strict=True)]
        first = next((k for k, (sign, _) in enumerate(terms) if sign > 0), 0)
        (sign, code) = terms.pop(first)
        others = [f"{'+' if sign > 0 else '-'} {code}" for sign, code in terms]
        if sign < 0 and isinstance(node.arguments[first].operation, Integral):
            code = self.expression(node.arguments[first]).at(Level.ATOM)  # Python reads -i // 2 as (-i) // 2
        return [code if sign > 0 else f"-{code}", *others]

    def _term(self, sign: int, node: Node) -> tuple[int, str]:
        """A term with its sign taken out of a leading minus."""
        text = self.expression(node)
        if text.code.startswith("-") and text.level in (Level.MUL, Level.UNARY):
            return -sign, text.code[1:]
        return sign, text.at(Level.ADD) if sign > 0 else text.at(Level.MATMUL)

    def product(self, node: Node, expression: Callable[[Node], Text]) -> Text:
        """The code of a product, given that of each factor."""
        parts = ProductCode(node.shape)
        self._gather(node, parts, False, True)
        return parts.text(expression, lambda divisor: is_never_zero(divisor, self.fitting))

    def _gather(self, node: Node, parts: ProductCode, inverted: bool, top: bool = False) -> None:
        """The factors of nested products that have no name of their own."""
        operation = node.operation
        if isinstance(operation, Times) and node.kind is not Kind.BOOL and (top or node not in self.names):
            for k, factor in enumerate(node.arguments):
                self._gather(factor, parts, inverted ^ (k >= operation.numerators))
        elif isinstance(operation, Number) and operation.value:
            parts.coefficient *= 1 / operation.value if inverted else operation.value
        else:
            parts.factors[not node.shape, inverted].append(node)

    def _conjunction(self, node: Node) -> Text:
        return Text(" & ".join(self.expression(a).at(Level.ADD) for a in node.arguments), Level.AND)

    def _root(self, square: Node) -> str:
        """The root of a Python number, which may be below 0 where it is not taken."""
        code = self.expression(square).code
        if not has_root(square, self.fitting):
            return f"float(np.sqrt({code}))"
        self.used.math = True
        return f"math.sqrt({code})"

    def _power(self, base: Node, exponent: Node) -> Text:
        if base.is_static and exponent.is_static and not has_power(base, exponent, self.fitting):
            return Text(f"float(np.float_power({self.expression(base).code}, {self.expression(exponent).code}))")
        if not exponent.is_static:
            self.used.no_integers.append(NoIntegers(exponent if base.is_static else base))
        left, right = self.expression(base).at(Level.ATOM), self.expression(exponent).at(Level.UNARY)
        if not base.shape and not base.is_static:
            return Text(f"np.power({left}, {right})")
        space = "" if is_simple(left) and is_simple(right) else " "
        return Text(f"{left}{space}**{space}{right}", Level.POWER)

    def _call(self, node: Node, function: Function) -> Text:
        """``np.clip`` makes an array of a number that comes first, of a dtype of NumPy's own."""
        self.used.functions[function.name] = function
        first, *rest = map(self._plain, node.arguments)
        if function.name == "clip" and node.arguments[0].is_static and not node.is_static:
            self.used.dtype = True
            first = f"dtype.type({first})"
        code = function.numpy.format(first, *rest)
        return Text(f"float({code})" if node.is_static else code)
