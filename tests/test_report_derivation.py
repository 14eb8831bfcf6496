"""Reports on derivations: what they say, in which order, in every format."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import tcgrad
from tcgrad.calculus import Derivation, derive
from tcgrad.calculus.derivation import Jacobian
from tcgrad.errors import Located, Report, TcgradError
from tcgrad.evaluate import evaluate_program, evaluate_statements
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import gradient_of
from tcgrad.language.elaborate import elaborate
from tcgrad.language.parsing.parser import parse_equation
from tcgrad.prove import prove_equal
from tcgrad.report.derivations.json_object import json_text, render_json
from tcgrad.report.derivations.latex import render_latex
from tcgrad.report.derivations.markdown import render_markdown
from tcgrad.report.derivations.text import render_text
from tcgrad.spec.loader import read_spec

MATMUL = """\
name: matmul
doc: The product of two matrices.
dims: {N: 3, K: 4, M: 5}
inputs: {x: [N, K], a: [K, M]}
equations: ['y[i,j] = x[i,k]*a[k,j]']
"""

PAIR = """\
inputs: {x: [], y: []}
equations: ['f = x^2 + 3*y', 'g = 5*x + y^3']
outputs: [f, g]
"""

SCALAR = """\
doc: >
  Two lines
  of words.
dims: {N: 4}
inputs: {x: [N], y: []}
equations: ['f = y*x[i]*x[i]']
"""

CHAIN = """\
dims: {N: 3}
inputs: {x: [N], w: [N, N]}
equations: ['h[i] = exp(w[i,k]*x[k])', 'y[i] = h[i]/(1[j]*h[j])']
"""

ZEROS = """\
dims: {N: 3}
inputs: {x: [N], s: []}
equations: ['y[i] = x[i]', 'z = s^2', 't[i] = x[N-1-i]*x[i]']
outputs: [y, z, t]
"""

RECURRENT = """\
dims: {T: 4, H: 2}
inputs: {h0: [H], w: [H, H]}
indices: {t: T}
equations: ['h[-1,j] = h0[j]', 'h[t,j] = tanh(w[j,k]*h[t-1,k])']
"""


def derivation(text: str) -> Derivation:
    return derive(elaborate(read_spec(text, "spec.yaml")))


def test_text_of_a_matrix_product() -> None:
    assert (
        render_text(derivation(MATMUL))
        == """\
matmul: The product of two matrices.

Read as
    y[i,j] = Σ[k](x[i,k]·a[k,j])    [N, M] = [3, 5]

Jacobians
    ∂y[i,j]/∂x[p,q] = a[q,j]·δ[i,p]    [N, M, N, K] = [3, 5, 3, 4]
    ∂vec(y)/∂vec(x) = I ⊗ aᵀ           [N·M, N·K] = [15, 12]
    ∂y[i]/∂x[p]     = δ[i,p] aᵀ        [M, K] = [5, 4]

    ∂y[i,j]/∂a[p,q] = x[i,p]·δ[j,q]    [N, M, K, M] = [3, 5, 4, 5]
    ∂vec(y)/∂vec(a) = x ⊗ I            [N·M, K·M] = [15, 20]

    Here vec writes a matrix as one column, row after row.

Gradients, given ∂l/∂y [N, M] = [3, 5]
    ∂l/∂x[p,q] = ∂l/∂y[p,j]·a[q,j]    [N, K] = [3, 4]
    ∂l/∂x      = ∂l/∂y aᵀ             [N, K] = [3, 4]

    ∂l/∂a[p,q] = ∂l/∂y[i,q]·x[i,p]    [K, M] = [4, 5]
    ∂l/∂a      = xᵀ ∂l/∂y             [K, M] = [4, 5]
"""
    )


def test_text_in_ascii_and_in_index_notation_alone() -> None:
    text = render_text(derivation(MATMUL), notations=["index"], unicode=False)
    assert text.isascii()
    assert "    dl/dx[p,q] = dl/dy[p,j]*a[q,j]    [N, K] = [3, 4]\n" in text
    assert "vec" not in text


def test_text_in_matrix_notation_alone() -> None:
    text = render_text(derivation(MATMUL), notations=["matrix"])
    assert "∂l/∂x = ∂l/∂y aᵀ" in text
    assert "·δ" not in text


def test_several_scalars_make_one_matrix() -> None:
    text = render_text(derivation(PAIR))
    assert text.endswith(
        """\
The Jacobian as one matrix
    ∂(f, g)/∂(x, y) = [2·x  3   ]
                      [5    3·y²]
"""
    )
    assert "Gradients, given ∂l/∂f, ∂l/∂g\n" in text


def test_a_scalar_output_has_its_gradients_once() -> None:
    text = render_text(derivation(SCALAR))
    assert "Jacobians" not in text
    assert "Gradients of the scalar f\n    ∂f/∂x[p] = 2·x[p]·y    [N] = [4]\n" in text
    assert "∂l" not in text
    assert text.startswith("spec: Two lines of words.\n")


def test_lines_of_intermediates_stand_once() -> None:
    lines = render_text(derivation(CHAIN), notations=["index"], unicode=False).splitlines()
    formulas = [line for line in lines if " = " in line]
    assert len(formulas) == len(set(formulas))


def test_zeros_are_short_and_missing_notations_have_a_reason() -> None:
    text = render_text(derivation(ZEROS), unicode=False)
    assert re.search(r"dy\[\w\]/ds +=\s0 +\[N\] = \[3\]\n", text)
    assert "no matrix notation: x is read at a position that is no plain index\n" in text


def test_what_has_no_closed_form_has_a_reason() -> None:
    result = derivation(MATMUL)
    given = Jacobian(result.jacobians[0].of, result.jacobians[0].wrt, None, "it is 100% too long")
    bare = replace(result, jacobians=(given,))
    assert "    ∂y/∂x    [N, M, N, K] = [3, 5, 3, 4]\n    no closed form: it is 100% too long\n" in render_text(bare)
    assert r"$\frac{\partial y}{\partial x}$ has no closed form: it is 100\% too long." in render_latex(bare)
    assert "No closed form: it is 100% too long.\n" in render_markdown(bare)
    entry = render_json(bare)["jacobians"][0]
    assert entry["reason"] == "it is 100% too long"
    assert entry["index"] is None
    assert entry["latex"] is None
    assert entry["matrix"] is None
    assert entry["shape"] == [3, 5, 3, 4]
    assert entry["indices"] == ["i", "j", "p", "q"]


def test_the_axes_of_what_has_no_closed_form_are_named_all_the_same() -> None:
    """As those of the tensor where it is defined, by an equation or by a recurrence, and of new indices."""
    text = """
dims: {T: 3, A: 2}
inputs: {w: [A, A], g: [A], x: [T, A]}
wrt: [w, g]
equations:
  - h[-1,a] = g[a]
  - h[t,a] = tanh(w[a,b]*h[t-1,b]) + x[t,a]
  - z[c,s] = h[s,c]^2
  - f = z[c,s]*z[c,s]
outputs: [h, z, f]
"""
    data = tcgrad.loads(text).derive(hessian=True).as_dict()
    named = {(entry["of"], entry["wrt"]): entry["indices"] for entry in data["jacobians"]}
    assert named == {
        ("h", "w"): ["t", "a", "p", "q"],
        ("h", "g"): ["t", "a", "p"],
        ("z", "w"): ["c", "s", "p", "q"],
        ("z", "g"): ["c", "s", "p"],
        ("f", "w"): ["p", "q"],
        ("f", "g"): ["p"],
    }
    for entry in (*data["jacobians"], *data["hessians"]):
        assert entry["index"] is None
        assert len(set(entry["indices"])) == len(entry["shape"])


def test_a_recurrence_and_its_adjoint_are_written_as_recurrences() -> None:
    text = render_text(derivation(RECURRENT), unicode=False)
    assert "    h[-1,j] = h0[j]" in text
    assert "    h[t,j]  = tanh(sum[k](w[j,k]*h[t-1,k]))" in text
    assert "no closed form: h depends on w through a recurrence" in text
    assert re.search(r"dl/dh\w*\[\w,\w\] += .*dl/dh\w*\[\w\+1,\w\]", text)


def test_an_unknown_notation_is_refused() -> None:
    with pytest.raises(TcgradError, match="there is no notation `tensor`"):
        render_text(derivation(MATMUL), notations=["tensor"])


def test_colours_change_no_character() -> None:
    plain, painted = (render_text(derivation(CHAIN), color=color) for color in (False, True))
    assert "\x1b[" in painted
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == plain


def test_long_formulas_are_never_wrapped() -> None:
    terms = " + ".join(f"sin({n}*x[i])" for n in range(2, 60))
    text = f"dims: {{N: 3}}\ninputs: {{x: [N]}}\nequations: ['y[i] = {terms}']\n"
    for color in (False, True):
        lines = render_text(derivation(text), color=color, notations=["index"]).splitlines()
        assert max(map(len, lines)) > 600
        assert sum("sin(59·x[" in line for line in lines) == 1


KEYS = ["of", "wrt", "indices", "shape", "index", "latex", "matrix"]


def test_json() -> None:
    data = render_json(derivation(MATMUL))
    assert json.loads(json_text(data)) == data
    assert list(data) == ["name", "outputs", "jacobians", "gradients"]
    assert data["name"] == "matmul"
    assert data["outputs"] == ["y"]
    assert [list(entry) for entry in data["jacobians"]] == [KEYS, KEYS]
    assert data["jacobians"][0] == {
        "of": "y",
        "wrt": "x",
        "indices": ["i", "j", "p", "q"],
        "shape": [3, 5, 3, 4],
        "index": "dy[i,j]/dx[p,q] = a[q,j]*delta[i,p]",
        "latex": r"\frac{\partial y_{ij}}{\partial x_{pq}} = a_{qj} \delta_{ip}",
        "matrix": {
            "text": "I ⊗ aᵀ",
            "latex": r"I \otimes a^\top",
            "numpy": "np.kron(np.eye(N), a.T)",
            "layout": "vec",
            "by_rows": {
                "text": "∂y[i]/∂x[p] = δ[i,p] aᵀ",
                "latex": r"\frac{\partial y_{i}}{\partial x_{p}} = \delta_{ip} a^\top",
                "numpy": 'np.einsum("abd,ac->abcd", np.broadcast_to(a.T, (N, M, K)), np.eye(N))',
            },
        },
    }
    assert data["gradients"][1] == {
        "wrt": "a",
        "shape": [4, 5],
        "index": ["dl/da[p,q] = dl/dy[i,q]*x[i,p]"],
        "latex": r"\frac{\partial l}{\partial a_{pq}} = \sum_{i} \frac{\partial l}{\partial y_{iq}} x_{ip}",
        "matrix": {"text": "xᵀ ∂l/∂y", "latex": r"x^\top \frac{\partial l}{\partial y}", "numpy": "x.T @ dy"},
    }


def test_json_text_is_compact_where_lists_are_short() -> None:
    text = json_text({"a": [1, 2, 3], "b": ["i", "j"], "c": [], "d": ["x = [1, 2]"], "e": [[1, 2], [3, 4]]})
    assert '"a": [1, 2, 3]' in text
    assert '"b": ["i", "j"]' in text
    assert json.loads(text)["d"] == ["x = [1, 2]"]
    assert json.loads(text)["e"] == [[1, 2], [3, 4]]


GALLERY = {path.stem: path for path in sorted((Path(__file__).parents[1] / "specs").glob("*.yaml"))}


@pytest.mark.parametrize("name", GALLERY)
def test_the_numpy_form_of_a_gradient_needs_the_outputs_gradients_alone(name: str) -> None:
    result = tcgrad.load(GALLERY[name]).derive().derivation
    program = result.program
    if any(function.body is None for function in program.spec.functions.values()):
        pytest.skip("abstract functions have no values")
    random = np.random.default_rng(3)
    inputs = {item.tensor.name: random.uniform(0.5, 1.5, _shape(item.tensor)) for item in program.inputs}
    inputs |= {
        item.tensor.name: random.integers(0, 2, _shape(item.tensor))
        for item in program.inputs
        if item.tensor.dtype == "int"
    }
    inputs |= {
        item.tensor.name: inputs[item.tensor.name] + np.swapaxes(inputs[item.tensor.name], -1, -2)
        for item in program.inputs
        if item.tensor.symmetric
    }
    known = evaluate_program(program, inputs, dtype=np.float64)
    upstream = {gradient_of(output): random.normal(size=_shape(output)) for output in program.outputs}
    names = {tensor.name: value for tensor, value in known.items()}
    names |= {tensor.name.removeprefix("dl/"): value for tensor, value in upstream.items()}
    names |= {dim.name: dim.value for dim in program.dims} | {"np": np}
    names |= {name: float(constant.value) for name, constant in program.spec.constants.items()}
    for gradient, data in zip(result.gradients, render_json(result)["gradients"], strict=True):
        if data["matrix"] is not None:
            values = evaluate_statements(gradient.statements, {**known, **upstream})
            found = eval(data["matrix"]["numpy"], names)  # noqa: S307 - what tcgrad itself wrote
            assert found == pytest.approx(values[gradient_of(gradient.wrt)])


@pytest.mark.parametrize("equation", ["y[i] = {}", "y = x[i]*{}", "y[i] = exp({}/3)"])
@pytest.mark.parametrize("function", ["erf", "erfc", "gelu", "lgamma", "digamma"])
def test_the_numpy_form_imports_what_numpy_has_not(function: str, equation: str) -> None:
    spec = tcgrad.loads(f"inputs: {{x: [3]}}\nequations: ['{equation.format(f'{function}(x[i])')}']\n")
    point = np.array([0.5, 1.25, 3])
    dy = np.array(2.0) if equation.startswith("y =") else 2 * point
    y, (dx,) = spec.compile().value_and_grad(point, dy)
    (gradient,) = spec.derive().as_dict()["gradients"]
    found = eval(gradient["matrix"]["numpy"], {"np": np, "x": point, "y": y, "dy": dy})  # noqa: S307 - what tcgrad wrote
    assert found == pytest.approx(dx)


@pytest.mark.parametrize(
    ("text", "of_jacobian", "of_gradient"),
    [
        (RECURRENT, None, "dl/dh_total is defined by a recurrence"),
        (
            "dims: {N: 5}\ninputs: {x: [N], w: [2]}\nequations: ['y[i] = w[k]*x[i+k]']\n",
            "w is read at a position that is no plain index",
            "dl/dy is read at a position that is no plain index",
        ),
        (
            "dims: {N: 5}\ninputs: {x: [N]}\nequations: ['z[i] = 2*x[i+1]', 'y = z[i]*z[i]']\n",
            "z is read at a position that is no plain index",
            "z is read at a position that is no plain index",
        ),
    ],
)
def test_where_there_is_no_matrix_form_stands_a_reason(text: str, of_jacobian: str, of_gradient: str) -> None:
    data = render_json(derivation(text))
    for entry, reason in ((data["jacobians"][0], of_jacobian), (data["gradients"][0], of_gradient)):
        assert entry["matrix"] is None
        assert entry.get("matrix_reason") == reason


def test_where_there_is_a_matrix_form_stands_no_reason() -> None:
    data = render_json(derivation(MATMUL))
    assert not any("matrix_reason" in entry for entry in (*data["jacobians"], *data["gradients"]))


RESIDUAL = """
inputs: {x: [4], w: [4, 4]}
equations:
  - z[i] = x[i] + w[i,j]*x[j]
  - y[i] = tanh(z[i])
"""


def test_the_matrix_form_of_a_gradient_holds_no_intermediate_gradient() -> None:
    data = render_json(derivation(RESIDUAL))
    (gradient,) = [entry for entry in data["gradients"] if entry["wrt"] == "x"]
    assert [line.partition("[")[0] for line in gradient["index"]] == ["dl/dz", "dl/dx"]
    assert "dz" not in gradient["matrix"]["numpy"]
    assert "∂z" not in gradient["matrix"]["text"]


def test_a_gradient_is_by_itself_as_short_as_can_be_and_all_together_share_lines() -> None:
    data = render_json(tcgrad.load(GALLERY["attention"]).derive().derivation)
    lines = {entry["wrt"]: entry["index"] for entry in data["gradients"]}
    assert all(len(own) == 1 and "dl/ds" not in own[0] for own in lines.values())
    text = render_text(tcgrad.load(GALLERY["attention"]).derive().derivation)
    assert text.count("∂l/∂s[") == 3  # its own line, and those of q and k


def _shape(tensor: object) -> tuple[int, ...]:
    return tuple(size.value for size in tensor.shape)  # type: ignore[attr-defined]


def test_markdown() -> None:
    text = render_markdown(derivation(MATMUL))
    assert text.startswith("# matmul\n\nThe product of two matrices.\n\n## Read as\n\n```math\n")
    assert "### `∂l/∂x`, shape `[N, K] = [3, 4]`\n" in text
    assert text.count("```") % 2 == 0


def test_markdown_escapes_the_user_s_words() -> None:
    text = render_markdown(derivation(MATMUL.replace("The product of two matrices.", "'A *b* <i> `c`'")))
    assert r"A \*b\* \<i\> \`c\`" in text


@pytest.mark.parametrize("name", GALLERY)
def test_what_the_gallery_prints_parses_back(name: str) -> None:
    """Every ASCII formula is an `expect` entry that means the same; equations of a recurrence are read as equations."""
    head = re.sub(r"(?ms)^expect:.*?(?=^\S|\Z)", "", GALLERY[name].read_text(encoding="utf-8"))
    result = tcgrad.load(GALLERY[name]).derive().derivation
    data = render_json(result)
    lines = [entry["index"] for entry in data["jacobians"] if entry["index"] is not None]
    lines += [line for entry in data["gradients"] for line in entry["index"] if "_total" not in line]
    lines = list(dict.fromkeys(lines))
    defined = [line.partition(" = ")[0].partition("[")[0] for line in lines]
    recurrences = [line for line, name in zip(lines, defined, strict=True) if defined.count(name) > 1]
    known = {name.removeprefix("dl/d") for name in defined} | set(data["outputs"])
    for line in recurrences:
        report = Report()
        assert parse_equation(Located.plain(line), report, tensors=known) is not None, report.errors
    lines = [line for line in lines if line not in recurrences]
    again = elaborate(read_spec(head + "\nexpect:\n" + "".join(f"  - {line}\n" for line in lines), name))
    written = {define.tensor: define for define in _formulas(result)}
    assert len(again.expectations) == len(lines)
    for line, define in zip(lines, again.expectations, strict=True):
        assert prove_equal(written[define.tensor], define, again.statements), line


def _formulas(derived: Derivation) -> list[Define]:
    """All formulas of a derivation."""
    closed = [jacobian.define for jacobian in derived.jacobians if jacobian.define is not None]
    steps = [statement for gradient in derived.gradients for statement in gradient.statements]
    return [*closed, *(step for step in steps if isinstance(step, Define))]


def test_the_same_bytes_under_any_hash_seed() -> None:
    script = (
        "import sys, tcgrad\n"
        "from tcgrad.report.derivations.text import render_text\n"
        "from tcgrad.report.derivations.json_object import json_text, render_json\n"
        "for path in sys.argv[1:]:\n"
        "    result = tcgrad.load(path).derive().derivation\n"
        "    sys.stdout.buffer.write((render_text(result) + json_text(render_json(result))).encode())\n"
    )
    paths = [str(GALLERY[name]) for name in ("attention", "cross_entropy", "einstein", "two_paths")]
    outputs = []
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        outputs.append(
            subprocess.run(
                [sys.executable, "-c", script, *paths], env=environment, capture_output=True, check=True
            ).stdout
        )
    assert outputs[0] == outputs[1] == outputs[2]
    assert len(outputs[0]) > 5000


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="TeX is not installed")
@pytest.mark.parametrize("text", [MATMUL, PAIR, SCALAR, CHAIN, ZEROS])
def test_latex_compiles(text: str, tmp_path: Path) -> None:
    body = render_latex(derivation(text))
    source = "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}\n" + body + "\\end{document}\n"
    (tmp_path / "report.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]


@pytest.mark.parametrize("text", [MATMUL, PAIR, SCALAR, CHAIN, ZEROS, RECURRENT])
def test_latex_is_balanced(text: str) -> None:
    body = render_latex(derivation(text))
    assert body.count("{") == body.count("}")
    assert body.count(r"\left") == body.count(r"\right")
    for name in ("align*", "cases", "bmatrix"):
        assert body.count(rf"\begin{{{name}}}") == body.count(rf"\end{{{name}}}")


def test_exact_numbers_stay_exact() -> None:
    text = "inputs: {x: []}\nequations: ['y = 0.044715*x^3 + x/3 + 1e-7']\n"
    printed = render_text(derivation(text), unicode=False)
    assert "y = 0.044715*x^3 + x/3 + 1e-07" in printed
    assert "0.134145*x^2" in printed
    assert Fraction("0.134145") == 3 * Fraction("0.044715")


SHAPES = [
    ("dims: {B: 2, N: 3, M: 4}\ninputs: {x: [B, N, M]}\nequations: ['y[b] = x[b,i,j]^2*1[i,j]']", "[N, M] = [3, 4]"),
    ("dims: {B: 2, N: 3, M: 4}\ninputs: {s: [B], x: [N, M]}\nequations: ['y[b,i,j] = s[b]*x[i,j]']", "[N, M] = [3, 4]"),
    (
        "dims: {N: 4}\ninputs: {x: ['N+1', N//2]}\nequations: ['y[i,j] = x[i,j]^2']",
        "[(N+1)*(N//2), (N+1)*(N//2)] = [10, 10]",
    ),
    ("dims: {N: 4}\ninputs: {x: [2*N, 3]}\nequations: ['y[i,j] = x[i,j]^2']", "[2*N*3, 2*N*3] = [24, 24]"),
]


@pytest.mark.parametrize(("text", "shape"), SHAPES)
def test_the_shape_of_a_matrix_is_that_of_what_is_written(text: str, shape: str) -> None:
    report = tcgrad.loads(text).derive().report(unicode=False, notations=["matrix"])
    line = next(line for line in report.splitlines() if re.match(r" +d(vec\()?y", line))
    assert re.split(r"  +", line)[-1] == shape
