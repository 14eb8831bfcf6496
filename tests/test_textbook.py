"""The table of textbook gradients: each derived, proved equal to the reference, and printed no longer than it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import tcgrad
from tcgrad.check.evaluated.paths import Paths
from tcgrad.check.expectations import decide_expectations
from tcgrad.check.options import Options
from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import tensors_read
from tcgrad.notation.index import print_statement
from tcgrad.notation.naming import Surroundings
from tcgrad.simplify.cost import cost

SIZES = {"N": 5, "M": 3, "K": 2, "P": 7, "B": 4, "H": 6, "D": 8, "L": 9, "V": 10, "T": 3}
FACTS = {
    "positive": "sample: positive",
    "simplex": "sample: simplex",
    "one_hot": "sample: one_hot",
    "spd": "sample: spd",
    "padded": "outside: 0",
    "unit": "sample: {uniform: [0.1, 0.9]}",
    "symmetric": "symmetric: true",
}


@dataclass(frozen=True)
class Entry:
    name: str
    inputs: str
    equations: tuple[str, ...]
    references: tuple[str, ...]

    def __str__(self) -> str:
        return self.name

    def spec(self, expect: tuple[str, ...]) -> str:
        """The entry as the text of a spec."""
        declared = dict(item.split(":", 1) for item in re.split(r",\s*", self.inputs))
        own = [name.strip() for name, what in declared.items() if "size" in what]
        used = [dim for dim in SIZES if dim not in own and re.search(rf"\b{dim}\b", self.text)]
        dims = [f"{dim}: {SIZES[dim]}" for dim in used]
        dims += [f'{name.strip()}: "{what.split()[1]}"' for name, what in declared.items() if "size" in what]
        constants = [f"{name.strip()}: {what.split()[1]}" for name, what in declared.items() if "=" in what]
        inputs = [
            f"  {name.strip()}: {_declared(what.split())}"
            for name, what in declared.items()
            if not re.search("size|=|^ in |^ out$", what)
        ]
        ranges = [
            f'{name.strip()}: "{what.split()[1]}"' for name, what in declared.items() if what.split()[:1] == ["in"]
        ]
        lines = [f"dims: {{{', '.join(dims)}}}"] if dims else []
        lines += [f"constants: {{{', '.join(constants)}}}"] if constants else []
        lines += ["inputs:", *inputs, "equations:", *(f"  - '{line}'" for line in self.equations)]
        lines += [f"indices: {{{', '.join(ranges)}}}"] if ranges else []
        outputs = [name.strip() for name, what in declared.items() if what.strip() == "out"]
        lines += [f"outputs: [{', '.join(outputs)}]"] if outputs else []
        lines += ["expect:", *(f"  - '{line}'" for line in expect)] if expect else []
        return "\n".join(lines) + "\n"

    @property
    def text(self) -> str:
        return "\n".join((self.inputs, *self.equations))


def _declared(words: list[str]) -> str:
    facts = [FACTS[word] for word in words if word in FACTS]
    axes = [word for word in words if word not in FACTS]
    if "int" in axes:
        place = axes.index("int")
        facts.append(f"dtype: int, sample: {{integers: [0, {SIZES.get(axes[place + 1], axes[place + 1])}]}}")
        axes = axes[:place]
    return "{" + ", ".join([f"shape: [{', '.join(axes)}]", *facts]) + "}"


def entries(file: str = "textbook.txt") -> list[Entry]:
    """An indented line belongs to the last line that is not; those that begin with a derivative are references."""
    _, *sections = (Path(__file__).parent / file).read_text(encoding="utf-8").split("\n== ")
    return [_entry(block) for section in sections for block in section.split("\n\n")[1:]]


def _entry(block: str) -> Entry:
    head, *lines = block.strip().splitlines()
    name, _, inputs = head.partition(" | ")
    told = [line.strip() for line in lines]
    is_reference = [re.match(r"d\w+(\[[^]]*\])?/d", line) is not None for line in told]
    return Entry(
        name,
        inputs.strip(),
        tuple(line for line, derived in zip(told, is_reference, strict=True) if not derived),
        tuple(line for line, derived in zip(told, is_reference, strict=True) if derived),
    )


@cache
def function_of(entry: Entry) -> tcgrad.TensorFunction:
    return tcgrad.loads(entry.spec(entry.references), entry.name)


def printed(entry: Entry, reference: Define) -> tuple[str, ...]:
    """The equations that are printed for the derivative of a reference; none for the gradient of an intermediate."""
    if reference.tensor.role is not Role.JACOBIAN:
        return printed_gradient(entry, reference.tensor.about[0])
    function = function_of(entry)
    of, wrt = reference.tensor.about
    shown = [j.define for j in function.derivation.jacobians if (j.of, j.wrt) == (of, wrt) and j.define]
    around = Surroundings.of(function.program)
    return tuple(line for statement in shown for line in print_statement(statement, surroundings=around))


def printed_gradient(entry: Entry, wrt: Tensor) -> tuple[str, ...]:
    function = function_of(entry)
    shown = [s for g in function.derivation.gradients if g.wrt == wrt for s in g.statements]
    around = Surroundings.of(function.program)
    return tuple(line for statement in shown for line in print_statement(statement, surroundings=around))


def needed(entry: Entry, reference: Define) -> Iterator[Define]:
    """A reference, and those that it reads."""
    lines = {line.tensor: line for line in function_of(entry).program.expectations}
    waiting, seen = [reference], set()
    while waiting:
        line = waiting.pop()
        if line.tensor not in seen:
            seen.add(line.tensor)
            yield line
            waiting += [lines[tensor] for tensor in tensors_read(line.body) if tensor in lines]


def printed_cost(entry: Entry, lines: tuple[str, ...]) -> int:
    """The cost of what is printed, but for an adjoint that is a recurrence: the references take it for given."""
    names = [re.split(r"[\[ ]", line)[0] for line in lines]
    formulas = tuple(line for line, name in zip(lines, names, strict=True) if names.count(name) == 1)
    program = tcgrad.loads(entry.spec(formulas), "printed").program
    return sum(cost(line.body) for line in program.expectations)


def test_the_table_is_long_enough():
    assert len(entries()) >= 60
    assert len({entry.name for entry in entries()}) == len(entries())


each_entry = pytest.mark.parametrize("entry", entries(), ids=str, scope="module")  # an entry is derived in one worker


@each_entry
def test_every_reference_is_proved(entry: Entry):
    function = function_of(entry)
    decided = decide_expectations(Paths(function.derivation), (), Options(), str)
    assert len(decided) == len(entry.references)
    assert [each.equation for each in decided if not each.proved] == []


@each_entry
def test_what_is_printed_is_no_longer(entry: Entry):
    for reference in function_of(entry).program.expectations:
        lines = printed(entry, reference)
        if lines:
            allowed = sum(cost(line.body) for line in needed(entry, reference))
            assert printed_cost(entry, lines) <= allowed, lines


@each_entry
def test_the_gradient_of_a_scalar_is_its_derivative_and_what_is_given(entry: Entry):
    program = function_of(entry).program
    for reference in program.expectations:
        tensor = reference.tensor
        if tensor.role is Role.JACOBIAN and program.outputs == tensor.about[:1] and not program.outputs[0].order:
            allowed = sum(cost(line.body) for line in needed(entry, reference))
            lines = printed_gradient(entry, tensor.about[1])
            assert printed_cost(entry, lines) <= allowed + 1, lines
