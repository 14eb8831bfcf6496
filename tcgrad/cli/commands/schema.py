"""``tcgrad schema``: the JSON Schema of spec files."""

from __future__ import annotations

import json

from tcgrad.cli.files import write_result
from tcgrad.cli.help import Example
from tcgrad.cli.options import Debug, Output
from tcgrad.spec.json_schema import spec_schema

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad schema > tcgrad.schema.json", "Write it where an editor finds it"),
    ("check-jsonschema --schemafile tcgrad.schema.json specs/*.yaml", "Let another program look at specs"),
)


def command(output: Output = None, debug: Debug = False) -> None:
    """Print the JSON Schema of spec files.

    Editors check and complete specs by it: those with the YAML language server read it from the line
    `# yaml-language-server: $schema=tcgrad.schema.json` at the head of a spec, which `tcgrad init` writes. It accepts
    what tcgrad reads and refuses what tcgrad refuses, as far as that can be told without reading equations.
    """
    write_result(schema_text(), output)


def schema_text() -> str:
    """The JSON Schema of spec files, as a file of it."""
    return json.dumps(spec_schema(), indent=2, ensure_ascii=False) + "\n"
