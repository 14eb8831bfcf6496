"""Nodes read as the kinds of value that spec keys have; what does not fit is reported, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence as AbstractSequence
from fractions import Fraction
from typing import cast

from tcgrad.errors import Diagnostic, Located, Note, Report
from tcgrad.spec.limits import MAX_DIM, MAX_INTEGER
from tcgrad.spec.names import composed_name, is_name, nearest, suggest, suggest_choice
from tcgrad.spec.numbers import BOUNDS, exact_value, integer_value, number_meant
from tcgrad.spec.schema import KEYS_ELSEWHERE
from tcgrad.spec.yaml.nodes import Mapping, Node, Scalar, Sequence
from tcgrad.spec.yaml.scalars import in_decimal, kind_of

_KINDS = {
    "null": "nothing",
    "bool": "a truth value",
    "int": "a number",
    "float": "a number",
    "str": "text",
    "list": "a list",
    "mapping": "a mapping",
}


_TRUTH_ELSEWHERE = {
    **dict.fromkeys(("yes", "on", "y", "1", "true"), "true"),
    **dict.fromkeys(("no", "off", "n", "0", "false"), "false"),
}
"""What is none of YAML 1.2's two words, `true` in quotes among it."""

_MISSPELT = 0.8  # how near a key is to the one that it is read as


def node_kind(node: Node) -> str:
    """``list``, ``mapping`` or the type of a scalar."""
    match node:
        case Scalar():
            return kind_of(node)
        case Sequence():
            return "list"
        case Mapping():
            return "mapping"


def is_null(node: Node) -> bool:
    return node_kind(node) == "null"


def refuse(node: Node, what: str, report: Report, help_: str | None = None) -> None:
    """TC109: ``what`` must be something else than what stands here."""
    report.add(Diagnostic("TC109", f"{what}, and this is {_KINDS[node_kind(node)]}", node.span, help_))


def read_items(node: Node, what: str, report: Report, help_: str | None) -> tuple[Node, ...]:
    """The items of a list."""
    if isinstance(node, Sequence):
        return node.items
    refuse(node, f"{what} must be a list", report, help_)
    return ()


def read_entries(node: Node, what: str, report: Report, help_: str | None = None) -> Iterator[tuple[Located, Node]]:
    """The entries of a mapping with their keys; a key that is no text or stands twice is reported and left out."""
    if not isinstance(node, Mapping):
        refuse(node, f"{what} must be a mapping", report, help_ or _how_to_write_entries(node))
        return
    seen: dict[str, Located] = {}
    before: Node | None = None
    for key, value in node.entries:
        text = _read_key(key, report, _decimal_meant(before, key, value))
        before = value
        if text is None:
            continue
        if text.text in seen:
            note = Note(seen[text.text].whole, "it stands here before")
            message = f"the key `{text.text}` stands twice in the same mapping"
            report.add(Diagnostic("TC106", message, key.span, "leave one of the two out", (note,)))
            continue
        seen[text.text] = text
        yield text, value


def _how_to_write_entries(node: Node) -> str:
    if isinstance(node, Sequence):
        return "write its entries as `name: value`, without dashes or square brackets"
    return "write its entries as `name: value`, with a blank behind the colon"


def _decimal_meant(before: Node | None, key: Node, value: Node) -> str | None:
    """How to write ``1,5`` in braces, where 5 is a key without a value behind the value 1."""
    pair = (before, key)
    if is_null(value) and all(isinstance(each, Scalar) and each.plain and kind_of(each) == "int" for each in pair):
        whole, decimals = cast("tuple[Scalar, Scalar]", pair)
        if whole.span.end + 1 == decimals.span.start:
            return f"a comma ends an entry: the decimal number is written `{whole.text.text}.{decimals.text.text}`"
    return None


def _read_key(key: Node, report: Report, meant: str | None) -> Located | None:
    """The text of a key; ``meant``: the help where it is a number that belongs to the value before."""
    if isinstance(key, Scalar) and key.plain and key.text.text == "<<":
        message = "merge keys are not part of YAML 1.2"
        report.add(Diagnostic("TC105", message, key.span, "write the entries out"))
    elif isinstance(key, Scalar) and kind_of(key) == "str":
        return composed_name(key.text)
    elif isinstance(key, Scalar) and key.text.text:
        kind = _KINDS[kind_of(key)]
        message = f"a key must be text, and `{key.text.text}` is {kind} in YAML"
        help_ = f'quote it: "{key.text.text}"' if is_name(key.text.text) else "a name begins with a letter"
        report.add(Diagnostic("TC109", message, key.span, meant or help_))
    else:
        refuse(key, "a key must be text", report)
    return None


def read_known(node: Node, what: str, known: AbstractSequence[str], report: Report) -> dict[str, tuple[Located, Node]]:
    """The entries of a mapping with fixed keys, in the order written.

    An unknown key is reported (TC107). It is read as the key that it is nearly, where that is not there itself.
    """
    entries = list(read_entries(node, what, report))
    found = {key.text: (key, value) for key, value in entries if key.text in known}
    for key, value in entries:
        if key.text not in known:
            elsewhere = KEYS_ELSEWHERE.get(key.text)
            begun = re.match(r"\w+", key.text)
            offer = suggest(key.text, known) or f"the keys are {', '.join(known)}"
            is_entry = begun is not None and begun[0] in known and re.search(r"\s", key.text) is not None
            if begun is not None and is_entry:
                offer = f"write `{begun[0]}: ...`, with a colon and a blank behind it"
            offer = f"write `{elsewhere}`" if elsewhere in known else offer
            report.add(Diagnostic("TC107", f"{what} has no key `{key.text}`", key.whole, offer))
            meant = nearest(key.text, known, _MISSPELT)
            if meant is not None and not is_entry:
                found.setdefault(meant, (key, value))
    return found


def read_text(node: Node, what: str, report: Report, help_: str | None = None) -> Located | None:
    """A text; numbers are taken as they are written."""
    if isinstance(node, Scalar) and kind_of(node) in ("str", "int", "float"):
        return node.text
    refuse(node, f"{what} must be text", report, help_)
    return None


def read_name(node: Node, what: str, report: Report) -> Located | None:
    """A text that is meant as a name."""
    if isinstance(node, Scalar) and kind_of(node) == "str":
        return composed_name(node.text)
    shown = node.text.text if isinstance(node, Scalar) else ""
    refuse(node, f"{what} must be a name", report, f'quote it: "{shown}"' if is_name(shown) else None)
    return None


def read_flag(node: Node, what: str, report: Report) -> bool | None:
    """``true`` or ``false``."""
    if isinstance(node, Scalar) and kind_of(node) == "bool":
        return node.text.text.lower() == "true"
    meant = _TRUTH_ELSEWHERE.get(node.text.text.lower()) if isinstance(node, Scalar) else None
    refuse(node, f"{what} must be true or false", report, f"write `{meant}`" if meant else None)
    return None


def read_choice(
    node: Node, what: str, choices: AbstractSequence[str], report: Report, help_: str | None = None
) -> str | None:
    """One of some words (TC114); without ``help_`` that is the word that is nearest."""
    shown = node.text.text if isinstance(node, Scalar) else None
    if shown in choices:
        return shown
    message = f"{what} is one of {', '.join(choices)}" + (f", not `{shown}`" if shown else "")
    report.add(Diagnostic("TC114", message, node.span, help_ or (suggest_choice(shown, choices) if shown else None)))
    return None


def read_number(node: Node, what: str, code: str, report: Report) -> Fraction | None:
    """An exact finite number."""
    if not isinstance(node, Scalar) or kind_of(node) not in ("int", "float"):
        help_ = "write it as 1000, 0.5 or 1e-3; what is worked out from numbers stands in an equation"
        if isinstance(node, Scalar) and not node.plain:
            help_ = "a number in quotes is text"
        elif isinstance(node, Scalar) and (number := number_meant(node.text.text)) is not None:
            help_ = f"write `{number}`"
        refuse(node, f"{what} must be a number", report, help_)
        return None
    value = exact_value(node.text.text)
    if value is None:
        report.add(Diagnostic(code, f"{what} must be {BOUNDS}", node.span))
    return value


def read_integer(
    node: Node, what: str, code: str, report: Report, *, least: int = -MAX_INTEGER, most: int = MAX_INTEGER
) -> int | None:
    """An integer from ``least`` to ``most``, without them between the bounds of what float64 holds exactly."""
    if not isinstance(node, Scalar) or kind_of(node) != "int":
        refuse(node, f"{what} must be an integer", report, _integer_meant(node))
        return None
    value = integer_value(node.text.text)
    if value is not None and least <= value <= most:
        return value
    bound = f"at least {least}" if value is not None and value < least else f"at most {most}"
    report.add(Diagnostic(code, f"{what} must be {bound}", node.span))
    return None


def _integer_meant(node: Node) -> str | None:
    """How to write ``1e3`` and ``"3"``."""
    if not isinstance(node, Scalar):
        return None
    value = exact_value(node.text.text)
    whole = value is not None and value.denominator == 1 and abs(value) <= MAX_INTEGER
    return f"write `{value}`" if whole else None


def read_size(
    node: Node, what: str, report: Report, for_list: str = "write one size, without square brackets"
) -> Located | None:
    """The text of a size: an integer from 1 to the limit (TC113), or an expression of dims, not yet parsed.

    for_list: the help where a list stands in its place.
    """
    if isinstance(node, Scalar) and kind_of(node) == "int":
        return _read_literal_size(node, what, report)
    if isinstance(node, Scalar) and kind_of(node) == "str" and node.text.text.strip():
        return node.text
    if isinstance(node, Scalar) and kind_of(node) == "float":
        report.add(Diagnostic("TC113", f"{what} must be an integer", node.span, _integer_meant(node)))
    else:
        help_ = for_list if isinstance(node, Sequence) else None
        if is_null(node):
            help_ = "write one that `tcgrad check` begins with; emitted code takes any that fits"
        refuse(node, f"{what} must be an integer or an expression of dims", report, help_)
    return None


def _read_literal_size(node: Scalar, what: str, report: Report) -> Located | None:
    value = integer_value(node.text.text)
    if value is not None and 1 <= value <= MAX_DIM:
        return in_decimal(node.text)
    bound = "at least 1" if value is not None and value < 1 else f"at most {MAX_DIM}"
    report.add(Diagnostic("TC113", f"{what} must be {bound}", node.span))
    return None
