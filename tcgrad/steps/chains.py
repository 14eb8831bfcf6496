"""A derivation as people lay it out: one left side, and below each other the lines that it is equal to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import MINUS_ONE, Add, Component, Const, Delta, Expr, IndexSum, Mul, Pow, Where
from tcgrad.ir.substitution import rename_binder
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import (
    children,
    free_indices,
    rebuild,
    replace_components,
    sorts_in,
    tensors_read,
    terms_of,
    walk,
)
from tcgrad.operators import INTRINSICS
from tcgrad.prove.denominators import vanishes
from tcgrad.records import dataclass
from tcgrad.simplify import contract_deltas, simplify
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.canonical import key
from tcgrad.simplify.cost import cost
from tcgrad.simplify.expand import TooLargeError
from tcgrad.simplify.inverses import is_inverse, operand_name
from tcgrad.simplify.powers import is_division, split_coefficient
from tcgrad.simplify.rules.permutations import is_symbol
from tcgrad.simplify.tidy import tidy, tidy_node
from tcgrad.steps.rules import (
    ADD_EXPONENTS,
    BRACKETS,
    CANCEL,
    CANCEL_FACTORS,
    CLEAR,
    COLLECT,
    CONTRACT,
    INVERT,
    PAIR_SYMBOLS,
    REINDEX,
    SIMPLIFY,
    TAKE_OUT,
    UNDO_LOGARITHM,
    Rule,
    definition,
    insert,
    symmetric,
)

_NAMED = frozenset({Role.DEFINED, Role.GRADIENT})


@dataclass(frozen=True)
class Step:
    """A line of a derivation, and why it is equal to the line before it or, of the first, to the left side.

    given: of a form that was chosen for reading, what it takes for granted.
    """

    rules: tuple[Rule, ...]
    expr: Expr
    given: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Chain:
    """``left = steps[0] = steps[1] = ...``; ``free`` are the indices of the left side."""

    left: Component
    free: tuple[Index, ...]
    steps: tuple[Step, ...]

    @property
    def result(self) -> Expr:
        return self.steps[-1].expr


def component(tensor: Tensor, free: Iterable[Index]) -> Component:
    """What a definition of a tensor has on its left side."""
    return Component(tensor, tuple(index.expr for index in free))


def chain(left: Component, steps: Iterable[Step]) -> Chain:
    """The steps below each other; of lines that differ in the order of factors and terms alone the last one stays, in
    the place of the first: what leads back to a line is no way to it.

    A step without rules is a form that was chosen for reading, called by what it has that the line before had not. A
    common factor is taken out in one line.
    """
    kept: dict[str, Step] = {}
    for step in steps:
        reading = _reading(step.expr)
        if reading in kept:
            while next(reversed(kept)) != reading:
                kept.popitem()
            kept[reading] = replace(kept[reading], expr=step.expr)
        else:
            before = next(reversed(kept.values()), step)
            made = step if step.rules else Step(_chosen(before.expr, step), step.expr)
            if kept and made.rules == before.rules == (TAKE_OUT,):
                kept.popitem()
            kept[reading] = made
    return Chain(left, free_indices(left), tuple(kept.values()))


def _chosen(before: Expr, step: Step) -> tuple[Rule, ...]:
    """What a form that was chosen for reading is called."""
    rule = _by_definitions(before, step.expr) or _rewritten(before, step.expr)
    return step.given if step.given and not _newly_named(before, step.expr) else (rule, *step.given)


def _by_definitions(before: Expr, after: Expr) -> Rule | None:
    """The definitions of what stands there no more, where algebra alone does not tell why; else None."""
    old, new = _components(before), _components(after)
    gone = [tensor for tensor in _defined(before) if new[tensor] < old[tensor]]
    if not gone or _newly_named(before, after) or _has_cancelled(before, after) or _is_algebra(before, after):
        return None
    return definition(*gone)


def _defined(expr: Expr) -> list[Tensor]:
    """What an expression reads that has an equation: no inverses and determinants."""
    read = [tensor for tensor in tensors_read(expr) if tensor.role is Role.DEFINED]
    return [tensor for tensor in read if all(operand_name(kind, tensor) is None for kind in INTRINSICS)]


def _is_algebra(before: Expr, after: Expr) -> bool:
    """Whether two lines are equal whatever the definitions are, or too long to tell."""
    try:
        return vanishes(Add((before, Mul((MINUS_ONE, after)))))
    except TooLargeError:
        return True


def _reading(expr: Expr) -> str:
    """A text that is equal for lines that differ in the order of factors and terms and in the places of sums alone."""
    return key(_prenex(tidy(expr)))


def _prenex(expr: Expr) -> Expr:
    """Every product as one sum over all indices that its factors sum over, sums in sums opened."""
    parts = tuple(_prenex(part) for part in children(expr))
    match expr:
        case Mul():
            bound: tuple[Index, ...] = ()
            factors: list[Expr] = []
            for part in parts:
                inner = rename_binder(part) if isinstance(part, IndexSum) else part
                bound += inner.indices if isinstance(inner, IndexSum) else ()
                factors.append(inner.body if isinstance(inner, IndexSum) else inner)
            product = tidy_node(Mul(tuple(factors)))
            return IndexSum(bound, product) if bound else product
        case IndexSum(indices) if isinstance(parts[0], IndexSum):
            return IndexSum((*indices, *parts[0].indices), parts[0].body)
        case Add():
            return Add(tuple(term for part in parts for term in terms_of(part)))
        case Pow(Mul(inner), Const(value=n) as exponent) if n.denominator == 1:
            return tidy(Mul(tuple(Pow(_prenex(factor), exponent) for factor in inner)))
        case _:
            return tidy_node(rebuild(expr, parts)) if parts else expr


def simplified(raw: Expr, final: Expr) -> Iterator[Step]:
    """From a derivative as the rules make it to the ``final`` form, by the passes that made that."""
    contracted, collected = contract_deltas(raw), simplify(raw)
    rule = CANCEL_FACTORS if _divided_by(contracted) < _divided_by(raw) else SIMPLIFY
    rule = CONTRACT if _summed_deltas(contracted) < _summed_deltas(raw) else rule
    mirrored = tuple(_made_alike(raw, contracted))
    collects = mirrored or any(map(_has_like_terms, walk(raw)))
    yield Step((rule, *((COLLECT,) if collects else ()), *mirrored), contracted)
    yield Step((TAKE_OUT,), collected)
    yield Step((_recognised(collected, final),), final)


def _has_like_terms(part: Expr) -> bool:
    terms = [split_coefficient(simplify(term))[1] for term in children(part)] if isinstance(part, Add) else []
    return len(set(map(key, terms))) < len(terms)


def _made_alike(raw: Expr, contracted: Expr) -> Iterator[Rule]:
    """By the symmetry of which tensors terms have become alike."""
    for tensor in tensors_read(raw):
        if tensor.symmetric:
            plain = replace_components(raw, partial(_unmarked, tensor))
            if _additions(contract_deltas(plain)) > _additions(contracted):
                yield symmetric(tensor)


def _unmarked(tensor: Tensor, read: Component) -> Component:
    return replace(read, tensor=replace(tensor, symmetric=False)) if read.tensor == tensor else read


def _summed_deltas(expr: Expr) -> int:
    """How many indices are summed over deltas that hold them."""
    sums = (part for part in walk(expr) if isinstance(part, IndexSum))
    deltas = ((part.indices, [inner for inner in walk(part.body) if isinstance(inner, Delta)]) for part in sums)
    return sum(any(index in free_indices(delta) for delta in inside) for bound, inside in deltas for index in bound)


def _recognised(before: Expr, after: Expr) -> Rule:
    """What stands for its definition in a line that it did not stand in before; else what was written out."""
    old = _defined(before)
    if not old or _newly_named(before, after) or _components(before) == _components(after):
        return _rewritten(before, after)
    return _rewritten(before, after) if _is_algebra(before, after) else definition(*old)


def _rewritten(before: Expr, after: Expr) -> Rule:
    """What a change of form is called: by what is named or inverted, by fewer terms, choices or factors, or by
    indices.
    """
    named = _newly_named(before, after)
    if named and all(map(is_inverse, named)):
        return INVERT
    if _has_cancelled(before, after):
        return CANCEL
    if named:
        return definition(*named) if any(tensor.role is Role.DEFINED for tensor in named) else insert(*named)
    if _symbols(after) + 2 <= _symbols(before):
        return PAIR_SYMBOLS
    if _divisions(after) < _divisions(before):
        return CLEAR
    if _exponentiated_logarithms(after) < _exponentiated_logarithms(before):
        return UNDO_LOGARITHM
    if _additions(after) < _additions(before):
        return COLLECT
    if _choices(after) < _choices(before):
        return BRACKETS
    if _has_joined_exponentials(before, after):
        return ADD_EXPONENTS
    if _whole_powers(after) < _whole_powers(before) or cost(after) < cost(before):
        return TAKE_OUT
    if _components(before) != _components(after):
        return COLLECT
    kinds = {type(part) for part in walk(after)}
    return REINDEX if IndexSum in kinds and Delta not in kinds else SIMPLIFY


def _newly_named(before: Expr, after: Expr) -> list[Tensor]:
    """The intermediates, and gradients of them, that a line reads more often than the one before it, in the place of
    something else, or that are read there alone: multiplying out repeats factors, too.
    """
    old, new = _components(before), _components(after)
    more = [tensor for tensor in tensors_read(after) if tensor.role in _NAMED and new[tensor] > old[tensor]]
    fresh = [tensor for tensor in more if not old[tensor]]
    return fresh if fresh == more or not old - new or _is_algebra(before, after) else more


def _has_cancelled(before: Expr, after: Expr) -> bool:
    """Whether inverses are gone for which nothing else has come."""
    return _inverses(before) - _inverses(after) > len(_newly_named(before, after))


def _inverses(expr: Expr) -> int:
    """How many inverses are read, of terms that are added in that of most."""
    if isinstance(expr, Component):
        return int(is_inverse(expr.tensor))
    counts = map(_inverses, children(expr))
    return max(counts) if isinstance(expr, Add) else sum(counts)


def _symbols(expr: Expr) -> int:
    """How many permutation symbols there are."""
    return sum(is_symbol(part) for part in walk(expr))


def _additions(expr: Expr) -> int:
    """How many signs of addition there are."""
    return sum(len(part.terms) - 1 for part in walk(expr) if isinstance(part, Add))


def _choices(expr: Expr) -> int:
    """How many choices between two values there are."""
    return sum(isinstance(part, Where) for part in walk(expr))


def _has_joined_exponentials(before: Expr, after: Expr) -> bool:
    """Whether there are fewer exponentials, and one that was not there."""
    old, new = _exponents(before), _exponents(after)
    return new.total() < old.total() and not new.keys() <= old.keys()


def _exponents(expr: Expr) -> Counter[str]:
    """How often each argument of an exponential stands there."""
    return Counter(key(children(part)[0]) for part in walk(expr) if is_call(part, "exp"))


def _exponentiated_logarithms(expr: Expr) -> int:
    """How many logarithms there are in exponents."""
    exponents = [part for part in walk(expr) if is_call(part, "exp")] if sorts_in(expr) >= {"exp", "log"} else []
    return sum(is_call(inner, "log") for part in exponents for inner in walk(part))


def _whole_powers(expr: Expr) -> int:
    """How many whole powers there are."""
    exponents = [part.exponent for part in walk(expr) if isinstance(part, Pow)]
    return sum(isinstance(n, Const) and n.value > 1 and n.value.denominator == 1 for n in exponents)


def _divisions(expr: Expr) -> int:
    """How many divisions there are inside of what is divided by."""
    divided = [part.base for part in walk(expr) if is_division(part)]
    return sum(is_division(inner) for base in divided for inner in walk(base))


def _divided_by(expr: Expr) -> int:
    """How many components are read in what is divided by."""
    return sum(_components(part.base).total() for part in walk(expr) if is_division(part))


def _components(expr: Expr) -> Counter[Tensor]:
    """How often each tensor is read."""
    return Counter(part.tensor for part in walk(expr) if isinstance(part, Component))
