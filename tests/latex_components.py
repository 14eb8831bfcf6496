"""Components, indices and sizes in LaTeX, as a reader recognises them by their names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from latex_symbols import ACCENTS, LETTERS, Key, mark, sign_of, spelling, split

Env = Mapping[Key, int]
Node = Callable[[Env], object]
Name = str | tuple[str, ...]  # of a tensor, or of what is differentiated and by what
DOWNSTREAM = "dl"  # the scalar of which gradients are given, where these are: ("dl", "x")


class AmbiguousError(Exception):
    """A text that can be read in two ways, or a name that two things have, or none."""


class OutsideError(Exception):
    """A component that there is not."""


class TooLongError(Exception):
    """More components than a test has time for."""


@dataclass
class Known:
    """What a text may read.

    numbers: of sizes. zero_outside: what is 0 where it has no component.
    functions: the abstract ones, by name. before: components at positions before the first, of recurrences.
    """

    arrays: dict[Name, np.ndarray]
    numbers: dict[str, int] = field(default_factory=dict)
    zero_outside: frozenset[Name] = frozenset()
    functions: dict[str, Callable] = field(default_factory=dict)
    before: dict[tuple[Name, tuple[int, ...]], float] = field(default_factory=dict)

    def named(self, key: Key) -> list[str]:
        return self.names.get(key, [])

    @cached_property
    def names(self) -> dict[Key, list[str]]:
        """What has each name; a gradient that several paths add up to is marked as the total."""
        found: dict[Key, list[str]] = {}
        for name in (*self.arrays, *self.numbers):
            if isinstance(name, str) and "(" not in name:
                found.setdefault(spelling(name), []).append(name)
            elif name[0] == DOWNSTREAM and name[1] not in self.arrays:
                stem, own = spelling(name[1].removesuffix("_total"))
                found.setdefault((stem, f"{own},total".strip(",")), []).append(name[1])
        return found

    def is_whole(self, name: str) -> bool:
        """Whether it is a number that may stand in a position."""
        return name in self.numbers or (not self.order(name) and self.arrays[name].dtype.kind == "i")

    def order(self, name: str) -> int:
        own = self.arrays.get(name, self.arrays.get((DOWNSTREAM, name)))
        return 0 if own is None else own.ndim


class Components:
    """Reads names with their subscripts.

    scope: the sizes of the axes at which each index stands alone. budget: how many components may be read.
    at: whether it stands in a position, where all is whole.
    """

    def __init__(
        self, pieces: Sequence[str], known: Known, scope: dict[Key, set[int]], budget: list[int], *, at: bool = False
    ) -> None:
        self.pieces, self.known, self.scope, self.budget, self.is_position = pieces, known, scope, budget, at
        self.place = 0

    def within(self, pieces: Sequence[str], *, at: bool = False) -> Components:
        return type(self)(pieces, self.known, self.scope, self.budget, at=at or self.is_position)

    def whole(self) -> Node:
        """All that is left, as an expression."""
        raise NotImplementedError

    def peek(self, ahead: int = 0) -> str:
        return self.pieces[self.place + ahead] if self.place + ahead < len(self.pieces) else ""

    def take(self, *expected: str) -> str:
        piece = self.peek()
        assert piece
        assert not expected or piece in expected, (expected, self.pieces[self.place - 8 : self.place + 8])
        self.place += 1
        return piece

    def takes(self, *pieces: str) -> bool:
        """Whether these come next; then they are taken."""
        found = tuple(self.pieces[self.place : self.place + len(pieces)]) == pieces
        self.place += len(pieces) if found else 0
        return found

    def group(self) -> Sequence[str]:
        self.take("{")
        start, depth = self.place, 1
        while depth:
            depth += {"{": 1, "}": -1}.get(self.take(), 0)
        return self.pieces[start : self.place - 1]

    def key(self, *, is_alone: bool = False) -> Key:
        """A name with the mark above it; with one below only where it can have no subscripts."""
        stem = self.stem()
        above = self.peek() == "^" and (self.peek(2) in ("(", r"\mathrm"))
        if above or (is_alone and self.peek() == "_"):
            self.take()
            return stem, mark(self.group())
        return stem, ""

    def key_ahead(self, *, is_alone: bool = False) -> Key | None:
        """The same where a name comes next."""
        try:
            return self.key(is_alone=is_alone)
        except AssertionError:
            return None

    def stem(self) -> str:
        piece = self.take()
        command = piece[1:] if piece[:1] == "\\" else ""
        if command in ("mathrm", "text"):
            return "".join(self.group()).replace(r"\_", "_")
        if piece == "{" or command in ACCENTS or command in ("mathbf", "boldsymbol", "mathcal"):
            self.place -= piece == "{"
            return self.within(self.group()).stem() + ACCENTS.get(command, "")
        assert command in LETTERS or (len(piece) == 1 and piece.isalpha()), piece
        return command or piece

    def only(self, key: Key) -> str:
        names = self.known.named(key)
        if len(names) != 1:
            raise AmbiguousError(key, names)
        return names[0]

    def symbol(self) -> Node:
        """An index, a size, a constant or a component."""
        key = self.key()
        subscript = self.group() if self.takes("_") else []
        marked = (key[0], mark(subscript)) if subscript and not key[1] else key
        meanings = [] if subscript and key[1] else self.plain(marked)
        meanings += self.components(key, subscript) if subscript else []
        if len(meanings) != 1:
            raise AmbiguousError(key, subscript, len(meanings))
        return meanings[0]()

    def plain(self, key: Key) -> list[Callable[[], Node]]:
        """What a name without subscripts may be."""
        found: list[Callable[[], Node]] = []
        if key in self.scope:
            found.append(lambda: lambda env: env[key])
        for name in self.known.named(key):
            if name in self.known.numbers:
                found.append(lambda size=self.known.numbers[name]: lambda _: size)
            elif not self.known.order(name) and (self.known.is_whole(name) or not self.is_position):
                found.append(lambda name=name: self.component(name, [[]]))
        if key == ("pi", "") and not found:
            found.append(lambda: lambda _: math.pi)
        return found

    def components(self, key: Key, subscript: Sequence[str]) -> list[Callable[[], Node]]:
        """What a name with subscripts may be."""
        names = [name for name in self.known.named(key) if self.known.order(name)]
        found: list[Callable[[], Node]] = [lambda name=name: self.component(name, [subscript]) for name in names]
        if key == ("delta", ""):
            found.append(lambda: self.delta(subscript))
        if key == ("varepsilon", "") and not names:
            found.append(lambda: self.permutation(subscript))
        return found

    def delta(self, subscript: Sequence[str]) -> Node:
        one, other = self.positions(subscript, (None, None), "")
        return lambda env: int(one(env) == other(env))

    def permutation(self, subscript: Sequence[str]) -> Node:
        order = max(len(split(subscript)), 2 if len(subscript) == 2 else 3)
        places = self.positions(subscript, (order,) * order, "")
        return lambda env: sign_of(int(place(env)) for place in places)

    def derivative(self) -> tuple[tuple[str, ...], list[Sequence[str]]]:
        """The names in a derivative, and the subscripts of each."""
        self.take(r"\frac")
        above, below = (self.within(self.group()) for _ in range(2))
        parts = [above.differential(is_first=True)]
        while below.peek():
            parts.append(below.differential(is_first=False))
            if below.takes("^", "2"):
                parts.append(parts[-1])
        return tuple(name for name, _ in parts), [subscript for _, subscript in parts]

    def differential(self, *, is_first: bool) -> tuple[str, Sequence[str]]:
        self.take(r"\partial")
        self.takes("^", "{", "2", "}") or self.takes("^", "2")
        downstream = (r"\mathcal", "{", "L", "}") if self.known.named(("l", "")) else ("l",)
        return (DOWNSTREAM, []) if is_first and self.takes(*downstream) else self.named_component(self.key())

    def named_component(self, key: Key) -> tuple[str, Sequence[str]]:
        """The tensor that is meant, and the subscripts that are no mark of its name."""
        subscript = self.group() if self.takes("_") else []
        names = [name for name in self.known.named(key) if bool(self.known.order(name)) == bool(subscript)]
        marked = self.known.named((key[0], mark(subscript))) if subscript and not key[1] else []
        scalars = [name for name in marked if not self.known.order(name)]
        if len(names + scalars) != 1:
            raise AmbiguousError(self.pieces, names, scalars)
        return (scalars[0], []) if scalars else (names[0], subscript)

    def left_side(self) -> tuple[Name, list[Sequence[str]]]:
        if self.peek() == r"\frac":
            return self.derivative()
        name, subscript = self.named_component(self.key())
        assert not self.peek(), self.pieces
        return name, [subscript]

    def place_on_the_left(self, pieces: Sequence[str]) -> int | Key:
        """The index that runs over an axis, or a fixed position."""
        reader = self.within(pieces)
        key = reader.key_ahead(is_alone=True)
        if key and not reader.peek() and not any(map(self.known.is_whole, self.known.named(key))):
            return key
        return int(self.within(pieces).whole()({}))

    def component(self, name: Name, subscripts: Sequence[Sequence[str]]) -> Node:
        array = self.known.arrays[name]
        orders = [array.ndim] if isinstance(name, str) else self.orders(name)
        places: list[Node] = []
        for order, subscript in zip(orders, subscripts, strict=True):
            places += self.positions(subscript, array.shape[len(places) : len(places) + order], name)
        zero, before, budget = name in self.known.zero_outside, self.known.before, self.budget

        def read(env: Env) -> object:
            budget[0] -= 1
            if budget[0] < 0:
                raise TooLongError
            at = tuple(int(place(env)) for place in places)
            if all(0 <= n < size for n, size in zip(at, array.shape, strict=True)):
                return array[at].item()
            if zero or (name, at) in before:
                return before.get((name, at), 0)
            raise OutsideError(name, at)

        return read

    def orders(self, name: Name) -> list[int]:
        return [self.known.order(part) for part in ((name,) if isinstance(name, str) else name)]

    def positions(self, pieces: Sequence[str], shape: Sequence[int | None], name: Name) -> list[Node]:
        parts = self.parts(pieces, len(shape))
        return [self.position(part, size, name) for part, size in zip(parts, shape, strict=True)]

    def parts(self, pieces: Sequence[str], count: int) -> list[Sequence[str]]:
        """What stands at each position: letters side by side, or expressions between commas."""
        parts: list[Sequence[str]] = [*split(pieces)] if pieces else []
        if len(parts) == 1 and count > 1:
            reader, parts = self.within([char for p in pieces for char in (p if p.isdigit() else [p])]), []
            while reader.peek():
                start = reader.place
                if reader.key_ahead() is None:
                    reader.place = start + 1
                parts.append(reader.pieces[start : reader.place])
        assert len(parts) == count, (pieces, count)
        return parts

    def position(self, pieces: Sequence[str], size: int | None, name: Name) -> Node:
        reader = self.within(pieces)
        key = reader.key_ahead(is_alone=True)
        if key in self.scope and not reader.peek() and size is not None and name not in self.known.zero_outside:
            self.scope[key].add(size)
        return self.within(pieces, at=True).whole()
