"""THE table of keys of a spec file, read by the loader and by whatever documents or suggests keys."""

from __future__ import annotations

from typing import Final

from tcgrad.records import dataclass


@dataclass(frozen=True)
class Key:
    """A key with what its value is and what it means, in a few words each."""

    name: str
    value: str
    meaning: str
    required: bool = False


SPEC_KEYS: Final = (
    Key("name", "text", "the name of the function; by default the stem of the file's name"),
    Key("doc", "text", "what it computes"),
    Key("dims", "mapping of names to sizes", "named sizes: integers of at least 1, or expressions of earlier dims"),
    Key("constants", "mapping of names to numbers", "named numbers"),
    Key("inputs", "mapping of names to shapes", "the inputs: a shape, or a mapping of the keys below", required=True),
    Key("equations", "list of equations, or one block of them", "what is computed, in order", required=True),
    Key("outputs", "list of names", "what is differentiated; by default the last equation's tensor"),
    Key("wrt", "list of input names", "by what it is differentiated; by default every real-valued input"),
    Key("indices", "mapping of index names to sizes", "ranges that cannot be, or should not be, inferred"),
    Key("functions", "mapping of `name(parameters)` to bodies", "scalar functions; `null` declares an abstract one"),
    Key("strict", "true or false", "true: no implicit broadcasting"),
    Key("expect", "list of equations", "formulas to be proved equal to the derived ones"),
    Key("check", "mapping of options", "defaults for `tcgrad check`"),
)  # fmt: skip

INPUT_KEYS: Final = (
    Key("shape", "list of dims, integers or dim expressions", "the size of each axis; [] is a scalar", required=True),
    Key("dtype", "real, int or bool", "int and bool inputs are never differentiated"),
    Key("sample", "normal, positive, simplex, spd, one_hot, {uniform: [lo, hi]} or {integers: [lo, hi]}",
        "how values are drawn by `tcgrad check`"),
    Key("symmetric", "true or false", "the value is symmetric in its last two axes"),
    Key("outside", "0", "reads outside of the tensor give 0"),
)  # fmt: skip

KEYS_ELSEWHERE: Final = {
    **dict.fromkeys(("title", "description", "comment", "summary"), "doc"),
    **dict.fromkeys(("parameters", "params", "arguments", "args", "variables", "vars"), "inputs"),
    **dict.fromkeys(("size", "dims", "axes"), "shape"),
    **dict.fromkeys(("padding", "pad"), "outside"),
    **dict.fromkeys(("type", "kind"), "dtype"),
}
"""What keys are called elsewhere: meant is the key of this name, where there can be one."""

DTYPES: Final = ("real", "int", "bool")
DTYPES_ELSEWHERE: Final = {
    **dict.fromkeys(("float", "double", "number", "complex"), "real"),
    **dict.fromkeys(("integer", "uint", "long"), "int"),
    "boolean": "bool",
}
"""What is called otherwise elsewhere, without a number of bits."""
PLAIN_SAMPLES: Final = ("normal", "positive", "simplex", "spd", "one_hot")
RANGE_SAMPLES: Final = ("uniform", "integers")
SAMPLE_ORDERS: Final = {"spd": 2, "simplex": 1, "one_hot": 1}
"""How many axes a sample needs at least."""
INTEGER_SAMPLES: Final = ("integers", "one_hot")
"""The samples of whole numbers."""
UNSYMMETRIC_SAMPLES: Final = ("simplex", "one_hot")
"""The samples that are never symmetric."""
