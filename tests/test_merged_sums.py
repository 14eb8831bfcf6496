"""Two sums written as one: both may bind the same index, which stands for something else in either."""

import numpy as np
import pytest

import tcgrad
from tcgrad.evaluate import evaluate, evaluate_program
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Add, Component, IndexSum, Mul
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.notation.index import print_statement
from tcgrad.simplify import simplify
from tcgrad.simplify.shorter.merged_sums import with_sums_merged

N = Integer.of(3)
W, C, A = (Tensor(name, (N,) * order, Role.INPUT) for name, order in (("w", 1), ("c", 1), ("a", 2)))


def component(tensor: Tensor, *indices: Index) -> Component:
    return Component(tensor, tuple(index.expr for index in indices))


@pytest.mark.parametrize("turned", [False, True])
def test_an_index_that_both_bind_is_told_apart(turned: bool) -> None:
    n, m = Index("n", N), Index("m", N)
    first = IndexSum((n,), Mul((component(W, n), component(C, n))))
    second = IndexSum((m, n), Mul((component(W, m), component(A, m, n))))
    whole = simplify(Add((second, first) if turned else (first, second)))
    assert isinstance(whole, Add)
    merged = with_sums_merged(whole)
    assert isinstance(merged, IndexSum)
    w, c, a = np.arange(1.0, 4), np.arange(2.0, 5), np.arange(9.0).reshape(3, 3) ** 2
    found = evaluate(merged, (), {W: w, C: c, A: a})
    np.testing.assert_allclose(found, w @ c + w @ a.sum(axis=1))


def test_a_power_that_both_have_stands_before_them() -> None:
    """``sum_n a[m,n] c[n] - w[m] sum_n a[m,n]^2 = sum_n a[m,n] (c[n] - a[m,n] w[m])``"""
    spec = """
dims: {N: 4, K: 2}
inputs: {x: [N], v: [N, K]}
equations:
  - s[k] = v[i,k]*x[i]
  - y = sum[k](s[k]^2 - sum[i](v[i,k]^2*x[i]^2))/2
outputs: [y]
"""
    function = tcgrad.loads(spec)
    lines = [line for g in function.derivation.gradients for s in g.statements for line in print_statement(s)]
    assert lines == [
        "dl/dx[p] = dl/dy*v[p,k]*(1[p]*s[k] - v[p,k]*x[p])",
        "dl/dv[p,q] = dl/dy*x[p]*(1[p]*s[q] - v[p,q]*x[p])",
    ]


@pytest.mark.parametrize("energies", ["b*p[i]*d[i]", "b*p[i]*sin(d[i])", "3*p[i]*d[i]^2"])
def test_a_definition_is_told_from_its_sums_as_one(energies: str) -> None:
    """``sum_i p (log p + b d)`` is ``sum_i p log p + b sum_i p d``."""
    spec = f"""
dims: {{N: 4}}
inputs: {{z: [N], d: [N], b: []}}
equations: ["p[i] = exp(z[i])/sum[k](exp(z[k]))", "f = p[i]*log(p[i]) + {energies}"]
wrt: [z]
"""
    (gradient,) = tcgrad.loads(spec).derivation.gradients
    (line,) = print_statement(gradient.statements[-1])
    assert line.endswith(" - f)"), line


def test_a_power_that_a_term_has_twice_is_one() -> None:
    """Where sums become one, ``(1 + a)^-2 (a + 1)`` stands unsimplified in one of them: neither power is lost."""
    spec = "inputs: {x: [3]}\nequations: ['s[i,j] = x[i]*x[j]', 'y = s[i,j]^2/(1 + abs(s[i,j]))']\n"
    function = tcgrad.loads(spec)
    (block,) = function.derive(hessian=True).hessians
    x = np.array([0.5, -1.25, 2.0])
    s = np.multiply.outer(x, x)
    first, second = s * (2 + abs(s)) / (1 + abs(s)) ** 2, 2 / (1 + abs(s)) ** 3
    program = function.derivation.program
    assert block.define is not None
    found = evaluate(block.define.body, block.define.free, evaluate_program(program, {"x": x}))
    np.testing.assert_allclose(found, 2 * (second * s + first + np.diag(second @ x**2)))
