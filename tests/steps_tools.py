"""Lines of derivations evaluated: what stands as an operator in a line is worked out by difference quotients."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from tcgrad.calculus.recurrences.lags import Steps
from tcgrad.calculus.rules.intrinsics import inverses_of, inverses_of_factors
from tcgrad.check.sampling.sampler import sampler
from tcgrad.evaluate import evaluate, evaluate_statements
from tcgrad.ir.derivative import is_derivative
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Component
from tcgrad.ir.program import Recurrence, defined_tensors
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Role, Tensor, gradient_of
from tcgrad.ir.traversal import children, free_indices, rebuild, walk

STEP = 2.0**-12
MOST = 16  # elements of a tensor that are moved one by one


@dataclass
class Values:
    """The values of a program at a sample, near it, and of the derivatives that lines name.

    env: inputs, intermediates, outputs, upstream gradients, and what chains have defined so far.
    statements: those of the program, then the inverses that formulas may read.
    stepping: the derivative of a tensor by itself is that of a recurrence, one step on: so in the chain rule, while in
        the derivative of an equation all components of a tensor are variables of their own.
    """

    program: object
    statements: tuple = ()
    env: dict = field(default_factory=dict)
    functions: dict = field(default_factory=dict)
    near: dict = field(default_factory=dict)
    stepping: bool = False
    first: dict = field(default_factory=dict)  # of the adjoint of each tensor of a recurrence: where its step begins

    @staticmethod
    def of(program, seed=0):
        sample = sampler(program).draw(np.dtype(float), (seed,))
        assert not isinstance(sample, str), sample
        env = {item.tensor: sample.value(item.tensor.name) for item in program.inputs}
        env = {t: np.asarray(a, float if t.is_real else None) for t, a in env.items()}
        statements = (*program.statements, *inverses_of(program), *inverses_of_factors(program))
        values = Values(program, statements, evaluate_statements(statements, env, functions=sample.functions))
        values.functions = sample.functions
        for output in program.outputs:
            values.env[gradient_of(output)] = np.asarray(sample.upstream[output.name], float)
        return values

    def run(self, statements):
        """Take in what statements define."""
        self.env = evaluate_statements(statements, self.env, functions=self.functions)
        for statement in statements:
            if isinstance(statement, Recurrence):
                for tensor, bases in zip(statement.tensors, statement.bases, strict=True):
                    fixed = [case.at.as_number for case in bases]
                    self.first[tensor] = max((at + 1 for at in fixed if at is not None), default=0)

    def moved(self, wrt, fixed):
        """The environments with each element of ``wrt`` moved up and down, all but ``fixed`` following."""
        key = wrt, tuple(fixed)
        if key not in self.near:
            held = {wrt, *fixed}
            following = [s for s in self.statements if not held & set(defined_tensors(s))]
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
        """The value of a line and how exact it is; None if it differentiates by a tensor of too many elements."""
        named = {}
        for part in walk(expr):
            if is_derivative(part) or (isinstance(part, Component) and part.tensor.role is Role.JACOBIAN):
                wrt = part.arguments[1].tensor if is_derivative(part) else part.tensor.about[1]
                if self.env[wrt].size > MOST:
                    return None
        expr = self._named(expr, fixed, named)
        value = evaluate(expr, free, {**self.env, **named}, functions=self.functions)
        return value, (2e-6 if named else 1e-10)

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
        """By difference quotients."""
        of, wrt, *fixed = tensor.about
        shape = [*self.env[of].shape, *self.env[wrt].shape]
        if of == wrt and not self.stepping:
            return np.eye(self.env[wrt].size).reshape(shape)
        if tensor not in self.near:
            pairs = ((self._worked_out(of, up), self._worked_out(of, down)) for up, down in self.moved(wrt, fixed))
            self.near[tensor] = np.stack([(up - down) / (2 * STEP) for up, down in pairs], -1).reshape(shape)
        return self.near[tensor]

    def _recurrence(self, tensor):
        found = (s for s in self.program.statements if isinstance(s, Recurrence) and tensor in s.tensors)
        return next(found, None)

    def _worked_out(self, tensor, env):
        """A tensor by its equation; of a recurrence each position from the earlier ones as they are in ``env``."""
        statement = self._recurrence(tensor)
        if statement is None:
            return env[tensor]
        steps = Steps(statement)
        cases = [steps.written_out(tensor, position) for position in range(steps.length(tensor).value)]
        rows = [evaluate(case.body, case.free, env, functions=self.functions) for case in cases]
        return np.stack(rows, steps.axis[tensor])


def inside(chain, first):
    """What takes the place of each free index, so that all reads of the lines are inside.

    first: the first position of the step of a recurrence, by the tensor.
    """
    start = first.get(chain.left.tensor, 0)
    recurring = chain.left.indices[:1] if start else ()
    lowest = {index: start if index.expr in recurring else 0 for index in chain.free}
    highest = {index: index.size.value for index in chain.free}
    for read in (part for step in chain.steps for part in walk(step.expr) if isinstance(part, Component)):
        for position, size in zip(read.indices, read.tensor.shape, strict=True):
            for index in position.indices if len(position.indices) == 1 and not read.tensor.zero_outside else ():
                offset = (position - index.expr).as_number
                if offset is not None and index in lowest:
                    lowest[index] = max(lowest[index], -offset)
                    highest[index] = min(highest[index], size.value - offset)
    return {
        index: Index(index.name, Integer.of(highest[index] - low)).expr + low
        for index, low in lowest.items()
        if (low, highest[index]) != (0, index.size.value)
    }


def check_chain(chain, values):
    """Every line is worth the same; the number of lines that were compared."""
    fixed = chain.left.tensor.about[2:] if chain.left.tensor.role is Role.JACOBIAN else ()
    values.stepping = chain.left.tensor.role is Role.GRADIENT
    moved = inside(chain, values.first)
    free = tuple(moved[index].indices[0] if index in moved else index for index in chain.free)
    lines = [substitute(step.expr, moved) for step in chain.steps]
    expected, _ = values.line(lines[-1], free, fixed)
    compared = 0
    for line in lines[:-1]:
        worked_out = values.line(line, free, fixed)
        if worked_out is not None:
            actual, tolerance = worked_out
            scale = max(1.0, float(np.max(np.abs(expected), initial=0)))
            np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale, err_msg=repr(chain.left))
            compared += 1
    if chain.left.tensor.role is Role.GRADIENT and not moved:
        values.env.setdefault(chain.left.tensor, expected)
    return compared
