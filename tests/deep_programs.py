"""Random programs that go deep into the language: what stands in a position, in a condition, behind a power, in a step.

Axes have calculated lengths and positions are of every kind: whole, turned, divided, round and round, joined out of two
indices, looked up, beyond a tensor with zeros around it. Integers and truth values are inputs, sums are cumulative,
reductions nest, recurrences fill their first positions by themselves and by each other. The ranges of all indices are
declared, and every program is valid.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

DIMS = {"N": 3, "M": 2, "K": 4}
INDICES = {"i": "N", "j": "N", "p": "N", "k": "M", "l": "M", "c": "M", "a": "K", "b": "K", "r": "K", "t": "K"}
AXES = ("N", "N", "N", "M", "M", "M", "K", "K", "K", "N*M", "N+M-1", "2*N", "K-1", "3")
FUNCTIONS = {
    "f(g)": ("g*sin(g)", "g^3/(1 + g^2)", "where(g > 0, g, tanh(g))", "max(g, 0)^2"),
    "h(u, v)": ("u*v - cos(v)", "u^2*v/(1 + v^2)", "max(u, v)*v", "exp(-u^2)*v", "atan2(u, 1 + v^2)"),
}

# Of any numbers {a} and {b}, of what stands under another index {o} as well {s}, of a component {x}, of an index {i}
# and another one of its range {o}.
FORMS = (
    *("({a} + {b})", "({a} - {b})", "({a})*({b})", "({a})/(1 + ({b})^2)", "-({a})"),
    *(f"{name}({{a}})" for name in ("sin", "tanh", "sigmoid", "softplus", "silu", "gelu", "erf", "asinh", "atan")),
    *(f"{name}({{a}})" for name in ("relu", "abs", "elu", "sign", "floor", "ceil")),
    *("({a})^2", "({a})^3", "(1 + ({a})^2)^-1.5", "(1 + ({a})^2)^{x}", "2^({a}/4)", "exp(({a})/4)^al", "({a})^2^1"),
    *("log(eps + ({a})^2)", "sqrt(1 + ({a})^2)", "(eps + ({a})^2)^(1/2)", "expm1(sin({a}))", "lgamma(1 + ({a})^2)"),
    *("max({a}, {b})", "min({a}, {b})", "atan2({a}, 1 + ({b})^2)", "clip({a}, -0.7, 0.8)", "leaky_relu({a}, 0.1)"),
    *("where({condition}, {a}, {b})", "[{condition}]*({a})", "f({a})", "h({a}, {b})") * 2,
    *("reduction",) * 8,
)
INDEXED = (  # where there is an index
    *("(1.5 + sin({a}))^{i}", "({a})*({i} + 1)", "{i}/3*({a})", "{equal}*({a})", "delta[{i}//2,{j}]*({a})"),
    *("delta[{i}%2,0]*({a})", "delta[2*{i},{j}+1]*({a})", "[{i} <= {j}]*({a})"),
    *("sum[{o}]([{o} {compare} {i}]*({s}))", "sum[{o}]([{o} {compare} {i}{shift}]*({s}))"),
    *("exp({x})/sum[{o}](exp({y}))", "{x} - max[{o}]({y})"),
)
REDUCTIONS = ("sum", "sum", "mean", "max", "min", "logsumexp", "prod")
COMPARED = ("<=", "<", ">=", ">", "!=")
LEAVES = ("2", "0.5", "eps", "N", "pi/4", "(M + 1)", "1/K")
TOTALS = ("({})^2", "sin({})", "({0})*cos({0})", "tanh({0})*({0})")

Indices = tuple[str, ...]


@dataclass
class Writer:
    """A spec as it is written; ``tensors`` are those that may be read, with the lengths of their axes."""

    random: random.Random
    inputs: dict[str, str] = field(default_factory=dict)
    tensors: dict[str, Indices] = field(default_factory=dict)
    integers: dict[str, Indices] = field(default_factory=dict)
    padded: set[str] = field(default_factory=set)
    equations: list[str] = field(default_factory=list)

    def spec(self) -> str:
        for number in range(self.random.randint(2, 4)):
            self._declare(f"{self.random.choice(('x', 'w', 'lambda', 'b', 'A'))}{number}")
        if self._chance(0.5):
            self._declare_integers("n")
        if self._chance(0.2):
            self.inputs["on"], self.tensors["on"] = "{shape: [N], dtype: bool}", ("N",)
        writers = (self._plain, self._recurrence, self._coupled, self._matrix)
        for number in range(self.random.randint(1, 3)):
            self.random.choices(writers, (7, 1, 1, 1))[0](f"y{number}")
        last = list(self.tensors)[-1]
        outputs = [self._total(last)] if self._chance(0.5) else [last]
        lines = ["dims: {" + ", ".join(f"{dim}: {size}" for dim, size in DIMS.items()) + "}"]
        lines += ["constants: {eps: 0.25, al: -1.5}", "functions:"]
        lines += [f"  {name}: {self.random.choice(bodies)}" for name, bodies in FUNCTIONS.items()]
        lines += ["inputs:", *(f"  {name}: {value}" for name, value in self.inputs.items())]
        lines.append("indices: {" + ", ".join(f"{index}: {dim}" for index, dim in INDICES.items()) + "}")
        lines += ["equations:", *(f"  - '{line}'" for line in self.equations), f"outputs: [{outputs[0]}]"]
        return "\n".join(lines) + "\n"

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _declare(self, name: str) -> None:
        shape = [self.random.choice(AXES) for _ in range(self.random.choice((0, 1, 1, 2, 2, 3)))]
        if len(shape) == 2 and self._chance(0.3):
            shape[1] = shape[0]
        keys = [f"shape: [{', '.join(shape)}]"]
        if shape and self._chance(0.2):
            keys.append("outside: 0")
            self.padded.add(name)
        if len(shape) > 1 and shape[-1] == shape[-2] and self._chance(0.3):
            keys.append("symmetric: true")
        elif shape and self._chance(0.2):
            keys.append(f"sample: {self.random.choice(('positive', 'simplex', 'one_hot'))}")
        self.inputs[name] = "{" + ", ".join(keys) + "}"
        self.tensors[name] = tuple(shape)

    def _declare_integers(self, name: str) -> None:
        shape = tuple(self.random.choices("NMK", k=self.random.choice((0, 1, 1, 2))))
        self.inputs[name] = f"{{shape: [{', '.join(shape)}], dtype: int, sample: {{integers: [0, 2]}}}}"
        self.tensors[name] = self.integers[name] = shape

    # equations

    def _plain(self, name: str) -> None:
        free = self._some(INDICES, self.random.choice((0, 1, 1, 2, 2, 3)))
        self._define(name, free, self.term(free, self.random.choice((2, 2, 3))))

    def _define(self, name: str, free: Indices, body: str) -> None:
        self.equations.append(f"{component(name, free)} = {_over(free, body)}")
        self.tensors[name] = tuple(INDICES[index] for index in free)

    def _matrix(self, name: str) -> None:
        """A matrix that is far from singular, of which a function is read somewhere."""
        row, column = self.random.choice((("i", "j"), ("k", "l"), ("a", "b")))
        body = f"3*delta[{row},{column}] + tanh({self.term((row, column), 1)})*0.5 + 0.1*{row}"
        self._define(f"m{name}", (row, column), body)
        free = self._some(INDICES, 2)
        inverse = component(f"inv(m{name})", [self.position(INDICES[row], free) for _ in range(2)])
        read = self.random.choice((inverse, inverse, f"det(m{name})", f"logdet(m{name})"))
        self._define(name, free, f"{read}*({self.term(free, 1)})")

    def _recurrence(self, name: str) -> None:
        """Of which the first steps are before the first position, at it, or one made from the other."""
        free = self._some(("i", "k", "a"), self.random.choice((0, 1)))
        lags, firsts = self.random.choice((((1,), (-1,)), ((1,), (0,)), ((1, 2), (-2, -1)), ((1, 2), (0, 1))))
        for first in firsts:
            self.equations.append(f"{component(name, (*free, str(first)))} = {_over(free, self.term(free, 1))}")
        before = [component(name, (*free, f"t-{lag}")) for lag in lags]
        factors = [f"{self.random.choice(('0.5*', 'tanh', 'sin'))}({read})" for read in before]
        body = f"{' - '.join(factors)}{self.random.choice((' + ', '*'))}{self.read((*free, 't'))}"
        self.equations.append(f"{component(name, (*free, 't'))} = {_over((*free, 't'), body)}")
        self.tensors[name] = (*(INDICES[index] for index in free), "K")

    def _coupled(self, name: str) -> None:
        """Two tensors that are stepped through together; the second sees the first at the same step."""
        other = f"h{name}"
        for tensor in (other, name):
            self.equations.append(f"{tensor}[-1] = {self.term((), 1)}")
        self.equations.append(f"{name}[t] = sin({other}[t-1])*{self.read(('t',))} + 0.5*{name}[t-1]")
        self.equations.append(f"{other}[t] = {other}[t-1]*{self.read(('t',))} - 0.3*{name}[t]")
        self.tensors[other] = self.tensors[name] = ("K",)

    def _total(self, name: str) -> str:
        """A scalar out of a tensor, so that there are second derivatives."""
        free = [f"e{axis}" for axis, _ in enumerate(self.tensors[name])]
        body = self.random.choice(TOTALS).format(component(name, free))
        kind = self.random.choice(("sum", "mean"))
        self.equations.append(f"g = {kind}[{','.join(free)}]({body})" if free else f"g = {body}")
        return "g"

    # terms; all that is free in them is in ``free``

    def term(self, free: Indices, depth: int) -> str:
        if depth <= 0 or self._chance(0.25):
            return self.read(free) if self._chance(0.85) else self.random.choice(LEAVES)
        form = self.random.choice((*FORMS, *INDEXED) if _pairs(free) else FORMS)
        if form == "reduction":
            return self._reduction(free, depth)
        parts = {part: self.term(free, depth - 1) for part in ("a", "b") if f"{{{part}}}" in form}
        return form.format(**parts, **self._beside(form, free, depth))

    def _beside(self, form: str, free: Indices, depth: int) -> dict[str, str]:
        """What a form has besides terms: indices, components, comparisons."""
        found = {"x": self.read(free), "condition": self._condition(free)}
        if any(part in form for part in ("{i}", "{o}", "{equal}")):
            i, o = self.random.choice(_pairs(free))
            x = self.read((i,)) if "{y}" in form else found["x"]
            found |= {"i": i, "j": self.random.choice(free), "o": o, "x": x, "y": re.sub(rf"\b{i}\b", o, x)}
            found |= {"s": self.term((*free, o), depth - 1), "compare": self.random.choice(COMPARED)}
            found["shift"] = self.random.choice(("+1", "-1"))
            same = INDICES[i] == INDICES[found["j"]]  # a delta joins no two ranges that are declared apart
            found["equal"] = f"delta[{i},{found['j']}]" if same else f"[{i} == {found['j']}]"
        return found

    def _reduction(self, free: Indices, depth: int) -> str:
        """Over some of what occurs; a sum may be left to the convention."""
        new = self._some([index for index in INDICES if index not in free], self.random.choice((1, 1, 2)))
        body = self.term((*free, *new), depth - 1)
        own = [index for index in new if _mentions(body, index)]
        if self._chance(0.3):
            others = [factor for index in own for factor in (self.read((index,), must=index), f"1[{index}]")]
            return "*".join((f"({body})", *others))
        return f"{self.random.choice(REDUCTIONS)}[{','.join(own)}]({body})" if own else f"({body})"

    def _condition(self, free: Indices) -> str:
        first, second = self.read(free), self.read(free)
        forms = [f"{first} > 0", f"{first} <= {second}", f"{first} > eps"]
        if free:
            i, j = self.random.choice(free), self.random.choice(free)
            forms += [f"{i} < 2", f"{i} == {j}", f"0 <= {i} - {j} < 2", f"{i}//2 < {j}", f"({i}+{j})%2 == 0"]
            forms += [f"2*{i} - {j} >= 1", f"0 - (-{i})//2 < {j}", f"{i} != 1"]
            forms += [
                f"{self._integer(name, free)} {compare} {i}" for name in self.integers for compare in ("==", "<=")
            ]
        return self.random.choice(forms)

    # components

    def read(self, free: Indices, *, must: str = "") -> str:
        """A component, rather one along free indices; along the index ``must`` if a tensor has such an axis."""
        names = [name for name, shape in self.tensors.items() if not must or INDICES[must] in shape]
        over = {INDICES[index] for index in free}
        fitting = [name for name in names if self.tensors[name] and over.issuperset(self.tensors[name])]
        name = self.random.choice(fitting if fitting and self._chance(0.6) else names or list(self.tensors))
        positions = [self.position(axis, free, padded=name in self.padded, must=must) for axis in self.tensors[name]]
        return component(name, positions)

    def position(self, axis: str, free: Indices, *, padded: bool = False, must: str = "") -> str:
        """One that is inside for the whole ranges of the free indices, unless zeros are around."""
        same = [index for index in free if INDICES[index] == axis]
        if must in same:
            return must
        if same and self._chance(0.6):
            return self.random.choice(same)
        if padded and free:
            return self.random.choice(list(self._loose(free)))
        kinds = (self._turned(axis, same), self._joined(axis, free), self._looked_up(axis, free), ("0",))
        return self.random.choice([position for kind in kinds for position in kind])

    def _loose(self, free: Indices) -> Iterable[str]:
        i, j = self.random.choice(free), self.random.choice(free)
        yield from (f"{i}-1", f"{i}+1", f"2*{i}-1", f"{i}-{j}", f"{i}//2", f"{i}-{j}+1", f"-{i}//2", f"({i}-1)%2-1")
        for name in self.integers:
            read = self._integer(name, free)
            yield from (f"{read}-1", f"{read}+{i}-1", f"3*{read}+1", f"{i}-2*{read}", f"-{read}", f"{read}//2-1")

    def _turned(self, axis: str, same: Sequence[str]) -> Iterable[str]:
        for i in same:
            yield from (f"{axis}-1-{i}", f"({i}+1)%{axis}", f"{i}//2", f"(-{i})%{axis}", f"{i}%2")
        if axis in DIMS:
            yield from (f"{axis}-1", "1")

    def _joined(self, axis: str, free: Indices) -> Iterable[str]:
        rows, columns = ([index for index in free if INDICES[index] == dim] for dim in "NM")
        for i in rows:
            if axis == "2*N":
                yield from (f"2*{i}", f"2*{i}+1")
            for k in columns:
                yield from {"N*M": (f"{i}*M+{k}", f"{k}*N+{i}"), "N+M-1": (f"{i}+{k}",) * 2}.get(axis, ())
        if axis in DIMS:
            yield from (f"({i}+2*{self.random.choice(free)})%{axis}" for i in free)

    def _looked_up(self, axis: str, free: Indices) -> Iterable[str]:
        if axis in DIMS:
            yield from (self._integer(name, free) for name in self.integers)
        if axis == "K":
            small = [index for index in free if INDICES[index] != "K"]
            yield from (f"{self._integer(name, free)}+{index}" for name in self.integers for index in small)

    def _integer(self, name: str, free: Indices) -> str:
        places = ([index for index in free if INDICES[index] == axis] or ["0", "1"] for axis in self.integers[name])
        return component(name, [self.random.choice(place) for place in places])

    def _some(self, among: Iterable[str], number: int) -> Indices:
        return tuple(self.random.sample(list(among), number))


def _pairs(free: Indices) -> list[tuple[str, str]]:
    """Each free index with each unused one of its range."""
    unused = [index for index in INDICES if index not in free]
    return [(index, other) for index in free for other in unused if INDICES[index] == INDICES[other]]


def component(name: str, positions: Sequence[str]) -> str:
    return f"{name}[{','.join(positions)}]" if positions else name


def _over(free: Indices, body: str) -> str:
    """The body, the one-tensor of those of its free indices that it does not mention before it."""
    missing = [index for index in free if not _mentions(body, index)]
    return f"1[{','.join(missing)}]*({body})" if missing else body


def _mentions(text: str, index: str) -> bool:
    return re.search(rf"\b{index}\b", text) is not None


def deep_spec(seed: int) -> str:
    """The text of the random spec with this number."""
    return Writer(random.Random(seed)).spec()
