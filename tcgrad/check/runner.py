"""A check from beginning to end: everything compared in each type, expectations decided, and the results gathered."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from time import perf_counter
from types import ModuleType

from tcgrad.calculus import Derivation, derive
from tcgrad.check.comparing.bench import Bench
from tcgrad.check.evaluated.paths import Paths
from tcgrad.check.expectations import decide_expectations
from tcgrad.check.judging.results import CheckResult, Result
from tcgrad.check.judging.tally import Tallies
from tcgrad.check.options import Options, choose_options
from tcgrad.check.precision import is_longdouble_wider
from tcgrad.check.program.cost import refuse_impossible
from tcgrad.check.program.domains import refuse_out_of_range
from tcgrad.check.program.traits import Traits, traits_of
from tcgrad.check.sampling.sampler import Sampler, sampler
from tcgrad.check.sampling.sizes import other_sizes, sizes_for_users
from tcgrad.check.trials import Progress, Trials
from tcgrad.check.user.against import UserCode
from tcgrad.emit import emit
from tcgrad.emit.compiled import compile_module
from tcgrad.errors import STDIN
from tcgrad.evaluate.arrays.overflow import quietly
from tcgrad.ir.program import Program
from tcgrad.records import dataclass, replace
from tcgrad.spec.check_options import KINDS, OWN_KINDS

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
        samplers, for_users = self._samplers()
        results: list[Result] = []
        evaluations = 0
        untied: dict[str, None] = {}
        benches: dict[str, Bench] = {}
        for dtype in self.options.dtype if self.options.asks_for(*_OF_SAMPLES) else ():
            tallies = Tallies(dtype)
            trials = Trials(paths, module, self.against, self.options, self.progress, samplers, tallies, for_users)
            results += self._for_dtype(trials, benches)
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

    def _samplers(self) -> tuple[list[tuple[Sampler, bool]], list[Sampler]]:
        """What draws samples, each with whether it is for the spec's own sizes; and what draws for users alone."""
        directional = self.options.method == "directional"
        samplers = [(Sampler(self.traits, {}, directional), True)]
        if self.options.sizes != "all":
            return samplers, []
        others = list(other_sizes(self.program))
        samplers += [(sampler(other, sizes, directional=directional), False) for other, sizes in others]
        more = sizes_for_users(self.program) if self.against is not None else ()
        known = [sizes for _, sizes in others]
        return samplers, [sampler(one, sizes, directional=directional) for one, sizes in more if sizes not in known]

    def _for_dtype(self, trials: Trials, benches: dict[str, Bench]) -> list[Result]:
        """``benches`` takes the first of the spec's own sizes."""
        tallies = trials.tallies
        first = trials.compare()
        if isinstance(first, str):
            return [self._undecided(first, tallies.dtype)]
        if first is not None:
            benches[tallies.dtype] = first
        repeat = partial(self._repeat, tallies.dtype)
        results = tallies.results(self.options.seed, repeat)
        if trials.plantings is not None:
            of = ", ".join(tensor.name for tensor in self.program.outputs)
            results += trials.plantings.results(of, tallies.dtype, self.options.seed, repeat)
        return results

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

    def _repeat(self, dtype: str) -> str | None:
        """The command that repeats a check; None where it checks a function that no command can name."""
        if self.against is not None and not self.against.is_named:
            return None
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
