"""Names of indices: the user's where they are free, and never one that captures another."""

import pytest

import tcgrad
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import Add, Call, Component, Expr, IndexReduce, IndexSum, IndexValue, Mul
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.notation.naming import Surroundings, name_indices

SIZE = Integer.of(Dim("N", 5))
X = Tensor("x", (SIZE,), Role.INPUT)


def read(*indices: Index, name: str = "x") -> Expr:
    return Component(Tensor(name, (SIZE,) * len(indices), Role.INPUT), tuple(index.expr for index in indices))


def summed(*hints: str) -> tuple[list[Index], Expr]:
    """A product of sums, one over each hint."""
    indices = [Index(hint, SIZE) for hint in hints]
    return indices, Mul(tuple(IndexSum((index,), Mul((read(index), read(index)))) for index in indices))


def test_hints_are_kept_where_they_are_free() -> None:
    i, j = Index("i", SIZE), Index("j", SIZE)
    assert name_indices((i,), IndexSum((j,), read(i, j))) == {i: "i", j: "j"}


@pytest.mark.parametrize(
    ("hints", "names"),
    [
        (("k", "k"), ["k", "m"]),
        (("k", "k", "k"), ["k", "m", "n"]),
        (("n", "n"), ["n", "i"]),
        (("p", "p"), ["p", "q"]),
        (("h", "h"), ["h", "a"]),
        (("tok", "tok", "tok"), ["tok", "tok2", "tok3"]),
        (("α", "α"), ["α", "α2"]),
        (("k2", "k2"), ["k2", "m"]),
    ],
)
def test_sums_of_one_product_get_different_names(hints: tuple[str, ...], names: list[str]) -> None:
    indices, body = summed(*hints)
    given = name_indices((), body)
    assert [given[index] for index in indices] == names


def test_letters_run_out() -> None:
    indices, body = summed(*["k"] * 40)
    given = name_indices((), body)
    assert len({given[index] for index in indices}) == 40
    assert given[indices[-1]].startswith("k")


def test_terms_of_a_sum_share_names() -> None:
    first, second = Index("k", SIZE), Index("k", SIZE)
    body = Add((IndexSum((first,), read(first)), IndexSum((second,), read(second))))
    assert set(name_indices((), body).values()) == {"k"}


def test_a_factor_beside_a_sum_of_terms_shares_no_name_with_them() -> None:
    first, second, third = (Index("k", SIZE) for _ in range(3))
    terms = Add((IndexSum((first,), read(first)), IndexSum((second,), read(second))))
    names = name_indices((), Mul((terms, Call(FUNCTIONS["exp"], (IndexSum((third,), read(third)),)))))
    assert names == {first: "k", second: "k", third: "m"}


def test_an_enclosing_sum_is_not_captured() -> None:
    outer, inner = Index("k", SIZE), Index("k", SIZE)
    body = IndexSum((outer,), Mul((read(outer), IndexSum((inner,), read(outer, inner)))))
    assert name_indices((), body) == {outer: "k", inner: "m"}


def test_free_indices_of_one_hint_are_told_apart() -> None:
    first, second = Index("p", SIZE), Index("p", SIZE)
    assert name_indices((first, second), read(first, second)) == {first: "p", second: "q"}


def test_dims_are_no_index_names() -> None:
    index = Index("n", SIZE)
    assert name_indices((index,), read(index), Surroundings(dims=frozenset("n")))[index] == "i"
    named = Index("N", SIZE)
    assert name_indices((named,), Mul((read(named), IndexValue(SIZE))))[named] == "N2"


def test_a_bare_index_is_not_named_like_a_tensor() -> None:
    index = Index("c", SIZE)
    around = Surroundings(tensors=frozenset("c"))
    assert name_indices((index,), read(index), around)[index] == "c"
    assert name_indices((index,), IndexValue(index.expr), around)[index] == "d"


def test_an_index_that_a_guard_tells_the_range_of_is_not_named_like_a_tensor() -> None:
    text = """
dims: {H: 3, D: 5}
inputs: {w: [D], q: [D, H], b: [H]}
indices: {p: H}
equations: ['z = sum[p](w[p])*sum[p](b[p])', 'y[r,t] = sin(z)*q[r,t]']
"""
    (lines,) = (g["index"] for g in tcgrad.loads(text).derive().as_dict()["gradients"] if g["wrt"] == "b")
    expect = "\n".join(f"  - {line}" for line in lines)
    function = tcgrad.loads(f"{text}expect:\n{expect}\n")
    assert [result.proved for result in function.check().results if result.kind == "expect"] == [True] * len(lines)


def test_a_new_letter_is_no_tensor_of_the_equation() -> None:
    first, second = Index("k", SIZE), Index("k", SIZE)
    names = name_indices((first,), IndexSum((second,), Mul((read(first, name="m"), read(second)))))
    assert names == {first: "k", second: "n"}


def test_a_declared_range_belongs_to_its_size() -> None:
    index = Index("i", SIZE)
    assert name_indices((index,), read(index), Surroundings(ranges={"i": Integer.of(5)}))[index] == "i"
    assert name_indices((index,), read(index), Surroundings(ranges={"i": Integer.of(4)}))[index] == "j"


def test_a_range_that_is_a_dim_belongs_to_no_other_dim_of_the_same_size() -> None:
    around = Surroundings(ranges={"i": Integer.of(Dim("M", 5))})
    own, other = Index("i", Integer.of(Dim("M", 5))), Index("i", SIZE)
    assert name_indices((own,), read(own), around)[own] == "i"
    assert name_indices((other,), read(other), around)[other] == "j"


def test_a_range_that_takes_a_calculation_belongs_to_its_size() -> None:
    index, window = Index("i", SIZE + SIZE), Index("p", SIZE)
    body = IndexSum((window,), Component(Tensor("x", (Integer.of(17),), Role.INPUT), (index.expr + window.expr,)))
    around = Surroundings(ranges={"i": SIZE + SIZE, "p": SIZE, "q": SIZE})
    assert name_indices((index,), body, around) == {index: "i", window: "p"}
    digit = Index("i", Integer.of(2))
    body = IndexSum((digit,), Component(Tensor("x", (SIZE + SIZE,), Role.INPUT), (index.expr + digit.expr,)))
    assert name_indices((index,), body, around)[digit] not in around.ranges


def test_a_range_that_is_a_number_belongs_to_no_sum_over_a_dim() -> None:
    (first, second), product = summed("t", "t")
    around = Surroundings(ranges={"u": Integer.of(5)})
    assert name_indices((), product, around) == {first: "t", second: "v"}


def test_an_index_whose_range_no_read_tells_gets_a_name_whose_range_is_declared() -> None:
    free, window = Index("p", SIZE), Index("k", Integer.of(2))
    body = IndexReduce("max", (window,), Component(Tensor("x", (Integer.of(17),), Role.INPUT), (window.expr,)))
    around = Surroundings(ranges={"p": Integer.of(2), "q": Integer.of(5)})
    assert name_indices((free,), Mul((body, read(free))), around) == {free: "q", window: "p"}
    assert name_indices((free,), Mul((body, read(free)))) == {free: "p", window: "k"}


def test_a_left_sides_declared_name_is_its_own_before_that_of_sums_whose_range_nothing_else_tells() -> None:
    free, *bound = Index("k", SIZE), Index("r", SIZE), Index("r", SIZE)
    scalar = Component(Tensor("x0", (), Role.INPUT), ())
    sums = tuple(Call(FUNCTIONS["exp"], (IndexSum((index,), scalar),)) for index in bound)
    names = name_indices((free,), Mul(sums), Surroundings(ranges={"k": SIZE, "r": SIZE}))
    assert names[free] == "k"
    assert "r" in names.values()


def test_a_scalar_of_the_statement_is_no_index_name() -> None:
    index = Index("p", SIZE)
    scalar = Component(Tensor("p", (), Role.INPUT), ())
    assert name_indices((index,), Mul((read(index), scalar)))[index] == "q"
    assert name_indices((index,), Mul((read(index), read(index, name="p"))))[index] == "p"


def test_a_declared_range_of_the_same_length_at_these_sizes_alone_is_not_that_of_an_index() -> None:
    """Of two digits ``2*q + k`` of a position the second runs over 2, whatever the dim is that is 2 here."""
    digit = Index("k", Integer.of(2))
    body = IndexSum((digit,), Component(Tensor("x", (Integer.of(17),), Role.INPUT), (digit.expr,)))
    around = Surroundings(ranges={"k": Integer.of(Dim("M", 2)), "m": Integer.of(Dim("M", 2))})
    assert name_indices((), body, around)[digit] not in around.ranges
