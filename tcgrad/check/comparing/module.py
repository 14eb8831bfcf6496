"""What holds of an emitted module by itself: it repeats itself, leaves its inputs alone, and its two modes agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import numpy as np

from tcgrad.calculus.passes.second import has_hessian
from tcgrad.check.comparing.bench import Bench
from tcgrad.check.comparing.entering import Claim, enter
from tcgrad.check.evaluated.emitted import Module, ModuleError, same_bits
from tcgrad.check.evaluated.formulas import upstream_arrays
from tcgrad.check.judging.verdict import Comparison
from tcgrad.check.precision import unit_roundoff
from tcgrad.check.reference.references import Known, spread
from tcgrad.evaluate import Array

# Values under random rounding with an axis of draws in front, if that moves them, and the exact ones.
Shaken = Mapping[str, tuple[Array, Array]]


def compare_modes(bench: Bench) -> None:
    """The dot-product test: ``⟨dy, J v⟩`` by ``jvp`` is ``⟨Jᵀ dy, v⟩`` by ``backward``."""
    module, sample = bench.module, bench.sample
    if module is None:
        return
    tangents = {tensor.name: sample.tangents[tensor.name] for tensor in bench.wrt}

    def forward_mode() -> Array:
        found = module.jvp(tangents)
        return np.asarray([sum(_dot(found[name], sample.upstream[name]) for name in sample.upstream)])

    try:
        gradients = bench.module_gradients(None)
        backward_mode = np.asarray([sum(_dot(gradients[name], v) for name, v in tangents.items())])
    except (ModuleError, ValueError):
        return  # told where the gradients are compared
    # Neither mode is known better than the other: what is no larger than the rounding of both may be 0.
    rounding = np.asarray([_rounding(bench, gradients)], backward_mode.dtype)
    enter(
        bench,
        bench.tallies.row("dot_product", "module", ", ".join(sample.upstream), None),
        Claim(
            forward_mode,
            bound=np.zeros_like(rounding),
            known=Known(backward_mode, rounding),
            method="jvp against backward",
            locate=lambda _: ((), "the product of dy and J v"),
        ),
    )


def _dot(found: Array, weights: Array) -> Array:
    """In the type of the reference, in which the weights are."""
    if found.shape != weights.shape:
        raise ModuleError(f"an array has shape {found.shape}, not {weights.shape}")
    return np.asarray(np.sum(found.astype(weights.dtype) * weights))


def _rounding(bench: Bench, gradients: dict[str, Array]) -> float:
    """How far rounding in either mode, and in the two sums, may move the product.

    Errors of the elements have mostly one cause, and cancel or add up accordingly: it is the product that is moved.
    """
    sample = bench.sample
    formulas = bench.gradient_formulas()
    backward = {wrt.name: formulas.shaken(bench.paths.gradient(wrt).statements) for wrt in bench.wrt}
    forward = bench.tangents.shaken(sample.tangents, bench.outputs)
    moved = _moved_product(bench, backward, sample.tangents) + _moved_product(bench, forward, sample.upstream)
    sums = (spread(gradients[name].astype(v.dtype) * v) * unit_roundoff(v.dtype) for name, v in sample.tangents.items())
    return moved * bench.coarse + 4 * sum(sums)


def _moved_product(bench: Bench, shaken: Shaken, weights: Mapping[str, Array]) -> float:
    """How far rounding moves the sum of the products with ``weights``."""
    moved: Array | float = 0.0
    exact: Array | float = 0.0
    with np.errstate(all="ignore"):
        for name, (draws, value) in shaken.items():
            moved = moved + np.sum(draws * weights[name], axis=tuple(range(draws.ndim - value.ndim, draws.ndim)))
            exact = exact + np.sum(value * weights[name])
    return float(bench.sample.rounding.bound(np.asarray(moved), np.asarray(exact)))


def compare_repeated(bench: Bench) -> None:
    """Every function returns the same bits when it is called again, and those that return the outputs the same ones."""
    module = bench.module
    if module is None:
        return
    tally = bench.tallies.row("repeatability", "module", ", ".join(of.name for of in bench.outputs), None)
    for message in _unlike(bench, module):
        tally.add(Comparison("fail", 0, message=message), "compared bit by bit", lambda _: None)
    for name, call in _calls(bench, module).items():
        try:
            first, again = call(), call()
        except ModuleError:
            continue  # told where its values are compared
        if _same(first, again):
            outcome = Comparison("pass", sum(array.size for array in first.values()))
        else:
            outcome = Comparison("fail", 0, message=f"{name} returns something else when it is called again")
        tally.add(outcome, "called twice, compared bit by bit", lambda _: None)


def _calls(bench: Bench, module: Module) -> dict[str, Callable[[], dict[str, Array]]]:
    """What is called twice."""
    upstream, tangents = upstream_arrays(bench.sample), dict(bench.sample.tangents)
    calls: dict[str, Callable[[], dict[str, Array]]] = {
        "forward": module.forward,
        "backward": lambda: module.backward(upstream),
        "value_and_grad": lambda: module.value_and_grad(upstream)[1],
        "jvp": lambda: module.jvp(tangents),
    }
    return calls | {"hvp": lambda: module.hvp(tangents)} if has_hessian(bench.paths.program) else calls


def _unlike(bench: Bench, module: Module) -> Iterator[str]:
    """What is not the same that should be: the outputs that `forward_saved` and `value_and_grad` return as well, and
    what the latter returns without a gradient of the output, which is 1 then.
    """
    upstream = upstream_arrays(bench.sample)
    with suppress(ModuleError):  # told where its values are compared
        saved = module.forward_saved()
        if not _same(saved, module.forward()):
            yield "forward_saved returns other outputs than forward"
        if not _same(saved, module.value_and_grad(upstream)[0]):
            yield "value_and_grad returns other outputs than forward_saved"
        if bench.paths.program.lone_scalar is not None:
            ones = {name: np.ones_like(array) for name, array in upstream.items()}
            if not _same(module.value_and_grad({})[1], module.value_and_grad(ones)[1]):
                yield "value_and_grad returns other gradients by default than where that of the output is 1"


def _same(first: Mapping[str, Array], second: Mapping[str, Array]) -> bool:
    return all(same_bits(array, second[name]) for name, array in first.items())


def compare_inputs(bench: Bench) -> None:
    """No call so far has changed an array that it was given."""
    module = bench.module
    if module is None or not module.calls:
        return
    tally = bench.tallies.row("inputs", "module", ", ".join(of.name for of in bench.outputs), None)
    outcome = Comparison("pass", sum(array.size for array in bench.sample.inputs()))
    if module.wrote:
        outcome = Comparison("fail", 0, message=f"{', '.join(module.wrote)} wrote to its inputs")
    tally.add(outcome, "compared after every call", lambda _: None)
