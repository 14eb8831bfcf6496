"""THE table of mistakes that a derivative may have: what each makes of the right values.

The diagnosis of a failure tries those that have words for it; the self-test plants every one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Final

import numpy as np

from tcgrad.evaluate import Array
from tcgrad.records import dataclass

Candidate = tuple[str, Array]


@dataclass(frozen=True)
class Slip:
    """A derivative after a slip in its formula: the name of the mistake in the table, words for it, the values."""

    mistake: str
    text: str
    array: Array


@dataclass(frozen=True)
class Right:
    """A right derivative, and what a mistake in it may be made of.

    summed: the lengths of sums on the way to it. slips: the derivative after slips in its formula.
    """

    array: Array
    summed: tuple[int, ...] = ()
    slips: tuple[Slip, ...] = ()


@dataclass(frozen=True)
class Mistake:
    """One row of the table.

    meaning: what is wrong, for the manual.
    make: the wrong arrays, with words for a failure that they explain; none where there cannot be such a mistake.
    absent: why there is none then.
    size: the error in proportion to the right values, if it is small.
    may_agree: the values may be right nevertheless, as the transpose of a symmetric matrix is.
    """

    name: str
    meaning: str
    make: Callable[[Right], Iterable[Candidate]]
    absent: str = "there are no elements"
    size: float = 1.0
    may_agree: bool = False


def scaled(factor: float) -> Callable[[Right], Iterable[Candidate]]:
    return lambda right: [(f"is {factor:g} times the right value", right.array * right.array.dtype.type(factor))]


def negated(right: Right) -> Iterator[Candidate]:
    yield "has the wrong sign", -right.array


def transposed(right: Right) -> Iterator[Candidate]:
    """Every pair of axes exchanged."""
    for a, b in combinations(range(right.array.ndim), 2):
        axes = "" if right.array.ndim == 2 else f" in its axes {a} and {b}"
        if max(right.array.shape[a], right.array.shape[b]) > 1:
            yield f"equals the transpose{axes}", np.swapaxes(right.array, a, b)


def _everywhere(value: float) -> Callable[[Right], Iterable[Candidate]]:
    return lambda right: [(f"is {value:g} everywhere", np.full_like(right.array, value))]


def _one_not_a_number(right: Right) -> Iterator[Candidate]:
    yield "has an element that is no number", _changed(right.array, right.array.size // 2, np.nan)


def _one_element(right: Right) -> Iterator[Candidate]:
    """The element in the middle moved by an eighth of the largest one."""
    middle = right.array.size // 2
    largest = np.max(np.abs(right.array), initial=0) or right.array.dtype.type(1)
    yield "has a wrong element", _changed(right.array, middle, right.array.reshape(-1)[middle] + largest / 8)


def _exchanged(right: Right) -> Iterator[Candidate]:
    """The smallest and the largest element in each other's place."""
    low, high = int(np.argmin(right.array)), int(np.argmax(right.array))
    if low != high:
        flat = right.array.reshape(-1)
        yield "has two elements exchanged", _changed(_changed(right.array, low, flat[high]), high, flat[low])


def _shifted(right: Right) -> Iterator[Candidate]:
    for axis, size in enumerate(right.array.shape):
        if size > 1:
            yield f"is off by one along its axis {axis}", np.roll(right.array, 1, axis)


def _averaged(right: Right) -> Iterator[Candidate]:
    for size in right.summed:
        yield f"is 1/{size} of the right value", right.array / right.array.dtype.type(size)


def _reshaped(right: Right) -> Iterator[Candidate]:
    yield "has an axis too many", right.array[None]


def _slipped(name: str) -> Callable[[Right], Iterable[Candidate]]:
    return lambda right: [(slip.text, slip.array) for slip in right.slips if slip.mistake == name]


def _changed(array: Array, flat: int, value: object) -> Array:
    made = array.copy()
    made.reshape(-1)[flat] = value
    return made


EXCHANGED: Final = "gradients exchanged"
TERM_MISSING: Final = "term missing"
TERM_NEGATED: Final = "sign of a term"
FACTOR_TRANSPOSED: Final = "factor transposed"
FACTOR_REVERSED: Final = "factor reversed"
SUM_MISSING: Final = "sum missing"
_ONE_TERM = "no formula here is a sum of terms"

MISTAKES: Final[tuple[Mistake, ...]] = (
    Mistake("off by 1e-9", "everything is larger by one part in 10⁹", scaled(1 + 1e-9), size=1e-9),
    Mistake("off by 1e-6", "everything is larger by one part in 10⁶", scaled(1 + 1e-6), size=1e-6),
    Mistake("off by 1e-3", "everything is larger by one part in 1000", scaled(1 + 1e-3), size=1e-3),
    Mistake("scaled by 1e-6", "everything is a millionth of what it should be", scaled(1e-6)),
    Mistake("factor 2", "everything is twice as large", scaled(2)),
    Mistake("factor 1/2", "everything is half as large, as where the 2 of a square is forgotten", scaled(0.5)),
    Mistake("sign", "everything has the wrong sign", negated),
    Mistake("zero", "everything is 0", _everywhere(0)),
    Mistake("NaN", "everything is NaN", _everywhere(np.nan)),
    Mistake("one NaN", "one element is NaN", _one_not_a_number),
    Mistake("one element", "one element is off, by an eighth of the largest", _one_element, size=0.125),
    Mistake("elements swapped", "the smallest and the largest element are in each other's place", _exchanged,
            "all elements are equal", may_agree=True),
    Mistake("index off by one", "the elements are one place further along an axis", _shifted,
            "no axis has two positions", may_agree=True),
    Mistake("transposed", "two axes are exchanged", transposed, "there are no two axes to exchange", may_agree=True),
    Mistake("mean for sum", "everything is divided by the length of a sum", _averaged, "nothing is summed"),
    Mistake("another shape", "there is an axis too many", _reshaped),
    Mistake(TERM_MISSING, "the formula lacks one of its terms", _slipped(TERM_MISSING), _ONE_TERM, may_agree=True),
    Mistake(TERM_NEGATED, "a term of the formula has the wrong sign", _slipped(TERM_NEGATED), _ONE_TERM,
            may_agree=True),
    Mistake(FACTOR_TRANSPOSED, "a square matrix that the formula reads is transposed", _slipped(FACTOR_TRANSPOSED),
            "no formula here reads a square matrix", may_agree=True),
    Mistake(SUM_MISSING, "one position of the output's gradient counts alone", _slipped(SUM_MISSING),
            "no formula here sums over an axis of an output", may_agree=True),
    Mistake(EXCHANGED, "it is the gradient of another input", _slipped(EXCHANGED), "there is no other gradient",
            may_agree=True),
)  # fmt: skip
