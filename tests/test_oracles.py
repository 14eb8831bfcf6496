"""The oracles of a symbolic tool, on generated programs.

What is printed parses back to the same; simplification preserves the value, is idempotent and does not depend on the
order of terms; emitted code equals plain evaluation; every derivative equals a difference quotient.
"""

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from programs import specs

from tcgrad.calculus import derive
from tcgrad.calculus.passes.jacobians import stepwise_jacobian
from tcgrad.emit import emit
from tcgrad.emit.compiled import compile_module
from tcgrad.evaluate import evaluate, evaluate_program, evaluate_statements
from tcgrad.ir.nodes import Add, IndexSum, Mul
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import gradient_of, jacobian_of
from tcgrad.ir.traversal import children, rebuild
from tcgrad.ir.verify import verify_define, verify_program
from tcgrad.language.elaborate import elaborate
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key
from tcgrad.spec.loader import read_spec

quick = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
long = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))


def program_of(text):
    return elaborate(read_spec(text, "generated"))


def draw(program, seed=0):
    """Inputs of the spec's sizes: real ones of size one, whole ones from the range that the spec gives."""
    rng = np.random.default_rng(seed)
    return {item.tensor.name: _draw_one(rng, item) for item in program.inputs}


def _draw_one(rng, item):
    shape = [size.value for size in item.tensor.shape]
    if item.tensor.is_real:
        return rng.uniform(-1, 1, shape)
    return rng.integers(int(item.sample.low or 0), int(item.sample.high or 2), shape)


def upstream(program, seed=1):
    rng = np.random.default_rng(seed)
    return {out: rng.uniform(-1, 1, [size.value for size in out.shape]) for out in program.outputs}


def close(actual, expected, tolerance=1e-9):
    scale = max(1.0, float(np.max(np.abs(expected), initial=0)))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)
    assert np.shape(actual) == np.shape(expected)


def difference_quotients(program, inputs, wrt, *ofs):
    """The Jacobians of some tensors by central differences of fourth order, as arrays of shape of.shape + wrt.shape."""
    at, h = inputs[wrt.name], 2.0**-10
    columns = {of: np.zeros((*(s.value for s in of.shape), at.size)) for of in ofs}

    def moved(k, step):
        shifted = at.copy()
        shifted.reshape(-1)[k] += step
        return evaluate_program(program, {**inputs, wrt.name: shifted})

    for k in range(at.size):
        near, nearer, far, farther = (moved(k, step) for step in (h, -h, 2 * h, -2 * h))
        for of, found in columns.items():
            found[..., k] = (8 * (near[of] - nearer[of]) - (far[of] - farther[of])) / (12 * h)
    return [found.reshape((*found.shape[:-1], *at.shape)) for found in columns.values()]


def check_simplification(text):
    program = program_of(text)
    verify_program(program)
    check_simplified(program, evaluate_program(program, draw(program)))


def check_simplified(program, env):
    """The definitions of a program, simplified, at what its tensors are."""
    for statement in (each for each in program.statements if isinstance(each, Define)):
        simple = simplify(statement.body)
        verify_define(Define(statement.tensor, statement.free, simple))
        close(evaluate(simple, statement.free, env), env[statement.tensor])
        assert key(resimplified(simple)) == key(simple)
        for seed in range(3):
            assert key(simplify(shuffled(statement.body, random.Random(seed)))) == key(simple)


def resimplified(expr):
    """Simplified again from the leaves, without what is kept on the nodes."""
    return simplify(shuffled(expr, None))


def shuffled(expr, rng):
    """A copy with the terms, factors and summed indices in another order (None: in the same)."""
    parts = [shuffled(part, rng) for part in children(expr)]
    if rng and isinstance(expr, Add | Mul):
        rng.shuffle(parts)
    if isinstance(expr, IndexSum) and rng:
        indices = list(expr.indices)
        rng.shuffle(indices)
        return IndexSum(tuple(indices), *parts)
    return rebuild(expr, tuple(parts)) if parts else expr


def check_derivatives(text):
    program = program_of(text)
    derivation = derive(program)
    inputs = draw(program)
    env = evaluate_program(program, inputs)
    given_gradients = {gradient_of(out): value for out, value in upstream(program).items()}
    backward = evaluate_statements(derivation.backward, {**env, **given_gradients})
    for wrt in program.wrt:
        total = np.zeros(inputs[wrt.name].shape)
        quotients = difference_quotients(program, inputs, wrt, *program.outputs)
        for of, expected in zip(program.outputs, quotients, strict=True):
            closed = next(j for j in derivation.jacobians if j.of == of and j.wrt == wrt)
            if closed.define is not None:
                verify_define(closed.define)
                close(evaluate(closed.define.body, closed.define.free, env), expected, 1e-7)
            steps = stepwise_jacobian(program, of, wrt)
            close(evaluate_statements(steps, env)[jacobian_of(of, wrt)], expected, 1e-7)
            total = total + np.tensordot(given_gradients[gradient_of(of)], expected, of.order)
        close(backward[gradient_of(wrt)], total, 1e-7)


def check_emitted(text):
    program = program_of(text)
    derivation = derive(program)
    module = compile_module(emit(derivation))
    inputs = draw(program)
    env = evaluate_program(program, inputs)
    kept = {name: value.copy() for name, value in inputs.items()}
    dys = upstream(program)
    outputs, saved = module.forward_saved(*inputs.values())
    plain = module.forward(*inputs.values())
    single = len(program.outputs) == 1
    for out, value, again in zip(
        program.outputs, [outputs] if single else outputs, [plain] if single else plain, strict=True
    ):
        close(value, env[out])
        close(again, env[out])
    gradients = module.backward(saved, *dys.values())
    env_back = evaluate_statements(derivation.backward, {**env, **{gradient_of(o): v for o, v in dys.items()}})
    for wrt, value in zip(program.wrt, gradients, strict=True):
        close(value, env_back[gradient_of(wrt)])
    jacobian = module.jacobian(*inputs.values())
    tangents = {wrt: np.random.default_rng(5).uniform(-1, 1, inputs[wrt.name].shape) for wrt in program.wrt}
    pushed = module.jvp(*inputs.values(), *tangents.values())
    for out, tangent in zip(program.outputs, [pushed] if single else pushed, strict=True):
        expected = np.zeros(env[out].shape)
        for wrt in program.wrt:
            steps = stepwise_jacobian(program, out, wrt)
            block = evaluate_statements(steps, env)[jacobian_of(out, wrt)]
            close(jacobian[out.name, wrt.name], block)
            expected = expected + np.tensordot(block, tangents[wrt], wrt.order)
        close(tangent, expected)
    for name, value in inputs.items():
        assert np.array_equal(value, kept[name])


CHECKS = [check_simplification, check_derivatives, check_emitted]


@pytest.mark.parametrize("check", CHECKS)
def test_generated_programs(check):
    @quick
    @given(specs())
    def run(text):
        check(text)

    run()


@pytest.mark.long
@pytest.mark.parametrize("check", CHECKS)
def test_many_generated_programs(check):
    @long
    @given(specs())
    def run(text):
        check(text)

    run()
