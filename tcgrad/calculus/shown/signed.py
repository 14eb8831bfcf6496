"""Formulas for people where inputs are declared to be positive: powers and logarithms as short as that lets them be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import TypeGuard

from tcgrad.ir.nodes import Add, Call, Component, Const, Expr, IndexReduce, IndexSum, Iverson, Pow
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import tensors_read, walk
from tcgrad.records import cached_property, dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.assume import Assumptions, assume
from tcgrad.simplify.canonical import key
from tcgrad.simplify.cost import cost
from tcgrad.simplify.facts.fact import Fact, is_rounded
from tcgrad.simplify.facts.multiples import Multiples
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.folding.solved import Solutions
from tcgrad.simplify.shown.gathered import gathered
from tcgrad.simplify.signs import is_never_negative, is_positive

_OF_SIGNS = ("log", "abs", "relu", "sign")  # functions that signs may let be written in another way
_FEWEST_GATHERED = 2  # powers and logarithms that may be one
_MOST_DROPPED = 6  # assumptions of which each is left out to see whether it is needed


@dataclass
class Signed:
    """Writes expressions by what the signs of inputs, taken together, let them be.

    assumptions: those about signs.
    """

    statements: Sequence[Statement]
    assumptions: Assumptions
    _known: dict[Assumptions, _Known] = field(default_factory=dict)

    def shorter(self, body: Expr) -> tuple[Expr, Assumptions] | None:
        """A simplified expression that is shorter under some assumptions, with those; None if there is none."""
        given = self._about(body) if self.assumptions and any(map(_hangs_on_signs, walk(body))) else ()
        if not given and not ((self.assumptions or self._has_powers) and self._may_be_gathered(body)):
            return None
        made = self._shortest(body, given) if given else gathered(body, (), self._not_negative)
        if cost(made) >= cost(body):
            return None
        made, given = self._without(_idle(body, given), body, made, given)
        for assumption in given if len(given) <= _MOST_DROPPED else ():
            made, given = self._without((assumption,), body, made, given)
        return made, given

    def _without(self, left_out: Assumptions, body: Expr, made: Expr, given: Assumptions) -> tuple[Expr, Assumptions]:
        """What is made of an expression by fewer assumptions, with those, if it is as short."""
        fewer = tuple(each for each in given if each not in left_out)
        other = self._shortest(body, fewer) if left_out else made
        return (other, fewer) if cost(other) <= cost(made) else (made, given)

    def _may_be_gathered(self, body: Expr) -> bool:
        return sum(map(_comes_apart, walk(body))) >= _FEWEST_GATHERED

    @cached_property
    def _has_powers(self) -> bool:
        """Whether a logarithm, or a power with a symbol in its exponent, is defined somewhere."""
        bodies = (statement.body for statement in self.statements if isinstance(statement, Define))
        parts = (part for body in bodies for part in walk(body) if _comes_apart(part))
        return any(isinstance(part, Call) or not isinstance(part.exponent, Const) for part in parts)

    @cached_property
    def _not_negative(self) -> list[Tensor]:
        """The tensors that are not negative whatever the inputs are."""
        found: list[Tensor] = []
        for define in self.statements:
            if isinstance(define, Define) and is_never_negative(simplify(define.body), found):
                found.append(define.tensor)
        return found

    def _about(self, body: Expr) -> Assumptions:
        """The assumptions about what is read there, and by definitions that read of it."""
        read = set(tensors_read(body))
        near = [tensors_read(each.body) for each in self.statements if isinstance(each, Define)]
        read.update(tensor for tensors in near if not read.isdisjoint(tensors) for tensor in tensors)
        return tuple(each for each in self.assumptions if each.tensor in read)

    def _shortest(self, body: Expr, given: Assumptions) -> Expr:
        if given not in self._known:
            self._known[given] = _Known(self.statements, given)
        known = self._known[given]
        made = min((body, *known.forms(body)), key=cost)
        return made if made is body else min(made, known.named(made), key=cost)


class _Known:
    """The definitions, as they are under some assumptions, and what is positive or not negative because of these."""

    def __init__(self, statements: Sequence[Statement], given: Assumptions) -> None:
        defines = [statement for statement in statements if isinstance(statement, Define)]
        self._given = given
        self._positive = [each.tensor for each in given if each.kind == "positive"]
        self._signed = [each.tensor for each in given]
        apart: list[Define] = []
        for define in defines:
            body = simplify(assume(define.body, given))
            apart += [] if is_rounded(body, define.body) else [replace(define, body=body)]
            self._positive += [define.tensor] if is_positive(body, self._positive) else []
        self._facts = Facts((*defines, *apart), [*self._signed, *self._positive])
        facts = [Fact.of(define.tensor, define.free, define.body, self._positive) for define in apart]
        solved = Solutions(apart).facts(self._positive.__contains__)
        self._multiples = Multiples((*facts, *solved), self._positive)

    def forms(self, body: Expr) -> Iterator[Expr]:
        """Ways to write an expression, itself among them."""
        apart = simplify(assume(body, self._given))
        found = [body, apart]
        if apart is not body or any(map(_is_power_of_a_sum, walk(body))):
            found += [self._facts.fold(form) for form in _distinct(found)]
        found += [made for form in _distinct(found) for made in self._multiples.written(form)]
        yield from (gathered(form, [*self._signed, *self._positive]) for form in _distinct(found))

    def named(self, expr: Expr) -> Expr:
        """An expression with instances of definitions by their names."""
        return self._facts.name_instances(expr)


def _distinct(forms: Sequence[Expr]) -> list[Expr]:
    return list({key(form): form for form in forms}.values())


def _is_power_of_a_sum(part: Expr) -> bool:
    if not isinstance(part, Pow) or isinstance(part.exponent, Const):
        return False
    return any(isinstance(inner, Add | IndexSum) for inner in walk(part.base))


def _idle(body: Expr, given: Assumptions) -> Assumptions:
    """The assumptions about nothing that is read where signs may let something be written in another way."""
    read = {tensor for part in walk(body) if _hangs_on_signs(part) for tensor in tensors_read(part)}
    return tuple(each for each in given if each.tensor not in read)


def _hangs_on_signs(part: Expr) -> bool:
    """Whether signs may let it be written in another way."""
    match part:
        case Call(function=function):
            return function.name in _OF_SIGNS
        case IndexReduce(kind=kind):
            return kind == "prod"
        case _:
            return isinstance(part, Iverson) or _comes_apart(part)


def _comes_apart(part: Expr) -> TypeGuard[Call | Pow]:
    """Whether it is a power or a logarithm that signs may let be written as several, or several as one."""
    match part:
        case Pow(base=base, exponent=Const(value=n)):
            return n.denominator > 1 or (abs(n) > 1 and isinstance(base, Component))
        case Pow():
            return True
        case Call(function=function):
            return function.name == "log"
        case _:
            return False
