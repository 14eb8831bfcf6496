"""The keys of a spec, each read by a method of its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from tcgrad.errors import Diagnostic, Located, Note, Report, Source, Span
from tcgrad.spec.keys.checks import read_check
from tcgrad.spec.keys.inputs import read_input
from tcgrad.spec.keys.lists import read_equations, read_names
from tcgrad.spec.keys.reading import is_null, read_entries, read_flag, read_known, read_number, read_size, read_text
from tcgrad.spec.keys.signatures import read_function
from tcgrad.spec.model import Constant, FunctionDeclaration, InputDeclaration, Spec
from tcgrad.spec.names import Declarations, check_name, check_not_reserved, nearest, suggest_or_list
from tcgrad.spec.schema import SPEC_KEYS
from tcgrad.spec.yaml.nodes import Mapping, Node, Scalar

_T = TypeVar("_T")

_WORD = re.compile(r"\w+")


class SpecReader:
    """Reads the keys of one spec into a report and a `Spec`. A key whose value is null counts as left out.

    broken: names whose entries could not be read, and those that stand among the keys of the spec.
    begun: words that unknown keys begin with, and the keys that they are near to.
    lost: whether there were others, or equations, of which nothing is known.
    """

    def __init__(self, source: Source, root: Mapping, report: Report) -> None:
        self.source = source
        self.report = report
        self.start = root.span.start
        known = [key.name for key in SPEC_KEYS]
        found = read_known(root, "a spec", known, report)
        self.keys = {name: key for name, (key, _) in found.items()}
        self.nodes = {name: value for name, (_, value) in found.items() if not is_null(value)}
        self.declarations = Declarations(report)
        self.broken: set[str] = set()
        read = {id(value) for _, value in found.values()}
        left = [key.text.text for key, value in root.entries if id(value) not in read and isinstance(key, Scalar)]
        self.begun = {match[0] for key in left if (match := _WORD.match(key))}
        self.begun.update(meant for key in left if (meant := nearest(key, known)))
        self.lost = not self.begun.isdisjoint(known) or not {"inputs", "equations"} <= self.nodes.keys()
        self.broken.update(left)

    def read(self) -> Spec:
        """Every key; what cannot be read is reported and stands in the `Spec` as if it had been left out."""
        self._check_required()
        inputs = self._entries("inputs")
        dims = self._dims()
        constants = self._constants()
        declared = self._inputs(inputs)
        functions = self._functions()
        return Spec(
            source=self.source,
            name=self._name(),
            doc=self._doc(),
            dims=dims,
            constants=constants,
            inputs=declared,
            equations=self._equations(),
            outputs=read_names(self.nodes.get("outputs"), "outputs", self.report),
            wrt=self._wrt(declared, {part for name, _ in inputs for part in (name.text, *_WORD.findall(name.text))}),
            indices=self._indices(dims),
            functions=functions,
            strict=bool("strict" in self.nodes and read_flag(self.nodes["strict"], "`strict`", self.report)),
            expect=read_equations(self.nodes.get("expect"), "expect", self.report),
            check=read_check(self.nodes["check"], self.report) if "check" in self.nodes else {},
        )

    def _check_required(self) -> None:
        for key in SPEC_KEYS:
            if key.required and key.name not in self.nodes and key.name not in self.begun:
                written = self.keys.get(key.name)
                message = f"`{key.name}` is empty" if written else f"the spec has no `{key.name}`"
                place = written.whole if written else Span(self.start, self.start)
                notes = tuple(Note(span, "one stands here, further in") for span in self._found_inside(key.name))
                self.report.add(Diagnostic("TC108", message, place, f"`{key.name}` is a {key.value}", notes))

    def _found_inside(self, name: str) -> list[Span]:
        """Where a key of this name is an entry of another one, as it is where it is indented too far."""
        mappings = [node for node in self.nodes.values() if isinstance(node, Mapping)]
        keys = [key for node in mappings for key, _ in node.entries if isinstance(key, Scalar)]
        return [key.span for key in keys if key.text.text == name]

    def _name(self) -> str:
        text = read_text(self.nodes["name"], "the name", self.report) if "name" in self.nodes else None
        if text is None:
            stem = Path(self.source.name).stem or self.source.name
            return "".join(char if char.isprintable() else "_" for char in stem)
        if not text.text.strip() or "\n" in text.text:
            self.report.add(Diagnostic("TC110", "the name must be one line of text", self.nodes["name"].span))
        return text.text

    def _doc(self) -> str:
        text = read_text(self.nodes["doc"], "the doc", self.report) if "doc" in self.nodes else None
        return text.text.strip() if text is not None else ""

    def _dims(self) -> dict[str, tuple[Located, Located]]:
        dims = {}
        for name, node in self._entries("dims"):
            is_free = self._is_size_name(name, "a dim") and self.declarations.declare(name, "a dim")
            size = self._value(name, node, f"the dim `{name.text}`", read_size, is_free=is_free)
            if size is not None:
                dims[name.text] = (name, size)
        return dims

    def _value(
        self, name: Located, node: Node, what: str, read: Callable[[Node, str, Report], _T | None], *, is_free: bool
    ) -> _T | None:
        """The value of an entry, of whose being empty nothing is said where its name cannot be one."""
        value = read(node, what, self.report) if is_free or not is_null(node) else None
        return self._noted(name, value, is_free=is_free)

    def _noted(self, name: Located, value: _T | None, *, is_free: bool) -> _T | None:
        """A value that was read, unless the name cannot be one; what is missing then is noted."""
        if not is_free:
            self.lost = True
        elif value is None:
            self.broken.add(name.text)
        return value if is_free else None

    def _equations(self) -> tuple[Located, ...]:
        known = len(self.report.diagnostics)
        equations = read_equations(self.nodes.get("equations"), "equations", self.report)
        self.lost = self.lost or len(self.report.diagnostics) > known
        return equations

    def _indices(self, dims: dict[str, tuple[Located, Located]]) -> dict[str, tuple[Located, Located]]:
        """Index names live apart from those of tensors; a dim, however, can stand wherever an index can."""
        indices = {}
        for name, node in self._entries("indices"):
            is_free = self._is_size_name(name, "an index")
            size = self._value(name, node, f"the range of `{name.text}`", read_size, is_free=is_free)
            if name.text in dims:
                self.declarations.refuse_second((dims[name.text][0], "a dim"), (name, "an index"))
                self.lost = True
            elif size is not None:
                indices[name.text] = (name, size)
        return indices

    def _is_size_name(self, name: Located, what: str) -> bool:
        """Dims and indices may have the names of functions and forms, which stand before brackets only."""
        if name.text == "pi":
            return check_not_reserved(name, what, self.report)
        return check_name(name, what, self.report)

    def _constants(self) -> dict[str, Constant]:
        constants = {}
        for name, node in self._entries("constants"):
            is_free = self._declare(name, "a constant")
            value = self._value(name, node, f"the constant `{name.text}`", _read_constant, is_free=is_free)
            if value is not None and isinstance(node, Scalar):
                constants[name.text] = Constant(name, value, node.text.text)
        return constants

    def _inputs(self, entries: list[tuple[Located, Node]]) -> dict[str, InputDeclaration]:
        if "inputs" in self.nodes and isinstance(self.nodes["inputs"], Mapping) and not self.nodes["inputs"].entries:
            help_ = "without an input there is nothing to differentiate by"
            self.report.add(Diagnostic("TC108", "`inputs` is empty", self.nodes["inputs"].span, help_))
        inputs = {}
        for name, node in entries:
            declared = self._declare(name, "an input")
            declaration = self._noted(name, read_input(name, node, self.report), is_free=declared)
            if declaration is not None:
                inputs[name.text] = declaration
        return inputs

    def _functions(self) -> dict[str, FunctionDeclaration]:
        functions = {}
        for key, node in self._entries("functions"):
            function = read_function(key, node, self.report)
            if function is None:
                self.broken.update(_WORD.findall(key.text))
            elif self.declarations.declare(function.name, "a function"):
                functions[function.name.text] = function
            else:
                self.lost = True
        return functions

    def _declare(self, name: Located, what: str) -> bool:
        return (
            check_name(name, what, self.report)
            and check_not_reserved(name, what, self.report)
            and self.declarations.declare(name, what)
        )

    def _wrt(self, inputs: dict[str, InputDeclaration], written: set[str]) -> tuple[Located, ...]:
        """The names under `wrt`, all of them real-valued inputs; of an input that is wrong itself nothing is said."""
        names = read_names(self.nodes.get("wrt"), "wrt", self.report)
        for name in names:
            if name.text in inputs and inputs[name.text].dtype != "real":
                message = f"`{name.text}` has the dtype {inputs[name.text].dtype}, and nothing is differentiated by it"
                self.report.add(Diagnostic("TC119", message, name.whole, "leave it out of `wrt`"))
            elif name.text not in written:
                help_ = suggest_or_list(name.text, inputs)
                self.report.add(Diagnostic("TC119", f"there is no input `{name.text}`", name.whole, help_))
        if not names and inputs and len(inputs) == len(written) and all(i.dtype != "real" for i in inputs.values()):
            message = "no input is real-valued, so there is nothing to differentiate by"
            self.report.add(Diagnostic("TC108", message, self.keys["inputs"].whole))
        return names

    def _entries(self, section: str) -> list[tuple[Located, Node]]:
        if section not in self.nodes:
            return []
        node = self.nodes[section]
        entries = list(read_entries(node, f"`{section}`", self.report))
        self.lost = self.lost or not isinstance(node, Mapping) or len(entries) < len(node.entries)
        return entries


def _read_constant(node: Node, what: str, report: Report) -> Fraction | None:
    return read_number(node, what, "TC116", report)
