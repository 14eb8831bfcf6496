"""LaTeX in which tensors show their order: bold vectors, bold capital matrices, calligraphic capitals beyond."""

from __future__ import annotations

from collections.abc import Collection

from tcgrad.ir.program import Program
from tcgrad.notation.spelling.apart import latex_of
from tcgrad.notation.spelling.latex_names import CAPITAL_GREEK, Stem, latex_word, spelt
from tcgrad.notation.spelling.syntaxes import Syntax
from tcgrad.records import dataclass


def latex_of_tensors(program: Program) -> Syntax:
    """LaTeX for a program, its tensors dressed by their order."""
    names = frozenset((spelt(tensor.name), _kind(tensor.order)) for tensor in program.tensors)
    return latex_of(program, _Letters(names))


@dataclass(frozen=True)
class _Letters:
    """Dresses the letters of one program's tensors.

    names: with the kind of each; a capital that another tensor of the same kind has is not given to a small letter.
    """

    names: Collection[tuple[str, int]]

    def __call__(self, stem: Stem) -> str:
        if stem.order == 0:
            return stem.latex
        if not stem.is_letter:
            return rf"\mathbf{{{latex_word(stem.text)}}}"
        letter = stem.latex if stem.order == 1 else self._capital(stem)
        if letter.startswith("\\"):
            return rf"\boldsymbol{{{letter}}}"
        return rf"\mathcal{{{letter}}}" if stem.order > 2 and letter.isupper() else rf"\mathbf{{{letter}}}"

    def _capital(self, stem: Stem) -> str:
        """The capital letter, where LaTeX has one and no other tensor."""
        capital = stem.text[:1].upper() + stem.text[1:]
        other = capital + stem.name[len(stem.text) :]
        is_taken = other != stem.name and (other, _kind(stem.order)) in self.names
        if is_taken or not (capital in CAPITAL_GREEK or (capital.isascii() and len(capital) == 1)):
            return stem.latex
        return capital if len(capital) == 1 else rf"\{capital}"


def _kind(order: int) -> int:
    return min(order, 3)
