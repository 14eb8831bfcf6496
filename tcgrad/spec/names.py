"""Names of a spec: which words can be one, and which are taken."""

from __future__ import annotations

import difflib
import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable

from tcgrad.composed import composed
from tcgrad.errors import Diagnostic, Located, Note, Report
from tcgrad.functions import FUNCTIONS
from tcgrad.lookalikes import lookalike
from tcgrad.operators import FORMS
from tcgrad.spec.limits import MAX_NAME

RESERVED = frozenset((*FUNCTIONS, *FORMS, "δ"))
"""Names that mean something in every equation: they cannot name tensors, constants or functions.
``ε`` is not among them: it stands for the permutation symbol where a spec does not declare it."""

_DOTS = frozenset("\u00b7\u0387")  # identifiers may go on with a middle dot, which an equation uses as a product


def is_name(text: str) -> bool:
    """Whether the text is a Unicode identifier that the equation language reads as one name."""
    return len(text) <= MAX_NAME and text.isidentifier() and not _DOTS & set(text)


def check_name(name: Located, what: str, report: Report, meant: str | None = None) -> bool:
    """Report a name that cannot be one (TC110); whether it can.

    meant: the help, where the text is one that the caller knows.
    """
    text = name.text
    if is_name(text):
        return True
    if not text:
        message, help_ = f"the name of {what} is empty", None
    elif len(text) > MAX_NAME:
        message, help_ = f"the name of {what} has {len(text)} characters; {MAX_NAME} are the limit", None
    else:
        message = f"`{text}` cannot name {what}"
        help_ = (
            meant
            or _entry_meant(text)
            or "a name is made of letters, digits and `_` and does not begin with a digit" + _offer(text)
        )
    report.add(Diagnostic("TC110", message, name.whole, help_))
    return False


def _entry_meant(text: str) -> str | None:
    """How to write ``N=3``, ``N:3`` and ``N：3``, which YAML takes for a key alone, and ``i,j`` of two entries."""
    if re.fullmatch(r"\w{1,20}( *, *\w{1,20}){1,4}", text):
        return f"write an entry for each: `{', '.join(f'{name.strip()}: ...' for name in text.split(','))}`"
    entry = re.fullmatch(r"(\w+)(?::\s?|\s*[=：]\s*)(\w+)", text)
    return f"write `{entry[1]}: {entry[2]}`, with a blank behind the colon" if entry and is_name(entry[1]) else None


def _offer(text: str) -> str:
    """A name near to the text, where there is one."""
    near = "".join(char if is_name(f"a{char}") else "_" for char in text).strip("_")
    return f": `{near}`" if is_name(near) else ""


def check_not_reserved(name: Located, what: str, report: Report) -> bool:
    """Report a name of the language's own (TC111); whether it is free."""
    if name.text not in RESERVED:
        return True
    message = f"`{name.text}` is a name of the language and cannot name {what}"
    report.add(Diagnostic("TC111", message, name.whole, f"choose another name, such as `{name.text}_`"))
    return False


def composed_name(name: Located) -> Located:
    """A name in its composed form, at the place of what was written."""
    text, offsets = composed(name.text), name.offsets
    return Located(text, (*offsets[:1] * (len(text) - 1), *offsets[-2:])) if text != name.text else name


class Declarations:
    """The names that dims, constants, inputs and functions share: none is declared twice.

    Names are compared as Python compares identifiers, so that the emitted code keeps two of them apart.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._known: dict[str, tuple[Located, str]] = {}

    def declare(self, name: Located, what: str) -> bool:
        """Note ``name`` as that of ``what`` ("a dim", ...); report it (TC112) if it is taken."""
        key = unicodedata.normalize("NFKC", name.text)
        if key not in self._known:
            self._known[key] = (name, what)
            return True
        self._known[key] = self.refuse_second(self._known[key], (name, what))
        return False

    def refuse_second(self, one: tuple[Located, str], other: tuple[Located, str]) -> tuple[Located, str]:
        """Report the later of two declarations of a name (TC112); the one that stands before it in the text."""
        (first, kind), (second, what) = sorted((one, other), key=lambda declared: declared[0].whole.start)
        same = "" if first.text == second.text else f", which is the same name as `{first.text}` in Python"
        message = f"`{second.text}` names {what} here and {kind} before{same}"
        note = Note(first.whole, "declared here before")
        self._report.add(Diagnostic("TC112", message, second.whole, "give one of the two another name", (note,)))
        return first, kind


def suggest(word: str, known: Iterable[str]) -> str | None:
    """A help line with the known word that is nearest to a misspelt one; None if none is near."""
    words = (*known,)
    if (told := lookalike(word, words)) is not None:
        return told
    near = nearest(word, words)
    return f"did you mean `{near}`?" if near is not None else None


def suggest_or_list(word: str, known: Collection[str]) -> str | None:
    """The same; where none is near, a line with the first words that are known."""
    listed = [*itertools.islice(known, _LISTED), *["..."] * (len(known) > _LISTED)]
    return suggest(word, known) or (f"write {'one of ' * (len(known) > 1)}{', '.join(listed)}" if known else None)


_LISTED = 8  # words in a help line

_CHOICES_ELSEWHERE = {
    "double": "float64",
    "single": "float32",
    "half": "float16",
    **dict.fromkeys(("gaussian", "gauss", "randn", "standard_normal"), "normal"),
    "rand": "uniform",
    "randint": "integers",
    "psd": "spd",
    **dict.fromkeys(("dirichlet", "probability", "probabilities"), "simplex"),
}


def suggest_choice(word: str, choices: Collection[str]) -> str | None:
    """The same for a word that is none of the choices, and may be called otherwise elsewhere."""
    meant = _CHOICES_ELSEWHERE.get(word)
    return f"write `{meant}`" if meant in choices else suggest(word, choices)


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word that is nearest to a misspelt one; None if none is as near as ``likeness``, which is at most 1."""
    lowered = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower()[:MAX_NAME], lowered, n=1, cutoff=likeness)
    return lowered[close[0]] if close else None
