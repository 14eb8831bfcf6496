"""The functions of second order: ``hessian`` and ``hvp``, for a spec with one scalar output."""

from __future__ import annotations

from functools import cached_property

from tcgrad.calculus.passes.jacobians import stepwise_blocks
from tcgrad.calculus.passes.second import gradient_program, has_hessian
from tcgrad.calculus.passes.tangents import push_forward
from tcgrad.calculus.program.unconstrained import unconstrained
from tcgrad.emit.code.layout import bracketed, indented, return_dict_lines, return_lines
from tcgrad.emit.documentation import docstring, listed
from tcgrad.emit.first import FirstOrderWriter
from tcgrad.emit.function import Check
from tcgrad.emit.module import Lines, function_lines, names_of
from tcgrad.ir.program import Program, Statement, bodies
from tcgrad.ir.tensors import Role, Tensor, gradient_of, jacobian_of, tangent_of
from tcgrad.ir.traversal import size

# Of the statements that push directions forward, for each input: some 600 lines of blocks, which a reader still reads.
_MOST_NODES = 5000
# What the function that makes it so calls its own.
_LOCALS = ("shapes", "along", "blocks", "first", "second", "shape", "position", "columns", "column")


class SecondOrderWriter(FirstOrderWriter):
    """Writes a module with second derivatives where the program has them."""

    def _functions(self) -> list[Lines]:
        more = [self._hessian, self._hvp] if has_hessian(self._program) else []
        return [*super()._functions(), *(write() for write in more)]

    @cached_property
    def _gradients(self) -> Program:
        return gradient_program(unconstrained(self._program))

    @property
    def _backward_from_one(self) -> tuple[Statement, ...]:
        """What computes the gradients, started from 1."""
        return self._gradients.statements[len(self._program.statements) :]

    @cached_property
    def _products(self) -> tuple[Statement, ...]:
        """What multiplies the Hessian by a direction."""
        return tuple(push_forward(self._gradients, tangent=_direction_of))

    def _hessian(self) -> Lines:
        """The columns of each input's blocks go the way that a direction of it goes."""
        nodes = sum(size(body) for statement in self._products for body in bodies(statement))
        return self._by_columns() if nodes * len(self._program.wrt) > _MOST_NODES else self._by_blocks()

    def _by_blocks(self) -> Lines:
        """Each block from the statements before it, with what they share."""
        wrt = self._gradients.wrt
        blocks = stepwise_blocks(self._gradients, [gradient_of(first) for first in wrt], wrt)
        pairs = [(first, second) for first in wrt for second in wrt]
        results = [jacobian_of(gradient_of(first), second) for first, second in pairs]
        stage = self._stages.stage((*self._backward_from_one, *blocks), results)
        scope = self._scope.inner()
        names = names_of(scope, _plain_name)
        writer = self._of_derivatives(scope)
        found = self._beside_forward(writer, [stage], names)
        entries = [f'("{a.name}", "{b.name}"): {code}' for (a, b), code in zip(pairs, found, strict=True)]
        parameters = self._named(self._inputs)
        return function_lines(writer, "hessian", parameters, self._hessian_summary, return_dict_lines(entries))

    def _by_columns(self) -> Lines:
        """What ``hvp`` returns along each component of each input."""
        inputs = self._named(self._inputs)
        typed = self._named(tensor for tensor in self._inputs if tensor.is_real)
        of_wrt = [f'"{tensor.name}": np.shape({self._name(tensor)})' for tensor in self._program.wrt]
        shapes, along, blocks, first, second, shape, position, columns, column = map(self._scope.inner().claim, _LOCALS)
        lines = [
            *bracketed(f"{shapes} = {{", of_wrt, "}", 4),
            *bracketed("dtype = np.result_type(", [*typed, "1.0"], ")", 4),
            f"{along} = {{{second}: np.zeros({shape}, dtype) for {second}, {shape} in {shapes}.items()}}",
            f"{blocks} = {{",
            f"    ({first}, {second}): np.empty({shapes}[{first}] + {shapes}[{second}], dtype)",
            f"    for {first} in {shapes}",
            f"    for {second} in {shapes}",
            "}",
            f"for {second}, {shape} in {shapes}.items():",
            f"    for {position} in np.ndindex({shape}):",
            f"        {along}[{second}][{position}] = 1",
            *indented(indented(bracketed(f"{columns} = hvp(", [*inputs, f"*{along}.values()"], ")", 12))),
            f"        {along}[{second}][{position}] = 0",
            f"        for {first}, {column} in zip({shapes}, {columns}):",
            f"            {blocks}[{first}, {second}][(..., *{position})] = {column}",
            f"return {blocks}",
        ]
        told = docstring(self._hessian_summary, ["Column by column: `hvp` along each component of each input."])
        return [*bracketed("def hessian(", inputs, "):"), *indented([*told, *lines])]

    @property
    def _hessian_summary(self) -> str:
        (output,) = self._program.outputs
        return f"Return the second derivatives of {self._name(output)}, as {{(first input, second input): array}}."

    def _hvp(self) -> Lines:
        wrt = self._gradients.wrt
        statements = (*self._backward_from_one, *self._products)
        stage = self._stages.stage(statements, [_direction_of(gradient_of(tensor)) for tensor in wrt])
        scope = self._scope.inner()
        names = names_of(scope, _plain_name)
        directions = {tensor: names(_direction_of(tensor)) for tensor in wrt}
        writer = self._of_derivatives(scope)
        for (tensor, name), declared in zip(directions.items(), self._program.wrt, strict=True):
            writer.names[self._stages.argument(_direction_of(tensor))] = name
            writer.checks.append(Check(name, tensor.shape, self._shape_of(declared)))
        found = self._beside_forward(writer, [stage], names)
        (output,) = self._program.outputs
        summary = f"Return the Hessian of {self._name(output)} times the direction {listed(list(directions.values()))}."
        parameters = [*self._named(self._inputs), *directions.values()]
        return function_lines(writer, "hvp", parameters, summary, return_lines(found))


def _direction_of(tensor: Tensor) -> Tensor:
    """A direction of an input, or what follows from the directions for another tensor: ``vx``, and ``vdx``."""
    return tangent_of(tensor, "v")


def _plain_name(tensor: Tensor) -> str:
    """``dx`` for a gradient, ``vx`` for a direction or what follows from it, ``dy_dx`` for a Jacobian."""
    match tensor.role, tensor.about:
        case Role.GRADIENT, (about, *_):
            return f"d{about.name}"
        case Role.TANGENT, (about, *_):
            return f"v{_plain_name(about)}"
        case Role.JACOBIAN, (of, wrt):
            return f"d{_plain_name(of)}_d{_plain_name(wrt)}"
        case _:
            return tensor.name
