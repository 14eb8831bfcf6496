"""Derivations step by step as text: the lines of a chain in one syntax, each with its rule in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Add, Component, Expr
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor, gradient_of, jacobian_of
from tcgrad.ir.traversal import bind_apart, free_indices
from tcgrad.notation.layout import lay_out
from tcgrad.notation.naming import Surroundings, name_indices
from tcgrad.notation.printer import Printer
from tcgrad.notation.syntaxes import ASCII, Syntax
from tcgrad.records import dataclass
from tcgrad.report.notations import Notation, reads_the_same
from tcgrad.report.styles import Style
from tcgrad.steps import Chain, Equality, Explained, Rule


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


@dataclass
class Telling:
    """Tells the steps of a derivation's formulas one after the other, and nothing twice."""

    explained: Explained
    style: Style
    notations: tuple[Notation, ...]
    _told: set[str] = field(default_factory=set)
    _seen: set[Chain] = field(default_factory=set)
    _printed: dict[Chain, tuple[Line, ...]] = field(default_factory=dict)

    @cached_property
    def _chains(self) -> dict[Tensor, tuple[Chain, ...]]:
        derivation = self.explained.derivation
        jacobians = (jacobian_of(jacobian.of, jacobian.wrt) for jacobian in derivation.jacobians)
        gradients = (gradient_of(gradient.wrt) for gradient in derivation.gradients)
        return {
            **dict(zip(jacobians, self.explained.jacobians, strict=True)),
            **dict(zip(gradients, self.explained.gradients, strict=True)),
        }

    @cached_property
    def _around(self) -> Surroundings:
        return Surroundings.of(self.explained.derivation.program)

    def new(self, derivative: Tensor, statements: Sequence[Statement]) -> tuple[Passage, ...]:
        """What has not been told yet of `passages`."""
        chains = [chain for chain in self._chains[derivative] if chain not in self._seen]
        self._seen.update(chains)
        fresh = [p for p in self._passages(chains, statements) if p.lines[0].left not in self._told]
        self._told.update(passage.lines[0].left for passage in fresh)
        return tuple(fresh)

    def passages(self, derivative: Tensor, statements: Sequence[Statement]) -> Iterator[Passage]:
        """How a derivative comes about; the formulas of ``statements`` end in each of the other notations."""
        return self._passages(self._chains[derivative], statements)

    def _passages(self, chains: Sequence[Chain], statements: Sequence[Statement]) -> Iterator[Passage]:
        defines = {statement.tensor: statement for statement in statements if isinstance(statement, Define)}
        for chain in chains:
            if chain not in self._printed:
                self._printed[chain] = print_chain(chain, self.style.index, self._around, sums=self.style.sums)
            lines = self._printed[chain]
            define = defines.get(chain.left.tensor)
            yield Passage(lines) if define is None else self._translated(lines, define)

    def _translated(self, lines: tuple[Line, ...], define: Define) -> Passage:
        """The lines of a formula and the formula in the notations other than that of the lines."""
        remarks: list[str] = []
        vectorised = False
        for write in () if reads_the_same((define,)) else self.notations:
            written = write((define,), self.explained.derivation.program, self.style)
            if written.notation != "index":
                rule = _prose(f"{written.notation} notation", self.style.index)
                lines += tuple(Line(formula.left, formula.right, rule) for formula in written.formulas)
                vectorised |= written.vectorised
                remarks += [f"no {written.notation} notation: {written.reason}"] if written.reason else []
        return Passage(lines, tuple(remarks), vectorised)


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
        fixed = self.surroundings.fixed(names)
        shown = lay_out(expr, self.chain.free, explicit=self.sums or self.syntax.prefix_sums, fixed=fixed)
        return Printer(self.syntax, names).text(shown)

    def rules(self, rules: Sequence[Rule], free: Mapping[Index, str]) -> str:
        return _prose(", ", self.syntax).join(self.rule(rule, free) for rule in rules)

    def rule(self, rule: Rule, free: Mapping[Index, str]) -> str:
        first, *rest = (_prose(words, self.syntax) for words in rule.words.split("{}"))
        things = (self.thing(thing, free) for thing in rule.about)
        return first + "".join(thing + words for thing, words in zip(things, rest, strict=True))

    def thing(self, thing: Tensor | Component | Equality, free: Mapping[Index, str]) -> str:
        if isinstance(thing, Tensor):
            return self.syntax.tensor(thing, ())
        if isinstance(thing, Component):
            return Printer(self.syntax, free).read(thing.tensor, thing.indices)
        both = Add((thing.left, thing.right))
        names = name_indices(free_indices(both), both, self.surroundings, free)
        printer = Printer(self.syntax, names)
        return " = ".join(printer.text(lay_out(side, (), explicit=True)) for side in (thing.left, thing.right))


def _prose(words: str, syntax: Syntax) -> str:
    return rf"\text{{{words}}}" if syntax.name == "latex" and words else words
