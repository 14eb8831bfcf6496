"""Train a recurrent layer to repeat what it heard three steps ago, with nothing but emitted code.

python tests/echo_rnn.py        prints how many of the signs it gets right on new sequences, as training goes on
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import numpy as np
from training import Adam, Array

import tcgrad
from tcgrad.locate import find_spec

STEPS, BATCH, UNITS, DELAY = 16, 32, 24, 3
ROUNDS, UPDATES = 3, 100


def train(module: ModuleType, *, seed: int = 0) -> Iterator[float]:
    """Minimise the squared error of `gallery:rnn`; after each round the share of right signs on new sequences."""
    random = np.random.default_rng(seed)
    weights: list[Array] = [
        np.zeros((BATCH, UNITS)),
        random.normal(0, 0.9 / np.sqrt(UNITS), (UNITS, UNITS)),
        random.normal(0, 1, (UNITS, 1)),
        np.zeros(UNITS),
        random.normal(0, 1 / np.sqrt(UNITS), (1, UNITS)),
    ]
    adam, silent = Adam(0.01), np.zeros((STEPS, BATCH, 1))
    for _ in range(ROUNDS):
        for _ in range(UPDATES):
            heard, target = _sequences(random)
            _, (_, *gradients) = module.value_and_grad(heard, target, *weights, silent, 1 / heard.size)
            weights[1:] = adam.update(weights[1:], gradients)
        heard, target = _sequences(random)
        said, _ = module.forward(heard, target, *weights)
        yield float(np.mean(np.sign(said[DELAY:]) == target[DELAY:]))


def _sequences(random: np.random.Generator) -> tuple[Array, Array]:
    """Random signs, one a step, and the same signs later; nothing is to be said before the first."""
    heard = random.choice([-1.0, 1.0], (STEPS, BATCH, 1))
    return heard, np.concatenate([np.zeros((DELAY, BATCH, 1)), heard[:-DELAY]])


def compiled() -> ModuleType:
    """The module of `gallery:rnn`, which gives what is said at each step as well as the loss."""
    text = find_spec("gallery:rnn").read_text(encoding="utf-8")
    return tcgrad.loads(f"{text}outputs: [y, loss]\n").compile()


if __name__ == "__main__":
    for number, accuracy in enumerate(train(compiled()), start=1):
        print(f"after {number * UPDATES} updates: {accuracy:.1%} of the signs")
