"""The emitted module: its functions, each computing a part of one array program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from tcgrad.calculus.derivation import Derivation
from tcgrad.calculus.jacobians import stepwise_jacobians
from tcgrad.calculus.lengths import least_lengths
from tcgrad.calculus.tangents import push_forward
from tcgrad.emit.arrays import Kind, Node
from tcgrad.emit.documentation import described, docstring, listed, module_docstring
from tcgrad.emit.equalities import least_undivided
from tcgrad.emit.fitting import Fitting, undivided
from tcgrad.emit.function import Check, FunctionWriter, Length, Naming
from tcgrad.emit.helpers import helper_names, helper_sources
from tcgrad.emit.layout import bracketed, indented, return_lines, tuple_lines, unpack_lines
from tcgrad.emit.names import Scope
from tcgrad.emit.numpy_code import Printer
from tcgrad.emit.operations import LeviCivita
from tcgrad.emit.size_code import Used
from tcgrad.emit.sizes import Array, dims_in, readings
from tcgrad.emit.stages import Stages, is_input, nodes_to_save
from tcgrad.emit.text import number
from tcgrad.ir.indices import Dim
from tcgrad.ir.program import Define, Fit
from tcgrad.ir.tensors import Role, Tensor, gradient_of, jacobian_of, tangent_of
from tcgrad.ir.traversal import tensors_read
from tcgrad.simplify.ranges import never_negative

Lines = list[str]


class ModuleWriter:
    """Writes the module of a derivation, function by function."""

    def __init__(self, derivation: Derivation) -> None:
        self._program = derivation.program
        self._known = derivation.known
        self._gradients_of_inputs = derivation.backward
        chosen = dict.fromkeys(map(undivided, self._program.chosen))
        self._ranges = [size for size in chosen if not never_negative(size)]
        self._stages = Stages(Fitting.of((*(fit.bound for fit in self._program.fits), *self._ranges)))
        self._inputs = [item.tensor for item in self._program.inputs]
        self._used: list[Used] = []
        self._lengths = [Length(tensor.name, length, least) for tensor, length, least in least_lengths(self._program)]
        self._claim_names()
        self._stages.solve_for((*self._program.statements, *derivation.backward))
        self._forward = self._stages.stage(self._program.statements, self._program.outputs)
        self._stages.assume(each.length - each.least for each in self._lengths)
        self._backward = self._stages.stage(derivation.backward, map(gradient_of, self._program.wrt))

    def _claim_names(self) -> None:
        """The names that are the same in every function: the spec's own, inputs first."""
        self._scope = Scope(helper_names())
        self._names = {tensor.name: self._scope.claim(tensor.name) for tensor in self._program.tensors}
        dims = {dim: self._scope.claim(dim.name) for dim in self._program.dims}
        visible = readings(self._program.dims, self._input_arrays())
        fixed = [dim for dim in dims if dim not in visible]
        sizes = {Dim(name, size.value): size for name, size in self._program.named_sizes}
        dims |= {dim: self._scope.claim(dim.name) for dim in sizes}
        constants = {
            self._stages.argument(tensor): self._scope.claim(tensor.name.upper())
            for tensor in self._program.constants
            if tensor.value is not None
        }
        for tensor in self._permutation_symbols():
            constants[self._stages.argument(tensor)] = self._scope.claim("LEVI_CIVITA")
        self._naming = Naming(dims, fixed, constants, sizes)

    @cached_property
    def _fits(self) -> list[Fit]:
        """What sizes have to be checked for: neither the dims nor other checks say it. Names are those in the code."""
        found: list[Fit] = []
        for fit in self._program.fits:
            known = Fitting.of((*self._ranges, *(each.bound for each in found)))
            if not fit.bound.indices and not any(map(known.never_negative, (fit.bound, least_undivided(fit.bound)))):
                found.append(replace(fit, name=self._names.get(fit.name, fit.name)))
        return found

    def _permutation_symbols(self) -> list[Tensor]:
        bodies = [statement.body for statement in self._program.statements if isinstance(statement, Define)]
        read = dict.fromkeys(tensor for body in bodies for tensor in tensors_read(body))
        return [tensor for tensor in read if tensor.role is Role.LEVI_CIVITA]

    def _input_arrays(self) -> list[Array]:
        return [Array(self._name(tensor), tensor.shape) for tensor in self._inputs]

    def _name(self, tensor: Tensor) -> str:
        return self._names[tensor.name]

    # The module

    def source(self) -> str:
        """The text of the module."""
        functions = [*self._forward_and_backward(), self._value_and_grad(), self._jvp(), self._jacobian()]
        functions += self._more_functions()
        rows = {name: row for used in self._used for name, row in used.functions.items()}
        symbols = list(self._permutation_constants())
        helpers = [name for used in self._used for name in used.helpers] + (["levi_civita"] if symbols else [])
        sources = [source.rstrip("\n").split("\n") for source in helper_sources(helpers, rows.values())]
        lines = [*module_docstring(self._program), "", *self._imports(helpers, any(row.scipy for row in rows.values()))]
        constants = list(self._constants())
        if constants:
            lines += ["", *constants]
        for block in (*sources, *([symbols] if symbols else []), *functions):
            lines += ["", "", *block]
        return "\n".join(lines) + "\n"

    def _more_functions(self) -> list[Lines]:
        """Functions beyond those of first order."""
        return []

    def _imports(self, helpers: Sequence[str], scipy: bool) -> Lines:
        standard = ["import itertools"] if "levi_civita" in helpers else []
        windows = any(used.windows for used in self._used)
        standard += ["import math"] if any(used.math for used in self._used) else []
        return [
            *standard,
            *([""] if standard else []),
            "import numpy as np",
            *(["from numpy.lib.stride_tricks import sliding_window_view"] if windows else []),
            *(["from scipy import special"] if scipy else []),
        ]

    def _constants(self) -> Iterator[str]:
        """Module constants: the numbers that the spec names, and the sizes that no input shows."""
        values = {self._stages.argument(tensor): tensor.value for tensor in self._program.constants}
        for node, name in self._naming.constants.items():
            value = values.get(node)
            if value is not None and any(node in used.constants for used in self._used):
                yield f"{name} = {number(value).code}"
        for dim, name in self._naming.dims.items():
            if dim in self._naming.fixed and any(dim in used.dims for used in self._used):
                yield f"{name} = {dim.value}  # no input has an axis of this size"

    def _permutation_constants(self) -> Iterator[str]:
        for node, name in self._naming.constants.items():
            if isinstance(node.operation, LeviCivita) and any(node in used.constants for used in self._used):
                yield f"{name} = _levi_civita({node.operation.order})"

    # Functions

    def _function(self, scope: Scope, known: dict[Node, str], arrays: list[Array]) -> FunctionWriter:
        writer = FunctionWriter(self._naming, scope, known, arrays)
        self._used.append(writer.used)
        return writer

    def _of_inputs(self, scope: Scope) -> FunctionWriter:
        """A function whose arguments begin with the inputs."""
        known = {self._stages.argument(tensor): self._name(tensor) for tensor in self._inputs}
        writer = self._function(scope, known, self._input_arrays())
        writer.checks = [Check(self._name(tensor), tensor.shape) for tensor in self._inputs]
        writer.typed = [self._name(tensor) for tensor in self._inputs if tensor.is_real]
        writer.ranges, writer.fits = self._ranges, self._fits
        return writer

    def _forward_and_backward(self) -> list[Lines]:
        forward = self._of_inputs(self._scope.inner())
        saved = nodes_to_save(self._forward, self._backward)
        outputs = forward.compute(self._forward.wanted(self._name), self._forward.nodes, saved)
        scope = self._scope.inner()
        names = _derived_names(scope)
        upstream = {gradient_of(tensor): names(gradient_of(tensor)) for tensor in self._program.outputs}
        kept = {node: forward.names[node] for node in saved}
        backward = self._backward_writer(scope, kept, upstream)
        gradients = backward.compute(self._backward.wanted(names), self._backward.nodes)
        self._complete(backward, kept)
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
        upstream = [Array(check.name, check.shape) for check in backward.checks]
        missing = backward.missing_dims()
        for node, tensor in inputs.items():
            if any(dim in dims_in(size) for dim in missing for size in tensor.shape):
                self._keep(backward, kept, node, tensor)
                missing = backward.missing_dims()
        if missing:  # they are solved for by others, which any input may show
            for node, tensor in inputs.items():
                self._keep(backward, kept, node, tensor)
        backward.arrays += upstream
        typed = [node for node in kept if node.kind is Kind.FLOAT]
        if backward.used.dtype and not typed:
            typed = [node for node, tensor in inputs.items() if tensor.is_real][:1]
            kept.update((node, self._name(inputs[node])) for node in typed)
        backward.typed = [kept[node] for node in typed if is_input(node)] or [kept[node] for node in typed[:1]]

    def _keep(self, backward: FunctionWriter, kept: dict[Node, str], node: Node, tensor: Tensor) -> None:
        if node not in kept:
            kept[node] = self._name(tensor)
            backward.arrays.append(Array(kept[node], tensor.shape))

    def _forward_function(self) -> Lines:
        parameters = [self._name(tensor) for tensor in self._inputs]
        outputs = [self._name(tensor) for tensor in self._program.outputs]
        pairs = [(self._name(tensor), tensor) for tensor in (*self._inputs, *self._program.outputs)]
        return [
            *bracketed("def forward(", parameters, "):"),
            *indented(docstring(f"Return {listed(outputs)}.", self._described(pairs))),
            *indented(bracketed("return forward_saved(", parameters, ")[0]", 4)),
        ]

    def _described(self, pairs: Sequence[tuple[str, Tensor]]) -> Lines:
        printer = Printer({}, {}, lambda dim: self._naming.dims[dim], Used(), self._naming.sizes)
        return described(pairs, lambda size: printer.size(size).code)

    def _forward_saved(self, writer: FunctionWriter, outputs: list[str], saved: list[str]) -> Lines:
        parameters = [self._name(tensor) for tensor in self._inputs]
        result = outputs[0] if len(outputs) == 1 else f"({', '.join(outputs)})"
        return [
            *decorators(writer),
            *bracketed("def forward_saved(", parameters, "):"),
            *indented(docstring("Return what `forward` returns, and what `backward` needs.")),
            *indented([*writer.head(), *writer.body]),
            *indented(tuple_lines(f"return {result}, ", saved)),
        ]

    def _backward_function(
        self, writer: FunctionWriter, kept: dict[Node, str], upstream: list[str], gradients: list[str]
    ) -> Lines:
        saved = list(kept.values())
        unpack = unpack_lines(saved, "saved")
        inputs = [self._name(tensor) for tensor in self._program.wrt]
        outputs = [self._name(tensor) for tensor in self._program.outputs]
        summary = f"Return the gradients of {listed(inputs)}, given those of {listed(outputs)}."
        return [
            *decorators(writer),
            *bracketed("def backward(", ["saved", *upstream], "):"),
            *indented(docstring(summary)),
            *indented([*unpack, *writer.head(), *writer.body]),
            *indented(return_lines(gradients)),
        ]

    def _value_and_grad(self) -> Lines:
        scope = self._scope.inner()
        names = _derived_names(scope)
        inputs = [self._name(tensor) for tensor in self._inputs]
        upstream = [names(gradient_of(tensor)) for tensor in self._program.outputs]
        scalar = len(upstream) == 1 and not self._program.outputs[0].shape
        parameters = [*inputs, *([f"{upstream[0]}=1.0"] if scalar else upstream)]
        result = self._name(self._program.outputs[0]) if len(upstream) == 1 else scope.claim("outputs")
        lines = bracketed(f"{result}, saved = forward_saved(", inputs, ")", 4)
        if scalar:
            lines.append(f"{upstream[0]} = np.asarray({upstream[0]}, np.result_type({result}))")
        lines += bracketed(f"return {result}, backward(", ["saved", *upstream], ")", 4)
        wrt = [self._name(tensor) for tensor in self._program.wrt]
        outputs = [self._name(tensor) for tensor in self._program.outputs]
        summary = f"Return {listed(outputs)}, and the gradients of {listed(wrt)}."
        return [*bracketed("def value_and_grad(", parameters, "):"), *indented([*docstring(summary), *lines])]

    def _jvp(self) -> Lines:
        stage = self._stages.stage(push_forward(self._program, self._known), map(tangent_of, self._program.outputs))
        scope = self._scope.inner()
        names = _derived_names(scope)
        tangents = {tangent_of(tensor): names(tangent_of(tensor)) for tensor in self._program.wrt}
        writer = self._of_inputs(scope)
        writer.lengths = self._lengths
        for tensor, name in tangents.items():
            writer.names[self._stages.argument(tensor)] = name
            writer.checks.append(Check(name, tensor.shape, self._shape_of(tensor.about[0])))
        results = writer.compute([*self._forward.wanted(self._name), *stage.wanted(names)], stage.nodes)
        parameters = [*(self._name(tensor) for tensor in self._inputs), *tangents.values()]
        outputs = [self._name(tensor) for tensor in self._program.outputs]
        returned = [f"return {results[0]}"] if len(results) == 1 else return_lines(results)
        summary = f"Return the tangent of {listed(outputs)} along {listed(list(tangents.values()))}."
        return [
            *decorators(writer),
            *bracketed("def jvp(", parameters, "):"),
            *indented([*docstring(summary), *writer.head(), *writer.body, *returned]),
        ]

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
        names = _derived_names(scope)
        writer = self._of_inputs(scope)
        writer.lengths = self._lengths
        wanted = [*self._forward.wanted(self._name), *(want for stage in stages for want in stage.wanted(names))]
        results = writer.compute(wanted, [node for stage in stages for node in stage.nodes])
        pairs = [tensor.about for stage in stages for tensor, _ in stage.results]
        entries = [f'("{of.name}", "{wrt.name}"): {code}' for (of, wrt), code in zip(pairs, results, strict=True)]
        return [
            *decorators(writer),
            *bracketed("def jacobian(", [self._name(tensor) for tensor in self._inputs], "):"),
            *indented(docstring("Return the derivative of each output by each input, as {(output, input): array}.")),
            *indented([*writer.head(), *writer.body, "return {", *(f"    {entry}," for entry in entries), "}"]),
        ]


def decorators(writer: FunctionWriter) -> Lines:
    """What stands above a function: the warnings that it rightly ignores."""
    guard = '@np.errstate(all="ignore")  # np.where computes the branch that is not taken, too'
    return [guard] if writer.used.guarded else []


def _derived_names(scope: Scope) -> Callable[[Tensor], str]:
    """Names for gradients, tangents and Jacobians, ``dx`` and ``dy_dx``: claimed as they are first asked for."""
    known: dict[tuple[Role, str], str] = {}

    def name(tensor: Tensor) -> str:
        key = tensor.role, tensor.name
        if key not in known:
            plain = f"d{tensor.about[0].name}" if tensor.role is Role.TANGENT else tensor.name
            known[key] = scope.claim(plain.removeprefix("dl/").replace("/", "_"))
        return known[key]

    return name
