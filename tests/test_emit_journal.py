"""What is noted of a statement: all that decides whether the same comes of another one, each once, and no more."""

from __future__ import annotations

from tcgrad.emit.graph.arrays import Node, Value
from tcgrad.emit.graph.built import Built, Operand
from tcgrad.emit.graph.journal import Made, ProductAsked, SetsAsked
from tcgrad.emit.graph.nodes import Graph
from tcgrad.emit.graph.operations import Apply, Leaf, Sqrt
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.tensors import Role, Tensor

SIZE = Integer.of(3)
OVER = Index("i", SIZE)
EXP = Apply(FUNCTIONS["exp"])


def _leaf(graph: Graph, name: str) -> Node:
    return graph.make(Leaf(Tensor(name, (SIZE,), Role.INPUT)), (), (SIZE,))


def _operands(*nodes: Node) -> list[Operand]:
    return [Operand(Value(node, (OVER,))) for node in nodes]


def test_a_node_is_noted_once_and_whether_it_is_new_where_that_was_asked():
    graph = Graph()
    x = _leaf(graph, "x")
    old = graph.make(Sqrt(), (x,), (SIZE,))
    graph.begin()
    journal = graph.noting()
    found, made = graph.make(Sqrt(), (x,), (SIZE,)), graph.make(EXP, (x,), (SIZE,))
    assert found is old
    assert graph.make(EXP, (x,), (SIZE,)) is made
    assert journal.entries == [Made(old), Made(made)]
    assert [graph.is_new(node) for node in (x, old, made)] == [False, False, True]
    assert journal.entries == [Made(old, is_new=False), Made(made, is_new=True)]


def test_what_is_asked_of_a_new_node_hangs_on_the_statement_alone():
    graph = Graph()
    x, z = _leaf(graph, "x"), _leaf(graph, "z")
    graph.begin()
    built, journal = Built(graph), graph.noting()
    made = graph.make(EXP, (x,), (SIZE,))
    for _ in range(2):
        assert built.sets_known(_operands(x, made, z)) == ()
        assert built.known(_operands(x, made), (OVER,)) is None
        assert built.known(_operands(x, z), (OVER,)) is None
    sets, product = journal.entries[1:]
    assert sets == SetsAsked((x, z), ())
    assert isinstance(product, ProductAsked)
    assert product.takes == (x, z)
    assert journal.entries[0] == Made(made, is_new=True)


def test_an_answer_is_noted_again_where_it_is_another_one():
    graph = Graph()
    x, z = _leaf(graph, "x"), _leaf(graph, "z")
    graph.begin()
    built, journal = Built(graph), graph.noting()
    assert built.sets_known(_operands(x, z)) == ()
    built.remember(_operands(x, z), Value(graph.make(EXP, (x,), (SIZE,)), (OVER,)))
    assert built.sets_known(_operands(x, z)) == (0b11,)
    assert [entry.masks for entry in journal.entries if isinstance(entry, SetsAsked)] == [(), (0b11,)]


def test_products_of_old_operands_are_noted_as_sets_of_these_where_new_ones_stand_between():
    graph = Graph()
    x, y, z = (_leaf(graph, name) for name in "xyz")
    graph.begin()
    built, journal = Built(graph), graph.noting()
    made = graph.make(EXP, (x,), (SIZE,))
    for factors in [(x, z), (x, y, z), (x, made)]:
        built.remember(_operands(*factors), Value(graph.make(EXP, (z,), (SIZE,)), (OVER,)))
    assert built.sets_known(_operands(x, made, y, z)) == (0b0011, 0b1001, 0b1101)
    asked = [entry for entry in journal.entries if isinstance(entry, SetsAsked)]
    assert asked == [SetsAsked((x, y, z), (0b101, 0b111))]
