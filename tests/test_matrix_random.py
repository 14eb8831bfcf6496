"""Random index expressions of order two at most: raising is right or refuses."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matrix_tools import assert_same_value, draw_value, names, run_numpy, values_for

from tcgrad.evaluate import evaluate
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import (
    Add,
    Call,
    Component,
    Const,
    Delta,
    Expr,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    const,
)
from tcgrad.ir.program import Define, Program
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import tensors_read
from tcgrad.notation.matrix.syntaxes import MATRIX_UNICODE
from tcgrad.notation.raising.definitions import raise_define
from tcgrad.notation.raising.form import MatrixForm
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.notation.raising.substitution import unfolded
from tcgrad.spec.loader import read_spec

DIMS = {name: Integer.of(Dim(name, value)) for name, value in {"A": 2, "B": 3, "C": 5}.items()}
SMOOTH = ("sin", "tanh", "exp", "sigmoid", "silu")


def tensor(name: str, *dims: str) -> Tensor:
    return Tensor(name, tuple(DIMS[dim] for dim in dims), Role.INPUT)


TENSORS = [
    tensor("s"),
    tensor("lambda"),
    *(tensor(f"{letter}{dim}", dim) for letter in "uv" for dim in DIMS),
    *(tensor(f"{letter}{a}{b}", a, b) for letter in "MN" for a in DIMS for b in DIMS),
]


TENSORS += [
    Tensor("mask", (DIMS["A"], DIMS["B"]), Role.INPUT, dtype="bool"),
    Tensor("S", (DIMS["C"], DIMS["C"]), Role.INPUT, symmetric=True),
]
SYMBOL = Tensor("levi_civita", (Integer.of(3),) * 3, Role.LEVI_CIVITA)
HIGH = [tensor("TABC", "A", "B", "C"), tensor("TBAA", "B", "A", "A"), tensor("TCCB", "C", "C", "B")]


def fitting(indices: tuple[Index, ...], tensors: list[Tensor] = TENSORS) -> list[Component]:
    """Every read of a tensor with these indices, or some of them."""
    found = []
    for read in tensors:
        places: list[tuple[Index, ...]] = [()]
        for axis in read.shape:
            places = [(*place, index) for place in places for index in indices if index.size == axis]
        found += [Component(read, tuple(index.expr for index in place)) for place in places]
    return found


@st.composite
def factors(draw: st.DrawFn, indices: tuple[Index, ...], depth: int = 2) -> Expr:
    reads = fitting(indices)
    kinds = ["read"] * 6 + ["call", "square", "inverse", "sum", "delta", "compare", "inner", "root", "size", "slice"]
    kinds += ["triangle", "crossing"]
    kind = draw(st.sampled_from(kinds if depth else ["read"]))
    match kind:
        case "call":
            return Call(FUNCTIONS[draw(st.sampled_from(SMOOTH))], (draw(factors(indices, depth - 1)),))
        case "square":
            return Pow(draw(factors(indices, depth - 1)), const(2))
        case "inverse":
            return Pow(positive(draw(factors(indices, depth - 1))), const(-1))
        case "root":
            return Pow(
                positive(draw(factors(indices, depth - 1))), Const(Fraction(draw(st.sampled_from([-3, -1, 1])), 2))
            )
        case "sum":
            return Add(tuple(draw(st.lists(products(indices, depth - 1), min_size=2, max_size=3))))
        case "delta" if len(indices) > 1:
            left, right = draw(st.permutations(indices))[:2]
            return Delta(left.expr, right.expr) if left.size == right.size else const(3)
        case "compare":
            return Iverson(">", draw(st.sampled_from(reads)), draw(st.sampled_from([*reads, const(0)])))
        case "triangle" if len(indices) > 1:
            left, right = draw(st.permutations(indices))[:2]
            above = right.expr + draw(st.integers(-2, 2))
            return Iverson(draw(st.sampled_from(["<", "<=", ">", ">="])), IndexValue(left.expr), IndexValue(above))
        case "crossing":
            three = [index for index in indices if index.size.value == 3]
            vector, last = Index("r", DIMS["B"]), Index("t", DIMS["B"])
            first = draw(st.sampled_from([*three, last]))
            others = draw(st.permutations([draw(st.sampled_from([*three, last])), vector]))
            body = Mul(
                (Component(SYMBOL, tuple(index.expr for index in (first, *others))), draw(factors((vector,), 0)))
            )
            summed = (vector, last) if last in (first, *others) else (vector,)
            return IndexSum(summed, Mul((body, draw(factors(summed, 0)))))
        case "inner":
            dummy = Index("r", DIMS[draw(st.sampled_from(list(DIMS)))])
            return IndexSum((dummy,), draw(products((*indices, dummy), depth - 1)))
        case "slice":
            read = draw(st.sampled_from(reads))
            place = draw(st.integers(0, max(len(read.indices) - 1, 0)))
            return Component(
                read.tensor,
                (*read.indices[:place], *(Integer.of(1) for _ in read.indices[:1]), *read.indices[place + 1 :]),
            )
        case "size" if indices:
            return IndexValue(indices[0].size)
        case _:
            return draw(st.sampled_from(reads))


def positive(expr: Expr) -> Expr:
    return Add((const(1), Pow(expr, const(2))))


@st.composite
def products(draw: st.DrawFn, indices: tuple[Index, ...], depth: int = 2) -> Expr:
    parts = draw(st.lists(factors(indices, depth), min_size=1, max_size=4))
    number = draw(st.sampled_from([1, 1, -1, 2, Fraction(1, 2), Fraction(-2, 3)]))
    return Mul((const(Fraction(number)), *parts)) if number != 1 else Mul(tuple(parts))


@st.composite
def defines(draw: st.DrawFn, most_free: int = 2) -> Define:
    free = draw_indices(draw, "ij", most_free)
    terms = []
    for _ in range(draw(st.integers(1, 3))):
        dummies = draw_indices(draw, "klm", 3)
        body = draw(products((*free, *dummies)))
        terms.append(IndexSum(dummies, body) if dummies else body)
    body = terms[0] if len(terms) == 1 else Add(tuple(terms))
    return Define(Tensor("y", tuple(index.size for index in free), Role.DEFINED), free, body)


def draw_indices(draw: st.DrawFn, letters: str, most: int) -> tuple[Index, ...]:
    count = draw(st.integers(0, most))
    return tuple(Index(letters[n], DIMS[draw(st.sampled_from(list(DIMS)))]) for n in range(count))


def program_of(*defined: Define) -> Program:
    spec = read_spec("inputs: {x: []}\nequations: [y = x]\n", "random.yaml")
    return Program(spec, (), (), (), defined, (), (), ())


def few_and_many(check, *strategies, many):
    """A test of a quarter of so many examples, always the same ones, and one of all, others each time, which is left
    out of the default run.
    """

    def test(examples, **options):
        chosen = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), **options)
        return chosen(given(*strategies)(check))

    return test(many // 4, derandomize=True), pytest.mark.long(test(many))


def check_raised_forms(define, seed):
    form = raise_define(define, program_of(define))
    assert isinstance(form, MatrixForm | Refusal)
    if isinstance(form, MatrixForm):
        assert_same_value(define, form, values_for(define, seed))
        assert form.text
        assert form.ascii.isascii()
        assert form.latex.isascii()


test_raised_forms, test_many_raised_forms = few_and_many(check_raised_forms, defines(), st.integers(0, 3), many=600)


@st.composite
def jacobians(draw: st.DrawFn) -> Define:
    """Jacobians between vectors and matrices, three or four indices."""
    rows = draw_indices(draw, "ij", 2)
    columns = draw_indices(draw, "pq", 2)
    if len(rows) + len(columns) < 3:
        rows, columns = (Index("i", DIMS["A"]), Index("j", DIMS["B"])), (Index("p", DIMS["A"]), Index("q", DIMS["C"]))
    free = rows + columns
    body = draw(st.lists(products(free, 1), min_size=1, max_size=2))
    deltas = [Delta(a.expr, b.expr) for a in rows for b in columns if a.size == b.size and draw(st.booleans())]
    dummies = draw_indices(draw, "kl", 2)
    summed = draw(products((*free, *dummies), 0)) if dummies else Const(Fraction(1))
    expr: Expr = Mul((*deltas, *body, summed))
    expr = IndexSum(dummies, expr) if dummies else expr
    of = Tensor("y", tuple(index.size for index in rows), Role.DEFINED)
    wrt = Tensor("x", tuple(index.size for index in columns), Role.INPUT)
    return Define(Tensor("dy/dx", of.shape + wrt.shape, Role.JACOBIAN, about=(of, wrt)), free, expr)


def check_vectorised_jacobians(define, seed, vec):
    form = raise_define(define, program_of(), vec=vec)
    if isinstance(form, MatrixForm):
        assert_same_value(define, form, values_for(define, seed), vec)
        assert form.left(MATRIX_UNICODE)


(
    test_vectorised_jacobians,
    test_many_vectorised_jacobians,
) = few_and_many(
    check_vectorised_jacobians,
    jacobians(),
    st.integers(0, 3),
    st.sampled_from(["row", "column"]),
    many=400,
)


@st.composite
def batched(draw: st.DrawFn) -> Define:
    """Products of plain factors with one or two reads of tensors of order three."""
    free = draw_indices(draw, "ijb", 3)
    dummies = draw_indices(draw, "klm", 3)
    high = fitting((*free, *dummies), HIGH)
    reads = draw(st.lists(st.sampled_from(high), max_size=2)) if high else []
    rest = draw(products((*free, *dummies), 1))
    wrapped = [Call(FUNCTIONS["tanh"], (read,)) if draw(st.booleans()) else read for read in reads]
    body: Expr = Mul((*wrapped, rest))
    body = IndexSum(dummies, body) if dummies else body
    return Define(Tensor("y", tuple(index.size for index in free), Role.DEFINED), free, body)


def check_batched_forms(define, seed):
    form = raise_define(define, program_of(define))
    if isinstance(form, MatrixForm):
        assert_same_value(define, form, values_for(define, seed))
        assert form.left(MATRIX_UNICODE)
        assert form.text


(
    test_batched_forms,
    test_many_batched_forms,
) = few_and_many(
    check_batched_forms,
    batched(),
    st.integers(0, 3),
    many=400,
)


@st.composite
def substitutions(draw: st.DrawFn) -> tuple[Define, Define]:
    """A definition and one of a tensor that it reads, of order one or two."""
    define = draw(defines())
    read = [t for t in tensors_read(define.body) if t.order and not t.symmetric]
    tensor = draw(st.sampled_from(read or [TENSORS[2]]))
    free = tuple(Index(letter, size) for letter, size in zip("pq", tensor.shape, strict=False))
    inner = Add((draw(products(free, 1)), draw(products(free, 1))))
    return define, Define(tensor, free, inner)


def check_forms_put_in_for_names(pair):
    define, inner = pair
    form, known = raise_define(define, program_of()), raise_define(inner, program_of())
    if isinstance(form, MatrixForm) and isinstance(known, MatrixForm):
        values = {tensor: draw_value(tensor, 0) for tensor in TENSORS}
        whole = unfolded(form, {inner.tensor: known})
        if isinstance(whole, Refusal):  # the name is read in slices
            return
        replaced = values | {inner.tensor: evaluate(inner.body, inner.free, values)}
        expected = evaluate(define.body, define.free, replaced)
        found = run_numpy(whole, names([*DIMS.values()], values))
        assert np.shape(found) == expected.shape
        message = f"{form.text} with {inner.tensor.name} = {known.text}: {whole.text}: {whole.numpy}"
        np.testing.assert_allclose(np.asarray(found, float), expected, rtol=1e-8, atol=1e-8, err_msg=message)


test_forms_put_in_for_names, test_many_forms_put_in_for_names = few_and_many(
    check_forms_put_in_for_names, substitutions(), many=200
)
