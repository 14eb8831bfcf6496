"""``tcgrad check``: formulas and emitted code against difference quotients."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import tcgrad
from tcgrad.cli.help import Example
from tcgrad.cli.options import Debug, Strict, split_names
from tcgrad.cli.output import takes_color, takes_unicode, write, write_error
from tcgrad.cli.progress import ProgressLine
from tcgrad.errors import TcgradError
from tcgrad.locate import find_specs
from tcgrad.report.diagnostics import render_diagnostics
from tcgrad.spec.check_options import CHECK_OPTIONS

if TYPE_CHECKING:
    from tcgrad.check import CheckResult

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad check gallery:layer_norm", "Check one spec"),
    ("tcgrad check specs/ 'models/*.yaml'", "Check folders and patterns"),
    ("tcgrad check gallery: --dtype float32,float64", "Check the whole gallery in two precisions"),
    ("tcgrad check layer.yaml --against kernels:backward", "Check a backward of your own"),
    ("tcgrad check specs/ --format json", "Results for a program to read"),
)

FAILED = 1
WRONG_INPUT = 2


def _option(name: str, metavar: str | None, panel: str, default: str = "") -> Any:
    """An option out of the table, which a spec's `check` knows too."""
    row = CHECK_OPTIONS[name]
    meaning = row.meaning[0].upper() + row.meaning[1:]
    choices = f": {', '.join(row.values)}" if row.values else ""
    shown = f" [default: {default}]" if default else ""
    flag = f"--{name.replace('_', '-')}"
    return typer.Option(flag, metavar=metavar, rich_help_panel=panel, help=f"{meaning}{choices}.{shown}")


_SAMPLES = "What is drawn and compared"
_VERDICT = "What passes"

Specs = Annotated[
    list[str],
    typer.Argument(metavar="SPEC...", show_default=False, help="Spec files, folders, patterns, or `gallery:NAME`."),
]
Dtype = Annotated[list[str] | None, _option("dtype", "DTYPE", _SAMPLES, "float64")]
Seed = Annotated[int | None, _option("seed", "N", _SAMPLES, "0")]
Trials = Annotated[int | None, _option("trials", "N", _SAMPLES, "3")]
Method = Annotated[str | None, _option("method", "METHOD", _SAMPLES, "auto")]
MaxElements = Annotated[int | None, _option("max_elements", "N", _SAMPLES)]
Rtol = Annotated[float | None, _option("rtol", "NUMBER", _VERDICT)]
Atol = Annotated[float | None, _option("atol", "NUMBER", _VERDICT)]
AllowInconclusive = Annotated[bool, _option("allow_inconclusive", None, _VERDICT)]
Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="MODULE:FUNCTION",
        rich_help_panel=_SAMPLES,
        help="Check a backward of your own too: a function of the inputs, then the gradients of the outputs, that "
        "returns the gradients in the order of `wrt`. The module is imported; the current folder is looked in first.",
    ),
]
FormatOption = Annotated[Literal["text", "json"], typer.Option("--format", help="The format of the report.")]


def command(
    specs: Specs,
    dtype: Dtype = None,
    seed: Seed = None,
    trials: Trials = None,
    method: Method = None,
    max_elements: MaxElements = None,
    rtol: Rtol = None,
    atol: Atol = None,
    allow_inconclusive: AllowInconclusive = False,
    against: Against = None,
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
    names = split_names(dtype)
    options = {
        "dtype": tuple(names) if names else None,
        "seed": seed,
        "trials": trials,
        "method": method,
        "max_elements": max_elements,
        "rtol": rtol,
        "atol": atol,
        "allow_inconclusive": allow_inconclusive or None,
        "against": against,
    }
    raise typer.Exit(_Run(options, strict, output_format).over(find_specs(specs)))


class _Run:
    """One run over several specs: what is wrong with one of them does not hide the others."""

    def __init__(self, options: dict[str, Any], strict: bool, output_format: str) -> None:
        self.options = options
        self.strict = strict
        self.output_format = output_format
        self.results: list[CheckResult] = []
        self.broken: list[tuple[Path, TcgradError]] = []

    def over(self, paths: Sequence[Path]) -> int:
        """Check all of them and report -> the exit status."""
        with ProgressLine(len(paths)) as line:
            for path in paths:
                line.begin(str(path))
                self._check(path, line)
        self._finish()
        if self.broken:
            return WRONG_INPUT
        return 0 if all(result.ok for result in self.results) else FAILED

    def _check(self, path: Path, line: ProgressLine) -> None:
        try:
            function = tcgrad.load(path, strict=self.strict or None)
            result = function.check(progress=line.tell, **self.options)
        except TcgradError as error:
            if error.source is None:  # about the options: as wrong for every other spec
                raise
            line.pause()
            self.broken.append((path, error))
            write_error(render_diagnostics(error))
        else:
            line.pause()
            if self.output_format == "text":
                write(("\n" if self.results else "") + _as_text(result))
            self.results.append(result)

    def _finish(self) -> None:
        if self.output_format == "json":
            write(_as_json(self.results, self.broken))
        elif len(self.results) > 1:
            from tcgrad.report.check_text import render_summary

            write("\n" + render_summary(self.results, unicode=takes_unicode(), color=takes_color()))


def _as_text(result: CheckResult) -> str:
    from tcgrad.report.check_text import render_text

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return render_text(result, unicode=takes_unicode(), color=takes_color(), width=width)


def _as_json(results: Sequence[CheckResult], broken: Sequence[tuple[Path, TcgradError]]) -> str:
    """The report; a spec that cannot be checked has no results but ``errors``."""
    from tcgrad.report.check_json import render_json

    report = render_json(results)
    for path, error in broken:
        errors = render_diagnostics(error).splitlines()
        report["specs"].append({"spec": str(path), "name": path.stem, "ok": False, "results": [], "errors": errors})
    report["specs"].sort(key=lambda entry: entry["spec"])
    report["ok"] = report["ok"] and not broken
    return json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
