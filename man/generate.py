"""Write the manual pages: those of the commands from the command tree, the language's from its template and tables.

python man/generate.py           writes the pages beside this file
python man/generate.py --check   says which pages are stale, and exits with 1 if one is
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from roff import escape, join, paragraphs, prose, reference, table

from tcgrad.check.mistakes.kinds import MISTAKES
from tcgrad.cli import app
from tcgrad.cli.help import CONTEXT, Example, describe, option_groups
from tcgrad.codes import CODES
from tcgrad.functions import FUNCTIONS, Function
from tcgrad.settings import SETTINGS
from tcgrad.spec.check_options import CHECK_OPTIONS

if TYPE_CHECKING:
    from typer._click import Command, Context, Parameter

Renderer = Callable[[list[str]], list[str]]

FOLDER = Path(__file__).parent
DATE = "November 21, 2026"

EXIT_STATUS = (
    ("0", "All is well."),
    ("1", "A check failed or could not decide."),
    ("2", "The input or the usage is wrong: an error in a spec, a missing file, a pattern that matches nothing."),
    ("3", "A bug in tcgrad."),
)
ENVIRONMENT = (
    ("NO_COLOR", "If it is set and not empty, no colours are used but where `--color always` asks for them."),
    ("COLUMNS", "The width of the output on a terminal, instead of the terminal's own."),
)
_ENVIRONMENT = (
    "Options that are not given on the command line are read from these variables. A list is written with commas, and "
    "1, true, yes and on, or 0, false, no and off, say whether."
)
_FILES = (
    "What the environment does not say either is read from `[tool.tcgrad]` of the nearest `pyproject.toml`, in the "
    "current folder or one above it. Paths under `specs` are seen from the folder of that file. What is not said "
    "there is taken from the `check` of each spec, and else from the defaults."
)
_PROJECT = """\
[tool.tcgrad]
specs = ["specs", "models/**/*.tcgrad.yaml"]
exclude = ["drafts"]
dtype = ["float32", "float64"]
output-file = ["junit.xml"]"""
CODE_GROUPS = (
    ("TC1", "The spec file"),
    ("TC2", "The syntax of equations"),
    ("TC3", "Names, indices, sums and ranges"),
    ("TC4", "Derivatives and expectations"),
    ("TC5", "Checks"),
    ("TC6", "Files and the command line"),
    ("TC7", "Warnings of lint"),
)


def pages() -> dict[str, str]:
    """Every page: file name -> text."""
    group = app.build()
    root = typer.Context(group, info_name="tcgrad", **CONTEXT)
    made = {"tcgrad.1": join([*program_page(root)])}
    for name, command in group.commands.items():
        context = typer.Context(command, info_name=name, parent=root, **CONTEXT)
        made[f"tcgrad-{name}.1"] = join([*command_page(command, context, app.COMMANDS[name].EXAMPLES)])
    made["tcgrad-spec.5"] = spec_page()
    return made


def program_page(context: Context) -> Iterator[str]:
    """tcgrad(1): what the program is, its commands, and what they have in common."""
    yield from _head("TCGRAD", 1)
    yield from (".Sh NAME", ".Nm tcgrad", ".Nd derive, emit and check gradients of tensor functions")
    yield from (".Sh SYNOPSIS", ".Nm tcgrad", ".Op Ar options", ".Ar command", ".Op Ar arguments")
    yield from (".Sh DESCRIPTION", *paragraphs(_description(context.command)))
    yield from (".Ss Commands", ".Bl -tag -width Ds")
    for name, command in app.build().commands.items():
        yield from (f".It Ic {name}", *prose(f"{command.get_short_help_str(300)} See `tcgrad-{name}`(1)."))
    yield from (".El", *_options(context))
    yield from (".Sh ENVIRONMENT", *table(ENVIRONMENT, "Ev"))
    yield from _tail(app.EXAMPLES, [f"tcgrad-{name}(1)" for name in app.COMMANDS])


def command_page(command: Command, context: Context, examples: Sequence[Example]) -> Iterator[str]:
    """tcgrad-NAME(1), from the help of the command and of its parameters."""
    name = context.info_name or ""
    summary = command.get_short_help_str(300).rstrip(".")
    yield from _head(f"TCGRAD-{name.upper()}", 1)
    yield from (".Sh NAME", f".Nm tcgrad-{name}", f".Nd {escape(summary[0].lower() + summary[1:])}")
    yield from (".Sh SYNOPSIS", f".Nm tcgrad {name}", ".Op Ar options", *_synopsis(command))
    yield from (".Sh DESCRIPTION", *paragraphs(_description(command)), *_options(context))
    if name == "check":
        yield from _settings()
    yield from _tail(examples, ["tcgrad(1)", "tcgrad-spec(5)"])


def _settings() -> Iterator[str]:
    """Where the options of a check are read from besides."""
    yield from (".Sh ENVIRONMENT", *prose(_ENVIRONMENT))
    yield from table([(row.variable, _sentence(row.meaning, row.values)) for row in SETTINGS.values()], "Ev")
    yield from (".Sh FILES", *prose(_FILES), ".Bd -literal -offset indent", *map(escape, _PROJECT.splitlines()), ".Ed")
    keys = ", ".join(f"`{name.replace('_', '-')}`" for name in SETTINGS)
    yield from (".Pp", *prose(f"The keys are {keys}. An unknown one is an error that names the nearest."))


def spec_page() -> str:
    """tcgrad-spec(5): the text beside this file, with the tables of functions and codes filled in."""
    text = (FOLDER / "tcgrad-spec.md").read_text(encoding="utf-8")
    lines = [*_head("TCGRAD-SPEC", 5), ".Sh NAME", ".Nm tcgrad-spec", ".Nd the language of tensor functions"]
    for kind, blocks in groupby(text.strip().split("\n\n"), key=_block_kind):
        lines += _RENDERERS[kind](list(blocks))
    lines += [".Sh SEE ALSO", reference("tcgrad(1)")]
    return join(lines)


def _block_kind(block: str) -> str:
    """What a block of the text is; blocks of one kind that follow each other are rendered together."""
    starts = {"# ": "section", "## ": "subsection", "- ": "list", "    ": "code", "@": "table"}
    return next((kind for start, kind in starts.items() if block.startswith(start)), "prose")


def _render_headings(macro: str) -> Renderer:
    return lambda blocks: [f".{macro} {escape(block.lstrip('# '))}" for block in blocks]


def _render_list(blocks: list[str]) -> list[str]:
    """Items ``- `term`: text``."""
    lines = [".Bl -tag -width Ds"]
    for item in "\n".join(blocks).removeprefix("- ").split("\n- "):
        term, _, text = item.partition(": ") if not item.startswith("`") else item[1:].partition("`: ")
        lines += [f".It Li {escape(term)}", *prose(text)]
    return [*lines, ".El"]


def _render_code(blocks: list[str]) -> list[str]:
    code = textwrap.dedent("\n\n".join(blocks))
    return [".Bd -literal -offset indent", *(escape(line) for line in code.splitlines()), ".Ed"]


def _render_tables(blocks: list[str]) -> list[str]:
    tables = {"@FUNCTIONS@": _functions, "@CODES@": _codes, "@OPTIONS@": _check_options, "@MISTAKES@": _mistakes}
    return [line for block in blocks for line in tables[block]()]


_RENDERERS: dict[str, Renderer] = {
    "section": _render_headings("Sh"),
    "subsection": _render_headings("Ss"),
    "list": _render_list,
    "code": _render_code,
    "table": _render_tables,
    "prose": lambda blocks: [".Pp", *paragraphs("\n\n".join(blocks))],
}


def _head(title: str, section: int) -> tuple[str, ...]:
    return (
        r".\" Generated by man/generate.py: change what it reads, not this file.",
        f".Dd {DATE}",
        f".Dt {title} {section}",
        ".Os",
    )


def _tail(examples: Sequence[Example], see_also: Sequence[str]) -> Iterator[str]:
    yield from (".Sh EXIT STATUS", *table(EXIT_STATUS, "Li"))
    yield ".Sh EXAMPLES"
    for line, does in examples:
        yield from (".Pp", f"{escape(does)}:", f".Dl {escape(line)}")
    yield ".Sh SEE ALSO"
    yield ",\n".join(f"{reference(page)}" for page in see_also)


def _description(command: Command) -> str:
    return textwrap.dedent(command.help or "").strip()


def _synopsis(command: Command) -> Iterator[str]:
    for param in command.params:
        if param.param_type_name == "argument":
            name = (param.metavar or param.name or "").strip("[]")
            base = name.removesuffix("...")
            shown = f"Ar {escape(base)}" + (" ..." if base != name else "")
            yield f".{shown}" if param.required else f".Op {shown}"


def _options(context: Context) -> Iterator[str]:
    for title, params in option_groups(context.command.get_params(context)):
        if params:
            yield from (f".Ss {title}", ".Bl -tag -width Ds")
            for param in params:
                yield from _option(param, context)
            yield ".El"


def _option(param: Parameter, context: Context) -> Iterator[str]:
    record = describe(param, context)
    _, text = record if record is not None else ("", "")
    if param.param_type_name == "argument":
        yield f".It Ar {escape((param.metavar or '').strip('[]'))}"
    else:
        names = sorted([*param.opts, *param.secondary_opts], key=lambda name: name.startswith("--"))  # -h first
        flags = " , ".join(f"Fl {escape(name.removeprefix('-'))}" for name in names)
        flag_only = getattr(param, "is_flag", False)
        yield f".It {flags}" + ("" if flag_only else f" Ar {escape(param.make_metavar(context))}")
    yield from prose(text)


def _functions() -> list[str]:
    lines = [".Bl -tag -width Ds"]
    for row in FUNCTIONS.values():
        lines += [f".It Li {escape(_signature(row))}", *prose(f"{_capital(row.summary)}.")]
        lines += prose(_derivatives(row))
    return [*lines, ".El"]


def _signature(row: Function) -> str:
    return f"{row.name}({', '.join(row.parameters)})"


def _derivatives(row: Function) -> str:
    """The derivative by each parameter, in the language itself."""
    shown = [
        f"by {name}: `{partial}`" if row.arity > 1 else f"`{partial}`"
        for name, partial in zip(row.parameters, row.partials, strict=True)
        if partial is not None
    ]
    value = ", with y for the value itself" if any(_uses_value(partial) for partial in row.partials) else ""
    return f"Derivative {', '.join(shown)}{value}."


def _uses_value(partial: str | None) -> bool:
    return partial is not None and re.search(r"\by\b", partial) is not None


def _codes() -> list[str]:
    lines: list[str] = []
    for prefix, title in CODE_GROUPS:
        rows = [(code.code, f"{_capital(code.title)}.") for code in CODES.values() if code.code.startswith(prefix)]
        if rows:
            lines += [f".Ss {title}", *table(rows, "Li")]
    return lines


def _check_options() -> list[str]:
    return [*table([(row.name, _sentence(row.meaning, row.values)) for row in CHECK_OPTIONS.values()], "Li")]


def _mistakes() -> list[str]:
    return [*table([(row.name, _sentence(row.meaning, ())) for row in MISTAKES], "Li")]


def _sentence(meaning: str, values: Sequence[str]) -> str:
    choices = f": {', '.join(values)}" if values else ""
    return f"{meaning[0].upper()}{meaning[1:]}{choices}."


def _capital(text: str) -> str:
    """Its first letter made a capital one, unless it begins with a formula."""
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+( |$)", text) and not text.startswith("a ") else text


def stale_pages() -> list[str]:
    """The names of the pages in this folder that are not what the generator makes."""
    made = pages()
    present = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.[15]")}
    return sorted(name for name in {*made, *present} if made.get(name) != present.get(name))


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or check them; the exit status is returned."""
    if "--check" in arguments:
        stale = stale_pages()
        print(*(f"stale: man/{name}" for name in stale), sep="\n", end="\n" if stale else "")
        return 1 if stale else 0
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
