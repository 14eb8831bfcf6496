"""``tcgrad emit``: the NumPy module of a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tcgrad.cli.candidates import complete_file
from tcgrad.cli.files import write_file
from tcgrad.cli.help import Example
from tcgrad.cli.options import Debug, Spec, Strict, load_argument
from tcgrad.cli.output import write_data

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad emit gallery:softmax", "Read the module"),
    ("tcgrad emit attention.yaml -o attention_grad.py", "Write it to a file, whole or not at all"),
)

Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", autocompletion=complete_file, help="Write to FILE instead of standard output."
    ),
]


def command(spec: Spec, output: Output = None, strict: Strict = False, debug: Debug = False) -> None:
    """Write the function and its gradients as a NumPy module.

    The module has `forward`, `forward_saved`, `backward`, `value_and_grad`, `jvp` and `jacobian`, and for one
    scalar output `hessian` and `hvp`. It needs NumPy alone (SciPy where a function is not in NumPy), not tcgrad, and
    works for any sizes that fit the spec.
    """
    source = load_argument(spec, strict).emit()
    if output is None or str(output) == "-":
        write_data(source)
    else:
        write_file(output, source)
