"""A spec as a JAX function: an evaluation of the whole language that shares nothing with the program but the parser.

Every value is an array whose axes have the names of indices; a component is read with integer arrays, so that compound
positions, gather and zero padding are one case. Needs JAX, in double precision.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any

os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # programs run once: compiling is what costs

import jax
import jax.numpy as jnp
import numpy as np
import yaml
from jax.scipy import special
from jax_language import MATRIX_FUNCTIONS, Ranges, Reader, Shape, integer, solve_ranges, walk

from tcgrad.errors import Located, Report
from tcgrad.language.parsing.parser import parse_equation, parse_expression
from tcgrad.language.syntax import (
    Call,
    Comparison,
    Equation,
    Expression,
    Group,
    Iverson,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Reduction,
    Subscript,
    Sum,
)
from tcgrad.spec.keys.splitting import split_block

jax.config.update("jax_enable_x64", True)

Array = Any


@dataclass(frozen=True)
class Named:
    """An array with the names of its axes."""

    array: Array
    axes: tuple[str, ...] = ()

    def over(self, axes: Sequence[str]) -> Array:
        """The array with its axes among ``axes``, of length 1 where it lacks one."""
        order = sorted(range(len(self.axes)), key=lambda k: axes.index(self.axes[k]))
        module = np if isinstance(self.array, np.ndarray | np.generic | int | float) else jnp
        moved = module.transpose(self.array, order)
        sizes = dict(zip((self.axes[k] for k in order), np.shape(moved), strict=True))
        return module.reshape(moved, tuple(sizes.get(axis, 1) for axis in axes))


def combine(function: Callable[..., Array], *values: Named) -> Named:
    """A function of arrays applied element by element, over all axes of its arguments."""
    axes = tuple(dict.fromkeys(axis for value in values for axis in value.axes))
    return Named(function(*(value.over(axes) for value in values)), axes)


def _gelu_tanh(a: Array) -> Array:
    return 0.5 * a * (1 + jnp.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))


FUNCTIONS: dict[str, Callable[..., Array]] = {
    **{name: getattr(jnp, name) for name in (
        "exp", "log", "log1p", "expm1", "sqrt", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sign",
        "floor", "ceil",
    )},
    "asin": jnp.arcsin, "acos": jnp.arccos, "atan": jnp.arctan, "asinh": jnp.arcsinh, "acosh": jnp.arccosh,
    "atanh": jnp.arctanh, "sigmoid": jax.nn.sigmoid, "softplus": jax.nn.softplus, "relu": jax.nn.relu,
    "gelu": lambda a: jax.nn.gelu(a, approximate=False), "gelu_tanh": _gelu_tanh, "silu": jax.nn.silu,
    "elu": jax.nn.elu, "erf": special.erf, "erfc": special.erfc, "lgamma": special.gammaln,
    "digamma": special.digamma, "atan2": jnp.arctan2,
    "abs": lambda a: a * jnp.sign(a),  # its derivative at 0 is 0
    "max": lambda a, b: jnp.where(a >= b, a, b), "min": lambda a, b: jnp.where(a <= b, a, b),
    "leaky_relu": lambda a, slope: jnp.where(a > 0, a, slope * a),
    "clip": lambda a, lo, hi: jnp.where(jnp.where(a >= lo, a, lo) <= hi, jnp.where(a >= lo, a, lo), hi),
}  # fmt: skip

REDUCTIONS: dict[str, Callable[..., Array]] = {
    "sum": jnp.sum, "mean": jnp.mean, "prod": jnp.prod, "max": jnp.max, "min": jnp.min,
    "logsumexp": jax.nn.logsumexp,
}  # fmt: skip

COMPARISONS: dict[str, Callable[[Array, Array], Array]] = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """What names mean: the ranges of indices (of length None where a recurrence stands at one position)."""

    ranges: Mapping[str, range]
    fixed: Mapping[str, int]
    parameters: Mapping[str, Named]


class JaxSpec:
    """The functions of a spec's text; ``sizes`` replaces the values of dims."""

    def __init__(self, text: str, sizes: Mapping[str, int] | None = None) -> None:
        data = yaml.load(text, yaml.BaseLoader)  # noqa: S506 a loader of strings
        self.dims: dict[str, int] = {}
        for name, value in data.get("dims", {}).items():
            self.dims[name] = (sizes or {}).get(name, self._size(value))
        self.constants = {name: float(value) for name, value in data.get("constants", {}).items()}
        self.inputs = {name: _input(given) for name, given in data["inputs"].items()}
        self.shapes = {name: tuple(map(self._size, given["shape"])) for name, given in self.inputs.items()}
        self.declared = {name: self._size(value) for name, value in data.get("indices", {}).items()}
        self.functions = dict(_function(*item) for item in data.get("functions", {}).items())
        self.equations = [_equation(text) for text in _lines(data["equations"])]
        targets = [equation.target.name for equation in self.equations]
        self.names = {*self.inputs, *targets}
        outputs = data.get("outputs", targets[-1:])
        self.outputs = [outputs] if isinstance(outputs, str) else outputs
        real = [name for name, given in self.inputs.items() if given.get("dtype", "real") == "real"]
        self.wrt = data.get("wrt", real)

    def _size(self, text: str) -> int:
        node = parse_expression(Located.plain(str(text)), Report())
        assert node is not None
        return int(integer(node, self.dims))

    def __call__(self, arrays: Mapping[str, Array]) -> tuple[Array, ...]:
        """The outputs for the inputs by name."""
        run = Run(self, arrays)
        return tuple(run.tensor(name) for name in self.outputs)

    def jacobians(self, arrays: Mapping[str, Array]) -> tuple[list[Array], dict[tuple[str, str], Array]]:
        """The outputs, and the Jacobian of each by each input of ``wrt``."""
        real = {name: jnp.asarray(arrays[name]) for name in self.wrt}

        def twice(moved: dict[str, Array]) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
            return (self({**arrays, **moved}),) * 2

        blocks, values = jax.jit(jax.jacrev(twice, has_aux=True))(real)
        pairs = zip(self.outputs, blocks, strict=True)
        found = {(of, wrt): np.asarray(block[wrt]) for of, block in pairs for wrt in real}
        return [np.asarray(value) for value in values], found

    def hessians(self, arrays: Mapping[str, Array]) -> dict[tuple[str, str], Array]:
        """Of the one scalar output."""
        real = {name: jnp.asarray(arrays[name]) for name in self.wrt}
        blocks = jax.jit(jax.hessian(lambda moved: self({**arrays, **moved})[0]))(real)
        return {(a, b): np.asarray(blocks[a][b]) for a in real for b in real}


def _input(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {"shape": given}


def _lines(equations: Any) -> list[str]:
    if isinstance(equations, str):
        return [piece.text for piece in split_block(Located.plain(equations))]
    return equations


def _equation(text: str) -> Any:
    report = Report()
    equation = parse_equation(Located.plain(text), report)
    assert not report.diagnostics, (text, report.diagnostics)
    return equation


def _function(signature: str, body: str) -> tuple[str, tuple[list[str], Any]]:
    name, _, parameters = signature.rstrip(") ").partition("(")
    report = Report()
    parsed = parse_expression(Located.plain(body), report)
    assert not report.diagnostics
    return name.strip(), ([p.strip() for p in parameters.split(",")], parsed)


@dataclass
class Recurrence:
    """The equations of one tensor that is defined position by position along an axis."""

    axis: int
    base: dict[int, Equation]
    step: Equation


class Run:
    """One evaluation: tensors are computed when they are first asked for."""

    def __init__(self, spec: JaxSpec, arrays: Mapping[str, Array]) -> None:
        self.spec = spec
        self.values: dict[str, Array] = dict(arrays)
        self.slices: dict[tuple[str, int], Array] = {}
        self.computing: set[str] = set()
        self.gathered = {
            name for name, given in spec.inputs.items() if given.get("dtype") == "int" and not spec.shapes[name]
        }
        self.padded = {name: spec.shapes[name] for name, given in spec.inputs.items() if "outside" in given}
        self.reader = Reader(self._is_index, {*spec.dims, *self.gathered})

    def _is_index(self, name: str) -> bool:
        spec = self.spec
        return name not in spec.names and name not in spec.constants and name not in spec.dims and name != "pi"

    @cached_property
    def recurrences(self) -> dict[str, Recurrence]:
        return {name: found for name in self.spec.names if (found := self._recurrence(name)) is not None}

    def _recurrence(self, name: str) -> Recurrence | None:
        mine = [e for e in self.spec.equations if e.target.name == name]
        if len(mine) < 2:
            return None
        steps = [e for e in mine if all(isinstance(p, Name) for p in e.target.positions)]
        (step,) = steps
        bases = [e for e in mine if e is not step]
        literal = [[not isinstance(p, Name) for p in e.target.positions].index(True) for e in bases]
        base = {integer(e.target.positions[k], self.spec.dims): e for e, k in zip(bases, literal, strict=True)}
        return Recurrence(literal[0], base, step)

    def shape(self, name: str) -> Shape | None:
        """The sizes of a tensor's axes as far as they are known; None for what decides nothing."""
        if name in self.spec.inputs:
            return None if "outside" in self.spec.inputs[name] else self.spec.shapes[name]
        if name not in self.spec.names or name in self.computing:
            return None
        self.computing.add(name)
        equation = self.explicit_of(name)
        ranges = self._ranges(equation)
        self.computing.discard(name)
        target = equation.target
        free = target.positions if isinstance(target, Subscript) else ()
        return tuple(len(ranges[p.name]) if p.name in ranges else None for p in free if isinstance(p, Name))

    def explicit_of(self, name: str) -> Equation:
        if name in self.recurrences:
            return self._explicit(self.recurrences[name].step)
        (equation,) = (e for e in self.spec.equations if e.target.name == name)
        return self._explicit(equation)

    def _explicit(self, equation: Any) -> Equation:
        free = [p.name for p in getattr(equation.target, "positions", ()) if isinstance(p, Name)]
        body = self.reader.explicit(equation.body, free)
        return replace(equation, read=lambda: body)

    def _ranges(self, equation: Equation) -> Ranges:
        """Ranges of an equation; the index of a recurrence begins behind its base cases, whatever is read before."""
        found = solve_ranges(
            self._with_others(equation),
            self.spec.dims,
            self.shape,
            self.spec.declared,
            gathered=self.gathered,
            padded=self.padded,
        )
        recurrence = self.recurrences.get(equation.target.name)  # type: ignore[union-attr]
        if recurrence is not None:
            position = recurrence.step.target.positions[recurrence.axis]  # type: ignore[union-attr]
            if equation.target == recurrence.step.target and position.name in found:
                found[position.name] = range(found[position.name].stop)
        return found

    def _with_others(self, equation: Any) -> Equation:
        """An equation of a recurrence that reads what its other equations read too: they fill the same positions.

        Their indices must have the same names.
        """
        recurrence = self.recurrences.get(equation.target.name)
        if recurrence is None:
            return equation
        others = [e for e in (recurrence.step, *recurrence.base.values()) if e.target != equation.target]
        bodies = [equation.body, *(self._explicit(other).body for other in others)]
        total = Sum(tuple((1, body) for body in bodies), equation.span)
        return replace(equation, read=lambda: total)

    def tensor(self, name: str) -> Array:
        if name not in self.values:
            if name in self.recurrences:
                recurrence = self.recurrences[name]
                (length,) = [n for k, n in enumerate(self.shape(name) or ()) if k == recurrence.axis]
                assert length is not None
                steps = [self.slice(name, t) for t in range(length)]
                self.values[name] = jnp.stack(steps, recurrence.axis)
            else:
                self.values[name] = self._value(self.explicit_of(name), {})
        return self.values[name]

    def slice(self, name: str, position: int) -> Array:
        """A recurrence's tensor at one position of its axis."""
        if (name, position) not in self.slices:
            recurrence = self.recurrences[name]
            base = recurrence.base.get(position)
            if base is not None:
                self.slices[name, position] = self._value(self._explicit(base), {})
            else:
                step = recurrence.step
                index = step.target.positions[recurrence.axis].name  # type: ignore[union-attr]
                self.slices[name, position] = self._value(self._explicit(step), {index: position})
        return self.slices[name, position]

    def _value(self, equation: Equation, fixed: Mapping[str, int]) -> Array:
        ranges = self._ranges(equation)
        value = self.evaluate(equation.body, Scope(ranges, fixed, {}))
        target = equation.target
        free = [p.name for p in getattr(target, "positions", ()) if isinstance(p, Name) and p.name not in fixed]
        return jnp.broadcast_to(value.over(free), tuple(len(ranges[index]) for index in free)).astype(float)

    def evaluate(self, node: Expression, scope: Scope) -> Named:
        match node:
            case Number(value):
                return Named(float(value))
            case Name(name):
                return self._name(name, scope)
            case Subscript():
                return self._component(node, scope)
            case Group(body):
                return self.evaluate(body, scope)
            case Sum(terms):
                values = [(sign, self.evaluate(term, scope)) for sign, term in terms]
                signed = [value if sign > 0 else combine(jnp.negative, value) for sign, value in values]
                return reduce(lambda a, b: combine(jnp.add, a, b), signed)
            case Negative(operand):
                return combine(jnp.negative, self.evaluate(operand, scope))
            case Product(factors):
                return self._product(factors, scope)
            case Power(base, exponent):
                return self._power(self.evaluate(base, scope), self.evaluate(exponent, scope))
            case Call():
                return self._call(node, scope)
            case Reduction(kind, indices, body):
                return self._reduce(kind, [index.name for index in indices], self.evaluate(body, scope), scope)
            case Iverson(condition):
                return combine(lambda c: jnp.where(c, 1.0, 0.0), self._condition(condition, scope))
            case _:
                raise TypeError(f"no value: {node}")

    def _name(self, name: str, scope: Scope) -> Named:
        if name in scope.parameters:
            return scope.parameters[name]
        if name == "pi":
            return Named(math.pi)
        if name in self.spec.names:
            return Named(jnp.asarray(self.tensor(name), float))
        if name in self.spec.constants:
            return Named(self.spec.constants[name])
        position = self._position(Name(name, None), scope)  # type: ignore[arg-type]
        return Named(np.asarray(position.array, float), position.axes)

    def _product(self, factors: Sequence[tuple[str, Expression]], scope: Scope) -> Named:
        result = self.evaluate(factors[0][1], scope)
        for operator, factor in factors[1:]:
            result = combine(_ARITHMETIC[operator], result, self.evaluate(factor, scope))
        return result

    @staticmethod
    def _power(base: Named, exponent: Named) -> Named:
        """A whole exponent is repeated multiplication, which is smooth for negative bases too."""
        number = exponent.array
        if isinstance(number, float) and number.is_integer():
            return combine(lambda a: jnp.power(a, int(number)), Named(jnp.asarray(base.array, float), base.axes))
        if not exponent.axes and not isinstance(number, jax.core.Tracer) and float(number).is_integer():
            whole = int(number)
            return combine(lambda a: jnp.power(a, whole), Named(jnp.asarray(base.array, float), base.axes))
        return combine(lambda a, b: jnp.power(jnp.asarray(a, float), b), base, exponent)

    def _call(self, node: Call, scope: Scope) -> Named:
        if node.name in MATRIX_FUNCTIONS:
            return self._matrix_function(node, scope)
        if node.name == "where":
            condition, *branches = node.arguments
            values = [self.evaluate(branch, scope) for branch in branches]
            return combine(jnp.where, self._condition(condition, scope), *values)
        values = [self.evaluate(argument, scope) for argument in node.arguments]
        if node.name in self.spec.functions:
            parameters, body = self.spec.functions[node.name]
            return self.evaluate(body, replace(scope, parameters=dict(zip(parameters, values, strict=True))))
        return combine(lambda *a: FUNCTIONS[node.name](*(jnp.asarray(v, float) for v in a)), *values)

    def _condition(self, node: Expression, scope: Scope) -> Named:
        match node:
            case Comparison(operands, operators):
                values = [self.evaluate(operand, scope) for operand in operands]
                links = [
                    combine(COMPARISONS[operator], left, right)
                    for operator, (left, right) in zip(operators, itertools.pairwise(values), strict=True)
                ]
                return reduce(lambda a, b: combine(jnp.logical_and, a, b), links)
            case _:
                return combine(lambda a: a != 0, self.evaluate(node, scope))

    def _matrix_function(self, node: Call, scope: Scope) -> Named:
        (argument,) = node.arguments
        matrix = self._whole(argument)
        match node.name:
            case "inv":
                value = jnp.linalg.inv(matrix)
            case "det":
                value = jnp.linalg.det(matrix)
            case _:
                value = jnp.linalg.slogdet(matrix)[1]
        return self._read(value, node.positions or (), scope, outside=False)

    def _whole(self, argument: Expression) -> Array:
        assert isinstance(argument, Name)
        return jnp.asarray(self.tensor(argument.name), float)

    def _component(self, node: Subscript, scope: Scope) -> Named:
        if node.name == "1" and "1" not in self.spec.names:
            return Named(1.0)
        positions = [self._position(position, scope) for position in node.positions]
        if node.name in {"delta", "δ"}:
            return combine(lambda a, b: np.where(a == b, 1.0, 0.0), *positions)
        if node.name in {"levi_civita", "ε"} and node.name not in self.spec.names:
            pairs = itertools.combinations(positions, 2)
            signs = [combine(lambda a, b: np.sign(b - a) * 1.0, *pair) for pair in pairs]
            return reduce(lambda a, b: combine(np.multiply, a, b), signs)
        recurrence = self.recurrences.get(node.name)
        if recurrence is not None and not positions[recurrence.axis].axes and node.name not in self.values:
            array = self.slice(node.name, int(positions[recurrence.axis].array))
            rest = [p for k, p in enumerate(node.positions) if k != recurrence.axis]
            return self._read(array, rest, scope, outside=False)
        outside = "outside" in self.spec.inputs.get(node.name, {})
        return self._read(jnp.asarray(self.tensor(node.name), float), node.positions, scope, outside=outside)

    def _read(self, array: Array, positions: Sequence[Expression], scope: Scope, *, outside: bool) -> Named:
        named = [self._position(position, scope) for position in positions]
        axes = tuple(dict.fromkeys(axis for value in named for axis in value.axes))
        where = [value.over(axes) for value in named]
        if not where:
            return Named(array)
        shape = np.broadcast_shapes(*(np.shape(w) for w in where))
        where = [np.broadcast_to(w, shape) for w in where]
        inside = reduce(
            np.logical_and, [(w >= 0) & (w < n) for w, n in zip(where, np.shape(array), strict=True)], np.True_
        )
        assert outside or np.all(inside), "a read leaves its tensor"
        held = [np.clip(w, 0, n - 1) for w, n in zip(where, np.shape(array), strict=True)]
        value = array[tuple(held)]
        return Named(jnp.where(inside, value, 0.0) if outside else value, axes)

    def _position(self, node: Expression, scope: Scope) -> Named:
        """Integer positions; a gather reads the values of an integer tensor."""
        match node:
            case Name(name) if name in scope.fixed:
                return Named(np.asarray(scope.fixed[name]))
            case Name(name) if name in scope.ranges:
                return Named(np.array(scope.ranges[name]), (name,))
            case Name(name) if name in self.gathered:
                return Named(np.asarray(self.values[name]))
            case Name(name):
                return Named(np.asarray(self.spec.dims[name]))
            case Number(value):
                return Named(np.asarray(int(value)))
            case Group(body):
                return self._position(body, scope)
            case Negative(operand):
                return combine(np.negative, self._position(operand, scope))
            case Sum(terms):
                values = [combine(lambda a, s=sign: s * a, self._position(term, scope)) for sign, term in terms]
                return reduce(lambda a, b: combine(np.add, a, b), values)
            case Product(factors):
                result = self._position(factors[0][1], scope)
                for operator, factor in factors[1:]:
                    result = combine(_INTEGER[operator], result, self._position(factor, scope))
                return result
            case Subscript(name, _, positions):
                named = [self._position(position, scope) for position in positions]
                axes = tuple(dict.fromkeys(axis for value in named for axis in value.axes))
                return Named(np.asarray(self.values[name])[tuple(v.over(axes) for v in named)].astype(int), axes)
            case _:
                raise TypeError(f"no position: {node}")

    @staticmethod
    def _reduce(kind: str, indices: Sequence[str], value: Named, scope: Scope) -> Named:
        axes = (*(axis for axis in value.axes if axis not in indices), *indices)
        array = value.over(axes)
        shape = (*np.shape(array)[: len(axes) - len(indices)], *(len(scope.ranges[index]) for index in indices))
        whole = jnp.broadcast_to(jnp.asarray(array, float), shape)
        kept = axes[: len(axes) - len(indices)]
        return Named(REDUCTIONS[kind](whole, axis=tuple(range(len(kept), len(axes)))), kept)


_ARITHMETIC: dict[str, Callable[[Array, Array], Array]] = {
    "*": jnp.multiply,
    "/": jnp.divide,
    "//": jnp.floor_divide,
    "%": jnp.remainder,
}

_INTEGER: dict[str, Callable[[Array, Array], Array]] = {
    "*": np.multiply,
    "//": np.floor_divide,
    "/": np.floor_divide,
    "%": np.remainder,
}

__all__ = ["JaxSpec", "walk"]
