"""Second derivatives at one sample: the module's Hessian and its products with directions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tcgrad.calculus.passes.second import has_hessian
from tcgrad.check.comparing.bench import Bench
from tcgrad.check.comparing.entering import Claim, enter
from tcgrad.check.comparing.second_bench import SecondBench
from tcgrad.check.evaluated.emitted import ModuleError
from tcgrad.check.judging.tally import SECOND
from tcgrad.check.mistakes.wrong import Locate
from tcgrad.check.precision import unit_roundoff
from tcgrad.check.reference.references import Known, spread, spreads
from tcgrad.check.reference.second import SecondReference, turned
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass

# What underflows on the way, the factors of a product taken in another order, may be multiplied by so much afterwards.
_AFTERWARDS = 2.0**7


def compare_second(bench: Bench) -> None:
    """The Hessian, its symmetry, and its products with directions, if the module has them."""
    if bench.module is None or not has_hessian(bench.paths.program):
        return
    at = SecondBench(bench, bench.module, SecondReference(bench.sample, bench.options))
    pairs = [(first, second) for second in bench.wrt for first in bench.wrt]
    asks_for = bench.options.asks_for
    for first, second in pairs:
        if asks_for("hessian") and at.is_by_element:
            _block(at, first, second)
        elif asks_for("hessian") and at.is_dense:
            _block_along(at, first, second)
        if asks_for("hvp"):
            _products(at, first, second)
    for first, second in pairs if asks_for("hessian_symmetry") and at.is_by_element else ():
        _symmetry(at, first, second)
    for name in at.known.kinked:
        bench.tallies.note_kink(at.of, name, f"kink near the point: steps of {name} take another branch")
    bench.tallies.spent(SECOND, at.known.evaluations)


def _block(at: SecondBench, first: Tensor, second: Tensor) -> None:
    enter(
        at.bench,
        at.bench.tallies.row("hessian", "module", at.of, first.name),
        Claim(
            lambda: at.block(first, second),
            bound=at.block_bound(first, second),
            wider=lambda: at.emitted_bound(first, second),
            known=at.known.block(first.name, second.name),
            method=at.known.method(first.name, second.name),
            locate=_locate_in_block(at, first, second),
            part=second.name,
        ),
    )


def _symmetry(at: SecondBench, first: Tensor, second: Tensor) -> None:
    """Second derivatives do not depend on the order in which they are taken."""
    order = len(at.shape(second))
    bound, mirrored = at.block_bound(first, second), turned(at.block_bound(second, first), order)
    try:
        other = turned(at.block(second, first), order)
    except ModuleError:
        return  # told where the block is compared
    enter(
        at.bench,
        at.bench.tallies.row("hessian_symmetry", "module", at.of, first.name),
        Claim(
            lambda: at.block(first, second),
            bound=bound,
            wider=lambda: at.emitted_bound(first, second) + turned(at.emitted_bound(second, first), order),
            known=Known(other.astype(bound.dtype), mirrored),
            method="the block with its inputs exchanged",
            locate=_locate_in_block(at, first, second),
            part=second.name,
        ),
    )


@dataclass(frozen=True)
class _Products:
    """Products of a block with each direction of ``second``: how they are found, and the bounds on their errors."""

    at: SecondBench
    kind: str
    first: Tensor
    second: Tensor
    find: Callable[[Tensor, Tensor, int], Array]
    bound: Array

    def compare(self) -> None:
        """At the reference's elements; where those are not all, also along random directions of ``first``."""
        products = self.at.known.products(self.first.name, self.second.name)
        for number, (value, error) in enumerate(zip(products.value, products.error, strict=True)):
            self._at_elements(number, Known(value, error))
        if self.at.known.is_full:
            return
        projections = self.at.known.projections(self.first.name, self.second.name)
        for number, (value, error) in enumerate(zip(projections.value, projections.error, strict=True)):
            self._along_directions(number, Known(value, error))

    def _at_elements(self, number: int, known: Known) -> None:
        columns = self.at.known.columns(self.first.name, self.second.name)
        self._add(
            lambda: self.find(self.first, self.second, number)[columns],
            self.bound[number][columns],
            known,
            lambda flat: self.at.bench.element(self.first, int(columns[flat])),
        )

    def _along_directions(self, number: int, known: Known) -> None:
        us = self.at.known.directions(self.first.name).reshape(-1, self.at.size(self.first))
        self._add(
            lambda: us @ self.find(self.first, self.second, number).astype(us.dtype),
            np.full(len(us), spread(self.bound[number]), us.dtype),
            known,
            lambda flat: ((), f"along random direction {flat} of {self.first.name}"),
        )

    def _add(self, find: Callable[[], Array], bound: Array, known: Known, locate: Locate) -> None:
        enter(
            self.at.bench,
            self.at.bench.tallies.row(self.kind, "module", self.at.of, self.first.name),
            Claim(
                find,
                bound=bound,
                known=known,
                method=self.at.known.method(self.first.name, self.second.name),
                locate=locate,
                part=f"{self.second.name}, {len(bound)}",
            ),
        )


def _products(at: SecondBench, first: Tensor, second: Tensor) -> None:
    _Products(at, "hvp", first, second, at.product, at.products_bound(first, second)).compare()


def _block_along(at: SecondBench, first: Tensor, second: Tensor) -> None:
    """A block of which not every element is known, times each direction."""
    directions = at.known.directions(second.name)
    dtype = at.bench.sample.dtype
    roundoff = unit_roundoff(dtype)
    least = _AFTERWARDS * float(np.finfo(dtype).smallest_subnormal) * at.size(second) ** 0.5

    def product(first: Tensor, second: Tensor, number: int) -> Array:
        return np.asarray(at.matrix(first, second) @ directions[number].reshape(-1))

    try:
        # Every element is rounded, however small their sum may be.
        rounded = 4 * roundoff * spreads(at.matrix(first, second)) + least
    except ModuleError:
        rounded = np.zeros(at.size(first))  # told when the block is asked for
    bound = 2 * at.products_bound(first, second) + np.where(np.isfinite(rounded), rounded, 0)
    _Products(at, "hessian", first, second, product, bound).compare()


def _locate_in_block(at: SecondBench, first: Tensor, second: Tensor) -> Locate:
    """Places in a block, the axes of ``first`` before those of ``second``."""
    bench = at.bench
    each = max(1, at.size(second))

    def locate(flat: int) -> tuple[tuple[int, ...], str]:
        row, column = bench.element(first, flat // each), bench.element(second, flat % each)
        return row[0] + column[0], f"{at.of} by {row[1]} by {column[1]}"

    return locate
