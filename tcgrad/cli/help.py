"""Help pages: typer's own costs twice the start-up and writes escapes into pipes in some CI systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from tcgrad.cli.output import takes_color, write

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter, Parameter
    from typer.core import TyperOption

Example = tuple[str, str]  # a command line, what it does

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class HelpPage(TyperCommand):
    """A command whose help is usage, description, arguments, options by group, and examples."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            if getattr(error, "ctx", None) is None:  # typer does not say where an option lacks its value
                error.ctx = ctx  # type: ignore[attr-defined]  # its usage errors have one
            raise

    def collect_usage_pieces(self, ctx: Context) -> list[str]:
        return ["[OPTIONS]", *(param.metavar or "" for param in self.params if _is_argument(param))]

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        return _writing(super().get_help_option(ctx))

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        for title, params in option_groups(self.get_params(ctx)):
            _write_section(formatter, title, _records(params, ctx))

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        _write_epilog(formatter, self.epilog)


class GroupPage(TyperGroup):
    """The same for the program itself: usage, description, commands, options, examples."""

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        return _writing(super().get_help_option(ctx))

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        _write_section(formatter, "Commands", [(name, c.get_short_help_str(200)) for name, c in self.commands.items()])
        for title, params in option_groups(self.get_params(ctx)):
            _write_section(formatter, title, _records(params, ctx))

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        _write_epilog(formatter, self.epilog)


def _writing(option: TyperOption | None) -> TyperOption | None:
    """The option that shows a page, which is then written as all else is: refused where nothing can be."""
    if option is not None:
        option.callback = _show
    return option


def _show(context: Context, _: Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        write(context.get_help())
        context.exit()


def option_groups(params: Sequence[Parameter]) -> Iterator[tuple[str, list[Parameter]]]:
    """The parameters under their headings: arguments first, then options by panel, those without one last."""
    panels: dict[str, list[Parameter]] = {"Arguments": []}
    plain: list[Parameter] = []
    for param in params:
        panel = "Arguments" if _is_argument(param) else getattr(param, "rich_help_panel", None)
        (panels.setdefault(panel, []) if panel else plain).append(param)
    yield from panels.items()
    yield "Options", plain


def example_text(examples: Sequence[Example]) -> str:
    """Examples as an epilog, one a paragraph."""
    return "\n\n".join(f"{does}\n$ {line}" for line, does in examples)


def describe(param: Parameter, ctx: Context) -> tuple[str, str] | None:
    """How a parameter is written and what it means; None if it is hidden."""
    record = param.get_help_record(ctx)
    return record if record is None or not _is_argument(param) else (record[0], record[1].removesuffix("  [required]"))


def _is_argument(param: Parameter) -> bool:
    return param.param_type_name == "argument"


def _records(params: Sequence[Parameter], ctx: Context) -> list[tuple[str, str]]:
    return [record for param in params if (record := describe(param, ctx)) is not None]


def _write_section(formatter: HelpFormatter, title: str, rows: Sequence[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(_style(title, bold=True)):
            formatter.write_dl([(_style(term, fg="cyan"), text) for term, text in rows])


def _write_epilog(formatter: HelpFormatter, epilog: str | None) -> None:
    if not epilog:
        return
    with formatter.section(_style("Examples", bold=True)):
        for paragraph in epilog.split("\n\n"):
            does, _, line = paragraph.partition("\n")
            formatter.write(f"  {does}\n    {_style(line, fg='cyan')}\n")


def _style(text: str, *, fg: str | None = None, bold: bool = False) -> str:
    return typer.style(text, fg=fg, bold=bold or None) if takes_color() else text
