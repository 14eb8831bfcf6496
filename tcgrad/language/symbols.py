"""What the names of a spec stand for, while it is elaborated."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field

from tcgrad.errors import Diagnostic, Note, Report, Span
from tcgrad.functions import FUNCTIONS, Function
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Fit, Intrinsic
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.language.elsewhere import HOW_TO_WRITE, help_on
from tcgrad.language.parsing.lexer import respelled
from tcgrad.operators import ALIASES, DELTA, INTRINSICS, LEVI_CIVITA
from tcgrad.records import dataclass
from tcgrad.spec.limits import MAX_NAME
from tcgrad.spec.names import nearest

PI = Tensor("pi", (), Role.CONSTANT)


class Refused(Exception):  # noqa: N818 - not an error of its own: the report has it
    """An expression without meaning; what is wrong has been reported."""


@dataclass(frozen=True)
class UserFunction:
    """A function with a body, already elaborated: ``body`` is over the calls that stand for its parameters."""

    name: str
    parameters: tuple[Expr, ...]
    body: Expr


@dataclass
class Symbols:
    """The names in scope of an equation.

    tensors: inputs, constants and what has been defined so far.
    places: where each tensor was declared or defined.
    indices: the ranges declared under ``indices:``.
    broken: names whose own declaration or equation was refused; what depends on them is dropped in silence.
    lost: whether there are equations that define nobody knows what.
    later: tensors that an equation further down defines.
    hidden: names that cannot be used here: the code and the message of the error, and its help.
    intrinsics: matrix functions of tensors met so far, by their names. pending: those that are no statements yet.
    fits, equal: by what is at least 0 why that is so, and sizes that are equal, or the equations cannot be read.
    chosen: sizes that are at least 0, or indices run over other ranges.
    stepped: of each tensor that a recurrence defines, the axis and the name of the index along which it runs.
    upstream: tensors whose gradients an expectation may read; None in an equation.
    in_function: whether this is the body of a function, which sees no tensors but constants.
    """

    report: Report
    strict: bool = False
    dims: dict[str, Integer] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)
    functions: dict[str, Function | UserFunction] = field(default_factory=lambda: dict(FUNCTIONS))
    indices: dict[str, Integer] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    lost: bool = False
    later: dict[str, Span] = field(default_factory=dict)
    hidden: Mapping[str, tuple[str, str, str | None]] = field(default_factory=dict)
    intrinsics: dict[str, Intrinsic] = field(default_factory=dict)
    pending: list[Intrinsic] = field(default_factory=list)
    fits: dict[Integer, Fit] = field(default_factory=dict)
    chosen: dict[Integer, None] = field(default_factory=dict)
    equal: list[tuple[Integer, Integer]] = field(default_factory=list)
    stepped: dict[str, tuple[int, str]] = field(default_factory=dict)
    upstream: dict[str, Tensor] | None = None
    in_function: bool = False
    _sizes: dict[Integer, Integer] = field(default_factory=dict)

    def bring_in(self, tensor: Tensor, place: Span) -> None:
        """From here on the name of a tensor, declared or defined at ``place``, stands for it."""
        self.tensors[tensor.name] = tensor
        self.places[tensor.name] = place

    def one_size(self, size: Integer) -> Integer:
        """The one object for a size: sizes are compared all the time, and objects faster than what is in them."""
        return self._sizes.setdefault(size, size)

    def refuse(self, code: str, message: str, span: Span, help_: str | None = None, *notes: Note) -> Refused:
        """Report an error; the exception for the caller to raise.

        Where the syntax is wrong already, nothing is said: there is no telling what follows from that alone.
        """
        if not self.report.is_unclear(span):
            self.report.add(Diagnostic(code, message, span, help_, notes))
        return Refused()

    def warn(self, code: str, message: str, span: Span, help_: str | None = None, *notes: Note) -> None:
        self.report.add(Diagnostic(code, message, span, help_, notes, "warning"))

    def place_of(self, name: str) -> Span | None:
        """Where ``name`` is declared or defined; names are one that are one as identifiers in Python."""
        if name in self.places or name.isascii():
            return self.places.get(name)
        key = unicodedata.normalize("NFKC", name)
        return next(
            (place for other, place in self.places.items() if unicodedata.normalize("NFKC", other) == key), None
        )

    def free_name(self, stem: str) -> str:
        """A name that nothing has, for help: ``stem``, or with a number behind it."""
        names = itertools.chain([stem], (f"{stem}{number}" for number in itertools.count(2)))
        return next(name for name in names if self.place_of(name) is None and name not in self.later)

    def text(self, span: Span) -> str:
        """The source text of a span on one line, for help that shows a correction."""
        source = self.report.source
        return respelled(source.text[span.start : span.end]) if source else "..."

    def builtin(self, name: str) -> str:
        """The form that ``name`` is another spelling of, where the spec does not declare the name itself."""
        return ALIASES.get(name, name) if name not in self.tensors and name not in self.dims else name

    def tensor(self, name: str, span: Span) -> Tensor:
        """The tensor of that name.

        Raises:
            Refused: after an error, unless the name is that of something already refused.
        """
        if name in self.tensors:
            return self.tensors[name]
        if name in self.broken:
            raise Refused
        if name in self.later:
            note = Note(self.later[name], f"`{name}` is defined here")
            help_ = f"put the equation of `{name}` before this one"
            raise self.refuse("TC303", f"`{name}` is used before it is defined", span, help_, note)
        raise self.unknown(name, span, self.tensors, _WITH_BRACKETS.get(name))

    def unknown(self, name: str, span: Span, known: Iterable[str], meant: str | None = None) -> Refused:
        """Report a name that nothing declares, or that cannot be used here; meant: help that fits its place."""
        if name in self.hidden:
            code, message, help_ = self.hidden[name]
            return self.refuse(code, message, span, help_)
        if self.lost and nearest(name, known) is None:
            return Refused()
        said = (
            self._reading_of(name)
            or self._gradient_meant(name)
            or meant
            or help_on(name, [*known, *WITH_INDICES], _MISSPELT if len(name) > _LONGEST_ABBREVIATION + 1 else 1)
            or self._how_to_declare(name)
        )
        return self.refuse("TC301", f"`{name}` is not declared or defined", span, said)

    def unknown_alone(self, name: str, span: Span) -> Refused:
        """Report such a name that stands without brackets, and may have been meant to have indices."""
        known = self.names()
        if len(name) == 1:  # no letter is a misspelt `pi`
            known = [other for other in known if other != PI.name]
        is_word = name in HOW_TO_WRITE and len(name) > _LONGEST_ABBREVIATION
        return self.unknown(name, span, known, None if is_word else self._with_indices(name))

    def _how_to_declare(self, name: str) -> str:
        if self.in_function:
            return f"declare `{name}` under `constants:`, or make it a parameter"
        return f"declare `{name}` under `inputs:` or `constants:`, or define it in an equation before"

    def _reading_of(self, name: str) -> str | None:
        """What ``exp[x]`` was meant to be, ``delta`` alone, and a dim in brackets."""
        if self.builtin(name) in WITH_INDICES:
            return f"`{name}` has indices: `{name}[{WITH_INDICES[self.builtin(name)]}]`"
        if name == PI.name:
            return f"`{name}` is a number, and is written without brackets"
        if name in self.dims:
            return f"`{name}` is a dim: its size is written `{name}`, without brackets"
        small = name.lower()
        function = small if small in FUNCTIONS or small in INTRINSICS else name
        if function in self.functions or function in INTRINSICS:
            return f"the arguments of a function stand in parentheses: `{function}(...)`"
        return self._transposed(name)

    def _transposed(self, name: str) -> str | None:
        """How to write ``A'`` and ``Aᵀ`` of a tensor ``A``."""
        tensor = self.tensors.get(name.rstrip("'ᵀ"))
        if tensor is None or tensor.name == name:
            return None
        if tensor.order > 1:
            return TRANSPOSE.format(tensor.name, "j,i")
        return VECTORS.format(tensor.name) if tensor.order else f"`{tensor.name}` is a number: write `{tensor.name}`"

    def _gradient_meant(self, name: str) -> str | None:
        """How to write ``dy``, as the gradient of ``y`` is called in code."""
        known = name[:1] == "d" and name[1:] in (self.upstream or {})
        return f"write `dl/{name}` for the gradient of `{name[1:]}`" if known else None

    def _with_indices(self, name: str) -> str | None:
        """How to write ``x_i``, ``xᵢ`` or ``xi`` of a tensor ``x``; in ``xx`` the index would be a tensor."""
        if len(name) > MAX_NAME:
            return None
        for end in range(len(name) - 1, 0, -1):
            indices = [char for char in name[end:] if char != "_"]
            if name[end] != "_" and not self.tensors.keys().isdisjoint(indices):
                continue
            if len(indices) == self._order_of(name[:end]) > 0:
                return f"write `{name[:end]}[{','.join(map(_without_subscript, indices))}]`"
        return None

    def _order_of(self, name: str) -> int:
        """How many indices a tensor has, declared or of the language's own; 0 where there is none of the name."""
        if name in self.tensors:
            return self.tensors[name].order
        example = WITH_INDICES.get(self.builtin(name), "")
        return len(example.split(",")) if example else 0

    def names(self) -> Collection[str]:
        """All names that have a value by themselves."""
        return (*self.tensors, *self.dims, PI.name)


TRANSPOSE = "write a transpose by its indices: `{}[{}]`"
VECTORS = "write vectors with their indices: `{0}[i]*w[i]` is a number, `{0}[i]*w[j]` a matrix"

_WITH_BRACKETS = {
    "I": "write `delta[i,j]` for the unit matrix",
    **dict.fromkeys(("eps", "epsilon", "ϵ"), f"write `{LEVI_CIVITA}[i,j,k]` for the permutation symbol"),
}

_MISSPELT = 0.8  # how near a tensor is to a name that is something elsewhere: `beta` beside `eta`
_LONGEST_ABBREVIATION = 2  # of a tensor with its index: `tr` may be `t[r]`, but `True` is no `T[r,u,e]`

_SUBSCRIPTS = dict(zip("ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₀₁₂₃₄₅₆₇₈₉", "aehijklmnoprstuvx0123456789", strict=True))


WITH_INDICES = {DELTA: "i,j", LEVI_CIVITA: "i,j,k"}
"""Forms that are tensors of the language's own, with indices for an example."""


def _without_subscript(char: str) -> str:
    return _SUBSCRIPTS.get(char, char)
