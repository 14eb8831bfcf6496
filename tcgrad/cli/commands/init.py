"""``tcgrad init``: a spec to start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tcgrad.cli.commands.schema import schema_text
from tcgrad.cli.files import make_folder, write_file
from tcgrad.cli.help import Example
from tcgrad.cli.options import Debug
from tcgrad.cli.output import write
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.locate import SUFFIXES
from tcgrad.spec.limits import MAX_NAME

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad init attention", "Write attention.tcgrad.yaml"),
    ("tcgrad init specs/attention.yaml", "Write it under another name"),
)

SCHEMA = "tcgrad.schema.json"
_STARTER = """\
# yaml-language-server: $schema={schema}
#
# {name}: a linear layer, to be made into a function of your own. `man tcgrad-spec` has the whole language.
#
#     tcgrad derive {file}    the formulas
#     tcgrad emit {file}      a NumPy module
#     tcgrad check {file}     both, against difference quotients
name: {quoted}
doc: A linear layer with a bias.

# Sizes. Let them differ, so that no transpose goes unnoticed.
dims: {{B: 4, I: 3, O: 2}}

# The arguments, each with its shape; [] is a scalar. How the check draws one is said in a mapping:
#   p: {{shape: [B, I], sample: positive}}
inputs:
  x: [B, I]
  w: [O, I]
  b: [O]

# An index that is not on the left is summed: here i. A term that lacks an index of the left is repeated along it, and
# `1[n]` says so.
equations:
  - y[n,o] = x[n,i]*w[o,i] + 1[n]*b[o]

# What you have worked out by hand; `tcgrad check` proves it, or says where it is wrong. The gradients are those of some
# scalar l further on, given dl/dy.
expect:
  - dl/dx[p,q] = dl/dy[p,o]*w[o,q]
  - dl/dw[p,q] = dl/dy[n,p]*x[n,q]
  - dl/db[p] = 1[n]*dl/dy[n,p]
"""

_MIDDLE = ".tcgrad"  # before the suffix of the files that pytest and pre-commit find

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="What the function is called, or the path of the file to be written.")
]


def command(name: Name, debug: Debug = False) -> None:
    """Write a spec to start from.

    NAME.tcgrad.yaml is a small function with comments, and derives, emits and checks as it is. Beside it the JSON
    Schema of specs is written, as tcgrad.schema.json, for editors to check and complete by; the first line of the spec
    names it. No file is ever overwritten.
    """
    path = Path(name) if name.endswith(SUFFIXES) else Path(f"{name.removesuffix(_MIDDLE)}{_MIDDLE}.yaml")
    _refuse(path)
    make_folder(path)
    write_file(path, starter(path))
    schema = path.parent / SCHEMA
    if not schema.exists():
        write_file(schema, schema_text())
        write(f"wrote {path} and {schema}")
    else:
        write(f"wrote {path}")


def starter(path: Path) -> str:
    """The text of a spec to start from, for a file of this name."""
    name = path.name
    for suffix in (*SUFFIXES, _MIDDLE):
        name = name.removesuffix(suffix)
    return _STARTER.format(schema=SCHEMA, name=name, quoted=json.dumps(name, ensure_ascii=False), file=path.name)


def _refuse(path: Path) -> None:
    reason = ""
    if not path.name.isprintable() or len(path.name) > MAX_NAME or path.name.startswith("."):
        reason = "cannot be the file of a spec"
    elif path.exists() or path.is_symlink():
        reason = "is there already"
    if reason:
        raise TcgradError((Diagnostic("TC605", f"`{path}` {reason}", help="choose another name"),))
