"""``tcgrad check``: formulas and emitted code against difference quotients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tcgrad.cli.candidates import complete_report, complete_words
from tcgrad.cli.changed import changed_since
from tcgrad.cli.help import Example
from tcgrad.cli.options import SPECS, Debug, Session, is_standard_input, read_standard_input, split_names
from tcgrad.cli.output import output_apart, write_error
from tcgrad.cli.progress import ProgressLine
from tcgrad.cli.status import BUG, FAILED, WELL, WRONG_INPUT
from tcgrad.errors import STDIN, Diagnostic, TcgradError
from tcgrad.locate import find_specs
from tcgrad.settings import SETTINGS, Setting, check_value, load_settings, naming_setting, parse_value
from tcgrad.spec.check_options import CHECK_OPTIONS

if TYPE_CHECKING:
    from tcgrad.cli.checking import Task
    from tcgrad.cli.reporting import Reporter
    from tcgrad.report.checks.runs import Run

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad check gallery:layer_norm", "Check one spec"),
    ("tcgrad check specs/ 'models/*.yaml'", "Check folders and patterns"),
    ("tcgrad check gallery: --dtype float32,float64", "Check the whole gallery in two precisions"),
    ("tcgrad check layer.yaml --against kernels:backward", "Check a backward of your own"),
    ("tcgrad check layer.yaml --self-test", "See that the check would notice mistakes, by planting some"),
    ("tcgrad check specs/ --format json", "Results for a program to read"),
    ("tcgrad check specs/ --output-file junit.xml --output-file tcgrad.sarif", "The report for people, and two files"),
    ("tcgrad check specs/ --changed-since origin/main", "Check what a branch has changed"),
)


def _option(name: str, metavar: str | None, panel: str, default: str = "") -> Any:
    """An option out of the table of settings."""
    row = SETTINGS[name]
    meaning = row.meaning[0].upper() + row.meaning[1:]
    choices = f": {', '.join(row.values)}" if row.values else ""
    shown = f" [default: {default}]" if default else ""
    flag = f"--{name.replace('_', '-')}"
    both = f"{flag}/--no-{flag.removeprefix('--')}" if row.kind == "boolean" else flag
    return typer.Option(
        both, metavar=metavar, rich_help_panel=panel, help=f"{meaning}{choices}.{shown}", autocompletion=_completer(row)
    )


def _completer(row: Setting) -> Callable[[str], list[str]] | None:
    if row.values:
        return lambda incomplete: complete_words(row.values, incomplete)
    return complete_report if row.name == "output_file" else None


def _complete_framework(incomplete: str) -> list[str]:
    from tcgrad.check.user.frameworks import FRAMEWORK_NAMES  # it brings NumPy

    return complete_words(FRAMEWORK_NAMES, incomplete)


_SAMPLES = "What is drawn and compared"
_VERDICT = "What passes"
_WHICH = "Which specs, and how many at a time"
_REPORT = "The report"

Specs = Annotated[list[str] | None, SPECS]
Dtype = Annotated[list[str] | None, _option("dtype", "DTYPE", _SAMPLES, "float64")]
Seed = Annotated[int | None, _option("seed", "N", _SAMPLES, "from the spec's text")]
Trials = Annotated[int | None, _option("trials", "N", _SAMPLES, "3")]
Method = Annotated[str | None, _option("method", "METHOD", _SAMPLES, "auto")]
Sizes = Annotated[str | None, _option("sizes", "SIZES", _SAMPLES, "all")]
Only = Annotated[list[str] | None, _option("only", "KIND", _SAMPLES, "everything")]
MaxElements = Annotated[int | None, _option("max_elements", "N", _SAMPLES)]
Rtol = Annotated[float | None, _option("rtol", "NUMBER", _VERDICT)]
Atol = Annotated[float | None, _option("atol", "NUMBER", _VERDICT)]
SelfTest = Annotated[bool | None, _option("self_test", None, _SAMPLES)]
AllowInconclusive = Annotated[bool | None, _option("allow_inconclusive", None, _VERDICT)]
Strict = Annotated[bool | None, _option("strict", None, _VERDICT)]
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
AgainstForward = Annotated[
    str | None,
    typer.Option(
        "--against-forward", metavar="MODULE:FUNCTION", rich_help_panel=_SAMPLES,
        help="Check a forward of your own too: a function of the inputs that returns the output, or a tuple of the "
        "outputs.",
    ),
]  # fmt: skip
AgainstFramework = Annotated[
    str | None,
    typer.Option(
        "--against-framework", metavar="FRAMEWORK", rich_help_panel=_SAMPLES, autocompletion=_complete_framework,
        help="What your own functions are given and return: `numpy` arrays, `torch` tensors or `jax` arrays. "
        "[default: numpy]",
    ),
]  # fmt: skip
Exclude = Annotated[list[str] | None, _option("exclude", "PATTERN", _WHICH)]
ChangedSince = Annotated[
    str | None,
    typer.Option(
        "--changed-since", metavar="REF", rich_help_panel=_WHICH,
        help="Check only the specs that have changed since the branch left this commit, by git; what is not "
        "committed counts. If there are none, all is well.",
    ),
]  # fmt: skip
Jobs = Annotated[str | None, _option("jobs", "N", _WHICH, "1 for a few specs, else as many as there are cores")]
FailFast = Annotated[bool | None, _option("fail_fast", None, _WHICH)]
FormatOption = Annotated[
    str | None, _option("format", "FORMAT", _REPORT, "auto: text, and annotations in GitHub Actions")
]
OutputFile = Annotated[list[str] | None, _option("output_file", "[FORMAT:]PATH", _REPORT)]
Color = Annotated[str | None, _option("color", "WHEN", _REPORT, "auto: on a terminal")]


def command(
    context: typer.Context,
    specs: Specs = None,
    exclude: Exclude = None,
    since: ChangedSince = None,
    jobs: Jobs = None,
    fail_fast: FailFast = None,
    dtype: Dtype = None,
    seed: Seed = None,
    trials: Trials = None,
    method: Method = None,
    sizes: Sizes = None,
    only: Only = None,
    max_elements: MaxElements = None,
    self_test: SelfTest = None,
    against: Against = None,
    against_forward: AgainstForward = None,
    against_framework: AgainstFramework = None,
    rtol: Rtol = None,
    atol: Atol = None,
    allow_inconclusive: AllowInconclusive = None,
    strict: Strict = None,
    output_format: FormatOption = None,
    output_file: OutputFile = None,
    color: Color = None,
    debug: Debug = False,
) -> None:
    """Check formulas and emitted code numerically, and prove expected formulas.

    The derived formulas and the emitted module are compared with difference quotients of the plainly evaluated
    equations, on random inputs, with a tolerance that follows from rounding errors. The formulas that a spec
    gives under `expect` are proved. The exit status is 0 if all of it holds. On a terminal, where several specs are
    checked, those that are well have one line each.

    An option that is not given is taken from the environment (TCGRAD_JOBS for `--jobs`), else from `[tool.tcgrad]`
    of the nearest pyproject.toml, else from the spec's `check`.
    """
    given = {
        "dtype": _tuple(split_names("--dtype", dtype)),
        "seed": seed,
        "trials": trials,
        "method": method,
        "sizes": sizes,
        "only": _tuple(split_names("--only", only)),
        "max_elements": max_elements,
        "self_test": self_test,
        "rtol": rtol,
        "atol": atol,
        "allow_inconclusive": allow_inconclusive,
        "specs": _tuple(specs),
        "exclude": _tuple(exclude),
        "strict": strict,
        "jobs": _checked("jobs", jobs),
        "fail_fast": fail_fast,
        "format": _checked("format", output_format),
        "output_file": _tuple([_checked("output_file", text, check_value)[0] for text in output_file or ()]),
        "color": _checked("color", color),
    }
    code = {"against": against, "against_forward": against_forward, "against_framework": against_framework}
    given = {name: value for name, value in given.items() if value is not None}
    raise typer.Exit(_check(given, code, since, context.ensure_object(Session).debug))


def _tuple(values: Sequence[str] | None) -> tuple[str, ...] | None:
    return tuple(values) if values else None


def _checked(name: str, text: str | None, read: Callable[[Setting, str], Any] = parse_value) -> Any:
    """The value of an option that is read by the table of settings."""
    if text is None:
        return None
    try:
        return read(SETTINGS[name], text)
    except ValueError as error:
        raise _usage(f"`--{name.replace('_', '-')}` {error}, not `{text}`") from None


def _usage(message: str) -> TcgradError:
    return TcgradError((Diagnostic("TC601", message, help="`tcgrad check --help` shows the usage"),))


def _check(given: dict[str, Any], code: dict[str, str | None], since: str | None, debug: bool) -> int:
    """Check what the command line and the settings choose, and the user's own ``code``, and report -> the exit
    status.
    """
    from tcgrad.cli.checking import one_thread

    chosen = load_settings() | given
    tasks = _tasks(chosen, given, code, since)
    with one_thread():
        from tcgrad.cli.reporting import make_reporter  # it brings NumPy, which wrong names of specs need not wait for

        with naming_setting("output_file", given):
            reporter = make_reporter(
                chosen.get("format", "auto"), chosen.get("output_file", ()), chosen.get("color", "auto"), debug,
                several=len(tasks) > 1,
            )  # fmt: skip
        with output_apart() if any(code.values()) else nullcontext():
            line = ProgressLine(len(tasks), chosen.get("color", "auto"))
            run = _run(tasks, chosen.get("jobs"), bool(chosen.get("fail_fast")), reporter, line)
    if any(entry.bug for entry in run.entries):
        return BUG
    if any(entry.errors for entry in run.entries):
        return WRONG_INPUT
    return WELL if run.ok else FAILED


def _tasks(chosen: dict[str, Any], given: dict[str, Any], code: dict[str, str | None], since: str | None) -> list[Task]:
    """What is to be checked; nothing if nothing has changed, which is said on standard error."""
    from tcgrad.cli.checking import Task

    names = chosen.get("specs", ())
    if not names:
        raise _usage("Missing argument 'SPEC...'")
    options = {name: chosen.get(name) for name in CHECK_OPTIONS} | code
    strict = chosen.get("strict")
    with naming_setting("specs", given):
        if is_standard_input(names, "check"):
            return [Task(STDIN, strict, read_standard_input(), options)]
        paths = find_specs(names, chosen.get("exclude", ()))
    if since is not None:
        changed = changed_since(since, paths)
        write_error(f"tcgrad: note: {len(changed)} of {len(paths)} specs have changed since {since}")
        paths = changed
    return [Task(str(path), strict, None, options) for path in paths]


def _run(tasks: Sequence[Task], jobs: int | None, fail_fast: bool, reporter: Reporter, line: ProgressLine) -> Run:
    """Check the specs and report on each as soon as its turn has come."""
    from tcgrad.cli.checking import check_specs, choose_jobs

    started = perf_counter()
    with (
        line,
        closing(check_specs(tasks, choose_jobs(jobs, len(tasks)), line.begin, line.tell)) as entries,
    ):
        for entry in entries:
            line.pause()
            reporter.add(entry)
            if fail_fast and not entry.ok:
                break
    unchecked = [task.spec for task in tasks[len(reporter.entries) :]]
    return reporter.finish(unchecked, perf_counter() - started)
