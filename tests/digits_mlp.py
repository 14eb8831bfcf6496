"""Train a small network on scikit-learn's digits with nothing but emitted code: forward, backward and prediction.

python tests/digits_mlp.py        prints the accuracy on held-out images after each epoch
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType

import numpy as np
from training import Array, digits

import tcgrad

EPOCHS = 10
BATCH = 16
STEP = 0.5


def train(module: ModuleType, *, seed: int = 0) -> Iterator[float]:
    """Run gradient descent with the module's gradients; the test accuracy after each epoch."""
    random = np.random.default_rng(seed)
    (x, labels), (x_test, labels_test) = digits(seed)
    targets, targets_test = np.eye(10)[labels], np.eye(10)[labels_test]
    weights = _initial_weights(random, 64, 32, 10)
    for _ in range(EPOCHS):
        for rows in np.array_split(random.permutation(len(x)), len(x) // BATCH):
            t = targets[rows]
            _, gradients = module.value_and_grad(x[rows], t, *weights, dy=np.zeros_like(t), dcost=1.0)
            weights = [weight - STEP * gradient for weight, gradient in zip(weights, gradients, strict=True)]
        scores, _ = module.forward(x_test, targets_test, *weights)
        yield float(np.mean(np.argmax(scores, axis=1) == labels_test))


def _initial_weights(random: np.random.Generator, *sizes: int) -> list[Array]:
    """Weights of each layer, scaled to its inputs, and biases of 0."""
    layers: list[Array] = []
    for fan_in, fan_out in pairwise(sizes):
        layers += [random.normal(0, fan_in**-0.5, (fan_in, fan_out)), np.zeros(fan_out)]
    return layers


if __name__ == "__main__":
    for name in ("digits_mlp", "digits_mlp_cross_entropy"):
        for epoch, accuracy in enumerate(train(tcgrad.load(f"gallery:{name}").compile()), start=1):
            print(f"{name}, epoch {epoch:2}: {accuracy:.1%} of the test images")
