"""``tcgrad derive``: the derivatives of a spec as formulas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import tcgrad
from tcgrad.cli.candidates import complete_words
from tcgrad.cli.help import Example
from tcgrad.cli.options import Debug, Spec, Strict, load_argument, split_names
from tcgrad.cli.output import in_utf8, line_width, takes_color, takes_unicode, write

if TYPE_CHECKING:
    from tcgrad.api import Derived, TensorFunction
    from tcgrad.ir.program import Program
    from tcgrad.ir.tensors import Tensor
    from tcgrad.point import PointValues

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad derive gallery:matmul", "All Jacobians and gradients of a matrix product"),
    ("tcgrad derive gallery:layer_norm --wrt x --notation index", "One gradient, in index notation"),
    ("tcgrad derive gallery:einstein --notation einstein", "Products by their index groups"),
    ("tcgrad derive gallery:softmax --steps", "The derivation line by line, each with the name of its rule"),
    ("tcgrad derive gallery:gradient_xy --at x=2,y=4", "The values at a point"),
    ("tcgrad derive gallery:logistic_regression --hessian", "Second derivatives as well"),
    ("tcgrad derive attention.yaml --format latex > attention.tex", "Formulas for a paper"),
)

_WHICH = "Which derivatives"
_HOW = "How they are written"


def _complete_of(context: typer.Context, incomplete: str) -> list[str]:
    program = _program_before(context)
    return _names(program.defined, incomplete) if program else []


def _complete_wrt(context: typer.Context, incomplete: str) -> list[str]:
    program = _program_before(context)
    return _names(program.real_inputs, incomplete) if program else []


def _program_before(context: typer.Context) -> Program | None:
    """What the spec means that stands before on the command line; None if there is none, or it is wrong.

    Where the option that is being completed has no value yet, the library leaves the arguments unread.
    """
    spec = context.params.get("spec") or next(iter(context.args), "")
    try:
        return tcgrad.load(spec).program
    except tcgrad.TcgradError:
        return None


def _names(tensors: Iterable[Tensor], incomplete: str) -> list[str]:
    return complete_words((tensor.name for tensor in tensors if tensor.name.isidentifier()), incomplete)


Of = Annotated[
    list[str] | None,
    typer.Option(
        "--of", metavar="NAME", rich_help_panel=_WHICH, autocompletion=_complete_of,
        help="Show the Jacobians of these outputs or intermediates only. [default: those of all outputs]",
    ),
]  # fmt: skip
Wrt = Annotated[
    list[str] | None,
    typer.Option(
        "--wrt", metavar="NAME", rich_help_panel=_WHICH, autocompletion=_complete_wrt,
        help="Differentiate by these inputs. [default: those of the spec]",
    ),
]  # fmt: skip
HessianOption = Annotated[
    bool,
    typer.Option(
        "--hessian", rich_help_panel=_WHICH,
        help="Derive the second derivatives of scalar outputs as well, a block for every pair of inputs.",
    ),
]  # fmt: skip
At = Annotated[
    list[str] | None,
    typer.Option(
        "--at", metavar="POINT", rich_help_panel=_WHICH,
        help="Show the values at a point as well, with `--hessian` the second derivatives too: `x=2,y=4`, or a YAML "
        "file of names and nested lists. Gradients are among them where those of all outputs are given, as `dy=1`, or "
        "the one output is a scalar.",
    ),
]  # fmt: skip
NotationOption = Annotated[
    Literal["all", "index", "matrix", "einstein", "einsum"],
    typer.Option(
        "--notation", rich_help_panel=_HOW,
        help="Index and matrix notation, or one of them; modified Einstein notation, `A *_(ij,jk,ik) B`; or calls of "
        "`np.einsum`.",
    ),
]  # fmt: skip
FormatOption = Annotated[
    Literal["text", "json", "latex", "markdown"],
    typer.Option("--format", rich_help_panel=_HOW, help="The format of the output."),
]
LatexStyleOption = Annotated[
    Literal["components", "tensors"],
    typer.Option(
        "--latex-style", rich_help_panel=_HOW,
        help="In LaTeX: names as the spec has them, or bold vectors, bold capital matrices and calligraphic tensors.",
    ),
]  # fmt: skip
Sums = Annotated[
    bool,
    typer.Option("--sums", rich_help_panel=_HOW, help="Name every sum in index notation: `sum[j](a[p,j]*x[j])`."),
]
Vec = Annotated[
    Literal["row", "column"],
    typer.Option(
        "--vec", rich_help_panel=_HOW, help="Write vectorised matrices row after row, or column after column."
    ),
]
Ascii = Annotated[
    bool, typer.Option("--ascii", rich_help_panel=_HOW, help="Write the formulas as a spec takes them: `dl/dx[p,q]`.")
]
Steps = Annotated[
    bool,
    typer.Option(
        "--steps", rich_help_panel=_HOW, help="Show how each formula follows from the equations, a rule a line."
    ),
]
Color = Annotated[
    Literal["auto", "always", "never"],
    typer.Option(
        "--color", rich_help_panel=_HOW,
        help="Whether the text is in colours; auto: on a terminal. [default: auto]", show_default=False,
    ),
]  # fmt: skip
Code = Annotated[bool, typer.Option("--code", rich_help_panel=_HOW, help="Show the emitted module after the formulas.")]


def command(
    spec: Spec,
    of: Of = None,
    wrt: Wrt = None,
    hessian: HessianOption = False,
    at: At = None,
    notation: NotationOption = "all",
    output_format: FormatOption = "text",
    latex_style: LatexStyleOption = "components",
    sums: Sums = False,
    vec: Vec = "row",
    ascii_only: Ascii = False,
    steps: Steps = False,
    code: Code = False,
    color: Color = "auto",
    strict: Strict = False,
    debug: Debug = False,
) -> None:
    """Derive the Jacobians and gradients of a spec.

    First the equations are shown as they were read, with every sum written out. Then come the Jacobian of every
    output by every input and the gradient of every input, given the gradients `dl/dy` of the outputs. Shapes stand
    beside the formulas.
    """
    function = load_argument(spec, strict)
    if output_format != "text":
        in_utf8()
    derived = function.derive(of=split_names("--of", of), wrt=split_names("--wrt", wrt), hessian=hessian)
    write(
        derived.report(
            output_format,
            notations=None if notation == "all" else [notation],
            latex_style=latex_style,
            sums=sums,
            vec=vec,
            unicode=takes_unicode() and not ascii_only,
            color=takes_color(color),
            at=_values_at(at, derived, function) if at else None,
            code=function.emit() if code else None,
            steps=steps,
            width=line_width(),
        )
    )


def _values_at(texts: list[str], derived: Derived, function: TensorFunction) -> PointValues:
    from tcgrad.point import evaluate_at
    from tcgrad.point_input import read_point

    inputs = function.program.inputs
    point = read_point(texts, [item.tensor.name for item in inputs if item.tensor.dtype == "bool"])
    return evaluate_at(derived.derivation, point.values, point.places)
