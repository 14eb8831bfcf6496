"""The syntaxes as one program needs them: no name is spelt like another one, or like a sign, that formulas have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from tcgrad.ir.program import Program
from tcgrad.notation.spelling.latex_names import USUAL, Dress, Spelling, latex_function, latex_name, letter_and_mark
from tcgrad.notation.spelling.syntaxes import LATEX, UNICODE, Syntax, derivative_aware, latex_tensors, unicode_name
from tcgrad.records import replace

_SCALAR = "l"  # downstream, of which gradients are given
_POLYGAMMA = ("digamma", "polygamma")


def unicode_of(program: Program) -> Syntax:
    """Unicode text for a program: ``∂ℒ/∂l`` is the gradient of its own ``l``, its own ``ε`` no permutation symbol."""
    names = {name for name, _ in _names(program)}
    if _SCALAR not in names and not names & {"ε", "π"}:
        return UNICODE

    def rename(name: str) -> str:
        return name if unicode_name(name) in names else unicode_name(name)

    return replace(UNICODE, tensor=derivative_aware("∂", "²", rename, "ℒ" if _SCALAR in names else _SCALAR))


def latex_of(program: Program, dress: Dress = USUAL.dress) -> Syntax:
    """LaTeX for a program.

    dress: how the letters of tensors show their order.
    """
    names = dict(_names(program))
    spelling = _spelling(names, dress)
    orders = {letter_and_mark(name): order for name, order in names.items()}
    syntax = LATEX
    if (r"\psi", "") in orders:
        syntax = replace(syntax, call=partial(latex_function, words=_POLYGAMMA))
    if spelling.words or spelling.above:
        syntax = replace(syntax, dim=lambda name: latex_name(name, (), 0, spelling))
    scalar = r"\mathcal{L}" if _SCALAR in names else _SCALAR
    permutation = r"\epsilon" if orders.get((r"\varepsilon", "")) else r"\varepsilon"
    if spelling == USUAL and (scalar, permutation) == (_SCALAR, r"\varepsilon"):
        return syntax
    return replace(syntax, tensor=latex_tensors(spelling, scalar, permutation))


def _names(program: Program) -> Iterator[tuple[str, int]]:
    """The names that formulas may have, with the orders of what they name."""
    for tensor in (*program.constants, *program.tensors):
        if "(" not in tensor.name:
            yield tensor.name, tensor.order
    for dim in program.dims:
        yield dim.name, 0


def _spelling(names: Mapping[str, int], dress: Dress) -> Spelling:
    """What is spelt alike is kept apart: a letter goes to the name that is that letter, or to the first one."""
    marked = {name: letter_and_mark(name) for name in sorted(names, key=str.isascii)}
    owners: dict[tuple[str, str], str] = {}
    for name, key in marked.items():
        owners.setdefault(key, name)
    words = frozenset(name for name, key in marked.items() if owners[key] != name)
    arrays = {marked[name] for name, order in names.items() if order and name not in words}
    above = (name for name, (letter, mark) in marked.items() if mark.isdecimal() and (letter, "") in arrays)
    return Spelling(dress, words, frozenset(above))
