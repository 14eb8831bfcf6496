"""What the training scripts share: Adam on lists of arrays, and the digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass
class Adam:
    """Kingma and Ba's method (2015): steps by the mean of gradients over the root of the mean of their squares."""

    step: float
    decay: tuple[float, float] = (0.9, 0.999)
    count: int = 0
    means: list[Array] = field(default_factory=list)
    squares: list[Array] = field(default_factory=list)

    def update(self, weights: Sequence[Array], gradients: Sequence[Array]) -> list[Array]:
        """The weights after one step."""
        if not self.count:
            self.means = [np.zeros_like(weight) for weight in weights]
            self.squares = [np.zeros_like(weight) for weight in weights]
        self.count += 1
        first, second = self.decay
        self.means = [first * m + (1 - first) * g for m, g in zip(self.means, gradients, strict=True)]
        self.squares = [second * s + (1 - second) * g * g for s, g in zip(self.squares, gradients, strict=True)]
        scale = self.step * np.sqrt(1 - second**self.count) / (1 - first**self.count)
        moved = zip(weights, self.means, self.squares, strict=True)
        return [weight - scale * m / (np.sqrt(s) + 1e-8) for weight, m, s in moved]


def digits(seed: int) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """scikit-learn's digits, pixels from 0 to 1: images and labels to train on, and a fifth of them to test on."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    parts = train_test_split(images / 16, labels, test_size=0.2, random_state=seed, stratify=labels)
    return (parts[0], parts[2]), (parts[1], parts[3])
