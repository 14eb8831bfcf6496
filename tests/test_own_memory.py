"""Every array that an emitted function returns has memory of its own: what is done to one changes no other."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from emit_tools import Emitted, as_list, assert_close, spec

FUNCTIONS = {
    "a sum": (["x: [3]", "w: [3]", "v: [3]"], ["y[i] = x[i] + w[i] + v[i]"], None),
    "a sum, transposed": (["x: [3, 3]", "w: [3, 3]"], ["y[i,j] = x[i,j] + w[j,i]"], None),
    "one factor": (["x: [3]", "w: [3]"], ["y[i] = exp(x[i] + w[i])"], None),
    "the input, twice": (["x: [3]"], ["y[i] = x[i]", "z[i] = x[i]"], "[y, z]"),
    "an output, twice": (["x: [3]"], ["y[i] = exp(x[i])", "z[i] = y[i]", "u[i] = y[i]"], "[y, z, u]"),
    "scalars": (["x: []", "w: []"], ["y = x + w", "z = y"], "[y, z]"),
    "a square": (["x: [3]", "w: [3]"], ["y = (x[i] + w[i])*(x[i] + w[i])"], None),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_result_shares_memory(name):
    inputs, equations, outputs = FUNCTIONS[name]
    emitted = Emitted(spec(inputs, equations, **({"outputs": outputs} if outputs else {})))
    refuse_shared_memory(emitted, list(emitted.inputs().values()), second=name == "a square")


TURNED = {
    "an input": "y[k] = x[k%2,k//2]",
    "an input, to a matrix": "y[k,j] = x[k%2,k//2]*x[1,j]",
    "a definition": "t[i,j] = exp(x[i,j])\ny[k] = t[k%2,k//2]^2*t[0,k//2]",
    "an output": "t[i,j] = exp(x[i,j])\ny[k] = t[k%2,k//2]",
}


@pytest.mark.parametrize("name", TURNED)
def test_what_is_turned_and_reshaped_shares_no_memory_with_axes_of_size_1(name):
    outputs = {"outputs": "[t, y]"} if name == "an output" else {}
    text = spec(["x: [2, N]"], TURNED[name].splitlines(), dims="{N: 3}", indices="{k: 2*N}", **outputs)
    refuse_shared_memory(Emitted(text), [np.array([[0.5], [2.0]])])


# NumPy reads at a number without a copy; the number may be given, or be read from an array
ROWS = {
    "an input": "y[j] = x[{},j]",
    "a definition": "t[i,j] = exp(x[i,j])\ny[j] = t[{},j] + w*delta[j,0]\nz[i] = 1[j]*t[i,j]^2",
    "a slice of a definition": "t[i,j] = exp(x[i,j])\ny[j] = t[{},N-1-j] + w*delta[j,1]\nz[i] = 1[j]*t[i,j]^2",
    "of another row": "t[i,j] = x[i,j]^2\nu[j] = t[{},j]*w\ny[j] = t[{},j] + u[j]*delta[j,1]\nz[j] = u[j]",
}


@pytest.mark.parametrize("place", ["k", "n[1]"])
@pytest.mark.parametrize("name", ROWS)
def test_what_is_read_at_a_number_shares_no_memory(name, place):
    inputs = ["x: [2, N]", "w: []", f"{place[0]}: {{shape: {[2] if place == 'n[1]' else []}, dtype: int}}"]
    equations = ROWS[name].replace("{}", place).splitlines()
    outputs = [each[0] for each in equations if each[0] in "yz"]
    emitted = Emitted(spec(inputs, equations, dims="{N: 3}", outputs=f"[{', '.join(outputs)}]", wrt="[x, w]"))
    given = [np.arange(6.0).reshape(2, 3), np.array(2.0), np.array([0, 1]) if place == "n[1]" else np.int64(1)]
    refuse_shared_memory(emitted, given, tangents=given[:2])
    plain = emitted.plain(dict(zip(emitted.names, given, strict=True)))
    for found, expected in zip(as_list(emitted.module.forward(*given), len(outputs)), plain, strict=True):
        assert_close(found, expected)


WINDOWS = {
    "padded": ("x: {shape: [N], outside: 0}", ["y[i] = x[2*i+k-1]*w[k]"]),
    "of a definition": ("x: [N]", ["t[n] = tanh(x[n])", "y[i] = t[i+k]*w[k]"]),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_no_element_of_a_jacobian_shares_memory_with_another(name):
    x, equations = WINDOWS[name]
    text = spec([x, "w: [K]"], equations, dims="{N: 5, K: 2}", indices="{i: N-K+1}", outputs="[y]")
    jacobian = Emitted(text).module.jacobian(np.arange(5.0), np.arange(2.0))
    for each in jacobian.values():
        expected = each.copy()
        for array in (each, expected):
            array[1, 1] = 7
        assert np.array_equal(each, expected)


def refuse_shared_memory(emitted, given, *, tangents=None, second=False):
    """Call all that is emitted; no array that a function returns may share memory with another, or with an argument."""
    tangents = given if tangents is None else tangents
    module, count = emitted.module, len(emitted.program.outputs)
    values = as_list(module.forward(*given), count)
    upstream = [np.ones_like(value) for value in values]
    returned = {
        "forward": values,
        "backward": module.backward(module.forward_saved(*given)[1], *upstream),
        "value_and_grad": module.value_and_grad(*given, *upstream)[1],
        "jvp": as_list(module.jvp(*given, *tangents), count),
        "jacobian": module.jacobian(*given).values(),
    }
    if second:
        returned["hessian"] = module.hessian(*given).values()
        returned["hvp"] = module.hvp(*given, *tangents)
    for function, results in returned.items():
        arrays = [np.asarray(result) for result in results]
        others = [np.asarray(argument) for argument in (*upstream, *given)]
        for one, other in (*itertools.combinations(arrays, 2), *itertools.product(arrays, others)):
            assert not np.shares_memory(one, other), function
