"""Random programs of the plain language, as spec texts, for the property tests.

Sizes are small distinct primes, so that a transposed or mixed-up axis cannot go unnoticed. Every program is valid and
smooth: functions are applied where they are defined, denominators are at least 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hypothesis import strategies as st

DIMS = {"A": 2, "B": 3, "C": 5}
INDICES = {"i": "A", "j": "B", "k": "C", "m": "A", "n": "B"}
BOUND = "r"  # the index of explicit sums, never used otherwise
RANGES = {**INDICES, BOUND: "C"}
SMOOTH = ("sin", "cos", "tanh", "sigmoid", "atan", "softplus", "silu", "gelu", "erf", "asinh")


@dataclass
class Scope:
    """The tensors that may be read, by name, and the indices that are free."""

    tensors: dict[str, tuple[str, ...]]
    free: tuple[str, ...] = ()


@st.composite
def specs(draw: st.DrawFn, most_equations: int = 4) -> str:
    """The text of a random spec whose outputs are its last one or two tensors."""
    count = draw(st.integers(2, 4))
    tensors: dict[str, tuple[str, ...]] = {}
    for number in range(count):
        tensors[f"x{number}"] = tuple(draw(st.lists(st.sampled_from(list(DIMS)), max_size=3)))
    inputs = dict(tensors)
    equations = [draw(_equation(tensors, f"y{n}")) for n in range(draw(st.integers(1, most_equations)))]
    outputs = [f"y{len(equations) - 1}"] + (["y0"] if len(equations) > 2 and draw(st.booleans()) else [])
    lines = [
        "dims: {" + ", ".join(f"{name}: {size}" for name, size in DIMS.items()) + "}",
        "constants: {c: 0.5}",
        "inputs:",
    ]
    lines += [f"  {name}: [{', '.join(shape)}]" for name, shape in inputs.items()]
    lines.append("indices: {" + ", ".join(f"{name}: {dim}" for name, dim in RANGES.items()) + "}")
    lines += ["equations:", *(f"  - {equation}" for equation in equations), f"outputs: [{', '.join(outputs)}]"]
    return "\n".join(lines) + "\n"


@st.composite
def _equation(draw: st.DrawFn, tensors: dict[str, tuple[str, ...]], name: str) -> str:
    """An equation that defines ``name``, which joins ``tensors``."""
    free = tuple(draw(st.lists(st.sampled_from(list(INDICES)), max_size=3, unique=True)))
    scope = Scope(tensors, free)
    terms = [draw(_term(scope, covering=True)) for _ in range(draw(st.integers(1, 2)))]
    body = draw(st.sampled_from([" + ", " - "])).join(terms)
    tensors[name] = tuple(INDICES[index] for index in free)
    target = f"{name}[{','.join(free)}]" if free else name
    return f"{target} = {body}"


@st.composite
def _term(draw: st.DrawFn, scope: Scope, *, covering: bool = False) -> str:
    """A product whose free indices are all those of the scope if ``covering``."""
    factors = [draw(_factor(scope)) for _ in range(draw(st.integers(1, 2)))]
    pair = draw(st.none() | _contraction(scope))
    if pair:
        factors += pair
    missing = [index for index in scope.free if not any(_mentions(factor, index) for factor in factors)]
    if covering and missing:
        factors.insert(0, f"1[{','.join(missing)}]")
    number = draw(st.sampled_from(["", "2*", "0.5*", "c*", "3/2*"]))
    return number + "*".join(factors)


def _mentions(factor: str, index: str) -> bool:
    return re.search(rf"[\[,]{index}[\],]", factor) is not None


@st.composite
def _factor(draw: st.DrawFn, scope: Scope) -> str:
    """Something over free indices of the scope alone."""
    read = draw(_read(scope, scope.free))
    kind = draw(st.sampled_from(["read", "read", "call", "square", "quotient", "sum", "total", "root"]))
    match kind:
        case "call":
            return f"{draw(st.sampled_from(SMOOTH))}({read})"
        case "square":
            return f"({read})^{draw(st.integers(2, 3))}"
        case "quotient":
            return f"{read}/(1 + {draw(_read(scope, scope.free))}^2)"
        case "root":
            return f"sqrt(2 + cos({read}))"
        case "sum":
            other = draw(_read(scope, scope.free))
            return f"({read} + c*{other})" if sorted(_names(read)) == sorted(_names(other)) else read
        case "total":
            return f"exp(-sum[{BOUND}]({draw(_read(scope, (*scope.free, BOUND)))}^2)/4)"
        case _:
            return read


def _names(read: str) -> list[str]:
    return read.partition("[")[2].rstrip("]").split(",")


@st.composite
def _read(draw: st.DrawFn, scope: Scope, allowed: tuple[str, ...]) -> str:
    """A component over allowed indices, of a tensor that they fit; a number if none fits."""
    fitting = [name for name, shape in scope.tensors.items() if all(_candidates(dim, allowed) for dim in shape)]
    if not fitting:
        return "1.5"
    name = draw(st.sampled_from(fitting))
    indices = [draw(st.sampled_from(_candidates(dim, allowed))) for dim in scope.tensors[name]]
    return f"{name}[{','.join(indices)}]" if indices else name


def _candidates(dim: str, allowed: tuple[str, ...]) -> list[str]:
    return [index for index in allowed if RANGES[index] == dim]


@st.composite
def _contraction(draw: st.DrawFn, scope: Scope) -> list[str] | None:
    """Two components that share a dummy, or None where no tensor has a suitable axis."""
    dummy = draw(st.sampled_from([index for index in INDICES if index not in scope.free] or ["m"]))
    if dummy in scope.free:
        return None
    holding = [name for name, shape in scope.tensors.items() if INDICES[dummy] in shape]
    pair = []
    for _ in range(2):
        name = draw(st.sampled_from(holding)) if holding else None
        read = name and _with_dummy(scope.tensors[name], dummy, scope.free)
        if not read:
            return None
        pair.append(f"{name}[{','.join(read)}]")
    return pair


def _with_dummy(shape: tuple[str, ...], dummy: str, free: tuple[str, ...]) -> list[str] | None:
    read = [dummy if dim == INDICES[dummy] else next(iter(_candidates(dim, free)), "") for dim in shape]
    return read if all(read) else None
