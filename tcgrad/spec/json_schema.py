"""A JSON Schema of spec files, for editors and other programs: made of the tables that the loader reads by.

It takes what the loader takes. What needs more than one value at a time to be seen as wrong it takes too: names that
are declared twice, bounds in the wrong order, entries of `wrt` that are no inputs, and all that stands in equations.
https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from tcgrad.spec.check_options import CHECK_OPTIONS, CheckOption
from tcgrad.spec.limits import (
    MAX_DIM,
    MAX_EQUATION,
    MAX_EQUATIONS,
    MAX_EXPONENT,
    MAX_INTEGER,
    MAX_NAME,
    MAX_ORDER,
    MAX_PARAMETERS,
)
from tcgrad.spec.names import RESERVED
from tcgrad.spec.schema import (
    DTYPES,
    INPUT_KEYS,
    INTEGER_SAMPLES,
    PLAIN_SAMPLES,
    RANGE_SAMPLES,
    SAMPLE_ORDERS,
    SPEC_KEYS,
    UNSYMMETRIC_SAMPLES,
    Key,
)

Schema = dict[str, Any]

# Letters are what is neither a space, a digit, nor a sign of ASCII or Latin-1: `\w` means ASCII alone in JavaScript.
_SIGNS = r"\s!-/:-@\[-\^`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7"
_NAME = rf"[^0-9{_SIGNS}][^{_SIGNS}]*"
_NULL: Schema = {"type": "null"}
_FLAG: Schema = {"type": "boolean"}
_INTEGER: Schema = {"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER}
_LEAST, _MOST = float(f"1e-{MAX_EXPONENT}"), float(f"1e{MAX_EXPONENT}")
_NUMBER: Schema = {
    "type": "number",
    "anyOf": [
        {"const": 0},
        {"minimum": _LEAST, "maximum": _MOST},
        {"minimum": -_MOST, "maximum": -_LEAST},
    ],
}
_TEXT: Schema = {"type": ["string", "number"]}
_LINE: Schema = {**_TEXT, "pattern": r"^[^\n]*[^\s][^\n]*$"}
_SIZE: Schema = {
    "anyOf": [{"type": "integer", "minimum": 1, "maximum": MAX_DIM}, {"type": "string", "pattern": r"[^\s]"}]
}
_EQUATION: Schema = {**_TEXT, "pattern": r"(^|\n)[^\S\n]*[^\s#]"}


def spec_schema() -> Schema:
    """The schema of a spec file, as data that `json.dumps` takes."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:tcgrad:spec:1",
        "title": "tcgrad spec",
        "description": "A tensor function in index notation, for tcgrad.",
        **_mapping(SPEC_KEYS, _SPEC_VALUES),
    }


def _mapping(keys: Iterable[Key], values: dict[str, Callable[[], Schema]]) -> Schema:
    """A mapping of known keys; null stands for a key that is left out."""
    known = tuple(keys)
    properties = {}
    for key in known:
        made = values[key.name]()
        described = {"description": f"{key.meaning[0].upper()}{key.meaning[1:]}."}
        properties[key.name] = described | (made if key.required else {"anyOf": [made, _NULL]})
    required = [key.name for key in known if key.required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _mapping_of_names(value: Schema, reserved: Iterable[str]) -> Schema:
    """A mapping of names of the user's own, none of them one of ``reserved``."""
    names = {"pattern": rf"^{_NAME}$", "maxLength": MAX_NAME, "not": {"enum": sorted(reserved)}}
    return {"type": "object", "propertyNames": names, "additionalProperties": value}


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _equations(least: int) -> Schema:
    item = {**_EQUATION, "maxLength": MAX_EQUATION}
    return {"anyOf": [_EQUATION, _list(item, minItems=least, maxItems=MAX_EQUATIONS)]}


def _names() -> Schema:
    return _list({"type": "string"}, minItems=1, uniqueItems=True)


def _inputs() -> Schema:
    declared = _mapping(INPUT_KEYS, _INPUT_VALUES) | {"allOf": [*_sample_rules()]}
    return _mapping_of_names({"anyOf": [_shape_schema(), declared]}, RESERVED) | {"minProperties": 1}


def _shape_schema() -> Schema:
    return _list(_SIZE, maxItems=MAX_ORDER)


def _sample() -> Schema:
    ranges = [_range(name) for name in RANGE_SAMPLES]
    return {"anyOf": [{"enum": list(PLAIN_SAMPLES)}, *ranges]}


def _range(name: str) -> Schema:
    bound: Schema = {"anyOf": [_INTEGER, _SIZE]} if name == "integers" else _NUMBER
    bounds = _list(bound, minItems=2, maxItems=2)
    return {"type": "object", "properties": {name: bounds}, "required": [name], "additionalProperties": False}


def _sample_rules() -> Iterable[Schema]:
    """What keys of an input say together: a sample needs axes, and one of whole numbers is drawn from such."""
    for name, order in SAMPLE_ORDERS.items():
        yield _rule({"sample": {"const": name}}, {"shape": {"minItems": order}})
    symmetric = {"symmetric": {"const": True}}
    yield _rule(symmetric, {"shape": {"minItems": 2}, "sample": {"not": {"enum": list(UNSYMMETRIC_SAMPLES)}}})
    words = [name for name in INTEGER_SAMPLES if name in PLAIN_SAMPLES]
    ranges = [_range(name) for name in INTEGER_SAMPLES if name in RANGE_SAMPLES]
    whole = {"anyOf": [{"enum": words}, *ranges, _NULL]}
    yield _rule({"dtype": {"enum": [name for name in DTYPES if name != "real"]}}, {"sample": whole})
    two: Schema = {"properties": {"integers": {"const": [0, 2]}}}
    yield _rule({"dtype": {"const": "bool"}}, {"sample": two})


def _rule(where: Schema, then: Schema) -> Schema:
    return {"if": {"properties": where, "required": list(where)}, "then": {"properties": then}}


def _functions() -> Schema:
    body = {"anyOf": [{**_TEXT, "pattern": r"[^\s]", "maxLength": MAX_EQUATION}, _NULL]}
    words = "|".join(map(re.escape, sorted(RESERVED)))
    name = rf"\s*(?!(?:{words})\s*[(,)]){_NAME}\s*"
    signature = rf"^{name}\({name}(,{name}){{0,{MAX_PARAMETERS - 1}}}\)\s*$"
    return {"type": "object", "propertyNames": {"pattern": signature}, "additionalProperties": body}


def _check() -> Schema:
    options: Schema = {}
    for option in CHECK_OPTIONS.values():
        value: Schema = {"description": f"{option.meaning[0].upper()}{option.meaning[1:]}."}
        value |= {"anyOf": [_option(option), _NULL]}
        options |= {option.name: value, option.name.replace("_", "-"): value}
    return {"type": "object", "properties": options, "additionalProperties": False}


def _option(option: CheckOption) -> Schema:
    match option.kind:
        case "boolean":
            return _FLAG
        case "integer":
            return {"type": "integer", "minimum": option.minimum, "maximum": option.maximum}
        case "number":
            return {**_NUMBER, "exclusiveMinimum": 0}
        case "choice":
            return {"enum": list(option.values)}
        case "choices":
            word, either = {"enum": list(option.values)}, f"({'|'.join(option.values)})"
            several = {"type": "string", "pattern": f"^\\s*{either}(\\s*,\\s*{either})*\\s*$"}
            return {"anyOf": [word, several, _list(word, minItems=1)]}


_SPEC_VALUES: Final[dict[str, Callable[[], Schema]]] = {
    "name": lambda: _LINE,
    "doc": lambda: _TEXT,
    "dims": lambda: _mapping_of_names(_SIZE, ["pi"]),
    "constants": lambda: _mapping_of_names(_NUMBER, RESERVED),
    "inputs": _inputs,
    "equations": lambda: _equations(1),
    "outputs": _names,
    "wrt": _names,
    "indices": lambda: _mapping_of_names(_SIZE, ["pi"]),
    "functions": _functions,
    "strict": lambda: _FLAG,
    "expect": lambda: _equations(0),
    "check": _check,
}
_INPUT_VALUES: Final[dict[str, Callable[[], Schema]]] = {
    "shape": _shape_schema,
    "dtype": lambda: {"enum": list(DTYPES)},
    "sample": _sample,
    "symmetric": lambda: _FLAG,
    "outside": lambda: {"type": "number", "const": 0},
}
