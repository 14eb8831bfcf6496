"""Emitted code for all the language can write: compound positions, gather, reductions, brackets, matrix functions."""

import re
import warnings
from functools import cache

import numpy as np
import pytest
from emit_tools import Emitted, check_everything, lint, spec

import tcgrad

# inputs, equations, ranges
SPECS = {
    "slices": (["x: [10, 12]"], ["y[i,j] = x[i+3,j+4]*x[i,j]"], "{i: 5, j: 6}"),
    "convolution": (["x: [3, 10]", "w: [4, 3, 3]"], ["y[o,i] = x[c,i+p]*w[o,c,p]"]),
    "with strides": (["x: [3, 11]", "w: [4, 3, 3]"], ["y[o,i] = x[c,2*i+p]*w[o,c,p]"]),
    "of images": (["x: [2, 3, 7, 8]", "w: [4, 3, 3, 2]"], ["y[n,o,i,j] = x[n,c,i+p,j+q]*w[o,c,p,q]"]),
    "with strides and gaps": (
        ["x: [2, 3, 11, 11]", "w: [4, 3, 2, 2]"],
        ["y[n,o,i,j] = x[n,c,2*i+3*p,2*j+3*q]*w[o,c,p,q]"],
    ),
    "with zeros outside": (
        ["x: {shape: [2, 7], outside: 0}", "w: [3, 2, 3]"],
        ["y[o,i] = x[c,i+p-1]*w[o,c,p]"],
        "{i: 7}",
    ),
    "of each channel": (["x: [3, 10]", "w: [3, 4]"], ["y[c,i] = x[c,i+p]*w[c,p]"]),
    "average pooling": (["x: [3, 10]"], ["y[c,i] = mean[p](x[c,2*i+p])"], "{i: 5, p: 2}"),
    "max pooling": (["x: [2, 8]"], ["y[c,i] = max[p](x[c,2*i+p])"], "{i: 4, p: 2}"),
    "turned round": (["x: [7]"], ["y[i] = x[6-i]*x[i]"]),
    "stencil": (["x: [9]"], ["y[i] = x[i+2] - 2*x[i+1] + x[i]", "s = sum[i]((x[i+1] - x[i])^2)"]),
    "reshape": (["x: [6]"], ["y[i,j] = x[2*i+j]"], "{i: 3, j: 2}"),
    "flattened": (["x: [3, 2]"], ["y[k] = x[k//2,k%2]"], "{k: 6}"),
    "repeated": (["x: [5]"], ["y[i] = x[i//2]"], "{i: 10}"),
    "turned by a modulus": (["x: [6]"], ["y[i] = x[(2*i+1)%6]*x[i]"]),
    "reduced digit by digit": (
        ["x: [3]", "w: [6]"],
        ["y = logsumexp[k](x[k//2]*sin(w[k]))", "z = max[k](x[k//2] + w[k])", "u = prod[k](x[k//2]*w[k])"],
    ),
    "gathered at what is read digit by digit": (
        ["x: [3, 5]", "g: {shape: [6], dtype: int}"],
        ["y[k] = x[k//2,g[k]]^2", "z = sum[k](x[k//2,g[k]]*k)"],
    ),
    "function of a window, summed": (["x: [16]", "w: [5]"], ["y[i] = sum[p](sin(x[i+p]*w[p]))"]),
    "function of a window with strides": (["x: [11]", "w: [3]"], ["y[i] = sum[p](exp(x[2*i+p]*w[p])*w[p])"]),
    "function of a padded window": (
        ["x: {shape: [7, 6], outside: 0}", "w: [3, 2]"],
        ["y[i,j] = sum[p,q](tanh(x[i+p-1,j+q]*w[p,q])*w[p,q])"],
        "{i: 7, j: 6}",
    ),
    "largest of a window in a recurrence": (
        ["x: [9]", "w: [3]", "u: [4]"],
        ["h[-1,i] = 0", "h[t,i] = tanh(max[p](w[p]*x[i+p]*u[t]) + h[t-1,i])"],
    ),
    "toeplitz": (["c: [9]", "x: [5]"], ["y[i] = c[i-j+4]*x[j]"]),
    "function of a window": (["x: [8]", "w: [3]"], ["y[i] = sin(x[i+p])*w[p]"]),
    "window kept": (["x: [8]", "w: [3]"], ["y[i,p] = tanh(x[i+p]*w[p])", "z[i] = sum[p](y[i,p]*x[i])"], "{i: 6}"),
    "fixed positions": (["x: [5, 5]"], ["y = x[0,0] + x[4,4]*x[0,1]", "z[i] = x[i,0]*x[0,i]"]),
    "gather": (["e: [5, 4]", "tok: {shape: [2, 3], dtype: int}"], ["y[b,t,d] = e[tok[b,t],d]^2"]),
    "gather a column": (
        ["e: [4, 5]", "tok: {shape: [3], dtype: int}"],
        ["y[d,t] = e[d,tok[t]]", "z[t] = e[t,tok[t]]"],
        "{t: 3}",
    ),
    "gather twice": (["e: [4, 3, 5]", "t: {shape: [3], dtype: int}"], ["y[d,k] = e[t[k],d,t[k]]"]),
    "gather with weights of one axis": (
        ["e: [4]", "tok: {shape: [3, 5], dtype: int}", "w: [5]"],
        ["y = sum[b,t](e[tok[b,t]]*w[t])"],
    ),
    "gather of a shifted read": (
        ["x: [3, 5]", "u: [3, 2]", "v: [4, 2]", "g: {shape: [4, 2], dtype: int}"],
        ["h[j,i] = sin(x[j,i+3])*cos(u[j,i])*x[j,0]", "y = sum[t,i](h[g[t,i],i]*v[t,i]) + sum[j](x[j,j+1]^2)"],
        "{i: 2, j: 3}",
    ),
    "max and min": (["x: [4, 5]"], ["y[i] = max[j](x[i,j])", "z = min[i,j](x[i,j])"]),
    "less the largest": (["x: [4, 5]"], ["y[i,j] = x[i,j] - max[k](x[i,k])"]),
    "logsumexp": (["x: [4, 5]"], ["y[i] = logsumexp[j](x[i,j])", "z = logsumexp[i,j](x[i,j])"]),
    "products": (["x: [4, 3]"], ["y[i] = prod[j](x[i,j])", "z = prod[i,j](x[i,j])"]),
    "reductions of what is the same along an axis": (
        ["x: [3]", "w: []", "g: {shape: [], dtype: int}"],
        [
            "u[i,k] = x[i]*1[k]",
            "y[i] = prod[k](u[i,k])",
            "z[i] = logsumexp[k](u[i,k])",
            "p = prod[k](max(u[g,(k+1)%4], w))",
            "q = logsumexp[i,k](u[i,k])",
            "m = max[k](u[0,k])",
        ],
        "{i: 3, k: 4}",
    ),
    "mask": (["s: [4, 4]"], ["y[i,j] = exp(s[i,j])*[j <= i]", "z[i] = sum[j](y[i,j])"]),
    "masked softmax": (
        ["s: [4, 4]"],
        ["a[i,j] = where(j <= i, s[i,j], -1e9)", "y[i,j] = exp(a[i,j])/sum[k](exp(a[i,k]))"],
    ),
    "where": (["x: [7]"], ["y[i] = where(x[i] > 0, sqrt(x[i]), 0)", "z[i] = where(x[i] > 0, log(x[i]), x[i]^2)*x[i]"]),
    "where of numbers": (["x: [7]"], ["y[i] = where(x[i] > 0, 1, -2)*x[i]", "z[i] = where(i < 3, 1, 0)"], "{i: 7}"),
    "numbers times truth values": (
        ["x: [5]", "s: []"],
        [
            "y[i] = 3/2*[i >= 1]*exp(x[i])",
            "z[i] = 2*[x[i] > 0]/(1 + x[i]^2)",
            "v[i] = [s > 0]/2*x[i] - 3*[s < 2]/(2 + s)",
        ],
    ),
    "two terms added at the same positions": (
        ["x: [2, 2]", "u: []", "a: [5]", "b: [5]"],
        ["y = u*a[k]*x[k%2,k//3]", "z = y^2*b[k]*x[k%2,k//3] + sin(u)*sum[k](x[k%2,k//3]*tanh(a[k]))"],
    ),
    "a read of which one position is guarded": (
        ["x: {shape: [11, 3], outside: 0}", "v: [5]"],
        ["y = x[k+3,k+1]*v[4-k]", "z = y^2*x[k+3,k+1]*v[4-k]"],
        "{k: 5}",
    ),
    "extremes of products": (
        ["x: [2, 3]", "v: [5]"],
        [
            "y = max[r]((x[r%2,r//2] + r)/(1 + v[r]^2)*exp(x[r//2,2-r]/4))",
            "z[i] = min[j](x[i,j]*v[j]*exp(x[i,2-j])/3)*max[k,l](v[k]*x[k,l]*v[l])",
        ],
        "{r: 3, i: 2, j: 3, k: 2, l: 3}",
    ),
    "sums in sums": (["s: [4]", "t: [4]"], ["l = sum[i](s[i] - log(sum[j]([t[j] >= t[i]]*exp(s[j]))))"]),
    "index values": (["x: [5]"], ["y[i] = i*x[i] + i^2", "z = sum[i]((i + 1)*x[i]/(2*i + 1))"]),
    "numbers among arrays": (
        ["x: [5]", "s: []"],
        [
            "y = clip(0.5, -1, sum[i](x[i])) + clip(s, -1, 2) + max(0.25, s)",
            "z[i] = clip(0.25, x[i], 2) + clip(-0.5, s, x[i]) + min(1, x[i]) + leaky_relu(2, s)",
        ],
    ),
    "kinks": (
        ["x: [5]", "z: [5]"],
        [
            "y[i] = relu(x[i]) + abs(z[i]) + max(x[i], z[i])",
            "v[i] = clip(x[i], -0.5, 0.5) + leaky_relu(z[i], 0.1) + elu(x[i])",
        ],
    ),
    "matrix functions": (["a: [3, 3]", "b: [3, 2]"], ["y[i,j] = inv(a)[i,k]*b[k,j]", "d = det(a)", "l = logdet(a)"]),
    "base cases that read each other further back": (
        ["s: []", "x: [5]"],
        ["h[-1] = h[-2]*s", "h[-2] = s", "h[t] = h[t-1]*h[t-2] + x[t]"],
    ),
    "base cases of two tensors in turn": (
        ["s: []", "x: [5]"],
        [
            "a[-2] = s",
            "b[-2] = a[-2]*2",
            "a[-1] = b[-2]",
            "b[-1] = a[-1] + a[-2]^2",
            "a[t] = b[t-1]*x[t]",
            "b[t] = a[t]*2 + a[t-2]",
        ],
    ),
    "base cases that read those before them": (
        ["x: [6, 2]", "w: [2, 2]", "s: [2]"],
        [
            "a[0,i] = x[0,i]*s[i]",
            "b[0,i] = a[0,i]^2 + w[i,j]*a[0,j]",
            "a[1,i] = b[0,i] + w[i,j]*a[0,j]*x[1,j]",
            "b[1,i] = a[1,i]*b[0,i]",
            "a[2,i] = sin(a[0,i]) + b[1,i]",
            "b[2,i] = a[2,i] - x[2,i]",
            "a[t,i] = tanh(w[i,j]*b[t-1,j]) + a[t-3,i]*x[t,i]",
            "b[t,i] = a[t,i]*s[i] + b[t-2,i]",
        ],
    ),
    "permutation symbols of two orders": (
        ["a: [2, 2]", "c: [3, 3]"],
        ["z = levi_civita[i,j]*a[i,j]", "w[i] = z*levi_civita[i,j,k]*c[j,k]"],
    ),
    "recurrent layer": (
        ["x: [5, 2, 3]", "h0: [2, 4]", "w: [4, 4]", "u: [4, 3]"],
        ["h[-1,b,j] = h0[b,j]", "h[t,b,j] = tanh(w[j,k]*h[t-1,b,k] + u[j,m]*x[t,b,m])", "y = sum[t,b,j](h[t,b,j]^2)"],
    ),
    "two steps back": (
        ["a: []", "b: []", "c: [7]"],
        ["y[0] = a", "y[1] = b*a", "y[t] = c[t]*y[t-1] + sin(y[t-2])", "z = y[t]*y[t]"],
    ),
    "decay": (["x: [6]", "a: []"], ["s[-1] = 0", "s[t] = a*s[t-1] + x[t]"]),
    "coupled": (
        ["x: [4, 3]", "w: [3, 3]", "v: [3, 3]", "c0: [3]", "h0: [3]"],
        [
            "c[-1,i] = c0[i]",
            "h[-1,i] = h0[i]",
            "c[t,i] = sigmoid(w[i,j]*h[t-1,j])*c[t-1,i] + tanh(v[i,j]*x[t,j])",
            "h[t,i] = tanh(c[t,i])*sigmoid(x[t,i])",
        ],
    ),
    "along the last axis": (
        ["x: [3, 4]", "w: [3, 3]"],
        ["h[i,0] = x[i,0]", "h[i,t] = tanh(w[i,j]*h[j,t-1]) + x[i,t]*x[i,t-1]"],
    ),
    "systems": (["a: [3, 3]", "b: [3, 2]", "c: [3]"], ["y[i,j] = inv(a)[i,k]*b[k,j]", "z[j] = c[i]*inv(a)[i,j]"]),
    "systems with whole numbers on the right": (
        ["a: [3, 3]", "n: {shape: [3], dtype: int}", "b: [2, 3, 3]"],
        [
            "m[k,i,j] = 3*delta[i,j] + b[k,i,j]",
            "y[i] = inv(a)[i,j]*j",
            "z[j] = n[i]*inv(a)[i,j]",
            "v[k,i] = inv(m)[k,i,j]*[j > k]",
        ],
    ),
    "quadratic form of an inverse": (["a: [3, 3]", "b: [3]"], ["y = b[i]*inv(a)[i,j]*b[j]"]),
    "systems in a batch": (
        ["a: [2, 3, 3]", "b: [2, 3]", "c: [2, 3, 4]"],
        ["z[n,i] = inv(a)[n,i,j]*b[n,j]", "v[n,i,k] = inv(a)[n,j,i]*c[n,j,k]"],
    ),
    "in a batch": (["a: [2, 3, 3]"], ["y[b] = det(a)[b]", "z[b,i,j] = inv(a)[b,i,j]"]),
}


each_spec = pytest.mark.parametrize("name", SPECS, scope="module")  # a spec is emitted once, in one worker


@cache
def emitted(name):
    inputs, equations, *indices = SPECS[name]
    names = dict.fromkeys(equation.partition("=")[0].partition("[")[0].strip() for equation in equations)
    return Emitted(spec(inputs, equations, indices=indices[0] if indices else "{}", outputs=f"[{', '.join(names)}]"))


@each_spec
def test_values_and_derivatives(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what a branch that is not taken would say
        check_everything(emitted(name), tolerance=1e-7)


@pytest.mark.parametrize("dtype", ["float16", "float32", "longdouble"])
@each_spec
def test_dtype_is_kept(name, dtype):
    case = emitted(name)
    inputs = list(case.inputs(dtype).values())
    values = case.module.forward(*inputs)
    values = values if isinstance(values, tuple) else (values,)
    _, gradients = case.module.value_and_grad(*inputs, *map(np.ones_like, values))
    for result in (*values, *gradients, *case.module.jacobian(*inputs).values()):
        assert np.asarray(result).dtype == np.dtype(dtype), case.source


@each_spec
def test_modules_are_clean(name):
    assert lint([emitted(name).source]) == ""


# what the code must hold
CODE = {
    "of images": [
        "t1 = sliding_window_view(x, (3, 2), axis=(2, 3))",
        "for p, q in np.ndindex(3, 2):",
        "dx[:, :, p : p + 5, q : q + 7] += t3[p, q]",
        "dw = (t2 @ t1).reshape(4, 3, 3, 2)",
    ],
    "function of a window, summed": ["dx[p : p + 12] += "],
    "largest of a window in a recurrence": ["dx[p : p + 7] += "],
    "slices": ["y = x[3:8, 4:10] * x[:5, :6]", "dx[:5, :6] = dy * x[3:8, 4:10]", "dx[3:8, 4:10] += dy * x[:5, :6]"],
    "gather": ["_add_at(de, (tok,), "],
    "max and min": ["y = x.max(axis=-1)", "z = x.min()"],
    "mask": ["y = np.exp(np.where(t1 <= t1[:, None], s, -np.inf))"],
    "recurrent layer": [
        "t1 = x @ u.T",
        "for t in range(5):",
        "h_all[t + 1] = np.tanh(t1[t] + h_all[t] @ w.T)",
        "for t in range(3, -1, -1):",
    ],
    "systems": ["y = _linalg(np.linalg.solve, a, b)", "z = _linalg(np.linalg.solve, a.T, c)"],
    "matrix functions": ["inv_a = _linalg(np.linalg.inv, a)", "y = inv_a @ b", "(inv_a, y, d)"],
    "flattened": ["y = x.reshape(6).copy()", "dx = dy.reshape(3, 2).copy()"],
    "fixed positions": ["y = x[0, 0] + x[4, 4] * x[0, 1]"],
}


@pytest.mark.parametrize("name", CODE)
def test_code(name):
    source = emitted(name).source
    missing = [code for code in CODE[name] if code not in source]
    assert not missing, source


def test_no_step_is_computed_again():
    """Derivatives of a step are written with its value: ``1 - h^2`` and not ``1 - tanh(...)^2``."""
    for function in emitted("recurrent layer").source.split("\ndef "):
        assert function.count("np.tanh(") == ("h_all[t + 1] = np.tanh(" in function), function


def test_a_branch_that_is_not_taken_leaves_no_nan():
    module = emitted("where").module
    x = np.array([-1.0, 0.0, 4.0, 0.0, 1.0, -2.0, 9.0])
    _, (dx,) = module.value_and_grad(x, np.ones(7), np.zeros(7))
    np.testing.assert_allclose(dx, [0, 0, 0.25, 0, 0.5, 0, 1 / 6])


@pytest.mark.parametrize("wide", [0, 1])
def test_what_is_added_up_has_the_dtype_of_all_inputs(wide):
    """Of which not all are saved: the windows are, and not what they are of."""
    arrays = [np.ones(shape, "float32") for shape in ((2, 3, 7, 8), (4, 3, 3, 2), (2, 4, 5, 7))]
    arrays[wide] = arrays[wide].astype("float64")
    _, (dx, _) = emitted("of images").module.value_and_grad(*arrays)
    assert dx.dtype == "float64"


def test_repeated_positions_add_up():
    module = emitted("gather").module
    e, tok = np.arange(20.0).reshape(5, 4), np.array([[1, 1, 1], [4, 1, 0]])
    _, (de,) = module.value_and_grad(e, tok, np.ones((2, 3, 4)))
    np.testing.assert_allclose(de, np.array([1, 4, 0, 0, 1])[:, None] * 2 * e)


def test_quotients_of_negative_numbers_leave_a_tensor():
    text = spec(
        ["x: {shape: [A], outside: 0}", "w: [L]"],
        ["y[i] = x[(0-i)//2+1]*w[i]", "z[i] = x[1-i//2]*w[i]"],
        dims="{A: 2, L: 11}",
        indices="{i: L}",
        outputs="[y, z]",
    )
    check_everything(Emitted(text))


TWO_BACK = spec(
    ["x: [T]", "a: []", "b: []"],
    ["y[0] = a*x[0]", "y[1] = b*x[1]", "y[t] = tanh(y[t-1]*a + y[t-2]*b + x[t])", "f = y[t]*y[t]"],
    dims="{T: 9}",
)


def test_recurrences_of_all_lengths_for_which_their_derivatives_hold():
    module = Emitted(TWO_BACK).module
    for length in (3, 4, 5, 12):
        case = Emitted(TWO_BACK, {"T": length})
        case.module = module
        check_everything(case)
    point = np.ones(2), 1.0, 1.0
    calls = {"value_and_grad": point, "jacobian": point, "hessian": point, "jvp": point * 2, "hvp": point * 2}
    for name, arguments in calls.items():
        with pytest.raises(ValueError, match="y takes 3 positions along its recurrence, not 2"):
            getattr(module, name)(*arguments)
    np.testing.assert_allclose(module.forward(np.ones(2), 2.0, 3.0), 13)


def test_sequences_read_at_positions_that_are_known_at_run_time():
    """The last position is written out by itself; a gather may read it as well as any other."""
    text = spec(
        ["x: [T, A]", "n: {shape: [B], dtype: int}", "w: [B]"],
        ["h[-1,i] = 1", "h[t,i] = tanh(h[t-1,i] + x[t,i])", "y[b,i] = h[n[b],i]*w[b] + h[0,i]"],
        dims="{A: 3, B: 5, T: 2}",
        outputs="[y]",
    )
    check_everything(Emitted(text))


def test_truth_values_of_sizes_keep_the_dtype():
    text = spec(["x: [N]", "y: []"], ["z[i] = [N - 3 >= 0]*[N < 9]*[y > 0]*x[i]"], dims="{N: 4}")
    z, (dx, _) = Emitted(text).module.value_and_grad(np.ones(4, "float32"), np.float32(2), np.ones(4, "float32"))
    assert z.dtype == dx.dtype == "float32"
    assert z.tolist() == dx.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(("steps", "count"), [(4, 3), (5, 3), (7, 2), (4, 4)])
def test_a_guarded_read_stays_inside_at_other_sizes(steps: int, count: int):
    """At the sizes of the spec the last step is the first one beyond, and no zeros are needed."""
    text = (
        "dims: {T: 4, B: 3}\nindices: {n: B, t: T}\ninputs: {x: [], w: [T], v: [B]}\n"
        "equations: ['h[0] = x', 'h[t] = h[t-1]/2 + w[t]', 'y = v[n]*sin(h[n])']\n"
    )
    random = np.random.default_rng(0)
    x, w, v = random.normal(size=()), random.normal(size=steps), random.normal(size=count)
    _, gradients = tcgrad.loads(text).compile().value_and_grad(x, w, v)
    halves = 0.5 ** np.arange(steps)
    h = np.array([halves[t] * x + sum(halves[t - s] * w[s] for s in range(1, t + 1)) for t in range(steps)])
    slope = v * np.cos(h[:count])
    np.testing.assert_allclose(gradients[0], slope @ halves[:count])
    wanted = [sum(slope[n] * halves[n - s] for n in range(s, count)) if s else 0 for s in range(steps)]
    np.testing.assert_allclose(gradients[1], wanted)
    np.testing.assert_allclose(gradients[2], np.sin(h[:count]))


def test_a_recurrence_that_an_output_does_not_read_has_no_length_to_check():
    text = (
        "dims: {T: 4}\ninputs: {x: [2], w: [T]}\n"
        "equations: ['h[0] = w[0]', 'h[1] = w[1]', 'h[t] = h[t-1]*h[t-2] + w[t]', 'y = sum[i](x[i]^3)']\noutputs: [y]\n"
    )
    module = tcgrad.loads(text).compile()
    x, w = np.array([1.0, 2.0]), np.ones(4)
    _, gradients = module.value_and_grad(x, w)
    np.testing.assert_allclose(gradients[0], 3 * x**2)
    np.testing.assert_allclose(gradients[1], np.zeros(4))
    np.testing.assert_allclose(module.jvp(x, w, np.ones(2), w), 15)


def test_a_fixed_position_may_be_outside_at_other_sizes():
    text = (
        "inputs: {x: {shape: [N], outside: 0}, w: [N]}\ndims: {N: 6}\nequations: ['y[i] = w[i]*sin(x[5] + x[i+1])']\n"
    )
    module = tcgrad.loads(text).compile()
    x, w = np.array([0.3, 0.7, -0.2]), np.array([1.0, 2.0, 3.0])
    shifted = np.append(x[1:], 0)
    y, gradients = module.value_and_grad(x, w, np.ones(3))
    np.testing.assert_allclose(y, w * np.sin(shifted))
    np.testing.assert_allclose(gradients[0], [0, *(w * np.cos(shifted))[:2]])
    np.testing.assert_allclose(gradients[1], np.sin(shifted))


@pytest.mark.parametrize(
    "equations",
    [
        ["y[i] = c[i-j+N-1]*x[j]"],
        ["y[n,i] = c[i-j+N-1]*z[n,j]"],
        ["y[i] = c[i+j]*x[j]^2"],
        ["y[i] = sin(c[i-j+N-1])*x[j]*x[i]"],
    ],
)
def test_no_loop_goes_over_data(equations):
    """Where both indices of a position are long, what is read gets zeros around it: no loop over either."""
    text = spec(["c: [M]", "x: [N]", "z: [B, N]"], equations, dims="{N: 4, B: 2, M: '2*N - 1'}", indices="{i: N, j: N}")
    for sizes in (None, {"N": 1, "B": 3}, {"N": 6, "B": 1}):
        emitted = Emitted(text, sizes)
        check_everything(emitted)
    backward = re.search(r"^def backward.*?^def ", emitted.source, re.DOTALL | re.MULTILINE)
    assert backward is not None
    assert "for " not in backward[0].replace("Return the gradients", "")


@pytest.mark.parametrize("beside", ["m[j]*m[k]", "m[j]*m[k]*w[j]*w[k]", "a[j,k]*m[k]*m[j]*a[k,j]", "sin(m[j] + m[k])"])
def test_a_symbol_beside_what_is_symmetric_is_not_0_over_unequal_ranges(beside):
    for name, dims in ("k", "{K: 2}"), ("j", "{K: 1}"):
        text = spec(
            ["m: [3]", "w: [3]", "a: [3, 3]"],
            [f"x[i] = levi_civita[i,j,k]*{beside}", "f = sum[i](x[i]^2)"],
            dims=dims,
            indices=f"{{{name}: K}}",
        )
        check_everything(Emitted(text))
        assert tcgrad.loads(text).check(trials=1).ok
