"""A spec file as data: what was written, where, and nothing that has been worked out from it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from tcgrad.errors import Located, Source
from tcgrad.records import dataclass

Dtype = Literal["real", "int", "bool"]
SampleKind = Literal["normal", "positive", "simplex", "spd", "uniform", "integers", "one_hot"]


@dataclass(frozen=True)
class Sample:
    """How values of an input are drawn; ``low`` and ``high`` belong to uniform and integers.

    written: those of integers that are expressions of dims, still as text; until their values are known they are None.
    """

    kind: SampleKind = "normal"
    low: float | None = None
    high: float | None = None
    written: tuple[Located | None, Located | None] = (None, None)


@dataclass(frozen=True)
class InputDeclaration:
    """An input as declared: its axes are integers, dim names or dim expressions, still as text."""

    name: Located
    shape: tuple[Located, ...]
    dtype: Dtype = "real"
    sample: Sample = Sample()
    symmetric: bool = False
    zero_outside: bool = False


@dataclass(frozen=True)
class FunctionDeclaration:
    """A scalar function ``name(parameters)``; ``body`` None declares it abstract."""

    name: Located
    parameters: tuple[Located, ...]
    body: Located | None


@dataclass(frozen=True)
class Constant:
    """A named number: its exact value and the text it was written as."""

    name: Located
    value: Fraction
    text: str


@dataclass(frozen=True)
class Spec:
    """One spec file. Every text carries its place; names are checked, expressions are not yet parsed."""

    source: Source
    name: str
    doc: str
    dims: Mapping[str, tuple[Located, Located]]  # name -> (the name, the text of its value)
    constants: Mapping[str, Constant]
    inputs: Mapping[str, InputDeclaration]
    equations: tuple[Located, ...]
    outputs: tuple[Located, ...]  # empty: the last equation's tensor
    wrt: tuple[Located, ...]  # empty: every real-valued input
    indices: Mapping[str, tuple[Located, Located]]
    functions: Mapping[str, FunctionDeclaration]
    strict: bool
    expect: tuple[Located, ...]
    check: Mapping[str, object]  # option name -> value, as the check command takes them
