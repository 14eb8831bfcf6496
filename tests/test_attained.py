"""Which elements attain an extreme: recognised wherever they stand, and decided by the numbers it was taken of."""

import numpy as np
import pytest
from emit_tools import Emitted, check_everything, spec

import tcgrad
from tcgrad.evaluate import evaluate
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Call, Component, IndexReduce, Iverson, Mul, Where
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import factors_of
from tcgrad.notation.index import print_define
from tcgrad.simplify.facts.attained import attained


def index(name, size):
    return Index(name, Integer.of(size))


X, W = (Tensor(name, (Integer.of(size),), Role.INPUT) for name, size in (("x", 6), ("w", 3)))
i, p, q, s = index("i", 4), index("p", 3), index("q", 3), index("s", 6)


def element(place, window):
    """``tanh(w[window]*x[place])``"""
    return Call(FUNCTIONS["tanh"], (Mul((Component(W, (window,)), Component(X, (place,)))),))


LARGEST = IndexReduce("max", (p,), element(i.expr + p.expr, p.expr))
POSITIONS = {
    "its own index": (element(i.expr + p.expr, p.expr), p.expr),
    "another index": (element(i.expr + q.expr, q.expr), q.expr),
    "the position that a delta left": (element(s.expr, s.expr - i.expr), s.expr - i.expr),
    "a literal": (element(i.expr + 2, Integer.of(2)), Integer.of(2)),
    "one element at two positions": (element(i.expr + 1, Integer.of(2)), None),
    "another tensor": (Component(X, (i.expr,)), None),
}


@pytest.mark.parametrize("name", POSITIONS)
def test_where_an_element_stands(name):
    left, expected = POSITIONS[name]
    for sides in ((left, LARGEST), (LARGEST, left)):
        found = attained(Iverson("==", *sides))
        assert (found and found.positions[p]) == expected
    assert attained(Iverson("<=", left, LARGEST)) is None


def test_elements_outside_attain_nothing():
    x, w = np.array([1.0, 2, 3, 3, 0, 1]), np.array([0.5, 0.25, 0.5])
    asked = Iverson("==", element(s.expr, s.expr - i.expr), LARGEST)
    products = np.array([[w[k] * x[n + k] for k in range(3)] for n in range(4)])
    expected = np.zeros((6, 4))
    for n, k in np.argwhere(products == products.max(axis=1, keepdims=True)):
        expected[n + k, n] = 1
    np.testing.assert_array_equal(evaluate(asked, (s, i), {X: x, W: w}), expected)


SPECS = {
    "in a recurrence": spec(
        ["x: ['N + P - 1']", "w: [P]", "u: [T]"],
        ["h[-1,i] = cos(i)", "h[t,i] = tanh(max[p](w[p]*x[i+p]*u[t]/3) + h[t-1,i])", "f = h[t,i]*h[t,i]"],
        dims="{N: 12, P: 5, T: 3}",
    ),
    "in a base case": spec(
        ["x: ['N + P - 1']", "w: [P]"],
        ["h[0,i] = min[p](w[p]*x[i+p]/3 + w[p])", "h[t,i] = tanh(h[t-1,i])", "f = sum[i](h[2,i]^2)"],
        dims="{N: 12, P: 5}",
        indices="{t: 3}",
    ),
    "in a branch": spec(
        ["x: ['N + P - 1', 7]", "w: [P, 7]", "v: [N]"],
        ["y[i] = where(v[i] > 0, max[p](w[p,k]*x[i+p,k]/(v[i] + 2)), v[i])", "f = y[i]*y[i]"],
        dims="{N: 12, P: 5}",
    ),
}


@pytest.mark.parametrize(
    "seed", [0, 1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)]
)
@pytest.mark.parametrize("name", SPECS)
def test_elements_that_are_worked_out_are_compared_as_they_were(name, seed):
    """Rounded another way they would attain no extreme, and gradients would be divided by 0 or vanish."""
    check_everything(Emitted(SPECS[name], seed=seed))


@pytest.mark.parametrize(
    "equations",
    [
        ["f = 0.1*max[i](x[i])"],
        ["f = max[i](x[i])/3"],
        ["f = 1.5*min[i](x[i]*x[i] + w[i])"],
        ["m[i] = 0.1*max[j](x[i]*w[j])", "f = m[i]*m[i]"],
        ["z = max[i](x[i])/3", "f = 3*z"],
    ],
)
def test_an_element_is_compared_with_the_extreme_and_not_with_what_is_proportional_to_it(equations):
    """Ten times a tenth of the extreme is another number, which no element attains: 0/0."""
    module = Emitted(spec(["x: [N]", "w: [N]"], equations, dims="{N: 4}", outputs="[f]")).module
    for seed in range(50):
        x, w, dx, dw = np.random.default_rng(seed).normal(size=(4, 4))
        _, saved = module.forward_saved(x, w)
        gradients = module.backward(saved, 1.0)
        step = 1e-6
        slope = module.forward(x + step * dx, w + step * dw) - module.forward(x - step * dx, w - step * dw)
        np.testing.assert_allclose(gradients[0] @ dx + gradients[1] @ dw, slope / (2 * step), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("element", ["x[j,i]*3/3", "log(exp(x[j,i]))", "x[j,i] + 0.1 - 0.1", "(x[j,i]^3)^(1/3)"])
@pytest.mark.parametrize("extreme", ["max", "min"])
def test_what_is_defined_by_elements_that_are_worked_out_is_no_extreme_of_those_that_are_not(element, extreme):
    """A third of three times a number is another number: an element that is only read does not attain it."""
    equations = [f"y[i] = {extreme}[j]({element})", "f = sum[i](y[i]^2)"]
    text = f"dims: {{N: 5, M: 4}}\ninputs: {{x: {{shape: [N, M], sample: positive}}}}\nequations: {equations}\n"
    assert tcgrad.loads(text).check(trials=5).ok


@pytest.mark.parametrize("body", ["w[i,m]^2", "exp(w[i,m])", "sinh(w[i,m]*x[i])", "w[i,m]^3", "log(2 + sin(w[i,m]))"])
def test_it_is_said_once_which_elements_attain_the_extreme(body):
    """A choice that keeps the derivative of the others away says it already; where there is one, it needs no other."""
    text = f"""
dims: {{N: 4, M: 3}}
inputs:
  w: [N, M]
  x: [N]
equations: ['y[i] = max[m]({body})']
"""
    line = next(line for line in tcgrad.loads(text).derivation.backward if line.tensor.name == "dl/dw")
    assert len([factor for factor in factors_of(line.body) if isinstance(factor, Iverson | Where)]) == 1
    check_everything(Emitted(text))


@pytest.mark.parametrize("row", ["y = {}", "y[-1] = {}"])
@pytest.mark.parametrize(
    "element", ["x[r+4*s,s//2]", "1 + x[r+4*s,s//2]^2 + x[s//2,s//2]^2", "sin(x[r+s//2,1])*w[s%2]"]
)
def test_elements_that_are_read_at_several_positions_are_known_by_what_is_read(row, element):
    """Of the positions that read the same, one may be out of range."""
    step = [] if row == "y = {}" else ["y[t] = sin(y[t-1])"]
    text = spec(
        ["x: [9, 2]", "w: [2]"], [row.format(f"max[r,s]({element})"), *step],
        dims="{R: 4, S: 2}", indices="{r: R, s: S, t: 3}",
    )  # fmt: skip
    assert tcgrad.loads(text).check(trials=4, sizes="own").ok
    check_everything(Emitted(text))


# What is symmetric but for rounding: equations over the matrix x, of which the last one is an extreme.
ALIKE = [
    ["c[i,j] = 0.3*x[i,k]*x[j,k] + 2*delta[i,j]", "b[i,j] = det(c)*inv(c)[j,i]", "f = min[p,q](sqrt(1 + b[p,q]^2))"],
    ["c[i,j] = 0.3*x[i,k]*x[j,k] + 2*delta[i,j]", "f = min[p,q](inv(c)[p,q])"],
    [
        "c[i,j] = x[i,k]*x[j,k] + delta[i,j]",
        "m = max[p,q](abs(inv(c)[p,q])*[p != q])",
        "f = m^2 + inv(c)[i,j]*m*1[i,j]",
    ],
]


@pytest.mark.parametrize("equations", ALIKE)
def test_of_elements_that_are_equal_but_for_rounding_one_may_attain_the_extreme(equations):
    """Then what comes back to the matrix is not symmetric, though it is without rounding."""
    module = tcgrad.loads(f"inputs: {{x: [6, 6]}}\nequations: {equations}\n").compile()
    for seed in range(12):
        x, v = np.random.default_rng(seed).normal(size=(2, 6, 6))
        _, (dx,) = module.value_and_grad(x)
        quotient = (module.forward(x + 1e-6 * v) - module.forward(x - 1e-6 * v)) / 2e-6
        np.testing.assert_allclose(np.vdot(dx, v), quotient, rtol=1e-4, atol=1e-6 * np.abs(dx).max())


def test_an_element_of_an_inverse_that_is_symmetric_is_compared_as_the_extreme_reads_it():
    """Exchanged with its mirror image it may differ from the extreme by rounding."""
    equation = "y[i] = max[k](0.3 + inv(G)[k,i+1,k])"
    text = spec(["G: {shape: [N, N, N], symmetric: true}"], [equation], dims="{N: 3}", indices="{i: 1}")
    (jacobian,) = tcgrad.loads(text).derive().jacobians
    assert "[0.3 + inv(G)[p,i+1,p] == max[n](0.3 + inv(G)[n,i+1,n])]" in print_define(jacobian.define)


def test_an_element_beside_a_mask_is_written_as_its_extreme_writes_it():
    """``[m <= p]`` stands beside, and within both: written without it in one of them, they may differ by rounding."""
    equations = ["y[i] = min[j](sin(x[i]*[j <= i]) + u[i] + c[i]*c[j])"]
    made = tcgrad.loads(spec(["x: [N]", "u: [N]", "c: [M]"], equations, dims="{N: 3, M: 3}", wrt="[x]"))
    (gradient,) = made.derive().as_dict()["gradients"]
    line = gradient["index"][-1]
    brackets = [part for part in line.split("[") if "== min" in part]
    assert all("sin(x[p])" not in part for part in brackets)
    assert "sin(x[p]*[" in line
    assert all(made.check(dtype=["float64"], trials=1, seed=seed).ok for seed in range(4))
