"""The functions of first order: ``forward``, ``backward``, ``value_and_grad``, ``jvp`` and ``jacobian``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from tcgrad.calculus.passes.jacobians import stepwise_jacobians
from tcgrad.calculus.passes.tangents import push_forward
from tcgrad.emit.code.layout import bracketed, indented, return_dict_lines, return_lines, tuple_lines, unpack_lines
from tcgrad.emit.code.names import Scope
from tcgrad.emit.code.numpy_code import Printer
from tcgrad.emit.code.size_code import Used
from tcgrad.emit.documentation import described, docstring, listed
from tcgrad.emit.function import Check, FunctionWriter
from tcgrad.emit.graph.arrays import Kind, Node
from tcgrad.emit.module import Lines, ModuleWriter, function_lines, names_of
from tcgrad.emit.sizes.shapes import Array
from tcgrad.emit.stages import Stage, all_wanted, nodes_to_save
from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.sizes import dims_in
from tcgrad.ir.tensors import Role, Tensor, gradient_of, jacobian_of, tangent_of


class FirstOrderWriter(ModuleWriter):
    """Writes what every module has."""

    def _functions(self) -> list[Lines]:
        return [*self._forward_and_backward(), self._value_and_grad(), self._jvp(), self._jacobian()]

    def _forward_and_backward(self) -> list[Lines]:
        forward = self._of_inputs(self._scope.inner())
        saved = nodes_to_save(self._forward, self._backward)
        forward.calculate(self._backward.nodes)
        outputs = forward.compute(self._forward.wanted(self._name), self._forward.nodes, saved)
        scope = self._scope.inner()
        names = names_of(scope, _plain_name)
        upstream = {gradient_of(tensor): names(gradient_of(tensor)) for tensor in self._program.outputs}
        kept = {node: forward.names[node] for node in saved}
        backward = self._backward_writer(scope, kept, upstream)
        backward.saved = forward.floats
        gradients = backward.compute(self._backward.wanted(names), self._backward.nodes)
        self._complete(backward, kept)
        self._open = [backward.is_open(check) for check in backward.checks]
        return [
            self._forward_function(),
            self._forward_saved(forward, outputs, list(kept.values())),
            self._backward_function(backward, kept, list(upstream.values()), gradients),
        ]

    def _backward_writer(self, scope: Scope, kept: dict[Node, str], upstream: dict[Tensor, str]) -> FunctionWriter:
        """A function that starts from what was saved and from the gradients of the outputs."""
        scope.reserve(kept.values())
        given = {self._stages.argument(tensor): name for tensor, name in upstream.items()}
        writer = self._function(scope, {**kept, **given}, [])
        writer.checks = [Check(name, tensor.shape) for tensor, name in upstream.items()]
        writer.lengths = self._lengths
        return writer

    def _complete(self, backward: FunctionWriter, kept: dict[Node, str]) -> None:
        """Save inputs too whose shape or dtype the backward pass asks for."""
        inputs = {self._stages.argument(tensor): tensor for tensor in self._inputs}
        backward.arrays = [Array(name, node.shape) for node, name in kept.items()]
        backward.arrays.sort(key=lambda array: -len(array.shape))
        backward.upstream = [Array(check.name, check.shape) for check in backward.checks]
        missing = backward.missing_dims()
        for tells in (_has_as_axis, _has_in_axis):
            for node, tensor in inputs.items():
                if any(tells(tensor, dim) for dim in missing):
                    self._keep(backward, kept, node, tensor)
                    missing = backward.missing_dims()
        if missing:  # they are solved for by others, which any input may show
            for node, tensor in inputs.items():
                self._keep(backward, kept, node, tensor)
        typed = [node for node in kept if node.kind is Kind.FLOAT and node.sources]
        if backward.used.dtype and not typed:
            typed = [node for node, tensor in inputs.items() if tensor.is_real][:1]
            kept.update((node, self._name(inputs[node])) for node in typed)
        backward.typed = [kept[node] for node in _deciding(typed)]

    def _keep(self, backward: FunctionWriter, kept: dict[Node, str], node: Node, tensor: Tensor) -> None:
        if node not in kept:
            kept[node] = self._name(tensor)
            backward.arrays.append(Array(kept[node], tensor.shape))

    def _forward_function(self) -> Lines:
        parameters = self._named(self._inputs)
        outputs = self._named(self._program.outputs)
        pairs = [(self._name(tensor), tensor) for tensor in (*self._inputs, *self._program.outputs)]
        return [
            *bracketed("def forward(", parameters, "):"),
            *indented(docstring(f"Return {listed(outputs)}.", self._described(pairs))),
            *indented(bracketed("return forward_saved(", parameters, ")[0]", 4)),
        ]

    def _described(self, pairs: Sequence[tuple[str, Tensor]]) -> Lines:
        sizes, fitting = self._naming.sizes, self._stages.fitting
        printer = Printer({}, {}, lambda dim: self._naming.dims[dim], Used(), sizes=sizes, fitting=fitting)
        return described(pairs, lambda size: printer.size(size).code)

    def _forward_saved(self, writer: FunctionWriter, outputs: list[str], saved: list[str]) -> Lines:
        parameters = self._named(self._inputs)
        result = outputs[0] if len(outputs) == 1 else f"({', '.join(outputs)})"
        summary = "Return what `forward` returns, and what `backward` needs."
        return function_lines(writer, "forward_saved", parameters, summary, tuple_lines(f"return {result}, ", saved))

    def _backward_function(
        self, writer: FunctionWriter, kept: dict[Node, str], upstream: list[str], gradients: list[str]
    ) -> Lines:
        saved = list(kept.values())
        inputs = self._named(self._program.wrt)
        outputs = self._named(self._program.outputs)
        summary = f"Return the gradients of {listed(inputs)}, given those of {listed(outputs)}."
        unpack, returned = unpack_lines(saved, "saved"), return_lines(gradients)
        return function_lines(writer, "backward", ["saved", *upstream], summary, returned, first=unpack)

    def _value_and_grad(self) -> Lines:
        scope = self._scope.inner()
        names = names_of(scope, _plain_name)
        inputs = self._named(self._inputs)
        upstream = [names(gradient_of(tensor)) for tensor in self._program.outputs]
        scalar = self._program.lone_scalar is not None
        parameters = [*inputs, *([f"{upstream[0]}=1.0"] if scalar else upstream)]
        result = self._name(self._program.outputs[0]) if len(upstream) == 1 else scope.claim("outputs")
        lines = bracketed(f"{result}, saved = forward_saved(", inputs, ")", 4)
        if scalar:
            lines.append(f"{upstream[0]} = np.asarray({upstream[0]}, np.result_type({result}, 1.0))")
        for place, (name, is_open) in enumerate(zip(upstream, self._open, strict=True)):
            if is_open:
                output = result if len(upstream) == 1 else f"{result}[{place}]"
                lines.append(f'_check_shape("{name}", {name}, {output}.shape)')
                self._used.append(Used(helpers={"check_shape": None}))
        lines += bracketed(f"return {result}, backward(", ["saved", *upstream], ")", 4)
        wrt = self._named(self._program.wrt)
        outputs = self._named(self._program.outputs)
        summary = f"Return {listed(outputs)}, and the gradients of {listed(wrt)}."
        return [*bracketed("def value_and_grad(", parameters, "):"), *indented([*docstring(summary), *lines])]

    def _jvp(self) -> Lines:
        stage = self._stages.stage(push_forward(self._program, self._known), map(tangent_of, self._program.outputs))
        scope = self._scope.inner()
        names = names_of(scope, _plain_name)
        tangents = {tangent_of(tensor): names(tangent_of(tensor)) for tensor in self._program.wrt}
        writer = self._of_derivatives(scope)
        for tensor, name in tangents.items():
            writer.names[self._stages.argument(tensor)] = name
            writer.checks.append(Check(name, tensor.shape, self._shape_of(tensor.about[0])))
        results = self._beside_forward(writer, [stage], names)
        parameters = [*self._named(self._inputs), *tangents.values()]
        outputs = self._named(self._program.outputs)
        returned = [f"return {results[0]}"] if len(results) == 1 else return_lines(results)
        summary = f"Return the tangent of {listed(outputs)} along {listed(list(tangents.values()))}."
        return function_lines(writer, "jvp", parameters, summary, returned)

    def _beside_forward(
        self, writer: FunctionWriter, stages: Sequence[Stage], names: Callable[[Tensor], str]
    ) -> list[str]:
        """Compute stages that read the forward pass, and that too; the code of their results."""
        wanted = [*self._forward.wanted(self._name), *all_wanted(stages, names)]
        return writer.compute(wanted, [node for stage in stages for node in stage.nodes])

    def _shape_of(self, tensor: Tensor) -> str:
        return f"{self._name(tensor)}.shape" if tensor.shape else "()"

    def _jacobian(self) -> Lines:
        wrt, owners = self._program.wrt, set[Node]()
        stages = [
            self._stages.stage(
                stepwise_jacobians(self._program, of, wrt, self._gradients_of_inputs),
                [jacobian_of(of, tensor) for tensor in wrt],
                owners,
            )
            for of in self._program.outputs
        ]
        scope = self._scope.inner()
        names = names_of(scope, _plain_name)
        writer = self._of_derivatives(scope)
        results = self._beside_forward(writer, stages, names)
        pairs = [tensor.about for stage in stages for tensor, _ in stage.results]
        entries = [f'("{of.name}", "{wrt.name}"): {code}' for (of, wrt), code in zip(pairs, results, strict=True)]
        parameters = self._named(self._inputs)
        summary = "Return the derivative of each output by each input, as {(output, input): array}."
        return function_lines(writer, "jacobian", parameters, summary, return_dict_lines(entries))


def _deciding(nodes: Iterable[Node]) -> Iterator[Node]:
    """The nodes that together have the dtype of all of them: those first that are made of most."""
    decided = 0
    for node in sorted(nodes, key=lambda node: (not node.sources & 1, -node.sources.bit_count())):
        if node.sources & ~decided and not decided & 1:
            yield node
        decided |= node.sources


def _has_as_axis(tensor: Tensor, dim: Dim) -> bool:
    """Whether an axis is as long as the dim."""
    return Integer.of(dim) in tensor.shape


def _has_in_axis(tensor: Tensor, dim: Dim) -> bool:
    """Whether the dim may be worked out from the length of an axis."""
    return any(dim in dims_in(size) for size in tensor.shape)


def _plain_name(tensor: Tensor) -> str:
    """``dx`` for a gradient or a tangent, ``dy_dx`` for a Jacobian."""
    plain = f"d{tensor.about[0].name}" if tensor.role is Role.TANGENT else tensor.name
    return plain.removeprefix("dl/").replace("/", "_")
