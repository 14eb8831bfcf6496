"""Fewer and shorter lines: an adjoint is put into the lines that use it where the whole gets no longer by it, or where
a divisor cancels that may be 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial, reduce
from operator import itemgetter

from tcgrad.calculus.lines.divisors import cancels, may_cancel, with_fewer_divisors
from tcgrad.calculus.lines.repeated import is_repeated_in_full
from tcgrad.calculus.program.dependence import readers
from tcgrad.calculus.trace import Inserted, Listener, unheard
from tcgrad.ir.nodes import Component, Delta, Expr, IndexSum
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import replace_components, size, sorts_in, tensors_read, walk
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.mirror import is_mirrored, marked, unmarked
from tcgrad.simplify.renaming import instantiated
from tcgrad.simplify.shown.lookups import with_rows_exchanged, with_rows_looked_up

_ROUNDS = 2
_MOST_USERS = 3
_LARGEST = 250  # nodes of a line that is worth trying
_SHORTEST = 3  # the cost of a line that may have its name again
_FEWEST_READ = 3  # times that what a line reads is read, if it is to have its name again
_LEAST_SHARED = 2  # how much shorter a line must become by reading another one
_SHORT = 10  # the cost of a line that is worth repeating

_Pays = Callable[[Define, Sequence[Define], Sequence[Define]], bool]  # a line, its users, and what they become


def compact(
    statements: Sequence[Statement],
    kept: Collection[Tensor],
    unwanted: Collection[Tensor],
    known: Facts,
    tell: Listener = unheard,
) -> tuple[Statement, ...]:
    """The statements with some definitions substituted into later ones.

    kept: tensors whose definitions all stay.
    unwanted: tensors whose definitions go wherever that is possible, shorter or not.
    tell: is told of each definition that is put into a line.

    Each definition is tried in order, and once more where the lines around it have changed since, so that the cost
    stays linear in the number of statements.
    """
    lines = _Lines(statements, kept, unwanted, known, tell)
    lines.use_symmetry()
    for _ in range(_ROUNDS):
        lines.put_in_all(partial(_is_promising, known), _pays)
        lines.share()
    lines.name_again()
    return lines.left


def cancelled(statements: Sequence[Statement], kept: Collection[Tensor], known: Facts) -> tuple[Statement, ...]:
    """The statements with those definitions put into later ones by which a divisor cancels.

    Where ``r = 0``, ``dr = (x - y)*dx/r`` and ``dk = -dr*r`` are not a number, and ``-(x - y)*dx`` is one.

    kept: tensors whose definitions all stay.
    """
    lines = _Lines(statements, kept, (), known, unheard)
    for _ in range(_ROUNDS):
        before = lines.left
        lines.put_in_all(partial(may_cancel, read_from=known.read_from), cancels)
        if lines.left == before:
            break
    return lines.left


class _Lines:
    """The lines while they become fewer; a place whose line is gone is None."""

    def __init__(
        self,
        statements: Sequence[Statement],
        kept: Collection[Tensor],
        unwanted: Collection[Tensor],
        known: Facts,
        tell: Listener,
    ) -> None:
        self.lines: list[Statement | None] = list(statements)
        self._kept = frozenset(kept)
        self._unwanted = unwanted
        self._known = known
        self._tell = tell
        self._users = readers(statements)
        self._refused: dict[int, tuple[Define, ...]] = {}
        self._shared: list[Statement | None] = []  # the lines as `share` left them
        # What was put into others, and how much shorter one of these may become if it has its name there again.
        self._gone: dict[int, tuple[Define, int]] = {}

    def use_symmetry(self) -> None:
        """Lines that read a symmetric gradient at two places: ``g[p,j] + g[j,p]`` is ``2 g[p,j]``."""
        symmetric: dict[Tensor, Tensor] = {}
        for place, line in enumerate(self.lines):
            if not isinstance(line, Define):
                continue
            body = marked(line.body, symmetric)
            if body is not line.body and _reads_twice(line, symmetric):
                made = replace(line, body=unmarked(self._known.fold(body), symmetric.values()))
                if cost(made.body) < cost(line.body):
                    self.lines[place] = made
            if line.tensor in self._users and is_mirrored(replace(line, body=body)):
                symmetric[line.tensor] = replace(line.tensor, symmetric=True)

    @property
    def left(self) -> tuple[Statement, ...]:
        """Those that have not been put into others."""
        return tuple(line for line in self.lines if line is not None)

    def put_in_all(
        self,
        is_promising: Callable[[Define, Sequence[Define]], bool],
        pays: _Pays,
    ) -> None:
        """Put every line that is worth it into those that read it.

        is_promising: tells from far whether a line may be worth it, by itself and the lines that read it.
        pays: tells whether it is, by these and by what they become.
        """
        for place, line in enumerate(self.lines):
            if not isinstance(line, Define) or line.tensor in self._kept or size(line.body) > _LARGEST:
                continue
            reading = self._users.get(line.tensor, [])
            users = tuple(user for n in reading if isinstance(user := self.lines[n], Define))
            if len(users) != len(reading) or not 0 < len(users) <= _MOST_USERS:
                continue
            if line.tensor in self._unwanted or is_promising(line, users):
                self._put_in(place, line, users, pays)

    def _put_in(self, place: int, line: Define, old: tuple[Define, ...], pays: _Pays) -> None:
        if any(size(user.body) > _LARGEST for user in old) or self._refused.get(place) == (line, *old):
            return
        new = [replace(user, body=body) for user, body in zip(old, self._with(line, old), strict=True)]
        if line.tensor not in self._unwanted and not pays(line, old, new):
            self._refused[place] = (line, *old)
            return
        self.lines[place] = None
        self._gone[place] = line, _most_saved(line, old, new)
        reading = self._users[line.tensor]
        for n, user, made in zip(reading, old, new, strict=True):
            self.lines[n] = made
            if self._tell is not unheard:
                self._tell(Inserted(user, line, put_in(user.body, {line.tensor: line}), made))
        self._forget(line, place)
        for n, made in zip(reading, new, strict=True):
            self._note(made, n)

    def _with(self, line: Define, users: Sequence[Define]) -> tuple[Expr, ...]:
        """Lines with another one's right side in them; once for all that are alike.

        Where ``delta[q,t[p]]*y[p,q]/y[p,t[p]]`` has come together, rows are looked up: it is the delta alone.
        """

        def made() -> tuple[Expr, ...]:
            plain = [put_in(user.body, {line.tensor: line}) for user in users]
            looks_up = any(Delta in sorts_in(body) for body in plain)
            if not looks_up:
                return tuple(plain)
            read = [simplify(self._known.with_rows_as_read(body)) for body in plain]
            return *plain, *map(with_rows_looked_up, read), *map(with_rows_exchanged, read)

        found = self._known.fold_made(_told(line, users), made)
        ways = zip(*(found[n : n + len(users)] for n in range(0, len(found), len(users))), strict=True)
        return tuple([reduce(with_fewer_divisors, each) for each in ways])

    def share(self) -> None:
        """Write the adjoints of earlier lines into later ones in which their definitions stand."""
        if self.lines == self._shared:
            return
        known = Facts(())
        for place, line in enumerate(self.lines):
            if not isinstance(line, Define):
                continue
            body = known.name_instances(line.body)
            made = line
            if cost(line.body) - cost(body) >= _LEAST_SHARED:
                made = replace(line, body=body)
                self._forget(line, place)
                self._note(made, place)
                self.lines[place] = made
            if line.tensor not in self._kept:
                known.add(made)
        self._shared = list(self.lines)

    def name_again(self) -> None:
        """Let lines that have come to stand in others several times have their names again where the whole is shorter:
        each was put in when it stood there once or twice.
        """
        gone = {line.tensor for line, _ in self._gone.values()}
        for place, (line, most) in sorted(self._gone.items(), key=itemgetter(0)):
            own = tensors_read(line.body)
            if cost(line.body) > _SHORTEST or line.tensor in self._unwanted or not gone.isdisjoint(own):
                continue
            places = sorted(set.intersection(*(set(self._users.get(tensor, ())) for tensor in own))) if own else []
            users = {n: user for n in places if n > place and isinstance(user := self.lines[n], Define)}
            read = _times_read(users.values())
            times = min(map(read.__getitem__, own), default=0)
            if len(users) > _MOST_USERS or times < _FEWEST_READ or times * most <= cost(line.body):
                continue
            bodies = self._naming(line, list(users.values()))
            made = {n: replace(user, body=body) for (n, user), body in zip(users.items(), bodies, strict=True)}
            named = {n: user for n, user in made.items() if line.tensor in tensors_read(user.body)}
            saved = sum(cost(users[n].body) - cost(user.body) for n, user in named.items())
            if saved > cost(line.body) and _times_read(named.values())[line.tensor] > 1:
                self.lines[place] = line
                gone.discard(line.tensor)
                self._note(line, place)
                for n, user in named.items():
                    self._forget(users[n], n)
                    self._note(user, n)
                    self.lines[n] = user

    def _naming(self, line: Define, users: Sequence[Define]) -> tuple[Expr, ...]:
        """Lines, none of which reads another one, with what that defines by its name; once for all that are alike."""

        def named() -> tuple[Expr, ...]:
            known = Facts((line,))
            return tuple([known.name_instances(user.body) for user in users])

        return self._known.fold_made(_told(line, users), named)

    def _forget(self, line: Define, place: int) -> None:
        for tensor in tensors_read(line.body):
            self._users[tensor] = [n for n in self._users[tensor] if n != place]

    def _note(self, line: Define, place: int) -> None:
        for tensor in tensors_read(line.body):
            self._users[tensor] = sorted({*self._users.get(tensor, ()), place})


def _told(line: Define, users: Sequence[Define]) -> tuple[Expr, ...]:
    """A line, left and right side, and those that read it."""
    own = Component(line.tensor, tuple([index.expr for index in line.free]))
    return (own, line.body, *(user.body for user in users))


def _reads_twice(line: Define, tensors: Collection[Tensor]) -> bool:
    read = _times_read((line,))
    return any(read[tensor] > 1 for tensor in tensors)


def _times_read(lines: Iterable[Define]) -> Counter[Tensor]:
    return Counter(part.tensor for line in lines for part in walk(line.body) if type(part) is Component)


def _is_promising(known: Facts, line: Define, users: Sequence[Define]) -> bool:
    """Whether a definition is read once, is so short that repeating it may pay, or may cancel a divisor."""
    if cost(line.body) <= _SHORT:
        return not is_repeated_in_full(line, users, known)
    return _times_read(users)[line.tensor] == 1 or may_cancel(line, users, known.read_from)


def _pays(line: Define, users: Sequence[Define], made: Sequence[Define]) -> bool:
    """Whether the lines get no longer, or a divisor cancels."""
    shorter = sum(cost(user.body) for user in made) <= cost(line.body) + sum(cost(user.body) for user in users)
    return shorter or cancels(line, users, made)


def _most_saved(line: Define, users: Sequence[Define], made: Sequence[Define]) -> int:
    """How much shorter a line that was put into others makes one of these by its name: a sum may be left there."""
    longer = (cost(new.body) - cost(old.body) for old, new in zip(users, made, strict=True))
    return max(cost(line.body) - 1 - isinstance(line.body, IndexSum), *longer)


def put_in(body: Expr, lines: Mapping[Tensor, Define]) -> Expr:
    """A right side with those of some lines, by what they define, wherever it reads that; not simplified."""

    def given(read: Component) -> Expr:
        line = lines.get(read.tensor)
        return read if line is None else instantiated(line.free, line.body, read.indices, simplify)

    return replace_components(body, given)
