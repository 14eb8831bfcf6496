"""Jacobians at one sample: the closed form and the module's dense array against the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tcgrad.check.comparing.bench import Bench
from tcgrad.check.comparing.entering import Claim, enter
from tcgrad.check.evaluated.emitted import ModuleError
from tcgrad.check.evaluated.formulas import Formulas, Positions
from tcgrad.check.reference.references import Reference
from tcgrad.evaluate import Array
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor, jacobian_of

# A dense Jacobian of the module is asked for only if it is no larger than this.
_LARGEST_DENSE = 2**24

# Nor are all of as many moved by random rounding where only some are compared.
_LARGEST_MOVED = 2**20


def compare_jacobian(bench: Bench, known: Reference, of: Tensor) -> None:
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
    enter(
        bench,
        formula,
        Claim(
            lambda: _blocks(bench, known, of, statements, Formulas.value),
            bound=bound,
            known=known.jacobian(of),
            method=known.method,
            locate=bench.derivative(of, known.wrt, known.columns),
        ),
    )

    def stepwise() -> Array:
        """The bound for the statements that the module works out."""
        bound = _blocks(bench, known, of, bench.paths.stepwise(of, known.wrt), Formulas.bound)
        return bench.coarsened(bound)

    _module_jacobian(bench, known, of, bound, stepwise)


def _module_jacobian(
    bench: Bench, known: Reference, of: Tensor, bound: Array, wider: Callable[[], Array] | None = None
) -> None:
    module, wrt = bench.module, known.wrt
    if module is None:
        return
    tally = bench.tallies.row("jacobian", "module", of.name, wrt.name)
    size = _dense(bench, bench.outputs, bench.wrt)
    if size > _LARGEST_DENSE:
        tally.skip(f"dense Jacobians of {size:.2g} elements are not asked of the module")
        return

    def find() -> Array:
        block = module.jacobian(of.name, wrt.name)
        if block.shape != bench.sample.value(of.name).shape + bench.sample.value(wrt.name).shape:
            raise ModuleError(f"the Jacobian has shape {block.shape}")
        return _by_column(block, bench.sample.value(of.name).ndim)[known.columns]

    enter(
        bench,
        tally,
        Claim(
            find,
            bound=bench.coarsened(bound),
            wider=wider if known.is_full or size <= _LARGEST_MOVED else None,
            known=known.jacobian(of),
            method=known.method,
            locate=bench.derivative(of, wrt, known.columns),
        ),
    )


def _dense(bench: Bench, outputs: Sequence[Tensor], wrt: Sequence[Tensor]) -> int:
    """The elements of all Jacobians, which the module works out together."""
    return sum(bench.sample.value(a.name).size for a in outputs) * sum(bench.sample.value(b.name).size for b in wrt)


def _by_column(block: Array, order: int) -> Array:
    """A Jacobian with the axes of the input made one and put in front."""
    return block.reshape(*block.shape[:order], -1).transpose(order, *range(order))


def _blocks(
    bench: Bench, known: Reference, of: Tensor, statements: Sequence[Statement],
    work: Callable[[Formulas, Sequence[Statement], Tensor, Positions | None], Array],
) -> Array:  # fmt: skip
    """A Jacobian formula at the reference's elements: all at once, or element by element where not all are known."""
    formulas = bench.value_formulas
    order, jacobian = bench.sample.value(of.name).ndim, jacobian_of(of, known.wrt)
    if known.is_full:
        return _by_column(work(formulas, statements, jacobian, None), order)
    last = statements[-1]
    indices = last.free[order:] if isinstance(last, Define) else ()
    shape = bench.sample.value(known.wrt.name).shape
    parts = []
    for column in known.columns:
        position = np.unravel_index(int(column), shape) if shape else ()
        at = {index: np.array([p]) for index, p in zip(indices, position, strict=True)}
        parts.append(_by_column(work(formulas, statements, jacobian, at), order))
    return np.concatenate(parts)
