"""Lines of Python laid out as a formatter would: long lists broken over several lines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

WIDTH = 100

# A sum of more terms than these stands in lines of its own before a part of it becomes a temporary.
MOST_IN_LINE = 4


def bracketed(head: str, items: Sequence[str], tail: str, indent: int = 0) -> list[str]:
    """``head`` + items + ``tail`` on one line, else the items on a line of their own, else one to a line."""
    line = head + ", ".join(items) + tail
    if indent + len(line) <= WIDTH or not items:
        return [line]
    inner = "    " + ", ".join(items)
    if indent + len(inner) <= WIDTH:
        return [head, inner, tail]
    return [head, *(f"    {item}," for item in items), tail]


def sum_lines(head: str, terms: Sequence[str], indent: int) -> list[str]:
    """``head`` and a sum: on one line, or if that is long and there are many terms, one to a line in parentheses."""
    line = head + " ".join(terms)
    if indent + len(line) <= WIDTH or len(terms) <= MOST_IN_LINE:
        return [line]
    return [f"{head}(", *indented(terms), ")"]


def tuple_lines(head: str, items: Sequence[str]) -> list[str]:
    """``head`` and a tuple in parentheses."""
    if len(items) == 1:
        return [f"{head}({items[0]},)"]
    return bracketed(f"{head}(", items, ")", 4)


def return_lines(items: Sequence[str]) -> list[str]:
    """A return of a tuple, without parentheses where it fits a line."""
    line = f"return {', '.join(items)}"
    if len(items) > 1 and len(line) + 4 <= WIDTH:
        return [line]
    return tuple_lines("return ", items)


def return_dict_lines(entries: Sequence[str]) -> list[str]:
    """A return of a dictionary, an entry a line."""
    return ["return {", *(f"    {entry}," for entry in entries), "}"]


def unpacked(names: Sequence[str]) -> str:
    """The targets of an assignment that unpacks a tuple."""
    return f"({names[0]},)" if len(names) == 1 else ", ".join(names)


def unpack_lines(names: Sequence[str], code: str) -> list[str]:
    """The assignment of the parts of a tuple to names, if there are any."""
    line = f"{unpacked(names)} = {code}" if names else ""
    if len(line) + 4 <= WIDTH:
        return [line] if line else []
    return bracketed("(", names, f") = {code}", 4)


def refusal_lines(condition: str, *told: str) -> list[str]:
    """Raise ValueError where a condition holds; what is told, with values in braces, is broken between its parts."""
    whole = f'    raise ValueError(f"{", ".join(told)}")'
    if len(whole) + 4 <= WIDTH:
        return [f"if {condition}:", whole]
    parts = [*(f"{part}, " for part in told[:-1]), told[-1]]
    quoted = [f'        {"f" if "{" in part else ""}"{part}"' for part in parts]
    return [f"if {condition}:", "    raise ValueError(", *quoted, "    )"]


def indented(lines: Sequence[str]) -> list[str]:
    """Lines one level further in; empty ones stay empty."""
    return [f"    {line}" if line else "" for line in lines]


def escaped(text: str) -> str:
    """Text that may stand in a docstring whatever it holds."""
    printable = text if text.isprintable() else "".join([c if c.isprintable() or c == "\n" else " " for c in text])
    return printable.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def wrapped(text: str, prefix: str = "", hanging: str = "", width: int = WIDTH - 4) -> list[str]:
    """A paragraph as lines; those after the first are further in by ``hanging``."""
    if len(prefix) + len(text) <= width and text.isprintable() and text == text.strip() != "":
        return [prefix + text]
    more = prefix + hanging
    lines = textwrap.wrap(text, width, initial_indent=prefix, subsequent_indent=more, break_on_hyphens=False)
    return [line.rstrip() for line in lines]  # before a word that is broken, textwrap may leave the space
