"""The emitted module around its functions: names, constants, imports, helpers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from tcgrad.calculus.derivation import Backpropagation
from tcgrad.calculus.recurrences.lengths import least_lengths
from tcgrad.emit.code.layout import bracketed, indented
from tcgrad.emit.code.names import Scope
from tcgrad.emit.code.size_code import Used
from tcgrad.emit.code.text import number
from tcgrad.emit.documentation import docstring, module_docstring
from tcgrad.emit.function import Check, FunctionWriter, Length, Naming
from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.operations import LeviCivita
from tcgrad.emit.helpers import helper_names, helper_sources
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.emit.sizes.shapes import Array, readings
from tcgrad.emit.stages import Stages
from tcgrad.ir.guards import compared_in
from tcgrad.ir.indices import Dim
from tcgrad.ir.inequalities import undivided
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Fit, bodies
from tcgrad.ir.ranges import least_undivided, never_negative
from tcgrad.ir.reads import positions_read
from tcgrad.ir.tensors import Role, Tensor, gradient_of
from tcgrad.ir.traversal import tensors_read, walk

Lines = list[str]


class ModuleWriter(ABC):
    """Writes the module of a derivation; which functions it has is for what is made of this."""

    def __init__(self, derivation: Backpropagation) -> None:
        self._program = derivation.program
        self._known = derivation.known
        self._gradients_of_inputs = derivation.backward
        chosen = dict.fromkeys(map(undivided, self._program.chosen))
        self._ranges = [size for size in chosen if not never_negative(size)]
        compared = (tensor for body in self._bodies() for tensor in compared_in(body))
        places = (read for body in self._bodies() for node in walk(body) for read in positions_read(node))
        self._stages = Stages(Fitting.of((*(fit.bound for fit in self._program.fits), *self._ranges), compared, places))
        self._inputs = [item.tensor for item in self._program.inputs]
        self._used: list[Used] = []
        self._lengths = [Length(tensor.name, length, least) for tensor, length, least in least_lengths(self._program)]
        self._claim_names()
        self._stages.solve_for((*self._program.statements, *derivation.backward))
        self._forward = self._stages.stage(self._program.statements, self._program.outputs)
        self._stages.assume(fact for each in self._lengths for fact in each.facts)
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

    def _bodies(self) -> Iterator[Expr]:
        return (body for statement in self._program.statements for body in bodies(statement))

    def _permutation_symbols(self) -> list[Tensor]:
        read = dict.fromkeys(tensor for body in self._bodies() for tensor in tensors_read(body))
        return [tensor for tensor in read if tensor.role is Role.LEVI_CIVITA]

    def _input_arrays(self) -> list[Array]:
        return [Array(self._name(tensor), tensor.shape) for tensor in self._inputs]

    def _name(self, tensor: Tensor) -> str:
        return self._names[tensor.name]

    def _named(self, tensors: Iterable[Tensor]) -> list[str]:
        """The names of tensors, in their order."""
        return [self._name(tensor) for tensor in tensors]

    # The module

    def source(self) -> str:
        """The text of the module."""
        functions = self._functions()
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

    @abstractmethod
    def _functions(self) -> list[Lines]:
        """The functions of the module, in order; what they use is noted as they are written."""

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
        writer = FunctionWriter(self._naming, scope, known, self._stages.fitting, arrays)
        self._used.append(writer.used)
        return writer

    def _of_inputs(self, scope: Scope) -> FunctionWriter:
        """A function whose arguments begin with the inputs."""
        known = {self._stages.argument(tensor): self._name(tensor) for tensor in self._inputs}
        writer = self._function(scope, known, self._input_arrays())
        writer.checks = [Check(self._name(tensor), tensor.shape) for tensor in self._inputs]
        writer.typed = self._named(tensor for tensor in self._inputs if tensor.is_real)
        integers = [tensor for tensor in self._inputs if tensor.dtype == "int"]
        writer.integers = {self._stages.argument(tensor): self._name(tensor) for tensor in integers}
        writer.ranges, writer.fits = self._ranges, self._fits
        return writer

    def _of_derivatives(self, scope: Scope) -> FunctionWriter:
        """The same for derivatives, which hold where recurrences are long enough."""
        writer = self._of_inputs(scope)
        writer.lengths = self._lengths
        return writer


def function_lines(
    writer: FunctionWriter,
    name: str,
    parameters: Sequence[str],
    summary: str,
    returned: Lines,
    *,
    first: Lines | None = None,
) -> Lines:
    """A function with the statements that have been written for it.

    first: statements before all others.
    """
    guard = ['@np.errstate(all="ignore")  # np.where computes the branch that is not taken, too']
    lines = [*docstring(summary), *(first or []), *writer.head(), *writer.body, *returned]
    return [
        *(guard if writer.used.guarded else []),
        *bracketed(f"def {name}(", parameters, "):"),
        *indented(lines),
    ]


def names_of(scope: Scope, plain: Callable[[Tensor], str]) -> Callable[[Tensor], str]:
    """Names for what is derived, claimed as they are first asked for; ``plain``: those that are wanted."""
    known: dict[tuple[Role, str], str] = {}

    def name(tensor: Tensor) -> str:
        key = tensor.role, tensor.name
        if key not in known:
            known[key] = scope.claim(plain(tensor))
        return known[key]

    return name
