"""Squared distances of pairs of rows in NumPy: never negative, and 0 between equal rows, whatever is rounded."""

from __future__ import annotations

import numpy as np
import pytest

import tcgrad
from tcgrad.notation.raising.definitions import raise_define
from tcgrad.notation.raising.form import MatrixForm

HEAD = "dims: {N: 5, M: 3}\ninputs: {x: [N, M], z: [N, M], t: [M, N], w: {shape: [M], sample: positive}, s: []}\n"

# an equation and its right side as NumPy computes it
SPELT = [
    ("y[i,j] = sum[k]((x[i,k] - x[j,k])^2)", "np.sum((x[:, None] - x) ** 2, axis=2)"),
    ("y[i,j] = sqrt(sum[k]((x[i,k] - z[j,k])^2))", "np.sqrt(np.sum((x[:, None] - z) ** 2, axis=2))"),
    ("y[i,j] = sum[k]((x[i,k] + z[j,k])^2)", "np.sum((x[:, None] + z) ** 2, axis=2)"),
    ("y[i,j] = sum[k]((t[k,i] - x[j,k])^2)", "np.sum((t.T[:, None] - x) ** 2, axis=2)"),
    ("y[i,j] = sqrt(sum[k](w[k]*(x[i,k] - z[j,k])^2))", "np.sqrt((x[:, None] - z) ** 2 @ w)"),
    ("y[i,j] = exp(-sum[k]((x[i,k] - z[j,k])^2)/s)", "np.exp(-np.sum((x[:, None] - z) ** 2, axis=2) / s)"),
    ("y[i,j] = 1/(3 + sum[k]((x[i,k] - z[j,k])^2))", "1 / (np.sum((x[:, None] - z) ** 2, axis=2) + 3)"),
    ("y[i,j] = s - sum[k]((x[i,k] - z[j,k])^2)", "-np.sum((x[:, None] - z) ** 2, axis=2) + s"),
    (
        "y[i,j] = sum[k]((2*x[i,k] - z[j,k])^2)",
        "4 * np.sum(x * x, axis=1)[:, None] + np.sum(z * z, axis=1) - 4 * (x @ z.T)",
    ),
]


@pytest.mark.parametrize(("equation", "numpy"), SPELT)
def test_distances_are_sums_of_squares(equation: str, numpy: str) -> None:
    program = tcgrad.loads(f"{HEAD}equations: ['{equation}']\n").program
    form = raise_define(program.statements[-1], program)
    assert isinstance(form, MatrixForm)
    assert form.numpy == numpy


# What is smooth where two rows meet, and by hand its gradient: of f(d), where d is the squared distance, the sum over
# the other rows of 4 f'(d) times the difference.
SMOOTH = [
    ("sum[i,j](sum[k]((x[i,k] - x[j,k])^2)^(3/2))", lambda d: 1.5 * np.sqrt(d)),
    ("sum[i,j](sqrt(sum[k]((x[i,k] - x[j,k])^2))^3)", lambda d: 1.5 * np.sqrt(d)),
    ("sum[i,j](sum[k]((x[i,k] - x[j,k])^2)^(5/2))", lambda d: 2.5 * d**1.5),
    ("sum[i,j](log(1 + sum[k]((x[i,k] - x[j,k])^2)^(3/2)))", lambda d: 1.5 * np.sqrt(d) / (1 + d**1.5)),
]


@pytest.mark.parametrize(("equation", "slope"), SMOOTH)
def test_gradients_have_a_value_where_rows_meet(equation: str, slope) -> None:
    function = tcgrad.loads(f"dims: {{N: 5, M: 3}}\ninputs: {{x: [N, M]}}\nequations: ['f = {equation}']\n")
    matrix = function.derive().as_dict()["jacobians"][0]["matrix"]
    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=(5, 3))
        x[3] = x[1]
        differences = x[:, None] - x
        expected = np.sum(4 * slope(np.sum(differences**2, axis=2))[..., None] * differences, axis=1)
        found = eval(matrix["numpy"], {"np": np, "x": x, "N": 5, "M": 3})  # noqa: S307 - text that the tool made
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_gradients_of_batches_have_a_value_where_rows_meet() -> None:
    equation = "f = sum[b](p[b]*sum[i,j](sum[k](w[k]*(x[b,i,k] - x[b,j,k])^2)^(3/2)))"
    inputs = "{x: [B, N, M], w: {shape: [M], sample: positive}, p: [B]}"
    function = tcgrad.loads(f"dims: {{B: 2, N: 5, M: 3}}\ninputs: {inputs}\nequations: ['{equation}']\n")
    matrix = function.derive().as_dict()["jacobians"][0]["matrix"]
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, w, p = rng.normal(size=(2, 5, 3)), rng.uniform(0.5, 1.5, size=3), rng.normal(size=2)
        x[0, 3] = x[0, 1]
        differences = x[:, :, None] - x[:, None]
        distances = np.sqrt(np.sum(w * differences**2, axis=3))
        expected = 6 * p[:, None, None] * w * np.sum(distances[..., None] * differences, axis=2)
        known = {"np": np, "x": x, "w": w, "p": p, "B": 2, "N": 5, "M": 3}
        found = eval(matrix["numpy"], known)  # noqa: S307 - text that the tool made
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
