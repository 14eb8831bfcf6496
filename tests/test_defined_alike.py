"""Equations that are written alike are read once; each means what it means by itself, and is refused as by itself."""

from __future__ import annotations

import re

import pytest
from whole_programs import twice, whole_spec

import tcgrad
from tcgrad.errors import TcgradError
from tcgrad.ir.program import Define
from tcgrad.language.statements import defined_alike
from tcgrad.language.statements.defined_alike import DefinedAlike
from tcgrad.language.statements.equations import define
from tcgrad.notation.index import print_statement

CASES = {
    "layers": """\
dims: {T: 3, D: 2}
inputs: {x0: [T, D], w1: [D, D], w2: [D, D], w3: [D, D]}
equations:
  - x1[i,e] = x0[i,e] + tanh(x0[i,d]*w1[d,e])
  - x2[i,e] = x1[i,e] + tanh(x1[i,d]*w2[d,e])
  - x3[i,e] = x2[i,e] + tanh(x2[i,d]*w3[d,e])
""",
    "one tensor twice, and two": """\
inputs: {A: [3, 3], B: [3, 3]}
equations:
  - y[i,k] = A[i,j]*A[j,k]
  - w[i,k] = A[i,j]*B[j,k]
  - u[i,k] = B[i,j]*B[j,k]
""",
    "other sizes": """\
inputs: {x: [3], z: [4], v: [3]}
equations: ['y = 1[i]*x[i]', 'w = 1[i]*z[i]', 'u = 1[i]*v[i]']
""",
    "an index, and an integer to read at": """\
inputs: {x: [3], z: [3], k: {shape: [], dtype: int}}
equations:
  - a[i] = x[i]
  - b[i] = x[k]*z[i]
  - c[i] = z[k]*x[i]
""",
    "what the components of an integer tensor select": """\
inputs: {x: [3], z: [3], k: {shape: [5], dtype: int}, l: {shape: [5], dtype: int}}
equations: ['a[i] = x[k[i]]', 'b[i] = z[l[i]]']
""",
    "zeros around one": """\
inputs: {x: {shape: [5], outside: 0}, z: [5]}
indices: {i: 4}
equations: ['a[i] = x[i+1]', 'b[i] = z[i+1]']
""",
    "the exponents of numbers": """\
inputs: {e5: [3], e6: [3], x: [3], z: [3]}
equations: ['a[i] = 1e5*x[i]*e5[i]', 'b[i] = 1e6*z[i]*e6[i]', 'c[i] = 1e6*x[i]*e6[i]']
""",
    "inverses": """\
inputs: {A: [3, 3], B: [3, 3], v: [3]}
equations: ['a[i] = inv(A)[i,j]*v[j]', 'b[i] = inv(B)[i,j]*v[j]', 'c[i] = inv(A)[i,j]*a[j]', 'd[i] = inv(B)[i,j]*a[j]']
""",
    "numbers of the language and of the spec": """\
inputs: {x: [3], z: [3]}
constants: {eps: 0.5, tau: 0.25}
equations: ['a[i] = pi*x[i] + eps', 'b[i] = pi*z[i] + eps', 'c[i] = pi*z[i] + tau']
""",
    "where a tensor is 0": """\
inputs: {x: [4, 4], z: [4, 4], u: [4, 4]}
equations:
  - p[i,j] = [i > j]*x[i,j]
  - q[i,j] = [i > j]*z[i,j]
  - a[i] = 1[j]*p[i,j]/u[i,j]
  - b[i] = 1[j]*u[i,j]/u[i,j]
  - c[i] = 1[j]*q[i,j]/u[i,j]
""",
    "roots that may have gaps": """\
inputs: {x: [3], z: [3]}
equations: ['a[i] = log(x[i])', 'b[i] = exp(z[i])', 'c[i] = [i > 0]*a[i]', 'd[i] = [i > 0]*b[i]']
""",
    "a warning": """\
dims: {N: 4, M: 4}
inputs: {x: [N], y: [M], z: [N], u: [M]}
equations: ['r = x[i]*y[i]', 's = z[i]*u[i]']
""",
    "what must fit": """\
dims: {N: 5, K: 3}
inputs: {x: [N], z: [N], k: [K], l: [K]}
equations: ['y[i] = x[i+p]*k[p]', 'w[i] = z[i+p]*l[p]']
""",
    "letters of other scripts": """\
inputs: {x: [3], z: [3], α: [], β: []}
equations: ['y[i] = α*x[i]', 'w[i] = β*z[i]']
""",
}

REFUSED = {
    "a name twice": ["y[i] = x[i]*2", "w[i] = z[i]*2", "w[i] = y[i]*2"],
    "a name of an input": ["y[i] = x[i]*2", "z[i] = z[i]*2"],
    "a name of the language": ["y[i] = x[i]*2", "where[i] = z[i]*2"],
    "what is not declared": ["y[i] = x[i]*2", "w[i] = q[i]*2", "v[i] = x[i]*q"],
    "what is defined further down": ["y[i] = x[i]*2", "w[i] = v[i]*2", "v[i] = x[i]/3"],
    "sizes that contradict": ["y[i] = x[i]*x[i]", "w[i] = x[i]*u[i]"],
    "a mistake that is repeated": ["y[i] = 2x[i]", "w[i] = 2z[i]"],
}


def _read(text: str) -> tuple[object, ...]:
    program = tcgrad.loads(text).program
    defines = [statement for statement in program.statements if isinstance(statement, Define)]
    lines = [print_statement(statement) for statement in program.statements]
    told = [(d.tensor.shape, d.tensor.has_gaps, len(d.tensor.support[1]), d.span) for d in defines]
    order = [sorted(range(len(d.free)), key=[index.serial for index in d.free].__getitem__) for d in defines]
    sizes = re.sub(r"#\d+", "", repr((program.fits, program.chosen, program.ranges)))
    return lines, told, order, program.warnings, sizes


def _one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DefinedAlike, "define", lambda self, equation: define(equation, self._symbols))


@pytest.mark.parametrize("name", CASES)
def test_everything_is_read_as_if_nothing_were_remembered(name: str, monkeypatch: pytest.MonkeyPatch):
    remembered = _read(CASES[name])
    _one_by_one(monkeypatch)
    assert remembered == _read(CASES[name])


@pytest.mark.parametrize("seed", range(40))
def test_programs_twice_are_read_as_if_nothing_were_remembered(seed: int, monkeypatch: pytest.MonkeyPatch):
    text = twice(whole_spec(seed))
    remembered = _read(text)
    _one_by_one(monkeypatch)
    assert remembered == _read(text)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_told_as_if_nothing_were_remembered(name: str, monkeypatch: pytest.MonkeyPatch):
    text = f"inputs: {{x: [3], z: [3], u: [4]}}\nequations: {REFUSED[name]}\n"
    with pytest.raises(TcgradError) as remembered:
        tcgrad.loads(text).program  # noqa: B018
    _one_by_one(monkeypatch)
    with pytest.raises(TcgradError) as plain:
        tcgrad.loads(text).program  # noqa: B018
    assert str(remembered.value) == str(plain.value)


def test_equal_layers_are_read_once(monkeypatch: pytest.MonkeyPatch):
    read: list[str] = []

    def counting(equation, symbols):
        read.append(equation.text)
        return define(equation, symbols)

    monkeypatch.setattr(defined_alike, "define", counting)
    assert tcgrad.loads(CASES["layers"]).program.statements
    assert read == ["x1[i,e] = x0[i,e] + tanh(x0[i,d]*w1[d,e])"]
