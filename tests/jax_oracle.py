"""Derived formulas and emitted code of a spec against JAX: values, gradients, Jacobians, tangents, Hessians."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import FrameType, ModuleType
from typing import Any

import numpy as np
from jax_programs import JaxSpec
from matrix_tools import inverses_in

from tcgrad.calculus import Derivation, derive
from tcgrad.emit import emit
from tcgrad.emit.compiled import compile_module
from tcgrad.evaluate import evaluate, evaluate_program, evaluate_statements
from tcgrad.ir.program import Input, Program
from tcgrad.ir.tensors import gradient_of
from tcgrad.language.elaborate import elaborate
from tcgrad.spec.loader import read_spec

Array = Any
TOLERANCE = 1e-8


@dataclass
class Oracle:
    """A spec's text, with the sizes of dims at which its emitted module is tried (None: the spec's own)."""

    text: str
    sizes: Mapping[str, int] | None = None
    seed: int = 0

    @cached_property
    def derivation(self) -> Derivation:
        return derive(elaborate(read_spec(self.text, "generated")))

    @cached_property
    def source(self) -> str:
        return emit(self.derivation)

    @cached_property
    def module(self) -> ModuleType:
        return compile_module(self.source)

    @cached_property
    def program(self) -> Program:
        """At the sizes that are tried."""
        return elaborate(read_spec(self.text, "generated"), self.sizes)

    @cached_property
    def inputs(self) -> dict[str, Array]:
        random = np.random.default_rng(self.seed)
        return {item.tensor.name: draw(item, random) for item in self.program.inputs}

    @cached_property
    def jax(self) -> JaxSpec:
        return JaxSpec(self.text, self.sizes)

    @cached_property
    def _reference(self) -> tuple[list[Array], dict[tuple[str, str], Array]]:
        return self.jax.jacobians(self.inputs)

    @property
    def values(self) -> list[Array]:
        return self._reference[0]

    @property
    def jacobians(self) -> dict[tuple[str, str], Array]:
        return self._reference[1]

    @property
    def is_finite_in_jax(self) -> bool:
        """Whether no part overflows as JAX is told it: ``log(1 + exp(2400))`` does, and is 2400."""
        return all(np.all(np.isfinite(value)) for value in (*self.values, *self.jacobians.values()))

    @property
    def is_left_to_rounding(self) -> bool:
        """Whether another rounding of the inputs moves the values by more than is allowed: ``cos(1e6*sin(1e6*x))``."""
        random = np.random.default_rng(self.seed + 3)
        moved = {
            name: np.nextafter(value, random.choice([-np.inf, np.inf], value.shape)) if value.dtype == float else value
            for name, value in self.inputs.items()
        }
        pairs = zip(self.jax(moved), self.values, strict=True)
        return any(not _distance(value, own) <= TOLERANCE for value, own in pairs)

    @cached_property
    def upstream(self) -> list[Array]:
        random = np.random.default_rng(self.seed + 1)
        return [random.uniform(-1, 1, np.shape(value)) for value in self.values]

    def gradient(self, wrt: str) -> Array:
        """What backpropagation is to give: the upstream gradients contracted with the Jacobians."""
        pairs = zip(self.program.outputs, self.upstream, strict=True)
        return sum(np.tensordot(dy, self.jacobians[of.name, wrt], np.ndim(dy)) for of, dy in pairs)

    def check_formulas(self) -> None:
        """The derived Jacobians and gradients, evaluated plainly at the spec's own sizes."""
        program = self.derivation.program
        env: dict[Any, Any] = evaluate_program(program, self.inputs)
        env = evaluate_statements(inverses_in(program), env)
        for of, value in zip(program.outputs, self.values, strict=True):
            close(env[of], value, f"value of {of.name}")
        for jacobian in self.derivation.jacobians:
            if jacobian.define is not None:
                got = evaluate(jacobian.define.body, jacobian.define.free, env)
                close(
                    got, self.jacobians[jacobian.of.name, jacobian.wrt.name], f"formula {jacobian.define.tensor.name}"
                )
        given = {gradient_of(of): dy for of, dy in zip(program.outputs, self.upstream, strict=True)}
        env = evaluate_statements(self.derivation.backward, {**env, **given})
        for wrt in program.wrt:
            close(env[gradient_of(wrt)], self.gradient(wrt.name), f"formula dl/d{wrt.name}")

    def check_second_formulas(self) -> None:
        """The derived Hessians of a scalar output, at the spec's own sizes."""
        program = self.derivation.program
        if program.lone_scalar is None:
            return
        env: dict[Any, Any] = evaluate_program(program, self.inputs)
        env = evaluate_statements(inverses_in(program), env)
        wanted = self.jax.hessians(self.inputs)
        for block in derive(program, hessian=True).hessians:
            if block.define is not None:
                rows, columns = block.wrt
                got = evaluate(block.define.body, block.define.free, env)
                close(got, wanted[rows.name, columns.name], f"formula {block.define.tensor.name}")

    def check_module(self) -> None:
        """Every function of the emitted module; the inputs are not written to."""
        kept = {name: np.array(value) for name, value in self.inputs.items()}
        arguments = list(self.inputs.values())
        outputs, saved = self.module.forward_saved(*arguments)
        for got in (self._listed(self.module.forward(*arguments)), self._listed(outputs)):
            for of, value, wanted in zip(self.program.outputs, got, self.values, strict=True):
                close(value, wanted, f"forward {of.name}")
        for wrt, got in zip(self.program.wrt, self.module.backward(saved, *self.upstream), strict=True):
            close(got, self.gradient(wrt.name), f"backward {wrt.name}")
        for key, got in self.module.jacobian(*arguments).items():
            close(got, self.jacobians[key], f"jacobian {key}")
        self._check_tangents(arguments)
        if hasattr(self.module, "hessian"):
            self._check_hessian(arguments)
        for name, value in self.inputs.items():
            assert np.array_equal(value, kept[name]), f"{name} was written to"

    def _listed(self, outputs: Any) -> list[Array]:
        return [outputs] if len(self.program.outputs) == 1 else list(outputs)

    @cached_property
    def directions(self) -> dict[str, Array]:
        random = np.random.default_rng(self.seed + 2)
        return {wrt.name: random.uniform(-1, 1, self.inputs[wrt.name].shape) for wrt in self.program.wrt}

    def _check_tangents(self, arguments: list[Array]) -> None:
        tangents = self._listed(self.module.jvp(*arguments, *self.directions.values()))
        for of, got in zip(self.program.outputs, tangents, strict=True):
            wanted = sum(
                np.tensordot(self.jacobians[of.name, wrt], v, np.ndim(v)) for wrt, v in self.directions.items()
            )
            close(got, wanted, f"jvp {of.name}")

    def _check_hessian(self, arguments: list[Array]) -> None:
        wanted = self.jax.hessians(self.inputs)
        for key, got in self.module.hessian(*arguments).items():
            close(got, wanted[key], f"hessian {key}")
        products = self.module.hvp(*arguments, *self.directions.values())
        for first, got in zip(self.program.wrt, products, strict=True):
            blocks = ((wanted[first.name, name], v) for name, v in self.directions.items())
            close(got, sum(np.tensordot(block, v, np.ndim(v)) for block, v in blocks), f"hvp {first.name}")

    def check_single_precision(self) -> None:
        """Every value that the module's functions compute on float32 stays in it."""
        arguments = [np.asarray(v, "float32") if v.dtype == float else v for v in self.inputs.values()]
        upstream = [dy.astype("float32") for dy in self.upstream]
        directions = [v.astype("float32") for v in self.directions.values()]
        with watched(self.source) as wide:
            self.module.value_and_grad(*arguments, *upstream)
            self.module.jvp(*arguments, *directions)
            self.module.jacobian(*arguments)
            if hasattr(self.module, "hessian"):
                self.module.hessian(*arguments)
                self.module.hvp(*arguments, *directions)
        assert not wide, f"computed in float64: {wide[0]}"


@contextmanager
def watched(source: str) -> Iterator[list[str]]:
    """Collects the lines of an emitted module that give a variable a value in float64."""
    lines, found = source.splitlines(), dict[str, None]()

    def trace(frame: FrameType, _event: str, _value: Any) -> Any:
        is_emitted = frame.f_code.co_filename.startswith("<tcgrad emitted")
        if not is_emitted or not list(_arrays({**frame.f_locals})):
            return None  # what a helper makes of numbers alone is a number again
        before: set[str] = set()
        line = frame.f_lineno

        def inner(frame: FrameType, event: str, arg: Any) -> Any:
            nonlocal line, before
            values = {**frame.f_locals, "return": arg} if event == "return" else frame.f_locals
            wide = {name for name, value in values.items() if _is_wide(value)}
            if wide - before:
                found[f"{', '.join(sorted(wide - before))} in line {line}: {lines[line - 1].strip()}"] = None
            line, before = frame.f_lineno, wide
            return inner

        return inner

    old = sys.gettrace()
    sys.settrace(trace)
    result: list[str] = []
    try:
        yield result
    finally:
        sys.settrace(old)
        result.extend(found)


def _arrays(value: Any) -> Iterator[Array]:
    """The arrays and the numbers of NumPy in a value, at any depth."""
    if isinstance(value, tuple | list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _arrays(part)
    elif isinstance(value, np.ndarray | np.generic):
        yield value


def _is_wide(value: Any) -> bool:
    return any(array.dtype == np.float64 for array in _arrays(value))


def draw(item: Input, random: np.random.Generator) -> Array:
    """Random values as the spec declares them, real ones between -1 and 1 by default."""
    shape = tuple(size.value for size in item.tensor.shape)
    low, high = item.sample.low, item.sample.high
    match item.sample.kind:
        case "integers":
            value = random.integers(int(low or 0), int(high or 2), shape)
        case "uniform":
            value = random.uniform(low, high, shape)
        case "positive":
            value = random.uniform(0.5, 1.5, shape)
        case "simplex":
            value = random.dirichlet(np.ones(shape[-1]), shape[:-1])
        case "one_hot":
            value = np.eye(shape[-1])[random.integers(0, shape[-1], shape[:-1])]
        case "spd":
            root = random.uniform(-1, 1, shape)
            value = root @ np.swapaxes(root, -1, -2) + np.eye(shape[-1])
        case _:
            value = random.uniform(-1, 1, shape) if item.tensor.is_real else random.integers(0, 2, shape)
    if item.tensor.symmetric:
        value = (value + np.swapaxes(value, -1, -2)) / 2
    return value.astype({"real": float, "int": int, "bool": bool}[item.tensor.dtype])


def _distance(got: Array, wanted: Array) -> float:
    """The largest difference, by the largest that is wanted (by 1, where that is smaller)."""
    return float(np.max(np.abs(got - wanted), initial=0.0)) / max(1.0, float(np.max(np.abs(wanted), initial=0.0)))


def close(got: Array, wanted: Array, what: str) -> None:
    """Equal shapes, and values to 1e-8 of the largest (of 1, where that is smaller)."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape, f"{what}: shape {got.shape}, not {wanted.shape}"
    assert np.all(np.isfinite(wanted)), f"{what}: the reference is not finite"
    error = _distance(got, wanted)
    assert error <= TOLERANCE, f"{what}: off by {error}"


def check(text: str, sizes: Mapping[str, int] | None = None, *, second: bool = False) -> None:
    """A spec at its own sizes, formulas and module, and the same module at other sizes.

    second: the formulas of second derivatives as well, which take long to derive where there are many steps.
    """
    oracle = Oracle(text)
    oracle.check_formulas()
    if second:
        oracle.check_second_formulas()
    oracle.check_module()
    oracle.check_single_precision()
    if sizes is not None:
        other = Oracle(text, sizes)
        other.module = oracle.module
        other.check_module()
