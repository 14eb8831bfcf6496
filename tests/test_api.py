"""The Python interface."""

from __future__ import annotations

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


@pytest.mark.parametrize("chosen", [{"of": ["x"]}, {"wrt": ["y"]}, {"wrt": ["z"]}])
def test_wrong_names_are_refused(chosen: dict[str, list[str]]):
    with pytest.raises(tcgrad.TcgradError):
        tcgrad.loads(SPEC).derive(**chosen)


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
        _ = tcgrad.loads(text, strict=True).program
