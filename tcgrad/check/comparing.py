"""Everything that is compared at one sample: values, Jacobians, gradients and tangents of both subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import numpy as np

from tcgrad.check.bench import Bench
from tcgrad.check.emitted import Module, ModuleError
from tcgrad.check.formulas import Formulas, Positions, upstream_arrays
from tcgrad.check.precision import type_name
from tcgrad.check.references import Known, Reference, reference, spread
from tcgrad.check.tally import Tally
from tcgrad.evaluate import Array
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor, tangent_of

# A dense Jacobian of the module is asked for only if it is no larger than this.
_LARGEST_DENSE = 2**24


def compare_all(bench: Bench) -> None:
    """Compare everything at the bench's sample."""
    for of in bench.outputs:
        _forward(bench, of)
    for wrt in bench.wrt:
        started = perf_counter()
        known = reference(bench.sample, wrt, bench.options)
        bench.tallies.spent(wrt.name, perf_counter() - started, known.evaluations)
        _tell_kinks(bench, known)
        for of in bench.outputs:
            _jacobian(bench, known, of)
            _tangent(bench, known, of)
            _gradient(bench, known, (of,))
        if len(bench.outputs) > 1:
            _gradient(bench, known, bench.outputs)


def _tell_kinks(bench: Bench, known: Reference) -> None:
    """Note the slopes to both sides of a kink, for the results that cannot be had because of it."""
    for output in bench.outputs:
        kink = known.kinks.get(output.name)
        if kink is not None:
            worst = int(np.argmax(np.abs(kink.above - kink.below)))
            row = bench.element(output, worst)[1]
            column = bench.element(known.wrt, int(known.columns[kink.element]))[1]
            below, above = (float(slopes.reshape(-1)[worst]) for slopes in (kink.below, kink.above))
            text = f"kink at {column}: the slope of {row} is {below:.4g} below and {above:.4g} above"
            bench.tallies.note_kink(output.name, known.wrt.name, text)


def formulas_are_finite(bench: Bench) -> bool:
    """Whether every derived formula has finite values at the sample in the type that is checked."""
    gradients = bench.formulas("gradient", "", given=upstream_arrays(bench.sample))
    for wrt in bench.wrt:
        values = [gradients.value(bench.paths.gradient(wrt).statements)]
        tangents = _tangents(bench, wrt, bench.sample.tangents[wrt.name])
        values += [tangents.value(bench.paths.tangent(of)) for of in bench.outputs if bench.paths.tangent(of)]
        if not all(np.isfinite(value).all() for value in values):
            return False
    return all(np.isfinite(bench.formulas("values").value((define,))).all() for define in _closed(bench))


def _closed(bench: Bench) -> Iterator[Define]:
    """The closed Jacobians that are small enough to be worked out whole."""
    for jacobian in bench.paths.derivation.jacobians:
        size = bench.sample.value(jacobian.of.name).size * bench.sample.value(jacobian.wrt.name).size
        if jacobian.define is not None and size <= bench.options.max_elements:
            yield jacobian.define


def _forward(bench: Bench, of: Tensor) -> None:
    """The module's value against the plainly evaluated one."""
    module, sample = bench.module, bench.sample
    if module is None:
        return
    tally = bench.tallies.row("forward", "module", of.name, None)
    bench.add(
        tally,
        lambda: module.forward()[of.name],
        bound=sample.bounds[of.name] * bench.coarse,
        known=Known(sample.value(of.name), sample.own_bounds()[of.name]),
        method=f"plain evaluation ({type_name(sample.forward.context.dtype)})",
        locate=lambda flat: bench.element(of, flat),
    )


def _jacobian(bench: Bench, known: Reference, of: Tensor) -> None:
    """The closed form and the module's dense array, element by element."""
    closed = bench.paths.jacobian(of, known.wrt)
    formula = bench.tallies.row("jacobian", "formula", of.name, known.wrt.name)
    if closed.define is None:
        formula.skip(closed.reason or "there is no closed form")
        if known.is_full:
            statements = bench.paths.stepwise(of, known.wrt)
            _module_jacobian(bench, known, of, _blocks(bench, known, of, statements, Formulas.bound))
        return
    statements = (closed.define,)
    bound = _blocks(bench, known, of, statements, Formulas.bound)
    bench.add(
        formula,
        lambda: _blocks(bench, known, of, statements, Formulas.value),
        bound=bound,
        known=known.jacobian(of),
        method=known.method,
        locate=bench.derivative(of, known.wrt, known.columns),
    )
    _module_jacobian(bench, known, of, bound)


def _module_jacobian(bench: Bench, known: Reference, of: Tensor, bound: Array) -> None:
    module, wrt = bench.module, known.wrt
    if module is None:
        return
    tally = bench.tallies.row("jacobian", "module", of.name, wrt.name)
    size = bench.sample.value(of.name).size * bench.sample.value(wrt.name).size
    if size > _LARGEST_DENSE:
        tally.skip(f"a dense Jacobian of {size:.2g} elements is not asked of the module")
        return

    def find() -> Array:
        block = module.jacobian().get((of.name, wrt.name))
        if block is None:
            raise ModuleError(f"jacobian returns nothing for {of.name} by {wrt.name}")
        return _by_column(block, bench.sample.value(of.name).ndim)[known.columns]

    bench.add(
        tally,
        find,
        bound=bound * bench.coarse,
        known=known.jacobian(of),
        method=known.method,
        locate=bench.derivative(of, wrt, known.columns),
    )


def _by_column(block: Array, order: int) -> Array:
    """A Jacobian with the axes of the input made one and put in front."""
    return np.moveaxis(block.reshape(*block.shape[:order], -1), -1, 0)


def _blocks(
    bench: Bench, known: Reference, of: Tensor, statements: Sequence[Statement],
    work: Callable[[Formulas, Sequence[Statement], Positions | None], Array],
) -> Array:  # fmt: skip
    """A Jacobian formula at the reference's elements: all at once, or element by element where not all are known."""
    formulas = bench.formulas("values")
    order = bench.sample.value(of.name).ndim
    if known.is_full:
        return _by_column(work(formulas, statements, None), order)
    last = statements[-1]
    indices = last.free[order:] if isinstance(last, Define) else ()
    shape = bench.sample.value(known.wrt.name).shape
    parts = []
    for column in known.columns:
        position = np.unravel_index(int(column), shape) if shape else ()
        at = {index: np.array([p]) for index, p in zip(indices, position, strict=True)}
        parts.append(_by_column(work(formulas, statements, at), order))
    return np.concatenate(parts)


def _gradient(bench: Bench, known: Reference, outputs: Sequence[Tensor]) -> None:
    """The gradient given random upstream gradients of ``outputs``, and 0 for the other outputs."""
    only = outputs[0].name if len(outputs) < len(bench.outputs) else None
    of = ", ".join(output.name for output in outputs)
    upstream = upstream_arrays(bench.sample, only)
    formulas = bench.formulas("gradient", only or "", given=upstream)
    statements = bench.paths.gradient(known.wrt).statements
    bound = formulas.bound(statements)
    rows = bench.tallies
    tally = rows.row("gradient", "formula", of, known.wrt.name)
    _compare_gradient(bench, known, tally, Finding(outputs, lambda: formulas.value(statements), bound))
    module = bench.module
    if module is not None:
        tally = rows.row("gradient", "module", of, known.wrt.name)
        found = Finding(outputs, lambda: module.backward(upstream)[known.wrt.name], bound * bench.coarse)
        _compare_gradient(bench, known, tally, found)
    if bench.against is not None and bench.own and only is None:
        tally = rows.row("against", "user", of, known.wrt.name)
        found = Finding(outputs, lambda: bench.user_gradients[known.wrt.name], bound * bench.coarse)
        _compare_gradient(bench, known, tally, found)


@dataclass(frozen=True)
class Finding:
    """A gradient given the upstream gradients of ``outputs``: how it is worked out, and the bound on its error."""

    outputs: Sequence[Tensor]
    work: Callable[[], Array]
    bound: Array

    def elements(self) -> Array:
        """The gradient as one axis.

        Raises:
            ModuleError: if it has another shape than the input.
        """
        found = self.work()
        if found.shape != self.bound.shape:
            raise ModuleError(f"the gradient has shape {found.shape}, not {self.bound.shape}")
        return found.reshape(-1)


def _compare_gradient(bench: Bench, known: Reference, tally: Tally, found: Finding) -> None:
    """At the reference's elements; and along its random directions, which see every other element too."""
    bench.add(
        tally,
        lambda: found.elements()[known.columns],
        bound=found.bound.reshape(-1)[known.columns],
        known=known.gradient(found.outputs),
        method=known.method,
        locate=lambda flat: bench.element(known.wrt, int(known.columns[flat])),
    )
    if known.signs is not None:
        signs = known.signs.reshape(len(known.signs), -1)
        bench.add(
            tally,
            lambda: signs @ found.elements().astype(signs.dtype),
            bound=np.full(len(signs), spread(found.bound), signs.dtype),
            known=known.projections(found.outputs),
            method=known.method,
            locate=lambda flat: ((), f"along random direction {flat} of {known.wrt.name}"),
        )


def _tangent(bench: Bench, known: Reference, of: Tensor) -> None:
    """The module's ``jvp`` along directions of one input."""
    module, sample = bench.module, bench.sample
    if module is None:
        return
    tally = bench.tallies.row("jvp", "module", of.name, known.wrt.name)
    tangents = known.tangent(of)
    statements = bench.paths.tangent(of)
    for number, direction in enumerate(known.directions):
        formulas = _tangents(bench, known.wrt, direction)
        bound = formulas.bound(statements) if statements else np.zeros_like(sample.value(of.name))
        bench.add(
            tally,
            partial(_tangent_of, module, of, _moving(bench, known.wrt, direction)),
            bound=bound * bench.coarse,
            known=Known(tangents.value[number], tangents.error[number]),
            method=known.method,
            locate=lambda flat: bench.element(of, flat),
        )


def _moving(bench: Bench, wrt: Tensor, direction: Array) -> dict[str, Array]:
    """The directions of all inputs if only ``wrt`` is moved."""
    return {tensor.name: bench.sample.value(tensor.name) * 0 for tensor in bench.wrt} | {wrt.name: direction}


def _tangents(bench: Bench, wrt: Tensor, direction: Array) -> Formulas:
    """A place for the tangents along a direction of ``wrt``."""
    moving = _moving(bench, wrt, direction)
    given = {tangent_of(tensor).name: moving[tensor.name] for tensor in bench.wrt}
    if direction is bench.sample.tangents[wrt.name]:
        return bench.formulas("tangent", wrt.name, given=given)
    return Formulas(bench.paths.derivation, bench.sample, given)


def _tangent_of(module: Module, of: Tensor, tangents: Mapping[str, Array]) -> Array:
    return module.jvp(tangents)[of.name]
