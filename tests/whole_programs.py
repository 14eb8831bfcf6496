"""Random programs of the whole language, as spec texts.

Sizes are small distinct primes, so that a transposed or mixed-up axis cannot go unnoticed. Every program is valid, and
every function is applied where it is defined: denominators and bases are at least 1, matrices far from singular.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from itertools import product

import yaml

from tcgrad.errors import TcgradError
from tcgrad.language.elaborate import elaborate
from tcgrad.spec.loader import read_spec

DIMS = {"A": 2, "B": 3, "C": 5, "T": 4, "L": 11}
INDICES = {"i": "A", "j": "B", "k": "C", "m": "A", "n": "B", "t": "T"}
BOUND = {"r": "B", "s": "A", "q": "C"}  # of reductions, never used otherwise
SIZES = {index: DIMS[dim] for index, dim in {**INDICES, **BOUND}.items()}
SMOOTH = (
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "atan",
    "softplus",
    "silu",
    "gelu",
    "gelu_tanh",
    "erf",
    "asinh",
    "cube",
    "erfc",
)
BROKEN = ("relu", "abs", "elu", "sign", "floor", "ceil")
REDUCTIONS = ("sum", "mean", "prod", "max", "min", "logsumexp")
Shape = tuple[str, ...]


@dataclass
class Writer:
    """A spec as it is written; ``tensors`` are those that may be read, with the dims of their axes."""

    random: random.Random
    smooth: bool = False  # no kinks and no jumps
    inputs: dict[str, str] = field(default_factory=dict)
    tensors: dict[str, Shape] = field(default_factory=dict)
    padded: set[str] = field(default_factory=set)
    equations: list[str] = field(default_factory=list)

    def spec(self) -> str:
        for number in range(self.random.randint(2, 4)):
            shape = tuple(self.random.choices(("A", "B", "C", "T", "L"), (4, 4, 3, 1, 2), k=self.random.randint(0, 3)))
            padded = bool(shape) and self.random.random() < 0.2
            self._declare(f"x{number}", shape[:2] if "L" in shape else shape, padded=padded)
        names = [self._block(f"y{number}") for number in range(self.random.randint(1, 4))]
        outputs = names[-1:] if len(names) < 3 or self.random.random() < 0.6 else [names[-1], names[0]]
        if self.random.random() < 0.4:
            outputs = [self._total(names[-1])]
        return self._text(outputs)

    def _text(self, outputs: list[str]) -> str:
        used = [name for name in self.inputs if any(_mentions(line, name) for line in self.equations)]
        real = [name for name in used if "dtype" not in self.inputs[name]]
        if not real:
            self._declare("z", ())
            self.equations = [f"{line} + 0*z" for line in self.equations]
            used.append("z")
        lines = ["dims: {" + ", ".join(f"{name}: {size}" for name, size in DIMS.items()) + "}", "constants: {c: 0.5}"]
        lines += [
            "functions: {cube(a): a^3/(1 + a^2)}",
            "inputs:",
            *(f"  {name}: {self.inputs[name]}" for name in used),
        ]
        lines.append(_ranges({**INDICES, **BOUND}))
        lines += ["equations:", *(f"  - {line!r}" for line in self.equations), f"outputs: [{', '.join(outputs)}]"]
        return "\n".join(lines) + "\n"

    def _declare(self, name: str, shape: Shape, *, padded: bool = False, sample: str = "") -> str:
        keys = [f"shape: [{', '.join(shape)}]", *(["outside: 0"] if padded else []), *([sample] if sample else [])]
        self.inputs[name] = "{" + ", ".join(keys) + "}"
        self.tensors[name] = shape
        if padded:
            self.padded.add(name)
        return name

    def _one_of(self, *choices: str) -> str:
        return self.random.choice(choices)

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    # equations

    def _block(self, name: str) -> str:
        kind = self.random.choices(("plain", "recurrence", "matrix"), (6, 1.5, 1))[0]
        return {"plain": self._plain, "recurrence": self._recurrence, "matrix": self._matrix}[kind](name)

    def _plain(self, name: str) -> str:
        free = tuple(self.random.sample(("i", "j", "k", "m", "n"), self.random.randint(0, 3)))
        terms = [self.term(free) for _ in range(self.random.randint(1, 2))]
        self._define(name, free, self._one_of(" + ", " - ").join(terms))
        return name

    def _define(self, name: str, free: tuple[str, ...], body: str) -> None:
        self.equations.append(f"{component(name, free)} = {body}")
        self.tensors[name] = tuple(INDICES[index] for index in free)

    def _total(self, name: str) -> str:
        """A scalar out of a tensor, so that there are second derivatives."""
        free = tuple(f"e{k}" for k, _ in enumerate(self.tensors[name]))
        read = component(name, free)
        body = self._one_of(f"{read}^2", f"sin({read})", f"{read}*cos({read})")
        self.equations.append(f"f = sum[{','.join(free)}]({body})" if free else f"f = {body}")
        return "f"

    def _matrix(self, name: str) -> str:
        """A function of a declared or defined matrix that is far from singular, perhaps one of a batch."""
        row, column = self.random.choice((("i", "m"), ("j", "n")))
        batch = ("k",) if self._chance(0.4) else ()
        matrix, dims = f"m{name}", tuple(INDICES[index] for index in (*batch, row, column))
        if self._chance(0.5):
            symmetric = "symmetric: true, " if self._chance(0.3) else ""
            self._declare(matrix, dims, sample=symmetric + "sample: spd")
        else:
            self._define(
                matrix,
                (*batch, row, column),
                f"3*delta[{row},{column}] + tanh({self.factor((*batch, row, column), 1)})",
            )
        kind = self._one_of("inv", "inv", "det", "logdet")
        if kind != "inv":
            read = f"{kind}({matrix})" + (f"[{batch[0]}]" if batch else "")
            self._define(name, batch, f"{read}*{self.factor(batch, 1)}")
            return name
        vectors = [other for other, shape in self.tensors.items() if shape == (INDICES[row],)]
        if vectors and self._chance(0.6):
            free, left = (*batch, row), f"inv({matrix})[{','.join((*batch, row, column))}]"
            self._define(name, free, f"{left}*{self.random.choice(vectors)}[{column}]")
        else:
            positions = [*batch, *self.random.sample((row, column), 2)]
            self._define(name, (*batch, row, column), f"inv({matrix})[{','.join(positions)}]")
        return name

    def _recurrence(self, name: str) -> str:
        """A tensor step by step, perhaps two that depend on each other."""
        others = tuple(self.random.sample(("i", "j"), self.random.randint(0, 1)))
        axis = self.random.randint(0, len(others))
        lags = self.random.choice(((1,), (1,), (1, 2), (2,)))
        first = self.random.choice((-max(lags), 0, -1)) if max(lags) == 1 else self.random.choice((-2, 0, -1))
        names = [name] if self._chance(0.7) else [name, f"{name}b"]

        def at(tensor: str, position: str, rest: tuple[str, ...] = others) -> str:
            return component(tensor, (*rest[:axis], position, *rest[axis:]))

        for tensor in names:
            for position in range(first, first + max(lags)):
                self.equations.append(f"{at(tensor, str(position))} = {self.factor(others, 1)}")
        for number, tensor in enumerate(names):
            parts = [f"{self._one_of('0.5*', 'c*', '')}{at(tensor, f't-{lag}')}" for lag in lags]
            if others and self._chance(0.5):
                inner = {"i": "m", "j": "n"}[others[0]]
                weight = self._declare(f"w{len(self.inputs)}", (INDICES[others[0]],) * 2)
                parts[0] = f"{weight}[{others[0]},{inner}]*{at(tensor, f't-{lags[0]}', (inner,))}"
            if len(names) > 1:
                parts.append(f"0.3*{at(names[1 - number], 't' if number else 't-1')}")
            free = (*others[:axis], "t", *others[axis:])
            parts.append(self.term(free))
            body = self._one_of("tanh({})", "{}", "sin({})").format(" + ".join(parts))
            self.equations.append(f"{at(tensor, 't')} = {body}")
        for tensor in names:
            self.tensors[tensor] = tuple(INDICES[index] for index in (*others[:axis], "t", *others[axis:]))
        return names[-1]

    # terms and factors; all that is free in them is in ``free``

    def term(self, free: tuple[str, ...]) -> str:
        factors = [self.factor(free, 2) for _ in range(self.random.randint(1, 2))]
        if self._chance(0.5):
            factors += self._contraction(free)
        if self._chance(0.2) and free:
            factors.insert(0, f"1[{self.random.choice(free)}]")
        return self._one_of("", "2*", "0.5*", "c*", "3/2*") + "*".join(factors)

    def _contraction(self, free: tuple[str, ...]) -> list[str]:
        """Two factors that share a dummy, or one in which it is repeated."""
        dummies = [index for index in INDICES if index not in free]
        dummy = self.random.choice(dummies)
        reads = [read for _ in range(4) if dummy in _indices_of(read := self.read((*free, dummy)))]
        if len(reads) < 2:
            square = [name for name, shape in self.tensors.items() if shape == (INDICES[dummy],) * 2]
            return [f"{self.random.choice(square)}[{dummy},{dummy}]"] if square else []
        first = self._one_of("{}", "{}", "sin({})", "({} - 1)", "{}^2").format(reads[0])
        extra = [self._one_of("[{} > 0]", "{}", "delta[{},0]", "1[{}]").format(dummy)] if self._chance(0.3) else []
        return [first, reads[1], *extra]

    def factor(self, free: tuple[str, ...], depth: int) -> str:
        """A factor whose indices are free or bound in it."""
        read = self.read(free)
        kinds = ["read", "call", "power", "quotient", "index", "two"]
        kinds += ["reduction", "reduction", "bracket", "where", "delta", "group"] if depth > 0 else []
        match self.random.choice(kinds):
            case "call":
                names = SMOOTH if self.smooth or self._chance(0.7) else BROKEN
                return f"{self._one_of(*names)}({read if self._chance(0.6) else f'{read} + 0.3'})"
            case "power":
                return self._one_of("({})^2", "({})^3", "(1.5 + sin({}))^-1.5", "exp({}/4)", "log(2 + {}^2)").format(
                    read
                )
            case "quotient":
                return f"{read}/(1 + {self.read(free)}^2)"
            case "two":
                return self._two(read, self.read(free))
            case "index" if free:
                index = self.random.choice(free)
                return self._one_of("({} + 1)", "(B - {})", "({}/3 + 0.5)", "({}^2 - 1)").format(index)
            case "reduction":
                return self._reduction(free, depth)
            case "bracket" if free:
                return self._bracket(free, read)
            case "where" if free:
                return f"where({self._condition(free)}, {self.factor(free, depth - 1)}, {self._one_of(read, '0', '1')})"
            case "delta" if len(free) > 1:
                return self._delta(free)
            case "group":
                return f"({read} {self._one_of('+', '-')} {self.factor(free, depth - 1)})"
            case _:
                return read

    def _two(self, left: str, right: str) -> str:
        smooth = ("atan2({0}, 2 + {1}^2)", "(1.5 + cos({0}))^{1}", "sqrt(1 + {0}^2 + {1}^2)")
        broken = ("max({0}, {1})", "min({0}, {1})", "leaky_relu({0}, 0.1)", "clip({0}, -0.4, 0.4)")
        return self._one_of(*smooth, *(() if self.smooth else broken)).format(left, right)

    def _reduction(self, free: tuple[str, ...], depth: int) -> str:
        bound = [index for index in BOUND if index not in free]
        if not bound:
            return self.read(free)
        own = tuple(self.random.sample(bound, min(len(bound), self.random.choice((1, 1, 2)))))
        kinds = [kind for kind in REDUCTIONS if not (self.smooth and kind in {"max", "min"})]
        kind = self.random.choice(kinds)
        body = self.factor((*free, *own), depth - 1)
        if self._chance(0.3):
            body = f"{body}*{self.factor((*free, *own), 0)}"
        return f"{kind}[{','.join(own)}]({body})"

    def _condition(self, free: tuple[str, ...]) -> str:
        index = self.random.choice(free)
        other = self.random.choice(free)
        return self._one_of(f"{index} <= {other}", f"0 < {index} < B", f"{index} != 1", f"{index} + {other} == 2",
                            f"{index} % 2 == 0", f"{index} >= 1", f"1 <= {other} - {index} + 1 < 3")  # fmt: skip

    def _bracket(self, free: tuple[str, ...], read: str) -> str:
        if not self.smooth and self._chance(0.3):
            return f"[{read} > {self._one_of('0', '0.2', self.read(free))}]"
        return f"[{self._condition(free)}]"

    def _delta(self, free: tuple[str, ...]) -> str:
        pairs = [(a, b) for a, b in product(free, free) if a != b and SIZES[a] == SIZES[b]]
        if not pairs:
            return f"delta[{self.random.choice(free)},1]"
        a, b = self.random.choice(pairs)
        if SIZES[a] == 2 and self._chance(0.3):
            return f"levi_civita[{a},{b}]"
        return f"delta[{a},{b}]"

    # components

    def read(self, free: tuple[str, ...]) -> str:
        """A component whose positions stay inside for the whole ranges of the free indices."""
        name = self.random.choice(list(self.tensors))
        return component(name, [self._position(dim, free, padded=name in self.padded) for dim in self.tensors[name]])

    def _position(self, dim: str, free: tuple[str, ...], *, padded: bool) -> str:
        size = DIMS[dim]
        plain = [index for index in free if SIZES[index] == size]
        kind = self.random.choices(("plain", "compound", "gather", "literal"), (6, 3, 0.5, 0.5))[0]
        if kind == "plain" and plain:
            return self.random.choice(plain)
        if kind == "gather":
            return self._gathered(dim, free)
        if free and kind != "literal":
            for _ in range(4):
                position, low, high = self._compound(size, free)
                if padded or (low >= 0 and high < size):
                    return position
        return str(self.random.randrange(size))

    def _compound(self, size: int, free: tuple[str, ...]) -> tuple[str, int, int]:
        """A position with its least and greatest value."""
        one = self.random.choice(free)
        top = SIZES[one] - 1
        two = self.random.choice([index for index in free if index != one] or [""])
        a, b = self.random.choice((1, 1, 2, 3)), self.random.randint(0, 3)
        match self.random.choice(("shift", "stride", "turned", "half", "modulus", "pair", "split", "joined")):
            case "shift":
                b = self.random.randint(-2, 3)
                return _offset(one, b), b, top + b
            case "stride":
                return _offset(f"{a}*{one}", b), b, a * top + b
            case "turned":
                return f"{size - 1}-{one}", size - 1 - top, size - 1
            case "half":
                return f"{one}//2", 0, top // 2
            case "modulus":
                return f"({a}*{one}+{b})%{size}", 0, size - 1
            case "pair" if two:
                other = SIZES[two] - 1
                sign = self.random.choice((1, -1))
                shift = (other if sign < 0 else 0) + self.random.randint(-1, 1)
                text = _offset(f"{a}*{one}{'+' if sign > 0 else '-'}{two}", shift)
                return text, shift - (other if sign < 0 else 0), a * top + (other if sign > 0 else 0) + shift
            case "split":
                return f"{one}%2", 0, 1
            case "joined" if two:
                other = SIZES[two]
                return f"{other}*{one}+{two}", 0, SIZES[one] * other - 1
            case _:
                return one, 0, top

    def _gathered(self, dim: str, free: tuple[str, ...]) -> str:
        """A component of an integer tensor; the same one again where it fits."""
        axes = tuple(self.random.sample(free, min(len(free), self.random.randint(0, 2))))
        shape = ", ".join({**INDICES, **BOUND}[index] for index in axes)
        name = f"g{dim.lower()}{''.join({**INDICES, **BOUND}[index] for index in axes).lower()}"
        self.inputs[name] = "{" + f"shape: [{shape}], dtype: int, sample: {{integers: [0, {DIMS[dim]}]}}" + "}"
        return component(name, axes)


def component(name: str, positions: list[str] | tuple[str, ...]) -> str:
    return f"{name}[{','.join(positions)}]" if positions else name


def _offset(text: str, shift: int) -> str:
    return text if shift == 0 else f"{text}{shift:+d}"


def _mentions(line: str, name: str) -> bool:
    return name in _words(line)


def _words(line: str) -> list[str]:
    return "".join(char if char.isalnum() or char == "_" else " " for char in line).split()


def _indices_of(read: str) -> list[str]:
    return _words(read.partition("[")[2])


def whole_spec(seed: int, *, smooth: bool = False) -> str:
    """The text of the random spec with this number."""
    return Writer(random.Random(seed), smooth).spec()


def twice(text: str) -> str:
    """The equations of a spec, and once more over other inputs."""
    given = {key: value for key, value in yaml.safe_load(text).items() if key not in ("outputs", "wrt")}
    lefts = [str(line).partition("=")[0].strip() for line in given["equations"]]
    names = {*given["inputs"], *(re.split(r"\W", left)[0] for left in lefts)}
    own = re.compile(rf"\b({'|'.join(sorted(names))})\b(?!\s*\()")
    again = {f"{name}_": value for name, value in given["inputs"].items()}
    return yaml.safe_dump(
        {
            **given,
            "inputs": {**given["inputs"], **again},
            "equations": [*given["equations"], *(own.sub(r"\1_", line) for line in given["equations"])],
        },
        sort_keys=False,
    )


def inferred_spec(seed: int) -> str:
    """The same program with as few declared ranges as it can do with, mostly with none.

    Of recurrences that depend on each other all are kept: the reference reads each of their equations by itself.
    """
    text = whole_spec(seed)
    declared = next(line for line in text.splitlines() if line.startswith("indices:"))
    kept = {**INDICES, **BOUND}
    coupled = re.search(r"y\db\[", text) is not None
    for name in () if coupled else tuple(kept):
        fewer = {other: dim for other, dim in kept.items() if other != name}
        if _is_readable(text.replace(declared, _ranges(fewer))):
            kept = fewer
    return text.replace(declared, _ranges(kept))


def _ranges(declared: dict[str, str]) -> str:
    return "indices: {" + ", ".join(f"{name}: {dim}" for name, dim in declared.items()) + "}"


def _is_readable(text: str) -> bool:
    try:
        elaborate(read_spec(text, "generated"))
    except TcgradError:
        return False
    return True
