"""What is checked of a module besides its gradients: second derivatives, both modes, repetition, untouched inputs."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tcgrad.api import loads
from tcgrad.check import check
from tcgrad.check.evaluated.paths import Paths
from tcgrad.emit import emit
from tcgrad.emit.compiled import compile_module
from tcgrad.evaluate import evaluate_statements
from tcgrad.ir.tensors import jacobian_of
from tcgrad.report.checks.text import render_text

SPEC = """
dims: {N: 3, M: 4}
inputs: {x: [N], w: [N, M]}
equations: ["f = sum[i,m](tanh(w[i,m]*x[i])^2)"]
"""


def made(text=SPEC):
    return loads(text, "layers.yaml")


def checked(function, changes, **options):
    """The result of a check of the module with some of its functions replaced."""
    module = compile_module(emit(function.derivation))
    broken = SimpleNamespace(**{**vars(module), **changes(module)})
    return check(function.program, derivation=function.derivation, module=broken, trials=1, **options)


def failing(result):
    return {r.kind for r in result.results if r.status == "fail"}


def messages(result):
    return {r.kind: r.message for r in result.results if r.status == "fail"}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
def test_every_layer_of_a_right_module_passes(dtype):
    result = made().check(dtype=dtype)
    assert {r.kind for r in result.results} == {
        "forward", "jacobian", "gradient", "value_and_grad", "jvp", "dot_product", "hessian", "hvp",
        "hessian_symmetry", "repeatability", "inputs",
    }  # fmt: skip
    assert result.ok, render_text(result)


PRODUCTS = {
    "layer": "dims: {I: 3, K: 4}\ninputs: {x: [I, K], a: [K, K], b: [K]}\n"
    "equations: ['y[i,j] = tanh(x[i,k]*a[k,j] + b[j])']\n",
    "norm": "dims: {I: 3, K: 8}\ninputs: {x: [I, K]}\nequations:\n - m[i] = mean[k](x[i,k])\n"
    " - y[i,k] = (x[i,k] - m[i])/sqrt(mean[j]((x[i,j] - m[i])^2) + 1)\n",
    "recurrence": "dims: {T: 6, N: 5}\ninputs: {x: [T, N], w: [N, N]}\nequations:\n - h[-1,i] = 0\n"
    " - h[t,i] = tanh(w[i,j]*h[t-1,j] + x[t,i])\noutputs: [h]\n",
    "softmax": "dims: {N: 12}\ninputs: {x: [N]}\nequations: ['y[i] = exp(x[i])/(1[k]*exp(x[k]))']\n",
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_product_of_both_modes_decides_in_half_precision(name):
    """Its tolerance is what rounding does to the sum, in which errors cancel, not what it does to each term.

    Where the sum itself is small by chance another sample decides.
    """
    for seed in range(6):
        results = made(PRODUCTS[name]).check(dtype="float16", trials=1, seed=seed).results
        assert [r.status for r in results if r.kind == "dot_product"] == ["pass"], seed


SCALARS = [
    "f = x[i]*x[i]*x[j]*1[j]",
    "f = log(sum[i](exp(x[i])))",
    "f = sum[i](relu(x[i])^2 + abs(x[i])*x[i])",
    "f = max[i](x[i]^2)",
    "f = sum[i](x[i]*w)",
    "f = x[0]/x[1]",
]


@pytest.mark.parametrize("equation", SCALARS)
def test_second_derivatives_of_right_modules_pass(equation):
    text = f"dims: {{N: 3}}\ninputs: {{x: [N], w: []}}\nequations: {json.dumps([equation])}\n"
    result = loads(text, "scalar.yaml").check()
    assert {"hessian", "hvp", "hessian_symmetry"} <= {r.kind for r in result.results}
    assert result.ok, render_text(result)


def test_large_hessians_are_compared_along_directions():
    text = "dims: {N: 1500}\ninputs: {x: [N]}\nequations: ['f = sum[i](sin(x[i])*x[i])']\n"
    result = loads(text, "large.yaml").check(trials=1)
    assert result.ok, render_text(result)
    (products,) = [r for r in result.results if r.kind == "hvp"]
    assert "directions" in products.method


def _wrong_blocks(module):
    def hessian(*inputs):
        blocks = module.hessian(*inputs)
        blocks["x", "w"] = blocks["x", "w"] * (1 + 1e-9)
        return blocks

    return {"hessian": hessian}


def _wrong_products(module):
    def hvp(x, w, vx, vw):
        first, second = module.hvp(x, w, vx, vw)
        return first, second + 1e-9 * np.linalg.norm(vx)

    return {"hvp": hvp}


def _wrong_both_ways(module):
    """Symmetric, and wrong."""

    def hessian(*inputs):
        return {pair: 2 * block for pair, block in module.hessian(*inputs).items()}

    return {"hessian": hessian}


def _wrong_tangents(module):
    return {"jvp": lambda x, w, dx, dw: module.jvp(x, w, dx, 2 * dw)}


def _wrong_with_value(module):
    def value_and_grad(*arguments):
        value, (dx, dw) = module.value_and_grad(*arguments)
        return value, (dx, -dw)

    return {"value_and_grad": value_and_grad}


def _wrong_at_random(module):
    calls = []

    def backward(saved, dy):
        calls.append(1)
        dx, dw = module.backward(saved, dy)
        return dx, np.nextafter(dw, dw + len(calls) % 2)

    return {"backward": backward}


def _writing(module):
    def value_and_grad(x, w, dy):
        found = module.value_and_grad(x, w, dy)
        w += 1
        return found

    return {"value_and_grad": value_and_grad}


def _wrong_value(module):
    def value_and_grad(*arguments):
        value, gradients = module.value_and_grad(*arguments)
        return value + 1e-3, gradients

    return {"value_and_grad": value_and_grad}


def _wrong_by_default(module):
    return {"value_and_grad": lambda x, w, dy=2.0: module.value_and_grad(x, w, dy)}


def _wrong_where_saved(module):
    def forward_saved(*inputs):
        value, saved = module.forward_saved(*inputs)
        return 2 * value, saved

    return {"forward_saved": forward_saved}


def _keeping_products(module):
    kept = [0.0]

    def hvp(*arguments):
        first, second = module.hvp(*arguments)
        kept[0] += 1e-16
        return first * (1 + kept[0]), second

    return {"hvp": hvp}


def _nested(module):
    return {"forward": module.forward_saved}


MISTAKES = [
    (_wrong_value, {"repeatability"}),
    (_wrong_by_default, {"repeatability"}),
    (_wrong_where_saved, {"repeatability"}),
    (_keeping_products, {"repeatability"}),
    (_nested, {"forward"}),
    (_wrong_blocks, {"hessian", "hessian_symmetry"}),
    (_wrong_products, {"hvp"}),
    (_wrong_both_ways, {"hessian"}),
    (_wrong_tangents, {"jvp", "dot_product"}),
    (_wrong_with_value, {"value_and_grad"}),
    (_wrong_at_random, {"repeatability"}),
    (_writing, {"value_and_grad", "inputs"}),
]


@pytest.mark.parametrize(("changes", "kinds"), MISTAKES)
def test_a_mistake_is_seen_in_its_layer(changes, kinds):
    assert failing(checked(made(), changes)) == kinds


def test_messages_name_the_function():
    assert messages(checked(made(), _wrong_at_random)) == {
        "repeatability": "backward returns something else when it is called again"
    }
    assert messages(checked(made(), _writing))["inputs"] == "value_and_grad wrote to its inputs"
    missing = checked(made(), lambda _: {"hessian": lambda *_: {}})
    assert messages(missing)["hessian"] == "hessian returns nothing by w and x"
    square = checked(made(), lambda _: {"hessian": lambda *_: {("x", "x"): np.zeros(3)}})
    assert "the Hessian by x and x has shape (3,), not (3, 3)" in [r.message for r in square.results]


def test_a_place_in_a_hessian_has_the_indices_of_both_inputs():
    result = checked(made(), _wrong_blocks)
    found = next(r for r in result.results if r.kind == "hessian" and r.status == "fail")
    assert found.worst.text.startswith("f by x[i=")
    assert " by w[i=" in found.worst.text
    assert len(found.worst.position) == 3


def test_what_a_guard_leaves_out_decides_no_branch():
    text = "dims: {N: 4}\ninputs: {x: [N]}\nequations: ['f = sum[i](abs(x[i+1] - x[i])*x[i])']\n"
    result = loads(text, "guarded.yaml").check()
    assert result.ok, render_text(result)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_zeros_that_attain_an_extreme_do_so_under_rounding_too(dtype):
    text = "inputs: {x: {shape: [4, 3], outside: 0}, w: [2], z: []}\nindices: {k: 5, q: 5, s: 2}\n"
    text += "equations: ['y[k] = max[q,s](x[3-k,q//2]/(1 + z^2)*w[s])']\n"
    result = made(text).check(dtype=dtype, trials=1)
    assert result.ok, render_text(result)


def test_second_derivatives_by_a_symmetric_input_are_those_of_any_other():
    text = "dims: {N: 3}\ninputs: {x: [N], a: {shape: [N, N], symmetric: true}}\nequations: ['f = x[i]*a[i,j]*x[j]']\n"
    result = loads(text, "symmetric.yaml").check()
    assert {r.status for r in result.results if r.kind == "hessian_symmetry"} == {"pass"}
    assert result.ok, render_text(result)


def test_other_sizes_are_long_enough_for_recurrences():
    """A recurrence of two steps back and two base cases has no derivatives at two positions, which fit the spec."""
    function = made("""
dims: {T: 9}
inputs: {x: [T], a: [], b: []}
equations: ["y[0] = a*x[0]", "y[1] = b*x[1]", "y[t] = tanh(y[t-1]*a + y[t-2]*b + x[t])", "f = y[t]*y[t]"]
""")
    result = check(function.program, derivation=function.derivation, trials=1)
    assert {r.status for r in result.results} <= {"pass", "skip"}, render_text(result)


def test_jacobians_by_the_weights_of_many_layers_share_what_leads_to_them():
    layers = 8
    weights = [f"w{n}" for n in range(1, layers + 1)]
    equations = [f"x{n}[i] = x{n - 1}[i] + relu(w{n}[i,j]*x{n - 1}[j])" for n in range(1, layers + 1)]
    inputs = ", ".join(["x0: [3]", *(f"{weight}: [3, 3]" for weight in weights)])
    function = loads(f"inputs: {{{inputs}}}\nequations: {json.dumps(equations)}\n")
    paths = Paths(function.derivation)
    (of,) = function.program.outputs
    ways = {wrt.name: paths.stepwise(of, wrt) for wrt in function.program.wrt if wrt.name != "x0"}
    distinct = {id(statement) for way in ways.values() for statement in way}
    assert len(distinct) <= 3 * layers < sum(map(len, ways.values()))
    rng = np.random.default_rng(7)
    values = {item.tensor: rng.uniform(-1, 1, [n.value for n in item.tensor.shape]) for item in function.program.inputs}
    found = compile_module(emit(function.derivation)).jacobian(*values.values())
    known = evaluate_statements(function.program.statements, values)
    for wrt in function.program.wrt:
        steps = evaluate_statements(paths.stepwise(of, wrt), known)
        np.testing.assert_allclose(steps[jacobian_of(of, wrt)], found[of.name, wrt.name], rtol=1e-12, atol=1e-15)
