"""What the checker catches, and what a check costs beside those of PyTorch and JAX; run with ``-m benchmark -s``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from time import process_time
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tcgrad.api import TensorFunction, loads
from tcgrad.check import check
from tcgrad.check.user.against import UserCode, UserFunction

pytestmark = pytest.mark.benchmark

PLANTED = {
    "matmul": "dims: {I: 4, K: 4, J: 4}\ninputs: {x: [I, K], a: [K, J]}\nequations: ['y[i,j] = c*x[i,k]*a[k,j]']",
    "quadratic": "dims: {N: 3}\ninputs: {x: [N], a: [N, N]}\nequations: ['y = c*(x[i]*a[i,j]*x[j] + x[i]*x[i])']",
    "layer": "dims: {I: 3, K: 4}\ninputs: {x: [I, K], a: [K, K], b: [K]}\n"
    "equations: ['y[i,j] = c*relu(x[i,k]*a[k,j] + b[j])']",
    "norm": "dims: {I: 3, K: 4}\ninputs: {x: [I, K]}\nequations:\n - m[i] = mean[k](x[i,k])\n"
    " - y[i,k] = c*(x[i,k] - m[i])/sqrt(mean[j]((x[i,j] - m[i])^2) + 1)",
    "softmax": "dims: {N: 5}\ninputs: {x: [N]}\nequations: ['y[i] = c*exp(x[i])/(1[k]*exp(x[k]))']",
    "recurrence": "dims: {T: 4, N: 3}\ninputs: {x: [T, N], w: [N, N]}\nequations:\n - h[-1,i] = 0\n"
    " - h[t,i] = tanh(w[i,j]*h[t-1,j] + x[t,i])\n - y[t,i] = c*h[t,i]",
    "convolution": "dims: {N: 2, L: 9, K: 3}\ninputs: {x: [N, L], w: [K]}\nequations: ['y[n,i] = c*x[n,i+p]*w[p]']",
    "inverse": "dims: {N: 3}\ninputs: {a: {shape: [N, N], sample: spd}, b: [N]}\n"
    "equations: ['y[i] = c*inv(a)[i,j]*b[j]']",
}


def test_planted_mistakes():
    """Every mistake of the self-test, in every function, at three scales of the outputs."""
    for scale in ("1.0e-6", "1", "1.0e+6"):
        planted = [
            (each.mistake, place)
            for text in PLANTED.values()
            for each in loads(f"constants: {{c: {scale}}}\n{text}\n").check(self_test=True, trials=1).results
            for place in each.planted
        ]
        counts = {
            outcome: sum(place.outcome == outcome for _, place in planted)
            for outcome in ("caught", "escaped", "undecided", "not applicable")
        }
        least = [place.outcome for mistake, place in planted if mistake == "off by 1e-9"]
        print(
            f"\noutputs of size {scale}: {counts}; off by 1e-9: {least.count('caught')} of {len(least)} caught", end=""
        )
        assert not counts["escaped"] + counts["undecided"]
        assert set(least) == {"caught"}


def test_an_untransposed_square_matmul_at_every_size():
    caught = [n for n in range(2, 193) if _catches_the_untransposed(n)]
    print(f"\nan un-transposed square matmul at n = 2...192: {len(caught)} of 191 caught", end="")
    assert caught == list(range(2, 193))


def _catches_the_untransposed(n: int) -> bool:
    made = loads(f"dims: {{N: {n}}}\ninputs: {{x: [N, N], a: [N, N]}}\nequations: ['y[i,j] = x[i,k]*a[k,j]']\n")
    wrong = UserCode(UserFunction("backward", lambda x, a, dy: (dy @ a, x.T @ dy)))
    results = check(made.program, derivation=made.derivation, against=wrong, trials=1, method="directional").results
    return [(r.kind, r.wrt) for r in results if r.status == "fail"] == [("against", "x")]


MATMUL = "dims: {N: 32, K: 32, M: 32}\ninputs: {x: [N, K], w: [K, M]}\nequations: ['y[n,m] = x[n,k]*w[k,m]']"
DENSE = """
dims: {N: 32, K: 64, M: 16}
inputs: {x: [N, K], w: [K, M], b: [M]}
equations: ['y[n,m] = tanh(x[n,k]*w[k,m] + b[m])']
"""
LAYER_NORM = """
dims: {N: 32, K: 64}
inputs: {x: [N, K], g: [K], c: [K]}
equations:
  - m[n] = mean[k](x[n,k])
  - v[n] = mean[k]((x[n,k] - m[n])^2)
  - y[n,k] = (x[n,k] - m[n])/sqrt(v[n] + 1.0e-5)*g[k] + c[k]
"""
ATTENTION = """
dims: {N: 16, M: 16, D: 16}
inputs: {q: [N, D], k: [M, D], v: [M, D]}
equations:
  - s[i,j] = q[i,d]*k[j,d]/sqrt(D)
  - a[i,j] = exp(s[i,j])/(1[m]*exp(s[i,m]))
  - o[i,d] = a[i,j]*v[j,d]
"""
SOFTMAX = "dims: {N: 8}\ninputs: {x: [N]}\nequations: ['y[i] = exp(x[i])/(1[k]*exp(x[k]))']"


def _softmax(m: Any, s: Any) -> Any:
    e = m.exp(s)
    return e / e.sum(-1)[..., None]


def _layer_norm(m: Any, x: Any, g: Any, c: Any) -> Any:
    centred = x - x.mean(-1)[:, None]
    return centred / m.sqrt((centred**2).mean(-1)[:, None] + 1e-5) * g + c


# The spec, and the same function of PyTorch and of JAX, given their module.
COST: dict[str, tuple[str, Callable[..., Any]]] = {
    "matmul 32": (MATMUL, lambda _, x, w: x @ w),
    "dense 32x64x16": (DENSE, lambda m, x, w, b: m.tanh(x @ w + b)),
    "layer norm 32x64": (LAYER_NORM, _layer_norm),
    "attention 16x16": (ATTENTION, lambda m, q, k, v: _softmax(m, q @ k.T / 4.0) @ v),
    "softmax 8": (SOFTMAX, _softmax),
}


# What the others do: one point at the given sizes. gradcheck compares the whole Jacobian there, its fast mode and JAX
# a backward along random directions.
_ONE_POINT = {"sizes": "own", "trials": 1}


class Counted:
    """A function and how often it was called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.calls = function, 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        return self.function(*arguments)


def _best(work: Callable[[], int], runs: int = 5) -> tuple[int, float]:
    """Evaluations, and the shortest of several times, of all cores together: others may be at work beside."""
    times = []
    for _ in range(runs):
        start = process_time()
        evaluations = work()
        times.append(process_time() - start)
    return evaluations, min(times)


def _ours(made: TensorFunction, **options: Any) -> int:
    result = check(made.program, derivation=made.derivation, **{"trials": 1, **options})
    assert result.ok
    return result.evaluations


def _backward(made: TensorFunction, module: ModuleType) -> UserCode:
    """The emitted backward as if it were a user's own."""
    count = len(made.program.inputs)

    def backward(*arguments: Any) -> Any:
        _, saved = module.forward_saved(*arguments[:count])
        return module.backward(saved, *arguments[count:])

    return UserCode(UserFunction("backward", backward))


def _torch(torch: Any, function: Callable[..., Any], inputs: list[Any], **options: Any) -> int:
    counted = Counted(function)
    tensors = [torch.tensor(array, requires_grad=True) for array in inputs]
    assert torch.autograd.gradcheck(counted, tensors, **options)
    return counted.calls


def _jax(test_util: Any, function: Callable[..., Any], inputs: list[Any], modes: str) -> int:
    counted = Counted(function)
    test_util.check_grads(counted, inputs, order=1, modes=[modes])
    return counted.calls


@pytest.mark.parametrize("name", COST)
def test_cost_beside_torch_and_jax(name: str):
    torch = pytest.importorskip("torch")
    jax = pytest.importorskip("jax")
    test_util = pytest.importorskip("jax.test_util")
    jax.config.update("jax_enable_x64", True)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    text, function = COST[name]
    made = loads(f"{text}\n", "cost.yaml")
    module = made.compile()
    random = np.random.default_rng(0)
    inputs = [random.normal(size=[size.value for size in item.tensor.shape]) for item in made.program.inputs]
    backward = _best(
        lambda: _ours(made, only="against", method="directional", against=_backward(made, module), **_ONE_POINT)
    )
    rows = {
        "tcgrad check": _best(lambda: _ours(made)),
        "tcgrad check, the Jacobian": _best(lambda: _ours(made, module=module, only="jacobian", **_ONE_POINT)),
        "gradcheck, full": _best(lambda: _torch(torch, partial(function, torch), inputs)),
        "tcgrad check, a backward": backward,
        "gradcheck, fast_mode": _best(lambda: _torch(torch, partial(function, torch), inputs, fast_mode=True)),
        "check_grads, rev": _best(lambda: _jax(test_util, partial(function, jax.numpy), inputs, "rev")),
        "check_grads, fwd": _best(lambda: _jax(test_util, partial(function, jax.numpy), inputs, "fwd")),
    }
    print(f"\n{name}")
    for title, (evaluations, seconds) in rows.items():
        print(f"  {title:35} {evaluations:6} evaluations {seconds * 1e3:8.1f} ms")
