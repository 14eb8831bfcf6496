"""Tangents at one sample: the module's ``jvp`` against the reference."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from tcgrad.check.bench import Bench
from tcgrad.check.emitted import Module
from tcgrad.check.formulas import Formulas
from tcgrad.check.references import Known, Reference
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import Tensor, tangent_of


def compare_tangent(bench: Bench, known: Reference, of: Tensor) -> None:
    """The module's ``jvp`` along directions of one input."""
    module, sample = bench.module, bench.sample
    if module is None:
        return
    tally = bench.tallies.row("jvp", "module", of.name, known.wrt.name)
    tangents = known.tangent(of)
    statements = bench.paths.tangent(of)
    for number, direction in enumerate(known.directions):
        formulas = tangent_formulas(bench, known.wrt, direction)
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


def tangent_formulas(bench: Bench, wrt: Tensor, direction: Array) -> Formulas:
    """A place for the tangents along a direction of ``wrt``."""
    moving = _moving(bench, wrt, direction)
    given = {tangent_of(tensor).name: moving[tensor.name] for tensor in bench.wrt}
    if direction is bench.sample.tangents[wrt.name]:
        return bench.formulas("tangent", wrt.name, given=given)
    return Formulas(bench.paths.derivation, bench.sample, given)


def _tangent_of(module: Module, of: Tensor, tangents: Mapping[str, Array]) -> Array:
    return module.jvp(tangents)[of.name]
