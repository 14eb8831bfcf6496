"""Derivations step by step as text: the lines of a chain in one syntax, each with its rule in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Add, Component, Expr
from tcgrad.ir.substitution import bind_apart
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import free_indices
from tcgrad.notation.index import print_expr
from tcgrad.notation.layout.expressions import lay_out
from tcgrad.notation.naming import Surroundings, name_indices
from tcgrad.notation.printer import Printer
from tcgrad.notation.spelling.syntaxes import ASCII, Syntax
from tcgrad.records import dataclass

if TYPE_CHECKING:
    from tcgrad.steps import Chain, Equality, Rule


@dataclass(frozen=True)
class Line:
    """A line of a derivation: its left side, or nothing where it goes on from the line before, and its rule."""

    left: str
    right: str
    rule: str


@dataclass(frozen=True)
class Passage:
    """Lines below each other under one left side, and what else there is to say."""

    lines: tuple[Line, ...]
    remarks: tuple[str, ...] = ()
    vectorised: bool = False


def print_chain(chain: Chain, syntax: Syntax, surroundings: Surroundings, *, sums: bool = False) -> tuple[Line, ...]:
    """The lines of a chain; what reads the same in plain text as the line before it is not written again.

    sums: name every sum.
    """
    plain = [line.right for line in _Writer(chain, ASCII, surroundings, sums).lines()]
    lines = _Writer(chain, syntax, surroundings, sums).lines()
    return tuple(line for n, line in enumerate(lines) if n == 0 or plain[n] != plain[n - 1])


@dataclass(frozen=True)
class _Writer:
    chain: Chain
    syntax: Syntax
    surroundings: Surroundings
    sums: bool

    def lines(self) -> Iterator[Line]:
        result = bind_apart(self.chain.result)
        named = name_indices(self.chain.free, result, self.surroundings)
        free = {index: named[index] for index in self.chain.free}
        left = Printer(self.syntax, free).read(self.chain.left.tensor, self.chain.left.indices)
        for number, step in enumerate(self.chain.steps):
            yield Line("" if number else left, self.line(step.expr, free), self.rules(step.rules, free))

    def line(self, expr: Expr, free: Mapping[Index, str]) -> str:
        """The indices of the left side are called the same in every line."""
        expr = bind_apart(expr)
        names = name_indices(self.chain.free, expr, self.surroundings, free)
        around = self.surroundings
        return print_expr(expr, self.chain.free, self.syntax, explicit=self.sums, names=names, surroundings=around)

    def rules(self, rules: Sequence[Rule], free: Mapping[Index, str]) -> str:
        words = ", ".join(rule.words for rule in rules).split("{}")
        first, *rest = (prose(between, self.syntax) for between in words)
        things = (self.thing(thing, free) for rule in rules for thing in rule.about)
        return first + "".join(thing + between for thing, between in zip(things, rest, strict=True))

    def thing(self, thing: Tensor | Component | Equality, free: Mapping[Index, str]) -> str:
        if isinstance(thing, Tensor):
            return self.syntax.tensor(thing, ())
        if isinstance(thing, Component):
            return Printer(self.syntax, free).read(thing.tensor, thing.indices)
        both = Add((thing.left, thing.right))
        names = name_indices(free_indices(both), both, self.surroundings, free)
        printer = Printer(self.syntax, names)
        return " = ".join(printer.text(lay_out(side, (), explicit=True)) for side in (thing.left, thing.right))


def prose(words: str, syntax: Syntax) -> str:
    """Words among formulas."""
    return rf"\text{{{words}}}" if syntax.name == "latex" and words else words
