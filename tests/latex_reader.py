"""A reader of index notation in LaTeX, as a mathematician reads it: text and arrays -> values.

Factors stand side by side. A sum reaches to the end of its product; a maximum or a product over indices takes what is
in parentheses behind it. An index runs over what is told below the sign, or else over the axes that it stands at; where
it only stands in longer positions, over all numbers from 0 for which there is something to read. A bracket or a delta
that is 0 makes its product 0, whatever the other factors would be. What could be read in two ways is an error.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from einstein_reader import COMPARISONS
from latex_components import DOWNSTREAM, AmbiguousError, Components, Env, Known, Name, Node, OutsideError, TooLongError
from latex_symbols import CALLS, FOLDS, RELATIONS, Key, pieces_of, spelling
from scipy import special

__all__ = ["DOWNSTREAM", "AmbiguousError", "Known", "OutsideError", "TooLongError", "read_equation"]

ENDS = frozenset(("", "+", "-", "&", r"\\", ",", "/", "}", "|", r"\bmod", r"\end", *RELATIONS))


class Reader(Components):
    """Reads an expression."""

    def whole(self) -> Node:
        value = self.sum()
        assert not self.peek(), self.pieces[self.place :]
        return value

    def braced(self) -> Node:
        return self.within(self.group()).whole()

    # sums and products

    @property
    def ends(self) -> bool:
        return self.peek() in ENDS or self.peek().startswith(r"\right")

    def sum(self) -> Node:
        terms: list[tuple[int, Node]] = []
        while not terms or self.peek() in ("+", "-"):
            sign = -1 if self.peek() == "-" else 1
            if self.peek() in ("+", "-"):
                self.take()
            terms.append((sign, self.term()))
        if self.takes(r"\bmod"):
            (_, dividend), divisor = terms[0], self.term()
            if len(terms) > 1 or self.peek() in ("+", "-", "/", r"\bmod"):
                raise AmbiguousError(self.pieces)
            return lambda env: dividend(env) % divisor(env)
        return terms[0][1] if terms[0][0] > 0 and len(terms) == 1 else lambda env: sum(s * t(env) for s, t in terms)

    def term(self) -> Node:
        """A product, in which what may be 0 where others are not there comes first."""
        guards: list[Node] = []
        others: list[Node] = []
        after = ""
        while not self.ends:
            dotted = self.takes(r"\cdot")
            first, second = self.peek(), self.peek(1)
            is_number = first[:1].isdigit() or (first == r"\frac" and self.is_plain_fraction())
            if (is_number and after == "number" and not dotted) or after == "open":
                raise AmbiguousError(self.pieces[self.place - 9 : self.place + 9])
            (guards if first == r"\left[" or (first, second) == (r"\delta", "_") else others).append(self.power())
            is_open = first == r"\begin" or (first[1:] in FOLDS and second == "_")
            after = "open" if is_open else "number" if is_number else ""
        factors = [*guards, *others]
        assert factors, self.pieces[self.place - 5 : self.place + 5]
        if self.takes("/"):
            below = self.power()
            if not self.ends or self.peek() == "/":
                raise AmbiguousError(self.pieces)
            return lambda env: Fraction(product(factors, env)) / Fraction(below(env))
        return factors[0] if len(factors) == 1 else lambda env: product(factors, env)

    def is_plain_fraction(self) -> bool:
        return self.peek(2)[:1].isdigit() and self.peek(3) == "}" and self.peek(5)[:1].isdigit()

    def power(self) -> Node:
        base = self.atom()
        if not self.takes("^"):
            return base
        exponent = self.braced()
        if self.peek() == "^":
            raise AmbiguousError(self.pieces)
        return lambda env: raised(base(env), exponent(env))

    # atoms

    def atom(self) -> Node:
        piece = self.peek()
        if piece[:1].isdigit():
            value = Fraction(self.take())
            return lambda _: int(value) if value.denominator == 1 else float(value)
        match piece:
            case r"\frac" if self.peek(2) == r"\partial":
                return self.component(*self.derivative())
            case r"\frac":
                self.take()
                above, below = self.braced(), self.braced()
                return lambda env: divided(above(env), lambda: below(env))
            case r"\sqrt":
                return self.root()
            case r"\sum":
                self.take()
                self.take("_")
                values = self.values(self.bound(self.group()), self.term)
                return lambda env: sum(values(env))
            case r"\left(":
                return self.inverse() or self.between(r"\right)", lambda value: value)
            case r"\left[":
                self.take()
                condition = self.comparison()
                self.take(r"\right]")
                return lambda env: int(condition(env))
            case r"\left|":
                return self.between(r"\right|", abs)
            case r"\left\lfloor":
                return self.between(r"\right\rfloor", math.floor)
            case r"\left\lceil":
                return self.between(r"\right\rceil", math.ceil)
            case r"\begin":
                return self.cases()
            case r"\mathbf" if self.takes(r"\mathbf", "{", "1", "}", "_"):
                self.group()
                return lambda _: 1
            case _:
                return self.call() or self.symbol()

    def root(self) -> Node:
        self.take()
        cubic = self.takes("[", "3", "]")
        body = self.braced()
        return lambda env: float(np.cbrt(float(body(env)))) if cubic else math.sqrt(body(env))

    def between(self, end: str, function: Callable) -> Node:
        self.take()
        body = self.sum()
        self.take(end)
        return lambda env: function(body(env))

    def comparison(self) -> Node:
        parts, relations = [self.sum()], []
        while self.peek() in RELATIONS:
            relations.append(COMPARISONS[RELATIONS[self.take()]])
            parts.append(self.sum())
        assert relations
        pairs = list(zip(relations, parts, parts[1:], strict=False))
        return lambda env: all(relation(one(env), other(env)) for relation, one, other in pairs)

    def cases(self) -> Node:
        assert self.takes(r"\begin", "{", *"cases", "}")
        then = self.sum()
        assert self.takes("&", r"\text", "{", *"if", "}")
        condition = self.comparison()
        self.take(r"\\")
        otherwise = self.sum()
        assert self.takes("&", r"\text", "{", *"otherwise", "}", r"\end", "{", *"cases", "}")
        return lambda env: then(env) if condition(env) else otherwise(env)

    # what is bound

    def bound(self, pieces: Sequence[str]) -> dict[Key, int | None]:
        """The indices below a sign, ``ij, 0 \\le p, q < K``, with the sizes of those whose ranges stand there."""
        reader, keys, limited = self.within(pieces), list[Key](), list[Key]()
        sizes: dict[Key, int | None] = {}
        while reader.peek():
            reader.takes(",")
            if reader.takes("0", r"\le"):
                limited = keys = []
            keys.append(reader.key(is_alone=True))
            if reader.takes("<"):
                assert keys is limited, pieces
                size = int(reader.size()({}))
                sizes |= dict.fromkeys(keys, size)
                keys = []
            elif keys is not limited:
                sizes[keys[-1]] = None
        assert not keys or keys is not limited, pieces
        if not sizes.keys().isdisjoint(self.scope):
            raise AmbiguousError(pieces)
        return sizes

    def size(self) -> Node:
        """What an index is less than, up to the next range."""
        start = self.place
        while self.peek() and not (self.peek() == "," and self.peek(1) == "0"):
            self.place += 1
        return self.within(self.pieces[start : self.place]).whole()

    def values(self, keys: Mapping[Key, int | None], body: Callable[[], Node]) -> Callable[[Env], Iterator]:
        """All values of a body in which indices are bound."""
        self.scope.update((key, set()) for key in keys)
        inner = body()
        sizes = [self.scope.pop(key) for key in keys]
        largest = max((n for array in self.known.arrays.values() for n in array.shape), default=1)
        largest = 2 * max(largest, *self.known.numbers.values(), 1)
        told = [limit or max(own, default=0) for limit, own in zip(keys.values(), sizes, strict=True)]

        def all_values(env: Env) -> Iterator:
            for at in itertools.product(*(range(size or largest) for size in told)):
                try:
                    value = inner({**env, **dict(zip(keys, at, strict=True))})
                except OutsideError:
                    continue
                if value != 0 and any(n == largest - 1 and not size for n, size in zip(at, told, strict=True)):
                    raise AmbiguousError("a sum without an end", keys)
                yield value

        return all_values

    # functions

    def call(self) -> Node | None:
        """A function or a reduction; None where something else comes."""
        start = self.place
        if self.takes(r"\log", r"\det", r"\left(") or self.takes(r"\det", r"\left("):
            kind = "det" if self.place - start == 2 else "logdet"
            operand = self.only(self.key(is_alone=True))
            self.take(r"\right)")
            return self.component(f"{kind}({operand})", [self.group()] if self.takes("_") else [[]])
        if self.takes(r"\log", r"\Gamma"):
            return self.applied(special.gammaln)
        if self.peek() == r"\psi" and self.peek(1) in ("^", r"\left("):
            return self.polygamma()
        name = self.function()
        if name is None:
            self.place = start
            return None
        if self.peek() != "_":
            return self.applied(self.known.functions.get(name) or CALLS[name])
        self.take()
        values = self.values(self.bound(self.group()), lambda: self.between(r"\right)", lambda value: value))
        if self.peek() == "^" and name != "logsumexp":
            raise AmbiguousError(self.pieces)
        return lambda env: FOLDS[name](list(values(env)))

    def function(self) -> str | None:
        """The name of a function that is applied."""
        piece = self.peek()
        if piece == r"\operatorname":
            self.take()
            word = "".join(self.group()).replace(r"\_", "_")
        elif piece[:1] == "\\" and (piece[1:] in CALLS or piece[1:] in FOLDS):
            word = self.take()[1:]
        else:
            key = self.key_ahead()
            word = next((name for name in self.known.functions if spelling(name) == key), "")
        while self.takes("'"):
            word += "'"
        if word.endswith("'") and self.takes("_"):
            word += "".join(self.group())
        return word if self.peek() in (r"\left(", "_") and word else None

    def applied(self, function: Callable) -> Node:
        self.take(r"\left(")
        arguments = [self.sum()]
        while self.take(",", r"\right)") == ",":
            arguments.append(self.sum())
        return lambda env: float(function(*(float(argument(env)) for argument in arguments)))

    def polygamma(self) -> Node:
        if self.known.named(("psi", "")):
            raise AmbiguousError(r"\psi")
        self.take()
        order = self.braced() if self.takes("^") else lambda _: 0
        argument = self.between(r"\right)", lambda value: value)
        return lambda env: float(special.polygamma(int(order(env)), float(argument(env))))

    def inverse(self) -> Node | None:
        """The component of an inverse; None where the parenthesis is another one."""
        start = self.place
        self.take()
        key = self.key_ahead()
        if key and self.takes("^", "{", "-", "1", "}", r"\right)", "_"):
            return self.component(f"inv({self.only(key)})", [self.group()])
        self.place = start
        return None


def product(factors: Sequence[Node], env: Env) -> object:
    """One that is 0 because no bracket holds is 0 whatever else there is not."""
    value, outside = 1, None
    for factor in factors:
        try:
            one = factor(env)
        except OutsideError as error:
            outside = error
            continue
        if isinstance(one, int) and one == 0:
            return 0
        value = value * one
    if outside is not None:
        raise outside
    return value


def divided(above: object, below: Callable[[], object]) -> object:
    """A quotient; 0 where no bracket above holds, whatever is below."""
    if isinstance(above, int) and above == 0:
        return 0
    under = below()
    return Fraction(above, under) if isinstance(above, int) and isinstance(under, int) else above / under


def raised(base: object, exponent: object) -> object:
    return float(np.power(float(base), float(exponent)))


@dataclass(frozen=True)
class Equation:
    """An equation: what it defines, where, and what it is there.

    positions: on each axis a number, or the index that runs over it.
    """

    name: Name
    positions: tuple[int | Key, ...]
    right: Callable[[Env], object]

    def value(self, at: Sequence[int]) -> float:
        """What is defined at a position.

        Raises:
            OutsideError: if a component that there is not is read and no bracket forbids it.
            TooLongError: if that takes more components than there is time for.
        """
        return float(self.right({key: n for key, n in zip(self.positions, at, strict=True) if isinstance(key, tuple)}))


def read_equation(text: str, known: Known, most: int) -> Equation:
    """An equation of which no more than so many components are read in all.

    Raises:
        AmbiguousError: if it can be read in two ways.
    """
    left, _, right = text.partition(" = ")
    scope: dict[Key, set[int]] = {}
    reader = Reader(pieces_of(left), known, scope, [most])
    name, subscripts = reader.left_side()
    positions: list[int | Key] = []
    for subscript, order in zip(subscripts, reader.orders(name), strict=True):
        parts = reader.parts(subscript, order)
        positions += [reader.place_on_the_left(part) for part in parts]
    scope.update((position, set()) for position in positions if isinstance(position, tuple))
    return Equation(name, tuple(positions), Reader(pieces_of(right), known, scope, [most]).whole())
