"""TC7xx: warnings about what is right and yet may not be meant."""

from __future__ import annotations

from tcgrad.codes.code import Code

_HEAD = "dims: {N: 4, M: 3}\ninputs: {x: [N], w: [M]}\n"
_BOTH = "equations: ['y[i,j] = x[i]*w[j]']\n"

CODES: tuple[Code, ...] = (
    Code(
        "TC701",
        "an input that no output depends on (a warning)",
        "The function takes an argument that does not matter. Its gradient is 0.",
        _HEAD + "equations: ['y[i] = 2*x[i]']\n",
        _HEAD + _BOTH,
    ),
    Code(
        "TC702",
        "a constant that nothing uses (a warning)",
        "A named number stands in no equation.",
        "constants: {eps: 1e-5}\n" + _HEAD + _BOTH,
        "constants: {eps: 1e-5}\n" + _HEAD + "equations: ['y[i,j] = x[i]*w[j] + eps']\n",
    ),
    Code(
        "TC703",
        "a dim that nothing uses (a warning)",
        "A named size stands in no shape, in no other dim and in no equation.",
        "dims: {N: 4, M: 3, K: 5}\ninputs: {x: [N], w: [M]}\n" + _BOTH,
        _HEAD + _BOTH,
    ),
    Code(
        "TC704",
        "a function that nothing uses (a warning)",
        "A function is declared and never called.",
        'functions: {"f(z)": "z^2"}\n' + _HEAD + _BOTH,
        'functions: {"f(z)": "z^2"}\n' + _HEAD + "equations: ['y[i,j] = f(x[i])*w[j]']\n",
    ),
    Code(
        "TC705",
        "an equation that leads to no output (a warning)",
        "What the equation defines is computed for nothing. The outputs are those under `outputs`, or the tensor of "
        "the last equation.",
        _HEAD + "equations: ['z[i] = 2*x[i]', 'y[i,j] = x[i]*w[j]']\n",
        _HEAD + "outputs: [y, z]\nequations: ['z[i] = 2*x[i]', 'y[i,j] = x[i]*w[j]']\n",
    ),
    Code(
        "TC706",
        "an output without derivatives (a warning)",
        "An output depends on none of the inputs that are differentiated by.",
        "dims: {N: 4}\ninputs: {x: [N], k: {shape: [N], dtype: int}}\noutputs: [y, z]\n"
        "equations: ['y[i] = x[i]^2', 'z[i] = 2*k[i]']\n",
        "dims: {N: 4}\ninputs: {x: [N], k: {shape: [N], dtype: int}}\noutputs: [y, z]\n"
        "equations: ['y[i] = x[i]^2', 'z[i] = x[i]*k[i]']\n",
    ),
    Code(
        "TC707",
        "two axes of one size by chance (a warning)",
        "Two axes of an input have different dims, or a dim and a number, of the same size. Code that takes one axis "
        "for the other runs all the same. With different sizes it does not. An axis that has the same dim twice is "
        "square by intent.",
        "dims: {N: 4, M: 4}\ninputs: {a: [N, M]}\nequations: ['y[j,i] = a[i,j]']\n",
        "dims: {N: 4, M: 3}\ninputs: {a: [N, M]}\nequations: ['y[j,i] = a[i,j]']\n",
    ),
    Code(
        "TC708",
        "a dim of size 1 (a warning)",
        "Over an axis of size 1 a sum changes nothing, and NumPy broadcasts along it. A mistake in either is not seen.",
        "dims: {N: 4, B: 1}\ninputs: {x: [B, N]}\nequations: ['y[i] = 1[b]*x[b,i]']\n",
        "dims: {N: 4, B: 2}\ninputs: {x: [B, N]}\nequations: ['y[i] = 1[b]*x[b,i]']\n",
    ),
    Code(
        "TC709",
        "a range of an index that does not occur (a warning)",
        "A range under `indices` is that of an index which no equation and no expectation has. It may be misspelt.",
        "dims: {N: 4}\ninputs: {x: [N]}\nindices: {j: N}\nequations: ['y[i] = 2*x[i]']\n",
        "dims: {N: 4}\ninputs: {x: [N]}\nindices: {i: N}\nequations: ['y[i] = 2*x[i]']\n",
    ),
    Code(
        "TC710",
        "a condition that positions decide beforehand (a warning)",
        "A bracket is 0, or a branch is not taken, at every position. Where the range of the index follows from what "
        "is read beside it, as that of `x[i+1]` does, the position that is meant may be left out.",
        "dims: {N: 4}\ninputs: {x: [N]}\nequations: ['y[i] = where(i == N-1, x[0], x[i+1])']\n",
        "dims: {N: 4}\ninputs: {x: [N]}\nindices: {i: N}\nequations: ['y[i] = x[(i+1)%N]']\n",
    ),
)
