"""What start-up, deriving and emitting cost, as ratios and per block; run with ``-m benchmark``.

Each figure is the best of several runs, for the machine may be busy with other things.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

import tcgrad

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).parent.parent.parent
RUNS = 7

BLOCK = """\
  - q{n}[i,e] = x{m}[i,d]*wq{n}[d,e]
  - k{n}[i,e] = x{m}[i,d]*wk{n}[d,e]
  - v{n}[i,e] = x{m}[i,d]*wv{n}[d,e]
  - s{n}[i,j] = q{n}[i,e]*k{n}[j,e]/sqrt(D)
  - a{n}[i,j] = exp(s{n}[i,j])/(1[k]*exp(s{n}[i,k]))
  - o{n}[i,e] = a{n}[i,j]*v{n}[j,e]
  - u{n}[i,d] = x{m}[i,d] + o{n}[i,e]*wo{n}[e,d]
  - r{n}[i] = sqrt(1[d]*u{n}[i,d]^2/D + 0.00001)
  - h{n}[i,f] = silu(u{n}[i,d]/r{n}[i]*wi{n}[d,f])
  - x{n}[i,d] = u{n}[i,d] + h{n}[i,f]*wf{n}[f,d]
"""


def stack(blocks: int) -> str:
    """A spec of residual blocks with attention and a gated layer, ten equations each."""
    weights = "".join(f"  {name}{n}: [{shape}]\n" for n in range(1, blocks + 1) for name, shape in _WEIGHTS.items())
    equations = "".join(BLOCK.format(n=n, m=n - 1) for n in range(1, blocks + 1))
    return f"dims: {{T: 3, D: 4, F: 5}}\ninputs:\n  x0: [T, D]\n{weights}equations:\n{equations}"


_WEIGHTS = {"wq": "D, D", "wk": "D, D", "wv": "D, D", "wo": "D, D", "wi": "D, F", "wf": "F, D"}


def _seconds(*arguments: str) -> float:
    """The shortest time of a Python process."""
    times = []
    for _ in range(RUNS):
        start = perf_counter()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, env=environment, check=True)
        times.append(perf_counter() - start)
    return min(times)


def test_help_costs_little_more_than_its_libraries():
    base, found = _seconds("-c", "import rich, typer"), _seconds("-m", "tcgrad", "--help")
    print(f"\ntcgrad --help: {found * 1e3:.0f} ms, {found / base:.2f} times `import rich, typer`")
    assert found < 2 * base


def test_deriving_a_product_costs_little_more_than_numpy():
    base, found = _seconds("-c", "import numpy"), _seconds("-m", "tcgrad", "derive", "gallery:matmul")
    print(f"\ntcgrad derive gallery:matmul: {found * 1e3:.0f} ms, {found / base:.2f} times `import numpy`")
    assert found < 3 * base


def test_deriving_and_emitting_grow_linearly():
    tcgrad.loads(stack(1)).emit()
    for blocks in (1, 4, 16, 64):
        text = stack(blocks)
        start = perf_counter()
        function = tcgrad.loads(text)
        function.derive()
        derived = perf_counter()
        function.emit()
        end = perf_counter()
        per_block = (end - start) / blocks * 1e3
        print(
            f"\n{blocks:2} blocks: derive {(derived - start) * 1e3:.0f} ms, emit {(end - derived) * 1e3:.0f} ms", end=""
        )
        print(f", {per_block:.0f} ms a block", end="")
        assert per_block < 50


@pytest.mark.parametrize("dummies", range(2, 11))
def test_many_dummies_in_a_term_are_cheap(dummies: int):
    letters = "abcdefghij"[:dummies]
    factors = "*".join(
        f"{f}[{i},{j}]" for f, i, j in zip("ABCDEFGHIJ", letters, letters[1:] + letters[0], strict=False)
    )
    inputs = ", ".join(f"{f}: [2, 2]" for f in "ABCDEFGHIJ"[:dummies])
    function = tcgrad.loads(f"inputs: {{{inputs}}}\nequations: ['y = {factors}']\n")
    tcgrad.loads("inputs: {x: [2]}\nequations: ['y = x[i]*x[i]']\n").derive()
    program = function.program
    start = perf_counter()
    function.derive()
    seconds = perf_counter() - start
    print(f"\n{dummies} dummies, {len(program.inputs)} gradients: {seconds * 1e3:.1f} ms", end="")
    assert seconds < 0.05 * dummies


_LETTERS = "abcdefghij"
_PAIRS = list(zip(_LETTERS, _LETTERS[1:] + _LETTERS[0], strict=True))
_SHAPES = {
    "a ring of ten equal tensors": ("A: [3, 3]", "*".join(f"A[{i},{j}]" for i, j in _PAIRS)),
    "ten equal vectors": ("x: [3]", "*".join(f"1[{i}]*x[{i}]" for i in _LETTERS)),
    "a complete graph": ("A: [3, 3]", "*".join(f"A[{i},{j}]" for i in "abcde" for j in "abcde" if i < j)),
    "permutation symbols": (
        "x: [3], z: [3]",
        "levi_civita[i,j,k]*levi_civita[k,l,m]*levi_civita[m,n,o]*levi_civita[o,p,i]*x[j]*z[l]*x[n]*z[p]",
    ),
    "fifty similar terms": ("A: [4, 4]", " + ".join(f"{k}*A[i,j]*A[j,k]*A[k,i]*A[i,i]^{k}" for k in range(1, 51))),
    "twenty sums": ("x: [4], z: [4]", "1[i]*" + "*".join(f"(x[i] + {k}*z[i])" for k in range(1, 21))),
    "eight hundred squares": ("x: [800]", " + ".join(f"{k + 2}*x[{k}]^2" for k in range(800))),
    "a hundred scalars": (", ".join(f"x{k}: []" for k in range(100)), " + ".join(f"{k + 2}*x{k}" for k in range(100))),
    "a thousand scalars": (", ".join(f"x{k}: []" for k in range(1000)), " + ".join(f"x{k}^2" for k in range(1000))),
    "a sum over a hundred inputs": (
        ", ".join(f"x{k}: [3]" for k in range(100)),
        "1[i]*(" + " + ".join(f"sin({k + 2}*x{k}[i])" for k in range(100)) + ")",
    ),
    "sums of two hundred terms": (
        "x: [4], z: [4]",
        "1[i]*({})*({})".format(
            *(" + ".join(f"{f}({k}*{x}[i])" for k in range(200)) for f, x in (("sin", "x"), ("cos", "z")))
        ),
    ),
}


@pytest.mark.parametrize("name", _SHAPES)
def test_no_shape_blows_up(name: str):
    inputs, body = _SHAPES[name]
    function = tcgrad.loads(f"inputs: {{{inputs}}}\nequations: ['y = {body}']\n")
    assert function.program
    start = perf_counter()
    function.derive()
    derived = perf_counter()
    function.emit()
    end = perf_counter()
    print(f"\n{name}: derive {(derived - start) * 1e3:.0f} ms, emit {(end - derived) * 1e3:.0f} ms", end="")
    assert derived - start < 5
    assert end - derived < 60


def test_a_chain_of_a_thousand_equations():
    chain = "".join(f"  - x{k + 1}[i] = sin(x{k}[i])\n" for k in range(1000))
    function = tcgrad.loads(f"inputs: {{x0: [4]}}\nequations:\n{chain}")
    start = perf_counter()
    assert function.compile().jacobian
    print(f"\n1000 equations in a chain: {perf_counter() - start:.1f} s", end="")
