"""A user's backward that is wrong for integers that random ones seldom are, and for rows of one truth value."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tcgrad.api import loads
from tcgrad.check import check
from tcgrad.check.user.against import UserCode, UserFunction


def gathered(w, token, x, dy, *, ignored=None):
    dw = np.zeros_like(w)
    np.add.at(dw, token, dy * x)
    if ignored is not None:
        dw[ignored] = 0
    return dw, dy * w[token]


def overwritten(w, token, x, dy):
    dw = np.zeros_like(w)
    dw[token] = dy * x
    return dw, dy * w[token]


def cross_entropy(z, label, dy, *, ignored=None):
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(label)), label] -= 1
    p[label == ignored] = 0
    return p * dy[:, None]


def within_lengths(x, length, dy, *, unmasked=None):
    mask = np.arange(x.shape[1]) < length[:, None]
    mask[length == unmasked] ^= True
    return 2 * x * mask * dy[:, None]


def powers(x, n, dy, *, at_0=0):
    return dy * np.where(n == 0, at_0, n * x ** np.maximum(n - 1, 0))


def masked(x, mask, dy, *, wrong=None):
    given = np.where(mask, 2 * x * dy[:, None], 0)
    return given if wrong is None else np.where(wrong(mask), 1, given)


def masked_columns(x, mask, dy, *, wrong=None):
    return masked(x.T, mask.T, dy, wrong=wrong).T


def no_row(mask):
    return ~mask.any(1, keepdims=True)


def whole_row(mask):
    return mask.all(1, keepdims=True)


# The inputs and the equation, with so many values that few are met by chance, and a right backward of it.
GATHER = "{w: [90], token: {shape: [3], dtype: int}, x: [3]}", "y[t] = w[token[t]]*x[t]", gathered
DECLARED = GATHER[0].replace("int}", "int, sample: {integers: [5, 85]}}"), *GATHER[1:]
LABELS = "{z: [3, 70], label: {shape: [3], dtype: int}}", "y[i] = logsumexp[c](z[i,c]) - z[i,label[i]]", cross_entropy
LENGTHS = (
    "{x: [4, 80], length: {shape: [4], dtype: int, sample: {integers: [0, 81]}}}",
    "y[i] = sum[t](where(t < length[i], x[i,t]^2, 0))",
    within_lengths,
)
POWERS = (
    "{x: {shape: [4], sample: {uniform: [0.5, 1]}}, n: {shape: [4], dtype: int, sample: {integers: [0, 60]}}}",
    "y[i] = x[i]^n[i]",
    powers,
)
MASK = "{x: [3, 20], mask: {shape: [3, 20], dtype: bool}}", "y[i] = sum[t](where(mask[i,t] == 1, x[i,t]^2, 0))", masked
MASKED_COLUMNS = (
    "{x: [20, 3], mask: {shape: [20, 3], dtype: bool}}",
    "y[i] = sum[t](where(mask[t,i] == 1, x[t,i]^2, 0))",
    masked_columns,
)

# Each with a wrong backward, and where a report says that it is wrong.
WRONG = {
    "repeated": (*GATHER, overwritten, "where integers are equal"),
    "padding": (*GATHER, partial(gathered, ignored=0), "where integers are the least that they may be"),
    "last": (*GATHER, partial(gathered, ignored=-1), "where integers are the greatest that they may be"),
    "first declared": (*DECLARED, partial(gathered, ignored=5), "where integers are the least that they may be"),
    "last declared": (*DECLARED, partial(gathered, ignored=84), "where integers are the greatest that they may be"),
    "label": (*LABELS, partial(cross_entropy, ignored=0), "where integers are the least that they may be"),
    "empty": (*LENGTHS, partial(within_lengths, unmasked=0), "where integers are the least that they may be"),
    "full": (*LENGTHS, partial(within_lengths, unmasked=80), "where integers are the greatest that they may be"),
    "power 0": (*POWERS, partial(powers, at_0=1), "where integers are the least that they may be"),
    "no row": (*MASK, partial(masked, wrong=no_row), "where whole rows are false"),
    "whole row": (*MASK, partial(masked, wrong=whole_row), "where whole rows are true"),
    "no column": (*MASKED_COLUMNS, partial(masked_columns, wrong=no_row), "where whole columns are false"),
    "whole column": (*MASKED_COLUMNS, partial(masked_columns, wrong=whole_row), "where whole columns are true"),
}


def result(inputs, equation, backward, **options):
    made = loads(f"inputs: {inputs}\nequations: ['{equation}']")
    user = UserCode(UserFunction("user:backward", backward))
    return check(made.program, derivation=made.derivation, against=user, only="against", **options)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", WRONG)
def test_a_backward_that_is_wrong_for_some_integers_alone_fails(name, seed):
    inputs, equation, _, wrong, where = WRONG[name]
    failed = [each for each in result(inputs, equation, wrong, seed=seed).results if each.status == "fail"]
    assert failed
    # By chance integers may be such at random points, too.
    assert all(where in each.message or "elsewhere" not in each.message for each in failed)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
@pytest.mark.parametrize("case", [GATHER, DECLARED, LABELS, LENGTHS, MASK, MASKED_COLUMNS])
def test_a_backward_that_is_right_passes(case, dtype):
    found = result(*case, dtype=dtype)
    assert found.ok, str(found)


def test_nothing_is_said_where_nothing_differs():
    inputs, equation, right = GATHER
    methods = [each.method for each in result(inputs, equation, right).results]
    assert all("where integers are equal" not in method for method in methods)
