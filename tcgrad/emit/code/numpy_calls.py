"""Nodes that are written as a call, a method, an attribute or a subscript of NumPy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from tcgrad.emit.code.array_text import axis_argument, keeps_reduced_axes, new_axes, transposition
from tcgrad.emit.code.size_code import SizePrinter, Used
from tcgrad.emit.code.text import Level, Text, letters, subscript
from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.filling import Assemble
from tcgrad.emit.graph.operations import (
    Arange,
    Broadcast,
    Cast,
    Clip,
    Contiguous,
    Copy,
    Diagonal,
    Einsum,
    Expand,
    Full,
    Largest,
    Linalg,
    Mean,
    Number,
    Outer,
    Pad,
    Pick,
    ProductsOfOthers,
    Reduction,
    Reshape,
    RunningSum,
    Select,
    Slice,
    Sqrt,
    SquaredDistances,
    Sum,
    Take,
    Trace,
    Transpose,
    Vdot,
    Window,
)
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.ir.indices import Dim, Integer


class CallPrinter(SizePrinter, ABC):
    """Prints what NumPy has a function for; its operands are printed by `expression`, those in ``names`` by name."""

    def __init__(
        self,
        names: dict[Node, str],
        dim_name: Callable[[Dim], str],
        used: Used,
        *,
        sizes: Mapping[Dim, Integer],
        fitting: Fitting,
    ) -> None:
        super().__init__(dim_name, used, sizes=sizes, fitting=fitting)
        self.names = names
        self.given = frozenset(names)  # what the function does not work out itself

    @abstractmethod
    def expression(self, node: Node) -> Text:
        """The code of a node: its name, if it has one."""

    def _is_worked_out(self, node: Node) -> bool:
        """Whether the function computes a node, and does not only look at what it is given."""
        if node in self.given or not node.arguments:
            return False
        return not node.is_view or any(map(self._is_worked_out, node.arguments))

    def call(self, node: Node) -> str:
        """What is written as a call, a method, an attribute or a subscript."""
        operation, argument = node.operation, node.arguments[0] if node.arguments else node
        match operation:
            case Arange(size):
                return f"np.arange({self.size(size).code})"
            case Transpose(order):
                return self._operand(argument) + transposition(order)
            case Expand(new) if self._is_call(argument) and keeps_reduced_axes(new, argument):
                return self.call(argument)[:-1] + ", keepdims=True)"
            case Expand(new):
                return f"{self._operand(argument)}[{new_axes(new)}]"
            case Diagonal(labels):
                if labels == (0, 0):
                    return f"np.diagonal({self._plain(argument)})"
                subscripts = f"{letters(labels)}->{letters(range(max(labels) + 1))}"
                return f'np.einsum("{subscripts}", {self._plain(argument)})'
            case Pick() | Slice():
                return self._subscripted(node)
            case Window():
                return self._windows(node)
            case Pad(widths, filler):
                return self._padded(argument, widths, filler)
            case Clip():
                place, beyond = map(self._plain, node.arguments)
                return f"np.clip({place}, -1, {beyond})"
            case Take(places):
                arrays = [":" if k is None else self._plain(node.arguments[k + 1]) for k in places]
                return f"{self._operand(argument)}[{subscript(arrays)}]"
            case Sqrt():
                return f"np.sqrt({self._plain(argument)})"
            case Select():
                self.used.guarded |= operation.guarded and any(map(self._is_worked_out, node.arguments[1:]))
                return self._select(*node.arguments)
            case Cast():
                return self._cast(argument)
            case Sum(axes):
                return self._summed(argument, axis_argument(axes, argument))
            case Mean(axes):
                averaged = argument.arguments[0]
                return f"{self._operand(averaged)}.mean({axis_argument(axes, averaged)})"
            case Largest(axes):
                self.used.helpers["largest"] = None
                return f"_largest({self._along(argument, axes)})"
            case Reduction(kind, axes):
                return f"{self._operand(argument)}.{kind}({axis_argument(axes, argument)})"
            case RunningSum(axis):
                return f"{self._operand(argument)}.cumsum({axis_argument((axis,), argument)})"
            case ProductsOfOthers(axis):
                self.used.helpers["products_of_others"] = None
                return f"_products_of_others({self._along(argument, (axis,))})"
            case Trace():
                return f"np.trace({self._plain(argument)})"
            case Outer():
                return f"np.outer({self._list(node.arguments)})"
            case Vdot():
                return f"np.vdot({self._list(node.arguments)})"
            case SquaredDistances():
                self.used.helpers["squared_distances"] = None
                return f"_squared_distances({self._list(node.arguments)})"
            case Einsum():
                subscripts = f"{letters(operation.left)},{letters(operation.right)}->{letters(operation.out)}"
                return f'np.einsum("{subscripts}", {self._list(node.arguments)})'
            case Reshape():
                return f"{self._operand(argument)}.reshape({self._new_sizes(node.shape)})"
            case Contiguous():
                return f"np.ascontiguousarray({self._plain(argument)})"
            case Full():
                return self._full(node, argument)
            case Broadcast():
                return f"np.broadcast_to({self._plain(argument)}, {self.shape(node.shape)}).copy()"
            case Copy():
                return f"{self._operand(argument)}.copy()" if node.shape else f"np.array({self._plain(argument)})"
            case Assemble():
                return self._diagonal_matrix(node, argument)
            case Linalg(kind):
                return self._linalg(kind, node.arguments)
            case _:
                raise TypeError(f"{node} has no code of its own")

    def _is_call(self, reduced: Node) -> bool:
        """Whether a reduction is written as one: nothing that it is made of has a name but for what is reduced."""
        total = reduced.arguments[0] if isinstance(reduced.operation, Mean) else reduced
        return reduced not in self.names and total not in self.names

    def _plain(self, node: Node) -> str:
        return self.expression(node).code

    def _operand(self, node: Node) -> str:
        return self.expression(node).at(Level.ATOM)

    def _list(self, nodes: Sequence[Node]) -> str:
        return ", ".join(map(self._plain, nodes))

    def _along(self, node: Node, axes: tuple[int, ...]) -> str:
        """The arguments of a helper that works along axes."""
        return ", ".join(filter(None, (self._plain(node), axis_argument(axes, node))))

    def _new_sizes(self, shape: Sequence[Integer]) -> str:
        """The sizes of a reshaped array; the one that is an expression is left to NumPy."""
        texts = [self.size(size) for size in shape]
        long = [k for k, text in enumerate(texts) if text.level is Level.ADD]
        return ", ".join("-1" if [k] == long else text.code for k, text in enumerate(texts))

    def _padded(self, argument: Node, widths: Sequence[tuple[Integer, Integer]], filler: int) -> str:
        pairs = ", ".join(self.shape(pair) for pair in widths)
        if filler:
            pairs = pairs if len(widths) == 1 else f"({pairs})"
            return f"np.pad({self._plain(argument)}, {pairs}, constant_values={filler})"
        self.used.helpers["pad"] = None
        return f"_pad({self._plain(argument)}, {pairs})"

    def _select(self, condition: Node, then: Node, otherwise: Node) -> str:
        """Of two numbers one is written with the inputs' dtype, else NumPy takes one of its own."""
        first = self._plain(then)
        if then.is_static and otherwise.is_static:
            self.used.dtype = True
            first = f"dtype.type({first})"
        return f"np.where({self._plain(condition)}, {first}, {self._plain(otherwise)})"

    def _summed(self, argument: Node, axis: str) -> str:
        if isinstance(argument.operation, Cast) and argument not in self.names:
            self.used.dtype = True
            inner = self._operand(argument.arguments[0])
            return f"{inner}.sum({axis}{', ' if axis else ''}dtype=dtype)"
        return f"{self._operand(argument)}.sum({axis})"

    def _cast(self, argument: Node) -> str:
        self.used.dtype = True
        if isinstance(argument.operation, Arange) and argument not in self.names:
            return f"np.arange({self.size(argument.operation.size).code}, dtype=dtype)"
        if not argument.shape:
            return f"np.asarray({self._plain(argument)}, dtype)"
        return f"{self._operand(argument)}.astype(dtype)"

    def _full(self, node: Node, argument: Node) -> str:
        self.used.dtype = True
        shape = self.new_shape(node.shape)
        match argument.operation:
            case Number(value) if value in (0, 1):
                return f"np.{'ones' if value else 'zeros'}({shape}, dtype)"
            case _:
                return f"np.full({shape}, {self._plain(argument)}, dtype)"

    def _diagonal_matrix(self, node: Node, argument: Node) -> str:
        if argument.shape:
            return f"np.diag({self._plain(argument)})"
        self.used.dtype = True
        return f"np.eye({self.size(node.shape[0]).code}, dtype=dtype)"

    def _linalg(self, kind: str, arguments: Sequence[Node]) -> str:
        self.used.helpers["linalg"] = None
        if kind in ("adj", "minors"):
            helper = "adjugate" if kind == "adj" else kind
            self.used.helpers[helper] = None
            return f"_linalg(_{helper}, {self._list(arguments)})"
        names = {"inv": "inv", "det": "det", "logdet": "slogdet", "solve": "solve"}
        return f"_linalg(np.linalg.{names[kind]}, {self._list(arguments)})" + ("[1]" if kind == "logdet" else "")

    def _subscripted(self, node: Node) -> str:
        """Slices and fixed positions of several axes as one subscript."""
        places: list[str | None] = [None] * len(node.shape)
        while True:
            operation = node.operation
            if isinstance(operation, Pick):
                kept = iter(places)
                places = [next(kept) if at is None else self.size(at).code for at in operation.positions]
            elif isinstance(operation, Slice) and places[operation.axis] is None:
                axis = operation.axis
                size = node.arguments[0].shape[axis]
                places[axis] = self.range(operation.start, operation.step, node.shape[axis], size)
            else:
                break
            node = node.arguments[0]
            if node in self.names:
                break
        return f"{self._operand(node)}[{subscript([place or ':' for place in places])}]"

    def _windows(self, node: Node) -> str:
        """Windows along several axes as one call; each appends an axis."""
        self.used.windows = True
        windows: list[tuple[int, str]] = []
        while isinstance(node.operation, Window) and all(axis != node.operation.axis for axis, _ in windows):
            windows.insert(0, (node.operation.axis, self.size(node.operation.length).code))
            node = node.arguments[0]
            if node in self.names:
                break
        if len(windows) == 1:
            ((axis, length),) = windows
            return f"sliding_window_view({self._plain(node)}, {length}, axis={axis})"
        axes, lengths = ", ".join(str(axis) for axis, _ in windows), ", ".join(length for _, length in windows)
        return f"sliding_window_view({self._plain(node)}, ({lengths}), axis=({axes}))"
