"""The command tree: one row a command."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.core import TyperGroup

import tcgrad
from tcgrad.cli.commands import check, completion, derive, emit, explain, gallery, init, lint, schema
from tcgrad.cli.help import CONTEXT, Example, GroupPage, HelpPage, example_text
from tcgrad.cli.options import Debug
from tcgrad.cli.output import write

COMMANDS = {
    "derive": derive,
    "emit": emit,
    "check": check,
    "lint": lint,
    "init": init,
    "schema": schema,
    "completion": completion,
    "gallery": gallery,
    "explain": explain,
}

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad derive gallery:softmax", "Derive the gradients of softmax"),
    ("tcgrad emit gallery:layer_norm -o layer_norm.py", "Write a NumPy module that computes them"),
    ("tcgrad check specs/", "Check every spec of a folder"),
)


def _print_version(value: bool) -> None:
    if value:
        write(f"tcgrad {tcgrad.__version__}")
        raise typer.Exit


def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Derive, emit and check gradients of tensor functions.

    You write a function in index notation, `y[i,j] = x[i,k]*a[k,j]`, in a small YAML file. tcgrad derives its
    Jacobians and backpropagation gradients in closed form, writes them as a NumPy module, and checks formulas
    and code against difference quotients. The language is described in tcgrad-spec(5).
    """


def build() -> TyperGroup:
    """The program with all its commands."""
    app = typer.Typer(
        name="tcgrad", cls=GroupPage, add_completion=False, rich_markup_mode=None, no_args_is_help=True,
        context_settings=CONTEXT, epilog=example_text(EXAMPLES),
    )  # fmt: skip
    app.callback()(program)
    for name, module in COMMANDS.items():
        app.command(name, cls=HelpPage, context_settings=CONTEXT, epilog=example_text(module.EXAMPLES))(module.command)
    return typer.main.get_group(app)
