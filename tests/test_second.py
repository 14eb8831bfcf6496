"""Second derivatives against difference quotients of the gradient, and their symmetry."""

from functools import cache

import numpy as np
import pytest
from test_oracles import close, difference_quotients, draw, program_of

import tcgrad
from tcgrad.calculus import derive
from tcgrad.calculus.passes.jacobians import stepwise_jacobian
from tcgrad.calculus.passes.second import gradient_program
from tcgrad.calculus.passes.tangents import push_forward
from tcgrad.calculus.program.unconstrained import unconstrained
from tcgrad.emit import emit
from tcgrad.emit.compiled import compile_module
from tcgrad.errors import TcgradError
from tcgrad.evaluate import evaluate_program, evaluate_statements
from tcgrad.ir.tensors import gradient_of, jacobian_of, tangent_of

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
    "a sum beside another one over the same index": """
inputs: {u: [3], a: [3, 2]}
equations: ["f = cosh(sum[i,j](exp(u[j]*a[j,i])))"]
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

RECURRENCES = {
    "powers": """
dims: {T: 4}
inputs: {w: []}
indices: {t: T}
equations: ["h[-1] = 1", "h[t] = w*h[t-1]", "f = sum[t](h[t])"]
""",
    "a recurrent layer": """
dims: {T: 4, B: 2, M: 2, H: 3}
inputs: {x: [T, B, M], s: [B, H], w: [H, H], u: [H, M]}
equations:
  - h[-1,b,j] = s[b,j]
  - h[t,b,j] = tanh(w[j,k]*h[t-1,b,k] + u[j,m]*x[t,b,m])
  - f = sum[t,b,j](h[t,b,j]^3)
""",
    "a gated layer whose last state counts": """
dims: {T: 3, H: 2}
inputs: {x: [T, H], w: [H, H], u: [H, H]}
equations:
  - h[-1,j] = 0
  - g[t,j] = sigmoid(w[j,k]*h[t-1,k] + x[t,j])
  - h[t,j] = (1 - g[t,j])*h[t-1,j] + g[t,j]*tanh(u[j,k]*x[t,k]*h[t-1,k] + x[t,j])
  - f = sum[j](exp(h[T-1,j]))
""",
    "two steps back, from inputs": """
dims: {T: 6}
inputs: {a: [], b: [], x: [T], s: [2]}
equations:
  - y[-2] = s[0]
  - y[-1] = s[1]*a
  - y[t] = a*sin(y[t-1]) + b*y[t-2]*x[t]
  - f = y[t]*y[t]
""",
    "from a base case inside": """
dims: {N: 5}
inputs: {x: [N], r: [N]}
equations:
  - y[0] = x[0]^2
  - y[i] = r[i]*y[i-1] + x[i]*x[i-1]
  - f = sum[i](y[i]*x[i])
""",
    "coupled": """
dims: {T: 4}
inputs: {k: [], p: [], v: []}
indices: {t: T}
equations:
  - q[-1] = p
  - w[-1] = v
  - w[t] = w[t-1] - k*sin(q[t-1])
  - q[t] = q[t-1] + w[t]/2
  - f = sum[t](q[t]^2)*w[T-1]
""",
    "forward probabilities": """
dims: {T: 4, S: 3}
inputs: {a: [S, S], e: [T, S], p: [S]}
equations:
  - l[0,j] = p[j] + e[0,j]
  - l[t,j] = logsumexp[i](l[t-1,i] + a[i,j]) + e[t,j]
  - f = logsumexp[j](l[T-1,j])
""",
    "one after the other": """
dims: {T: 4}
inputs: {x: [T], a: []}
equations:
  - y[-1] = 0
  - y[t] = a*y[t-1] + x[t]^2
  - z[-1] = a
  - z[t] = z[t-1]*cos(y[t])
  - f = sum[t](z[t])
""",
    "not with all inputs": """
dims: {T: 3}
inputs: {x: [T], c: [2], a: []}
equations:
  - y[-1] = 1
  - y[t] = a*y[t-1]*x[t]
  - f = y[T-1] + c[i]*c[i]*c[i]
""",
}
ALL = {**FUNCTIONS, **RECURRENCES}
each_function = pytest.mark.parametrize("name", ALL, scope="module")  # differentiated in one worker


def positive_definite(inputs, program):
    for item in program.inputs:
        if item.sample.kind == "spd":
            root = inputs[item.tensor.name]
            inputs[item.tensor.name] = root @ root.T + np.eye(len(root))
    return inputs


def second_difference_quotients(gradients, inputs):
    """The difference quotients of all gradients, given by their program, by all inputs."""
    of = [gradient_of(first) for first in gradients.wrt]
    found = {second: difference_quotients(gradients, inputs, second, *of) for second in gradients.wrt}
    return {(a, b): found[b][place] for place, a in enumerate(gradients.wrt) for b in gradients.wrt}


@cache
def differentiated(name):
    """The program of the gradients of a spec, inputs, directions, and the difference quotients there."""
    program = unconstrained(program_of(ALL[name]))
    gradients = gradient_program(program)
    inputs = positive_definite(draw(program), program)
    directions = {wrt: np.random.default_rng(3).uniform(-1, 1, inputs[wrt.name].shape) for wrt in program.wrt}
    return gradients, inputs, directions, second_difference_quotients(gradients, inputs)


@each_function
def test_hessian(name):
    gradients, inputs, directions, quotients = differentiated(name)
    env = evaluate_program(gradients, inputs)
    tangents = {tangent_of(wrt): direction for wrt, direction in directions.items()}
    pushed = evaluate_statements(push_forward(gradients), {**env, **tangents})
    for first in gradients.wrt:
        product = np.zeros(inputs[first.name].shape)
        for second in gradients.wrt:
            block = stepwise_jacobian(gradients, gradient_of(first), second)
            value = evaluate_statements(block, env)[jacobian_of(gradient_of(first), second)]
            close(value, quotients[first, second], 1e-7)
            product = product + np.tensordot(value, directions[second], second.order)
        close(pushed[tangent_of(gradient_of(first))], product)


@each_function
def test_emitted_functions(name):
    module = compile_module(emit(derive(program_of(ALL[name]))))
    gradients, inputs, directions, quotients = differentiated(name)
    hessian = module.hessian(*inputs.values())
    products = module.hvp(*inputs.values(), *directions.values())
    assert list(hessian) == [(a.name, b.name) for a in gradients.wrt for b in gradients.wrt]
    for first, found in zip(gradients.wrt, products, strict=True):
        expected = np.zeros(inputs[first.name].shape)
        for second in gradients.wrt:
            block = quotients[first, second]
            close(hessian[first.name, second.name], block, 1e-7)
            expected = expected + np.tensordot(block, directions[second], second.order)
        close(found, expected, 1e-7)


MANY_INPUTS = """
dims: {D: 2}
inputs:
  lambda: [D]
  n: {shape: [D], dtype: int, sample: {integers: [0, D]}}
  s: {shape: [D, D], symmetric: true}
  shape: []
  unused: [D]
  w1: [D, D]
  w2: [D, D]
  w3: [D, D]
  b1: [D]
  b2: [D]
  b3: [D]
  b4: [D]
equations:
  - a1[i] = tanh(w1[i,j]*lambda[j] + b1[i])
  - a2[i] = tanh(w2[i,j]*a1[j] + b2[n[i]])
  - a3[i] = tanh(w3[i,j]*a2[j] + b3[i])
  - a4[i] = tanh(s[i,j]*a3[j] + b4[i]) + a1[i]
  - a5[i] = a4[i]*sigmoid(a2[i])
  - a6[i] = a5[i]/(1 + a3[i]^2)
  - a7 = a6[i]*a6[i]
  - a8 = exp(shape*a7)
  - f = a8*a7
"""


def test_of_many_inputs_the_hessian_is_made_of_columns():
    """The blocks alone would be more than a thousand statements."""
    program = program_of(MANY_INPUTS)
    source = emit(derive(program))
    assert len(source.splitlines()) < 800
    module = compile_module(source)
    inputs = draw(program)
    gradients = gradient_program(unconstrained(program))
    found = module.hessian(*inputs.values())
    assert list(found) == [(a.name, b.name) for a in program.wrt for b in program.wrt]
    for (first, second), block in second_difference_quotients(gradients, inputs).items():
        close(found[first.name, second.name], block, 1e-6)
    single = (value.astype(np.float32) if value.dtype == float else value for value in inputs.values())
    assert {block.dtype for block in module.hessian(*single).values()} == {np.dtype(np.float32)}


def test_no_functions_of_second_order_where_the_output_is_no_scalar():
    source = emit(derive(program_of("inputs: {x: [3]}\nequations: ['y[i] = x[i]^2']")))
    assert "def hessian" not in source
    assert "def hvp" not in source


@pytest.mark.parametrize("name", [name for name in RECURRENCES if "[T" in RECURRENCES[name].partition("equations")[0]])
def test_recurrences_of_other_lengths(name):
    """The module of a longer recurrence does what that of the shorter one does."""
    sizes = {"T: 3": "T: 5", "T: 4": "T: 7", "T: 6": "T: 9", "N: 5": "N: 8"}
    text = RECURRENCES[name]
    longer = next(text.replace(*pair) for pair in sizes.items() if pair[0] in text)
    program = program_of(longer)
    inputs = draw(program)
    found, expected = (tcgrad.loads(spec).compile().hessian(*inputs.values()) for spec in (text, longer))
    for pair in expected:
        close(found[pair], expected[pair])


GATES = """
dims: {T: 4, H: 2}
inputs: {x: [T, H], w: [H, H], v: [H, H]}
equations:
  - c[-1,j] = 0
  - h[-1,j] = 0
  - i[t,j] = sigmoid(w[j,k]*h[t-1,k] + x[t,j])
  - o[t,j] = sigmoid(v[j,k]*h[t-1,k]*x[t,j])
  - c[t,j] = (1 - i[t,j])*c[t-1,j] + i[t,j]*tanh(x[t,j])
  - h[t,j] = o[t,j]*tanh(c[t,j])
  - f = sum[j](h[T-1,j]^2)
"""


@pytest.mark.parametrize("text", [GATES, RECURRENCES["a gated layer whose last state counts"]])
def test_recurrences_of_fewer_positions(text):
    """Base cases at both ends may be at one position then."""
    module = tcgrad.loads(text).compile()
    for length in (1, 2):
        program = program_of(text.replace("T: 4", f"T: {length}").replace("T: 3", f"T: {length}"))
        inputs = draw(program)
        directions = [np.random.default_rng(3).uniform(-1, 1, inputs[wrt.name].shape) for wrt in program.wrt]
        hessian, products = module.hessian(*inputs.values()), module.hvp(*inputs.values(), *directions)
        quotients = second_difference_quotients(gradient_program(program), inputs)
        for first, product in zip(program.wrt, products, strict=True):
            blocks = [quotients[first, second] for second in program.wrt]
            for second, block in zip(program.wrt, blocks, strict=True):
                close(hessian[first.name, second.name], block, 1e-7)
            parts = (np.tensordot(*pair, pair[1].ndim) for pair in zip(blocks, directions, strict=True))
            close(product, sum(parts), 1e-7)


def test_the_hessian_is_named_as_in_its_code():
    source = tcgrad.loads(RECURRENCES["powers"]).emit()
    assert "# vh[t] = vh[t-1]*w + vw*h[t-1]" in source
    assert "    vh[t] = vw_h_all[t - 1] + w * vh[t - 1]" in source.replace("        ", "    ")


def test_only_one_scalar_output_has_second_derivatives():
    with pytest.raises(TcgradError) as caught:
        gradient_program(program_of("inputs: {x: [3]}\nequations: ['y[i] = x[i]^2']"))
    assert caught.value.diagnostics[0].code == "TC404"
