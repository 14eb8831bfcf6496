"""The formulas that a spec expects: proved, equal on all samples, or wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from time import perf_counter
from typing import Any

import numpy as np

from tcgrad.check.comparing.bench import Bench
from tcgrad.check.evaluated.derived import Derived
from tcgrad.check.evaluated.formulas import Equations, Formulas, upstream_arrays
from tcgrad.check.evaluated.paths import Paths
from tcgrad.check.forward import Kinks
from tcgrad.check.judging.results import Place, Result
from tcgrad.check.judging.tally import Tally
from tcgrad.check.judging.usual import hidden_from, usual_size
from tcgrad.check.judging.verdict import Comparison, compare
from tcgrad.check.labels import axis_names, place, unravel
from tcgrad.check.mistakes.term_values import TermValues
from tcgrad.check.mistakes.termwise import Beside
from tcgrad.check.options import Options
from tcgrad.check.precision import is_fine, type_name
from tcgrad.check.reference.ties import TIED, TIED_SAMPLES
from tcgrad.check.sampling.beside import BESIDE, draw_beside
from tcgrad.check.sampling.sampler import Sampler
from tcgrad.check.sampling.samples import Sample
from tcgrad.check.sampling.tied import draw_tied
from tcgrad.ir.program import Define, Program, Statement
from tcgrad.ir.sizes import dims_in
from tcgrad.ir.traversal import integers, walk
from tcgrad.notation.assumptions import print_assumptions
from tcgrad.notation.naming import Surroundings
from tcgrad.notation.spelling.syntaxes import ASCII
from tcgrad.prove import prove_equal
from tcgrad.records import cached_property, dataclass, replace
from tcgrad.simplify.assume import Assumptions, assumptions_about, jointly

_DTYPE = np.dtype(np.float64)


def decide_expectations(
    paths: Paths,
    samplers: Sequence[tuple[Sampler, bool]],
    options: Options,
    repeat: Callable[[], str | None],
    first: Bench | None = None,
) -> list[Result]:
    """Decide each of a program's expectations; ``repeat`` makes the command that does it again, if any.

    What is proved is worked out in double precision, what is not in a wider type where there is one and it is cheap: a
    term that is missing may be small.

    first: one at the spec's own sizes at which the same formulas have been worked out in double precision.
    """
    proved = _Points(paths, samplers, options, _DTYPE, first)
    wide = samplers[0][0].effort(_DTYPE).reference if samplers else _DTYPE
    points, derived = (proved, replace(proved, dtype=wide)), Derived(paths)
    pairs = zip(paths.program.expectations, paths.program.spec.expect, strict=True)
    sizes = tuple(source.sizes for source, _ in samplers) or ({},)
    return [_Expectation(define, text.text, derived, options, repeat, sizes).decide(*points) for define, text in pairs]


@dataclass(frozen=True)
class _Point:
    """A sample with a place to work formulas out.

    own: it has the spec's own sizes. number: which of the samples it is, counted from 1.
    """

    formulas: Formulas
    own: bool
    number: int


@dataclass(frozen=True)
class _Points:
    """The samples; only the first is drawn as long as the others are not asked for.

    dtype: the type that the formulas are worked out in. begun: the first, if it has been drawn before in `_DTYPE`.
    """

    paths: Paths
    samplers: Sequence[tuple[Sampler, bool]]
    options: Options
    dtype: np.dtype[Any]
    begun: Bench | None

    @cached_property
    def first(self) -> tuple[_Point, ...]:
        """None where none was found."""
        return tuple(islice(self._source, 1))

    @cached_property
    def all(self) -> tuple[_Point, ...]:
        return (*self.first, *self._source)

    @cached_property
    def _source(self) -> Iterator[_Point]:
        return self._drawn()

    def _drawn(self) -> Iterator[_Point]:
        number = 0
        for sizes, (source, own) in enumerate(self.samplers):
            for trial in range(source.effort(self.dtype, self.options.trials).trials if own else 1):
                formulas = self._formulas(source, (self.options.seed, sizes, trial))
                if formulas is not None:
                    number += 1
                    yield _Point(formulas, own, number)
        for formulas in chain(self._tied, self._beside):
            number += 1
            yield _Point(formulas, True, number)

    @property
    def _tied(self) -> Iterator[Formulas]:
        """Places where branches meet: what is right everywhere else may be wrong there."""
        known: Kinks = frozenset()
        for source in (source for source, _ in self.samplers[:1] if source.traits.has_ties):
            for trial in range(TIED_SAMPLES):
                sample = draw_tied(source, self.dtype, (self.options.seed, 0, TIED + trial), known=known)
                known = _met(known, sample)
                if isinstance(sample, Sample):
                    yield self._at(sample)

    @property
    def _beside(self) -> Iterator[Formulas]:
        """Places on either side of where branches meet: what decides by another number is wrong between the two."""
        for source in (source for source, _ in self.samplers[:1]):
            yield from map(self._at, draw_beside(source, self.dtype, (self.options.seed, 0, BESIDE)))

    def _formulas(self, source: Sampler, seed: tuple[int, int, int]) -> Formulas | None:
        """A place to work formulas out at the sample of a ``seed``."""
        if self.begun is not None and self.dtype == _DTYPE and seed[1:] == (0, 0):
            return self.begun.gradient_formulas()
        sample = source.draw(self.dtype, seed)
        return self._at(sample) if isinstance(sample, Sample) else None

    def _at(self, sample: Sample) -> Formulas:
        return Formulas(Equations(self.paths.program, sample), upstream_arrays(sample))


def _met(known: Kinks, sample: Sample | str) -> Kinks:
    """Where branches have met, the ``sample`` being the last at which they did; none once there are no others."""
    if isinstance(sample, str) or known | sample.kinks >= sample.forward.kinks:
        return frozenset()
    return known | sample.kinks


@dataclass(frozen=True)
class _Expectation:
    """One expectation, and the derived formula for the same derivative.

    sizes: those of all samples, at each of which the proof of a formula that names a size has to hold.
    """

    define: Define
    text: str
    derived: Derived
    options: Options
    repeat: Callable[[], str | None]
    sizes: tuple[Mapping[str, int], ...]

    @property
    def _program(self) -> Program:
        return self.derived.paths.program

    @cached_property
    def _names_sizes(self) -> bool:
        """Whether any dim stands in the formula by its name."""
        return any(dims_in(each) for node in walk(self.define.body) for each in integers(node))

    def decide(self, double: _Points, wide: _Points) -> Result:
        """The verdict: what is proved is compared at one sample in double precision, what is not at all wide ones.

        No proof is tried of what both double precision, at the first sample, and the wide ones find wrong.
        """
        started = perf_counter()
        statements = self.derived.statements(self.define.tensor)
        if not statements:
            return replace(self._result(), message=f"{self.define.tensor.name} is not derived from the outputs")
        derived = statements[-1]
        points, tally = double, self._compared(double, double.first, statements)
        if tally.is_failed:
            points, tally = wide, self._compared(wide, wide.all, statements)
        proved, assumed = (False, ()) if tally.is_failed else self._proved(statements)
        if not proved and points is double:
            points, tally = wide, self._compared(wide, wide.all, statements)
        result = self._judged(tally.result(self.options.seed, self.repeat), proved, assumed)
        if result.status == "fail" and isinstance(derived, Define):
            result = self._beside(derived, statements, result, points)
        return replace(result, seconds=perf_counter() - started)

    def _beside(self, derived: Define, statements: tuple[Statement, ...], result: Result, points: _Points) -> Result:
        """The result with the derived formula and its terms beside the expected ones, at the worst sample."""
        definitions = self.derived.definitions(self.define, statements)
        pair = Beside(self.define, derived, definitions, Surroundings.of(self._program))
        worst = result.worst
        if worst is None:
            return replace(result, formula=pair.formula)
        point = next(point for point in points.all if point.number == worst.sample)
        before = (*statements[:-1], *self.derived.needed(self.define))
        places = tuple(each.formulas for each in points.all)
        values = TermValues(self.define, before, places, point.formulas, worst.position)
        told = replace(worst, samples=len(points.all))
        return replace(result, formula=pair.formula, terms=pair.terms(values), worst=told)

    def _proved(self, statements: tuple[Statement, ...]) -> tuple[bool, Assumptions]:
        """Whether the formula is proved, and what about the inputs is taken for granted in the proof.

        It is by what people read of the derived one, or by the statements that this was made from.
        """
        printed = self.derived.printed(self.define.tensor)
        proved, assumed = self._proof(printed) if printed else (False, ())
        return (proved, assumed) if proved else self._proof(statements)

    def _proof(self, statements: tuple[Statement, ...]) -> tuple[bool, Assumptions]:
        derived, definitions = statements[-1], self.derived.definitions(self.define, statements)
        if not isinstance(derived, Define):
            return False, ()
        about = jointly(assumptions_about(self._program), self._program)
        kinds = (("one hot", "not negative"), ("not negative",), ("one hot",), ())
        less = [tuple(each for each in about if each.kind not in left_out) for left_out in kinds]
        for assumed in dict.fromkeys(((), *less)):
            if prove_equal(
                derived, self.define, definitions, assumed, sizes=self.sizes if self._names_sizes else ({},)
            ):
                return True, assumed
        return False, ()

    def _compared(self, points: _Points, among: Sequence[_Point], statements: tuple[Statement, ...]) -> Tally:
        """Both sides at some of the points."""
        tally = Tally("expect", "formula", "", None, type_name(points.dtype))
        for point in among:
            self._compare(point, statements, tally)
        return tally

    def _compare(self, point: _Point, statements: tuple[Statement, ...], tally: Tally) -> None:
        """Both sides at one sample, each with a bound on its error."""
        formulas, wide = point.formulas, point.formulas.sample.forward.context.dtype
        # Under a name of its own: what is derived has the other one.
        expected = replace(self.define, tensor=replace(self.define.tensor, name=f"expected {self.define.tensor.name}"))
        both = (*self.derived.needed(self.define), expected)
        known = formulas.value(statements, self.define.tensor)
        found = formulas.value(both)
        if not point.own and not self._names_sizes and np.any(np.isnan(found) & np.isfinite(known)):
            return  # it may read outside of a tensor there, as `dl/dy[p//2]` does where an odd length was halved
        outcome = compare(
            found,
            known.astype(wide),
            found_error=formulas.bound(both),
            reference_error=formulas.bound(statements, self.define.tensor).astype(wide),
            by_difference=True,
            hidden=lambda: self._hidden(formulas.sample),
            fine=is_fine(formulas.sample.dtype),
        )
        tally.add(outcome, "samples", lambda worst: self._place(worst, point, known.shape))

    def _hidden(self, sample: Sample) -> float:
        """What a bound must not be beyond where the derivative is 0 as far as is known."""
        *of, wrt = self.define.tensor.about
        outputs = of or self._program.outputs
        return hidden_from(sample, sum(usual_size(sample, output.name, wrt.name) for output in outputs))

    def _place(self, outcome: Comparison, point: _Point, shape: tuple[int, ...]) -> Place:
        position = unravel(outcome.worst or 0, shape)
        texts, start = [], 0
        for tensor in self.define.tensor.about:
            texts.append(place(tensor, axis_names(self._program, tensor), position[start : start + tensor.order]))
            start += tensor.order
        sizes = "" if point.own else point.formulas.sample.label
        numbers = (outcome.found, outcome.reference, outcome.tolerance)
        return Place(position, " by ".join(texts), *numbers, sizes, point.number)

    def _result(self) -> Result:
        about = self.define.tensor.about
        of, wrt = (about[0].name, about[1].name) if len(about) == 2 else ("l", about[0].name)
        return Result(
            "expect", "formula", of, wrt, str(_DTYPE), "inconclusive", "none",
            seed=self.options.seed, equation=self.text, proved=False,
        )  # fmt: skip

    def _judged(self, numbers: Result, proved: bool, assumed: Assumptions) -> Result:
        own = self._result()
        found = replace(numbers, of=own.of, wrt=own.wrt, equation=self.text, proved=proved)
        if found.status == "fail":
            return replace(found, message="wrong")
        if proved:
            given = f", given that {print_assumptions(assumed, ASCII)}" if assumed else ""
            return replace(found, status="pass", method="normal form", message=f"proved{given}", repeat=None)
        if found.status == "pass":
            return replace(found, message="equal on all samples, not proved")
        return found
