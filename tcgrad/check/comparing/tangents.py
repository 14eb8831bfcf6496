"""Tangents at one sample: the module's ``jvp`` against the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from tcgrad.check.comparing.bench import Bench
from tcgrad.check.comparing.entering import Claim, enter
from tcgrad.check.evaluated.emitted import Module
from tcgrad.check.evaluated.tangents import Joint, no_directions, one
from tcgrad.check.reference.references import Known, Reference
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import Tensor

Bounds = Mapping[str, Mapping[str, Array]]


def tangent_bounds(bench: Bench, known: Sequence[Reference]) -> Bounds:
    """How far rounding may move the tangents of the outputs, in proportion to the module's own rounding.

    -> by the names of the inputs that are moved, then by the outputs' names, with an axis of the reference's
    directions in front.
    """
    directions = no_directions(bench.sample)
    for each in known:
        directions.add(each.wrt.name, {each.wrt.name: np.stack(each.directions)})
    found = bench.tangents.bounds(directions, bench.outputs)
    return {key: {of: bound * bench.coarse for of, bound in bounds.items()} for key, bounds in found.items()}


def tangents_are_finite(bench: Bench) -> bool:
    """Whether the formulas of the tangents have finite values along the sample's direction of each input."""
    directions: Joint = no_directions(bench.sample)
    for name, tangent in bench.sample.tangents.items():
        directions.add(name, {name: one(tangent)})
    return all(np.isfinite(value).all() for value in bench.tangents.values(directions, bench.outputs))


def compare_tangent(bench: Bench, known: Reference, of: Tensor, bounds: Bounds) -> None:
    """The module's ``jvp`` along directions of one input."""
    module = bench.module
    if module is None:
        return
    tally = bench.tallies.row("jvp", "module", of.name, known.wrt.name)
    tangents = known.tangent(of)
    for number, direction in enumerate(known.directions):
        enter(
            bench,
            tally,
            Claim(
                partial(_tangent_of, module, of, bench.moving(known.wrt, direction)),
                bound=bounds[known.wrt.name][of.name][number],
                known=Known(tangents.value[number], tangents.error[number], tangents.usual),
                method=known.method,
                locate=lambda flat: bench.element(of, flat),
            ),
        )


def _tangent_of(module: Module, of: Tensor, tangents: Mapping[str, Array]) -> Array:
    return module.jvp(tangents)[of.name]
