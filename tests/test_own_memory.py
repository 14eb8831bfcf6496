"""Every array that an emitted function returns has memory of its own: what is done to one changes no other."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from emit_tools import Emitted, as_list, spec

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
    module, given, count = emitted.module, list(emitted.inputs().values()), len(emitted.program.outputs)
    values = as_list(module.forward(*given), count)
    upstream = [np.ones_like(value) for value in values]
    returned = {
        "forward": values,
        "backward": module.backward(module.forward_saved(*given)[1], *upstream),
        "value_and_grad": module.value_and_grad(*given, *upstream)[1],
        "jvp": as_list(module.jvp(*given, *given), count),
        "jacobian": module.jacobian(*given).values(),
    }
    if name == "a square":
        returned["hessian"] = module.hessian(*given).values()
        returned["hvp"] = module.hvp(*given, *given)
    for function, results in returned.items():
        arrays = [np.asarray(result) for result in results]
        others = [np.asarray(argument) for argument in (*upstream, *given)]
        for first, second in (*itertools.combinations(arrays, 2), *itertools.product(arrays, others)):
            assert not np.shares_memory(first, second), function
