"""Reports in modified Einstein notation and as calls of ``np.einsum``."""

from __future__ import annotations

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


def test_what_has_no_such_form_is_shown_by_its_indices_with_the_reason() -> None:
    for notation in ("einstein", "einsum"):
        text = report(SHIFT, notation, unicode=False)
        reason = f"no {notation} notation: x is read at a position that is no plain index"
        assert f"    dl/dw[p] = dl/dy[p]*x[p+1]    [3]\n    {reason}\n" in text


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


def test_json() -> None:
    data = tcgrad.loads(MATMUL).derive().as_dict(notations=["einstein", "einsum"])
    assert data["einstein"] == ["y = x *_(ik,kj,ij) a"]
    assert data["einsum"] == ["y = np.einsum('ik,kj->ij', x, a)"]
    assert data["jacobians"][0]["einstein"] == "dy/dx = a *_(qj,ip,ijpq) delta"
    assert data["gradients"][0]["einsum"] == ["dx = np.einsum('pj,qj->pq', dy, a)"]
    assert "einsum_reason" not in data["gradients"][0]
