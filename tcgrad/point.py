"""The values of derivatives at a point that the user gives."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np

from tcgrad.calculus import Derivation
from tcgrad.calculus.derive import backpropagated
from tcgrad.calculus.passes.jacobians import stepwise_jacobian
from tcgrad.calculus.passes.second import stepwise_hessians
from tcgrad.calculus.program.recognise import recognised
from tcgrad.calculus.program.unconstrained import without_symmetry
from tcgrad.calculus.rules.intrinsics import inverses_of, inverses_of_factors, with_cofactors
from tcgrad.check.program.cost import refuse_impossible_values
from tcgrad.check.program.domains import find_demands
from tcgrad.check.program.reach import Span
from tcgrad.composed import composed
from tcgrad.errors import Diagnostic, Place, TcgradError
from tcgrad.evaluate import Array, evaluate, evaluate_program, evaluate_statements
from tcgrad.evaluate.intrinsics import condition
from tcgrad.ir.nodes import Call
from tcgrad.ir.program import Define, Intrinsic, Program, Statement, nodes_in
from tcgrad.ir.tensors import Tensor, gradient_of, hessian_of, jacobian_of
from tcgrad.records import dataclass
from tcgrad.simplify.exponentials.shifting import shifted
from tcgrad.simplify.powers_of_zero import PowersOfZero
from tcgrad.spec.limits import MAX_INTEGER

Values = dict[Tensor, Array]

# Second derivatives of a determinant by inverses lose twice the digits that a condition number has.
_INVERTED_TWICE = 1e4


@dataclass(frozen=True)
class PointValues:
    """What a derivation comes to at one point: arrays by tensor, of Jacobians and gradients by theirs.

    given: the inputs, and the outputs' gradients if they are given.
    hessians: the blocks that the derivation has, but for those through a recurrence.
    gradients: empty unless the gradient of every output is given, or the one output is a scalar.
    is_scalar: the gradients are those of the one output itself.
    """

    given: Values
    outputs: Values
    jacobians: Values
    gradients: Values
    is_scalar: bool
    hessians: Values = field(default_factory=dict)


def evaluate_at(
    derivation: Derivation, values: Mapping[str, Any], places: Mapping[str, Place] | None = None
) -> PointValues:
    """Evaluate a derivation in double precision.

    values: a number or nested list for each input, and optionally for gradients of outputs, as ``dl/dy`` or ``dy``.
    places: where those stand that were read from a file.

    Raises:
        TcgradError: if a value is missing, unknown or of the wrong shape, a function is abstract, or the derivatives
            are larger than any machine's memory.
    """
    program = derivation.program
    _refuse_abstract(program)
    given = _arrays(program, values, places or {})
    blocks = [hessian_of(each.of, *each.wrt) for each in derivation.hessians]
    refuse_impossible_values(program, [*(jacobian_of(each.of, each.wrt) for each in derivation.jacobians), *blocks])
    env = evaluate_program(
        _without_overflow(program), {declared.tensor.name: given[declared.tensor] for declared in program.inputs}
    )
    env = evaluate_statements((*inverses_of(program), *inverses_of_factors(program)), env)
    upstream = _upstream(program, given)
    return PointValues(
        given=given,
        outputs=_unsigned({tensor: env[tensor] for tensor in program.outputs}),
        jacobians=_unsigned(_jacobians(derivation, env)),
        gradients={} if upstream is None else _unsigned(_gradients(derivation, {**env, **upstream})),
        is_scalar=upstream is not None and not given.keys() & upstream.keys(),
        hessians=_unsigned(_hessians(derivation, env)),
    )


def _without_overflow(program: Program) -> Program:
    """A program of the same values, which are finite wherever those that the emitted module returns are."""
    worked = recognised(program)
    return replace(worked, statements=_all_shifted(worked.statements, PowersOfZero()))


def _all_shifted(statements: Iterable[Statement], powers: PowersOfZero) -> tuple[Statement, ...]:
    """Derivatives that are finite where exponentials are too large for numbers, and where powers are 0."""
    return tuple(replace(s, body=shifted(powers.define(s).body)) if isinstance(s, Define) else s for s in statements)


def _unsigned(values: Values) -> Values:
    """The same numbers, zeros without a sign."""
    return {tensor: array + 0.0 for tensor, array in values.items()}


def _jacobians(derivation: Derivation, env: Values) -> Values:
    """By the closed form; statement by statement where there is none, where it takes for granted what need not hold
    at this point, or where it asks for the inverse of a matrix that is singular.
    """
    found = {}
    singular = _has_singular(derivation.program, env)
    program = with_cofactors(derivation.program) if singular else derivation.program
    powers = PowersOfZero(derivation.program.statements)
    for jacobian in derivation.jacobians:
        tensor = jacobian_of(jacobian.of, jacobian.wrt)
        if jacobian.define is not None and not jacobian.assumed and not singular:
            found[tensor] = evaluate(shifted(powers.define(jacobian.define).body), jacobian.define.free, env)
        else:
            steps = stepwise_jacobian(program, jacobian.of, jacobian.wrt)
            found[tensor] = evaluate_statements(_all_shifted(steps, powers), env)[tensor]
    return found


def _hessians(derivation: Derivation, env: Values) -> Values:
    """By the closed form; statement by statement where there is none, or where it asks for the inverse of a matrix that
    has none that serves.
    """
    singular = _has_singular(derivation.program, env, _INVERTED_TWICE)
    powers = PowersOfZero(derivation.program.statements)
    found: Values = {}
    open_pairs: dict[Tensor, list[tuple[Tensor, Tensor]]] = {}
    for hessian in derivation.hessians:
        if hessian.define is not None and not singular:
            tensor = hessian_of(hessian.of, *hessian.wrt)
            found[tensor] = evaluate(shifted(powers.define(hessian.define).body), hessian.define.free, env)
        else:
            open_pairs.setdefault(hessian.of, []).append(hessian.wrt)
    program = with_cofactors(derivation.program) if singular else derivation.program
    plain = {**env, **{without_symmetry(tensor): value for tensor, value in env.items()}}
    for of, pairs in open_pairs.items():
        statements, names = stepwise_hessians(program, of, pairs)
        values = evaluate_statements(_all_shifted(statements, powers), plain)
        found |= {hessian_of(of, *pair): values[name] for pair, name in zip(pairs, names, strict=True)}
    return {tensor: found[tensor] for tensor in (hessian_of(each.of, *each.wrt) for each in derivation.hessians)}


def _gradients(derivation: Derivation, env: Values) -> Values:
    """By the formulas, or by what they were before anything was taken for granted or inverses were asked for."""
    powers = PowersOfZero(derivation.program.statements)
    if _has_singular(derivation.program, env):
        sources = tuple(gradient.wrt for gradient in derivation.gradients)
        backward = backpropagated(with_cofactors(derivation.program), sources).backward
        values = evaluate_statements(_all_shifted(backward, powers), env)
        return {gradient_of(source): values[gradient_of(source)] for source in sources}
    last = {
        gradient_of(gradient.wrt): derivation.backward if gradient.assumed else gradient.statements
        for gradient in derivation.gradients
    }
    return {
        tensor: evaluate_statements(_all_shifted(statements, powers), env)[tensor]
        for tensor, statements in last.items()
    }


def _has_singular(program: Program, env: Values, largest: float = math.inf) -> bool:
    """Whether there is the determinant of a matrix that has no inverse, or a condition number that is not below this:
    its derivative is one by cofactors.
    """
    determinants = [s for s in program.statements if isinstance(s, Intrinsic) and s.kind == "det"]
    return any(not np.all(env[s.tensor]) or not condition(env[s.operand]) < largest for s in determinants)


def _upstream(program: Program, given: Values) -> Values | None:
    """The outputs' gradients: those given, 1 for a single scalar, else None."""
    wanted = [gradient_of(output) for output in program.outputs]
    if len(wanted) == 1 and not wanted[0].order:
        return {wanted[0]: given.get(wanted[0], np.asarray(1.0))}
    return {tensor: given[tensor] for tensor in wanted} if all(tensor in given for tensor in wanted) else None


def _names(program: Program) -> dict[str, Tensor]:
    """What a value can be given for; ``dy`` means the gradient of y unless an input is called so."""
    gradients = [gradient_of(output) for output in program.outputs]
    return {
        **{gradient.name.removeprefix("dl/"): gradient for gradient in gradients},
        **{gradient.name: gradient for gradient in gradients},
        **{declared.tensor.name: declared.tensor for declared in program.inputs},
    }


def _arrays(program: Program, values: Mapping[str, Any], places: Mapping[str, Place]) -> Values:
    """The values as arrays, every input among them; all that is wrong with them is raised at once."""
    names, values = _names(program), {composed(name): value for name, value in values.items()}
    places = {composed(name): place for name, place in places.items()}
    inside = find_demands(program).reach.inside
    wrong: list[tuple[Diagnostic, Place | None]] = []
    arrays: Values = {}
    for name, value in values.items():
        made = _array(names[name], value) if name in names else _unknown(name, program)
        if not isinstance(made, Diagnostic) and name in inside:
            made = _read_inside(name, made, inside[name])
        if isinstance(made, Diagnostic):
            wrong.append((made, places.get(name)))
        else:
            arrays[names[name]] = made
    missing = [d.tensor.name for d in program.inputs if d.tensor.name not in values]
    if missing:
        message = f"the point has no value for {', '.join(f'`{name}`' for name in missing)}"
        help_ = "`--at x=2,y=4` for numbers, a YAML file for tensors"
        wrong.append((Diagnostic("TC608", message, help=help_), None))
    if wrong:
        raise _placed(wrong)
    return arrays


def _placed(wrong: Sequence[tuple[Diagnostic, Place | None]]) -> TcgradError:
    """What is wrong, told at its places in one file; of several files, in the first."""
    source = next((place.source for _, place in wrong if place is not None), None)
    return TcgradError(
        tuple(
            diagnostic if place is None else replace(diagnostic, span=place.span)
            for diagnostic, place in wrong
            if place is None or place.source is source
        ),
        source,
    )


def _array(tensor: Tensor, value: Any) -> Array | Diagnostic:
    shape = tuple(size.value for size in tensor.shape)
    wanted = f"lists nested {len(shape)} deep, of shape {_show(shape)}" if shape else "a single number is wanted"
    if tensor.dtype != "bool" and _holds_truth(value):
        return Diagnostic("TC608", f"the value of `{tensor.name}` is not a tensor of numbers", help=wanted)
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return Diagnostic("TC608", f"the value of `{tensor.name}` is not a tensor of numbers", help=wanted)
    if array.shape != shape:
        message = f"the value of `{tensor.name}` has shape {_show(array.shape)}, not {_show(shape)}"
        return Diagnostic("TC608", message, help=wanted)
    if tensor.symmetric and (array != np.swapaxes(array, -1, -2)).any():
        offer = "formulas rely on it: leave `symmetric` out of the spec, or give a symmetric value"
        return Diagnostic("TC608", f"`{tensor.name}` is declared symmetric, and its value is not", help=offer)
    return array if tensor.is_real else _integers(tensor, array)


def _read_inside(name: str, array: Array, inside: Span) -> Array | Diagnostic:
    """The values of an integer tensor, if what they index is read inside its range."""
    if not array.size or Span(int(array.min()), int(array.max())) in inside:
        return array
    drawn = f"`{name}` is given from {array.min()} to {array.max()}"
    return Diagnostic("TC608", f"{drawn}, but what it indexes is read inside for {inside} alone")


def _holds_truth(value: Any) -> bool:
    return any(map(_holds_truth, value)) if isinstance(value, list) else isinstance(value, bool)


def _integers(tensor: Tensor, array: Array) -> Array | Diagnostic:
    """The values of an integer or boolean tensor, all of which must be what it can hold."""
    holds = f"`{tensor.name}` is {tensor.dtype}, and the point has"
    if not np.isfinite(array).all() or (np.trunc(array) != array).any():
        return Diagnostic("TC608", f"{holds} a fraction in it")
    if tensor.dtype == "bool" and not np.isin(array, (0, 1)).all():
        return Diagnostic("TC608", f"{holds} another number than 0 and 1 in it")
    if (np.abs(array) > MAX_INTEGER).any():
        return Diagnostic("TC608", f"{holds} a number above {MAX_INTEGER} in magnitude in it")
    return array.astype(np.int64)


def _show(shape: Sequence[int]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _unknown(name: str, program: Program) -> Diagnostic:
    inputs = [declared.tensor.name for declared in program.inputs]
    close = difflib.get_close_matches(name, inputs, n=1)
    offer = f"did you mean `{close[0]}`?" if close else f"the inputs are {', '.join(f'`{n}`' for n in inputs)}"
    return Diagnostic("TC608", f"`{name}` is no input", help=offer)


def _refuse_abstract(program: Program) -> None:
    used = {node.function.name for node in nodes_in(*program.statements) if isinstance(node, Call)}
    for function in program.spec.functions.values():
        if function.body is None and function.name.text in used:
            message = f"the function `{function.name.text}` is abstract and has no values"
            offer = "give it a body under `functions`, or leave out `--at`"
            raise TcgradError((Diagnostic("TC608", message, function.name.whole, offer),), program.spec.source)
