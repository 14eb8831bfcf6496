"""Where a clip leaves a value as it is, what compares the two strictly does not hold."""

from __future__ import annotations

import pytest

import tcgrad

HEAD = "dims: {B: 4}\nconstants: {e: 0.2}\ninputs: {r: [B], A: [B], w: [B]}\n"

# equations, and the gradient of r
LEFT_OUT = {
    "u[b] = r[b]*A[b]; v[b] = clip(r[b], 1 - e, 1 + e)*A[b]; y[b] = min(u[b], v[b])": "dl/dy[p]*A[p]*[u[p] <= v[p]]",
    "c[b] = clip(r[b], 1 - e, 1 + e); y[b] = max(-r[b]*A[b], -c[b]*A[b])": "-dl/dy[p]*A[p]*[A[p]*r[p] <= A[p]*c[p]]",
    "y[b] = max(r[b], clip(r[b], -1, 1))": "dl/dy[p]*[r[p] >= clip(r[p], -1, 1)]",
    "y[b] = min(exp(A[b]*r[b]), exp(A[b]*clip(r[b], -1, 1)))": (
        "dl/dy[p]*A[p]*y[p]*[A[p]*r[p] <= A[p]*clip(r[p], -1, 1)]"
    ),
}
# equations in which the comparison may hold inside the bounds
KEPT = [
    "y[b] = min(r[b]*A[b], clip(r[b], 1 - e, 1 + e)*w[b])",
    "y[b] = min(2*r[b], clip(r[b], 1 - e, 1 + e))",
    "y[b] = min(r[b]*A[b], clip(w[b], 1 - e, 1 + e)*r[b])",
    # equal but for rounding, which may make the comparison hold
    "c[b] = w[b] + clip(r[b] - w[b], -e, e); y[b] = max(r[b]^2, c[b]^2)",
]


def _gradient(equations: str) -> str:
    function = tcgrad.loads(f"{HEAD}equations: {equations.split('; ')}\n")
    assert function.check(trials=1).ok
    line: str = function.derive().as_dict()["gradients"][0]["index"][-1]
    return line.removeprefix("dl/dr[p] = ")


@pytest.mark.parametrize("equations", LEFT_OUT)
def test_what_does_not_hold_is_left_out(equations: str) -> None:
    assert _gradient(equations) == LEFT_OUT[equations]


@pytest.mark.parametrize("equations", KEPT)
def test_what_may_hold_is_kept(equations: str) -> None:
    gradient = _gradient(equations)
    assert "<= 1" in gradient or "clip(w" in gradient or "<= e]" in gradient


def test_squares_of_squares_are_not_written_out() -> None:
    squares = [f"u{n + 1}[b] = u{n}[b]*sin(u{n}[b])" for n in range(50)]
    equations = ["u0[b] = r[b]", *squares, "y[b] = max(u50[b], clip(u50[b], -1, 1))"]
    line = tcgrad.loads(f"{HEAD}equations: {equations}\n").derive().as_dict()["gradients"][0]["index"][0]
    assert line.endswith("*[u50[p] >= clip(u50[p], -1, 1)]")


def test_a_long_row_of_names_is_followed() -> None:
    names = [f"u{n + 1}[b] = u{n}[b]" for n in range(1500)]
    equations = ["u0[b] = r[b]", *names, "y[b] = max(u1500[b], clip(r[b], -1, 1))"]
    assert tcgrad.loads(f"{HEAD}equations: {equations}\n").derive().gradients
