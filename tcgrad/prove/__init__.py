"""Proving two formulas equal: by normal form, with definitions unfolded.

Two formulas that are not proved equal may still be equal: samples tell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, partial

from tcgrad.ir.nodes import MINUS_ONE, Add, Expr, Mul, const
from tcgrad.ir.program import Define, Recurrence, Statement
from tcgrad.ir.substitution import freshen, substitute
from tcgrad.ir.traversal import tensors_read
from tcgrad.prove.cases import has_cases, vanishes_by_cases
from tcgrad.prove.cleared import with_inverses_cleared, with_products_by_sums
from tcgrad.prove.denominators import vanishes
from tcgrad.prove.gathering import summand
from tcgrad.prove.logarithms import arguments_of_logarithms, with_logarithms_apart
from tcgrad.prove.lookups import rows_read, without_guards_of_rows
from tcgrad.prove.normal import normalise
from tcgrad.prove.numbers import with_numbers
from tcgrad.prove.places import with_places_as_sums
from tcgrad.prove.rewrite import rewrite
from tcgrad.prove.roots import bases_of_roots, with_roots_joined, with_roots_split
from tcgrad.prove.scalar import vanishes_by_sympy
from tcgrad.prove.shifts import shifted
from tcgrad.prove.symmetric import mark_symmetric_inverses
from tcgrad.prove.unfold import unfold, with_steps_taken
from tcgrad.simplify import simplify
from tcgrad.simplify.assume import Assumption, assume
from tcgrad.simplify.clips import with_clips
from tcgrad.simplify.expand import TooLargeError, expand
from tcgrad.simplify.inverses import inverted_by, operand_name, reads_inverses, with_inverses_contracted
from tcgrad.simplify.polish import polish
from tcgrad.simplify.symbols import with_symbols_as_deltas

__all__ = ["prove_equal"]

# As many of the last definitions are unfolded by themselves: what others stand for is longer, and cancels by name.
_PARTLY = 4


def prove_equal(
    left: Define,
    right: Define,
    statements: Iterable[Statement] = (),
    assumed: Collection[Assumption] = (),
    *,
    sizes: Sequence[Mapping[str, int]] = ({},),
    any_sizes: bool = False,
) -> bool:
    """Whether two definitions of one tensor have the same normal form, by the numbers that sizes and constants are if
    not by their names.

    statements: the definitions of intermediates, and of gradients of intermediates, that may be unfolded.
    assumed: what is taken for granted about inputs.
    sizes: of the dims by name, at each of which it has to hold by numbers; those of the spec are not named.
    any_sizes: by their names alone, and without SymPy.
    """
    positions = {old: new.expr for old, new in zip(right.free, left.free, strict=True)}
    whole = Add((left.body, Mul((MINUS_ONE, substitute(right.body, positions)))))
    difference = with_places_as_sums(simplify(freshen(whole)))  # a delta puts the older of two indices everywhere
    statements = tuple(statements)
    recurrences = [statement for statement in statements if isinstance(statement, Recurrence)]
    definitions = {s.tensor: s for s in statements if isinstance(s, Define) and s.tensor != left.tensor}

    def under_assumptions(expr: Expr) -> Expr:
        return assume(expr, assumed)

    @cache
    def unfolded() -> Expr:
        whole = with_places_as_sums(unfold(under_assumptions(difference), definitions))
        return simplify(under_assumptions(mark_symmetric_inverses(whole, definitions)))

    @cache
    def rewritten() -> Expr:
        return simplify(rewrite(unfolded()))

    @cache
    def normalised() -> Expr:
        return normalise(rewritten())

    def unfolded_from(first: int) -> Expr:
        """With the last definitions alone in the place of their names."""
        last = dict(list(definitions.items())[first:])
        return simplify(unfold(under_assumptions(difference), last))

    def with_logarithms_joined() -> Expr:
        """By what the derived formula takes logarithms of: that is positive."""
        positive = arguments_of_logarithms((left.body, unfold(left.body, definitions)))
        apart = with_logarithms_apart(unfolded(), positive) if positive else unfolded()
        return apart if apart is unfolded() else expand(normalise(simplify(apart)))

    def with_roots_as_one() -> Expr:
        """By what the derived formula takes roots of: that is not negative."""
        bases = bases_of_roots((left.body,))
        return with_roots_joined(simplify(difference), bases) if bases else difference

    def with_rows_as_read() -> Expr:
        """By the rows that the derived formula reads: they are there."""
        rows = set(rows_read(left.body))
        return expand(without_guards_of_rows(expand(rewritten()), rows)) if rows else difference

    @cache
    def with_inverses_apart() -> Expr:
        """By the factors of what is inverted: what is not a product keeps its name, by which it cancels."""
        whole, inverted = simplify(difference), inverted_by(statements)
        if not inverted and not reads_inverses(whole):
            return whole
        kept = {tensor.name for tensor in inverted.values()}
        kept |= {name for tensor in tensors_read(whole) if (name := operand_name("inv", tensor)) is not None}
        others = {tensor: own for tensor, own in definitions.items() if tensor.name not in kept}
        written = unfold(under_assumptions(whole), others)
        return under_assumptions(with_inverses_contracted(written, definitions, inverted))

    def with_ends_cleared(whole: Expr) -> Expr:
        """Times the matrices whose inverses stand at the ends."""
        if not reads_inverses(whole):
            return whole
        inverted = inverted_by(statements)
        return with_products_by_sums(with_inverses_cleared(whole, definitions, inverted), definitions, inverted)

    def with_sizes_as_numbers() -> Expr:
        """That at the first sizes at which it is not 0, if there are any."""
        whole = expand(normalised())
        found = (expand(with_numbers(whole, there)) for there in sizes)
        return next((each for each in found if not is_zero(each)), const(0))

    is_zero = cache(vanishes)  # several attempts may come to the same

    attempts: tuple[Callable[[], Expr], ...] = (
        lambda: simplify(difference),
        unfolded,
        rewritten,
        lambda: simplify(normalised()),
        lambda: simplify(normalise(unfolded())),  # sums by what their guards let through
        lambda: simplify(normalise(simplify(normalised()))),  # brackets that make others together
        *(partial(unfolded_from, len(definitions) - n) for n in range(1, min(len(definitions), _PARTLY))),
        lambda: simplify(polish(unfolded())),
        lambda: simplify(normalise(with_clips(unfolded()))),
        *((lambda: under_assumptions(expand(unfolded())),) if assumed else ()),
        *((lambda: under_assumptions(expand(normalised())),) if assumed else ()),
        *(() if any_sizes else (with_sizes_as_numbers,)),
        lambda: simplify(summand(rewritten())),
        lambda: expand(simplify(shifted(normalised()))),
        lambda: simplify(normalise(simplify(rewrite(simplify(with_steps_taken(unfolded(), recurrences)))))),
        with_logarithms_joined,
        lambda: simplify(with_roots_as_one()),
        lambda: under_assumptions(expand(simplify(with_roots_split(unfolded())))),
        with_rows_as_read,
        with_inverses_apart,
        lambda: expand(unfold(with_ends_cleared(simplify(difference)), definitions)),
        lambda: expand(unfold(with_ends_cleared(normalise(with_inverses_apart())), definitions)),
        lambda: with_symbols_as_deltas(normalised()),
    )

    positive = [each.tensor for each in assumed if each.kind == "positive"]

    def vanishes_in_one_case(expr: Expr) -> bool:
        return is_zero(expr) or is_zero(normalise(simplify(rewrite(expr))))

    def vanishes_in_each_case(expr: Expr) -> bool:
        return has_cases(expr) and vanishes_by_cases(expr, positive, vanishes_in_one_case)

    def vanishes_as_scalars(expr: Expr) -> bool:
        """By identities of scalar functions, in the whole or in what is summed."""
        inner = summand(expr)
        return vanishes_by_sympy(expr) or (inner is not expr and vanishes_by_sympy(inner))

    if any(_holds(attempt, is_zero) for attempt in attempts) or _holds(unfolded, vanishes_in_each_case):
        return True
    return not any_sizes and _holds(lambda: expand(unfolded()), vanishes_as_scalars)


def _holds(attempt: Callable[[], Expr], is_zero: Callable[[Expr], bool]) -> bool:
    """Whether an attempt ends in 0; no, if working it out grows too large."""
    try:
        return is_zero(attempt())
    except TooLargeError:
        return False
