"""``check --against``: a backward of the user's own, right and wrong in every way that people manage."""

import pytest

import tcgrad
from tcgrad.errors import TcgradError

KERNELS = """
import numpy as np


def right(x, a, dy):
    return dy @ a.T, x.T @ dy


def float_lists(x, a, dy):
    return (dy @ a.T).tolist(), x.T @ dy


def slightly_off(x, a, dy):
    return dy @ a.T * (1 + 1e-9), x.T @ dy


def one_element_off(x, a, dy):
    dx = dy @ a.T
    dx[0, 0] += 1e-9
    return dx, x.T @ dy


def wrong_sign(x, a, dy):
    return -dy @ a.T, x.T @ dy


def swapped(x, a, dy):
    return x.T @ dy, dy @ a.T


def transposed(x, a, dy):
    return (dy @ a.T).T, x.T @ dy


def only_one(x, a, dy):
    return dy @ a.T


def nothing(x, a, dy):
    return None, None


def not_numbers(x, a, dy):
    return "dx", x.T @ dy


def not_finite(x, a, dy):
    return dy @ a.T * np.nan, x.T @ dy


def all_zero(x, a, dy):
    return np.zeros_like(x), x.T @ dy


def raises(x, a, dy):
    raise RuntimeError("out of luck")


def writes(x, a, dy):
    x[:] = 0
    return dy @ a.T, x.T @ dy


def wrong_arguments(x):
    return x


constant = 3
"""

WRONG = """
slightly_off |
one_element_off |
wrong_sign |
swapped | the gradient has shape
transposed | the gradient has shape
only_one | returns 1 gradients, not 2: x, a
nothing | returns object for x, not numbers
not_numbers | not numbers
not_finite | not finite
all_zero |
raises | raised RuntimeError: out of luck
writes | wrote to its arguments
wrong_arguments | raised TypeError
"""


@pytest.fixture(autouse=True)
def kernels(tmp_path, monkeypatch):
    (tmp_path / "user_kernels.py").write_text(KERNELS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def results(name, **options):
    checked = tcgrad.load("gallery:matmul").check(against=f"user_kernels:{name}", **options)
    return checked.ok, [result for result in checked.results if result.kind == "against"]


@pytest.mark.parametrize(("name", "dtype"), [("right", "float64"), ("right", "float32"), ("float_lists", "float64")])
def test_a_right_backward_passes(name, dtype):
    ok, found = results(name, dtype=dtype)
    assert ok
    assert [(result.of, result.wrt, result.status, result.elements > 0) for result in found] == [
        ("y", "x", "pass", True),
        ("y", "a", "pass", True),
    ]


@pytest.mark.parametrize("row", WRONG.strip().splitlines())
def test_a_wrong_backward_fails(row):
    name, _, message = (part.strip() for part in row.partition("|"))
    ok, found = results(name)
    assert not ok
    assert found[0].status == "fail"
    assert message in found[0].message
    assert f"--against user_kernels:{name}" in (found[0].repeat or "")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("user_kernels", "`user_kernels` is not MODULE:FUNCTION"),
        ("user_kernels:", "`user_kernels:` is not MODULE:FUNCTION"),
        ("no_such_module:f", "there is no module no_such_module"),
        ("user_kernels:no_such_function", "no_such_function is not there in user_kernels"),
        ("user_kernels:constant", "constant is no function in user_kernels"),
    ],
)
def test_a_function_that_is_not_there(reference, message):
    with pytest.raises(TcgradError) as caught:
        tcgrad.load("gallery:matmul").check(against=reference)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("TC503", message)
