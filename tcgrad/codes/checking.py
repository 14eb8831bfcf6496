"""TC5xx: checks."""

from __future__ import annotations

from tcgrad.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "TC501",
        "an option of the check cannot have this value",
        "A type or a method is not one of those that the message lists, or a number is too small.",
        "tcgrad check gallery:matmul --trials 0",
        "tcgrad check gallery:matmul --trials 1",
    ),
    Code(
        "TC502",
        "the check would be too big",
        "A check evaluates the function at the sizes of the spec. The memory and the operations that it needs are "
        "estimated before anything is allocated, and what cannot be done is refused with the number.",
        example="""\
dims: {n: 1000000}
inputs: {x: [n]}
equations: ["y[i,j] = x[i]*x[j]"]
""",
        mended="""\
dims: {n: 10}
inputs: {x: [n]}
equations: ["y[i,j] = x[i]*x[j]"]
""",
    ),
    Code(
        "TC503",
        "the function to check is not there",
        "`--against` takes MODULE:FUNCTION, where MODULE can be imported from the current folder or from where Python"
        " looks, and FUNCTION is a function in it, or one of a class or an object in it, as in `Layer.backward`.",
        "tcgrad check gallery:matmul --against backward",
        "tcgrad check gallery:matmul --against kernels:backward",
    ),
    Code(
        "TC504",
        "an integer input is drawn outside of what it indexes",
        "Where an integer input stands in an index position, its values must be positions of the tensor that it"
        " indexes: from 0 to the size less 1. `integers: [lo, hi]` leaves hi out.",
        example="""\
dims: {V: 7, D: 3, B: 4}
inputs: {e: [V, D], tok: {shape: [B], dtype: int, sample: {integers: [0, 9]}}}
equations: ["y[b,d] = e[tok[b],d]"]
""",
        mended="""\
dims: {V: 7, D: 3, B: 4}
inputs: {e: [V, D], tok: {shape: [B], dtype: int, sample: {integers: [0, 7]}}}
equations: ["y[b,d] = e[tok[b],d]"]
""",
    ),
    Code(
        "TC505",
        "the framework of the functions to check is not there",
        "`--against-framework` takes `numpy`, `torch` or `jax`. The last two are packages of their own, which tcgrad"
        " does not install.",
        "tcgrad check gallery:matmul --against kernels:backward --against-framework tensorflow",
        "tcgrad check gallery:matmul --against kernels:backward --against-framework torch",
    ),
)
