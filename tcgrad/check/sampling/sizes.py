"""Other sizes than the spec's own: distinct primes, so that no two axes can be confused, ones, those next to the own
ones, and equal ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tcgrad.calculus.passes.second import has_hessian
from tcgrad.calculus.recurrences.lengths import are_alike
from tcgrad.check.program.cost import forward_cost
from tcgrad.check.program.domains import find_demands
from tcgrad.check.program.reach import Span
from tcgrad.emit.sizes.shapes import Array, readings
from tcgrad.errors import TcgradError
from tcgrad.ir.indices import Integer
from tcgrad.ir.program import Input, Intrinsic, Program
from tcgrad.ir.sizes import count, with_dims
from tcgrad.language.elaborate import elaborate
from tcgrad.records import replace

_PRIMES = ((2, 3, 5, 7, 11, 13, 17, 19, 23), (3, 5, 7, 11, 13, 17, 19, 23, 29), (2, 5, 11, 17, 23, 31, 41, 53, 67))
_ABOVE = (*_PRIMES[0], 29, 31, 37, 41)
_EQUAL = (3, 4, 2)
# The elements that one forward evaluation at other sizes may have.
_ELEMENTS = 2**14
# What evaluations for difference quotients may have together: at sizes above the spec's own, and at others, if any of
# them have so few.
_ABOVE_WORK = 2**18
_WORK = 2**20


def free_dims(program: Program) -> dict[str, int]:
    """The dims that are given as numbers, with their sizes; the others follow from them.

    What cannot be read off the shapes of the inputs has no other size: a module could not know it.
    """
    visible = readings(program.dims, [Array(item.tensor.name, item.tensor.shape) for item in program.inputs])
    given = {name for name, (_, text) in program.spec.dims.items() if text.text.strip().isdigit()}
    return {dim.name: dim.value for dim in program.dims if dim in visible and dim.name in given}


def other_sizes(program: Program) -> Iterator[tuple[Program, dict[str, int]]]:
    """The program at other sizes -> each with the sizes of all dims. What does not fit the spec or its
    derivatives, or gives indices other ranges, is left out.
    """
    dims = free_dims(program)
    if dims:
        for candidates in (_primes(dims), [(dict.fromkeys(dims, 1), _WORK)]):
            yield from _other(program, candidates)


def sizes_for_users(program: Program) -> Iterator[tuple[Program, dict[str, int]]]:
    """The same for what a user wrote by hand: every dim one larger, so that none keeps its size, or is odd once more,
    and arrays still are in the proportions that the author had in mind; and all dims equal, if there are several: there
    no code can tell axes apart by their lengths.
    """
    dims = free_dims(program)
    if dims:
        yield from _other(program, [({name: size + 1 for name, size in dims.items()}, _WORK)])
    if len(dims) > 1:
        yield from _other(program, [(dict.fromkeys(dims, size), _WORK) for size in _EQUAL])


def _other(
    program: Program, candidates: Iterable[tuple[dict[str, int], int]]
) -> Iterator[tuple[Program, dict[str, int]]]:
    """The program at the best sizes, if they are not its own."""
    other = _best(program, candidates)
    if other is None:
        return
    own, found = ({dim.name: dim.value for dim in each.dims} for each in (program, other))
    if found != own:
        yield other, found


def _best(program: Program, candidates: Iterable[tuple[dict[str, int], int]]) -> Program | None:
    """The program at the first sizes that fit and that are worth their work; if none are, at those of the least."""
    cheapest: tuple[int, Program] | None = None
    for sizes, most in candidates:
        other = _elaborated(program, sizes)
        if other is None or forward_cost(other).elements > _ELEMENTS:
            continue
        work = _work(other)
        if work <= most:
            return other
        if cheapest is None or work < cheapest[0]:
            cheapest = work, other
    return cheapest and cheapest[1]


def _work(program: Program) -> int:
    """The elements of forward evaluations at every element of every input, or every pair, for difference quotients."""
    inputs = sum(count(tensor.shape) for tensor in program.wrt)
    return forward_cost(program).elements * inputs ** (2 if has_hessian(program) else 1)


def _primes(dims: Mapping[str, int]) -> Iterator[tuple[dict[str, int], int]]:
    """Distinct primes for the dims, the best first -> each with the work that it is worth.

    What is larger than all own sizes, with the dims in another order of size, shows what is wrong there alone. No dim
    keeps its size, if that can be helped: what is right for it alone would be so once more.
    """
    names = sorted(dims, key=lambda name: dims[name])
    above = tuple(prime for prime in _ABOVE if prime > max(dims.values()))
    found = [
        (dict(zip(order, series, strict=False)), most)
        for series, most in ((above, _ABOVE_WORK), *((series, _WORK) for series in _PRIMES))
        for order in ((names[::-1], names) if len(names) <= len(series) else ())
    ]
    yield from sorted(found, key=lambda each: any(each[0][name] == size for name, size in dims.items()))


def _following(program: Program, sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes of the dims that are given as numbers and that equations make equal to others."""
    return {name: _size_at(program, size, sizes) for name, size in program.named_sizes}


def _size_at(program: Program, size: Integer, sizes: Mapping[str, int]) -> int:
    """The value of a size where some dims have others than their own."""
    values = {dim: Integer.of(sizes.get(dim.name, dim.value)) for dim in program.dims}
    return with_dims(size, values).value


def _elaborated(program: Program, sizes: Mapping[str, int]) -> Program | None:
    if any(_size_at(program, size, sizes) < 0 for size in program.chosen):
        return None
    # Expectations are decided at the spec's own sizes; but matrix functions in them are statements of the program.
    has_intrinsics = any(isinstance(statement, Intrinsic) for statement in program.statements)
    spec = program.spec if has_intrinsics else replace(program.spec, expect=())
    try:
        other = elaborate(spec, {**sizes, **_following(program, sizes)})
    except TcgradError:
        return None
    if not are_alike(program, other):
        return None
    reach = find_demands(other).reach
    if any(span.is_empty for span in reach.inside.values()):
        return None
    labels = find_demands(program).reach.equal
    return replace(other, inputs=tuple(_relabelled(item, labels, reach.equal) for item in other.inputs))


def _relabelled(item: Input, own: Mapping[str, Span], there: Mapping[str, Span]) -> Input:
    """An input whose declared values are all among those of an index at the spec's own sizes, as labels of classes are:
    they are so at other sizes, too.
    """
    low, high, name = item.sample.low, item.sample.high, item.tensor.name
    if item.sample.kind != "integers" or low is None or high is None or name not in own or name not in there:
        return item
    if int(high) - 1 > own[name].high:
        return item
    high = min(int(high), there[name].high + 1)
    return replace(item, sample=replace(item.sample, low=min(low, high - 1), high=float(high)))
