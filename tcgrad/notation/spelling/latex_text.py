"""Text outside of mathematics as LaTeX: what plain documents have no letter for becomes a formula."""

from __future__ import annotations

import unicodedata

from tcgrad.notation.spelling.latex_names import CHARACTER, escape, latex_letter

_SIGNS = {
    "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "≡": r"\equiv", "∈": r"\in", "→": r"\to",
    "↔": r"\leftrightarrow", "∂": r"\partial", "∇": r"\nabla", "∞": r"\infty", "∑": r"\sum", "∏": r"\prod",
    "√": r"\surd", "−": "-", "⋅": r"\cdot", "∘": r"\circ", "⊙": r"\odot", "⊗": r"\otimes", "⊘": r"\oslash",
    "⊤": r"\top", "∥": r"\Vert", "′": "'", "ℝ": r"\mathbb{R}",
}  # fmt: skip
_RAISED = {"<super>": "^", "<sub>": "_"}


def latex_text(text: str) -> str:
    """Prose or code to stand between formulas: ``50\\% of \\ensuremath{\\alpha}``."""
    return "".join(map(_character, CHARACTER.findall(unicodedata.normalize("NFC", text))))


def _character(char: str) -> str:
    formula = _SIGNS.get(char) or _raised(char) or latex_letter(char)
    return rf"\ensuremath{{{formula}}}" if formula else escape(char)


def _raised(char: str) -> str | None:
    """A digit or a sign above or below the line."""
    tag, _, number = unicodedata.decomposition(char[0]).partition(" ")
    if tag not in _RAISED:
        return None
    plain = chr(int(number, 16))
    return f"{_RAISED[tag]}{{{_SIGNS.get(plain, plain)}}}"
