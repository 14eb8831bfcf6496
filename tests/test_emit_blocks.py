"""Emitted code of what reads an axis block by block: pooling, groups, repetition.

Arrays are reshaped, and at sizes that no whole number of blocks makes, cut before and padded after.
"""

import numpy as np
import pytest
from emit_tools import Emitted, assert_close, check_at_sizes, spec

import tcgrad
from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.ranges import never_negative
from tcgrad.ir.sizes import with_dims

POOLED = {"dims": "{N: 8, M: 6, C: 2}", "indices": "{i: N//2, j: M//3, r: 2, s: 3}"}
HEADS = ["q: [H, T]", "k: ['H//2', T]", "v: ['H//2', T]"]

# A spec, and other sizes that fit it.
BLOCKS = {
    "the mean of each": (
        spec(["x: [N, M, C]"], ["y[i,j,c] = mean[r,s](x[2*i+r,3*j+s,c])"], **POOLED),
        [{"N": 7, "M": 11}, {"N": 3, "M": 3, "C": 1}, {"N": 10, "M": 9}],
    ),
    "the largest of each": (
        spec(["x: [N, M, C]"], ["y[i,j,c] = max[r,s](x[2*i+r,3*j+s,c])"], **POOLED),
        [{"N": 7, "M": 11}, {"N": 5, "M": 4}],
    ),
    "blocks behind the first element": (
        spec(["x: [N]", "w: [3]"], ["y[i] = x[3*i+r+1]*w[r]"], dims="{N: 10}", indices="{i: (N-1)//3}"),
        [{"N": 4}, {"N": 12}, {"N": 7}],
    ),
    "a size that is a multiple where it fits": (
        spec(HEADS, ["a[h,t] = q[h,t]*k[h//2,t]", "o[h,t] = exp(a[h,t])*v[h//2,t]"], dims="{H: 4, T: 3}"),
        [{"H": 6}, {"H": 7, "T": 2}, {"H": 2}],
    ),
    "a range that is asked to be a multiple": (
        spec(HEADS, ["o[h,t] = q[h,t]*k[h//2,t] + v[h//2,t]^2"], dims="{H: 4, T: 3}", indices="{h: H}"),
        [{"H": 6}, {"H": 2, "T": 1}],
    ),
    "blocks whose size is a dim": (
        spec(["x: [N]", "w: [W]"], ["y[i] = w[r]*x[W*i+r]^2"], dims="{N: 7, W: 3}", indices="{i: N//W}"),
        [{"N": 9}, {"N": 5, "W": 2}, {"N": 11, "W": 4}],
    ),
    "blocks of what zeros are read before": (
        spec(["x: {shape: [2*A, N], outside: 0}", "w: [A, N]"], ["y[j] = w[i,j]*x[2*i+1,j-2]"], dims="{A: 2, N: 5}"),
        [{"N": 1}, {"N": 2}, {"N": 3, "A": 1}],
    ),
    "blocks beside elements": (
        spec(["x: [N]"], ["y[i] = 1[r]*sin(x[2*i+r])*x[i]"], dims="{N: 7}", indices="{i: N//2, r: 2}"),
        [{"N": 8}, {"N": 3}],
    ),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_are_right_at_all_sizes(name):
    check_at_sizes(*BLOCKS[name])


def test_means_of_blocks_are_reshaped_there_and_back():
    source = Emitted(BLOCKS["the mean of each"][0]).source
    assert "y = x[: 2 * (N // 2), : 3 * (M // 3)].reshape(N // 2, 2, M // 3, 3, C).mean(axis=(1, 3))" in source
    backward = source.split("def backward")[1].split("\ndef ")[0]
    assert "dx = _pad(t2, (0, N - 2 * (N // 2)), (0, M - 3 * (M // 3)), (0, 0))" in backward
    assert "np.arange" not in backward


def test_a_size_that_is_known_to_be_a_multiple_is_not_cut():
    source = Emitted(BLOCKS["a range that is asked to be a multiple"][0]).source
    assert "q.reshape(H // 2, 2, T)" in source
    assert "pad(" not in source


def test_grouped_heads_are_those_of_repeated_keys():
    module = tcgrad.loads(BLOCKS["a size that is a multiple where it fits"][0]).compile()
    random = np.random.default_rng(5)
    q, k, v, do = (random.normal(size=(heads, 3)) for heads in (6, 3, 3, 6))
    repeated = np.repeat(k, 2, axis=0)
    weights = np.exp(q * repeated)
    o, (dq, dk, dv) = module.value_and_grad(q, k, v, do)
    outside = do * np.repeat(v, 2, axis=0) * weights
    assert_close(o, weights * np.repeat(v, 2, axis=0))
    assert_close(dq, outside * repeated)
    assert_close(dk, (outside * q).reshape(3, 2, 3).sum(axis=1))
    assert_close(dv, (do * weights).reshape(3, 2, 3).sum(axis=1))


N_DIM, W_DIM = Dim("N", 7), Dim("W", 3)
N, W = Integer.of(N_DIM), Integer.of(W_DIM)
TWO = Integer.of(2)


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        (N - (N // TWO) * 2, True),
        (N - (N // TWO) * 2 - 1, False),
        ((N // TWO) * 2 - N, False),
        (N - (N // W) * W, True),
        (N * W - (N // TWO) * W * 2, True),
        (N - (N // TWO) * 3, False),
        ((N - 1) // TWO - (N - 2) // TWO, True),
        ((N - 1) // TWO - N // TWO + 1, True),
        ((N - 1) // TWO - N // TWO, False),
        (N // W - (N - W) // W - 1, True),
        (N // W - (N - W) // W - 2, False),
        (N // TWO - (N - 3) // TWO - 1, True),
        (N // TWO - (N - 4) // TWO - 2, True),
        (N // TWO - (N - 3) // TWO - 2, False),
    ],
)
def test_whole_blocks_are_never_more_than_there_is(size, wanted):
    assert never_negative(size) is wanted
    if wanted:
        assert all(
            with_dims(size, {N_DIM: Integer.of(n), W_DIM: Integer.of(w)}).value >= 0
            for n in range(1, 9)
            for w in range(1, 9)
        )
