"""``tcgrad gallery``: the specs that come with tcgrad."""

from __future__ import annotations

from typing import Annotated

import typer

from tcgrad.cli.candidates import complete_gallery
from tcgrad.cli.help import Example
from tcgrad.cli.listing import listing
from tcgrad.cli.options import Debug
from tcgrad.cli.output import line_width, write, write_data
from tcgrad.locate import GALLERY, find_spec, gallery_specs

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad gallery", "List all specs"),
    ("tcgrad gallery layer_norm", "Read one"),
    ("tcgrad gallery layer_norm > mine.yaml", "Start your own from it"),
)

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        show_default=False,
        autocompletion=complete_gallery,
        help="Print this spec's file instead of the list.",
    ),
]


def command(name: Name = None, debug: Debug = False) -> None:
    """List the specs that come with tcgrad, or print one.

    Each is a file with its formulas from the literature beside it, under `expect`. Wherever a command takes a
    SPEC, `gallery:NAME` names one of them.
    """
    if name is None:
        write(_listing())
    else:
        write_data(find_spec(GALLERY + name.removeprefix(GALLERY)).read_text(encoding="utf-8"))


def _listing() -> str:
    from tcgrad.spec.loader import load_spec

    return listing([(path.stem, load_spec(path).doc) for path in gallery_specs()], line_width())
