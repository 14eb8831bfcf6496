"""Everything that is compared at one sample: values, Jacobians, gradients and tangents of both subjects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from tcgrad.calculus.passes.second import has_hessian
from tcgrad.check.comparing.bench import Bench
from tcgrad.check.comparing.entering import Claim, enter
from tcgrad.check.comparing.gradient_bounds import least_of_others
from tcgrad.check.comparing.gradients import compare_gradient
from tcgrad.check.comparing.jacobians import compare_jacobian
from tcgrad.check.comparing.module import compare_inputs, compare_modes, compare_repeated
from tcgrad.check.comparing.second import compare_second
from tcgrad.check.comparing.tangents import compare_tangent, tangent_bounds, tangents_are_finite
from tcgrad.check.evaluated.emitted import ModuleError
from tcgrad.check.evaluated.formulas import Formulas
from tcgrad.check.forward import same_branches
from tcgrad.check.judging.results import Subject
from tcgrad.check.precision import type_name
from tcgrad.check.reference.references import Known, Reference, random_directions, references
from tcgrad.evaluate import Array
from tcgrad.evaluate.arrays.overflow import noticing
from tcgrad.ir.program import Statement
from tcgrad.ir.tensors import Tensor

# Where a formula is worked out, and the statements that it consists of.
_Formula = tuple[Formulas, Sequence[Statement]]

# What needs tangents, second derivatives, gradients, and the reference for first derivatives.
_OF_TANGENTS = ("jvp", "dot_product")
_OF_SECOND = ("hessian", "hvp", "hessian_symmetry")
_OF_GRADIENTS = ("gradient", "value_and_grad", "against", *_OF_TANGENTS)
_OF_REFERENCES = ("jacobian", *_OF_GRADIENTS)

# What is said of the module's backward, or of all that it calls.
_OF_BACKWARD = (*_OF_GRADIENTS, *_OF_SECOND, "repeatability", "inputs")


def compare_all(bench: Bench) -> None:
    """Compare everything at the bench's sample."""
    asks_for = bench.options.asks_for
    for of in bench.outputs:
        _forward(bench, of)
    found = _references(bench) if asks_for(*_OF_REFERENCES) else []
    bounds = tangent_bounds(bench, found) if asks_for("jvp") else {}
    for known in found:
        for of in bench.outputs:
            if asks_for("jacobian"):
                compare_jacobian(bench, known, of)
            if asks_for("jvp"):
                compare_tangent(bench, known, of, bounds)
            if asks_for("gradient") and len(bench.outputs) > 1:
                compare_gradient(bench, known, (of,))
        if asks_for("gradient", "value_and_grad", "against"):
            compare_gradient(bench, known, bench.outputs)
    if asks_for("dot_product"):
        compare_modes(bench)
    if bench.first and asks_for(*_OF_SECOND):
        compare_second(bench)
    if bench.first and asks_for("repeatability"):
        compare_repeated(bench)
    if asks_for("inputs"):
        compare_inputs(bench)


def _references(bench: Bench) -> list[Reference]:
    """The references for the derivatives by each input; what they took, and the kinks that they met, are noted."""
    found = references(bench.ladder, bench.wrt, bench.options)
    for known in found:
        bench.tallies.spent(known.wrt.name, known.evaluations)
        _tell_kinks(bench, bench.located(known) if known.is_kinked else known)
    return found


def _tell_kinks(bench: Bench, known: Reference) -> None:
    """Note the slopes to both sides of a kink, for the results that cannot be had because of it."""
    for output in bench.outputs:
        if known.reason:
            bench.tallies.note_kink(output.name, known.wrt.name, known.reason)
        kink = known.kinks.get(output.name)
        if kink is not None:
            worst = int(np.argmax(np.abs(kink.above - kink.below)))
            row = bench.element(output, worst)[1]
            column = bench.element(known.wrt, int(known.columns[kink.element]))[1]
            below, above = (_slope(float(slopes.reshape(-1)[worst])) for slopes in (kink.below, kink.above))
            text = f"kink at {column}: the slope of {row} is {below} below and {above} above"
            bench.tallies.note_kink(output.name, known.wrt.name, text)


def _slope(number: float) -> str:
    """A one-sided slope in words; there is none beyond the edge of what the function is defined on."""
    return f"{number:.4g}" if np.isfinite(number) else "undefined"


def out_of_range(bench: Bench) -> set[str]:
    """``"overflow"`` where a number on the way to a derivative, of the formulas or the module, is too large for the
    type; ``"underflow"`` where one of the formulas is too small.

    What is divided by the one is 0 then, which is finite, and wrong; what is divided by the other is not finite.
    """
    with noticing() as found:
        for formulas, statements in _gradients(bench) or _jacobians(bench):
            formulas.value(statements)
        if bench.module is not None and bench.options.asks_for(*_OF_BACKWARD):
            with suppress(ModuleError):
                bench.module_gradients(None)
                if bench.options.asks_for(*_OF_TANGENTS):
                    bench.module.jvp(dict(bench.sample.tangents))
                if bench.first and bench.options.asks_for(*_OF_SECOND) and has_hessian(bench.paths.program):
                    bench.module.hvp(dict(bench.sample.tangents))
                    bench.module.hvp({t.name: random_directions(bench.sample, t.name)[0] for t in bench.wrt})
    overflows = bench.module is not None and bench.module.overflowed
    return {*found, *bench.equations.narrow.left, *(["overflow"] if overflows else [])}


def rounds_as_told(bench: Bench) -> bool:
    """Whether the equations, worked out in the type that is checked, are off by no more than the bounds say, and take
    the same branches.

    Where they are, as for the sine of a number so large that rounding decides it, no bound can be relied on.
    """
    narrow = bench.equations.narrow
    if narrow is bench.sample.forward:
        return True
    if not same_branches(bench.sample.forward, narrow):
        return False
    for output in bench.outputs:
        exact, found = bench.sample.value(output.name), narrow.context.arrays[output.name]
        if (np.abs(found - exact) > bench.sample.bound(output.name) + bench.sample.own_bound(output.name)).any():
            return False
    return True


def tensors_are_finite(bench: Bench) -> bool:
    """Whether all that the equations define is finite at the sample."""
    arrays = bench.sample.forward.context.arrays.values()
    return all(np.isfinite(array).all() for array in arrays if array.dtype.kind == "f")


def formulas_are_finite(bench: Bench) -> bool:
    """Whether every derived formula has finite values at the sample in the type that is checked.

    At other sizes than the spec's the tensors on the way must be finite, too: an author who divides by the number of
    neighbours has not one point alone in mind.
    """
    if not bench.own and not tensors_are_finite(bench):
        return False
    if not all(np.isfinite(formulas.value(statements)).all() for formulas, statements in _gradients(bench)):
        return False
    if bench.options.asks_for(*_OF_TANGENTS) and not tangents_are_finite(bench):
        return False
    return all(np.isfinite(formulas.value(statements)).all() for formulas, statements in _jacobians(bench))


def _gradients(bench: Bench) -> list[_Formula]:
    """The gradients, if anything is asked for that they are part of; they stand for Jacobians that are not closed."""
    needed = bench.options.asks_for(*_OF_BACKWARD)
    if not needed and len(_jacobians(bench)) == len(bench.paths.derivation.jacobians):
        return []
    formulas = bench.gradient_formulas()
    return [(formulas, bench.paths.gradient(wrt).statements) for wrt in bench.wrt]


def _jacobians(bench: Bench) -> list[_Formula]:
    """The closed Jacobians that are small enough to be worked out whole, if they are asked for."""
    found: list[_Formula] = []
    for jacobian in bench.paths.derivation.jacobians if bench.options.asks_for("jacobian") else ():
        size = bench.sample.value(jacobian.of.name).size * bench.sample.value(jacobian.wrt.name).size
        if jacobian.define is not None and size <= bench.options.max_elements:
            found.append((bench.value_formulas, (jacobian.define,)))
    return found


def _forward(bench: Bench, of: Tensor) -> None:
    """The module's value, and the user's, against the plainly evaluated one."""
    module, user, sample = bench.module, bench.user, bench.sample
    if not bench.options.asks_for("forward", "against_forward"):
        return

    bound = bench.coarsened(sample.bound(of.name))

    def compare(kind: str, subject: Subject, find: Callable[[], Array], bound: Array = bound) -> None:
        enter(
            bench,
            bench.tallies.row(kind, subject, of.name, None),
            Claim(
                find,
                bound=bound,
                known=Known(sample.value(of.name), sample.own_bound(of.name)),
                method=f"plain evaluation ({type_name(sample.forward.context.dtype)})",
                locate=lambda flat: bench.element(of, flat),
            ),
        )

    if module is not None and bench.options.asks_for("forward"):
        compare("forward", "module", lambda: module.forward()[of.name])
    if user is not None and user.code.forward is not None and bench.options.asks_for("against_forward"):
        own = np.maximum(bound, least_of_others(sample.value(of.name), sample.dtype, peculiar=bool(sample.peculiar)))
        compare("against_forward", "user", lambda: user.outputs[of.name], own)
