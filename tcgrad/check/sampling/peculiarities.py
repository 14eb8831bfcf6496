"""What elements of inputs may be peculiar: 0, equal, of one sign, tiny or large, integers at the ends of their range,
rows of one truth value. Code may be wrong for these alone, as where it divides by what it need not, overflows, or
writes twice to one place, and random inputs seldom hold them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from tcgrad.check.program.domains import Interval
from tcgrad.check.sampling.random_inputs import Random
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass

# Powers of two that tiny and large elements are near. Few random elements are as large as the large ones; of the very
# large ones some have exponentials that overflow in single precision, and none has one whose square does in double.
_TINY = (-30, -12, -44, -20)
_LARGE = (4, 3, 2)
_VERY_LARGE = (7, 6)

# What exponentials make little of beside those of the others, but more than rounding does.
_FAR_BELOW = (2, 3)

# Of large elements so many may be multiplied before anything overflows: code may well multiply more of them than a
# formula does that says the same.
_FACTORS = 12


@dataclass(frozen=True)
class Elements:
    """The elements of an input that are to be peculiar, and what they may be made of.

    others: the other elements. twins: those at the same places in an input of the same shape, if there is one.
    limits: between which all lie. dtype: the type that is checked. attempt: so many draws have failed before.
    """

    chosen: Array
    others: Array
    twins: Array | None
    limits: Interval
    dtype: np.dtype[Any]
    random: Random
    attempt: int

    def zero(self) -> Array:
        return self.chosen * 0

    def equal(self) -> Array:
        """All are one of the other elements."""
        return np.full_like(self.chosen, self.random.choice(self.others)) if self.others.size else self.chosen

    def shared(self) -> Array:
        return self.chosen if self.twins is None else self.twins

    def least(self) -> Array:
        """Of whole numbers, as are the others."""
        return np.full_like(self.chosen, self.limits[0] + 1)

    def greatest(self) -> Array:
        return np.full_like(self.chosen, self.limits[1] - 1)

    def subnormal(self) -> Array:
        return self._near((int(np.finfo(self.dtype).minexp) - 2,), -1)

    def negative(self) -> Array:
        return -np.abs(self.chosen)

    def positive(self) -> Array:
        return np.abs(self.chosen)

    def far_below(self) -> Array:
        """Large and negative, none of the others being so large that it would hide them."""
        return -np.abs(self.near(_FAR_BELOW, 1))

    def near(self, powers: tuple[int, ...], sign: int) -> Array:
        """Numbers near those of some powers of two that the type has room for, of either sign in turn; ``sign`` is that
        of the first.

        In later attempts some of the powers are left out, for with these a formula may have overflown.
        """
        kind = np.finfo(self.dtype)
        fit = [power for power in powers if kind.minexp <= power <= kind.maxexp / _FACTORS]
        return self._near(fit[self.attempt % len(fit) :], sign) if fit else self.chosen

    def _near(self, powers: Sequence[int], sign: int) -> Array:
        mantissas = (1 + self.random.random(self.chosen.shape)).astype(self.chosen.dtype)
        sizes = np.ldexp(mantissas, np.resize(powers, self.chosen.shape))
        return np.asarray(np.resize([sign, -sign], self.chosen.shape) * sizes)


# What an array consists of, by the axis along which the parts lie side by side: None for single elements, 0 for rows,
# -1 for columns; a vector is one of either, and "all" is one part.
Parts = Literal[0, -1, "all"] | None


@dataclass(frozen=True)
class Peculiarity:
    """where: what is wrong for peculiar elements alone is wrong, in words. change: makes them.

    parts: what all elements of are peculiar.
    of: the type of the inputs that have them.
    """

    where: str
    change: Callable[[Elements], Array]
    parts: Parts = None
    of: str = "real"

    def may_be_of(self, tensor: Tensor) -> bool:
        """Whether an input may have such elements."""
        return tensor.dtype == self.of and (self.parts != -1 or tensor.order > 1)


PECULIARITIES = (
    Peculiarity("where elements are 0", Elements.zero),
    Peculiarity("where whole rows are 0", Elements.zero, 0),
    Peculiarity("where elements are equal", Elements.equal),
    Peculiarity("where elements of two inputs are equal", Elements.shared),
    Peculiarity("where elements are tiny", lambda elements: elements.near(_TINY, 1)),
    Peculiarity("where elements are subnormal", Elements.subnormal),
    *(Peculiarity("where elements are large", partial(Elements.near, powers=_LARGE, sign=sign)) for sign in (1, -1)),
    *(
        Peculiarity("where elements are very large", partial(Elements.near, powers=_VERY_LARGE, sign=sign))
        for sign in (1, -1)
    ),
    Peculiarity("where whole columns are 0", Elements.zero, -1),
    Peculiarity("where all elements are negative", Elements.negative, "all"),
    Peculiarity("where all elements are positive", Elements.positive, "all"),
    Peculiarity("where integers are equal", Elements.equal, of="int"),
    Peculiarity("where integers are the least that they may be", Elements.least, of="int"),
    Peculiarity("where integers are the greatest that they may be", Elements.greatest, of="int"),
    Peculiarity("where whole rows are false", Elements.least, 0, of="bool"),
    Peculiarity("where whole rows are true", Elements.greatest, 0, of="bool"),
    Peculiarity("where whole columns are false", Elements.least, -1, of="bool"),
    Peculiarity("where whole columns are true", Elements.greatest, -1, of="bool"),
    Peculiarity("where elements are far below 0", Elements.far_below),
)
