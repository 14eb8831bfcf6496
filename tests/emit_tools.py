"""What the tests of emission share: specs by text, inputs to run them on, and the truth about their derivatives."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from ruff.__main__ import find_ruff_bin

from tcgrad.calculus import derive
from tcgrad.emit import emit
from tcgrad.emit.compiled import compile_module
from tcgrad.evaluate import evaluate_program
from tcgrad.ir.program import Program
from tcgrad.language.elaborate import elaborate
from tcgrad.spec.loader import read_spec

Array = Any
_RULES = "F,E501,W,B,PLR1711,RUF059"


def spec(inputs, equations, **keys):
    """The text of a spec from its inputs, its equations and, as YAML, its other keys."""
    lines = [f"{key}: {value}" for key, value in keys.items()]
    lines += ["inputs:", *(f"  {line}" for line in inputs), "equations:", *(f"  - {line!r}" for line in equations)]
    return "\n".join(lines) + "\n"


@dataclass
class Emitted:
    """A spec with its emitted module; ``sizes`` are what the inputs are drawn with, not what it was emitted for."""

    text: str
    sizes: dict[str, int] | None = None
    seed: int = 0

    @cached_property
    def source(self) -> str:
        return emit(derive(elaborate(read_spec(self.text, "spec"))))

    @cached_property
    def module(self) -> ModuleType:
        return compile_module(self.source)

    @cached_property
    def program(self) -> Program:
        return elaborate(read_spec(self.text, "spec"), self.sizes)

    @cached_property
    def names(self) -> list[str]:
        return [item.tensor.name for item in self.program.inputs]

    def inputs(self, dtype: str = "float64") -> dict[str, Array]:
        """Random inputs; those whose name starts with ``p`` are positive."""
        random = np.random.default_rng(self.seed)
        drawn = {}
        for item in self.program.inputs:
            shape = tuple(size.value for size in item.tensor.shape)
            if item.tensor.dtype == "int":
                drawn[item.tensor.name] = random.integers(0, 2, shape)
            elif item.tensor.dtype == "bool":
                drawn[item.tensor.name] = random.random(shape) < 0.5
            else:
                value = random.normal(size=shape)
                value = np.abs(value) + 0.5 if item.tensor.name.startswith("p") else value
                drawn[item.tensor.name] = np.asarray(value).astype(dtype)
        return drawn

    def plain(self, inputs: dict[str, Array], dtype: str = "float64") -> list[Array]:
        """The outputs by plain evaluation of the equations."""
        values = evaluate_program(self.program, inputs, dtype)
        return [values[tensor] for tensor in self.program.outputs]

    def difference_jacobians(self, inputs: dict[str, Array]) -> dict[tuple[str, str], Array]:
        """Every Jacobian by fourth-order differences of the plain evaluation."""
        step = 2.0**-9
        found = {}
        for wrt in self.program.wrt:
            at = inputs[wrt.name]
            columns = []
            for position in np.ndindex(at.shape):
                values = []
                for factor in (-2, -1, 1, 2):
                    moved = np.array(at)
                    moved[position] += factor * step
                    values.append(self.plain({**inputs, wrt.name: moved}))
                columns.append([(a - d - 8 * (b - c)) / (12 * step) for a, b, c, d in zip(*values, strict=True)])
            for number, output in enumerate(self.program.outputs):
                shape = tuple(size.value for size in (*output.shape, *wrt.shape))
                stacked = np.stack([column[number] for column in columns], axis=-1)
                found[output.name, wrt.name] = stacked.reshape(shape)
        return found


def as_list(outputs: Array, count: int) -> list[Array]:
    """The outputs as a list, also where there is one."""
    return [outputs] if count == 1 else list(outputs)


def assert_close(got: Array, wanted: Array, tolerance: float = 1e-8, what: str = "") -> None:
    """Equal shapes and values, relative to the largest."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape, f"{what}: shape {got.shape}, not {wanted.shape}"
    assert np.all(np.isfinite(got)), f"{what}: not finite"
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    error = float(np.max(np.abs(got - wanted), initial=0.0)) / scale
    assert error <= tolerance, f"{what}: off by {error}"


def check_everything(emitted: Emitted, *, tolerance: float = 1e-8) -> None:
    """Values, Jacobians, gradients and tangents against plain evaluation and its differences; inputs untouched."""
    inputs = emitted.inputs()
    kept = {name: np.array(value) for name, value in inputs.items()}
    arguments = list(inputs.values())
    module, program = emitted.module, emitted.program
    count = len(program.outputs)
    values = as_list(module.forward(*arguments), count)
    for tensor, got, wanted in zip(program.outputs, values, emitted.plain(inputs), strict=True):
        assert_close(got, wanted, 1e-10, tensor.name)
        assert not any(np.shares_memory(got, array) for array in arguments)
    jacobians = emitted.difference_jacobians(inputs)
    got_jacobians = module.jacobian(*arguments)
    assert list(got_jacobians) == list(jacobians) or set(got_jacobians) == set(jacobians)
    for key, wanted in jacobians.items():
        assert_close(got_jacobians[key], wanted, tolerance, f"jacobian {key}")
    random = np.random.default_rng(1)
    upstream = [random.normal(size=np.shape(value)) for value in values]
    _check_gradients(emitted, arguments, upstream, jacobians, tolerance)
    _check_tangents(emitted, arguments, jacobians, tolerance)
    for name, value in inputs.items():
        assert np.array_equal(value, kept[name]), f"{name} was written to"


def check_at_sizes(text: str, others: Sequence[dict[str, int]]) -> None:
    """The module of a spec at the spec's sizes, and the same one at others."""
    own = Emitted(text)
    check_everything(own)
    for sizes in others:
        other = Emitted(text, sizes)
        other.module = own.module
        check_everything(other)


def _check_gradients(
    emitted: Emitted, arguments: list[Array], upstream: list[Array], jacobians: Any, tolerance: float
) -> None:
    program = emitted.program
    _, gradients = emitted.module.value_and_grad(*arguments, *upstream)
    assert isinstance(gradients, tuple)
    outputs, saved = emitted.module.forward_saved(*arguments)
    again = emitted.module.backward(saved, *upstream)
    others = (*arguments, *upstream, *as_list(outputs, len(program.outputs)))
    for wrt, gradient, same in zip(program.wrt, gradients, again, strict=True):
        wanted = sum(
            np.tensordot(dy, jacobians[of.name, wrt.name], np.ndim(dy))
            for of, dy in zip(program.outputs, upstream, strict=True)
        )
        assert_close(gradient, wanted, tolerance, f"gradient {wrt.name}")
        assert np.array_equal(gradient, same)
        assert not any(np.shares_memory(each, array) for each in (gradient, same) for array in others)


def _check_tangents(emitted: Emitted, arguments: list[Array], jacobians: Any, tolerance: float) -> None:
    program = emitted.program
    random = np.random.default_rng(2)
    by_name = dict(zip(emitted.names, arguments, strict=True))
    directions = [random.normal(size=np.shape(by_name[wrt.name])) for wrt in program.wrt]
    tangents = as_list(emitted.module.jvp(*arguments, *directions), len(program.outputs))
    for of, tangent in zip(program.outputs, tangents, strict=True):
        wanted = sum(
            np.tensordot(jacobians[of.name, wrt.name], v, np.ndim(v))
            for wrt, v in zip(program.wrt, directions, strict=True)
        )
        assert_close(tangent, wanted, tolerance, f"tangent {of.name}")


def lint(sources: Sequence[str]) -> str:
    """What ruff says of sources: unused names, redefinitions, long lines, ambiguous code."""
    command = [find_ruff_bin(), "check", "--isolated", "--line-length=100", f"--select={_RULES}", "-q", "-"]
    runs = (subprocess.run(command, input=source, capture_output=True, text=True, check=False) for source in sources)
    return "".join(run.stdout + run.stderr for run in runs)
