"""What is added at positions that integer tensors tell: at once where none repeats, and into what is there already."""

from __future__ import annotations

import re

import numpy as np
import pytest
from emit_tools import Emitted, check_everything, spec

HEAD = """
dims: {B: 4, N: 5, K: 3}
inputs:
  z: [B, N]
  e: [N, K]
  t: [B]
  y: {shape: [B], dtype: int}
  c: {shape: [B], dtype: int}
"""

# the equation -> how the gradient of z or e is written at positions
WRITTEN = {
    "f = sum[b](logsumexp[i](z[b,i]) - z[b,y[b]])/B": ["[t1, y] -="],
    "f = sum[b](t[b]*z[b,y[b]])": ["[t1, y] ="],
    "f = sum[b](z[b,y[b]]*sum[i](z[b,i]^2))": ["[t1, y] +="],
    "f = sum[b](t[b]*sum[i](z[b,i]^2) - t[b]*z[b,y[b]])": ["[t1, y] -="],
    "f = sum[b](t[b]*z[b,y[b]]^2) - sum[b](z[b,c[b]])": ["[t1, y] =", "[t1, c] -="],
    "f = sum[b](t[b]*e[y[b],c[b]])": ["_add_at"],
    "f = sum[b,k](t[b]*e[y[b],k]) + sum[n,k](e[n,k]^2)": ["_add_at"],
    "f[n] = sum[b](t[b]*z[b,y[b]]*z[0,n])": ["[t1, y] ="],
}


@pytest.mark.parametrize("equation", WRITTEN)
def test_written(equation: str) -> None:
    emitted = Emitted(f"{HEAD}equations: ['{equation}']\n")
    code = emitted.source
    backward = code[code.index("def backward") : code.index("def value_and_grad")]
    assert re.findall(r"\[t1, [yc]\] [-+]?=|_add_at", re.sub(r"\bt\d,", "t1,", backward)) == WRITTEN[equation]
    check_everything(emitted)


def test_nothing_is_ignored_where_nothing_is_worked_out() -> None:
    """What is chosen has been saved: choosing warns of nothing."""
    emitted = Emitted("inputs: {x: [3]}\nequations: ['y[i] = where(x[i] > 0, x[i], exp(x[i]) - 1)']\n")
    assert "@np.errstate" in emitted.source[: emitted.source.index("def forward_saved")]
    assert "@np.errstate" not in _before(emitted.source, "backward")


def test_saved_arrays_have_the_axes_that_they_were_saved_with() -> None:
    emitted = Emitted(
        "dims: {L: 5}\ninputs: {x: {shape: [L], outside: 0}, w: [3]}\nindices: {t: L}\n"
        "equations: ['y[t] = x[t+s-1]*w[s]']\n"
    )
    assert '_check_axes("x", x, 1)' in emitted.source
    assert "_check_axes" not in emitted.source[emitted.source.index("def backward") :].split("def value_and_grad")[0]
    check_everything(emitted)


def test_what_is_added_at_positions_has_its_axes_in_the_order_of_theirs() -> None:
    emitted = Emitted(
        "dims: {B: 8, L: 5, V: 6, D: 3}\n"
        "inputs: {e: [V, D], t: {shape: [B, L], dtype: int, sample: {integers: [0, 6]}}, a: [B, L]}\n"
        "equations: ['y[b,d] = a[b,l]*e[t[b,l],d]']\n"
    )
    assert "_add_at(de, (t,), dy[:, None] * a[..., None])" in emitted.source
    check_everything(emitted)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("shape", "counts"), [((7, 3), (50,)), ((7, 4, 2), (3, 5)), ((7, 5), ()), ((4, 2000), (90,)), ((7, 2, 0), (5,))]
)
def test_adding_at_places_is_what_numpy_does(shape, counts, order, dtype):
    """To an array in either order, of values that are broadcast, at one place or several, from the end as well."""
    emitted = Emitted("inputs: {e: [4, 2], t: {shape: [3], dtype: int}}\nequations: ['y[b,d] = e[t[b],d]']")
    add_at = vars(emitted.module)["_add_at"]
    random = np.random.default_rng(0)
    for axes in (1, 2):
        places = tuple(random.integers(-size, size, counts) for size in shape[:axes])
        for values in (
            random.normal(size=(*counts, *shape[axes:])),
            random.normal(size=(*counts, *[1] * len(shape[axes:]))),
        ):
            made = np.asarray(random.normal(size=shape), dtype, order=order)
            wanted = made.copy()
            add_at(made, places, values.astype(dtype))
            np.add.at(wanted, places, np.broadcast_to(values.astype(dtype), (*counts, *shape[axes:])))
            np.testing.assert_array_equal(made, wanted)


def _before(source: str, function: str) -> str:
    """What stands directly before a function."""
    return source[: source.index(f"def {function}")].rstrip("\n").splitlines()[-1]


# Products that are larger than their factors along the axes that a loop goes over.
STEP_BY_STEP = {
    "depthwise": (["x: [2, 3, 8, 7]", "w: [3, 3, 2]"], ["y[n,c,i,j] = x[n,c,i+p,j+q]*w[c,p,q]"]),
    "weights of each place": (["x: [9, 2]", "w: [6, 4]"], ["y[i,c] = x[i+p,c]*w[i,p]"]),
    "a square in between": (["x: [9, 2]", "w: [4]", "z: [6, 2]"], ["y[i,c] = x[i+p,c]*w[p]^2*z[i,c]"]),
    "a divisor": (["x: [9, 2]", "pw: [4]"], ["y[i,c] = x[i+k,c]/pw[k]"]),
}


@pytest.mark.parametrize("name", STEP_BY_STEP)
def test_products_that_loops_add_up_are_made_step_by_step(name: str) -> None:
    emitted = Emitted(spec(*STEP_BY_STEP[name]))
    code = emitted.source
    backward = code[code.index("def backward") : code.index("def value_and_grad")]
    added = re.findall(r"^        \w+\[.*\] \+= (.*)$", backward, re.MULTILINE)
    assert added
    assert all("[p]" in line or "[p, q]" in line for line in added)
    assert all(" * " in line or " / " in line for line in added)
    check_everything(emitted)


@pytest.mark.parametrize(("position", "size"), [("2*i+2*p-1", 9), ("2*i+2*p", 10), ("3*i+6*p-2", 11)])
def test_steps_with_a_common_factor_are_added_window_by_window(position: str, size: int) -> None:
    x = f"x: {{shape: [2, {size}], outside: 0}}"
    text = spec([x, "w: [3, 2, K]"], [f"y[o,i] = w[o,c,p]*x[c,{position}]"], dims="{K: 2}", indices="{i: 3}")
    emitted = Emitted(text)
    backward = emitted.source.partition("def backward")[2].partition("def value_and_grad")[0]
    assert "for p in range(" in backward
    assert "np.arange" not in backward
    check_everything(emitted)


@pytest.mark.parametrize("size", [1, 2])
def test_a_step_that_is_0_at_the_sizes_of_the_spec(size: int) -> None:
    """Slices have no such step; at other sizes it is one."""
    inputs = "{x: [4], w: [K], u: [H]}"
    text = f"dims: {{K: 1, H: 2}}\ninputs: {inputs}\nequations: ['y[i,k] = w[k]*u[i]*x[K*i-i+k]']\n"
    check_everything(Emitted(text, {"K": size}))


@pytest.mark.parametrize("size", [1, 2, 4])
def test_loops_over_two_indices_may_have_no_step(size):
    """Of a short axis nothing is left by a condition: `ndindex` knows no negative lengths."""
    inputs = ["w: [N, N]", "e: ['2*N']", "y: {shape: [N], dtype: int}"]
    equation = "f = sum[i,j](tanh(w[i,j])*where(i < 2, delta[i,j], 3)*[y[i] == y[j]]*e[i+j])"
    made = Emitted(spec(inputs, [equation], dims="{N: 5}", wrt="[w, e]"), {"N": size})
    assert "np.ndindex(N, max(N - 2, 0))" in made.source
    check_everything(made, tolerance=1e-6)
