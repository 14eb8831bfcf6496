"""What a guard, a condition on indices alone, multiplies need not exist where the guard is 0."""

import numpy as np
import pytest
from matrix_tools import names, run_numpy
from test_oracles import draw, program_of

import tcgrad
from tcgrad.calculus import derive
from tcgrad.evaluate import evaluate, evaluate_program
from tcgrad.notation.arrays.definitions import einsum_equation
from tcgrad.notation.raising.definitions import raise_define
from tcgrad.notation.raising.form import MatrixForm
from tcgrad.notation.raising.refusal import Refusal

SPECS = {
    "energy of charges": """
dims: {N: 5, K: 2}
inputs: {x: [N, K]}
equations: ["f = sum[i,j]([i != j]/sqrt(sum[k]((x[i,k] - x[j,k])^2)))"]
""",
    "energy with weights": """
dims: {N: 4}
inputs: {x: [N], a: [N, N]}
equations: ["f = sum[i,j]([i != j]*a[i,j]*log(abs(x[i] - x[j]))/(x[i] - x[j])^2)"]
wrt: [x]
""",
    "rows": """
dims: {N: 4}
inputs: {x: [N], v: [N]}
equations: ["y[i] = sum[j]([j < i]*v[j]/(x[i] - x[j])^2)"]
""",
    "between two guards": """
dims: {N: 5}
inputs: {x: [N]}
equations: ["f = sum[i,j]([i < j]*[j < N - 1]/(x[j] - x[i]))"]
""",
    "an index as a number": """
dims: {N: 5}
inputs: {x: [N]}
equations: ["y[i] = [i > 0]*x[i]^2/i"]
""",
    "a guard without indices, beside sizes": """
dims: {N: 4}
inputs: {x: [N], k: {shape: [], dtype: int, sample: {integers: [0, 3]}}}
equations: ["y[i] = [k == 2]*x[i]^2/sqrt(N)"]
""",
    "a box that no read says": """
dims: {A: 2, C: 5, L: 11}
inputs: {x: [C], z: [C, L]}
indices: {i: A, m: A}
equations: ["y[m] = (m^2 - 1)*z[m+i,2*i+m]*x[2*m+i]", "f = sum[e](sin(y[e]))"]
""",
    "neighbours in a low-dimensional map": """
dims: {N: 5, K: 2}
inputs: {y: [N, K], p: {shape: [N, N], sample: positive, symmetric: true}}
equations:
  - w[i,j] = 1/(1 + sum[k]((y[i,k] - y[j,k])^2))
  - z = sum[i,j]([i != j]*w[i,j])
  - q[i,j] = w[i,j]/z
  - f = -sum[i,j]([i != j]*p[i,j]*log(q[i,j]))
""",
    "a distance by its name": """
dims: {N: 3, K: 2}
inputs: {x: [N, K], w: [N]}
equations: ["r[i,j] = sqrt(sum[k]((x[i,k] - x[j,k])^2))", "f = sum[i,j]([i != j]*w[i]*w[j]/r[i,j])"]
""",
    "a definition in which the guard is": """
dims: {N: 3}
inputs: {x: [N], w: [N]}
equations:
  - a[i,j] = w[i]*w[j]
  - b[i,j] = [i != j]*a[i,j]/(x[i] - x[j])^2
  - g[i] = sum[j](b[i,j])
  - f = sum[i](g[i]*tanh(g[i]))
""",
    "definitions that do not exist everywhere": """
dims: {N: 3}
inputs: {x: [N], w: [N]}
equations:
  - r[i,j] = log(abs(x[i] - x[j]))
  - s[i,j] = r[i,j]*w[i]
  - f = sum[i,j]([i < j]*s[i,j]^2) + sum[i,j]([i > j]*w[j]*s[i,j])
""",
    "the same chosen": """
dims: {N: 3}
inputs: {x: [N], w: [N]}
equations: ["r[i,j] = 1/(x[i] - x[j])", "f = sum[i,j](where(i != j, w[i]*w[j]*sin(r[i,j]), 0))"]
""",
    "a condition on what does not exist everywhere": """
dims: {N: 3, K: 2}
inputs: {x: [N, K], w: [N]}
equations:
  - d[i,j] = sqrt(sum[k]((x[i,k] - x[j,k])^2))
  - e[i,j] = where(d[i,j] > 0, w[i]*w[j]/d[i,j] + w[i]*d[i,j], 0)
  - f = sum[i,j](e[i,j])
""",
    "energies of a batch": """
dims: {B: 2, N: 3, K: 2}
inputs: {x: [B, N, K], w: [B, N]}
equations: ["e[b] = sum[i,j]([i != j]*w[b,i]*w[b,j]/sqrt(sum[k]((x[b,i,k] - x[b,j,k])^2)))"]
""",
    "springs along edges of which some end where they begin": """
dims: {N: 2, L: 7}
inputs:
  x: [N, 2]
  k: [L]
  a: {shape: [L], dtype: int, sample: {integers: [0, 2]}}
  b: {shape: [L], dtype: int, sample: {integers: [0, 2]}}
equations: ["d[e] = sqrt(sum[c]((x[a[e],c] - x[b[e],c])^2))", "f = sum[e](k[e]*(d[e] - 1)^2)"]
""",
    "charges along edges of which some end where they begin": """
dims: {N: 2, L: 7}
inputs:
  x: [N]
  q: [N]
  a: {shape: [L], dtype: int, sample: {integers: [0, 2]}}
  b: {shape: [L], dtype: int, sample: {integers: [0, 2]}}
equations: ["f = sum[e]([a[e] != b[e]]*q[a[e]]*q[b[e]]/(x[a[e]] - x[b[e]])^2)"]
""",
    "each pair once, with weights": """
dims: {N: 3, K: 2}
inputs: {x: [N, K], w: [N]}
equations: ["f = sum[i,j]([i < j]*w[i]*w[j]/sqrt(sum[k]((x[i,k] - x[j,k])^2)))"]
""",
    "a chosen quotient of what is named": """
dims: {N: 3}
inputs: {x: [N, 2]}
equations: ["d[i,j] = sqrt(sum[c]((x[i,c] - x[j,c])^2))", "f = sum[i,j](where(i == j, 0, 1/d[i,j]))"]
""",
    "springs of pairs": """
dims: {N: 3}
inputs: {x: [N, 2], k: [N, N]}
equations: ["d[i,j] = sqrt(sum[c]((x[i,c] - x[j,c])^2))", "f = sum[i,j]([i < j]*k[i,j]*(d[i,j] - 1)^2)/2"]
""",
    "screened charges of pairs": """
dims: {N: 3}
inputs: {x: [N, 2]}
equations: ["d[i,j] = sqrt(sum[c]((x[i,c] - x[j,c])^2))", "f = sum[i,j](where(i < j, (1 - erf(d[i,j]))/d[i,j], 0))"]
""",
    "a chosen power of what does not exist everywhere": """
dims: {N: 3}
inputs: {x: [N]}
equations: ["r[i,j] = 1/(x[i] - x[j])", "f = sum[i,j](where(i != j, r[i,j]^3, 0))"]
""",
    "a definition of another in which the guard is": """
dims: {N: 3}
inputs: {x: [N], w: [N]}
equations: ["r[i,j] = 1/(x[i] - x[j])", "b[i,j] = [i != j]*w[i]*r[i,j]", "f = sum[i,j](b[i,j]^2)"]
""",
    "a sum of guards": """
dims: {N: 3}
inputs: {x: [N], w: [N]}
equations: ["f = sum[i,j](([i < j] - 2*[j < i])*w[i]*w[j]^2/(x[i] - x[j]))"]
""",
    "reads that only a guard keeps inside": """
dims: {N: 4}
inputs: {x: [N], w: [N]}
equations: ["f = sum[i](w[i]*[i > 0]/(3 + x[i-1]))"]
""",
    "quotients at the positions that zeros around a tensor are read at": """
dims: {D: 5, B: 4}
inputs: {z: {shape: [D, 6], outside: 0}, v: {shape: [D, B], sample: positive}, b: {shape: [B], outside: 0}}
equations: ["y[q,r] = b[r]*z[r,q+r-1]/v[r,q]*log(v[r,q])"]
""",
    "reads that only a condition keeps inside": """
dims: {N: 4}
inputs: {x: [N], w: [N]}
equations: ["f = sum[i](w[i]*where(i > 0, max(1/(x[i] - x[i-1]), w[i]), 0))"]
""",
}


@pytest.mark.parametrize("name", SPECS)
def test_modules_are_right(name):
    result = tcgrad.loads(SPECS[name]).check(trials=1)
    assert result.ok, str(result)


def test_what_is_0_by_a_difference_has_no_bound_without_end():
    """The distance of a point from itself is 0, and rounding does not make it anything else."""
    result = tcgrad.loads(SPECS["a condition on what does not exist everywhere"]).check(trials=1)
    assert max(each.tolerance for each in result.results if each.kind in ("forward", "gradient")) < 1e-9


def test_what_is_not_chosen_may_overflow():
    """An exponential by its name is as large as one that is written out."""
    text = (
        "inputs: {x: [2]}\nequations: ['e[i] = exp(x[i])', 'y[i] = where(x[i] > 0, 0, e[i])', 'f = sum[i](y[i]^2)']\n"
    )
    module = tcgrad.loads(text).compile()
    x = np.array([1000.0, -1.0])
    assert module.forward(x) == pytest.approx(np.exp(-2))
    np.testing.assert_allclose(module.value_and_grad(x)[1][0], [0, 2 * np.exp(-2)])
    np.testing.assert_allclose(module.hessian(x)["x", "x"], np.diag([0, 4 * np.exp(-2)]))
    np.testing.assert_allclose(module.jvp(x, np.ones(2)), 2 * np.exp(-2))


@pytest.mark.parametrize("share", ["min(1, c/n[b])", "min(c/n[b], 1)", "1/max(1, n[b]/c)"])
def test_all_that_a_condition_of_values_excuses_is_chosen_by_it(share):
    """A row that is 0 is not clipped to a norm: it passes its gradient on."""
    equations = ["n[b] = sqrt(sum[d](w[b,d]^2))", f"y[b,d] = w[b,d]*{share}"]
    spec = f"dims: {{B: 2, D: 3}}\nconstants: {{c: 1}}\ninputs: {{w: [B, D]}}\nequations: {equations}\n"
    module = tcgrad.loads(spec).compile()
    with np.errstate(divide="ignore"):
        _, saved = module.forward_saved(np.array([[0.0, 0.0, 0.0], [0.0, 3.0, 4.0]]))
    (dw,) = module.backward(saved, np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]))
    along = np.array([0.0, 0.6, 0.8])
    assert np.allclose(dw, [[1, 2, 3], (np.array([1, 2, 3]) - along * (1.2 + 2.4)) / 5])


def test_where_a_root_is_not_taken():
    text = "inputs: {x: [3], w: [3]}\nequations: {0}\n".replace(
        "{0}", "['s[i] = sqrt(x[i])', 'y[i] = where(x[i] > 0, s[i] + s[i]^3*w[i], w[i])', 'f = sum[i](y[i]^2)']"
    )
    module = tcgrad.loads(text).compile()
    x, w = np.array([-1.0, 0.0, 4.0]), np.array([2.0, 3.0, 5.0])
    _, (dx, dw) = module.value_and_grad(x, w)
    np.testing.assert_allclose(dx, [0, 0, 2 * (2 + 8 * 5) * (1 / 4 + 3 / 2 * 2 * 5)])
    np.testing.assert_allclose(dw, [2 * 2, 2 * 3, 2 * (2 + 8 * 5) * 8])
    assert all(np.isfinite(block).all() for block in module.hessian(x, w).values())
    assert all(np.isfinite(part).all() for part in module.hvp(x, w, np.ones(3), np.ones(3)))
    assert np.isfinite(module.jvp(x, w, np.ones(3), np.ones(3)))
    assert all(np.isfinite(block).all() for block in module.jacobian(x, w).values())


POINT = {
    "x": [0.0, 1.2, 0.4, 2.0, 1.5, 0.9],  # the first is not divided by, nor is its logarithm taken
    "a": [0.3, -0.2, 0.5, 0.1, -0.7, 0.9],
}
NEIGHBOURS = (
    "f = sum[i]([i > 0]*a[i]/x[N-i])",
    "f = sum[i](a[i]*x[i]^2/x[i+1])",
    "f = sum[i](a[i]*a[i+1]*log(x[i+1]))",
    "f = sum[i](where(x[i] > x[i+1], a[i]^2*x[i]/x[i+1], a[i]))",
    "f = sum[i](a[i]^2*x[2*i]*log(x[2*i+1]))",
)


@pytest.mark.parametrize("equation", NEIGHBOURS)
def test_an_element_that_nothing_divides_by_may_be_0(equation):
    module = tcgrad.loads(f"dims: {{N: 6}}\ninputs: {{x: [N], a: [N]}}\nequations: ['{equation}']\n").compile()
    point = [np.array(values) for values in POINT.values()]
    moved = [np.random.default_rng(k).normal(size=6) for k in range(2)]

    def along(function, step=1e-5):
        there, back = ([own + sign * step * by for own, by in zip(point, moved, strict=True)] for sign in (1, -1))
        return (function(*there) - function(*back)) / (2 * step)

    def gradient(*arguments):
        return np.concatenate(module.value_and_grad(*arguments)[1])

    slope, bend = along(module.forward), along(gradient)
    blocks, jacobian = module.hessian(*point), module.jacobian(*point)
    assert gradient(*point) @ np.concatenate(moved) == pytest.approx(slope, abs=1e-7)
    assert np.concatenate(list(jacobian.values())) @ np.concatenate(moved) == pytest.approx(slope, abs=1e-7)
    assert module.jvp(*point, *moved) == pytest.approx(slope, abs=1e-7)
    rows = [sum(blocks[first, second] @ by for second, by in zip("xa", moved, strict=True)) for first in "xa"]
    np.testing.assert_allclose(np.concatenate(rows), bend, atol=1e-6)
    np.testing.assert_allclose(np.concatenate(module.hvp(*point, *moved)), bend, atol=1e-6)


def test_charges_by_hand():
    x = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    module = tcgrad.loads(SPECS["energy of charges"]).compile()
    value, (gradient,) = module.value_and_grad(x)
    assert value == pytest.approx(2 * (1 / 5 + 1 / 10 + 1 / 5))
    force = np.array([3.0, 4.0]) / 5 * (1 / 25 + 1 / 100)
    np.testing.assert_allclose(gradient, [2 * force, [0, 0], -2 * force], atol=1e-15)


def test_a_delta_beside_a_quotient_that_is_not_there_is_kept():
    """``[j < i]/(x[i] - x[j])`` is written over no denominator that is 0 where the delta of the other term is 1."""
    derived = str(tcgrad.loads(SPECS["rows"]).derive())
    assert "∂y[i]/∂x[p] = 2·(v[p]·[p < i]/(1[p]·x[i] - 1[i]·x[p])³ + v[j]·[j < i]·δ[i,p]/(" in derived


def test_a_sum_of_guards_that_divides_by_one_is_not_chosen_by_itself():
    module = tcgrad.loads("inputs: {x: [3]}\nequations: ['y[i] = ([i == 1] - 3/[i == 1])/x[i]']\n").compile()
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(module.forward(np.array([1.0, 2.0, 4.0])), [-np.inf, -1.0, -np.inf])


def test_only_what_may_not_exist_is_chosen():
    source = tcgrad.loads("dims: {N: 4}\ninputs: {x: [N], r: []}\nequations: ['y[i] = [i > 0]*sin(x[i])/r']\n").emit()
    assert "np.where" not in source


NUMPY = (
    "energy of charges",
    "energy with weights",
    "a distance by its name",
    "a definition in which the guard is",
    "definitions that do not exist everywhere",
    "a sum of guards",
    "energies of a batch",
)


@pytest.mark.parametrize("name", NUMPY)
def test_texts_for_numpy_are_of_numbers(name):
    """``0 * nan`` is no 0 for NumPy: what a mask leaves out is chosen in its texts."""
    program = program_of(SPECS[name])
    derivation = derive(program, hessian=program.outputs[0].order == 0)
    inputs = draw(program)
    env = evaluate_program(program, inputs)
    known = names([size for tensor in program.tensors for size in tensor.shape], env)
    blocks = [block.define for block in (*derivation.jacobians, *derivation.hessians) if block.define is not None]
    for define in blocks:
        expected = evaluate(define.body, define.free, env)
        assert np.isfinite(expected).all()
        form = raise_define(define, program)
        if isinstance(form, MatrixForm) and form.numpy is not None:
            with np.errstate(all="ignore"):
                found = np.reshape(run_numpy(form, known), expected.shape)
            np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9, err_msg=form.numpy)
        line = einsum_equation(define, program)
        if not isinstance(line, Refusal):
            with np.errstate(all="ignore"):
                found = eval(line[1], {"__builtins__": {}}, known)  # noqa: S307 - text that the tool made
            np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9, err_msg=line[1])
