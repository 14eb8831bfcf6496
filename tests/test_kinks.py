"""What derivatives are at kinks, by hand: of the formulas and of the emitted code."""

import numpy as np
import pytest
from emit_tools import spec

import tcgrad
from tcgrad.evaluate import evaluate_program, evaluate_statements
from tcgrad.ir.tensors import gradient_of

INPUTS = ["x: [4]", "z: [4]", "a: [2, 3]"]
x, z = np.array([0.0, -1.0, 2.0, 0.0]), np.array([0.0, 1.0, 2.0, -3.0])
a = np.array([[2.0, 5.0, 5.0], [1.0, 1.0, 1.0]])
THIRD = 1 / 3

# equations of one output, and its gradients by x, z or a for an upstream gradient of ones
CASES = {
    "relu": (["y[i] = relu(x[i])"], {"x": [0, 0, 1, 0]}),
    "abs": (["y[i] = abs(x[i])"], {"x": [0, -1, 1, 0]}),
    "sign": (["y[i] = sign(x[i])*x[i]"], {"x": [0, -1, 1, 0]}),
    "max of two": (["y[i] = max(x[i], z[i])"], {"x": [1, 0, 1, 1], "z": [0, 1, 0, 0]}),
    "max of two, turned": (["y[i] = max(z[i], x[i])"], {"x": [0, 0, 0, 1], "z": [1, 1, 1, 0]}),
    "max over an index": (["y[i] = max[j](a[i,j])"], {"a": [[0, 0.5, 0.5], [THIRD, THIRD, THIRD]]}),
    "min over an index": (["y[i] = min[j](a[i,j])"], {"a": [[1, 0, 0], [THIRD, THIRD, THIRD]]}),
    "max over two": (["y = max[i,j](a[i,j])"], {"a": [[0, 0.5, 0.5], [0, 0, 0]]}),
    "min over two": (["y = min[i,j](a[i,j])"], {"a": [[0, 0, 0], [THIRD, THIRD, THIRD]]}),
    "max of squares": (["y = max[i](x[i]^2 + z[i])"], {"x": [0, 0, 4, 0], "z": [0, 0, 1, 0]}),
    "ties of what is worked out": (["y = max[i](x[i]*z[i] - x[i]*z[i] + 1)"], {"x": [0] * 4, "z": [0] * 4}),
    "max in a recurrence": (
        ["h[-1] = 0", "h[t] = h[t-1] + max[j](2*a[t,j])", "y = h[1]"],
        {"a": [[0, 1, 1], [2 * THIRD, 2 * THIRD, 2 * THIRD]]},
    ),
    "max in a branch": (
        ["y[i] = where(i > 0, max[j](2*a[i,j]), 0)"],
        {"a": [[0, 0, 0], [2 * THIRD, 2 * THIRD, 2 * THIRD]]},
    ),
    "where": (["y[i] = where(x[i] > 0, x[i]*z[i], 3*x[i])"], {"x": [3, 3, 2, 3], "z": [0, 0, 2, 0]}),
    "where at the other side": (["y[i] = where(x[i] >= 0, x[i]*z[i], 3*x[i])"], {"x": [0, 3, 2, -3]}),
    "a branch that is not taken": (["y[i] = where(x[i] > 0, sqrt(x[i]), 0)"], {"x": [0, 0, 0.5 / 2**0.5, 0]}),
    "a bracket": (["y[i] = [x[i] >= 0]*z[i]*x[i]"], {"x": [0, 0, 2, -3], "z": [0, 0, 2, 0]}),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients(name):
    equations, expected = CASES[name]
    inputs = [line for line in INPUTS if any(f"{line[0]}[" in equation for equation in equations)]
    function = tcgrad.loads(spec(inputs, equations))
    values = {line[0]: {"x": x, "z": z, "a": a}[line[0]] for line in inputs}
    env = evaluate_program(function.program, values)
    (output,) = function.program.outputs
    upstream = np.ones_like(env[output])
    env = evaluate_statements(function.derivation.backward, {**env, gradient_of(output): upstream})
    _, gradients = function.compile().value_and_grad(*values.values(), upstream)
    emitted = dict(zip(values, gradients, strict=True))
    for wrt in function.program.wrt:
        if wrt.name in expected:
            np.testing.assert_allclose(emitted[wrt.name], expected[wrt.name], atol=1e-15)
            np.testing.assert_allclose(env[gradient_of(wrt)], expected[wrt.name], atol=1e-15)
