"""What may stand at the end of a command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer._click.shell_completion import ShellComplete, split_arg_string

from tcgrad.codes import CODES
from tcgrad.locate import GALLERY, SUFFIXES, gallery_specs
from tcgrad.records import dataclass
from tcgrad.report.formats import FORMAT_NAMES

if TYPE_CHECKING:
    from typer._click.shell_completion import CompletionItem
    from typer.core import TyperGroup


@dataclass(frozen=True)
class Candidate:
    """A word that may stand there, and what it means."""

    value: str
    meaning: str = ""


def find_candidates(program: TyperGroup, line: str) -> tuple[str, list[Candidate]]:
    """The word that a command line ends with, which may be empty, and what it may become."""
    words = split_arg_string(line)
    # A space that is quoted belongs to the word.
    word = words.pop() if words and (not line[-1:].isspace() or words[-1][-1:].isspace()) else ""
    items = _Completer(program, {}, "tcgrad", "").get_completions(words[1:], word)
    # What stands before the value of `--option=value` or of the last one in a list is kept.
    head = word[: word.rfind("=") + 1] if word.startswith("-") else ""
    found = [each for item in items for each in _candidates(item, word[len(head) :])]
    return word, [Candidate(head + each.value, each.meaning) for each in dict.fromkeys(found)]


def _candidates(item: CompletionItem, word: str) -> Iterator[Candidate]:
    if item.type == "file":
        yield from map(Candidate, complete_path(word))
    else:
        yield Candidate(item.value, (item.help or "").partition("\n")[0])


class _Completer(ShellComplete):
    """The library's own search for what is being completed; how shells are spoken to is not its business here."""

    name = "tcgrad"
    source_template = ""

    def source_vars(self) -> dict[str, Any]:
        return {}

    def get_completion_args(self) -> tuple[list[str], str]:
        return [], ""

    def format_completion(self, item: CompletionItem) -> str:
        return str(item.value)


def complete_spec(incomplete: str) -> list[str]:
    """Names of the gallery, folders, and files that can be specs."""
    if incomplete.startswith(GALLERY):
        return [name for name in gallery_names(GALLERY) if name.startswith(incomplete)]
    return _beginning(incomplete, [GALLERY]) + complete_path(incomplete, SUFFIXES)


def complete_gallery(incomplete: str) -> list[str]:
    """Names of the gallery, without what a spec has in front."""
    return _beginning(incomplete, gallery_names())


def gallery_names(prefix: str = "") -> list[str]:
    return [f"{prefix}{path.stem}" for path in gallery_specs()]


def complete_code(incomplete: str) -> list[tuple[str, str]]:
    """Codes of errors with what they mean."""
    small = incomplete[:1].islower()
    names = [(code.code.lower() if small else code.code, code.title) for code in CODES.values()]
    return [(name, title) for name, title in names if name.startswith(incomplete)]


def complete_report(incomplete: str) -> list[str]:
    """``FORMAT:PATH``, or a path."""
    name, colon, path = incomplete.partition(":")
    if colon and name in FORMAT_NAMES:
        return [f"{name}:{found}" for found in complete_path(path)]
    return [f"{found}:" for found in _beginning(incomplete, FORMAT_NAMES)] + complete_path(incomplete)


def complete_words(words: Iterable[str], incomplete: str) -> list[str]:
    """The last of several words with commas between them: one that does not stand there already."""
    before, comma, last = incomplete.rpartition(",")
    given = before.split(",")
    return [f"{before}{comma}{word}" for word in _beginning(last, words) if word not in given]


def complete_file(incomplete: str) -> list[str]:
    """Folders and files of any kind."""
    return complete_path(incomplete)


def complete_path(incomplete: str, suffixes: Sequence[str] = ()) -> list[str]:
    """Folders, with a slash, and files, of some suffixes only if any are given; hidden ones if a dot is there."""
    folder, _, start = incomplete.rpartition("/")
    place = Path(os.path.expanduser(f"{folder}/" if "/" in incomplete else "."))  # noqa: PTH111 (no user: no error)
    try:
        entries = sorted(place.iterdir())
    except OSError:
        return []
    found = [entry for entry in entries if entry.name.startswith(start) and entry.name.startswith(".") <= bool(start)]
    head = incomplete[: len(incomplete) - len(start)]
    files = [f"{head}{entry.name}" for entry in found if entry.is_file() and (not suffixes or entry.suffix in suffixes)]
    return files + [f"{head}{entry.name}/" for entry in found if entry.is_dir()]


def _beginning(start: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(start)]
