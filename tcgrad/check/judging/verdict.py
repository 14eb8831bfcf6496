"""Found against reference: largest errors, the worst element, and a verdict that can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.judging.results import Status
from tcgrad.evaluate import Array
from tcgrad.records import cached_property, dataclass


@dataclass(frozen=True)
class Comparison:
    """One comparison of two arrays.

    worst: the flat position of the element with the largest ``rank``: its error in proportion to its tolerance, or
        its error alone. ``found``, ``reference`` and ``tolerance`` are those there.
    where: in words, if it was made where branches meet; what is right there alone does not pass.
    elsewhere: it was made at other sizes than the spec's own.
    tolerance_at_largest: the tolerance of the element with the largest error.
    is_nonzero: whether anything that was compared with is known not to be 0.
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
    where: str = ""
    elsewhere: bool = False
    is_nonzero: bool = False


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

# A size that is worked out if it is needed.
Size = Callable[[], float]


def without_bound() -> float:
    return inf


@dataclass(frozen=True)
class Expected:
    """What arrays are compared with, element by element, in the type of ``reference``.

    reference_error, found_error: how far the reference may be off, and how far rounding may have moved what is found.
    hidden: where the reference is 0 as far as is known, a bound beyond this would hide what is not.
    fine: whether what is compared is worked out in a fine type.
    An element whose reference has an infinite error is left out: nothing is known there. So is a finite one that
    rounding may move without bound, and any one whose ``found_error`` is NaN: rounding may make it infinite. Yet in a
    fine type it does so by no chance: what is not finite there is wrong.
    """

    reference: Array
    reference_error: Array
    found_error: Array
    user: Tolerance = _FROM_ROUNDING
    hidden: Size = without_bound
    fine: bool = False

    @cached_property
    def allowed(self) -> Array:
        """The largest error that passes."""
        with np.errstate(all="ignore"):
            return self.user.allowed(self.found_error + self.reference_error, self.reference)

    @cached_property
    def is_telling(self) -> NDArray[np.bool_]:
        """Where both errors have a bound, and one that is not beyond all that is known to be there."""
        bounded, size = self._known, self._sizes
        if not (self._is_always_known and self._is_always_bounded):
            bounded = np.isfinite(self.reference_error) & np.isfinite(self.found_error)
            size = np.where(bounded, size, 0)
        with np.errstate(all="ignore"):
            known = (size > self.reference_error).any()
            return np.asarray(bounded & (self.allowed <= (size.max() if known else self.hidden())))

    def judge(self, found: Array, *, by_difference: bool = False) -> Comparison:
        """The outcome for an array.

        by_difference: the worst element is that with the largest error, not that with the largest in proportion to
            its tolerance.
        """
        if found.shape != self.reference.shape:
            return Comparison("fail", 0, message=f"has shape {found.shape}, not {self.reference.shape}")
        known, all_known = self._known, self._is_always_known
        if found.dtype.kind == "f" and self._largest > np.finfo(found.dtype).max:  # infinite in the narrower type
            known, all_known = known & (self._sizes <= np.finfo(found.dtype).max), False
        if not self._is_always_bounded:
            unbounded = ~np.isfinite(found) & (np.isinf(self.found_error) | self.fine)
            known, all_known = known & (np.isfinite(self.found_error) | unbounded), False
        elements = known.size if all_known else int(np.count_nonzero(known))
        if not elements:
            return Comparison("inconclusive", 0, message="no bound of its rounding errors is known")
        with np.errstate(all="ignore"):
            given = self._whole if elements == known.size else self._at(known)
            return given.judge(found if elements == known.size else np.where(known, found, 0), elements, by_difference)

    @cached_property
    def _known(self) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.reference_error) & np.isfinite(self.reference))

    @cached_property
    def _is_always_known(self) -> bool:
        return bool(self._known.all())

    @cached_property
    def _sizes(self) -> Array:
        return np.asarray(np.abs(self.reference))

    @cached_property
    def _largest(self) -> float:
        known = self._sizes if self._is_always_known else self._sizes[self._known]
        return float(known.max(initial=0))

    @cached_property
    def _is_always_bounded(self) -> bool:
        return bool(np.isfinite(self.found_error).all())

    @cached_property
    def _whole(self) -> _Right:
        return _Right(self.reference, self._sizes, self.reference_error, self.allowed, self.hidden)

    def _at(self, known: NDArray[np.bool_]) -> _Right:
        parts = self.reference, self._sizes, self.reference_error, self.found_error + self.reference_error
        reference, sizes, reference_error, error = (np.where(known, part, 0) for part in parts)
        return _Right(reference, sizes, reference_error, self.user.allowed(error, reference), self.hidden)


def compare(
    found: Array,
    reference: Array,
    *,
    found_error: Array,
    reference_error: Array,
    user: Tolerance = _FROM_ROUNDING,
    by_difference: bool = False,
    hidden: Size = without_bound,
    fine: bool = False,
) -> Comparison:
    """Compare one array, as `Expected` does."""
    expected = Expected(reference, reference_error, found_error, user, hidden, fine)
    return expected.judge(found, by_difference=by_difference)


def _proportion(error: float, scale: float) -> float:
    if not error:
        return 0.0
    return error / scale if scale else float("inf")


@dataclass(frozen=True)
class _Right:
    """What a verdict is made of besides what is found, element by element; 0 where nothing is known.

    sizes: of the reference.
    """

    reference: Array
    sizes: Array
    reference_error: Array
    allowed: Array
    hidden: Size

    def judge(self, found: Array, elements: int, by_difference: bool) -> Comparison:
        all_finite = bool(np.isfinite(found).all())
        seen = found if all_finite else np.where(np.isfinite(found), found, 0)
        found = found.astype(self.reference.dtype, copy=False)
        error = np.abs(found - self.reference)
        size, furthest = error, int(error.argmax())
        if not error.item(furthest) < inf:  # of numbers among which there is none `argmax` gives its place
            size = np.nan_to_num(error, nan=np.inf)
            furthest = int(size.argmax())
        rank = size if by_difference else _ratio(error, self.allowed)
        worst, largest = int(rank.argmax()), float(size.item(furthest))
        status, message = self._verdict(error, all_finite)
        return Comparison(
            status,
            elements,
            max_abs_error=largest,
            max_rel_error=_proportion(largest, max(self._largest, float(seen.max()), -float(seen.min()))),
            worst=worst,
            found=float(found.item(worst)),
            reference=float(self.reference.item(worst)),
            tolerance=float(self.allowed.item(worst)),
            rank=float(rank.item(worst)),
            tolerance_at_largest=float(self.allowed.item(furthest)),
            message=message,
            is_nonzero=self._is_nonzero,
        )

    def _verdict(self, error: Array, all_finite: bool) -> tuple[Status, str]:
        """all_finite: whether all is that was found, the sizes of whose differences are ``error``."""
        if not all_finite:
            return "fail", "is not finite where the reference is"
        if not (error <= self.allowed).all():
            return "fail", ""
        if self._is_hidden:
            return "inconclusive", "rounding hides whether it is 0"
        if not self._lets_pass(0.5):  # nor zeros, which are further off
            return "pass", ""
        passing = "zeros" if self._lets_pass(0) else "half of it"
        return "inconclusive", f"the tolerance is so large that {passing} would pass as well"

    @cached_property
    def _extreme(self) -> int:
        """The place of the largest reference value."""
        return int(self.sizes.argmax())

    @cached_property
    def _largest(self) -> float:
        return float(self.sizes.item(self._extreme))

    @cached_property
    def _is_nonzero(self) -> bool:
        """Whether anything is known not to be 0."""
        return bool((self.sizes > self.reference_error).any())

    @property
    def _is_hidden(self) -> bool:
        """Whether nothing is known not to be 0, and the tolerance is large for what is."""
        return not self._is_nonzero and bool(self.allowed.max() > self.hidden())

    def _lets_pass(self, part: float) -> bool:
        """Whether such a part of every element would pass, though some are known not to be 0."""
        off = 1 - part
        if off * self._largest > self.allowed.item(self._extreme):
            return False
        return self._is_nonzero and bool((off * self.sizes <= self.allowed).all())


def _ratio(error: Array, allowed: Array) -> Array:
    """Error in proportion to tolerance; infinite where there is an error and none is allowed, or it is not a number."""
    # What makes no number is slow in the widest type, and most of a Jacobian may be zeros.
    ratio = np.divide(error, allowed, out=np.zeros(error.shape, error.dtype), where=error != 0)
    ratio[np.isnan(ratio)] = np.inf
    return ratio
