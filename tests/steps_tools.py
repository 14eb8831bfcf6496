"""Lines of derivations evaluated: what stands as an operator in a line is worked out by difference quotients."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from tcgrad.check.samples import sampler
from tcgrad.evaluate import evaluate, evaluate_statements
from tcgrad.ir.derivative import is_derivative
from tcgrad.ir.nodes import Component
from tcgrad.ir.program import defined_tensors
from tcgrad.ir.tensors import Role, Tensor, gradient_of
from tcgrad.ir.traversal import children, free_indices, rebuild, walk

STEP = 2.0**-12
MOST = 16  # elements of a tensor that are moved one by one


@dataclass
class Values:
    """The values of a program at a sample, near it, and of the derivatives that lines name.

    env: inputs, intermediates, outputs, upstream gradients, and what chains have defined so far.
    """

    program: object
    env: dict = field(default_factory=dict)
    functions: dict = field(default_factory=dict)
    near: dict = field(default_factory=dict)

    @staticmethod
    def of(program, seed=0):
        sample = sampler(program).draw(np.dtype(float), (seed,))
        assert not isinstance(sample, str), sample
        env = {item.tensor: sample.value(item.tensor.name) for item in program.inputs}
        env = {t: np.asarray(a, float if t.is_real else None) for t, a in env.items()}
        values = Values(program, evaluate_statements(program.statements, env, functions=sample.functions))
        values.functions = sample.functions
        for output in program.outputs:
            values.env[gradient_of(output)] = np.asarray(sample.upstream[output.name], float)
        return values

    def value(self, expr, free):
        return evaluate(expr, free, self.env, functions=self.functions)

    def moved(self, wrt, fixed):
        """The environments with each element of ``wrt`` moved up and down, all but ``fixed`` following."""
        key = wrt, tuple(fixed)
        if key not in self.near:
            held = {wrt, *fixed}
            following = [s for s in self.program.statements if not held & set(defined_tensors(s))]
            pairs = []
            for place in np.ndindex(self.env[wrt].shape):
                pair = []
                for sign in (1, -1):
                    array = self.env[wrt].copy()
                    array[place] += sign * STEP
                    pair.append(evaluate_statements(following, {**self.env, wrt: array}, functions=self.functions))
                pairs.append(pair)
            self.near[key] = pairs
        return self.near[key]

    def quotients(self, expr, free, wrt, fixed):
        """The derivative of an expression by every element of ``wrt``: an array over ``free``, then its axes."""
        columns = [
            (evaluate(expr, free, up, functions=self.functions) - evaluate(expr, free, down, functions=self.functions))
            / (2 * STEP)
            for up, down in self.moved(wrt, fixed)
        ]
        shape = [index.size.value for index in free]
        return np.stack(columns, -1).reshape([*shape, *self.env[wrt].shape])

    def line(self, expr, free, fixed=()):
        """The value of a line; None if it differentiates by a tensor that is too large for difference quotients."""
        named = {}
        for part in walk(expr):
            if is_derivative(part) or (isinstance(part, Component) and part.tensor.role is Role.JACOBIAN):
                wrt = part.arguments[1].tensor if is_derivative(part) else part.tensor.about[1]
                if self.env[wrt].size > MOST:
                    return None
        expr = self._named(expr, fixed, named)
        return evaluate(expr, free, {**self.env, **named}, functions=self.functions)

    def _named(self, expr, fixed, named):
        """The expression with each derivative read from an array of its own."""
        if is_derivative(expr):
            body, by = expr.arguments
            free = free_indices(body)
            shape = (*(index.size for index in free), *by.tensor.shape)
            tensor = Tensor(f"@{len(named)}", shape, Role.DEFINED)
            named[tensor] = self.quotients(body, free, by.tensor, fixed)
            return Component(tensor, (*(index.expr for index in free), *by.indices))
        if isinstance(expr, Component) and expr.tensor.role is Role.JACOBIAN:
            named[expr.tensor] = self._jacobian(expr.tensor)
            return Component(replace(expr.tensor, zero_outside=expr.tensor.about[0].zero_outside), expr.indices)
        return rebuild(expr, tuple(self._named(part, fixed, named) for part in children(expr)))

    def _jacobian(self, tensor):
        of, wrt, *fixed = tensor.about
        if of == wrt:
            size = self.env[wrt].size
            return np.eye(size).reshape(self.env[wrt].shape * 2)
        if tensor not in self.near:
            columns = [(up[of] - down[of]) / (2 * STEP) for up, down in self.moved(wrt, fixed)]
            self.near[tensor] = np.stack(columns, -1).reshape([*self.env[of].shape, *self.env[wrt].shape])
        return self.near[tensor]


def check_chain(chain, values):
    """Every line is worth the same; the number of lines that were compared."""
    fixed = chain.left.tensor.about[2:] if chain.left.tensor.role is Role.JACOBIAN else ()
    expected = values.line(chain.steps[-1].expr, chain.free)
    compared = 0
    for step in chain.steps[:-1]:
        actual = values.line(step.expr, chain.free, fixed)
        if actual is not None:
            scale = max(1.0, float(np.max(np.abs(expected), initial=0)))
            np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-5 * scale, err_msg=repr(chain.left))
            compared += 1
    if chain.left.tensor.role is Role.GRADIENT:
        values.env.setdefault(chain.left.tensor, expected)
    return compared
