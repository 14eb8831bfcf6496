"""``tcgrad emit``: the NumPy module of a spec."""

from __future__ import annotations

from tcgrad.cli.files import write_result
from tcgrad.cli.help import Example
from tcgrad.cli.options import Debug, Output, Spec, Strict, load_argument

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad emit gallery:softmax", "Read the module"),
    ("tcgrad emit attention.yaml -o attention_grad.py", "Write it to a file, whole or not at all"),
)


def command(spec: Spec, output: Output = None, strict: Strict = False, debug: Debug = False) -> None:
    """Write the function and its gradients as a NumPy module.

    The module has `forward`, `forward_saved`, `backward`, `value_and_grad`, `jvp` and `jacobian`, and for one
    scalar output `hessian` and `hvp`. It needs NumPy alone (SciPy where a function is not in NumPy), not tcgrad, and
    works for any sizes that fit the spec.
    """
    write_result(load_argument(spec, strict).emit(), output)
