"""The Python interface."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tcgrad

SPEC = """
dims: {N: 3, K: 4, M: 5}
inputs: {x: [N, K], a: [K, M]}
equations: ["y[i,j] = x[i,k]*a[k,j]"]
expect: ["dl/dx[p,q] = dl/dy[p,j]*a[q,j]"]
check: {trials: 1, seed: 7}
"""


def test_the_names_are_there():
    assert set(tcgrad.__all__) <= set(dir(tcgrad))
    for name in tcgrad.__all__:
        assert getattr(tcgrad, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tcgrad.nothing  # noqa: B018


def test_a_text_is_read_as_a_file_is():
    assert (
        str(tcgrad.loads(SPEC).derive()).splitlines()[3:]
        == (str(tcgrad.load("gallery:matmul").derive()).splitlines()[3:])
    )


def test_bytes_are_a_text():
    text = SPEC.replace("a:", "α:").replace("a[", "α[").replace("a[q", "α[q")
    assert str(tcgrad.loads(text.encode())) == str(tcgrad.loads(text)) == "y[i,j] = Σ[k](x[i,k]·α[k,j])"
    with pytest.raises(tcgrad.TcgradError, match="bad:2:2: TC101: the file is not text in UTF-8"):
        tcgrad.loads(b"\n#\xff", "bad")


@pytest.mark.parametrize("spec", [{"inputs": {"x": [3]}, "equations": ["y[i] = 2*x[i]"]}])
def test_a_dictionary_is_no_text_but_what_json_makes_of_it_is(spec):
    with pytest.raises(TypeError, match=r"a spec is a text, not dict: write tcgrad.loads\(json.dumps\(spec\)\)"):
        tcgrad.loads(spec)
    assert str(tcgrad.loads(json.dumps(spec))) == "y[i] = 2·x[i]"
    with pytest.raises(TypeError, match=r"a spec is a text, not NoneType\Z"):
        tcgrad.loads(None)


def test_the_name_of_a_file_may_be_bytes():
    assert tcgrad.load(b"gallery:matmul").name == "matmul"


def test_a_function_shows_how_it_was_read():
    function = tcgrad.loads(SPEC, "product.yaml")
    assert function.name == "product"
    assert str(function) == "y[i,j] = Σ[k](x[i,k]·a[k,j])"
    assert repr(function) == "<tensor function product>"
    assert function._repr_latex_().startswith("$y_{ij} = \\sum_{k}")


def test_derivatives_are_chosen_by_name():
    function = tcgrad.loads(SPEC)
    derived = function.derive(wrt=["a"])
    assert [(j.of.name, j.wrt.name) for j in derived.jacobians] == [("y", "a")]
    assert [g.wrt.name for g in derived.gradients] == ["a"]
    assert "dl/da[p,q] = dl/dy[i,q]*x[i,p]" in derived.report(unicode=False)
    assert derived.as_dict()["gradients"][0]["wrt"] == "a"
    assert r"\frac{\partial l}{\partial a_{pq}}" in derived._repr_latex_()


def test_a_single_name_may_stand_by_itself():
    attention = tcgrad.loads(
        "inputs: {query: [3], key: [3]}\nequations: ['score = query[i]*key[i]', 'out[i] = score*key[i]']\n"
    )
    for one, listed in (
        (attention.derive(wrt="query"), attention.derive(wrt=["query"])),
        (attention.derive(of="score"), attention.derive(of=["score"])),
    ):
        assert one.report("json") == listed.report("json")
    derived = attention.derive()
    assert derived.report(notations="matrix") == derived.report(notations=["matrix"])
    assert derived.as_dict(notations="einsum") == derived.as_dict(notations=["einsum"])


@pytest.mark.parametrize("chosen", [{"of": ["x"]}, {"wrt": ["y"]}, {"wrt": ["z"]}])
def test_wrong_names_are_refused(chosen: dict[str, list[str]]):
    with pytest.raises(tcgrad.TcgradError):
        tcgrad.loads(SPEC).derive(**chosen)


@pytest.mark.parametrize("names", [3, [3], [None], b"x", [["x"]], {"x"}, frozenset({"x"}), [b"x"]])
def test_what_is_no_name_is_refused(names: Any):
    function = tcgrad.loads(SPEC)
    for call in (
        lambda: function.derive(wrt=names),
        lambda: function.derive(of=names),
        lambda: function.derive().report(notations=names),
        lambda: function.derive().as_dict(notations=names),
    ):
        with pytest.raises(TypeError, match=r"^`(of|wrt|notations)` (is a name, or a list|holds names)"):
            call()


def test_names_may_be_in_any_sequence():
    function = tcgrad.loads(SPEC)
    for names in (["a", "x"], ("a", "x"), {"a": 1, "x": 2}, (name for name in "ax")):
        assert [gradient.wrt.name for gradient in function.derive(wrt=names).gradients] == ["a", "x"]


def test_a_compiled_function_computes():
    module = tcgrad.loads(SPEC).compile()
    random = np.random.default_rng(0)
    x, a, dy = random.normal(size=(2, 3)), random.normal(size=(3, 4)), random.normal(size=(2, 4))
    y, (dx, da) = module.value_and_grad(x, a, dy)
    assert np.allclose(y, x @ a)
    assert np.allclose(dx, dy @ a.T)
    assert np.allclose(da, x.T @ dy)


def test_check_takes_the_options_of_the_spec_unless_given():
    function = tcgrad.loads(SPEC)
    assert {result.seed for result in function.check().results} == {7}
    assert {result.seed for result in function.check(seed=8).results} == {8}
    with pytest.raises(tcgrad.TcgradError):
        function.check(nothing=1)


def test_values_at_a_point():
    derived = tcgrad.load("gallery:jacobian_2x2").derive()
    point = derived.at({"x": 2, "y": 4})
    assert [array.item() for array in point.jacobians.values()] == [4, 3, 5, 48]
    assert point.gradients == {}
    with_upstream = derived.at({"x": 2, "y": 4, "df1": 1, "dl/df2": 10})
    assert {tensor.name: array.item() for tensor, array in with_upstream.gradients.items()} == {
        "dl/dx": 54,
        "dl/dy": 483,
    }


def test_strict_goes_before_the_spec():
    text = "dims: {B: 2, H: 3}\ninputs: {x: [B, H], m: [B]}\nequations: ['y[b,h] = x[b,h] - m[b]']\n"
    assert tcgrad.loads(text).derive().gradients
    with pytest.raises(tcgrad.TcgradError):
        tcgrad.loads(text, strict=True)


def test_a_check_shows_its_report():
    result = tcgrad.loads(SPEC, "product").check()
    first, *_, last = str(result).splitlines()
    assert first == "product  (product)"
    assert last.startswith("✓ product: ")
    assert result.ok
    wrong = tcgrad.loads(SPEC.replace("a[q,j]", "a[q,j]*2"), "wrong").check(only="expect")
    assert "dl/dx[p,q] = dl/dy[p,j]*a[q,j]*2: " in str(wrong)
    assert repr(wrong) == "<check of wrong: 1 failed>"


@pytest.mark.parametrize(
    ("call", "message", "choices"),
    [
        (lambda derived: derived.report("pdf"), "there is no format `pdf`", "text, json, latex, markdown"),
        (lambda derived: derived.report("latex", latex_style="plain"), "`plain`", "components, tensors"),
        (lambda derived: derived.report(vec="diagonal"), "`diagonal`", "row, column"),
        (lambda derived: derived.report(notations=["words"]), "there is no notation `words`", "all, index, matrix"),
    ],
)
def test_what_is_none_of_the_choices_is_refused(call: Callable[[tcgrad.Derived], str], message: str, choices: str):
    with pytest.raises(tcgrad.TcgradError) as caught:
        call(tcgrad.loads(SPEC).derive())
    assert message in str(caught.value)
    assert f"choose among {choices}" in str(caught.value)


def test_an_error_says_where_and_how_to_mend_it():
    with pytest.raises(tcgrad.TcgradError) as caught:
        tcgrad.loads("inputs: {x: [3]}\nequations:\n  - y = 3*x[i]\n  - z = w\n", "odd.yaml")
    first, help_, second, _ = str(caught.value).splitlines()
    assert first.startswith("odd.yaml:3:13: TC305: `i` occurs only once")
    assert help_.startswith("help: write `sum[i](3*x[i])`")
    assert second.startswith("odd.yaml:4:9: TC301: ")
    with pytest.raises(tcgrad.TcgradError, match=r"^TC604: "):
        tcgrad.load("gallery:nothing")
