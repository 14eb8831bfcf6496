"""Equations that are written alike but for the names of tensors: read once, then put down for each with its own."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.language.parsing.parsed_alike import NAME
from tcgrad.language.statements.equations import define, plain_target
from tcgrad.language.symbols import Symbols
from tcgrad.language.syntax import Equation
from tcgrad.records import cached_property, dataclass, replace
from tcgrad.simplify.outline import Outline, Renaming, outline

_OF_THE_LANGUAGE = (Role.CONSTANT, Role.LEVI_CIVITA)  # what is read without being among the names


class _Text(NamedTuple):
    """An equation as it is written.

    key: equal for those that mean the same, but for the names of tensors.
    tensors: those that it reads, in the order in which they are met.
    """

    key: Hashable
    tensors: tuple[Tensor, ...]


@dataclass
class _Known:
    """What an equation was read as."""

    define: Define
    tensors: tuple[Tensor, ...]

    @cached_property
    def outline(self) -> Outline | None:
        """That of the right side; None where it reads other tensors than those that are written there."""
        own = outline((self.define.body,))
        written = own is not None and all(t in self.tensors or t.role in _OF_THE_LANGUAGE for t in own.tensors)
        return own if written else None


class DefinedAlike:
    """Reads plain equations, as `define` does."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols
        self._known: dict[Hashable, _Known] = {}

    def define(self, equation: Equation) -> Define:
        """The statement that an equation is; see `equations.define`."""
        text = self._text(equation)
        known = self._known.get(text.key) if text is not None else None
        if text is None:
            return define(equation, self._symbols)
        if known is not None and known.outline is not None:
            return self._again(known, known.outline, text, equation)
        before = self._noted()
        made = define(equation, self._symbols)
        if self._noted() == before and made.tensor.support == ((), ()):
            self._known[text.key] = _Known(made, text.tensors)
        return made

    def _noted(self) -> tuple[int, ...]:
        """How much is noted beside the statements: warnings, matrix functions, and sizes that are equal."""
        symbols = self._symbols
        return len(symbols.report.diagnostics), len(symbols.pending), len(symbols.equal)

    def _text(self, equation: Equation) -> _Text | None:
        """None where more is written than letters, digits and signs."""
        if not equation.text.isascii():
            return None
        pieces = NAME.split(equation.text)
        numbers: dict[str, int] = {}
        told: list[Hashable] = []
        tensors: list[Tensor] = []
        for name in pieces[1::2]:
            tensor = self._symbols.tensors.get(name)
            if name in numbers:
                told.append(numbers[name])
            elif tensor is not None:
                kind = tensor.shape, tensor.role in _OF_THE_LANGUAGE, tensor.dtype, tensor.symmetric, tensor.has_gaps
                told += (kind, tensor.support, tensor.zero_outside, tensor.value)
                tensors.append(tensor)
            else:
                told.append(name if numbers else None)  # the first one is that of the tensor that is defined
            numbers.setdefault(name, len(numbers))
        return _Text((tuple(pieces[::2]), tuple(told)), tuple(tensors))

    def _again(self, known: _Known, old: Outline, text: _Text, equation: Equation) -> Define:
        """What was read of another equation, with the tensors of this one's text and indices of its own."""
        target = plain_target(equation, self._symbols)
        tensors = dict(zip(known.tensors, text.tensors, strict=True))
        inside = {*old.indices, *known.define.free}
        fresh = {index: index.fresh() for index in sorted(inside, key=lambda index: index.serial)}
        renaming = Renaming(
            old._replace(indices=tuple(fresh)),
            old._replace(tensors=tuple([tensors.get(own, own) for own in old.tensors]), indices=tuple(fresh.values())),
        )
        tensor = replace(known.define.tensor, name=target.name)
        self._symbols.bring_in(tensor, target.span)
        free = tuple([fresh[index] for index in known.define.free])
        return Define(tensor, free, renaming.rename(known.define.body), equation.span)
