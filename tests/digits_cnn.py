"""Train a small convolutional network on scikit-learn's digits with nothing but emitted code.

python tests/digits_cnn.py        prints the accuracy on held-out images after each epoch
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import numpy as np
from training import Adam, Array, digits

import tcgrad
from tcgrad.locate import find_spec

EPOCHS = 16
BATCH = 32
KERNELS = 16
STEP = 0.006


def train(module: ModuleType, *, seed: int = 0) -> Iterator[float]:
    """Minimise the cross-entropy of `gallery:cnn` for 8 by 8 images; the test accuracy after each epoch."""
    random = np.random.default_rng(seed)
    (x, labels), (x_test, labels_test) = digits(seed)
    images, images_test = x.reshape(-1, 8, 8), x_test.reshape(-1, 8, 8)
    weights: list[Array] = [
        random.normal(0, 1 / 3, (KERNELS, 3, 3)),
        np.zeros(KERNELS),
        random.normal(0, 1 / np.sqrt(9 * KERNELS), (10, KERNELS, 3, 3)),
        np.zeros(10),
    ]
    adam = Adam(STEP)
    for _ in range(EPOCHS):
        for rows in np.array_split(random.permutation(len(images)), len(images) // BATCH):
            no_scores = np.zeros((len(rows), 10))
            _, gradients = module.value_and_grad(images[rows], labels[rows], *weights, no_scores, 1.0)
            weights = adam.update(weights, gradients)
        scores, _ = module.forward(images_test, labels_test, *weights)
        yield float(np.mean(np.argmax(scores, axis=1) == labels_test))


def compiled() -> ModuleType:
    """The module of `gallery:cnn` with the scores as an output as well, from which predictions are made."""
    text = find_spec("gallery:cnn").read_text(encoding="utf-8")
    return tcgrad.loads(f"{text}outputs: [z, loss]\n").compile()


if __name__ == "__main__":
    for epoch, accuracy in enumerate(train(compiled()), start=1):
        print(f"epoch {epoch:2}: {accuracy:.1%} of the test images")
