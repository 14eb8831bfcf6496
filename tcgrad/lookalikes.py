"""Letters of other alphabets that are printed as Latin ones are, and names that are told apart by them alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_CYRILLIC = dict(zip("аԁесһіјӏоԛрѕѵԝхуАВСЕԌНІЈКМОРԚЅТѴԜХУҮ", "adechijloqpsvwxyABCEGHIJKMOPQSTVWXYY", strict=True))
_GREEK = dict(zip("ονΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ovABEZHIKMNOPTYX", strict=True))
_LATIN = {"ı": "i", "ȷ": "j", "ɑ": "a", "ɡ": "g"}
_PLAIN = str.maketrans(_CYRILLIC | _GREEK | _LATIN)


def lookalike(word: str, known: Iterable[str]) -> str | None:
    """A line of help that tells ``word`` from a known name that looks the same; None where there is none.

    Plain letters of the Latin alphabet look the same as no others of it.
    """
    shape = _shape(word)
    for name in known:
        if name != word and not (name.isascii() and word.isascii()) and _shape(name) == shape:
            return f"`{word}` only looks like `{name}`: {_difference(word, name)}"
    return None


def _shape(word: str) -> str:
    return word if word.isascii() else unicodedata.normalize("NFKC", word).translate(_PLAIN)


def _difference(word: str, name: str) -> str:
    """The first letters in which two words differ, by what Unicode calls them."""
    here, there = next((pair for pair in zip(word, name, strict=False) if pair[0] != pair[1]), (word[-1], name[-1]))
    return f"it has {_called(here)}, and not {_called(there)}"


def _called(letter: str) -> str:
    return f"U+{ord(letter):04X} ({unicodedata.name(letter, 'a letter without a name').lower()})"
