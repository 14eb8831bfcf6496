"""Ranges of indices: what fixes, narrows and shifts them, and reads that could leave a tensor."""

import numpy as np
import pytest
from elaborating import mistakes, program, run, sample

INPUTS = {
    "x": ["N"],
    "y": ["N"],
    "w": ["K"],
    "m": ["N", "M"],
    "q": [12],
    "flat": ["H*W"],
    "w3": ["W"],
    "h": ["H", "W"],
    "c": [2, 2],
    "tok": {"shape": ["B"], "dtype": "int"},
    "n": {"shape": [], "dtype": "int"},
    "pad": {"shape": ["N"], "outside": 0},
}
DIMS = {"N": 6, "M": 4, "K": 3, "B": 5, "H": 4, "W": 3}


def made(*equations, **keys):
    return program(*equations, **{"inputs": INPUTS, "dims": DIMS, **keys})


def wrong(*equations, **keys):
    return mistakes(*equations, **{"inputs": INPUTS, "dims": DIMS, **keys})


def convolve(v):
    return np.convolve(v["x"], v["w"][::-1], "valid")


def correlate(v):
    return np.einsum("ijps,ps->ij", np.lib.stride_tricks.sliding_window_view(v["h"], (2, 2)), v["c"])


def padded(v):
    return np.convolve(np.pad(v["pad"], 1), v["w"][::-1], "valid")


VALUES = [
    # rule 2: one index
    ("r = sum[i](x[i+1] - x[i])", lambda v: v["x"][-1] - v["x"][0], {}),
    ("r = sum[i](x[i]*x[i-1])", lambda v: v["x"][1:] @ v["x"][:-1], {}),
    ("r = sum[i](i*x[i]*x[i-1])", lambda v: (np.arange(1, 6) * v["x"][1:]) @ v["x"][:-1], {}),
    ("r = mean[i](x[i]*x[i-1])", lambda v: (v["x"][1:] * v["x"][:-1]).mean(), {}),
    ("r[i] = x[i+1] - x[i]", lambda v: np.diff(v["x"]), {}),
    ("r[i] = x[i+2]", lambda v: v["x"][2:], {}),
    ("r[i] = x[2*i]", lambda v: v["x"][::2], {}),
    ("r[i] = x[2*i+1]", lambda v: v["x"][1::2], {}),
    ("r[i] = q[3*i+1]", lambda v: v["q"][1::3], {}),
    ("r[i] = x[N-1-i]", lambda v: v["x"][::-1], {}),
    ("r[i] = x[N-2-i]", lambda v: v["x"][-2::-1], {}),
    ("r[i] = x[i] + x[N-1-i]", lambda v: v["x"] + v["x"][::-1], {}),
    ("r = sum[i](x[2-i]*y[i])", lambda v: v["x"][2::-1] @ v["y"][:3], {}),
    ("r[i] = x[i//2]", lambda v: np.repeat(v["x"], 2), {}),
    ("r[i] = x[(i+1)//2]", lambda v: v["x"][(np.arange(11) + 1) // 2], {}),
    ("r[i] = q[i]*x[i%N]", lambda v: v["q"] * np.tile(v["x"], 2), {}),
    ("r[k] = h[k//W, k%W]", lambda v: v["h"].ravel(), {}),
    ("r = x[2]*x[N-1]", lambda v: v["x"][2] * v["x"][5], {}),
    ("r[j] = m[0,j]", lambda v: v["m"][0], {}),
    # rule 3: several indices
    ("r[i] = x[i+p]*w[p]", convolve, {}),
    ("r[i] = x[i+p-0]*w[p]", convolve, {}),
    ("r[i] = x[2*i+p]*w[p]", lambda v: convolve(v)[::2], {}),
    ("r[i] = q[i+2*p]*w[p]", lambda v: sum(v["q"][2 * p : 2 * p + 8] * v["w"][p] for p in range(3)), {}),
    ("r[i] = q[W*i+p]*w[p]", lambda v: v["q"].reshape(4, 3) @ v["w"], {}),
    ("r[i,j] = q[W*i+j]", lambda v: v["q"].reshape(4, 3), {"indices": {"j": "W"}}),
    ("r[i] = q[i-j+K-1]*w[j]", lambda v: np.convolve(v["q"], v["w"], "valid"), {}),
    ("r[i,j] = h[i+p,j+s]*c[p,s]", correlate, {}),
    # rule 4: declared ranges
    ("r[i] = x[i+1]", lambda v: v["x"][1:3], {"indices": {"i": 2}}),
    ("r[i] = x[i]", lambda v: v["x"][:4], {"indices": {"i": "M"}}),
    ("r[i] = pad[i+p-1]*w[p]", padded, {"indices": {"i": "N"}}),
    ("r[i] = pad[i-1] + x[i]", lambda v: np.pad(v["pad"], (1, 0))[:-1] + v["x"], {}),
    ("r[i] = 2*pad[i]", lambda v: 2 * v["pad"], {}),
    # rule 5 and what has no range of its own
    ("r[i,j] = x[i]", lambda v: np.repeat(v["x"][:, None], 4, 1), {"indices": {"j": "M"}}),
    ("r[i,j] = delta[i,j]*x[i]", lambda v: np.diag(v["x"]), {}),
    ("r[i,j] = delta[i,j]*x[i+1]", lambda v: np.diag(v["x"][1:]), {}),
    ("r = 1[i]*1[i]", lambda _: 4.0, {"indices": {"i": "M"}}),
    # gather
    ("r[b,j] = m[tok[b],j]", lambda v: v["m"][v["tok"]], {}),
    ("r[b] = m[tok[b],tok[b]]", lambda v: v["m"][v["tok"], v["tok"]], {}),
    ("r[j] = m[n,j]", lambda v: v["m"][v["n"]], {}),
    # a read that a condition keeps inside says nothing about ranges
    ("r[i] = [i >= 1]*x[i-1] + y[i]", lambda v: np.pad(v["x"], (1, 0))[:-1] + v["y"], {}),
    ("r[i] = y[i] + [0 <= i-1 < N]*x[i-1]", lambda v: np.pad(v["x"], (1, 0))[:-1] + v["y"], {}),
    ("r[i] = where(i == N-1, x[i], x[i]*x[i+1])", lambda v: v["x"] * np.append(v["x"][1:], 1), {}),
    ("r[i] = where(i == 0, x[i], x[i]*x[i-1])", lambda v: v["x"] * np.append(1, v["x"][:-1]), {}),
    ("r[i] = y[i] + [N < M]*x[N]", lambda v: v["y"], {}),
    # unless no other plain one does
    ("r[i] = w[i]*delta[i,1] + x[i//2]", lambda v: np.array([0, v["w"][1], 0]) + v["x"][[0, 0, 1]], {}),
    ("r[i] = [i < K]*w[i] + q[2*i]", lambda v: v["w"] + v["q"][:6:2], {}),
    ("r[i] = where(i < K, w[i], x[i-K])", lambda v: np.concatenate([v["w"], v["x"]]), {}),
    ("r[i] = where(i == 0, x[0], x[i-1])", lambda v: np.insert(v["x"], 0, v["x"][0]), {}),
    ("r[i] = [2*i != 0]*x[2*i-1]", lambda v: np.insert(v["x"][1::2], 0, 0), {}),
    # or nothing else at all
    ("r = [k < 2]*(k + 1)*x[2-k]", lambda v: v["x"][2] + 2 * v["x"][1], {}),
    ("r = sum[i]([i+1 < N]*x[i+1])", lambda v: v["x"][1:].sum(), {}),
    ("r[i] = [i//2 < N]*x[i//2] + 0*i", lambda v: np.append(np.repeat(v["x"], 2), 0), {"indices": {"i": "2*N+1"}}),
    ("r[i] = sum[p](w[p]*[0 <= i-p < N]*x[i-p])", lambda v: np.convolve(v["x"], v["w"]), {"indices": {"i": "N+K-1"}}),
    (
        "r[i] = w[p]*x[(i-p)//2]*[(i-p)%2 == 0]*[0 <= i-p]*[i-p < 2*N]",
        lambda v: np.convolve(np.kron(v["x"], [1, 0]), v["w"])[:13],
        {"indices": {"i": 13}},
    ),
]


@pytest.mark.parametrize(("equation", "expected", "keys"), VALUES)
def test_value(equation, expected, keys):
    spec = made(equation, **keys)
    arrays = sample(spec)
    np.testing.assert_allclose(run(spec, arrays)["r"], expected(arrays), rtol=1e-12)


SIZES = [
    ("r[i] = x[i+1]", "N - 1"),
    ("r[i] = x[i+p]*w[p]", "N - K + 1"),
    ("r[k] = h[k//W, k%W]", "H*W"),
    ("r[i] = flat[W*i+p]*w3[p]", "H"),
    ("r[i] = flat[i*W]", "H"),
    ("r[i] = x[i//2]", "2*N"),
    ("r[i] = q[2*i]", "6"),
    ("r[i] = c[1, p]*x[2*i+p]", "(N//2)"),
    ("r[i] = w[p]*x[2*i+p]", "((-K + N)//2) + 1"),
]


@pytest.mark.parametrize(("equation", "size"), SIZES)
def test_sizes_stay_symbolic(equation, size):
    from tcgrad.language.integers import write_integer

    (statement,) = made(equation).statements
    assert write_integer(statement.tensor.shape[0]) == size.replace("N - K", "-K + N")


LAST = "positions count from 0: the last one is `N - 1`"

MISTAKES = [
    (
        "r = x[i]*m[j,i]*1[j]",
        [
            (
                "TC306",
                "i",
                "`i` has two sizes: N = 6 and M = 4",
                "axis 1 of `m` has size M = 4; write another index, or transpose",
            )
        ],
        {},
    ),
    (
        "run[0] = x[0]\nrun[t] = run[t-1]*x[t-1]\nr[i] = run[i]*x[i]",
        [
            (
                "TC306",
                "i",
                "`i` has two sizes: N + 1 = 7 and N = 6",
                "write `indices: {t: N}` to end the recurrence of `run` there",
            )
        ],
        {},
    ),
    (
        "run[0] = x[0]\nrun[t] = run[t-1]*x[t-1]\nr[i] = x[i]*run[i]",
        [
            (
                "TC306",
                "i",
                "`i` has two sizes: N = 6 and N + 1 = 7",
                "write `indices: {t: N}` to end the recurrence of `run` there",
            )
        ],
        {},
    ),
    (
        "r[i] = x[i]*x[i-1]",
        [("TC311", "i", "`i` could only run from 1, but a free index begins at 0", "write `r[i] = x[i + 1]*x[i]`")],
        {},
    ),
    (
        "r[i] = i*x[i-2]",
        [("TC311", "i", "`i` could only run from 2, but a free index begins at 0", "write `r[i] = (i + 2)*x[i]`")],
        {},
    ),
    (
        "r[i] = x[i+p-1]*w[p]",
        [
            (
                "TC310",
                "i+p-1",
                "`i+p-1` runs from -1 to 5, but axis 0 of `x` has positions 0 to 5 (i from 0 to 4, p from 0 to 2)",
                "declare a smaller range under `indices:`, or `outside: 0` for the input",
            )
        ],
        {},
    ),
    (
        "r[i] = x[i+1]",
        [
            (
                "TC310",
                "i+1",
                "`i+1` runs from 1 to 6, but axis 0 of `x` has positions 0 to 5 (i from 0 to 5)",
                "declare a smaller range under `indices:`, or `outside: 0` for the input",
            )
        ],
        {"indices": {"i": "N"}},
    ),
    (
        "r[i,j] = delta[i,j]*x[0]",
        [
            (
                "TC306",
                "delta[i,j]",
                "a delta makes its indices equally long: `i` has size K = 3 under `indices:`, and `j` M = 4",
                "declare one size for both, or compare them in an Iverson bracket: `[i == j]`",
            )
        ],
        {"indices": {"i": "K", "j": "M"}},
    ),
    ("r = x[6]", [("TC310", "6", "`6` is outside: axis 0 of `x` has positions 0 to 5", LAST)], {}),
    ("r = x[0-1]", [("TC310", "0-1", "`0-1` is outside: axis 0 of `x` has positions 0 to 5", LAST)], {}),
    (
        "r[i] = 2*x[i+j]*1[j]",
        [
            (
                "TC309",
                "i",
                "the ranges of `i` and `j` are not known: they only occur together in one position",
                "declare it: `indices: {i: SIZE}`",
            ),
            (
                "TC309",
                "2*x[i+j]*1[j]",
                "the ranges of `j` and `i` are not known: they only occur together in one position",
                "declare it: `indices: {j: SIZE}`",
            ),
        ],
        {},
    ),
    (
        "r[i,j] = x[i]",
        [
            (
                "TC309",
                "j",
                "the range of `j` is not known: no position on the right gives it one",
                "declare it: `indices: {j: SIZE}`",
            )
        ],
        {},
    ),
    (
        "r = 1[k]*1[k]",
        [
            (
                "TC309",
                "1[k]*1[k]",
                "the range of `k` is not known: no plain position gives it one",
                "declare it: `indices: {k: SIZE}`",
            )
        ],
        {},
    ),
    ("r = sum[i](x[i]*x[i+N])", [("TC310", "i", "no value of `i` keeps every read inside its tensor", None)], {}),
    (
        "r[i] = q[i]*x[i%7]",
        [
            (
                "TC310",
                "i%7",
                "`i%7` runs from 0 to 6, but axis 0 of `x` has positions 0 to 5 (i from 0 to 11)",
                "declare a smaller range under `indices:`, or `outside: 0` for the input",
            )
        ],
        {},
    ),
]


@pytest.mark.parametrize(("equation", "found", "keys"), MISTAKES)
def test_mistakes(equation, found, keys):
    assert wrong(equation, **keys) == found


@pytest.mark.parametrize(
    "equations",
    [
        ("h[-1,f] = b[f+2]", "h[t,f] = h[t-1,f]*b[f]*s[t]"),
        ("h[-1,f] = b[f]", "h[t,f] = h[t-1,f]*b[f+1]*s[t]"),
    ],
)
def test_an_empty_range_of_a_recurrence_is_not_compared_with_the_others(equations):
    found = mistakes(*equations, inputs={"b": ["N"], "s": [3]}, dims={"N": 1})
    assert [code for code, *_ in found] == ["TC310"]


POSITIONS = [
    ("r[i,j] = q[i*j]", "i*j"),
    ("r[i] = x[i/2]", "2"),
    ("r[i] = x[i^2]", "i^2"),
    ("r[i] = x[1.5*i]", "1.5"),
    ("r[i] = x[i//i]", "i"),
    ("r[i] = x[exp(i)]", "exp(i)"),
    ("r = 1[i+1]*x[i]", "i+1"),
]


@pytest.mark.parametrize(("equation", "pointed"), POSITIONS)
def test_positions_that_are_no_integer_expressions(equation, pointed):
    ((code, found, _, _),) = wrong(equation)
    assert code == "TC317"
    assert found in pointed


def test_a_real_tensor_is_no_index():
    ((code, pointed, message, _),) = wrong("r[i] = x[y[i]]")
    assert (code, pointed) == ("TC318", "y[i]")
    assert "`y` is real" in message


def test_both_places_of_two_sizes_are_shown():
    from tcgrad.errors import TcgradError

    with pytest.raises(TcgradError) as caught:
        made("r = x[i]*m[j,i]*1[j]")
    (diagnostic,) = caught.value.diagnostics
    (note,) = diagnostic.notes
    assert note.message == "axis 0 of `x` has size N = 6"
    assert note.span.start < diagnostic.span.start


def test_sizes_that_agree_by_chance_give_a_warning():
    spec = program("r = x[i]*y[i]", inputs={"x": ["N"], "y": ["M"]}, dims={"N": 4, "M": 4})
    (warning,) = spec.warnings
    assert warning.code == "TC323"
    assert "both are 4" in warning.message


@pytest.mark.parametrize("function", ["inv(A)[j,i]*x[j]", "det(A)*x[i]", "logdet(A)*x[i]"])
def test_a_square_by_chance_gives_a_warning_and_is_one(function):
    spec = program(f"r[i] = {function}", inputs={"A": ["N", "M"], "x": ["N"]}, dims={"N": 4, "M": 4})
    assert [warning.code for warning in spec.warnings] == ["TC323"]
    assert "both are 4" in spec.warnings[0].message
    assert [dim.name for dim in spec.dims] == ["N"]


@pytest.mark.parametrize("key", [{"symmetric": True}, {"sample": "spd"}])
def test_a_matrix_that_is_symmetric_is_a_square(key):
    inputs = {"A": {"shape": ["N", "M"], **key}, "x": ["M"]}
    spec = program("r[i] = det(A)*A[i,j]*x[j]", inputs=inputs, dims={"N": 4, "M": 4})
    assert [warning.code for warning in spec.warnings] == ["TC323"]
    assert [dim.name for dim in spec.dims] == ["N"]


def test_literal_sizes_of_a_square_agree_with_dims():
    spec = program("r = det(A)", inputs={"A": ["N", 4]}, dims={"N": 4})
    assert (spec.warnings, spec.dims) == ((), ())


def test_literal_sizes_agree_with_dims():
    assert program("r = x[i]*y[i]", inputs={"x": ["N"], "y": [4]}, dims={"N": 4}).warnings == ()


def test_other_sizes():
    spec = made("r[i] = x[i+p]*w[p]", sizes={"N": 11, "K": 4})
    assert [size.value for size in spec.outputs[0].shape] == [8]
    assert {dim.name: dim.value for dim in spec.dims} == {**DIMS, "N": 11, "K": 4}


def test_a_dim_that_is_an_expression_follows_the_others():
    spec = program("r[i] = x[i]", inputs={"x": ["O"]}, dims={"H": 8, "K": 3, "O": "H - K + 1"}, sizes={"H": 20})
    assert spec.outputs[0].shape[0].value == 18
    assert [dim.name for dim in spec.dims] == ["H", "K"]


def test_a_recurrence_that_begins_late_is_not_shown_shifted():
    found = [(code, help_) for code, _, _, help_ in wrong("r[-1] = x[0]", "r[t] = r[t-1] + x[t-1]")]
    assert found == [("TC311", "shift what it reads, so that `t` begins at 0; a base case may stand at 0")]


def test_a_recurrence_with_a_base_case_at_0_reads_the_step_before():
    assert [size.value for size in made("r[0] = x[0]", "r[t] = r[t-1] + x[t-1]").outputs[0].shape] == [7]
