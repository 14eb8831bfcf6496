"""``check --against``: a backward of the user's own, right and wrong in every way that people manage."""

import sys

import numpy as np
import pytest

import tcgrad
from tcgrad.check import check
from tcgrad.check.sampling.sizes import other_sizes
from tcgrad.check.user.against import UserCode, UserFunction
from tcgrad.check.user.errors import describe
from tcgrad.errors import TcgradError

KERNELS = """
import numpy as np


def right(x, a, dy):
    return dy @ a.T, x.T @ dy


def float_lists(x, a, dy):
    return (dy @ a.T).tolist(), x.T @ dy


def slightly_off(x, a, dy):
    return dy @ a.T * (1 + 1e-9), x.T @ dy


def one_element_off(x, a, dy):
    dx = dy @ a.T
    dx[0, 0] += 1e-9
    return dx, x.T @ dy


def wrong_sign(x, a, dy):
    return -dy @ a.T, x.T @ dy


def swapped(x, a, dy):
    return x.T @ dy, dy @ a.T


def transposed(x, a, dy):
    return (dy @ a.T).T, x.T @ dy


def only_one(x, a, dy):
    return dy @ a.T


def nothing(x, a, dy):
    return None, None


def nothing_at_all(x, a, dy):
    pass


def a_mapping(x, a, dy):
    return {"x": dy @ a.T, "a": x.T @ dy}


def one_by_one(x, a, dy):
    yield dy @ a.T
    yield x.T @ dy


def complex_numbers(x, a, dy):
    return (dy @ a.T).astype(complex), x.T @ dy


def not_numbers(x, a, dy):
    return "dx", x.T @ dy


def not_finite(x, a, dy):
    return dy @ a.T * np.nan, x.T @ dy


def all_zero(x, a, dy):
    return np.zeros_like(x), x.T @ dy


def raises(x, a, dy):
    raise RuntimeError("out of luck")


def writes(x, a, dy):
    x[:] = 0
    return dy @ a.T, x.T @ dy


def wrong_arguments(x):
    return x


def wide(x, a, dy):
    return (dy @ a.T).astype(np.float64), (x.T @ dy).astype(np.float64)


def whole(x, a, dy):
    return np.zeros(x.shape, int), x.T @ dy


def square_only(x, a, dy):
    return (dy @ a.T if a.shape[0] == a.shape[1] else 2 * dy @ a.T), x.T @ dy


def not_at_one(x, a, dy):
    return dy @ a.T, (x.T @ dy if x.size > 1 else 2 * x.T @ dy)


def only_own_sizes(x, a, dy):
    return dy @ np.reshape(a, (4, 5)).T, x.T @ dy


def a_view(x, a, dy):
    return x[...], x.T @ dy


def counts(x, a, dy, calls=[0]):
    calls[0] += 1
    return dy @ a.T, x.T @ dy * (1 + calls[0] * 1e-16)


def one_buffer(x, a, dy, kept={}):
    return np.matmul(dy, a.T, out=kept.setdefault(x.shape, np.empty_like(x))), x.T @ dy


def reads_memory(x, a, dy):
    packed = dy if dy.flags.c_contiguous else np.ndarray(dy.shape, dy.dtype, buffer=dy.base)
    return packed @ a.T, x.T @ dy


def refuses_gaps(x, a, dy):
    if not all(array.flags.c_contiguous for array in (x, a, dy)):
        raise ValueError("only contiguous arrays")
    return dy @ a.T, x.T @ dy


def leaves(x, a, dy):
    raise SystemExit(0)


def chatty(x, a, dy):
    print("working")
    return dy @ a.T, x.T @ dy


def another_order(x, a, dy):
    dx = sum(dy[:, j, None] * a[None, :, j] for j in reversed(range(a.shape[1])))
    return dx, sum(x[i, :, None] * dy[i, None, :] for i in range(len(x)))


def forward(x, a):
    return x @ a


def forward_lists(x, a):
    return (x @ a).tolist()


def forward_off(x, a):
    return x @ a * (1 + 1e-9)


def forward_twice(x, a):
    return x @ a, x @ a


def outcome(x, a, dy):
    class Outcome(BaseException):
        pass

    raise Outcome("as test frameworks have them")


def fails_below(x, a, dy):
    np.linalg.inv(np.zeros((2, 2)))


class Layer:
    @staticmethod
    def backward(x, a, dy):
        return dy @ a.T, x.T @ dy

    size = 3


constant = 3
"""

LINES = {
    name: next(n for n, line in enumerate(KERNELS.splitlines(), 1) if line.strip().startswith(start))
    for name, start in (("raises", "raise RuntimeError"), ("fails_below", "np.linalg.inv"))
}

WRONG = """
slightly_off |
one_element_off |
wrong_sign |
swapped | the gradient has shape
transposed | the gradient has shape
only_one | returns ndarray, not 2 gradients: x, a
nothing_at_all | returns None, not 2 gradients: x, a
a_mapping | returns dict, not 2 gradients: x, a
one_by_one | returns generator, not 2 gradients: x, a
complex_numbers | returns complex128 for x, given float64
nothing | returns None for x
not_numbers | returns str for x, not real numbers
whole | returns int64 for x, given float64
square_only |
not_at_one |
only_own_sizes | raised ValueError
a_view | returns a view of its argument x for x
counts | returns something else when it is called again
one_buffer | returns the same memory for x when it is called again
reads_memory | returns something else where its arguments are not contiguous
leaves | raised SystemExit: 0
outcome | raised Outcome: as test frameworks have them
not_finite | not finite
all_zero |
raises | raised RuntimeError: out of luck (user_kernels.py, line {raises})
fails_below | raised LinAlgError: Singular matrix (user_kernels.py, line {fails_below})
writes | wrote to its arguments
wrong_arguments | argument but 3 were given; it is called with (x, a, dy)
"""


@pytest.fixture(autouse=True)
def kernels(tmp_path, monkeypatch):
    (tmp_path / "user_kernels.py").write_text(KERNELS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def results(name, **options):
    checked = tcgrad.load("gallery:matmul").check(against=f"user_kernels:{name}", **options)
    return checked.ok, [result for result in checked.results if result.kind == "against"]


@pytest.mark.parametrize(("name", "dtype"), [
    ("right", "float64"), ("right", "float32"), ("right", "float16"), ("right", "longdouble"),
    ("float_lists", "float64"), ("another_order", "float64"), ("another_order", "float32"), ("chatty", "float64"),
    ("refuses_gaps", "float64"),
])  # fmt: skip
def test_a_right_backward_passes(name, dtype):
    ok, found = results(name, dtype=dtype)
    assert ok
    assert [(result.of, result.wrt, result.status, result.elements > 0) for result in found] == [
        ("y", "x", "pass", True),
        ("y", "a", "pass", True),
    ]


@pytest.mark.parametrize("row", WRONG.strip().splitlines())
def test_a_wrong_backward_fails(row):
    name, _, message = (part.strip() for part in row.partition("|"))
    ok, found = results(name)
    assert not ok
    failures = [result for result in found if result.status == "fail"]
    assert failures
    assert message.format_map(LINES) in failures[0].message
    assert f"--against user_kernels:{name}" in (failures[0].repeat or "")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("user_kernels", "`user_kernels` is not MODULE:FUNCTION"),
        ("user_kernels:", "`user_kernels:` is not MODULE:FUNCTION"),
        ("./user_kernels.py:right", "`./user_kernels.py:right` is not MODULE:FUNCTION"),
        ("no_such_module:f", "there is no module `no_such_module`"),
        ("user_kernels:no_such_function", "`no_such_function` is not there in `user_kernels`"),
        ("user_kernels:constant", "`constant` is no function in `user_kernels`"),
        ("user_kernels:Lay.backward", "`Lay` is not there in `user_kernels`"),
        ("user_kernels:Layer.forward", "`forward` is not there in `user_kernels.Layer`"),
        ("user_kernels:Layer.size", "`size` is no function in `user_kernels.Layer`"),
        ("user_kernels:Layer.", "`user_kernels:Layer.` is not MODULE:FUNCTION"),
    ],
)
def test_a_function_that_is_not_there(reference, message):
    with pytest.raises(TcgradError) as caught:
        tcgrad.load("gallery:matmul").check(against=reference)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("TC503", message)


@pytest.mark.parametrize(
    ("reference", "help_line"),
    [
        ("kernels.py:backward", "write `kernels:backward`"),
        ("kernels.py", "write `kernels:FUNCTION`"),
        ("./ops/kernels.py:backward", "write `ops.kernels:backward`"),
        ("../kernels.py:backward", "in the folder of kernels.py, write `kernels:backward`"),
        ("/home/me/kernels.py:backward", "in the folder of kernels.py, write `kernels:backward`"),
    ],
)
def test_a_file_is_answered_with_the_name_of_its_module(reference, help_line):
    with pytest.raises(TcgradError) as caught:
        tcgrad.load("gallery:matmul").check(against=reference)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.message, diagnostic.help) == (f"`{reference}` is not MODULE:FUNCTION", help_line)


def test_a_module_that_a_users_module_lacks_is_told_as_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kernels_in_want.py").write_text("import no_such_library\n")
    with pytest.raises(TcgradError) as caught:
        tcgrad.load("gallery:matmul").check(against="kernels_in_want:backward")
    (diagnostic,) = caught.value.diagnostics
    expected = "importing `kernels_in_want` raised ModuleNotFoundError: No module named 'no_such_library'"
    assert (diagnostic.message, diagnostic.help) == (f"{expected} (kernels_in_want.py, line 1)", None)


def test_importing_tells_the_line_that_fails(tmp_path):
    (tmp_path / "kernels_in_vain.py").write_text("import math\n\nmath.sqrt(-1)\n")
    with pytest.raises(TcgradError) as caught:
        tcgrad.load("gallery:matmul").check(against="kernels_in_vain:backward")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message.endswith("raised ValueError: math domain error (kernels_in_vain.py, line 3)")


def test_a_file_that_has_the_name_of_another_module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "random.py").write_text("def backward(*arrays): ...\n")
    with pytest.raises(TcgradError) as caught:
        tcgrad.load("gallery:matmul").check(against="random:backward")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == "`backward` is not there in `random`"
    assert diagnostic.help.startswith("it is not random.py: a module of Python's")


def test_an_error_without_a_text_is_told_by_its_name():
    class MuteError(Exception):
        def __str__(self):
            raise RuntimeError

    for error, told in [(MuteError(), "MuteError"), (ValueError(), "ValueError"), (KeyError(1), "KeyError: 1")]:
        assert describe(error) == told


def test_a_function_of_a_class():
    assert results("Layer.backward")[0]


def test_a_function_is_called_whatever_else_is_asked_for():
    checked = tcgrad.load("gallery:matmul").check(against="user_kernels:wrong_sign", only="gradient")
    assert {result.kind for result in checked.results if result.status == "fail"} == {"against"}
    assert any(result.kind == "gradient" for result in checked.results)


def test_another_type_than_that_of_the_inputs_fails():
    assert results("wide", dtype="float64")[0]
    ok, found = results("wide", dtype="float32")
    assert (ok, found[0].message) == (False, "user_kernels:wide returns float64 for x, given float32")
    checked = tcgrad.load("gallery:pointwise_sin").check(
        against=lambda x, dy: (np.cos(x) * dy).astype(x.dtype.newbyteorder()), only="against", sizes="own"
    )
    assert checked.results[0].message.endswith("returns float64 with its bytes swapped for x, given float64")


def test_a_mistake_at_other_sizes_than_the_specs_names_them():
    _, found = results("not_at_one")
    assert found[1].worst.sizes == "N=1, K=1, M=1"
    _, found = results("only_own_sizes")
    assert found[0].message.endswith("(with N=13, K=11, M=7)")


def test_what_the_code_prints_is_not_in_the_report(capsys):
    results("chatty")
    printed = capsys.readouterr()
    assert (printed.out, "working" in printed.err) == ("", True)


FORWARDS = """
forward | pass |
forward_lists | pass |
forward_off | fail |
forward_twice | fail | returns 2 outputs, not 1 output: y
raises | fail | raised TypeError
"""


@pytest.mark.parametrize("row", FORWARDS.strip().splitlines())
def test_a_forward_is_compared_with_plain_evaluation(row):
    name, status, message = (part.strip() for part in row.split("|"))
    checked = tcgrad.load("gallery:matmul").check(against_forward=f"user_kernels:{name}")
    (found,) = [result for result in checked.results if result.kind == "against_forward"]
    assert (found.of, found.wrt, found.status, message in found.message) == ("y", None, status, True)
    if status == "fail":
        assert found.repeat.endswith(f"--against-forward user_kernels:{name}")


FRAMEWORKS = """
import numpy as np


def torch_backward(x, a, dy):
    import torch
    assert isinstance(x, torch.Tensor)
    x, a = x.clone().requires_grad_(), a.clone().requires_grad_()
    return torch.autograd.grad(x @ a, (x, a), dy)


def torch_wrong(x, a, dy):
    return dy @ a.T, 2 * x.T @ dy


def torch_half(x, a, dy):
    import torch
    return (dy @ a.T).to(torch.bfloat16), x.T @ dy


def numpy_result(x, a, dy):
    return np.asarray(dy) @ np.asarray(a).T, np.asarray(x).T @ np.asarray(dy)


def jax_backward(x, a, dy):
    import jax
    _, pull = jax.vjp(lambda x, a: x @ a, x, a)
    return pull(dy)


def jax_wrong(x, a, dy):
    return dy @ a.T, 2 * x.T @ dy
"""


@pytest.mark.parametrize(
    ("framework", "name", "dtype", "expected"),
    [
        ("torch", "torch_backward", "float64", ("pass", "")),
        ("torch", "torch_backward", "float32", ("pass", "")),
        ("torch", "torch_wrong", "float64", ("fail", "")),
        ("torch", "torch_half", "float32", ("fail", "returns no array for x")),
        ("torch", "numpy_result", "float64", ("fail", "returns ndarray for x, not Tensor")),
        ("torch", "torch_backward", "longdouble", ("fail", "torch takes no longdouble")),
        ("jax", "jax_backward", "float64", ("pass", "")),
        ("jax", "jax_backward", "float32", ("pass", "")),
        ("jax", "jax_wrong", "float64", ("fail", "")),
    ],
)
def test_tensors_of_frameworks(tmp_path, framework, name, dtype, expected):
    status, message = expected
    pytest.importorskip(framework)
    (tmp_path / "of_frameworks.py").write_text(FRAMEWORKS)
    options = {"against": f"of_frameworks:{name}", "against_framework": framework, "dtype": dtype, "trials": 1}
    checked = tcgrad.load("gallery:matmul").check(**options)
    found = [result for result in checked.results if result.kind == "against"]
    assert status in {result.status for result in found}
    assert any(message in result.message for result in found)
    if status == "fail":
        assert found[-1].repeat.endswith(f"--against of_frameworks:{name} --against-framework {framework}")


def test_a_framework_that_is_not_there(monkeypatch):
    def code(framework, against="user_kernels:right"):
        with pytest.raises(TcgradError) as caught:
            tcgrad.load("gallery:matmul").check(against=against, against_framework=framework)
        (diagnostic,) = caught.value.diagnostics
        return diagnostic.code, diagnostic.message

    assert code("tensorflow") == ("TC505", "there is no framework `tensorflow`")
    assert code("torch", None) == ("TC503", "--against-framework alone checks nothing")
    monkeypatch.setitem(sys.modules, "torch", None)
    found = code("torch")
    assert found[0] == "TC505"
    assert found[1].startswith("`torch` is not installed")


LABELLED = """
def backward(x, t, dl=1.0):
    p = np.exp(x - x.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    kept = t >= 0
    p[np.arange(len(t))[kept], t[kept]] -= 1
    p[~kept] = 0
    return (p*dl).astype(x.dtype)
"""


@pytest.mark.parametrize("sample", ["", ", sample: {integers: [0, 4]}", ", sample: {integers: [-1, 4]}"])
def test_labels_of_classes_are_labels_at_other_sizes_too(sample, tmp_path):
    """What is declared to be among the values of an index that it is compared with may index whatever that does."""
    (tmp_path / "labelled.py").write_text(f"import numpy as np\n\n{LABELLED}")
    spec = f"""
dims: {{B: 6, C: 4}}
inputs:
  x: [B, C]
  t: {{shape: [B], dtype: int{sample}}}
equations:
  - l = 1[b]*[t[b] >= 0]*(logsumexp[c](x[b,c]) - x[b,c]*[c == t[b]])
"""
    assert tcgrad.loads(spec).check(against="labelled:backward").ok
    sys.modules.pop("labelled")


def test_values_that_reach_beyond_the_classes_do_so_at_other_sizes_too():
    spec = "dims: {B: 30, C: 4}\ninputs: {x: [C], t: {shape: [B], dtype: int, sample: {integers: [2, 7]}}}\n"
    spec += "equations: ['y[b] = x[c]*[c == t[b]]']\n"
    found = [other.inputs[1].sample for other, _ in other_sizes(tcgrad.loads(spec).program)]
    assert [(sample.low, sample.high) for sample in found] == [(2, 7), (2, 7)]


def test_a_reshape_that_copies_is_no_view_where_axes_have_length_1():
    text = "dims: {W: 4}\ninputs: {x: [3, W]}\nindices: {k: '3*W'}\nequations: ['y[k] = x[k%3,k//3]']\n"
    forward = UserFunction("forward", lambda x: x.T.reshape(-1))
    result = check(tcgrad.loads(text).program, against=UserCode(forward=forward))
    assert [r.message for r in result.results if r.status != "pass"] == []
