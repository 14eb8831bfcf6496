"""A check from beginning to end: samples drawn, everything compared at each, expectations decided."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from time import perf_counter
from types import ModuleType

import numpy as np

from tcgrad.calculus import Derivation, derive
from tcgrad.check.against import UserCode
from tcgrad.check.bench import Bench
from tcgrad.check.comparing import (
    compare_all,
    formulas_are_finite,
    out_of_range,
    rounds_as_told,
    tensors_are_finite,
)
from tcgrad.check.cost import refuse_impossible
from tcgrad.check.domains import refuse_out_of_range
from tcgrad.check.expectations import decide_expectations
from tcgrad.check.options import Options, choose_options
from tcgrad.check.paths import Paths
from tcgrad.check.planting import Plantings
from tcgrad.check.precision import is_fine, is_longdouble_wider, type_name, unit_roundoff
from tcgrad.check.results import CheckResult, Result
from tcgrad.check.samples import Sample, Sampler, sampler
from tcgrad.check.sizes import other_sizes
from tcgrad.check.tally import Tallies
from tcgrad.check.ties import TIED, why_no_ties, why_not_exact_at_ties
from tcgrad.check.traits import Traits, traits_of
from tcgrad.emit import emit
from tcgrad.emit.compiled import compile_module
from tcgrad.errors import STDIN
from tcgrad.evaluate.overflow import quietly
from tcgrad.ir.program import Program
from tcgrad.records import dataclass, replace
from tcgrad.spec.check_options import KINDS, OWN_KINDS

Progress = Callable[[str], None]
Draw = Callable[[int], Sample | str]

_FIRST_ATTEMPTS = (0, 12, 24, 36)

# What a command that repeats a check says besides, where it is not the default.
_REPEATED = ("method", "sizes", "only", "max_elements", "rtol", "atol")

# What is compared at samples, and what of it needs the emitted module.
_OF_SAMPLES = tuple(kind for kind in KINDS if kind != "expect")
_OF_MODULE = tuple(kind for kind in _OF_SAMPLES if kind not in OWN_KINDS)


def check(
    program: Program,
    *,
    derivation: Derivation | None = None,
    module: ModuleType | None = None,
    against: UserCode | None = None,
    progress: Progress | None = None,
    **options: object,
) -> CheckResult:
    """Check the derived formulas and the emitted module of a program, and decide its expectations.

    derivation, module: what is checked, if not what is derived and emitted here.
    against: functions of the user's own, to be checked as well, whatever kinds of results are asked for.
    progress: is told in a few words what comes next.
    options: those of `Options`; one that is not given or None is taken from the spec, else from the defaults.

    Raises:
        TcgradError: for an option that cannot be, for sizes that no machine can hold, or where a function has no
            derivative.
    """
    started = perf_counter()
    chosen = choose_options(program.spec, **options)
    if against is not None and chosen.only:
        chosen = replace(chosen, only=tuple(dict.fromkeys((*chosen.only, *against.kinds))))
    traits = traits_of(program)
    refuse_impossible(program, traits.cost)
    refuse_out_of_range(program, traits.demands)
    run = _Run(traits, derivation or derive(program), chosen, progress or (lambda _: None), against)
    with quietly():  # what is not finite is told by verdicts
        results = run.all_results(module)
    return replace(results, seconds=perf_counter() - started)


@dataclass(frozen=True)
class _Run:
    traits: Traits
    derivation: Derivation
    options: Options
    progress: Progress
    against: UserCode | None

    @property
    def program(self) -> Program:
        return self.traits.program

    def all_results(self, module: ModuleType | None) -> CheckResult:
        paths = Paths(self.derivation)
        missing = self._why_no_module()
        if module is None and not missing and self.options.asks_for(*_OF_MODULE):
            module = compile_module(emit(self.derivation))
        directional = self.options.method == "directional"
        samplers = [(Sampler(self.traits, {}, directional), True)]
        if self.options.sizes == "all":
            others = other_sizes(self.program)
            samplers += [(sampler(other, sizes, directional=directional), False) for other, sizes in others]
        results: list[Result] = []
        evaluations = 0
        untied: dict[str, None] = {}
        benches: dict[str, Bench] = {}
        for dtype in self.options.dtype if self.options.asks_for(*_OF_SAMPLES) else ():
            tallies = Tallies(dtype)
            results += self._for_dtype(tallies, paths, module, samplers, benches)
            evaluations += tallies.evaluations
            untied |= dict.fromkeys([tallies.untied] if tallies.untied else [])
        if module is None and self.options.asks_for(*_OF_MODULE):
            results.append(self._no_module(missing))
        if self.program.expectations and self.options.asks_for("expect"):
            self.progress("expectations")
            repeat = partial(self._repeat, self.options.dtype[0])
            first = benches.get("float64")
            results += decide_expectations(paths, samplers, self.options, repeat, first)
        if not results:
            results.append(self._undecided("nothing of the kinds that are asked for is there", self.options.dtype[0]))
        return CheckResult(
            spec=self.program.spec.source.name,
            name=self.program.name,
            results=tuple(results),
            notes=(*self._notes(paths), *(f"nothing is compared where branches meet: {why}" for why in untied)),
            evaluations=evaluations,
            allow_inconclusive=self.options.allow_inconclusive,
        )

    def _for_dtype(
        self, tallies: Tallies, paths: Paths, module: ModuleType | None, samplers: list[tuple[Sampler, bool]],
        benches: dict[str, Bench],
    ) -> list[Result]:  # fmt: skip
        """``benches`` takes the first of the spec's own sizes."""
        dtype = np.dtype(tallies.dtype)
        coarse = _coarseness(dtype, paths)
        plantings = Plantings(unit_roundoff(dtype) * coarse) if self.options.self_test else None

        def bench(own: bool, first: bool, sample: Sample) -> Bench:
            return Bench(sample, paths, module, coarse, self.options, tallies, own, first, self.against, plantings)

        for draw, own, first in self._draws(dtype, samplers):
            drawn = _representable(draw, partial(bench, own, first))
            if not isinstance(drawn, str):
                compare_all(drawn)
                if own and first:
                    benches[tallies.dtype] = drawn
            elif own:
                return [self._undecided(drawn, tallies.dtype)]
        self._compare_undecided(tallies, samplers[0][0], partial(bench, True, True))
        tallies.untied = self._compare_ties(dtype, samplers[0][0], partial(bench, True, False))
        repeat = partial(self._repeat, tallies.dtype)
        results = tallies.results(self.options.seed, repeat)
        if plantings is not None:
            of = ", ".join(tensor.name for tensor in self.program.outputs)
            results += plantings.results(of, tallies.dtype, self.options.seed, repeat)
        return results

    def _compare_undecided(self, tallies: Tallies, source: Sampler, bench: Callable[[Sample], Bench]) -> None:
        """Compare at more samples while anything is undecided: its values were small by chance, or at a kink, or what
        a directional reference knows is too little. Those have the reference that is best at all."""
        dtype, source = np.dtype(tallies.dtype), replace(source, directional=False)
        effort = source.effort(dtype, self.options.trials)
        for trial in range(effort.trials, effort.trials + effort.more):
            if tallies.are_decided:
                break
            self.progress(f"{type_name(dtype)}, sample {trial + 1}: something is undecided")
            drawn = _representable(partial(source.draw, dtype, (self.options.seed, 0, trial)), bench)
            if not isinstance(drawn, str):
                compare_all(drawn)

    def _compare_ties(self, dtype: np.dtype[np.generic], source: Sampler, bench: Callable[[Sample], Bench]) -> str:
        """Compare at a point where branches meet, if the program has any -> why that could not be done."""
        if not self.traits.has_ties:
            return ""
        reason = why_no_ties(self.program)
        drawn = reason or _representable(partial(source.draw_tied, dtype, (self.options.seed, 0, TIED)), bench)
        if isinstance(drawn, str):
            return drawn
        if why_not_exact_at_ties(self.program) and not formulas_are_finite(drawn):
            return "a formula is not finite"  # as where a root ends, whose slope only exact arithmetic has
        try:
            compare_all(drawn)
        except ZeroDivisionError:
            return "exact arithmetic divides by 0"
        return ""

    def _draws(
        self, dtype: np.dtype[np.generic], samplers: list[tuple[Sampler, bool]]
    ) -> Iterator[tuple[Draw, bool, bool]]:
        """What draws each sample, whether that has the spec's own sizes, and whether it is the first of its sizes."""
        for number, (source, own) in enumerate(samplers):
            trials = source.effort(dtype, self.options.trials).trials if own else 1
            for trial in range(trials):
                sizes = ", ".join(f"{name}={size}" for name, size in source.sizes.items())
                self.progress(f"{type_name(dtype)}, " + (sizes or f"sample {trial + 1} of {trials}"))
                yield partial(source.draw, dtype, (self.options.seed, number, trial)), own, trial == 0

    def _undecided(self, reason: str, dtype: str) -> Result:
        """Nothing could be compared at all."""
        kind = self.options.only[0] if self.options.only else "gradient"
        return Result(
            kind, "formula", ", ".join(t.name for t in self.program.outputs), None, dtype, "inconclusive",
            "none", seed=self.options.seed, message=reason, repeat=self._repeat(dtype),
        )  # fmt: skip

    def _why_no_module(self) -> str:
        """Why there can be no module; empty if there can."""
        names = [function.name for function in self.traits.abstract]
        if not names:
            return ""
        return f"no module is emitted: {', '.join(names)} {'is' if len(names) == 1 else 'are'} abstract, without code"

    def _no_module(self, message: str) -> Result:
        outputs = ", ".join(t.name for t in self.program.outputs)
        return Result(
            "gradient",
            "module",
            outputs,
            None,
            self.options.dtype[0],
            "skip",
            "none",
            message=message,
            seed=self.options.seed,
        )

    def _repeat(self, dtype: str) -> str:
        """The command that repeats a check."""
        name = self.program.spec.source.name
        spec = "-" if name == STDIN else name
        words = ["tcgrad", "check", spec, "--dtype", dtype, "--seed", str(self.options.seed)]
        words += ["--trials", str(self.options.trials)]
        for field in fields(Options):
            value = getattr(self.options, field.name)
            if field.name in _REPEATED and value != field.default:
                text = ",".join(value) if isinstance(value, tuple) else str(value)
                words += [f"--{field.name.replace('_', '-')}", text]
        words += ["--self-test"] if self.options.self_test else []
        words += self.against.words() if self.against else []
        return shlex.join([*words, *(["--strict"] if self.program.spec.strict else [])])

    def _notes(self, paths: Paths) -> Iterator[str]:
        for of, wrt in self.traits.unreached:
            yield f"{of.name} does not depend on {wrt.name}: the derivative is 0 everywhere"
        if self.options.rtol is not None:
            yield f"tolerance given: {self.options.rtol:g} of the largest entry, instead of the one from rounding error"
        if self.options.atol is not None:
            yield f"differences up to {self.options.atol:g} are excused, as asked for"
        if "longdouble" in self.options.dtype and not is_longdouble_wider():
            yield "longdouble is no wider than float64 on this machine"
        elif "longdouble" in self.options.dtype and paths.uses_double:
            yield "parts of the module work in float64 (numbers, SciPy, LAPACK): in longdouble it is as precise as that"


def _representable(draw: Draw, bench: Callable[[Sample], Bench]) -> Bench | str:
    """A sample at which nothing overflows the type, and rounding does what is known of it; smaller and smaller ones are
    tried -> its bench, or why none.

    Where something always does, so that it may be meant, one with finite formulas will do, and what fails there is
    undecided. At the spec's own sizes formulas that are never finite are compared nevertheless: they are wrong. In a
    fine type they are so at a single point, if the tensors are finite there and every number on the way has room.
    """
    finite: Bench | None = None
    made: Bench | None = None
    for first in _FIRST_ATTEMPTS:
        drawn = draw(first)
        if isinstance(drawn, str):
            return finite or made or drawn
        made = bench(drawn)
        left = out_of_range(made)
        made.overflows = "overflow" in left
        if formulas_are_finite(made):
            made.drowned = not rounds_as_told(made)
            if not made.overflows and not made.drowned:
                return made
            finite = finite or made
            continue
        if made.own and not left and is_fine(made.sample.dtype) and tensors_are_finite(made):
            return made
        # A formula as people read it may have no value where a number on the way underflows a coarse type.
        made.drowned = "underflow" in left and not is_fine(made.sample.dtype)
    if finite is not None:
        return finite
    return made if made is not None and made.own else "a formula is not finite"


def _coarseness(dtype: np.dtype[np.generic], paths: Paths) -> float:
    """By how much the module's rounding is coarser than that of ``dtype``."""
    if dtype == np.longdouble and paths.uses_double:
        return unit_roundoff(np.dtype(np.float64)) / unit_roundoff(dtype)
    return 1.0
