"""Random recurrences as people write them: no range is declared, and there may be a single position.

Steps go back by several numbers of positions and read rows of before that are turned, shifted, looked up, summed in
part; beside them stands what is read at positions made of the step's. Base cases feed others, before the start and
behind it. One or two tensors are stepped along either axis, and an index may be called as a tensor that comes later.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

LENGTHS = (1, 2, 3, 7)
LONGEST = LENGTHS[-1]  # the derivatives of recurrences as long as this one hold at greater lengths
LAGS = ((1,), (1,), (1, 2), (1, 3), (2,), (3,), (1, 2, 3))
INPUTS = {
    "x": "[T, N]",
    "w": "[N, N]",
    "b": "[N]",
    "s": "[]",
    "long": "[2*T + 1]",
    "pad": "{shape: [T, N], outside: 0}",
    "tok": "{shape: [N], dtype: int, sample: {integers: [0, N]}}",
    "at": "{shape: [T], dtype: int, sample: {integers: [0, N]}}",
}

# What a step at {t} and {j} makes of a row of before, and where in the row it reads.
ROWS = (
    *(("{row}", "{j}"), ("s*{row}", "{j}"), ("tanh({row})*b[{j}]", "{j}")),
    *(("{row}", "({j}+1)%N"), ("{row}", "N-1-{j}"), ("{row}", "tok[{j}]")),
    *(("w[{j},k]*{row}", "k"), ("w[k,{j}]*sin({row})", "k")),
    *(("sum[k]([k <= {t}]*{row})", "k"), ("mean[k]({row}*w[{j},k])", "k")),
)
BESIDE = (
    *("b[{j}]*s", "x[T-1-{t},{j}]", "x[({t}+1)%T,{j}]", "b[at[{t}]]*b[{j}]", "long[2*{t}+1]*w[{j},{j}]"),
    *("pad[{t}-2,{j}]", "pad[2*{t},{j}+1]", "x[{t}//2,tok[{j}]]", "x[{t},{j}]/(1 + {t}%2)", "[{t} > 1]*b[{j}]"),
)
STEPS = ("tanh({})", "sin({})", "({})/2", "max({}, 0)", "{}")
BASES = ("b[{j}]", "s*b[{j}]^2", "sin(x[0,{j}])", "w[{j},k]*b[k]", "1[{j}]*s")
FED = ("{before}*b[{j}]", "tanh({before}) + b[{j}]", "b[{j}] - 0.5*{before}^2")

# What is summed up in the end, and where it reads the recurrence.
ENDS = (
    *(("{y}^2*x[i,k]", "i", "k"), ("{y}*x[i,k]", "T-1-i", "k")),
    *(("sin({y})*x[i,k]", "i", "tok[k]"), ("{y}*x[i,k]", "T-1", "k")),
)


class Writer:
    """A spec as it is written."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.length = self.random.choice(LENGTHS)
        self.lags = self.random.choice(LAGS)
        self.is_turned = self.random.random() < 0.4
        self.t, self.j = self.random.choice(("t", "n")), self.random.choice(("j", "i", "f"))

    def spec(self) -> str:
        names = ["h", "c"] if self.random.random() < 0.35 else ["h"]
        equations = [*self._bases(names), *self._steps(names)]
        if self.random.random() < 0.6:
            form, along, across = self.random.choice(ENDS)
            equations.append(f"f = sum[i,k]({form.format(y=self._at(names[-1], along, across))})")
        dims = f"{{T: {self.length}, N: {self.random.choice((1, 2, 3))}}}"
        lines = [f"dims: {dims}", "inputs:", *(f"  {name}: {value}" for name, value in INPUTS.items())]
        return "\n".join([*lines, "equations:", *(f"  - {equation!r}" for equation in equations), ""])

    def _bases(self, names: list[str]) -> Iterator[str]:
        """As many as the longest lag, which may reach behind the start if there are so many positions."""
        longest = max(self.lags)
        first = self.random.randint(-longest, min(0, self.length - longest))
        for name in names:
            for at in range(first, first + longest):
                form = self.random.choice(FED if at > first and self.random.random() < 0.5 else BASES)
                body = form.format(j=self.j, before=self._at(name, str(at - 1), self.j))
                yield f"{self._at(name, str(at), self.j)} = {body}"

    def _steps(self, names: list[str]) -> Iterator[str]:
        """Of two tensors the first reads the second further back, and the second the first where it is."""
        for number, name in enumerate(names):
            back = [(name, lag) for lag in self.lags]
            back += [(other, max(self.lags)) for other in names if other != name]
            terms = [self._row(*each) for each in back]
            terms += [f"0.3*{self._at(names[0], self.t, self.j)}"] if number else []
            terms += [self.random.choice(BESIDE).format(t=self.t, j=self.j), f"x[{self.t},{self.j}]"]
            body = self.random.choice(STEPS).format(" + ".join(terms))
            yield f"{self._at(name, self.t, self.j)} = {body}"

    def _row(self, name: str, lag: int) -> str:
        form, across = self.random.choice(ROWS)
        row = self._at(name, f"{self.t}-{lag}", across.format(j=self.j))
        return form.format(row=row, t=self.t, j=self.j)

    def _at(self, name: str, along: str, across: str) -> str:
        """A component at a position along the recurrence and one across it."""
        return f"{name}[{across},{along}]" if self.is_turned else f"{name}[{along},{across}]"


def recurrent_spec(seed: int) -> str:
    """The text of the random spec with this number."""
    return Writer(seed).spec()


def other_sizes(seed: int) -> dict[str, int]:
    """Sizes at which the module of that spec is good as well."""
    length = Writer(seed).length
    return {"T": length + 2 if length == LONGEST else length, "N": 4}
