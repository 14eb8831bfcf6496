"""Single statements as lines of code: assignments, and arrays that are filled in block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tcgrad.emit.arrays import Assemble, Block, Kind, Leaf, Node, Number, Place, Scatter
from tcgrad.emit.layout import indented
from tcgrad.emit.numpy_code import Level, Printer, Text, subscript
from tcgrad.ir.indices import Dim, Integer

_LETTERS = "ijklmnopqrstuvwxyzabcdefgh"
_ZERO, _ONE = Integer.of(0), Integer.of(1)

# Gives names for so many loop variables.
LoopNames = Callable[[int], Sequence[str]]


def assignment(printer: Printer, loop_names: LoopNames, name: str, node: Node) -> list[str]:
    """The lines that give a node its name."""
    match node.operation:
        case Assemble(blocks) if not _is_diagonal_matrix(node):
            return _assembled(printer, loop_names, name, node, blocks)
        case Scatter(places):
            block, *arrays = map(printer.expression, node.arguments)
            codes = [":" if k is None else arrays[k].code for k in places]
            index = codes[0] if subscript(codes) == codes[0] else f"np.s_[{subscript(codes)}]"
            return [_zeros(printer, name, node), f"np.add.at({name}, {index}, {block.code})"]
        case _:
            return [f"{name} = {printer.definition(node).code}"]


def _is_diagonal_matrix(node: Node) -> bool:
    """Whether NumPy has a function for it: a vector on the diagonal of a matrix, or the identity."""
    if not isinstance(node.operation, Assemble) or len(node.shape) != 2 or node.shape[0] != node.shape[1]:
        return False
    diagonal = Place(_ZERO, ((0, _ONE),))
    if node.operation.blocks != (Block((diagonal, diagonal), node.shape[:1], 0, ()),):
        return False
    (block,) = node.arguments
    return bool(block.shape) or (isinstance(block.operation, Number) and block.operation.value == 1)


def _zeros(printer: Printer, name: str, node: Node) -> str:
    printer.used.dtype = True
    return f"{name} = np.zeros({printer.shape(node.shape)}, dtype)"


def _assembled(printer: Printer, loop_names: LoopNames, name: str, node: Node, blocks: tuple[Block, ...]) -> list[str]:
    """The array, and each block added where it stands."""
    parts = sorted(zip(node.arguments, blocks, strict=True), key=lambda part: not _is_whole(part, node))
    first, *rest = parts
    if _is_whole(first, node):
        lines = [f"{name} = {_new(printer, first[0])}"]
    else:
        lines = [_zeros(printer, name, node), *_added(printer, loop_names, name, node, first, is_first=True)]
    for part in rest:
        lines += _added(printer, loop_names, name, node, part, is_first=False)
    return lines


def _is_whole(part: tuple[Node, Block], node: Node) -> bool:
    """Whether a block is the whole array, in full shape."""
    array, block = part
    places = tuple(Place(_ZERO, ((label, _ONE),)) for label in range(len(node.shape)))
    return block.places == places and array.shape == node.shape and array.kind is Kind.FLOAT


def _new(printer: Printer, array: Node) -> str:
    """An array that may be added to."""
    text = printer.expression(array)
    is_own = array not in printer.names and not isinstance(array.base.operation, Leaf) and not array.is_view
    return text.code if is_own else f"{text.at(Level.ATOM)}.copy()"


def _added(
    printer: Printer, loop_names: LoopNames, name: str, node: Node, part: tuple[Node, Block], *, is_first: bool
) -> list[str]:
    """The lines that add one block; to zeros nothing needs to be added."""
    array, block = part
    variables = [Dim(variable, 0) for variable in loop_names(block.looped)]
    printer.loop_variables.update(dict.fromkeys(variables))
    text = printer.expression(array)
    if block.indexed:
        chosen = ", ".join(variables[label].name for label in block.indexed)
        text = Text(f"{text.at(Level.ATOM)}[{chosen}]")
    negative = not is_first and text.code.startswith("-") and text.level in (Level.MUL, Level.UNARY)
    operator = "=" if is_first and not variables else "-=" if negative else "+="
    code = text.code[1:] if negative else text.code
    line = f"{_target(printer, name, node, block, variables)} {operator} {code}"
    return [*_loop_head(printer, block, variables), *indented([line])] if variables else [line]


def _loop_head(printer: Printer, block: Block, variables: Sequence[Dim]) -> list[str]:
    sizes = ", ".join(printer.size(size).code for size in block.sizes[: block.looped])
    names = ", ".join(variable.name for variable in variables)
    return [f"for {names} in {'range' if len(variables) == 1 else 'np.ndindex'}({sizes}):"]


def _target(printer: Printer, name: str, node: Node, block: Block, variables: Sequence[Dim]) -> str:
    """The writable view of the positions where a block stands."""
    codes, labels = [], []
    for place, size in zip(block.places, node.shape, strict=True):
        start = place.start
        kept = None
        for label, step in place.steps:
            if label < block.looped:
                start = start + step * Integer.of(variables[label])
            else:
                kept = label, step
        if kept is None:
            codes.append(printer.size(start).code)
            continue
        labels.append(kept[0])
        length = block.sizes[kept[0]]
        is_all = not start.terms and kept[1] == _ONE and length == size
        codes.append(":" if is_all else printer.range(start, kept[1], length))
    code = name if set(codes) == {":"} else f"{name}[{subscript(codes)}]"
    distinct = list(dict.fromkeys(labels))
    if len(distinct) == len(labels):
        return f"{name}[...]" if code == name else code
    letters = "".join(_LETTERS[distinct.index(label)] for label in labels)
    return f'np.einsum("{letters}->{_LETTERS[: len(distinct)]}", {code})[...]'
