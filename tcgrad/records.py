"""Dataclasses that are quick to define: what `dataclasses.dataclass` does, without compiling six functions a class.

The program has hundreds of small classes, and at start-up defining them cost more than the work. Here comparison,
hash and text are plain functions over the names of the fields, and the constructor, which has to be fast, is compiled
when the first instance is made: most classes have none in any one run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, field
from operator import attrgetter
from typing import Any, Generic, TypeVar, dataclass_transform, overload

_Class = TypeVar("_Class", bound=type)
_Instance = TypeVar("_Instance")
_Value = TypeVar("_Value")


class cached_property(Generic[_Value]):  # noqa: N801 - it stands for the one of the standard library
    """An attribute that is worked out once for an instance: `functools.cached_property` without its lock."""

    def __init__(self, work: Callable[[Any], _Value]) -> None:
        self.work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> cached_property[_Value]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> _Value: ...

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.work(instance)
        return value


@overload
def dataclass(cls: _Class, /) -> _Class: ...


@overload
def dataclass(*, frozen: bool = False, eq: bool = True) -> Callable[[_Class], _Class]: ...


@dataclass_transform(field_specifiers=(field,))
def dataclass(cls: Any = None, /, *, frozen: bool = False, eq: bool = True) -> Any:
    """The class with the methods that its annotated fields ask for.

    frozen, eq: as in the standard library, whose `field` and `replace` go with it. Every annotated name is a field.
    """
    return (lambda own: _completed(own, frozen, eq)) if cls is None else _completed(cls, frozen, eq)


def replace(instance: _Instance, /, **changes: Any) -> _Instance:
    """A copy with other values of some fields, as the standard library's, which asks every field what it is for.

    Every field is one of the constructor.
    """
    fields: dict[str, Field[Any]] = instance.__dataclass_fields__  # type: ignore[attr-defined]  # a dataclass has them
    known, made = instance.__dict__, object.__new__(instance.__class__)
    # What has been worked out for the instance, and is no field, is not that of the copy.
    made.__dict__.update(known if len(known) == len(fields) else {name: known[name] for name in fields}, **changes)
    if len(made.__dict__) > len(fields):
        raise TypeError(
            f"{type(instance).__name__} has no field {next(name for name in changes if name not in fields)}"
        )
    if hasattr(made, "__post_init__"):
        made.__post_init__()
    return made


def _completed(cls: Any, frozen: bool, eq: bool) -> Any:
    fields: dict[str, Field[Any]] = {**getattr(cls, "__dataclass_fields__", {})}
    for name in cls.__annotations__:
        given = vars(cls).get(name, MISSING)
        fields[name] = given if isinstance(given, Field) else field(default=given)
        fields[name].name = name
        if isinstance(given, Field):
            delattr(cls, name)
    cls.__dataclass_fields__ = fields
    methods = _methods(cls, tuple(fields), tuple(name for name, own in fields.items() if own.compare))
    methods["__match_args__"] = tuple(name for name, own in fields.items() if own.init)
    if eq:
        methods["__hash__"] = methods["__hash__"] if frozen else None
    else:
        del methods["__eq__"], methods["__hash__"]
    if not frozen:
        del methods["__setattr__"], methods["__delattr__"]
    own_hash = vars(cls).get("__hash__")
    for name, method in methods.items():
        if name not in vars(cls) or (name == "__hash__" and own_hash is None):
            setattr(cls, name, method)
    return cls


def _methods(cls: Any, names: tuple[str, ...], compared: tuple[str, ...]) -> dict[str, Any]:
    read = attrgetter(*compared) if compared else lambda _: ()

    def initialise(self: Any, *arguments: Any, **named: Any) -> None:
        compiled = _constructor(cls)
        cls.__init__ = compiled
        compiled(self, *arguments, **named)

    def equal(self: Any, other: object) -> bool:
        return self is other or (other.__class__ is self.__class__ and read(self) == read(other))

    def text(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    def refuse(self: Any, name: str, *value: Any) -> None:
        del self, value
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    return {
        "__init__": initialise,
        "__eq__": equal,
        "__hash__": lambda self: hash(read(self)),
        "__repr__": text,
        "__setattr__": refuse,
        "__delattr__": refuse,
    }


def _constructor(cls: Any) -> Callable[..., None]:
    """The ``__init__`` of a class, as plain code: an attribute a field."""
    known: dict[str, Any] = {"MISSING": MISSING}
    parameters, lines = ["self"], ["self__ = self.__dict__"]
    for name, own in cls.__dataclass_fields__.items():
        known[f"default_{name}"], known[f"make_{name}"] = own.default, own.default_factory
        made = f"make_{name}()"
        if not own.init:
            if own.default_factory is not MISSING:
                lines.append(f"self__[{name!r}] = {made}")
            continue
        if own.default_factory is not MISSING:
            parameters.append(f"{name}=MISSING")
            lines.append(f"self__[{name!r}] = {made} if {name} is MISSING else {name}")
        else:
            parameters.append(name if own.default is MISSING else f"{name}=default_{name}")
            lines.append(f"self__[{name!r}] = {name}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    source = f"def __init__({', '.join(parameters)}):\n    " + "\n    ".join(lines)
    exec(source, known)  # noqa: S102 - the names of a class's own fields
    initialise: Callable[..., None] = known["__init__"]
    return initialise
