"""Two sums written as one: both may bind the same index, which stands for something else in either."""

import numpy as np
import pytest

from tcgrad.evaluate import evaluate
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Add, Component, IndexSum, Mul
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.simplify import simplify
from tcgrad.simplify.merged_sums import with_sums_merged

N = Integer.of(3)
W, C, A = (Tensor(name, (N,) * order, Role.INPUT) for name, order in (("w", 1), ("c", 1), ("a", 2)))


def component(tensor: Tensor, *indices: Index) -> Component:
    return Component(tensor, tuple(index.expr for index in indices))


@pytest.mark.parametrize("turned", [False, True])
def test_an_index_that_both_bind_is_told_apart(turned: bool) -> None:
    n, m = Index("n", N), Index("m", N)
    first = IndexSum((n,), Mul((component(W, n), component(C, n))))
    second = IndexSum((m, n), Mul((component(W, m), component(A, m, n))))
    whole = simplify(Add((second, first) if turned else (first, second)))
    assert isinstance(whole, Add)
    merged = with_sums_merged(whole)
    assert isinstance(merged, IndexSum)
    w, c, a = np.arange(1.0, 4), np.arange(2.0, 5), np.arange(9.0).reshape(3, 3) ** 2
    found = evaluate(merged, (), {W: w, C: c, A: a})
    np.testing.assert_allclose(found, w @ c + w @ a.sum(axis=1))
