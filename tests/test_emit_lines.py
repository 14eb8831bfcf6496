"""Long statements of emitted code: sums stand one term to a line, and no line is longer than a formatter allows."""

import pytest
from emit_tools import Emitted, check_everything, lint, spec

from tcgrad.emit.code.layout import wrapped

WIDTH = 100


def _sum(term: str, count: int) -> str:
    return " + ".join(term.format(k=k) for k in range(2, 2 + count))


LONG = {
    "a sum": (["x: [3]"], [f"y[i] = {_sum('sin(x[i]/{k})', 30)}"]),
    "differences": (["x: [3]"], ["y[i] = -" + " - ".join(f"sin(x[i]/{k})" for k in range(2, 20))]),
    "a factor": (["x: [3]", "z: [3]"], [f"y[i] = z[i]*({_sum('cos({k}*x[i])', 12)})"]),
    "an argument": (["x: [3]"], [f"y[i] = tanh({_sum('cos(x[i]/{k})', 12)})"]),
    "terms that are long themselves": (
        ["p: [3]", "z: [3]"],
        [
            "y[i] = "
            + _sum("exp(-(p[i] - {k}*z[i])^2/(1 + {k}*p[i]^2 + {k}*z[i]^2))*log(1 + {k}*p[i]^2)*sin({k}*z[i])", 6)
        ],
    ),
    "matrix products": (
        ["x: [3, 2]", *(f"weights_of_layer_{k}: [2, 5]" for k in range(2, 9))],
        [f"y[i,j] = {_sum('x[i,k]*weights_of_layer_{k}[k,j]', 7)}"],
    ),
    "a step of a loop": (
        ["x: [7]", "w: [9]"],
        ["h[0] = x[0]", f"h[t] = {_sum('w[{k} - 2]*tanh(h[t-1]/{k})', 9)} + x[t]"],
    ),
}


@pytest.mark.parametrize("name", LONG)
def test_every_line_fits_and_is_right(name):
    inputs, equations = LONG[name]
    emitted = Emitted(spec(inputs, equations))
    assert [line for line in emitted.source.splitlines() if len(line) > WIDTH] == []
    assert lint([emitted.source]) == ""
    check_everything(emitted)


def test_a_long_sum_stands_one_term_to_a_line():
    inputs, equations = LONG["a factor"]
    lines = Emitted(spec(inputs, equations)).source.splitlines()
    start = lines.index("    t13 = (")
    assert lines[start + 1] == "        np.cos(t1)"
    assert all(line.startswith("        + np.cos(") for line in lines[start + 2 : start + 13])
    assert lines[start + 13 : start + 15] == ["    )", "    y = z * t13"]


def test_a_short_sum_that_is_long_to_write_gets_a_temporary():
    body = "exp(-(p[i] - 2*z[i])^2/(1 + 3*p[i]^2 + 4*z[i]^2))*log(1 + 5*p[i]^2)*sin(6*z[i]) + sqrt(p[i] + 7)"
    source = Emitted(spec(["p: [3]", "z: [3]"], [f"y[i] = {body}"])).source
    assert "= (\n" not in source.split("def backward")[0]


def test_a_long_shape_is_broken_over_lines():
    dims = "{LENGTH_OF_A_SEQUENCE: 2, NUMBER_OF_FEATURES: 3, HEADS: 2, CHANNELS_OF_THE_RESULT: 2}"
    axes = "LENGTH_OF_A_SEQUENCE, NUMBER_OF_FEATURES, HEADS, CHANNELS_OF_THE_RESULT"
    source = Emitted(spec([f"x: [{axes}]"], ["y[i,j,k,l] = x[i,j,k,l] + 2*x[i,j,l,k]*x[i,j,k,k]"], dims=dims)).source
    assert max(map(len, source.splitlines())) <= WIDTH
    assert "np.zeros((\n" in source


def test_no_line_of_a_broken_text_ends_in_a_space():
    text = "a + " + "long*" * 7 + "factor - b*(c + " + "another*" * 5 + "one)"
    for width in range(12, 60):
        lines = wrapped(text, "# ", width=width)
        assert [line for line in lines if line != line.rstrip()] == []
        assert "".join(line.removeprefix("# ") for line in lines).replace(" ", "") == text.replace(" ", "")


def test_the_equations_of_all_that_one_array_is_stand_above_it():
    equations = ["u = w[h]*x[h] + b", "y = u^2*c", "v[i] = u*z[i]"]
    emitted = Emitted(spec(["w: [3]", "x: [3]", "b: []", "c: []", "z: [2]"], equations, outputs="[y, v]"))
    lines = [line.strip() for line in emitted.source.split("def backward")[1].splitlines()]
    place = lines.index("# dl/db = dl/du")
    assert lines[place - 1] == "# dl/du = 2*dl/dy*c*u + dl/dv[i]*z[i]"
    assert lines[place + 1].startswith("db = ")


# An equation of x[N,M] and t[N,M,K], and its code.
SUBSCRIPTS = {
    "y[i] = x[i+1,2]": "y = x[1:, 2].copy()",
    "y[i] = x[N-1-i,0]": "y = x[::-1, 0].copy()",
    "y[i,j] = t[i,j+1,3]": "y = t[:, 1:, 3].copy()",
    "y[i,j] = 2*t[i,j,1]": "y = 2 * t[..., 1]",
    "y[i,j] = 2*t[1,i+2,j]": "y = 2 * t[1, 2:]",
}


@pytest.mark.parametrize("equation", SUBSCRIPTS)
def test_slices_and_positions_are_one_subscript(equation):
    emitted = Emitted(spec(["x: [N, M]", "t: [N, M, K]"], [equation], dims="{N: 5, M: 4, K: 6}"))
    assert f"    {SUBSCRIPTS[equation]}" in emitted.source.splitlines()
    check_everything(emitted)


def test_the_equations_of_recurrences_that_run_together_stand_above_their_adjoints():
    """No line outside of the loop reads the adjoint that comes first."""
    equations = ["h[-1] = a", "z[t] = w*h[t-1] + x[t]", "h[t] = tanh(z[t])", "y = h[T-1]"]
    emitted = Emitted(spec(["x: [T]", "w: []", "a: []"], equations, dims="{T: 4}"))
    backward = emitted.source.split("def backward")[1].split("def ")[0]
    for name in ("dl/dh[T-1] = ", "dl/dh[t] = ", "dl/dz[t] = "):
        assert backward.count(f"# {name}") == 1
