"""Positions that integer inputs decide: reads and sums there, beyond a tensor with zeros around it too."""

from __future__ import annotations

import numpy as np
import pytest
from emit_tools import Emitted, spec

import tcgrad
from tcgrad.check.program.domains import find_demands
from tcgrad.check.program.reach import Span
from tcgrad.errors import TcgradError

T = "t: {shape: [4], dtype: int, sample: {integers: [%d, %d]}}"
K = np.arange(3)


def zeros_around(x, places):
    """The rows of an array at some positions; zeros where there are none."""
    inside = (places >= 0) & (places < len(x))
    rows = x[np.where(inside, places, 0)]
    return np.where(inside.reshape(inside.shape + (1,) * (x.ndim - 1)), rows, 0)


# inputs, equation, the values of t, the same in NumPy
READS = {
    "shifted": (["x: [5]", T % (1, 6)], "y[b] = x[t[b] - 1]^2", [1, 5, 5, 2], lambda x, t: x[t - 1] ** 2),
    "backward": (["x: [5]", T % (0, 5)], "y[b] = x[4 - t[b]]", [0, 4, 4, 2], lambda x, t: x[4 - t]),
    "a window": (
        ["x: [9]", T % (0, 7), "w: [3]"],
        "y[b] = x[t[b] + k]*w[k]",
        [0, 6, 3, 3],
        lambda x, t, w: x[t[:, None] + K] @ w,
    ),
    "a window with steps": (
        ["x: [9]", T % (0, 4), "w: [3]"],
        "y[b] = tanh(x[2*t[b] + k]*w[k])",
        [0, 3, 3, 1],
        lambda x, t, w: np.tanh(x[2 * t[:, None] + K] @ w),
    ),
    "a window of two axes": (
        ["x: [5, 6]", T % (0, 3), "w: [3, 3]"],
        "y[b] = x[t[b] + k, t[b] + m]*w[k,m]",
        [0, 2, 2, 1],
        lambda x, t, w: np.array([(x[at : at + 3, at : at + 3] * w).sum() for at in t]),
    ),
    "two indices and one integer": (
        ["x: [9]", T % (0, 3), "w: [3]"],
        "y[i] = x[i + k + t[0]]*w[k]*v[i]",
        [2, 0, 0, 0],
        lambda x, t, w, v: x[t[0] + np.arange(4)[:, None] + K] @ w * v,
    ),
    "a step of two and another read": (
        ["x: [9]", T % (0, 3)],
        "y[b,i] = x[2*i + t[b]]*x[i]*[i < 3]",
        [2, 0, 1, 2],
        lambda x, t: np.where(np.arange(4) < 3, x[2 * np.arange(4) + t[:, None]], 0) * x[:4],
    ),
    "a scalar of a window": (
        ["x: [9]", T % (0, 7), "w: [3]"],
        "y = sum[b](exp(x[t[b] + k]*w[k]))",
        [0, 6, 3, 3],
        lambda x, t, w: np.exp(x[t[:, None] + K] @ w).sum(),
    ),
    "a scalar of a window with zeros around": (
        ["x: {shape: [5], outside: 0}", T % (-2, 8), "w: [3]"],
        "y = sum[b](exp(x[2*t[b] + k - 1]*w[k]))",
        [-2, 0, 2, 7],
        lambda x, t, w: np.exp(zeros_around(x, 2 * t[:, None] + K - 1) @ w).sum(),
    ),
    "zeros around": (
        ["x: {shape: [5], outside: 0}", T % (-2, 8)],
        "y[b] = x[t[b]]^2 + x[t[b] - 1]",
        [-2, 7, 5, 0],
        lambda x, t: zeros_around(x, t) ** 2 + zeros_around(x, t - 1),
    ),
    "zeros around rows": (
        ["x: {shape: [5, 2], outside: 0}", T % (-2, 8)],
        "y = sum[b,d](exp(x[t[b] - 1, d]))",
        [0, 6, 7, 3],
        lambda x, t: np.exp(zeros_around(x, t - 1)).sum(),
    ),
    "zeros around a window": (
        ["x: {shape: [5], outside: 0}", T % (-2, 8), "w: [3]"],
        "y[b] = x[t[b] + k - 1]*w[k]",
        [-2, 0, 4, 7],
        lambda x, t, w: zeros_around(x, t[:, None] + K - 1) @ w,
    ),
    "zeros around at half": (
        ["x: {shape: [5], outside: 0}", T % (-2, 12)],
        "y[b] = x[t[b]//2 + 1]^2",
        [-2, -1, 11, 6],
        lambda x, t: zeros_around(x, t // 2 + 1) ** 2,
    ),
    "axes of two sizes": (
        ["x: [5]", T % (0, 5), "w: [6]"],
        "y[b] = x[t[b]]*w[t[b]]",
        [0, 4, 4, 2],
        lambda x, t, w: x[t] * w[t],
    ),
    "a matrix that is not square": (
        ["x: [5, 6]", T % (0, 5), "w: [5]"],
        "y[b] = x[t[b],t[b]]*w[t[b]]^2",
        [0, 4, 4, 2],
        lambda x, t, w: x[t, t] * w[t] ** 2,
    ),
    "a bracket around": (
        ["x: [5]", T % (0, 5)],
        "y[b] = x[t[b]]*[t[b] >= 0]",
        [-1, 4, 0, 2],
        lambda x, t: np.where(t >= 0, x[t], 0),
    ),
    "rows that a bracket sends somewhere, or nowhere": (
        ["x: [4, 3]", T % (0, 5), "w: [5]"],
        "y[n,d] = sum[b]([t[b] == n]*x[b,d]^2)*w[n]",
        [-1, 4, 4, 7],
        lambda x, t, w: (t == np.arange(5)[:, None]) @ x**2 * w[:, None],
    ),
    "rows that a delta sends somewhere, or nowhere": (
        ["x: [4, 3]", T % (0, 5), "w: [5]"],
        "y[n,d] = sum[b](delta[t[b],n]*x[b,d]^2)*w[n]",
        [-1, 4, 4, 7],
        lambda x, t, w: (t == np.arange(5)[:, None]) @ x**2 * w[:, None],
    ),
    "rows that a bracket chooses, or none": (
        ["x: [5, 3]", T % (0, 5), "w: [4]"],
        "y[b,d] = w[b]*sum[n]([n == t[b]]*x[n,d]^2)",
        [-1, 4, 4, 7],
        lambda x, t, w: w[:, None] * ((t[:, None] == np.arange(5)) @ x**2),
    ),
}


def case(name):
    inputs, equation, values, reference = READS[name]
    inputs = [*inputs, "v: [4]"] if "v[i]" in equation else inputs
    indices = {"indices": "{i: 4}"} if "y[b,i]" in equation else {}
    return Emitted(spec(inputs, [equation], **indices)), np.array(values), reference


def differences(function, inputs, name):
    """The Jacobian by one input, by central differences."""
    base, step, columns = inputs[name], 2.0**-16, []
    for place in np.ndindex(base.shape):
        ends = []
        for sign in (1, -1):
            moved = base.copy()
            moved[place] += sign * step
            ends.append(np.asarray(function(**{**inputs, name: moved})))
        columns.append((ends[0] - ends[1]) / (2 * step))
    return np.moveaxis(np.array(columns), 0, -1).reshape(*columns[0].shape, *base.shape)


@pytest.mark.parametrize("name", READS)
def test_emitted_functions_are_right(name):
    emitted, values, reference = case(name)
    inputs = {**emitted.inputs(), "t": values}
    module, arguments = emitted.module, list(inputs.values())
    np.testing.assert_allclose(module.forward(*arguments), reference(**inputs), rtol=1e-12)
    by = [wrt for wrt in inputs if wrt != "t"]
    jacobians = {wrt: differences(reference, inputs, wrt) for wrt in by}
    random = np.random.default_rng(1)
    found = module.jacobian(*arguments)
    for wrt, expected in jacobians.items():
        np.testing.assert_allclose(found["y", wrt], expected, atol=1e-8)
    dy = random.normal(size=np.shape(reference(**inputs)))
    gradients = module.backward(module.forward_saved(*arguments)[1], dy)
    for gradient, expected in zip(gradients, jacobians.values(), strict=True):
        np.testing.assert_allclose(gradient, np.tensordot(dy, expected, dy.ndim), atol=1e-7)
    tangents = [random.normal(size=inputs[wrt].shape) for wrt in by]
    along = sum(np.tensordot(jacobians[wrt], dx, dx.ndim) for wrt, dx in zip(by, tangents, strict=True))
    np.testing.assert_allclose(module.jvp(*arguments, *tangents), along, atol=1e-7)


@pytest.mark.parametrize("name", READS)
def test_checks_pass(name):
    result = tcgrad.loads(case(name)[0].text).check()
    assert result.ok, [each for each in result.results if each.status != "pass"]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", READS)
def test_what_is_printed_is_read_as_the_same(name, strict):
    """With the guards of a window, whose bounds integer inputs decide, as in ``[0 <= p - t[b] < 3]``."""
    text = case(name)[0].text
    printed = tcgrad.loads(text).derive().as_dict()
    lines = [each["index"] for each in printed["jacobians"]] + [each["index"][-1] for each in printed["gradients"]]
    expected = "".join(f"  - {line!r}\n" for line in lines)
    result = tcgrad.loads(f"{text}expect:\n{expected}", strict=strict).check()
    found = [each for each in result.results if each.kind == "expect"]
    assert len(found) == len(lines)
    assert all(each.proved for each in found), [each for each in found if not each.proved]


def test_a_recurrence_reads_beyond_a_tensor_with_zeros_around():
    """In its tangents and second derivatives, too: nothing is added up outside of them."""
    equations = ["h[-1] = x[t[0]]*c", "h[b] = tanh(h[b-1]*x[t[b]] + x[t[b] - 1])", "f = sum[b](h[b]^2)"]
    text = spec(["x: {shape: [5], outside: 0}", T % (-2, 9), "c: []"], equations, outputs="[f]")
    result = tcgrad.loads(text).check()
    assert {each.kind for each in result.results} >= {"hessian", "hvp", "jvp", "jacobian"}
    assert [each.message for each in result.results if each.status == "fail"] == []


@pytest.mark.parametrize("rows", [2, 4])
def test_a_position_that_only_derivatives_read_may_be_outside(rows):
    """The last step of the adjoint recurrence stands by itself, and reads z at ``3 - n``."""
    equations = ["h[-1] = z[1,1]", "h[t] = sin(h[t-1]) - h[t-1]*x", "f = (z[k,k]*h[n+k])^2"]
    inputs = ["x: []", f"z: [{rows}, {rows}]", f"n: {{shape: [], dtype: int, sample: {{integers: [0, {5 - rows}]}}}}"]
    text = spec(inputs, equations, indices="{t: 4}", outputs="[f]")
    result = tcgrad.loads(text).check()
    assert {each.kind for each in result.results} >= {"hessian", "hvp", "jvp", "jacobian"}
    assert [each.message for each in result.results if each.status == "fail"] == []


@pytest.mark.parametrize("others", ["", "*w[i]", "*w[i]*c[i,0]"])
def test_what_is_added_at_a_position_is_read_inside(others):
    """The sum is one over the rows of c, not over what is left of a position of y without n."""
    inputs = ["v: []", "w: [3]", "c: [3, 2]", "n: {shape: [], dtype: int, sample: {integers: [0, 3]}}"]
    equations = ["y[b,i] = (v + w[i])^2*b", f"f = y[i+n,i]*c[i,q]*1[q]{others}"]
    emitted = Emitted(spec(inputs, equations, indices="{i: 3, b: 5}", outputs="[f]"))
    v, w, c, _ = emitted.inputs().values()
    for n in range(3):
        rows = c.sum(axis=1) * {"": 1, "*w[i]": w, "*w[i]*c[i,0]": w * c[:, 0]}[others]
        value, (dv, *_) = emitted.module.value_and_grad(v, w, c, n)
        np.testing.assert_allclose(value, ((v + w) ** 2 * (K + n)) @ rows)
        np.testing.assert_allclose(dv, (2 * (v + w) * (K + n)) @ rows)


WINDOWS = ["w[p+c,c]*w[p+k,c]*sin(v[p+n]*u[k])", "w[p+c,c]*w[p+k,c]*x[p+k]*v[p+n]", "w[p+c,c]/v[p+n]*w[p+k,c]*u[k]"]


@pytest.mark.parametrize("body", WINDOWS)
def test_where_a_window_ends_others_are_read_inside(body):
    """What is added up over one window is multiplied by what another one cuts off, or by what is read nowhere else."""
    inputs = ["w: [4, 2]", "v: {shape: [4], sample: positive}", "u: [2]", "x: [4]"]
    inputs.append("n: {shape: [], dtype: int, sample: {integers: [0, 2]}}")
    result = tcgrad.loads(spec(inputs, [f"f = {body}"], indices="{p: 3, c: 2, k: 2}")).check()
    assert {each.kind for each in result.results} >= {"hessian", "hvp", "jvp", "jacobian"}
    assert [each.message for each in result.results if each.status == "fail"] == []


def test_windows_at_positions_are_added_up():
    assert "np.add.at(dx, " in case("a window")[0].source
    assert ">=" not in case("a window")[0].source


def test_what_a_bracket_selects_is_added_and_read_there():
    """No array of all pairs of positions: edges and nodes of a graph may be many."""
    emitted = Emitted(spec(["x: [5, 3]", T % (0, 5)], ["y[n,d] = sum[b]([t[b] == n]*x[t[b],d]^2)"], indices="{n: 5}"))
    assert "==" not in emitted.source.split("def forward_saved")[1].split("def jvp")[0].replace("[t[b] == n]", "")


def test_the_rows_of_a_table_are_not_copied_for_a_bracket_about_something_else():
    emitted = Emitted(spec(["x: [5, 3]", T % (0, 5)], ["y[b,d] = x[t[b],d]*[t[b] != 0]"]))
    assert "pad(" not in emitted.source


# position, size of what is read, the values of t for which that is inside
SPANS = [
    ("t[b]", 5, (0, 4)),
    ("t[b] - 1", 5, (1, 5)),
    ("t[b] + 2", 5, (-2, 2)),
    ("4 - t[b]", 5, (0, 4)),
    ("2*t[b]", 5, (0, 2)),
    ("3 - 2*t[b]", 5, (0, 1)),
    ("t[b] + k", 9, (0, 6)),
    ("t[b] - k + 1", 9, (1, 7)),
    ("t[b]//2", 5, (0, 9)),
    ("t[b]%5", 5, None),
    ("t[b] + u[b]", 9, None),
]


@pytest.mark.parametrize(("position", "size", "expected"), SPANS)
def test_the_values_for_which_reads_are_inside(position, size, expected):
    inputs = [f"x: [{size}]", "t: {shape: [4], dtype: int}", "u: {shape: [4], dtype: int}"]
    program = tcgrad.loads(spec(inputs, [f"y[b,k] = x[{position}]"], indices="{b: 4, k: 3}")).program
    found = find_demands(program).reach.inside.get("t")
    assert found == (None if expected is None else Span(*expected))
    low, high = expected or (0, size // 2)
    declared = f"t: {{shape: [4], dtype: int, sample: {{integers: [{low}, {high + 1}]}}}}"
    for text, is_well in ((declared, True), (declared.replace(f"{high + 1}]", f"{high + 2}]"), expected is None)):
        function = tcgrad.loads(spec([inputs[0], text, inputs[2]], [f"y[b,k] = x[{position}]"], indices="{b: 4, k: 3}"))
        if is_well:
            assert function.check().ok or "u" in position
        else:
            with pytest.raises(TcgradError) as caught:
                function.check()
            assert caught.value.diagnostics[0].code == "TC504"
            assert caught.value.diagnostics[0].help == f"write `sample: {{integers: [{low}, {high + 1}]}}`"


def test_a_window_longer_than_the_tensor_is_refused():
    text = spec(["x: [2]", "t: {shape: [4], dtype: int}"], ["y[b,k] = x[t[b] + k]"], indices="{k: 3}")
    with pytest.raises(TcgradError, match="whatever `t` is, what it indexes is read outside of its range"):
        tcgrad.loads(text).check()


KEPT = [
    "[0 <= i - s[i] < N]*x[i-s[i]]",
    "where([0 <= i - s[i]]*[i - s[i] < N] != 0, x[i-s[i]], 0)",
    "where([0 <= i - s[i]]*[i - s[i] < N] == 0, 0, x[i-s[i]])",
    "where([[0 <= i - s[i]] > 0]*[i - s[i] < N] >= 1, x[i-s[i]], 0)",
    "[[0 <= i - s[i]] == 1]*[[i - s[i] >= N] == 0]*x[i-s[i]]",
    "where([0 > i - s[i]] + [i - s[i] >= N] == 0, x[i-s[i]], 0)",
    "[[0 > i - s[i]] + [i - s[i] >= N] < 1]*x[i-s[i]]",
]


@pytest.mark.parametrize("body", KEPT)
def test_conditions_on_conditions_keep_reads_inside(body):
    inputs = ["x: [N]", "s: {shape: [N], dtype: int, sample: {integers: [-2, 3]}}"]
    function = tcgrad.loads(f"dims: {{N: 5}}\n{spec(inputs, [f'y[i] = {body}'])}")
    assert find_demands(function.program).reach.around["s"] == Span(-1, 1)
    assert function.check(trials=2).ok


@pytest.mark.parametrize("condition", ["[a]*[b] < 2", "[a] + [b] != 0", "[a] + [b] == 1", "[a]*[b] >= 0"])
def test_conditions_that_hold_elsewhere_keep_nothing_inside(condition):
    condition = condition.replace("[a]", "[0 <= i - s[i]]").replace("[b]", "[i - s[i] < N]")
    inputs = ["x: [N]", "s: {shape: [N], dtype: int}"]
    made = tcgrad.loads(f"dims: {{N: 5}}\n{spec(inputs, [f'y[i] = where({condition}, x[i-s[i]], 0)'])}")
    assert find_demands(made.program).reach.inside["s"] == Span(0, 0)
