"""Formulas for people: what the declarations of inputs say is used, and everything is written as short as can be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field

from tcgrad.calculus.lines.compact import compact, put_in
from tcgrad.calculus.program.dependence import reads
from tcgrad.calculus.shown.printed import Printed
from tcgrad.calculus.shown.signed import Signed
from tcgrad.calculus.trace import Event, Inserted
from tcgrad.conjecture.shorter import Conjectures
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement, defined_tensors
from tcgrad.ir.tensors import Role, Tensor, gradient_of
from tcgrad.ir.traversal import size, tensors_read
from tcgrad.records import cached_property, dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.assume import SIGNS, Assumption, Assumptions, assume, assumptions_about, jointly
from tcgrad.simplify.cost import cost
from tcgrad.simplify.expand import TooLargeError
from tcgrad.simplify.exponentials.logarithms_out import with_logarithms_out
from tcgrad.simplify.facts.undefined import holds_root
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.folding.selected import selections
from tcgrad.simplify.folding.solved import Solutions
from tcgrad.simplify.folding.unit_sums import defined_unit_sums
from tcgrad.simplify.inverses import inverted_by, may_contract, with_inverses_contracted
from tcgrad.simplify.mirror import is_skew, with_skew_in_order
from tcgrad.simplify.shown.complements import with_even_slopes, with_one_sigmoid
from tcgrad.simplify.shown.gathered import gathered
from tcgrad.simplify.shown.polish import polish
from tcgrad.simplify.symbols import with_shorter_deltas

_MOST_STATEMENTS = 9

# Nodes and terms of derivatives of what is not a scalar that are multiplied out: they are long and many.
_LARGEST_OF_VECTOR, _FEWEST_OF_VECTOR = 40, 5


@dataclass
class Readable:
    """Writes the formulas of one program for people.

    known: the program's definitions.
    printed: writes settled lines down as they are printed.
    assumed: by the tensor of each line what it takes for granted, in the order of the inputs.
    """

    program: Program
    known: Facts
    printed: Printed
    assumed: dict[Tensor, set[Assumption]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._assumptions = assumptions_about(self.program)
        self._positive = {each.tensor: each for each in self._assumptions if each.kind == "positive"}
        self._solutions = Solutions(self.program.statements)
        self._selections = selections(self.program.statements, self._assumptions)
        self._conjectures = Conjectures(self.program, self._assumptions)
        signs = tuple(each for each in self._assumptions if each.kind in SIGNS)
        self._signed = Signed(self.program.statements, signs)
        self._nameless = {gradient_of(each.tensor) for each in self.program.statements if isinstance(each, Intrinsic)}

    def lines(self, backward: Sequence[Statement], kept: Collection[Tensor]) -> tuple[Statement, ...]:
        """The lines of gradients as short as what is declared makes them, those that became short put into others;
        definitions of ``kept`` tensors stay.
        """
        simpler = tuple(self.settled(line) if isinstance(line, Define) else line for line in backward)
        if self.assumed or any(map(_is_shorter, simpler, backward)):
            apart = set(simpler)
            joined = compact(simpler, kept, (), self.known, self._hear)
            simpler = tuple(
                line if line in apart or not isinstance(line, Define) else self.settled(line) for line in joined
            )
        simpler = self._with_names_only(simpler)
        for line in simpler:
            if isinstance(line, Define):
                self.printed.learn(line)
        return simpler

    def _with_names_only(self, lines: Sequence[Statement]) -> tuple[Statement, ...]:
        """Without lines for gradients of what is no tensor of the spec, such as ``inv(A)``: these are put, long or not,
        into the lines that read them, since the language has no name ``dl/dinv(A)``.
        """
        if not self._nameless:
            return tuple(lines)
        nameless: dict[Tensor, Define] = {}
        left: list[Statement] = []
        for line in lines:
            put_into = {tensor: nameless[tensor] for tensor in reads(line) if tensor in nameless}
            whole = self._put_into(line, put_into) if put_into else line
            if isinstance(whole, Define) and whole.tensor in self._nameless:
                nameless[whole.tensor] = whole
            else:
                left.append(whole)
        return tuple(left)

    def _put_into(self, line: Statement, lines: Mapping[Tensor, Define]) -> Statement:
        """A line with others, by what they define, in it, and what they assume."""
        for tensor in defined_tensors(line):
            for other in lines:
                self._assume(tensor, self.assumed.get(other, ()))
        match line:
            case Define():
                return replace(line, body=self.known.fold(put_in(line.body, lines)))
            case Recurrence():
                return line.map_bodies(lambda case: self.known.fold(put_in(case.body, lines)))
            case Intrinsic():
                return line

    def define(self, define: Define) -> tuple[Define, Assumptions]:
        """One formula, and what it takes for granted."""
        return self.printed.define(self.settled(define)), self.taken_for_granted((define,))

    def taken_for_granted(self, lines: Sequence[Statement]) -> Assumptions:
        """What at least one of the lines assumes."""
        if not self.assumed:
            return ()
        used = {each for line in lines for tensor in defined_tensors(line) for each in self.assumed.get(tensor, ())}
        return tuple(assumption for assumption in self._assumptions if assumption in used)

    def settled(self, line: Define, *, closely: bool = True) -> Define:
        """The line as short as what is declared makes it.

        closely: whether something shorter is sought for its parts; no need where it is one of the gradients.
        """
        # The derivative of a vector of means is best by deviations: diag(p) - p p^T.
        body = line.body if _is_of_vector(line.tensor) else self.known.centred(line.body)
        body = with_shorter_deltas(body)
        body = self._if_shorter(with_logarithms_out(body), body)
        body = self._with_inverses_contracted(body) if self._has_intrinsics else body
        body = with_one_sigmoid(with_even_slopes(self._solved(body, line.tensor)), self.known.fold)
        for used, given in self._facts:
            shorter = self._shorter(body, used)
            if shorter is not None:
                body = shorter
                self._assume(line.tensor, given)
        body = self._with_skew_in_order(self._with_selected(body, line.tensor), line.free)
        signed = self._signed.shorter(simplify(body))
        if signed is not None:
            body, given = signed
            self._assume(line.tensor, given)
        return replace(line, body=self._looked_into(body, line.tensor) if closely and self._is_short else body)

    @cached_property
    def _facts(self) -> list[tuple[Assumptions, Assumptions]]:
        """What each formula is tried with, in turn, and what about the inputs that takes for granted.

        Where there are signs, nothing at first: some are plain to see. Those of the inputs are tried all together, and
        so are symmetric inputs in the end.
        """
        found: list[tuple[Assumptions, Assumptions]] = [((), ())] if self._positive else []
        found += [((own,), (own,)) for own in self._assumptions if own.kind not in (*SIGNS, "one hot")]
        symmetric = tuple(own for own in self._assumptions if own.kind == "symmetric")
        if len(symmetric) > 1:
            found.append((jointly(symmetric, self.program), symmetric))
        defined = defined_unit_sums(self.program.statements, self._assumptions)
        return found + [((Assumption(tensor, "unit sums"),), given) for tensor, given in defined.items()]

    @cached_property
    def _is_short(self) -> bool:
        """Whether the program has so few equations that its formulas are looked into closely."""
        return len(self.program.statements) <= _MOST_STATEMENTS

    def _with_inverses_contracted(self, body: Expr) -> Expr:
        """A right side without products of a matrix and its inverse, inverses of products that have no part in it by
        those of their factors, where that is shorter.
        """
        read = set(tensors_read(body))
        products = {tensor: define for tensor, define in self._definitions.items() if tensor not in read}
        if not may_contract(body, products):
            return body
        try:
            contracted = with_inverses_contracted(body, products, self._inverted, determinants=False)
            return self._if_shorter(contracted, body)
        except TooLargeError:
            return body

    def _if_shorter(self, changed: Expr, body: Expr) -> Expr:
        """What a right side was changed to, folded, where that is shorter than itself."""
        if changed is body:
            return body
        made = self.known.fold(changed)
        return made if cost(made) < cost(simplify(body)) else body

    @cached_property
    def _inverted(self) -> dict[Tensor, Tensor]:
        return inverted_by(self.program.statements)

    @cached_property
    def _has_intrinsics(self) -> bool:
        return any(isinstance(statement, Intrinsic) for statement in self.program.statements)

    @cached_property
    def _definitions(self) -> dict[Tensor, Define]:
        return {item.tensor: item for item in self.program.statements if isinstance(item, Define)}

    def _looked_into(self, body: Expr, tensor: Tensor) -> Expr:
        """A right side multiplied out as a whole, and with what was guessed for its parts, where that is shorter."""
        of_vector = _is_of_vector(tensor)
        plain = simplify(body)
        if not of_vector:
            plain = self.known.distributed(self.known.opened(plain))
        elif size(plain) <= _LARGEST_OF_VECTOR:
            plain = self.known.opened(plain, _FEWEST_OF_VECTOR)
        plain = gathered(plain, ()) if holds_root(plain) else plain
        return self._with_conjectures(plain, tensor, of_vector=of_vector)

    def _with_conjectures(self, body: Expr, tensor: Tensor, *, of_vector: bool) -> Expr:
        """A right side with what was guessed, and proved, for its parts, where that is shorter."""
        for changed, given in self._conjectures.written(body, of_vector=of_vector):
            made = self.known.opened(self.known.fold(changed))
            if cost(made) < cost(body):
                if given:
                    self._assume(tensor, given)
                return self._with_conjectures(self._solved(made, tensor), tensor, of_vector=of_vector)
        return body

    def _solved(self, body: Expr, tensor: Tensor) -> Expr:
        """A right side with parts of definitions written by what these define, where that is shorter."""
        written = self._solutions.written(body, self._positive.__contains__)
        found = [(solution, self.known.fold(changed)) for solution, changed in written]
        solution, made = min(found, key=lambda pair: cost(pair[1]), default=(None, body))
        if solution is None or not _reads_shorter(made, simplify(body)):
            return body
        if solution.divisors:
            self._assume(tensor, map(self._positive.__getitem__, solution.divisors))
        return self._solved(made, tensor)

    def _with_selected(self, body: Expr, tensor: Tensor) -> Expr:
        """A right side with what one-hot rows select before differences from them, where that is shorter."""
        for selection in self._selections:
            found = map(self.known.fold, selection.written(simplify(body)))
            made = min(found, key=cost, default=body)
            if cost(made) < cost(simplify(body)):
                body = made
                self._assume(tensor, (selection.given,))
        return body

    def _with_skew_in_order(self, body: Expr, free: tuple[Index, ...]) -> Expr:
        """A right side with what turns its sign with its indices read in one order of these, where that is shorter."""
        return self._if_shorter(with_skew_in_order(body, free, self._skew), body) if self._skew else body

    @cached_property
    def _skew(self) -> tuple[Tensor, ...]:
        return tuple(tensor for tensor, define in self._definitions.items() if is_skew(define))

    def _assume(self, tensor: Tensor, given: Iterable[Assumption]) -> None:
        """Note what the line of a tensor takes for granted besides."""
        self.assumed.setdefault(tensor, set()).update(given)

    def _shorter(self, body: Expr, given: Assumptions) -> Expr | None:
        """What a right side becomes by assumptions, if that is shorter."""
        changed = assume(body, given)
        if changed is body:
            return None
        own, made = simplify(body), self.known.fold(changed)
        if cost(made) < cost(own) or cost(polish(made)) < cost(polish(own)):
            return made
        return None

    def _hear(self, event: Event) -> None:
        """A line that is put into another one brings along what it assumes."""
        if isinstance(event, Inserted) and event.line.tensor in self.assumed:
            self._assume(event.user.tensor, self.assumed[event.line.tensor])


def _is_of_vector(derivative: Tensor) -> bool:
    """Whether it is the derivative of what is not a scalar."""
    return derivative.role is not Role.GRADIENT and derivative.about[0].order > 0


def _reads_shorter(one: Expr, other: Expr) -> bool:
    """Whether an expression is shorter than another one, or as long and shorter as it is printed."""
    return cost(one) < cost(other) or (cost(one) == cost(other) and cost(polish(one)) < cost(polish(other)))


def _is_shorter(one: Statement, other: Statement) -> bool:
    return isinstance(one, Define) and isinstance(other, Define) and cost(one.body) < cost(other.body)
