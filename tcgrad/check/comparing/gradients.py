"""Gradients at one sample: the derived ones, the module's and a user's against the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from math import inf
from typing import Any

import numpy as np

from tcgrad.check.comparing.bench import Bench
from tcgrad.check.comparing.entering import Claim, enter
from tcgrad.check.comparing.gradient_bounds import Bounds, least_of_others, rounding_of_sums
from tcgrad.check.evaluated.emitted import ModuleError
from tcgrad.check.judging.results import Subject
from tcgrad.check.judging.tally import Tally
from tcgrad.check.judging.usual import left_of
from tcgrad.check.judging.verdict import Comparison, compare
from tcgrad.check.mistakes.slips import explain_shape
from tcgrad.check.mistakes.wrong import Slips
from tcgrad.check.precision import type_name, unit_roundoff
from tcgrad.check.reference.references import Known, Reference, spread
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass, replace

# Rounding in a far finer type is so much finer: along a direction it hides no mistake that an element shows.
_FAR_FINER = 2.0**-20


def compare_gradient(bench: Bench, known: Reference, outputs: Sequence[Tensor]) -> None:
    """The gradient given random upstream gradients of ``outputs``, and 0 for the other outputs."""
    only = outputs[0].name if len(outputs) < len(bench.outputs) else None
    of = ", ".join(output.name for output in outputs)
    formulas, asks_for = bench.gradient_formulas(only), bench.options.asks_for
    statements = bench.paths.gradient(known.wrt).statements
    name, shape = known.wrt.name, bench.sample.value(known.wrt.name).shape
    right = _right(known, outputs, shape) if known.is_full else None
    slips = partial(bench.gradient_slips(only).of, known.wrt)
    bounds = Bounds(bench, known.wrt, formulas)

    @cache
    def told() -> Known | None:
        if not _tells_elements(bench, known):
            return None
        return _told_by_formula(bench, known, outputs, formulas.exact(statements), bounds.exact)

    def compare(
        kind: str, subject: Subject, work: Callable[[], Array], bound: Array, wider: Callable[[], Array] | None = None
    ) -> None:
        tally = bench.tallies.row(kind, subject, of, name)
        _compare_gradient(bench, known, tally, _Finding(outputs, slips, work, bound, right, told, wider))

    if asks_for("gradient"):
        compare("gradient", "formula", lambda: formulas.value(statements), bounds.exact)
    if bench.module is not None and asks_for("gradient"):
        compare("gradient", "module", lambda: bench.module_gradients(only)[name], bounds.coarse, bounds.as_emitted)
    if bench.module is not None and only is None and asks_for("value_and_grad"):
        compare("value_and_grad", "module", lambda: bench.gradients_with_value[name], bounds.coarse, bounds.as_emitted)
    user = bench.user
    if user is not None and user.code.backward is not None and only is None and asks_for("against"):
        sizes = known.gradient(outputs).value if len(known.columns) else formulas.value(statements)
        sample = bench.sample
        least = np.full(shape, least_of_others(sizes, sample.dtype, peculiar=bool(sample.peculiar)))
        # To work the bound out takes longer than all else, and few are off by more than is granted anyway. A mistake
        # that is planted is told from rounding by the bound itself.
        first = least if bench.plantings is None else np.maximum(least, bounds.coarse)
        wider = cache(lambda: np.maximum(bounds.coarse, _left_of_terms(known, outputs)))
        compare("against", "user", lambda: user.gradients[name], first, wider)


def _left_of_terms(known: Reference, outputs: Sequence[Tensor]) -> float:
    """What rounding may leave of terms that cancel in code that works them out, where a gradient is 0 as far as is
    known, and the formula may say so without any.
    """
    right = known.gradient(outputs) if len(known.columns) else known.projections(outputs)
    if (np.abs(right.value) > right.error).any():
        return 0.0
    left = left_of(known.sample, right.usual())
    return left if left < inf else 0.0


def _right(known: Reference, outputs: Sequence[Tensor], shape: tuple[int, ...]) -> Known:
    """The right gradient, all of whose elements are known."""
    right = known.gradient(outputs)
    return replace(right, value=right.value.reshape(shape), error=right.error.reshape(shape))


def _tells_elements(bench: Bench, known: Reference) -> bool:
    """Whether the type of the reference is so fine, and what is known so little, that a formula may tell more.

    Where rounding decides branches the type that is checked may take others than the formula does.
    """
    sample = bench.sample
    is_finer = unit_roundoff(sample.forward.context.dtype) <= _FAR_FINER * unit_roundoff(sample.dtype)
    return known.mixed is not None and is_finer and not sample.in_doubt


def _told_by_formula(
    bench: Bench, known: Reference, outputs: Sequence[Tensor], value: Array, bound: Array
) -> Known | None:
    """All elements, by the ``value`` of the derived formula in the reference's type, if it agrees with the reference
    along every random direction; else None.

    bound: on the formula's rounding errors in the type that is checked.
    """
    along = known.projections(outputs)
    mixed = np.asarray(known.mixed).reshape(len(along.value), -1)
    rounding = spread(bench.sample.finer(bound)) + rounding_of_sums(value, mixed.dtype, _terms(bench, outputs))
    allowed = along.error + rounding
    with np.errstate(all="ignore"):
        if not (np.abs(mixed @ value.reshape(-1) - along.value) <= allowed).all() or not np.isfinite(allowed).all():
            return None
    # A direction sees at least half of a mistake in a single element.
    return Known(value, np.full(value.shape, 2 * allowed.min(), value.dtype))


def _terms(bench: Bench, outputs: Sequence[Tensor]) -> int:
    """How many products with upstream gradients the reference along a direction is the sum of."""
    return sum(bench.sample.upstream[of.name].size for of in outputs)


@dataclass(frozen=True)
class _Finding:
    """A gradient given the upstream gradients of ``outputs``: how it is worked out, and the bound on its error.

    slips: makes what would be found after one slip or another.
    right: all elements of it, if they are known.
    told: these by the formula, where the reference bears it out along directions.
    wider: a bound for another formula that says the same, asked for where ``bound`` is exceeded.
    """

    outputs: Sequence[Tensor]
    slips: Slips
    work: Callable[[], Array]
    bound: Array
    right: Known | None
    told: Callable[[], Known | None]
    wider: Callable[[], Array] | None = None

    def checked(self, found: Array) -> Array:
        """The gradient that was found.

        Raises:
            ModuleError: if it has another shape than the input, which is explained if all of it is known.
        """
        if found.shape != self.bound.shape:
            message = f"the gradient has shape {found.shape}, not {self.bound.shape}"
            largest = float(np.max(self.bound, initial=0))
            reason = "" if self.right is None else explain_shape(found, self.right.value, largest)
            raise ModuleError(f"{message}: {reason}" if reason else message)
        return found

    def widened(self, view: Callable[[Array], Array]) -> Callable[[], Array] | None:
        """The wider bound as it is seen by ``view``, if there is one."""
        wider = self.wider
        return None if wider is None else lambda: view(wider())

    def elements(self, found: Array) -> Array:
        """The gradient that was found as one axis."""
        return self.checked(found).reshape(-1)

    def is_undecided(self, known: Known) -> bool:
        """Whether comparing all elements with what is known tells nothing: rounding hides them, or there are none."""
        try:
            elements = self.checked(self.work())
        except ModuleError:
            return True
        found = compare(elements, known.value, found_error=self.bound, reference_error=known.error)
        if found.status == "fail" and self.wider is not None:
            bound = np.maximum(self.bound, self.wider())
            found = compare(elements, known.value, found_error=bound, reference_error=known.error)
        return found.status == "inconclusive"

    def rounding_of_sums(self, dtype: np.dtype[Any], terms: int) -> float:
        """`rounding_of_sums` of what was found."""
        try:
            return rounding_of_sums(self.elements(self.work()), dtype, terms)
        except ModuleError:
            return 0.0  # told where the elements are compared


def _compare_gradient(bench: Bench, known: Reference, tally: Tally, found: _Finding) -> None:
    """At the reference's elements; along its random directions, which see every other element too; and at all elements
    where a formula tells them that is right along the directions, for in a coarse type a direction sees no mistake in
    one of many elements.
    """
    if found.right is not None:
        _compare_whole(bench, known, tally, found, found.right, method=known.method)
        return
    if len(known.columns):
        _compare_elements(bench, known, tally, found, "elements")
    if _compare_directions(bench, known, tally, found).status != "pass" and not len(known.columns):
        _compare_elements(bench, bench.located(known), tally, found, None)
    _compare_told(bench, known, tally, found)


def _compare_told(bench: Bench, known: Reference, tally: Tally, found: _Finding) -> None:
    """All elements by the formula. What rounding hides there directions may tell nevertheless."""
    told = found.told()
    if told is not None and not found.is_undecided(told):
        method = f"the formula ({type_name(told.value.dtype)}), right along these"
        _compare_whole(bench, known, tally, found, told, method=method, part=None)


def _compare_elements(bench: Bench, known: Reference, tally: Tally, found: _Finding, part: str | None) -> None:
    """part: as of the bench; None where they only tell what is the matter along a direction."""

    def at_elements(bound: Array) -> Array:
        return np.asarray(bound.reshape(-1)[known.columns])

    enter(
        bench,
        tally,
        Claim(
            found.work,
            bound=at_elements(found.bound),
            wider=found.widened(at_elements),
            known=known.gradient(found.outputs),
            method=known.method,
            locate=lambda flat: bench.element(known.wrt, int(known.columns[flat])),
            view=lambda gradient: found.elements(gradient)[known.columns],
            part=part,
            slips=found.slips,
        ),
    )


def _compare_directions(bench: Bench, known: Reference, tally: Tally, found: _Finding) -> Comparison:
    mixed = np.asarray(known.mixed).reshape(len(known.directions), -1)

    def along_directions(bound: Array) -> Array:
        sums = found.rounding_of_sums(mixed.dtype, _terms(bench, found.outputs))
        return np.full(len(mixed), spread(bound) + sums, mixed.dtype)

    return enter(
        bench,
        tally,
        Claim(
            found.work,
            bound=along_directions(found.bound),
            wider=found.widened(along_directions),
            known=known.projections(found.outputs),
            method=known.method,
            locate=lambda flat: ((), f"along random direction {flat} of {known.wrt.name}"),
            view=partial(_along, mixed, found),
            how="along random directions",
            part="directions",
            slips=found.slips,
        ),
    )


def _along(mixed: Array, found: _Finding, gradient: Array) -> Array:
    """The gradient along each of the random directions."""
    return np.asarray(mixed @ found.elements(gradient).astype(mixed.dtype))


def _compare_whole(
    bench: Bench, known: Reference, tally: Tally, found: _Finding, right: Known, *, method: str, part: str | None = ""
) -> None:
    """Every element, in the shape of the input: a slip is best seen in the whole.

    part: as of the bench.
    """
    enter(
        bench,
        tally,
        Claim(
            found.work,
            bound=found.bound,
            wider=found.wider,
            known=right,
            method=method,
            locate=lambda flat: bench.element(known.wrt, flat),
            view=found.checked,
            part=part,
            slips=found.slips,
        ),
    )
