"""Which names the texts of a spec use."""

from __future__ import annotations

from collections.abc import Iterator

from tcgrad.errors import Located, Report
from tcgrad.language.parsing.lexer import tokenize
from tcgrad.spec.model import Spec


def used_names(spec: Spec) -> set[str]:
    """The names in equations, expectations and bodies, and in the expressions of shapes, dims and ranges."""
    return {token.text for text in _texts(spec) for token in tokenize(text, Report()) if token.kind == "name"}


def _texts(spec: Spec) -> Iterator[Located]:
    yield from spec.equations
    yield from spec.expect
    yield from (function.body for function in spec.functions.values() if function.body is not None)
    yield from (size for declared in spec.inputs.values() for size in declared.shape)
    yield from (size for _, size in (*spec.dims.values(), *spec.indices.values()))
