"""Deltas beside what is infinite where they are 0: what they multiply there need not exist."""

import numpy as np
import pytest

import tcgrad

DELTAS = {  # a delta of j and l, and where it is 1; t is 0, 2, 1
    "j,l": lambda j, l_: j == l_,
    "j,l+1": lambda j, l_: j == l_ + 1,
    "2*j,l+1": lambda j, l_: 2 * j == l_ + 1,
    "j//2,l": lambda j, l_: j // 2 == l_,
    "N-1-j,l": lambda j, l_: 2 - j == l_,
    "j,(l+1)%N": lambda j, l_: j == (l_ + 1) % 3,
    "j%2,l%2": lambda j, l_: j % 2 == l_ % 2,
    "t[j],l": lambda j, l_: np.array([0, 2, 1])[j] == l_,
    "t[j],l+1": lambda j, l_: np.array([0, 2, 1])[j] == l_ + 1,
    "t[j],t[l]": lambda j, l_: j == l_,
}
X = np.array([1.0, 4, 9])
BODIES = {  # and the derivatives by x[j] and by x[l] where the delta is 1
    "sqrt(delta[{}]*x[l])": lambda _, b: (0, 0.5 / np.sqrt(b)),
    "cbrt(delta[{}]*x[l]*x[j])": lambda a, b: (b / (3 * np.cbrt(a * b) ** 2), a / (3 * np.cbrt(a * b) ** 2)),
    "(delta[{0}]*x[j])^0.5*delta[{0}]*x[l]": lambda a, b: (0.5 * b / np.sqrt(a), np.sqrt(a)),
}


@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize("body", BODIES)
def test_first_derivatives(delta, body):
    text = "dims: {N: 3}\ninputs: {x: [N], t: {shape: [N], dtype: int}}\nindices: {j: N, l: N}\n"
    module = tcgrad.loads(f"{text}equations: ['y[j,l] = {body.format(delta)}']\n").compile()
    jacobian = np.zeros((3, 3, 3))
    for j, l_ in np.argwhere(DELTAS[delta](*np.indices((3, 3)))):
        by_j, by_l = BODIES[body](X[j], X[l_])
        jacobian[j, l_, j] += by_j
        jacobian[j, l_, l_] += by_l
    arguments = X, np.array([0, 2, 1])
    np.testing.assert_allclose(module.jacobian(*arguments)["y", "x"], jacobian)
    direction, dy = np.array([2.0, -1, 0.5]), np.arange(9.0).reshape(3, 3)
    np.testing.assert_allclose(module.jvp(*arguments, direction), jacobian @ direction)
    np.testing.assert_allclose(module.value_and_grad(*arguments, dy)[1][0], np.tensordot(dy, jacobian))
