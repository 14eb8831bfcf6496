"""Calls of functions: of the table, of the spec with a body, and abstract ones with their derivatives."""

from __future__ import annotations

from tcgrad.functions import Function, abstract_derivative
from tcgrad.ir.nodes import Call as CallNode
from tcgrad.ir.nodes import Expr
from tcgrad.language.elsewhere import WITH_MORE_ARGUMENTS, help_on, indices_meant
from tcgrad.language.expressions.building import root
from tcgrad.language.expressions.conditions import ConditionReader
from tcgrad.language.expressions.counting import miscounted
from tcgrad.language.expressions.inlining import inline
from tcgrad.language.symbols import PI, WITH_INDICES, Refused, UserFunction
from tcgrad.language.syntax import Call
from tcgrad.operators import INTRINSICS, REDUCTIONS

_MOST_PRIMES = 16


class CallReader(ConditionReader):
    """Functions of numbers; the sums inside each argument stay in it."""

    def read_call(self, node: Call) -> Expr:
        name, symbols = node.name, self.symbols
        if name == "where":
            return self.read_where(node)
        function = self._function(node)
        arity = len(function.parameters)
        if arity != len(node.arguments):
            if symbols.report.has_unclear(node.span):
                raise Refused
            message = miscounted(name, arity, len(node.arguments), "argument", "arguments")
            example = ", ".join(p if isinstance(p, str) else f"a{k + 1}" for k, p in enumerate(function.parameters))
            meant = WITH_MORE_ARGUMENTS.get((name, len(node.arguments)), f"{name}({example})")
            texts = [symbols.text(argument.span) for argument in node.arguments]
            raise symbols.refuse("TC315", message, node.span, f"write `{meant.format(*texts)}`")
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
            message = f"`{base}` is not abstract: a prime is written for functions without a body"
            help_ = "write the derivative out"
            if isinstance(function, UserFunction):
                help_ += f", or declare `{base}` with the body null"
            raise self.symbols.refuse("TC315", message, node.name_span, help_)
        return self._derivative(function, node, numbers.lstrip("'"), 1 + len(numbers) - len(numbers.lstrip("'")))

    def _derivative(self, function: Function, node: Call, numbers: str, primes: int) -> Function:
        arity = function.arity
        if not numbers and arity == 1:
            numbers = "1" * primes
        if len(numbers) > _MOST_PRIMES:
            raise self.symbols.refuse("TC315", f"at most {_MOST_PRIMES} derivatives are written", node.name_span)
        if not numbers or primes > len(numbers) or any(int(n) not in range(1, arity + 1) for n in numbers):
            message = (
                f"`{node.name}` does not say by which of its {arity} arguments `{function.name}` is differentiated"
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
        inner = symbols.text(node.span).partition("(")[2].removesuffix(")")
        product = f"{base}*({inner})" if inner else base
        if base == PI.name:
            message = f"`{base}` is a number, not a function"
            return symbols.refuse("TC315", message, node.span, f"write `{product}`")
        if base in symbols.dims:
            message = f"`{base}` is a dim, not a function"
            return symbols.refuse("TC315", message, node.span, f"write `{product}`")
        if base in symbols.tensors or symbols.builtin(base) in WITH_INDICES:
            is_scalar = base in symbols.tensors and not symbols.tensors[base].order
            help_ = f"write `{product}`" if is_scalar else f"write `{base}[{inner}]`"
            message = f"`{base}` is a tensor, not a function: its indices stand in square brackets"
            return symbols.refuse("TC315", message, node.span, help_)
        kind, _, index = name.partition("_")
        reduction = f"write `{kind}[{indices_meant(index, inner) or 'i'}]({inner})`" if kind in REDUCTIONS else None
        near = help_on(base, (*symbols.functions, *REDUCTIONS, *INTRINSICS, "where"))
        help_ = reduction or near or f'declare it: `functions: {{"{base}(z)": ...}}`'
        return symbols.refuse("TC315", f"there is no function `{base}`", node.name_span, help_)
