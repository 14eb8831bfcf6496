"""The gallery: every spec loads, is documented, emits code that runs, and has its expectations proved."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import digits_cnn
import digits_mlp
import echo_rnn
import numpy as np
import pytest
import tucker_recommender
from emit_tools import lint

import tcgrad
from tcgrad.locate import find_spec, find_specs, gallery_folder, gallery_specs

SPECS = gallery_specs()
NAMES = [path.stem for path in SPECS]
ABSTRACT = {"activation", "chain_rule", "mse", "pointwise", "product_rule", "two_paths"}


def test_the_gallery_is_that_of_the_checkout():
    assert gallery_folder() == Path(__file__).parent.parent / "specs"
    assert len(SPECS) >= 50


each_spec = pytest.mark.parametrize("name", NAMES, scope="module")  # a spec is derived in one worker


@cache
def loaded(name: str) -> tcgrad.TensorFunction:
    return tcgrad.load(f"gallery:{name}")


@each_spec
def test_a_spec_is_documented_and_expects_something(name: str):
    function = loaded(name)
    assert function.name == name
    assert function.doc.endswith(".")
    assert "\n" not in function.doc
    assert function.spec.expect
    assert find_spec(f"gallery:{name}").read_text(encoding="utf-8").startswith("# ")


@each_spec
def test_expectations_are_proved(name: str):
    result = loaded(name).check(trials=1)
    assert result.ok, [r for r in result.results if r.status not in ("pass", "skip")]
    expected = [r for r in result.results if r.kind == "expect"]
    assert expected
    assert [r.equation for r in expected if not r.proved] == []


@each_spec
def test_a_spec_emits_a_module_unless_a_function_is_abstract(name: str):
    function = loaded(name)
    if name in ABSTRACT:
        with pytest.raises(tcgrad.TcgradError):
            function.emit()
        return
    module = function.compile()
    assert callable(module.forward)
    assert callable(module.backward)
    assert lint([function.emit()]) == ""


def test_every_spec_is_found_by_pattern():
    assert find_specs(["gallery:"]) == SPECS
    assert [path.stem for path in find_specs(["gallery:matrix_operations_*"])] == [
        name for name in NAMES if name.startswith("matrix_operations_")
    ]


def test_the_computation_graph_has_the_derivatives_of_the_textbook():
    derived = tcgrad.load("gallery:computation_graph").derive()
    values = derived.at({"x": 2, "w": 3, "b": 1, "y_true": 4})
    assert {tensor.name: array.item() for tensor, array in values.gradients.items()} == {"dl/dw": 2, "dl/db": 1}


def test_the_cubic_has_its_slope_at_pi():
    values = tcgrad.load("gallery:cubic_sine").derive().at({"x": np.pi})
    assert [array.item() for array in values.jacobians.values()] == [pytest.approx(6 * np.pi**2 - 1)]


def test_gradient_descent_on_emitted_code_finds_the_weights():
    step = tcgrad.load("gallery:sgd_step").compile()
    random = np.random.default_rng(0)
    w_true, w = random.normal(size=(2, 3)), np.zeros((2, 3))
    for _ in range(300):
        x = random.normal(size=3)
        _, w = step.forward(w, x, w_true @ x, 0.1)
    assert np.allclose(w, w_true, atol=1e-6)


def test_a_network_learns_the_digits_on_emitted_code():
    pytest.importorskip("sklearn")
    accuracies = list(digits_mlp.train(tcgrad.load("gallery:digits_mlp").compile()))
    assert len(accuracies) == 10
    assert accuracies[-1] >= 0.9
    better = list(digits_mlp.train(tcgrad.load("gallery:digits_mlp_cross_entropy").compile()))
    assert better[-1] > accuracies[-1]


def test_a_convolutional_network_learns_the_digits():
    pytest.importorskip("sklearn")
    *_, accuracy = digits_cnn.train(digits_cnn.compiled())
    assert accuracy >= 0.97


def test_a_recurrent_network_repeats_what_it_heard():
    *_, accuracy = echo_rnn.train(echo_rnn.compiled())
    assert accuracy >= 0.99


def test_a_recommender_knows_ratings_that_it_has_not_seen():
    *_, (error, constant) = tucker_recommender.train(tcgrad.load("gallery:recommender").compile())
    assert error < constant / 2
