"""The options of a check: from the caller, else from the spec, else the defaults."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from hashlib import sha256
from numbers import Real
from typing import Any, cast

import numpy as np

from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.records import cached_property
from tcgrad.spec.check_options import CHECK_OPTIONS, CheckOption
from tcgrad.spec.model import Spec
from tcgrad.spec.names import suggest, suggest_choice


@dataclass(frozen=True)
class Options:
    """What a check is asked for.

    dtype: the floating-point types of the inputs, one after the other.
    seed: what random numbers start from; if it is not given, a number that follows from the spec's text.
    rtol: a tolerance in proportion to the largest entry, instead of the one from rounding error.
    atol: a difference that is excused besides.
    sizes: ``own``: at the spec's own sizes only.
    only: the kinds of results that are worked out; none means all.
    max_elements: how many elements a Jacobian may have to be compared one by one.
    self_test: whether mistakes are planted in every derivative, to see that they are caught.
    """

    dtype: tuple[str, ...] = ("float64",)
    seed: int = 0
    trials: int = 3
    method: str = "auto"
    sizes: str = "all"
    only: tuple[str, ...] = ()
    rtol: float | None = None
    atol: float | None = None
    max_elements: int = 2**17
    allow_inconclusive: bool = False
    self_test: bool = False

    def asks_for(self, *kinds: str) -> bool:
        """Whether results of any of these kinds are asked for."""
        return not self.only or not self._only.isdisjoint(kinds)

    @cached_property
    def _only(self) -> frozenset[str]:
        return frozenset(self.only)


_NAMES = tuple(field.name for field in fields(Options))


def choose_options(spec: Spec, **given: Any) -> Options:
    """The options with the precedence given > spec > default; what is given as None is not given.

    Raises:
        TcgradError: for an unknown option, or a value that it cannot have.
    """
    unknown = sorted(name for name in given if name not in _NAMES)
    if unknown:
        help_ = suggest(unknown[0], _NAMES) or f"choose among {', '.join(sorted(_NAMES))}"
        raise TcgradError((Diagnostic("TC501", f"check has no option `{unknown[0]}`", help=help_),))
    chosen: dict[str, Any] = {name: value for name, value in spec.check.items() if name in _NAMES and value is not None}
    chosen.update({name: value for name, value in given.items() if value is not None})
    for name in ("dtype", "only"):
        if name in chosen:
            is_one = isinstance(chosen[name], str) or not isinstance(chosen[name], Iterable)
            words = (chosen[name],) if is_one else chosen[name]
            chosen[name] = tuple(dict.fromkeys(map(_plain, words)))  # what is named twice is checked once
    plain = {name: _plain(value) for name, value in chosen.items()}
    options = Options(**{"seed": seed_of(spec.source.text), **plain})
    _validate(options)
    return options


def _plain(value: Any) -> Any:
    """A value without what NumPy has made of it: ``float32`` of the type, 3 of an integer of 64 bits."""
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return "longdouble" if np.dtype(value).char == "g" else np.dtype(value).name
    return value.item() if isinstance(value, np.generic) else value


def _validate(options: Options) -> None:
    for option in CHECK_OPTIONS.values():
        value = getattr(options, option.name)
        match option.kind:
            case "choices":
                for word in value:
                    _require_choice(option, word)
            case "choice":
                _require_choice(option, value)
            case "integer" if not _is_within(value, option):
                raise _refused(option, f"must be an integer from {option.minimum} to {option.maximum}, not {value!r}")
            case "number" if value is not None and not _is_positive(value):
                raise _refused(option, f"must be a finite number above 0, not {value!r}")
            case "boolean" if not isinstance(value, bool):
                raise _refused(option, f"must be true or false, not {value!r}")


def _is_within(value: object, option: CheckOption) -> bool:
    """Whether it is an integer within the option's bounds, which a truth value is not."""
    return isinstance(value, int) and not isinstance(value, bool) and option.minimum <= value <= option.maximum


def _is_positive(value: object) -> bool:
    """Whether it is a finite number above 0 that a float holds, which a NaN is not, and no truth value."""
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < cast("float", value) <= sys.float_info.max


def _require_choice(option: CheckOption, word: object) -> None:
    if word not in option.values:
        near = suggest_choice(str(word), option.values)
        raise _refused(option, f"is one of {', '.join(option.values)}, not `{word}`", near)


def _refused(option: CheckOption, message: str, help_: str | None = None) -> TcgradError:
    return TcgradError((Diagnostic("TC501", f"`{option.name}` {message}", help=help_ or option.unset or None),))


@lru_cache(maxsize=2**4)
def seed_of(text: str) -> int:
    """A seed below 2³¹ that depends on nothing but the text of a spec, whatever its line ends."""
    lines = "\n".join(text.splitlines())
    return int.from_bytes(sha256(lines.encode()).digest()[:4]) >> 1
