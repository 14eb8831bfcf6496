"""The array program of a derivation in stages: forward, backward, tangents, Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property, partial

from tcgrad.emit.code.schedule import Wanted
from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.built import Built
from tcgrad.emit.graph.filling import Buffer
from tcgrad.emit.graph.nodes import Graph
from tcgrad.emit.graph.operations import Copy, Full, Leaf, Window
from tcgrad.emit.graph.solving import inverses_that_multiply
from tcgrad.emit.graph.uses import is_trivial, needed_nodes
from tcgrad.emit.graph.values import Builder
from tcgrad.emit.lowering.lower import Lowering, Step
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.ir.indices import Integer
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.notation.alike import PrintedAlike
from tcgrad.notation.index import print_statement
from tcgrad.records import dataclass
from tcgrad.simplify.kinds import Likeness

_Comment = Callable[[], tuple[str, ...]]  # gives equations, once they are wanted


@dataclass(frozen=True)
class Stage:
    """Statements lowered together, and the arrays that are wanted of them: in full shape, and new ones."""

    steps: tuple[Step, ...]
    results: tuple[tuple[Tensor, Node], ...]
    alike: PrintedAlike

    @property
    def nodes(self) -> list[Node]:
        return [node for _, node in self.results]

    @cached_property
    def _defining(self) -> dict[Tensor, Step]:
        """The step of each tensor that a statement defines."""
        return {step.tensor: step for step in self.steps}

    @cached_property
    def _comments(self) -> dict[Tensor, tuple[str, ...]]:
        return {}  # those that were asked for

    def comment(self, tensor: Tensor) -> tuple[str, ...]:
        """The equations that the statement of a tensor computes, with those of all that it defines."""
        if tensor not in self._comments:
            self._comments[tensor] = self._printed(tensor)
        return self._comments[tensor]

    def _printed(self, tensor: Tensor) -> tuple[str, ...]:
        match self._defining.get(tensor):
            case None:
                return ()
            case Step(Define() as define, kind=Likeness() as kind):
                return (self.alike.define(define, kind),)
            case step:
                return print_statement(step.statement)

    def wanted(self, name: Callable[[Tensor], str]) -> list[Wanted]:
        """Names and comments for what the statements define, then for the results."""
        return all_wanted([self], name)


def all_wanted(stages: Sequence[Stage], name: Callable[[Tensor], str]) -> list[Wanted]:
    """Names and comments for what is computed in stages, one beside the other.

    A tensor that one stage returns in full shape may be defined in another in a smaller one: its name is the result's.
    """
    results = {tensor: node for stage in stages for tensor, node in stage.results}
    nodes: dict[Tensor, Node | None] = {}
    comments: dict[Tensor, _Comment] = {}
    for stage in stages:
        for tensor, node in [*((step.tensor, step.node) for step in stage.steps), *stage.results]:
            nodes.setdefault(tensor, results.get(tensor, node))
            comments.setdefault(tensor, partial(stage.comment, tensor))
    named = {node: tensor for tensor, node in nodes.items() if node is not None and tensor not in results}
    named |= {node: tensor for tensor, node in results.items()}
    order = {tensor: k for k, tensor in enumerate(nodes)}
    told: dict[Node, list[_Comment]] = {}
    for tensor, node in nodes.items():
        if node is not None:
            told.setdefault(node, []).append(comments[tensor])
    return [
        Wanted(name(tensor), node, _together(told[node]))
        for node, tensor in sorted(named.items(), key=lambda item: order[item[1]])
    ]


def _together(comments: Sequence[_Comment]) -> _Comment:
    """What several tell, one after the other."""
    if len(comments) == 1:
        return comments[0]
    return lambda: tuple(line for comment in comments for line in comment())


class Stages:
    """Lowers statements into one graph, so that what stages share is one node."""

    def __init__(self, fitting: Fitting) -> None:
        self._build = Builder(Graph(), fitting)
        self._lowering = Lowering(self._build)
        self._printed = PrintedAlike()
        self._forward_built: Built | None = None

    def solve_for(self, statements: Iterable[Statement]) -> None:
        """Let systems be solved where an inverse only multiplies something in all of these statements."""
        self._lowering.multiplying = inverses_that_multiply(statements)

    def argument(self, tensor: Tensor) -> Node:
        """The node of a tensor that is an argument or a constant of the module."""
        return self._lowering.definitions.leaf(tensor)

    @property
    def fitting(self) -> Fitting:
        """What is known of sizes."""
        return self._build.fitting

    def assume(self, facts: Iterable[Integer]) -> None:
        """Let all stages from now on be for sizes of which these are at least 0."""
        self._build.fitting = self._build.fitting.assuming(*facts)

    def stage(
        self, statements: Iterable[Statement], wanted: Iterable[Tensor], owners: set[Node] | None = None
    ) -> Stage:
        """Lower statements in order.

        The first stage is the forward pass; later ones are computed apart from each other.

        owners: whose memory is returned beside the results; that of the results is added.
        """
        products = self._lowering.expressions.products
        if self._forward_built is not None:
            products.built = self._forward_built.continued()
        steps = tuple(self._lowering.statements(statements))
        results: list[tuple[Tensor, Node]] = []
        owners = set() if owners is None else owners
        copies: dict[Node, Node] = {}
        for tensor in wanted:
            node = self._owned(self._lowering.definitions.whole(tensor), owners, copies)
            owners.add(node.owner)
            results.append((tensor, node))
        if self._forward_built is None:
            self._forward_built = products.built
        return Stage(steps, tuple(results), self._printed)

    def _owned(self, node: Node, owners: Collection[Node], copies: dict[Node, Node]) -> Node:
        """The node, or a copy of it where its memory is the caller's or another result's, or where elements of it share
        theirs; if need be a copy of one.

        copies: the last copy that was made of each node.
        """
        copy = copies.get(node, node)
        while isinstance(copy.owner.operation, Leaf) or copy.owner in owners or _overlaps(copy):
            copy = self._copied(copy)
        copies[node] = copy
        return copy

    def _copied(self, node: Node) -> Node:
        """A copy; where axes are turned and then reshaped, which is one in general, it is made in between."""
        make = self._build.graph.make
        if node.operation.is_view_in_order and node.arguments[0].operation.turns_axes:
            return make(node.operation, (self._copied(node.arguments[0]),), node.shape, node.kind)
        return make(Copy(), (node,), node.shape, node.kind)


def _overlaps(node: Node) -> bool:
    """Whether it is a view in which an element stands at several places, which NumPy lets nobody write to."""
    return isinstance(node.operation, Window) or (node.is_view and _overlaps(node.arguments[0]))


def nodes_to_save(forward: Stage, backward: Stage) -> list[Node]:
    """What the backward pass reads of the forward pass: the nodes at which its own computation starts.

    A fresh array in another shape is none of them, but that array; nor is one of a number, which would be the output's.
    """
    needed = set(needed_nodes(forward.nodes, ()))
    computed = {node for node in needed if not is_trivial(node) and not _is_made_again(node)}
    computed |= {
        step.node for step in forward.steps if step.node is not None and isinstance(step.node.base.operation, Buffer)
    }
    found: dict[Node, None] = {}
    seen: set[Node] = set()
    stack = list(reversed(backward.nodes))
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in computed or is_input(node) or (isinstance(node.operation, Buffer) and node.arguments[0] in needed):
            found[node] = None
        else:
            stack.extend(reversed(node.arguments))
    return sorted(found, key=lambda node: (not is_input(node), node.serial))


def _is_made_again(node: Node) -> bool:
    source = node
    while isinstance(source.operation, Copy):
        (source,) = source.arguments
    if isinstance(source.operation, Full):
        return True
    return node.operation.is_view_in_order and not node.arguments[0].is_view


def is_input(node: Node) -> bool:
    """Whether a node is an input of the program."""
    return isinstance(node.operation, Leaf) and node.operation.tensor.role is Role.INPUT
