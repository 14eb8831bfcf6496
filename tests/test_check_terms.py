"""A wrong expectation beside the derived formula: which terms are the same, differ, are missing or one too many."""

import json
import math
from time import process_time

import pytest
from test_check import spec

from tcgrad.check import expectations
from tcgrad.report.checks.json_object import render_json
from tcgrad.report.checks.text import render_text
from tcgrad.report.formats.words import reason

SOFTMAX = (["y[b,i] = exp(x[b,i])/sum[k](exp(x[b,k]))"], "{x: [M, N]}")
QUADRATIC = (["q = v[i]*A[i,j]*v[j]"], "{v: [N], A: [N, N]}")
LEAST_SQUARES = (["r[i] = A[i,j]*x[j] - c[i]", "f = r[i]*r[i] + x[j]*x[j]"], "{A: [M, N], x: [N], c: [M]}")
PRODUCT = (["y[i,j] = x[i,k]*a[k,j]"], "{x: [N, N], a: [N, N]}")
TANH = (["y[i] = tanh(x[i])*w[i]"], "{x: [N], w: [N]}")

KALMAN = (
    [
        "m[a] = F[a,b]*x[b]",
        "V[a,b] = F[a,c]*P[c,d]*F[b,d] + q[a]*q[b]",
        "S[i,j] = H[i,a]*V[a,b]*H[j,b] + R[i,j]",
        "K[a,i] = V[a,b]*H[j,b]*inv(S)[j,i]",
        "r[i] = z[i] - H[i,b]*m[b]",
        "n[a] = m[a] + K[a,i]*r[i]",
        "W[a,b] = V[a,b] - K[a,i]*H[i,c]*V[c,b]",
        "l = (r[i]*inv(S)[i,j]*r[j] + logdet(S))/2 + n[a]*n[a]/2 + W[a,a]",
    ],
    "{z: [M], x: [N], F: [N, N], H: [M, N], P: {shape: [N, N], sample: spd}, q: [N], R: {shape: [M, M], sample: spd}}",
)

# The function | a wrong formula | each term: what it is, as expected, as derived, and what makes the two differ.
WRONG = [
    (
        SOFTMAX,
        "dl/dx[b,p] = y[b,p]*(dl/dy[b,p] + dl/dy[b,k]*y[b,k])",
        [
            ("same", "dl/dy[b,p]*y[b,p]", "dl/dy[b,p]*y[b,p]", ""),
            ("differs", "y[b,p]*dl/dy[b,k]*y[b,k]", "-y[b,p]*dl/dy[b,k]*y[b,k]", "the other sign"),
        ],
    ),
    (
        SOFTMAX,
        "dl/dx[a,i] = y[a,i]*dl/dy[a,i]",
        [
            ("same", "dl/dy[a,i]*y[a,i]", "dl/dy[a,i]*y[a,i]", ""),
            ("missing", None, "-y[a,i]*dl/dy[a,j]*y[a,j]", ""),
        ],
    ),
    (
        SOFTMAX,
        "dl/dx[b,p] = y[b,p]*(dl/dy[b,p] - dl/dy[b,k]*x[b,k])",
        [
            ("same", "dl/dy[b,p]*y[b,p]", "dl/dy[b,p]*y[b,p]", ""),
            ("differs", "-y[b,p]*dl/dy[b,k]*x[b,k]", "-y[b,p]*dl/dy[b,k]*y[b,k]", "x[b,k] instead of y[b,k]"),
        ],
    ),
    (
        QUADRATIC,
        "dq/dv[p] = 2*A[k,p]*v[k]",
        [
            ("differs", "2*A[k,p]*v[k]", "A[k,p]*v[k]", "the number 2 instead of 1"),
            ("missing", None, "A[p,j]*v[j]", ""),
        ],
    ),
    (
        QUADRATIC,
        "dl/dA[p,m] = dl/dq*v[p]*v[m] - 1[p,m]/2",
        [("same", "dl/dq*v[p]*v[m]", "dl/dq*v[p]*v[m]", ""), ("extra", "-1[p,m]/2", None, "")],
    ),
    (
        LEAST_SQUARES,
        "df/dx[k] = A[i,k]*r[i] + 2*x[k]",
        [
            ("same", "2*x[k]", "2*x[k]", ""),
            ("differs", "A[i,k]*r[i]", "2*A[i,k]*r[i]", "the number 1 instead of 2"),
        ],
    ),
    (
        LEAST_SQUARES,
        "df/dA[i,k] = 2*(c[i] - A[i,j]*x[j])*x[k]",
        [("differs", "2*x[k]*(c[i] - A[i,j]*x[j])", "2*x[k]*(A[i,j]*x[j] - c[i])", "the other sign")],
    ),
    (
        LEAST_SQUARES,
        "df/dc[k] = 2*r[k]*x[i]*x[i]",
        [
            (
                "differs",
                "2*r[k]*1[i]*x[i]^2",
                "-2*r[k]",
                "a factor too many, x[i]^2; the other sign",
            )
        ],
    ),
    (
        PRODUCT,
        "dl/dx[p,q] = dl/dy[p,j]*a[j,q]",
        [("differs", "dl/dy[p,j]*a[j,q]", "dl/dy[p,j]*a[q,j]", "a[j,q] instead of a[q,j]")],
    ),
    (
        PRODUCT,
        "dy[i,j]/da[p,q] = x[i,p]*delta[i,q]",
        [("differs", "1[j]*x[i,p]*delta[i,q]", "x[i,p]*delta[j,q]", "delta[i,q] instead of delta[j,q]")],
    ),
    (
        TANH,
        "dl/dx[p] = dl/dy[p]*w[p]*(1 - tanh(x[p]))",
        [
            ("same", "dl/dy[p]*w[p]", "dl/dy[p]*w[p]", ""),
            (
                "differs",
                "-dl/dy[p]*w[p]*tanh(x[p])",
                "-dl/dy[p]*w[p]*tanh(x[p])^2",
                "without the factor tanh(x[p])",
            ),
        ],
    ),
]


def decided(function, text, **more):
    (equations, inputs) = function
    made = spec(equations, inputs, "{N: 3, M: 2}", expect=json.dumps([text]), check="{trials: 1}", **more)
    result = made.check()
    return result, next(each for each in result.results if each.kind == "expect")


@pytest.mark.parametrize(("function", "text", "terms"), WRONG)
def test_the_terms_of_a_wrong_formula(function, text, terms):
    _, found = decided(function, text)
    assert found.status == "fail"
    assert [(t.kind, t.expected, t.derived, t.because) for t in found.terms] == terms


@pytest.mark.parametrize(("function", "text"), [each[:2] for each in WRONG])
def test_the_values_of_the_terms_add_up_to_both_formulas(function, text):
    _, found = decided(function, text)
    for side, whole in (("expected_value", found.worst.found), ("derived_value", found.worst.reference)):
        values = [getattr(term, side) for term in found.terms]
        assert math.fsum(v for v in values if v is not None) == pytest.approx(whole, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("function", "text"), [each[:2] for each in WRONG])
def test_the_derived_formula_has_the_index_names_of_the_author(function, text):
    _, found = decided(function, text)
    assert found.formula.partition(" = ")[0] == text.partition(" = ")[0]


def test_where_most_is_wrong_is_told_with_the_sample():
    _, found = decided(*WRONG[0][:2])
    assert 1 <= found.worst.sample <= found.worst.samples


def test_a_gradient_of_intermediates_is_told_too():
    function = (["u[i] = x[i]^2", "y = u[i]*w[i]"], "{x: [N], w: [N]}")
    _, found = decided(function, "dl/dx[p] = x[p]*dl/du[p]")
    assert [(t.kind, t.because) for t in found.terms] == [("differs", "the number 1 instead of 2")]


def test_reports_show_the_terms():
    result, found = decided(*WRONG[3][:2])
    lines = render_text(result).splitlines()
    start = lines.index("    term by term, with the values there:")
    told = [line.partition("  (")[0].strip() for line in lines[start + 1 : start + 5]]
    assert told == [
        "differs  2*A[k,p]*v[k]",
        "derived  A[k,p]*v[k]",
        "the number 2 instead of 1",
        "missing  A[p,j]*v[j]",
    ]
    assert any(line.startswith("    worst at   q by v[i=") and ", sample " in line for line in lines)
    assert reason(found).endswith("in 2*A[k,p]*v[k]: the number 2 instead of 1, A[p,j]*v[j] is missing")
    (data,) = [each for each in render_json([result])["specs"][0]["results"] if each["kind"] == "expect"]
    assert [term["kind"] for term in data["terms"]] == ["differs", "missing"]
    assert data["worst_sample"] == found.worst.sample
    assert data["terms"][0]["expected_value"] == found.terms[0].expected_value


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("dl/dx[p] = dl/dn[a]*F[a,p]", [("differs", "dl/dn[a]*F[a,p]")]),
        ("dl/dH[p,q] = -dl/dr[p]*m[q]", [("same", "-dl/dr[p]*m[q]"), ("missing", None), ("missing", None)]),
    ],
)
def test_a_wrong_formula_of_a_long_program_is_told_soon(text, terms):
    started = process_time()
    _, found = decided(KALMAN, text)
    assert found.status == "fail"
    assert [(term.kind, term.expected) for term in found.terms] == terms
    # The rest is what the whole check of so long a program takes; a proof that is tried in vain takes 20 s.
    assert process_time() - started < 15


def test_no_proof_is_tried_of_what_a_sample_refutes(monkeypatch):
    monkeypatch.setattr(expectations, "prove_equal", lambda *_: pytest.fail("a proof is tried"))
    assert decided(*WRONG[0][:2])[1].status == "fail"


def test_terms_that_are_written_in_another_way_are_the_same():
    function = (["y[i] = sin(x[i])^2 + x[i]*w[i]"], "{x: [N], w: [N]}")
    _, found = decided(function, "dl/dx[p] = dl/dy[p]*(sin(2*x[p]) + 2*w[p])")
    told = [(term.kind, term.expected, term.because) for term in found.terms]
    assert told == [
        ("same", "dl/dy[p]*sin(2*x[p])", ""),
        ("differs", "2*dl/dy[p]*w[p]", "the number 2 instead of 1"),
    ]
