"""What has a value wherever a program has one, so that it may stand outside of a choice."""

from __future__ import annotations

from tcgrad.ir.gaps import gaps_of, has_gap
from tcgrad.ir.guards import is_structural
from tcgrad.ir.nodes import Call, Component, Const, Expr, Iverson, Pow
from tcgrad.ir.program import Define, Program, nodes_in
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, free_indices, tensors_read
from tcgrad.records import cached_property, dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.facts.undefined import reads_needed
from tcgrad.simplify.signs import is_never_negative, is_positive


@dataclass
class Certainty:
    """What is known of the values of one program's tensors."""

    program: Program

    def has_value(self, expr: Expr) -> bool:
        """Whether an expression has a value that does not overflow wherever all outputs have one."""
        match expr:
            case Component(tensor):
                own = tensor in self._needed or tensor in self._defined[1]
                return own or not gaps_of(self.program).of(expr, growing=True)
            case Pow(base, Const(value=n)) if self._has_power(base, n.numerator):
                return self.has_value(base)
            case Call(function=function) if function.overflows:
                return False
            case Pow() if not (tensors_read(expr) or free_indices(expr) or self._asks_for_sizes):
                return True
            case _:
                return not has_gap(expr) and all(map(self.has_value, children(expr)))

    def _has_power(self, base: Expr, sign: int) -> bool:
        positive = self._defined[0]
        return is_positive(base, positive) or (sign > 0 and is_never_negative(base, positive))

    @cached_property
    def _asks_for_sizes(self) -> bool:
        """Whether a condition may leave out what has no value at some sizes; else no output has one there."""
        nodes = nodes_in(*self.program.statements)
        return any(isinstance(node, Iverson) and is_structural(node) for node in nodes)

    @cached_property
    def _defined(self) -> tuple[set[Tensor], set[Tensor]]:
        """The tensors that are positive by their definitions, and those that these give a value."""
        positive, found = self.__dict__["_defined"] = set[Tensor](), set[Tensor]()
        for statement in self.program.statements:
            if isinstance(statement, Define):
                body = simplify(statement.body)
                if is_positive(body, positive):
                    positive.add(statement.tensor)
                if self.has_value(body):
                    found.add(statement.tensor)
        return positive, found

    @cached_property
    def _needed(self) -> set[Tensor]:
        """The tensors of which every component has a value where all outputs have one."""
        found = set(self.program.outputs)
        for statement in reversed(self.program.statements):
            if isinstance(statement, Define) and statement.tensor in found:
                found.update(read.tensor for read in reads_needed(statement.body) if _is_whole(read))
        return found


def _is_whole(read: Component) -> bool:
    """Whether a component runs over the whole tensor with its indices."""
    plain = [position.as_index for position in read.indices]
    sizes = [index.size for index in plain if index is not None]
    return len(set(plain)) == len(plain) and sizes == list(read.tensor.shape)
