"""THE table of options that a spec may preset for ``tcgrad check``; the command takes the same ones."""

from __future__ import annotations

from typing import Final, Literal

from tcgrad.records import dataclass
from tcgrad.spec.limits import MAX_INTEGER, MAX_TRIALS

DTYPES: Final = ("float16", "float32", "float64", "longdouble")
METHODS: Final = ("auto", "exact", "complex", "central", "fourth", "directional")
SIZES: Final = ("all", "own")

# The kinds of results: what is the module's or a formula's, what is the user's own, and expectations.
OWN_KINDS: Final = ("against", "against_forward")
KINDS: Final = (
    "forward", "jacobian", "gradient", "value_and_grad", "jvp", "dot_product", "hessian", "hvp", "hessian_symmetry",
    "repeatability", "inputs", *OWN_KINDS, "expect",
)  # fmt: skip

OptionKind = Literal["integer", "number", "choice", "choices", "boolean"]


@dataclass(frozen=True)
class CheckOption:
    """An option ``--name`` (with ``-`` for ``_``) of the command and key ``name`` of a spec's ``check``.

    kind: ``choices`` takes one of ``values`` or a list of them, and is always handed on as a tuple.
    minimum, maximum: the bounds of an integer; a number is above 0.
    unset: what holds where the option is not given.
    """

    name: str
    kind: OptionKind
    meaning: str
    values: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = MAX_INTEGER
    unset: str = ""


CHECK_OPTIONS: Final[dict[str, CheckOption]] = {
    option.name: option
    for option in (
        CheckOption("dtype", "choices", "the precision that the emitted module is checked in", values=DTYPES),
        CheckOption("seed", "integer", "the seed of the random inputs"),
        CheckOption("trials", "integer", "how many draws of random inputs are compared", minimum=1,
                    maximum=MAX_TRIALS),
        CheckOption("method", "choice", "the reference that derivatives are compared with", values=METHODS),
        CheckOption("sizes", "choice", "whether other sizes than the spec's own are compared as well", values=SIZES),
        CheckOption("only", "choices", "the kinds of results that are asked for, instead of all", values=KINDS),
        CheckOption("rtol", "number", "a relative tolerance instead of the one from rounding errors",
                    unset="without it the tolerance follows from rounding errors"),
        CheckOption("atol", "number", "a difference that is excused in any case",
                    unset="without it nothing is excused"),
        CheckOption("max_elements", "integer", "how many elements of a derivative are compared one by one", minimum=1),
        CheckOption("self_test", "boolean", "whether mistakes are planted in every derivative, all to be caught"),
        CheckOption("allow_inconclusive", "boolean", "whether a result that cannot be decided counts as passed"),
    )
}  # fmt: skip

RUN_OPTIONS: Final = (
    "specs", "exclude", "changed_since", "jobs", "fail_fast", "against", "against_forward", "against_framework",
    "format", "output_file", "color",
)  # fmt: skip
"""What the command takes besides: it is about a run and its report, and about code, and no spec says it of itself."""
