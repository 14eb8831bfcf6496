"""Reports in modified Einstein notation and as calls of ``np.einsum``."""

from __future__ import annotations

import re

import numpy as np

import tcgrad

MATMUL = """\
dims: {N: 3, K: 4, M: 5}
inputs: {x: [N, K], a: [K, M]}
equations: ['y[i,j] = x[i,k]*a[k,j]']
"""
SHIFT = "inputs: {x: [4], w: [3]}\nequations: ['y[i] = w[i]*x[i+1]']\n"


def report(text: str, notation: str, **options: object) -> str:
    return tcgrad.loads(text).derive().report(notations=[notation], **options)  # type: ignore[arg-type]


def test_einstein() -> None:
    assert (
        report(MATMUL, "einstein")
        == """\
spec

Read as
    y[i,j] = Σ[k](x[i,k]·a[k,j])    [N, M] = [3, 5]
    y      = x *_(ik,kj,ij) a       [N, M] = [3, 5]

Jacobians
    ∂y/∂x = a *_(qj,ip,ijpq) δ    [N, M, N, K] = [3, 5, 3, 4]
    ∂y/∂a = x *_(ip,jq,ijpq) δ    [N, M, K, M] = [3, 5, 4, 5]

Gradients, given ∂l/∂y [N, M] = [3, 5]
    ∂l/∂x = ∂l/∂y *_(pj,qj,pq) a    [N, K] = [3, 4]
    ∂l/∂a = ∂l/∂y *_(iq,ip,pq) x    [K, M] = [4, 5]
"""
    )


def test_einsum() -> None:
    text = report(MATMUL, "einsum")
    assert "    y      = np.einsum('ik,kj->ij', x, a)    [N, M] = [3, 5]\n" in text
    assert "    dy_dx = np.einsum('qj,ip->ijpq', a, np.eye(N))    [N, M, N, K] = [3, 5, 3, 4]\n" in text
    assert "    dx = np.einsum('pj,qj->pq', dy, a)    [N, K] = [3, 4]\n" in text


CONTRASTIVE = """\
dims: {N: 4, M: 3}
inputs: {u: [N, M], v: [N, M]}
equations:
  - a[i] = sqrt(u[i,d]*u[i,d])
  - s[i,j] = u[i,d]*v[j,d]/a[i]
  - p[i,j] = exp(s[i,j])/sum[k](exp(s[i,k]))
  - f = -sum[i](log(p[i,i]))/N
outputs: [f]
"""


def test_the_lines_of_a_scalar_run_one_after_the_other() -> None:
    function = tcgrad.loads(CONTRASTIVE)
    text = report(CONTRASTIVE, "einsum")
    rng = np.random.default_rng(0)
    known = {"np": np, "N": 4, "M": 3} | {name: rng.normal(size=(4, 3)) for name in "uv"}
    _, expected = function.compile().value_and_grad(known["u"], known["v"])
    lines = re.findall(r"^    (\w+) += (np.*?|-np.*?|\(.*?)(?:    .*)?$", text, flags=re.MULTILINE)
    assert [name for name, _ in lines] == ["a", "s", "p", "f", "df_ds", "df_du", "df_dv"]
    for name, code in lines:
        known[name] = eval(code, {}, known)  # noqa: S307 - text that the tool made
    for name, value in zip(("df_du", "df_dv"), expected, strict=True):
        np.testing.assert_allclose(known[name], value, rtol=1e-10)


def test_what_has_no_such_form_is_shown_by_its_indices_with_the_reason() -> None:
    for notation in ("einstein", "einsum"):
        text = report(SHIFT, notation, unicode=False)
        reason = f"no {notation} notation: x is read at a position that is no plain index"
        assert f"    dl/dw[p] = dl/dy[p]*x[p+1]    [3]\n    {reason}\n" in text


PARTLY = """\
dims: {N: 4, M: 3}
inputs: {x: [N+1], w: [N, M]}
equations:
  - a[i] = x[i+1]*x[i]
  - b[i,j] = tanh(a[i]*w[i,j])
  - f = sum[i,j](b[i,j]^2*sin(w[i,j]))
outputs: [f]
"""


def test_a_line_without_such_a_form_is_told_apart_from_those_that_have_one() -> None:
    text = report(PARTLY, "einsum", unicode=False)
    lines = text.partition("Gradients")[2].splitlines()[1:5]
    assert [re.sub(r" +\[[NM, +1]+\] = .*", "", line.strip()) for line in lines] == [
        "df_db    = 2 * np.einsum('pq,pq->pq', b, np.sin(w))",
        "df_da    = np.einsum('pj,pj,pj->p', df_db, w, 1 - b ** 2)",
        "df/dx[p] = df/da[p]*x[p+1]*[p < N] + df/da[p-1]*x[p-1]*[p >= 1]",
        "no einsum notation of df/dx: p runs over a part of df/da only",
    ]
    derivation = tcgrad.loads(PARTLY).derive()
    both = derivation.report(notations=["index", "einsum"], unicode=False)
    assert len(re.findall(r"df/dx\[p\] += ", both)) == 1
    (gradient, _) = derivation.as_dict(notations=["einsum"])["gradients"]
    assert (gradient["einsum"], gradient["einsum_reason"]) == (None, "p runs over a part of dl/da only")


def test_latex_and_markdown() -> None:
    assert r"\frac{\partial l}{\partial x} &= \frac{\partial l}{\partial y} *_{(pj,qj,pq)} a" in report(
        MATMUL, "einstein", output_format="latex"
    )
    assert r"\frac{\partial y}{\partial x} = a *_{(qj,ip,ijpq)} \delta" in report(
        MATMUL, "einstein", output_format="markdown"
    )
    assert r"\texttt{dy\_dx} &= \texttt{np.einsum('qj,ip->ijpq', a, np.eye(N))}" in report(
        MATMUL, "einsum", output_format="latex"
    )


def test_json_has_more_keys_only_where_they_are_asked_for() -> None:
    derived = tcgrad.loads(SHIFT + "functions: {'f(z)': null}\n").derive()
    plain, einstein = derived.as_dict(), derived.as_dict(notations=["einstein", "einsum"])
    assert einstein["einstein"] is None
    assert einstein["einstein_reason"] == "x is read at a position that is no plain index"
    assert einstein["gradients"][0]["einsum_reason"] == "dl/dy is read at a position that is no plain index"
    pairs = [pair for key in ("jacobians", "gradients") for pair in zip(plain[key], einstein[key], strict=True)]
    for short, long in pairs:
        assert {key: long[key] for key in short} == short
        assert {key.partition("_")[0] for key in long.keys() - short.keys()} == {"einstein", "einsum"}


def test_json_of_a_jacobian_without_a_closed_form_has_the_keys_too() -> None:
    recurrence = "inputs: {x: [4]}\nequations: ['h[-1] = 0', 'h[t] = sin(h[t-1] + x[t])']\n"
    (jacobian,) = tcgrad.loads(recurrence).derive().as_dict(notations=["einstein", "einsum"])["jacobians"]
    assert (jacobian["einstein"], jacobian["einsum"]) == (None, None)


def test_json() -> None:
    data = tcgrad.loads(MATMUL).derive().as_dict(notations=["einstein", "einsum"])
    assert data["einstein"] == ["y = x *_(ik,kj,ij) a"]
    assert data["einsum"] == ["y = np.einsum('ik,kj->ij', x, a)"]
    assert data["jacobians"][0]["einstein"] == "dy/dx = a *_(qj,ip,ijpq) delta"
    assert data["gradients"][0]["einsum"] == ["dx = np.einsum('pj,qj->pq', dy, a)"]
    assert "einsum_reason" not in data["gradients"][0]
