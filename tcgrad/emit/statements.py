"""Single statements as lines of code: assignments, and arrays that are filled in block by block."""

from __future__ import annotations

from tcgrad.emit.arrays import Assemble, Node, Number
from tcgrad.emit.numpy_code import Level, Printer

_LETTERS = "ijklmnopqrstuvwxyzabcdefgh"


def assignment(printer: Printer, name: str, node: Node) -> list[str]:
    """The lines that give a node its name."""
    match node.operation:
        case Assemble(patterns) if not _is_one_diagonal(node, patterns):
            return _assembled(printer, name, node, patterns)
        case _:
            return [f"{name} = {printer.definition(node).code}"]


def _is_one_diagonal(node: Node, patterns: tuple[tuple[int, ...], ...]) -> bool:
    """Whether NumPy has a function for it: a vector on the diagonal of a matrix, or the identity."""
    if patterns != ((0, 0),):
        return False
    (block,) = node.arguments
    return bool(block.shape) or (isinstance(block.operation, Number) and block.operation.value == 1)


def _assembled(printer: Printer, name: str, node: Node, patterns: tuple[tuple[int, ...], ...]) -> list[str]:
    """Zeros, and each block added along the diagonal that it belongs to."""
    whole = tuple(range(len(node.shape)))
    arguments = list(zip(node.arguments, patterns, strict=True))
    arguments.sort(key=lambda item: item[1] != whole)
    lines = []
    printer.used.dtype = True
    lines.append(f"{name} = np.zeros({printer.shape(node.shape)}, dtype)")
    for number, (block, pattern) in enumerate(arguments):
        text = printer.expression(block)
        negative = number > 0 and text.code.startswith("-") and text.level in (Level.MUL, Level.UNARY)
        operator = "=" if number == 0 else "-=" if negative else "+="
        code = text.code[1:] if negative else text.code
        lines.append(f"{_diagonal(name, pattern, whole)} {operator} {code}")
    return lines


def _diagonal(name: str, pattern: tuple[int, ...], whole: tuple[int, ...]) -> str:
    """The writable view of the positions that a pattern selects."""
    if pattern == whole:
        return f"{name}[...]"
    letters = "".join(_LETTERS[k] for k in pattern)
    return f'np.einsum("{letters}->{_LETTERS[: max(pattern) + 1]}", {name})[...]'
