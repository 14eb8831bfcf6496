"""The lists of a spec: equations and names."""

from __future__ import annotations

import re

from tcgrad.errors import SHOWN, Diagnostic, Located, Note, Report
from tcgrad.spec.keys.reading import read_items, read_name, read_text, refuse
from tcgrad.spec.keys.splitting import split_block
from tcgrad.spec.limits import MAX_EQUATION, MAX_EQUATIONS
from tcgrad.spec.names import is_name
from tcgrad.spec.schema import SPEC_KEYS
from tcgrad.spec.yaml.nodes import Mapping, Node, Scalar, Sequence


def read_equations(node: Node | None, key: str, report: Report) -> tuple[Located, ...]:
    """The equations of a list of texts, or of one block of them; comments and blank lines are left out."""
    if node is None:
        return ()
    if not isinstance(node, Scalar | Sequence):
        help_ = _equation_meant(node) or "write a list of equations, or a block of them after `|`"
        refuse(node, f"`{key}` must be a list of equations", report, help_)
        return ()
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items and key == "equations":
        report.add(Diagnostic("TC108", "`equations` is empty", node.span, "write `- y[i] = ...`"))
    equations = tuple(equation for item in items for equation in _read_item(item, report))
    if len(equations) <= MAX_EQUATIONS:
        return equations
    message = f"`{key}` has {len(equations)} equations; {MAX_EQUATIONS} are the limit"
    report.add(Diagnostic("TC103", message, node.span))
    return ()


def _read_item(item: Node, report: Report) -> tuple[Located, ...]:
    help_ = _equation_meant(item) or "quote an equation that YAML reads as something else"
    # The nothing behind a dash is read as a text that holds no equation.
    empty = item.text if isinstance(item, Scalar) and not item.text.text else None
    text = empty or read_text(item, "an equation", report, help_)
    if text is None:
        return ()
    pieces = split_block(text)
    for piece in pieces:
        if len(piece.text) > MAX_EQUATION:
            message = f"an equation has {len(piece.text)} characters; {MAX_EQUATION} are the limit"
            report.add(Diagnostic("TC103", message, piece.whole, "write it as several equations"))
            return ()
    if not pieces:
        report.add(Diagnostic("TC108", "an equation is missing here", item.span, "write NAME[indices] = expression"))
    return pieces


def _equation_meant(node: Node) -> str | None:
    """How to write ``y[i]: x[i]``, which is a mapping."""
    if isinstance(node, Mapping) and node.entries:
        key, value = node.entries[0]
        if isinstance(key, Scalar) and isinstance(value, Scalar):
            left, right = key.text.text, value.text.text
            return None if "=" in left or "\n" in right else f"write `- {left} = {right}`"
    return None


def read_names(node: Node | None, key: str, report: Report) -> tuple[Located, ...]:
    """A list of names, at least one, none of them twice."""
    if node is None:
        return ()
    words = re.split(r"[,\s]+", node.text.text.strip()) if isinstance(node, Scalar) else []
    listed = ", ".join(words)
    fits = words and words != ["all"] and all(map(is_name, words)) and len(listed) <= SHOWN
    default = next(each.meaning for each in SPEC_KEYS if each.name == key).partition("; ")[2]
    help_ = f"write [{listed}]" if fits else f"write a list of names: [y, z]; {default}"
    items = read_items(node, f"`{key}`", report, help_)
    if isinstance(node, Sequence) and not items:
        report.add(Diagnostic("TC108", f"`{key}` is empty", node.span, "leave the key out for its default"))
    names: dict[str, Located] = {}
    for item in items:
        name = read_name(item, f"an entry of `{key}`", report)
        if name is not None and name.text in names:
            note = Note(names[name.text].whole, "it stands here before")
            message = f"`{name.text}` stands twice in `{key}`"
            report.add(Diagnostic("TC119", message, name.whole, "leave one of the two out", (note,)))
        elif name is not None:
            names[name.text] = name
    return tuple(names.values())
