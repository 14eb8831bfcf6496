"""``tcgrad schema``: the JSON Schema of spec files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tcgrad.cli.candidates import complete_file
from tcgrad.cli.files import write_file
from tcgrad.cli.help import Example
from tcgrad.cli.options import Debug
from tcgrad.cli.output import write_data
from tcgrad.spec.json_schema import spec_schema

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad schema > tcgrad.schema.json", "Write it where an editor finds it"),
    ("check-jsonschema --schemafile tcgrad.schema.json specs/*.yaml", "Let another program look at specs"),
)

Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", autocompletion=complete_file, help="Write to FILE instead of standard output."
    ),
]


def command(output: Output = None, debug: Debug = False) -> None:
    """Print the JSON Schema of spec files.

    Editors check and complete specs by it: those with the YAML language server read it from the line
    `# yaml-language-server: $schema=tcgrad.schema.json` at the head of a spec, which `tcgrad init` writes. It accepts
    what tcgrad reads and refuses what tcgrad refuses, as far as that can be told without reading equations.
    """
    text = json.dumps(spec_schema(), indent=2, ensure_ascii=False)
    if output is None or str(output) == "-":
        write_data(text)
    else:
        write_file(output, text + "\n")
