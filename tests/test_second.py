"""Second derivatives against difference quotients of the gradient, and their symmetry."""

import numpy as np
import pytest
from test_oracles import close, difference_quotients, draw, program_of

from tcgrad.calculus import derive
from tcgrad.calculus.derivation import gradient_of, jacobian_of, tangent_of
from tcgrad.calculus.jacobians import stepwise_jacobian
from tcgrad.calculus.second import gradient_program
from tcgrad.calculus.tangents import push_forward
from tcgrad.calculus.unconstrained import unconstrained
from tcgrad.emit import emit
from tcgrad.emit.compiled import compile_module
from tcgrad.errors import TcgradError
from tcgrad.evaluate import evaluate_program, evaluate_statements

FUNCTIONS = {
    "quadratic form": """
inputs: {x: [4], a: [4, 4]}
equations: ["f = x[i]*a[i,j]*x[j]"]
""",
    "least squares": """
inputs: {a: [5, 3], x: [3], b: [5]}
equations: ["r[i] = a[i,j]*x[j] - b[i]", "f = r[i]*r[i]/2"]
""",
    "logsumexp of a layer": """
inputs: {w: [3, 4], x: [4]}
equations: ["z[i] = tanh(w[i,j]*x[j])", "f = log(1[i]*exp(z[i]))"]
""",
    "one variable": """
inputs: {x: []}
equations: ["f = 2*x^3 + sin(x)"]
""",
    "branches and products": """
inputs: {x: [4], w: [4]}
equations: ["f = prod[i](x[i]) + sum[i](where(x[i] > 0, x[i]^2*w[i], x[i]^3))"]
""",
    "matrix functions": """
inputs: {a: {shape: [3, 3], sample: spd}, b: [3]}
equations: ["f = logdet(a) + b[i]*inv(a)[i,j]*b[j]"]
""",
    "a symmetric matrix": """
inputs: {a: {shape: [3, 3], symmetric: true, sample: spd}, x: [3]}
equations: ["f = x[i]*a[i,j]*x[j] + x[i]*inv(a)[i,j]*x[j]"]
""",
    "linear": """
inputs: {x: [3]}
equations: ["f = sum[i](x[i])"]
""",
}

RECURRENCE = """
dims: {T: 4}
inputs: {w: []}
indices: {t: T}
equations: ["h[-1] = 1", "h[t] = w*h[t-1]", "f = sum[t](h[t])"]
"""


def positive_definite(inputs, program):
    for item in program.inputs:
        if item.sample.kind == "spd":
            root = inputs[item.tensor.name]
            inputs[item.tensor.name] = root @ root.T + np.eye(len(root))
    return inputs


@pytest.mark.parametrize("name", FUNCTIONS)
def test_hessian(name):
    program = unconstrained(program_of(FUNCTIONS[name]))
    gradients = gradient_program(program)
    inputs = positive_definite(draw(program), program)
    env = evaluate_program(gradients, inputs)
    directions = {tangent_of(w): np.random.default_rng(3).uniform(-1, 1, inputs[w.name].shape) for w in program.wrt}
    pushed = evaluate_statements(push_forward(gradients), {**env, **directions})
    for first in program.wrt:
        product = np.zeros(inputs[first.name].shape)
        for second in program.wrt:
            block = stepwise_jacobian(gradients, gradient_of(first), second)
            value = evaluate_statements(block, env)[jacobian_of(gradient_of(first), second)]
            close(value, difference_quotients(gradients, inputs, gradient_of(first), second), 1e-7)
            product = product + np.tensordot(value, directions[tangent_of(second)], second.order)
        close(pushed[tangent_of(gradient_of(first))], product)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_emitted_functions(name):
    program = program_of(FUNCTIONS[name])
    module = compile_module(emit(derive(program)))
    program = unconstrained(program)
    gradients = gradient_program(program)
    inputs = positive_definite(draw(program), program)
    directions = {wrt: np.random.default_rng(3).uniform(-1, 1, inputs[wrt.name].shape) for wrt in program.wrt}
    hessian = module.hessian(*inputs.values())
    products = module.hvp(*inputs.values(), *directions.values())
    assert list(hessian) == [(a.name, b.name) for a in program.wrt for b in program.wrt]
    for first, found in zip(program.wrt, products, strict=True):
        expected = np.zeros(inputs[first.name].shape)
        for second in program.wrt:
            block = difference_quotients(gradients, inputs, gradient_of(first), second)
            close(hessian[first.name, second.name], block, 1e-7)
            expected = expected + np.tensordot(block, directions[second], second.order)
        close(found, expected, 1e-7)


@pytest.mark.parametrize("spec", ["inputs: {x: [3]}\nequations: ['y[i] = x[i]^2']", RECURRENCE])
def test_no_functions_of_second_order_where_there_are_none(spec):
    source = emit(derive(program_of(spec)))
    assert "def hessian" not in source
    assert "def hvp" not in source


def test_a_recurrence_is_refused():
    with pytest.raises(TcgradError) as caught:
        gradient_program(program_of(RECURRENCE))
    assert caught.value.diagnostics[0].code == "TC402"


def test_only_one_scalar_output_has_second_derivatives():
    with pytest.raises(TcgradError) as caught:
        gradient_program(program_of("inputs: {x: [3]}\nequations: ['y[i] = x[i]^2']"))
    assert caught.value.diagnostics[0].code == "TC404"
