"""Results written over temporaries: only over those that nothing else needs, in the dtype of the whole."""

import re

import numpy as np
import pytest
from emit_tools import Emitted, check_everything, spec

import tcgrad
from tcgrad.emit.lowering.definitions import Definitions
from tcgrad.emit.lowering.expressions import Expressions
from tcgrad.evaluate import evaluate_program

HEAD = "inputs: {x: [3, 4], w: [4, 5], b: [3, 5], s: []}\nwrt: [s]\n"

# equations -> the lines of `forward_saved` that write over something
SPECS = {
    "y[i,j] = exp(x[i,j])/(1[k]*exp(x[i,k]))": ["np.exp(y, out=y)", "y /= "],
    "y[i,j] = tanh(x[i,k]*w[k,j])*(1 + sum[m](tanh(x[i,r]*w[r,m])))": ["np.tanh(y, out=y)", "y *= "],
    "y[i,j] = exp(b[i,j])*(1 + exp(b[i,j]))": ["y *= 1 + y"],
    # a temporary that is read again afterwards, by name or through a view, is left alone
    "a[i,j] = exp(b[i,j])/(1[k]*exp(b[i,k]))\ny[i,j] = a[i,j]*sum[k](exp(b[i,k]))": None,
    "a[i,j] = x[i,k]*x[j,k] + 1\ny[i,j] = exp(a[i,j])*exp(a[j,i])*sum[k](exp(a[i,k]))": None,
    "y[i,j] = exp(b[i,j]^2*s)/(1 + exp(b[i,j]^2*s))/(1[k]*exp(b[i,k]^2*s))": None,
}


def module_of(equations):
    lines = "".join(f"  - {line}\n" for line in equations.split("\n"))
    return tcgrad.loads(f"{HEAD}equations:\n{lines}")


def draw(dtype=np.float64):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(dtype) for shape in [(3, 4), (4, 5), (3, 5), ()]]


@pytest.mark.parametrize("equations", SPECS)
def test_values_and_lines(equations):
    function = module_of(equations)
    inputs = draw()
    values = dict(zip("xwbs", inputs, strict=True))
    (output,) = function.program.outputs
    expected = evaluate_program(function.program, values)[output]
    np.testing.assert_allclose(function.compile().forward(*inputs), expected, rtol=1e-12)
    body = function.emit().partition("def forward_saved")[2].partition("\ndef ")[0]
    lines = [line.strip() for line in body.split("\n") if re.search(r" [-+*/]= |out=", line)]
    wanted = SPECS[equations]
    if wanted is not None:
        assert len(lines) == len(wanted)
        assert all(part in line for part, line in zip(wanted, lines, strict=True))


def test_a_narrower_temporary_is_not_written_over():
    """Of inputs of two dtypes a result has the wider one, whatever is computed first."""
    function = module_of("y[i,j] = tanh(x[i,k]*w[k,j])*sum[m](tanh(x[i,r]*w[r,m]))*b[i,j]")
    x, w, b, s = draw()
    narrow = [np.float32(x), np.float32(w)]
    got = function.compile().forward(*narrow, b, s)
    assert got.dtype == np.float64
    t = np.tanh(narrow[0] @ narrow[1])
    np.testing.assert_allclose(got, (t * t.sum(axis=1, keepdims=True)) * b, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_the_dtype_is_kept(dtype):
    for equations in SPECS:
        assert module_of(equations).compile().forward(*draw(dtype)).dtype == dtype


def test_a_sum_of_products_over_a_summed_index_is_multiplied_out():
    """``sum_j d[i,j]*(a[i,j]*w[k,j] + b[i,j]*c[i,k])`` takes no array over i, j and k."""
    text = "inputs: {d: [3, 5], a: [3, 5], b: [3, 5], c: [3, 4], w: [4, 5]}\nequations: [{y}]\n"
    equation = "y[i,k] = sum[j](d[i,j]*(a[i,j]*w[k,j] + b[i,j]*c[i,k] - c[i,k]))"
    function = tcgrad.loads(text.replace("{y}", f"'{equation}'"))
    rng = np.random.default_rng(0)
    d, a, b, c, w = (rng.normal(size=shape) for shape in [(3, 5), (3, 5), (3, 5), (3, 4), (4, 5)])
    expected = (d * a) @ w.T + ((d * b).sum(axis=1) - d.sum(axis=1))[:, None] * c
    np.testing.assert_allclose(function.compile().forward(d, a, b, c, w), expected, rtol=1e-12)
    body = function.emit().partition("def forward_saved")[2].partition("\ndef ")[0]
    assert "None, :" not in body
    assert "[:, None] * w" not in body


def test_what_is_made_of_nearly_all_of_an_array_is_made_once_of_all_of_it():
    """``1 - h^2`` serves the loop from its second position on, and after it the whole."""
    text = spec(
        ["x: [T, B]", "h0: [B]", "w: [B, B]"],
        ["h[-1,j] = h0[j]", "h[t,j] = tanh(w[j,k]*h[t-1,k] + x[t,j])"],
        dims="{T: 20, B: 3}",
    )
    case = Emitted(text)
    backward = next(part for part in case.source.split("\ndef ") if part.startswith("backward("))
    assert len(re.findall(r"1 - h\w* \* h\w*\n", backward)) == 1, backward
    check_everything(case)


def test_what_a_statement_reads_again_and_again_is_lowered_once(monkeypatch):
    """The derivatives of nested quotients repeat what they read thousands of times."""
    inner = "exp(x[i-1,{0}+1,2*a-1])/sum[p](exp(x[p-1,{0}+1,2*a-1]))"
    softmax = f"exp({inner.format('k')})/sum[l](exp({inner.format('l')}))"
    text = (
        "inputs: {x: {shape: [3, 2, 4], outside: 0}}\nindices: {i: 3, k: 2, l: 2, a: 4, p: 3}\n"
        f"equations: ['y[i,k,a] = {softmax}', 'f = sum[i,k,a](y[i,k,a]^2)']\n"
    )
    read, forget = Definitions.read, Expressions.forget
    seen: set[object] = set()

    def once(self, component, hint):
        key = component, self.positions.around
        assert key not in seen
        seen.add(key)
        return read(self, component, hint)

    def anew(self):
        seen.clear()
        forget(self)

    monkeypatch.setattr(Definitions, "read", once)
    monkeypatch.setattr(Expressions, "forget", anew)
    tcgrad.loads(text).emit()
