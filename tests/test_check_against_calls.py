"""``check --against``: functions that are right for some calls alone, and functions that are given as such."""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import tcgrad
from tcgrad.errors import TcgradError

KERNELS = """
import numpy as np

kept = {}


def probabilities(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def gradient(p, dy):
    return p * (dy - (p * dy).sum(1, keepdims=True))


def right(x, dy):
    return gradient(probabilities(x), dy)


def kept_for_the_inputs(x, dy):
    key = "inputs", x.tobytes(), x.shape
    if key not in kept:
        kept[key] = right(x, dy)
    return kept[key].copy()


def sum_kept_for_the_inputs(x, dy):
    key, p = ("sum", x.tobytes(), x.shape), probabilities(x)
    if key not in kept:
        kept[key] = (p * dy).sum(1, keepdims=True)
    return p * (dy - kept[key])


def kept_for_the_shape(x, dy):
    if x.shape not in kept:
        kept[x.shape] = probabilities(x)
    return gradient(kept[x.shape], dy)


def forward_kept_for_the_shape(x):
    return kept.setdefault(("forward", x.shape), probabilities(x)).copy()


def in_a_copy(x, dy):
    dx = np.zeros_like(x)
    dx.reshape(-1)[:] = right(x, dy).reshape(-1)
    return dx


def in_order_of_memory(x, dy):
    return right(x, dy.ravel(order="K").reshape(dy.shape))


def reads_memory(x, dy):
    packed = dy if dy.flags.c_contiguous else np.ndarray(dy.shape, dy.dtype, buffer=dy.base)
    return right(x, packed)


class Layer:
    def backward(self, x, dy):
        return right(x, dy)

    def __call__(self, x, dy):
        return 2 * right(x, dy)


layer = Layer()
"""

SPEC = """
inputs: {x: [4, 6]}
equations: ["y[n,k] = exp(x[n,k])/(1[j]*exp(x[n,j]))"]
"""

OTHER_SIGN = "where the gradients of the outputs have the other sign"
WRONG = {
    "kept_for_the_inputs": f"returns the same {OTHER_SIGN}",
    "sum_kept_for_the_inputs": f"returns something else than the negative {OTHER_SIGN}",
    "in_a_copy": "returns something else where its arguments are not contiguous",
    "in_order_of_memory": "returns something else where its arguments are not contiguous",
    "reads_memory": "returns something else where its arguments are not contiguous",
    "kept_for_the_shape": "is right where it is called for the first time: it keeps something of earlier calls",
}


@pytest.fixture(autouse=True)
def kernels(tmp_path, monkeypatch):
    (tmp_path / "called_kernels.py").write_text(KERNELS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "called_kernels", raising=False)


def result(against, spec=SPEC, **options):
    (found,) = tcgrad.loads(spec).check(against=against, only="against", **options).results
    return found


@pytest.mark.parametrize("options", [{}, {"method": "directional"}, {"sizes": "own", "trials": 1}])
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_for_other_calls_fails(name, options):
    """In a spec without dims, too, which has no other sizes."""
    found = result(f"called_kernels:{name}", **options)
    assert found.status == "fail"
    assert found.message.removeprefix("called_kernels:").removeprefix(f"{name} ") == WRONG[name]


@pytest.mark.parametrize("dims", ["dims: {N: 4, K: 6}", ""])
def test_it_is_told_of_each_sample(dims):
    spec = dims + SPEC.replace("[4, 6]", "[N, K]" if dims else "[4, 6]")
    assert result("called_kernels:kept_for_the_shape", spec).message == WRONG["kept_for_the_shape"]
    assert result("called_kernels:right", spec).status == "pass"


@pytest.mark.parametrize("method", ["auto", "directional"])
def test_axes_that_are_told_apart_by_their_lengths(method):
    """Where all dims are equal they are not."""

    def backward(x, w, dy):
        dw = dy.T @ x
        return dy @ w.T, dw if dw.shape == w.shape else dw.T

    text = "dims: {N: 4, K: 3, M: 5}\ninputs: {x: [N, K], w: [K, M]}\nequations: ['y[i,j] = x[i,k]*w[k,j]']"
    for seed in range(3):
        checked = tcgrad.loads(text).check(against=backward, only="against", seed=seed, method=method)
        found = {each.wrt: each for each in checked.results}
        assert {wrt: each.status for wrt, each in found.items()} == {"x": "pass", "w": "fail"}
        assert found["w"].worst.sizes == "N=3, K=3, M=3"
        assert method == "directional" or "transpose" in found["w"].message
    assert tcgrad.loads(text).check(against=lambda x, w, dy: (dy @ w.T, x.T @ dy), only="against", method=method).ok


def reflected(x, dy, *, slip):
    """Of a sum with the reversed vector; the slip is that of one who thinks that there is a middle."""
    dx = dy + dy[::-1]
    if slip and len(x) % 2 == 0:
        dx[len(x) // 2] = dy[len(x) // 2]
    return dx


def test_sizes_next_to_the_own_ones():
    """What is odd is even there."""
    made = tcgrad.loads("dims: {N: 5}\ninputs: {x: [N]}\nequations: ['y[i] = x[i] + x[N-1-i]']")
    assert made.check(against=partial(reflected, slip=False), only="against").ok
    (found,) = made.check(against=partial(reflected, slip=True), only="against").results
    assert (found.status, found.worst.sizes) == ("fail", "N=6")


def test_it_is_told_of_a_forward():
    checked = tcgrad.loads(SPEC).check(against_forward="called_kernels:forward_kept_for_the_shape", only="forward")
    (found,) = [each for each in checked.results if each.kind == "against_forward"]
    assert (found.status, found.message) == ("fail", WRONG["kept_for_the_shape"])


def test_a_mistake_in_the_values_is_told_as_such_though_something_is_kept():
    """A copy that was never called makes the same mistake."""
    with Path("called_kernels.py").open("a") as file:
        file.write("\n\ndef doubled(x, dy):\n    kept[x.shape] = x\n    return 2 * right(x, dy)\n")
    assert result("called_kernels:doubled").message == "is 2 times the right value"


def test_a_module_that_cannot_be_run_again():
    with Path("called_kernels.py").open("a") as file:
        file.write("\nimport sys\nif hasattr(sys, 'called_before'): raise RuntimeError\nsys.called_before = 1\n")
    try:
        assert result("called_kernels:kept_for_the_shape").status == "fail"
    finally:
        del sys.called_before


@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble"])
def test_another_order_of_operations_may_move_much_where_much_is_cancelled(dtype):
    """As where a matrix is nearly singular: there `einsum` adds up otherwise if memory is not contiguous."""
    spec = """
dims: {N: 4, M: 12}
inputs: {x: {shape: [N, M], sample: {uniform: [1, 1.01]}}}
equations: ["g[i,j] = x[i,k]*x[j,k]", "y = logdet(g)"]
"""

    def backward(x, dy):
        inverse = np.linalg.inv(np.einsum("ik,jk->ij", x.astype(float), x.astype(float)))
        return (2 * inverse @ x * dy).astype(x.dtype)

    for seed in range(5):
        assert result(backward, spec, dtype=dtype, seed=seed).message == ""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_nothing_but_rounding_may_be_otherwise(dtype):
    """The distances from the largest do not change with all numbers: what rounding leaves of that is no gradient."""
    spec = """
dims: {N: 3, M: 2}
inputs: {x: {shape: [N, M], sample: positive}, z: {shape: [], sample: positive}}
wrt: [z]
equations: ["y[i,k] = x[i,k] + z + tanh(z)", "d[i,k] = y[i,k] - max[l](y[i,l])", "f = d[i,k]^2*1[i,k]"]
"""

    def backward(x, z, df):
        y = x + z + np.tanh(z)
        d, largest = 2 * df * (y - y.max(1, keepdims=True)), y == y.max(1, keepdims=True)
        left = np.einsum("ik->", d) - np.einsum("il,i->", largest / largest.sum(1, keepdims=True), d.sum(1))
        return (left * (2 - np.tanh(z) ** 2)).astype(x.dtype)

    for seed in range(5):
        assert result(backward, spec, dtype=dtype, seed=seed).message == ""


def right(x, dy):
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    return p * (dy - (p * dy).sum(1, keepdims=True))


def wrong(x, dy):
    return 2 * right(x, dy)


def test_a_function_is_given_as_such():
    assert result(right).status == "pass"
    assert result(partial(right)).status == "pass"
    found = result(wrong)
    assert (found.status, found.message) == ("fail", "is 2 times the right value")
    assert f"--against {__name__}:wrong" in found.repeat


def test_a_forward_is_given_as_such():
    forwards = [(lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True), True), (np.exp, False)]
    for forward, ok in forwards:
        assert tcgrad.loads(SPEC).check(against_forward=forward, only="forward").ok is ok


def test_what_no_command_can_name_has_no_command_that_repeats_it():
    for function in (lambda x, dy: 2 * right(x, dy), partial(wrong)):
        found = result(function)
        assert (found.status, found.repeat) == ("fail", None)


def test_methods_and_objects_are_functions():
    import called_kernels  # ty: ignore

    assert result(called_kernels.layer.backward).status == "pass"
    found = result(called_kernels.layer)
    assert (found.status, found.repeat) == ("fail", None)
    assert result("called_kernels:layer.backward").status == "pass"


def test_what_a_given_function_keeps_is_told_if_its_module_can_be_run_again():
    import called_kernels

    assert result(called_kernels.kept_for_the_shape).message == WRONG["kept_for_the_shape"]


def test_what_is_no_function():
    with pytest.raises(TcgradError) as caught:
        tcgrad.loads(SPEC).check(against=3)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.help) == ("TC503", "write 'kernels:backward'")
    assert diagnostic.message == "what is checked is a function, or its name, and this is of the type int"


@pytest.mark.parametrize(("least", "status"), [(-1, "fail"), (-np.inf, "pass")])
def test_masked_elements_are_no_numbers(least, status):
    assert result(lambda x, dy: np.ma.masked_less(right(x, dy), least / 100)).status == status


def test_a_function_of_a_framework_is_given_as_such():
    torch = pytest.importorskip("torch")

    def backward(x, dy):
        x = x.clone().requires_grad_()
        return torch.autograd.grad(torch.softmax(x, 1), x, dy)

    assert result(backward, against_framework="torch").status == "pass"


def test_a_tensor_may_be_told_to_keep_its_gradient():
    torch = pytest.importorskip("torch")

    def backward(x, dy, times=1):
        torch.softmax(times * x.requires_grad_(), 1).backward(dy)
        return x.grad

    assert result(backward, against_framework="torch").status == "pass"
    assert result(partial(backward, times=2), against_framework="torch").status == "fail"
