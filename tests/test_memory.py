"""The memory of emitted recurrences grows with the number of steps, and no faster."""

import tracemalloc

import pytest
from test_oracles import draw, upstream

import tcgrad
from tcgrad.language.elaborate import elaborate

TWO_STEPS_BACK = """
dims: {T: 4, B: 2, H: 3}
inputs: {x: [T, B, H], w: [H, H], v: [H, H]}
equations:
  - h[0,b,j] = x[0,b,j]
  - h[1,b,j] = tanh(x[1,b,j])
  - h[t,b,j] = tanh(w[j,k]*h[t-1,b,k] + v[j,k]*h[t-2,b,k] + x[t,b,j])
outputs: [h]
"""


def peak(function, sizes, call):
    """The most bytes that are held while one function of the emitted module runs, beside its arguments."""
    module = function.compile()
    program = elaborate(function.program.spec, sizes)
    inputs = draw(program)
    more = {"value_and_grad": upstream(program).values(), "jvp": [inputs[wrt.name] for wrt in program.wrt]}
    tracemalloc.start()
    getattr(module, call)(*inputs.values(), *more.get(call, ()))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("call", ["forward", "value_and_grad", "jvp"])
@pytest.mark.parametrize("name", ["rnn", "hmm", "two steps back"])
def test_memory_is_linear_in_the_number_of_steps(name, call):
    function = tcgrad.loads(TWO_STEPS_BACK) if name == "two steps back" else tcgrad.load(f"gallery:{name}")
    dims = {dim.name: 8 for dim in function.program.dims} | {"B": 16}
    few, many = (peak(function, {**dims, "T": steps}, call) for steps in (100, 400))
    assert many < 4.2 * few
