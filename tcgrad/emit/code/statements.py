"""Single statements as lines of code: assignments, and arrays that are filled in block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tcgrad.emit.code.layout import WIDTH, bracketed, indented, sum_lines
from tcgrad.emit.code.numpy_code import Printer
from tcgrad.emit.code.text import Level, Text, letters, subscript
from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.blocks import Part, fill_all, stand_apart, whole_first
from tcgrad.emit.graph.filling import Assemble, Block, Place, Relation, Scatter, Segment, is_whole
from tcgrad.emit.graph.operations import Leaf, Number, Plus, Times
from tcgrad.emit.graph.uses import loop_axes
from tcgrad.emit.graph.whole_numbers import NoIntegers
from tcgrad.ir.indices import Dim, Integer
from tcgrad.records import dataclass

_ZERO, _ONE = Integer.of(0), Integer.of(1)

# Gives the name of a local variable that serves several statements.
Local = Callable[[str], str]
_LOOP_VARIABLES = "pqrsuvwabcdefgh"


def assignment(printer: Printer, local: Local, name: str, node: Node, indent: int) -> list[str]:
    """The lines that give a node its name, ``indent`` columns from the left."""
    match node.operation:
        case Assemble() if not _is_diagonal_matrix(node):
            return _Filling(printer, local, name, node).assembled(indent)
        case Scatter() as scatter:
            zeros = _filled("zeros", printer, name, node, indent)
            if scatter.distinct:
                index, block = _scattered(printer, node, scatter)
                return [*zeros, f"{name}[{index}] = {block.code}"]
            return [*zeros, _scattered_over(printer, name, node, scatter)]
        case _:
            return assigned(printer, name, node, indent)


def _scattered_over(printer: Printer, name: str, node: Node, scatter: Scatter) -> str:
    """The line that adds what is scattered to the array ``name``."""
    index, block = _scattered(printer, node, scatter)
    if scatter.distinct:
        operator, code = _added_code(block)
        return f"{name}[{index}] {operator} {code}"
    arrays = node.arguments[1:]
    if len(node.shape) > 1 and None not in scatter.places[: len(arrays)]:
        printer.used.helpers["add_at"] = None
        printer.used.math = True
        places = ", ".join(printer.expression(array).code for array in arrays)
        return f"_add_at({name}, ({places}{',' * (len(arrays) == 1)}), {block.code})"
    places = f"np.s_[{index}]" if "," in index or ":" in index else index
    return f"np.add.at({name}, {places}, {block.code})"


def _scattered(printer: Printer, node: Node, scatter: Scatter) -> tuple[str, Text]:
    """The positions of what is scattered, and that itself."""
    block, *arrays = map(printer.expression, node.arguments)
    return subscript([":" if k is None else arrays[k].code for k in scatter.places]), block


def _added_code(text: Text) -> tuple[str, str]:
    """``-= a`` for what would be ``+= -a``."""
    is_negative = text.code.startswith("-") and text.level in (Level.MUL, Level.UNARY)
    return ("-=", text.code[1:]) if is_negative else ("+=", text.code)


def assigned(printer: Printer, target: str, node: Node, indent: int) -> list[str]:
    """The lines that assign the code of a node."""
    match node.operation:
        case Plus(signs) if node not in printer.names:
            return sum_lines(f"{target} = ", printer.terms(node, signs), indent)
        case _:
            return [f"{target} = {printer.expression(node).code}"]


def _is_diagonal_matrix(node: Node) -> bool:
    """Whether NumPy has a function for it: a vector on the diagonal of a matrix, or the identity."""
    if not isinstance(node.operation, Assemble) or len(node.shape) != 2 or node.shape[0] != node.shape[1]:
        return False
    diagonal = Place(_ZERO, ((0, _ONE),))
    if node.operation.blocks != (Block((diagonal, diagonal), node.shape[:1], 0, ()),):
        return False
    (block,) = node.arguments
    return bool(block.shape) or (isinstance(block.operation, Number) and block.operation.value == 1)


def _filled(maker: str, printer: Printer, name: str, node: Node, indent: int) -> list[str]:
    """A new array that NumPy's ``maker`` fills; a long shape is broken over lines."""
    printer.used.dtype = True
    line = f"{name} = np.{maker}({printer.new_shape(node.shape)}, dtype)"
    if indent + len(line) <= WIDTH:
        return [line]
    return bracketed(f"{name} = np.{maker}((", [printer.size(size).code for size in node.shape], "), dtype)", indent)


def empty(printer: Printer, name: str, node: Node, indent: int) -> list[str]:
    """An array that a loop will fill."""
    return _filled("empty", printer, name, node, indent)


@dataclass(frozen=True)
class Element:
    """One position of an axis of the array ``name``."""

    name: str
    axis: int
    position: Integer

    def within(self, printer: Printer, places: Sequence[str]) -> list[str]:
        """The places of the array at the position that are these of the other axes."""
        return [*places[: self.axis], printer.size(self.position).code, *places[self.axis :]]

    def code(self, printer: Printer) -> str:
        """The whole of it, which other axes may follow."""
        return f"{self.name}[{subscript(self.within(printer, ':' * (self.axis + 1)))}]"


def assigned_to(printer: Printer, local: Local, element: Element, node: Node, indent: int) -> list[str]:
    """The lines that give an element of an array the value of a node, whose blocks are written where they belong."""
    if is_filled_in(printer, node):
        return _Filling(printer, local, element.name, node, element).assembled(indent)
    return assigned(printer, element.code(printer), node, indent)


def is_filled_in(printer: Printer, node: Node) -> bool:
    """Whether a node is made by lines that write its blocks to an array."""
    return isinstance(node.operation, Assemble) and node not in printer.names and not _is_diagonal_matrix(node)


def condition_head(printer: Printer, relation: Relation) -> str:
    """The head of what is done only where a relation holds, with what has no dims on its right side."""
    difference = relation.left - relation.right
    fixed = dict(difference.terms).get((), 0)
    left, right = printer.size(difference - fixed), printer.size(Integer.of(-fixed))
    return f"if {left.at(Level.AND)} {relation.operator} {right.at(Level.AND)}:"


def loop_head(printer: Printer, segment: Segment, *, downward: bool) -> list[str]:
    """The head of the loop over a recurrence's positions; none for a single one."""
    if segment.variable is None:
        return []
    bounds = [printer.size(segment.start).code, printer.size(segment.stop).code]
    if downward:
        bounds.append("-1")
    elif bounds[0] == "0":
        bounds = bounds[1:]
    return [f"for {printer.loop_variables[segment.variable]} in range({', '.join(bounds)}):"]


@dataclass(frozen=True)
class _Filling:
    """Writes the lines that fill the array ``name``, which is the value of ``node``, block by block.

    element: the part of the array that the node is the value of instead.
    """

    printer: Printer
    local: Local
    name: str
    node: Node
    element: Element | None = None

    def assembled(self, indent: int) -> list[str]:
        """The array, and each block added where it stands."""
        parts = whole_first(self.node)
        first, block = parts[0]
        if is_whole(first, block, self.node):
            return [*self._started_with(first, parts[1:]), *self.added(parts, there=1)]
        if fill_all(self.node, parts):
            made = [] if self.element else _filled("empty", self.printer, self.name, self.node, indent)
            return [*made, *(line for part in parts for line in self._one_added(part, on_zeros=True))]
        if self.element:
            made = [f"{self.element.code(self.printer)} = 0"]
        else:
            made = _filled("zeros", self.printer, self.name, self.node, indent)
        return [*made, *self.added(parts, there=0)]

    def _started_with(self, array: Node, others: Sequence[Part]) -> list[str]:
        if self.element:
            return [f"{self.element.code(self.printer)} = {self.printer.expression(array).code}"]
        self.printer.used.no_integers.append(NoIntegers(array, [other for other, _ in others]))
        return [f"{self.name} = {_new(self.printer, array)}"]

    def added(self, parts: Sequence[Part], *, there: int) -> list[str]:
        """The lines that add all blocks but the first ones, which are there."""
        lines = []
        for number, part in enumerate(parts[there:], start=there):
            on_zeros = all(stand_apart(part[1], before, self.printer.fitting) for _, before in parts[:number])
            lines += self._one_added(part, on_zeros=on_zeros)
        return lines

    def _one_added(self, part: Part, *, on_zeros: bool) -> list[str]:
        """The lines that add one block; to zeros nothing needs to be added."""
        array, block = part
        if isinstance(array.operation, Scatter) and array not in self.printer.names:
            return [_scattered_over(self.printer, self.name, array, array.operation)]
        variables = [Dim(self.local(variable), 0) for variable in _LOOP_VARIABLES[: block.looped]]
        self.printer.loop_variables.update((variable, variable.name) for variable in variables)
        text = self._at_step(array, block, variables)
        operator, code = ("=" if not variables else "+=", text.code) if on_zeros else _added_code(text)
        lines = self._written(self._target(block, variables), f"{operator} {code}")
        return [*self._loop_head(block, variables), *indented(lines)] if variables else lines

    def _at_step(self, array: Node, block: Block, variables: Sequence[Dim]) -> Text:
        """What is added at one step of the loops: a part of the array, or the product of parts of its factors."""

        def part(node: Node) -> Text:
            text = self.printer.expression(node)
            chosen = ["0" if label is None else variables[label].name for label in loop_axes(node, array, block)]
            return Text(f"{text.at(Level.ATOM)}[{', '.join(chosen)}]") if chosen else text

        if isinstance(array.operation, Times) and array not in self.printer.names:
            return self.printer.product(array, part)
        return part(array)

    def _written(self, target: tuple[str, str], rest: str) -> list[str]:
        """The assignment to the part of an array that a subscript and then a diagonal select."""
        chosen, diagonal = target
        view = f"{self.name}{chosen}"
        if not diagonal:
            is_renamed = not chosen and rest.startswith("=")  # the name alone would become that of another array
            return [f"{self.name}[...] {rest}" if is_renamed else f"{view} {rest}"]
        line = f'np.einsum("{diagonal}", {view})[...] {rest}'
        if len(line) <= WIDTH - 8 or not chosen:
            return [line]
        return [f"{self.local('view')} = {view}", f'np.einsum("{diagonal}", {self.local("view")})[...] {rest}']

    def _loop_head(self, block: Block, variables: Sequence[Dim]) -> list[str]:
        names, sizes = ", ".join(variable.name for variable in variables), block.sizes[: block.looped]
        if len(sizes) == 1:
            return [f"for {names} in range({self.printer.size(sizes[0]).code}):"]
        return [f"for {names} in np.ndindex({', '.join(map(self.printer.no_less_than_0, sizes))}):"]

    def _target(self, block: Block, variables: Sequence[Dim]) -> tuple[str, str]:
        """The positions where a block stands: the subscripts that select them, and then the diagonal."""
        codes: list[str] = []
        labels: list[int] = []
        flips: list[str] = []
        for place, size in zip(block.places, self.node.shape, strict=True):
            start, kept = _looped_start(place, block, variables)
            if kept is None:
                codes.append(self.printer.size(start).code)
                continue
            label, step = kept
            length = block.sizes[label]
            backward = step.value < 0
            if backward:
                start, step = start + step * (length - 1), -step
            is_all = not start.terms and step == _ONE and length == size
            codes.append(":" if is_all else self.printer.range(start, step, length, size))
            labels.append(label)
            flips.append("::-1" if backward else ":")
        if self.element:
            codes = self.element.within(self.printer, codes)
        chosen = "" if set(codes) == {":"} else f"[{subscript(codes)}]"
        if "::-1" in flips:
            chosen += f"[{subscript(flips)}]"
        distinct = list(dict.fromkeys(labels))
        if len(distinct) == len(labels):
            return chosen, ""
        return chosen, f"{letters(distinct.index(label) for label in labels)}->{letters(range(len(distinct)))}"


def added_over(printer: Printer, local: Local, name: str, node: Node) -> list[str]:
    """The lines that add blocks to the array ``name``, which holds the first of them that is the whole array."""
    return _Filling(printer, local, name, node).added(whole_first(node), there=1)


def scattered_later(node: Node) -> Iterator[Node]:
    """Of what is added up to an array, that which is scattered over what is there, and needs no array of its own."""
    if isinstance(node.operation, Assemble):
        (first, block), *others = whole_first(node)
        if is_whole(first, block, node):
            yield from (
                array for array, own in others if isinstance(array.operation, Scatter) and is_whole(array, own, node)
            )


def _new(printer: Printer, array: Node) -> str:
    """An array that may be added to."""
    text = printer.expression(array)
    is_own = not array.is_view and _is_apart(printer, array)
    return text.code if is_own else f"{text.at(Level.ATOM)}.copy()"


def _is_apart(printer: Printer, array: Node) -> bool:
    """Whether an array shares memory with nothing that has a name."""
    if array in printer.names or isinstance(array.operation, Leaf):
        return False
    return not array.may_be_view or _is_apart(printer, array.arguments[0])


def _looped_start(place: Place, block: Block, variables: Sequence[Dim]) -> tuple[Integer, tuple[int, Integer] | None]:
    """Where a place starts within the loops, and the label that is left with its step."""
    start, kept = place.start, None
    for label, step in place.steps:
        if label < block.looped:
            start = start + step * Integer.of(variables[label])
        else:
            kept = label, step
    return start, kept
