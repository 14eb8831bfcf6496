"""The value of an operand: names, functions, powers, brackets, reductions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import cast

from tcgrad.errors import Note
from tcgrad.functions import FUNCTIONS, Function, abstract_derivative
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import Call as CallNode
from tcgrad.ir.nodes import (
    ComparisonOperator,
    Component,
    Expr,
    IndexReduce,
    IndexValue,
    Where,
)
from tcgrad.ir.nodes import Iverson as IversonNode
from tcgrad.language.building import mean, multiply, root, total
from tcgrad.language.components import ComponentReader
from tcgrad.language.inlining import inline
from tcgrad.language.integers import read_integer
from tcgrad.language.occurrences import Occurrences, is_index_in_position, parts
from tcgrad.language.operators import REDUCTIONS
from tcgrad.language.slots import NO_GUARDS, Guards, RangeProblem, Slot
from tcgrad.language.symbols import PI, Refused, Symbols, UserFunction
from tcgrad.language.syntax import Call, Comparison, Expression, Group, Iverson, Name, Number, Power, Product, Reduction
from tcgrad.spec.names import suggest


class ValueReader(ComponentReader, ABC):
    """Operands, each with all the indices that occur in it in scope or bound inside.

    local: what the parameters of a function stand for.
    names: the indices of the equation.
    """

    def __init__(
        self,
        symbols: Symbols,
        problem: RangeProblem,
        names: frozenset[str] = frozenset(),
        local: Mapping[str, Expr] | None = None,
    ) -> None:
        super().__init__(symbols, problem, Occurrences(symbols, names))
        self.names = names
        self.local = local or {}

    @abstractmethod
    def terms(self, node: Expression, expected: frozenset[str] = frozenset()) -> Expr:
        """A sum of additive terms, with the sums that the summation convention puts into it."""

    def bind(self, names: Sequence[str], node: Expression) -> dict[str, Slot]:
        """New slots for dummies that are summed at ``node``."""
        return {name: self.problem.slot(name, node.span, self.symbols.indices.get(name)) for name in names}

    def read_name(self, node: Name) -> Expr:
        """A bare name: a parameter, an index, a dim, a scalar, a constant or pi."""
        name, symbols = node.name, self.symbols
        if name in self.local:
            return self.local[name]
        if name in self.names:
            return self._index_value(node)
        if name in symbols.dims:
            return IndexValue(symbols.dims[name])
        if name == PI.name:
            return Component(PI)
        if name in symbols.tensors:
            tensor = symbols.tensors[name]
            if tensor.order:
                raise self.wrong_order(tensor, name, 0, node.span)
            return Component(tensor)
        if name in symbols.functions or name in REDUCTIONS:
            example = f"{name}[i](...)" if name in REDUCTIONS and name not in FUNCTIONS else f"{name}(...)"
            raise symbols.refuse("TC315", f"`{name}` needs its arguments", node.span, f"write `{example}`")
        if name in symbols.broken or name in symbols.later:
            symbols.tensor(name, node.span)
        raise symbols.unknown(name, node.span, symbols.names())

    def _index_value(self, node: Name) -> Expr:
        name, symbols = node.name, self.symbols
        if name in symbols.tensors:
            tensor = symbols.tensors[name]
            if tensor.order:
                raise self.two_meanings(node, f"a tensor: write `{name}[...]` for a component,")
            raise self.two_meanings(node, "a scalar")
        if name in symbols.dims:
            raise self.two_meanings(node, "a dim")
        if name not in self.scope:
            raise self.single(node)
        value = self.scope[name].index.expr
        self.problem.mentions.append((node.span, value, True))
        return IndexValue(value)

    def read_comparison(self, node: Comparison) -> Expr:
        """A chain: the product of its comparisons."""
        if all(self.is_integer(operand) for operand in node.operands) and any(
            isinstance(leaf, Name) for operand in node.operands for leaf in _leaves(operand)
        ):
            values = [cast("Expr", IndexValue(self.position(operand))) for operand in node.operands]
        else:
            values = [self.terms(operand) for operand in node.operands]
        pairs = zip(node.operators, pairwise(values), strict=True)
        return multiply(IversonNode(o, left, right) for o, (left, right) in pairs)

    def is_integer(self, node: Expression) -> bool:
        """Whether ``node`` is made of integers, dims and indices in scope alone, so that it is a position as well."""
        match node:
            case Number():
                return node.value.denominator == 1
            case Name():
                return node.name not in self.local and (node.name in self.scope or node.name in self.symbols.dims)
            case Product() if any(operator == "/" for operator, _ in node.factors):
                return False
            case Power() | Call() | Reduction() | Iverson() | Comparison():
                return False
        inner = parts(node)
        return bool(inner) and all(self.is_integer(part) for part in inner)

    def guards_of(self, node: Expression | None) -> Guards:
        """What holds where the condition ``node`` does, as far as it is about indices."""
        match node:
            case Group():
                return self.guards_of(node.body)
            case Iverson():
                return self.guards_of(node.condition)
            case Product():
                return reduce(Guards.and_, (self.guards_of(factor) for _, factor in node.factors))
            case Comparison() if all(self.is_integer(operand) for operand in node.operands):
                values = [read_integer(operand, self) for operand in node.operands]
                pairs = zip(node.operators, pairwise(values), strict=True)
                return reduce(Guards.and_, (_guards(operator, b - a) for operator, (a, b) in pairs))
        return NO_GUARDS

    def read_where(self, node: Call) -> Expr:
        if len(node.arguments) != 3:
            message = f"`where` has 3 arguments, here are {len(node.arguments)}"
            raise self.symbols.refuse("TC315", message, node.span, "write `where(x > 0, a, b)`")
        condition, then, otherwise = node.arguments
        return Where(
            self._condition(condition),
            self._guarded(self.guards_of(condition), then),
            self._guarded(self.guards_of(_opposite(condition)), otherwise),
        )

    def _condition(self, node: Expression) -> Expr:
        match node:
            case Comparison():
                return self.read_comparison(node)
            case Group():
                return self._condition(node.body)
            case Iverson():
                return self.read_comparison(node.condition)
            case Product() if all(isinstance(f, Iverson | Group) and o == "*" for o, f in node.factors):
                return multiply(self._condition(factor) for _, factor in node.factors)
        text = self.symbols.text(node.span)
        help_ = f"write `{text} != 0`" if len(text) < 40 else "write `x != 0`"
        raise self.symbols.refuse("TC324", "the first argument of `where` is a comparison", node.span, help_)

    def _guarded(self, guards: Guards, node: Expression) -> Expr:
        before = self.guards
        self.guards = before.and_(guards)
        value = self.terms(node)
        self.guards = before
        return value

    def read_call(self, node: Call) -> Expr:
        name, symbols = node.name, self.symbols
        if name == "where":
            return self.read_where(node)
        function = self._function(node)
        arity = len(function.parameters)
        if arity != len(node.arguments):
            message = f"`{name}` has {arity} argument{'s' * (arity != 1)}, here {_are(len(node.arguments))}"
            example = ", ".join(
                p if isinstance(p, str) else "xyzuvwabcdefgh"[k % 14] for k, p in enumerate(function.parameters)
            )
            raise symbols.refuse("TC315", message, node.span, f"write `{name}({example})`")
        arguments = tuple(self.terms(argument) for argument in node.arguments)
        if isinstance(function, UserFunction):
            return inline(function, arguments, node.span, symbols)
        return root(arguments[0]) if name == "sqrt" else CallNode(function, arguments)

    def _function(self, node: Call) -> Function | UserFunction:
        """The function of that name, or a derivative of an abstract one."""
        base, prime, numbers = node.name.partition("'")
        function = self.symbols.functions.get(base)
        if function is None:
            raise self._unknown_function(node, base)
        if not prime:
            return function
        if isinstance(function, UserFunction) or not function.is_abstract:
            message = (
                f"`{base}` is not abstract: only of a function without a body are derivatives written with a prime"
            )
            raise self.symbols.refuse("TC315", message, node.name_span)
        return self._derivative(function, node, numbers.lstrip("'"), 1 + len(numbers) - len(numbers.lstrip("'")))

    def _derivative(self, function: Function, node: Call, numbers: str, primes: int) -> Function:
        arity = function.arity
        if not numbers and arity == 1:
            numbers = "1" * primes
        if not numbers or primes > len(numbers) or any(int(n) not in range(1, arity + 1) for n in numbers):
            message = (
                f"`{function.name}` has {arity} arguments, and `{node.name}` does not say by which it is differentiated"
            )
            help_ = f"write `{function.name}'1`, `{function.name}'12`: the arguments by number"
            raise self.symbols.refuse("TC315", message, node.name_span, help_)
        for number in sorted(numbers):
            function = abstract_derivative(function, int(number) - 1)
        return function

    def _unknown_function(self, node: Call, base: str) -> Refused:
        name, symbols = node.name, self.symbols
        if base in symbols.broken:
            return Refused()
        if base in symbols.hidden:
            return symbols.unknown(base, node.name_span, ())
        if base in symbols.tensors:
            inner = symbols.text(node.span).partition("(")[2].removesuffix(")")
            tensor = symbols.tensors[base]
            help_ = f"write `{base}[{inner}]`" if tensor.order else f"write `{base}*({inner})`"
            message = f"`{base}` is a tensor, not a function: its indices stand in square brackets"
            return symbols.refuse("TC315", message, node.span, help_)
        kind = name.split("_")[0]
        near = suggest(base, (*symbols.functions, *REDUCTIONS, "where"))
        if kind in REDUCTIONS:
            near = f"write `{kind}[i](...)`"
        help_ = near or f'declare it: `functions: {{"{base}(z)": ...}}`'
        return symbols.refuse("TC315", f"there is no function `{base}`", node.name_span, help_)

    def read_reduction(self, node: Reduction) -> Expr:
        """``sum[i](body)`` and its like: the indices are bound in the body alone."""
        slots = self._reduced(node)
        before = self.enter(slots)
        body = self.terms(node.body)
        self.scope = before
        indices = [slot.index for slot in slots.values()]
        match node.kind:
            case "sum":
                return total(indices, body)
            case "mean":
                return mean(indices, [slot.extent for slot in slots.values()], body)
            case kind:
                return IndexReduce(kind, tuple(indices), body)

    def _reduced(self, node: Reduction) -> dict[str, Slot]:
        slots: dict[str, Slot] = {}
        for index in node.indices:
            name = index.name
            if name in self.symbols.dims or not is_index_in_position(name, self.symbols):
                raise self.two_meanings(index, "a dim" if name in self.symbols.dims else "an integer scalar")
            if name in slots:
                raise self.symbols.refuse("TC307", f"`{name}` is bound twice", index.span, "name each index once")
            if name in self.scope:
                message = f"`{name}` is in use outside of this `{node.kind}`"
                fresh = next(each for each in "kmnpqrstuvwij" if each not in self.names)
                note = Note(self.scope[name].span, f"`{name}` is an index here already")
                help_ = f"give the index of the `{node.kind}` another name, such as `{fresh}`"
                raise self.symbols.refuse("TC307", message, index.span, help_, note)
            slots[name] = self.problem.slot(name, index.span, self.symbols.indices.get(name))
        return slots


def _leaves(node: Expression) -> list[Expression]:
    inner = parts(node)
    return [leaf for part in inner for leaf in _leaves(part)] if inner else [node]


def _guards(operator: str, gap: Integer) -> Guards:
    """What ``left operator right`` says about ``gap``, which is ``right - left``."""
    match operator:
        case "<":
            return Guards((gap - 1,))
        case "<=":
            return Guards((gap,))
        case ">":
            return Guards((-gap - 1,))
        case ">=":
            return Guards((-gap,))
        case "==":
            return Guards((gap, -gap))
    return Guards((), (gap,))


_OPPOSITES: dict[ComparisonOperator, ComparisonOperator] = {
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
    "==": "!=",
    "!=": "==",
}


def _opposite(node: Expression) -> Comparison | None:
    """The condition that holds where a single comparison does not; None for anything else."""
    match node:
        case Group():
            return _opposite(node.body)
        case Iverson():
            return _opposite(node.condition)
        case Comparison(operands=operands, operators=(operator,)):
            return Comparison(operands, (_OPPOSITES[operator],), node.span)
    return None


def _are(count: int) -> str:
    return f"{'is' if count == 1 else 'are'} {count or 'none'}"
