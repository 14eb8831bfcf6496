"""Fit a Tucker decomposition to noisy ratings by user, item and time, half of them seen, with emitted code alone.

python tests/tucker_recommender.py        prints the error on the ratings that were held out, as training goes on
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import numpy as np
from training import Adam, Array

import tcgrad

SIZES, RANKS = (30, 20, 8), (3, 3, 2)
NOISE, SEEN = 0.3, 0.5
ROUNDS, UPDATES = 5, 100


def train(module: ModuleType, *, seed: int = 0) -> Iterator[tuple[float, float]]:
    """Minimise the loss of `gallery:recommender`.

    After each round the mean squared error on what was held out: of the model, and of the mean of what was seen.
    """
    random = np.random.default_rng(seed)
    core, *factors = _model(random)
    rating = np.einsum("abc,ua,ib,tc->uit", core, *factors) + NOISE * random.normal(size=SIZES)
    seen = (random.random(SIZES) < SEEN).astype(int)
    held_out = seen == 0
    constant = float(np.mean((rating[held_out] - rating[seen == 1].mean()) ** 2))
    weights = [0.5 * part for part in _model(random)]
    adam = Adam(0.03)
    for _ in range(ROUNDS):
        for _ in range(UPDATES):
            _, gradients = module.value_and_grad(rating, seen, *weights)
            weights = adam.update(weights, gradients)
        # the loss over what was held out is the squared error there
        yield float(module.forward(rating, held_out.astype(int), *weights)) / int(held_out.sum()), constant


def _model(random: np.random.Generator) -> list[Array]:
    """A core and a matrix for each axis."""
    shapes = [RANKS, *zip(SIZES, RANKS, strict=True)]
    return [random.normal(size=shape) for shape in shapes]


if __name__ == "__main__":
    for number, (error, constant) in enumerate(train(tcgrad.load("gallery:recommender").compile()), start=1):
        print(f"after {number * UPDATES} updates: {error:.3f}, a constant {constant:.3f}")
