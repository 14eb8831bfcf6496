"""From the IR to the array program: statement by statement, every definition a value that later ones read."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager

from tcgrad.emit.graph.arrays import Axes, Node, Value
from tcgrad.emit.graph.operations import Linalg
from tcgrad.emit.graph.values import Builder
from tcgrad.emit.lowering.alike import Alike
from tcgrad.emit.lowering.definitions import Definitions, plain
from tcgrad.emit.lowering.expressions import Expressions
from tcgrad.emit.lowering.recurrences import Loop
from tcgrad.emit.lowering.structure import Structured, finished, materialised
from tcgrad.emit.prepared.complements import complemented
from tcgrad.emit.prepared.conditions import with_conditions_settled
from tcgrad.emit.prepared.digits import by_digits
from tcgrad.emit.prepared.finite import finite
from tcgrad.emit.prepared.fronts import Fronts
from tcgrad.emit.prepared.saturated import Saturated
from tcgrad.emit.prepared.tail_areas import with_tail_areas
from tcgrad.emit.prepared.tails import without_tails
from tcgrad.emit.prepared.written_out import WrittenOut
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Define, Intrinsic, Recurrence, Statement
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.records import dataclass, replace
from tcgrad.simplify.kinds import Kinds, Likeness
from tcgrad.simplify.powers_of_zero import PowersOfZero


@dataclass(frozen=True)
class Step:
    """A lowered statement; ``node`` is None where its tensor is kept as several blocks.

    kind: that of a definition, if others of its stage are of that kind, too.
    """

    statement: Statement
    tensor: Tensor
    node: Node | None
    kind: Likeness | None = None


class Lowering:
    """Lowers statements in order."""

    def __init__(self, build: Builder) -> None:
        self.build = build
        self.definitions = Definitions(build)
        self.expressions = Expressions(self.definitions)
        self.multiplying: set[Tensor] = set()  # inverses that only multiply something
        self._alike = Alike(self.definitions)
        self._kinds = Kinds()
        self._written_out = WrittenOut()
        self._saturated = Saturated()
        self._powers = PowersOfZero()
        self._fronts = Fronts()
        self._loops = 0

    def statements(self, statements: Iterable[Statement]) -> list[Step]:
        """Lower statements in order and remember what they define."""
        statements = tuple(statements)
        pairs = zip(statements, self._kinds.shared(statements), strict=True)
        return [step for statement, own in pairs for step in self._statement(statement, own)]

    def _statement(self, statement: Statement, own: Likeness | None) -> list[Step]:
        """own: the kind of a definition, if others are of that kind, too."""
        self.build.graph.begin()
        match statement:
            case Define() if own is not None:
                written = self._written_out.define(statement)
                made = self._fronts.joined(self._saturated.define(written))
                kind = own if made is statement else self._kinds.of(made)
                if written is not statement or kind is None:
                    return [self._kept(statement, self._lowered(made))]
                built = self.expressions.products.built
                return [self._kept(statement, self._alike.lowered(made, kind, built, self._lowered), own)]
            case Define():
                return [self.define(statement)]
            case Intrinsic():
                return [self._intrinsic(statement)]
            case Recurrence():
                self._loops += 1
                self.definitions.gaps.learn(statement)
                loop = Loop(self.build, self, self._fronts.continued(statement), self._loops)
                results = loop.results()
                for tensor, node in results:
                    self.assign(tensor, node)
                for front in loop.fronts():
                    self._fronts.learn(front)
                return [Step(statement, tensor, node) for tensor, node in results]

    def assign(self, tensor: Tensor, node: Node) -> None:
        """Let a node be the value of a tensor."""
        self.definitions.assign(tensor, node)
        self.expressions.forget()

    def array(self, expr: Expr, free: Axes) -> Node:
        """The array of an expression with the axes ``free``."""
        return self.build.aligned(self.expressions.dense(expr, free), free)

    def around(self, tensor: Tensor) -> AbstractContextManager[None]:
        """Let positions leave what has zeros around it while a value of a tensor is lowered."""
        return self.definitions.around(tensor)

    def define(self, define: Define) -> Step:
        """Lower a definition and remember it."""
        made = self._fronts.joined(self._saturated.define(self._written_out.define(define)))
        return self._kept(define, self._lowered(made))

    def _kept(self, define: Define, structured: Structured, own: Likeness | None = None) -> Step:
        self.definitions.gaps.learn(define)
        self._written_out.learn(define)
        self._saturated.learn(define)
        if self._written_out.has_logarithms:
            self._powers.learn(define)
        self.definitions.keep(define.tensor, define.free, structured)
        return Step(define, define.tensor, structured.plain.value.node if structured.plain else None, own)

    def _lowered(self, define: Define) -> Structured:
        if self._written_out.has_logarithms:
            define = self._powers.define(define)
        prepared = with_tail_areas(complemented(with_conditions_settled(define.body)))
        define = replace(define, body=finite(prepared))
        with self.around(define.tensor):
            structured = self._by_digits(define) or self.expressions.statement(define.body, define.free)
            if structured.plain is None and define.tensor.role is not Role.JACOBIAN:
                structured = plain(self.definitions.dense(structured, define.free))
        return plain(finished(self.build, structured.plain)) if structured.plain is not None else structured

    def _by_digits(self, define: Define) -> Structured | None:
        """The value of a definition that reads indices digit by digit; None of one that does not."""
        if define.tensor.role is Role.JACOBIAN:
            return None
        shorter = without_tails(define, self.build.fitting)
        split, digits = by_digits(shorter, self.build.fitting)
        if split is shorter:
            return None
        value = self.expressions.dense(split.body, split.free)
        free = split.free
        for parts in reversed(digits):
            at = free.index(parts.high)
            free = (*free[:at], parts.index, *free[at + 2 :])
        if free == split.free == define.free:
            return plain(value)
        if len(value.axes) < len(split.free):
            value = Value(materialised(self.build, value, split.free), split.free)
        node = self.build.arranged(value, split.free)
        node = self.build.reshaped(node, tuple(index.size for index in free))
        tails = [(Integer.of(0), own.size - index.size) for own, index in zip(define.free, free, strict=True)]
        return plain(Value(self.build.padded(node, tails), define.free))

    def _intrinsic(self, statement: Intrinsic) -> Step:
        operand = self.definitions.whole(statement.operand)
        make, batch = self.build.graph.make, operand.shape[:-2]
        arguments = (operand, make(Linalg("det"), (operand,), batch)) if statement.kind == "adj" else (operand,)
        node = make(Linalg(statement.kind), arguments, statement.tensor.shape)
        if statement.tensor in self.multiplying:
            self.build.inverses.add(node)
        self.assign(statement.tensor, node)
        return Step(statement, statement.tensor, node)
