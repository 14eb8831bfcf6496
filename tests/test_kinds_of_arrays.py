"""Emitted code takes arrays of any memory layout and byte order, read-only ones, and integers in place of floats."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from emit_tools import Emitted, as_list, assert_close, spec
from false_alarms import SPECS
from share import share

from tcgrad.api import load, loads
from tcgrad.check.sampling.sampler import sampler
from tcgrad.evaluate import Array


class Called:
    """The functions of a module at one point, with tangents and upstream gradients that go with it."""

    def __init__(self, text: str, number: int) -> None:
        function = loads(text)
        self.module = function.compile()
        program = function.program
        sample = sampler(program).draw(np.dtype("float64"), (number,))
        assert not isinstance(sample, str), sample
        self.is_real = [item.tensor.dtype == "real" for item in program.inputs]
        names = [item.tensor.name for item in program.inputs]
        self.inputs = [
            np.array(sample.forward.context.arrays[name], float if real else None)
            for name, real in zip(names, self.is_real, strict=True)
        ]
        random = np.random.default_rng(number)
        outputs = as_list(self.module.forward(*self.inputs), len(program.outputs))
        self.upstream = [np.asarray(random.normal(size=np.shape(output))) for output in outputs]
        wrt = [self.inputs[names.index(tensor.name)] for tensor in program.wrt]
        self.tangents = [np.asarray(random.normal(size=value.shape)) for value in wrt]

    def results(self, change: Callable[[Array], Array], change_integers: Callable[[Array], Array]) -> list[Array]:
        """What all functions return where every argument is changed."""
        inputs = [
            change(value) if real else change_integers(value)
            for value, real in zip(self.inputs, self.is_real, strict=True)
        ]
        upstream, tangents = list(map(change, self.upstream)), list(map(change, self.tangents))
        module = self.module
        found: list[object] = [module.forward(*inputs), module.value_and_grad(*inputs, *upstream)]
        found += [module.jvp(*inputs, *tangents), module.jacobian(*inputs)]
        if hasattr(module, "hessian"):
            found += [module.hessian(*inputs), module.hvp(*inputs, *tangents)]
        return list(_flat(found))


def _flat(result: object) -> Iterator[Array]:
    if isinstance(result, dict):
        yield from map(np.asarray, result.values())
    elif isinstance(result, list | tuple):
        for part in result:
            yield from _flat(part)
    else:
        yield np.asarray(result)


def _unchanged(value: Array) -> Array:
    return value


def _reversed(value: Array) -> Array:
    """The same elements with negative strides."""
    backward = (slice(None, None, -1),) * value.ndim
    return np.array(value[backward])[backward]


def _read_only(value: Array) -> Array:
    result = np.array(value)
    result.flags.writeable = False
    return result


KINDS: dict[str, Callable[[Array], Array]] = {
    "Fortran order": lambda value: np.asfortranarray(value) if value.ndim else value,
    "strided": lambda value: np.repeat(value, 2, axis=-1)[..., ::2] if value.ndim else value,
    "reversed": _reversed,
    "read-only": _read_only,
    "other bytes": lambda value: value.astype(value.dtype.newbyteorder()),
    "NumPy scalars": lambda value: value if value.ndim else value[()],
    "Python scalars": lambda value: value if value.ndim else value.item(),
}

NUMBERS = share(range(20), 10)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("language", SPECS)
def test_any_kind_of_array(language, number):
    called = Called(SPECS[language](number), number)
    wanted = called.results(_unchanged, _unchanged)
    for kind, change in KINDS.items():
        for got, own in zip(called.results(change, change), wanted, strict=True):
            assert got.dtype.newbyteorder("=") == own.dtype, kind
            np.testing.assert_allclose(got, own, rtol=1e-9, atol=1e-9, err_msg=kind)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("language", SPECS)
def test_integers_for_floats(language, number):
    called = Called(SPECS[language](number), number)
    with np.errstate(all="ignore"):
        wanted = called.results(lambda value: np.rint(2 * value), _unchanged)
        found = called.results(lambda value: np.rint(2 * value).astype(np.int64), _unchanged)
    for got, own in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, own, rtol=1e-9, atol=1e-9)


def test_a_softmax_of_integers():
    module = load("gallery:softmax_batched").compile()
    x = np.array([[1, 2, 3], [0, 0, 5]])
    np.testing.assert_allclose(module.forward(x), module.forward(x.astype(float)))
    assert x.dtype == np.int64


def test_an_upstream_gradient_of_integers_is_added_to_as_floats():
    """The gradient of ``x`` is that of the output, with what comes through the gather added to it in place."""
    text = spec(
        ["x: [N]", "i: {shape: [E], dtype: int, sample: {integers: [0, N]}}"],
        ["y[n] = x[n] + sum[e](delta[n,i[e]]*sin(x[i[e]]))"],
        dims="{N: 4, E: 3}",
    )
    module = Emitted(text).module
    x, i, dy = np.array([0.1, 0.2, 0.3, 0.4]), np.array([2, 2, 0]), np.array([1, 0, 1, 0])
    _, (dx,) = module.value_and_grad(x, i, dy)
    assert_close(dx, [1 + np.cos(0.1), 0, 1 + 2 * np.cos(0.3), 0], 1e-14)


def test_floats_are_asked_for_only_where_something_would_be_lost():
    sums_alone = Emitted(spec(["x: [N, M]"], ["y[i,j] = x[i,j] + x[i,j]*[i == j] - 2*x[i,0]"], dims="{N: 3, M: 4}"))
    assert "_floating" not in sums_alone.source
    roots = Emitted(spec(["x: [N, M]"], ["y[i,j] = exp(x[i,j])/(1[k]*exp(x[i,k]))"], dims="{N: 3, M: 4}"))
    assert roots.source.count("x = _floating(x)") == roots.source.count("np.exp(y, out=y)")
