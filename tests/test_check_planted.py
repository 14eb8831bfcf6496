"""Mistakes planted in gradients must all be caught, in formulas and in modules, at every scale of the outputs."""

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from tcgrad.api import loads
from tcgrad.calculus import gradient_of
from tcgrad.check import check
from tcgrad.check.user.against import UserCode, UserFunction
from tcgrad.emit import emit
from tcgrad.emit.compiled import compile_module
from tcgrad.ir.nodes import Add, Mul, const
from tcgrad.ir.program import Define

SPECS = {
    "matmul": "dims: {I: 4, K: 4, J: 4}\ninputs: {x: [I, K], a: [K, J]}\nequations: ['y[i,j] = c*x[i,k]*a[k,j]']",
    "layer": "dims: {I: 3, K: 4}\ninputs: {x: [I, K], a: [K, K]}\nequations: ['y[i,j] = c*tanh(x[i,k]*a[k,j])']",
    "norm": "dims: {I: 3, K: 4}\ninputs: {x: [I, K]}\nequations:\n - m[i] = mean[k](x[i,k])\n"
    " - y[i,k] = c*(x[i,k] - m[i])/sqrt(mean[j]((x[i,j] - m[i])^2) + 1)",
}


def function(name, scale=1):
    return loads(f"constants: {{c: {scale}}}\n{SPECS[name]}\n", "planted.yaml")


def _one_element(gradient):
    changed = gradient.copy()
    changed.reshape(-1)[gradient.size // 2] *= 1 + 2.0**-9
    return changed


def _swapped(gradient):
    changed = gradient.copy()
    flat = changed.reshape(-1)
    flat[[0, -1]] = flat[[-1, 0]]
    return changed


MISTAKES = {
    "scaled by 1 + 1e-9": lambda g: g * (1 + 1e-9),
    "0.09 % off": lambda g: g * 1.0009,
    "scaled by 1e-6": lambda g: g * 1e-6,
    "sign": lambda g: -g,
    "factor 2": lambda g: g * 2,
    "zero": lambda g: g * 0,
    "one element": _one_element,
    "swapped elements": _swapped,
    "a column for all": lambda g: np.repeat(g[..., :1], g.shape[-1], axis=-1),
    "mean for sum": lambda g: g / g.shape[0],
    "NaN": lambda g: g * np.nan,
    "one NaN": lambda g: np.where(np.arange(g.size).reshape(g.shape) == 0, np.nan, g),
    "infinite": lambda g: g / 0.0,
    "transposed": lambda g: g.T.reshape(g.shape) if g.shape[0] != g.shape[1] else g.T,
    "wrong shape": lambda g: g.reshape(-1),
}


def planted(module, mistake):
    """The module with a mistake in the first gradient."""

    def backward(saved, *upstream):
        first, *others = module.backward(saved, *upstream)
        with np.errstate(all="ignore"):
            return (np.asarray(mistake(first)).astype(first.dtype), *others)

    return SimpleNamespace(**{**vars(module), "backward": backward})


def failing(result):
    """What fails, but for the dot product, in which a mistake of a gradient is seen again if it is not too small."""
    return {(r.kind, r.subject, r.wrt) for r in result.results if r.status == "fail" and r.kind != "dot_product"}


@pytest.mark.parametrize("scale", ["1.0e-6", "1", "1.0e+6"])
@pytest.mark.parametrize("name", SPECS)
def test_planted_mistakes_are_caught_in_modules(name, scale):
    made = function(name, scale)
    module = compile_module(emit(made.derivation))
    assert check(made.program, derivation=made.derivation, module=module).ok
    for title, mistake in MISTAKES.items():
        broken = planted(module, mistake)
        result = check(made.program, derivation=made.derivation, module=broken, trials=1)
        assert failing(result) == {("gradient", "module", "x")}, title
        assert not result.ok


@pytest.mark.parametrize(
    ("dtype", "mistakes"),
    [
        ("float32", ["0.09 % off", "scaled by 1e-6", "sign", "zero", "one element", "NaN", "transposed"]),
        ("float16", ["scaled by 1e-6", "sign", "factor 2", "zero", "NaN", "transposed", "swapped elements"]),
        ("longdouble", ["scaled by 1 + 1e-9", "sign", "zero", "one element", "NaN"]),
    ],
)
@pytest.mark.parametrize("scale", ["1.0e-6", "1"])
def test_planted_mistakes_are_caught_in_every_precision(dtype, mistakes, scale):
    made = function("matmul", scale if dtype != "float16" else "0.125")
    module = compile_module(emit(made.derivation))
    assert check(made.program, derivation=made.derivation, module=module, dtype=dtype).ok
    for title in mistakes:
        broken = planted(module, MISTAKES[title])
        result = check(made.program, derivation=made.derivation, module=broken, dtype=dtype, trials=1)
        assert failing(result) == {("gradient", "module", "x")}, title


def _with_body(define, change):
    return replace(define, body=change(define.body))


FORMULA_MISTAKES = {
    "sign": lambda body: Mul((const(-1), body)),
    "zero": lambda body: Mul((const(0), body)),
    "slightly off": lambda body: Mul((const(1 + Fraction(1, 10**9)), body)),
    "a constant more": lambda body: Add((body, const(Fraction(1, 1000)))),
}


@pytest.mark.parametrize("mistake", FORMULA_MISTAKES)
@pytest.mark.parametrize("name", SPECS)
def test_planted_mistakes_are_caught_in_formulas(name, mistake):
    made = function(name)
    change = FORMULA_MISTAKES[mistake]
    jacobians = tuple(replace(j, define=_with_body(j.define, change)) for j in made.derivation.jacobians)
    gradients = tuple(
        replace(g, statements=(*g.statements[:-1], _with_body(g.statements[-1], change)))
        for g in made.derivation.gradients
    )
    wrong = replace(made.derivation, jacobians=jacobians, gradients=gradients)
    result = check(made.program, derivation=wrong, module=compile_module(emit(made.derivation)), trials=1)
    wrt = [tensor.name for tensor in made.program.wrt]
    assert failing(result) >= {(kind, "formula", x) for kind in ("jacobian", "gradient") for x in wrt}


@pytest.mark.parametrize("n", [2, 17, 192])
def test_an_untransposed_square_matmul_is_caught(n):
    text = f"dims: {{N: {n}}}\ninputs: {{x: [N, N], a: [N, N]}}\nequations: ['y[i,j] = x[i,k]*a[k,j]']\n"
    made = loads(text, "square.yaml")
    module = compile_module(emit(made.derivation))

    def backward(saved, dy):
        _, da = module.backward(saved, dy)
        (a,) = [array for array in saved if np.array_equal(dy @ array.T, module.backward(saved, dy)[0])]
        return dy @ a, da

    broken = SimpleNamespace(**{**vars(module), "backward": backward})
    result = check(made.program, derivation=made.derivation, module=broken)
    assert ("gradient", "module", "x") in failing(result)


def test_a_mistake_in_a_single_element_of_many_is_caught_by_directions():
    made = loads("dims: {N: 3000}\ninputs: {x: [N], w: [N]}\nequations: ['y = w[i]*sin(x[i])']\n", "many.yaml")
    module = compile_module(emit(made.derivation))
    broken = planted(module, lambda g: g if g.size < 100 else _one_element(g))
    result = check(made.program, derivation=made.derivation, module=broken, trials=1)
    assert failing(result) == {("gradient", "module", "x")}
    (found,) = [r for r in result.results if (r.status, r.kind) == ("fail", "gradient")]
    assert "random direction" in found.worst.text


@pytest.mark.parametrize("method", ["auto", "directional"])
def test_any_two_elements_that_are_exchanged_are_caught_along_directions(method):
    """Directions of entries 1 and -1 alone see nothing of it wherever the two have the same sign in them."""
    made = loads("dims: {N: 3000}\ninputs: {x: [N], w: [N]}\nequations: ['y = w[i]*sin(x[i])']\n", "many.yaml")

    def exchanging(first, second):
        def backward(x, w, dy):
            wrong = dy * w * np.cos(x)
            wrong[[first, second]] = wrong[[second, first]]
            return wrong, dy * np.sin(x)

        return UserCode(UserFunction("backward", backward))

    for first in range(0, 3000, 100):
        against = exchanging(first, (first + 1371) % 3000)
        result = check(
            made.program, derivation=made.derivation, against=against, only="against", method=method,
            sizes="own", trials=1, max_elements=2000,
        )  # fmt: skip
        assert failing(result) == {("against", "user", "x")}, first


def test_a_module_that_misbehaves_is_a_failure_and_no_traceback():
    made = function("matmul")
    module = compile_module(emit(made.derivation))

    def raising(*_):
        raise ZeroDivisionError("no")

    def writing(x, a, *_):
        x *= 2
        return module.forward(x, a)

    broken = SimpleNamespace(**{**vars(module), "forward": writing, "jvp": raising, "jacobian": lambda *_: {}})
    result = check(made.program, derivation=made.derivation, module=broken, trials=1)
    messages = {r.kind: r.message for r in result.results if r.status == "fail"}
    assert messages == {
        "forward": "forward wrote to its inputs",
        "inputs": "forward wrote to its inputs",
        "jvp": "jvp raised ZeroDivisionError: no",
        "dot_product": "jvp raised ZeroDivisionError: no",
        "jacobian": "jacobian returns nothing for y by a",
    }


def test_a_module_that_changes_the_precision_fails():
    made = function("matmul")
    module = compile_module(emit(made.derivation))
    widened = SimpleNamespace(**{**vars(module), "forward": lambda x, a: module.forward(x, a).astype(float)})
    result = check(made.program, derivation=made.derivation, module=widened, dtype="float32", trials=1)
    (failure,) = [r for r in result.results if r.status == "fail"]
    assert failure.message == "returns float64 for inputs of float32"


def test_the_gradient_of_each_output_and_of_all_together_is_compared():
    text = "dims: {N: 3}\ninputs: {x: [N]}\nequations: ['y[i] = x[i]^2', 'z = x[i]*y[i]']\noutputs: [y, z]\n"
    made = loads(text, "two.yaml")
    module = compile_module(emit(made.derivation))
    result = check(made.program, derivation=made.derivation, module=module)
    assert {r.of for r in result.results if r.kind == "gradient"} == {"y", "z", "y, z"}

    def forgetful(saved, dy, dz):
        return module.backward(saved, dy * 0 if np.any(dz) else dy, dz)

    broken = SimpleNamespace(**{**vars(module), "backward": forgetful})
    result = check(made.program, derivation=made.derivation, module=broken)
    assert {r.of for r in result.results if r.status == "fail"} == {"y, z"}


def test_gradient_names_are_those_of_the_derivation():
    made = function("matmul")
    last = made.derivation.gradients[0].statements[-1]
    assert isinstance(last, Define)
    assert last.tensor == gradient_of(made.program.wrt[0])


@pytest.mark.parametrize("name", SPECS)
def test_where_longdouble_is_no_wider_double_is_its_own_reference(name, monkeypatch):
    monkeypatch.setattr("tcgrad.check.effort.is_longdouble_wider", lambda: False)
    made = function(name)
    module = compile_module(emit(made.derivation))
    right = check(made.program, derivation=made.derivation, module=module)
    assert right.ok
    assert not any("longdouble" in r.method for r in right.results)
    for title in ("scaled by 1 + 1e-9", "one element", "zero"):
        broken = planted(module, MISTAKES[title])
        result = check(made.program, derivation=made.derivation, module=broken, trials=1)
        assert failing(result) == {("gradient", "module", "x")}, title
