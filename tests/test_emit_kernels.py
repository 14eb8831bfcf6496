"""Emitted code of short arrays that are read at the differences of long indices: transposed convolutions."""

import pytest
from emit_tools import check_at_sizes, spec

import tcgrad

KERNEL = "w: {shape: [K], outside: 0}"

# A spec, and other sizes that fit it.
KERNELS = {
    "of stride 2": (
        spec(["x: [N]", KERNEL], ["y[t] = x[i]*w[t-2*i]"], dims="{N: 5, K: 3}", indices="{t: 2*(N-1)+K}"),
        [{"N": 7}, {"N": 2, "K": 5}, {"N": 1, "K": 1}, {"N": 6, "K": 2}],
    ),
    "of channels": (
        spec(
            ["x: [B, C, N]", "w: {shape: [C, O, K], outside: 0}"],
            ["y[b,o,t] = x[b,c,i]*w[c,o,t-2*i]"],
            dims="{B: 2, C: 2, O: 3, N: 4, K: 3}",
            indices="{t: 2*(N-1)+K}",
        ),
        [{"N": 6, "B": 1}, {"N": 2, "K": 4}],
    ),
    "a convolution": (
        spec(["x: [N]", KERNEL], ["y[t] = x[i]*w[t-i]"], dims="{N: 5, K: 3}", indices="{t: N+K-1}"),
        [{"N": 8, "K": 2}, {"N": 2, "K": 4}],
    ),
    "that is cut off": (
        spec(["x: [N]", KERNEL], ["y[t] = x[i]*w[t-2*i+1]"], dims="{N: 5, K: 3}", indices="{t: 2*N-1}"),
        [{"N": 8, "K": 2}, {"N": 2, "K": 4}, {"N": 1, "K": 3}],
    ),
    "longer than it reaches": (
        spec(["x: [N]", KERNEL], ["y[t] = x[i]*w[t-i-1]"], dims="{N: 5, K: 3}", indices="{t: N+2*K}"),
        [{"N": 8, "K": 2}, {"N": 2, "K": 4}],
    ),
    "backward": (
        spec(["x: [N]", KERNEL], ["y[t] = x[i]*w[i-t]"], dims="{N: 5, K: 3}", indices="{t: N}"),
        [{"N": 8, "K": 2}, {"N": 2, "K": 4}],
    ),
    "under brackets": (
        spec(["x: [N]", "w: [K]"], ["y[t] = [0 <= t-2*i < K]*x[i]*w[t-2*i]"], dims="{N: 5, K: 3}", indices="{t: 2*N}"),
        [{"N": 8, "K": 2}, {"N": 2, "K": 4}],
    ),
    "in two directions": (
        spec(
            ["x: [N, M]", "w: {shape: [K, L], outside: 0}"],
            ["y[t,s] = x[i,j]*w[t-2*i,s-3*j]"],
            dims="{N: 4, M: 5, K: 3, L: 2}",
            indices="{t: 2*(N-1)+K, s: 3*(M-1)+L}",
        ),
        [{"N": 2, "M": 3}, {"K": 5, "L": 4}],
    ),
    "beside others": (
        spec(
            ["x: [N]", "v: [T]", KERNEL],
            ["y[t] = sin(x[i])*w[t-i]*v[t]", "f = y[t]^2*w[t]"],
            dims="{N: 5, K: 3, T: 6}",
            outputs="[f]",
        ),
        [{"N": 7, "T": 4}, {"K": 2, "T": 9}],
    ),
    "of a sum": (
        spec(["x: [N]", KERNEL], ["y[t] = x[i]^2*(w[t-i] + x[i]*w[t-i]^2)"], dims="{N: 5, K: 3}", indices="{t: N+2}"),
        [{"N": 7}, {"K": 2}, {"K": 8}],
    ),
    "in a scalar": (
        spec(["x: [N]", "z: [T]", KERNEL], ["f = x[i]*w[t-i]*z[t]"], dims="{N: 5, K: 3, T: 7}"),
        [{"N": 7}, {"T": 2}, {"K": 2, "T": 1}],
    ),
}


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_are_right_at_all_sizes(name):
    text, others = KERNELS[name]
    check_at_sizes(text, others)
    assert tcgrad.loads(text).check(trials=1).ok


def test_no_array_of_all_differences_is_made():
    text, _ = KERNELS["of channels"]
    source = tcgrad.loads(text).emit()
    backward = source[source.index("def forward_saved") : source.index("def value_and_grad")]
    assert "_pad(" not in backward
    assert "y[..., p : 2 * N + p : 2] += t2[p]" in backward
    assert "t2 = sliding_window_view(dy, K, axis=2)[:, :, ::2]" in backward
