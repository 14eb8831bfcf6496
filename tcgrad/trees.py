"""Frozen dataclasses that are keys of dictionaries, nodes of trees above all, and what these hold by one name."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeVar, cast, dataclass_transform

from tcgrad.records import cached_property, dataclass

_Node = TypeVar("_Node", bound=type)


@dataclass_transform(frozen_default=True)
def hashed_once(cls: _Node) -> _Node:
    """A frozen dataclass whose hash, of its fields or ``hashed``, is computed once.

    It inherits ``known_hash = None``.
    """
    made = cast("Any", dataclass(frozen=True)(cls))
    hashed = getattr(cls, "hashed", operator.attrgetter(*cls.__annotations__))

    def cached_hash(self: Any) -> int:
        known: int | None = self.known_hash
        if known is None:
            known = self.__dict__["known_hash"] = hash(hashed(self))
        return known

    made.__hash__ = cached_hash
    return cast("_Node", made)


def held(*fields: str) -> Any:
    """The attribute that is what some fields hold; read without a function of our own, for it is read all the time."""
    return property(operator.attrgetter(*fields))


def held_alone(field: str) -> Any:
    """The attribute that has what one field holds as its only element; made once, for it is read all the time."""
    read = operator.attrgetter(field)
    return cached_property(lambda own: (read(own),))


def held_as(read: Callable[[Any], Any]) -> Any:
    """The attribute that is read off a node."""
    return property(read)
