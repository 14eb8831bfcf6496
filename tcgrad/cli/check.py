"""``tcgrad check``: formulas and emitted code against difference quotients."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

import tcgrad
from tcgrad.cli.help import Example
from tcgrad.cli.options import Debug, Strict, split_names
from tcgrad.cli.output import write, write_error
from tcgrad.cli.progress import progress
from tcgrad.errors import TcgradError
from tcgrad.locate import find_specs
from tcgrad.report.diagnostics import render_diagnostics

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad check gallery:layer_norm", "Check one spec"),
    ("tcgrad check specs/ 'models/*.yaml'", "Check folders and patterns"),
    ("tcgrad check gallery: --dtype float32,float64", "Check the whole gallery in two precisions"),
    ("tcgrad check specs/ --format json", "Results for a program to read"),
)

FAILED = 1
WRONG_INPUT = 2

_SAMPLES = "What is drawn and compared"
_VERDICT = "What passes"

Specs = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC...", show_default=False, help="Spec files, folders, patterns, or `gallery:NAME`."
    ),
]  # fmt: skip
Dtype = Annotated[
    list[str] | None,
    typer.Option(
        "--dtype", metavar="DTYPE", rich_help_panel=_SAMPLES,
        help="float16, float32, float64 or longdouble; several with commas. [default: float64]",
    ),
]  # fmt: skip
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", rich_help_panel=_SAMPLES, help="The seed of the samples. [default: 0]"),
]
Trials = Annotated[
    int | None, typer.Option("--trials", metavar="N", rich_help_panel=_SAMPLES, help="How many samples. [default: 3]")
]
Rtol = Annotated[
    float | None,
    typer.Option(
        "--rtol", metavar="NUMBER", rich_help_panel=_VERDICT,
        help="A relative tolerance instead of the one that follows from rounding errors.",
    ),
]  # fmt: skip
Atol = Annotated[
    float | None,
    typer.Option(
        "--atol", metavar="NUMBER", rich_help_panel=_VERDICT, help="A difference that is excused in any case."
    ),
]
AllowInconclusive = Annotated[
    bool | None,
    typer.Option(
        "--allow-inconclusive", rich_help_panel=_VERDICT, help="Count what cannot be decided, as at a kink, as well."
    ),
]
FormatOption = Annotated[Literal["text", "json"], typer.Option("--format", help="The format of the report.")]


def command(
    specs: Specs,
    dtype: Dtype = None,
    seed: Seed = None,
    trials: Trials = None,
    rtol: Rtol = None,
    atol: Atol = None,
    allow_inconclusive: AllowInconclusive = None,
    output_format: FormatOption = "text",
    strict: Strict = False,
    debug: Debug = False,
) -> None:
    """Check formulas and emitted code numerically, and prove expected formulas.

    The derived formulas and the emitted module are compared with difference quotients of the plainly evaluated
    equations, on random inputs, with a tolerance that follows from rounding errors. The formulas that a spec
    gives under `expect` are proved. The exit status is 0 if all of it holds.

    Options that are not given are taken from the spec's `check`.
    """
    options = {
        "dtype": split_names(dtype), "seed": seed, "trials": trials, "rtol": rtol, "atol": atol,
        "allow_inconclusive": allow_inconclusive,
    }  # fmt: skip
    raise NotImplementedError(
        options,
        strict,
        specs,
        output_format,
        find_specs,
        progress,
        tcgrad,
        write,
        write_error,
        TcgradError,
        render_diagnostics,
    )
