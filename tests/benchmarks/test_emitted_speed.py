"""Emitted code against hand-written NumPy, forward and gradients, as ratios; run with ``-m benchmark``.

Both run in turns in one process, and the best of several rounds counts.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from scipy import special

import tcgrad

pytestmark = pytest.mark.benchmark
ROUNDS = 15


def ratio(emitted: Callable[[], object], by_hand: Callable[[], object], name: str) -> float:
    """The time of the emitted code over that of the other; both are checked to give the same before."""
    for got, wanted in zip(_flat(emitted()), _flat(by_hand()), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-8)
    times = [(_seconds(emitted), _seconds(by_hand)) for _ in range(ROUNDS)]
    ours, theirs = (min(column) for column in zip(*times, strict=True))
    print(f"\n{name}: emitted {ours * 1e3:.1f} ms, by hand {theirs * 1e3:.1f} ms, ratio {ours / theirs:.2f}")
    return ours / theirs


def _seconds(function: Callable[[], object]) -> float:
    start = perf_counter()
    function()
    return perf_counter() - start


def _flat(result: object) -> list[object]:
    return [part for item in result for part in _flat(item)] if isinstance(result, tuple) else [result]


def test_convolution():
    n, c, o, h, w = 8, 16, 32, 32, 32
    random = np.random.default_rng(0)
    x, k = random.normal(size=(n, c, h, w)), random.normal(size=(o, c, 3, 3))
    dy = random.normal(size=(n, o, h - 2, w - 2))
    text = f"inputs: {{x: [{n}, {c}, {h}, {w}], k: [{o}, {c}, 3, 3]}}\n"
    module = tcgrad.loads(text + "equations: ['y[n,o,i,j] = x[n,c,i+p,j+q]*k[o,c,p,q]']").compile()

    def by_hand():
        windows = sliding_window_view(x, (3, 3), axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5).reshape(-1, c * 9)
        y = (windows @ k.reshape(o, -1).T).reshape(n, h - 2, w - 2, o).transpose(0, 3, 1, 2)
        rows = dy.transpose(0, 2, 3, 1).reshape(-1, o)
        spread = (rows @ k.reshape(o, -1)).reshape(n, h - 2, w - 2, c, 3, 3)
        dx = np.zeros_like(x)
        for p, q in np.ndindex(3, 3):
            dx[:, :, p : p + h - 2, q : q + w - 2] += spread[..., p, q].transpose(0, 3, 1, 2)
        return y, (dx, (rows.T @ windows).reshape(k.shape))

    assert ratio(lambda: module.value_and_grad(x, k, dy), by_hand, "3x3 convolution") < 1.2


def test_causal_attention():
    b, t, d = 8, 256, 64
    random = np.random.default_rng(0)
    q, k, v, do = (random.normal(size=(b, t, d)) for _ in range(4))
    equations = [
        f"s[b,i,j] = q[b,i,d]*k[b,j,d]/{int(d**0.5)}",
        "a[b,i,j] = [j <= i]*exp(s[b,i,j])/sum[m]([m <= i]*exp(s[b,i,m]))",
        "o[b,i,d] = a[b,i,j]*v[b,j,d]",
    ]
    shape = f"[{b}, {t}, {d}]"
    module = tcgrad.loads(f"inputs: {{q: {shape}, k: {shape}, v: {shape}}}\nequations: {equations}\n").compile()
    later = ~np.tri(t, dtype=bool)

    def softmax():
        """Without overflow, as the emitted code is, and as attention is written."""
        s = q @ k.swapaxes(-1, -2) / d**0.5
        s[:, later] = -np.inf
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def softmax_that_overflows():
        e = np.exp(q @ k.swapaxes(-1, -2) / d**0.5) * ~later
        return e / e.sum(axis=-1, keepdims=True)

    def by_hand(weights):
        a = weights()
        o = a @ v
        ds = a * (do @ v.swapaxes(-1, -2) - np.einsum("bij,bij->bi", do, o)[..., None])
        return o, (ds @ k / d**0.5, ds.swapaxes(-1, -2) @ q / d**0.5, a.swapaxes(-1, -2) @ do)

    def emitted():
        return module.value_and_grad(q, k, v, do)

    ratio(emitted, lambda: by_hand(softmax_that_overflows), "causal attention, by hand where exp may overflow")
    assert ratio(emitted, lambda: by_hand(softmax), "causal attention") < 1.1


def test_recurrent_network():
    steps, b, m, h = 64, 32, 64, 128
    random = np.random.default_rng(0)
    x, h0 = random.normal(size=(steps, b, m)), random.normal(size=(b, h))
    w, u = random.normal(size=(h, h)) / 11, random.normal(size=(h, m)) / 8
    dh = random.normal(size=(steps, b, h))
    text = f"inputs: {{x: [{steps}, {b}, {m}], h0: [{b}, {h}], w: [{h}, {h}], u: [{h}, {m}]}}\n"
    equations = ["h[-1,b,j] = h0[b,j]", "h[t,b,j] = tanh(w[j,k]*h[t-1,b,k] + u[j,m]*x[t,b,m])"]
    module = tcgrad.loads(f"{text}equations: {equations}\n").compile()

    def by_hand():
        z, states = x @ u.T, np.empty((steps + 1, b, h))
        states[0] = h0
        for t in range(steps):
            states[t + 1] = np.tanh(z[t] + states[t] @ w.T)
        slope, dz, carried = 1 - states[1:] ** 2, np.empty_like(dh), np.zeros((b, h))
        for t in reversed(range(steps)):
            dz[t] = (dh[t] + carried) * slope[t]
            carried = dz[t] @ w
        rows = dz.reshape(-1, h)
        return states[1:], (dz @ u, carried, rows.T @ states[:-1].reshape(-1, h), rows.T @ x.reshape(-1, m))

    assert ratio(lambda: module.value_and_grad(x, h0, w, u, dh), by_hand, "recurrent network") < 1.2


def test_layer_norm():
    b, h = 256, 512
    random = np.random.default_rng(0)
    x, dy = random.normal(size=(b, h)), random.normal(size=(b, h))
    gamma, beta = random.normal(size=h), random.normal(size=h)
    module = tcgrad.load("gallery:layer_norm").compile()

    def by_hand():
        m = x.mean(axis=-1, keepdims=True)
        s = 1 / np.sqrt(((x - m) ** 2).mean(axis=-1, keepdims=True) + 1e-5)
        z = (x - m) * s
        g = dy * gamma
        dx = s * (g - g.mean(axis=-1, keepdims=True) - z * (g * z).mean(axis=-1, keepdims=True))
        return z * gamma + beta, (dx, (dy * z).sum(axis=0), dy.sum(axis=0))

    assert ratio(lambda: module.value_and_grad(x, gamma, beta, dy), by_hand, "layer norm") < 1.1


def test_batch_norm():
    b, h = 1024, 512
    random = np.random.default_rng(0)
    x, dy, gamma, beta = (random.normal(size=shape) for shape in ((b, h), (b, h), h, h))
    module = tcgrad.loads(
        f"dims: {{B: {b}, H: {h}}}\n"
        "inputs: {x: [B, H], gamma: [H], beta: [H]}\n"
        "equations:\n"
        "  - m[h] = mean[b](x[b,h])\n"
        "  - s[h] = 1/sqrt(mean[b]((x[b,h] - m[h])^2) + 1e-5)\n"
        "  - z[b,h] = (x[b,h] - m[h])*s[h]\n"
        "  - y[b,h] = z[b,h]*gamma[h] + beta[h]\n"
        "outputs: [y]\n"
    ).compile()

    def by_hand():
        z = x - x.mean(axis=0)
        s = 1 / np.sqrt(np.einsum("bh,bh->h", z, z) / b + 1e-5)
        z *= s
        y = z * gamma
        y += beta
        dbeta, dgamma = dy.sum(axis=0), np.einsum("bh,bh->h", dy, z)
        dx = dy - dbeta / b
        dx -= z * (dgamma / b)
        dx *= s * gamma
        return y, (dx, dgamma, dbeta)

    assert ratio(lambda: module.value_and_grad(x, gamma, beta, dy), by_hand, "batch norm") < 1.5


def test_cross_entropy_of_labels():
    n, k = 1024, 512
    random = np.random.default_rng(0)
    z, labels = random.normal(size=(n, k)), random.integers(0, k, n)
    module = tcgrad.loads(
        f"dims: {{N: {n}, K: {k}}}\n"
        f"inputs: {{z: [N, K], y: {{shape: [N], dtype: int, sample: {{integers: [0, {k}]}}}}}}\n"
        "equations: ['l = mean[n](logsumexp[k](z[n,k]) - z[n,y[n]])']\n"
    ).compile()
    rows = np.arange(n)

    def by_hand():
        largest = z.max(axis=1, keepdims=True)
        p = np.exp(z - largest)
        total = p.sum(axis=1, keepdims=True)
        loss = (np.log(total) + largest).mean() - z[rows, labels].mean()
        p /= total
        p[rows, labels] -= 1
        p /= n
        return loss, (p,)

    assert ratio(lambda: module.value_and_grad(z, labels), by_hand, "cross-entropy of labels") < 1.3


def test_gelu():
    random = np.random.default_rng(0)
    x, dy = random.normal(size=(256, 512)), random.normal(size=(256, 512))
    module = tcgrad.loads(
        "inputs: {x: [I, J]}\ndims: {I: 256, J: 512}\nequations: ['y[i,j] = gelu(x[i,j])']\n"
    ).compile()

    def by_hand():
        gate = 0.5 * special.erfc(-np.sqrt(0.5) * x)
        return x * gate, (dy * (gate + x * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)),)

    assert ratio(lambda: module.value_and_grad(x, dy), by_hand, "gelu") < 1.3
