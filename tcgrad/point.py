"""The values of derivatives at a point that the user gives."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tcgrad.calculus import Derivation
from tcgrad.calculus.derivation import gradient_of
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.evaluate import Array, evaluate, evaluate_program, evaluate_statements
from tcgrad.ir.program import Program
from tcgrad.ir.tensors import Tensor


@dataclass(frozen=True)
class Value:
    """The array of one output, Jacobian or gradient; ``name`` is its ASCII name, such as ``dy/dx``."""

    name: str
    array: Array


@dataclass(frozen=True)
class PointValues:
    """What a derivation comes to at one point.

    jacobians: those that have a closed form.
    gradients: empty unless the gradient of every output is given, or the one output is a scalar.
    matrix: for several scalar outputs and inputs, the rows of the Jacobian matrix.
    """

    outputs: tuple[Value, ...]
    jacobians: tuple[Value, ...]
    gradients: tuple[Value, ...]


def evaluate_at(derivation: Derivation, values: Mapping[str, Any]) -> PointValues:
    """Evaluate a derivation in double precision.

    values: a number or nested list for each input, and optionally for gradients of outputs, as ``dl/dy`` or ``dy``.

    Raises:
        TcgradError: if a value is missing, unknown or of the wrong shape, or a function is abstract.
    """
    program = derivation.program
    upstream = _upstream_names(program)
    arrays = _arrays(program, values, upstream)
    env = evaluate_program(program, {t.tensor.name: arrays[t.tensor.name] for t in program.inputs})
    outputs = tuple(Value(tensor.name, env[tensor]) for tensor in program.outputs)
    jacobians = tuple(
        Value(jacobian.define.tensor.name, evaluate(jacobian.define.body, jacobian.define.free, env))
        for jacobian in derivation.jacobians
        if jacobian.define is not None
    )
    return PointValues(outputs, jacobians, _gradients(derivation, env, _upstream(program, arrays)))


def _gradients(
    derivation: Derivation, env: Mapping[Tensor, Array], upstream: Mapping[Tensor, Array] | None
) -> tuple[Value, ...]:
    if upstream is None:
        return ()
    found = []
    for gradient in derivation.gradients:
        last = gradient_of(gradient.wrt)
        found.append(Value(last.name, evaluate_statements(gradient.statements, {**env, **upstream})[last]))
    return tuple(found)


def _upstream_names(program: Program) -> dict[str, Tensor]:
    """The names by which the gradient of an output can be given; an input of the same name goes first."""
    inputs = {declared.tensor.name for declared in program.inputs}
    gradients = [gradient_of(output) for output in program.outputs]
    long = {gradient.name: gradient for gradient in gradients}
    short = {gradient.name.removeprefix("dl/"): gradient for gradient in gradients}
    return {**{name: gradient for name, gradient in short.items() if name not in inputs}, **long}


def _upstream(program: Program, arrays: Mapping[str, Array]) -> dict[Tensor, Array] | None:
    gradients = [gradient_of(output) for output in program.outputs]
    if len(gradients) == 1 and not gradients[0].order and gradients[0].name not in arrays:
        return {gradients[0]: np.asarray(1.0)}
    if all(gradient.name in arrays for gradient in gradients):
        return {gradient: arrays[gradient.name] for gradient in gradients}
    return None


def _arrays(program: Program, values: Mapping[str, Any], upstream: Mapping[str, Tensor]) -> dict[str, Array]:
    """The values as arrays by tensor name, every input among them."""
    known = {**{declared.tensor.name: declared.tensor for declared in program.inputs}, **upstream}
    wrong = [_unknown(name, list(known)) for name in values if name not in known]
    arrays: dict[str, Array] = {}
    for name, value in values.items():
        if name in known:
            made = _array(known[name], value)
            if isinstance(made, Diagnostic):
                wrong.append(made)
            else:
                arrays[known[name].name] = made
    missing = [d.tensor.name for d in program.inputs if d.tensor.name not in values]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        wrong.append(Diagnostic("TC608", f"the point has no value for {names}", help=_template(missing)))
    if wrong:
        raise TcgradError(tuple(wrong))
    return arrays


def _array(tensor: Tensor, value: Any) -> Array | Diagnostic:
    shape = tuple(size.value for size in tensor.shape)
    try:
        array = np.asarray(value, dtype=np.float64 if tensor.is_real else np.int64)
    except (TypeError, ValueError):
        return Diagnostic("TC608", f"the value of `{tensor.name}` is not a tensor of numbers", help=_expected(shape))
    if array.shape != shape:
        found = f"the value of `{tensor.name}` has shape {_show(array.shape)}, not {_show(shape)}"
        return Diagnostic("TC608", found, help=_expected(shape))
    return array


def _expected(shape: Sequence[int]) -> str:
    return f"lists nested {len(shape)} deep, of shape {_show(shape)}" if shape else "a single number is wanted"


def _show(shape: Sequence[int]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _unknown(name: str, known: list[str]) -> Diagnostic:
    close = difflib.get_close_matches(name, known, n=1)
    offer = f"did you mean `{close[0]}`?" if close else f"the inputs are {', '.join(f'`{n}`' for n in known)}"
    return Diagnostic("TC608", f"`{name}` is no input", help=offer)


def _template(missing: Sequence[str]) -> str:
    return "for scalars `--at " + ",".join(f"{name}=1" for name in missing) + "`; for tensors a YAML file"
