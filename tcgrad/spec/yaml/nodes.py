"""The composed YAML of a spec file: nodes with places, built from the parser's events under limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import yaml

from tcgrad.errors import SHOWN, Diagnostic, Located, Source, Span, TcgradError
from tcgrad.records import dataclass
from tcgrad.spec.limits import MAX_DEPTH, MAX_NODES
from tcgrad.spec.yaml.errors import explain_yaml_error
from tcgrad.spec.yaml.files import FOREIGN
from tcgrad.spec.yaml.offsets import locate_scalar

# The C parser reads twenty times faster; the pure one gives the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_C_PARSER_DEPTH = "exceeded maximum nesting depth"

_CORE = "tag:yaml.org,2002:"
SCALAR_TAGS = ("str", "int", "float", "bool", "null")


@dataclass(frozen=True)
class Scalar:
    """One value. ``plain``: written without quotes; ``tag``: the core tag it carries, without its prefix, or None."""

    text: Located
    plain: bool
    tag: str | None
    span: Span


@dataclass(frozen=True)
class Sequence:
    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True)
class Mapping:
    entries: tuple[tuple[Node, Node], ...]
    span: Span


Node = Scalar | Sequence | Mapping


def compose(source: Source) -> Node | None:
    """The one document of a YAML file; None if there is nothing in it.

    Raises:
        TcgradError: TC102 to TC105, at the first place that is wrong.
    """
    try:
        return _composed(source)
    except yaml.MarkedYAMLError as error:
        raise TcgradError((explain_yaml_error(error, source),), source) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # what the pure parser makes of a bad escape
        raise TcgradError((Diagnostic("TC102", f"this is not valid YAML: {error}", Span(0, 0)),), source) from None


def _composed(source: Source) -> Node | None:
    try:
        return _Composer(source).document(yaml.parse(source.text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        if _C_PARSER_DEPTH not in (error.problem or ""):
            raise
    # The C parser reads ahead of its events and has given up before the level was reached that is refused here.
    return _Composer(source).document(yaml.parse(source.text, Loader=yaml.SafeLoader))


@dataclass
class _Open:
    """A collection that is being read."""

    event: Any
    anchor: str | None
    items: list[Node]


class _Composer:
    """Turns events into nodes with a stack of its own, so that depth and number are counted and not recursed."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.open: list[_Open] = []
        self.count = 0
        self.counts: list[int] = []

    def document(self, events: Iterable[Any]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._fail("TC104", "a spec file is one YAML document, and a second one starts here", event,
                                   "put every function into a file of its own")  # fmt: skip
                case yaml.AliasEvent():
                    root = self._add(self._resolve(event))
                case yaml.ScalarEvent():
                    root = self._close(self._scalar(event), event.anchor, 1)
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._start(event)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    root = self._end(event)
        return root

    def _start(self, event: Any) -> None:
        if len(self.open) >= MAX_DEPTH:
            self._fail("TC103", f"lists and mappings are nested more than {MAX_DEPTH} levels deep here", event)
        self._check_tag(event, ("seq",) if isinstance(event, yaml.SequenceStartEvent) else ("map",))
        self._count(1, event)
        self.counts.append(self.count)
        self.open.append(_Open(event, event.anchor, []))
        self.anchors.pop(event.anchor, None)

    def _end(self, event: Any) -> Node:
        done = self.open.pop()
        if done.event.flow_style:
            self._refuse_torn(done.items)
        span = Span(done.event.start_mark.index, max(done.event.end_mark.index, event.end_mark.index))
        node: Node
        if isinstance(done.event, yaml.SequenceStartEvent):
            node = Sequence(tuple(done.items), span)
        else:
            node = Mapping(tuple(_pairs(done.items)), span)
        return self._close(node, done.anchor, self.count - self.counts.pop() + 1)

    def _refuse_torn(self, items: Iterable[Node]) -> None:
        """Refuse ``f(z, a)`` and ``(B, H)`` without quotes in braces or brackets: its comma ends an entry."""
        torn, depth = Span(0, 0), 0
        for item in items:
            if not isinstance(item, Scalar) or not item.plain:
                depth = 0
            elif text := item.text.text:  # else the value that a piece lacks as a key
                if depth and self.source.text[torn.end : item.span.start].strip() != ",":
                    depth = 0
                torn, before = torn.to(item.span) if depth else item.span, depth
                depth += text.count("(") - text.count(")")
                if before and depth <= 0:
                    message = "in braces and brackets a comma ends a text that is not quoted"
                    raise TcgradError((Diagnostic("TC102", message, torn, self._untorn(torn)),), self.source)
                depth = max(depth, 0)

    def _untorn(self, torn: Span) -> str:
        """How to write a text that a comma has ended."""
        text = self.source.text[torn.start : torn.end]
        if len(text) > SHOWN or not text.isprintable() or '"' in text or "\\" in text:
            return "quote the text"
        if text[0] == "(" and text.find(")") == len(text) - 1:
            return f"a list stands in square brackets: [{text[1:-1].strip(' ,')}]"
        return f'quote the text: "{text}"'

    def _close(self, node: Node, anchor: str | None, weight: int) -> Node:
        if anchor is not None:
            self.anchors[anchor] = (node, weight)
        return self._add(node)

    def _add(self, node: Node) -> Node:
        if self.open:
            self.open[-1].items.append(node)
        return node

    def _resolve(self, event: Any) -> Node:
        """The node of an alias. Its size is counted at every use, so that no small file means a giant one."""
        if event.anchor not in self.anchors:
            inside = any(part.anchor == event.anchor for part in self.open)
            what = "stands inside of what it repeats" if inside else "repeats nothing that stands before it"
            self._fail("TC105", f"the alias `*{event.anchor}` {what}", event)
        node, weight = self.anchors[event.anchor]
        self._count(weight, event)
        return node

    def _scalar(self, event: Any) -> Scalar:
        tag = self._check_tag(event, SCALAR_TAGS)
        self._count(1, event)
        start, end = event.start_mark.index, event.end_mark.index
        text = locate_scalar(event.value, event.style, self.source.text, start, end)
        self._check_characters(text)
        whole = text.whole if event.value else Span(start, max(start, end))
        quoted = Span(text.offsets[0] - 1, text.offsets[-1] + 1) if event.style in ("'", '"') else whole
        return Scalar(text, not event.style, "str" if event.tag == "!" else tag, quoted)

    def _check_tag(self, event: Any, allowed: tuple[str, ...]) -> str | None:
        """The tag without its prefix; None if there is none."""
        if event.tag in (None, "!"):
            return None
        name = event.tag.removeprefix(_CORE)
        if name not in allowed:
            shown = f"!!{name}" if event.tag.startswith(_CORE) else event.tag
            self._fail("TC105", f"the tag `{shown}` is not allowed: a spec is plain data", event, "leave the tag out")
        return str(name)

    def _check_characters(self, text: Located) -> None:
        """Refuse control characters that an escape has brought in."""
        if text.text.isprintable():
            return
        found = FOREIGN.search(text.text)
        if found is not None:
            span = text.span(*found.span())
            message = f"the character U+{ord(found.group()):04X} does not belong in a spec"
            raise TcgradError((Diagnostic("TC101", message, span),), self.source)

    def _count(self, weight: int, event: Any) -> None:
        self.count += weight
        if self.count > MAX_NODES:
            self._fail("TC103", f"there are more than {MAX_NODES} values, those that aliases repeat counted in", event)

    def _fail(self, code: str, message: str, event: Any, help_: str | None = None) -> NoReturn:
        span = Span(event.start_mark.index, max(event.start_mark.index, event.end_mark.index))
        raise TcgradError((Diagnostic(code, message, span, help_),), self.source)


def _pairs(items: list[Node]) -> Iterator[tuple[Node, Node]]:
    return zip(items[::2], items[1::2], strict=True)
