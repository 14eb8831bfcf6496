"""From a spec file to a `Spec`: every key read, every text with its place, all errors of one run together."""

from __future__ import annotations

from pathlib import Path

from tcgrad.errors import Diagnostic, Report, Source, Span, TcgradError
from tcgrad.records import dataclass
from tcgrad.spec.keys.reading import is_null
from tcgrad.spec.keys.sections import SpecReader
from tcgrad.spec.model import Spec
from tcgrad.spec.yaml.files import check_source, read_source
from tcgrad.spec.yaml.nodes import Mapping, Node, Sequence, compose


@dataclass
class SpecError(TcgradError):
    """What is wrong with the keys of a spec, and what could be read of it all the same.

    broken: names whose own entries could not be read.
    lost: whether other names are missing from ``spec``, or equations, and nobody can tell which.
    """

    spec: Spec | None = None
    broken: frozenset[str] = frozenset()
    lost: bool = False


def load_spec(path: str | Path) -> Spec:
    """The spec in a file.

    Raises:
        TcgradError: with everything that is wrong with the file itself; expressions are not yet looked into.
    """
    return _read(read_source(path))


def read_spec(text: str, name: str) -> Spec:
    """The spec in a text; ``name`` stands for the file in messages, and its stem is the default name.

    Raises:
        TcgradError: as `load_spec` does.
    """
    return _read(Source(name, text.removeprefix("\ufeff")))


def _read(source: Source) -> Spec:
    check_source(source)
    root = compose(source)
    if not isinstance(root, Mapping):
        raise TcgradError((_not_a_spec(root),), source)
    report = Report(source)
    reader = SpecReader(source, root, report)
    spec = reader.read()
    if report.errors:
        raise SpecError(report.errors, source, spec, frozenset(reader.broken), reader.lost)
    return spec


def _not_a_spec(root: Node | None) -> Diagnostic:
    help_ = "a spec has at least the keys `inputs` and `equations`"
    if root is None or is_null(root):
        return Diagnostic("TC104", "the file is empty", Span(0, 0), help_)
    kind = "a list" if isinstance(root, Sequence) else "one value"
    return Diagnostic("TC104", f"a spec is a mapping of keys, and this file holds {kind}", root.span, help_)
