"""Matrix forms worked out once for all definitions that differ in the names of tensors and indices alone."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import field

from tcgrad.ir.program import Define
from tcgrad.ir.tensors import Tensor
from tcgrad.notation.matrix.nodes import VecOrder
from tcgrad.notation.matrix.tree import with_tensors
from tcgrad.notation.raising.form import MatrixForm, matrix_sides
from tcgrad.records import dataclass, replace
from tcgrad.simplify.outline import Outline, outline


def outline_of(define: Define, vec: VecOrder) -> Outline | None:
    """The outline of all that a form hangs on; None where there is none.

    Not of tensors with more than two axes, whose slices are named, nor of inverses, which hang on other definitions.
    """
    own = outline((define.body,))
    if own is None:
        return None
    places = {index: number for number, index in enumerate(own.indices)}
    sides = tuple(tensor.order for tensor in matrix_sides(define.tensor))
    free = tuple((places.get(index), index.size) for index in define.free)
    return own._replace(looks=(own.looks, sides, free, vec))


@dataclass
class FormsByOutline:
    """The forms that are known, each with the outline of the definition that it was worked out for."""

    _known: dict[Hashable, tuple[Outline, MatrixForm]] = field(default_factory=dict)

    def find(self, own: Outline, tensor: Tensor) -> MatrixForm | None:
        """The form of a tensor's definition, if that of one with the same outline is known."""
        if own.key not in self._known:
            return None
        other, form = self._known[own.key]
        tensors = dict(zip(other.tensors, own.tensors, strict=True))
        return replace(form, tensor=tensor, matrix=with_tensors(form.matrix, tensors))

    def keep(self, own: Outline, form: MatrixForm) -> None:
        """Remember a form for those with the same outline."""
        self._known[own.key] = own, form
