"""Determinants of singular matrices: their derivatives are made of cofactors, which such matrices have, too."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from share import share

import tcgrad

DEFINED = """
inputs: {a: [S, 3, 3], x: [S]}
dims: {S: 2}
equations:
  - 'm[s,i,j] = a[s,i,j]*x[s]'
  - 'y[s] = det(m)[s]*x[s]'
"""
RANKS = {
    "regular": np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 2.0]]),
    "two": np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]),
    "two, to rounding": np.outer([0.1, 0.7, 0.3], [0.9, 0.2, 0.6]) + np.outer([1.3, 0.4, 0.2], [0.3, 0.1, 0.8]),
    "one": np.outer([1.0, 2.0, 3.0], [1.0, 0.0, 2.0]),
    "none": np.zeros((3, 3)),
}


def cofactors(matrix):
    """The derivative of the determinant by each element: the determinant of what is left without its row and column."""
    size = len(matrix)
    minors = [
        [np.linalg.det(np.delete(np.delete(matrix, i, 0), j, 1)) * (-1) ** (i + j) for j in range(size)]
        for i in range(size)
    ]
    return np.array(minors)


def second(matrix):
    """The derivative of the cofactors: the signed determinants of what is left without two rows and two columns."""
    size = len(matrix)
    found = np.zeros((size,) * 4)
    for i, j, p, q in itertools.product(range(size), repeat=4):
        if i != p and j != q:
            sign = (-1) ** (i + j + p + q) * (1 if (i < p) == (j < q) else -1)
            found[i, j, p, q] = sign * np.linalg.det(np.delete(np.delete(matrix, (i, p), 0), (j, q), 1))
    return found


def expected(a, x):
    """The Jacobians of ``y = det(a x) x = det(a) x^4``."""
    by_a, by_x = np.zeros((2, 2, 3, 3)), np.zeros((2, 2))
    for s in range(2):
        by_a[s, s] = cofactors(a[s]) * x[s] ** 4
        by_x[s, s] = np.linalg.det(a[s]) * 4 * x[s] ** 3
    return by_a, by_x


@pytest.mark.parametrize("first", RANKS)
@pytest.mark.parametrize("second", ["regular", "one"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble"])
def test_first_derivatives(first, second, dtype):
    a, x, dy = np.array([RANKS[first], RANKS[second]]), np.array([0.5, 2.0]), np.array([3.0, -1.0])
    by_a, by_x = expected(a, x)
    module = tcgrad.loads(DEFINED).compile()
    arguments = [each.astype(dtype) for each in (a, x)]
    close = {"rtol": 0, "atol": 1e-4 if dtype == "float32" else 1e-12}
    found = module.jacobian(*arguments)
    np.testing.assert_allclose(found["y", "a"], by_a, **close)
    np.testing.assert_allclose(found["y", "x"], by_x, **close)
    value, gradients = module.value_and_grad(*arguments, dy.astype(dtype))
    np.testing.assert_allclose(value, [np.linalg.det(each) * own**4 for each, own in zip(a, x, strict=True)], **close)
    for gradient, jacobian in zip(gradients, (by_a, by_x), strict=True):
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient, np.tensordot(dy, jacobian, 1), **close)
    tangent = module.jvp(*arguments, np.ones_like(arguments[0]), np.zeros_like(arguments[1]))
    np.testing.assert_allclose(tangent, by_a.sum(axis=(1, 2, 3)), **close)


@pytest.mark.parametrize("matrix", [0.0, -2.0, 0.5])
def test_a_matrix_of_one_element(matrix):
    module = tcgrad.loads("inputs: {m: [1, 1]}\nequations: ['y = det(m)']\n").compile()
    value, (gradient,) = module.value_and_grad(np.array([[matrix]]))
    np.testing.assert_allclose([value, gradient[0, 0]], [matrix, 1])


@pytest.mark.parametrize("name", RANKS)
def test_values_at_a_point(name):
    matrix = RANKS[name]
    text = "inputs: {a: [3, 3]}\nequations: ['m[i,j] = a[j,i]', 'y = det(m)']\n"
    found = tcgrad.loads(text).derive().at({"a": matrix})
    for values in (found.jacobians, found.gradients):
        (value,) = values.values()
        np.testing.assert_allclose(value, cofactors(matrix), atol=1e-12)
    (value,) = found.outputs.values()
    np.testing.assert_allclose(value, np.linalg.det(matrix), atol=1e-12)


def test_where_the_inverse_is_computed_it_is_read():
    """Another matrix's cofactors are none of its business."""
    text = "inputs: {a: [3, 3], b: [3, 3]}\nequations: ['y = det(a)*inv(a)[0,1]*det(b)']\n"
    source = tcgrad.loads(text).emit()
    assert "_adjugate, b" in source
    assert "_adjugate, a" not in source


def summed(a, x):
    """The blocks of the Hessian of ``f = sum_s det(a_s x_s) x_s``."""
    size, power = a.shape[-1], a.shape[-1] + 1
    blocks = {
        ("a", "a"): np.zeros((2, size, size, 2, size, size)),
        ("a", "x"): np.zeros((2, size, size, 2)),
        ("x", "x"): np.zeros((2, 2)),
    }
    for s in range(2):
        blocks["a", "a"][s, :, :, s] = second(a[s]) * x[s] ** power
        blocks["a", "x"][s, :, :, s] = cofactors(a[s]) * power * x[s] ** size
        blocks["x", "x"][s, s] = np.linalg.det(a[s]) * power * size * x[s] ** (size - 1)
    return blocks | {("x", "a"): np.moveaxis(blocks["a", "x"], -1, 0)}


def scalar(size=3):
    """``DEFINED`` with the sum for its output, for matrices of a size."""
    return DEFINED.replace("y[s] = ", "y = ").replace("3", str(size))


def rounding_of_determinants(a, x, dtype):
    """In the block by ``x`` of `summed`: LAPACK's determinant is that of a matrix that rounding has moved.

    By Hadamard's bound, for the determinant of a singular matrix is the sum of terms that are far from 0. It has no
    longdouble.
    """
    size = a.shape[-1]
    bounds = np.linalg.norm(a, axis=-1).prod(axis=-1) * (size + 1) * size * np.abs(x) ** (size - 1)
    return np.finfo("float32" if dtype == "float32" else "float64").eps * bounds.max()


SIZES = (1, 2, 3, 4)
RANK_OF_SIZES = [(size, rank) for size in SIZES for rank in range(size + 1)]


def of_rank(size, rank, seed=0):
    """A matrix of small whole numbers, so that nothing but the determinant itself rounds."""
    rng = np.random.default_rng(seed)
    return rng.integers(-3, 4, (size, rank)) @ rng.integers(-3, 4, (rank, size)).astype(float)


@pytest.mark.parametrize(("size", "rank"), share(RANK_OF_SIZES, 2))
@pytest.mark.parametrize("other", ["regular", "zero"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble"])
def test_second_derivatives(size, rank, other, dtype):
    beside = np.zeros((size, size)) if other == "zero" else 2 * np.eye(size) + of_rank(size, 1, 1)
    a, x = np.array([of_rank(size, rank), beside]), np.array([0.5, 2.0])
    blocks = summed(a, x)
    module = tcgrad.loads(scalar(size)).compile()
    arguments = [each.astype(dtype) for each in (a, x)]
    found = module.hessian(*arguments)
    largest = max(1, *(np.abs(block).max() for block in blocks.values()))
    close = largest * (1e-5 if dtype == "float32" else 1e-12)
    by_x = rounding_of_determinants(a, x, dtype)
    for key, block in blocks.items():
        assert found[key].dtype == dtype
        atol = close + by_x if key == ("x", "x") else close
        np.testing.assert_allclose(found[key], block, rtol=0, atol=atol)
    rng = np.random.default_rng(1)
    va, vx = rng.normal(size=a.shape), rng.normal(size=x.shape)
    along = module.hvp(*arguments, va.astype(dtype), vx.astype(dtype))
    for name, product in zip("ax", along, strict=True):
        wanted = np.tensordot(blocks[name, "a"], va, 3) + np.tensordot(blocks[name, "x"], vx, 1)
        atol = 30 * (close + by_x if name == "x" else close)
        np.testing.assert_allclose(product, wanted, rtol=0, atol=atol)


@pytest.mark.parametrize("first", RANKS)
def test_second_derivatives_at_a_point(first):
    a, x = np.array([RANKS[first], RANKS["regular"]]), np.array([0.5, 2.0])
    found = tcgrad.loads(scalar()).derive(hessian=True).at({"a": a, "x": x}).hessians
    blocks = summed(a, x)
    assert len(found) == 3
    for tensor, value in found.items():
        _, by, by_too = tensor.about
        np.testing.assert_allclose(value, blocks[by.name, by_too.name], rtol=0, atol=1e-12)


def test_second_derivatives_are_those_of_a_determinant():
    result = tcgrad.loads("inputs: {a: [3, 3]}\nequations: ['y = det(a)^2 + det(a)']\n").check()
    assert {each.kind for each in result.results} >= {"hessian", "hvp", "jvp", "jacobian"}
    assert result.ok
