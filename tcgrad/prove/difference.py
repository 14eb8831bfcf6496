"""What two formulas differ by, in the forms in one of which it may be seen to be 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache, partial

from tcgrad.ir.nodes import Expr, const
from tcgrad.ir.program import Define, Recurrence, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import tensors_read
from tcgrad.prove.cleared import with_inverses_cleared, with_products_by_sums
from tcgrad.prove.denominators import vanishes
from tcgrad.prove.elements import elements, has_elements
from tcgrad.prove.gathering import summand
from tcgrad.prove.logarithms import arguments_of_logarithms, with_logarithms_apart
from tcgrad.prove.lookups import rows_read, without_guards_of_rows
from tcgrad.prove.normal import normalise
from tcgrad.prove.numbers import with_numbers
from tcgrad.prove.places import with_places_as_sums
from tcgrad.prove.rewrite import rewrite
from tcgrad.prove.roots import bases_of_roots, with_roots_joined, with_roots_split
from tcgrad.prove.shifts import shifted
from tcgrad.prove.symmetric import mark_symmetric_inverses
from tcgrad.prove.unfold import unfold, with_steps_taken
from tcgrad.records import cached_property, dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.assume import Assumption, assume
from tcgrad.simplify.expand import expand
from tcgrad.simplify.inverses import inverted_by, operand_name, reads_inverses, with_inverses_contracted
from tcgrad.simplify.shown.clips import with_clips
from tcgrad.simplify.shown.polish import polish
from tcgrad.simplify.symbols import with_symbols_as_deltas

# As many of the last definitions are unfolded by themselves: what others stand for is longer, and cancels by name.
_PARTLY = 4


@dataclass(frozen=True)
class Difference:
    """A derived formula less another one. Every form of it has the same value, by what is taken for granted.

    whole: the difference as it stands, simplified.
    derived: the derived formula, which has a value: what it takes logarithms and roots of is not negative.
    statements: the definitions of intermediates, and of gradients of intermediates, that may be unfolded.
    definitions: those of them by the tensor that they define.
    assumed: what is taken for granted about inputs.
    sizes: of the dims by name, at each of which it has to be 0 by numbers; none: by their names alone.
    is_zero: remembers what it was asked, for several forms may be the same.
    """

    whole: Expr
    derived: Expr
    statements: tuple[Statement, ...]
    definitions: Mapping[Tensor, Define]
    assumed: Sequence[Assumption]
    sizes: Sequence[Mapping[str, int]]
    is_zero: Callable[[Expr], bool] = field(default_factory=lambda: cache(vanishes))

    def forms(self) -> Iterator[Callable[[], Expr]]:
        """Functions that work a form out, the quickest first.

        Raises:
            TooLargeError: from one of them, if what it works out grows too large.
        """
        yield lambda: simplify(self.whole)
        yield lambda: self.unfolded
        yield lambda: self.rewritten
        yield lambda: simplify(self.normalised)
        yield lambda: simplify(normalise(self.unfolded))  # sums by what their guards let through
        yield lambda: simplify(normalise(simplify(self.normalised)))  # brackets that make others together
        most = len(self.definitions)
        yield from (partial(self._unfolded_from, most - n) for n in range(1, min(most, _PARTLY)))
        yield lambda: simplify(polish(self.unfolded))
        yield lambda: simplify(normalise(with_clips(self.unfolded)))
        if self.assumed:
            yield lambda: self._under_assumptions(expand(self.unfolded))
            yield lambda: self._under_assumptions(expand(self.normalised))
        if self.sizes:
            yield self._with_sizes_as_numbers
        yield lambda: simplify(summand(self.rewritten))
        yield lambda: expand(simplify(shifted(expand(self.normalised))))
        yield lambda: simplify(normalise(simplify(rewrite(simplify(self._with_steps_taken())))))
        yield self._with_logarithms_joined
        yield lambda: simplify(self._with_roots_as_one())
        yield lambda: self._under_assumptions(expand(simplify(with_roots_split(self.unfolded))))
        yield self._with_rows_as_read
        yield lambda: self.inverses_apart
        yield lambda: expand(unfold(self._with_ends_cleared(simplify(self.whole)), self.definitions))
        yield lambda: expand(unfold(self._with_ends_cleared(normalise(self.inverses_apart)), self.definitions))
        yield lambda: with_symbols_as_deltas(self.normalised)
        if has_elements(self.unfolded):
            yield self._by_elements

    @cached_property
    def unfolded(self) -> Expr:
        """Definitions in the place of what they define."""
        whole = with_places_as_sums(unfold(self._under_assumptions(self.whole), self.definitions))
        return simplify(self._under_assumptions(mark_symmetric_inverses(whole, self.definitions)))

    @cached_property
    def rewritten(self) -> Expr:
        """Functions by others as well."""
        return simplify(rewrite(self.unfolded))

    @cached_property
    def normalised(self) -> Expr:
        """Sums and brackets in one form as well."""
        return normalise(self.rewritten)

    def _under_assumptions(self, expr: Expr) -> Expr:
        return assume(expr, self.assumed)

    def _unfolded_from(self, first: int) -> Expr:
        """With the last definitions alone in the place of their names."""
        last = dict(list(self.definitions.items())[first:])
        return simplify(unfold(self._under_assumptions(self.whole), last))

    def _with_sizes_as_numbers(self) -> Expr:
        """That at the first sizes at which it is not 0, if there are any."""
        whole = expand(self.normalised)
        found = (expand(with_numbers(whole, there)) for there in self.sizes)
        return next((each for each in found if not self.is_zero(each)), const(0))

    def _with_steps_taken(self) -> Expr:
        recurrences = [statement for statement in self.statements if isinstance(statement, Recurrence)]
        return with_steps_taken(self.unfolded, recurrences)

    def _with_logarithms_joined(self) -> Expr:
        """By what the derived formula takes logarithms of: that is positive."""
        positive = arguments_of_logarithms(map(rewrite, (self.derived, unfold(self.derived, self.definitions))))
        apart = with_logarithms_apart(self.rewritten, positive) if positive else self.rewritten
        return apart if apart is self.rewritten else expand(normalise(simplify(apart)))

    def _with_roots_as_one(self) -> Expr:
        """By what the derived formula takes roots of: that is not negative."""
        bases = bases_of_roots((self.derived,))
        return with_roots_joined(simplify(self.whole), bases) if bases else self.whole

    def _with_rows_as_read(self) -> Expr:
        """By the rows that the derived formula reads: they are there."""
        rows = set(rows_read(self.derived))
        return expand(without_guards_of_rows(expand(self.rewritten), rows)) if rows else self.whole

    @cached_property
    def inverses_apart(self) -> Expr:
        """By the factors of what is inverted: what is not a product keeps its name, by which it cancels."""
        whole, inverted = simplify(self.whole), inverted_by(self.statements)
        if not inverted and not reads_inverses(whole):
            return whole
        kept = {tensor.name for tensor in inverted.values()}
        kept |= {name for tensor in tensors_read(whole) if (name := operand_name("inv", tensor)) is not None}
        others = {tensor: own for tensor, own in self.definitions.items() if tensor.name not in kept}
        written = unfold(self._under_assumptions(whole), others)
        return self._under_assumptions(with_inverses_contracted(written, self.definitions, inverted))

    def _by_elements(self) -> Expr:
        """That element of a vector or matrix with 2 or 3 rows which is not 0, if there is one."""
        found = elements(self.unfolded, self.statements, self.definitions)
        return next((each for each in found if not self.is_zero(each)), const(0))

    def _with_ends_cleared(self, whole: Expr) -> Expr:
        """Times the matrices whose inverses stand at the ends."""
        if not reads_inverses(whole):
            return whole
        inverted = inverted_by(self.statements)
        cleared = with_inverses_cleared(whole, self.definitions, inverted)
        return with_products_by_sums(cleared, self.definitions, inverted)
