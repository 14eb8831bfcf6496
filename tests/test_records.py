"""Records behave like the dataclasses of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from tcgrad import records


class Plain:
    x: int
    y: tuple[int, ...] = ()


class Counted:
    names: list[str] = dataclasses.field(default_factory=list)
    total: int = dataclasses.field(init=False, default=0)

    def __post_init__(self):
        self.total = len(self.names)


class Own:
    x: int

    def __hash__(self):
        return 7

    def __repr__(self):
        return "own"


def made(decorator, source, bases=(), **parameters):
    """A class with the body of ``source``, decorated."""
    body = {name: value for name, value in vars(source).items() if name not in ("__dict__", "__weakref__")}
    return decorator(**parameters)(type(source.__name__, bases, body))


@pytest.fixture(params=[dataclasses.dataclass, records.dataclass], ids=["standard", "ours"])
def decorator(request):
    return request.param


def test_fields_defaults_and_text(decorator):
    plain = made(decorator, Plain, frozen=True)
    assert repr(plain(1)) == "Plain(x=1, y=())"
    assert plain(1, (2,)).y == plain(y=(2,), x=1).y == (2,)
    assert plain.__match_args__ == ("x", "y")
    with pytest.raises(TypeError):
        plain()
    with pytest.raises(TypeError):
        plain(1, z=2)


def test_equality_and_hash(decorator):
    plain, other = made(decorator, Plain, frozen=True), made(decorator, Plain, frozen=True)
    assert plain(1) == plain(1, ())
    assert plain(1) != plain(2)
    assert plain(1) != other(1)
    assert len({plain(1), plain(1), plain(2)}) == 2
    assert made(decorator, Plain).__hash__ is None
    alone = made(decorator, Plain, frozen=True, eq=False)
    assert alone(1) != alone(1)
    assert len({alone(1), alone(1)}) == 2


def test_frozen_records_refuse_assignment(decorator):
    record = made(decorator, Plain, frozen=True)(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del record.x
    loose = made(decorator, Plain)(1)
    loose.x = 2
    assert loose.x == 2


def test_factories_and_fields_that_are_no_parameters(decorator):
    counted = made(decorator, Counted)
    assert counted(["a", "b"]).total == 2
    first, second = counted(), counted()
    first.names.append("a")
    assert second.names == []
    with pytest.raises(TypeError):
        counted([], 3)


def test_methods_of_the_class_stay(decorator):
    own = made(decorator, Own, frozen=True)
    assert hash(own(1)) == 7
    assert repr(own(1)) == "own"


def test_fields_are_inherited(decorator):
    base = made(decorator, Plain, frozen=True)
    derived = made(decorator, Own, (base,), frozen=True)
    assert derived(1, (2,)).y == (2,)
    assert derived.__match_args__ == ("x", "y")


def test_the_tools_of_the_standard_library_take_them(decorator):
    plain = made(decorator, Plain, frozen=True)
    assert dataclasses.replace(plain(1), y=(3,)) == plain(1, (3,))
    assert copy.deepcopy(plain(1)) == plain(1)
    assert dataclasses.is_dataclass(plain)


@pytest.mark.parametrize("replace", [dataclasses.replace, records.replace])
def test_copies_with_other_values(replace):
    plain = made(records.dataclass, Plain, frozen=True)
    assert replace(plain(1), y=(3,)) == plain(1, (3,))
    assert replace(made(records.dataclass, Counted)(["a"]), names=["a", "b"]).total == 2
    with pytest.raises(TypeError):
        replace(plain(1), z=2)


class Square:
    x: int

    @records.cached_property
    def area(self):
        return self.x**2


def test_a_copy_has_nothing_of_what_was_worked_out_for_another():
    first = made(records.dataclass, Square, frozen=True)(3)
    assert first.area == 9
    assert records.replace(first, x=2).area == 4


def test_records_can_be_sent_to_another_process():
    from tcgrad.ir.indices import Dim

    assert pickle.loads(pickle.dumps(Dim("N", 3))) == Dim("N", 3)  # noqa: S301 - our own bytes


class Awkward:
    own: int
    name: str = "a"
    cls: int = 0
    fields: int = 1
    read: int = 2


def test_any_name_can_be_that_of_a_field(decorator):
    awkward = made(decorator, Awkward)(5, read=3)
    assert vars(awkward) == {"own": 5, "name": "a", "cls": 0, "fields": 1, "read": 3}
