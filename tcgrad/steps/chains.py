"""A derivation as people lay it out: one left side, and below each other the lines that it is equal to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Add, Component, Const, Delta, Expr, IndexSum, Mul, Pow
from tcgrad.ir.substitution import rename_binder
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, free_indices, rebuild, replace_components, tensors_read, terms_of, walk
from tcgrad.records import dataclass
from tcgrad.simplify import contract_deltas, simplify
from tcgrad.simplify.canonical import key
from tcgrad.simplify.powers import split_coefficient
from tcgrad.simplify.tidy import tidy, tidy_node
from tcgrad.steps.rewriting import additions, by_definitions, divided_by, newly_named, recognised, rewritten
from tcgrad.steps.rules import CANCEL_FACTORS, COLLECT, CONTRACT, SIMPLIFY, TAKE_OUT, Rule, symmetric


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
    rule = by_definitions(before, step.expr) or rewritten(before, step.expr)
    return step.given if step.given and not newly_named(before, step.expr) else (rule, *step.given)


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
    rule = CANCEL_FACTORS if divided_by(contracted) < divided_by(raw) else SIMPLIFY
    rule = CONTRACT if _summed_deltas(contracted) < _summed_deltas(raw) else rule
    mirrored = tuple(_made_alike(raw, contracted))
    collects = mirrored or any(map(_has_like_terms, walk(raw)))
    yield Step((rule, *((COLLECT,) if collects else ()), *mirrored), contracted)
    yield Step((TAKE_OUT,), collected)
    yield Step((recognised(collected, final),), final)


def _has_like_terms(part: Expr) -> bool:
    terms = [split_coefficient(simplify(term))[1] for term in children(part)] if isinstance(part, Add) else []
    return len(set(map(key, terms))) < len(terms)


def _made_alike(raw: Expr, contracted: Expr) -> Iterator[Rule]:
    """By the symmetry of which tensors terms have become alike."""
    for tensor in tensors_read(raw):
        if tensor.symmetric:
            plain = replace_components(raw, partial(_unmarked, tensor))
            if additions(contract_deltas(plain)) > additions(contracted):
                yield symmetric(tensor)


def _unmarked(tensor: Tensor, read: Component) -> Component:
    return replace(read, tensor=replace(tensor, symmetric=False)) if read.tensor == tensor else read


def _summed_deltas(expr: Expr) -> int:
    """How many indices are summed over deltas that hold them."""
    sums = (part for part in walk(expr) if isinstance(part, IndexSum))
    deltas = ((part.indices, [inner for inner in walk(part.body) if isinstance(inner, Delta)]) for part in sums)
    return sum(any(index in free_indices(delta) for delta in inside) for bound, inside in deltas for index in bound)
