"""Found against reference: largest errors, the worst element, and a verdict that can be trusted."""

from __future__ import annotations

import numpy as np

from tcgrad.check.results import Status
from tcgrad.evaluate import Array
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Comparison:
    """One comparison of two arrays.

    worst: the flat position of the element with the largest ``rank``: its error in proportion to its tolerance, or
        its error alone. ``found``, ``reference`` and ``tolerance`` are those there.
    decisive: a pass decides; at ties it does not, for the derivative there is fixed by convention.
    tolerance_at_largest: the tolerance of the element with the largest error.
    """

    status: Status
    elements: int
    max_abs_error: float = 0.0
    max_rel_error: float = 0.0
    worst: int | None = None
    rank: float = 0.0
    found: float = 0.0
    reference: float = 0.0
    tolerance: float = 0.0
    tolerance_at_largest: float = 0.0
    message: str = ""
    decisive: bool = True


@dataclass(frozen=True)
class Tolerance:
    """What the user allows, besides or instead of what rounding explains."""

    rtol: float | None = None
    atol: float | None = None

    def allowed(self, rounding: Array, reference: Array) -> Array:
        allowed = rounding
        if self.rtol is not None:
            allowed = np.full(reference.shape, self.rtol * float(np.max(np.abs(reference), initial=0)))
        return allowed if self.atol is None else np.maximum(allowed, self.atol)


_FROM_ROUNDING = Tolerance()


def compare(
    found: Array,
    reference: Array,
    *,
    found_error: Array,
    reference_error: Array,
    user: Tolerance = _FROM_ROUNDING,
    by_difference: bool = False,
) -> Comparison:
    """Compare element by element, in the type of ``reference``.

    found_error, reference_error: how far rounding may have moved either, and how far the reference may be off.
    by_difference: the worst element is that with the largest error, not that with the largest in proportion to its
        tolerance.
    An element whose reference has an infinite error is left out: nothing is known there. So is a finite one that
    rounding may move without bound, and any one whose ``found_error`` is NaN: rounding may make it infinite.
    """
    if found.shape != reference.shape:
        return Comparison("fail", 0, message=f"has shape {found.shape}, not {reference.shape}")
    known = np.isfinite(reference_error) & np.isfinite(reference)
    known &= np.isfinite(found_error) | (np.isinf(found_error) & ~np.isfinite(found))
    elements = int(np.count_nonzero(known))
    if not elements:
        return Comparison("inconclusive", 0, message="there is nothing to compare")
    with np.errstate(all="ignore"):
        parts = [found.astype(reference.dtype, copy=False), reference, reference_error, found_error + reference_error]
        if elements < known.size:
            parts = [np.where(known, part, 0) for part in parts]
        found, reference, reference_error, error = parts
        given = _Elements(found, reference, reference_error, user.allowed(error, reference))
        return _compared(given, elements, by_difference)


def _proportion(error: float, scale: float) -> float:
    if not error:
        return 0.0
    return error / scale if scale else float("inf")


@dataclass(frozen=True)
class _Elements:
    """What a verdict is made of, element by element; 0 where nothing is known."""

    found: Array
    reference: Array
    reference_error: Array
    allowed: Array


def _compared(given: _Elements, elements: int, by_difference: bool) -> Comparison:
    found, reference, allowed = given.found, given.reference, given.allowed
    error, scale = np.abs(found - reference), np.abs(reference)
    finite = bool(np.isfinite(error).all())
    size, seen = error, found
    if not finite:
        size, seen = np.nan_to_num(error, nan=np.inf), np.where(np.isfinite(found), found, 0)
    rank = size if by_difference else _ratio(error, allowed)
    worst, furthest = int(rank.argmax()), int(size.argmax())
    largest = float(size.item(furthest))
    status, message = _judge(given, error, scale)
    return Comparison(
        status,
        elements,
        max_abs_error=largest,
        max_rel_error=_proportion(largest, max(float(scale.max()), float(np.abs(seen).max()))),
        worst=worst,
        found=float(found.item(worst)),
        reference=float(reference.item(worst)),
        tolerance=float(allowed.item(worst)),
        rank=float(rank.item(worst)),
        tolerance_at_largest=float(allowed.item(furthest)),
        message=message,
    )


def _ratio(error: Array, allowed: Array) -> Array:
    """Error in proportion to tolerance; infinite where there is an error and none is allowed, or it is not a number."""
    ratio = np.divide(error, allowed, out=np.zeros_like(error), where=error != 0)
    ratio[np.isnan(ratio)] = np.inf
    return ratio


def _judge(given: _Elements, error: Array, scale: Array) -> tuple[Status, str]:
    """``error`` and ``scale`` are the sizes of the differences and of the reference."""
    if not np.isfinite(given.found).all():
        return "fail", "is not finite where the reference is"
    if not (error <= given.allowed).all():
        return "fail", ""
    if (scale <= given.allowed).all() and (scale > given.reference_error).any():
        return "inconclusive", "the tolerance is so large that zeros would pass as well"
    return "pass", ""
