"""What was worked out for one expression is used for those that differ from it in names alone, and for no others."""

from __future__ import annotations

import re

import pytest
from whole_programs import twice, whole_spec

import tcgrad
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Define, Program
from tcgrad.notation.matrix.nodes import VecOrder
from tcgrad.notation.raising import alike as raising_alike
from tcgrad.notation.raising import definitions as raising
from tcgrad.notation.raising.definitions import _raised
from tcgrad.notation.raising.form import MatrixForm
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.simplify.facts import alike
from tcgrad.simplify.facts.totals import Totals
from tcgrad.simplify.outline import Outline, Renaming, outline

LAYER = """\
  - s{n}[i,j] = x{m}[i,d]*w{n}[d,e]*x{m}[j,e]
  - a{n}[i,j] = exp(s{n}[i,j])/(1[k]*exp(s{n}[i,k]))
  - u{n}[i,d] = x{m}[i,d] + a{n}[i,j]*x{m}[j,d]
  - r{n}[i] = sqrt(1[d]*u{n}[i,d]^2/D + 0.01)
  - x{n}[i,d] = u{n}[i,d]/r{n}[i]
"""


def _layers(count: int) -> str:
    inputs = "".join(f"  w{n}: [D, D]\n" for n in range(1, count + 1))
    return f"dims: {{T: 3, D: 2}}\ninputs:\n  x0: [T, D]\n{inputs}equations:\n" + "".join(
        LAYER.format(n=n, m=n - 1) for n in range(1, count + 1)
    )


CASES = {
    "layers": _layers(3),
    "layers whose names sort another way": _layers(11),
    "weights that add up to one, and weights that do not": """\
inputs: {x: [3, 4], y: [3, 4], g: [3]}
equations:
  - p[i,j] = exp(x[i,j])/(1[k]*exp(x[i,k]))
  - q[i,j] = exp(y[i,j])/(1[k]*exp(2*y[i,k]))
  - u = (g[i]*p[i,j]*1[j])^2
  - v = (g[i]*q[i,j]*1[j])^2
""",
    "the same over symmetric and other tensors": """\
inputs: {A: {shape: [3, 3], symmetric: true}, B: [3, 3], x: [3], z: [3]}
equations:
  - y = x[i]*A[i,j]*x[j]
  - w = z[i]*B[i,j]*z[j]
""",
    "the same over tensors of other sizes": """\
inputs: {A: [3, 4], B: [5, 6], x: [4], z: [6]}
equations:
  - y[i] = tanh(A[i,j]*x[j])
  - w[i] = tanh(B[i,j]*z[j])
""",
    "the same but for the place of an index": """\
inputs: {A: [3, 3], x: [3], z: [3]}
equations:
  - y[i] = tanh(A[i,j]*x[j])
  - w[i] = tanh(A[j,i]*z[j])
""",
    "names on either side of those of functions that only derivatives have": """\
inputs: {a: [3], b: [3], x: [3], z: [3]}
equations:
  - y[i] = sin(a[i])*b[i]^2*a[i]
  - w[i] = sin(x[i])*z[i]^2*x[i]
""",
    "the circle's number read by derivatives and by a definition": """\
inputs: {x: [3], xx: [3]}
equations:
  - e[i] = 2/sqrt(pi)*exp(-xx[i]^2)
  - y[i] = erf(x[i])*x[i]
  - yy[i] = erf(xx[i])*xx[i]
outputs: [y, yy, e]
""",
    "strides": """\
inputs: {x: [9], z: [9], k: [3], l: [3]}
equations:
  - y[i] = tanh(x[2*i + p]*k[p])
  - w[i] = tanh(z[3*i + p]*l[p])
""",
}


def _remember_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (alike, raising_alike):
        monkeypatch.setattr(module, "outline", lambda *_: None)


@pytest.mark.parametrize("seed", range(5))
def test_programs_twice_are_derived_as_if_nothing_were_remembered(seed: int, monkeypatch: pytest.MonkeyPatch):
    text = twice(whole_spec(seed, smooth=True))
    remembered = str(tcgrad.loads(text).derive())
    _remember_nothing(monkeypatch)
    assert remembered == str(tcgrad.loads(text).derive())


@pytest.mark.parametrize("name", CASES)
def test_everything_is_derived_as_if_nothing_were_remembered(name: str, monkeypatch: pytest.MonkeyPatch):
    remembered = str(tcgrad.loads(CASES[name]).derive())
    _remember_nothing(monkeypatch)
    assert remembered == str(tcgrad.loads(CASES[name]).derive())


def test_equal_layers_are_worked_out_once(monkeypatch: pytest.MonkeyPatch):
    kept: list[Outline] = []

    def counting(expr: Expr, *known: object) -> Outline | None:
        made = outline(expr, *known)  # type: ignore[arg-type]
        kept.extend([] if made is None else [made])
        return made

    monkeypatch.setattr(alike, "outline", counting)
    keys = []
    for count in (6, 9):  # so many that none has a closed Jacobian by the first layer
        kept.clear()
        assert tcgrad.loads(_layers(count)).derivation
        keys.append(len({own.key for own in kept}))
    assert keys[0] == keys[1]


def test_equal_layers_are_raised_to_matrices_once(monkeypatch: pytest.MonkeyPatch):
    raised: list[Define] = []

    def counting(define: Define, program: Program, vec: VecOrder) -> MatrixForm | Refusal:
        raised.append(define)
        return _raised(define, program, vec)

    monkeypatch.setattr(raising, "_raised", counting)
    counts = []
    for count in (6, 9):
        raised.clear()
        assert "x0ᵀ" in str(tcgrad.loads(_layers(count)).derive())
        counts.append(len(raised))
    assert counts[0] == counts[1]


def _bodies(text: str) -> list[Expr]:
    program = tcgrad.loads(text).program
    return [statement.body for statement in program.statements if isinstance(statement, Define)]


@pytest.mark.parametrize(
    ("equations", "alike"),
    [
        (("A[i,j]*x[j]", "B[i,j]*z[j]"), True),
        (("A[i,j]*x[j]", "B[j,i]*z[j]"), False),
        (("A[i,j]*x[j]", "A[i,j]*z[j]"), True),
        (("A[i,j]*A[i,j]", "A[i,j]*B[i,j]"), False),
        (("A[i,j]*2", "B[i,j]*3"), False),
        (("exp(A[i,j])", "exp(B[i,j])"), True),
        (("exp(A[i,j])", "log(B[i,j])"), False),
        (("A[i,j]*x[j]", "z[j]*B[i,j]"), False),
    ],
)
def test_outlines_tell_what_differs_in_more_than_names(equations: tuple[str, str], alike: bool):
    own = [f"{name}[i] = 1[j]*{right}" for name, right in zip("yw", equations, strict=True)]
    text = "inputs: {A: [3, 3], B: [3, 3], x: [3], z: [3]}\nequations:\n" + "".join(f"  - {line}\n" for line in own)
    first, second = (outline((body,)) for body in _bodies(text))
    assert first is not None
    assert second is not None
    assert (first.key == second.key) is alike


@pytest.mark.parametrize(("names", "alike"), [("ad", False), ("xz", True), ("ax", False)])
def test_outlines_tell_where_names_stand_among_those_of_functions(names: str, alike: bool):
    own = "".join(f"  - {name}{name}[i] = sin({name}[i])*{name}[i]\n" for name in names)  # cos is in the derivative
    first, second = (
        outline((body,)) for body in _bodies(f"inputs: {{{names[0]}: [3], {names[1]}: [3]}}\nequations:\n{own}")
    )
    assert first is not None
    assert second is not None
    assert (first.key == second.key) is alike


def test_renaming_turns_one_expression_into_the_other():
    text = CASES["the same over tensors of other sizes"].replace("5, 6", "3, 4").replace("z: [6]", "z: [4]")
    first, second = _bodies(text)
    old, new = outline((first,)), outline((second,))
    assert old is not None
    assert new is not None
    made = Renaming(old, new).rename(first)
    assert re.sub(r"#\d+", "", repr(made)) == re.sub(r"#\d+", "", repr(second))


def test_what_work_leaves_as_it_is_stays_the_very_expression_for_all_that_are_alike():
    first, second = _bodies("inputs: {x: [3], z: [3]}\nequations: ['y[i] = sin(x[i])', 'w[i] = sin(z[i])']\n")
    memory, worked = alike.Alike(Totals(())), []
    for body in (first, second):

        def work(body: Expr = body) -> tuple[Expr, ...]:
            worked.append(body)
            return (body,)

        (left,) = memory.done((body,), (), work)
        assert left is body
    assert worked == [first]


@pytest.mark.parametrize("sample", ["normal", "positive", "simplex"])
def test_two_equations_that_say_the_same_are_told_apart_by_their_names_alone(sample):
    """Neither is written by the other again and again."""
    normalised = "x[k]/sqrt(sum[l](x[l]^2) + 0.1)"
    text = f"""
dims: {{N: 3}}
inputs: {{x: {{shape: [N], sample: {sample}}}}}
equations: ['y[k] = {normalised}', 'z[k] = {normalised}', 'f = sum[k](z[k]^2)']
outputs: [y, f]
"""
    assert tcgrad.loads(text).check(trials=1).ok
