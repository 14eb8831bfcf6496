"""Matching: sums with many indices, in whatever order they are bound, without trying all orders."""

from __future__ import annotations

from random import Random

import pytest

import tcgrad
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Add, Call, Component, IndexSum, Mul, Pow, const
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import tensors_read
from tcgrad.simplify import simplify
from tcgrad.simplify.matching import Match, matches

LETTERS = "abcdefghij"
RING = [f"A[{i},{j}]" for i, j in zip(LETTERS, LETTERS[1:] + LETTERS[0], strict=True)]


def _bodies(*equations):
    text = "inputs: {A: [3, 3], x: [9], v: [3], w: []}\nequations: [" + ", ".join(map(repr, equations)) + "]\n"
    return [statement.body for statement in tcgrad.loads(text).program.statements]


@pytest.mark.parametrize("seed", range(5))
def test_a_ring_of_ten_equal_tensors_is_an_instance_in_any_order(seed):
    shuffled = list(RING)
    Random(seed).shuffle(shuffled)
    first, second = map(simplify, _bodies(f"y = sin({'*'.join(RING)})", f"z = sin({'*'.join(shuffled)})"))
    found = next(matches(first, second, Match(frozenset())))
    assert len(set(found.bound)) == len(LETTERS)


def test_a_ring_with_a_tensor_turned_is_no_instance():
    turned = ["A[b,a]", *RING[1:]]
    first, second = map(simplify, _bodies(f"y = sin({'*'.join(RING)})", f"z = sin({'*'.join(turned)})"))
    assert not list(matches(first, second, Match(frozenset())))


def test_bound_indices_in_compound_positions_find_their_partners():
    first, second = map(simplify, _bodies("y = sin(v[i]*x[2*i+k]*v[k]^2)", "z = sin(v[j]^2*x[j+2*m]*v[m])"))
    assert next(matches(first, second, Match(frozenset())), None) is not None


def test_sums_beside_each_other_may_bind_one_index():
    k, m, n = (Index(name, Integer.of(3)) for name in "kmn")
    (body,) = _bodies("y = v[i]*v[i]")
    tensor = tensors_read(body)[0]

    def total(index, power):
        return IndexSum((index,), Call(FUNCTIONS["sin"], (Pow(Component(tensor, (index.expr,)), const(power)),)))

    pattern, target = Mul((total(k, 2), total(k, 3))), Mul((total(m, 2), total(n, 3)))
    assert next(matches(pattern, target, Match(frozenset())), None) is not None
    assert next(matches(target, pattern, Match(frozenset())), None) is not None


def test_sums_of_thousands_of_terms_are_matched_without_a_call_inside_of_a_call_for_each():
    (body,) = _bodies("y = w")
    terms = [Pow(body, const(power)) for power in range(2, 1500)]
    assert next(matches(Add(tuple(terms)), Add(tuple(terms)), Match(frozenset())), None) is not None


def test_no_free_index_stands_for_a_bound_one():
    text = "inputs: {A: [3, 3], v: [3]}\nequations: ['y[i] = sin(A[i,k]*v[k])', 'z = sin(A[k,k]*v[k])']\n"
    one, other = tcgrad.loads(text).program.statements
    assert not list(matches(simplify(one.body), simplify(other.body), Match(frozenset(one.free))))


@pytest.mark.parametrize(("order", "found"), [("jki", True), ("kij", True), ("jik", False), ("kji", False)])
def test_a_permutation_symbol_is_an_instance_in_any_order_of_its_sign(order, found):
    symbol = f"levi_civita[{','.join(order)}]"
    first, second = map(simplify, _bodies("y = sin(levi_civita[i,j,k]*A[i,j]*v[k])", f"z = sin({symbol}*A[i,j]*v[k])"))
    assert any(matches(first, second, Match(frozenset()))) == found


def test_definitions_of_rings_are_recognised_in_derivatives():
    text = (
        f"inputs: {{A: [3, 3], w: []}}\nequations: ['y = sin({'*'.join(RING)})', 'z = w*sin({'*'.join(RING[::-1])})']\n"
    )
    derivation = tcgrad.loads(text).derivation
    jacobian = next(j for j in derivation.jacobians if (j.of.name, j.wrt.name) == ("z", "w"))
    assert [tensor.name for tensor in tensors_read(jacobian.define.body)] == ["y"]


POSITIONS = ["i + j", "(i + j)//2", "2*i + j", "(2*i + j)%3", "i + (j//2)", "(i + 2*j)//3 + i"]
# what i and j stand for: the coefficients of i and of j in it, and the number added
STANDING = [
    ((0, 1, 0), (1, 0, 0)),
    ((1, 0, 0), (1, 0, 0)),
    ((0, 1, 0), (0, 1, 0)),
    ((0, 1, 1), (1, 0, 0)),
    ((0, 2, 0), (0, 1, 0)),
]


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("standing", STANDING, ids=str)
@pytest.mark.parametrize("position", POSITIONS)
def test_indices_may_stand_for_each_other_whatever_position_they_share(position, standing, order):
    factors = [f"X[{position},i]", "Z[j,i]"]
    text = (
        "inputs: {X: [40, 40], Z: [40, 40]}\ndims: {n: 5}\nindices: {i: n, j: n}\n"
        f"equations: ['y[i,j] = sin({'*'.join(factors[:: 1 - 2 * order])})']\n"
    )
    (statement,) = tcgrad.loads(text).program.statements
    i, j = statement.free
    values = {
        index: Integer.of(a) * i.expr + Integer.of(b) * j.expr + Integer.of(c)
        for index, (a, b, c) in zip((i, j), standing, strict=True)
    }
    pattern = simplify(statement.body)
    target = simplify(substitute(pattern, values))
    found = list(matches(pattern, target, Match(frozenset(statement.free))))
    assert found
    assert all(simplify(substitute(pattern, dict(match.values))) == target for match in found)
