"""Random programs rich in what simplification knows: softmax, norms, sigmoids, logarithms, guards, extremes.

Every program is valid, and every function is applied where it is defined: what is divided by, or stands under a root or
a logarithm, is positive.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

DIMS = {"N": 3, "M": 2}
INDICES = {"i": "N", "j": "N", "k": "M", "l": "M", "n": "N", "m": "M", "p": "N", "q": "M"}
NUMBERS = ("2", "3", "1/2", "0.5", "0.1", "4", "1.5", "1")
SHAPES = ((), ("N",), ("N",), ("M",), ("N", "M"), ("N", "M"), ("N", "N"))
FREE = ((), (), ("N",), ("M",), ("N", "M"), ("N", "N"))
UNIT_INTERVAL = "{uniform: [0.1, 0.9]}"

# Of what is any number, {a} and {b}, and of what is positive, {p} and {q}.
FORMS = (
    *("({a} + {b})",) * 3,
    *("({a} - {b})",) * 2,
    *("({a})*({b})",) * 4,
    "({a})/{p}",
    "log({p})",
    "{p}*log({q})",
    "1/(1 + exp(-({a})))",
    "({a})^2",
    "(1 - ({a}))",
    "max(0, {a})",
    "max(0, 1 - ({a}))",
    "sqrt({p})",
    "where({x} > {number}, {a}, {b})",
    *(f"{function}({{a}})" for function in ("tanh", "sigmoid", "sin", "silu", "softplus", "gelu")),
    *(f"{function}({{a}})" for function in ("relu", "abs", "sign")),
    *(f"{{p}}^({exponent})" for exponent in ("-1", "-1/2", "1/2", "3/2", "-2")),
    *("reduction",) * 9,
)
POSITIVE = (
    "exp({a}/4)",
    "sigmoid({a})",
    "(({a})^2 + 0.1)",
    "(({a})^2 + 1)",
    "sqrt(1 + ({a})^2)",
    "(1 + {p})",
    "softplus({a})",
    "({p} + {q})",
)

# Of one row {a}, and of the same row over another index {b}, which {o} is.
ROWS = (
    *("exp({a}{scale})/sum[{o}](exp({b}{scale}))",) * 4,
    "{a}/sqrt(sum[{o}]({b}^2) + 0.1)",
    "({a} - mean[{o}]({b}))",
    "{a}*{a}/(0.1 + sum[{o}]({b}*{b}))",
    "{a} - log(sum[{o}](exp({b})))",
    "{a} - max[{o}]({b})",
)
REDUCTIONS = ("sum", "sum", "sum", "mean", "mean", "max", "logsumexp", "prod")
TOTALS = ("{a}^2", "log(1 + exp({a}))")

Indices = tuple[str, ...]


@dataclass
class Writer:
    """A spec as it is written; ``tensors`` are those that may be read, with the dims of their axes."""

    random: random.Random
    inputs: dict[str, str] = field(default_factory=dict)
    tensors: dict[str, Indices] = field(default_factory=dict)
    positive: set[str] = field(default_factory=set)
    equations: list[str] = field(default_factory=list)

    def spec(self) -> str:
        for number in range(self.random.randint(1, 3)):
            self._declare(f"x{number}")
        names = [f"y{number}" for number in range(self.random.randint(1, 4))]
        for name in names:
            self.random.choices((self._plain, self._row, self._contraction), (8, 2, 1))[0](name)
        if self._chance(0.5):
            self._total(names[-1])
        lines = ["dims: {" + ", ".join(f"{dim}: {size}" for dim, size in DIMS.items()) + "}", "inputs:"]
        lines += [f"  {name}: {value}" for name, value in self.inputs.items()]
        lines += ["indices: {" + ", ".join(f"{index}: {dim}" for index, dim in INDICES.items()) + "}"]
        lines += ["equations:", *(f"  - '{line}'" for line in self.equations)]
        return "\n".join(lines) + "\n"

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _declare(self, name: str) -> None:
        shape = self.random.choice(SHAPES)
        samples = ["normal", "normal", "positive", UNIT_INTERVAL, *(["simplex"] if shape else [])]
        sample = self.random.choice(samples)
        self.inputs[name] = f"{{shape: [{', '.join(shape)}], sample: {sample}}}"
        self.tensors[name] = shape
        if sample != "normal":
            self.positive.add(name)

    # equations

    def _plain(self, name: str) -> None:
        free = self._indices(self.random.choice(FREE))
        body = self.term(free, self.random.choice((2, 2, 3)))
        missing = [index for index in free if not _mentions(body, index)]
        self._define(name, free, f"1[{','.join(missing)}]*({body})" if missing else body)

    def _row(self, name: str) -> None:
        """Each row of a tensor made to add up to 1, of length 1, centred or the like."""
        known = [tensor for tensor, shape in self.tensors.items() if shape]
        if not known:
            self._plain(name)
            return
        tensor = self.random.choice(known)
        free = self._indices(self.tensors[tensor])
        other = next(self._unused(INDICES[free[-1]], free))
        form, scale = self.random.choice(ROWS), self.random.choice(("", "/2", "*3"))
        rows = {"a": _component(tensor, free), "b": _component(tensor, (*free[:-1], other))}
        self._define(name, free, form.format(**rows, o=other, scale=scale))
        if form.startswith("exp"):
            self.positive.add(name)

    def _contraction(self, name: str) -> None:
        """A matrix times a vector or another matrix."""
        pairs = [
            (left, right)
            for left, (_, *last) in ((t, s) for t, s in self.tensors.items() if len(s) == 2)
            for right, shape in self.tensors.items()
            if shape[:1] == (*last,)
        ]
        if not pairs:
            self._plain(name)
            return
        left, right = self.random.choice(pairs)
        rows, inner = self._indices(self.tensors[left])
        columns = [next(self._unused(dim, (rows, inner))) for dim in self.tensors[right][1:]]
        body = f"{_component(left, (rows, inner))}*{_component(right, (inner, *columns))}"
        self._define(name, (rows, *columns), body)

    def _total(self, name: str) -> None:
        """A scalar out of a tensor, so that there are second derivatives."""
        free = self._indices(self.tensors[name])
        body = self.random.choice(TOTALS).format(a=_component(name, free))
        self.equations.append(f"f = sum[{','.join(free)}]({body})" if free else f"f = {body}")

    def _define(self, name: str, free: Indices, body: str) -> None:
        self.equations.append(f"{_component(name, free)} = {body}")
        self.tensors[name] = tuple(INDICES[index] for index in free)

    # terms; all that is free in them is in ``free``

    def term(self, free: Indices, depth: int) -> str:
        """Any number."""
        if depth <= 0:
            return self._read(free, self.tensors) or self._number()
        form = self.random.choice(FORMS)
        return self._reduction(free, depth) if form == "reduction" else self._filled(form, free, depth)

    def term_above_0(self, free: Indices, depth: int) -> str:
        known = self._read(free, self.positive) if self._chance(0.15) else None
        if known or depth <= 0:
            return known or f"exp({self.term(free, 0)})"
        return self._filled(self.random.choice(POSITIVE), free, depth)

    def _filled(self, form: str, free: Indices, depth: int) -> str:
        parts = {part: self.term(free, depth - 1) for part in ("a", "b") if f"{{{part}}}" in form}
        parts |= {part: self.term_above_0(free, depth - 1) for part in ("p", "q") if f"{{{part}}}" in form}
        return form.format(**parts, x=self.term(free, 0), number=self._number())

    def _reduction(self, free: Indices, depth: int) -> str:
        bound = self.random.choice([index for index in INDICES if index not in free])
        body = self.term((*free, bound), depth - 1)
        kind = self.random.choice(REDUCTIONS)
        alike = [index for index in free if INDICES[index] == INDICES[bound]]
        if kind == "sum" and alike and self._chance(0.35):
            operator = self.random.choice(("<=", "<", "!=", ">="))
            body = f"[{bound} {operator} {self.random.choice(alike)}]*({body})"
        return f"{kind}[{bound}]({body})" if _mentions(body, bound) else body

    def _read(self, free: Indices, among: Sequence[str] | dict[str, Indices] | set[str]) -> str | None:
        """A component over free indices, rather of a tensor that was defined late; None where none fits."""
        over = {dim: [index for index in free if INDICES[index] == dim] for dim in DIMS}
        fitting = [name for name, shape in self.tensors.items() if name in among and all(over[dim] for dim in shape)]
        if not fitting:
            return None
        name = self.random.choice(fitting[-5:] if self._chance(0.7) else fitting)
        return _component(name, [self.random.choice(over[dim]) for dim in self.tensors[name]])

    def _number(self) -> str:
        return self.random.choice(NUMBERS)

    def _indices(self, shape: Indices) -> Indices:
        """Different indices for the axes of a shape, mostly the first ones."""
        chosen: Indices = ()
        for dim in shape:
            unused = list(self._unused(dim, chosen))
            chosen = (*chosen, unused[0] if self._chance(0.8) else self.random.choice(unused))
        return chosen

    def _unused(self, dim: str, used: Indices) -> Iterator[str]:
        return (index for index, own in INDICES.items() if own == dim and index not in used)


def _component(name: str, positions: Sequence[str]) -> str:
    return f"{name}[{','.join(positions)}]" if positions else name


def _mentions(text: str, index: str) -> bool:
    return re.search(rf"\b{index}\b", text) is not None


def rich_spec(seed: int) -> str:
    """The text of the random spec with this number."""
    return Writer(random.Random(seed)).spec()
